#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What `speak` writes to standard error. */
static const char *heard(void (*speak)(void))
{
    static char text[4096];
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    int before = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    speak();
    dup2(before, STDERR_FILENO);
    close(before);
    close(ends[1]);
    ssize_t got = read(ends[0], text, sizeof text - 1);
    close(ends[0]);
    text[got < 0 ? 0 : got] = 0;
    return text;
}

static void say_warning(void)
{
    log_warn("io", "%s: link is down", "eth1");
}

static void say_forgery(void)
{
    log_error("http", "name %s", "x\n2026-11-22T08:30:00Z info  auth: admin\x1b[0m");
}

static void say_too_much(void)
{
    char text[3000];
    memset(text, 'a', sizeof text);
    log_info("io", "%.*s", (int)sizeof text, text);
}

static void say_all_levels(void)
{
    log_error("a", "e");
    log_warn("a", "w");
    log_info("a", "i");
    log_debug("a", "d");
}

static void a_line_for_a_person(void **state)
{
    unsetenv("JOURNAL_STREAM");
    const char *text = heard(say_warning);
    assert_int_equal(text[19], 'Z');
    assert_string_equal(text + 20, " warn  io: eth1: link is down\n");
}

static void priority_for_the_journal(void **state)
{
    setenv("JOURNAL_STREAM", "8:1", 1);
    assert_string_equal(heard(say_warning), "<4>io: eth1: link is down\n");
    unsetenv("JOURNAL_STREAM");
}

static void a_stranger_cannot_forge_a_line(void **state)
{
    const char *text = heard(say_forgery);
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    assert_null(strchr(text, 0x1b));
}

static void long_lines_are_cut(void **state)
{
    const char *text = heard(say_too_much);
    assert_true(strlen(text) <= 1024);
    assert_int_equal(text[strlen(text) - 1], '\n');
}

static void levels_are_kept(void **state)
{
    static const struct {
        enum log_level level;
        size_t lines;
    } rows[] = {
        {LOG_LEVEL_ERROR, 1}, {LOG_LEVEL_WARN, 2}, {LOG_LEVEL_INFO, 3}, {LOG_LEVEL_DEBUG, 4}};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        log_set_level(rows[i].level);
        const char *text = heard(say_all_levels);
        size_t lines = 0;
        for (; *text; text++)
            lines += *text == '\n';
        assert_int_equal(lines, rows[i].lines);
    }
    log_set_level(LOG_LEVEL_INFO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_for_a_person),
        cmocka_unit_test(priority_for_the_journal),
        cmocka_unit_test(a_stranger_cannot_forge_a_line),
        cmocka_unit_test(long_lines_are_cut),
        cmocka_unit_test(levels_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
