#include "engine/format/lines/lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define MAX 8

/* All lines of two pieces, "|" behind each, "~" behind a cut one. */
static void play(struct str bytes, size_t cut_at, char *seen)
{
    struct lines l = {0};
    struct line line;
    struct str rest = str_cut(bytes, 0, cut_at);
    *seen = 0;
    for (int piece = 0; piece < 2; piece++) {
        while (lines_next(&l, &rest, MAX, &line))
            sprintf(seen + strlen(seen), "%.*s%s", (int)line.text.len,
                    (const char *)(line.text.p ? line.text.p : (const uint8_t *)""),
                    line.cut ? "~" : "|");
        assert_true(rest.len <= MAX);
        if (piece == 0)
            rest = str_from(bytes, cut_at - rest.len);
    }
}

static void test_lines(void **state)
{
    static const struct {
        const char *input, *want;
    } rows[] = {
        {"a\r\nb\n\r\nc", "a|b||"},
        {"12345678\n9\n", "12345678|9|"},
        {"123456789\nx\n", "12345678~x|"},
        {"1234567890123456789012345\r\nnext\r\n", "12345678~next|"},
        {"a\rb\n", "a\rb|"},
        {"", ""},
    };
    char seen[128];
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        for (size_t cut = 0; cut <= strlen(rows[i].input); cut++) {
            play(str_c(rows[i].input), cut, seen);
            assert_string_equal(seen, rows[i].want);
        }
}

static void test_texts(void **state)
{
    struct slab slab;
    assert_int_equal(slab_init(&slab, 8u << 20), 0);
    struct budget mem = {&slab, 0, 1u << 20};
    struct texts t = {0};
    struct str out;
    char name[16];
    assert_true(texts_add(&t, &mem, 5, STR_EMPTY));
    assert_true(texts_get(&t, 5, 0, &out) && out.len == 0);
    texts_fini(&t, &mem);
    t = (struct texts){0};
    for (uint32_t i = 0; i < TEXTS_MAX + 10; i++) {
        sprintf(name, "%u", i);
        assert_int_equal(texts_add(&t, &mem, i % 2, str_c(name)), i < TEXTS_MAX);
    }
    assert_true(texts_get(&t, 1, 3, &out) && str_eq(out, STR_LIT("7")));
    assert_false(texts_get(&t, 1, TEXTS_MAX / 2, &out));
    assert_false(texts_get(&t, 2, 0, &out));
    texts_fini(&t, &mem);
    assert_int_equal(mem.used_bytes, 0);
    mem.limit_bytes = 40;
    assert_false(texts_add(&t, &mem, 0, STR_LIT("x")));
    texts_fini(&t, &mem);
    assert_int_equal(mem.used_bytes, 0);
    slab_fini(&slab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lines), cmocka_unit_test(test_texts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
