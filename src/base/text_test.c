#include "base/dice.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void hex(void **state)
{
    char out[9];
    struct buf b;
    buf_init(&b, 0);
    text_hex(out, STR_LIT("\x00\xab\xff\x10"));
    assert_string_equal(out, "00abff10");
    text_add_hex(&b, STR_LIT("\x00\xab\xff\x10"));
    assert_string_equal(buf_c(&b), "00abff10");
    buf_reset(&b);
    assert_true(text_unhex(&b, STR_LIT("00aBFf10")));
    assert_true(str_eq(buf_str(&b), STR_LIT("\x00\xab\xff\x10")));
    assert_false(text_unhex(&b, STR_LIT("0")));
    assert_false(text_unhex(&b, STR_LIT("0g")));
    assert_false(text_unhex(&b, STR_LIT("0x")));
    assert_int_equal(text_hex_digit('F'), 15);
    assert_int_equal(text_hex_digit('g'), -1);
    assert_int_equal(text_hex_digit('@'), -1);
    buf_fini(&b);
}

/* RFC 4648 section 10, and what must be refused. */
static void base64(void **state)
{
    static const struct {
        const char *text;
        const char *want;
        const char *url;
    } rows[] = {
        {"", "", ""},
        {"f", "Zg==", "Zg"},
        {"fo", "Zm8=", "Zm8"},
        {"foo", "Zm9v", "Zm9v"},
        {"foob", "Zm9vYg==", "Zm9vYg"},
        {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
        {"\xfb\xff\xfe", "+//+", "-__-"},
    };
    struct buf b;
    buf_init(&b, 0);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        buf_reset(&b);
        text_add_base64(&b, str_c(rows[i].text));
        assert_string_equal(buf_c(&b), rows[i].want);
        buf_reset(&b);
        text_add_base64url(&b, str_c(rows[i].text));
        assert_string_equal(buf_c(&b), rows[i].url);
        buf_reset(&b);
        assert_true(text_unbase64(&b, str_c(rows[i].want)));
        assert_string_equal(buf_c(&b), rows[i].text);
    }
    static const char *const bad[] = {"Zg",   "Zg=",  "Zg=a", "Z===", "====",     "Zm9v\n",
                                      "Zm 9", "Zh==", "Zm9=", "-__-", "Zg==Zm9v", "Zm=v"};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        if (text_unbase64(&b, str_c(bad[i])))
            fail_msg("%s", bad[i]);
    buf_fini(&b);
}

static void base64_of_random_bytes(void **state)
{
    struct dice dice = dice_new("base64");
    struct buf text;
    struct buf back;
    buf_init(&text, 0);
    buf_init(&back, 0);
    for (int round = 0; round < 2000; round++) {
        uint8_t bytes[100];
        size_t len = dice_below(&dice, sizeof bytes);
        for (size_t i = 0; i < len; i++)
            bytes[i] = (uint8_t)dice_u64(&dice);
        buf_reset(&text);
        buf_reset(&back);
        text_add_base64(&text, str_of(bytes, len));
        assert_true(text_unbase64(&back, buf_str(&text)));
        assert_true(str_eq(buf_str(&back), str_of(bytes, len)));
    }
    buf_fini(&text);
    buf_fini(&back);
}

static void utf8(void **state)
{
    static const struct {
        struct str text;
        bool want;
    } rows[] = {
        {STR_EMPTY, true},
        {STR_LIT("plain ascii, longer than eight"), true},
        {STR_LIT("é日本\xf0\x9f\x98\x80"), true},
        {STR_LIT("12345678日"), true},
        {STR_LIT("\xf4\x8f\xbf\xbf"), true},
        {STR_LIT("\xf4\x90\x80\x80"), false}, /* beyond U+10FFFF */
        {STR_LIT("\xc0\x80"), false},         /* overlong */
        {STR_LIT("\xc1\xbf"), false},
        {STR_LIT("\xe0\x9f\xbf"), false},
        {STR_LIT("\xe0\xa0\x80"), true},
        {STR_LIT("\xf0\x8f\xbf\xbf"), false},
        {STR_LIT("\xf0\x90\x80\x80"), true},
        {STR_LIT("\xed\x9f\xbf"), true},
        {STR_LIT("\xed\xa0\x80"), false}, /* surrogate */
        {STR_LIT("\x80"), false},
        {STR_LIT("\xc3"), false}, /* cut off */
        {STR_LIT("\xe3\x81"), false},
        {STR_LIT("\xf0\x9f\x98"), false},
        {STR_LIT("\xc3("), false},
        {STR_LIT("\xf5\x80\x80\x80"), false},
        {STR_LIT("\xff"), false},
        {STR_LIT("1234567\xff"), false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (text_is_utf8(rows[i].text) != rows[i].want)
            fail_msg("row %zu", i);
}

static void add_utf8(void **state)
{
    static const struct {
        uint32_t character;
        const char *want;
    } rows[] = {
        {'a', "a"},
        {0x7f, "\x7f"},
        {0x80, "\xc2\x80"},
        {0x7ff, "\xdf\xbf"},
        {0x800, "\xe0\xa0\x80"},
        {0x65e5, "日"},
        {0xffff, "\xef\xbf\xbf"},
        {0x10000, "\xf0\x90\x80\x80"},
        {0x10ffff, "\xf4\x8f\xbf\xbf"},
        {0x110000, "\xef\xbf\xbd"},
        {UINT32_MAX, "\xef\xbf\xbd"},
        {0xd800, "\xef\xbf\xbd"},
        {0xdfff, "\xef\xbf\xbd"},
    };
    char text[8];
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct buf b = buf_fixed(text, sizeof text);
        text_add_utf8(&b, rows[i].character);
        assert_string_equal(buf_c(&b), rows[i].want);
        assert_true(text_is_utf8(buf_str(&b)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hex),
        cmocka_unit_test(base64),
        cmocka_unit_test(base64_of_random_bytes),
        cmocka_unit_test(utf8),
        cmocka_unit_test(add_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
