#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/dice.h"
#include "base/sort.h"

struct thing {
    uint32_t key;
    uint8_t rest[SORT_ITEM_MAX - 4];
};

static int by_key(const void *a, const void *b)
{
    const struct thing *x = a, *y = b;
    return x->key < y->key ? -1 : x->key > y->key;
}

static int by_number(const void *a, const void *b)
{
    const uint16_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

#define COUNT_MAX 400

/* Against the C library, few and many, with and without equal ones; what belongs to a key stays with it. */
static void test_random(void **state)
{
    static struct thing things[COUNT_MAX];
    static uint16_t numbers[COUNT_MAX], model[COUNT_MAX];
    struct dice dice = dice_new("sort");
    for (int round = 0; round < 2000; round++) {
        size_t count = dice_below(&dice, round % 3 ? 40 : COUNT_MAX);
        uint32_t range = dice_below(&dice, 1000) + 1;
        for (size_t i = 0; i < count; i++) {
            things[i].key = model[i] = numbers[i] = (uint16_t)dice_below(&dice, range);
            memset(things[i].rest, (int)things[i].key, sizeof things[i].rest);
        }
        sort_items(things, count, sizeof things[0], by_key);
        sort_items(numbers, count, sizeof numbers[0], by_number);
        qsort(model, count, sizeof model[0], by_number);
        assert_memory_equal(numbers, model, count * sizeof model[0]);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(things[i].key, model[i]);
            assert_int_equal(things[i].rest[0], (uint8_t)things[i].key);
            assert_int_equal(things[i].rest[sizeof things[i].rest - 1], (uint8_t)things[i].key);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
