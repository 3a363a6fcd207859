/* arena: memory that is given back all at once.
 *
 * For the lives *forever* (a rule image: built whole, freed whole) and *burst* (scratch, reset after each batch). What
 * is taken from an arena is never freed alone. Blocks are kept by arena_reset, so a scratch arena stops calling malloc
 * once it has seen its largest burst. A limit makes arena_alloc return NULL beyond it: hostile input cannot grow it.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/attr.h"
#include "base/str.h"

struct arena_block;

struct arena {
    struct arena_block *first;
    struct arena_block *current;
    size_t used_bytes;  /* handed out since init or reset */
    size_t limit_bytes; /* 0: none */
    size_t block_bytes; /* size of a new block */
};

/* Takes no memory yet. block_bytes 0: 64 KiB. */
void arena_init(struct arena *a, size_t block_bytes, size_t limit_bytes);
void arena_fini(struct arena *a);
/* Everything handed out is gone; blocks stay. */
void arena_reset(struct arena *a);
/* Aligned to 16, not zeroed. NULL when memory is out or the limit is reached. */
NODISCARD void *arena_alloc(struct arena *a, size_t bytes);
NODISCARD void *arena_zalloc(struct arena *a, size_t bytes);
/* A copy; on failure the empty str with p == NULL. A NUL follows the bytes. */
struct str arena_copy(struct arena *a, struct str s);
char *arena_printf(struct arena *a, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
