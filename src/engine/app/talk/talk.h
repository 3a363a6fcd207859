/* talk: for tests and fuzz targets: plays a conversation to one parser, as engine.c would, cut as the test likes, and writes down
 * everything that can be asked of it, one line each:
 *
 *   0 ts http.uri=/index.html     transaction, direction, field and value
 *   0 event missing_host_header
 *   0 file tc /index.html 5 closed
 *   0 log {"hostname":...}
 *   0 done ts tc                  directions that are complete
 *   frame tc response 0+45 HTTP/1.1 ...   with `frames`: kind, offset, length and bytes of each that the parser tells
 *   failed tc, change websocket, flow event unknown_error
 *
 * A parser's test is a table of struct talk_row and the three checks below: what is wanted is seen, the input cut at each byte
 * gives the same, and with too little memory nothing leaks.
 *
 * Memory:    the caller's buf; all else is gone afterwards. It aborts when a budget does not come back to nothing.
 */
#ifndef ENGINE_APP_TALK_TALK_H
#define ENGINE_APP_TALK_TALK_H

#include "engine/app/app.h"

struct talk_piece {
    enum dir dir;
    struct str bytes;
    uint32_t gap; /* > 0: so many bytes are missing here, bytes is empty */
    bool look;    /* match/ looks afterwards: windows slide */
};

#define TS(text)                                                                   \
    {                                                                              \
        .dir = DIR_TOSERVER, .bytes = {(const uint8_t *)(text), sizeof(text) - 1 } \
    }
#define TC(text)                                                                   \
    {                                                                              \
        .dir = DIR_TOCLIENT, .bytes = {(const uint8_t *)(text), sizeof(text) - 1 } \
    }
#define GAP(to, missing)            \
    {                               \
        .dir = (to), .gap = missing \
    }

struct talk {
    const struct app_parser *parser;
    const struct app_parser
        *fields_of; /* the row that tells the fields of several rows; NULL: the parser's own */
    const struct app_conf *conf; /* NULL: defaults */
    uint16_t server_port;
    bool udp;    /* each piece is a datagram, and is not cut */
    bool frames; /* all kinds are wanted and written down */
    bool
        inspect; /* match/ looks after each piece, and windows are written down with their offsets */
    uint32_t memory_limit_bytes; /* 0: plenty */
    uint32_t values_max;         /* of a field of many values; 0: all */
    const char
        *cut_event; /* an event that depends on how pieces are cut, and is left out; NULL: none */
};

/* Where pieces come in two parts: one piece at an offset (0: none), or each in its middle. */
struct talk_cut {
    size_t piece, at;
    bool halves;
};

#define TALK_PIECES_MAX 8
#define TALK_WANT_MAX 20

/* `want`: lines that must be seen; one that begins with "!" must not. */
struct talk_row {
    const char *name;
    struct talk_piece pieces[TALK_PIECES_MAX];
    const char *want[TALK_WANT_MAX];
};

/* Appends what was seen. */
void talk_play(const struct talk *talk, const struct talk_piece *pieces, size_t count,
               struct talk_cut cut, struct buf *seen);
/* True when `line` is a whole line of seen. */
bool talk_has(const struct buf *seen, const char *line);

/* Each says on stderr what is not as it must be, and returns how many rows that were. */
size_t talk_check_rows(const struct talk *talk, const struct talk_row *rows, size_t count);
/* Each piece cut at each of its bytes; of datagrams: ended at each of its bytes, which must not crash. */
size_t talk_check_cuts(const struct talk *talk, const struct talk_row *rows, size_t count);
/* Memory that ends at any allocation. */
void talk_check_memory(const struct talk *talk, const struct talk_row *rows, size_t count);

#endif
