#include "engine/match/learned.h"

#include "base/arena.h"
#include "base/hash.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 65536 /* power of two; 64 MiB hold some 600,000 values: chains of ten */
#define SETS_MAX 1024 /* as many slots; a set of rules has some ten */

struct learned_value {
    struct learned_value *chain, *after;
    uint64_t set, hash;
    uint32_t len;
    bool there;
    uint8_t bytes[];
};

struct learned {
    pthread_mutex_t lock;
    uint64_t secret[2];
    struct arena memory;
    struct learned_value *buckets[BUCKETS];
    struct learned_value *first, *last;
    struct {
        uint64_t set, bytes;
    } used[SETS_MAX];
    uint32_t set_count;
};

struct learned *learned_new(void)
{
    struct learned *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    if (arena_reserve(&l->memory, LEARNED_BYTES) < 0) {
        free(l);
        return NULL;
    }
    hash_random(l->secret, sizeof l->secret);
    pthread_mutex_init(&l->lock, NULL);
    return l;
}

void learned_free(struct learned *l)
{
    if (!l)
        return;
    pthread_mutex_destroy(&l->lock);
    arena_fini(&l->memory);
    free(l);
}

/* Keyed: a stranger who chooses values cannot make one chain long. */
static uint64_t hash_value(const struct learned *l, uint64_t set, struct str value)
{
    return hash_sip(l->secret, value) ^ set;
}

static struct learned_value *find(struct learned *l, uint64_t set, uint64_t hash, struct str value)
{
    struct learned_value *v = l->buckets[hash % BUCKETS];
    while (v && !(v->hash == hash && v->set == set && str_eq(str_of(v->bytes, v->len), value)))
        v = v->chain;
    return v;
}

int learned_get(struct learned *l, uint64_t set, struct str value)
{
    uint64_t hash = hash_value(l, set, value);
    pthread_mutex_lock(&l->lock);
    const struct learned_value *v = find(l, set, hash, value);
    int known = v ? v->there : -1;
    pthread_mutex_unlock(&l->lock);
    return known;
}

/* Room for that many bytes more in the set's own limit? Takes it. */
static bool take_room(struct learned *l, uint64_t set, size_t bytes, uint64_t limit)
{
    uint32_t i = 0;
    while (i < l->set_count && l->used[i].set != set)
        i++;
    if (i == SETS_MAX || (limit && l->used[i].bytes + bytes > limit))
        return false;
    l->set_count += i == l->set_count;
    l->used[i].set = set;
    l->used[i].bytes += bytes;
    return true;
}

static struct learned_value *make(struct learned *l, uint64_t set, struct str value, uint64_t limit)
{
    size_t bytes = sizeof(struct learned_value) + value.len;
    if (value.len > LEARNED_VALUE_MAX || !take_room(l, set, bytes, limit))
        return NULL;
    struct learned_value *v = arena_alloc(&l->memory, bytes);
    if (!v)
        return NULL;
    *v = (struct learned_value){
        .set = set, .hash = hash_value(l, set, value), .len = (uint32_t)value.len};
    memcpy(v->bytes, value.p, value.len);
    struct learned_value **bucket = &l->buckets[v->hash % BUCKETS];
    v->chain = *bucket;
    *bucket = v;
    if (l->last)
        l->last->after = v;
    else
        l->first = v;
    l->last = v;
    return v;
}

bool learned_put(struct learned *l, uint64_t set, struct str value, bool there, uint64_t limit)
{
    uint64_t hash = hash_value(l, set, value);
    pthread_mutex_lock(&l->lock);
    struct learned_value *v = find(l, set, hash, value);
    if (!v)
        v = make(l, set, value, limit);
    if (v)
        v->there = there;
    pthread_mutex_unlock(&l->lock);
    return v != NULL;
}

int learned_walk(struct learned *l, uint64_t set, learned_fn fn, void *owner)
{
    int rc = 0;
    pthread_mutex_lock(&l->lock);
    for (const struct learned_value *v = l->first; v && rc == 0; v = v->after)
        if (v->set == set && v->there)
            rc = fn(owner, str_of(v->bytes, v->len));
    pthread_mutex_unlock(&l->lock);
    return rc;
}
