#include "base/dice.h"
#include "base/slab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void classes_fit(void **state)
{
    static const struct {
        size_t bytes, want;
    } rows[] = {
        {0, 32},
        {1, 32},
        {32, 32},
        {33, 48},
        {48, 48},
        {49, 64},
        {65, 96},
        {96, 96},
        {97, 128},
        {1024, 1024},
        {1025, 1536},
        {1537, 2048},
        {786432, 786432},
        {786433, 1u << 20},
        {1u << 20, 1u << 20},
        {(1u << 20) + 1, 0},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        assert_int_equal(slab_block_bytes(rows[i].bytes), rows[i].want);
    for (size_t bytes = 1; bytes <= SLAB_BLOCK_MAX; bytes += 1 + bytes / 97) {
        size_t block = slab_block_bytes(bytes);
        assert_true(block >= bytes && block % 16 == 0);
        assert_true(block == 32 || bytes * 3 > block * 2 - 3);
        assert_int_equal(slab_block_bytes(block), block);
    }
}

#define OUT_MAX 400

/* The naive model: what is out, and what was written into it. */
static void against_a_naive_model(void **state)
{
    struct dice dice = dice_new("slab");
    struct slab s;
    assert_int_equal(slab_init(&s, 4u << 20), 0);
    uint8_t *out[OUT_MAX] = {0};
    size_t sizes[OUT_MAX];
    size_t used = 0;
    for (int step = 0; step < 100000; step++) {
        uint32_t i = dice_below(&dice, OUT_MAX);
        if (out[i]) {
            for (size_t k = 0; k < sizes[i]; k += 1 + sizes[i] / 8)
                assert_int_equal(out[i][k], i & 0xff);
            assert_int_equal(out[i][sizes[i] - 1], i & 0xff);
            slab_give(&s, out[i], sizes[i]);
            used -= slab_block_bytes(sizes[i]);
            out[i] = NULL;
        } else {
            sizes[i] = 1 + dice_below(&dice, 1u << (4 + dice_below(&dice, 14)));
            out[i] = slab_alloc(&s, sizes[i]);
            if (out[i]) {
                assert_int_equal((uintptr_t)out[i] % 16, 0);
                memset(out[i], (int)(i & 0xff), sizes[i]);
                used += slab_block_bytes(sizes[i]);
            }
        }
        assert_int_equal(s.used_bytes, used);
        assert_true(s.cut_bytes <= s.region_bytes);
    }
    slab_fini(&s);
}

static void used_up_is_refused_and_counted(void **state)
{
    struct slab s;
    void *blocks[8];
    assert_int_equal(slab_init(&s, 8u << 10), 0);
    for (int i = 0; i < 8; i++)
        assert_non_null(blocks[i] = slab_alloc(&s, 1024));
    assert_null(slab_alloc(&s, 1));
    assert_null(slab_alloc(&s, SLAB_BLOCK_MAX + 1));
    assert_int_equal(s.refused, 2);
    slab_give(&s, blocks[3], 1024);
    slab_give(&s, NULL, 1024);
    assert_ptr_equal(slab_alloc(&s, 700), NULL); /* 768: too near to 1024 to be cut from it */
    assert_ptr_equal(slab_alloc(&s, 1000), blocks[3]);
    slab_fini(&s);
    slab_fini(&s);
}

static void larger_free_blocks_are_split(void **state)
{
    struct slab s;
    assert_int_equal(slab_init(&s, 1u << 20), 0);
    void *whole = slab_alloc(&s, 1u << 20);
    assert_non_null(whole);
    slab_give(&s, whole, 1u << 20);
    size_t count = 0;
    while (slab_alloc(&s, 64))
        count++;
    /* Rests of 32 and 48 bytes cannot serve 64. */
    assert_true(count > (1u << 20) / 64 * 98 / 100);
    slab_fini(&s);
}

static void budget_limits_one_owner(void **state)
{
    struct slab s;
    assert_int_equal(slab_init(&s, 1u << 20), 0);
    struct budget b = {&s, 0, 256};
    uint8_t *p = budget_zalloc(&b, 100);
    assert_non_null(p);
    assert_int_equal(b.used_bytes, 128);
    assert_null(budget_alloc(&b, 129));
    memset(p, 7, 100);
    uint8_t *same = budget_resize(&b, p, 100, 120);
    assert_ptr_equal(same, p);
    assert_null(budget_resize(&b, p, 120, 200)); /* old and new would be out together */
    assert_int_equal(b.used_bytes, 128);
    uint8_t *small = budget_resize(&b, p, 120, 40);
    assert_non_null(small);
    for (int i = 0; i < 40; i++)
        assert_int_equal(small[i], 7);
    assert_int_equal(b.used_bytes, 48);
    budget_give(&b, small, 40);
    budget_give(&b, NULL, 5);
    assert_int_equal(b.used_bytes, 0);
    assert_int_equal(s.used_bytes, 0);
    p = budget_resize(&b, NULL, 0, 10);
    assert_non_null(p);
    assert_null(budget_resize(&b, p, 10, SLAB_BLOCK_MAX + 1));
    budget_give(&b, p, 10);
    slab_fini(&s);
}

/* Added one by one against a naive model; with too little room nothing is lost. */
static void blocks_grow(void **state)
{
    static const size_t sizes[] = {1, 7, 28, 64, 100};
    for (size_t k = 0; k < ARRAY_COUNT(sizes); k++) {
        struct slab s;
        uint8_t *block = NULL;
        uint32_t cap = 0, count = 0, moves = 0;
        assert_int_equal(slab_init(&s, 1u << 20), 0);
        struct budget b = {.slab = &s, .limit_bytes = 40000};
        for (uint32_t had = 0; budget_grow(&b, &block, &cap, count + 1, sizes[k]); had = cap) {
            moves += cap != had;
            memset(block + count * sizes[k], (int)(count & 0xff), sizes[k]);
            count++;
        }
        assert_true(count >= 100 && moves < 12);
        assert_int_equal(count, cap);
        for (uint32_t i = 0; i < count; i++)
            assert_int_equal(block[i * sizes[k]], i & 0xff);
        assert_true(budget_grow(&b, &block, &cap, 1, sizes[k]));
        assert_false(budget_grow(&b, &block, &cap, UINT32_MAX, sizes[k]));
        budget_give(&b, block, cap * sizes[k]);
        assert_int_equal(b.used_bytes, 0);
        slab_fini(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_fit),
        cmocka_unit_test(against_a_naive_model),
        cmocka_unit_test(used_up_is_refused_and_counted),
        cmocka_unit_test(larger_free_blocks_are_split),
        cmocka_unit_test(budget_limits_one_owner),
        cmocka_unit_test(blocks_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
