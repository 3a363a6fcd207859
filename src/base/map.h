/* map: bytes -> pointer, open addressing, keyed hash (a stranger who chooses keys cannot make it slow).
 *
 * For tables built at start and for the daemons' own bookkeeping; grows by malloc, or in an arena. Keys are borrowed: they must live as
 * long as the entry (put them into an arena). limit_count 0: none; beyond it map_put gives -1.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/str.h"

struct map_slot {
    struct str key;
    void *value;
    uint64_t hash;
};

struct map {
    struct map_slot *slots;
    size_t cap; /* power of two */
    size_t count;
    size_t limit_count;
    uint64_t secret[2];
    struct arena *memory; /* map_init_in's, or NULL: the heap */
};

void map_init(struct map *m, size_t limit_count);
/* Its slots lie in an arena; with room for `expected` entries at once (what it grows out of stays in the arena). -1: no memory. */
NODISCARD int map_init_in(struct map *m, struct arena *memory, size_t expected);
void map_fini(struct map *m);
/* NULL when absent. */
void *map_get(const struct map *m, struct str key);
/* Puts or replaces; value is not NULL. 0, or -1 when memory is out or the limit is reached. */
NODISCARD int map_put(struct map *m, struct str key, void *value);
/* The value that was there, or NULL. */
void *map_remove(struct map *m, struct str key);
/* Walks in no particular order: start with *at = 0; NULL at the end. No put or remove meanwhile. */
const struct map_slot *map_next(const struct map *m, size_t *at);

#endif
