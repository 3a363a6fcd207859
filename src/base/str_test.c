#include "base/dice.h"
#include "base/reader.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void comparing(void **state)
{
    assert_true(str_eq(STR_EMPTY, STR_LIT("")));
    assert_false(str_eq(STR_LIT("a"), STR_LIT("A")));
    assert_true(str_eq_nocase(STR_LIT("aBc[\xe9"), STR_LIT("AbC[\xe9")));
    assert_false(str_eq_nocase(STR_LIT("[@"), STR_LIT("{`"))); /* 32 apart, no letters */
    assert_false(str_eq_nocase(STR_LIT("\xc9"), STR_LIT("\xe9")));
    assert_true(str_starts(STR_LIT("abc"), STR_LIT("ab")));
    assert_true(str_starts(STR_LIT("abc"), STR_EMPTY));
    assert_false(str_starts(STR_LIT("a"), STR_LIT("ab")));
    assert_true(str_starts_nocase(STR_LIT("ABc"), STR_LIT("ab")));
    assert_true(str_ends(STR_LIT("abc"), STR_LIT("bc")));
    assert_false(str_ends(STR_LIT("c"), STR_LIT("bc")));
    assert_true(str_cmp(STR_LIT("a"), STR_LIT("ab")) < 0);
    assert_true(str_cmp(STR_LIT("b"), STR_LIT("ab")) > 0);
    assert_true(str_cmp(STR_EMPTY, STR_EMPTY) == 0);
    assert_true(str_cmp(STR_LIT("\x80"), STR_LIT("\x7f")) > 0);
}

static ptrdiff_t naive_find(struct str s, size_t from, struct str what, bool nocase)
{
    for (size_t at = from; at + what.len <= s.len; at++) {
        struct str here = str_cut(s, at, at + what.len);
        if (nocase ? str_eq_nocase(here, what) : str_eq(here, what))
            return (ptrdiff_t)at;
    }
    return -1;
}

static void finding_against_the_naive_way(void **state)
{
    struct dice dice = dice_new("find");
    for (int round = 0; round < 50000; round++) {
        uint8_t s[80];
        uint8_t what[6];
        size_t len = dice_below(&dice, sizeof s);
        size_t what_len = dice_below(&dice, sizeof what);
        for (size_t i = 0; i < len; i++)
            s[i] = (uint8_t) "abAB@"[dice_below(&dice, 5)];
        for (size_t i = 0; i < what_len; i++)
            what[i] = (uint8_t) "abAB`"[dice_below(&dice, 5)];
        struct str hay = str_of(s, len);
        struct str needle = str_of(what, what_len);
        size_t from = dice_below(&dice, 82);
        assert_int_equal(str_find(hay, from, needle), naive_find(hay, from, needle, false));
        assert_int_equal(str_find_nocase(hay, from, needle), naive_find(hay, from, needle, true));
        assert_int_equal(str_find_byte(hay, from, 'A'), naive_find(hay, from, STR_LIT("A"), false));
    }
}

static void cutting(void **state)
{
    struct str s = STR_LIT("abcdef");
    assert_true(str_eq(str_cut(s, 1, 3), STR_LIT("bc")));
    assert_true(str_eq(str_cut(s, 4, 99), STR_LIT("ef")));
    assert_int_equal(str_cut(s, 3, 2).len, 0);
    assert_int_equal(str_from(s, 99).len, 0);
    assert_true(str_eq(str_trim(STR_LIT(" \t\r\n a b \n")), STR_LIT("a b")));
    assert_int_equal(str_trim(STR_LIT(" \n ")).len, 0);
}

static void splitting(void **state)
{
    static const struct {
        const char *text;
        const char *want; /* parts, each with '|' behind it */
    } rows[] = {{"a,b", "a|b|"}, {"a,", "a||"}, {",a", "|a|"}, {"a", "a|"}, {"", "|"}, {",", "||"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        char got[32] = "";
        struct str rest = str_c(rows[i].text);
        do {
            struct str part = str_split(&rest, ',');
            strncat(got, part.len ? (const char *)part.p : "", part.len);
            strcat(got, "|");
        } while (rest.p);
        assert_string_equal(got, rows[i].want);
    }
}

static void numbers(void **state)
{
    static const struct {
        const char *text;
        bool is_u64, is_i64;
        int64_t want;
    } rows[] = {
        {"0", true, true, 0},
        {"007", true, true, 7},
        {"9223372036854775807", true, true, INT64_MAX},
        {"9223372036854775808", true, false, 0},
        {"18446744073709551615", true, false, 0},
        {"18446744073709551616", false, false, 0},
        {"99999999999999999999999", false, false, 0},
        {"-1", false, true, -1},
        {"-9223372036854775808", false, true, INT64_MIN},
        {"-9223372036854775809", false, false, 0},
        {"-", false, false, 0},
        {"--1", false, false, 0},
        {"+1", false, false, 0},
        {"", false, false, 0},
        {"1 ", false, false, 0},
        {"1a", false, false, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint64_t u;
        int64_t v = 0;
        if (str_to_u64(str_c(rows[i].text), &u) != rows[i].is_u64 ||
            str_to_i64(str_c(rows[i].text), &v) != rows[i].is_i64 || v != rows[i].want)
            fail_msg("%s", rows[i].text);
    }
}

static void copies(void **state)
{
    char *p = str_dup(STR_LIT("a\0b"));
    assert_memory_equal(p, "a\0b", 4);
    free(p);
    p = str_dup(STR_EMPTY);
    assert_string_equal(p, "");
    free(p);
}

static void reader_reads(void **state)
{
    struct reader r = reader_of(STR_LIT("\1\2\3\4\5\6\7\10\11\12\1\0\1\0\0\0\1\0\0\0\0\0\0\0rest"));
    assert_int_equal(reader_u8(&r), 1);
    assert_int_equal(reader_u16(&r), 0x0203);
    assert_int_equal(reader_u24(&r), 0x040506);
    assert_int_equal(reader_u32(&r), 0x0708090a);
    assert_int_equal(reader_u16_le(&r), 1);
    assert_int_equal(reader_u32_le(&r), 1);
    assert_true(reader_u64_le(&r) == 1);
    struct reader sub = reader_sub(&r, 2);
    assert_true(str_eq(reader_rest(&sub), STR_LIT("re")));
    reader_skip(&r, 1);
    assert_int_equal(reader_left(&r), 1);
    assert_true(str_eq(reader_rest(&r), STR_LIT("t")));
    assert_int_equal(reader_rest(&r).len, 0);
    assert_false(r.bad);
}

static void reader_marks_the_end(void **state)
{
    for (size_t len = 0; len < 8; len++) {
        static const uint8_t bytes[8] = {1, 1, 1, 1, 1, 1, 1, 1};
        struct reader r = reader_of(str_of(bytes, len));
        assert_true(reader_u64(&r) >> 32 == (len >= 4 ? 0x01010101 : 0));
        assert_true(r.bad);
        size_t at = r.at;
        assert_int_equal(reader_u8(&r), 0); /* the mark stays, nothing moves */
        assert_int_equal(reader_u16(&r) + reader_u24(&r) + reader_u32(&r), 0);
        assert_int_equal(reader_str(&r, 0).len + reader_rest(&r).len, 0);
        reader_skip(&r, 1);
        struct reader sub = reader_sub(&r, 0);
        assert_true(sub.bad);
        assert_int_equal(r.at, at);
    }
    struct reader r = reader_of(STR_LIT("ab"));
    assert_int_equal(reader_str(&r, SIZE_MAX).len, 0);
    assert_true(r.bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comparing),    cmocka_unit_test(finding_against_the_naive_way),
        cmocka_unit_test(cutting),      cmocka_unit_test(splitting),
        cmocka_unit_test(numbers),      cmocka_unit_test(copies),
        cmocka_unit_test(reader_reads), cmocka_unit_test(reader_marks_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
