#include "base/dice.h"
#include "base/json.h"
#include "base/text.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void whole_text(void **state)
{
    struct buf b;
    struct json j;
    buf_init(&b, 0);
    json_init(&j, &b);
    json_object(&j, NULL);
    json_object(&j, "empty");
    json_end_object(&j);
    json_array(&j, "list");
    json_int(&j, NULL, -1);
    json_int(&j, NULL, INT64_MIN);
    json_uint(&j, NULL, UINT64_MAX);
    json_array(&j, NULL);
    json_end_array(&j);
    json_object(&j, NULL);
    json_bool(&j, "t", true);
    json_bool(&j, "f", false);
    json_end_object(&j);
    json_end_array(&j);
    json_null(&j, "n");
    json_array(&j, "reals");
    json_double(&j, NULL, 1.5);
    json_double(&j, NULL, 0.1);
    json_double(&j, NULL, -1e300);
    json_double(&j, NULL, 1.0 / 3);
    json_double(&j, NULL, (double)INFINITY);
    json_end_array(&j);
    json_text(&j, "none", NULL);
    json_raw(&j, "raw", STR_LIT("[1,2]"));
    json_bytes_named(&j, STR_LIT("a\"b"), STR_LIT("c"));
    json_end_object(&j);
    assert_string_equal(buf_c(&b), "{\"empty\":{},\"list\":[-1,-9223372036854775808,"
                                   "18446744073709551615,[],{\"t\":true,\"f\":false}],\"n\":null,"
                                   "\"reals\":[1.5,0.1,-1e+300,0.3333333333333333,null],"
                                   "\"none\":\"\",\"raw\":[1,2],\"a\\\"b\":\"c\"}");
    buf_fini(&b);
}

static void values_are_escaped(void **state)
{
    static const struct {
        struct str value;
        const char *want;
    } rows[] = {
        {STR_EMPTY, "\"\""},
        {STR_LIT("plain text of more than eight bytes"), "\"plain text of more than eight bytes\""},
        {STR_LIT("\"\\/\b\f\n\r\t"), "\"\\\"\\\\/\\b\\f\\n\\r\\t\""},
        {STR_LIT("\0\x01\x1f\x7f"), "\"\\u0000\\u0001\\u001f\x7f\""},
        {STR_LIT("日本語 ok"), "\"日本語 ok\""},
        {STR_LIT("a\xff"), "\"a\\\\xff\""},
        {STR_LIT("日\xe6"), "\"\\\\xe6\\\\x97\\\\xa5\\\\xe6\""},
        {STR_LIT("\xed\xa0\x80"), "\"\\\\xed\\\\xa0\\\\x80\""},
        {STR_LIT("1234567\"90123456\\8"), "\"1234567\\\"90123456\\\\8\""},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct buf b;
        struct json j;
        buf_init(&b, 0);
        json_init(&j, &b);
        json_bytes(&j, NULL, rows[i].value);
        assert_string_equal(buf_c(&b), rows[i].want);
        buf_fini(&b);
    }
}

/* Byte by byte, as the header promises it. */
static void naive_escape(struct buf *b, struct str s)
{
    bool utf8 = text_is_utf8(s);
    buf_add_byte(b, '"');
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.p[i];
        static const char special[] = "\"\\\b\f\n\r\t";
        const char *at = c ? strchr(special, c) : NULL;
        if (at)
            buf_printf(b, "\\%c", "\"\\bfnrt"[at - special]);
        else if (c < 0x20)
            buf_printf(b, "\\u%04x", c);
        else if (c >= 0x80 && !utf8)
            buf_printf(b, "\\\\x%02x", c);
        else
            buf_add_byte(b, c);
    }
    buf_add_byte(b, '"');
}

static void random_bytes_against_the_naive_way(void **state)
{
    struct dice dice = dice_new("json");
    for (int round = 0; round < 20000; round++) {
        uint8_t bytes[64];
        size_t len = dice_below(&dice, sizeof bytes);
        uint32_t kind = dice_below(&dice, 4);
        for (size_t i = 0; i < len; i++) {
            bytes[i] = (uint8_t)dice_u64(&dice);
            if (kind)
                bytes[i] &= 0x7f;
            if (kind > 1 && dice_below(&dice, 8))
                bytes[i] |= 0x40;
        }
        struct buf got;
        struct buf want;
        struct json j;
        buf_init(&got, 0);
        buf_init(&want, 0);
        json_init(&j, &got);
        json_bytes(&j, NULL, str_of(bytes, len));
        naive_escape(&want, str_of(bytes, len));
        assert_string_equal(buf_c(&got), buf_c(&want));
        buf_fini(&got);
        buf_fini(&want);
    }
}

static void too_small_a_buffer_fails(void **state)
{
    for (size_t cap = 0; cap < 24; cap++) {
        uint8_t memory[25];
        memset(memory, 'z', sizeof memory);
        struct buf b = buf_fixed(memory, cap);
        struct json j;
        json_init(&j, &b);
        json_object(&j, NULL);
        json_text(&j, "key", "some\nmore\"text");
        json_end_object(&j);
        assert_true(b.failed);
        assert_true(b.len <= cap);
        assert_int_equal(memory[cap], 'z');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_text),
        cmocka_unit_test(values_are_escaped),
        cmocka_unit_test(random_bytes_against_the_naive_way),
        cmocka_unit_test(too_small_a_buffer_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
