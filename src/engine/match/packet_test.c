/* Packets: headers that go on in the payload, bits that are asked for in the packet that sets them, rules asked once. */
#include "engine/match/double.h"

#include "base/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define S(text) STR_LIT(text)

static void icmp_headers(void **state)
{
    static const struct {
        const char *name;
        uint8_t type;
        const char *bytes; /* header and payload, one after the other */
        size_t len;
        const char *want;
    } rows[] = {
        {"echo: eight bytes", 8, "\x08\x00\x00\x00\x00\x01\x00\x01WORD", 12, ""},
        {"timestamp: twenty", 13, "\x0d\x00\x00\x00\x00\x01\x00\x01____WORDcccc", 20, "1"},
        {"router advertisement with one address", 9, "\x09\x00\x00\x00\x01\x02\x07\x08WORDdddd", 16,
         "1"},
        {"it says two and has half a one", 9, "\x09\x00\x00\x00\x02\x02\x07\x08WORD", 12, "1"},
        {"it says none", 9, "\x09\x00\x00\x00\x00\x02\x07\x08WORD", 12, ""},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct stage *s =
            stage_new("alert icmp any any -> any any (icmpv4.hdr; content:\"WORD\"; sid:1;)");
        stage_header(s, PACKET_L4_ICMP4, DIR_TOSERVER);
        s->packet.icmp_type = rows[i].type;
        s->packet.l4_header = str_of(rows[i].bytes, 8);
        const char *said = stage_packet(s, str_of(rows[i].bytes + 8, rows[i].len - 8));
        if (strcmp(said, rows[i].want) != 0)
            fail_msg("%s: \"%s\"", rows[i].name, said);
        stage_free(s);
    }
}

/* One packet, all looks at it, as the engine does them. */
static const char *whole_packet(struct stage *s, struct str payload)
{
    struct field_window w = {payload, 0, false};
    s->packet.payload = payload;
    s->hits.count = s->hits.lost = 0;
    match_packet(s->worker, &s->view, &s->hits);
    match_stream(s->worker, &s->view, &w, 0, &s->hits);
    match_raised(s->worker, &s->view, &s->hits);
    return stage_say(s);
}

/* What 200 bytes at these times say to rules of each side, with 400 bytes in an interval; checked against Suricata 8.0.8. */
static void large_flows_are_elephants(void **state)
{
    static const char rules[] = "alert udp any any -> any any (flow.elephant:toserver; sid:1;)\n"
                                "alert udp any any -> any any (flow.elephant:toclient; sid:2;)\n"
                                "alert udp any any -> any any (flow.elephant:either; sid:3;)\n"
                                "alert udp any any -> any any (flow.elephant:both; sid:4;)\n";
    static const struct {
        const char *name, *interval;
        struct {
            int ms;
            enum dir dir;
        } packets[6];
        uint32_t count;
        const char *want; /* at the last packet */
    } rows[] = {
        {"seconds of the clock", "1", {{900, 0}, {1100, 0}, {5000, 0}}, 3, ""},
        {"in one second", "1", {{200, 0}, {900, 0}}, 2, "1 3"},
        {"in the next one", "1", {{200, 0}, {1100, 0}, {1300, 0}}, 3, "1 3"},
        {"in two", "2", {{200, 0}, {1900, 0}}, 2, "1 3"},
        {"in three", "2", {{200, 0}, {2000, 0}, {3000, 1}}, 3, ""},
        {"once is always", "1", {{200, 0}, {900, 0}, {90000, 0}}, 3, "1 3"},
        {"both", "10", {{0, 1}, {1, 0}, {2, 1}, {3, 0}}, 4, "1 2 3 4"},
        {"each for itself", "10", {{0, 1}, {1, 0}, {2, 1}}, 3, "2 3"},
        {"back in time", "2", {{9000, 0}, {100, 0}}, 2, "1 3"},
        {"a long silence", "60", {{0, 0}, {400000, 0}, {999999, 0}}, 3, ""},
        {"no interval", "0", {{0, 0}, {0, 0}, {0, 0}}, 3, ""},
        {"longer than is kept", "86400", {{0, 0}, {59999, 0}}, 2, "1 3"},
        {"beyond what is kept", "86400", {{0, 0}, {60000, 0}}, 2, ""},
    };
    static uint8_t frame[200];
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct err err;
        char setting[64];
        struct conf *conf = conf_new();
        snprintf(setting, sizeof setting, "flow.rate-tracking.interval=%s", rows[i].interval);
        assert_int_equal(conf_set(conf, setting, &err), 0);
        assert_int_equal(conf_set(conf, "flow.rate-tracking.bytes=400", &err), 0);
        struct stage *s = stage_new_with(rules, conf);
        const char *said = "";
        s->frame.bytes = str_of(frame, sizeof frame);
        for (uint32_t k = 0; k < rows[i].count; k++) {
            stage_header(s, PACKET_L4_UDP, rows[i].packets[k].dir);
            s->view.now_us = (int64_t)1767225600 * 1000000 + rows[i].packets[k].ms * (int64_t)1000;
            said = stage_packet(s, STR_LIT("x"));
        }
        if (strcmp(said, rows[i].want) != 0)
            fail_msg("%s: \"%s\"", rows[i].name, said);
        stage_free(s);
        conf_free(conf);
    }
}

static void bits_of_the_stream_are_heard_in_the_same_packet(void **state)
{
    struct stage *s = stage_new(
        "alert tcp any any -> any any (content:\"mark\"; flowbits:set,a; sid:1;)\n"
        "alert tcp any any -> any any (flowbits:isset,a; dsize:4; sid:2;)\n"
        "alert tcp any any -> any any (flowbits:isset,a; dsize:5; sid:3;)\n"
        "alert tcp any any -> any any (flowbits:isset,b; dsize:4; sid:4;)\n"
        "alert tcp any any -> any any (flowbits:isset,a; dsize:4; flowbits:set,b; sid:5;)\n");
    stage_header(s, PACKET_L4_TCP, DIR_TOSERVER);
    s->view.stream_accepted = true;
    assert_string_equal(whole_packet(s, S("none")), "");
    assert_string_equal(whole_packet(s, S("mark")), "1 5 2");
    /* each once, and what it set is there */
    assert_string_equal(whole_packet(s, S("none")), "5 2 4");
    stage_free(s);
}

/* A rule that asks a bit is asked with every packet, not once for the flow. */
static void bits_alone(void **state)
{
    struct stage *s =
        stage_new("alert udp any any -> any any (flowbits:isset,a; sid:1;)\n"
                  "alert udp any any -> any any (content:\"mark\"; flowbits:set,a; sid:2;)\n"
                  "alert udp any any -> any any (sid:3;)\n");
    assert_string_equal(stage_packet(s, S("none")), "3");
    assert_string_equal(stage_packet(s, S("mark")), "2 1");
    assert_string_equal(stage_packet(s, S("none")), "1");
    stage_free(s);
}

static void calls_of_rpc(void **state)
{
    static const struct {
        const char *name, *words;
        const char *bytes;
        size_t len;
        bool want;
    } rows[] = {
#define CALL "abcd\0\0\0\0\0\0\0\2\0\1\206\240\0\0\0\2\0\0\0\3"
        {"all", "rpc:100000,2,3;", CALL, 24, true},
        {"any version", "rpc:100000,*,3;", CALL, 24, true},
        {"program alone", "rpc:100000;", CALL, 24, true},
        {"other procedure", "rpc:100000,2,4;", CALL, 24, false},
        {"other program", "rpc:100001,2,3;", CALL, 24, false},
        {"cut off", "rpc:100000,*,*;", CALL, 23, false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char rule[200];
        snprintf(rule, sizeof rule, "alert udp any any -> any any (%s sid:1;)", rows[i].words);
        struct stage *s = stage_new(rule);
        bool hit = stage_packet(s, str_of(rows[i].bytes, rows[i].len))[0] != 0;
        if (hit != rows[i].want)
            fail_msg("%s: wanted %d", rows[i].name, rows[i].want);
        stage_free(s);
    }
}

static void odd_elements(void **state)
{
    static const struct {
        const char *name, *words;
        const char *bytes;
        size_t len;
        bool want;
    } rows[] = {
        {"long", "asn1:oversize_length 10, absolute_offset 0;", "\x30\x02\x04\x0b", 4, true},
        {"not long", "asn1:oversize_length 11, absolute_offset 0;", "\x30\x02\x04\x0b", 4, false},
        {"long form", "asn1:oversize_length 65535, absolute_offset 0;", "\x04\x83\x01\x00\x00", 5,
         true},
        {"bits", "asn1:bitstring_overflow;", "\x30\x04\x03\x02\x08\x00", 6, true},
        {"bits are fine", "asn1:bitstring_overflow;", "\x30\x04\x03\x02\x07\x00", 6, false},
        {"real", "asn1:double_overflow;",
         "\x09\x82\x01\x01\x01"
         "1",
         6, true},
        {"real, binary", "asn1:double_overflow;",
         "\x09\x82\x01\x01\x80"
         "1",
         6, false},
        {"behind a content", "content:\"xx\"; asn1:oversize_length 3, relative_offset 1;",
         "xx.\x04\x04", 5, true},
        {"elsewhere", "content:\"xx\"; asn1:oversize_length 3, relative_offset 2;", "xx.\x04\x04",
         5, false},
        {"second element", "asn1:oversize_length 3, absolute_offset 0;", "\x02\x01\x05\x04\x04", 5,
         true},
        {"nothing there", "asn1:oversize_length 3, absolute_offset 9;", "\x02\x01\x05", 3, false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char rule[200];
        snprintf(rule, sizeof rule, "alert udp any any -> any any (%s sid:1;)", rows[i].words);
        struct stage *s = stage_new(rule);
        bool hit = stage_packet(s, str_of(rows[i].bytes, rows[i].len))[0] != 0;
        if (hit != rows[i].want)
            fail_msg("%s: wanted %d", rows[i].name, rows[i].want);
        stage_free(s);
    }
}

static void layers_of_vlans(void **state)
{
    static const struct {
        const char *words;
        uint16_t ids[2];
        uint8_t count;
        bool want;
    } rows[] = {
        {"vlan.id:5;", {4, 5}, 2, true},      {"vlan.id:5,0;", {4, 5}, 2, false},
        {"vlan.id:5,1;", {4, 5}, 2, true},    {"vlan.id:5,-1;", {4, 5}, 2, true},
        {"vlan.id:5,-2;", {4, 5}, 2, false},  {"vlan.id:5,-3;", {4, 5}, 2, false},
        {"vlan.id:>3,all;", {4, 5}, 2, true}, {"vlan.id:5,all;", {4, 5}, 2, false},
        {"vlan.id:5,all;", {0}, 0, false},    {"vlan.id:5;", {0}, 0, false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char rule[200];
        snprintf(rule, sizeof rule, "alert udp any any -> any any (%s sid:1;)", rows[i].words);
        struct stage *s = stage_new(rule);
        memcpy(s->packet.vlan, rows[i].ids, sizeof rows[i].ids);
        s->packet.vlan_count = rows[i].count;
        bool hit = stage_packet(s, S("a"))[0] != 0;
        if (hit != rows[i].want)
            fail_msg("%s: wanted %d", rows[i].words, rows[i].want);
        stage_free(s);
    }
}

static void variables_and_protocols(void **state)
{
    struct stage *s =
        stage_new("alert udp any any -> any any (pcre:\"/user=(\\w+)/, flow:user\"; sid:1;)\n"
                  "alert udp any any -> any any (content:\"go\"; flowvar:user,\"roo\"; sid:2;)\n"
                  "alert udp any any -> any any (content:\"go\"; flowvar:user,!\"roo\"; sid:3;)\n"
                  "alert udp any any -> any any (app-layer-protocol:dns; sid:4;)\n"
                  "alert udp any any -> any any (app-layer-protocol:dns,final; sid:5;)\n"
                  "alert udp any any -> any any (app-layer-protocol:dns,to_client; sid:6;)\n"
                  "alert sctp any any -> any any (dsize:1; sid:7;)\n"
                  "alert sctp any 7 -> any any (dsize:1; sid:8;)\n");
    assert_string_equal(stage_packet(s, S("go")), "");
    assert_string_equal(stage_packet(s, S("user=root")), "1");
    /* known of the flow, not yet of this direction */
    s->view.proto = s->view.proto_of[DIR_TOCLIENT] = APP_DNS;
    assert_string_equal(stage_packet(s, S("go")), "2 5");
    s->view.proto_of[DIR_TOSERVER] = APP_DNS;
    assert_string_equal(stage_packet(s, S("go")), "2 4 6");
    assert_string_equal(stage_packet(s, S("go")), "2");
    s->packet.l4 = PACKET_L4_OTHER;
    s->packet.ip_proto = 132;
    s->packet.src_port = 5;
    assert_string_equal(stage_packet(s, S("x")), "7");
    s->packet.src_port = 7;
    assert_string_equal(stage_packet(s, S("x")), "7 8");
    stage_free(s);
}

static void hooks_of_packets(void **state)
{
    struct stage *s = stage_new("alert udp:flow_start any any -> any any (sid:1;)\n"
                                "alert udp:all any any -> any any (sid:2;)\n"
                                "alert ip:flow_start any any -> any any (dsize:3; sid:3;)\n");
    s->flow.packets[DIR_TOSERVER] = 1;
    assert_string_equal(stage_packet(s, S("abc")), "1 2 3");
    s->flow.packets[DIR_TOSERVER] = 2;
    assert_string_equal(stage_packet(s, S("abc")), "2");
    stage_header(s, PACKET_L4_UDP, DIR_TOCLIENT);
    s->flow.packets[DIR_TOCLIENT] = 1;
    assert_string_equal(stage_packet(s, S("abcd")), "1 2");
    stage_free(s);
}

static void what_rules_say_of_a_flow(void **state)
{
    struct stage *s = stage_new(
        "alert udp any any -> any any (pcre:\"/user=(\\w+)/, flow:user\"; flowint:n,+,2; sid:1;)\n"
        "alert udp any any -> any any (pkt_data; entropy:value > 7; sid:2;)\n");
    const char *name;
    struct str value;
    int64_t number;
    double entropy;
    assert_false(match_flow_says(s->image, &s->state));
    stage_packet(s, S("user=ken"));
    assert_true(match_flow_says(s->image, &s->state));
    assert_true(match_flow_capture(s->image, &s->state, 0, &name, &value));
    assert_string_equal(name, "user");
    assert_true(str_eq(value, S("ken")));
    assert_true(match_flow_int(s->image, &s->state, 0, &name, &number));
    assert_string_equal(name, "n");
    assert_int_equal(number, 2);
    assert_false(match_flow_int(s->image, &s->state, 1, &name, &number));
    /* told although the rule does not hold: 7 letters of 8 are different, e twice */
    assert_true(match_flow_entropy(s->image, &s->state, 0, &name, &entropy));
    assert_string_equal(name, "content");
    assert_true(entropy > 2.74 && entropy < 2.76);
    stage_free(s);
}

/* Rules without a literal, which are walked: what rules them out early is what would rule them out later. */
static void walked(void **state)
{
    static const char rules[] =
        "alert udp any any -> any 69 (sid:1; dsize:<1000;)\n"
        "alert udp any [5,60:70] -> any any (sid:2; dsize:<1000;)\n"
        "alert udp any any <> any 69 (sid:3; dsize:<1000;)\n"
        "alert udp any any -> any any (dsize:4; sid:4;)\n"
        "alert udp any any -> any any (dsize:>4; sid:5;)\n"
        "alert udp any any -> any any (dsize:<4; sid:6;)\n"
        "alert udp any any -> any any (dsize:2<>6; sid:7;)\n"
        "alert udp any any -> any any (dsize:!4; sid:8;)\n"
        "alert udp any any -> any any (content:\"a\"; startswith; dsize:>0; sid:9;)\n"
        "alert dns any any -> any any (dsize:>0; sid:10;)\n"
        "alert udp any any -> any any (dsize:>3; dsize:<6; sid:11;)\n";
    static const struct {
        const char *name, *payload;
        uint16_t client_port, server_port;
        enum app_proto proto;
        enum dir dir;
        const char *want;
    } rows[] = {
        {"to the port", "bbbb", 5000, 69, APP_UNKNOWN, DIR_TOSERVER, "1 3 4 7 11"},
        {"from the port", "bbbb", 5000, 69, APP_UNKNOWN, DIR_TOCLIENT, "2 3 4 7 11"},
        {"back to the port", "bbbb", 69, 5000, APP_UNKNOWN, DIR_TOCLIENT, "1 3 4 7 11"},
        {"the lowest", "bbbb", 5, 5000, APP_UNKNOWN, DIR_TOSERVER, "2 4 7 11"},
        {"between two ranges", "bbbb", 6, 5000, APP_UNKNOWN, DIR_TOSERVER, "4 7 11"},
        {"the highest", "bbbb", 70, 5000, APP_UNKNOWN, DIR_TOSERVER, "2 4 7 11"},
        {"behind it", "bbbb", 71, 5000, APP_UNKNOWN, DIR_TOSERVER, "4 7 11"},
        {"small", "bbb", 6, 7, APP_UNKNOWN, DIR_TOSERVER, "6 7 8"},
        {"large", "bbbbb", 6, 7, APP_UNKNOWN, DIR_TOSERVER, "5 7 8 11"},
        {"larger", "bbbbbb", 6, 7, APP_UNKNOWN, DIR_TOSERVER, "5 8"},
        {"empty", "", 6, 7, APP_UNKNOWN, DIR_TOSERVER, "6"},
        {"bytes", "abbb", 6, 7, APP_UNKNOWN, DIR_TOSERVER, "4 7 9 11"},
        {"a protocol", "bbbb", 6, 7, APP_DNS, DIR_TOSERVER, "4 7 10 11"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct stage *s = stage_new(rules);
        s->flow.client_port = rows[i].client_port;
        s->flow.server_port = rows[i].server_port;
        stage_header(s, PACKET_L4_UDP, rows[i].dir);
        s->view.proto = s->view.proto_of[0] = s->view.proto_of[1] = rows[i].proto;
        const char *said = stage_packet(s, str_c(rows[i].payload));
        if (strcmp(said, rows[i].want) != 0)
            fail_msg("%s: \"%s\"", rows[i].name, said);
        stage_free(s);
    }
}

static void what_rules_keep_of_a_packet(void **state)
{
    struct stage *s =
        stage_new("alert udp any any -> any any (pktvar:user,\"en\"; sid:1;)\n"
                  "alert udp any any -> any any (pktvar:user,\"bob\"; sid:2;)\n"
                  "alert udp any any -> any any (pcre:\"/user=(\\w+)/, pkt:user\"; sid:3;)\n");
    const char *name;
    struct str value;
    assert_string_equal(stage_packet(s, S("user=ken")), "3 1");
    assert_true(match_packet_capture(s->image, &s->hits.variables, 0, &name, &value));
    assert_string_equal(name, "user");
    assert_true(str_eq(value, S("ken")));
    assert_false(match_packet_capture(s->image, &s->hits.variables, 1, &name, &value));
    assert_false(match_packet_capture(s->image, NULL, 0, &name, &value));
    s->hits.variables.count = 0; /* it is told */
    assert_string_equal(stage_packet(s, S("nobody")), "");
    stage_free(s);
}

/* Traffic with scans of its own is asked for the same rules as all other. */
static void lanes(void **state)
{
    static const char rules[] =
        "alert http any any -> any any (content:\"aaaa\"; sid:1;)\n"
        "alert tcp any any -> any 80 (content:\"aaaa\"; sid:2;)\n"
        "alert tcp any any -> any 8080 (content:\"aaaa\"; sid:3;)\n"
        "alert tls any any -> any any (content:\"aaaa\"; sid:4;)\n"
        "alert tcp any 80 -> any any (content:\"aaaa\"; sid:5;)\n"
        "alert tcp any any <> any 80 (content:\"aaaa\"; sid:6;)\n"
        "alert tcp any any -> any !80 (content:\"aaaa\"; sid:7;)\n"
        "alert tcp any any -> any any (content:\"aaaa\"; dsize:<20; sid:8;)\n"
        "alert tcp-pkt any any -> any [1:79,81:65535] (content:\"aaaa\"; sid:9;)\n";
    static const struct {
        const char *name;
        uint16_t port;
        enum app_proto proto;
        enum dir dir;
        const char *want;
    } rows[] = {
        {"a request", 80, APP_HTTP1, DIR_TOSERVER, "1 2 6 8"},
        {"not known yet", 80, APP_UNKNOWN, DIR_TOSERVER, "2 6 8"},
        {"another protocol", 80, APP_TLS, DIR_TOSERVER, "2 4 6 8"},
        {"another port", 8080, APP_HTTP1, DIR_TOSERVER, "1 3 7 8 9"},
        {"an answer", 80, APP_HTTP1, DIR_TOCLIENT, "1 5 6 7 8 9"},
        {"an answer from another port", 8080, APP_HTTP1, DIR_TOCLIENT, "1 7 8 9"},
        {"TLS", 443, APP_TLS, DIR_TOSERVER, "4 7 8 9"},
        {"TLS, an answer", 443, APP_TLS, DIR_TOCLIENT, "4 7 8 9"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct stage *s = stage_new(rules);
        s->flow.server_port = rows[i].port;
        stage_header(s, PACKET_L4_TCP, rows[i].dir);
        s->view.proto = s->view.proto_of[0] = s->view.proto_of[1] = rows[i].proto;
        s->view.stream_accepted = true;
        const char *said = whole_packet(s, S("..aaaa.."));
        if (strcmp(said, rows[i].want) != 0)
            fail_msg("%s: \"%s\"", rows[i].name, said);
        stage_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(large_flows_are_elephants),
        cmocka_unit_test(icmp_headers),
        cmocka_unit_test(bits_of_the_stream_are_heard_in_the_same_packet),
        cmocka_unit_test(bits_alone),
        cmocka_unit_test(walked),
        cmocka_unit_test(lanes),
        cmocka_unit_test(calls_of_rpc),
        cmocka_unit_test(odd_elements),
        cmocka_unit_test(layers_of_vlans),
        cmocka_unit_test(variables_and_protocols),
        cmocka_unit_test(hooks_of_packets),
        cmocka_unit_test(what_rules_say_of_a_flow),
        cmocka_unit_test(what_rules_keep_of_a_packet),
    };
    return cmocka_run_group_tests_name("match/packet", tests, NULL, NULL);
}
