/* ring: a queue of fixed items between exactly one producer thread and one consumer thread; no lock. */
#ifndef BASE_RING_H
#define BASE_RING_H

#include "base/attr.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring {
    uint8_t *items;
    size_t item_bytes;
    size_t count;                     /* power of two */
    _Alignas(64) _Atomic size_t head; /* next to write; the producer's */
    size_t tail_seen;                 /* the producer's last look at tail */
    _Alignas(64) _Atomic size_t tail; /* next to read; the consumer's */
    size_t head_seen;                 /* the consumer's last look at head */
};

/* count is rounded up to a power of two. 0 or -1. */
NODISCARD int ring_init(struct ring *r, size_t item_bytes, size_t count);
void ring_fini(struct ring *r);
/* Copies an item in; false when full. Producer only. */
bool ring_put(struct ring *r, const void *item);
/* Copies the oldest item out; false when empty. Consumer only. */
bool ring_take(struct ring *r, void *item);

#endif
