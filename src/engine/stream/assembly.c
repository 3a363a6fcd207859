#include "engine/stream/assembly.h"

#include "engine/stream/ranges.h"
#include "engine/stream/result.h"
#include "engine/stream/seq.h"

/* A hole of this size begins another region (as EVE counts them). */
#define REGION_HOLE_BYTES (256 * 1024)

/* Inline, or when the side that would acknowledge is never seen: bytes count when they arrive. */
static bool ready_on_arrival(const struct assembly *a)
{
    return a->conf->mode == STREAM_INLINE || a->s->async;
}

static uint32_t depth_of(const struct assembly *a)
{
    uint32_t own = a->conf->own_depths[a->s->depth_kind];

    return own == STREAM_DEPTH_USUAL ? a->conf->depth_bytes : own;
}

/* Offset behind the last byte that may ever come: FIN or depth. */
static uint64_t last_offset(const struct assembly *a, const struct stream_half *h)
{
    uint32_t depth = depth_of(a);
    uint64_t end = depth ? depth : UINT64_MAX;

    if (h->seen_fin) {
        int64_t fin = offset_of_seq(h, h->fin_seq);

        if (fin < 0)
            fin = 0;
        if ((uint64_t)fin < end)
            end = (uint64_t)fin;
    }
    return end;
}

static void gap(const struct assembly *a, struct stream_half *h, uint64_t upto)
{
    if (upto - h->ready_end >= REGION_HOLE_BYTES)
        h->regions_max++;
    h->ready_end = upto;
    h->gaps++;
    h->gap_seen = true;
    result_event(a->out, STREAM_EVENT_REASSEMBLY_SEQ_GAP);
}

/* Moves ready_end up to `upto` at least, or to where bytes in order end if everything that arrived counts. */
static void advance(const struct assembly *a, struct stream_half *h, uint64_t upto, bool arrived)
{
    for (;;) {
        uint64_t end = ranges_run_end(&h->held, h->ready_end, arrived ? UINT64_MAX : upto);

        if (end > h->ready_end)
            h->ready_end = end;
        if (h->ready_end >= upto)
            return;
        const struct stream_segment *next = ranges_find(&h->held, h->ready_end);

        gap(a, h, next && next->offset < upto ? next->offset : upto);
    }
}

/* Payload that lies before ready_end: nothing new, unless it lies. Where it was acknowledged it is but sent again. */
static void recheck(const struct assembly *a, struct stream_half *h, uint64_t offset,
                    struct str bytes)
{
    int64_t end = (int64_t)(offset + bytes.len);
    bool held = h->held.first && (uint64_t)end > h->held.first->offset;
    if (!held && end > offset_of_seq(h, h->acked_seq))
        result_event(a->out, STREAM_EVENT_REASSEMBLY_SEGMENT_BEFORE_BASE_SEQ);
    if (!ranges_differ(&h->held, offset, bytes))
        return;
    h->overlaps++;
    result_event(a->out, STREAM_EVENT_REASSEMBLY_OVERLAP_DIFFERENT_DATA);
    if (a->conf->mode == STREAM_INLINE)
        a->out->drop = true;
}

static bool over_limits(const struct assembly *a, const struct stream_half *h, size_t more)
{
    return h->held.count >= a->conf->segments_max || h->held.bytes + more > a->conf->held_bytes_max;
}

/* Inline, ahead of a hole. A gap here would be a way past us: whoever fills the list first could then send the missing
 * bytes unseen. So what does not fit is refused; its sender repeats it after the hole's bytes. */
static void take_ahead(const struct assembly *a, struct stream_half *h, uint64_t offset,
                       struct str bytes)
{
    const struct ranges_rule rule = {STREAM_OVERLAP_FIRST, true, h->ready_end};
    struct ranges_change change;
    bool fills = offset <= h->ready_end;

    if (ranges_differ(&h->held, offset, bytes)) {
        recheck(a, h, offset, bytes);
        return;
    }
    if (!fills && over_limits(a, h, bytes.len)) {
        result_event(a->out, STREAM_EVENT_REASSEMBLY_INSERT_LIMIT);
        a->out->drop = a->conf->mode == STREAM_INLINE;
        return;
    }
    change = ranges_insert(&h->held, a->mem, &rule, offset, bytes);
    if (change.lost > 0) {
        result_event(a->out, STREAM_EVENT_REASSEMBLY_INSERT_MEMCAP);
        a->out->drop = a->conf->mode == STREAM_INLINE && !fills;
    }
    a->out->retransmission = change.added + change.lost == 0;
    if (fills)
        advance(a, h, offset + bytes.len, true);
}

static void take_arrived(const struct assembly *a, uint32_t side, uint64_t offset, struct str bytes)
{
    struct stream_half *h = &a->s->half[side];

    if (offset < h->ready_end) {
        uint64_t old = h->ready_end - offset;

        a->out->retransmission = old >= bytes.len;
        recheck(a, h, offset, str_cut(bytes, 0, old));
        if (a->out->drop || old >= bytes.len)
            return;
        bytes = str_from(bytes, old);
        offset = h->ready_end;
    }
    if (offset == h->ready_end && ranges_end(&h->held) <= offset) {
        a->s->borrowed = bytes;
        a->s->borrowed_offset = offset;
        a->s->borrowed_half = (uint8_t)side;
        h->ready_end = offset + bytes.len;
        return;
    }
    take_ahead(a, h, offset, bytes);
}

/* Acknowledged mode: too much waits. What is in order has waited long enough, and so has what is missing. */
static void relieve(const struct assembly *a, struct stream_half *h)
{
    uint64_t end = ranges_end(&h->held);

    result_event(a->out, STREAM_EVENT_REASSEMBLY_INSERT_LIMIT);
    if (end > h->ready_end)
        advance(a, h, end, true);
    if (h->held.count >= 2 * a->conf->segments_max || h->held.bytes / 2 >= a->conf->held_bytes_max)
        h->no_more = true;
}

static enum stream_overlap overlap_of(const struct assembly *a, const struct stream_half *h)
{
    uint8_t asked = a->s->overlap[h == &a->s->half[1]];
    return asked ? (enum stream_overlap)(asked - 1) : a->conf->overlap;
}

static void take_unacknowledged(const struct assembly *a, struct stream_half *h, uint64_t offset,
                                struct str bytes)
{
    const struct ranges_rule rule = {overlap_of(a, h), false, h->ready_end};
    struct ranges_change change;

    if (offset + bytes.len <= h->ready_end) {
        a->out->retransmission = true;
        recheck(a, h, offset, bytes);
        return;
    }
    if (over_limits(a, h, bytes.len))
        relieve(a, h);
    change = ranges_insert(&h->held, a->mem, &rule, offset, bytes);
    if (change.lost > 0)
        result_event(a->out, STREAM_EVENT_REASSEMBLY_INSERT_MEMCAP);
    if (change.differed) {
        h->overlaps++;
        result_event(a->out, STREAM_EVENT_REASSEMBLY_OVERLAP_DIFFERENT_DATA);
    }
    a->out->retransmission = change.added + change.lost == 0;
}

static void depth_check(const struct assembly *a, struct stream_half *h)
{
    uint32_t depth = depth_of(a);

    if (depth && h->ready_end >= depth)
        h->no_more = true;
}

/* What may be taken of bytes at the signed offset *at: not what lies before the stream, behind its FIN or its depth. */
static struct str cut_to_stream(const struct assembly *a, struct stream_half *h, int64_t *at,
                                struct str bytes)
{
    uint64_t last = last_offset(a, h);

    if (*at < 0) {
        bytes = str_from(bytes, (size_t) - *at);
        *at = 0;
        if (bytes.len == 0)
            result_event(a->out, STREAM_EVENT_REASSEMBLY_SEGMENT_BEFORE_BASE_SEQ);
    }
    if ((uint64_t)*at + bytes.len <= last)
        return bytes;
    if (last == depth_of(a) && !h->depth_reached) {
        h->depth_reached = true;
        result_event(a->out, STREAM_EVENT_REASSEMBLY_DEPTH_REACHED);
    }
    return str_cut(bytes, 0, (uint64_t)*at < last ? last - (uint64_t)*at : 0);
}

void assembly_take(const struct assembly *a, uint32_t side, uint32_t seq, struct str bytes)
{
    struct stream_half *h = &a->s->half[side];
    int64_t at = offset_of_seq(h, seq);

    h->total_bytes += bytes.len;
    if (h->no_more) {
        a->out->ignored = true;
        return;
    }
    bytes = cut_to_stream(a, h, &at, bytes);
    if (bytes.len == 0)
        return;
    if (ready_on_arrival(a))
        take_arrived(a, side, (uint64_t)at, bytes);
    else
        take_unacknowledged(a, h, (uint64_t)at, bytes);
    if (a->out->retransmission)
        h->retransmitted++;
    depth_check(a, h);
}

/* Acknowledged, and nothing behind it has been seen: where two directions are watched by two eyes the answer may overtake what it
 * answers. It is a hole once the sender is seen to be further. */
static bool may_come(const struct assembly *a, const struct stream_half *h)
{
    return !ready_on_arrival(a) && ranges_end(&h->held) <= h->ready_end && !h->seen_fin &&
           !h->no_more && !a->s->reset_seen;
}

void assembly_acked(const struct assembly *a, uint32_t side)
{
    struct stream_half *h = &a->s->half[side];
    int64_t acked = offset_of_seq(h, h->acked_seq);
    uint64_t last;

    if (h->no_more || acked <= (int64_t)h->ready_end)
        return;
    last = last_offset(a, h);
    if ((uint64_t)acked > last)
        acked = (int64_t)last;
    if ((uint64_t)acked > h->ready_end && !may_come(a, h))
        advance(a, h, (uint64_t)acked, ready_on_arrival(a));
    depth_check(a, h);
}

void assembly_release(struct stream_half *h)
{
    uint64_t end = ranges_run_end(&h->held, h->ready_end, UINT64_MAX);

    if (!h->no_more && end > h->ready_end)
        h->ready_end = end;
}

void assembly_finish(struct stream_half *h)
{
    assembly_release(h);
    while (!h->no_more && ranges_end(&h->held) > h->ready_end) {
        h->ready_end = ranges_find(&h->held, h->ready_end)->offset;
        h->gaps++;
        h->gap_seen = true;
        assembly_release(h);
    }
}

bool assembly_over(const struct stream *s, const struct stream_half *h)
{
    if (s->ended || s->reset_seen || h->no_more)
        return true;
    return h->seen_fin && offset_of_seq(h, h->fin_seq) <= (int64_t)h->ready_end;
}

/* The first byte that somebody may still ask for. */
static uint64_t keep_from(const struct stream *s, const struct stream_half *h)
{
    uint64_t from = h->ready_end;

    if (h->app_stopped && h->raw_stopped)
        return from;
    if (!h->app_stopped && h->app_offset < from)
        from = h->app_offset;
    if (!h->raw_stopped) {
        uint64_t window = s->raw_window_bytes; /* of the two directions' the wider one */
        uint64_t raw = h->raw_offset > window ? h->raw_offset - window : 0;

        if (raw < from)
            from = raw;
    }
    if (s->recheck_bytes > 0) {
        int64_t acked = offset_of_seq(h, h->acked_seq);
        uint64_t oldest = h->ready_end > s->recheck_bytes ? h->ready_end - s->recheck_bytes : 0;

        if (acked > (int64_t)oldest)
            oldest = (uint64_t)acked;
        if (oldest < from)
            from = oldest;
    }
    return from;
}

/* The parser or raw matching still waits for bytes before `end`. */
static bool unread(const struct stream_half *h, uint64_t end)
{
    return (!h->app_stopped && h->app_offset < end) || (!h->raw_stopped && h->raw_offset < end);
}

static void keep_borrowed(struct stream *s, struct stream_half *h, struct budget *mem,
                          struct str bytes, uint64_t from)
{
    uint64_t offset = s->borrowed_offset;

    if (from > offset) {
        bytes = str_from(bytes, from - offset);
        offset = from;
    }
    if (bytes.len == 0)
        return;
    if (h->held.bytes + bytes.len <= s->held_bytes_max &&
        ranges_append(&h->held, mem, offset, bytes))
        return;
    if (!unread(h, offset + bytes.len))
        return; /* only its memory of what was inspected is shorter now */
    if (h->held.bytes + bytes.len > s->held_bytes_max)
        h->no_more = true; /* nobody takes what is ready: it ends here */
    h->gaps++;
    h->gap_seen = true;
}

void assembly_keep(struct stream *s, struct budget *mem)
{
    struct str borrowed = s->borrowed;

    s->borrowed = STR_EMPTY;
    for (uint32_t side = 0; side < 2; side++) {
        struct stream_half *h = &s->half[side];
        bool lent = borrowed.len > 0 && s->borrowed_half == side;
        uint64_t from;

        if (!lent && !h->held.first)
            continue;
        from = keep_from(s, h);
        if (h->held.first)
            ranges_drop_before(&h->held, mem, from);
        if (lent)
            keep_borrowed(s, h, mem, borrowed, from);
        if (h->no_more && h->app_stopped && h->raw_stopped)
            ranges_clear(&h->held, mem);
    }
}
