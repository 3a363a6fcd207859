#include "engine/stream/stream.h"

#include "engine/stream/assembly.h"
#include "engine/stream/overlap.h"
#include "engine/stream/ranges.h"
#include "engine/stream/result.h"
#include "engine/stream/seq.h"
#include "engine/stream/tracking.h"

#include <assert.h>

void stream_conf_defaults(struct stream_conf *conf)
{
    *conf = (struct stream_conf){
        .mode = STREAM_ACKNOWLEDGED,
        .overlap = STREAM_OVERLAP_BSD,
        .depth_bytes = 1024 * 1024,
        .raw_window_bytes = {2560, 2560},
        .segments_max = 1024,          /* a window of 1 MiB in packets of 1 KiB */
        .held_bytes_max = 1024 * 1024, /* the largest usual receive window */
        .recheck_bytes = 64 * 1024,
        .urgent_beyond = STREAM_URGENT_DROP,
    };
    for (size_t i = 0; i < STREAM_DEPTHS; i++)
        conf->own_depths[i] = STREAM_DEPTH_USUAL;
}

void stream_turn(struct stream *s)
{
    struct stream_half half = s->half[0];
    struct stream_syn other = s->other[0];
    uint8_t overlap = s->overlap[0];
    s->half[0] = s->half[1];
    s->other[0] = s->other[1];
    s->overlap[0] = s->overlap[1];
    s->half[1] = half;
    s->other[1] = other;
    s->overlap[1] = overlap;
    s->borrowed_half = !s->borrowed_half;
}

static bool is_urgent_known(const struct stream_half *h, uint32_t seq)
{
    uint32_t known =
        h->urgent_removed < STREAM_URGENT_RECENT ? h->urgent_removed : STREAM_URGENT_RECENT;
    for (uint32_t i = 0; i < known; i++)
        if (h->urgent_seq[i] == seq)
            return true;
    return false;
}

static enum stream_urgent urgent_policy(const struct stream_conf *conf, const struct stream_half *h)
{
    return conf->urgent == STREAM_URGENT_OOB && h->urgent_removed >= STREAM_URGENT_MAX
               ? conf->urgent_beyond
               : conf->urgent;
}

/* The byte in front of where the urgent pointer points, when the packet carries it. */
static bool urgent_byte(const struct packet *p, uint32_t seq, uint32_t *at)
{
    if (!(p->tcp.flags & TCP_URG) || !p->tcp.urgent || p->tcp.urgent > p->payload.len)
        return false;
    *at = seq + p->tcp.urgent - 1u;
    return true;
}

/* Parts of one packet follow each other: what was lent of the first is copied before the second is. */
static void take_part(const struct assembly *a, uint32_t side, uint32_t seq, struct str bytes)
{
    struct stream *s = a->s;
    struct stream_half *h = &s->half[side];
    if (!bytes.len || a->out->drop)
        return;
    if (s->borrowed.len && !ranges_append(&h->held, a->mem, s->borrowed_offset, s->borrowed))
        h->no_more = true; /* no memory: it ends with what was lent, which nobody sees */
    s->borrowed = STR_EMPTY;
    assembly_take(a, side, seq, bytes);
}

/* The payload without its urgent bytes: the one that this packet marks, and those marked before that it sends again. */
static void take_around_urgent(const struct assembly *a, const struct packet *p, uint32_t side,
                               uint32_t seq)
{
    struct stream_half *h = &a->s->half[side];
    enum stream_urgent policy = urgent_policy(a->conf, h);
    uint32_t marked = 0;
    bool has = urgent_byte(p, seq, &marked) && policy != STREAM_URGENT_INLINE;
    bool fresh = has && !is_urgent_known(h, marked) && offset_of_seq(h, marked) >= 0;
    if (fresh && policy == STREAM_URGENT_OOB) {
        h->urgent_seq[h->urgent_removed % STREAM_URGENT_RECENT] = marked;
        if (++h->urgent_removed == STREAM_URGENT_MAX)
            result_event(a->out, STREAM_EVENT_REASSEMBLY_URGENT_OOB_LIMIT_REACHED);
    }
    struct str rest = p->payload;
    for (size_t i = 0; i < rest.len;) {
        uint32_t at = seq + (uint32_t)i;
        if (!(has && at == marked) && !is_urgent_known(h, at)) {
            i++;
            continue;
        }
        take_part(a, side, seq, str_cut(rest, 0, i));
        rest = str_from(rest, i + 1);
        seq = at + 1;
        i = 0;
    }
    take_part(a, side, seq, rest);
}

/* As in Suricata: payload that was acknowledged is sent again for nothing. What was not is worth an event only when the
 * connection is being closed: until then it is what losses lead to. */
static void tell_retransmission(const struct assembly *a, uint32_t side, uint32_t end)
{
    bool closing = a->s->half[0].seen_fin || a->s->half[1].seen_fin;
    if (!seq_after(end, a->s->half[side].acked_seq))
        result_event(a->out, STREAM_EVENT_PKT_SPURIOUS_RETRANSMISSION);
    else if (a->out->retransmission && closing)
        result_event(a->out, STREAM_EVENT_PKT_RETRANSMISSION);
}

static void take_payload(const struct assembly *a, const struct packet *p, uint32_t side)
{
    uint32_t seq = p->tcp.seq + ((p->tcp.flags & TCP_SYN) ? 1 : 0);

    if ((p->tcp.flags & TCP_URG) || a->s->half[side].urgent_removed)
        take_around_urgent(a, p, side, seq);
    else if (p->payload.len > 0)
        assembly_take(a, side, seq, p->payload);
    if (p->payload.len > 0)
        tell_retransmission(a, side, seq + (uint32_t)p->payload.len);
    if (a->s->reset_seen)
        assembly_release(&a->s->half[side]);
}

static void act(const struct assembly *a, const struct packet *p, uint32_t side,
                enum tracking standing)
{
    struct stream *s = a->s;

    a->out->accepted = standing == TRACKING_ACCEPTED || standing == TRACKING_HEADER;
    a->out->ignored = standing == TRACKING_IGNORED;
    if (standing == TRACKING_ACCEPTED)
        take_payload(a, p, side);
    if (a->out->accepted && !s->async) /* bytes of a side that is never seen are not missing */
        assembly_acked(a, !side);
    if (s->reset_seen) {
        assembly_release(&s->half[0]);
        assembly_release(&s->half[1]);
    }
}

/* The receiver of each half is asked for once. */
static void heed_targets(struct stream *s, const struct packet_targets *targets,
                         const struct packet *p, bool from_client)
{
    uint32_t side = from_client ? 0 : 1;
    if (targets && !s->overlap[side])
        s->overlap[side] = (uint8_t)(1 + overlap_of_target(packet_target(targets, &p->dst)));
}

static uint32_t wider_window(const struct stream_conf *conf)
{
    const uint32_t *window = conf->raw_window_bytes;
    return window[0] > window[1] ? window[0] : window[1];
}

struct stream_result stream_packet(struct stream *s, const struct stream_conf *conf,
                                   struct budget *mem, const struct packet *p, bool from_client)
{
    struct stream_result out = {0};
    const struct assembly a = {s, conf, mem, &out};
    uint8_t state = s->state;
    bool syn_data = s->syn_data;
    enum tracking standing;

    assert(s->borrowed.len == 0); /* stream_keep was forgotten: the bytes are gone by now */
    s->raw_window_bytes = wider_window(conf);
    s->recheck_bytes = conf->mode == STREAM_INLINE && !s->async ? conf->recheck_bytes : 0;
    s->held_bytes_max = conf->held_bytes_max;
    heed_targets(s, conf->targets, p, from_client);
    if ((p->tcp.flags & TCP_URG) &&
        urgent_policy(conf, &s->half[from_client ? 0 : 1]) == STREAM_URGENT_DROP) {
        out.drop = conf->mode == STREAM_INLINE;
        out.urgent = out.ignored = true;
        out.established = s->established;
        return out;
    }
    standing = tracking_judge(s, conf, p, from_client, &out);
    /* the server left the SYN's data: the client will say it again */
    if (syn_data && !s->syn_data && conf->mode == STREAM_ACKNOWLEDGED)
        ranges_clear(&s->half[0].held, mem);
    act(&a, p, from_client ? 0 : 1, standing);
    out.established = s->established;
    out.closed_now = s->state == STREAM_CLOSED && state != STREAM_CLOSED;
    return out;
}

void stream_keep(struct stream *s, struct budget *mem)
{
    assembly_keep(s, mem);
}

void stream_finish(struct stream *s)
{
    assembly_finish(&s->half[0]);
    assembly_finish(&s->half[1]);
    s->ended = true;
}

void stream_end(struct stream *s, struct budget *mem)
{
    ranges_clear(&s->half[0].held, mem);
    ranges_clear(&s->half[1].held, mem);
    s->borrowed = STR_EMPTY;
}
