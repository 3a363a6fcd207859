#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "gateway/evelog/evelog.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* A stats record of the length that `name` gives it; the only event that needs no engine. */
static void write_lines(struct evelog *log, int count)
{
    for (int i = 0; i < count; i++)
        evelog_stats(log, NULL, 0,
                     &(struct evelog_moment){.time_us = (int64_t)i * 1000000, .uptime_s = i});
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

/* Nobody reads the pipe: flushes return at once, and what found no room is counted. Then somebody does, and gets whole lines,
 * the first ones. */
static void nobody_reads(void **state)
{
    static char text[8 << 20];
    char folder[] = "/tmp/evelog_test.XXXXXX", path[300];
    struct evelog_file file = {.lock = PTHREAD_MUTEX_INITIALIZER};
    struct evelog log;
    struct eve_conf conf = {0};
    struct err err;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/pipe", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    int reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    file.fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(reader >= 0 && file.fd >= 0);
    struct evelog_writer *w = evelog_writer_new(&file, 1 << 20, NULL, &err);
    assert_non_null(w);
    evelog_init(&log, &file, &conf);
    log.writer = w;
    int64_t slowest = 0;
    for (int i = 0; i < 5000; i++) {
        int64_t begin = clock_mono_us();
        write_lines(&log, 1);
        if (i % 3 == 0)
            evelog_flush(&log);
        int64_t took = clock_mono_us() - begin;
        slowest = took > slowest ? took : slowest;
    }
    evelog_fini(&log);
    assert_true(slowest < 1000000);
    assert_true(file.lost > 100);
    size_t len = 0;
    for (int idle = 0; idle < 200;) {
        ssize_t n = read(reader, text + len, sizeof(text) - len);
        len += n > 0 ? (size_t)n : 0;
        idle = n > 0 ? 0 : idle + 1;
        if (n <= 0)
            usleep(1000);
    }
    evelog_writer_free(w, 10000);
    uint32_t lines = whole_lines(text, len);
    assert_int_equal(lines + file.lost, 5000);
    assert_int_equal(file.lines, lines);
    close(reader);
    close(file.fd);
    unlink(path);
    rmdir(folder);
}

/* A file that is changed while lines are under way: each line is in one of them, those from before in the old one. */
static void file_is_changed(void **state)
{
    static char text[8 << 20];
    char folder[] = "/tmp/evelog_test.XXXXXX", old[300], fresh[300];
    struct evelog_file file;
    struct evelog log;
    struct eve_conf conf = {0};
    struct err err;
    open_log(&file, folder, NULL);
    struct evelog_writer *w = evelog_writer_new(&file, 8 << 20, NULL, &err);
    assert_non_null(w);
    evelog_init(&log, &file, &conf);
    log.writer = w;
    write_lines(&log, 300);
    evelog_flush(&log);
    snprintf(old, sizeof(old), "%s/eve.json", folder);
    snprintf(fresh, sizeof(fresh), "%s/old.json", folder);
    assert_int_equal(rename(old, fresh), 0);
    evelog_writer_use(w, open(old, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
    write_lines(&log, 200);
    evelog_fini(&log);
    evelog_writer_free(w, 10000);
    evelog_file_close(&file);
    int fd = open(fresh, O_RDONLY | O_CLOEXEC);
    ssize_t n = read(fd, text, sizeof(text));
    close(fd);
    unlink(fresh);
    assert_true(n > 0);
    assert_int_equal(whole_lines(text, (size_t)n), 300);
    assert_int_equal(whole_lines(text, read_log(folder, text, sizeof(text))), 200);
    assert_int_equal(file.lines, 500);
    assert_int_equal(file.lost, 0);
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
        cmocka_unit_test(writes_lines), cmocka_unit_test(full_disk),
        cmocka_unit_test(nobody_reads), cmocka_unit_test(file_is_changed),
        cmocka_unit_test(bad_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
