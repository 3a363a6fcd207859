#include "engine/stream/stream.h"

#include "engine/stream/assembly.h"
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
        .raw_window_bytes = 2560,
        .segments_max = 1024,          /* a window of 1 MiB in packets of 1 KiB */
        .held_bytes_max = 1024 * 1024, /* the largest usual receive window */
        .recheck_bytes = 64 * 1024,
    };
}

static void take_payload(const struct assembly *a, const struct packet *p, uint32_t side)
{
    uint32_t seq = p->tcp.seq + ((p->tcp.flags & TCP_SYN) ? 1 : 0);

    if (p->payload.len > 0)
        assembly_take(a, side, seq, p->payload);
    if (a->out->retransmission)
        result_event(a->out, seq_after(seq + (uint32_t)p->payload.len, a->s->half[side].acked_seq)
                                 ? STREAM_EVENT_PKT_RETRANSMISSION
                                 : STREAM_EVENT_PKT_SPURIOUS_RETRANSMISSION);
    if (a->s->reset_seen || a->s->half[side].seen_fin)
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

struct stream_result stream_packet(struct stream *s, const struct stream_conf *conf,
                                   struct budget *mem, const struct packet *p, bool from_client)
{
    struct stream_result out = {0};
    const struct assembly a = {s, conf, mem, &out};
    uint8_t state = s->state;
    bool syn_data = s->syn_data;
    enum tracking standing;

    assert(s->borrowed.len == 0); /* stream_keep was forgotten: the bytes are gone by now */
    s->raw_window_bytes = conf->raw_window_bytes;
    s->recheck_bytes = conf->mode == STREAM_INLINE && !s->async ? conf->recheck_bytes : 0;
    s->held_bytes_max = conf->held_bytes_max;
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
