#include "engine/app/talk/talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MEMORY_LITTLE_BYTES (8u << 10)
#define MEMORY_MUCH_BYTES (24u << 10)
#define HOLE_BYTES 3
#define TESTS_MAX 64

static size_t count_of(const struct talk_row *row)
{
    size_t count = 0;
    while (count < TALK_PIECES_MAX && (row->pieces[count].bytes.p || row->pieces[count].gap))
        count++;
    return count;
}

static void play(const struct talk *talk, const struct talk_piece *pieces, size_t count,
                 struct talk_cut cut, struct buf *seen)
{
    buf_reset(seen);
    talk_play(talk, pieces, count, cut, seen);
}

/* ---- rows ---- */

static bool row_holds(const struct talk *talk, const struct talk_row *row, struct buf *seen)
{
    bool holds = true;
    play(talk, row->pieces, count_of(row), (struct talk_cut){0}, seen);
    for (size_t i = 0; i < TALK_WANT_MAX && row->want[i]; i++) {
        bool unwanted = row->want[i][0] == '!';
        if (talk_has(seen, row->want[i] + unwanted) != unwanted)
            continue;
        holds = false;
        print_error("%s: %s\nseen:\n%s\n", row->name, row->want[i], buf_c(seen));
    }
    return holds;
}

static void rows(void **state)
{
    const struct talk_suite *suite = *state;
    struct buf seen;
    size_t wrong = 0;
    buf_init(&seen, 0);
    for (size_t i = 0; i < suite->row_count; i++)
        wrong += !row_holds(suite->talk, &suite->rows[i], &seen);
    buf_fini(&seen);
    assert_int_not_equal(suite->row_count, 0);
    assert_int_equal(wrong, 0);
}

/* ---- cuts ---- */

static void tell_difference(struct str whole, struct str cut)
{
    struct str line, other;
    do {
        line = str_split(&whole, '\n');
        other = str_split(&cut, '\n');
    } while (str_eq(line, other));
    print_error("whole: %.*s\ncut:   %.*s\n", (int)line.len, (const char *)line.p, (int)other.len,
                (const char *)other.p);
}

static bool cuts_hold(const struct talk *talk, const struct talk_row *row, struct buf *whole,
                      struct buf *cut)
{
    size_t count = count_of(row);
    play(talk, row->pieces, count, (struct talk_cut){0}, whole);
    for (size_t piece = 0; piece < count; piece++)
        for (size_t at = 1; at < row->pieces[piece].bytes.len; at++) {
            play(talk, row->pieces, count, (struct talk_cut){piece, at, false}, cut);
            if (str_eq(buf_str(whole), buf_str(cut)))
                continue;
            print_error("%s, piece %zu cut at %zu\n", row->name, piece, at);
            tell_difference(buf_str(whole), buf_str(cut));
            return false;
        }
    return true;
}

static void cuts(void **state)
{
    const struct talk_suite *suite = *state;
    struct buf whole, cut;
    size_t wrong = 0;
    buf_init(&whole, 0);
    buf_init(&cut, 0);
    for (size_t i = 0; i < suite->row_count; i++)
        wrong += !cuts_hold(suite->talk, &suite->rows[i], &whole, &cut);
    buf_fini(&whole);
    buf_fini(&cut);
    assert_int_equal(wrong, 0);
}

/* ---- damage: it must not crash, and talk_play aborts where memory does not come back ---- */

/* The piece ends at `at`, in a stream with a hole behind it too. */
static void end_early(const struct talk *talk, const struct talk_row *row, size_t piece, size_t at,
                      struct buf *seen)
{
    struct talk_piece pieces[TALK_PIECES_MAX + 1];
    size_t count = count_of(row);
    memcpy(pieces, row->pieces, count * sizeof pieces[0]);
    pieces[piece].bytes.len = at;
    play(talk, pieces, count, (struct talk_cut){0}, seen);
    if (talk->udp)
        return;
    memmove(pieces + piece + 2, pieces + piece + 1, (count - piece - 1) * sizeof pieces[0]);
    pieces[piece + 1] = (struct talk_piece){.dir = pieces[piece].dir, .gap = HOLE_BYTES};
    play(talk, pieces, count + 1, (struct talk_cut){0}, seen);
}

static void change(const struct talk *talk, const struct talk_row *row, size_t piece, size_t at,
                   struct buf *seen)
{
    static const uint8_t others[] = {0x00, 0x01, 0x80, 0xff};
    struct talk_piece pieces[TALK_PIECES_MAX];
    struct str good = row->pieces[piece].bytes;
    uint8_t *bad = malloc(good.len);
    assert_non_null(bad);
    memcpy(bad, good.p, good.len);
    memcpy(pieces, row->pieces, sizeof pieces);
    pieces[piece].bytes = str_of(bad, good.len);
    for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
        bad[at] = others[i] == good.p[at] ? (uint8_t)~others[i] : others[i];
        play(talk, pieces, count_of(row), (struct talk_cut){0}, seen);
    }
    free(bad);
}

static void damage(void **state)
{
    const struct talk_suite *suite = *state;
    struct buf seen;
    buf_init(&seen, 0);
    for (size_t i = 0; i < suite->row_count; i++) {
        const struct talk_row *row = &suite->rows[i];
        for (size_t piece = 0; piece < count_of(row); piece++)
            for (size_t at = 0; at < row->pieces[piece].bytes.len; at++) {
                end_early(suite->talk, row, piece, at, &seen);
                change(suite->talk, row, piece, at, &seen);
            }
    }
    buf_fini(&seen);
}

/* ---- memory ---- */

static void memory(void **state)
{
    const struct talk_suite *suite = *state;
    struct talk little = *suite->talk;
    struct buf seen;
    buf_init(&seen, 0);
    for (size_t i = 0; i < suite->row_count; i++)
        for (uint32_t limit = 64; limit < MEMORY_MUCH_BYTES;
             limit += limit < MEMORY_LITTLE_BYTES ? 64 : 1024) {
            little.memory_limit_bytes = limit;
            play(&little, suite->rows[i].pieces, count_of(&suite->rows[i]), (struct talk_cut){0},
                 &seen);
        }
    buf_fini(&seen);
}

/* ---- probes ---- */

/* From memory of just that size, so that a sanitizer sees what is read behind it. */
static enum app_probe ask(const struct talk_suite *suite, const struct talk_probe *probe,
                          size_t len)
{
    uint8_t *copy = len ? malloc(len) : NULL;
    assert_true(copy || !len);
    if (copy)
        memcpy(copy, probe->input.bytes.p, len);
    enum app_probe said =
        suite->talk->parser->probe(str_of(copy, len), probe->input.dir, probe->server_port);
    free(copy);
    return said;
}

static bool probe_holds(const struct talk_suite *suite, const struct talk_probe *probe)
{
    enum app_probe said = ask(suite, probe, probe->input.bytes.len);
    bool holds = said == probe->want;
    if (!holds)
        print_error("%s: %d\n", probe->name, said);
    for (size_t len = 0; len < probe->input.bytes.len; len++) {
        bool refused = ask(suite, probe, len) == APP_PROBE_NO;
        if (!refused || suite->talk->udp || said != APP_PROBE_YES)
            continue;
        print_error("%s: its first %zu bytes are refused\n", probe->name, len);
        return false;
    }
    return holds;
}

static void probes(void **state)
{
    const struct talk_suite *suite = *state;
    size_t wrong = 0;
    for (size_t i = 0; i < suite->probe_count; i++)
        wrong += !probe_holds(suite, &suite->probes[i]);
    assert_int_equal(!suite->probe_count, !suite->talk->parser->probe);
    assert_int_equal(wrong, 0);
}

int talk_run(const struct talk_suite *suites, size_t count, const struct CMUnitTest *more,
             size_t more_count)
{
    static const struct CMUnitTest each[] = {
        cmocka_unit_test(rows),   cmocka_unit_test(cuts),   cmocka_unit_test(damage),
        cmocka_unit_test(memory), cmocka_unit_test(probes),
    };
    struct CMUnitTest tests[TESTS_MAX];
    size_t test_count = 0;
    if (count * ARRAY_COUNT(each) + more_count > TESTS_MAX)
        return 1;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < ARRAY_COUNT(each); k++) {
            if (each[k].test_func == cuts && suites[i].talk->udp)
                continue; /* a datagram is never in two */
            tests[test_count] = each[k];
            tests[test_count++].initial_state = (void *)(uintptr_t)&suites[i];
        }
    for (size_t i = 0; i < more_count; i++)
        tests[test_count++] = more[i];
    return _cmocka_run_group_tests("talk", tests, test_count, NULL, NULL);
}
