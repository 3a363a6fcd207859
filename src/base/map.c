#include "base/map.h"

#include "base/hash.h"

#include <stdlib.h>

#define MAP_FIRST_SLOTS 16

void map_init(struct map *m, size_t limit_count)
{
    *m = (struct map){.limit_count = limit_count};
    hash_random(m->secret, sizeof m->secret);
}

int map_init_in(struct map *m, struct arena *memory, size_t expected)
{
    map_init(m, 0);
    m->memory = memory;
    size_t cap = MAP_FIRST_SLOTS;
    while (cap - cap / 4 < expected && cap < SIZE_MAX / 2 / sizeof *m->slots)
        cap *= 2;
    m->slots = arena_zalloc(memory, cap * sizeof *m->slots);
    m->cap = m->slots ? cap : 0;
    return m->slots ? 0 : -1;
}

static void slots_free(const struct map *m, struct map_slot *slots)
{
    if (!m->memory)
        free(slots);
}

void map_fini(struct map *m)
{
    slots_free(m, m->slots);
    m->slots = NULL;
    m->cap = m->count = 0;
}

/* The slot that holds the key, or the empty one where it would go. There is always an empty one: the table is never
 * more than three quarters full. */
static size_t slot_of(const struct map *m, struct str key, uint64_t hash)
{
    size_t at = hash & (m->cap - 1);
    while (m->slots[at].value && (m->slots[at].hash != hash || !str_eq(m->slots[at].key, key)))
        at = (at + 1) & (m->cap - 1);
    return at;
}

static int grow(struct map *m)
{
    size_t cap = m->cap ? m->cap * 2 : MAP_FIRST_SLOTS;
    struct map_slot *slots =
        m->memory ? arena_zalloc(m->memory, cap * sizeof *slots) : calloc(cap, sizeof *slots);
    if (!slots)
        return -1;
    struct map_slot *old = m->slots;
    size_t old_cap = m->cap;
    m->slots = slots;
    m->cap = cap;
    for (size_t i = 0; i < old_cap; i++)
        if (old[i].value)
            m->slots[slot_of(m, old[i].key, old[i].hash)] = old[i];
    slots_free(m, old);
    return 0;
}

void *map_get(const struct map *m, struct str key)
{
    if (m->count == 0)
        return NULL;
    return m->slots[slot_of(m, key, hash_sip(m->secret, key))].value;
}

int map_put(struct map *m, struct str key, void *value)
{
    uint64_t hash = hash_sip(m->secret, key);
    if (m->cap) {
        struct map_slot *slot = &m->slots[slot_of(m, key, hash)];
        if (slot->value) {
            *slot = (struct map_slot){key, value, hash};
            return 0;
        }
    }
    if (m->limit_count && m->count >= m->limit_count)
        return -1;
    if (m->count + 1 > m->cap - m->cap / 4 && grow(m) < 0)
        return -1;
    m->slots[slot_of(m, key, hash)] = (struct map_slot){key, value, hash};
    m->count++;
    return 0;
}

void *map_remove(struct map *m, struct str key)
{
    if (m->count == 0)
        return NULL;
    size_t hole = slot_of(m, key, hash_sip(m->secret, key));
    void *value = m->slots[hole].value;
    if (!value)
        return NULL;
    /* What follows in the same run moves up into the hole, if the hole lies on its way from home. No tombstones, so
     * lookups stay short however often entries come and go. */
    for (size_t at = (hole + 1) & (m->cap - 1); m->slots[at].value; at = (at + 1) & (m->cap - 1)) {
        size_t home = m->slots[at].hash & (m->cap - 1);
        size_t from_home = (at - home) & (m->cap - 1);
        size_t from_hole = (at - hole) & (m->cap - 1);
        if (from_home >= from_hole) {
            m->slots[hole] = m->slots[at];
            hole = at;
        }
    }
    m->slots[hole] = (struct map_slot){0};
    m->count--;
    return value;
}

const struct map_slot *map_next(const struct map *m, size_t *at)
{
    while (*at < m->cap) {
        const struct map_slot *slot = &m->slots[(*at)++];
        if (slot->value)
            return slot;
    }
    return NULL;
}
