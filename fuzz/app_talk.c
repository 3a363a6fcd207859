#include "app_talk.h"

#include "base/reader.h"

#include <stdio.h>
#include <stdlib.h>

#define PIECES_MAX 4096

static size_t read_pieces(struct str in, struct talk_piece *pieces)
{
    struct reader r = reader_of(in);
    size_t count = 0;
    while (reader_left(&r) >= 3 && count < PIECES_MAX) {
        uint8_t flags = reader_u8(&r);
        size_t len = reader_u16(&r);
        struct str bytes = reader_str(&r, len < reader_left(&r) ? len : reader_left(&r));
        pieces[count] =
            (struct talk_piece){.dir = flags & 1 ? DIR_TOCLIENT : DIR_TOSERVER, .look = flags & 4};
        if (flags & 2)
            pieces[count].gap = (uint32_t)bytes.len + 1;
        else
            pieces[count].bytes = bytes;
        count++;
    }
    return count;
}

void app_talk(const struct app_talk_kind *kind, const uint8_t *data, size_t size)
{
    static struct talk_piece pieces[PIECES_MAX];
    struct str in = str_of(data, size);
    struct talk talk = kind->talk;
    struct app_conf conf;
    struct buf whole, halves;
    app_conf_defaults(&conf);
    conf.inline_mode = true;
    if (kind->settings)
        kind->settings(&conf);
    talk.conf = &conf;
    if (talk.parser->probe) {
        (void)talk.parser->probe(in, DIR_TOSERVER, talk.server_port);
        (void)talk.parser->probe(in, DIR_TOCLIENT, kind->other_port);
    }
    size_t count = read_pieces(in, pieces);
    buf_init(&whole, 0);
    buf_init(&halves, 0);
    talk_play(&talk, pieces, count, (struct talk_cut){0}, &whole);
    talk_play(&talk, pieces, count, (struct talk_cut){.halves = true}, &halves);
    if (!str_eq(buf_str(&whole), buf_str(&halves))) {
        (void)fwrite(whole.p, 1, whole.len, stderr);
        fputs("\n---- in halves:\n", stderr);
        (void)fwrite(halves.p, 1, halves.len, stderr);
        abort();
    }
    buf_fini(&whole);
    buf_fini(&halves);
}
