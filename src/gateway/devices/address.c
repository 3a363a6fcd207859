#include "gateway/devices/address.h"

#include "base/hash.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* An address that some place stands for. As many as places can be in use. */
struct address {
    struct ip ip;
    uint32_t first; /* place used last */
    uint32_t next;  /* in the bucket; or in the list of free ones */
};

struct place {
    uint32_t address; /* ADDRESS_NONE: idle */
    uint32_t before, after;
};

struct address_index {
    uint64_t secret[2];
    uint32_t bucket_mask, free_first;
    uint32_t *buckets; /* address, or ADDRESS_NONE */
    struct address *addresses;
    struct place *places;
};

struct address_index *address_index_new(uint32_t places)
{
    struct address_index *x = calloc(1, sizeof *x);
    if (!x)
        return NULL;
    uint32_t buckets = 64;
    while (buckets < places)
        buckets *= 2;
    x->bucket_mask = buckets - 1;
    x->buckets = malloc(buckets * sizeof *x->buckets);
    x->addresses = malloc(places * sizeof *x->addresses);
    x->places = malloc(places * sizeof *x->places);
    if (!x->buckets || !x->addresses || !x->places) {
        address_index_free(x);
        return NULL;
    }
    hash_random(x->secret, sizeof x->secret);
    memset(x->buckets, 0xff, buckets * sizeof *x->buckets);
    for (uint32_t i = 0; i < places; i++) {
        x->places[i].address = ADDRESS_NONE;
        x->addresses[i].next = i + 1 < places ? i + 1 : ADDRESS_NONE;
    }
    return x;
}

void address_index_free(struct address_index *x)
{
    if (!x)
        return;
    free(x->buckets);
    free(x->addresses);
    free(x->places);
    free(x);
}

static uint32_t *bucket_of(const struct address_index *x, const struct ip *ip)
{
    uint64_t hash = hash_sip(x->secret, str_of(ip->bytes, sizeof ip->bytes)) + ip->version;
    return &x->buckets[hash & x->bucket_mask];
}

static uint32_t find(const struct address_index *x, const struct ip *ip)
{
    uint32_t at = *bucket_of(x, ip);
    while (at != ADDRESS_NONE && !ip_eq(&x->addresses[at].ip, ip))
        at = x->addresses[at].next;
    return at;
}

uint32_t address_latest(const struct address_index *x, const struct ip *ip)
{
    uint32_t at = find(x, ip);
    return at == ADDRESS_NONE ? ADDRESS_NONE : x->addresses[at].first;
}

static void push_front(struct address_index *x, uint32_t place, uint32_t address)
{
    uint32_t first = x->addresses[address].first;
    x->places[place] = (struct place){address, ADDRESS_NONE, first};
    if (first != ADDRESS_NONE)
        x->places[first].before = place;
    x->addresses[address].first = place;
}

static void take_out(struct address_index *x, uint32_t place)
{
    struct place *p = &x->places[place];
    if (p->before != ADDRESS_NONE)
        x->places[p->before].after = p->after;
    else
        x->addresses[p->address].first = p->after;
    if (p->after != ADDRESS_NONE)
        x->places[p->after].before = p->before;
}

static uint32_t address_new(struct address_index *x, const struct ip *ip)
{
    uint32_t at = x->free_first;
    assert(at != ADDRESS_NONE); /* as many addresses as places, and this place was idle */
    uint32_t *bucket = bucket_of(x, ip);
    x->free_first = x->addresses[at].next;
    x->addresses[at] = (struct address){*ip, ADDRESS_NONE, *bucket};
    *bucket = at;
    return at;
}

static void address_drop(struct address_index *x, uint32_t at)
{
    uint32_t *from = bucket_of(x, &x->addresses[at].ip);
    while (*from != at)
        from = &x->addresses[*from].next;
    *from = x->addresses[at].next;
    x->addresses[at].next = x->free_first;
    x->free_first = at;
}

void address_begin(struct address_index *x, uint32_t place, const struct ip *ip)
{
    assert(x->places[place].address == ADDRESS_NONE);
    uint32_t at = find(x, ip);
    push_front(x, place, at == ADDRESS_NONE ? address_new(x, ip) : at);
}

void address_again(struct address_index *x, uint32_t place)
{
    uint32_t at = x->places[place].address;
    if (x->addresses[at].first == place)
        return;
    take_out(x, place);
    push_front(x, place, at);
}

void address_end(struct address_index *x, uint32_t place)
{
    uint32_t at = x->places[place].address;
    if (at == ADDRESS_NONE)
        return;
    take_out(x, place);
    x->places[place].address = ADDRESS_NONE;
    if (x->addresses[at].first == ADDRESS_NONE)
        address_drop(x, at);
}
