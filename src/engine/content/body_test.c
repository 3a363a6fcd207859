#include "engine/content/content.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct slab slab;
static struct budget mem;

static int setup(void **state)
{
    mem = (struct budget){&slab, 0, 1 << 20};
    return slab_init(&slab, 16 << 20);
}

static int teardown(void **state)
{
    assert_int_equal(mem.used_bytes, 0);
    slab_fini(&slab);
    return 0;
}

static void test_min_inspect(void **state)
{
    const struct body_conf conf = {.limit_bytes = 100, .min_inspect_bytes = 10, .window_bytes = 4};
    struct body b = {0};
    struct field_window w;
    assert_false(body_window(&b, &conf, &w));
    body_add(&b, &conf, &mem, STR_LIT("abcde"));
    assert_false(body_window(&b, &conf, &w));
    body_inspected(&b, &conf); /* nothing was shown, so nothing is done with */
    body_add(&b, &conf, &mem, STR_LIT("fghij"));
    assert_true(body_window(&b, &conf, &w));
    assert_true(str_eq(w.bytes, STR_LIT("abcdefghij")));
    assert_false(w.end);
    body_inspected(&b, &conf);
    assert_false(body_window(&b, &conf, &w));
    body_add(&b, &conf, &mem, STR_LIT("k"));
    assert_true(body_window(&b, &conf, &w));
    assert_true(str_eq(w.bytes, STR_LIT("ghijk")));
    assert_int_equal(w.offset, 6);
    body_fini(&b, &mem);
}

static void test_end_shows_little(void **state)
{
    const struct body_conf conf = {.min_inspect_bytes = 1000, .window_bytes = 4};
    struct body b = {0};
    struct field_window w;
    body_add(&b, &conf, &mem, STR_LIT("short"));
    body_end(&b);
    assert_true(body_window(&b, &conf, &w));
    assert_true(w.end);
    body_add(&b, &conf, &mem, STR_LIT("late"));
    assert_int_equal(b.total_bytes, 5);
    body_fini(&b, &mem);
}

static void test_limit(void **state)
{
    const struct body_conf conf = {.limit_bytes = 4, .min_inspect_bytes = 1000};
    struct body b = {0};
    struct field_window w;
    body_add(&b, &conf, &mem, STR_LIT("ab"));
    body_add(&b, &conf, &mem, STR_LIT("cdef"));
    body_add(&b, &conf, &mem, STR_LIT("ghij"));
    assert_int_equal(b.total_bytes, 10);
    assert_true(b.truncated);
    assert_true(body_window(&b, &conf, &w));
    assert_true(str_eq(w.bytes, STR_LIT("abcd")));
    body_fini(&b, &mem);
}

static void test_no_memory(void **state)
{
    const struct body_conf conf = {0};
    struct budget none = {&slab, 0, 16};
    struct body b = {0};
    struct field_window w;
    body_add(&b, &conf, &none, STR_LIT("abc"));
    assert_true(b.truncated);
    assert_int_equal(b.total_bytes, 3);
    assert_false(body_window(&b, &conf, &w));
    body_fini(&b, &none);
    assert_int_equal(none.used_bytes, 0);
}

/* A long body that is looked at now and then stays within a small block, and each byte is shown at its place. */
static void test_slides(void **state)
{
    const struct body_conf conf = {.window_bytes = 100};
    struct body b = {0};
    uint64_t at = 0;
    for (int round = 0; round < 5000; round++) {
        uint8_t piece[64];
        size_t len = 1 + (size_t)round * 7 % sizeof piece;
        for (size_t i = 0; i < len; i++)
            piece[i] = (uint8_t)((at + i) % 251);
        at += len;
        body_add(&b, &conf, &mem, str_of(piece, len));
        struct field_window w;
        assert_true(body_window(&b, &conf, &w));
        assert_int_equal(w.offset + w.bytes.len, at);
        assert_true(w.bytes.len >= len);
        for (size_t i = 0; i < w.bytes.len; i++)
            assert_int_equal(w.bytes.p[i], (w.offset + i) % 251);
        body_inspected(&b, &conf);
    }
    assert_true(b.cap <= 2048);
    body_fini(&b, &mem);
}

/* Before and behind a hole are shown one after the other, each at its place in the body. */
static void test_gap(void **state)
{
    const struct body_conf conf = {.min_inspect_bytes = 100, .window_bytes = 10};
    struct body b = {0};
    struct field_window w;
    body_add(&b, &conf, &mem, STR_LIT("abc"));
    body_gap(&b, 5);
    body_add(&b, &conf, &mem, STR_LIT("xyz"));
    assert_true(body_window(&b, &conf, &w));
    assert_true(str_eq(w.bytes, STR_LIT("abc")));
    assert_int_equal(w.offset, 0);
    body_inspected(&b, &conf);
    assert_false(body_window(&b, &conf, &w));
    body_gap(&b, 1);
    body_gap(&b, 1);
    body_end(&b);
    assert_false(body_window(&b, &conf, &w));
    assert_int_equal(b.total_bytes, 13);
    body_fini(&b, &mem);
}

static void test_gap_first(void **state)
{
    const struct body_conf conf = {0};
    struct body b = {0};
    struct field_window w;
    body_gap(&b, 7);
    body_add(&b, &conf, &mem, STR_LIT("abc"));
    assert_true(body_window(&b, &conf, &w));
    assert_int_equal(w.offset, 7);
    assert_true(str_eq(w.bytes, STR_LIT("abc")));
    body_fini(&b, &mem);
}

/* Holes after each look: offsets stay those of the body. */
static void test_gaps_inline(void **state)
{
    const struct body_conf conf = {.window_bytes = 10};
    struct body b = {0};
    struct field_window w;
    uint64_t at = 0;
    for (uint32_t i = 1; i < 50; i++) {
        body_add(&b, &conf, &mem, STR_LIT("12345"));
        assert_true(body_window(&b, &conf, &w));
        assert_int_equal(w.offset, at);
        assert_int_equal(w.bytes.len, 5);
        body_inspected(&b, &conf);
        body_gap(&b, i);
        at += 5 + i;
    }
    assert_int_equal(b.total_bytes, at);
    body_fini(&b, &mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_min_inspect, setup, teardown),
        cmocka_unit_test_setup_teardown(test_end_shows_little, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(test_slides, setup, teardown),
        cmocka_unit_test_setup_teardown(test_gap, setup, teardown),
        cmocka_unit_test_setup_teardown(test_gap_first, setup, teardown),
        cmocka_unit_test_setup_teardown(test_gaps_inline, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
