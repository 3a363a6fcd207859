#include "base/buf.h"
#include "engine/stream/assembly.h"
#include "engine/stream/ranges.h"
#include "engine/stream/seq.h"

#define HOLE_TEXT_MAX 40 /* "[18446744073709551615 bytes missing]" */

/* The bytes lent out by the packet in hand, if they are of this direction. */
static struct str borrowed_of(const struct stream *s, uint32_t side)
{
    return s->borrowed.len > 0 && s->borrowed_half == side ? s->borrowed : STR_EMPTY;
}

/* Where the next ready byte at or after `from` is; ready_end when there is none. */
static uint64_t next_ready(const struct stream *s, uint32_t side, uint64_t from)
{
    const struct stream_half *h = &s->half[side];
    const struct stream_segment *seg = ranges_find(&h->held, from);
    uint64_t next = h->ready_end;

    if (seg && seg->offset < next)
        next = seg->offset;
    if (borrowed_of(s, side).len > 0 && s->borrowed_offset < next)
        next = s->borrowed_offset;
    return next > from ? next : from;
}

/* What a reader asks for: the ready bytes around `at` without hole, from `since` on where they reach back so far. */
struct reach {
    uint32_t side;
    uint64_t since, at;
};

static void show(const struct reach *reach, struct str bytes, uint64_t offset,
                 struct stream_chunk *out)
{
    out->offset = reach->since > offset ? reach->since : offset;
    out->bytes = str_from(bytes, out->offset - offset);
}

/* Fills out->bytes and offset with one piece. */
static void view(struct stream *s, struct budget *mem, const struct reach *reach,
                 struct stream_chunk *out)
{
    struct stream_half *h = &s->half[reach->side];
    bool lent = borrowed_of(s, reach->side).len > 0;
    bool at_lent = lent && reach->at >= s->borrowed_offset;
    bool continues = lent && ranges_end(&h->held) == s->borrowed_offset;
    struct stream_segment *seg;
    struct str bytes;

    if (at_lent && (reach->since >= s->borrowed_offset || !continues)) {
        show(reach, s->borrowed, s->borrowed_offset, out);
        return;
    }
    if (continues && ranges_append(&h->held, mem, s->borrowed_offset, s->borrowed)) {
        s->borrowed = STR_EMPTY;
    } else if (at_lent) {
        show(reach, s->borrowed, s->borrowed_offset, out);
        return;
    }
    seg = ranges_join(&h->held, mem, reach->at, h->ready_end);
    bytes = segment_bytes(seg);
    if (segment_end(seg) > h->ready_end)
        bytes.len = h->ready_end - seg->offset;
    show(reach, bytes, seg->offset, out);
}

bool stream_ready(struct stream *s, const struct stream_conf *conf, struct budget *mem,
                  uint32_t half, struct stream_chunk *out)
{
    struct stream_half *h = &s->half[half];
    uint64_t next;

    *out = (struct stream_chunk){.offset = h->app_offset};
    if (h->app_stopped)
        return false;
    if (h->app_offset >= h->ready_end) {
        out->end = assembly_over(s, h) && !h->end_told;
        h->end_told |= out->end;
        return out->end;
    }
    next = next_ready(s, half, h->app_offset);
    if (next > h->app_offset) {
        uint64_t missing = next - h->app_offset;

        out->gap = missing > UINT32_MAX ? UINT32_MAX : (uint32_t)missing;
        return true;
    }
    view(s, mem, &(struct reach){half, h->app_offset, h->app_offset}, out);
    uint64_t behind = out->offset + out->bytes.len;
    out->hole = behind < h->ready_end && next_ready(s, half, behind) > behind;
    out->end = behind == h->ready_end && assembly_over(s, h);
    h->end_told |= out->end;
    return true;
}

void stream_consume(struct stream *s, struct budget *mem, uint32_t half, uint32_t bytes)
{
    struct stream_half *h = &s->half[half];
    uint64_t left = h->ready_end - h->app_offset;

    h->app_offset += bytes < left ? bytes : left;
}

bool stream_raw(struct stream *s, const struct stream_conf *conf, struct budget *mem, uint32_t half,
                struct stream_chunk *out)
{
    struct stream_half *h = &s->half[half];
    uint64_t since, window = conf->raw_window_bytes[half];

    *out = (struct stream_chunk){0};
    if (h->raw_stopped)
        return false;
    h->raw_offset = next_ready(s, half, h->raw_offset);
    if (h->raw_offset >= h->ready_end)
        return false;
    since = h->raw_offset > window ? h->raw_offset - window : 0;
    if (h->raw_cut && h->raw_offset - since > (uint32_t)h->raw_offset - h->raw_from)
        since = h->raw_offset - ((uint32_t)h->raw_offset - h->raw_from);
    view(s, mem, &(struct reach){half, since, h->raw_offset}, out);
    out->end = out->offset + out->bytes.len == h->ready_end && assembly_over(s, h);
    out->new_from = (uint32_t)(h->raw_offset - out->offset);
    out->place = h->raw_cut ? (uint32_t)out->offset - h->raw_from : out->offset;
    return true;
}

bool stream_over(const struct stream *s, uint32_t half)
{
    return assembly_over(s, &s->half[half]);
}

void stream_raw_done(struct stream *s, struct budget *mem, uint32_t half, uint64_t upto_offset)
{
    struct stream_half *h = &s->half[half];
    uint64_t upto = upto_offset < h->ready_end ? upto_offset : h->ready_end;

    if (upto > h->raw_offset)
        h->raw_offset = upto;
}

void stream_raw_cut(struct stream *s, uint32_t half)
{
    struct stream_half *h = &s->half[half];

    h->raw_cut = true;
    h->raw_from = (uint32_t)h->raw_offset;
}

bool stream_shown(struct stream *s, const struct stream_conf *conf, struct budget *mem,
                  uint32_t half, struct stream_chunk *out)
{
    struct stream_half *h = &s->half[half];

    *out = (struct stream_chunk){0};
    if (h->ready_end == 0 || next_ready(s, half, h->ready_end - 1) != h->ready_end - 1)
        return false;
    uint64_t window = conf->raw_window_bytes[half];
    uint64_t since = h->ready_end > window ? h->ready_end - window : 0;
    view(s, mem, &(struct reach){half, since, h->ready_end - 1}, out);
    return out->bytes.len > 0;
}

/* Where showing begins: what was given up by now was there, and is not missing. */
static uint64_t shown_from(const struct stream *s, uint32_t side, uint64_t since, uint64_t last)
{
    const struct stream_half *h = &s->half[side];
    const struct stream_segment *first = ranges_find(&h->held, since);
    bool all_held = h->total_bytes == (uint64_t)h->held.bytes + borrowed_of(s, side).len;
    uint64_t begin = first && first->offset < last ? first->offset : last;
    return begin < since || (all_held && since == 0) ? since : begin;
}

static void show_missing(struct buf *out, uint64_t from, uint64_t to)
{
    if (to > from)
        buf_printf(out, "[%llu bytes missing]", (unsigned long long)(to - from));
}

struct str stream_shown_over_holes(struct stream *s, const struct stream_conf *conf,
                                   struct budget *mem, uint32_t half, struct arena *scratch)
{
    struct stream_half *h = &s->half[half];
    struct stream_chunk last;

    if (!stream_shown(s, conf, mem, half, &last))
        last.offset = h->ready_end; /* a hole at the end is not told: more may have followed */
    uint64_t window = conf->raw_window_bytes[half];
    uint64_t since = h->ready_end > window ? h->ready_end - window : 0;
    uint64_t at = shown_from(s, half, since, last.offset);
    if (at >= last.offset)
        return last.bytes;
    size_t cap = window + (size_t)(h->held.count + 2) * HOLE_TEXT_MAX;
    void *room = arena_alloc(scratch, cap);
    if (!room)
        return last.bytes;
    struct buf out = buf_fixed(room, cap);
    const struct stream_segment *seg = ranges_find(&h->held, at);
    for (; seg && seg->offset < last.offset; seg = seg->next) {
        uint64_t from = seg->offset > at ? seg->offset : at;
        show_missing(&out, at, from);
        at = segment_end(seg) < last.offset ? segment_end(seg) : last.offset;
        buf_add(&out, str_cut(segment_bytes(seg), from - seg->offset, at - seg->offset));
    }
    if (last.bytes.len)
        show_missing(&out, at, last.offset);
    buf_add(&out, last.bytes);
    return buf_str(&out);
}

/* Both readers gone: the direction needs no bytes any more. They go at the next stream_keep, so that what is in hand stays. */
static void stop_when_unread(struct stream_half *h)
{
    if (h->app_stopped && h->raw_stopped)
        h->no_more = true;
}

void stream_app_stop(struct stream *s, struct budget *mem, uint32_t half)
{
    s->half[half].app_stopped = true;
    stop_when_unread(&s->half[half]);
}

void stream_raw_stop(struct stream *s, struct budget *mem, uint32_t half)
{
    s->half[half].raw_stopped = true;
    stop_when_unread(&s->half[half]);
}
