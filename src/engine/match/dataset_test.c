/* Datasets: files in JSON, whole or by lines, what is told of a value, names and what lies below them, addresses. */
#include "engine/match/double.h"

#include "engine/match/jsontext.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define S(text) STR_LIT(text)

static void values_are_found(void **state)
{
    static const struct {
        const char *name, *text, *path, *want; /* want NULL: not found */
    } rows[] = {
        {"member", "{\"a\": 1, \"b\" : \"x\"}", "b", "\"x\""},
        {"whole", " [1]", "", " [1]"},
        {"path", "{\"a\":{\"b\":{\"c\":[1,{}]}}}", "a.b.c", "[1,{}]"},
        {"missing", "{\"a\":1}", "b", NULL},
        {"through a number", "{\"a\":1}", "a.b", NULL},
        {"quotes", "{\"a\\\"b\": \"}\", \"c\":true}", "c", "true"},
        {"damaged", "{\"a\": [1, 2}, \"b\":1}", "b", NULL},
        {"cut off", "{\"a\": \"x", "a", NULL},
        {"no object", "17", "a", NULL},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct str value;
        bool found = jsontext_find(str_c(rows[i].text), str_c(rows[i].path), &value);
        if (found != (rows[i].want != NULL) || (found && !str_eq(value, str_c(rows[i].want))))
            fail_msg("%s: %.*s", rows[i].name, found ? (int)value.len : 0, (const char *)value.p);
    }
    char deep[200];
    memset(deep, '[', sizeof deep);
    struct str text = str_of(deep, sizeof deep), value;
    assert_false(jsontext_value(&text, &value));
}

static void strings_are_read(void **state)
{
    static const struct {
        const char *text, *want; /* NULL: damaged */
    } rows[] = {
        {"\"abc\"", "abc"},
        {"\"a\\n\\\"\\/\"", "a\n\"/"},
        {"\"\\u00e9\"", "\xc3\xa9"},
        {"\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80"},
        {"\"\\ud83d\"", NULL},
        {"\"\\ude00\"", NULL},
        {"\"\\ud83d\\ud83d\"", NULL},
        {"\"\\u12\"", NULL},
        {"\"\\q\"", NULL},
        {"12", NULL},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct buf out;
        buf_init(&out, 100);
        bool ok = jsontext_string(str_c(rows[i].text), &out);
        if (ok != (rows[i].want != NULL) || (ok && !str_eq(buf_str(&out), str_c(rows[i].want))))
            fail_msg("%s: %d", rows[i].text, ok);
        buf_fini(&out);
    }
}

/* A file beside the rules; the rule's text has @ for its path. */
static struct stage *stage_with(const char *rule, const char *text)
{
    char path[] = "/tmp/otasuke-set-XXXXXX", rules[1024];
    int fd = mkstemp(path);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    struct str before = str_c(rule);
    ptrdiff_t at = str_find(before, 0, STR_LIT("@"));
    assert_true(at > 0);
    snprintf(rules, sizeof rules, "%.*s%s%s", (int)at, rule, path, rule + at + 1);
    struct stage *s = stage_new(rules);
    unlink(path);
    return s;
}

static const char *ask(struct stage *s, const char *uri)
{
    static char said[256];
    struct double_tx tx = {.uri = str_c(uri)};
    tx.tx.proto = APP_HTTP1;
    tx.tx.dirs = DIR_BOTH;
    stage_tx(s, &tx, DIR_TOSERVER, TX_COMPLETE);
    size_t at = 0;
    said[0] = 0;
    for (uint32_t i = 0; i < s->hits.count; i++) {
        const struct match_hit *hit = &s->hits.items[i];
        at += (size_t)snprintf(said + at, sizeof said - at, "%u", hit->rule->sid);
        for (uint8_t k = 0; k < hit->context_count; k++)
            at += (size_t)snprintf(said + at, sizeof said - at, " %s=%.*s", hit->contexts[k].key,
                                   (int)hit->contexts[k].json.len,
                                   (const char *)hit->contexts[k].json.p);
    }
    match_tx_fini(&tx.tx, &s->mem);
    return said;
}

static void sets_in_json(void **state)
{
    struct stage *s = stage_with(
        "alert http any any -> any any (http.uri; dataset:isset,bad,type string,load @,format "
        "json,array_key info.list,value_key host.name,context_key why; sid:1;)",
        "{\"info\": {\"list\": [\n {\"host\": {\"name\": \"/evil\"},\n  \"year\": 2005},\n"
        " {\"host\": {}}, 17, {\"host\":{\"name\":5}}, {\"host\":{\"name\":\"/worse\"}}]}}");
    assert_string_equal(ask(s, "/evil"), "1 why={\"host\":{\"name\":\"/evil\"},\"year\":2005}");
    assert_string_equal(ask(s, "/worse"), "1 why={\"host\":{\"name\":\"/worse\"}}");
    assert_string_equal(ask(s, "/good"), "");
    stage_free(s);
}

static void sets_by_lines(void **state)
{
    struct stage *s = stage_with(
        "alert http any any -> any any (http.uri; dataset:isset,bad,type string,load @,format "
        "ndjson,value_key v,context_key why,remove_key; http.method; content:\"GET\"; sid:1;)",
        "{\"v\": \"/a b\", \"n\": \"x y\"}\n{\"v\":\"/c\"}\n{damaged\n{\"v\":\"/d\"}\n");
    assert_string_equal(ask(s, "/a b"), ""); /* no method: the rule does not hold */
    stage_free(s);
    s = stage_with(
        "alert http any any -> any any (http.uri; dataset:isset,bad,type string,load @,format "
        "ndjson,value_key v,context_key why,remove_key; sid:1;)",
        "{\"v\": \"/a b\", \"n\": \"x y\"}\n{\"v\":\"/c\"}\n{damaged\n{\"v\":\"/d\"}\n");
    assert_string_equal(ask(s, "/a b"), "1 why={\"n\":\"x y\"}");
    assert_string_equal(ask(s, "/c"), "1 why={}");
    assert_string_equal(ask(s, "/d"), "");
    stage_free(s);
}

static void names_below(void **state)
{
    /* ".evil.com" */
    struct stage *s = stage_with("alert http any any -> any any (http.uri; dotprefix; "
                                 "dataset:isset,bad,type string,match subdomain,load @; sid:1;)",
                                 "LmV2aWwuY29t\n");
    assert_string_equal(ask(s, "evil.com"), "1");
    assert_string_equal(ask(s, "a.b.evil.com"), "1");
    assert_string_equal(ask(s, "notevil.com"), "");
    assert_string_equal(ask(s, "com"), "");
    stage_free(s);
}

static void addresses(void **state)
{
    struct stage *s = stage_with(
        "alert http any any -> any any (http.uri; content:\"/\"; ip.src; dataset:isset,bad,type "
        "ip,load @,format ndjson,value_key ip,context_key who; sid:1;)\n"
        "alert udp any any -> any any (ip.dst; content:\"|cb 00 71 05|\"; sid:2;)",
        "{\"ip\": \"192.168.1.10\"}\n{\"ip\": \"10.0.0.1\"}\n");
    assert_string_equal(ask(s, "/"), "1 who={\"ip\":\"192.168.1.10\"}");
    assert_string_equal(stage_packet(s, S("x")), "2");
    stage_header(s, PACKET_L4_UDP, DIR_TOCLIENT);
    assert_string_equal(stage_packet(s, S("x")), "");
    stage_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_found), cmocka_unit_test(strings_are_read),
        cmocka_unit_test(sets_in_json),     cmocka_unit_test(sets_by_lines),
        cmocka_unit_test(names_below),      cmocka_unit_test(addresses),
    };
    return cmocka_run_group_tests_name("match/dataset", tests, NULL, NULL);
}
