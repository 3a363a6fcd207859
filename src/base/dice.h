/* dice: random numbers for tests, from a seed that is printed, so that a failure can be played again:
 *   TEST_SEED=1234 build/base_map_test
 */
#ifndef BASE_DICE_H
#define BASE_DICE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct dice {
    uint64_t state;
};

static inline struct dice dice_new(const char *test)
{
    const char *given = getenv("TEST_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    fprintf(stderr, "# %s: TEST_SEED=%llu\n", test, (unsigned long long)seed);
    return (struct dice){seed};
}

/* splitmix64 (Steele, Lea, Flood 2014) */
static inline uint64_t dice_u64(struct dice *d)
{
    uint64_t z = d->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* 0 .. below - 1 */
static inline uint32_t dice_below(struct dice *d, uint32_t below)
{
    return (uint32_t)(dice_u64(d) % below);
}

#endif
