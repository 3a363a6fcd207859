/* HTTP/2: what is seen of a conversation, whole and cut at each byte; with too little memory; header compression by RFC 7541's own
 * examples. */
#include "engine/app/http2/http2.h"

#include "base/text.h"
#include "engine/app/http2/hpack.h"
#include "engine/app/talk/talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define ACK "\0\0\0\4\1\0\0\0\0"
/* RFC 7541, C.3.1: GET http://www.example.com/ */
#define GET "\x82\x86\x84\x41\x0fwww.example.com"
#define GET_FRAME "\0\0\x14\1\5\0\0\0\1" GET
/* :status 200, content-length 5 */
#define OK_FRAME "\0\0\5\1\4\0\0\0\1\x88\x0f\x0d\x01\x35"

/* ---- DNS (RFC 8484): "a.bc", A, and its answer ---- */

#define QUESTION "\0\0\1\0\0\1\0\0\0\0\0\0\1a\2bc\0\0\1\0\1"
#define ANSWER \
    "\0\0\x81\x80\0\1\0\1\0\0\0\0\1a\2bc\0\0\1\0\1\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x0a\1\2\3"
#define TYPE       \
    "\x0f\x10\x17" \
    "application/dns-message" /* content-type */
#define ACCEPT     \
    "\x0f\x04\x17" \
    "application/dns-message"
/* GET with that path of 36 bytes; POST / */
#define ASK(path) "\0\0\x42\1\5\0\0\0\1\x82\x86\x04\x24" path ACCEPT
#define POST "\0\0\x1d\1\4\0\0\0\1\x83\x86\x84" TYPE
#define ANSWERED "\0\0\x1b\1\4\0\0\0\1\x88" TYPE "\0\0\x26\0\1\0\0\0\1" ANSWER

static const struct talk_row rows[] = {
    {"DNS: a question in the path, its answer",
     {TS(PREFACE ASK("/?dns=AAABAAABAAAAAAAAAWECYmMAAAEAAQ")), TC(ANSWERED)},
     {"0 ts dns.query=a.bc", "0 ts dns.rrtype=1", "0 tc dns.answers.rrname=a.bc",
      "0 tc dns.rcode=0", "0 ts http.method=GET", "0 tc http.stat_code=200", "0 done ts tc",
      "!0 event dns_malformed"}},
    {"DNS: a question as a body, in two pieces",
     {TS(PREFACE POST "\0\0\5\0\0\0\0\0\1\0\0\1\0\0"),
      TS("\0\0\x11\0\1\0\0\0\1\1\0\0\0\0\0\0\1a\2bc\0\0\1\0\1"), TC(ANSWERED)},
     {"0 ts dns.query=a.bc", "0 ts dns.opcode=0", "0 tc dns.response.rrname=a.bc",
      "0 ts http.method=POST"}},
    {"DNS: another type, then an answer all the same",
     {TS(PREFACE "\0\0\3\1\4\0\0\0\1\x83\x86\x84\0\0\x16\0\1\0\0\0\1" QUESTION), TC(ANSWERED)},
     {"!0 ts dns.query=a.bc", "0 tc dns.answers.rrname=a.bc", "0 ts http.method=POST"}},
    {"DNS: a path that is none",
     {TS(PREFACE ASK("/?dns=AAABAAABAAAAAAAAP2ECYmMAAAEAAQ"))},
     {"0 event dns_malformed", "!0 ts dns.opcode=0", "0 ts http.method=GET"}},
    {"DNS: a body that is none",
     {TS(PREFACE POST "\0\0\5\0\1\0\0\0\1hello")},
     {"0 event dns_malformed", "0 ts http.method=POST", "0 ts http.request_body=hello",
      "0 done ts"}},
    {"DNS: a hole in the answer",
     {TS(PREFACE ASK("/?dns=AAABAAABAAAAAAAAAWECYmMAAAEAAQ")),
      TC("\0\0\x1b\1\4\0\0\0\1\x88" TYPE "\0\0\x26\0\1\0\0\0\1"), GAP(DIR_TOCLIENT, 38)},
     {"0 ts dns.query=a.bc", "!0 tc dns.rcode=0", "!0 event dns_malformed"}},
    {"DNS: a reset does not take the answer away",
     {TS(PREFACE ASK("/?dns=AAABAAABAAAAAAAAAWECYmMAAAEAAQ") "\0\0\4\3\0\0\0\0\1\0\0\0\x8"),
      TC(ANSWERED)},
     {"0 tc dns.answers.rrname=a.bc", "!1 event stream_id_reuse"}},
    {"a request and its response",
     {TS(PREFACE "\0\0\0\4\0\0\0\0\0" GET_FRAME), TC("\0\0\0\4\0\0\0\0\0" OK_FRAME),
      TC("\0\0\5\0\1\0\0\0\1hello")},
     {"1 ts http.method=GET", "1 ts http.uri=/", "1 ts http.host=www.example.com",
      "1 ts http.request_line=GET / HTTP/2\\r\\n", "1 tc http.stat_code=200",
      "1 tc http.content_len=5", "1 tc http.response_body=hello", "1 file tc  5 closed",
      "1 ts http2.frametype=1", "1 tc http2.frametype=0", "1 tc http2.frametype=1", "1 done ts tc",
      "!flow event invalid_client_magic"}},
    {"padding and priority",
     {TS(PREFACE "\0\0\x1c\1\x2d\0\0\0\1\2\0\0\0\0\xc8" GET "\0\0"),
      TC(OK_FRAME "\0\0\x08\0\x09\0\0\0\1\2hello\0\0")},
     {"0 ts http.host=www.example.com", "0 ts http2.priority=200", "0 tc http.response_body=hello",
      "0 done ts tc"}},
    {"a header block in three frames",
     {TS(PREFACE "\0\0\2\1\1\0\0\0\1\x82\x86\0\0\5\x9\0\0\0\0\1\x84\x41\x0fww"
                 "\0\0\x0d\x9\4\0\0\0\1w.example.com")},
     {"0 ts http.host=www.example.com", "0 ts http2.frametype=9", "!0 event invalid_header"}},
    {"settings, window, reset, goaway",
     {TS(PREFACE "\0\0\6\4\0\0\0\0\0\0\3\0\0\0\x64\0\0\4\x8\0\0\0\0\0\0\0\x87\x4a" GET_FRAME
                 "\0\0\4\3\0\0\0\0\1\0\0\0\x8\0\0\x8\7\0\0\0\0\0\0\0\0\1\0\0\0\2")},
     {"0 ts http2.settings=12884901988", "1 ts http2.window=34634", "2 ts http2.errorcode=8",
      "2 done ts", "3 ts http2.errorcode=2"}},
    {"the dynamic table, and its size",
     {TS(PREFACE "\0\0\x17\1\5\0\0\0\1\x3f\xe1\x1f" GET "\0\0\4\1\5\0\0\0\3\x82\x86\x84\xbe")},
     {"0 ts http2.size_update=4096", "1 ts http.host=www.example.com", "1 ts http.uri=/"}},
    {"trailers, and an interim response",
     {TS(PREFACE GET_FRAME), TC("\0\0\5\1\4\0\0\0\1\x48\x03"
                                "103\0\0\1\1\4\0\0\0\1\x88\0\0\2\0\0\0\0\0\1hi"
                                "\0\0\5\1\5\0\0\0\1\0\1a\1b")},
     {"0 tc http.stat_code=200", "0 tc http.response_header=a: b", "0 tc http.response_body=hi",
      "0 done ts tc"}},
    {"a pushed response",
     {TS(PREFACE GET_FRAME), TC("\0\0\7\5\4\0\0\0\1\0\0\0\2\x82\x87\x85"
                                "\0\0\1\1\4\0\0\0\2\x88\0\0\1\0\1\0\0\0\2x")},
     {"1 ts http.uri=/index.html", "1 tc http.response_body=x", "1 done ts tc"}},
    {"odd frames",
     {TS(PREFACE "\0\0\1\6\0\0\0\0\0x\0\0\1\0\0\0\0\0\0x\0\0\1\x9\4\0\0\0\1\x82"
                 "\0\0\2\1\x0c\0\0\0\3\x09\x82")},
     {"0 event invalid_frame_length", "flow event data_stream_zero",
      "1 event continuation_without_headers", "2 event invalid_frame_data"}},
    {"damaged compression, and what follows it",
     {TS(PREFACE "\0\0\1\1\5\0\0\0\1\x80\0\0\1\1\5\0\0\0\3\x82")},
     {"0 event invalid_header", "!1 ts http.method=GET"}},
    {"a user in the authority, another host",
     {TS(PREFACE "\0\0\x0e\1\5\0\0\0\1\x82\x01\x05"
                 "u@B:1\x0f\x17\x01"
                 "c\x86\x84")},
     {"0 event userinfo_in_uri", "0 event authority_host_mismatch", "0 ts http.host=b",
      "0 ts http.host.raw=u@B:1"}},
    {"no preface", {TS(GET_FRAME)}, {"flow event invalid_client_magic", "0 ts http.method=GET"}},
    {"a hole in a body",
     {TS(PREFACE GET_FRAME), TC(OK_FRAME "\0\0\5\0\1\0\0\0\1h"), GAP(DIR_TOCLIENT, 2), TC("lo")},
     {"0 file tc  5 truncated", "0 done ts tc"}},
    {"a hole elsewhere", {TS(PREFACE), GAP(DIR_TOSERVER, 2)}, {"failed ts"}},
};

/* ---- HPACK ---- */

/* RFC 7541, appendix C: blocks of one connection; "name: value" lines. */
static const struct {
    const char *hex, *want;
} blocks[] = {
    /* C.4: requests with Huffman codes */
    {"828684418cf1e3c2e5f23a6ba0ab90f4ff",
     ":method: GET|:scheme: http|:path: /|:authority: www.example.com|"},
    {"828684be5886a8eb10649cbf",
     ":method: GET|:scheme: http|:path: /|:authority: www.example.com|cache-control: no-cache|"},
    {"828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
     ":method: GET|:scheme: https|:path: /index.html|:authority: www.example.com|custom-key: "
     "custom-value|"},
};

static void decode_examples(void **state)
{
    static struct slab slab;
    static struct hpack_room room;
    struct hpack h;
    assert_int_equal(slab_init(&slab, 8u << 20), 0);
    struct budget mem = {&slab, 0, 1u << 20};
    hpack_init(&h);
    for (size_t i = 0; i < ARRAY_COUNT(blocks); i++) {
        uint8_t bytes[64];
        char text[256];
        struct buf seen = buf_fixed(text, sizeof text);
        size_t len = strlen(blocks[i].hex) / 2;
        for (size_t k = 0; k < len; k++)
            bytes[k] = (uint8_t)(text_hex_digit((uint8_t)blocks[i].hex[2 * k]) << 4 |
                                 text_hex_digit((uint8_t)blocks[i].hex[2 * k + 1]));
        struct reader r = reader_of(str_of(bytes, len));
        struct hpack_field f;
        while (hpack_next(&h, &mem, &r, &room, &f) == HPACK_FIELD) {
            buf_add(&seen, f.name);
            buf_add_c(&seen, ": ");
            buf_add(&seen, f.value);
            buf_add_c(&seen, "|");
        }
        assert_int_equal(reader_left(&r), 0);
        assert_string_equal(buf_c(&seen), blocks[i].want);
    }
    hpack_fini(&h, &mem);
    assert_int_equal(mem.used_bytes, 0);
    slab_fini(&slab);
}

static const struct {
    const char *name;
    struct str block;
    enum hpack_result want;
} bad_blocks[] = {
    {"index 0", {(const uint8_t *)"\x80", 1}, HPACK_BAD},
    {"index beyond the table", {(const uint8_t *)"\xbe", 1}, HPACK_BAD},
    {"an endless integer", {(const uint8_t *)"\xff\xff\xff\xff\xff\xff\xff", 7}, HPACK_OVERFLOW},
    {"a string that is not there",
     {(const uint8_t *)"\x40\x05"
                       "ab",
      4},
     HPACK_BAD},
    {"the end-of-string code", {(const uint8_t *)"\x40\x84\xff\xff\xff\xff\x00", 7}, HPACK_BAD},
    {"eight bits of padding", {(const uint8_t *)"\x40\x82\x1f\xff\x00", 5}, HPACK_BAD},
    {"a table of a megabyte", {(const uint8_t *)"\x3f\xe1\xff\x3f", 4}, HPACK_TABLE},
};

static void refuse_bad(void **state)
{
    static struct slab slab;
    static struct hpack_room room;
    assert_int_equal(slab_init(&slab, 8u << 20), 0);
    struct budget mem = {&slab, 0, 1u << 20};
    for (size_t i = 0; i < ARRAY_COUNT(bad_blocks); i++) {
        struct hpack h;
        struct hpack_field f;
        struct reader r = reader_of(bad_blocks[i].block);
        hpack_init(&h);
        enum hpack_result got = hpack_next(&h, &mem, &r, &room, &f);
        if (got != bad_blocks[i].want)
            print_error("%s: %d\n", bad_blocks[i].name, got);
        assert_int_equal(got, bad_blocks[i].want);
        hpack_fini(&h, &mem);
    }
    slab_fini(&slab);
}

/* One long header in the table, asked for by one byte each: what it costs ends with what was paid for. */
static void bomb_ends(void **state)
{
    static struct slab slab;
    static struct hpack_room room;
    struct hpack h;
    struct hpack_field f;
    uint8_t literal[3 + 4000], block[600];
    assert_int_equal(slab_init(&slab, 8u << 20), 0);
    struct budget mem = {&slab, 0, 1u << 20};
    hpack_init(&h);
    memset(literal, 'a', sizeof literal);
    memcpy(literal, "\x40\x7f\x9e", 3); /* name of 127 + 30 + 128 * k */
    memset(block, 0x7e, sizeof block);  /* index 62 as the name, and a value of 126 bytes */
    struct str name = str_of(literal + 3, 3900);
    uint8_t head[8] = {0x40, 0x7f, 0xbd, 0x1d}; /* 127 + 0x3d + 0x1d * 128 = 3900 */
    uint8_t whole[4 + 3900 + 1];
    memcpy(whole, head, 4);
    memcpy(whole + 4, name.p, name.len);
    whole[4 + 3900] = 0;
    struct reader r = reader_of(str_of(whole, sizeof whole));
    assert_int_equal(hpack_next(&h, &mem, &r, &room, &f), HPACK_FIELD);
    assert_int_equal(f.name.len, 3900);
    enum hpack_result got = HPACK_FIELD;
    size_t count = 0;
    for (; got == HPACK_FIELD && count < 100000; count++) {
        struct reader small = reader_of(str_of("\x0f\x2f\x00", 3)); /* index 62, no value */
        got = hpack_next(&h, &mem, &small, &room, &f);
    }
    assert_int_equal(got, HPACK_BOMB);
    assert_true(count * 3900 <= HPACK_WORK_FREE + 2 * 3900);
    hpack_fini(&h, &mem);
    slab_fini(&slab);
}

/* ---- conversations ---- */

static const struct talk talk = {.parser = &http2_parser, .server_port = 80};

static const struct talk_probe probes[] = {
    {"preface", TS(PREFACE), 80, APP_PROBE_YES},
    {"part", TS("PRI * HTT"), 80, APP_PROBE_MORE},
    {"other", TS("PRI * HTTP/1.1\r\n\r\nSM\r\n\r\n"), 80, APP_PROBE_NO},
    {"settings", TC("\0\0\0\4\0\0\0\0\0"), 80, APP_PROBE_YES},
    {"data", TC("\0\0\0\0\0\0\0\0\1"), 80, APP_PROBE_NO},
    {"text", TC("220 ftp"), 80, APP_PROBE_NO},
};

static const struct talk_suite suites[] = {
    {&talk, TALK_ROWS(rows), TALK_PROBES(probes)},
};

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decode_examples),
        cmocka_unit_test(refuse_bad),
        cmocka_unit_test(bomb_ends),
    };
    return talk_run(suites, ARRAY_COUNT(suites), tests, ARRAY_COUNT(tests));
}
