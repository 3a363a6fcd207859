/* Headers, checks of packets, streams, flow state, thresholds, groups against plain evaluation, swaps. */
#include "engine/match/double.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define S(text) STR_LIT(text)

static void header_rows(void **state)
{
    static const struct {
        const char *rule;
        bool
            want; /* on UDP 192.168.1.10:40000 -> 203.0.113.5:80, established, to server, payload "abc" */
    } rows[] = {
        {"alert udp any any -> any any (content:\"abc\"; sid:1;)", true},
        {"alert tcp any any -> any any (content:\"abc\"; sid:1;)", false},
        {"alert ip any any -> any any (content:\"abc\"; sid:1;)", true},
        {"alert udp any any -> any 80 (content:\"abc\"; sid:1;)", true},
        {"alert udp any any -> any ![80,443] (content:\"abc\"; sid:1;)", false},
        {"alert udp any 1024: -> any any (content:\"abc\"; sid:1;)", true},
        {"alert udp any any -> any 40000 (content:\"abc\"; sid:1;)", false},
        {"alert udp any any <> any 40000 (content:\"abc\"; sid:1;)", true},
        {"alert udp 192.168.0.0/16 any -> 203.0.113.0/24 any (content:\"abc\"; sid:1;)", true},
        {"alert udp 203.0.113.5 any -> any any (content:\"abc\"; sid:1;)", false},
        {"alert udp [192.168.0.0/16,!192.168.1.10] any -> any any (content:\"abc\"; sid:1;)",
         false},
        {"alert udp any any -> any any (flow:to_server; content:\"abc\"; sid:1;)", true},
        {"alert udp any any -> any any (flow:to_client; content:\"abc\"; sid:1;)", false},
        {"alert udp any any -> any any (flow:established; content:\"abc\"; sid:1;)", true},
        {"alert udp any any -> any any (flow:not_established; content:\"abc\"; sid:1;)", false},
        {"alert udp any any -> any any (flow:stateless; content:\"abc\"; sid:1;)", true},
        {"alert udp any any -> any any (ttl:64; sid:1;)", true},
        {"alert udp any any -> any any (ttl:<10; sid:1;)", false},
        {"alert ip any any -> any any (ip_proto:17; sid:1;)", true},
        {"alert ip any any -> any any (ip_proto:6; sid:1;)", false},
        {"alert udp any any -> any any (dsize:3; sid:1;)", true},
        {"alert udp any any -> any any (sameip; sid:1;)", false},
        {"alert udp any any -> any any (pcre:\"/^a.c$/\"; sid:1;)", true},
        {"alert ip 192.168.1.10 any -> any any (sid:1;)", true},
        {"alert ip 192.168.1.11 any -> any any (sid:1;)", false},
        {"alert udp any any -> any any (decode-event:broken; sid:1;)", false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct stage *s = stage_new(rows[i].rule);
        if (match_image_rules(s->image)->count == 1 &&
            (strcmp(stage_packet(s, S("abc")), "1") == 0) != rows[i].want)
            fail_msg("%s: wanted %d", rows[i].rule, rows[i].want);
        stage_free(s);
    }
}

static void tcp_flags_rows(void **state)
{
    static const struct {
        const char *value;
        uint8_t flags;
        bool want;
    } rows[] = {
        {"S", TCP_SYN, true},
        {"S", TCP_SYN | TCP_ACK, false},
        {"+S", TCP_SYN | TCP_ACK, true},
        {"*SF", TCP_FIN, true},
        {"*SF", TCP_ACK, false},
        {"SA", TCP_SYN | TCP_ACK, true},
        {"S,CE", TCP_SYN | TCP_ECE, true},
        {"0", 0, true},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char rule[200];
        snprintf(rule, sizeof rule, "alert tcp any any -> any any (flags:%s; sid:1;)",
                 rows[i].value);
        struct stage *s = stage_new(rule);
        assert_int_equal(match_image_rules(s->image)->count, 1);
        stage_header(s, PACKET_L4_TCP, DIR_TOSERVER);
        s->packet.tcp.flags = rows[i].flags;
        if ((strcmp(stage_packet(s, STR_EMPTY), "1") == 0) != rows[i].want)
            fail_msg("flags:%s on %02x: wanted %d", rows[i].value, rows[i].flags, rows[i].want);
        stage_free(s);
    }
}

static void icmp_and_ip(void **state)
{
    struct stage *s = stage_new("alert icmp any any -> any any (itype:8; icode:0; sid:1;)\n"
                                "alert icmp any any -> any any (icmp_id:77; sid:2;)\n"
                                "alert icmp any any -> any any (content:\"ping\"; sid:3;)\n"
                                "alert ip any any -> any any (fragbits:M; sid:4;)\n");
    stage_header(s, PACKET_L4_ICMP4, DIR_TOSERVER);
    s->packet.icmp_type = 8;
    s->packet.icmp_id = 77;
    assert_string_equal(stage_packet(s, S("a ping")), "1 2 3");
    s->packet.icmp_type = 3;
    assert_string_equal(stage_packet(s, S("a ping")), "3");
    s->packet.fragment_flags = 1;
    s->packet.is_fragment = true;
    assert_string_equal(stage_packet(s, S("a ping")), "4");
    stage_free(s);
}

static void header_alone_once_per_direction(void **state)
{
    struct stage *s =
        stage_new("alert ip any any -> any any (sid:1;)\nalert udp any any -> any 80 (sid:2;)\n");
    assert_string_equal(stage_packet(s, S("a")), "1 2");
    assert_string_equal(stage_packet(s, S("a")), "2");
    stage_header(s, PACKET_L4_UDP, DIR_TOCLIENT);
    assert_string_equal(stage_packet(s, S("a")), "1");
    assert_string_equal(stage_packet(s, S("a")), "");
    stage_free(s);
}

static void events(void **state)
{
    struct stage *s = stage_new("alert pkthdr any any -> any any (decode-event:broken; sid:1;)\n"
                                "alert tcp any any -> any any (stream-event:broken; sid:2;)\n");
    static const uint8_t seven[] = {7};
    stage_header(s, PACKET_L4_TCP, DIR_TOSERVER);
    assert_string_equal(stage_packet(s, S("a")), "");
    s->view.stream_events = seven;
    s->view.stream_event_count = 1;
    assert_string_equal(stage_packet(s, S("a")), "2");
    s->view.stream_event_count = 0;
    s->packet.events[0] = 7;
    s->packet.event_count = 1;
    assert_string_equal(stage_packet(s, S("a")), "1");
    s->packet.src.version = s->packet.dst.version = 0;
    s->view.flow = NULL;
    s->view.state = NULL;
    s->view.mem = NULL;
    assert_string_equal(stage_packet(s, STR_EMPTY), "1");
    match_flow_fini(&s->state, &s->mem);
    stage_free(s);
}

/* A stream in pieces of every size, a window of 32 old bytes: each rule once, wherever the cuts lie. */
static void stream_cut_at_every_byte(void **state)
{
    static const char text[] = "......first.....second......first......";
    for (uint32_t step = 1; step <= sizeof text; step++) {
        struct stage *s = stage_new(
            "alert tcp any any -> any any (content:\"first\"; content:\"second\"; distance:0; "
            "within:16; sid:1;)\n"
            "alert tcp any any -> any any (content:\"second\"; sid:2;)\n"
            "alert tcp any any -> any any (pcre:\"/sec.nd/\"; sid:3;)\n"
            "alert tcp any any -> any any (content:\"second\"; content:\"third\"; sid:4;)\n"
            "alert tcp any any -> any any (content:\"first\"; depth:12; sid:5;)\n"
            "alert tcp-pkt any any -> any any (content:\"second\"; sid:6;)\n");
        stage_header(s, PACKET_L4_TCP, DIR_TOSERVER);
        s->view.stream_accepted = true;
        int seen[7] = {0};
        uint32_t len = sizeof text - 1;
        for (uint32_t old = 0, end; old < len; old = end) {
            end = old + step < len ? old + step : len;
            uint32_t from = old > 32 ? old - 32 : 0;
            stage_stream(s, str_of(text + from, end - from), from, end - old);
            for (uint32_t i = 0; i < s->hits.count; i++)
                seen[s->hits.items[i].rule->sid]++;
        }
        static const int want[7] = {0, 1, 1, 1, 0, 1, 0};
        for (int sid = 1; sid < 7; sid++)
            if (seen[sid] != want[sid])
                fail_msg("pieces of %u: sid %d seen %d times", step, sid, seen[sid]);
        stage_free(s);
    }
}

static void where_tcp_payload_is_looked_at(void **state)
{
    struct stage *s =
        stage_new("alert tcp any any -> any any (content:\"abc\"; sid:1;)\n"
                  "alert tcp any any -> any any (content:\"abc\"; dsize:3; sid:2;)\n"
                  "alert tcp-pkt any any -> any any (content:\"abc\"; sid:3;)\n"
                  "alert tcp-stream any any -> any any (content:\"abc\"; sid:4;)\n"
                  "alert tcp any any -> any any (content:\"abc\"; depth:3; sid:5;)\n");
    stage_header(s, PACKET_L4_TCP, DIR_TOSERVER);
    s->view.stream_accepted = true;
    assert_string_equal(stage_packet(s, S("abc")), "2 3 5");
    assert_string_equal(stage_stream(s, S("abc"), 0, 3), "1 4 5");
    s->view.stream_accepted = false;
    assert_string_equal(stage_packet(s, S("abc")), "1 2 3 5");
    assert_true(match_wants_stream(s->image, &s->flow, DIR_TOSERVER, APP_UNKNOWN));
    stage_free(s);
}

static void flow_state(void **state)
{
    struct stage *s = stage_new(
        "alert udp any any -> any any (content:\"login\"; flowbits:set,seen; noalert; sid:1;)\n"
        "alert udp any any -> any any (content:\"data\"; flowbits:isset,seen; sid:2;)\n"
        "alert udp any any -> any any (content:\"data\"; flowbits:isnotset,seen; sid:3;)\n"
        "alert udp any any -> any any (content:\"logout\"; flowbits:unset,seen; sid:4;)\n"
        "alert udp any any -> any any (content:\"try\"; flowint:n,+,1; noalert; sid:5;)\n"
        "alert udp any any -> any any (content:\"many\"; flowint:n,>,2; sid:6;)\n"
        "alert udp any any -> any any (content:\"mark\"; xbits:set,m,track ip_src; sid:7;)\n"
        "alert udp any any -> any any (content:\"ask\"; xbits:isset,m,track ip_src; sid:8;)\n"
        "alert udp any any -> any any (content:\"fade\"; xbits:set,f,track ip_src,expire 10; "
        "sid:9;)\n"
        "alert udp any any -> any any (content:\"gone\"; xbits:isset,f,track ip_src; sid:10;)\n");
    assert_string_equal(stage_packet(s, S("data")), "3");
    assert_string_equal(stage_packet(s, S("login")), "");
    assert_string_equal(match_flowbit_name(s->image, &s->state, 0), "seen");
    assert_null(match_flowbit_name(s->image, &s->state, 1));
    assert_string_equal(stage_packet(s, S("data")), "2");
    assert_string_equal(stage_packet(s, S("logout")), "4");
    assert_string_equal(stage_packet(s, S("data")), "3");
    for (int i = 0; i < 3; i++) {
        assert_string_equal(stage_packet(s, S("many")), "");
        assert_string_equal(stage_packet(s, S("try")), "");
    }
    assert_string_equal(stage_packet(s, S("many")), "6");
    assert_string_equal(stage_packet(s, S("ask")), "");
    assert_string_equal(stage_packet(s, S("mark")), "7");
    assert_string_equal(stage_packet(s, S("ask")), "8");
    stage_packet(s, S("fade"));
    assert_string_equal(stage_packet(s, S("gone")), "10");
    s->view.now_us += 11000000;
    assert_string_equal(stage_packet(s, S("gone")), "");
    stage_free(s);
}

static void bits_of_the_stream_seen_by_packet_rules(void **state)
{
    struct stage *s =
        stage_new("alert tcp any any -> any any (content:\"abc\"; flowbits:set,b; sid:1;)\n"
                  "alert tcp any any -> any any (flowbits:isset,b; dsize:3; sid:2;)\n");
    stage_header(s, PACKET_L4_TCP, DIR_TOSERVER);
    s->view.stream_accepted = true;
    s->packet.payload = S("abc");
    match_packet(s->worker, &s->view, &s->hits);
    struct field_window window = {S("abc"), 0, false};
    match_stream(s->worker, &s->view, &window, 0, &s->hits);
    assert_string_equal(stage_say(s), "1 2");
    stage_free(s);
}

static void suppress_and_rate_filter(void **state)
{
    struct stage *s = stage_new("alert udp any any -> any any (content:\"abc\"; sid:1;)\n");
    struct rule *rule = (struct rule *)(uintptr_t)match_image_rules(s->image)->rules[0];
    struct rule_threshold rate = {.kind = RULE_RATE_FILTER,
                                  .track = RULE_TRACK_DST,
                                  .count = 2,
                                  .seconds = 60,
                                  .new_action = RULE_DROP,
                                  .timeout_s = 10};
    rule->thresholds = &rate;
    static const enum rule_action want[] = {RULE_ALERT, RULE_ALERT, RULE_DROP, RULE_DROP};
    for (size_t i = 0; i < ARRAY_COUNT(want); i++) {
        stage_packet(s, S("abc"));
        assert_int_equal(s->hits.items[0].action, want[i]);
    }
    s->view.now_us += 11000000;
    stage_packet(s, S("abc"));
    assert_int_equal(s->hits.items[0].action, RULE_ALERT);
    struct rule_ip_range range = {s->flow.client_ip, s->flow.client_ip};
    struct rule_addresses one = {.ranges = &range, .count = 1};
    struct rule_threshold suppress = {
        .kind = RULE_SUPPRESS, .track = RULE_TRACK_SRC, .addresses = &one};
    rule->thresholds = &suppress;
    assert_string_equal(stage_packet(s, S("abc")), "");
    assert_true(s->hits.items[0].untold && !s->hits.items[0].silent);
    suppress.track = RULE_TRACK_DST;
    assert_string_equal(stage_packet(s, S("abc")), "1");
    rule->thresholds = NULL;
    stage_free(s);
}

/* n packets a second apart; what is shown is written as 1, what only acts as a, the rest as 0 */
static void thresholds(void **state)
{
    static const struct {
        const char *threshold, *want;
    } rows[] = {
        {"threshold:type limit,track by_src,count 2,seconds 60;", "11aaaaaa"},
        {"threshold:type limit,track by_src,count 1,seconds 3;", "1aa1aa1a"},
        {"threshold:type threshold,track by_dst,count 3,seconds 60;", "00100100"},
        {"threshold:type both,track by_src,count 2,seconds 4;", "01aa01aa"},
        {"detection_filter:track by_src,count 3,seconds 60;", "00011111"},
        {"threshold:type backoff,track by_flow,count 1,multiplier 2;", "11a1aaa1"},
        {"threshold:type limit,track by_flow,count 1,seconds 60;", "1aaaaaaa"},
        {"threshold:type limit,track by_rule,count 3,seconds 60;", "111aaaaa"},
        {"threshold:type limit,track by_both,count 1,seconds 60;", "1aaaaaaa"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char rule[300], got[9] = "";
        snprintf(rule, sizeof rule, "alert udp any any -> any any (content:\"abc\"; %s sid:1;)",
                 rows[i].threshold);
        struct stage *s = stage_new(rule);
        assert_int_equal(match_image_rules(s->image)->count, 1);
        for (int k = 0; k < 8; k++) {
            stage_packet(s, S("abc"));
            assert_int_equal(s->hits.count, 1);
            got[k] = s->hits.items[0].silent ? '0' : s->hits.items[0].untold ? 'a' : '1';
            s->view.now_us += 1000000;
        }
        if (strcmp(got, rows[i].want) != 0)
            fail_msg("%s: %s, wanted %s", rows[i].threshold, got, rows[i].want);
        stage_free(s);
    }
}

/* More hosts than there is room for: the newest are known, the oldest forgotten, nothing grows. */
static void hosts_are_bounded(void **state)
{
    struct stage *s = stage_new(
        "alert udp any any -> any any (content:\"mark\"; xbits:set,m,track ip_src; noalert; "
        "sid:1;)\n"
        "alert udp any any -> any any (content:\"ask\"; xbits:isset,m,track ip_src; sid:2;)\n");
    for (uint32_t i = 0; i < 20000; i++) {
        s->flow.client_ip.bytes[2] = (uint8_t)(i >> 8);
        s->flow.client_ip.bytes[3] = (uint8_t)i;
        stage_header(s, PACKET_L4_UDP, DIR_TOSERVER);
        stage_packet(s, S("mark"));
    }
    assert_string_equal(stage_packet(s, S("ask")), "2");
    s->flow.client_ip.bytes[2] = s->flow.client_ip.bytes[3] = 0;
    stage_header(s, PACKET_L4_UDP, DIR_TOSERVER);
    assert_string_equal(stage_packet(s, S("ask")), "");
    stage_free(s);
}

static void bits_live_through_a_swap(void **state)
{
    struct stage *s =
        stage_new("alert udp any any -> any any (content:\"a\"; flowbits:set,one; sid:1;)\n"
                  "alert udp any any -> any any (content:\"b\"; flowbits:set,two; sid:2;)\n");
    stage_packet(s, S("b"));
    struct match_image *old = s->image;
    for (int round = 0; round < 6; round++) {
        struct match_image *next = stage_image(
            s,
            round % 2
                ? "alert udp any any -> any any (content:\"b\"; flowbits:isset,two; sid:4;)\n"
                  "alert udp any any -> any any (content:\"x\"; flowbits:set,three; sid:5;)\n"
                : "alert udp any any -> any any (content:\"q\"; flowbits:set,zero; sid:6;)\n"
                  "alert udp any any -> any any (content:\"b\"; flowbits:isset,two; sid:4;)\n"
                  "alert udp any any -> any any (content:\"b\"; flowbits:isset,zero; sid:7;)\n",
            NULL);
        assert_int_equal(match_worker_swap(s->worker, next), 0);
        match_image_free(old);
        old = s->image = next;
        if (round != 1) /* once it sleeps through one */
            assert_string_equal(stage_packet(s, S("b")), "4");
    }
    /* too many swaps asleep: forgotten */
    for (int round = 0; round < 6; round++) {
        struct match_image *next = stage_image(
            s, "alert udp any any -> any any (content:\"b\"; flowbits:isset,two; sid:4;)\n", NULL);
        assert_int_equal(match_worker_swap(s->worker, next), 0);
        match_image_free(old);
        old = s->image = next;
    }
    assert_string_equal(stage_packet(s, S("b")), "");
    stage_free(s);
}

static uint32_t random_state = 7;

static uint32_t below(uint32_t n)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % n;
}

struct plain_rule {
    uint32_t net, bits, first, last;
    bool any_port, tcp, to_client;
};

/* Random headers: groups and address sets must say what plain comparison says. */
static void groups_as_plain_headers(void **state)
{
    enum { RULES = 60 };
    struct plain_rule plain[RULES];
    static char text[RULES * 160];
    size_t at = 0;
    for (uint32_t i = 0; i < RULES; i++) {
        struct plain_rule *r = &plain[i];
        *r = (struct plain_rule){.bits = 8 * below(5),
                                 .first = below(40),
                                 .any_port = below(4) == 0,
                                 .tcp = below(2),
                                 .to_client = below(2)};
        r->last = r->first + below(20);
        r->net = r->bits ? (10u << 24 | below(4) << 16 | below(4) << 8 | below(4)) &
                               ~0u << (32 - r->bits)
                         : 0;
        char ports[24], net[24];
        snprintf(ports, sizeof ports, r->any_port ? "any" : "%u:%u", r->first, r->last);
        snprintf(net, sizeof net, r->bits ? "%u.%u.%u.%u/%u" : "any", r->net >> 24,
                 r->net >> 16 & 255, r->net >> 8 & 255, r->net & 255, r->bits);
        at += (size_t)snprintf(
            text + at, sizeof text - at, "alert %s %s %s -> any %s (flow:%s; %s sid:%u;)\n",
            r->tcp ? "tcp" : "udp", net, r->to_client ? ports : "any", r->to_client ? "any" : ports,
            r->to_client ? "to_client" : "to_server", i % 2 ? "dsize:1;" : "content:\"x1\";",
            i + 1);
    }
    struct stage *s = stage_new(text);
    assert_int_equal(match_image_rules(s->image)->count, RULES);
    for (int round = 0; round < 3000; round++) {
        bool tcp = below(2), down = below(2), one = below(2);
        uint32_t src = 10u << 24 | below(4) << 16 | below(4) << 8 | below(4);
        struct ip ip = {
            4, {(uint8_t)(src >> 24), (uint8_t)(src >> 16), (uint8_t)(src >> 8), (uint8_t)src}};
        *(down ? &s->flow.server_ip : &s->flow.client_ip) = ip;
        s->flow.server_port = (uint16_t)below(70);
        stage_header(s, tcp ? PACKET_L4_TCP : PACKET_L4_UDP, down ? DIR_TOCLIENT : DIR_TOSERVER);
        stage_packet(s, one ? S("x") : S("x1"));
        uint32_t hit = 0;
        for (uint32_t i = 0; i < RULES; i++) {
            const struct plain_rule *r = &plain[i];
            bool want = r->tcp == tcp && r->to_client == down && (i % 2 != 0) == one &&
                        (r->any_port ||
                         (s->flow.server_port >= r->first && s->flow.server_port <= r->last)) &&
                        (!r->bits || ((src ^ r->net) & ~0u << (32 - r->bits)) == 0);
            bool got = hit < s->hits.count && s->hits.items[hit].rule->sid == i + 1;
            hit += got;
            if (want != got)
                fail_msg("rule %u, source %08x, port %u: wanted %d", i + 1, src,
                         s->flow.server_port, want);
        }
        assert_int_equal(hit, s->hits.count);
    }
    stage_free(s);
}

static void cache_gives_the_same(void **state)
{
    char folder[] = "/tmp/match_cache_XXXXXX";
    assert_non_null(mkdtemp(folder));
    struct stage *s = stage_new("alert udp any any -> any any (content:\"plain\"; sid:9;)\n");
    for (int round = 0; round < 3; round++) {
        struct match_image *next =
            stage_image(s,
                        "alert udp any any -> any any (content:\"cached\"; sid:1;)\n"
                        "alert udp any any -> any any (content:\"|00 01|\"; sid:2;)\n",
                        folder);
        assert_non_null(next);
        assert_int_equal(match_worker_swap(s->worker, next), 0);
        match_image_free(s->image);
        s->image = next;
        assert_string_equal(stage_packet(s, STR_LIT("cached \0\1 bytes")), "1 2");
        char damage[300];
        /* a damaged file is compiled anew */
        snprintf(damage, sizeof damage, "for f in %s/*.hsdb; do echo damaged > $f; done", folder);
        if (round == 1)
            assert_int_equal(system(damage), 0);
    }
    stage_free(s);
    char away[100];
    snprintf(away, sizeof away, "rm -r %s", folder);
    assert_int_equal(system(away), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_rows),
        cmocka_unit_test(tcp_flags_rows),
        cmocka_unit_test(icmp_and_ip),
        cmocka_unit_test(header_alone_once_per_direction),
        cmocka_unit_test(events),
        cmocka_unit_test(stream_cut_at_every_byte),
        cmocka_unit_test(where_tcp_payload_is_looked_at),
        cmocka_unit_test(flow_state),
        cmocka_unit_test(bits_of_the_stream_seen_by_packet_rules),
        cmocka_unit_test(suppress_and_rate_filter),
        cmocka_unit_test(thresholds),
        cmocka_unit_test(hosts_are_bounded),
        cmocka_unit_test(bits_live_through_a_swap),
        cmocka_unit_test(groups_as_plain_headers),
        cmocka_unit_test(cache_gives_the_same),
    };
    return cmocka_run_group_tests_name("match/packet", tests, NULL, NULL);
}
