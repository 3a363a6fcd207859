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

#include <stdbool.h>

struct arena_block;

struct arena {
    struct arena_block *first;
    struct arena_block *current;
    size_t used_bytes;  /* handed out since init or reset */
    size_t limit_bytes; /* 0: none */
    size_t block_bytes; /* size of a new block */
    struct arena
        *parent; /* whose memory blocks are made of; NULL: the heap's, or those of arena_init_at */
    uint8_t *fixed;      /* arena_init_at's memory, or NULL */
    size_t region_bytes; /* of `fixed`, when it is arena_reserve's */
};

/* Takes no memory yet. block_bytes 0: 64 KiB. */
void arena_init(struct arena *a, size_t block_bytes, size_t limit_bytes);
/* Blocks are taken from another arena, which owns them: arena_fini gives nothing back. parent NULL: as arena_init. */
void arena_init_in(struct arena *a, struct arena *parent, size_t block_bytes, size_t limit_bytes);
/* All of it lies in this memory (aligned to 16, of the caller's), and there is never more. For what several processes see. */
void arena_init_at(struct arena *a, void *memory, size_t bytes);
/* As arena_init_at, over address space of its own: pages come as they are touched, and stay. For scratch that must neither
 * call malloc nor the kernel in work. 0 or -1. */
NODISCARD int arena_reserve(struct arena *a, size_t bytes);
/* Nothing more is handed out: what others may read by now stays as it is. */
void arena_seal(struct arena *a);
/* Was p handed out by an arena made with arena_init_at? (or by one whose parent it is) */
bool arena_holds(const struct arena *a, const void *p);
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
