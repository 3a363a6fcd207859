#include "center/model/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void ids_sort_in_the_order_they_were_made(void **state)
{
    struct id before = id_make(1000000);
    for (int i = 0; i < 5000; i++) {
        struct id next = id_make(1000000 + i / 100 * 1000);
        assert_int_equal(strlen(next.text), ID_CHARS);
        assert_true(strcmp(before.text, next.text) < 0);
        struct id again;
        assert_true(id_parse(str_c(next.text), &again));
        assert_true(id_eq(&again, &next));
        before = next;
    }
}

static void ids_are_parsed_strictly(void **state)
{
    static const struct {
        const char *name, *input;
        bool want;
    } rows[] = {
        {"good", "01KAMVXD6W4XJ9Q0ZJ6C6M4T2B", true},
        {"short", "01KAMVXD6W4XJ9Q0ZJ6C6M4T2", false},
        {"long", "01KAMVXD6W4XJ9Q0ZJ6C6M4T2BB", false},
        {"lower case", "01kAMVXD6W4XJ9Q0ZJ6C6M4T2B", false},
        {"letter U", "01UAMVXD6W4XJ9Q0ZJ6C6M4T2B", false},
        {"quote", "01'AMVXD6W4XJ9Q0ZJ6C6M4T2B", false},
        {"empty", "", false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct id id;
        if (id_parse(str_c(rows[i].input), &id) != rows[i].want)
            fail_msg("%s", rows[i].name);
        assert_int_equal(id_is_none(&id), !rows[i].want);
    }
    struct id id;
    assert_false(id_parse(str_of("01KAMVXD6W4XJ9Q0ZJ6C6M4T2\0", 26), &id));
}

static void a_scope_of_nobody_reaches_nothing(void **state)
{
    struct id none = {{0}};
    assert_int_equal(scope_organisation(none).kind, SCOPE_NOTHING);
    struct scope zeroed = {0};
    assert_int_equal(zeroed.kind, SCOPE_NOTHING);
}

static void words_go_both_ways(void **state)
{
    for (int v = 0; v < VOCABULARIES; v++)
        for (int i = 0; word_of(v, i)[0] || i == 0; i++)
            assert_int_equal(word_find(v, str_c(word_of(v, i))), i);
    assert_int_equal(word_find(WORDS_LEVEL, STR_LIT("purple")), -1);
    assert_string_equal(word_of(WORDS_LEVEL, 99), "");
    assert_string_equal(word_of(WORDS_LEVEL, -1), "");
}

static void a_device_is_called_by_the_best_name(void **state)
{
    static const struct {
        const char *name;
        struct device d;
        const char *want;
    } rows[] = {
        {"given", {.name = "経理", .hostname = "KEIRI-02", .maker = "NEC", .mac = "m"}, "経理"},
        {"hostname", {.hostname = "KEIRI-02", .maker = "NEC", .mac = "m"}, "KEIRI-02"},
        {"maker", {.maker = "NEC", .mac = "00:11"}, "NEC 00:11"},
        {"mac", {.mac = "00:11"}, "00:11"},
        {"empty name", {.name = "", .mac = "00:11"}, "00:11"},
    };
    struct arena a;
    arena_init(&a, 0, 0);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        assert_string_equal(device_label(&rows[i].d, &a), rows[i].want);
    arena_fini(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_sort_in_the_order_they_were_made),
        cmocka_unit_test(ids_are_parsed_strictly),
        cmocka_unit_test(a_scope_of_nobody_reaches_nothing),
        cmocka_unit_test(words_go_both_ways),
        cmocka_unit_test(a_device_is_called_by_the_best_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
