/* The table of flows: by cases, and against a naive model with random operations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/attr.h"
#include "engine/flow/flow.h"

#define SECOND INT64_C(1000000)

struct ended {
    uint32_t count, by[4];
    uint64_t last_id;
};

static void on_end(void *owner, struct flow *flow, enum flow_end why)
{
    struct ended *ended = owner;
    assert_true(flow->id > 0 && flow->id < UINT64_C(1) << 53);
    ended->count++;
    ended->by[why]++;
    ended->last_id = flow->id;
}

struct world {
    struct flow_conf conf;
    struct flow_table *t;
    struct ended ended;
    struct packet_frame frame;
    struct packet p;
};

static void world_begin(struct world *w, uint32_t max)
{
    *w = (struct world){0};
    flow_conf_defaults(&w->conf);
    w->conf.max = max;
    w->conf.object_bytes = sizeof(struct flow) + 40;
    w->t = flow_table_new(&w->conf, on_end, &w->ended);
    assert_non_null(w->t);
    w->p.frame = &w->frame;
}

/* A packet from host `from` to host `to` (last byte of the address). */
static struct packet *packet_of(struct world *w, enum packet_l4 l4, uint8_t from, uint8_t to,
                                uint16_t sp, uint16_t dp)
{
    static const uint8_t protos[] = {0, 6, 17, 1, 58, 132};
    w->frame.bytes.len = 100;
    w->p = (struct packet){
        .frame = &w->frame, .l4 = l4, .ip_proto = protos[l4], .src_port = sp, .dst_port = dp};
    w->p.src = (struct ip){4, {10, 0, 0, from}};
    w->p.dst = (struct ip){4, {10, 0, 0, to}};
    return &w->p;
}

static struct flow *look(struct world *w, bool *to_client, bool *is_new)
{
    return flow_lookup(w->t, &w->p, to_client, is_new);
}

static void both_ways_one_flow(void **state)
{
    struct world w;
    bool to_client, is_new;
    world_begin(&w, 8);
    packet_of(&w, PACKET_L4_UDP, 1, 2, 1000, 53);
    struct flow *flow = look(&w, &to_client, &is_new);
    assert_true(is_new && !to_client);
    assert_int_equal(flow->state, FLOW_NEW);
    for (size_t i = sizeof *flow; i < w.conf.object_bytes; i++)
        assert_int_equal(((uint8_t *)flow)[i], 0);
    packet_of(&w, PACKET_L4_UDP, 2, 1, 53, 1000);
    assert_ptr_equal(look(&w, &to_client, &is_new), flow);
    assert_true(to_client && !is_new);
    assert_int_equal(flow->state, FLOW_ESTABLISHED);
    assert_int_equal(flow->packets[0], 1);
    assert_int_equal(flow->packets[1], 1);
    assert_int_equal(flow->bytes[1], 100);
    flow_table_free(w.t);
    assert_int_equal(w.ended.by[FLOW_END_SHUTDOWN], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways_one_flow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
