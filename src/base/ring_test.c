#include "base/ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>

static void order_and_limits(void **state)
{
    struct ring r;
    int item;
    assert_int_equal(ring_init(&r, sizeof item, 3), 0);
    assert_int_equal(r.count, 4);
    for (int round = 0; round < 10; round++) {
        assert_false(ring_take(&r, &item));
        for (int i = 0; i < 4; i++)
            assert_true(ring_put(&r, &(int){round * 10 + i}));
        assert_false(ring_put(&r, &(int){-1}));
        for (int i = 0; i < 4; i++) {
            assert_true(ring_take(&r, &item));
            assert_int_equal(item, round * 10 + i);
        }
    }
    ring_fini(&r);
    assert_int_equal(ring_init(&r, 0, 4), -1);
    assert_int_equal(ring_init(&r, 4, SIZE_MAX), -1);
}

#define ITEMS 200000u

struct pair {
    uint32_t number, check;
};

static void *produce(void *arg)
{
    struct ring *r = arg;
    for (uint32_t i = 0; i < ITEMS; i++)
        while (!ring_put(r, &(struct pair){i, ~i}))
            sched_yield();
    return NULL;
}

static void between_two_threads(void **state)
{
    struct ring r;
    pthread_t producer;
    assert_int_equal(ring_init(&r, sizeof(struct pair), 64), 0);
    assert_int_equal(pthread_create(&producer, NULL, produce, &r), 0);
    for (uint32_t i = 0; i < ITEMS; i++) {
        struct pair p;
        while (!ring_take(&r, &p))
            sched_yield();
        assert_int_equal(p.number, i);
        assert_int_equal(p.check, ~i);
    }
    pthread_join(producer, NULL);
    ring_fini(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_and_limits),
        cmocka_unit_test(between_two_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
