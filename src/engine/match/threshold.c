/* Thresholds (Suricata user guide, "Thresholding Keywords" and "Global-Thresholds"). The state of each is one small struct,
 * by address in match_hosts or by flow; what a kind does with it is a function of state, rule and time alone. */
#include "engine/match/threshold.h"

#define US_PER_S INT64_C(1000000)

static bool is_over(const struct rule_threshold *t, const struct host_state *s, int64_t now_us)
{
    return s->since_us == 0 || now_us < s->since_us ||
           now_us - s->since_us >= (int64_t)t->seconds * US_PER_S;
}

/* Counts this one; begins a new period when the old one is over. */
static void count_in(const struct rule_threshold *t, struct host_state *s, int64_t now_us)
{
    if (is_over(t, s, now_us)) {
        s->since_us = now_us;
        s->count = 0;
    }
    if (s->count < UINT32_MAX)
        s->count++;
}

static enum told by_limit(const struct rule_threshold *t, struct host_state *s, int64_t now_us)
{
    count_in(t, s, now_us);
    return s->count <= t->count ? TOLD_ALL : TOLD_ACTION;
}

static enum told by_threshold(const struct rule_threshold *t, struct host_state *s, int64_t now_us)
{
    count_in(t, s, now_us);
    if (s->count < t->count)
        return TOLD_NOTHING;
    s->count = 0;
    s->since_us = now_us;
    return TOLD_ALL;
}

static enum told by_both(const struct rule_threshold *t, struct host_state *s, int64_t now_us)
{
    count_in(t, s, now_us);
    return s->count == t->count ? TOLD_ALL : s->count > t->count ? TOLD_ACTION : TOLD_NOTHING;
}

/* At the count-th, then each time the count has grown by the multiplier. */
static enum told by_backoff(const struct rule_threshold *t, struct host_state *s, int64_t now_us)
{
    if (s->next == 0)
        s->next = t->count ? t->count : 1;
    if (s->count < UINT32_MAX)
        s->count++;
    if (s->count != s->next)
        return TOLD_ACTION;
    uint32_t factor = t->multiplier > 1 ? t->multiplier : 2;
    if (__builtin_mul_overflow(s->next, factor, &s->next))
        s->next = UINT32_MAX;
    return TOLD_ALL;
}

static enum told by_detection_filter(const struct rule_threshold *t, struct host_state *s,
                                     int64_t now_us)
{
    count_in(t, s, now_us);
    return s->count > t->count ? TOLD_ALL : TOLD_NOTHING;
}

enum told threshold_step(const struct rule_threshold *t, struct host_state *s, int64_t now_us)
{
    switch (t->kind) {
    case RULE_THRESHOLD_LIMIT: return by_limit(t, s, now_us);
    case RULE_THRESHOLD_THRESHOLD: return by_threshold(t, s, now_us);
    case RULE_THRESHOLD_BOTH: return by_both(t, s, now_us);
    case RULE_THRESHOLD_BACKOFF: return by_backoff(t, s, now_us);
    case RULE_DETECTION_FILTER: return by_detection_filter(t, s, now_us);
    case RULE_RATE_FILTER:
    case RULE_SUPPRESS:
    case RULE_THRESHOLD_NONE: break;
    }
    return TOLD_ALL;
}

bool threshold_rate_step(const struct rule_threshold *t, struct host_state *s, int64_t now_us)
{
    if (s->until_us > now_us)
        return true;
    count_in(t, s, now_us);
    if (s->count < t->count)
        return false;
    s->until_us = now_us + (int64_t)t->timeout_s * US_PER_S;
    s->count = 0;
    return true;
}
