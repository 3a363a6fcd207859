/* conversation: for tests of this room: plays a conversation to the parser, cut as the test likes, and writes down everything
 * that can be asked of it afterwards, one line each:
 *
 *   0 ts http.uri=/index.html     transaction, direction, field and value
 *   0 event missing_host_header
 *   0 file tc /index.html 5 closed
 *   0 log {"hostname":...}
 *   0 done ts tc                  directions that are complete
 *   failed tc, change websocket, flow event unknown_error
 */
#ifndef ENGINE_APP_HTTP1_CONVERSATION_H
#define ENGINE_APP_HTTP1_CONVERSATION_H

#include "engine/app/app.h"

struct piece {
    enum dir dir;
    struct str bytes;
    uint32_t gap;
};

#define TS(text)                                                     \
    {                                                                \
        DIR_TOSERVER, {(const uint8_t *)(text), sizeof(text) - 1}, 0 \
    }
#define TC(text)                                                     \
    {                                                                \
        DIR_TOCLIENT, {(const uint8_t *)(text), sizeof(text) - 1}, 0 \
    }
#define GAP(dir, bytes)       \
    {                         \
        dir, {NULL, 0}, bytes \
    }
#define NO_CUT SIZE_MAX

struct play {
    const struct piece *pieces;
    size_t count;
    size_t cut_piece, cut_at;    /* this piece comes in two parts; NO_CUT: none */
    bool inspect;                /* match/ looks after each piece */
    uint32_t memory_limit_bytes; /* 0: plenty */
    const struct app_conf *conf; /* NULL: defaults */
};

#define CONVERSATION_PIECES_MAX 8
#define CONVERSATION_WANT_MAX 20

/* `want`: lines that must be seen; one that begins with "!" must not. */
struct conversation_row {
    const char *name;
    struct piece pieces[CONVERSATION_PIECES_MAX];
    const char *want[CONVERSATION_WANT_MAX];
};

extern const struct conversation_row conversation_rows[];
extern const size_t conversation_row_count;

/* Appends what was seen. Asserts that all memory came back. */
void conversation_play(const struct play *play, struct buf *seen);
/* True when `line` is a whole line of seen. */
bool conversation_has(const struct buf *seen, const char *line);

#endif
