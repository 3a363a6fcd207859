#include "engine/app/talk/talk.h"
#include "engine/app/tls/certificate.h"
#include "engine/app/tls/handshake.h"
#include "engine/app/tls/made_handshake.h"
#include "engine/app/tls/tls.h"

#include <setjmp.h>
#include <stdarg.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define STREAM_BYTES 8192

struct world {
    struct slab slab;
    struct budget mem;
    struct arena scratch;
    struct app_conf conf;
    struct app_flow af;
};

struct stream {
    uint8_t memory[STREAM_BYTES];
    struct buf b;
};

static void begin(struct world *w)
{
    assert_int_equal(slab_init(&w->slab, 16u << 20), 0);
    w->mem = (struct budget){.slab = &w->slab, .limit_bytes = 1u << 20};
    app_conf_defaults(&w->conf);
    tls_parser.log_conf(&w->conf.log, NULL);
    w->conf.ja3 = w->conf.ja4 = true;
    arena_init(&w->scratch, 0, 0);
    w->af = (struct app_flow){
        .mem = &w->mem, .conf = &w->conf, .scratch = &w->scratch, .server_port = 443};
    assert_int_equal(app_open(&w->af, &tls_parser), 0);
}

static void end(struct world *w)
{
    struct file_store *files = file_store_new(&(struct file_conf){0}, NULL);
    w->af.files = files;
    app_close(&w->af);
    assert_int_equal(w->mem.used_bytes, 0);
    file_store_free(files);
    arena_fini(&w->scratch);
    slab_fini(&w->slab);
}

static struct buf *stream_begin(struct stream *s)
{
    s->b = buf_fixed(s->memory, sizeof(s->memory));
    return &s->b;
}

/* A message in records of at most `record_bytes`. */
static void add_records(struct buf *out, struct str message, size_t record_bytes)
{
    for (size_t at = 0; at < message.len; at += record_bytes) {
        size_t record = made_record(out, 22);
        buf_add(out, str_cut(message, at, at + record_bytes));
        made_end(out, record, 2);
    }
}

static void add_encrypted(struct buf *out)
{
    buf_add(out, STR_LIT("\x14\3\3\0\1\1"));
    buf_add(out, STR_LIT("\x16\3\3\0\x05xxxxx"));
    buf_add(out, STR_LIT("\x17\3\3\0\x03yyy"));
}

static void client_side(struct stream *s, size_t record_bytes)
{
    struct stream message;
    made_client_hello(stream_begin(&message));
    add_records(stream_begin(s), buf_str(&message.b), record_bytes);
    add_encrypted(&s->b);
    assert_false(s->b.failed);
}

static void server_side(struct stream *s, size_t record_bytes)
{
    struct stream message;
    struct buf *m = stream_begin(&message);
    made_server_hello(m, STR_LIT("wxyz"), STR_LIT("\0\x10\0\5\0\3\2h2\0\x17\0\0"));
    made_certificates(m);
    buf_add(m, STR_LIT("\x0e\0\0\0"));
    add_records(stream_begin(s), buf_str(m), record_bytes);
    add_encrypted(&s->b);
    assert_false(s->b.failed);
}

/* As engine.c does it: what is not consumed is given again with more behind it. */
static enum parse feed(struct world *w, enum dir dir, struct str stream, size_t cut)
{
    size_t consumed = 0;
    const size_t ends[] = {cut, stream.len};
    for (size_t i = 0; i < ARRAY_COUNT(ends); i++) {
        struct app_chunk chunk = {.bytes = str_cut(stream, consumed, ends[i]), .offset = consumed};
        struct app_result result = app_data(&w->af, dir, &chunk);
        if (result.status == PARSE_BAD)
            return PARSE_BAD;
        consumed += result.consumed;
    }
    assert_int_equal(consumed, stream.len);
    return PARSE_OK;
}

static const struct field_desc *row_of(const char *name)
{
    for (size_t i = 0; i < TLS_FIELDS; i++)
        if (strcmp(tls_fields[i].name, name) == 0)
            return &tls_fields[i];
    fail_msg("no field %s", name);
    return NULL;
}

static struct str field(struct world *w, const char *name, enum dir dir, uint32_t index)
{
    const struct field_desc *row = row_of(name);
    struct str out = STR_EMPTY;
    assert_true(row->dirs & DIR_BIT(dir));
    assert_true(w->af.first->progress[dir] >= row->ready_at[dir]);
    return row->bytes(w->af.first, dir, index, &w->scratch, &out) ? out : STR_EMPTY;
}

static uint64_t number(struct world *w, const char *name, enum dir dir)
{
    uint64_t out = 99999;
    row_of(name)->number(w->af.first, dir, 0, &out);
    return out;
}

static void check_facts(struct world *w)
{
    static const struct {
        const char *field;
        enum dir dir;
        uint32_t index;
        struct str want;
    } rows[] = {
        {"tls.sni", DIR_TOSERVER, 0, {(const uint8_t *)"www.omamori.x", 13}},
        {"tls.alpn", DIR_TOSERVER, 1, {(const uint8_t *)"http/1.1", 8}},
        {"tls.alpn", DIR_TOSERVER, 2, {NULL, 0}},
        {"tls.alpn", DIR_TOCLIENT, 0, {(const uint8_t *)"h2", 2}},
        {"tls.random", DIR_TOSERVER, 0, {(const uint8_t *)MADE_RANDOM, 32}},
        {"tls.random_time", DIR_TOCLIENT, 0, {(const uint8_t *)MADE_RANDOM, 4}},
        {"tls.random_bytes", DIR_TOCLIENT, 0, {(const uint8_t *)MADE_RANDOM + 4, 28}},
        {"tls.cert_subject", DIR_TOCLIENT, 0, {(const uint8_t *)"C=JP, CN=o\xe3\x81\x82", 13}},
        {"tls.cert_subject", DIR_TOSERVER, 0, {NULL, 0}},
        {"tls.cert_issuer", DIR_TOCLIENT, 0, {(const uint8_t *)"C=JP, CN=Test CA", 16}},
        {"tls.cert_serial", DIR_TOCLIENT, 0, {(const uint8_t *)"00:AB:0C", 8}},
        {"tls.subjectaltname", DIR_TOCLIENT, 0, {(const uint8_t *)"a.x", 3}},
        {"tls.subjectaltname", DIR_TOCLIENT, 1, {(const uint8_t *)"b.x", 3}},
        {"tls.subjectaltname", DIR_TOCLIENT, 2, {NULL, 0}},
        {"ja3.string",
         DIR_TOSERVER,
         0,
         {(const uint8_t
               *)"771,4865-4866-4867-49195-49199-49196-49200-52393-52392-49171-49172-156-"
                 "157-47-53,0-23-65281-10-11-35-16-5-13-18-51-45-43-27-17513-21,29-23-24,0",
          143}},
        {"ja3s.string", DIR_TOCLIENT, 0, {(const uint8_t *)"771,49199,16-23", 15}},
        {"ja4.hash",
         DIR_TOSERVER,
         0,
         {(const uint8_t *)"t13d1516h2_8daaf6152771_e5627efa2ab1", 36}},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct str got = field(w, rows[i].field, rows[i].dir, rows[i].index);
        if (!str_eq(got, rows[i].want))
            fail_msg("%s: %.*s", rows[i].field, (int)got.len, got.p ? (const char *)got.p : "");
    }
    assert_int_equal(number(w, "tls.version", DIR_TOSERVER), TLS_1_3);
    assert_int_equal(number(w, "tls.version", DIR_TOCLIENT), TLS_1_2);
    assert_int_equal(number(w, "tls.cert_chain_len", DIR_TOCLIENT), 2);
    assert_true(number(w, "tls.cert_notbefore", DIR_TOCLIENT) <
                number(w, "tls.cert_notafter", DIR_TOCLIENT));
    assert_int_equal(number(w, "tls.state", DIR_TOCLIENT), TLS_AT_SERVER_HELLO);
    assert_int_equal(field(w, "ja3.hash", DIR_TOSERVER, 0).len, 32);
    assert_int_equal(field(w, "tls.cert_fingerprint", DIR_TOCLIENT, 0).len, 59);
    assert_int_equal(field(w, "tls.certs", DIR_TOCLIENT, 1).len,
                     field(w, "tls.certs", DIR_TOCLIENT, 0).len);
    assert_int_equal(field(w, "tls.certs", DIR_TOCLIENT, 2).len, 0);
    assert_int_equal(w->af.first->events, 0);
    assert_int_equal(w->af.flow_events, 0);
    assert_int_equal(w->af.first->progress[0], TX_COMPLETE);
    assert_int_equal(w->af.first->progress[1], TX_COMPLETE);
    assert_true(tls_parser.log_ready(w->af.first));
    assert_false(w->af.first->logged);
    assert_true(tls_is_encrypted(&w->af));
}

static void handshakes_give_the_same_cut_anywhere(void **state)
{
    const size_t record_sizes[] = {STREAM_BYTES, 100, 3};
    struct stream client, server;
    for (size_t i = 0; i < ARRAY_COUNT(record_sizes); i++) {
        client_side(&client, record_sizes[i]);
        server_side(&server, record_sizes[i]);
        for (size_t cut = 0; cut <= client.b.len || cut <= server.b.len; cut++) {
            struct world w;
            begin(&w);
            assert_int_equal(feed(&w, DIR_TOSERVER, buf_str(&client.b), cut), PARSE_OK);
            assert_int_equal(feed(&w, DIR_TOCLIENT, buf_str(&server.b), cut), PARSE_OK);
            check_facts(&w);
            end(&w);
        }
    }
}

/* The members that the settings name; in an alert always the extended ones. */
static void the_settings_choose_members(void **state)
{
    static const struct {
        const char *settings;
        bool in_alert, want_sni, want_subject, want_chain, want_resumed;
    } rows[] = {
        {"tls: {extended: yes}", false, true, true, false, true},
        {"tls: {extended: no}", false, false, true, false, true},
        {"tls: {session-resumption: no}", false, false, true, false, false},
        {"tls: {extended: no}", true, true, true, false, true},
        {"tls: {custom: [sni, chain]}", false, true, false, true, false},
        {"tls: {custom: [nonsense]}", false, false, false, false, false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct stream client, server;
        struct world w;
        struct buf out;
        struct json json;
        struct err err;
        struct conf *conf = conf_new();
        print_message("# %s\n", rows[i].settings);
        assert_int_equal(conf_parse(conf, str_c(rows[i].settings), "test", &err), 0);
        client_side(&client, STREAM_BYTES);
        server_side(&server, STREAM_BYTES);
        begin(&w);
        tls_parser.log_conf(&w.conf.log, conf_find(conf, "tls"));
        w.conf.log.in_alert = rows[i].in_alert;
        feed(&w, DIR_TOSERVER, buf_str(&client.b), 0);
        feed(&w, DIR_TOCLIENT, buf_str(&server.b), 0);
        buf_init(&out, 0);
        json_init(&json, &out);
        json_object(&json, NULL);
        tls_parser.log(w.af.first, &w.conf, &json);
        json_end_object(&json);
        assert_int_equal(strstr(buf_c(&out), "\"sni\"") != NULL, rows[i].want_sni);
        assert_int_equal(strstr(buf_c(&out), "\"subject\"") != NULL, rows[i].want_subject);
        assert_int_equal(strstr(buf_c(&out), "\"chain\"") != NULL, rows[i].want_chain);
        ((struct tls_tx *)w.af.first)->resumed = true;
        assert_int_equal(tls_parser.log_wants(w.af.first, &w.conf.log), rows[i].want_resumed);
        buf_fini(&out);
        conf_free(conf);
        end(&w);
    }
}

static void the_record_is_written(void **state)
{
    struct stream client, server;
    struct world w;
    struct buf out;
    struct json json;
    client_side(&client, STREAM_BYTES);
    server_side(&server, STREAM_BYTES);
    begin(&w);
    feed(&w, DIR_TOSERVER, buf_str(&client.b), 0);
    assert_false(tls_parser.log_ready(w.af.first));
    feed(&w, DIR_TOCLIENT, buf_str(&server.b), 0);
    buf_init(&out, 0);
    json_init(&json, &out);
    json_object(&json, NULL);
    tls_parser.log(w.af.first, &w.conf, &json);
    json_end_object(&json);
    const char *text = buf_c(&out);
    static const char *const wanted[] = {
        "\"subject\":\"C=JP, CN=o\xe3\x81\x82\",\"issuerdn\":\"C=JP, CN=Test CA\"",
        "\"subjectaltname\":[\"a.x\",\"b.x\"],\"serial\":\"00:AB:0C\"",
        "\"sni\":\"www.omamori.x\",\"version\":\"TLS 1.2\"",
        "\"notbefore\":\"2025-01-02T03:04:05\",\"notafter\":\"2051-06-07T08:09:10\"",
        "\"ja3s\":{\"hash\":",
        "\"ja4\":\"t13d1516h2_8daaf6152771_e5627efa2ab1\"",
        "\"client_alpns\":[\"h2\",\"http/1.1\"],\"server_alpns\":[\"h2\"]",
    };
    for (size_t i = 0; i < ARRAY_COUNT(wanted); i++)
        if (!strstr(text, wanted[i]))
            fail_msg("%s is not in %s", wanted[i], text);
    buf_fini(&out);
    end(&w);
}

static void a_session_that_goes_on_is_known(void **state)
{
    struct stream client, server, message;
    struct world w;
    client_side(&client, STREAM_BYTES);
    made_server_hello(stream_begin(&message), STR_LIT("abcd"), STR_EMPTY);
    add_records(stream_begin(&server), buf_str(&message.b), STREAM_BYTES);
    add_encrypted(&server.b);
    begin(&w);
    feed(&w, DIR_TOSERVER, buf_str(&client.b), 0);
    feed(&w, DIR_TOCLIENT, buf_str(&server.b), 0);
    assert_true(tls_tx_of(w.af.first)->resumed);
    assert_false(w.af.first->logged);
    end(&w);
}

static void what_follows_the_handshake_is_walked_over(void **state)
{
    struct stream client, server;
    struct world w;
    struct app_chunk hole = {.gap = 2};
    client_side(&client, STREAM_BYTES);
    server_side(&server, STREAM_BYTES);
    begin(&w);
    feed(&w, DIR_TOSERVER, buf_str(&client.b), 0);
    feed(&w, DIR_TOCLIENT, buf_str(&server.b), 0);
    uint32_t held = w.mem.used_bytes;
    /* A record's bytes are not waited for, a hole inside it does not matter, nor does one behind which all is lost. */
    assert_int_equal(feed(&w, DIR_TOCLIENT, STR_LIT("\x17\3\3\0\x05zz"), 6), PARSE_OK);
    assert_int_equal(app_data(&w.af, DIR_TOCLIENT, &hole).status, PARSE_OK);
    assert_int_equal(feed(&w, DIR_TOCLIENT, STR_LIT("z\x15\3\3\0\x02zz"), 1), PARSE_OK);
    hole.gap = 1000;
    assert_int_equal(app_data(&w.af, DIR_TOCLIENT, &hole).status, PARSE_OK);
    assert_int_equal(feed(&w, DIR_TOCLIENT, STR_LIT("GET / HTTP/1.1\r\n"), 3), PARSE_OK);
    assert_int_equal(w.mem.used_bytes, held);
    assert_int_equal(w.af.first->events, 0);
    end(&w);
}

static void a_hole_in_the_handshake_ends_it(void **state)
{
    struct stream client;
    struct world w;
    struct app_chunk hole = {.gap = 200};
    client_side(&client, STREAM_BYTES);
    begin(&w);
    feed(&w, DIR_TOSERVER, buf_str(&client.b), 0);
    assert_int_equal(app_data(&w.af, DIR_TOCLIENT, &hole).status, PARSE_BAD);
    end(&w);
}

#define RANDOM_32 MADE_RANDOM

static void damage_is_an_event(void **state)
{
    static const struct {
        const char *name;
        enum dir dir;
        struct str bytes;
        enum tls_event event;
    } rows[] = {
#define LIT(s) {(const uint8_t *)(s), sizeof(s) - 1}
        {"type 99", DIR_TOSERVER, LIT("\x63\3\1\0\1x"), TLS_EVENT_INVALID_RECORD_TYPE},
        {"version 9", DIR_TOSERVER, LIT("\x16\x09\1\0\1x"), TLS_EVENT_INVALID_RECORD_VERSION},
        {"65535 bytes", DIR_TOSERVER, LIT("\x16\3\1\xff\xffx"), TLS_EVENT_INVALID_RECORD_LENGTH},
        {"alert of one byte", DIR_TOCLIENT, LIT("\x15\3\1\0\1\2"), TLS_EVENT_INVALID_ALERT_MESSAGE},
        {"alert of level 7", DIR_TOCLIENT, LIT("\x15\3\1\0\2\7\0"),
         TLS_EVENT_INVALID_ALERT_MESSAGE},
        {"message 99", DIR_TOCLIENT, LIT("\x16\3\1\0\4\x63\0\0\0"),
         TLS_EVENT_INVALID_HANDSHAKE_MESSAGE},
        {"message of 16 MiB", DIR_TOCLIENT, LIT("\x16\3\1\0\5\x0b\xff\xff\xffx"),
         TLS_EVENT_HANDSHAKE_INVALID_LENGTH},
        {"client hello of the server", DIR_TOCLIENT, LIT("\x16\3\1\0\5\1\0\0\1x"),
         TLS_EVENT_INVALID_HANDSHAKE_MESSAGE},
        {"client hello of two bytes", DIR_TOSERVER, LIT("\x16\3\1\0\6\1\0\0\2\3\3"),
         TLS_EVENT_INVALID_CLIENT_HELLO},
        {"server hello of two bytes", DIR_TOCLIENT, LIT("\x16\3\1\0\6\2\0\0\2\3\3"),
         TLS_EVENT_INVALID_SERVER_HELLO},
        {"two names of servers", DIR_TOSERVER,
         LIT("\x16\3\1\0\x43\1\0\0\x3f\3\3" RANDOM_32
             "\0\0\2\0\x35\1\0\0\x14\0\0\0\6\0\4\0\0\1a\0\0\0\6\0\4\0\0\1b"),
         TLS_EVENT_MULTIPLE_SNI_EXTENSIONS},
        {"name of type 5", DIR_TOSERVER,
         LIT("\x16\3\1\0\x39\1\0\0\x35\3\3" RANDOM_32 "\0\0\2\0\x35\1\0\0\x0a\0\0\0\6\0\4\5\0\1a"),
         TLS_EVENT_INVALID_SNI_TYPE},
        {"name longer than its list", DIR_TOSERVER,
         LIT("\x16\3\1\0\x39\1\0\0\x35\3\3" RANDOM_32 "\0\0\2\0\x35\1\0\0\x0a\0\0\0\6\0\4\0\0\x63"
             "a"),
         TLS_EVENT_INVALID_SNI_LENGTH},
        {"chain longer than its message", DIR_TOCLIENT,
         LIT("\x16\3\1\0\x0c\x0b\0\0\x08\0\0\x63\0\0\2\x30\0"),
         TLS_EVENT_CERTIFICATE_INVALID_LENGTH},
        {"certificate that is none", DIR_TOCLIENT,
         LIT("\x16\3\1\0\x0c\x0b\0\0\x08\0\0\5\0\0\2\x30\0"), TLS_EVENT_CERTIFICATE_INVALID_LENGTH},
        {"certificate whose second length is cut", DIR_TOCLIENT,
         LIT("\x16\3\1\0\x11\x0b\0\0\x0d\0\0\x0a\0\0\7\x30\5\x30\x84\xff\xff\xff"),
         TLS_EVENT_CERTIFICATE_INVALID_LENGTH},
        {"certificate longer than its place", DIR_TOCLIENT,
         LIT("\x16\3\1\0\x0e\x0b\0\0\x0a\0\0\7\0\0\4\x30\x7f\x30\0"),
         TLS_EVENT_INVALID_CERTIFICATE},
        {"certificate that is a number", DIR_TOCLIENT,
         LIT("\x16\3\1\0\x0d\x0b\0\0\x09\0\0\6\0\0\3\2\1\1"), TLS_EVENT_CERTIFICATE_INVALID_DER},
        {"certificate without serial", DIR_TOCLIENT,
         LIT("\x16\3\1\0\x0e\x0b\0\0\x0a\0\0\7\0\0\4\x30\2\x30\0"),
         TLS_EVENT_CERTIFICATE_INVALID_SERIAL},
        {"Heartbleed", DIR_TOSERVER, LIT("\x18\3\1\0\3\1\x40\0"),
         TLS_EVENT_OVERFLOW_HEARTBEAT_MESSAGE},
        {"heartbeat of type 9", DIR_TOSERVER, LIT("\x18\3\1\0\3\x09\0\0"),
         TLS_EVENT_INVALID_HEARTBEAT_MESSAGE},
        {"SSL 2.0 hello too short", DIR_TOSERVER, LIT("\x80\3\1\3\1\0\3\0\0\0\x10xxxxxxxxx"),
         TLS_EVENT_INVALID_SSLV2_HEADER},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        for (size_t cut = 0; cut < rows[i].bytes.len; cut++) {
            struct world w;
            begin(&w);
            feed(&w, rows[i].dir, rows[i].bytes, cut);
            assert_non_null(w.af.first);
            if (!(w.af.first->events >> rows[i].event & 1))
                fail_msg("%s, cut at %zu: events %llx", rows[i].name, cut,
                         (unsigned long long)w.af.first->events);
            end(&w);
        }
    }
}

static void a_long_answer_to_a_heartbeat_is_told(void **state)
{
    struct world w;
    begin(&w);
    feed(&w, DIR_TOSERVER, STR_LIT("\x14\3\3\0\1\1\x18\3\3\0\x04zzzz"), 0);
    feed(&w, DIR_TOCLIENT, STR_LIT("\x14\3\3\0\1\1\x18\3\3\x40\0zz"), 0);
    assert_true(w.af.first->events >> TLS_EVENT_DATALEAK_HEARTBEAT_MISMATCH & 1);
    end(&w);
}

static void an_old_hello_may_ask_for_tls(void **state)
{
    struct stream server;
    struct world w;
    server_side(&server, STREAM_BYTES);
    begin(&w);
    struct str hello = STR_LIT("\x80\x10\1\3\3\0\3\0\0\0\4\0\0\x35xxxx");
    assert_int_equal(feed(&w, DIR_TOSERVER, hello, 5), PARSE_OK);
    assert_int_equal(feed(&w, DIR_TOCLIENT, buf_str(&server.b), 0), PARSE_OK);
    assert_int_equal(number(&w, "tls.version", DIR_TOSERVER), TLS_1_2);
    assert_int_equal(w.af.first->events, 0);
    assert_int_equal(field(&w, "tls.sni", DIR_TOSERVER, 0).len, 0);
    assert_int_equal(field(&w, "tls.cert_serial", DIR_TOCLIENT, 0).len, 8);
    end(&w);
}

/* Memory ends at each size in turn: facts are missing then, nothing else happens. */
static void without_memory_the_connection_goes_on_or_is_given_up(void **state)
{
    struct stream client, server;
    client_side(&client, 100);
    server_side(&server, 100);
    for (uint32_t room = 0; room < 8192; room += 64) {
        struct world w;
        begin(&w);
        w.mem.limit_bytes = w.mem.used_bytes + room;
        feed(&w, DIR_TOSERVER, buf_str(&client.b), 150);
        feed(&w, DIR_TOCLIENT, buf_str(&server.b), 150);
        if (w.af.first)
            for (size_t i = 0; i < TLS_FIELDS; i++)
                if (tls_fields[i].kind == FIELD_BYTES)
                    field(&w, tls_fields[i].name,
                          tls_fields[i].dirs & 1 ? DIR_TOSERVER : DIR_TOCLIENT, 0);
        end(&w);
    }
}

static const struct talk_probe probes[] = {
    {"client hello", TS("\x16\3\1\1\0\1"), 8443, APP_PROBE_YES},
    {"other message", TS("\x16\3\1\1\0\x0b"), 8443, APP_PROBE_NO},
    {"its beginning", TS("\x16\3"), 8443, APP_PROBE_MORE},
    {"server hello", TC("\x16\3\3\0\x50\2"), 8443, APP_PROBE_YES},
    {"alert first", TC("\x15\3\3\0\2\2\x28"), 443, APP_PROBE_YES},
    {"empty record", TS("\x16\3\1\0\0\1"), 443, APP_PROBE_NO},
    {"version 5", TS("\x16\5\1\1\0\1"), 443, APP_PROBE_NO},
    {"SSL 2.0 hello", TS("\x80\x10\1\3\3\0\3\0\0\0\4\0\0\x35xxxx"), 443, APP_PROBE_YES},
    {"lengths of nothing", TS("\x80\x10\1\3\3\0\2\0\0\0\4\0\0\x35xxxx"), 443, APP_PROBE_NO},
    {"text", TS("GET / HTTP/1.1\r\n"), 443, APP_PROBE_NO},
    {"nothing", TS(""), 443, APP_PROBE_MORE},
};

static const struct talk_row frame_rows[] = {
    {"an alert, and a record of data",
     {TS("\x15\3\3\0\2\1\0\x17\3\3\0\3abc")},
     {"frame ts pdu 0+7 \\x15\\x03\\x03\\x00\\x02\\x01\\x00",
      "frame ts hdr 0+5 \\x15\\x03\\x03\\x00\\x02", "frame ts data 5+2 \\x01\\x00",
      "frame ts alert 5+2 \\x01\\x00", "frame ts pdu 7+8 \\x17\\x03\\x03\\x00\\x03abc",
      "frame ts data 12+3 abc"}},
};

static const struct talk tls_talk = {.parser = &tls_parser, .server_port = 443};

static const struct talk_suite suites[] = {
    {&tls_talk, TALK_ROWS(frame_rows), TALK_PROBES(probes)},
};

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handshakes_give_the_same_cut_anywhere),
        cmocka_unit_test(the_record_is_written),
        cmocka_unit_test(the_settings_choose_members),
        cmocka_unit_test(a_session_that_goes_on_is_known),
        cmocka_unit_test(what_follows_the_handshake_is_walked_over),
        cmocka_unit_test(a_hole_in_the_handshake_ends_it),
        cmocka_unit_test(damage_is_an_event),
        cmocka_unit_test(a_long_answer_to_a_heartbeat_is_told),
        cmocka_unit_test(an_old_hello_may_ask_for_tls),
        cmocka_unit_test(without_memory_the_connection_goes_on_or_is_given_up),
    };
    return talk_run(suites, ARRAY_COUNT(suites), tests, ARRAY_COUNT(tests));
}
