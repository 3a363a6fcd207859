/* Conversations by hand: each is played whole, then cut at every byte of every piece with the same result, then with too
 * little memory. */
#include "engine/app/http1/http1.h"
#include "engine/app/http1/rows_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define GET "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

static const struct talk http1_talk = {.parser = &http1_parser, .server_port = 80};

static void play_all(const struct talk_piece *pieces, size_t count, const struct app_conf *conf,
                     bool inspect, struct buf *seen)
{
    struct talk talk = http1_talk;
    talk.inspect = inspect;
    talk.conf = conf;
    buf_reset(seen);
    talk_play(&talk, pieces, count, (struct talk_cut){0}, seen);
}

/* Passive: nothing is shown before there is enough; the window slides. Inline: bytes are shown as they come. */
static void test_windows(void **state)
{
    static const struct talk_piece pieces[] = {
        TS(GET), TC("HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\nabcd"), TC("efghij"), TC("kl"),
        TC("mn")};
    struct app_conf conf;
    struct buf seen;
    buf_init(&seen, 0);
    app_conf_defaults(&conf);
    conf.response_min_inspect = 8;
    conf.response_window = 3;
    play_all(pieces, ARRAY_COUNT(pieces), &conf, true, &seen);
    assert_false(talk_has(&seen, "0 tc file.data=[0]abcd"));
    assert_true(talk_has(&seen, "0 tc file.data=[0]abcdefghij"));
    assert_true(talk_has(&seen, "0 tc http.response_body=[7]hijkl"));
    assert_true(talk_has(&seen, "0 tc http.response_body=[9 end]jklmn"));
    conf.inline_mode = true;
    play_all(pieces, ARRAY_COUNT(pieces), &conf, true, &seen);
    assert_true(talk_has(&seen, "0 tc file.data=[0]abcd"));
    assert_true(talk_has(&seen, "0 tc file.data=[1]bcdefghij"));
    buf_fini(&seen);
}

static void test_body_limit(void **state)
{
    static const struct talk_piece pieces[] = {
        TS(GET), TC("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789")};
    struct app_conf conf;
    struct buf seen;
    buf_init(&seen, 0);
    app_conf_defaults(&conf);
    conf.response_body_limit = 4;
    play_all(pieces, ARRAY_COUNT(pieces), &conf, false, &seen);
    assert_true(talk_has(&seen, "0 tc file.data=0123"));
    assert_true(talk_has(&seen, "0 file tc / 10 closed")); /* files go on */
    buf_fini(&seen);
}

/* What is put before and behind `count` times `unit`. */
static struct buf repeat(const char *before, const char *unit, size_t count, const char *behind)
{
    struct buf b;
    buf_init(&b, 0);
    buf_add_c(&b, before);
    for (size_t i = 0; i < count; i++)
        buf_add_c(&b, unit);
    buf_add_c(&b, behind);
    assert_false(b.failed);
    return b;
}

static void test_limits(void **state)
{
    static const struct {
        const char *name, *before, *unit;
        size_t count;
        const char *want;
    } limits[] = {
        {"line", "GET / HTTP/1.1\r\nHost: a\r\nX: ", "x", 17000, "0 done ts"},
        {"longer line", "GET / HTTP/1.1\r\nHost: a\r\nX: ", "x", 19000,
         "0 event request_field_too_long"},
        {"too long a line is cut", "GET / HTTP/1.1\r\nHost: a\r\nX: ", "x", 190000,
         "0 ts http.user_agent=behind"},
        {"too long a request line is cut", "GET /", "x", 190000, "0 ts http.user_agent=behind"},
        {"too long a line is told", "GET /", "x", 190000, "0 event request_field_too_long"},
        {"head", "GET / HTTP/1.1\r\nHost: a\r\n", "X: 1234567890123456789012345678901234567890\r\n",
         4000, "0 event request_field_too_long"},
        {"behind too long a head", "GET / HTTP/1.1\r\nHost: a",
         "\r\nX: 1234567890123456789012345678901234567890", 4000, "1 ts http.uri=/next"},
        {"headers", "GET / HTTP/1.1\r\nHost: a\r\n", "X: 1\r\n", 2000,
         "0 event request_too_many_headers"},
        {"repetition", "GET / HTTP/1.1\r\nHost: a\r\n", "X: 1\r\n", 2,
         "0 event request_header_repetition"},
    };
    struct buf seen;
    buf_init(&seen, 0);
    for (size_t i = 0; i < ARRAY_COUNT(limits); i++) {
        struct buf b = repeat(limits[i].before, limits[i].unit, limits[i].count,
                              "\r\nUser-Agent: behind\r\n\r\nGET /next HTTP/1.1\r\n\r\n");
        struct talk_piece piece = {.dir = DIR_TOSERVER, .bytes = buf_str(&b)};
        play_all(&piece, 1, NULL, false, &seen);
        if (!talk_has(&seen, limits[i].want))
            fail_msg("%s: no %s", limits[i].name, limits[i].want);
        buf_fini(&b);
    }
    buf_fini(&seen);
}

/* Requests that nobody answers: the oldest are ended, each with its event, and all later ones are read. */
static void test_unanswered(void **state)
{
    struct buf b = repeat("", GET, 5000, ""), seen;
    buf_init(&seen, 0);
    struct talk_piece piece = {.dir = DIR_TOSERVER, .bytes = buf_str(&b)};
    play_all(&piece, 1, NULL, false, &seen);
    assert_true(talk_has(&seen, "0 event too_many_transactions"));
    assert_true(talk_has(&seen, "4700 event too_many_transactions"));
    assert_true(talk_has(&seen, "4999 done ts"));
    assert_false(talk_has(&seen, "4999 event too_many_transactions"));
    assert_false(talk_has(&seen, "failed ts"));
    buf_fini(&b);
    buf_fini(&seen);
}

/* The responses of those that were ended come late: each is read alone, a HEAD's without a body, and that of the last request
 * is still its own. */
static void test_late_responses(void **state)
{
    enum { COUNT = 1000 };
    struct buf requests, responses, seen;
    buf_init(&requests, 0);
    buf_init(&responses, 0);
    buf_init(&seen, 0);
    for (int i = 0; i < COUNT; i++) {
        bool head = i % 3 == 1;
        buf_printf(&requests, "%s /%d HTTP/1.1\r\nHost: a\r\n\r\n", head ? "HEAD" : "GET", i);
        buf_printf(&responses, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nServer: n%d\r\n\r\n%s", i,
                   head ? "" : "body");
    }
    struct talk_piece pieces[] = {{.dir = DIR_TOSERVER, .bytes = buf_str(&requests)},
                                  {.dir = DIR_TOCLIENT, .bytes = buf_str(&responses)}};
    play_all(pieces, 2, NULL, false, &seen);
    assert_true(talk_has(&seen, "0 event too_many_transactions"));
    assert_false(talk_has(&seen, "999 event too_many_transactions"));
    assert_true(talk_has(&seen, "999 ts http.uri=/999"));
    assert_true(talk_has(&seen, "999 tc http.server=n999"));
    assert_true(talk_has(&seen, "997 tc http.server=n997"));
    assert_true(talk_has(&seen, "1000 tc http.server=n0")); /* alone */
    assert_true(talk_has(&seen, "1000 tc file.data=body"));
    assert_true(talk_has(&seen, "1001 tc http.server=n1"));
    assert_false(talk_has(&seen, "failed tc"));
    buf_fini(&requests);
    buf_fini(&responses);
    buf_fini(&seen);
}

/* What the settings of an event log take away from the record and add to it. */
static void test_log_settings(void **state)
{
    static const struct talk_piece pieces[] = {
        TS("GET /a HTTP/1.1\r\nHost: h\r\nX-Api_Key: k\r\nReferer: r\r\n\r\n"),
        TC("HTTP/1.1 200 OK\r\nVary: v\r\nContent-Length: 0\r\n\r\n")};
    static const struct {
        const char *settings, *want;
        bool in_other;
    } rows[] = {
        {"http: {extended: no}", "0 log {\"hostname\":\"h\",\"url\":\"/a\"}", false},
        {"http: {custom: [x_api_key, VARY, absent]}",
         "0 log {\"hostname\":\"h\",\"url\":\"/a\",\"x_api_key\":\"k\",\"vary\":\"v\"}", false},
        {"http: {dump-all-headers: response}",
         "0 log "
         "{\"hostname\":\"h\",\"url\":\"/a\",\"response_headers\":[{\"name\":\"Vary\",\"value\":"
         "\"v\"},{\"name\":\"Content-Length\",\"value\":\"0\"}]}",
         false},
        {"http: {extended: no, dump-all-headers: both}",
         "0 log {\"hostname\":\"h\",\"url\":\"/a\",\"http_refer\":\"r\",\"http_method\":\"GET\","
         "\"protocol\":\"HTTP/1.1\",\"status\":200,\"length\":0}",
         true},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct app_conf conf;
        struct conf *yaml = conf_new();
        struct buf seen;
        buf_init(&seen, 0);
        app_conf_defaults(&conf);
        assert_int_equal(conf_parse(yaml, str_c(rows[i].settings), "test", NULL), 0);
        http1_parser.log_conf(&conf.log, conf_find(yaml, "http"));
        conf.log.in_other = rows[i].in_other;
        play_all(pieces, ARRAY_COUNT(pieces), &conf, false, &seen);
        if (!talk_has(&seen, rows[i].want))
            fail_msg("%s: %.*s", rows[i].settings, (int)seen.len, (const char *)seen.p);
        buf_fini(&seen);
        conf_free(yaml);
    }
}

static const struct talk_row frame_rows[] = {
    {"messages",
     {TS("GET / HTTP/1.1\r\nHost: a\r\n\r\nPOST /b HTTP/1.1\r\nContent-Length: 2\r\n\r\nxy"),
      TC("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nzHTTP/1.1 404 No\r\n\r\nto the end")},
     {"frame ts request 0+27 GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n",
      "frame ts request 27+41 POST /b HTTP/1.1\\r\\nContent-Length: 2\\r\\n\\r\\nxy",
      "frame tc response 0+39 HTTP/1.1 200 OK\\r\\nContent-Length: 1\\r\\n\\r\\nz",
      "frame tc response 39+29 HTTP/1.1 404 No\\r\\n\\r\\nto the end"}},
    {"a hole in a body",
     {TC("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nab"), GAP(DIR_TOCLIENT, 3), TC("f")},
     {"frame tc response 0+44 missed f"}},
};

static const struct talk_probe probes[] = {
    {"GET", TS("GET / HTTP/1.1\r\n"), 80, APP_PROBE_YES},
    {"GET elsewhere", TS("GET / HTTP/1.1\r\n"), 4444, APP_PROBE_YES},
    {"empty lines before", TS("\r\n POST /x"), 80, APP_PROBE_YES},
    {"its beginning", TS("GE"), 4444, APP_PROBE_MORE},
    {"nothing", TS(""), 80, APP_PROBE_MORE},
    {"an unknown method", TS("FOO /x HTTP/1.1\r\n"), 4444, APP_PROBE_YES},
    {"no version", TS("FOO /x\r\n"), 4444, APP_PROBE_NO},
    {"SIP", TS("OPTIONS sip:a@b SIP/2.0\r\n"), 5060, APP_PROBE_NO},
    {"RTSP", TS("OPTIONS rtsp://a RTSP/1.0\r\n"), 554, APP_PROBE_NO},
    {"HTTP/2", TS("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 80, APP_PROBE_NO},
    {"SMTP", TS("EHLO a\r\n"), 25, APP_PROBE_NO},
    {"TLS", TS("\x16\x03\x01\x02"), 443, APP_PROBE_NO},
    {"TLS on our port", TS("\x16\x03\x01\x02"), 80, APP_PROBE_NO},
    {"an answer", TC("HTTP/1.1 200 OK\r\n"), 4444, APP_PROBE_YES},
    {"its beginning", TC("HTT"), 80, APP_PROBE_MORE},
    {"a greeting", TC("220 mail\r\n"), 25, APP_PROBE_NO},
};

int main(void)
{
    const struct talk_suite suites[] = {
        {&http1_talk, http1_rows, http1_row_count, TALK_PROBES(probes)},
        {&http1_talk, TALK_ROWS(frame_rows), TALK_PROBES(probes)},
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_windows),        cmocka_unit_test(test_body_limit),
        cmocka_unit_test(test_limits),         cmocka_unit_test(test_unanswered),
        cmocka_unit_test(test_late_responses), cmocka_unit_test(test_log_settings),
    };
    return talk_run(suites, ARRAY_COUNT(suites), tests, ARRAY_COUNT(tests));
}
