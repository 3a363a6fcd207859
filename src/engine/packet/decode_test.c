/* Whole frames through packet_decode: what each layer gives, and what is said of damaged ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/attr.h"
#include "engine/packet/made_frame.h"
#include "engine/packet/packet.h"

static const struct made_ends ends4 = {"192.0.2.1", "198.51.100.2", 40000, 80};
static const struct made_ends ends6 = {"2001:db8::1", "2001:db8::2", 40000, 80};

struct decoded {
    struct packet_decoder *d;
    struct packet_frame frame;
    struct packet out[PACKET_OUT_MAX];
    uint32_t count;
};

static void decode(struct decoded *x, struct str bytes, uint32_t link)
{
    struct packet_conf conf;
    packet_conf_defaults(&conf);
    conf.fragments_max = 16;
    conf.fragment_bytes_max = 65536;
    if (!x->d)
        x->d = packet_decoder_new(&conf);
    assert_non_null(x->d);
    x->frame = (struct packet_frame){.bytes = bytes, .time_us = 1000000, .number = 1, .link = link};
    x->count = packet_decode(x->d, &x->frame, x->out);
}

static bool has_event(const struct packet *p, const char *name)
{
    for (uint32_t i = 0; i < p->event_count; i++)
        if (strcmp(packet_event_name((enum packet_event)p->events[i]), name) == 0)
            return true;
    return false;
}

static void assert_ip(const struct ip *ip, const char *want)
{
    char text[IP_TEXT_BYTES];
    ip_format(ip, text);
    assert_string_equal(text, want);
}

static void tcp_over_each_ip(void **state)
{
    static const struct made_ends *const rows[] = {&ends4, &ends6};
    static const uint8_t options[] = {2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0,
                                      0, 7, 0, 0,    0, 9, 1, 3,  3, 7};
    static struct made_frame m;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct decoded x = {0};
        struct packet_tcp tcp = {
            .seq = 0xfffffff0, .ack = 17, .flags = TCP_SYN | TCP_ACK, .window = 512, .urgent = 3};
        made_begin(&m, STR_LIT("hello"));
        made_tcp(&m, rows[i], &tcp, str_of(options, sizeof options));
        made_ip(&m, rows[i], 6, STR_EMPTY);
        made_ether(&m, rows[i] == &ends4 ? 0x0800 : 0x86dd);
        decode(&x, made_str(&m), PACKET_LINK_ETHERNET);
        const struct packet *p = &x.out[0];
        assert_int_equal(x.count, 1);
        assert_int_equal(p->event_count, 0);
        assert_int_equal(p->l4, PACKET_L4_TCP);
        assert_ip(&p->src, rows[i]->src);
        assert_ip(&p->dst, rows[i]->dst);
        assert_int_equal(p->src_port, 40000);
        assert_int_equal(p->dst_port, 80);
        assert_int_equal(p->tcp.seq, 0xfffffff0);
        assert_int_equal(p->tcp.ack, 17);
        assert_int_equal(p->tcp.flags, TCP_SYN | TCP_ACK);
        assert_int_equal(p->tcp.window, 512);
        assert_int_equal(p->tcp.urgent, 3);
        assert_int_equal(p->tcp.mss, 1460);
        assert_true(p->tcp.sack_permitted && p->tcp.has_timestamps && p->tcp.has_window_scale);
        assert_int_equal(p->tcp.ts_value, 7);
        assert_int_equal(p->tcp.ts_echo, 9);
        assert_int_equal(p->tcp.window_scale, 7);
        assert_true(str_eq(p->payload, STR_LIT("hello")));
        assert_false(p->checksum_bad);
        assert_true(p->has_mac);
        assert_int_equal(p->src_mac.bytes[5], 0x0a);
        assert_int_equal(p->dst_mac.bytes[5], 0x0b);
        assert_int_equal(p->ttl, 64);
        packet_decoder_free(x.d);
    }
}

static void event_names_are_found(void **state)
{
    for (unsigned i = 1; i < PACKET_EVENT_COUNT; i++) {
        const char *name = packet_event_name((enum packet_event)i);
        assert_non_null(name);
        assert_int_equal(packet_event_find(str_c(name)), i);
    }
    assert_int_equal(packet_event_find(STR_LIT("IPv4.Trunc_Pkt")), PACKET_EVENT_IPV4_TRUNC_PKT);
    assert_int_equal(packet_event_find(STR_LIT("no.such")), PACKET_EVENT_NONE);
    assert_int_equal(packet_event_find(STR_LIT("none")), PACKET_EVENT_NONE);
}

static void damaged_ip4(void **state)
{
    static const struct {
        const char *name;
        size_t at; /* in the IP header */
        uint8_t value;
        const char *want;
    } rows[] = {
        {"version", 0, 0x55, "ipv4.wrong_ip_version"},
        {"header length", 0, 0x44, "ipv4.hlen_too_small"},
        {"total below header", 3, 19, "ipv4.iplen_smaller_than_hlen"},
        {"total above frame", 2, 0x10, "ipv4.trunc_pkt"},
        {"header above frame", 0, 0x4f, "ipv4.iplen_smaller_than_hlen"},
    };
    static struct made_frame m;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct decoded x = {0};
        made_begin(&m, STR_LIT("x"));
        made_udp(&m, &ends4);
        made_ip(&m, &ends4, 17, STR_EMPTY);
        *made_byte(&m, rows[i].at) = rows[i].value;
        made_ether(&m, 0x0800);
        decode(&x, made_str(&m), PACKET_LINK_ETHERNET);
        if (!has_event(&x.out[0], rows[i].want))
            fail_msg("%s: no %s", rows[i].name, rows[i].want);
        assert_int_equal(x.out[0].l4, PACKET_L4_NONE);
        assert_int_equal(packet_decoder_counts(x.d)->invalid, 1);
        packet_decoder_free(x.d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tcp_over_each_ip),
        cmocka_unit_test(event_names_are_found),
        cmocka_unit_test(damaged_ip4),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
