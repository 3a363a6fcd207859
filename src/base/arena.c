#include "base/arena.h"

#include "base/poison.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define ARENA_ALIGN 16
#define ARENA_BLOCK_BYTES (64u * 1024)

struct arena_block {
    struct arena_block *next;
    size_t cap;
    size_t used;
    size_t pad; /* keeps bytes[] aligned to 16 */
    uint8_t bytes[];
};

_Static_assert(sizeof(struct arena_block) % ARENA_ALIGN == 0, "what is handed out is aligned");

void arena_init(struct arena *a, size_t block_bytes, size_t limit_bytes)
{
    *a = (struct arena){
        .limit_bytes = limit_bytes,
        .block_bytes = block_bytes ? block_bytes : ARENA_BLOCK_BYTES,
    };
}

void arena_init_in(struct arena *a, struct arena *parent, size_t block_bytes, size_t limit_bytes)
{
    arena_init(a, block_bytes, limit_bytes);
    a->parent = parent;
}

void arena_init_at(struct arena *a, void *memory, size_t bytes)
{
    struct arena_block *b = memory;
    arena_init(a, 0, 0);
    a->fixed = memory;
    if (bytes < sizeof *b)
        return;
    *b = (struct arena_block){.cap = bytes - sizeof *b};
    a->first = a->current = b;
}

int arena_reserve(struct arena *a, size_t bytes)
{
    *a = (struct arena){0};
    void *region = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (region == MAP_FAILED)
        return -1;
    arena_init_at(a, region, bytes);
    a->region_bytes = bytes;
    poison(a->first->bytes, a->first->cap);
    return 0;
}

void arena_seal(struct arena *a)
{
    a->limit_bytes = a->used_bytes ? a->used_bytes : 1;
}

bool arena_holds(const struct arena *a, const void *p)
{
    const struct arena_block *b = a->first;
    uintptr_t at = (uintptr_t)p;
    return a->fixed && b && at >= (uintptr_t)b->bytes && at - (uintptr_t)b->bytes < b->cap;
}

void arena_fini(struct arena *a)
{
    for (struct arena_block *b = a->first; b && !a->parent && !a->fixed;) {
        struct arena_block *next = b->next;
        poison_lift(b->bytes, b->cap);
        free(b);
        b = next;
    }
    if (a->region_bytes) {
        poison_lift(a->fixed, a->region_bytes);
        munmap(a->fixed, a->region_bytes);
    }
    a->fixed = NULL;
    a->region_bytes = 0;
    a->first = a->current = NULL;
    a->used_bytes = 0;
}

void arena_reset(struct arena *a)
{
    for (struct arena_block *b = a->first; b; b = b->next) {
        poison(b->bytes, b->used);
        b->used = 0;
    }
    a->current = a->first;
    a->used_bytes = 0;
}

static struct arena_block *block_new(struct arena *a, size_t cap)
{
    struct arena_block *b = NULL;
    if (a->parent)
        b = arena_alloc(a->parent, sizeof *b + cap);
    else if (!a->fixed)
        b = malloc(sizeof *b + cap);
    if (!b)
        return NULL;
    b->next = NULL;
    b->cap = cap;
    b->used = 0;
    poison(b->bytes, cap);
    return b;
}

/* The next block with room, or a new one put in after the current one. Blocks that are skipped because a large piece did
 * not fit come into use again after the next reset. */
static struct arena_block *block_with_room(struct arena *a, size_t bytes)
{
    struct arena_block *b = a->current;
    while (b && b->next && b->next->used == 0) {
        b = b->next;
        if (b->cap >= bytes) {
            a->current = b;
            return b;
        }
    }
    struct arena_block *fresh = block_new(a, bytes > a->block_bytes ? bytes : a->block_bytes);
    if (!fresh)
        return NULL;
    if (b) {
        fresh->next = b->next;
        b->next = fresh;
    } else {
        fresh->next = a->first;
        a->first = fresh;
    }
    a->current = fresh;
    return fresh;
}

void *arena_alloc(struct arena *a, size_t bytes)
{
    if (bytes > SIZE_MAX / 2)
        return NULL;
    size_t rounded = (bytes + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
    if (rounded == 0)
        rounded = ARENA_ALIGN;
    if (a->limit_bytes && (rounded > a->limit_bytes || a->used_bytes > a->limit_bytes - rounded))
        return NULL;
    struct arena_block *b = a->current;
    if (!b || b->cap - b->used < rounded) {
        b = block_with_room(a, rounded);
        if (!b)
            return NULL;
    }
    void *p = b->bytes + b->used;
    b->used += rounded;
    a->used_bytes += rounded;
    poison_lift(p, bytes);
    return p;
}

void *arena_zalloc(struct arena *a, size_t bytes)
{
    void *p = arena_alloc(a, bytes);
    if (p)
        memset(p, 0, bytes);
    return p;
}

struct str arena_copy(struct arena *a, struct str s)
{
    uint8_t *p = s.len < SIZE_MAX / 2 ? arena_alloc(a, s.len + 1) : NULL;
    if (!p)
        return STR_EMPTY;
    if (s.len)
        memcpy(p, s.p, s.len);
    p[s.len] = 0;
    return (struct str){p, s.len};
}

char *arena_printf(struct arena *a, const char *format, ...)
{
    va_list args;
    va_list again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *p = len < 0 ? NULL : arena_alloc(a, (size_t)len + 1);
    if (p)
        vsnprintf(p, (size_t)len + 1, format, again);
    va_end(again);
    return p;
}
