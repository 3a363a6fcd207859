/* Fragments in any order give the datagram that they were cut from; overlaps, limits and time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/attr.h"
#include "engine/packet/defrag.h"
#include "engine/packet/made_frame.h"
#include "engine/packet/made_kinds.h"
#include "engine/packet/packet.h"

#define SECOND INT64_C(1000000)

struct world {
    struct packet_decoder *d;
    struct packet_frame frame;
    struct packet out[PACKET_OUT_MAX];
    uint32_t count;
    int64_t now_us;
    uint16_t vlan;
    struct made_frame m;
};

static struct world w;

static void begin(uint32_t datagrams, uint32_t bytes)
{
    struct packet_conf conf;
    packet_conf_defaults(&conf);
    conf.fragments_max = datagrams;
    conf.fragment_bytes_max = bytes;
    packet_decoder_free(w.d);
    w.d = packet_decoder_new(&conf);
    w.now_us = 1000 * SECOND;
    assert_non_null(w.d);
}

struct cut {
    size_t from, to;
    bool more;
};

/* A piece of `whole`, the payload of an IP packet of that protocol. */
static void send_piece(bool ip6, uint32_t id, uint8_t ip_proto, struct str whole, struct cut cut)
{
    uint16_t field = (uint16_t)(ip6 ? cut.from | cut.more : cut.from / 8 | (cut.more ? 0x2000 : 0));
    made_begin(&w.m, str_cut(whole, cut.from, cut.to));
    if (ip6) {
        uint8_t header[8] = {ip_proto, 0, (uint8_t)(field >> 8), (uint8_t)field,
                             0,        0, (uint8_t)(id >> 8),    (uint8_t)id};
        made_front(&w.m, str_of(header, sizeof header));
        made_ip(&w.m, &made_ends6, 44, STR_EMPTY);
    } else {
        made_ip(&w.m, &made_ends4, ip_proto, STR_EMPTY);
        const uint8_t fields[4] = {(uint8_t)(id >> 8), (uint8_t)id, (uint8_t)(field >> 8),
                                   (uint8_t)field};
        for (size_t i = 0; i < sizeof fields; i++)
            *made_byte(&w.m, 4 + i) = fields[i];
        *made_byte(&w.m, 10) = *made_byte(&w.m, 11) = 0;
        uint16_t checksum = made_checksum(made_str(&w.m).p, 20, 0);
        *made_byte(&w.m, 10) = (uint8_t)(checksum >> 8);
        *made_byte(&w.m, 11) = (uint8_t)checksum;
    }
    w.frame = (struct packet_frame){.bytes = made_str(&w.m),
                                    .time_us = w.now_us,
                                    .stripped_vlan = w.vlan,
                                    .link = PACKET_LINK_RAW};
    w.count = packet_decode(w.d, &w.frame, w.out);
}

static bool has_event(enum packet_event event)
{
    for (uint32_t i = 0; i < w.out[0].event_count; i++)
        if (w.out[0].events[i] == event)
            return true;
    return false;
}

static struct str datagram_make(bool ip6, size_t payload_bytes)
{
    static uint8_t payload[65536];
    static struct made_frame m;
    for (size_t i = 0; i < payload_bytes; i++)
        payload[i] = (uint8_t)(i * 7 + i / 251);
    made_begin(&m, str_of(payload, payload_bytes));
    made_udp(&m, ip6 ? &made_ends6 : &made_ends4);
    return made_str(&m);
}

/* All orders of five pieces, both families: nothing until the last one, then the whole. */
static void every_order(void **state)
{
    for (int ip6 = 0; ip6 < 2; ip6++) {
        struct str whole = datagram_make(ip6, 40 * 5 - 8 - 3);
        begin(16, 65536);
        for (uint32_t n = 0, id = 1; n < 3125; n++) {
            uint32_t order[5], v = n, mask = 0;
            for (int i = 0; i < 5; i++, v /= 5)
                mask |= 1u << (order[i] = v % 5);
            if (mask != 31)
                continue;
            id++;
            for (int i = 0; i < 5; i++) {
                assert_int_equal(i == 0 ? 1 : w.count, 1);
                send_piece(ip6, id, 17, whole,
                           (struct cut){order[i] * 40, order[i] * 40 + 40, order[i] < 4});
                assert_true(w.out[0].is_fragment);
                assert_int_equal(w.out[0].l4, PACKET_L4_NONE);
                assert_int_equal(w.out[0].event_count, 0);
            }
            assert_int_equal(w.count, 2);
            assert_int_equal(w.out[1].origin, PACKET_DEFRAGMENTED);
            assert_ptr_equal(w.out[1].outer, &w.out[0]);
            assert_int_equal(w.out[1].l4, PACKET_L4_UDP);
            assert_false(w.out[1].checksum_bad);
            assert_int_equal(w.out[1].event_count, 0);
            assert_true(str_eq(w.out[1].ip_payload, whole));
        }
        assert_int_equal(packet_decoder_counts(w.d)->reassembled, 120);
        assert_int_equal(packet_decoder_counts(w.d)->ipv4, ip6 ? 0 : 720);
    }
}

/* Random cuts of random datagrams, shuffled, some pieces twice. */
static void random_cuts(void **state)
{
    unsigned seed = 20261122;
    begin(64, 1 << 20);
    for (uint32_t round = 0; round < 400; round++) {
        bool ip6 = rand_r(&seed) % 2;
        struct str whole = datagram_make(ip6, (size_t)rand_r(&seed) % 9000);
        size_t cuts[256], count = 0, at = 0;
        while (at < whole.len && count < 254) {
            cuts[count++] = at;
            at += 8 * (1 + (size_t)rand_r(&seed) % 120);
        }
        cuts[count] = whole.len;
        uint32_t order[256];
        for (uint32_t i = 0; i < count; i++) {
            uint32_t other = (uint32_t)rand_r(&seed) % (i + 1);
            order[i] = order[other];
            order[other] = i;
        }
        if (count == 1)
            continue;
        for (uint32_t i = 0; i < count; i++) {
            uint32_t k = order[i];
            send_piece(ip6, round, 17, whole, (struct cut){cuts[k], cuts[k + 1], k + 1 < count});
            if (rand_r(&seed) % 8 == 0 && i + 1 < count)
                send_piece(ip6, round, 17, whole,
                           (struct cut){cuts[k], cuts[k + 1], k + 1 < count});
            if (w.out[0].event_count || w.count != (i + 1 < count ? 1u : 2u))
                fail_msg("seed 20261122 round %u piece %u of %zu", round, i, count);
        }
        assert_true(str_eq(w.out[1].ip_payload, whole));
        assert_false(w.out[1].checksum_bad);
    }
}

/* Three pieces: A [0,16) "aaaa...", B over it, C the end. Which letter stands where, by policy. */
static void overlap_policies(void **state)
{
    static const struct {
        const char *name;
        enum defrag_policy policy;
        size_t b_from; /* B is 16 bytes long */
        const char *want;
    } rows[] = {
        {"bsd, later one further right", DEFRAG_BSD, 8, "aaaaaaaaaaaaaaaabbbbbbbbcccccccc"},
        {"bsd, both begin together", DEFRAG_BSD, 0, "aaaaaaaaaaaaaaaacccccccccccccccc"},
        {"linux, both begin together", DEFRAG_LINUX, 0, "bbbbbbbbbbbbbbbbcccccccccccccccc"},
        {"linux, later one further right", DEFRAG_LINUX, 8, "aaaaaaaaaaaaaaaabbbbbbbbcccccccc"},
        {"first", DEFRAG_FIRST, 8, "aaaaaaaaaaaaaaaabbbbbbbbcccccccc"},
        {"last", DEFRAG_LAST, 8, "aaaaaaaabbbbbbbbbbbbbbbbcccccccc"},
        {"bsd-right, later one further right", DEFRAG_BSD_RIGHT, 8,
         "aaaaaaaabbbbbbbbbbbbbbbbcccccccc"},
        {"solaris, later one further right", DEFRAG_SOLARIS, 8, "aaaaaaaaaaaaaaaabbbbbbbbcccccccc"},
        {"windows, both begin together", DEFRAG_WINDOWS, 0, "aaaaaaaaaaaaaaaacccccccccccccccc"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct packet_conf conf;
        uint8_t whole[DEFRAG_WHOLE_BYTES];
        enum packet_event event;
        struct packet_frame frame = {.time_us = 1};
        struct packet p = {.frame = &frame, .src = {4, {1}}, .dst = {4, {2}}};
        const uint8_t head[20] = {0x45};
        packet_conf_defaults(&conf);
        struct defrag *f = defrag_new(&conf);
        defrag_set_policy(f, rows[i].policy);
        size_t c_from = rows[i].b_from + 16, c_len = 32 - c_from;
        struct defrag_piece a = {
            .id = 7, .more = true, .head = str_of(head, 20), .bytes = STR_LIT("aaaaaaaaaaaaaaaa")};
        struct defrag_piece b = a, c = a;
        b.offset = (uint32_t)rows[i].b_from;
        b.bytes = STR_LIT("bbbbbbbbbbbbbbbb");
        c.offset = (uint32_t)c_from;
        c.more = false;
        c.bytes = str_of("cccccccccccccccc", c_len);
        assert_int_equal(defrag_add(f, &p, &a, whole, &event), 0);
        assert_int_equal(event, PACKET_EVENT_NONE);
        assert_int_equal(defrag_add(f, &p, &b, whole, &event), 0);
        assert_int_equal(event, PACKET_EVENT_IPV4_FRAG_OVERLAP);
        size_t len = defrag_add(f, &p, &c, whole, &event);
        if (len != 20 + 32 || memcmp(whole + 20, rows[i].want, 32) != 0)
            fail_msg("%s: %zu %.32s", rows[i].name, len, (const char *)whole + 20);
        assert_int_equal(defrag_cells_held(f), 0);
        assert_int_equal(defrag_datagrams_held(f), 0);
        defrag_free(f);
    }
}

/* The further left piece wins with BSD though it came later. */
static void bsd_left_wins(void **state)
{
    struct str whole = datagram_make(false, 56);
    uint8_t other[64];
    memset(other, 'x', sizeof other);
    begin(4, 65536);
    send_piece(false, 9, 17, str_of(other, 64), (struct cut){16, 48, true});
    send_piece(false, 9, 17, whole, (struct cut){0, 48, true});
    assert_true(has_event(PACKET_EVENT_IPV4_FRAG_OVERLAP));
    send_piece(false, 9, 17, whole, (struct cut){48, 64, false});
    assert_int_equal(w.count, 2);
    assert_true(str_eq(w.out[1].ip_payload, whole));
}

static void damaged_pieces(void **state)
{
    static uint8_t big[2000];
    struct str whole = str_of(big, sizeof big);
    begin(4, 65536);
    /* the ping of death: the end lies beyond 65,535 */
    made_begin(&w.m, STR_EMPTY);
    send_piece(false, 1, 1, whole, (struct cut){0, 1480, true});
    assert_int_equal(w.count, 1);
    uint8_t *bytes = made_byte(&w.m, 0);
    bytes[6] = 0x1f;
    bytes[7] = 0xff;
    bytes[10] = bytes[11] = 0;
    uint16_t checksum = made_checksum(bytes, 20, 0);
    bytes[10] = (uint8_t)(checksum >> 8);
    bytes[11] = (uint8_t)checksum;
    w.count = packet_decode(w.d, &w.frame, w.out);
    assert_int_equal(w.count, 1);
    assert_true(has_event(PACKET_EVENT_IPV4_FRAG_PKT_TOO_LARGE));
    /* IPv6: a piece in the middle that is no multiple of 8 */
    send_piece(true, 2, 17, whole, (struct cut){0, 13, true});
    assert_true(has_event(PACKET_EVENT_IPV6_FRAG_INVALID_LENGTH));
    /* a wrong header checksum: the receiver never sees this piece */
    whole = datagram_make(false, 24);
    send_piece(false, 3, 17, whole, (struct cut){0, 16, true});
    send_piece(false, 3, 17, whole, (struct cut){16, 32, false});
    assert_int_equal(w.count, 2);
    send_piece(false, 4, 17, whole, (struct cut){0, 16, true});
    made_byte(&w.m, 0)[8]++;
    w.count = packet_decode(w.d, &w.frame, w.out);
    assert_true(w.out[0].ip_checksum_bad);
    send_piece(false, 4, 17, whole, (struct cut){16, 32, false});
    assert_int_equal(w.count, 2);
    assert_int_equal(w.out[0].event_count, 0);
}

static void same_id_of_others_is_kept_apart(void **state)
{
    struct str whole = datagram_make(false, 24);
    begin(4, 65536);
    send_piece(false, 3, 17, whole, (struct cut){0, 16, true});
    send_piece(false, 4, 17, whole, (struct cut){16, 32, false}); /* another id */
    assert_int_equal(w.count, 1);
    send_piece(false, 3, 6, whole, (struct cut){16, 32, false}); /* another protocol */
    assert_int_equal(w.count, 1);
    w.vlan = 0x1005; /* another VLAN */
    send_piece(false, 3, 17, whole, (struct cut){16, 32, false});
    assert_int_equal(w.count, 1);
    w.vlan = 0;
    send_piece(false, 3, 17, whole, (struct cut){16, 32, false});
    assert_int_equal(w.count, 2);
}

static void time_ends_waiting(void **state)
{
    struct str whole = datagram_make(false, 24);
    begin(4, 65536);
    send_piece(false, 3, 17, whole, (struct cut){0, 16, true});
    w.now_us += 61 * SECOND;
    send_piece(false, 3, 17, whole, (struct cut){16, 32, false});
    assert_int_equal(w.count, 1);
    assert_int_equal(packet_decoder_counts(w.d)->fragments_timed_out, 1);
    w.now_us -= 3600 * SECOND; /* the clock was set back */
    send_piece(false, 3, 17, whole, (struct cut){0, 16, true});
    assert_int_equal(w.count, 1);
    assert_int_equal(packet_decoder_counts(w.d)->fragments_timed_out, 2);
}

/* More datagrams than fit: the oldest goes, the newest are whole. */
static void oldest_goes_first(void **state)
{
    struct str whole = datagram_make(false, 24);
    begin(4, 65536);
    for (uint32_t id = 1; id <= 6; id++)
        send_piece(false, id, 17, whole, (struct cut){0, 16, true});
    assert_int_equal(packet_decoder_counts(w.d)->fragments_refused, 2);
    for (uint32_t id = 3; id <= 6; id++) {
        send_piece(false, id, 17, whole, (struct cut){16, 32, false});
        assert_int_equal(w.count, 2);
    }
}

/* Cells run out: the datagram that is being filled is not the one that goes, and small pieces use nothing up for good. */
static void cells_come_back(void **state)
{
    begin(64, 20 * 744);
    struct str small = datagram_make(false, 24), large = datagram_make(false, 6000);
    for (int round = 0; round < 5; round++) {
        for (uint32_t id = 0; id < 60; id++)
            send_piece(false, id, 17, small, (struct cut){0, 16, true});
        for (size_t at = 0; at < large.len; at += 1480)
            send_piece(false, 1000, 17, large,
                       (struct cut){at, at + 1480 < large.len ? at + 1480 : large.len,
                                    at + 1480 < large.len});
        assert_int_equal(w.count, 2);
        assert_true(str_eq(w.out[1].ip_payload, large));
    }
}

/* One datagram in far too many pieces is given up and named. */
static void too_many_pieces(void **state)
{
    static uint8_t bytes[65000];
    bool ignored = false;
    begin(4, 8 << 20);
    for (size_t at = 0; at + 8 < sizeof bytes && !ignored; at += 16) {
        send_piece(false, 1, 17, str_of(bytes, sizeof bytes), (struct cut){at, at + 8, true});
        ignored = has_event(PACKET_EVENT_IPV4_FRAG_IGNORED);
    }
    assert_true(ignored);
    assert_int_equal(packet_decoder_counts(w.d)->fragments_refused, 1);
}

/* The largest IPv4 datagram there is, in pieces. */
static void largest(void **state)
{
    struct str whole = datagram_make(false, 65535 - 20 - 8);
    begin(4, 8 << 20);
    for (size_t at = 0; at < whole.len; at += 1480)
        send_piece(
            false, 1, 17, whole,
            (struct cut){at, at + 1480 < whole.len ? at + 1480 : whole.len, at + 1480 < whole.len});
    assert_int_equal(w.count, 2);
    assert_true(str_eq(w.out[1].ip_payload, whole));
    assert_false(w.out[1].checksum_bad);
    assert_int_equal(w.out[1].ip_total, 65535);
}

static int end(void **state)
{
    packet_decoder_free(w.d);
    w.d = NULL;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_order),       cmocka_unit_test(random_cuts),
        cmocka_unit_test(overlap_policies),  cmocka_unit_test(bsd_left_wins),
        cmocka_unit_test(damaged_pieces),    cmocka_unit_test(same_id_of_others_is_kept_apart),
        cmocka_unit_test(time_ends_waiting), cmocka_unit_test(oldest_goes_first),
        cmocka_unit_test(cells_come_back),   cmocka_unit_test(too_many_pieces),
        cmocka_unit_test(largest),
    };
    return cmocka_run_group_tests(tests, NULL, end);
}
