/* What a stranger can fill stays inside of its setting, and those who were there before are still looked at: a scan that opens ten
 * million flows, holes that are never filled, fragments that are never whole, requests that nobody answers.
 */
#include "played.h"

#include "base/conf.h"
#include "engine/conversation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SLOWED 20
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SLOWED 20
#endif
#endif
#ifndef SLOWED
#define SLOWED 1
#endif

#define SCAN_FLOWS (10000000u / SLOWED)
#define GAP_SEGMENTS (300000u / SLOWED)
#define GAP_FLOWS 5000u
#define FRAGMENTS (1000000u / SLOWED)
#define REQUESTS (100000u / SLOWED)
#define SEGMENT_BYTES 1400

#define RULES                                                                            \
    "alert tcp any any -> any any (msg:\"raw\"; content:\"the last word\"; sid:1;)\n"    \
    "alert http any any -> any any (msg:\"uri\"; http.uri; content:\"/last\"; sid:2;)\n" \
    "alert udp any any -> any any (msg:\"whole\"; content:\"all of it\"; sid:3;)\n"      \
    "alert tcp any any -> any any (msg:\"scan\"; flags:S; threshold: type both, track "  \
    "by_src, count 1000, seconds 60; sid:4;)\n"

static const char settings[] = "flow: {memcap: 16mb}\n"
                               "defrag: {max-frags: 1000, memcap: 4mb}\n"
                               "stream: {reassembly: {memcap: 32mb, depth: 0}}\n"
                               "otasuke: {limits: {flow-memory: 1mb, transactions: 100}}\n";

static void small(struct engine_conf *e)
{
    struct conf *conf = conf_new();
    assert_non_null(conf);
    assert_int_equal(conf_parse(conf, str_c(settings), "test", NULL), 0);
    engine_conf_read(e, conf, e->verdict.enforced);
    e->file.digests_max = 16;
    e->packet.verify_checksums = false;
    conf_free(conf);
}

static void check_bounds(const struct played *p)
{
    const struct engine *e = p->engine;
    assert_true(flow_table_counts(e->flows)->active <= p->conf.flow.max);
    assert_true(p->conf.flow.max * sizeof(struct conversation) <= 16u << 20);
    assert_true(e->slab.used_bytes <= 32u << 20);
}

/* One frame; the time goes on by 10 us. */
static void give(struct played *p, struct str bytes)
{
    p->frames++;
    struct packet_frame frame = {.bytes = bytes,
                                 .time_us = INT64_C(1700000000000000) + (int64_t)p->frames * 10,
                                 .number = p->frames,
                                 .link = PACKET_LINK_ETHERNET};
    engine_frame(p->engine, &frame, &p->answer);
}

static void write_u32(uint8_t *to, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(v >> (24 - 8 * i));
}

#define AT_SRC_ADDRESS 26 /* behind 14 bytes of Ethernet and 12 of IPv4 */

/* From so many addresses that none is seen twice. */
static void scan(struct played *p, uint32_t flows)
{
    struct made_ends ends = {"10.0.0.1", "203.0.113.80", 40000, 80};
    made_begin(&p->frame, STR_EMPTY);
    made_tcp(&p->frame, &ends, &(struct packet_tcp){.seq = 1, .window = 1024, .flags = TCP_SYN},
             STR_EMPTY);
    made_ip(&p->frame, &ends, 6, STR_EMPTY);
    made_ether(&p->frame, 0x0800);
    for (uint32_t i = 0; i < flows; i++) {
        write_u32(made_byte(&p->frame, AT_SRC_ADDRESS), 0x0b000000u + i);
        give(p, made_str(&p->frame));
        if (i % 64 == 0)
            engine_tick(p->engine, INT64_C(1700000000000000) + (int64_t)p->frames * 10);
    }
}

/* What beside the wire is looked at once it is acknowledged, with the sender's next packet. */
static void ask_last(struct played_talk *t)
{
    played_send(t, DIR_TOSERVER, str_c("GET /last HTTP/1.1\r\nHost: a\r\n\r\n"));
    played_send(t, DIR_TOSERVER, STR_EMPTY);
}

/* Who talked before the scan is still inspected after it. */
static void test_scan(void **state)
{
    static struct played p;
    struct played_talk t;
    for (int enforced = 0; enforced < 2; enforced++) {
        played_init(&p, RULES, enforced, small);
        played_open(&t, &p, 50000, 80);
        played_send(&t, DIR_TOSERVER, str_c("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
        uint64_t before = p.frames;
        p.quiet = true;
        p.frames *= 10; /* scan() counts time in smaller steps */
        uint32_t flows = enforced ? SCAN_FLOWS : SCAN_FLOWS / 10;
        scan(&p, flows);
        check_bounds(&p);
        const struct flow_counts *counts = flow_table_counts(p.engine->flows);
        print_message("# %u flows opened, %llu in the table, %llu ended to make room\n", flows,
                      (unsigned long long)counts->active, (unsigned long long)counts->forced_out);
        assert_true(counts->total > flows);
        p.quiet = false;
        p.frames = before + flows / 10 + 1;
        ask_last(&t);
        if (played_count(&p, "alert 2 allowed tx 1") != 1)
            fail_msg("not seen:\n%s", buf_c(&p.seen));
        played_end(&p);
        assert_int_equal(p.engine->slab.used_bytes, 0);
        played_fini(&p);
    }
}

/* A hole that is never filled, and bytes behind it without end; then thousands of connections with a hole each. */
static void test_gaps(void **state)
{
    static struct played p;
    static uint8_t bytes[SEGMENT_BYTES];
    struct played_talk t;
    for (int enforced = 0; enforced < 2; enforced++) {
        played_init(&p, RULES, enforced, small);
        p.quiet = true;
        played_open(&t, &p, 50000, 4444);
        t.seq[DIR_TOSERVER] += 100;
        for (uint32_t i = 0; i < GAP_SEGMENTS; i++)
            played_send_raw(&t, DIR_TOSERVER, str_of(bytes, sizeof bytes));
        assert_true(p.engine->slab.used_bytes <= 1u << 20);
        print_message("# %u segments behind a hole: %llu KiB held\n", GAP_SEGMENTS,
                      (unsigned long long)p.engine->slab.used_bytes >> 10);
        for (uint32_t i = 0; i < GAP_FLOWS; i++) {
            played_open(&t, &p, (uint16_t)(1000 + i), 4444);
            t.seq[DIR_TOSERVER] += 100;
            for (int k = 0; k < 20; k++)
                played_send_raw(&t, DIR_TOSERVER, str_of(bytes, sizeof bytes));
        }
        check_bounds(&p);
        print_message("# %u connections with a hole each: %llu MiB held\n", GAP_FLOWS,
                      (unsigned long long)p.engine->slab.used_bytes >> 20);
        played_end(&p);
        assert_int_equal(p.engine->slab.used_bytes, 0);
        played_fini(&p);
    }
}

#define AT_ID 18       /* of the IPv4 header */
#define AT_FRAGMENT 20 /* flags and offset */

static void fragment(struct played *p, uint32_t source, uint16_t flags_offset, struct str bytes)
{
    struct made_ends ends = {"10.0.0.1", "203.0.113.80", 40000, 53};
    made_begin(&p->frame, bytes);
    made_ip(&p->frame, &ends, 17, STR_EMPTY);
    made_ether(&p->frame, 0x0800);
    write_u32(made_byte(&p->frame, AT_SRC_ADDRESS), source);
    made_byte(&p->frame, AT_ID)[0] = 7;
    made_byte(&p->frame, AT_FRAGMENT)[0] = (uint8_t)(flags_offset >> 8);
    made_byte(&p->frame, AT_FRAGMENT + 1)[0] = (uint8_t)flags_offset;
    give(p, made_str(&p->frame));
}

/* First pieces without end; a datagram that comes whole among them is still put together. */
static void test_fragments(void **state)
{
    static struct played p;
    static const uint8_t first[] = "\x9c\x40\x00\x35\x00\x19\x00\x00"
                                   "all of i";
    static const uint8_t last[] = "t, here.."; /* UDP: 8 + 17 bytes */
    played_init(&p, RULES, false, small);
    p.quiet = true;
    for (uint32_t i = 0; i < FRAGMENTS; i++)
        fragment(&p, 0x0b000000u + i, 0x2000, str_of(first, 16));
    check_bounds(&p);
    const struct packet_counts *counts = packet_decoder_counts(p.engine->decoder);
    assert_int_equal(counts->fragments4, FRAGMENTS);
    p.quiet = false;
    fragment(&p, 0x0a000099u, 0x2000, str_of(first, 16));
    fragment(&p, 0x0a000099u, 0x0002, str_of(last, 9));
    assert_int_equal(played_count(&p, "alert 3 allowed"), 1);
    played_end(&p);
    played_fini(&p);
}

static void test_transactions(void **state)
{
    static struct played p;
    struct played_talk t;
    played_init(&p, RULES, false, small);
    p.quiet = true;
    played_open(&t, &p, 50000, 80);
    for (uint32_t i = 0; i < REQUESTS; i++) {
        played_send(&t, DIR_TOSERVER, str_c("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert_true(p.engine->slab.used_bytes <= 1u << 20);
    }
    p.quiet = false;
    ask_last(&t);
    char want[48];
    snprintf(want, sizeof want, "alert 2 allowed tx %u", REQUESTS);
    if (played_count(&p, want) != 1)
        fail_msg("no %s in:\n%s", want, buf_c(&p.seen));
    assert_true(engine_counts(p.engine)->app_given_up >= REQUESTS - 100);
    played_end(&p);
    assert_int_equal(p.engine->slab.used_bytes, 0);
    played_fini(&p);
}

static void test_settings(void **state)
{
    static const struct {
        const char *text;
        uint32_t flows, fragments, fragment_bytes, fragment_timeout_ms, transactions;
        uint64_t memory_mib, flow_memory_kib;
    } rows[] = {
        {"", 131072, 4096, 8 << 20, 60000, 256, 1024, 8192},
        {"flow: {memcap: 64mb}", (64 << 20) / sizeof(struct conversation), 4096, 8 << 20, 60000,
         256, 1024, 8192},
        {"flow: {memcap: 1}", (1 << 20) / sizeof(struct conversation), 4096, 8 << 20, 60000, 256,
         1024, 8192},
        {"defrag: {max-frags: 65535, memcap: 32mb, timeout: 30}", 131072, 65535, 32 << 20, 30000,
         256, 1024, 8192},
        {"stream: {reassembly: {memcap: 256mb}}", 131072, 4096, 8 << 20, 60000, 256, 256, 8192},
        {"otasuke: {limits: {flow-memory: 2mb, transactions: 5000}}", 131072, 4096, 8 << 20, 60000,
         4096, 1024, 2048},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct engine_conf e;
        struct conf *conf = conf_new();
        assert_int_equal(conf_parse(conf, str_c(rows[i].text), "test", NULL), 0);
        engine_conf_read(&e, conf, false);
        assert_int_equal(e.flow.max, rows[i].flows);
        assert_int_equal(e.packet.fragments_max, rows[i].fragments);
        assert_int_equal(e.packet.fragment_bytes_max, rows[i].fragment_bytes);
        assert_int_equal(e.packet.fragment_timeout_ms, rows[i].fragment_timeout_ms);
        assert_int_equal(e.app.tx_max, rows[i].transactions);
        assert_int_equal(e.memory_bytes >> 20, rows[i].memory_mib);
        assert_int_equal(e.flow_memory_bytes >> 10, rows[i].flow_memory_kib);
        conf_free(conf);
    }
}

static void test_timeouts(void **state)
{
    struct engine_conf e;
    struct conf *conf = conf_new();
    assert_int_equal(conf_parse(conf,
                                str_c("flow-timeouts: {tcp: {established: 20}, udp: {new: 5}}"),
                                "test", NULL),
                     0);
    engine_conf_read(&e, conf, false);
    assert_int_equal(e.flow.timeout_s[0][FLOW_ESTABLISHED], 20);
    assert_int_equal(e.flow.timeout_s[0][FLOW_NEW], 60);
    assert_int_equal(e.flow.timeout_s[1][FLOW_NEW], 5);
    conf_free(conf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scan),      cmocka_unit_test(test_gaps),
        cmocka_unit_test(test_fragments), cmocka_unit_test(test_transactions),
        cmocka_unit_test(test_settings),  cmocka_unit_test(test_timeouts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
