/* lines: what protocols made of text lines share: the next line of a stream, and a list of texts that grows.
 *
 * Way in:    a parser hands in what it has of a direction; lines_next() gives line after line.
 * Way out:   lines without their end, borrowed from the chunk; a list's texts, borrowed from the list.
 * Memory:    a reader is a few bytes in the parser's state; a list takes two blocks of the flow's budget, doubling.
 * Threads:   pure.
 * Limits:    a line longer than the caller's limit is given cut, once, and the rest of it is walked over: whoever never ends a
 *            line is not remembered. A list holds TEXTS_MAX texts of TEXTS_BYTES_MAX together; more are dropped.
 */
#ifndef ENGINE_FORMAT_LINES_LINES_H
#define ENGINE_FORMAT_LINES_LINES_H

#include "base/slab.h"
#include "base/str.h"

#define TEXTS_MAX 1024u
#define TEXTS_BYTES_MAX 65536u

struct lines {
    bool skipping; /* the rest of a line that was too long */
};

struct line {
    struct str text; /* without CR LF or LF */
    bool cut;        /* it was longer than the limit */
};

/* The next line of *rest, which becomes what follows it. False: there is none yet; *rest is what must be given again with more
 * behind it (at most max bytes). */
bool lines_next(struct lines *l, struct str *rest, uint32_t max, struct line *out);
/* Walks over what is left of a line that was given cut. False: it goes on; *rest is empty. */
bool lines_skip(struct lines *l, struct str *rest);

struct texts_item {
    uint32_t at, len, kind;
};

struct texts {
    uint8_t *bytes;
    struct texts_item *items;
    uint32_t len, cap, count, items_cap;
};

/* A copy at the end. False: there is no room, and nothing was added. */
bool texts_add(struct texts *t, struct budget *mem, uint32_t kind, struct str text);
/* The i-th of all, in the order in which they were added; i is less than count. */
struct str texts_at(const struct texts *t, uint32_t i);
/* The index-th text of a kind. */
bool texts_get(const struct texts *t, uint32_t kind, uint32_t index, struct str *out);
void texts_fini(struct texts *t, struct budget *mem);

#endif
