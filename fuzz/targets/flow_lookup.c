/* Frames through the decoder and the table of flows, with what engine.c does to a flow chosen by the input. A frame in the
 * input: a byte of what to do, a byte of seconds that pass, two bytes of length, the bytes (Ethernet). */
#include <assert.h>
#include <stdlib.h>

#include "base/reader.h"
#include "engine/flow/flow.h"

#define FRAMES_MAX 128
#define FLOWS_MAX 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct owner {
    uint64_t began, ended;
};

static void on_end(void *owner, struct flow *flow, enum flow_end why)
{
    assert(flow->id && why <= FLOW_END_REUSED);
    ((struct owner *)owner)->ended++;
}

static void act(struct flow_table *t, struct flow *flow, uint8_t what, int64_t now_us)
{
    if (what & 8)
        flow_set_state(t, flow, (enum flow_state)(what & 3));
    if (what & 16)
        flow_swap(t, flow);
    if (what & 32)
        flow_expire(t, now_us, what & 7);
    else if (what & 64)
        flow_close(t, flow, FLOW_END_REUSED);
}

static void packet_look(struct flow_table *t, struct owner *owner, const struct packet *p,
                        uint8_t what)
{
    bool to_client, is_new;
    struct flow *flow = flow_lookup(t, p, &to_client, &is_new);
    if (!flow)
        return;
    owner->began += is_new;
    assert(flow->packets[to_client] > 0);
    if (flow_find(t, p, &to_client))
        assert(flow_find(t, p, &to_client) == flow);
    act(t, flow, what, p->frame->time_us);
    assert(owner->began - owner->ended == flow_table_counts(t)->active);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct packet_conf conf;
    struct flow_conf flow_conf;
    struct owner owner = {0, 0};
    struct packet out[PACKET_OUT_MAX];
    packet_conf_defaults(&conf);
    flow_conf_defaults(&flow_conf);
    flow_conf.max = FLOWS_MAX;
    struct packet_decoder *d = packet_decoder_new(&conf);
    struct flow_table *t = flow_table_new(&flow_conf, on_end, &owner);
    struct reader r = reader_of(str_of(data, size));
    struct packet_frame frame = {.time_us = 1000000, .link = PACKET_LINK_ETHERNET};
    if (!d || !t)
        abort();
    for (int i = 0; i < FRAMES_MAX && reader_left(&r) >= 4; i++) {
        uint8_t what = reader_u8(&r);
        frame.time_us += reader_u8(&r) * INT64_C(1000000);
        size_t len = reader_u16(&r);
        frame.bytes = reader_str(&r, len < reader_left(&r) ? len : reader_left(&r));
        uint32_t count = packet_decode(d, &frame, out);
        for (uint32_t at = 0; at < count; at++)
            packet_look(t, &owner, &out[at], what);
    }
    flow_table_free(t);
    assert(owner.began == owner.ended);
    packet_decoder_free(d);
    return 0;
}
