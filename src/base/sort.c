#include "base/sort.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#define FEW 16 /* as few are sorted faster by putting each in its place */

struct sorting {
    uint8_t *items;
    size_t bytes;
    int (*compare)(const void *a, const void *b);
};

static void swap(uint8_t *a, uint8_t *b, size_t bytes)
{
    uint8_t hand[SORT_ITEM_MAX];
    memcpy(hand, a, bytes);
    memcpy(a, b, bytes);
    memcpy(b, hand, bytes);
}

static uint8_t *item(const struct sorting *s, size_t i)
{
    return s->items + i * s->bytes;
}

static void sort_few(const struct sorting *s, size_t count)
{
    uint8_t hand[SORT_ITEM_MAX];
    for (size_t i = 1; i < count; i++) {
        size_t at = i;
        memcpy(hand, item(s, i), s->bytes);
        while (at > 0 && s->compare(item(s, at - 1), hand) > 0)
            at--;
        memmove(item(s, at + 1), item(s, at), (i - at) * s->bytes);
        memcpy(item(s, at), hand, s->bytes);
    }
}

/* Item `at` sinks to its place in the heap of the first `count`, whose largest stands first. */
static void sink(const struct sorting *s, size_t at, size_t count)
{
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && s->compare(item(s, child + 1), item(s, child)) > 0)
            child++;
        if (s->compare(item(s, at), item(s, child)) >= 0)
            return;
        swap(item(s, at), item(s, child), s->bytes);
    }
}

void sort_items(void *items, size_t count, size_t item_bytes,
                int (*compare)(const void *a, const void *b))
{
    struct sorting s = {items, item_bytes, compare};
    assert(item_bytes <= SORT_ITEM_MAX);
    if (count <= FEW) {
        sort_few(&s, count);
        return;
    }
    for (size_t i = count / 2; i-- > 0;)
        sink(&s, i, count);
    for (size_t left = count; left-- > 1;) {
        swap(item(&s, 0), item(&s, left), s.bytes);
        sink(&s, 0, left);
    }
}
