#include "base/dice.h"
#include "base/map.h"
#include "base/vec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define KEYS 500

/* The naive model: an array with one place for each possible key. */
static void against_a_naive_model(void **state)
{
    struct dice dice = dice_new("map");
    static char names[KEYS][8];
    int *model[KEYS] = {0};
    static int values[16];
    size_t count = 0;
    struct map m;
    map_init(&m, 0);
    for (int i = 0; i < KEYS; i++)
        snprintf(names[i], sizeof names[i], "k%d", i);
    for (int step = 0; step < 200000; step++) {
        uint32_t k = dice_below(&dice, (step / 5000) % 2 ? KEYS : 40);
        struct str key = str_c(names[k]);
        uint32_t what = dice_below(&dice, 3);
        if (what == 0) {
            int *value = &values[dice_below(&dice, 16)];
            assert_int_equal(map_put(&m, key, value), 0);
            count += model[k] == NULL;
            model[k] = value;
        } else if (what == 1) {
            assert_ptr_equal(map_remove(&m, key), model[k]);
            count -= model[k] != NULL;
            model[k] = NULL;
        }
        assert_ptr_equal(map_get(&m, key), model[k]);
        assert_int_equal(m.count, count);
    }
    size_t walked = 0;
    size_t at = 0;
    for (const struct map_slot *s; (s = map_next(&m, &at)); walked++)
        assert_ptr_equal(s->value, model[atoi((const char *)s->key.p + 1)]);
    assert_int_equal(walked, count);
    map_fini(&m);
}

static void limit_holds(void **state)
{
    struct map m;
    int value;
    map_init(&m, 2);
    assert_null(map_get(&m, STR_LIT("a")));
    assert_null(map_remove(&m, STR_LIT("a")));
    assert_int_equal(map_put(&m, STR_LIT("a"), &value), 0);
    assert_int_equal(map_put(&m, STR_EMPTY, &value), 0);
    assert_int_equal(map_put(&m, STR_LIT("c"), &value), -1);
    assert_int_equal(map_put(&m, STR_LIT("a"), &value), 0);
    assert_ptr_equal(map_remove(&m, STR_EMPTY), &value);
    assert_int_equal(map_put(&m, STR_LIT("c"), &value), 0);
    map_fini(&m);
}

static void vec_keeps_items_in_order(void **state)
{
    struct vec v;
    vec_init(&v, sizeof(int));
    for (int i = 0; i < 1000; i++) {
        int *item = vec_push(&v);
        assert_non_null(item);
        assert_int_equal(*item, 0);
        *item = i;
    }
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(*(int *)vec_at(&v, i), i);
    vec_fini(&v);
    assert_int_equal(v.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(against_a_naive_model),
        cmocka_unit_test(limit_holds),
        cmocka_unit_test(vec_keeps_items_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
