/* What a trace tells of one rule: named or passed by and why, each check, how far the items of a buffer came. */
#include "engine/match/double.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define HEAD "alert udp any any -> any any (msg:\"t\"; sid:1; "

/* Notes as one line: "named begin check=1 value=2@4 buffer=1 end=1". */
struct told {
    char text[512];
    size_t len;
};

static void add(struct told *t, const char *word, long number, long at)
{
    int n = number < 0 ? snprintf(t->text + t->len, sizeof t->text - t->len, "%s ", word)
            : at < 0 ? snprintf(t->text + t->len, sizeof t->text - t->len, "%s=%ld ", word, number)
                     : snprintf(t->text + t->len, sizeof t->text - t->len, "%s=%ld@%ld ", word,
                                number, at);
    t->len += n > 0 ? (size_t)n : 0;
    assert_true(t->len < sizeof t->text);
}

static void take(void *owner, const struct match_note *n)
{
    struct told *t = owner;
    switch (n->kind) {
    case NOTE_NAMED: add(t, n->by_literal ? "literal" : "list", -1, -1); break;
    case NOTE_PASSED:
        if (n->why == PASSED_MISFIT)
            add(t, "misfit", n->misfit, -1);
        else
            add(t, "passed", n->why, -1);
        break;
    case NOTE_BEGIN: add(t, "begin", -1, -1); break;
    case NOTE_CHECK: add(t, "check", n->answer, -1); break;
    case NOTE_VALUE: add(t, "value", n->reached, (long)n->ends[n->reached]); break;
    case NOTE_BUFFER: add(t, "buffer", n->answer, n->values); break;
    case NOTE_END: add(t, "end", n->answer, -1); break;
    }
}

static void follow(struct stage *s, struct told *t, bool all)
{
    const struct match_trace trace = {t, all ? NULL : match_image_rules(s->image)->rules[0], take};
    assert_int_equal(match_worker_trace(s->worker, &trace), 0);
}

static void packets(void **state)
{
    static const struct {
        const char *name, *rule, *payload, *want;
    } rows[] = {
        {"holds", HEAD "content:\"abc\"; content:\"d\"; distance:0;)", "xxabcxd",
         "literal begin value=2@7 buffer=1@1 end=1 "},
        {"second item", HEAD "content:\"abc\"; content:\"d\"; distance:0;)", "xxabcx",
         "literal begin value=1@5 buffer=0@1 end=0 "},
        {"the way that led furthest",
         HEAD "content:\"ab\"; content:\"c\"; within:1; content:\"d\"; within:1;)", "abxabcxab",
         "literal begin value=2@6 buffer=0@1 end=0 "},
        {"no literal", HEAD "content:\"abc\";)", "xxab", "passed=1 "},
        {"port", "alert udp any any -> any 53 (msg:\"t\"; sid:1; content:\"abc\";)", "xxabc",
         "literal misfit=12 "},
        {"address", "alert udp any any -> 10.0.0.1 any (msg:\"t\"; sid:1; content:\"abc\";)",
         "xxabc", "literal misfit=14 "},
        {"tcp", "alert tcp any any -> any any (msg:\"t\"; sid:1; content:\"abc\";)", "xxabc",
         "misfit=1 "},
        {"check first", HEAD "dsize:>9; content:\"abc\";)", "xxabc",
         "literal begin check=0 end=0 "},
        {"without a literal", HEAD "dsize:5;)", "xxabc", "list begin check=1 end=1 "},
        {"no payload", HEAD "content:\"abc\";)", "", "passed=5 "},
        {"a fixed place", HEAD "content:\"abc\"; depth:3;)", "xxabc", "passed=1 "},
        {"too large a packet", HEAD "dsize:4; content:\"abc\";)", "xxabc", "passed=1 "},
        {"decoded", HEAD "content:\"=\"; base64_decode:relative; base64_data; content:\"hello\";)",
         "=aGVsbG8=", "list begin value=2@1 value=1@5 buffer=1@1 end=1 "},
        {"decoded, not there",
         HEAD "content:\"=\"; base64_decode:relative; base64_data; content:\"world\";)",
         "=aGVsbG8=", "list begin value=2@1 value=0@0 buffer=0@1 end=0 "},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct stage *s = stage_new(rows[i].rule);
        struct told told = {{0}, 0};
        print_message("%s\n", rows[i].name);
        follow(s, &told, false);
        stage_packet(s, str_c(rows[i].payload));
        assert_string_equal(told.text, rows[i].want);
        stage_free(s);
    }
}

static void transactions(void **state)
{
    struct stage *s = stage_new("alert http any any -> any any (msg:\"t\"; sid:1; http.method; "
                                "content:\"GET\"; http.user_agent; content:\"curl\";)");
    struct double_tx tx = {.method = STR_LIT("GET"), .agent = STR_LIT("wget")};
    struct told told = {{0}, 0};
    tx.tx.proto = APP_HTTP1;
    tx.tx.dirs = DIR_BOTH;
    stage_header(s, PACKET_L4_TCP, DIR_TOSERVER);
    follow(s, &told, false);
    stage_tx(s, &tx, DIR_TOSERVER, 0);
    assert_string_equal(told.text, "passed=2 ");
    told.len = 0;
    stage_tx(s, &tx, DIR_TOSERVER, DOUBLE_LINE);
    assert_string_equal(told.text, "passed=2 ");
    told.len = 0;
    stage_tx(s, &tx, DIR_TOSERVER, TX_COMPLETE);
    assert_string_equal(told.text, "passed=1 ");
    match_tx_fini(&tx.tx, &s->mem);
    stage_free(s);
}

/* Listening to all rules tells who was a candidate and what came of it; no more notes once nobody listens. */
static void all_rules(void **state)
{
    struct stage *s = stage_new(HEAD "content:\"abc\";)\n"
                                     "alert udp any any -> any any (sid:2; content:\"xyz\";)\n"
                                     "alert udp any any -> any any (sid:3; dsize:9;)\n");
    struct told told = {{0}, 0};
    follow(s, &told, true);
    assert_string_equal(stage_packet(s, STR_LIT("-abc-")), "1");
    assert_string_equal(told.text, "list literal begin end=1 begin end=0 ");
    told.len = 0;
    assert_int_equal(match_worker_trace(s->worker, NULL), 0);
    stage_packet(s, STR_LIT("-abc-"));
    assert_int_equal(told.len, 0);
    stage_free(s);
}

static void placement(void **state)
{
    struct stage *s = stage_new(HEAD "content:\"abc\"; content:\"abcd\";)\n"
                                     "alert udp any any -> any any (sid:2; content:\"abcd\";)\n"
                                     "alert udp any any -> any 53 (sid:3; dsize:9;)\n"
                                     "alert http any any -> any any (sid:4; http.uri; "
                                     "content:\"/abc\"; nocase;)\n"
                                     "alert http any any -> any any (sid:5; http.uri; bsize:3;)\n");
    const struct rule_set *set = match_image_rules(s->image);
    struct match_placement p[6];
    for (uint32_t i = 0; i < set->count; i++)
        match_image_place(s->image, set->rules[i], &p[set->rules[i]->sid]);
    assert_int_equal(p[1].literal_count, 1);
    assert_int_equal(p[1].literals[0].kind, SCAN_PACKET);
    assert_int_equal(p[1].literals[0].l4, RULE_L4_UDP);
    assert_int_equal(p[1].literals[0].dirs, DIR_BOTH);
    assert_true(str_eq(p[1].literals[0].bytes, STR_LIT("abcd")));
    assert_int_equal(p[1].literals[0].sharing, 2);
    assert_int_equal(p[3].literal_count, 0);
    assert_int_equal(p[3].groups_walked, 2);
    assert_int_equal(p[4].literals[0].kind, SCAN_TX);
    assert_true(p[4].literals[0].nocase);
    assert_int_equal(p[4].literals[0].dirs, DIR_BIT(DIR_TOSERVER));
    assert_int_equal(p[5].literal_count, 0);
    assert_int_equal(p[5].walked_protos[DIR_TOSERVER], UINT64_C(1) << APP_HTTP1);
    stage_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets),
        cmocka_unit_test(transactions),
        cmocka_unit_test(all_rules),
        cmocka_unit_test(placement),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
