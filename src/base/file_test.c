#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/file-test-XXXXXX";

static const char *in_folder(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void written_is_read(void **state)
{
    struct err err;
    struct buf b;
    struct stat st;
    buf_init(&b, 0);
    for (int round = 0; round < 2; round++) {
        struct str text = round ? STR_LIT("second") : STR_LIT("first\0text");
        buf_reset(&b);
        assert_int_equal(file_write(in_folder("a"), text, 0640, &err), 0);
        assert_int_equal(file_read(in_folder("a"), 100, &b, &err), 0);
        assert_true(str_eq(buf_str(&b), text));
    }
    assert_int_equal(stat(in_folder("a"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    unlink(in_folder("a"));
    buf_fini(&b);
}

static void limits_are_exact(void **state)
{
    struct err err;
    struct buf b;
    buf_init(&b, 0);
    assert_int_equal(file_write(in_folder("b"), STR_LIT("0123456789"), 0600, &err), 0);
    assert_int_equal(file_read(in_folder("b"), 10, &b, &err), 0);
    assert_int_equal(b.len, 10);
    buf_reset(&b);
    assert_int_equal(file_read(in_folder("b"), 9, &b, &err), -1);
    assert_non_null(strstr(err.text, "larger than 9 bytes"));
    unlink(in_folder("b"));
    buf_fini(&b);
    uint8_t small[4];
    struct buf fixed = buf_fixed(small, sizeof small);
    assert_int_equal(file_write(in_folder("b"), STR_LIT("0123456789"), 0600, &err), 0);
    assert_int_equal(file_read(in_folder("b"), 10, &fixed, &err), -1);
    unlink(in_folder("b"));
}

static void failures_are_explained(void **state)
{
    struct err err;
    struct buf b;
    buf_init(&b, 0);
    assert_int_equal(file_read(in_folder("none"), 10, &b, &err), -1);
    assert_non_null(strstr(err.text, "none"));
    assert_non_null(strstr(err.text, "No such file"));
    assert_int_equal(file_read(in_folder("none"), 10, &b, NULL), -1);
    assert_int_equal(file_write(in_folder("none/x"), STR_LIT("x"), 0600, &err), -1);
    assert_int_equal(file_read(folder, 10, &b, &err), -1);
    buf_fini(&b);
}

static void folders_with_parents(void **state)
{
    struct err err;
    assert_int_equal(file_make_folder(in_folder("x/y//z/"), 0755, &err), 0);
    assert_int_equal(file_make_folder(in_folder("x/y/z"), 0755, &err), 0);
    assert_int_equal(file_write(in_folder("x/f"), STR_LIT("x"), 0600, &err), 0);
    assert_int_equal(file_make_folder(in_folder("x/f"), 0755, &err), -1);
    assert_int_equal(file_make_folder(in_folder("x/f/g"), 0755, &err), -1);
    assert_int_equal(file_make_folder("", 0755, &err), -1);
    unlink(in_folder("x/f"));
    rmdir(in_folder("x/y/z"));
    rmdir(in_folder("x/y"));
    rmdir(in_folder("x"));
}

static void errors_are_put_together(void **state)
{
    struct err err;
    assert_int_equal(err_set(&err, "%s:%d: bad", "f", 3), -1);
    assert_int_equal(err_prefix(&err, "loading %s", "rules"), -1);
    assert_string_equal(err.text, "loading rules: f:3: bad");
    errno = ENOENT;
    assert_int_equal(err_errno(&err, "open %s", "x"), -1);
    assert_string_equal(err.text, "open x: No such file or directory");
    assert_int_equal(err_set(NULL, "x"), -1);
    for (int i = 0; i < 100; i++)
        err_prefix(&err, "a long prefix that is put before");
    assert_true(strlen(err.text) < sizeof err.text);
}

static int make_folder(void **state)
{
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    return rmdir(folder); /* fails when something was left behind */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_is_read),         cmocka_unit_test(limits_are_exact),
        cmocka_unit_test(failures_are_explained),  cmocka_unit_test(folders_with_parents),
        cmocka_unit_test(errors_are_put_together),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
