/* Nobody reads the event log: frames go on being judged, alerts are kept longest, and what was lost is counted. */
#include "played.h"

#include "base/clock.h"
#include "gateway/evelog/evelog.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define RULE "drop dns any any -> any any (msg:\"name\"; dns.query; content:\"wanted\"; sid:1;)\n"
#define TALKS 8000
#define EVERY 80 /* of so many talks one is dropped */
#define FRAME_US_MAX 500000

static const char question[] = "\0\1\1\0\0\1\0\0\0\0\0\0\6common\7example\0\0\1\0\1";
static const char wanted[] = "\0\1\1\0\0\1\0\0\0\0\0\0\6wanted\7example\0\0\1\0\1";

/* Lines of a pipe until nothing more comes. */
static void read_all(int fd, struct buf *out)
{
    static char part[65536];
    for (int idle = 0; idle < 200;) {
        ssize_t n = read(fd, part, sizeof part);
        if (n > 0)
            buf_add(out, str_of((const uint8_t *)part, (size_t)n));
        else
            usleep(1000);
        idle = n > 0 ? 0 : idle + 1;
    }
}

static uint32_t count(const struct buf *b, const char *word)
{
    uint32_t lines = 0;
    for (struct str rest = buf_str(b); rest.len;) {
        struct str line = str_split(&rest, '\n');
        assert_true(line.len > 2 && line.p[0] == '{' && line.p[line.len - 1] == '}');
        lines += str_find(line, 0, str_c(word)) >= 0;
    }
    return lines;
}

static int64_t play(struct played *p)
{
    int64_t slowest = 0;
    uint32_t dropped = 0;
    for (uint32_t i = 0; i < TALKS; i++) {
        struct played_talk t = {
            .p = p, .ends = {"192.168.10.11", "203.0.113.80", (uint16_t)(1024 + i), 53}};
        bool hit = i % EVERY == 0;
        int64_t begin = clock_mono_us();
        played_udp(&t, DIR_TOSERVER,
                   hit ? str_of((const uint8_t *)wanted, sizeof wanted - 1)
                       : str_of((const uint8_t *)question, sizeof question - 1));
        int64_t took = clock_mono_us() - begin;
        slowest = took > slowest ? took : slowest;
        dropped += p->answer.action == VERDICT_DROP;
    }
    assert_int_equal(dropped, TALKS / EVERY);
    return slowest;
}

static void test_pipe(void **state)
{
    static struct played p;
    struct err err = {0};
    struct eve_conf eve;
    struct evelog log;
    struct evelog_file file = {.lock = PTHREAD_MUTEX_INITIALIZER};
    struct buf seen;
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    file.fd = ends[1];
    played_init(&p, RULE, true, NULL);
    eve_conf_read(&eve, NULL, NULL);
    eve.app_conf = &p.conf.app;
    evelog_init(&log, &file, &eve);
    log.writer = evelog_writer_new(&file, 1 << 20, NULL, &err);
    assert_non_null(log.writer);
    struct engine_sink sink = {&log, evelog_wants, evelog_event, NULL};
    engine_free(p.engine);
    p.engine = engine_new(&p.conf, p.image, p.hosts, &sink, &err);
    assert_non_null(p.engine);

    assert_true(play(&p) < FRAME_US_MAX);
    evelog_flush(&log);
    assert_true(file.lost > TALKS / 4);
    buf_init(&seen, 0);
    read_all(ends[0], &seen);
    assert_int_equal(count(&seen, "\"event_type\":\"alert\""), TALKS / EVERY);
    assert_int_equal(count(&seen, "\"event_type\":\"drop\""), TALKS / EVERY);
    assert_int_equal(count(&seen, "{"), file.lines);

    uint64_t lost = file.lost;
    buf_reset(&seen);
    play(&p); /* again, with a reader afterwards only: there is room for the beginning again */
    engine_free(p.engine);
    p.engine = NULL;
    evelog_fini(&log);
    read_all(ends[0], &seen);
    evelog_writer_free(log.writer, 10000);
    assert_int_equal(count(&seen, "\"event_type\":\"alert\""), TALKS / EVERY);
    assert_true(file.lost > lost);
    played_fini(&p);
    buf_fini(&seen);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_pipe)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
