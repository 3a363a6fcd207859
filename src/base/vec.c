#include "base/vec.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define VEC_FIRST_ITEMS 8

void vec_init(struct vec *v, size_t item_bytes)
{
    *v = (struct vec){.item_bytes = item_bytes};
}

void vec_fini(struct vec *v)
{
    free(v->items);
    v->items = NULL;
    v->count = v->cap = 0;
}

void *vec_push(struct vec *v)
{
    if (v->count == v->cap) {
        size_t cap = v->cap ? v->cap * 2 : VEC_FIRST_ITEMS;
        void *items = reallocarray(v->items, cap, v->item_bytes);
        if (!items)
            return NULL;
        v->items = items;
        v->cap = cap;
    }
    uint8_t *item = (uint8_t *)v->items + v->count * v->item_bytes;
    memset(item, 0, v->item_bytes);
    v->count++;
    return item;
}

void *vec_at(const struct vec *v, size_t i)
{
    assert(i < v->count);
    return (uint8_t *)v->items + i * v->item_bytes;
}
