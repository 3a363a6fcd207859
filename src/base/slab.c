/* Classes: 32, 48, 64, 96, 128 ... 1 MiB; at most a third of a block is wasted.
 *
 * What an attacker may try: fill the region with small blocks, let them go, and so leave nothing for large ones. Then
 * requests for large blocks are refused and counted; their owners pass the flow. The other way round (all cut into large
 * blocks) a free larger block is split. Blocks are not joined again: that would need a header on each block.
 */
#include "base/slab.h"

#include "base/poison.h"

#include <assert.h>
#include <string.h>
#include <sys/mman.h>

#define BLOCK_MIN 32u
#define FIRST_BYTES 64u /* of a block that grows */
#define CLASS_COUNT 31  /* 2^5 .. 2^20 and the 15 halves between */

_Static_assert(CLASS_COUNT <= SLAB_CLASSES, "every class has a list");

struct slab_free {
    struct slab_free *next;
};

/* bytes <= SLAB_BLOCK_MAX. n = bytes - 1 lies in [2^h, 2^(h+1)): in the lower half of that, 1.5 * 2^h is enough. */
static inline unsigned class_of(size_t bytes)
{
    if (bytes <= BLOCK_MIN)
        return 0;
    unsigned n = (unsigned)bytes - 1;
    unsigned high = 31u - (unsigned)__builtin_clz(n);
    return 2 * (high - 5) + 1 + (n >> (high - 1) & 1);
}

static inline size_t class_bytes(unsigned class)
{
    return (size_t)(class & 1 ? 48 : 32) << (class >> 1);
}

size_t slab_block_bytes(size_t bytes)
{
    return bytes > SLAB_BLOCK_MAX ? 0 : class_bytes(class_of(bytes));
}

int slab_init(struct slab *s, size_t region_bytes)
{
    memset(s, 0, sizeof *s);
    void *region = mmap(NULL, region_bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (region == MAP_FAILED)
        return -1;
    s->region = region;
    s->region_bytes = region_bytes;
    poison(region, region_bytes);
    return 0;
}

void slab_fini(struct slab *s)
{
    if (!s->region)
        return;
    poison_lift(s->region, s->region_bytes);
    munmap(s->region, s->region_bytes);
    memset(s, 0, sizeof *s);
}

static inline void push(struct slab *s, unsigned class, void *p)
{
    struct slab_free *block = p;
    poison_lift(block, sizeof *block);
    block->next = s->classes[class];
    s->classes[class] = block;
    poison(p, class_bytes(class));
}

static inline void *pop(struct slab *s, unsigned class)
{
    struct slab_free *block = s->classes[class];
    if (block) {
        poison_lift(block, class_bytes(class));
        s->classes[class] = block->next;
    }
    return block;
}

/* The largest class that fits into `bytes` >= BLOCK_MIN. */
static unsigned class_within(size_t bytes)
{
    unsigned class = class_of(bytes);
    return class_bytes(class) > bytes ? class - 1 : class;
}

/* Gives the bytes [p, p + bytes) to the lists, largest pieces first: every piece is at least half of what is left. */
static void push_rest(struct slab *s, uint8_t *p, size_t bytes)
{
    while (bytes >= BLOCK_MIN) {
        unsigned class = class_within(bytes);
        push(s, class, p);
        p += class_bytes(class);
        bytes -= class_bytes(class);
    }
}

/* The region is used up: cut a free block of a larger class. The two classes just above are left alone, since a rest below
 * BLOCK_MIN would be lost. */
static void *split_larger(struct slab *s, unsigned class)
{
    for (unsigned larger = class + 2; larger < CLASS_COUNT; larger++) {
        uint8_t *p = pop(s, larger);
        if (p) {
            size_t bytes = class_bytes(class);
            push_rest(s, p + bytes, class_bytes(larger) - bytes);
            return p;
        }
    }
    return NULL;
}

static void *cut(struct slab *s, unsigned class)
{
    size_t bytes = class_bytes(class);
    if (s->region_bytes - s->cut_bytes < bytes)
        return split_larger(s, class);
    void *p = s->region + s->cut_bytes;
    s->cut_bytes += bytes;
    poison_lift(p, bytes);
    return p;
}

void *slab_alloc(struct slab *s, size_t bytes)
{
    if (bytes > SLAB_BLOCK_MAX) {
        s->refused++;
        return NULL;
    }
    unsigned class = class_of(bytes);
    void *p = pop(s, class);
    if (!p)
        p = cut(s, class);
    if (!p) {
        s->refused++;
        return NULL;
    }
    s->used_bytes += class_bytes(class);
    return p;
}

void slab_give(struct slab *s, void *p, size_t bytes)
{
    if (!p)
        return;
    unsigned class = class_of(bytes);
    assert((uint8_t *)p >= s->region && (uint8_t *)p < s->region + s->cut_bytes);
    assert(s->used_bytes >= class_bytes(class));
    s->used_bytes -= class_bytes(class);
    push(s, class, p);
}

void *budget_alloc(struct budget *b, size_t bytes)
{
    size_t block = slab_block_bytes(bytes);
    if (block == 0 || b->used_bytes > b->limit_bytes || block > b->limit_bytes - b->used_bytes)
        return NULL;
    void *p = slab_alloc(b->slab, bytes);
    if (p)
        b->used_bytes += (uint32_t)block;
    return p;
}

void *budget_zalloc(struct budget *b, size_t bytes)
{
    void *p = budget_alloc(b, bytes);
    if (p)
        memset(p, 0, bytes);
    return p;
}

void budget_give(struct budget *b, void *p, size_t bytes)
{
    if (!p)
        return;
    size_t block = slab_block_bytes(bytes);
    assert(b->used_bytes >= block);
    b->used_bytes -= (uint32_t)block;
    slab_give(b->slab, p, bytes);
}

void *budget_resize(struct budget *b, void *p, size_t old_bytes, size_t new_bytes)
{
    if (!p)
        return budget_alloc(b, new_bytes);
    if (new_bytes > SLAB_BLOCK_MAX)
        return NULL;
    if (slab_block_bytes(old_bytes) == slab_block_bytes(new_bytes))
        return p;
    void *fresh = budget_alloc(b, new_bytes);
    if (!fresh)
        return NULL;
    memcpy(fresh, p, old_bytes < new_bytes ? old_bytes : new_bytes);
    budget_give(b, p, old_bytes);
    return fresh;
}

bool budget_grow(struct budget *b, void *block, uint32_t *cap, uint32_t need, size_t thing_bytes)
{
    void *now;
    if (need <= *cap)
        return true;
    size_t things = FIRST_BYTES / thing_bytes;
    if (things < 2 * (size_t)*cap)
        things = 2 * (size_t)*cap;
    if (things < need)
        things = need;
    if (things > SLAB_BLOCK_MAX / thing_bytes)
        return false;
    memcpy(&now, block, sizeof now);
    void *moved = budget_resize(b, now, *cap * thing_bytes, things * thing_bytes);
    if (!moved)
        return false;
    memcpy(block, &moved, sizeof moved);
    *cap = (uint32_t)things;
    return true;
}
