#include "engine/expect/expect.h"

#include <stdlib.h>

struct expect_table {
    uint32_t count; /* rows in use, some of which may be too old */
    struct expectation rows[EXPECT_MAX];
};

struct expect_table *expect_new(void)
{
    return calloc(1, sizeof(struct expect_table));
}

void expect_free(struct expect_table *t)
{
    free(t);
}

static void drop(struct expect_table *t, struct expectation *row)
{
    row->port = 0;
    t->count--;
}

static bool same_pair(const struct expectation *row, const struct ip *a, const struct ip *b)
{
    return (ip_eq(&row->a, a) && ip_eq(&row->b, b)) || (ip_eq(&row->a, b) && ip_eq(&row->b, a));
}

static struct expectation *older(struct expectation *a, struct expectation *b)
{
    return !a || b->until_us < a->until_us ? b : a;
}

/* The row that the new one may have: that of the same connection, else the owner's oldest when it has enough, else a free one,
 * else the oldest of all. */
static struct expectation *place_of(struct expect_table *t, const struct expectation *e)
{
    struct expectation *free_row = NULL, *oldest = NULL, *own = NULL;
    uint32_t own_count = 0;
    for (uint32_t i = 0; i < EXPECT_MAX; i++) {
        struct expectation *row = &t->rows[i];
        if (!row->port) {
            free_row = free_row ? free_row : row;
            continue;
        }
        if (row->port == e->port && same_pair(row, &e->a, &e->b))
            return row;
        oldest = older(oldest, row);
        if (row->owner == e->owner) {
            own = older(own, row);
            own_count++;
        }
    }
    if (own_count >= EXPECT_OWNER_MAX)
        return own;
    return free_row ? free_row : oldest;
}

void expect_add(struct expect_table *t, const struct expectation *e)
{
    if (!e->port)
        return;
    struct expectation *row = place_of(t, e);
    t->count += !row->port;
    *row = *e;
}

bool expect_take(struct expect_table *t, const struct expectation *which, int64_t now_us,
                 struct expectation *out)
{
    if (!t->count)
        return false;
    for (uint32_t i = 0; i < EXPECT_MAX; i++) {
        struct expectation *row = &t->rows[i];
        if (!row->port)
            continue;
        if (row->until_us < now_us) {
            drop(t, row);
        } else if (row->port == which->port && same_pair(row, &which->a, &which->b)) {
            *out = *row;
            drop(t, row);
            return true;
        }
    }
    return false;
}
