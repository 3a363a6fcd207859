/* vec: a growing array of equal items, for what is built at start or per request (not in the packet path). */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include "base/attr.h"

#include <stddef.h>

struct vec {
    void *items;
    size_t count;
    size_t cap;
    size_t item_bytes;
};

void vec_init(struct vec *v, size_t item_bytes);
void vec_fini(struct vec *v);
/* A new zeroed item at the end, or NULL when memory is out. Older item pointers become invalid. */
NODISCARD void *vec_push(struct vec *v);
/* Item i; i < count is the caller's promise (asserted). */
void *vec_at(const struct vec *v, size_t i);

#endif
