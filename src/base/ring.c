#include "base/ring.h"

#include <stdlib.h>
#include <string.h>

int ring_init(struct ring *r, size_t item_bytes, size_t count)
{
    size_t rounded = 1;
    while (rounded < count) {
        if (rounded > SIZE_MAX / 2)
            return -1;
        rounded *= 2;
    }
    r->items = item_bytes ? calloc(rounded, item_bytes) : NULL;
    r->item_bytes = item_bytes;
    r->count = rounded;
    r->head_seen = r->tail_seen = 0;
    atomic_init(&r->head, 0);
    atomic_init(&r->tail, 0);
    return r->items ? 0 : -1;
}

void ring_fini(struct ring *r)
{
    free(r->items);
    r->items = NULL;
}

/* head and tail only ever grow; their difference is what is in the queue, also after they wrap around. The release of
 * one side pairs with the acquire of the other: an item is seen whole, a slot is free before it is used again. Each looks at the other's number only when
 * what it saw last no longer does: so the two do not take the line from each other with every item. */
bool ring_put(struct ring *r, const void *item)
{
    size_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
    if (head - r->tail_seen == r->count)
        r->tail_seen = atomic_load_explicit(&r->tail, memory_order_acquire);
    if (head - r->tail_seen == r->count)
        return false;
    memcpy(r->items + (head & (r->count - 1)) * r->item_bytes, item, r->item_bytes);
    atomic_store_explicit(&r->head, head + 1, memory_order_release);
    return true;
}

bool ring_take(struct ring *r, void *item)
{
    size_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
    if (r->head_seen == tail)
        r->head_seen = atomic_load_explicit(&r->head, memory_order_acquire);
    if (r->head_seen == tail)
        return false;
    memcpy(item, r->items + (tail & (r->count - 1)) * r->item_bytes, r->item_bytes);
    atomic_store_explicit(&r->tail, tail + 1, memory_order_release);
    return true;
}
