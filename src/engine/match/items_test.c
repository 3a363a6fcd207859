/* Rows {items, payload, does it hold}: content and its places, pcre, numbers, sizes; then random rules against a model that
 * tries every choice of places. */
#include "engine/match/double.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct row {
    const char *name, *items;
    const char *payload;
    size_t len; /* 0: strlen */
    bool want;
};

static bool try_one(const char *items, struct str payload)
{
    char rule[2048];
    snprintf(rule, sizeof rule, "alert udp any any -> any any (%s sid:1;)", items);
    struct stage *s = stage_new(rule);
    assert_int_equal(match_image_rules(s->image)->count, 1);
    bool hit = strcmp(stage_packet(s, payload), "1") == 0;
    stage_free(s);
    return hit;
}

static void try_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct str payload =
            str_of(rows[i].payload, rows[i].len ? rows[i].len : strlen(rows[i].payload));
        if (try_one(rows[i].items, payload) != rows[i].want)
            fail_msg("%s: \"%s\" on \"%s\": wanted %s", rows[i].name, rows[i].items,
                     rows[i].payload, rows[i].want ? "a hit" : "none");
    }
}

#define TRY(rows) try_rows(rows, ARRAY_COUNT(rows))

static void content_rows(void **state)
{
    static const struct row rows[] = {
        {"plain", "content:\"abc\";", "xxabcxx", 0, true},
        {"plain miss", "content:\"abc\";", "xxabxcx", 0, false},
        {"case", "content:\"abc\";", "xxABCxx", 0, false},
        {"nocase", "content:\"aBc\"; nocase;", "xxAbCxx", 0, true},
        {"leading zero", "content:\"|00|\";", "a\0b", 3, true},
        {"leading zeros, long", "content:\"|00 00 41 42 43|\";", "x\0\0ABC", 6, true},
        {"leading zeros, must be there", "content:\"|00 00 41 42 43|\";", "xxxABC", 6, false},
        {"negated", "content:!\"abc\"; content:\"x\";", "xyz", 0, true},
        {"negated miss", "content:!\"abc\"; content:\"x\";", "xabc", 0, false},
        {"depth", "content:\"abc\"; depth:5;", "xxabc", 0, true},
        {"depth miss", "content:\"abc\"; depth:4;", "xxabc", 0, false},
        {"offset", "content:\"abc\"; offset:2;", "xxabc", 0, true},
        {"offset miss", "content:\"abc\"; offset:3;", "xxabc", 0, false},
        {"offset and depth", "content:\"abc\"; offset:2; depth:3;", "xxabc", 0, true},
        {"offset and depth miss", "content:\"abc\"; offset:2; depth:3;", "xxxabc", 0, false},
        {"offset behind the end", "content:\"abc\"; offset:900;", "abc", 0, false},
        {"startswith", "content:\"abc\"; startswith;", "abcx", 0, true},
        {"startswith miss", "content:\"abc\"; startswith;", "xabc", 0, false},
        {"endswith", "content:\"abc\"; endswith;", "abcxabc", 0, true},
        {"endswith miss", "content:\"abc\"; endswith;", "abcx", 0, false},
        {"starts and ends", "content:\"abc\"; startswith; endswith;", "abc", 0, true},
        {"starts and ends miss", "content:\"abc\"; startswith; endswith;", "abcabc", 0, false},
        {"negated endswith", "content:!\"abc\"; endswith; content:\"x\";", "abcx", 0, true},
        {"distance", "content:\"ab\"; content:\"cd\"; distance:1;", "abxcd", 0, true},
        {"distance miss", "content:\"ab\"; content:\"cd\"; distance:1;", "abcd", 0, false},
        {"distance back", "content:\"ab\"; content:\"cd\"; distance:-4;", "cdab", 0, true},
        {"within", "content:\"ab\"; content:\"cd\"; within:3;", "abxcd", 0, true},
        {"within miss", "content:\"ab\"; content:\"cd\"; within:3;", "abxxcd", 0, false},
        {"within all", "content:\"ab\"; content:\"cd\"; within:4;", "abxxcd", 0, true},
        {"distance and within", "content:\"ab\"; content:\"cd\"; distance:2; within:2;", "abxxcd",
         0, true},
        {"distance and within miss", "content:\"ab\"; content:\"cd\"; distance:2; within:2;",
         "abxxxcd", 0, false},
        {"retry", "content:\"ab\"; content:\"cd\"; within:2;", "abxxabcd", 0, true},
        {"retry twice", "content:\"a\"; content:\"b\"; within:1; content:\"c\"; within:1;",
         "abxababc", 0, true},
        {"retry with negated", "content:\"ab\"; content:!\"x\"; within:1;", "abxaby", 0, true},
        {"negated within", "content:\"ab\"; content:!\"x\"; within:3;", "ab12x", 0, false},
        {"absolute behind relative", "content:\"ab\"; content:\"cd\"; distance:0; content:\"ab\";",
         "abcd", 0, true},
        {"at the very end", "content:\"abc\"; content:\"d\"; distance:0;", "abcd", 0, true},
        {"longer than all", "content:\"abcdefgh\";", "abc", 0, false},
        {"fast pattern only", "content:\"abc\"; fast_pattern:only; content:\"x\";", "xabc", 0,
         true},
        {"chopped", "content:\"abcdef\"; fast_pattern:2,3; content:\"x\";", "xabcdef", 0, true},
        {"chopped, whole is asked", "content:\"abcdef\"; fast_pattern:2,3; content:\"x\";",
         "xxcdex", 0, false},
        {"rawbytes", "content:\"abc\"; rawbytes;", "xabc", 0, true},
    };
    TRY(rows);
}

static void pcre_rows(void **state)
{
    static const struct row rows[] = {
        {"plain", "pcre:\"/a.c/\";", "xxabcxx", 0, true},
        {"miss", "pcre:\"/a.c/\";", "xxabxx", 0, false},
        {"case", "pcre:\"/ABC/i\";", "xabc", 0, true},
        {"negated", "content:\"x\"; pcre:!\"/a.c/\";", "xab", 0, true},
        {"negated miss", "content:\"x\"; pcre:!\"/a.c/\";", "xabc", 0, false},
        {"relative", "content:\"ab\"; pcre:\"/^c/R\";", "abc", 0, true},
        {"relative miss", "content:\"ab\"; pcre:\"/^c/R\";", "abxc", 0, false},
        {"relative retry", "content:\"ab\"; pcre:\"/^c/R\";", "abxabc", 0, true},
        {"content after pcre", "pcre:\"/a+/\"; content:\"b\"; within:1;", "aaxab", 0, true},
        {"empty match", "content:\"ab\"; pcre:\"/x*/R\"; content:\"c\"; distance:0;", "abc", 0,
         true},
    };
    TRY(rows);
}

static void number_rows(void **state)
{
    static const struct row rows[] = {
        {"byte_test", "byte_test:1,=,65,0;", "ABC", 0, true},
        {"byte_test miss", "byte_test:1,=,66,0;", "ABC", 0, false},
        {"byte_test !", "byte_test:1,!=,66,0;", "ABC", 0, true},
        {"byte_test behind the end", "byte_test:2,>,0,2;", "ABC", 0, false},
        {"byte_test negative offset", "content:\"C\"; byte_test:1,=,66,-2,relative;", "ABC", 0,
         true},
        {"byte_test before the beginning", "content:\"A\"; byte_test:1,=,66,-2,relative;", "ABC", 0,
         false},
        {"byte_test little", "byte_test:2,=,0x4241,0,little;", "ABC", 0, true},
        {"byte_test &", "byte_test:1,&,0x40,0;", "ABC", 0, true},
        {"byte_test & miss", "byte_test:1,&,0x80,0;", "ABC", 0, false},
        {"byte_test string", "byte_test:3,=,123,0,string,dec;", "123", 0, true},
        {"byte_test string hex", "byte_test:2,=,0x1f,0,string,hex;", "1f", 0, true},
        {"byte_test string, no digit", "byte_test:3,=,0,0,string,dec;", "xyz", 0, false},
        {"byte_test mask", "byte_test:1,=,4,0,bitmask 0xf0;", "A", 0, true},
        {"byte_jump", "byte_jump:1,0; content:\"x\"; within:1;", "\002abx", 4, true},
        {"byte_jump miss", "byte_jump:1,0; content:\"x\"; within:1;", "\001abx", 4, false},
        {"byte_jump out", "byte_jump:1,0; content:\"x\";", "\011x", 2, false},
        {"byte_jump multiplier", "byte_jump:1,0,multiplier 2; content:\"x\"; within:1;", "\001abx",
         4, true},
        {"byte_jump align", "byte_jump:1,0,align; content:\"x\"; within:1;", "\003abcdx", 6, true},
        {"byte_jump from_beginning", "byte_jump:1,0,from_beginning; content:\"x\"; within:1;",
         "\002ax", 3, true},
        {"byte_jump back over the beginning",
         "byte_jump:1,0,post_offset -9; content:\"|02|\"; distance:0; within:1;", "\002abx", 4,
         true},
        {"byte_jump post_offset", "byte_jump:1,0,post_offset -1; content:\"x\"; within:1;",
         "\002axb", 4, true},
        {"byte_extract", "byte_extract:1,0,n; content:\"x\"; offset:n;", "\003abx", 4, true},
        {"byte_extract miss", "byte_extract:1,0,n; content:\"x\"; offset:n;", "\003xab", 4, false},
        {"byte_extract in depth", "byte_extract:1,0,n; content:\"x\"; depth:n;", "\002xab", 4,
         true},
        {"byte_extract relative retry",
         "content:\"L\"; byte_extract:1,0,n,relative; content:\"x\"; distance:n; within:1;",
         "L\005aL\001bx", 7, true},
        {"byte_extract to byte_test", "byte_extract:1,0,n; byte_test:1,=,n,1;", "\007\007", 2,
         true},
        {"byte_math",
         "byte_math:bytes 1,offset 0,oper +,rvalue 2,result n; content:\"x\"; offset:n; depth:1;",
         "\001abx", 4, true},
        {"byte_math by zero",
         "byte_math:bytes 1,offset 0,oper /,rvalue 1,result n; byte_test:1,=,n,0;", "\005", 1,
         true},
        {"isdataat", "content:\"a\"; isdataat:2,relative;", "abc", 0, true},
        {"isdataat miss", "content:\"a\"; isdataat:3,relative;", "abc", 0, false},
        {"isdataat !", "content:\"c\"; isdataat:!1,relative;", "abc", 0, true},
        {"isdataat absolute", "content:\"a\"; isdataat:2;", "abc", 0, true},
        {"isdataat absolute miss", "content:\"a\"; isdataat:3;", "abc", 0, false},
        {"dsize", "dsize:3;", "abc", 0, true},
        {"dsize miss", "dsize:>3;", "abc", 0, false},
        {"base64", "content:\"=\"; base64_decode:relative; base64_data; content:\"hello\";",
         "=aGVsbG8=", 0, true},
        {"base64 miss", "content:\"=\"; base64_decode:relative; base64_data; content:\"hullo\";",
         "=aGVsbG8=", 0, false},
        {"base64 offset", "base64_decode:bytes 8,offset 2; base64_data; content:\"hello\";",
         "..aGVsbG8=", 0, true},
        {"base64 nothing", "base64_decode; base64_data; content:\"a\";", "***", 0, false},
    };
    TRY(rows);
}

/* ---- against a model ---- */

struct piece {
    char text[4];
    int distance, within; /* within -1: none */
    bool relative, negated;
};

/* All items hold for some choice of places, where a place is chosen anew only for a relative item that follows at once. */
static bool model(const struct piece *p, int count, const char *s, int len, int cursor)
{
    if (count == 0)
        return true;
    int n = (int)strlen(p->text);
    int from = p->relative ? cursor + p->distance : 0;
    int to = p->relative && p->within >= 0 ? from + p->within : len;
    if (from < 0)
        from = 0;
    if (to > len)
        to = len;
    bool found = false;
    for (int at = from; at + n <= to; at++) {
        if (memcmp(s + at, p->text, (size_t)n) != 0)
            continue;
        found = true;
        if (!p->negated && model(p + 1, count - 1, s, len, at + n))
            return true;
        if (count == 1 || !p[1].relative)
            break;
    }
    return p->negated && !found && model(p + 1, count - 1, s, len, cursor);
}

static uint32_t random_state;

static uint32_t below(uint32_t n)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % n;
}

static void make_piece(struct piece *p, bool first)
{
    int n = 1 + (int)below(2);
    memset(p, 0, sizeof *p);
    for (int i = 0; i < n; i++)
        p->text[i] = (char)('a' + below(3));
    p->relative = !first && below(4);
    p->within = -1;
    p->negated = !first && below(5) == 0;
    if (p->relative) {
        p->distance = (int)below(5) - 2;
        p->within = below(2) ? n + (int)below(3) : -1;
    }
}

static size_t write_piece(char *out, size_t cap, const struct piece *p)
{
    int n = snprintf(out, cap, "content:%s\"%s\";", p->negated ? "!" : "", p->text);
    if (p->relative)
        n += snprintf(out + n, cap - (size_t)n, " distance:%d;", p->distance);
    if (p->relative && p->within >= 0)
        n += snprintf(out + n, cap - (size_t)n, " within:%d;", p->within);
    return (size_t)n;
}

static void random_rules_as_the_model_says(void **state)
{
    uint32_t seed = 20260801;
    const char *given = getenv("OTASUKE_SEED");
    if (given)
        seed = (uint32_t)strtoul(given, NULL, 10);
    printf("# seed %u\n", seed);
    random_state = seed;
    int hits = 0;
    for (int round = 0; round < 300; round++) {
        struct piece pieces[5];
        int count = 2 + (int)below(4);
        char rule[1024];
        size_t at = (size_t)snprintf(rule, sizeof rule, "alert udp any any -> any any (");
        for (int i = 0; i < count; i++) {
            make_piece(&pieces[i], i == 0);
            at += write_piece(rule + at, sizeof rule - at, &pieces[i]);
        }
        snprintf(rule + at, sizeof rule - at, " sid:1;)");
        struct stage *s = stage_new(rule);
        assert_int_equal(match_image_rules(s->image)->count, 1);
        for (int k = 0; k < 40; k++) {
            char text[16];
            int len = 1 + (int)below(14);
            for (int i = 0; i < len; i++)
                text[i] = (char)('a' + below(3));
            bool want = model(pieces, count, text, len, 0);
            bool got = stage_packet(s, str_of(text, (size_t)len))[0] != 0;
            hits += want;
            if (want != got)
                fail_msg("%s on %.*s: the model says %d (seed %u)", rule, len, text, want, seed);
        }
        stage_free(s);
    }
    assert_true(hits > 500);
}

/* Bytes in which nearly every choice leads on: the rule gives up, and says so, instead of taking the day. */
static void choices_are_bounded(void **state)
{
    static uint8_t text[60000];
    memset(text, 'a', sizeof text);
    struct stage *s = stage_new(
        "alert udp any any -> any any (content:\"a\"; content:\"a\"; within:2000; content:\"a\"; "
        "within:2000; content:\"a\"; within:2000; pcre:\"/^b/R\"; sid:1;)");
    assert_string_equal(stage_packet(s, str_of(text, sizeof text)), "");
    assert_true(match_worker_counts(s->worker)->rule_limit_hits > 0);
    stage_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content_rows),        cmocka_unit_test(pcre_rows),
        cmocka_unit_test(number_rows),         cmocka_unit_test(random_rules_as_the_model_says),
        cmocka_unit_test(choices_are_bounded),
    };
    return cmocka_run_group_tests_name("match/items", tests, NULL, NULL);
}
