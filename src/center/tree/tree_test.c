#include "center/tree/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void only_well_formed_text_makes_a_tree(void **state)
{
    static const struct {
        const char *name, *input;
        enum tree_fault want;
    } rows[] = {
        {"object", "{\"a\":1}", TREE_FINE},
        {"duplicate name", "{\"a\":1,\"a\":2}", TREE_BROKEN},
        {"more after it", "{} {}", TREE_BROKEN},
        {"NUL in text", "{\"a\":\"\\u0000\"}", TREE_BROKEN},
        {"not UTF-8", "{\"a\":\"\xff\"}", TREE_BROKEN},
        {"empty", "", TREE_BROKEN},
        {"cut", "{\"a\":", TREE_BROKEN},
        {"16 deep", "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]", TREE_FINE},
        {"17 deep", "[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]", TREE_TOO_DEEP},
        {"brackets in a text", "[\"[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[[\"]", TREE_FINE},
        {"brackets of both kinds",
         "[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[1]}]}]}]}]}]}]}]}]",
         TREE_TOO_DEEP},
        {"huge number", "{\"a\":99999999999999999999999}", TREE_BROKEN},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        enum tree_fault fault;
        struct tree *t = tree_parse(str_c(rows[i].input), &fault);
        if (fault != rows[i].want || (t != NULL) != (fault == TREE_FINE))
            fail_msg("%s: %d", rows[i].name, fault);
        tree_free(t);
    }
}

static void values_are_found_by_path_and_type(void **state)
{
    struct tree *t = tree_parse(STR_LIT("{\"a\":{\"b\":{\"c\":\"x\"}},\"n\":-5,\"f\":1.5,\"t\":"
                                        "true,\"l\":[1,\"two\"],\"z\":null}"),
                                NULL);
    assert_string_equal(tree_text(t, "a.b.c"), "x");
    assert_null(tree_text(t, "a.b"));
    assert_null(tree_text(t, "a.b.c.d"));
    assert_null(tree_text(NULL, "a"));
    assert_int_equal(tree_int(t, "n", 7), -5);
    assert_int_equal(tree_int(t, "f", 7), 7);
    assert_int_equal(tree_int(t, "a", 7), 7);
    assert_true(tree_bool(t, "t", false));
    assert_true(tree_bool(t, "n", true));
    assert_int_equal(tree_count(t, "l"), 2);
    assert_string_equal(tree_text(tree_at(tree_get(t, "l"), 1), NULL), "two");
    assert_null(tree_at(tree_get(t, "l"), 2));
    assert_int_equal(tree_type(t, "z"), TREE_OTHER);
    assert_int_equal(tree_type(t, "q"), TREE_ABSENT);
    void *at = NULL;
    const char *name;
    const struct tree *value;
    size_t count = 0;
    while (tree_next(t, &at, &name, &value))
        count++;
    assert_int_equal(count, 6);
    char *text = tree_write(tree_get(t, "a"));
    assert_string_equal(text, "{\"b\":{\"c\":\"x\"}}");
    free(text);
    tree_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_well_formed_text_makes_a_tree),
        cmocka_unit_test(values_are_found_by_path_and_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
