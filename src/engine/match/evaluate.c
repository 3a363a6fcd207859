#include "engine/match/worker.h"

#include <math.h>

#define ENTROPY_SLACK 1e-9

double entropy_of(const struct rule_entropy *e, struct str bytes)
{
    struct str s = str_from(bytes, e->offset);
    if (e->bytes)
        s = str_cut(s, 0, e->bytes);
    uint32_t seen[256] = {0};
    for (size_t i = 0; i < s.len; i++)
        seen[s.p[i]]++;
    double sum = 0;
    for (int i = 0; i < 256; i++) {
        double share = s.len ? (double)seen[i] / (double)s.len : 0;
        if (share > 0)
            sum -= share * log2(share);
    }
    return sum;
}

bool entropy_holds(const struct rule_entropy *e, double sum)
{
    switch (e->compare) {
    case RULE_EQ: return fabs(sum - e->a) < ENTROPY_SLACK;
    case RULE_NE: return fabs(sum - e->a) >= ENTROPY_SLACK;
    case RULE_LT: return sum < e->a;
    case RULE_LE: return sum <= e->a;
    case RULE_GT: return sum > e->a;
    case RULE_GE: return sum >= e->a;
    case RULE_IN: return sum > e->a && sum < e->b;
    case RULE_NOT_IN: return sum < e->a || sum > e->b;
    case RULE_MASK_SET:
    case RULE_MASK_NOT_SET: return false;
    }
    return false;
}

static enum answer of_values(struct match_worker *w, const struct match_buffer *b,
                             const struct values *v)
{
    for (uint32_t i = 0; i < v->count; i++) {
        if (items_hold(w, b, &v->items[i]))
            return ANSWER_YES;
        if (!v->items[i].last && v->more)
            return ANSWER_LATER;
    }
    if (v->count == 0 && b->holds_when_absent)
        return v->more ? ANSWER_LATER : ANSWER_YES;
    return v->more ? ANSWER_LATER : ANSWER_NO;
}

static enum answer of_payload(struct match_worker *w, const struct match_rule *mr,
                              const struct match_buffer *b, const struct look *look)
{
    if (mr->mixed && look->kind == LOOK_TX) {
        if (mark_get(w, look->view, mr->rule->index, look->view->dir))
            return ANSWER_YES;
        return look->tx->progress[look->view->dir] < TX_COMPLETE ? ANSWER_LATER : ANSWER_NO;
    }
    if (b->source->transform_count)
        return of_values(w, b, values_get(w, look, b->slot));
    struct value v = {look->payload, look->payload_offset, true};
    return items_hold(w, b, &v) ? ANSWER_YES : ANSWER_NO;
}

static enum answer of_buffer(struct match_worker *w, const struct match_rule *mr,
                             const struct match_buffer *b, const struct look *look)
{
    if (b->place == PLACE_PAYLOAD)
        return of_payload(w, mr, b, look);
    return of_values(w, b, values_get(w, look, b->slot));
}

/* In the packet and stream looks a mixed rule is asked for its payload alone; the rest waits for the transaction. A rule of
 * both sides is asked at the request for what belongs to the request, and at the response for the rest (for
 * all of it, where a number of one buffer is used in another). */
static bool belongs(const struct match_rule *mr, const struct match_buffer *b,
                    const struct look *look)
{
    if (mr->rule->both_sides && b->source->side != 1 + look->view->dir)
        return mr->uses_variables && look->view->dir == DIR_TOCLIENT;
    return !mr->mixed || look->kind == LOOK_TX || b->place == PLACE_PAYLOAD;
}

static enum answer evaluate(struct match_worker *w, const struct match_rule *mr,
                            const struct look *look, uint32_t *matched)
{
    enum answer checks = ANSWER_YES;
    bool payload_only = mr->mixed && look->kind != LOOK_TX;
    w->counts.evaluated++;
    w->view = look->view;
    w->tx = look->tx;
    w->capture_count = 0;
    w->context_count = 0;
    w->base64_there = false;
    w->highest_end = 0;
    if (!payload_only && !checks_hold(w, mr, look, &checks) && checks == ANSWER_NO)
        return ANSWER_NO;
    enum answer all = checks;
    uint32_t before = mr->uses_variables ? 0 : *matched;
    bool open = false; /* what was decoded may grow */
    for (uint8_t i = 0; i < mr->buffer_count; i++) {
        const struct match_buffer *b = &mr->buffers[i];
        bool asked = i > 0 && mr->buffers[i - 1].then; /* with the one before */
        if ((before >> i & 1) || asked || !belongs(mr, b, look))
            continue;
        enum answer answer = of_buffer(w, mr, b, look);
        if (w->followed)
            trace_buffer(w, b, answer);
        if (answer == ANSWER_NO)
            return open && b->place == PLACE_BASE64 ? ANSWER_LATER : ANSWER_NO;
        /* what the buffers behind it are asked with is not known yet */
        if (answer == ANSWER_LATER && mr->uses_variables)
            return ANSWER_LATER;
        if (answer == ANSWER_LATER)
            all = ANSWER_LATER;
        else
            *matched |= 1u << i;
        open |= mr->uses_variables && b->place == PLACE_FIELD && values_get(w, look, b->slot)->more;
    }
    return all;
}

enum answer rule_evaluate(struct match_worker *w, const struct match_rule *mr,
                          const struct look *look, uint32_t *matched)
{
    if (!w->tracing)
        return evaluate(w, mr, look, matched);
    trace_begin(w, mr, look);
    enum answer answer = evaluate(w, mr, look, matched);
    trace_end(w, mr, answer);
    return answer;
}

static bool stops(enum rule_action action)
{
    return action == RULE_DROP || action == RULE_REJECT;
}

/* The place of a new hit; NULL: there is none. Whoever fills the list with hits that only tell (many small requests in one
 * packet) must not push out the one that stops: that one takes the place of the last that only tells. */
static struct match_hit *hit_place(struct match_hits *hits, enum rule_action action)
{
    if (hits->count < MATCH_HITS_MAX)
        return &hits->items[hits->count++];
    hits->lost++;
    for (uint32_t i = hits->count; stops(action) && i > 0; i--)
        if (hits->items[i - 1].action == RULE_ALERT)
            return &hits->items[i - 1];
    return NULL;
}

static void add_contexts(struct match_worker *w, struct match_hits *hits, struct match_hit *hit)
{
    if (hits->count == 1)
        hits->context_count = 0; /* the first of this packet */
    if (w->context_count > ARRAY_COUNT(hits->contexts) - hits->context_count)
        return;
    hit->contexts = &hits->contexts[hits->context_count];
    hit->context_count = w->context_count;
    for (uint8_t i = 0; i < w->context_count; i++)
        hits->contexts[hits->context_count++] = w->contexts[i];
}

/* Rules of addresses and ports alone, of the protocol, of a transaction or of the stream speak of the conversation. So does
 * one that may look at the stream but found the beginning of it in its packet: its answer would be the same there. An ICMP
 * error judges nothing but itself: anybody can send one. */
static bool judges_flow(const struct match_rule *mr, const struct look *look)
{
    if (look->view->about_flow)
        return false;
    bool seen_in_stream =
        (mr->looks & LOOK_STREAM) && mr->has_payload && look->view->stream_accepted;
    bool of_protocol =
        mr->rule->app_mask && !mr->rule->needs_packet && !mr->rule->checks && mr->buffer_count == 0;
    return look->tx || look->kind == LOOK_STREAM || mr->ip_only || mr->protocol_only ||
           of_protocol || seen_in_stream;
}

static void add_hit(struct match_worker *w, const struct match_rule *mr, const struct look *look)
{
    struct match_hits *hits = look->hits;
    for (uint32_t i = 0; i < hits->count; i++)
        if (hits->items[i].rule == mr->rule && hits->items[i].tx == look->tx)
            return;
    struct match_hit *place = hit_place(hits, mr->rule->action);
    if (!place)
        return;
    w->counts.hits++;
    *place = (struct match_hit){
        .rule = mr->rule,
        .tx = look->tx,
        .tx_id = look->tx ? look->tx->id : 0,
        .by_stream = look->kind == LOOK_STREAM,
        .whole_flow = judges_flow(mr, look),
        .action = mr->rule->action,
    };
    add_contexts(w, hits, place);
}

void rule_fire(struct match_worker *w, const struct match_rule *mr, const struct look *look)
{
    if (mr->mixed && look->kind != LOOK_TX) {
        mark_set(w, look->view, mr->rule->index, look->header.dir);
        return;
    }
    if (mr->mixed)
        mark_clear(look->view, mr->rule->index, look->header.dir);
    capture_keep(w, look);
    for (const struct rule_check *act = mr->rule->acts; act; act = act->next)
        act_do(w, mr, look, act);
    add_hit(w, mr, look);
}
