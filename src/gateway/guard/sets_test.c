/* rows: P14 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "gateway/guard/watch.h"

struct stage {
    char folder[64];
    struct watch *w;
};

static int set_up(void **state)
{
    struct stage *s = calloc(1, sizeof(*s));
    char setting[100];
    struct err err;
    assert_non_null(s);
    snprintf(s->folder, sizeof(s->folder), "/tmp/otasuke-sets-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    s->w = calloc(1, sizeof(*s->w));
    assert_non_null(s->w);
    s->w->options.conf = conf_new();
    snprintf(setting, sizeof(setting), "default-data-dir=%s", s->folder);
    assert_int_equal(conf_set(s->w->options.conf, setting, &err), 0);
    s->w->rules.next.fd = s->w->rules.before.fd = s->w->sets_fd = -1;
    s->w->rules.now.rules.number = 7;
    s->w->rules.now.saved_count = 2;
    snprintf(s->w->rules.now.saved[0], COMPILE_PATH_BYTES, "%s/a.lst", s->folder);
    snprintf(s->w->rules.now.saved[1], COMPILE_PATH_BYTES, "%s/b.lst", s->folder);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct stage *s = *state;
    char command[100];
    snprintf(command, sizeof(command), "rm -r %s", s->folder);
    assert_int_equal(system(command), 0);
    conf_free(s->w->options.conf);
    free(s->w);
    free(s);
    return 0;
}

/* What stands in a file now, and away with it; "-": it is not there. */
static void assert_file(struct stage *s, const char *name, const char *want)
{
    char path[100];
    struct buf got;
    struct err err;
    snprintf(path, sizeof(path), "%s/%s", s->folder, name);
    buf_init(&got, 0);
    if (file_read(path, 1000, &got, &err) < 0)
        buf_add_c(&got, "-");
    assert_string_equal(buf_c(&got), want);
    buf_fini(&got);
    unlink(path);
}

static void leave(struct stage *s, struct worker_saved head, const char *values)
{
    assert_int_equal(write(s->w->sets_fd, &head, sizeof(head)), sizeof(head));
    assert_int_equal(write(s->w->sets_fd, values, strlen(values)), strlen(values));
}

static void sets_become_files(void **state)
{
    struct stage *s = *state;
    static const struct {
        const char *name;
        struct worker_saved heads[2];
        const char *values[2];
        const char *want[2];
    } rows[] = {
        {"two", {{7, 5, 0, 0}, {7, 4, 1, 0}}, {"YQ==\n", "::1\n"}, {"YQ==\n", "::1\n"}},
        {"one that is empty", {{7, 0, 0, 0}, {7, 2, 1, 0}}, {"", "1\n"}, {"", "1\n"}},
        {"of other rules", {{8, 2, 0, 0}, {7, 2, 1, 0}}, {"1\n", "2\n"}, {"-", "-"}},
        {"of a file that there is none of",
         {{7, 2, 2, 0}, {7, 2, 1, 0}},
         {"1\n", "2\n"},
         {"-", "-"}},
        {"cut off", {{7, 2, 0, 0}, {7, 3, 1, 0}}, {"1\n", "2\n"}, {"1\n", "-"}},
        {"longer than anything",
         {{7, 2, 0, 0}, {7, UINT64_MAX, 1, 0}},
         {"1\n", "2\n"},
         {"1\n", "-"}},
        {"no values", {{7, 9, 0, 0}, {7, 2, 1, 0}}, {"#!/bin/sh", "2\n"}, {"-", "2\n"}},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        print_message("# %s\n", rows[i].name);
        sets_begin(s->w);
        for (size_t k = 0; k < 2; k++)
            leave(s, rows[i].heads[k], rows[i].values[k]);
        sets_write(s->w);
        assert_int_equal(s->w->sets_fd, -1);
        assert_file(s, "a.lst", rows[i].want[0]);
        assert_file(s, "b.lst", rows[i].want[1]);
    }
}

static void what_is_left_out(void **state)
{
    struct stage *s = *state;
    struct image *now = &s->w->rules.now;
    sets_write(s->w); /* no engine was there */
    sets_begin(s->w);
    sets_begin(s->w); /* another engine: what the one before left is gone */
    assert_int_equal(ftruncate(s->w->sets_fd, (64 << 20) + 1), 0);
    sets_write(s->w);
    assert_file(s, "a.lst", "-");
    sets_begin(s->w);
    now->saved[0][0] = '\0';
    snprintf(now->saved[1], COMPILE_PATH_BYTES, "%s/../outside.lst", s->folder);
    leave(s, (struct worker_saved){7, 2, 0, 0}, "1\n");
    leave(s, (struct worker_saved){7, 2, 1, 0}, "2\n");
    sets_write(s->w);
    assert_int_equal(access(now->saved[1], F_OK), -1);
}

static void where_sets_may_lie(void **state)
{
    static const struct {
        const char *yaml, *path;
        bool may;
    } rows[] = {
        {"", "/var/lib/suricata/data/a", true},
        {"default-data-dir: /d", "/d/a", true},
        {"default-data-dir: /d", "/d/deep/a", true},
        {"default-data-dir: /d", "/da", false},
        {"default-data-dir: /d", "/e/a", false},
        {"default-data-dir: /d", "/d/../a", false},
        {"default-data-dir: /d", "/d/x/..", false},
        {"default-data-dir: /d\ndatasets: {rules: {allow-write: no}}", "/d/a", false},
        {"datasets: {rules: {allow-absolute-filenames: yes}}", "/e/a", true},
        {"default-data-dir: /d\ndatasets: {a: {type: string, state: /e/a}}", "/e/a", true},
        {"default-data-dir: /d\ndatasets: {a: {type: string, save: ../e}}", "/d/../e", true},
        {"default-data-dir: /d\ndatasets: {a: {type: string, load: /e/a}}", "/e/a", false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct conf *conf = conf_new();
        struct err err;
        print_message("# %s: %s\n", rows[i].yaml, rows[i].path);
        assert_int_equal(conf_parse(conf, str_c(rows[i].yaml), "t", &err), 0);
        assert_int_equal(compile_may_save(conf, rows[i].path), rows[i].may);
        conf_free(conf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sets_become_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_left_out, set_up, tear_down),
        cmocka_unit_test(where_sets_may_lie),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
