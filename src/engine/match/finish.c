/* After the looks: hits in the order of evaluation, and how often each may speak. */
#include "engine/match/state.h"

#include "base/sort.h"
#include "engine/match/threshold.h"

static int by_order(const void *a, const void *b)
{
    const struct match_hit *x = a, *y = b;
    if (x->rule->index != y->rule->index)
        return x->rule->index < y->rule->index ? -1 : 1;
    return x->tx_id < y->tx_id ? -1 : x->tx_id > y->tx_id;
}

static bool suppresses(const struct rule_threshold *t, const struct header *h)
{
    if (!t->addresses)
        return true;
    bool src = addresses_have(t->addresses, &h->src) || (t->addresses->any && h->src.version);
    bool dst = addresses_have(t->addresses, &h->dst) || (t->addresses->any && h->dst.version);
    switch (t->track) {
    case RULE_TRACK_SRC: return src;
    case RULE_TRACK_DST: return dst;
    case RULE_TRACK_PAIR:
    case RULE_TRACK_FLOW:
    case RULE_TRACK_RULE:
    case RULE_TRACK_TX:
    case RULE_TRACK_EITHER: return src || dst;
    }
    return false;
}

static struct host_key threshold_key(const struct rule *r, const struct rule_threshold *t,
                                     const struct header *h)
{
    struct host_key key = {.name = (uint64_t)r->gid << 32 | r->sid,
                           .kind = t->kind == RULE_RATE_FILTER ? HOST_RATE : HOST_THRESHOLD};
    if (t->track == RULE_TRACK_SRC)
        key.first = h->src;
    else if (t->track == RULE_TRACK_DST)
        key.first = h->dst;
    else if (t->track == RULE_TRACK_PAIR || t->track == RULE_TRACK_EITHER) {
        bool swap = ip_cmp(&h->src, &h->dst) > 0;
        key.first = swap ? h->dst : h->src;
        key.second = swap ? h->src : h->dst;
    }
    return key;
}

struct step {
    const struct rule_threshold *threshold;
    int64_t now_us;
    enum told told;
    bool rate_holds;
};

static bool take_step(struct host_state *state, void *arg)
{
    struct step *s = arg;
    if (s->threshold->kind == RULE_RATE_FILTER)
        s->rate_holds = threshold_rate_step(s->threshold, state, s->now_us);
    else
        s->told = threshold_step(s->threshold, state, s->now_us);
    return true;
}

/* Without room for its state a threshold lets the hit speak: silence would hide an attack. */
static void apply(struct match_worker *w, const struct match_view *view, const struct header *h,
                  const struct rule_threshold *t, struct match_hit *hit)
{
    struct step s = {t, view->now_us, TOLD_ALL, false};
    struct host_key key = threshold_key(hit->rule, t, h);
    if (t->track == RULE_TRACK_FLOW) {
        struct host_state *state = flow_threshold(w, view, key.name, key.kind);
        if (state)
            take_step(state, &s);
    } else {
        hosts_visit(w->hosts, &key, true, take_step, &s);
    }
    hit->silent |= s.told == TOLD_NOTHING;
    hit->untold |= s.told == TOLD_ACTION;
    if (s.rate_holds) {
        hit->action = t->new_action;
        hit->untold |= t->new_action == RULE_PASS;
    }
}

void match_finish(struct match_worker *w, const struct match_view *view, struct match_hits *hits)
{
    struct header header;
    w->raised_count = 0;
    if (hits->count == 0)
        return;
    header_of_flow(view, &header);
    sort_items(hits->items, hits->count, sizeof hits->items[0], by_order);
    for (uint32_t i = 0; i < hits->count; i++) {
        struct match_hit *hit = &hits->items[i];
        hit->untold |= hit->rule->noalert;
        const struct rule_threshold *t = hit->rule->thresholds;
        while (t && t->kind == RULE_SUPPRESS && !suppresses(t, &header))
            t = t->next;
        hit->threshold = t;
        if (t && t->kind == RULE_SUPPRESS)
            hit->untold =
                true; /* and not counted: nothing has been told that a limit could be about */
        else if (t)
            apply(w, view, &header, t, hit);
        w->counts.suppressed += hit->silent || (hit->untold && !hit->rule->noalert);
    }
}
