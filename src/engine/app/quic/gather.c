/* The hello, put together out of CRYPTO frames (RFC 9000 section 19.6). Memory follows the highest byte that came, never more than
 * QUIC_HELLO_MAX of it; pieces that touch become one, so that a hello in any order stays a short list. */
#include "engine/app/quic/packet.h"

#define FIRST_BYTES 2048u

static bool reserve(struct quic_gather *g, struct budget *mem, uint32_t end)
{
    uint32_t cap = g->cap ? g->cap : FIRST_BYTES;
    if (end <= g->cap)
        return true;
    while (cap < end)
        cap *= 2;
    uint8_t *moved = budget_resize(mem, g->bytes, g->cap, cap);
    if (!moved)
        return false;
    g->bytes = moved;
    g->cap = cap;
    return true;
}

/* Copies of [from, to) what is not there yet. */
static void fill(struct quic_gather *g, uint32_t from, uint32_t to, struct str bytes)
{
    uint32_t at = from;
    for (uint32_t i = 0; i < g->piece_count && at < to; i++) {
        const struct quic_piece *p = &g->pieces[i];
        if (p->to <= at)
            continue;
        if (p->from > at) {
            uint32_t end = p->from < to ? p->from : to;
            memcpy(g->bytes + at, bytes.p + (at - from), end - at);
        }
        at = p->to;
    }
    if (at < to)
        memcpy(g->bytes + at, bytes.p + (at - from), to - at);
}

/* The pieces [*first, *last) touch [from, to). */
static void touching(const struct quic_gather *g, uint32_t from, uint32_t to, uint32_t *first,
                     uint32_t *last)
{
    *first = 0;
    while (*first < g->piece_count && g->pieces[*first].to < from)
        (*first)++;
    *last = *first;
    while (*last < g->piece_count && g->pieces[*last].from <= to)
        (*last)++;
}

static void note(struct quic_gather *g, uint32_t from, uint32_t to, uint32_t first, uint32_t last)
{
    if (first < last) {
        from = g->pieces[first].from < from ? g->pieces[first].from : from;
        to = g->pieces[last - 1].to > to ? g->pieces[last - 1].to : to;
    }
    memmove(&g->pieces[first + 1], &g->pieces[last], (g->piece_count - last) * sizeof g->pieces[0]);
    g->piece_count = g->piece_count - (last - first) + 1;
    g->pieces[first] = (struct quic_piece){from, to};
}

enum quic_added quic_gather_add(struct quic_gather *g, struct budget *mem, uint64_t offset,
                                struct str bytes)
{
    uint64_t end;
    uint32_t first, last;
    if (__builtin_add_overflow(offset, bytes.len, &end) || end > QUIC_HELLO_MAX)
        return QUIC_TOO_LONG;
    if (!bytes.len)
        return QUIC_ADDED;
    touching(g, (uint32_t)offset, (uint32_t)end, &first, &last);
    if (first == last && g->piece_count == QUIC_PIECES_MAX)
        return QUIC_NO_ROOM;
    if (!reserve(g, mem, (uint32_t)end))
        return QUIC_NO_ROOM;
    fill(g, (uint32_t)offset, (uint32_t)end, bytes);
    note(g, (uint32_t)offset, (uint32_t)end, first, last);
    return QUIC_ADDED;
}

struct str quic_gather_head(const struct quic_gather *g)
{
    if (!g->piece_count || g->pieces[0].from)
        return STR_EMPTY;
    return str_of(g->bytes, g->pieces[0].to);
}

void quic_gather_fini(struct quic_gather *g, struct budget *mem)
{
    budget_give(mem, g->bytes, g->cap);
    *g = (struct quic_gather){0};
}
