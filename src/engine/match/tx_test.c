/* Transactions: fields of every kind, step by step progress, bodies that grow, what is absent, several values, events, and
 * payload together with fields. */
#include "engine/match/double.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define S(text) STR_LIT(text)

static struct double_tx http(void)
{
    struct double_tx tx = {.uri = S("/index.php?q=1"),
                           .method = S("GET"),
                           .agent = S("curl/8"),
                           .header = S("Host: a\r\n"),
                           .stat_code = S("200")};
    tx.tx.proto = APP_HTTP1;
    tx.tx.dirs = DIR_BOTH;
    return tx;
}

/* rows of one buffer: what http.uri holds, and whether the rule hits */
static void uri_rows(void **state)
{
    static const struct {
        const char *name, *items, *uri;
        bool want;
    } rows[] = {
        {"content", "http.uri; content:\"abc\";", "xabc", true},
        {"miss", "http.uri; content:\"abc\";", "xab", false},
        {"bsize", "http.uri; content:\"a\"; bsize:3;", "abc", true},
        {"bsize <>", "http.uri; content:\"a\"; bsize:2<>5;", "abc", true},
        {"bsize miss", "http.uri; content:\"a\"; bsize:>3;", "abc", false},
        {"bsize alone", "http.uri; bsize:3;", "abc", true},
        {"xor", "http.uri; xor:\"01\"; content:\"abc\";", "`cb", true},
        {"xor miss", "http.uri; xor:\"02\"; content:\"abc\";", "`cb", false},
        {"to_md5", "http.uri; to_md5; content:\"|90 01 50 98|\"; startswith;", "abc", true},
        {"to_sha1", "http.uri; to_sha1; content:\"|a9 99 3e 36|\"; startswith;", "abc", true},
        {"to_sha256", "http.uri; to_sha256; content:\"|ba 78 16 bf|\"; startswith;", "abc", true},
        {"url_decode", "http.uri; url_decode; content:\"a b/c%4\";", "a+b%2fc%4", true},
        {"dotprefix", "http.uri; dotprefix; content:\".ab\"; startswith;", "ab", true},
        {"strip_whitespace", "http.uri; strip_whitespace; content:\"abc\";", "a b\t\r\nc", true},
        {"compress_whitespace", "http.uri; compress_whitespace; content:\"a b\";", "a   b", true},
        {"to_lowercase", "http.uri; to_lowercase; content:\"abc\";", "aBC", true},
        {"to_uppercase", "http.uri; to_uppercase; content:\"ABC\";", "aBC", true},
        {"two transforms", "http.uri; to_lowercase; dotprefix; content:\".abc\"; startswith;",
         "aBC", true},
        {"pcrexform", "http.uri; pcrexform:\"a(.+)d\"; content:\"bc\"; bsize:2;", "xabcdx", true},
        {"base64 behind a retry",
         "http.uri; content:\"=\"; base64_decode:relative; base64_data; content:\"hello\";",
         "d=aaaa&e=aGVsbG8=", true},
        {"base64 behind a retry, miss",
         "http.uri; content:\"=\"; base64_decode:relative; base64_data; content:\"hullo\";",
         "d=aaaa&e=aGVsbG8=", false},
        {"from_base64", "http.uri; from_base64; content:\"hello\";", "aGVsbG8=", true},
        {"from_base64 ends at what is foreign", "http.uri; from_base64; content:\"hel\"; bsize:3;",
         "aGVs-bG8=", true},
        {"from_base64 unpadded", "http.uri; from_base64; content:\"hello\"; bsize:5;", "aGVsbG8",
         true},
        {"from_base64 in two", "http.uri; from_base64; content:\"hellohello\";",
         "aGVsbG8=aGVsbG8=", true},
        {"from_base64 lone letter", "http.uri; from_base64; content:\"aGVsb\"; bsize:5;", "aGVsb",
         true},
        {"from_base64 rfc2045 passes over",
         "http.uri; from_base64: mode rfc2045; content:\"hello\";", "aGVs-b G8=", true},
        {"from_base64 rfc2045 whole groups",
         "http.uri; from_base64: mode rfc2045; content:\"hel\"; bsize:3;", "aGVsbG8", true},
        {"from_base64 strict", "http.uri; from_base64: mode strict; content:\"hello\";",
         "aGVsbG8=", true},
        {"from_base64 strict, foreign", "http.uri; from_base64: mode strict; content:\"hel\";",
         "aGVs-bG8=", false},
        {"from_base64 strict, bits left",
         "http.uri; from_base64: mode strict; content:\"aGVsbB==\"; bsize:8;", "aGVsbB==", true},
        {"from_base64 two modes in a rule",
         "http.uri; from_base64: mode strict; content:\"aGVs-\"; "
         "http.uri; from_base64: mode rfc2045; content:\"hello\";",
         "aGVs-bG8=", true},
        {"from_base64 too few", "http.uri; from_base64: bytes 8; content:\"aGVsbG8=\";",
         "aGVsbG8=", true},
        {"from_base64 a piece", "http.uri; from_base64: bytes 4, offset 2; content:\"hel\";",
         "..aGVsbG8=", true},
        {"domain", "http.uri; domain; content:\"b.co.uk\"; bsize:7;", "a.b.co.uk", true},
        {"domain of a country", "http.uri; domain; content:\"b.uk\"; bsize:4;", "a.b.uk", true},
        {"domain of a suffix", "http.uri; domain; bsize:0;", "co.uk", true},
        {"domain of one label", "http.uri; domain; bsize:0;", "localhost", true},
        {"domain of a wildcard", "http.uri; domain; content:\"a.b.kobe.jp\"; bsize:11;",
         "x.a.b.kobe.jp", true},
        {"domain of an exception", "http.uri; domain; content:\"city.kobe.jp\"; bsize:12;",
         "www.city.kobe.jp", true},
        {"domain of a private suffix", "http.uri; domain; content:\"x.github.io\"; bsize:11;",
         "a.x.github.io", true},
        {"domain of what no list knows", "http.uri; domain; content:\"b.unknown\"; bsize:9;",
         "a.b.unknown", true},
        {"domain of an empty label", "http.uri; domain; bsize:0;", ".com", true},
        {"domain of dots", "http.uri; domain; bsize:0;", "....", true},
        {"tld", "http.uri; tld; content:\"co.uk\"; bsize:5;", "a.b.CO.uk", false},
        {"tld keeps letters", "http.uri; tld; content:\"CO.uk\"; bsize:5;", "a.b.CO.uk", true},
        {"tld double", "http.uri; tld; content:\"co.uk.\"; bsize:6;", "a.b.co.uk.", true},
        {"tld of a suffix", "http.uri; tld; bsize:0;", "co.uk", true},
        {"tld single", "http.uri; tld; content:\"com\"; bsize:3;", "ab.com", true},
        {"relative follows a modifier", "content:\"a\"; http_uri; isdataat:!1,relative;", "xa",
         true},
        {"relative follows a modifier, miss", "content:\"a\"; http_uri; isdataat:!1,relative;",
         "xab", false},
        {"uricontent",
         "uricontent:\"a\"; byte_extract:1,0,n,string,dec,relative; "
         "uricontent:\"c\"; distance:n; within:1;",
         "xa2bbc", true},
        {"uricontent miss",
         "uricontent:\"a\"; byte_extract:1,0,n,string,dec,relative; "
         "uricontent:\"c\"; distance:n; within:1;",
         "xa1bbc", false},
        {"pcre alone", "http.uri; pcre:\"/^x.*c$/\";", "xabc", true},
        {"pcre alone miss", "http.uri; pcre:\"/^x.*c$/\";", "xabcd", false},
        {"negated alone", "http.uri; content:!\"abc\";", "xyz", true},
        {"negated alone miss", "http.uri; content:!\"abc\";", "xabc", false},
        {"two contents", "http.uri; content:\"a\"; content:\"b\"; distance:0;", "ab", true},
        {"base64_data",
         "http.uri; content:\"=\"; base64_decode:relative; base64_data; content:\"hello\";",
         "d=aGVsbG8=", true},
        {"variable across buffers",
         "http.uri; byte_extract:1,0,n,string,dec; http.method; content:\"T\"; offset:n; depth:1;",
         "2x", true},
        {"variable across buffers miss",
         "http.uri; byte_extract:1,0,n,string,dec; http.method; content:\"T\"; offset:n; depth:1;",
         "1x", false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char rule[1024];
        snprintf(rule, sizeof rule, "alert http any any -> any any (%s sid:1;)", rows[i].items);
        struct stage *s = stage_new(rule);
        assert_int_equal(match_image_rules(s->image)->count, 1);
        struct double_tx tx = http();
        tx.uri = str_c(rows[i].uri);
        bool got = strcmp(stage_tx(s, &tx, DIR_TOSERVER, DOUBLE_LINE), "1") == 0;
        if (got != rows[i].want)
            fail_msg("%s: wanted %d", rows[i].name, rows[i].want);
        /* holds once only */
        assert_string_equal(stage_tx(s, &tx, DIR_TOSERVER, DOUBLE_HEADERS), "");
        assert_string_equal(stage_tx(s, &tx, DIR_TOSERVER, TX_COMPLETE), "");
        assert_true(tx.tx.inspected_done & DIR_BIT(DIR_TOSERVER));
        match_tx_fini(&tx.tx, &s->mem);
        stage_free(s);
    }
}

static void fields_come_one_after_the_other(void **state)
{
    struct stage *s = stage_new(
        "alert http any any -> any any (http.uri; content:\"/index\"; http.user_agent; "
        "content:\"curl\"; sid:1;)\n"
        "alert http any any -> any any (http.user_agent; content:\"curl\"; http.uri; "
        "content:\"/admin\"; sid:2;)\n"
        "alert http any any -> any any (http.uri; content:\"/index\"; sid:3;)\n"
        "alert http any any -> any any (http.stat_code; content:\"200\"; sid:4;)\n"
        "alert http any any -> any any (http.method; content:\"POST\"; http.user_agent; "
        "content:\"curl\"; sid:5;)\n"
        "alert http any any -> any any (flow:to_client; http.uri; content:\"/index\"; sid:6;)\n"
        "alert dns any any -> any any (dns.query; content:\"x\"; sid:7;)\n");
    struct double_tx tx = http();
    assert_string_equal(stage_tx(s, &tx, DIR_TOSERVER, DOUBLE_LINE), "3");
    assert_string_equal(stage_tx(s, &tx, DIR_TOSERVER, DOUBLE_HEADERS), "1");
    assert_string_equal(stage_tx(s, &tx, DIR_TOSERVER, TX_COMPLETE), "");
    assert_string_equal(stage_tx(s, &tx, DIR_TOCLIENT, DOUBLE_LINE), "4");
    assert_string_equal(stage_tx(s, &tx, DIR_TOCLIENT, TX_COMPLETE), "");
    assert_int_equal(tx.tx.inspected_done, DIR_BOTH);
    match_tx_fini(&tx.tx, &s->mem);
    stage_free(s);
}

/* A body in pieces of every size, a window of 16 bytes behind the new ones: the same hits whatever way it is cut. */
static void body_cut_at_every_byte(void **state)
{
    static const char body[] = "aaaa MZ head of a program ..... evil part and the end";
    for (size_t step = 1; step <= sizeof body; step++) {
        struct stage *s = stage_new(
            "alert http any any -> any any (http.request_body; content:\"evil part\"; sid:1;)\n"
            "alert http any any -> any any (http.uri; content:\"index\"; file.data; "
            "content:\"MZ\"; content:\"head\"; distance:1; within:4; sid:2;)\n"
            "alert http any any -> any any (http.request_body; content:!\"absent\"; sid:3;)\n"
            "alert http any any -> any any (http.request_body; content:!\"evil\"; sid:4;)\n"
            "alert http any any -> any any (http.request_body; content:\"the end\"; endswith; "
            "sid:5;)\n"
            "alert http any any -> any any (http.request_body; content:\"evil\"; endswith; "
            "sid:6;)\n"
            "alert http any any -> any any (http.request_body; content:\"aaaa\"; startswith; "
            "sid:7;)\n"
            "alert http any any -> any any (http.request_body; pcre:\"/ev.l/\"; sid:8;)\n"
            "alert http any any -> any any (http.request_body; bsize:53; sid:9;)\n");
        int seen[10] = {0};
        struct double_tx tx = http();
        size_t len = sizeof body - 1, old = 0;
        for (size_t at = step; old < len; at += step) {
            size_t end = at < len ? at : len;
            size_t from = old > 16 ? old - 16 : 0;
            tx.has_body[0] = true;
            tx.body[0] = (struct field_window){str_of(body + from, end - from), from, end == len};
            stage_tx(s, &tx, DIR_TOSERVER, end == len ? TX_COMPLETE : DOUBLE_HEADERS);
            for (uint32_t i = 0; i < s->hits.count; i++)
                seen[s->hits.items[i].rule->sid]++;
            old = end;
        }
        /* negated: 3 and 4 look at the last window: what went by before is gone. 4 must not hold on a whole body. */
        static const int want[10] = {0, 1, 1, 1, -1, 1, 0, 1, 1, 1};
        for (int sid = 1; sid < 10; sid++)
            if (want[sid] >= 0 && seen[sid] != want[sid])
                fail_msg("pieces of %zu: sid %d seen %d times", step, sid, seen[sid]);
        if (step >= sizeof body - 1)
            assert_int_equal(seen[4], 0);
        match_tx_fini(&tx.tx, &s->mem);
        stage_free(s);
    }
}

/* "=>": what belongs to the request is seen with the request, even if the response is there long after. */
static void both_sides(void **state)
{
    struct stage *s = stage_new(
        "alert http any any => any any (http.uri; content:\"/index\"; http.stat_code; "
        "content:\"200\"; sid:1;)\n"
        "alert http any any => any any (http.stat_code; content:\"404\"; http.uri; "
        "content:\"/index\"; sid:2;)\n"
        "alert http any any => any any (http.uri; content:\"/other\"; http.stat_code; "
        "content:\"200\"; sid:3;)\n"
        "alert http any any => any any (http.request_body; content:\"evil\"; http.stat_code; "
        "content:\"200\"; sid:4;)\n"
        "alert http any any => any any (http.header:to_server; content:\"Host\"; "
        "http.header:to_client; content:\"Host\"; sid:5;)\n"
        "alert http any any => any any (http.uri; byte_extract:1,10,n,string,dec; http.stat_code; "
        "content:\"00\"; offset:n; sid:6;)\n"
        "alert http any 80 => any any (http.uri; content:\"/index\"; http.stat_code; "
        "content:\"200\"; sid:7;)\n");
    struct double_tx tx = http();
    tx.uri = S("/index.php1");
    tx.has_body[0] = true;
    tx.body[0] = (struct field_window){S("so evil"), 0, true};
    assert_string_equal(stage_tx(s, &tx, DIR_TOSERVER, DOUBLE_LINE), "");
    assert_string_equal(stage_tx(s, &tx, DIR_TOSERVER, TX_COMPLETE), "");
    tx.has_body[0] = false; /* the body's window has gone on */
    assert_string_equal(stage_tx(s, &tx, DIR_TOCLIENT, DOUBLE_LINE), "1 4 6");
    assert_string_equal(stage_tx(s, &tx, DIR_TOCLIENT, DOUBLE_HEADERS), "5");
    assert_string_equal(stage_tx(s, &tx, DIR_TOCLIENT, TX_COMPLETE), "");
    match_tx_fini(&tx.tx, &s->mem);
    /* a response alone is nothing */
    struct double_tx alone = http();
    assert_string_equal(stage_tx(s, &alone, DIR_TOCLIENT, TX_COMPLETE), "");
    match_tx_fini(&alone.tx, &s->mem);
    stage_free(s);
}

static void states(void **state)
{
    struct stage *s = stage_new(
        "alert http1:request_line any any -> any any (sid:1;)\n"
        "alert http1:request_headers any any -> any any (sid:2;)\n"
        "alert http1:request_line any any -> any any (http.uri; content:\"/index\"; sid:3;)\n"
        "alert http1 any any -> any any (app-layer-state:<request_headers; sid:4;)\n"
        "alert http1 any any -> any any (app-layer-state:>request_line; sid:5;)\n"
        "alert http1:request_complete any any -> any any (sid:6;)\n"
        "alert http1:request_line any any -> any any (http.uri; content:\"/other\"; sid:7;)\n"
        "alert http1:response_line any any -> any any (sid:8;)\n");
    struct double_tx tx = http();
    assert_string_equal(stage_tx(s, &tx, DIR_TOSERVER, DOUBLE_LINE), "1 3 4");
    /* with each look at the state, and once more when it is passed */
    assert_string_equal(stage_tx(s, &tx, DIR_TOSERVER, DOUBLE_LINE), "1");
    assert_string_equal(stage_tx(s, &tx, DIR_TOSERVER, DOUBLE_HEADERS), "1 2 5");
    assert_string_equal(stage_tx(s, &tx, DIR_TOSERVER, DOUBLE_HEADERS), "2");
    assert_string_equal(stage_tx(s, &tx, DIR_TOSERVER, TX_COMPLETE), "2 6");
    assert_string_equal(stage_tx(s, &tx, DIR_TOCLIENT, TX_COMPLETE), "8");
    match_tx_fini(&tx.tx, &s->mem);
    struct double_tx whole = http();
    assert_string_equal(stage_tx(s, &whole, DIR_TOSERVER, TX_COMPLETE), "1 2 3 5 6");
    match_tx_fini(&whole.tx, &s->mem);
    stage_free(s);
}

/* xbits of a transaction: known in its other direction, not in another one. */
static void bits_of_transactions(void **state)
{
    struct stage *s = stage_new(
        "alert http any any -> any any (http.uri; content:\"/mark\"; xbits:set,x,track tx; "
        "sid:1;)\n"
        "alert http any any -> any any (http.stat_code; content:\"200\"; xbits:isset,x,track tx; "
        "sid:2;)\n"
        "alert http any any -> any any (http.stat_code; content:\"200\"; xbits:isnotset,x,track "
        "tx; "
        "sid:3;)\n"
        "alert http any any -> any any (http.header; content:\"Host\"; xbits:unset,x,track tx; "
        "flow:to_client; sid:4;)\n");
    struct double_tx marked = http(), other = http();
    marked.uri = S("/mark");
    other.tx.id = 1;
    assert_string_equal(stage_tx(s, &marked, DIR_TOSERVER, TX_COMPLETE), "1");
    assert_string_equal(stage_tx(s, &other, DIR_TOSERVER, TX_COMPLETE), "");
    assert_string_equal(stage_tx(s, &other, DIR_TOCLIENT, DOUBLE_LINE), "3");
    assert_string_equal(stage_tx(s, &marked, DIR_TOCLIENT, DOUBLE_LINE), "2");
    match_tx_fini(&marked.tx, &s->mem);
    match_tx_fini(&other.tx, &s->mem);
    stage_free(s);
}

/* The decoded bytes are asked for as soon as the rule's other literal is there, and come later, in pieces. */
static void decoded_body_comes_late(void **state)
{
    struct stage *s = stage_new(
        "alert http any any -> any any (http.method; content:\"GET\"; http.request_body; "
        "content:\"d=\"; base64_decode:relative; base64_data; content:\"hello\"; sid:1;)\n"
        "alert http any any -> any any (http.method; content:\"GET\"; http.request_body; "
        "content:\"d=\"; base64_decode:relative; base64_data; content:\"hullo\"; sid:2;)\n");
    struct double_tx tx = http();
    assert_string_equal(stage_tx(s, &tx, DIR_TOSERVER, DOUBLE_LINE), "");
    tx.has_body[0] = true;
    tx.body[0] = (struct field_window){S("d=aGVs"), 0, false};
    assert_string_equal(stage_tx(s, &tx, DIR_TOSERVER, DOUBLE_HEADERS), "");
    tx.body[0] = (struct field_window){S("d=aGVsbG8="), 0, true};
    assert_string_equal(stage_tx(s, &tx, DIR_TOSERVER, TX_COMPLETE), "1");
    match_tx_fini(&tx.tx, &s->mem);
    stage_free(s);
}

static void records_left_out(void **state)
{
    struct stage *s = stage_new("config http any any -> any any (http.uri; content:\"/quiet\"; "
                                "config:logging disable, type tx, scope tx; sid:1;)\n");
    struct double_tx quiet = http(), loud = http();
    quiet.uri = S("/quiet");
    assert_string_equal(stage_tx(s, &quiet, DIR_TOSERVER, TX_COMPLETE), "");
    assert_string_equal(stage_tx(s, &loud, DIR_TOSERVER, TX_COMPLETE), "");
    assert_true(quiet.tx.logged);
    assert_false(loud.tx.logged);
    stage_free(s);
}

static void several_values(void **state)
{
    struct stage *s = stage_new("alert dns any any -> any any (dns.query; content:\"bad\"; "
                                "content:\".example\"; endswith; sid:1;)\n"
                                "alert dns any any -> any any (dns.query; content:\"one\"; "
                                "dns.query; content:\"two\"; sid:2;)\n"
                                "alert dns any any -> any any (dns.opcode:5; sid:3;)\n"
                                "alert dns any any -> any any (dns.query; bsize:7; sid:4;)\n");
    struct double_tx tx = {
        .query = {S("bad.org"), S("one.example")}, .query_count = 2, .opcode = 5};
    tx.tx.proto = APP_DNS;
    /* both items in one value, not spread over two */
    assert_string_equal(stage_tx(s, &tx, DIR_TOSERVER, TX_COMPLETE), "3 4");
    struct double_tx both = {.query = {S("one"), S("bad.two.example")}, .query_count = 2};
    both.tx.proto = APP_DNS;
    assert_string_equal(stage_tx(s, &both, DIR_TOSERVER, TX_COMPLETE), "1 2");
    stage_free(s);
}

static void what_is_absent(void **state)
{
    struct stage *s =
        stage_new("alert http any any -> any any (http.user_agent; absent; sid:1;)\n"
                  "alert http any any -> any any (http.user_agent; absent:or_else; "
                  "content:\"curl\"; sid:2;)\n"
                  "alert http any any -> any any (http.user_agent; content:!\"curl\"; sid:3;)\n"
                  "alert http any any -> any any (http.user_agent; content:\"curl\"; sid:4;)\n");
    struct double_tx without = http();
    without.agent = STR_EMPTY;
    assert_string_equal(stage_tx(s, &without, DIR_TOSERVER, DOUBLE_LINE), "");
    assert_string_equal(stage_tx(s, &without, DIR_TOSERVER, TX_COMPLETE), "1 2");
    struct double_tx with = http();
    assert_string_equal(stage_tx(s, &with, DIR_TOSERVER, TX_COMPLETE), "2 4");
    stage_free(s);
}

static void events_of_the_parser(void **state)
{
    struct stage *s = stage_new(
        "alert http any any -> any any (flow:to_server; app-layer-event:http.odd; sid:1;)\n"
        "alert http any any -> any any (flow:to_server; app-layer-event:http.worse; http.uri; "
        "content:\"index\"; sid:2;)\n");
    struct double_tx tx = http();
    assert_string_equal(stage_tx(s, &tx, DIR_TOSERVER, DOUBLE_LINE), "");
    tx.tx.events = 1u << 3;
    assert_string_equal(stage_tx(s, &tx, DIR_TOSERVER, DOUBLE_LINE), "1");
    tx.tx.events |= 1u << 4;
    assert_string_equal(stage_tx(s, &tx, DIR_TOSERVER, DOUBLE_HEADERS), "2");
    assert_string_equal(stage_tx(s, &tx, DIR_TOSERVER, TX_COMPLETE), "");
    match_tx_fini(&tx.tx, &s->mem);
    stage_free(s);
}

static void files(void **state)
{
    struct stage *s =
        stage_new("alert http any any -> any any (filename:\"evil\"; sid:1;)\n"
                  "alert http any any -> any any (fileext:\"exe\"; sid:2;)\n"
                  "alert http any any -> any any (filesize:>100; sid:3;)\n"
                  "alert http any any -> any any (fileext:\"pdf\"; filesize:<50; sid:4;)\n"
                  "alert http any any -> any any (filesize:1000; sid:5;)\n"
                  "alert http any any -> any any (filestore; sid:6;)\n"
                  "alert http any any -> any any (filesize:<2000; sid:7;)\n");
    struct double_tx tx = http();
    assert_string_equal(stage_tx(s, &tx, DIR_TOSERVER, DOUBLE_HEADERS), "");
    tx.file_name[0] = S("notes.txt");
    tx.file_count = 1;
    tx.file_size = 10;
    assert_string_equal(stage_tx(s, &tx, DIR_TOSERVER, DOUBLE_HEADERS), "6");
    tx.file_name[1] = S("Evil.EXE");
    tx.file_count = 2;
    assert_string_equal(stage_tx(s, &tx, DIR_TOSERVER, DOUBLE_HEADERS), "1 2");
    /* of a file under way it can only be said that it is larger */
    tx.file_size = 1000;
    assert_string_equal(stage_tx(s, &tx, DIR_TOSERVER, DOUBLE_HEADERS), "3");
    tx.file_whole = true;
    assert_string_equal(stage_tx(s, &tx, DIR_TOSERVER, TX_COMPLETE), "5 7");
    match_tx_fini(&tx.tx, &s->mem);
    stage_free(s);
}

static void file_hashes(void **state)
{
    static const uint8_t known[16] = {0x90, 0x01, 0x50, 0x98, 0x3c, 0xd2, 0x4f, 0xb0,
                                      0xd6, 0x96, 0x3f, 0x7d, 0x28, 0xe1, 0x7f, 0x72};
    static const uint8_t other[16] = {0};
    static const struct {
        const char *name;
        const uint8_t *hash;
        const char *want;
    } rows[] = {{"hit", known, "1"}, {"miss", other, "2"}, {"not hashed", NULL, ""}};
    char path[] = "/tmp/otasuke-list-XXXXXX", rules[512];
    int fd = mkstemp(path);
    static const char list[] = "# a list\n900150983CD24FB0D6963F7D28E17F72  abc.txt\n";
    assert_int_equal(write(fd, list, sizeof list - 1), sizeof list - 1);
    close(fd);
    snprintf(rules, sizeof rules,
             "alert http any any -> any any (filemd5:%s; sid:1;)\n"
             "alert http any any -> any any (filemd5:!%s; sid:2;)\n",
             path, path);
    struct stage *s = stage_new(rules);
    unlink(path);
    assert_true(match_image_wants(s->image, "file.md5"));
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct double_tx tx = http();
        tx.md5 = rows[i].hash ? str_of(rows[i].hash, 16) : STR_EMPTY;
        if (strcmp(stage_tx(s, &tx, DIR_TOSERVER, TX_COMPLETE), rows[i].want) != 0)
            fail_msg("%s: %s", rows[i].name, s->said);
        match_tx_fini(&tx.tx, &s->mem);
    }
    stage_free(s);
}

/* `alert http` with plain content beside a field: the content is looked for in payload. */
static void payload_and_field(void **state)
{
    struct stage *s = stage_new("alert http any any -> any any (content:\"secret\"; http.uri; "
                                "content:\"index\"; sid:1;)\n");
    stage_header(s, PACKET_L4_TCP, DIR_TOSERVER);
    s->view.stream_accepted = true;
    struct double_tx tx = http();
    assert_string_equal(stage_tx(s, &tx, DIR_TOSERVER, DOUBLE_LINE), "");
    s->view.proto = APP_HTTP1;
    assert_string_equal(stage_stream(s, S("xx secret xx"), 0, 12), "");
    assert_string_equal(stage_tx(s, &tx, DIR_TOSERVER, DOUBLE_HEADERS), "1");
    struct double_tx other = http();
    assert_string_equal(stage_tx(s, &other, DIR_TOSERVER, TX_COMPLETE), "");
    /* payload of one transaction says nothing of the next */
    struct double_tx third = http(), fourth = http();
    third.uri = S("/other");
    stage_stream(s, S("xx secret xx"), 100, 12);
    assert_string_equal(stage_tx(s, &third, DIR_TOSERVER, TX_COMPLETE), "");
    assert_string_equal(stage_tx(s, &fourth, DIR_TOSERVER, TX_COMPLETE), "");
    match_tx_fini(&tx.tx, &s->mem);
    stage_free(s);
}

static void protocols_without_a_plan(void **state)
{
    struct stage *s =
        stage_new("alert http any any -> any any (http.uri; content:\"index\"; sid:1;)\n");
    /* the image was made; a transaction of a protocol without plan, and one out of range, are nothing */
    struct double_tx tx = http();
    tx.tx.proto = APP_SMTP;
    assert_string_equal(stage_tx(s, &tx, DIR_TOSERVER, TX_COMPLETE), "");
    assert_true(tx.tx.inspected_done & DIR_BIT(DIR_TOSERVER));
    stage_free(s);
}

/* The budget runs out at the n-th request for n = 0, 1, ...: hits may be lost or come late, nothing breaks, nothing leaks. */
static void budget_runs_out(void **state)
{
    static const char rules[] =
        "alert http any any -> any any (http.uri; content:\"/index\"; http.user_agent; "
        "content:\"curl\"; sid:1;)\n"
        "alert http any any -> any any (http.uri; content:\"/index\"; flowbits:set,a; "
        "flowint:n,+,1; sid:2;)\n"
        "alert http any any -> any any (http.user_agent; content:\"curl\"; flowbits:isset,a; "
        "sid:3;)\n"
        "alert http any any -> any any (http.request_body; content:\"evil\"; threshold:type "
        "limit,track by_flow,count 1,seconds 60; sid:4;)\n";
    for (uint32_t limit = 0; limit < 4096; limit += 16) {
        struct stage *s = stage_new(rules);
        s->mem.limit_bytes = limit;
        struct double_tx tx = http();
        tx.has_body[0] = true;
        tx.body[0] = (struct field_window){S("so evil"), 0, true};
        stage_tx(s, &tx, DIR_TOSERVER, DOUBLE_LINE);
        stage_tx(s, &tx, DIR_TOSERVER, DOUBLE_HEADERS);
        const char *said = stage_tx(s, &tx, DIR_TOSERVER, TX_COMPLETE);
        if (limit == 0) /* no state at all: one look, at the end; bits cannot be kept */
            assert_string_equal(said, "2 1 4");
        match_tx_fini(&tx.tx, &s->mem);
        stage_free(s);
    }
}

/* Sixty-four small requests that only tell, then the one that must be stopped: it is among the hits. */
static void noise_does_not_push_out_what_stops(void **state)
{
    struct stage *s =
        stage_new("alert http any any -> any any (http.uri; content:\"noise\"; sid:1;)\n"
                  "drop http any any -> any any (http.uri; content:\"evil\"; sid:2;)\n");
    struct double_tx noise[MATCH_HITS_MAX + 3], evil = http();
    struct match_hits hits = {0};
    s->view.dir = DIR_TOSERVER;
    s->view.proto = APP_HTTP1;
    for (size_t i = 0; i < ARRAY_COUNT(noise); i++) {
        noise[i] = http();
        noise[i].uri = S("/noise");
        noise[i].tx.progress[DIR_TOSERVER] = TX_COMPLETE;
        match_tx(s->worker, &s->view, &noise[i].tx, &hits);
    }
    evil.uri = S("/evil");
    evil.tx.progress[DIR_TOSERVER] = TX_COMPLETE;
    match_tx(s->worker, &s->view, &evil.tx, &hits);
    assert_int_equal(hits.count, MATCH_HITS_MAX);
    assert_int_equal(hits.lost, 4);
    uint32_t stopping = 0;
    for (uint32_t i = 0; i < hits.count; i++)
        stopping += hits.items[i].action == RULE_DROP;
    assert_int_equal(stopping, 1);
    stage_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uri_rows),
        cmocka_unit_test(fields_come_one_after_the_other),
        cmocka_unit_test(body_cut_at_every_byte),
        cmocka_unit_test(both_sides),
        cmocka_unit_test(states),
        cmocka_unit_test(bits_of_transactions),
        cmocka_unit_test(decoded_body_comes_late),
        cmocka_unit_test(records_left_out),
        cmocka_unit_test(several_values),
        cmocka_unit_test(what_is_absent),
        cmocka_unit_test(events_of_the_parser),
        cmocka_unit_test(files),
        cmocka_unit_test(file_hashes),
        cmocka_unit_test(payload_and_field),
        cmocka_unit_test(protocols_without_a_plan),
        cmocka_unit_test(budget_runs_out),
        cmocka_unit_test(noise_does_not_push_out_what_stops),
    };
    return cmocka_run_group_tests_name("match/tx", tests, NULL, NULL);
}
