/* What is sent back and what is sent on: numbers, link layer, checksums. Each reply is decoded again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/attr.h"
#include "engine/packet/made_frame.h"
#include "engine/packet/made_kinds.h"
#include "engine/packet/packet.h"

struct world {
    struct packet_decoder *d, *d_reply;
    struct packet_frame frame, reply_frame;
    struct packet out[PACKET_OUT_MAX], reply[PACKET_OUT_MAX];
    struct made_frame m;
    struct buf buf;
};

static struct world w;

static const struct packet *decode(uint32_t link)
{
    struct packet_conf conf;
    packet_conf_defaults(&conf);
    if (!w.d) {
        w.d = packet_decoder_new(&conf);
        w.d_reply = packet_decoder_new(&conf);
        buf_init(&w.buf, 4096);
    }
    buf_reset(&w.buf);
    w.frame = (struct packet_frame){.bytes = made_str(&w.m), .time_us = 1, .link = link};
    uint32_t count = packet_decode(w.d, &w.frame, w.out);
    return &w.out[count - 1];
}

/* The reply as a packet; it must be good in itself. */
static const struct packet *reply(uint32_t link)
{
    w.reply_frame = (struct packet_frame){.bytes = buf_str(&w.buf), .time_us = 1, .link = link};
    assert_int_equal(packet_decode(w.d_reply, &w.reply_frame, w.reply), 1);
    assert_int_equal(w.reply[0].event_count, 0);
    assert_false(w.reply[0].checksum_bad);
    assert_int_equal(w.reply[0].ip_total, w.reply[0].ip_header.len + w.reply[0].ip_payload.len);
    return &w.reply[0];
}

static void tcp_make(const struct made_ends *ends, uint8_t flags, struct str payload)
{
    made_begin(&w.m, payload);
    made_tcp(&w.m, ends,
             &(struct packet_tcp){.seq = 1000, .ack = 5000, .flags = flags, .window = 9},
             STR_EMPTY);
    made_ip(&w.m, ends, 6, STR_EMPTY);
}

static void assert_turned(const struct packet *p, const struct packet *r)
{
    assert_true(ip_eq(&p->src, &r->dst) && ip_eq(&p->dst, &r->src));
    assert_int_equal(p->src_port, r->dst_port);
    assert_int_equal(p->dst_port, r->src_port);
    assert_memory_equal(&p->src_mac, &r->dst_mac, 6);
    assert_memory_equal(&p->dst_mac, &r->src_mac, 6);
}

/* What packet_locate does not look behind: a pseudowire's own Ethernet header, service chains. */
static bool is_too_deep(const struct made_kind *kind)
{
    return strcmp(kind->name, "pseudowire_udp4") == 0 || strcmp(kind->name, "nsh_tcp4") == 0;
}

static void resets(void **state)
{
    static const struct {
        const char *name;
        uint8_t flags;
        const char *payload;
        uint32_t back_seq, back_ack; /* to the sender */
        uint8_t back_flags;
        uint32_t on_seq, on_ack; /* to the receiver */
        uint8_t on_flags;
    } rows[] = {
        {"data", TCP_ACK | TCP_PSH, "hello", 5000, 0, TCP_RST, 1000, 5000, TCP_RST | TCP_ACK},
        {"syn", TCP_SYN, "", 0, 1001, TCP_RST | TCP_ACK, 1001, 0, TCP_RST},
        {"syn with data", TCP_SYN, "abc", 0, 1004, TCP_RST | TCP_ACK, 1001, 0, TCP_RST},
        {"syn ack", TCP_SYN | TCP_ACK, "", 5000, 0, TCP_RST, 1001, 5000, TCP_RST | TCP_ACK},
        {"fin ack", TCP_FIN | TCP_ACK, "", 5000, 0, TCP_RST, 1000, 5000, TCP_RST | TCP_ACK},
        {"fin alone", TCP_FIN, "xy", 0, 1003, TCP_RST | TCP_ACK, 1000, 0, TCP_RST},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        for (int ip6 = 0; ip6 < 2; ip6++) {
            tcp_make(ip6 ? &made_ends6 : &made_ends4, rows[i].flags, str_c(rows[i].payload));
            made_ether(&w.m, ip6 ? 0x86dd : 0x0800);
            const struct packet *p = decode(PACKET_LINK_ETHERNET);
            assert_true(packet_build_reset_to_sender(p, &w.buf));
            const struct packet *r = reply(PACKET_LINK_ETHERNET);
            if (r->tcp.seq != rows[i].back_seq || r->tcp.ack != rows[i].back_ack ||
                r->tcp.flags != rows[i].back_flags)
                fail_msg("%s back: seq %u ack %u flags %x", rows[i].name, r->tcp.seq, r->tcp.ack,
                         r->tcp.flags);
            assert_turned(p, r);
            buf_reset(&w.buf);
            assert_true(packet_build_reset_to_receiver(p, &w.buf));
            r = reply(PACKET_LINK_ETHERNET);
            if (r->tcp.seq != rows[i].on_seq || r->tcp.ack != rows[i].on_ack ||
                r->tcp.flags != rows[i].on_flags)
                fail_msg("%s on: seq %u ack %u flags %x", rows[i].name, r->tcp.seq, r->tcp.ack,
                         r->tcp.flags);
            assert_true(ip_eq(&p->src, &r->src) && ip_eq(&p->dst, &r->dst));
            assert_int_equal(p->src_port, r->src_port);
            assert_memory_equal(&p->dst_mac, &r->dst_mac, 6);
        }
    }
}

static void no_answer(void **state)
{
    tcp_make(&made_ends4, TCP_RST | TCP_ACK, STR_EMPTY); /* no reset for a reset */
    made_ether(&w.m, 0x0800);
    const struct packet *p = decode(PACKET_LINK_ETHERNET);
    assert_false(packet_build_reset_to_sender(p, &w.buf) ||
                 packet_build_reset_to_receiver(p, &w.buf));
    for (size_t i = 0; i < made_kind_count; i++) {
        made_kinds[i].make(&w.m);
        p = decode(made_kinds[i].link);
        bool want =
            p->l4 == PACKET_L4_TCP && !p->outer &&
            (p->ether_type == 0x0800 || p->ether_type == 0x86dd || p->ether_type == 0) &&
            (made_kinds[i].link == PACKET_LINK_ETHERNET || made_kinds[i].link == PACKET_LINK_RAW);
        if (packet_build_reset_to_sender(p, &w.buf) != want)
            fail_msg("%s", made_kinds[i].name);
    }
}

/* Tags stay, a stripped one is put back, PPPoE's length is that of the reply. */
static void link_layers(void **state)
{
    tcp_make(&made_ends4, TCP_ACK, STR_LIT("hello"));
    made_vlan(&w.m, 0x0800, 7);
    made_vlan(&w.m, 0x8100, 5);
    made_ether(&w.m, 0x88a8);
    const struct packet *p = decode(PACKET_LINK_ETHERNET);
    assert_true(packet_build_reset_to_sender(p, &w.buf));
    const struct packet *r = reply(PACKET_LINK_ETHERNET);
    assert_int_equal(r->vlan_count, 2);
    assert_int_equal(r->vlan[0], 5);
    assert_int_equal(r->vlan[1], 7);
    assert_turned(p, r);

    tcp_make(&made_ends4, TCP_ACK, STR_LIT("hello"));
    made_ether(&w.m, 0x0800);
    decode(PACKET_LINK_ETHERNET);
    w.frame.stripped_vlan = 0x1000 | 9;
    packet_decode(w.d, &w.frame, w.out);
    assert_true(packet_build_reset_to_sender(&w.out[0], &w.buf));
    r = reply(PACKET_LINK_ETHERNET);
    assert_int_equal(r->vlan_count, 1);
    assert_int_equal(r->vlan[0], 9);

    tcp_make(&made_ends6, TCP_ACK, STR_LIT("hello"));
    made_front(&w.m, str_of((const uint8_t[]){0, 0x57}, 2));
    made_front(&w.m, str_of((const uint8_t[]){0x11, 0, 0, 9, 0, (uint8_t)made_str(&w.m).len}, 6));
    made_ether(&w.m, 0x8864);
    p = decode(PACKET_LINK_ETHERNET);
    assert_true(packet_build_reset_to_sender(p, &w.buf));
    r = reply(PACKET_LINK_ETHERNET);
    assert_int_equal(r->l4, PACKET_L4_TCP);
    assert_int_equal(w.buf.p[19], 2 + 40 + 20);
    assert_turned(p, r);
}

static void unreachable(void **state)
{
    for (int ip6 = 0; ip6 < 2; ip6++) {
        const struct made_ends *ends = ip6 ? &made_ends6 : &made_ends4;
        static const uint8_t payload[1400];
        made_begin(&w.m, str_of(payload, sizeof payload));
        made_udp(&w.m, ends);
        made_ip(&w.m, ends, 17, STR_EMPTY);
        made_ether(&w.m, ip6 ? 0x86dd : 0x0800);
        const struct packet *p = decode(PACKET_LINK_ETHERNET);
        assert_true(packet_build_unreachable(p, &w.buf));
        const struct packet *r = reply(PACKET_LINK_ETHERNET);
        assert_int_equal(r->icmp_type, ip6 ? 1 : 3);
        assert_int_equal(r->icmp_code, ip6 ? 1 : 13);
        assert_true(ip_eq(&r->dst, &p->src));
        assert_int_equal(r->ip_total, ip6 ? 1280 : 576);
        assert_memory_equal(r->payload.p, p->ip_header.p, r->payload.len);
    }
}

static void unreachable_is_not_sent(void **state)
{
    static const struct made_ends multicast = {"192.0.2.1", "224.0.0.251", 5353, 5353};
    made_begin(&w.m, STR_LIT("x"));
    made_udp(&w.m, &multicast);
    made_ip(&w.m, &multicast, 17, STR_EMPTY);
    made_ether(&w.m, 0x0800);
    assert_false(packet_build_unreachable(decode(PACKET_LINK_ETHERNET), &w.buf));
    for (size_t i = 0; i < made_kind_count; i++) {
        made_kinds[i].make(&w.m);
        const struct packet *p = decode(made_kinds[i].link);
        if (strcmp(made_kinds[i].name, "ether_unreachable4") == 0)
            assert_false(packet_build_unreachable(p, &w.buf)); /* no error about an error */
        if (strcmp(made_kinds[i].name, "ether_ping4") == 0)
            assert_true(packet_build_unreachable(p, &w.buf));
    }
}

/* A reassembled datagram is answered with the link layer of the piece that made it whole. */
static void fragment_is_answered(void **state)
{
    tcp_make(&made_ends4, TCP_ACK, STR_LIT("0123456789abcdef0123456789"));
    made_ether(&w.m, 0x0800);
    static struct made_frame whole;
    static const uint8_t fields[2][2] = {{0x20, 0}, {0, 3}};
    whole = w.m;
    struct str ip_payload = str_from(made_str(&whole), 14 + 20);
    const struct packet *p = NULL;
    for (size_t i = 0; i < 2; i++) {
        made_begin(&w.m, i ? str_from(ip_payload, 24) : str_cut(ip_payload, 0, 24));
        made_ip(&w.m, &made_ends4, 6, STR_EMPTY);
        *made_byte(&w.m, 6) = fields[i][0];
        *made_byte(&w.m, 7) = fields[i][1];
        made_ether(&w.m, 0x0800);
        packet_fix_checksums(made_byte(&w.m, 0), made_str(&w.m).len);
        p = decode(PACKET_LINK_ETHERNET);
        assert_false(p->checksum_bad);
    }
    assert_int_equal(p->origin, PACKET_DEFRAGMENTED);
    assert_true(packet_build_reset_to_sender(p, &w.buf));
    assert_turned(p, reply(PACKET_LINK_ETHERNET));
    assert_false(packet_build_reset_to_sender(&w.out[0], &w.buf));
}

/* All checksums of every kind are zeroed and come back. */
static void checksums_are_fixed(void **state)
{
    for (size_t i = 0; i < made_kind_count; i++) {
        const struct made_kind *kind = &made_kinds[i];
        if (kind->link != PACKET_LINK_ETHERNET || kind->packet_count > 1)
            continue;
        kind->make(&w.m);
        const struct packet *p = decode(kind->link);
        uint8_t want[512], *bytes = made_byte(&w.m, 0);
        size_t len = made_str(&w.m).len;
        memcpy(want, bytes, len);
        if (p->src.version == 4)
            memset(bytes + (p->ip_header.p - bytes) + 10, 0xee, 2);
        size_t place = p->l4 == PACKET_L4_TCP ? 16 : p->l4 == PACKET_L4_UDP ? 6 : 2;
        if (p->l4 != PACKET_L4_NONE && p->l4 != PACKET_L4_OTHER)
            memset(bytes + (p->l4_header.p - bytes) + place, 0xee, 2);
        packet_fix_checksums(bytes, len);
        if (memcmp(want, bytes, len) != 0 && !is_too_deep(kind))
            fail_msg("%s", kind->name);
        for (size_t cut = 0; cut < len; cut++) {
            uint8_t *copy = malloc(cut + !cut);
            memcpy(copy, want, cut);
            packet_fix_checksums(copy, cut);
            free(copy);
        }
    }
}

static uint32_t deal_hash(const struct packet_frame *frame, const uint64_t secret[2])
{
    struct packet_dealt out;
    packet_deal(frame, secret, &out);
    return out.pair;
}

static void deal_is_symmetric(void **state)
{
    static const uint64_t secret[2] = {3, 4};
    for (size_t i = 0; i < made_kind_count; i++) {
        const struct made_kind *kind = &made_kinds[i];
        kind->make(&w.m);
        const struct packet *p = decode(kind->link);
        struct packet_frame frame = {.bytes = made_str(&w.m), .link = kind->link};
        uint32_t there = deal_hash(&frame, secret);
        for (size_t cut = 0; cut < frame.bytes.len; cut++) {
            uint8_t *copy = malloc(cut + !cut);
            memcpy(copy, frame.bytes.p, cut);
            deal_hash(&(struct packet_frame){.bytes = str_of(copy, cut), .link = kind->link},
                      secret);
            free(copy);
        }
        while (p->outer)
            p = p->outer;
        if (p->src.version == 0 || is_too_deep(kind))
            continue;
        uint8_t *ip = made_byte(&w.m, (size_t)(p->ip_header.p - made_str(&w.m).p));
        size_t at = p->src.version == 4 ? 12 : 8, len = p->src.version == 4 ? 4 : 16;
        memcpy(ip + at, p->dst.bytes, len);
        memcpy(ip + at + len, p->src.bytes, len);
        if (p->l4 == PACKET_L4_TCP || p->l4 == PACKET_L4_UDP || p->ip_proto == 132) {
            uint8_t *ports = ip + (p->ip_payload.p - p->ip_header.p), copy[4];
            memcpy(copy, ports, 4);
            memcpy(ports, copy + 2, 2);
            memcpy(ports + 2, copy, 2);
        }
        if (deal_hash(&frame, secret) != there)
            fail_msg("%s", kind->name);
        ip[at]++;
        if (deal_hash(&frame, secret) == there)
            fail_msg("%s: the address says nothing", kind->name);
    }
}

/* What may hold packets of other hosts is known as such, and the one inside the firm stands first, whoever speaks. */
static void what_a_dealer_must_know(void **state)
{
    static const uint64_t secret[2] = {3, 4};
    for (size_t i = 0; i < made_kind_count; i++) {
        const struct made_kind *kind = &made_kinds[i];
        struct packet_dealt deal;
        kind->make(&w.m);
        const struct packet *p = decode(kind->link);
        packet_deal(&(struct packet_frame){.bytes = made_str(&w.m), .link = kind->link}, secret,
                    &deal);
        if (p->outer && !deal.may_carry && deal.has_ends)
            fail_msg("%s: nobody would know of its packets", kind->name);
        if (p->outer || !deal.has_ends)
            continue;
        uint32_t src = packet_address_hash(&p->src, secret);
        uint32_t dst = packet_address_hash(&p->dst, secret);
        if (!(deal.ends[0] == src && deal.ends[1] == dst) &&
            !(deal.ends[0] == dst && deal.ends[1] == src))
            fail_msg("%s: other addresses than the packet's", kind->name);
    }
    static const struct {
        const char *src, *dst;
        bool turned;
    } rows[] = {
        {"192.168.1.1", "192.0.2.1", false}, {"192.0.2.1", "192.168.1.1", true},
        {"192.0.2.1", "10.2.3.4", true},     {"192.0.2.1", "172.31.0.1", true},
        {"192.0.2.1", "172.32.0.1", false},  {"10.0.0.1", "192.168.1.1", false},
        {"192.168.1.1", "10.0.0.1", false},  {"192.0.2.1", "198.51.100.1", false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct ip src, dst;
        struct packet_dealt deal;
        assert_true(ip_parse(str_c(rows[i].src), &src) && ip_parse(str_c(rows[i].dst), &dst));
        made_begin(&w.m, STR_LIT("8 bytes."));
        made_ip(&w.m, &made_ends4, 17, STR_EMPTY);
        memcpy(made_byte(&w.m, 12), src.bytes, 4);
        memcpy(made_byte(&w.m, 16), dst.bytes, 4);
        made_ether(&w.m, 0x0800);
        packet_deal(&(struct packet_frame){.bytes = made_str(&w.m), .link = PACKET_LINK_ETHERNET},
                    secret, &deal);
        assert_int_equal(deal.ends[0], packet_address_hash(rows[i].turned ? &dst : &src, secret));
        assert_int_equal(deal.ends[1], packet_address_hash(rows[i].turned ? &src : &dst, secret));
    }
}

/* The first piece carries the ports, the others do not: all go to one worker. */
static void pieces_are_dealt_together(void **state)
{
    static const uint64_t secret[2] = {3, 4};
    uint32_t hash[3];
    for (size_t i = 0; i < 3; i++) {
        made_begin(&w.m, i ? STR_LIT("other bytes that are no ports")
                           : STR_LIT("some ports would stand here"));
        made_ip(&w.m, &made_ends4, 17, STR_EMPTY);
        *made_byte(&w.m, 6) = i < 2 ? 0x20 : 0;
        *made_byte(&w.m, 7) = (uint8_t)(i * 3);
        made_ether(&w.m, 0x0800);
        hash[i] = deal_hash(
            &(struct packet_frame){.bytes = made_str(&w.m), .link = PACKET_LINK_ETHERNET}, secret);
    }
    assert_int_equal(hash[0], hash[1]);
    assert_int_equal(hash[0], hash[2]);
}

static int end(void **state)
{
    packet_decoder_free(w.d);
    packet_decoder_free(w.d_reply);
    buf_fini(&w.buf);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resets),
        cmocka_unit_test(no_answer),
        cmocka_unit_test(link_layers),
        cmocka_unit_test(unreachable),
        cmocka_unit_test(unreachable_is_not_sent),
        cmocka_unit_test(fragment_is_answered),
        cmocka_unit_test(checksums_are_fixed),
        cmocka_unit_test(deal_is_symmetric),
        cmocka_unit_test(what_a_dealer_must_know),
        cmocka_unit_test(pieces_are_dealt_together),
    };
    return cmocka_run_group_tests(tests, NULL, end);
}
