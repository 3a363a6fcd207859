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

struct ends {
    uint8_t from, to; /* last byte of the address */
    uint16_t from_port, to_port;
};

/* The world's packet, made anew. */
static struct packet *packet_of(struct world *w, enum packet_l4 l4, struct ends ends)
{
    static const uint8_t protos[] = {0, 6, 17, 1, 58, 132};
    w->frame.bytes.len = 100;
    w->p = (struct packet){.frame = &w->frame,
                           .l4 = l4,
                           .ip_proto = protos[l4],
                           .src_port = ends.from_port,
                           .dst_port = ends.to_port};
    w->p.src = (struct ip){4, {10, 0, 0, ends.from}};
    w->p.dst = (struct ip){4, {10, 0, 0, ends.to}};
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
    packet_of(&w, PACKET_L4_UDP, (struct ends){1, 2, 1000, 53});
    struct flow *flow = look(&w, &to_client, &is_new);
    assert_true(is_new && !to_client);
    assert_int_equal(flow->state, FLOW_NEW);
    for (size_t i = sizeof *flow; i < w.conf.object_bytes; i++)
        assert_int_equal(((uint8_t *)flow)[i], 0);
    packet_of(&w, PACKET_L4_UDP, (struct ends){2, 1, 53, 1000});
    assert_ptr_equal(look(&w, &to_client, &is_new), flow);
    assert_true(to_client && !is_new);
    assert_int_equal(flow->state, FLOW_ESTABLISHED);
    assert_int_equal(flow->packets[0], 1);
    assert_int_equal(flow->packets[1], 1);
    assert_int_equal(flow->bytes[1], 100);
    flow_table_free(w.t);
    assert_int_equal(w.ended.by[FLOW_END_SHUTDOWN], 1);
}

static struct flow *first_look(struct world *w)
{
    bool to_client, is_new;
    struct flow *flow = look(w, &to_client, &is_new);
    assert_non_null(flow);
    assert_true(is_new);
    return flow;
}

static void what_is_no_flow(void **state)
{
    struct world w;
    bool to_client, is_new;
    world_begin(&w, 8);
    packet_of(&w, PACKET_L4_UDP, (struct ends){1, 2, 1000, 53})->is_fragment = true;
    assert_null(look(&w, &to_client, &is_new));
    packet_of(&w, PACKET_L4_UDP, (struct ends){1, 2, 1000, 53})->src.version = 0;
    assert_null(look(&w, &to_client, &is_new));
    packet_of(&w, PACKET_L4_NONE, (struct ends){1, 2, 0, 0});
    assert_null(look(&w, &to_client, &is_new));
    static const uint8_t tunnels[] = {47};
    for (size_t i = 0; i < sizeof tunnels; i++) {
        packet_of(&w, PACKET_L4_OTHER, (struct ends){1, 2, 0, 0})->ip_proto = tunnels[i];
        assert_null(look(&w, &to_client, &is_new));
    }
    assert_int_equal(flow_table_counts(w.t)->total, 0);
    flow_table_free(w.t);
}

static void vlan_and_protocol_keep_apart(void **state)
{
    struct world w;
    world_begin(&w, 16);
    packet_of(&w, PACKET_L4_UDP, (struct ends){1, 2, 1000, 53});
    first_look(&w);
    for (uint8_t tags = 1; tags <= 3; tags++) {
        packet_of(&w, PACKET_L4_UDP, (struct ends){1, 2, 1000, 53})->vlan_count = tags;
        w.p.vlan[0] = 0; /* a tag with id 0 is a tag all the same */
        first_look(&w);
    }
    packet_of(&w, PACKET_L4_UDP, (struct ends){1, 2, 1000, 53})->vlan_count = 1;
    w.p.vlan[0] = 7;
    first_look(&w);
    packet_of(&w, PACKET_L4_TCP, (struct ends){1, 2, 1000, 53});
    first_look(&w);
    packet_of(&w, PACKET_L4_OTHER, (struct ends){1, 2, 0, 0});
    first_look(&w);
    packet_of(&w, PACKET_L4_OTHER, (struct ends){1, 2, 0, 0})->ip_proto = 89;
    first_look(&w);
    assert_int_equal(flow_table_counts(w.t)->active, 8);
    assert_int_equal(flow_table_counts(w.t)->udp, 5);
    assert_int_equal(flow_table_counts(w.t)->other, 2);
    flow_table_free(w.t);
}

static void ping_is_one_flow(void **state)
{
    static const struct {
        enum packet_l4 l4;
        uint8_t question, answer;
    } rows[] = {{PACKET_L4_ICMP4, 8, 0},
                {PACKET_L4_ICMP4, 13, 14},
                {PACKET_L4_ICMP6, 128, 129},
                {PACKET_L4_ICMP6, 135, 136}};
    struct world w;
    bool to_client, is_new;
    world_begin(&w, 64);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        packet_of(&w, rows[i].l4, (struct ends){1, 2, 0, 0})->icmp_type = rows[i].question;
        struct flow *flow = first_look(&w);
        assert_int_equal(flow->client_port, rows[i].question);
        packet_of(&w, rows[i].l4, (struct ends){2, 1, 0, 0})->icmp_type = rows[i].answer;
        assert_ptr_equal(look(&w, &to_client, &is_new), flow);
        assert_true(to_client);
        packet_of(&w, rows[i].l4, (struct ends){3, 3, 0, 0})->icmp_type =
            rows[i].answer; /* to oneself, the answer seen first */
        flow = first_look(&w);
        packet_of(&w, rows[i].l4, (struct ends){3, 3, 0, 0})->icmp_type = rows[i].question;
        assert_ptr_equal(look(&w, &to_client, &is_new), flow);
        assert_true(to_client);
    }
    packet_of(&w, PACKET_L4_ICMP4, (struct ends){1, 2, 0, 0})->icmp_type = 40;
    first_look(&w);
    packet_of(&w, PACKET_L4_ICMP4, (struct ends){1, 2, 0, 0})->icmp_type = 40;
    w.p.icmp_code = 1;
    first_look(&w);
    flow_table_free(w.t);
}

/* The quoted packet: 10.0.0.1:1000 to 10.0.0.2:53 over UDP. */
static const uint8_t quote[] = {0x45, 0, 0,  42, 0, 0, 0, 0,    64, 17, 0, 0,  10, 0,
                                0,    1, 10, 0,  0, 2, 3, 0xe8, 0,  53, 0, 22, 0,  0};

static void error_belongs_to_what_it_quotes(void **state)
{
    static const struct {
        const char *name;
        uint8_t type, to, at, value; /* of the quote: value at `at` */
        size_t len;
        bool found, to_client;
    } rows[] = {
        {"unreachable", 3, 1, 0, 0x45, sizeof quote, true, true},
        {"time exceeded", 11, 1, 0, 0x45, sizeof quote, true, true},
        {"echo", 8, 1, 0, 0x45, sizeof quote, false, false},
        {"another port", 3, 1, 23, 54, sizeof quote, false, false},
        {"tcp", 3, 1, 9, 6, sizeof quote, false, false},
        {"icmp", 3, 1, 9, 1, sizeof quote, false, false},
        {"cut in the ports", 3, 1, 0, 0x45, sizeof quote - 1, false, false},
        {"cut in the header", 3, 1, 0, 0x45, 19, false, false},
        {"empty", 3, 1, 0, 0x45, 0, false, false},
        {"options that are not there", 3, 1, 0, 0x46, sizeof quote, false, false},
        {"header too short", 3, 1, 0, 0x44, sizeof quote, false, false},
        {"version 6", 3, 1, 0, 0x65, sizeof quote, false, false},
        {"first fragment", 3, 1, 6, 0x20, sizeof quote, true, true},
        {"later fragment", 3, 1, 7, 1, sizeof quote, false, false},
        {"to another one", 3, 3, 0, 0x45, sizeof quote, false, false},
    };
    struct world w;
    bool to_client, is_new;
    world_begin(&w, 64);
    packet_of(&w, PACKET_L4_UDP, (struct ends){1, 2, 1000, 53});
    struct flow *flow = first_look(&w);
    uint64_t told = 0;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        uint8_t bytes[sizeof quote];
        memcpy(bytes, quote, sizeof quote);
        bytes[rows[i].at] = rows[i].value;
        packet_of(&w, PACKET_L4_ICMP4, (struct ends){9, rows[i].to, 0, 0})->icmp_type =
            rows[i].type;
        w.p.payload = str_of(bytes, rows[i].len);
        struct flow *seen = look(&w, &to_client, &is_new);
        told += rows[i].found;
        if ((seen == flow) != rows[i].found || to_client != rows[i].to_client)
            fail_msg("%s", rows[i].name);
        assert_ptr_equal(flow_find(w.t, &w.p, &to_client), seen);
        assert_true(seen == flow || !seen == (rows[i].type != 8));
    }
    assert_int_equal(flow->packets[1], told);
    assert_int_equal(flow->state, FLOW_NEW); /* nobody has answered */
    w.frame.time_us += 31 * SECOND;
    packet_of(&w, PACKET_L4_ICMP4, (struct ends){9, 1, 0, 0})->icmp_type = 3;
    w.p.payload = str_of(quote, sizeof quote);
    assert_null(look(&w, &to_client, &is_new)); /* too late */
    assert_int_equal(flow_table_counts(w.t)->total, 2);
    flow_table_free(w.t);
}

/* IPv6: where the quoted flow is not known, it is a conversation of its own. */
static void error6_belongs_to_what_it_quotes(void **state)
{
    uint8_t bytes[48] = {0x60, [6] = 17, [8] = 1, [24] = 2, [40] = 3, [41] = 0xe8, [43] = 53};
    struct world w;
    bool to_client, is_new;
    world_begin(&w, 64);
    struct ip one = {6, {1}}, two = {6, {2}}, router = {6, {9}};
    packet_of(&w, PACKET_L4_UDP, (struct ends){1, 2, 1000, 53});
    w.p.src = one, w.p.dst = two;
    struct flow *flow = first_look(&w);
    for (size_t len = 0; len <= sizeof bytes; len++) {
        packet_of(&w, PACKET_L4_ICMP6, (struct ends){0, 0, 0, 0})->icmp_type = 1;
        w.p.src = router, w.p.dst = one;
        w.p.payload = str_of(bytes, len);
        struct flow *seen = look(&w, &to_client, &is_new);
        assert_non_null(seen);
        assert_true((seen == flow) == (len == sizeof bytes) && to_client == (seen == flow));
    }
    assert_int_equal(flow_table_counts(w.t)->total, 2);
    flow_table_free(w.t);
}

static void esp_by_association(void **state)
{
    static const struct {
        uint8_t from, to;
        uint32_t spi, flow; /* number of the flow that it belongs to */
    } rows[] = {
        {1, 2, 0x00010002, 0}, {1, 2, 0x00010002, 0}, {2, 1, 0x00010002, 1},
        {1, 2, 0x00020001, 2}, {2, 1, 0x00020001, 3}, {1, 3, 0x00010002, 4},
    };
    struct world w;
    struct flow *seen[ARRAY_COUNT(rows)] = {0};
    bool to_client, is_new;
    world_begin(&w, 8);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        packet_of(&w, PACKET_L4_OTHER, (struct ends){rows[i].from, rows[i].to, 0, 0});
        w.p.ip_proto = 50;
        w.p.spi = rows[i].spi;
        struct flow *flow = look(&w, &to_client, &is_new);
        assert_non_null(flow);
        assert_false(to_client);
        assert_int_equal(is_new, seen[rows[i].flow] == NULL);
        assert_int_equal(flow_spi(flow), rows[i].spi);
        assert_true(is_new || seen[rows[i].flow] == flow);
        seen[rows[i].flow] = flow;
    }
    flow_table_free(w.t);
}

static void who_opened_it(void **state)
{
    static const struct {
        bool side_known, from_wan;
        enum flow_opened_by want, want_swapped;
    } rows[] = {
        {false, false, FLOW_OPENED_BY_UNKNOWN, FLOW_OPENED_BY_UNKNOWN},
        {true, false, FLOW_OPENED_BY_LAN, FLOW_OPENED_BY_WAN},
        {true, true, FLOW_OPENED_BY_WAN, FLOW_OPENED_BY_LAN},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct world w;
        bool to_client, is_new;
        world_begin(&w, 8);
        packet_of(&w, PACKET_L4_TCP, (struct ends){1, 2, 80, 1000})->has_mac = true;
        w.p.src_mac.bytes[5] = 1;
        w.p.dst_mac.bytes[5] = 2;
        w.frame.side_known = rows[i].side_known;
        w.frame.from_wan = rows[i].from_wan;
        struct flow *flow = first_look(&w);
        assert_int_equal(flow->opened_by, rows[i].want);
        flow_swap(w.t, flow);
        assert_int_equal(flow->opened_by, rows[i].want_swapped);
        assert_int_equal(flow->client_port, 1000);
        assert_int_equal(flow->client_ip.bytes[3], 2);
        assert_int_equal(flow->client_mac.bytes[5], 2);
        assert_int_equal(flow->packets[1], 1);
        assert_int_equal(flow->packets[0], 0);
        assert_true(flow->swapped);
        assert_ptr_equal(look(&w, &to_client, &is_new), flow);
        assert_true(to_client && !is_new);
        flow_table_free(w.t);
    }
}

static void syn_on_a_closed_flow_begins_anew(void **state)
{
    struct world w;
    bool to_client, is_new;
    world_begin(&w, 8);
    packet_of(&w, PACKET_L4_TCP, (struct ends){1, 2, 1000, 80})->tcp.flags = TCP_SYN;
    struct flow *flow = first_look(&w);
    uint64_t id = flow->id;
    look(&w, &to_client, &is_new);
    assert_false(is_new); /* a repeated SYN */
    flow_set_state(w.t, flow, FLOW_CLOSED);
    w.p.tcp.flags = TCP_ACK;
    look(&w, &to_client, &is_new);
    assert_false(is_new); /* a late ACK */
    w.p.tcp.flags = TCP_SYN | TCP_ACK;
    look(&w, &to_client, &is_new);
    assert_false(is_new);
    w.p.tcp.flags = TCP_SYN;
    flow = first_look(&w);
    assert_int_equal(w.ended.by[FLOW_END_REUSED], 1);
    assert_int_equal(w.ended.last_id, id);
    assert_true(flow->id != id);
    assert_int_equal(flow->state, FLOW_NEW);
    flow_table_free(w.t);
}

static bool with_another_number(const struct flow *flow, void *arg, const struct packet *p,
                                bool to_client)
{
    const uint32_t *seq = arg;
    assert_int_equal(flow->server_port, 80);
    return !to_client && p->tcp.seq != *seq;
}

static void the_owner_says_what_begins_anew(void **state)
{
    struct world w;
    bool to_client, is_new;
    uint32_t seq = 7;
    world_begin(&w, 8);
    flow_table_free(w.t);
    w.conf.opens_anew = with_another_number;
    w.conf.opens_anew_arg = &seq;
    w.t = flow_table_new(&w.conf, on_end, &w.ended);
    assert_non_null(w.t);
    packet_of(&w, PACKET_L4_TCP, (struct ends){1, 2, 1000, 80})->tcp.flags = TCP_SYN;
    w.p.tcp.seq = seq;
    struct flow *flow = first_look(&w);
    flow_set_state(w.t, flow, FLOW_CLOSED);
    look(&w, &to_client, &is_new);
    assert_false(is_new);
    w.p.tcp.seq = 8;
    w.p.tcp.flags = TCP_ACK;
    look(&w, &to_client, &is_new);
    assert_false(is_new); /* is not asked */
    w.p.tcp.flags = TCP_SYN;
    assert_int_equal(flow->packets[0], 3);
    look(&w, &to_client, &is_new);
    assert_true(is_new);
    assert_int_equal(w.ended.by[FLOW_END_REUSED], 1);
    flow_table_free(w.t);
}

static void timeouts_by_protocol_and_state(void **state)
{
    static const struct {
        enum packet_l4 l4;
        enum flow_state state;
        int64_t seconds;
    } rows[] = {
        {PACKET_L4_TCP, FLOW_NEW, 60},    {PACKET_L4_TCP, FLOW_ESTABLISHED, 600},
        {PACKET_L4_TCP, FLOW_CLOSED, 60}, {PACKET_L4_TCP, FLOW_BYPASSED, 100},
        {PACKET_L4_UDP, FLOW_NEW, 30},    {PACKET_L4_UDP, FLOW_ESTABLISHED, 300},
        {PACKET_L4_ICMP4, FLOW_NEW, 30},  {PACKET_L4_ICMP6, FLOW_ESTABLISHED, 300},
        {PACKET_L4_OTHER, FLOW_NEW, 30},  {PACKET_L4_OTHER, FLOW_ESTABLISHED, 300},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct world w;
        bool to_client;
        world_begin(&w, 8);
        packet_of(&w, rows[i].l4, (struct ends){1, 2, 7, 7});
        w.frame.time_us = 1000 * SECOND;
        flow_set_state(w.t, first_look(&w), rows[i].state);
        assert_int_equal(flow_expire(w.t, (1000 + rows[i].seconds) * SECOND - 1, 10), 0);
        assert_non_null(flow_find(w.t, &w.p, &to_client));
        w.frame.time_us = (1000 + rows[i].seconds) * SECOND;
        assert_null(flow_find(w.t, &w.p, &to_client)); /* over, though nobody has ended it */
        assert_int_equal(flow_expire(w.t, w.frame.time_us, 10), 1);
        assert_int_equal(w.ended.by[FLOW_END_TIMEOUT], 1);
        assert_int_equal(flow_table_counts(w.t)->active, 0);
        flow_table_free(w.t);
    }
}

static void clock_set_back(void **state)
{
    struct world w;
    bool to_client, is_new;
    world_begin(&w, 8);
    packet_of(&w, PACKET_L4_UDP, (struct ends){1, 2, 7, 7});
    w.frame.time_us = 1000 * SECOND;
    struct flow *flow = first_look(&w);
    w.frame.time_us = 999 * SECOND; /* a little: the same flow, its end does not move back */
    look(&w, &to_client, &is_new);
    assert_false(is_new);
    assert_int_equal(flow->last_us, 1000 * SECOND);
    w.frame.time_us = 900 * SECOND; /* far: a wrong stamp, as long as it is alone */
    look(&w, &to_client, &is_new);
    assert_false(is_new);
    w.frame.time_us = 1001 * SECOND;
    look(&w, &to_client, &is_new);
    assert_false(is_new);
    w.frame.time_us = 900 * SECOND;
    look(&w, &to_client, &is_new);
    assert_false(is_new);
    w.frame.time_us = 901 * SECOND; /* another time, another flow */
    look(&w, &to_client, &is_new);
    assert_true(is_new);
    flow_table_free(w.t);
}

static void expire_is_bounded(void **state)
{
    struct world w;
    world_begin(&w, 64);
    for (uint16_t i = 0; i < 50; i++) {
        packet_of(&w, PACKET_L4_UDP, (struct ends){1, 2, i, 53});
        first_look(&w);
    }
    assert_int_equal(flow_expire(w.t, 3600 * SECOND, 20), 20);
    assert_int_equal(flow_expire(w.t, 3600 * SECOND, 100), 30);
    flow_table_free(w.t);
}

/* Full: closed ones go first, then new ones, then bypassed, then established; the longest waiting first. */
static void order_of_eviction(void **state)
{
    static const enum flow_state states[] = {FLOW_ESTABLISHED, FLOW_BYPASSED, FLOW_NEW,
                                             FLOW_CLOSED};
    static const uint16_t want[] = {3, 7, 2, 6, 1, 5, 0, 4};
    struct world w;
    struct flow *flows[8];
    world_begin(&w, 8);
    for (uint16_t i = 0; i < 8; i++) {
        packet_of(&w, i % 2 ? PACKET_L4_TCP : PACKET_L4_OTHER, (struct ends){1, 2, i, 80})
            ->ip_proto = i % 2 ? 6 : (uint8_t)(100 + i);
        w.frame.time_us = i * SECOND;
        flows[i] = first_look(&w);
        flow_set_state(w.t, flows[i], states[i % 4]);
    }
    for (uint16_t i = 0; i < 8; i++) {
        uint64_t id = flows[want[i]]->id;
        packet_of(&w, PACKET_L4_TCP, (struct ends){3, 4, i, 80});
        w.frame.time_us = 9 * SECOND;
        flow_set_state(w.t, first_look(&w), FLOW_ESTABLISHED);
        if (w.ended.last_id != id)
            fail_msg("eviction %u", i);
    }
    assert_int_equal(flow_table_counts(w.t)->forced_out, 8);
    flow_table_free(w.t);
}

/* A flood of one-packet flows does not end the conversations in which both sides speak. */
static void flood_spares_conversations(void **state)
{
    struct world w;
    bool to_client, is_new;
    world_begin(&w, 64);
    for (uint16_t i = 0; i < 40; i++) {
        packet_of(&w, PACKET_L4_UDP, (struct ends){1, 2, i, 53});
        first_look(&w);
        packet_of(&w, PACKET_L4_UDP, (struct ends){2, 1, 53, i});
        look(&w, &to_client, &is_new);
    }
    for (uint16_t i = 0; i < 10000; i++) {
        packet_of(&w, PACKET_L4_TCP, (struct ends){3, 4, i, 80})->tcp.flags = TCP_SYN;
        first_look(&w);
    }
    for (uint16_t i = 0; i < 40; i++) {
        packet_of(&w, PACKET_L4_UDP, (struct ends){1, 2, i, 53});
        assert_non_null(flow_find(w.t, &w.p, &to_client));
    }
    flow_table_free(w.t);
}

static void walk_sees_each_once(void **state)
{
    struct world w;
    uint32_t at = 0, seen = 0;
    uint64_t sum = 0, want = 0;
    world_begin(&w, 32);
    for (uint16_t i = 0; i < 20; i++) {
        packet_of(&w, PACKET_L4_UDP, (struct ends){1, 2, i, 53});
        struct flow *flow = first_look(&w);
        if (i % 3 == 0)
            flow_close(w.t, flow, FLOW_END_FORCED);
        else
            want += flow->id;
    }
    for (struct flow *flow = flow_next(w.t, &at); flow; flow = flow_next(w.t, &at)) {
        seen++;
        sum += flow->id;
    }
    assert_int_equal(seen, 13);
    assert_int_equal(sum, want);
    flow_table_free(w.t);
    assert_int_equal(w.ended.count, 20);
}

/* --- against a naive model: an array that is searched from end to end --- */

#define MODEL_MAX 24
#define STEP_US 250000 /* the table is exact to this */

struct model_flow {
    bool used;
    uint8_t client, server;
    uint16_t client_port, server_port;
    enum packet_l4 l4;
    enum flow_state state;
    int64_t last_us;
    uint64_t id, packets[2];
};

struct model {
    struct model_flow flows[MODEL_MAX];
    struct flow_conf conf;
};

static bool model_is(const struct model_flow *m, const struct packet *p, bool *to_client)
{
    uint8_t from = p->src.bytes[3], to = p->dst.bytes[3];
    if (!m->used || m->l4 != p->l4)
        return false;
    *to_client = !(m->client == from && m->server == to && m->client_port == p->src_port &&
                   m->server_port == p->dst_port);
    return !*to_client || (m->client == to && m->server == from && m->client_port == p->dst_port &&
                           m->server_port == p->src_port);
}

static int64_t model_timeout(const struct model *model, const struct model_flow *m)
{
    static const uint8_t classes[] = {3, 0, 1, 2, 2, 3};
    return model->conf.timeout_s[classes[m->l4]][m->state] * SECOND;
}

static struct model_flow *model_find(struct model *model, const struct packet *p, bool *to_client)
{
    for (size_t i = 0; i < MODEL_MAX; i++)
        if (model_is(&model->flows[i], p, to_client))
            return &model->flows[i];
    return NULL;
}

static struct model_flow *model_by_id(struct model *model, uint64_t id)
{
    for (size_t i = 0; i < MODEL_MAX; i++)
        if (model->flows[i].used && model->flows[i].id == id)
            return &model->flows[i];
    return NULL;
}

/* The flow that was ended by force must be one that the rule allows: of the first state that has any, waiting longest. */
static void model_forget_forced(struct model *model, uint64_t id)
{
    static const int rank[] = {
        [FLOW_CLOSED] = 0, [FLOW_NEW] = 1, [FLOW_BYPASSED] = 2, [FLOW_ESTABLISHED] = 3};
    struct model_flow *gone = model_by_id(model, id);
    assert_non_null(gone);
    for (size_t i = 0; i < MODEL_MAX; i++) {
        const struct model_flow *m = &model->flows[i];
        assert_true(m->used);
        assert_true(rank[m->state] >= rank[gone->state]);
        if (m->state == gone->state)
            assert_true(m->last_us > gone->last_us - STEP_US);
    }
    gone->used = false;
}

struct both {
    struct world w;
    struct model model;
    int64_t now_us;
    unsigned seed;
};

static uint32_t dice(struct both *b, uint32_t sides)
{
    return (uint32_t)rand_r(&b->seed) % sides;
}

static void random_packet(struct both *b)
{
    enum packet_l4 l4 = dice(b, 2) ? PACKET_L4_TCP : PACKET_L4_UDP;
    uint8_t from = (uint8_t)dice(b, 2), to = (uint8_t)dice(b, 2);
    packet_of(&b->w, l4, (struct ends){from, to, (uint16_t)dice(b, 3), (uint16_t)dice(b, 3)});
    b->w.p.tcp.flags = l4 == PACKET_L4_TCP && dice(b, 3) == 0 ? TCP_SYN : TCP_ACK;
    b->w.frame.time_us = b->now_us;
}

static void model_end(struct both *b, struct model_flow *m, enum flow_end why, struct ended *want)
{
    m->used = false;
    want->count++;
    want->by[why]++;
    (void)b;
}

static void lookup_both(struct both *b)
{
    struct ended want = b->w.ended;
    bool to_client, is_new, model_to_client = false;
    random_packet(b);
    struct model_flow *m = model_find(&b->model, &b->w.p, &model_to_client);
    if (m && b->now_us - m->last_us >= model_timeout(&b->model, m)) {
        model_end(b, m, FLOW_END_TIMEOUT, &want);
        m = NULL;
    } else if (m && m->state == FLOW_CLOSED && m->l4 == PACKET_L4_TCP &&
               b->w.p.tcp.flags == TCP_SYN) {
        model_end(b, m, FLOW_END_REUSED, &want);
        m = NULL;
    }
    struct flow *flow = look(&b->w, &to_client, &is_new);
    assert_non_null(flow);
    assert_int_equal(is_new, !m);
    if (is_new && b->w.ended.by[FLOW_END_FORCED] > want.by[FLOW_END_FORCED]) {
        model_forget_forced(&b->model, b->w.ended.last_id);
        want.by[FLOW_END_FORCED]++;
        want.count++;
    }
    assert_memory_equal(want.by, b->w.ended.by, sizeof want.by);
    for (size_t i = 0; i < MODEL_MAX && !m; i++)
        if (!b->model.flows[i].used)
            m = &b->model.flows[i];
    assert_non_null(m);
    if (is_new) {
        *m = (struct model_flow){true,
                                 flow->client_ip.bytes[3],
                                 flow->server_ip.bytes[3],
                                 flow->client_port,
                                 flow->server_port,
                                 b->w.p.l4,
                                 FLOW_NEW,
                                 b->now_us,
                                 flow->id,
                                 {0, 0}};
        model_to_client = false;
    }
    assert_int_equal(m->id, flow->id);
    assert_int_equal(to_client, model_to_client);
    m->last_us = b->now_us;
    m->packets[to_client]++;
    if (m->l4 == PACKET_L4_UDP && to_client && m->state == FLOW_NEW)
        m->state = FLOW_ESTABLISHED;
    assert_int_equal(flow->state, m->state);
    assert_int_equal(flow->packets[0], m->packets[0]);
    assert_int_equal(flow->packets[1], m->packets[1]);
    if (dice(b, 6) == 0) {
        m->state = (enum flow_state)dice(b, 4);
        flow_set_state(b->w.t, flow, m->state);
    } else if (dice(b, 12) == 0) {
        m->used = false;
        flow_close(b->w.t, flow, FLOW_END_FORCED);
    }
}

static void expire_both(struct both *b)
{
    uint32_t want = 0;
    for (size_t i = 0; i < MODEL_MAX; i++) {
        struct model_flow *m = &b->model.flows[i];
        if (m->used && b->now_us - m->last_us >= model_timeout(&b->model, m)) {
            m->used = false;
            want++;
        }
    }
    assert_int_equal(flow_expire(b->w.t, b->now_us, 1000), want);
}

static void against_the_model(void **state)
{
    for (unsigned seed = 1; seed <= 20; seed++) {
        struct both b = {.seed = seed};
        world_begin(&b.w, MODEL_MAX);
        b.model.conf = b.w.conf;
        b.now_us = SECOND;
        for (uint32_t step = 0; step < 4000; step++) {
            uint64_t count = 0;
            b.now_us += dice(&b, 3) == 0 ? dice(&b, 12) * SECOND : 0;
            if (dice(&b, 20) == 0)
                expire_both(&b);
            else
                lookup_both(&b);
            for (size_t i = 0; i < MODEL_MAX; i++)
                count += b.model.flows[i].used;
            if (count != flow_table_counts(b.w.t)->active)
                fail_msg("seed %u step %u: %u flows, %u in the model", seed, step,
                         (unsigned)flow_table_counts(b.w.t)->active, (unsigned)count);
        }
        assert_true(b.w.ended.by[FLOW_END_FORCED] > 0 && b.w.ended.by[FLOW_END_TIMEOUT] > 0 &&
                    b.w.ended.by[FLOW_END_REUSED] > 0);
        flow_table_free(b.w.t);
        assert_int_equal(b.w.ended.count,
                         b.w.ended.by[0] + b.w.ended.by[1] + b.w.ended.by[2] + b.w.ended.by[3]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways_one_flow),
        cmocka_unit_test(what_is_no_flow),
        cmocka_unit_test(vlan_and_protocol_keep_apart),
        cmocka_unit_test(ping_is_one_flow),
        cmocka_unit_test(error_belongs_to_what_it_quotes),
        cmocka_unit_test(error6_belongs_to_what_it_quotes),
        cmocka_unit_test(esp_by_association),
        cmocka_unit_test(who_opened_it),
        cmocka_unit_test(syn_on_a_closed_flow_begins_anew),
        cmocka_unit_test(the_owner_says_what_begins_anew),
        cmocka_unit_test(timeouts_by_protocol_and_state),
        cmocka_unit_test(clock_set_back),
        cmocka_unit_test(expire_is_bounded),
        cmocka_unit_test(order_of_eviction),
        cmocka_unit_test(flood_spares_conversations),
        cmocka_unit_test(walk_sees_each_once),
        cmocka_unit_test(against_the_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
