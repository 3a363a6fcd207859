#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/attr.h"
#include "engine/format/ber/ber.h"

#define BYTES(text)                               \
    {                                             \
        (const uint8_t *)(text), sizeof(text) - 1 \
    }

static void elements_are_read(void **state)
{
    static const struct {
        const char *name;
        struct str input;
        bool ok;
        uint8_t tag;
        size_t len, left;
    } rows[] = {
        {"short length", BYTES("\x04\3abcX"), true, BER_OCTETS, 3, 1},
        {"empty", BYTES("\x05\0"), true, BER_NULL, 0, 0},
        {"one byte of length", BYTES("\x30\x81\2ab"), true, BER_SEQUENCE, 2, 0},
        {"more bytes of length than needed", BYTES("\x30\x84\0\0\0\1a"), true, BER_SEQUENCE, 1, 0},
        {"application tag", BYTES("\x6a\1a"), true, BER_APPLICATION_OF(10), 1, 0},
        {"nothing", BYTES(""), false, 0, 0, 0},
        {"no length", BYTES("\x30"), false, 0, 0, 0},
        {"content is cut", BYTES("\x04\3ab"), false, 0, 0, 0},
        {"length is cut", BYTES("\x04\x82\1"), false, 0, 0, 0},
        {"indefinite length", BYTES("\x30\x80\0\0"), false, 0, 0, 0},
        {"length of five bytes", BYTES("\x04\x85\0\0\0\0\1a"), false, 0, 0, 0},
        {"length beyond everything", BYTES("\x04\x84\xff\xff\xff\xff"), false, 0, 0, 0},
        {"identifier of two bytes", BYTES("\x1f\x81\1a"), false, 0, 0, 0},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct reader r = reader_of(rows[i].input);
        struct ber element;
        bool ok = ber_next(&r, &element);
        if (ok != rows[i].ok || r.bad == ok)
            fail_msg("%s", rows[i].name);
        if (!ok)
            continue;
        if (element.tag != rows[i].tag || element.body.len != rows[i].len ||
            reader_left(&r) != rows[i].left)
            fail_msg("%s", rows[i].name);
    }
}

static void expected_kinds_are_asked_for(void **state)
{
    struct reader r = reader_of(STR_LIT("\x30\5\2\1\7\4\0\5\0")), inside;
    struct str body;
    int64_t number = 0;
    assert_false(ber_maybe(&r, BER_SET, &body));
    assert_true(ber_enter(&r, BER_SEQUENCE, &inside));
    assert_true(ber_next_signed(&inside, BER_INTEGER, &number));
    assert_int_equal(number, 7);
    assert_false(ber_maybe_enter(&inside, BER_SEQUENCE, &r));
    assert_true(ber_maybe(&inside, BER_OCTETS, &body));
    assert_int_equal(body.len, 0);
    assert_false(ber_is(&inside, BER_NULL));
    assert_false(inside.bad);
    r = reader_of(STR_LIT("\5\0"));
    assert_false(ber_expect(&r, BER_SEQUENCE, &body));
    assert_true(r.bad);
}

static void numbers_are_read(void **state)
{
    static const struct {
        struct str input;
        bool is_signed, is_unsigned;
        int64_t number;
    } rows[] = {
        {BYTES("\0"), true, true, 0},
        {BYTES("\x7f"), true, true, 127},
        {BYTES("\0\x80"), true, true, 128},
        {BYTES("\x80"), true, false, -128},
        {BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xfe"), true, false, -2},
        {BYTES("\x7f\xff\xff\xff\xff\xff\xff\xff"), true, true, INT64_MAX},
        {BYTES("\x80\0\0\0\0\0\0\0"), true, false, INT64_MIN},
        {BYTES("\0\xff\xff\xff\xff\xff\xff\xff\xff"), false, true, -1},
        {BYTES("\0\0\0\0\0\0\0\0\0\0\0\5"), true, true, 5},
        {BYTES("\1\0\0\0\0\0\0\0\0"), false, false, 0},
        {BYTES("\xfe\0\0\0\0\0\0\0\0"), false, false, 0},
        {BYTES(""), false, false, 0},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        int64_t number = 0;
        uint64_t plain = 0;
        assert_int_equal(ber_signed(rows[i].input, &number), rows[i].is_signed);
        assert_int_equal(ber_unsigned(rows[i].input, &plain), rows[i].is_unsigned);
        if (rows[i].is_signed)
            assert_true(number == rows[i].number);
        if (rows[i].is_unsigned)
            assert_true((int64_t)plain == rows[i].number);
    }
}

static void a_stream_knows_how_much_is_missing(void **state)
{
    static const struct {
        struct str input;
        enum ber_whole whole;
        size_t len;
    } rows[] = {
        {BYTES(""), BER_WHOLE_NO, 0},
        {BYTES("\x30"), BER_WHOLE_NO, 0},
        {BYTES("\x30\x82"), BER_WHOLE_NO, 0},
        {BYTES("\x30\x82\1"), BER_WHOLE_NO, 0},
        {BYTES("\x30\x82\1\2"), BER_WHOLE_NO, 262},
        {BYTES("\x30\3abcd"), BER_WHOLE_YES, 5},
        {BYTES("\x30\0"), BER_WHOLE_YES, 2},
        {BYTES("\x30\x84\xff\xff\xff\xff"), BER_WHOLE_NO, (size_t)0xffffffff + 6},
        {BYTES("\x30\x80"), BER_WHOLE_BAD, 0},
        {BYTES("\x30\x85"), BER_WHOLE_BAD, 0},
        {BYTES("\x7f"), BER_WHOLE_BAD, 0},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        size_t len = 77;
        assert_int_equal(ber_whole(rows[i].input, &len), rows[i].whole);
        assert_int_equal(len, rows[i].len);
    }
}

static void object_identifiers_are_written(void **state)
{
    static const struct {
        struct str input;
        const char *want;
    } rows[] = {
        {BYTES("\x2b\6\1\2\1"), "1.3.6.1.2.1"},
        {BYTES("\x88\x37\3"), "2.999.3"},
        {BYTES("\x2a\x86\x48\x86\xf7\x0d"), "1.2.840.113549"},
        {BYTES("\x2a\x86"), "1.2"},
        {BYTES(""), ""},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char text[64];
        struct buf b = buf_fixed(text, sizeof text);
        ber_oid_text(rows[i].input, &b);
        assert_string_equal(buf_c(&b), rows[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_are_read),
        cmocka_unit_test(expected_kinds_are_asked_for),
        cmocka_unit_test(numbers_are_read),
        cmocka_unit_test(a_stream_knows_how_much_is_missing),
        cmocka_unit_test(object_identifiers_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
