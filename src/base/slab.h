/* slab: a worker's memory for everything that lives as long as a flow.
 *
 * One region of address space is reserved at start; blocks of a few size classes (powers of two and the halves between,
 * 32 B to 1 MiB) are cut from it and go back to their class when freed. No lock: a slab belongs to one worker. No malloc
 * and no system call after start apart from the kernel's own page faults. When the region is used up, slab_alloc gives
 * NULL and the caller does without (counts, drops state, passes the flow): a stranger cannot make the worker grow.
 *
 * A `struct budget` in front of it limits what one owner (a flow) may hold and remembers it.
 */
#ifndef BASE_SLAB_H
#define BASE_SLAB_H

#include "base/attr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLAB_CLASSES 32
#define SLAB_BLOCK_MAX (1u << 20)

struct slab_free;

struct slab {
    uint8_t *region;
    size_t region_bytes;
    size_t cut_bytes;  /* cut from the region so far */
    size_t used_bytes; /* in blocks that are out now */
    uint64_t refused;  /* times slab_alloc gave NULL */
    struct slab_free *classes[SLAB_CLASSES];
};

/* Reserves region_bytes of address space (pages come as they are touched). 0 or -1. */
NODISCARD int slab_init(struct slab *s, size_t region_bytes);
void slab_fini(struct slab *s);
/* At least `bytes`, aligned to 16, not zeroed; NULL when the region is used up or bytes > SLAB_BLOCK_MAX. */
NODISCARD void *slab_alloc(struct slab *s, size_t bytes);
/* `bytes` is what was asked for. NULL is legal. */
void slab_give(struct slab *s, void *p, size_t bytes);
/* What a request of `bytes` really takes; growing inside it is free. */
size_t slab_block_bytes(size_t bytes);

struct budget {
    struct slab *slab;
    uint32_t used_bytes;
    uint32_t limit_bytes;
};

/* As slab_alloc, and NULL when the owner's limit would be passed. */
NODISCARD void *budget_alloc(struct budget *b, size_t bytes);
NODISCARD void *budget_zalloc(struct budget *b, size_t bytes);
void budget_give(struct budget *b, void *p, size_t bytes);
/* Moves to a block of new_bytes, keeps the first old_bytes (or new_bytes, if fewer). On failure NULL, and the old block
 * stays as it is. p may be NULL with old_bytes 0. */
NODISCARD void *budget_resize(struct budget *b, void *p, size_t old_bytes, size_t new_bytes);
/* *block (the address of a pointer) holds *cap things of thing_bytes each: afterwards at least `need`, with twice as many as
 * before when that is more, so that adding one by one stays cheap. False, and nothing has changed, when there is no room. */
NODISCARD bool budget_grow(struct budget *b, void *block, uint32_t *cap, uint32_t need,
                           size_t thing_bytes);

#endif
