/* hosts: what is remembered of addresses beyond a flow; private to match/ (life: match_hosts_new in match.h). */
#ifndef ENGINE_MATCH_HOSTS_H
#define ENGINE_MATCH_HOSTS_H

#include "base/ip.h"
#include "engine/match/learned.h"
#include "engine/match/match.h"

enum host_kind { HOST_XBIT, HOST_BIT, HOST_THRESHOLD, HOST_RATE };

/* name: of the bit (hosts_name), or gid << 32 | sid; addresses that do not count are all zero. */
struct host_key {
    uint64_t name;
    struct ip first, second;
    uint8_t kind;
};

struct host_state {
    int64_t since_us;
    int64_t
        until_us; /* bits: when it expires; rate_filter: since when the new action holds, 0: it does not */
    uint32_t count, next;
};

uint64_t hosts_name(const struct match_hosts *h, const char *name);
/* The callback sees the state under the shard's lock. A state that is not there is made all zero when `make`; otherwise the
 * callback is not called. False: it was not there, or hosts is NULL. The callback returns false to remove the state. */
typedef bool (*host_fn)(struct host_state *state, void *arg);
bool hosts_visit(struct match_hosts *h, const struct host_key *key, bool make, host_fn fn,
                 void *arg);
/* Changes made to a data set while running: 1 added, 0 taken away, -1 nothing known. */
int hosts_dataset_get(struct match_hosts *h, const char *set, struct str value);
/* The same at the end, when nobody has a turn. */
int hosts_dataset_peek(struct match_hosts *h, const char *set, struct str value);
/* limit: as learned_put. False: there was no room, or hosts is NULL. */
bool hosts_dataset_put(struct match_hosts *h, const struct rule_dataset_decl *set, struct str value,
                       bool there);
/* What the changes have added; without waiting for a turn. hosts may be NULL. */
int hosts_dataset_walk(struct match_hosts *h, const char *set, learned_fn fn, void *owner);

#endif
