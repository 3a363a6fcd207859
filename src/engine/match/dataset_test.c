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

/* ---- back into files ---- */

struct saved {
    char text[4096];
    const char *problem;
    int answer;
};

static int keep_text(void *owner, const struct rule_dataset_decl *set, struct str text,
                     const char *problem)
{
    struct saved *s = owner;
    size_t len = strlen(s->text);
    snprintf(s->text + len, sizeof s->text - len, "%s: %.*s", set->name, (int)text.len,
             text.p ? (const char *)text.p : "");
    s->problem = problem;
    return s->answer;
}

static const char *save_all(struct stage *s, struct saved *saved)
{
    saved->text[0] = 0;
    uint32_t failed = match_datasets_save(s->image, s->hosts, keep_text, saved);
    assert_int_equal(failed, saved->answer ? 1 : 0);
    return saved->text;
}

#define RULE(options) "alert http any any -> any any (" options ")\n"

static void learned_sets_are_saved(void **state)
{
    static const char rules[] =
        RULE("http.uri; content:\"+\"; dataset:set,s,type string,state s.lst; sid:1;")
            RULE("http.uri; content:\"-\"; http.uri; to_md5; dataset:unset,m,type md5; sid:2;")
                RULE("http.uri; content:\"+\"; http.uri; to_md5; dataset:set,m,save m.lst; sid:3;")
                    RULE("http.uri; content:\"+\"; ip.src; dataset:set,i,type ip,save i.lst; "
                         "sid:4;") RULE("http.uri; dataset:isset,n,type string; sid:5;");
    struct saved saved = {.answer = 0};
    struct stage *s = stage_new(rules);
    assert_string_equal(save_all(s, &saved), "s: m: i: ");
    assert_string_equal(ask(s, "/+a"), "134");
    assert_string_equal(ask(s, "/+a"), ""); /* known already */
    assert_string_equal(ask(s, "/+b"), "13");
    (void)ip_parse(STR_LIT("2001:db8::5"), &s->packet.src);
    s->flow.client_ip = s->packet.src;
    assert_string_equal(ask(s, "/+a"), "4");
    assert_string_equal(
        save_all(s, &saved),
        "s: Lyth\nLyti\nm: 8f307e280f916707d33aabd11ce294a8\nfaed8cc836e4c86c51db9e652e422cab\ni: "
        "192.168.1.10\n2001:0db8:0000:0000:0000:0000:0000:0005\n");
    stage_free(s);
}

static void taken_away_is_not_saved(void **state)
{
    struct stage *s = stage_with(
        "alert http any any -> any any (http.uri; dataset:unset,s,type string,load @,save "
        "s.lst; sid:1;)\n"
        "alert http any any -> any any (http.method; dataset:set,s; sid:2;)",
        "L2I=\nL2E=\n# a remark\n%%%\nL2M=\n");
    struct saved saved = {.answer = -1}; /* and what the file does not take is told */
    assert_string_equal(save_all(s, &saved), "s: L2E=\nL2I=\nL2M=\n");
    assert_string_equal(ask(s, "/b"), "1");
    assert_string_equal(ask(s, "/b"), "");
    assert_string_equal(save_all(s, &saved), "s: L2E=\nL2M=\n");
    assert_null(saved.problem);
    stage_free(s);
}

static void room_of_a_set_ends(void **state)
{
    struct saved saved = {.answer = 0};
    struct stage *s =
        stage_new(RULE("http.uri; dataset:set,s,type string,save s.lst,memcap 200; sid:1;"));
    assert_string_equal(ask(s, "/a"), "1");
    assert_string_equal(ask(s, "/b"), "1");
    for (int i = 0; i < 10; i++) {
        char uri[8];
        snprintf(uri, sizeof uri, "/n%d", i);
        (void)ask(s, uri);
    }
    assert_string_equal(ask(s, "/z"), "");
    assert_true(match_worker_counts(s->worker)->state_refused > 0);
    assert_string_equal(ask(s, "/a"), ""); /* not forgotten for that */
    assert_memory_equal(save_all(s, &saved), "s: L2E=\nL2I=\n", 13);
    stage_free(s);
}

static void unread_file_stays(void **state)
{
    struct saved saved = {.answer = -1};
    struct stage *s = stage_new(
        RULE("http.uri; dataset:set,s,type string,load /tmp/.,save s.lst; sid:1;")); /* a folder */
    (void)ask(s, "/a");
    save_all(s, &saved);
    assert_non_null(saved.problem);
    stage_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_found),
        cmocka_unit_test(strings_are_read),
        cmocka_unit_test(sets_in_json),
        cmocka_unit_test(sets_by_lines),
        cmocka_unit_test(names_below),
        cmocka_unit_test(addresses),
        cmocka_unit_test(learned_sets_are_saved),
        cmocka_unit_test(taken_away_is_not_saved),
        cmocka_unit_test(room_of_a_set_ends),
        cmocka_unit_test(unread_file_stays),
    };
    return cmocka_run_group_tests_name("match/dataset", tests, NULL, NULL);
}
