#include "base/arena.h"
#include "base/dice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void pieces_are_aligned_and_apart(void **state)
{
    struct dice dice = dice_new("arena");
    struct arena a;
    arena_init(&a, 1024, 0);
    for (int round = 0; round < 3; round++) {
        uint8_t *pieces[300];
        size_t sizes[300];
        for (size_t i = 0; i < 300; i++) {
            sizes[i] = dice_below(&dice, i % 50 ? 100 : 5000);
            pieces[i] = arena_alloc(&a, sizes[i]);
            assert_non_null(pieces[i]);
            assert_int_equal((uintptr_t)pieces[i] % 16, 0);
            memset(pieces[i], (int)(i & 0xff), sizes[i]);
        }
        for (size_t i = 0; i < 300; i++)
            for (size_t k = 0; k < sizes[i]; k++)
                assert_int_equal(pieces[i][k], i & 0xff);
        arena_reset(&a);
        assert_int_equal(a.used_bytes, 0);
    }
    arena_fini(&a);
}

static size_t block_count(const struct arena *a)
{
    struct first {
        struct first *next;
    };
    size_t count = 0;
    for (const struct first *b = (const struct first *)(const void *)a->first; b; b = b->next)
        count++;
    return count;
}

static void reset_keeps_blocks(void **state)
{
    struct arena a;
    arena_init(&a, 1024, 0);
    size_t first_round = 0;
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 40; i++) {
            assert_non_null(arena_alloc(&a, 300));
            assert_non_null(arena_alloc(&a, i == 20 ? 9000 : 10));
        }
        if (round == 0)
            first_round = block_count(&a);
        assert_int_equal(block_count(&a), first_round);
        arena_reset(&a);
    }
    arena_fini(&a);
}

static void limit_holds(void **state)
{
    struct arena a;
    arena_init(&a, 64, 100);
    assert_non_null(arena_alloc(&a, 64));
    assert_null(arena_alloc(&a, 64));
    assert_null(arena_alloc(&a, SIZE_MAX));
    assert_non_null(arena_alloc(&a, 32));
    assert_null(arena_alloc(&a, 1));
    arena_reset(&a);
    assert_non_null(arena_alloc(&a, 96));
    assert_null(arena_copy(&a, STR_LIT("abc")).p);
    arena_fini(&a);
}

static void text_is_copied(void **state)
{
    struct arena a;
    arena_init(&a, 0, 0);
    struct str s = arena_copy(&a, STR_LIT("ab\0c"));
    assert_int_equal(s.len, 4);
    assert_memory_equal(s.p, "ab\0c", 5);
    assert_non_null(arena_copy(&a, STR_EMPTY).p);
    assert_string_equal(arena_printf(&a, "%s-%d", "x", 12), "x-12");
    const uint8_t *zeros = arena_zalloc(&a, 40);
    for (int i = 0; i < 40; i++)
        assert_int_equal(zeros[i], 0);
    arena_fini(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_aligned_and_apart),
        cmocka_unit_test(reset_keeps_blocks),
        cmocka_unit_test(limit_holds),
        cmocka_unit_test(text_is_copied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
