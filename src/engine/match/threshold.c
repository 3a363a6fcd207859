/* Thresholds (Suricata user guide, "Thresholding Keywords" and "Global-Thresholds"). The state of each is one small struct,
 * by address in match_hosts or by flow; what a kind does with it is a function of state, rule and time alone.
 *
 * A period lasts until `seconds` have passed, that instant included; the hit behind it begins the next one. Who watches the
 * clock of a rate_filter counts in whole seconds. Both as Suricata 8 was seen to do it, so that the same rules tell the same. */
#include "engine/match/threshold.h"

#define US_PER_S INT64_C(1000000)

static bool is_over(const struct rule_threshold *t, const struct host_state *s, int64_t now_us)
{
    return s->count == 0 || now_us < s->since_us ||
           now_us - s->since_us > (int64_t)t->seconds * US_PER_S;
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

/* Every count-th of a period: the period goes on, the hits that told are not counted again. */
static enum told by_threshold(const struct rule_threshold *t, struct host_state *s, int64_t now_us)
{
    count_in(t, s, now_us);
    return s->count % t->count == 0 ? TOLD_ALL : TOLD_NOTHING;
}

static enum told by_both(const struct rule_threshold *t, struct host_state *s, int64_t now_us)
{
    count_in(t, s, now_us);
    return s->count == t->count ? TOLD_ALL : s->count > t->count ? TOLD_ACTION : TOLD_NOTHING;
}

/* At the count-th, then each time the count has grown by the multiplier. The very first hit does not act, unless it tells. */
static enum told by_backoff(const struct rule_threshold *t, struct host_state *s, int64_t now_us)
{
    if (s->next == 0)
        s->next = t->count;
    if (s->count < UINT32_MAX)
        s->count++;
    if (s->count != s->next)
        return s->count == 1 ? TOLD_NOTHING : TOLD_ACTION;
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

/* More than `count` in a period bring the new action, for `timeout` seconds. The hit that finds the timeout over is neither
 * counted nor changed. */
bool threshold_rate_step(const struct rule_threshold *t, struct host_state *s, int64_t now_us)
{
    if (s->until_us) {
        if (now_us / US_PER_S - s->until_us / US_PER_S <= (int64_t)t->timeout_s)
            return true;
        s->until_us = 0;
        return false;
    }
    count_in(t, s, now_us);
    if (s->count <= t->count)
        return false;
    s->until_us = now_us;
    return true;
}
