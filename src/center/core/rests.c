/* Wrong passwords at one login name: after some the name rests. It makes no difference whether there is such a login: who asks
 * from outside must not learn which names exist, neither by the answer nor by the time it takes. That is why this is
 * memory and not a column of the user's row. */
#include "base/hash.h"
#include "center/core/inner.h"

/* After so many wrong passwords a login rests: one minute, doubling, at most 15. Whoever knows a login name can make it
 * rest; that is why it is minutes and not for ever. */
#define FAILURES_FREE 5
#define REST_US (INT64_C(60) * 1000000)
#define REST_MAX_US (INT64_C(900) * 1000000)

void rests_init(struct rests *r)
{
    memset(r, 0, sizeof *r);
    pthread_mutex_init(&r->lock, NULL);
    hash_random(r->secret, sizeof r->secret);
}

void rests_fini(struct rests *r)
{
    pthread_mutex_destroy(&r->lock);
}

static uint64_t key_of(const struct rests *r, struct str login)
{
    uint64_t key = hash_sip(r->secret, login);
    return key ? key : 1;
}

/* The lock is held. */
static struct rest *find(struct rests *r, uint64_t key)
{
    for (size_t i = 0; i < RESTS_MAX; i++)
        if (r->rows[i].key == key)
            return &r->rows[i];
    return NULL;
}

/* A free row, or the one that was wrong longest ago. The lock is held. */
static struct rest *make_room(struct rests *r)
{
    struct rest *oldest = &r->rows[0];
    for (size_t i = 0; i < RESTS_MAX && oldest->key; i++)
        if (!r->rows[i].key || r->rows[i].last_us < oldest->last_us)
            oldest = &r->rows[i];
    return oldest;
}

bool rests_allows(struct rests *r, struct str login, int64_t now_us)
{
    pthread_mutex_lock(&r->lock);
    const struct rest *row = find(r, key_of(r, login));
    bool allowed = !row || row->until_us <= now_us;
    pthread_mutex_unlock(&r->lock);
    return allowed;
}

static int64_t rest_of(uint32_t failures)
{
    if (failures < FAILURES_FREE)
        return 0;
    int64_t rest_us =
        failures - FAILURES_FREE > 4 ? REST_MAX_US : REST_US << (failures - FAILURES_FREE);
    return rest_us > REST_MAX_US ? REST_MAX_US : rest_us;
}

void rests_wrong(struct rests *r, struct str login, int64_t now_us)
{
    pthread_mutex_lock(&r->lock);
    uint64_t key = key_of(r, login);
    struct rest *row = find(r, key);
    if (!row) {
        row = make_room(r);
        *row = (struct rest){.key = key};
    }
    row->failures += row->failures < UINT32_MAX;
    row->last_us = now_us;
    row->until_us = now_us + rest_of(row->failures);
    pthread_mutex_unlock(&r->lock);
}

void rests_forget(struct rests *r, struct str login)
{
    pthread_mutex_lock(&r->lock);
    struct rest *row = find(r, key_of(r, login));
    if (row)
        *row = (struct rest){0};
    pthread_mutex_unlock(&r->lock);
}
