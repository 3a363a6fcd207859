#include "engine/stream/ranges.h"

#include "engine/stream/overlap.h"

#include <assert.h>

/* A segment that took up more than this stops growing in place for its neighbour's sake: the copying would cost more than
 * a block of its own. */
#define GROW_MAX 4096

static struct stream_segment *segment_new(struct budget *mem, uint64_t offset, struct str bytes)
{
    size_t block = slab_block_bytes(sizeof(struct stream_segment) + bytes.len);
    struct stream_segment *s;

    if (bytes.len > RANGES_SEGMENT_MAX)
        return NULL;
    s = budget_alloc(mem, block);
    if (!s)
        return NULL;
    s->next = NULL;
    s->offset = offset;
    s->head = 0;
    s->len = (uint32_t)bytes.len;
    s->cap = (uint32_t)(block - sizeof(struct stream_segment));
    memcpy(s->data, bytes.p, bytes.len);
    return s;
}

static void segment_free(struct budget *mem, struct stream_segment *s)
{
    budget_give(mem, s, sizeof(struct stream_segment) + s->cap);
}

/* Makes room for `len` bytes in all in the segment at *link; it may move. */
static bool segment_room(struct stream_ranges *r, struct budget *mem, struct stream_segment **link,
                         uint32_t len)
{
    struct stream_segment *s = *link;
    uint32_t want = len > RANGES_SEGMENT_MAX / 2 ? len : len + len / 2;
    struct stream_segment *moved;
    size_t block;

    if (s->head + len <= s->cap)
        return true;
    if (len > RANGES_SEGMENT_MAX)
        return false;
    if (s->head > 0) {
        memmove(s->data, s->data + s->head, s->len);
        s->head = 0;
    }
    if (len <= s->cap)
        return true;
    block = slab_block_bytes(sizeof(struct stream_segment) + want);
    moved = budget_resize(mem, s, sizeof(struct stream_segment) + s->cap, block);
    if (!moved)
        return false;
    moved->cap = (uint32_t)(block - sizeof(struct stream_segment));
    *link = moved;
    if (r->last == s)
        r->last = moved;
    return true;
}

static void segment_add(struct stream_ranges *r, struct stream_segment *s, struct str bytes)
{
    memcpy(s->data + s->head + s->len, bytes.p, bytes.len);
    s->len += (uint32_t)bytes.len;
    r->bytes += (uint32_t)bytes.len;
}

/* Puts a new segment where *link points. */
static bool link_new(struct stream_ranges *r, struct budget *mem, struct stream_segment **link,
                     uint64_t offset, struct str bytes)
{
    struct stream_segment *s = segment_new(mem, offset, bytes);

    if (!s)
        return false;
    s->next = *link;
    *link = s;
    if (!s->next)
        r->last = s;
    r->count++;
    r->bytes += s->len;
    return true;
}

/* One ranges_insert under way. */
struct insertion {
    struct stream_ranges *r;
    struct budget *mem;
    const struct ranges_rule *rule;
    uint64_t offset;
    struct str bytes;
    struct stream_segment **prev; /* link of the segment before the place in hand; NULL: none */
    struct ranges_change change;
};

static bool fill_hole(struct insertion *in, uint64_t offset, struct str bytes)
{
    struct stream_segment **prev = in->prev;
    struct stream_segment **link = prev ? &(*prev)->next : &in->r->first;

    if (in->rule->merge && prev && segment_end(*prev) == offset) {
        uint32_t len = (*prev)->len + (uint32_t)bytes.len;

        if ((*prev)->head + len <= (*prev)->cap ||
            (len <= GROW_MAX && segment_room(in->r, in->mem, prev, len))) {
            segment_add(in->r, *prev, bytes);
            return true;
        }
    }
    if (!link_new(in->r, in->mem, link, offset, bytes))
        return false;
    in->prev = link;
    return true;
}

/* Nothing is held in [from, upto). */
static void insert_hole(struct insertion *in, uint64_t from, uint64_t upto)
{
    struct str bytes;

    if (from < in->rule->settled_end)
        from = in->rule->settled_end;
    if (from >= upto)
        return;
    bytes = str_cut(in->bytes, from - in->offset, upto - in->offset);
    if (fill_hole(in, from, bytes))
        in->change.added += (uint32_t)bytes.len;
    else
        in->change.lost += (uint32_t)bytes.len;
}

/* Settles the part that the segment s and the new bytes both speak about. */
static void settle(struct insertion *in, struct stream_segment *s)
{
    const struct overlap_span held = {s->offset, segment_end(s)};
    const struct overlap_span later = {in->offset, in->offset + in->bytes.len};
    uint64_t from = held.from > later.from ? held.from : later.from;
    uint64_t upto = held.end < later.end ? held.end : later.end;
    uint8_t *old = s->data + s->head + (from - s->offset);
    const uint8_t *new = in->bytes.p + (from - in->offset);
    uint64_t settled;

    in->change.overlapped = true;
    if (memcmp(old, new, upto - from) == 0)
        return;
    in->change.differed = true;
    if (!overlap_takes_new(in->rule->policy, held, later))
        return;
    settled = in->rule->settled_end > from ? in->rule->settled_end - from : 0;
    if (settled < upto - from)
        memcpy(old + settled, new + settled, upto - from - settled);
}

/* The link of the last segment that begins at or before `offset`, or NULL. */
static struct stream_segment **link_before(struct stream_ranges *r, uint64_t offset)
{
    struct stream_segment **before = NULL;

    for (struct stream_segment **link = &r->first; *link && (*link)->offset <= offset;
         link = &(*link)->next)
        before = link;
    return before;
}

static void insert_walk(struct insertion *in)
{
    uint64_t end = in->offset + in->bytes.len;
    uint64_t at = in->offset;

    in->prev = link_before(in->r, at);
    if (in->prev && segment_end(*in->prev) > at) {
        settle(in, *in->prev);
        at = segment_end(*in->prev);
    }
    while (at < end) {
        struct stream_segment *s = in->prev ? (*in->prev)->next : in->r->first;
        uint64_t next = s && s->offset < end ? s->offset : end;

        if (at < next) {
            insert_hole(in, at, next);
            at = next;
        } else {
            settle(in, s);
            at = segment_end(s);
            in->prev = in->prev ? &(*in->prev)->next : &in->r->first;
        }
    }
}

struct ranges_change ranges_insert(struct stream_ranges *r, struct budget *mem,
                                   const struct ranges_rule *rule, uint64_t offset,
                                   struct str bytes)
{
    struct insertion in = {r, mem, rule, offset, bytes, NULL, {0}};
    struct stream_segment *last = r->last;

    if (bytes.len == 0)
        return in.change;
    /* behind everything else, as nearly always: no walk */
    if (last && offset >= segment_end(last) && !(rule->merge && offset == segment_end(last)) &&
        offset >= rule->settled_end) {
        if (link_new(r, mem, &last->next, offset, bytes))
            in.change.added = (uint32_t)bytes.len;
        else
            in.change.lost = (uint32_t)bytes.len;
        return in.change;
    }
    insert_walk(&in);
    return in.change;
}

bool ranges_differ(const struct stream_ranges *r, uint64_t offset, struct str bytes)
{
    uint64_t end = offset + bytes.len;

    for (const struct stream_segment *s = ranges_find(r, offset); s && s->offset < end;
         s = s->next) {
        uint64_t from = s->offset > offset ? s->offset : offset;
        uint64_t upto = segment_end(s) < end ? segment_end(s) : end;

        if (memcmp(s->data + s->head + (from - s->offset), bytes.p + (from - offset),
                   upto - from) != 0)
            return true;
    }
    return false;
}

/* The link that points at the last segment. */
static struct stream_segment **last_link(struct stream_ranges *r)
{
    struct stream_segment **link = &r->first;

    while (*link != r->last)
        link = &(*link)->next;
    return link;
}

bool ranges_append(struct stream_ranges *r, struct budget *mem, uint64_t offset, struct str bytes)
{
    struct stream_segment *last = r->last;

    assert(offset >= ranges_end(r));
    if (bytes.len == 0)
        return true;
    if (last && segment_end(last) == offset && last->len + bytes.len <= RANGES_SEGMENT_MAX &&
        (last->head + last->len + bytes.len <= last->cap ||
         segment_room(r, mem, last_link(r), last->len + (uint32_t)bytes.len))) {
        segment_add(r, r->last, bytes);
        return true;
    }
    return link_new(r, mem, last ? &last->next : &r->first, offset, bytes);
}

struct stream_segment *ranges_find(const struct stream_ranges *r, uint64_t offset)
{
    if (!r->last || segment_end(r->last) <= offset)
        return NULL;
    for (struct stream_segment *s = r->first; s; s = s->next) {
        if (segment_end(s) > offset)
            return s;
    }
    return NULL;
}

uint64_t ranges_run_end(const struct stream_ranges *r, uint64_t from, uint64_t limit)
{
    uint64_t end = from;

    for (const struct stream_segment *s = ranges_find(r, from);
         s && s->offset <= end && end < limit; s = s->next)
        end = segment_end(s);
    return end < limit ? end : (from > limit ? from : limit);
}

/* Moves up to `bytes` from the front of the segment behind s to the end of s. */
static void pull(struct stream_ranges *r, struct budget *mem, struct stream_segment *s,
                 uint32_t bytes)
{
    struct stream_segment *next = s->next;
    uint32_t take = next->len < bytes ? next->len : bytes;

    memcpy(s->data + s->head + s->len, next->data + next->head, take);
    s->len += take;
    next->offset += take;
    next->head += take;
    next->len -= take;
    if (next->len > 0)
        return;
    s->next = next->next;
    if (r->last == next)
        r->last = s;
    r->count--;
    segment_free(mem, next);
}

struct stream_segment *ranges_join(struct stream_ranges *r, struct budget *mem, uint64_t at,
                                   uint64_t end)
{
    struct stream_segment **link = &r->first;
    struct stream_segment *s;
    uint64_t run = UINT64_MAX;

    /* From where the bytes without hole begin, so that a second reader who stands further back finds one piece too. */
    for (struct stream_segment **l = &r->first; *l && (*l)->offset <= at; l = &(*l)->next) {
        if ((*l)->offset != run)
            link = l;
        run = segment_end(*l);
    }
    s = *link;
    run = ranges_run_end(r, s->offset, end);
    if (run - s->offset > RANGES_SEGMENT_MAX)
        run = s->offset + RANGES_SEGMENT_MAX;
    if (run > segment_end(s) && segment_room(r, mem, link, (uint32_t)(run - s->offset))) {
        s = *link;
        while (segment_end(s) < run)
            pull(r, mem, s, (uint32_t)(run - segment_end(s)));
    }
    return ranges_find(r, at);
}

void ranges_drop_before(struct stream_ranges *r, struct budget *mem, uint64_t offset)
{
    while (r->first && segment_end(r->first) <= offset) {
        struct stream_segment *s = r->first;

        r->first = s->next;
        r->count--;
        r->bytes -= s->len;
        segment_free(mem, s);
    }
    if (!r->first) {
        r->last = NULL;
    } else if (r->first->offset < offset) {
        uint32_t gone = (uint32_t)(offset - r->first->offset);

        r->first->offset = offset;
        r->first->head += gone;
        r->first->len -= gone;
        r->bytes -= gone;
    }
}

void ranges_clear(struct stream_ranges *r, struct budget *mem)
{
    while (r->first) {
        struct stream_segment *next = r->first->next;

        segment_free(mem, r->first);
        r->first = next;
    }
    *r = (struct stream_ranges){0};
}
