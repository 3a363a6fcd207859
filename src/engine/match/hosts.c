/* A fixed number of entries in SHARDS tables, each with its lock, its chains and its list by age: the entry touched longest
 * ago makes room. Keys are hashed with a secret, so that nobody can aim at one shard or chain; an attacker who sends from
 * many addresses can only push out what is older than his flood. */
#include "engine/match/hosts.h"

#include "base/hash.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SHARDS 16
#define NONE UINT32_MAX

struct entry {
    struct host_key key;
    struct host_state state;
    uint32_t chain;        /* next with the same bucket */
    uint32_t older, newer; /* by age */
    uint32_t bucket;
};

struct shard {
    pthread_mutex_t lock;
    struct entry *entries;
    uint32_t *buckets; /* power of two */
    uint32_t bucket_mask;
    uint32_t cap, cut; /* entries [0, cut) were handed out */
    uint32_t free_first;
    uint32_t oldest, newest;
};

struct match_hosts {
    uint64_t secret[2];
    struct shard shards[SHARDS];
    struct learned *learned;
    match_turn_fn turn; /* or NULL */
    void *turn_owner;
};

static int shard_init(struct shard *s, uint32_t cap)
{
    uint32_t buckets = 16;
    while (buckets < cap)
        buckets *= 2;
    s->cap = cap;
    s->free_first = s->oldest = s->newest = NONE;
    s->bucket_mask = buckets - 1;
    s->entries = calloc(cap, sizeof *s->entries);
    s->buckets = malloc(buckets * sizeof *s->buckets);
    pthread_mutex_init(&s->lock, NULL);
    if (!s->entries || !s->buckets)
        return -1;
    memset(s->buckets, 0xff, buckets * sizeof *s->buckets);
    return 0;
}

struct match_hosts *match_hosts_new(uint32_t max_hosts)
{
    struct match_hosts *h = calloc(1, sizeof *h);
    if (!h)
        return NULL;
    hash_random(h->secret, sizeof h->secret);
    uint32_t each = max_hosts / SHARDS + 1;
    int rc = (h->learned = learned_new()) ? 0 : -1;
    for (int i = 0; i < SHARDS; i++)
        rc |= shard_init(&h->shards[i], each);
    if (rc == 0)
        return h;
    match_hosts_free(h);
    return NULL;
}

void match_hosts_free(struct match_hosts *h)
{
    if (!h)
        return;
    for (int i = 0; i < SHARDS; i++) {
        pthread_mutex_destroy(&h->shards[i].lock);
        free(h->shards[i].entries);
        free(h->shards[i].buckets);
    }
    learned_free(h->learned);
    free(h);
}

void match_hosts_order(struct match_hosts *hosts, match_turn_fn turn, void *owner)
{
    hosts->turn = turn;
    hosts->turn_owner = owner;
}

uint64_t hosts_name(const struct match_hosts *h, const char *name)
{
    return hash_sip(h->secret, str_c(name));
}

static uint64_t hash_key(const struct match_hosts *h, const struct host_key *key)
{
    uint8_t flat[8 + 17 + 17 + 1];
    memcpy(flat, &key->name, 8);
    flat[8] = key->first.version;
    memcpy(flat + 9, key->first.bytes, 16);
    flat[25] = key->second.version;
    memcpy(flat + 26, key->second.bytes, 16);
    flat[42] = key->kind;
    return hash_sip(h->secret, str_of(flat, sizeof flat));
}

static bool same_key(const struct host_key *a, const struct host_key *b)
{
    return a->name == b->name && a->kind == b->kind && ip_eq(&a->first, &b->first) &&
           ip_eq(&a->second, &b->second);
}

static void age_out(struct shard *s, uint32_t i)
{
    struct entry *e = &s->entries[i];
    if (e->older != NONE)
        s->entries[e->older].newer = e->newer;
    else
        s->oldest = e->newer;
    if (e->newer != NONE)
        s->entries[e->newer].older = e->older;
    else
        s->newest = e->older;
}

static void age_in(struct shard *s, uint32_t i)
{
    struct entry *e = &s->entries[i];
    e->newer = NONE;
    e->older = s->newest;
    if (s->newest != NONE)
        s->entries[s->newest].newer = i;
    else
        s->oldest = i;
    s->newest = i;
}

static void unchain(struct shard *s, uint32_t i)
{
    uint32_t *at = &s->buckets[s->entries[i].bucket];
    while (*at != i)
        at = &s->entries[*at].chain;
    *at = s->entries[i].chain;
}

static void entry_remove(struct shard *s, uint32_t i)
{
    unchain(s, i);
    age_out(s, i);
    s->entries[i].chain = s->free_first;
    s->free_first = i;
}

static uint32_t entry_find(const struct shard *s, const struct host_key *key, uint32_t bucket)
{
    uint32_t i = s->buckets[bucket];
    while (i != NONE && !same_key(&s->entries[i].key, key))
        i = s->entries[i].chain;
    return i;
}

static uint32_t entry_make(struct shard *s, const struct host_key *key, uint32_t bucket)
{
    if (s->free_first == NONE && s->cut == s->cap)
        entry_remove(s, s->oldest);
    uint32_t i = s->free_first;
    if (i != NONE)
        s->free_first = s->entries[i].chain;
    else
        i = s->cut++;
    s->entries[i] = (struct entry){.key = *key, .chain = s->buckets[bucket], .bucket = bucket};
    s->buckets[bucket] = i;
    age_in(s, i);
    return i;
}

bool hosts_visit(struct match_hosts *h, const struct host_key *key, bool make, host_fn fn,
                 void *arg)
{
    if (!h)
        return false;
    uint64_t hash = hash_key(h, key);
    struct shard *s = &h->shards[hash % SHARDS];
    uint32_t bucket = (uint32_t)(hash / SHARDS) & s->bucket_mask;
    if (h->turn)
        h->turn(h->turn_owner, &key->first, &key->second);
    pthread_mutex_lock(&s->lock);
    uint32_t i = entry_find(s, key, bucket);
    if (i == NONE && make)
        i = entry_make(s, key, bucket);
    if (i != NONE) {
        age_out(s, i);
        age_in(s, i);
        if (!fn(&s->entries[i].state, arg))
            entry_remove(s, i);
    }
    pthread_mutex_unlock(&s->lock);
    return i != NONE;
}

static void await_turn(struct match_hosts *h)
{
    static const struct ip none = {0};
    if (h->turn)
        h->turn(h->turn_owner, &none, &none);
}

int hosts_dataset_peek(struct match_hosts *h, const char *set, struct str value)
{
    return h ? learned_get(h->learned, hosts_name(h, set), value) : -1;
}

int hosts_dataset_get(struct match_hosts *h, const char *set, struct str value)
{
    if (h)
        await_turn(h);
    return hosts_dataset_peek(h, set, value);
}

bool hosts_dataset_put(struct match_hosts *h, const struct rule_dataset_decl *set, struct str value,
                       bool there)
{
    if (!h)
        return false;
    await_turn(h);
    return learned_put(h->learned, hosts_name(h, set->name), value, there, set->memcap);
}

int hosts_dataset_walk(struct match_hosts *h, const char *set, learned_fn fn, void *owner)
{
    return h ? learned_walk(h->learned, hosts_name(h, set), fn, owner) : 0;
}
