#include "base/hash.h"
#include "center/core/inner.h"

void limiter_init(struct limiter *l, uint32_t per_address, uint32_t in_all)
{
    memset(l, 0, sizeof *l);
    pthread_mutex_init(&l->lock, NULL);
    hash_random(l->secret, sizeof l->secret);
    l->per_address = per_address;
    l->in_all = in_all;
}

void limiter_fini(struct limiter *l)
{
    pthread_mutex_destroy(&l->lock);
}

/* The address's slot, emptied when its window is over. A fixed table: an attacker with many addresses can only make
 * strangers in his slots wait, never grow it. The lock is held. */
static size_t slot_of(struct limiter *l, struct str address, int64_t now_us)
{
    uint64_t hash = hash_sip(l->secret, address);
    size_t at = hash % LIMITER_ADDRESSES;
    if (now_us - l->slots[at].since_us >= LIMITER_WINDOW_US) {
        l->slots[at].count = 0;
        l->slots[at].since_us = now_us;
    }
    if (now_us - l->all_since_us >= LIMITER_WINDOW_US) {
        l->all_count = 0;
        l->all_since_us = now_us;
    }
    return at;
}

bool limiter_allows(struct limiter *l, struct str address, int64_t now_us)
{
    pthread_mutex_lock(&l->lock);
    size_t at = slot_of(l, address, now_us);
    bool allowed = l->slots[at].count < l->per_address && l->all_count < l->in_all;
    pthread_mutex_unlock(&l->lock);
    return allowed;
}

void limiter_wrong(struct limiter *l, struct str address, int64_t now_us)
{
    pthread_mutex_lock(&l->lock);
    size_t at = slot_of(l, address, now_us);
    l->slots[at].count++;
    l->all_count++;
    pthread_mutex_unlock(&l->lock);
}
