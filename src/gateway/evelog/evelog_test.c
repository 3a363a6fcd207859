#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/evelog/evelog.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

/* A stats record of the length that `name` gives it; the only event that needs no engine. */
static void write_lines(struct evelog *log, int count)
{
    for (int i = 0; i < count; i++)
        evelog_stats(log, NULL, 0, (int64_t)i * 1000000, i);
}

static void open_log(struct evelog_file *file, char folder[], const struct rlimit *limit)
{
    struct err err;
    if (limit)
        assert_int_equal(setrlimit(RLIMIT_FSIZE, limit), 0);
    assert_non_null(mkdtemp(folder));
    assert_int_equal(evelog_file_open(file, folder, "eve.json", true, &err), 0);
}

static size_t read_log(const char *folder, char *text, size_t cap)
{
    char path[300];
    snprintf(path, sizeof(path), "%s/eve.json", folder);
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    ssize_t n = read(fd, text, cap);
    close(fd);
    unlink(path);
    rmdir(folder);
    assert_true(n >= 0);
    return (size_t)n;
}

static uint32_t whole_lines(const char *text, size_t len)
{
    uint32_t lines = 0;
    for (size_t at = 0; at < len; lines++) {
        const char *end = memchr(text + at, '\n', len - at);
        assert_non_null(end);
        assert_memory_equal(text + at, "{\"timestamp\":\"", 14);
        assert_true(end[-1] == '}');
        at = (size_t)(end - text) + 1;
    }
    return lines;
}

static void writes_lines(void **state)
{
    static char text[1 << 20];
    char folder[] = "/tmp/evelog_test.XXXXXX";
    struct evelog_file file;
    struct evelog log;
    struct eve_conf conf = {0};
    open_log(&file, folder, NULL);
    evelog_init(&log, &file, &conf);
    write_lines(&log, 10);
    assert_int_equal(file.lines, 0);
    evelog_flush(&log);
    assert_int_equal(file.lines, 10);
    evelog_fini(&log);
    evelog_file_close(&file);
    assert_int_equal(whole_lines(text, read_log(folder, text, sizeof(text))), 10);
    assert_int_equal(file.lost, 0);
}

/* The disk is full at every byte of a line once: what is there is whole lines, and every other line is counted. */
static void full_disk(void **state)
{
    static char text[1 << 20];
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_IGN);
    for (rlim_t room = 600; room < 1100; room++) {
        char folder[] = "/tmp/evelog_test.XXXXXX";
        struct evelog_file file;
        struct evelog log;
        struct eve_conf conf = {0};
        struct rlimit limit = {room, before.rlim_max};
        open_log(&file, folder, &limit);
        evelog_init(&log, &file, &conf);
        write_lines(&log, 3);
        evelog_flush(&log);
        write_lines(&log, 3);
        evelog_flush(&log);
        evelog_fini(&log);
        evelog_file_close(&file);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        size_t len = read_log(folder, text, sizeof(text));
        assert_int_equal(whole_lines(text, len), file.lines);
        assert_int_equal(file.lines + file.lost, 6);
        assert_true(len <= room);
    }
}

static void bad_places(void **state)
{
    struct evelog_file file;
    struct err err;
    char longest[5000];
    memset(longest, 'a', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(evelog_file_open(&file, "/nowhere/at/all", "eve.json", true, &err), -1);
    assert_int_equal(evelog_file_open(&file, longest, "eve.json", true, &err), -1);
    evelog_file_close(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_lines),
        cmocka_unit_test(full_disk),
        cmocka_unit_test(bad_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
