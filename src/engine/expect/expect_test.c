#include "engine/expect/expect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct ip ip4(uint8_t last)
{
    return (struct ip){4, {192, 0, 2, last}};
}

static void add(struct expect_table *t, uint64_t owner, uint16_t port, int64_t until_us)
{
    expect_add(t, &(struct expectation){.owner = owner,
                                        .until_us = until_us,
                                        .a = ip4(1),
                                        .b = ip4(2),
                                        .port = port,
                                        .proto = APP_FTP_DATA,
                                        .note = {.word = (uint32_t)port + 1}});
}

static bool take(struct expect_table *t, uint8_t from, uint8_t to, uint16_t port, int64_t now_us)
{
    struct expectation out, which = {.a = ip4(from), .b = ip4(to), .port = port};
    bool found = expect_take(t, &which, now_us, &out);
    if (found)
        assert_int_equal(out.note.word, port + 1);
    return found;
}

static void test_found_once(void **state)
{
    struct expect_table *t = expect_new();
    assert_non_null(t);
    assert_false(take(t, 1, 2, 5000, 0));
    add(t, 1, 5000, 10);
    add(t, 1, 0, 10);
    assert_false(take(t, 1, 3, 5000, 0));
    assert_false(take(t, 1, 2, 5001, 0));
    assert_true(take(t, 2, 1, 5000, 10));
    assert_false(take(t, 2, 1, 5000, 10));
    add(t, 1, 5000, 10);
    assert_false(take(t, 1, 2, 5000, 11));
    expect_free(t);
}

/* One connection announces without end: others' stay. */
static void test_full(void **state)
{
    struct expect_table *t = expect_new();
    assert_non_null(t);
    add(t, 7, 9, 5);
    for (uint32_t port = 1000; port < 3000; port++)
        add(t, 1, (uint16_t)port, port);
    assert_true(take(t, 1, 2, 9, 0));
    assert_false(take(t, 1, 2, 3000 - EXPECT_OWNER_MAX - 1, 0));
    assert_true(take(t, 1, 2, 3000 - EXPECT_OWNER_MAX, 0));
    for (uint32_t i = 0; i < EXPECT_MAX + 1; i++)
        add(t, 100 + i, (uint16_t)(10000 + i), 10 + i);
    assert_false(take(t, 1, 2, 10000, 0));
    assert_true(take(t, 1, 2, 10000 + EXPECT_MAX, 0));
    expect_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_found_once),
                                       cmocka_unit_test(test_full)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
