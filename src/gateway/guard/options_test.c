#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/guard/watch.h"

static void reads_options(void **state)
{
    const struct {
        const char *name;
        const char *words[8];
        const char *error; /* part of it, or NULL */
    } rows[] = {
        {"both ports", {"--lan", "a", "--wan", "b"}, NULL},
        {"help needs nothing", {"--help"}, NULL},
        {"no port", {"-S", "x.rules"}, "--lan and --wan"},
        {"one port", {"--lan", "a"}, "--lan and --wan"},
        {"value missing", {"--lan", "a", "--wan"}, "needs a value"},
        {"unknown", {"--lan", "a", "--wan", "b", "--fast"}, "--fast"},
        {"flags", {"--lan", "a", "--wan", "b", "--fail-closed", "--no-link", "--remove"}, NULL},
        {"settings file missing", {"--lan", "a", "--wan", "b", "-c", "/nowhere"}, "/nowhere"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct run_options o;
        struct err err = {0};
        char *argv[10] = {(char[]){"run"}};
        char copies[8][32];
        int argc = 1;
        for (size_t k = 0; k < 8 && rows[i].words[k]; k++, argc++)
            argv[argc] = strcpy(copies[k], rows[i].words[k]);
        print_message("# %s\n", rows[i].name);
        int rc = run_options_read(&o, argc, argv, &err);
        assert_int_equal(rc, rows[i].error ? -1 : 0);
        if (rows[i].error)
            assert_non_null(strstr(err.text, rows[i].error));
        conf_free(o.conf);
    }
}

static void so_many_rule_files(void **state)
{
    struct run_options o;
    struct err err;
    char *argv[5 + 2 * (RULE_FILES_MAX + 1)] = {(char[]){"run"}, (char[]){"--lan"}, (char[]){"a"},
                                                (char[]){"--wan"}, (char[]){"b"}};
    char dash_s[] = "-S", file[] = "x.rules";
    for (size_t i = 5; i < ARRAY_COUNT(argv); i += 2)
        argv[i] = dash_s, argv[i + 1] = file;
    assert_int_equal(run_options_read(&o, (int)ARRAY_COUNT(argv) - 2, argv, &err), 0);
    assert_int_equal(o.rule_file_count, RULE_FILES_MAX);
    conf_free(o.conf);
    assert_int_equal(run_options_read(&o, (int)ARRAY_COUNT(argv), argv, &err), -1);
    conf_free(o.conf);
}

/* Before anything on the machine is touched. */
static void refuses_names_of_ports(void **state)
{
    const struct {
        const char *lan, *wan, *error;
    } rows[] = {
        {"", "b", "1 to 15"},
        {"a-name-of-16-chr", "b", "1 to 15"},
        {"same", "same", "the same interface"},
        {"eth*", "b", "not served"},
        {"a\" }; }", "b", "not served"},
        {"a b", "b", "not served"},
        {"a\n", "b", "not served"},
        {"a\\", "b", "not served"},
        {"no-such-port-0", "no-such-port-1", "no interface no-such-port-0"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct hold h;
        struct err err = {0};
        struct hold_plan plan = {.bridge = "br", .lan = rows[i].lan, .wan = rows[i].wan};
        print_message("# row %zu\n", i);
        assert_int_equal(hold_open(&h, &plan, &err), -1);
        assert_non_null(strstr(err.text, rows[i].error));
        hold_close(&h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_options),
        cmocka_unit_test(so_many_rule_files),
        cmocka_unit_test(refuses_names_of_ports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
