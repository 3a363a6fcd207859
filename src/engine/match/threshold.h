/* threshold: how often a rule may speak; private to match/. */
#ifndef ENGINE_MATCH_THRESHOLD_H
#define ENGINE_MATCH_THRESHOLD_H

#include "engine/match/hosts.h"

enum told {
    TOLD_ALL,    /* shown and done */
    TOLD_ACTION, /* done, not shown again: a limit silences the notice, it does not open the door */
    TOLD_NOTHING, /* neither: the threshold is not reached */
};

/* One more hit at now_us. */
enum told threshold_step(const struct rule_threshold *t, struct host_state *s, int64_t now_us);
/* rate_filter: true while its new action holds. */
bool threshold_rate_step(const struct rule_threshold *t, struct host_state *s, int64_t now_us);

#endif
