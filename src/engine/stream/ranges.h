/* ranges: the bytes of one direction that are held, as a sorted list of segments that never overlap.
 *
 * Way in:    ranges_insert with the bytes of one packet at their offset; ranges_append for bytes in order.
 * Way out:   ranges_find, and ranges_join for a view of several segments as one.
 * Memory:    one block of the budget per segment, room behind the bytes so that neighbours can grow together.
 * Limits:    a segment is at most SLAB_BLOCK_MAX large; how many and how much in all is the caller's to limit. Insertion
 *            walks the list: its cost is bounded by the caller's limit on segments.
 */
#ifndef ENGINE_STREAM_RANGES_H
#define ENGINE_STREAM_RANGES_H

#include "engine/stream/stream.h"

struct stream_segment {
    struct stream_segment *next;
    uint64_t offset; /* of the first byte */
    uint32_t head;   /* bytes given up at the front of the room */
    uint32_t len;
    uint32_t cap; /* room: bytes of `data` */
    uint8_t data[];
};

/* So much can one segment hold. */
#define RANGES_SEGMENT_MAX (SLAB_BLOCK_MAX - (uint32_t)sizeof(struct stream_segment))

static inline uint64_t segment_end(const struct stream_segment *s)
{
    return s->offset + s->len;
}

static inline struct str segment_bytes(const struct stream_segment *s)
{
    return (struct str){s->data + s->head, s->len};
}

/* One past the last byte held; 0 when nothing is. */
static inline uint64_t ranges_end(const struct stream_ranges *r)
{
    return r->last ? segment_end(r->last) : 0;
}

struct ranges_rule {
    enum stream_overlap policy;
    bool merge; /* where segments began and ended means nothing: neighbours may grow together */
    uint64_t settled_end; /* before it what is held wins, and holes stay holes */
};

struct ranges_change {
    uint32_t added;  /* bytes new to the list */
    uint32_t lost;   /* bytes there was no memory for */
    bool overlapped; /* some were there already */
    bool differed;   /* ... with another value */
};

struct ranges_change ranges_insert(struct stream_ranges *r, struct budget *mem,
                                   const struct ranges_rule *rule, uint64_t offset,
                                   struct str bytes);
/* Would `bytes` say otherwise than what is held? */
bool ranges_differ(const struct stream_ranges *r, uint64_t offset, struct str bytes);
/* At the end: offset must not be before ranges_end. False when memory is out; nothing has changed then. */
bool ranges_append(struct stream_ranges *r, struct budget *mem, uint64_t offset, struct str bytes);
/* The first segment that ends after `offset`, or NULL. */
struct stream_segment *ranges_find(const struct stream_ranges *r, uint64_t offset);
/* End of the bytes without hole that begin at `from`, at most `limit`; `from` when there are none. */
uint64_t ranges_run_end(const struct stream_ranges *r, uint64_t from, uint64_t limit);
/* The segment that holds `at`, after as many of its neighbours before `end` as one segment can hold were joined to it.
 * When memory is out: the segment as it is. `at` must be held. */
struct stream_segment *ranges_join(struct stream_ranges *r, struct budget *mem, uint64_t at,
                                   uint64_t end);
/* Gives up what lies before `offset`. */
void ranges_drop_before(struct stream_ranges *r, struct budget *mem, uint64_t offset);
void ranges_clear(struct stream_ranges *r, struct budget *mem);

#endif
