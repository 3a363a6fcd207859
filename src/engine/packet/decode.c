#include "engine/packet/packet.h"

#include <stdlib.h>

#include "engine/packet/decode.h"
#include "engine/packet/defrag.h"

void packet_conf_defaults(struct packet_conf *conf)
{
    /* Fragments are rare; what is held is bounded so that it does not matter who sends them. 60 s: RFC 8200 4.5. */
    *conf = (struct packet_conf){
        .verify_checksums = true,
        .fragments_max = 4096,
        .fragment_bytes_max = 8u << 20,
        .fragment_timeout_ms = 60000,
    };
}

struct packet_decoder *packet_decoder_new(const struct packet_conf *conf)
{
    struct packet_decoder *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->conf = *conf;
    d->defrag = defrag_new(conf);
    bool complete = d->defrag;
    for (uint32_t i = 0; i < DECODE_WHOLE_MAX; i++) {
        d->whole[i] = malloc(DEFRAG_WHOLE_BYTES);
        complete = complete && d->whole[i];
    }
    if (complete)
        return d;
    packet_decoder_free(d);
    return NULL;
}

void packet_decoder_free(struct packet_decoder *d)
{
    if (!d)
        return;
    defrag_free(d->defrag);
    for (uint32_t i = 0; i < DECODE_WHOLE_MAX; i++)
        free(d->whole[i]);
    free(d);
}

void packet_event_add(struct decode_run *run, struct packet *p, enum packet_event event)
{
    uint32_t same = 0;
    run->decoder->counts.events[event]++;
    for (uint32_t i = 0; i < p->event_count; i++)
        same += p->events[i] == event;
    /* Said twice at most: a packet full of one fault must not crowd the others out. */
    if (same < 2 && p->event_count < PACKET_EVENTS_MAX)
        p->events[p->event_count++] = (uint8_t)event;
}

/* In pieces that become plain stores: the whole at once becomes `rep stos`, which costs as much as all the rest. */
static void packet_clear(struct packet *p)
{
    enum { PIECE_BYTES = 64, PIECES = sizeof(struct packet) / PIECE_BYTES };
    uint8_t *bytes = (uint8_t *)p;
    for (int i = 0; i < PIECES; i++)
        memset(bytes + i * PIECE_BYTES, 0, PIECE_BYTES);
    memset(bytes + PIECES * PIECE_BYTES, 0, sizeof *p % PIECE_BYTES);
}

static struct packet *packet_begin(struct decode_run *run, const struct packet_frame *frame)
{
    struct packet *p = &run->out[run->count++];
    packet_clear(p);
    p->frame = frame;
    return p;
}

struct packet *packet_inner(struct decode_run *run, struct packet *outer, enum packet_origin origin)
{
    if (run->count == PACKET_OUT_MAX) {
        packet_event_add(run, outer, PACKET_EVENT_TOO_MANY_LAYERS);
        return NULL;
    }
    struct packet *p = packet_begin(run, outer->frame);
    p->outer = outer;
    p->origin = origin;
    p->src_mac = outer->src_mac;
    p->dst_mac = outer->dst_mac;
    p->has_mac = outer->has_mac;
    p->vlan_count = outer->vlan_count;
    memcpy(p->vlan, outer->vlan, sizeof p->vlan);
    p->ether_type = outer->ether_type;
    return p;
}

static bool packet_is_invalid(const struct packet *p)
{
    for (uint32_t i = 0; i < p->event_count; i++)
        if (packet_event_is_invalid((enum packet_event)p->events[i]))
            return true;
    return false;
}

uint32_t packet_decode(struct packet_decoder *d, const struct packet_frame *frame,
                       struct packet out[PACKET_OUT_MAX])
{
    struct decode_run run = {
        .decoder = d,
        .out = out,
        .verify = d->conf.verify_checksums && !frame->checksum_known_good,
    };
    d->counts.packets++;
    d->counts.bytes += frame->bytes.len;
    struct packet *p = packet_begin(&run, frame);
    if (frame->stripped_vlan) {
        p->vlan[p->vlan_count++] = frame->stripped_vlan & 0x0fff;
        d->counts.vlan++;
    }
    packet_link_decode(&run, p, frame->bytes);
    for (uint32_t i = 0; i < run.count; i++)
        d->counts.invalid += packet_is_invalid(&out[i]);
    return run.count;
}

const struct packet_counts *packet_decoder_counts(const struct packet_decoder *d)
{
    return &d->counts;
}
