/* learned: what rules added to data sets, and took away, while running; private to match/ (it belongs to match_hosts and outlives
 * the images). A value is kept whole, so that it can be written to a file.
 *
 * Memory:  address space of LEARNED_BYTES, reserved at start, touched as values come; nothing is given back before the end.
 * Limits:  LEARNED_BYTES for all sets, the set's memcap for one, LEARNED_VALUE_MAX for a value. An attacker whose every request brings
 *          a new value fills it: then nothing more is learned (a rule that adds does not hold any more), and it is counted. Nothing
 *          that is known is forgotten for that.
 * Threads: one lock; only rules whose other conditions held come here.
 */
#ifndef ENGINE_MATCH_LEARNED_H
#define ENGINE_MATCH_LEARNED_H

#include "base/attr.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

#define LEARNED_BYTES ((size_t)64 << 20)
#define LEARNED_VALUE_MAX 60000

struct learned;

NODISCARD struct learned *learned_new(void);
void learned_free(struct learned *l);
/* 1 added, 0 taken away, -1 nothing known. */
int learned_get(struct learned *l, uint64_t set, struct str value);
/* limit: bytes of all values of the set that are kept here; 0: none of its own. False: no room. */
bool learned_put(struct learned *l, uint64_t set, struct str value, bool there, uint64_t limit);
/* The values that are there, oldest first; none is added meanwhile by this thread. `value` is good until learned_free. */
typedef int (*learned_fn)(void *owner, struct str value);
/* 0, or what fn returned when it was not 0. */
int learned_walk(struct learned *l, uint64_t set, learned_fn fn, void *owner);

#endif
