/* Whole frames through packet_decode: what each layer gives, and what is said of damaged ones. */
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
    static const struct made_ends *const rows[] = {&made_ends4, &made_ends6};
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
        made_ether(&m, rows[i] == &made_ends4 ? 0x0800 : 0x86dd);
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
    for (unsigned i = 2; i < PACKET_EVENT_COUNT;
         i++) { /* a layer's names stand together: statistics are nested by it */
        struct str before = str_c(packet_event_name((enum packet_event)(i - 1)));
        struct str layer = str_c(packet_event_name((enum packet_event)i));
        struct str rest = layer, rest_before = before;
        layer = str_split(&rest, '.');
        before = str_split(&rest_before, '.');
        for (unsigned k = 1; !str_eq(layer, before) && k < i; k++) {
            struct str other = str_c(packet_event_name((enum packet_event)k));
            assert_false(str_eq(layer, str_split(&other, '.')));
        }
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
        made_udp(&m, &made_ends4);
        made_ip(&m, &made_ends4, 17, STR_EMPTY);
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

/* Each kind comes out whole: right layers, right payload, nothing wrong with it. */
static void every_kind(void **state)
{
    static struct made_frame m;
    for (size_t i = 0; i < made_kind_count; i++) {
        const struct made_kind *kind = &made_kinds[i];
        struct decoded x = {0};
        kind->make(&m);
        decode(&x, made_str(&m), kind->link);
        const struct packet *p = &x.out[0], *last = &x.out[x.count - 1];
        if (x.count != kind->packet_count || last->l4 != kind->l4 || last->checksum_bad ||
            !packet_ip_checksum_good(last) || !packet_l4_checksum_good(last))
            fail_msg("%s: %u packets, l4 %d, checksum %d", kind->name, x.count, last->l4,
                     last->checksum_bad);
        if (p->ether_type != kind->ether_type || p->vlan_count != kind->vlan_count)
            fail_msg("%s: type %04x, %d tags", kind->name, p->ether_type, p->vlan_count);
        bool whole_with_header = strcmp(kind->name, "extensions_udp6") == 0;
        if (p->event_count != whole_with_header)
            fail_msg("%s: %s", kind->name, packet_event_name((enum packet_event)p->events[0]));
        if (last->l4 == PACKET_L4_UDP || last->l4 == PACKET_L4_TCP)
            assert_true(str_eq(last->payload, STR_LIT("hello")));
        assert_int_equal(packet_decoder_counts(x.d)->invalid, 0);
        packet_decoder_free(x.d);
    }
}

/* Cut off after every byte, in memory that ends there: nothing is read behind it (the sanitizer watches), and what is
 * handed out lies inside the frame. */
static void every_kind_cut_at_every_byte(void **state)
{
    static struct made_frame m;
    struct decoded x = {0};
    for (size_t i = 0; i < made_kind_count; i++) {
        made_kinds[i].make(&m);
        struct str whole = made_str(&m);
        for (size_t len = 0; len < whole.len; len++) {
            uint8_t *copy = malloc(len + !len);
            memcpy(copy, whole.p, len);
            decode(&x, str_of(copy, len), made_kinds[i].link);
            assert_in_range(x.count, 1, PACKET_OUT_MAX);
            for (uint32_t at = 0; at < x.count; at++) {
                struct str payload = x.out[at].payload;
                assert_true(payload.len == 0 ||
                            (payload.p >= copy && payload.p + payload.len <= copy + len));
            }
            free(copy);
        }
    }
    packet_decoder_free(x.d);
}

/* Every byte of every kind set to values that headers do not like. */
static void every_kind_with_every_byte_spoiled(void **state)
{
    static const uint8_t values[] = {0x00, 0x01, 0x40, 0x45, 0x4f, 0x60, 0x7f, 0x80, 0xff};
    static struct made_frame m;
    struct decoded x = {0};
    for (size_t i = 0; i < made_kind_count; i++) {
        made_kinds[i].make(&m);
        struct str whole = made_str(&m);
        uint8_t *copy = malloc(whole.len);
        for (size_t at = 0; at < whole.len; at++)
            for (size_t v = 0; v < sizeof values; v++) {
                memcpy(copy, whole.p, whole.len);
                copy[at] = values[v];
                decode(&x, str_of(copy, whole.len), made_kinds[i].link);
                assert_in_range(x.count, 1, PACKET_OUT_MAX);
            }
        free(copy);
    }
    packet_decoder_free(x.d);
}

static void spoiled_checksums(void **state)
{
    static const struct {
        const char *name;
        size_t at; /* byte to spoil */
        bool ip, l4;
    } rows[] = {
        {"ether_tcp4", 14 + 8, true, false}, /* TTL */
        {"ether_tcp4", 14 + 20 + 4, false, true},  {"ether_tcp6", 14 + 40 + 4, false, true},
        {"ether_udp4", 14 + 20 + 8, false, true},  {"ether_udp6", 14 + 40 + 8, false, true},
        {"ether_ping4", 14 + 20 + 5, false, true}, {"ether_ping6", 14 + 40 + 5, false, true},
        {"ether_udp6", 14 + 8 + 15, false, true}, /* the address is in the pseudo header */
    };
    static struct made_frame m;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct decoded x = {0};
        for (size_t k = 0; k < made_kind_count; k++)
            if (strcmp(made_kinds[k].name, rows[i].name) == 0)
                made_kinds[k].make(&m);
        *made_byte(&m, rows[i].at) ^= 0x55;
        decode(&x, made_str(&m), PACKET_LINK_ETHERNET);
        if (x.out[0].ip_checksum_bad != rows[i].ip || x.out[0].l4_checksum_bad != rows[i].l4 ||
            !x.out[0].checksum_bad || packet_ip_checksum_good(&x.out[0]) == rows[i].ip ||
            packet_l4_checksum_good(&x.out[0]) == rows[i].l4)
            fail_msg("%s %zu", rows[i].name, rows[i].at);
        x.frame.checksum_known_good = true;
        packet_decode(x.d, &x.frame, x.out);
        assert_false(x.out[0].checksum_bad);
        assert_true(packet_ip_checksum_good(&x.out[0]) && packet_l4_checksum_good(&x.out[0]));
        packet_decoder_free(x.d);
    }
}

static void udp_without_checksum_is_good(void **state)
{
    static struct made_frame m;
    struct decoded x = {0};
    made_begin(&m, STR_LIT("x"));
    made_udp(&m, &made_ends4);
    *made_byte(&m, 6) = *made_byte(&m, 7) = 0;
    made_ip(&m, &made_ends4, 17, STR_EMPTY);
    made_ether(&m, 0x0800);
    decode(&x, made_str(&m), PACKET_LINK_ETHERNET);
    assert_false(x.out[0].checksum_bad);
    assert_true(packet_l4_checksum_good(&x.out[0]));
    packet_decoder_free(x.d);
}

static void no_checksums_when_switched_off(void **state)
{
    static struct made_frame m;
    struct packet_conf conf;
    struct packet out[PACKET_OUT_MAX];
    packet_conf_defaults(&conf);
    conf.verify_checksums = false;
    struct packet_decoder *d = packet_decoder_new(&conf);
    made_kinds[0].make(&m);
    *made_byte(&m, 14 + 8) ^= 1;
    *made_byte(&m, 14 + 20 + 4) ^= 1;
    struct packet_frame frame = {.bytes = made_str(&m), .link = PACKET_LINK_ETHERNET};
    packet_decode(d, &frame, out);
    assert_false(out[0].checksum_bad);
    assert_false(packet_ip_checksum_good(&out[0]) || packet_l4_checksum_good(&out[0]));
    packet_decoder_free(d);
}

/* Options of IPv4 (ip true) or TCP, and the event they give, or NULL. */
static void options(void **state)
{
    static const struct {
        const char *name;
        bool ip;
        uint8_t bytes[16];
        size_t len;
        const char *want;
    } rows[] = {
        {"router alert", true, {148, 4, 0, 0, 1, 1, 1, 1}, 8, NULL},
        {"needs padding", true, {148, 4, 0, 0}, 4, "ipv4.opt_pad_required"},
        {"twice", true, {148, 4, 0, 0, 148, 4, 0, 0}, 8, "ipv4.opt_duplicate"},
        {"length 1", true, {148, 1, 0, 0, 0, 0, 0, 0}, 8, "ipv4.opt_invalid_len"},
        {"beyond the end", true, {148, 9, 0, 0, 0, 0, 0, 0}, 8, "ipv4.opt_invalid_len"},
        {"wrong length", true, {148, 3, 0, 0, 0, 0, 0, 0}, 8, "ipv4.opt_invalid_len"},
        {"no length", true, {1, 1, 1, 1, 1, 1, 1, 148}, 8, "ipv4.opt_eol_required"},
        {"pointer", true, {7, 7, 3, 0, 0, 0, 0, 0}, 8, "ipv4.opt_malformed"},
        {"unknown", true, {99, 4, 0, 0, 0, 0, 0, 0}, 8, "ipv4.opt_unknown"},
        {"mss", false, {2, 4, 1, 2}, 4, NULL},
        {"mss length", false, {2, 3, 1, 0}, 4, "tcp.opt_invalid_len"},
        {"mss twice", false, {2, 4, 1, 2, 2, 4, 1, 2}, 8, "tcp.opt_duplicate"},
        {"sack", false, {1, 1, 5, 10, 0, 0, 0, 1, 0, 0, 0, 2}, 12, NULL},
        {"sack length", false, {5, 9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0}, 12, "tcp.opt_invalid_len"},
        {"timestamps length",
         false,
         {8, 9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0},
         12,
         "tcp.opt_invalid_len"},
        {"window scale", false, {3, 3, 14, 1}, 4, NULL},
        {"too wide a window", false, {3, 3, 15, 1}, 4, "tcp.opt_wscale_over_max"},
        {"length 0", false, {2, 0, 0, 0}, 4, "tcp.opt_invalid_len"},
        {"beyond the end", false, {2, 5, 0, 0}, 4, "tcp.opt_invalid_len"},
        {"fast open cookie", false, {34, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1}, 12, NULL},
        {"fast open length", false, {34, 5, 1, 2, 3, 1, 1, 1}, 8, "tcp.opt_invalid_len"},
        {"unknown is let be", false, {99, 4, 1, 2}, 4, NULL},
    };
    static struct made_frame m;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct decoded x = {0};
        struct str bytes = str_of(rows[i].bytes, rows[i].len);
        made_begin(&m, STR_LIT("x"));
        made_tcp(&m, &made_ends4, &(struct packet_tcp){.flags = TCP_SYN},
                 rows[i].ip ? STR_EMPTY : bytes);
        made_ip(&m, &made_ends4, 6, rows[i].ip ? bytes : STR_EMPTY);
        made_ether(&m, 0x0800);
        decode(&x, made_str(&m), PACKET_LINK_ETHERNET);
        bool right = rows[i].want ? has_event(&x.out[0], rows[i].want) : x.out[0].event_count == 0;
        if (!right || x.out[0].l4 != PACKET_L4_TCP)
            fail_msg("%s", rows[i].name);
        packet_decoder_free(x.d);
    }
}

/* One byte of a good frame changed: the event that it must give. */
static void damaged_kinds(void **state)
{
    static const struct {
        const char *kind;
        size_t at;
        uint8_t value;
        const char *want;
    } rows[] = {
        {"ether_tcp4", 14 + 20 + 12, 0x40, "tcp.hlen_too_small"},
        {"ether_tcp4", 14 + 20 + 12, 0xf0, "tcp.invalid_optlen"},
        {"ether_udp4", 14 + 20 + 5, 7, "udp.len_invalid"},
        {"ether_udp4", 14 + 20 + 5, 14, "udp.pkt_too_small"},
        {"ether_udp4", 13, 0x99, "ethernet.unknown_ethertype"},
        {"ether_udp4", 14 + 9, 58, "ipv4.icmpv6"},
        {"ether_udp4", 14 + 9, 200, "ipv4.unknown_protocol"},
        {"ether_udp6", 14 + 6, 1, "ipv6.icmpv4"},
        {"ether_udp6", 14 + 6, 200, "ipv6.unknown_next_header"},
        {"ether_udp6", 14 + 6, 59, "ipv6.data_after_none_header"},
        {"ether_udp6", 14, 0x40, "ipv6.wrong_ip_version"},
        {"ether_udp6", 14 + 5, 200, "ipv6.trunc_pkt"},
        {"ether_ping4", 14 + 20, 99, "icmpv4.unknown_type"},
        {"ether_ping4", 14 + 20 + 1, 1, "icmpv4.unknown_code"},
        {"ether_ping6", 14 + 40, 200, "icmpv6.experimentation_type"},
        {"ether_ping6", 14 + 40, 50, "icmpv6.unassigned_type"},
        {"ether_ping6", 14 + 40, 0, "icmpv6.unknown_type"},
        {"ether_ping6", 14 + 40, 130, "icmpv6.mld_message_with_invalid_hl"},
        {"ether_ping6", 14 + 40, 1, "icmpv6.ipv6_trunc_pkt"},
        {"ether_unreachable4", 14 + 20 + 8, 0x65, "icmpv4.ipv4_unknown_ver"},
        {"ether_ping4", 14 + 20, 3, "icmpv4.ipv4_trunc_pkt"},
        {"vlan_udp4", 17, 0x99, "vlan.unknown_type"},
        {"pppoe_udp4", 14, 0x21, "pppoe.wrong_code"},
        {"pppoe_udp4", 19, 200, "pppoe.pkt_too_small"},
        {"pppoe_udp4", 21, 0x25, "ppp.unsup_proto"},
        {"pppoe_udp4", 20, 0x70, "ppp.wrong_type"},
        {"pppoe_discovery", 15, 1, "pppoe.wrong_code"},
        {"pppoe_discovery", 23, 9, "pppoe.malformed_tags"},
        {"mpls_tcp4", 22, 0x10, "mpls.unknown_payload_type"},
        {"arp", 15, 2, "arp.unsupported_hardware"},
        {"arp", 16, 9, "arp.unsupported_protocol"},
        {"arp", 18, 5, "arp.invalid_hardware_size"},
        {"arp", 19, 5, "arp.invalid_protocol_size"},
        {"arp", 21, 99, "arp.unsupported_opcode"},
        {"null_udp4", 0, 99, "ltnull.unsupported_type"},
        {"raw_tcp4", 0, 0x55, "ipraw.invalid_ip_version"},
        {"extensions_udp6", 14 + 40 + 1, 200, "ipv6.trunc_exthdr"},
        {"extensions_udp6", 14 + 40 + 3, 20, "ipv6.exthdr_invalid_optlen"},
        {"extensions_udp6", 14 + 40 + 2, 0x99, "ipv6.hopopts_unknown_opt"},
        {"extensions_udp6", 14 + 40 + 2, 1, "ipv6.hopopts_only_padding"},
        {"extensions_udp6", 14 + 48 + 2, 0, "ipv6.rh_type_0"},
        {"extensions_udp6", 14 + 48, 43, "ipv6.exthdr_dupl_rh"},
        {"extensions_udp6", 14 + 72 + 2, 0x99, "ipv6.dstopts_unknown_opt"},
        {"extensions_udp6", 14 + 80 + 1, 1, "ipv6.fh_non_zero_reserved_field"},
        {"extensions_udp6", 14 + 80, 44, "ipv6.exthdr_dupl_fh"},
        {"ip4_in_6", 14 + 40, 0x65, "ipv6.ipv4_in_ipv6_wrong_version"},
        {"gre_tcp4", 14 + 20 + 1, 2, "gre.wrong_version"},
        {"gre_tcp4", 14 + 20 + 1, 0x40, "gre.version0_flags"},
        {"gre_tcp4", 14 + 20, 0x31, "gre.version0_recur"},
        {"gre_routed_ether6", 14 + 40 + 11, 200, "gre.version0_malformed_sre_hdr"},
        {"pptp_udp4", 14 + 20, 0xb0, "gre.version1_chksum"},
        {"pptp_udp4", 14 + 20, 0x70, "gre.version1_route"},
        {"pptp_udp4", 14 + 20, 0x38, "gre.version1_ssr"},
        {"pptp_udp4", 14 + 20, 0x31, "gre.version1_recur"},
        {"pptp_udp4", 14 + 20, 0x10, "gre.version1_no_key"},
        {"pptp_udp4", 14 + 20 + 1, 0x89, "gre.version1_flags"},
        {"pptp_udp4", 14 + 20 + 2, 0x08, "gre.version1_wrong_protocol"},
        {"erspan_udp4", 14 + 20 + 8, 0x30, "erspan.unsupported_version"},
        {"geneve_udp6", 14 + 28 + 2, 0x99, "geneve.unknown_payload_type"},
        {"vntag_udp4", 14 + 4, 0x99, "vntag.unknown_type"},
        {"nsh_tcp4", 14, 0x40, "nsh.unsupported_version"},
        {"nsh_tcp4", 15, 1, "nsh.bad_header_length"},
        {"nsh_tcp4", 17, 9, "nsh.unknown_payload"},
        {"extensions_udp6", 14 + 88 + 2, 1, "ipv6.exthdr_ah_res_not_null"},
    };
    static struct made_frame m;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct decoded x = {0};
        for (size_t k = 0; k < made_kind_count; k++) {
            if (strcmp(made_kinds[k].name, rows[i].kind) != 0)
                continue;
            made_kinds[k].make(&m);
            *made_byte(&m, rows[i].at) = rows[i].value;
            decode(&x, made_str(&m), made_kinds[k].link);
        }
        if (!has_event(&x.out[0], rows[i].want))
            fail_msg("%s[%zu]: no %s", rows[i].kind, rows[i].at, rows[i].want);
        packet_decoder_free(x.d);
    }
}

/* What is inside a tunnel knows the one around it; a frame inside has its own addresses and tags. */
static void tunnels(void **state)
{
    static struct made_frame m;
    for (size_t i = 0; i < made_kind_count; i++) {
        struct decoded x = {0};
        if (made_kinds[i].packet_count != 2)
            continue;
        made_kinds[i].make(&m);
        decode(&x, made_str(&m), made_kinds[i].link);
        assert_ptr_equal(x.out[1].outer, &x.out[0]);
        assert_int_equal(x.out[1].origin, PACKET_TUNNELLED);
        assert_null(x.out[0].outer);
        assert_int_equal(packet_decoder_counts(x.d)->tunnels, 1);
        if (strcmp(made_kinds[i].name, "erspan_udp4") == 0) {
            assert_int_equal(x.out[1].vlan_count, 1);
            assert_int_equal(x.out[1].vlan[0], 0x65);
            assert_true(x.out[1].has_mac);
        }
        packet_decoder_free(x.d);
    }
}

static void stripped_tag_is_outermost(void **state)
{
    static struct made_frame m;
    struct decoded x = {0};
    made_begin(&m, STR_LIT("x"));
    made_udp(&m, &made_ends4);
    made_ip(&m, &made_ends4, 17, STR_EMPTY);
    made_vlan(&m, 0x0800, 7);
    made_ether(&m, 0x8100);
    decode(&x, made_str(&m), PACKET_LINK_ETHERNET);
    x.frame.stripped_vlan = 0x1000 | 5;
    packet_decode(x.d, &x.frame, x.out);
    assert_int_equal(x.out[0].vlan_count, 2);
    assert_int_equal(x.out[0].vlan[0], 5);
    assert_int_equal(x.out[0].vlan[1], 7);
    assert_int_equal(x.out[0].l4, PACKET_L4_UDP);
    *made_byte(&m, 17) = 1; /* the type behind the tag: 0x0801 */
    packet_decode(x.d, &x.frame, x.out);
    assert_true(has_event(&x.out[0], "vlan.unknown_type"));
    packet_decoder_free(x.d);
}

static void fourth_tag_is_too_many(void **state)
{
    static struct made_frame m;
    struct decoded x = {0};
    made_begin(&m, STR_LIT("x"));
    for (int i = 0; i < 4; i++)
        made_vlan(&m, i ? 0x8100 : 0x0800, 7);
    made_ether(&m, 0x8100);
    decode(&x, made_str(&m), PACKET_LINK_ETHERNET);
    assert_int_equal(x.out[0].vlan_count, 3);
    assert_true(has_event(&x.out[0], "vlan.too_many_layers"));
    packet_decoder_free(x.d);
}

/* Padding behind the IP packet and behind the UDP datagram belongs to nobody. */
static void padding_is_no_payload(void **state)
{
    static struct made_frame m;
    static uint8_t padded[200];
    struct decoded x = {0};
    made_kinds[2].make(&m);
    struct str bytes = made_str(&m);
    memcpy(padded, bytes.p, bytes.len);
    decode(&x, str_of(padded, sizeof padded), PACKET_LINK_ETHERNET);
    assert_true(str_eq(x.out[0].payload, STR_LIT("hello")));
    assert_false(x.out[0].checksum_bad);
    packet_decoder_free(x.d);
}

/* A frame that is nothing but headers inside each other ends soon. */
static void nested_without_end(void **state)
{
    static uint8_t bytes[60000];
    struct decoded x = {0};
    static const uint8_t backbone[18] = {2, 0, 0, 0,    0,    1, 2, 0, 0,
                                         0, 0, 2, 0x88, 0xe7, 0, 0, 0, 1};
    for (size_t at = 0; at + sizeof backbone <= sizeof bytes; at += sizeof backbone)
        memcpy(bytes + at, backbone, sizeof backbone);
    decode(&x, str_of(bytes, sizeof bytes), PACKET_LINK_ETHERNET);
    assert_true(has_event(&x.out[0], "too_many_layers"));
    for (size_t at = 0; at + 20 <= sizeof bytes; at += 20) {
        size_t left = sizeof bytes - at;
        const uint8_t header[20] = {0x45, 0, (uint8_t)(left >> 8), (uint8_t)left, 0, 0, 0, 0, 1, 4};
        memcpy(bytes + at, header, sizeof header);
    }
    decode(&x, str_of(bytes, sizeof bytes), PACKET_LINK_RAW);
    assert_int_equal(x.count, PACKET_OUT_MAX);
    assert_true(has_event(&x.out[PACKET_OUT_MAX - 1], "too_many_layers"));
    packet_decoder_free(x.d);
}

/* RFC 7112: a fragment header with too little of the transport behind it. */
static void cut_transport_behind_fragment_header(void **state)
{
    static struct made_frame m;
    struct decoded x = {0};
    made_begin(&m, STR_LIT("x"));
    made_front(&m, str_of((const uint8_t[]){6, 0, 0, 0, 0, 0, 0, 1}, 8));
    made_ip(&m, &made_ends6, 44, STR_EMPTY);
    decode(&x, made_str(&m), PACKET_LINK_RAW);
    assert_true(has_event(&x.out[0], "ipv6.trunc_exthdr"));
    assert_true(has_event(&x.out[0], "ipv6.exthdr_useless_fh"));
    assert_int_equal(x.out[0].event_count, 2);
    packet_decoder_free(x.d);
}

/* A fault that a packet is full of is said twice, so that others are still heard. */
static void repeated_faults(void **state)
{
    static struct made_frame m;
    struct decoded x = {0};
    made_begin(&m, STR_LIT("x"));
    made_udp(&m, &made_ends4);
    made_ip(&m, &made_ends4, 17,
            str_of((const uint8_t[]){99, 2, 99, 2, 99, 2, 99, 2, 99, 2, 148, 9}, 12));
    decode(&x, made_str(&m), PACKET_LINK_RAW);
    assert_int_equal(x.out[0].event_count, 4);
    assert_true(has_event(&x.out[0], "ipv4.opt_pad_required"));
    assert_true(has_event(&x.out[0], "ipv4.opt_invalid_len"));
    assert_int_equal(packet_decoder_counts(x.d)->events[PACKET_EVENT_IPV4_OPT_UNKNOWN], 5);
    packet_decoder_free(x.d);
}

static void unknown_link_is_let_be(void **state)
{
    struct decoded x = {0};
    decode(&x, STR_LIT("whatever"), 4711);
    assert_int_equal(x.count, 1);
    assert_int_equal(x.out[0].src.version, 0);
    assert_int_equal(x.out[0].event_count, 0);
    packet_decoder_free(x.d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tcp_over_each_ip),
        cmocka_unit_test(event_names_are_found),
        cmocka_unit_test(damaged_ip4),
        cmocka_unit_test(every_kind),
        cmocka_unit_test(every_kind_cut_at_every_byte),
        cmocka_unit_test(every_kind_with_every_byte_spoiled),
        cmocka_unit_test(spoiled_checksums),
        cmocka_unit_test(udp_without_checksum_is_good),
        cmocka_unit_test(no_checksums_when_switched_off),
        cmocka_unit_test(options),
        cmocka_unit_test(damaged_kinds),
        cmocka_unit_test(tunnels),
        cmocka_unit_test(stripped_tag_is_outermost),
        cmocka_unit_test(fourth_tag_is_too_many),
        cmocka_unit_test(padding_is_no_payload),
        cmocka_unit_test(nested_without_end),
        cmocka_unit_test(cut_transport_behind_fragment_header),
        cmocka_unit_test(repeated_faults),
        cmocka_unit_test(unknown_link_is_let_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
