#include "engine/app/talk/talk.h"

#include <stdio.h>

#define MEMORY_LITTLE_BYTES (8u << 10)
#define MEMORY_MUCH_BYTES (24u << 10)

static size_t count_of(const struct talk_row *row)
{
    size_t count = 0;
    while (count < TALK_PIECES_MAX && (row->pieces[count].bytes.p || row->pieces[count].gap))
        count++;
    return count;
}

static bool row_holds(const struct talk *talk, const struct talk_row *row, struct buf *seen)
{
    bool holds = true;
    buf_reset(seen);
    talk_play(talk, row->pieces, count_of(row), (struct talk_cut){0}, seen);
    for (size_t i = 0; i < TALK_WANT_MAX && row->want[i]; i++) {
        bool unwanted = row->want[i][0] == '!';
        if (talk_has(seen, row->want[i] + unwanted) != unwanted)
            continue;
        holds = false;
        fprintf(stderr, "%s: %s\nseen:\n%s\n", row->name, row->want[i], buf_c(seen));
    }
    return holds;
}

size_t talk_check_rows(const struct talk *talk, const struct talk_row *rows, size_t count)
{
    struct buf seen;
    size_t wrong = 0;
    buf_init(&seen, 0);
    for (size_t i = 0; i < count; i++)
        wrong += !row_holds(talk, &rows[i], &seen);
    buf_fini(&seen);
    return wrong;
}

/* A datagram is not cut in two: it ends early, and must not crash. */
static void end_early(const struct talk *talk, const struct talk_row *row, struct buf *seen)
{
    struct talk_piece pieces[TALK_PIECES_MAX];
    size_t count = count_of(row);
    for (size_t piece = 0; piece < count; piece++)
        for (size_t len = 0; len < row->pieces[piece].bytes.len; len++) {
            for (size_t i = 0; i < count; i++)
                pieces[i] = row->pieces[i];
            pieces[piece].bytes.len = len;
            buf_reset(seen);
            talk_play(talk, pieces, count, (struct talk_cut){0}, seen);
        }
}

static bool cuts_hold(const struct talk *talk, const struct talk_row *row, struct buf *whole,
                      struct buf *cut)
{
    size_t count = count_of(row);
    buf_reset(whole);
    talk_play(talk, row->pieces, count, (struct talk_cut){0}, whole);
    for (size_t piece = 0; piece < count; piece++)
        for (size_t at = 1; at < row->pieces[piece].bytes.len; at++) {
            buf_reset(cut);
            talk_play(talk, row->pieces, count, (struct talk_cut){piece, at, false}, cut);
            if (str_eq(buf_str(whole), buf_str(cut)))
                continue;
            fprintf(stderr, "%s, piece %zu cut at %zu:\n%s\nwhole:\n%s\n", row->name, piece, at,
                    buf_c(cut), buf_c(whole));
            return false;
        }
    return true;
}

size_t talk_check_cuts(const struct talk *talk, const struct talk_row *rows, size_t count)
{
    struct buf whole, cut;
    size_t wrong = 0;
    buf_init(&whole, 0);
    buf_init(&cut, 0);
    for (size_t i = 0; i < count; i++)
        if (talk->udp)
            end_early(talk, &rows[i], &whole);
        else
            wrong += !cuts_hold(talk, &rows[i], &whole, &cut);
    buf_fini(&whole);
    buf_fini(&cut);
    return wrong;
}

void talk_check_memory(const struct talk *talk, const struct talk_row *rows, size_t count)
{
    struct talk little = *talk;
    struct buf seen;
    buf_init(&seen, 0);
    for (size_t i = 0; i < count; i++)
        for (uint32_t limit = 64; limit < MEMORY_MUCH_BYTES;
             limit += limit < MEMORY_LITTLE_BYTES ? 64 : 1024) {
            little.memory_limit_bytes = limit;
            buf_reset(&seen);
            talk_play(&little, rows[i].pieces, count_of(&rows[i]), (struct talk_cut){0}, &seen);
        }
    buf_fini(&seen);
}
