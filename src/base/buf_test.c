#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void everything_arrives(void **state)
{
    struct buf b;
    buf_init(&b, 0);
    buf_add(&b, STR_LIT("ab"));
    buf_add(&b, STR_EMPTY);
    buf_add_c(&b, "cd");
    buf_add_byte(&b, 0);
    buf_add_u16(&b, 0x0102);
    buf_add_u32(&b, 0x03040506);
    buf_add_u64(&b, UINT64_C(0x0708090a0b0c0d0e));
    buf_add_decimal(&b, 0);
    buf_add_decimal(&b, UINT64_MAX);
    buf_printf(&b, "%03d", 7);
    static const char want[] = "abcd\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16"
                               "018446744073709551615007";
    assert_true(str_eq(buf_str(&b), STR_LIT(want)));
    assert_false(b.failed);
    buf_fini(&b);
}

static void grows_over_many_pieces(void **state)
{
    struct buf b;
    buf_init(&b, 0);
    for (int i = 0; i < 100000; i++)
        buf_add_byte(&b, (uint8_t)i);
    for (size_t i = 0; i < 100000; i++)
        assert_int_equal(b.p[i], (uint8_t)i);
    buf_fini(&b);
}

static void failure_stays_and_writes_nothing(void **state)
{
    uint8_t memory[5] = "zzzzz";
    struct buf fixed = buf_fixed(memory, 4);
    struct buf limited;
    buf_init(&limited, 4);
    struct buf *both[] = {&fixed, &limited};
    for (int i = 0; i < 2; i++) {
        struct buf *b = both[i];
        buf_add_c(b, "abc");
        buf_add_c(b, "de");
        buf_add_byte(b, 'f');
        assert_true(b->failed);
        assert_true(str_eq(buf_str(b), STR_LIT("abc")));
        assert_string_equal(buf_c(b), "");
        buf_reset(b);
        assert_false(b->failed);
        buf_add_c(b, "wxyz");
        assert_true(str_eq(buf_str(b), STR_LIT("wxyz")));
        assert_false(b->failed);
        assert_string_equal(buf_c(b), ""); /* no room for the NUL */
        assert_true(b->failed);
        assert_false(buf_reserve(b, SIZE_MAX));
    }
    assert_int_equal(memory[4], 'z');
    buf_fini(&fixed);
    buf_fini(&limited);
}

static void view_for_c(void **state)
{
    struct buf b;
    buf_init(&b, 0);
    assert_string_equal(buf_c(&b), "");
    buf_add_c(&b, "abc");
    assert_string_equal(buf_c(&b), "abc");
    assert_int_equal(b.len, 3);
    buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_arrives),
        cmocka_unit_test(grows_over_many_pieces),
        cmocka_unit_test(failure_stays_and_writes_nothing),
        cmocka_unit_test(view_for_c),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
