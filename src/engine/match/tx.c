/* The look at a transaction. What is whole once its progress is reached (a URI) is scanned once, then; what grows (a body,
 * further files) is scanned as far as it is new. A rule that a literal names, or that has none, is evaluated; where it has to
 * wait for something that is not there yet it becomes `pending` and is asked again at each further look, until it holds, can
 * no longer hold, or the direction is complete. A rule that holds on a transaction is remembered and does not hold again.
 *
 * Without memory for that state the transaction is looked at once, when it is complete. */
#include "engine/match/state.h"

#include <string.h>

#define PENDING_MAX \
    128 /* an attacker who makes many rules wait loses only their late answers (counted) */

struct tx_pending {
    uint32_t rule;
    uint32_t matched; /* buffers, bits */
    bool done;        /* has held, or can no longer */
};

/* How far a growing field has been scanned, and where the last look began to. */
struct tx_grown {
    uint32_t index;
    uint64_t offset, before;
};

struct tx_match {
    uint64_t image; /* its id */
    enum app_proto proto;
    struct tx_pending *pending;
    uint32_t pending_count, pending_cap;
    uint64_t events_done;
    uint16_t grown_count;
    uint8_t progress_next; /* fields ready at less than this have been scanned */
    struct tx_grown grown[];
};

static size_t state_bytes(uint16_t grown_count)
{
    return sizeof(struct tx_match) + grown_count * sizeof(struct tx_grown);
}

static void state_free(struct tx *tx, enum dir dir, struct budget *mem)
{
    struct tx_match *tm = tx->match[dir];
    if (!tm)
        return;
    budget_give(mem, tm->pending, tm->pending_cap * sizeof *tm->pending);
    budget_give(mem, tm, state_bytes(tm->grown_count));
    tx->match[dir] = NULL;
}

void match_tx_fini(struct tx *tx, struct budget *mem)
{
    state_free(tx, DIR_TOSERVER, mem);
    state_free(tx, DIR_TOCLIENT, mem);
}

/* State made for another image or protocol speaks of other rules: it goes, and what is ready is scanned again. */
static struct tx_match *state_of(struct match_worker *w, const struct look *look)
{
    enum dir dir = look->view->dir;
    struct tx_match **tm = &look->tx->match[dir];
    if (*tm && ((*tm)->image != w->image->id || (*tm)->proto != look->tx->proto))
        state_free(look->tx, dir, look->view->mem);
    if (*tm || !look->view->mem)
        return *tm;
    *tm = budget_zalloc(look->view->mem, state_bytes(look->plan->growing_count));
    if (!*tm) {
        w->counts.state_refused++;
        return NULL;
    }
    (*tm)->image = w->image->id;
    (*tm)->proto = look->tx->proto;
    (*tm)->grown_count = look->plan->growing_count;
    return *tm;
}

static struct tx_pending *pending_add(struct match_worker *w, const struct look *look,
                                      struct tx_match *tm, uint32_t rule)
{
    if (tm->pending_count == tm->pending_cap) {
        uint32_t cap = tm->pending_cap ? 2 * tm->pending_cap : 4;
        struct tx_pending *grown = NULL;
        if (cap <= PENDING_MAX && look->view->mem)
            grown = budget_resize(look->view->mem, tm->pending, tm->pending_cap * sizeof *grown,
                                  cap * sizeof *grown);
        if (!grown) {
            w->counts.state_refused++;
            return NULL;
        }
        tm->pending = grown;
        tm->pending_cap = cap;
    }
    struct tx_pending *p = &tm->pending[tm->pending_count++];
    *p = (struct tx_pending){.rule = rule};
    return p;
}

/* The part of a value that was not scanned before, with as many old bytes as a literal may reach back. */
static void scan_new(struct match_worker *w, const struct match_scan *scan, const struct value *v,
                     uint64_t scanned)
{
    uint64_t back = scan->longest - 1;
    uint64_t from = scanned > back ? scanned - back : 0;
    size_t skip = from > v->offset ? (size_t)(from - v->offset) : 0;
    if (scanned < v->offset + v->bytes.len)
        look_scan(w, scan, str_from(v->bytes, skip), v->offset + skip);
}

/* Instances keep their places: those behind the ones that were scanned are new. */
static void scan_instances(struct match_worker *w, const struct match_plan_scan *s,
                           const struct values *values, struct tx_grown *g)
{
    for (; g->index < values->count; g->index++)
        look_scan(w, s->scan, values->items[g->index].bytes, 0);
}

/* Windows: of several files those that have something to show. How far it was scanned is known of the first one; a further
 * one is scanned whole. Transformed bytes have no offsets that stay. */
static void scan_windows(struct match_worker *w, const struct match_plan_scan *s,
                         const struct values *values, bool transformed, struct tx_grown *g)
{
    for (uint32_t i = 0; i < values->count; i++) {
        const struct value *v = &values->items[i];
        uint64_t end = v->offset + v->bytes.len;
        bool known = i == 0 && !transformed && g->offset >= v->offset && g->offset <= end;
        scan_new(w, s->scan, v, known ? g->offset : 0);
        if (i > 0)
            continue;
        g->before = known ? g->offset : 0;
        g->offset = v->last ? 0 : end;
    }
}

/* The same body under another name, which this look has passed already, at least as far back as this one needs it? */
static bool is_passed(struct match_worker *w, const struct look *look, struct tx_match *tm,
                      const struct match_plan_scan *s, const struct values *values)
{
    for (const struct match_plan_scan *o = look->plan->scans; o < s; o++) {
        const struct values *other = &w->values[o->slot];
        if (o->scan != s->scan || o->grow_index >= tm->grown_count || values->count != 1 ||
            other->generation != w->generation || other->count != 1)
            continue;
        const struct value *a = &values->items[0], *b = &other->items[0];
        struct tx_grown *passed = &tm->grown[o->grow_index], *mine = &tm->grown[s->grow_index];
        if (a->bytes.p != b->bytes.p || a->bytes.len != b->bytes.len || a->offset != b->offset ||
            passed->before > mine->offset)
            continue;
        *mine = *passed;
        return true;
    }
    return false;
}

static void scan_growing(struct match_worker *w, const struct look *look, struct tx_match *tm,
                         const struct match_plan_scan *s)
{
    struct tx_grown none = {0};
    bool kept = s->grow_index < tm->grown_count;
    struct tx_grown *g = kept ? &tm->grown[s->grow_index] : &none;
    const struct values *values = values_get(w, look, s->slot);
    bool transformed = w->image->slots[s->slot].source->transform_count > 0;
    if (s->field->kind == FIELD_BYTES)
        scan_instances(w, s, values, g);
    else if (transformed || !kept || !is_passed(w, look, tm, s, values))
        scan_windows(w, s, values, transformed, g);
}

static bool is_due_again(const struct look *look, const struct tx_match *tm,
                         const struct field_desc *field)
{
    enum dir dir = look->view->dir;
    return field->again_at && look->tx->progress[dir] >= field->again_at &&
           tm->progress_next <= field->again_at && field->again(look->tx, dir);
}

static void scan_fields(struct match_worker *w, const struct look *look, struct tx_match *tm)
{
    uint8_t progress = look->tx->progress[look->view->dir];
    for (uint16_t i = 0; i < look->plan->scan_count; i++) {
        const struct match_plan_scan *s = &look->plan->scans[i];
        if (progress < s->ready_at)
            continue;
        if (s->growing) {
            scan_growing(w, look, tm, s);
            continue;
        }
        if (s->ready_at < tm->progress_next && !is_due_again(look, tm, s->field))
            continue;
        const struct values *values = values_get(w, look, s->slot);
        for (uint32_t k = 0; k < values->count; k++)
            look_scan(w, s->scan, values->items[k].bytes, values->items[k].offset);
    }
    w->counts.tx_scans++;
}

static void name_pending(struct match_worker *w, const struct tx_match *tm)
{
    for (uint32_t i = 0; i < tm->pending_count; i++) {
        const struct tx_pending *p = &tm->pending[i];
        w->rule_seen[p->rule] = w->generation;
        if (!p->done)
            w->named[w->named_count++] = (struct named){p->rule, i, UINT64_MAX, 0};
    }
}

static void name_others(struct match_worker *w, const struct look *look, const struct tx_match *tm)
{
    const struct match_plan *plan = look->plan;
    const struct tx *tx = look->tx;
    uint8_t progress = tx->progress[look->view->dir];
    for (uint32_t i = 0; i < plan->always.count; i++) {
        uint8_t ready = plan->always_ready[i];
        if (ready <= progress && (ready >= tm->progress_next || plan->always_growing[i]))
            look_name(w, plan->always.rules[i], UINT64_MAX);
    }
    if (tx->events & ~tm->events_done)
        look_name_list(w, &plan->events);
    const struct match_kept *kept = look->view->state ? look->view->state->kept : NULL;
    const struct match_marks *marks = kept ? kept->marks : NULL;
    for (uint32_t i = 0; marks && i < marks->count; i++)
        if (marks->items[i].dir == look->view->dir)
            look_name(w, marks->items[i].rule, UINT64_MAX);
}

/* Could the rule be named again on this transaction? */
static bool comes_again(const struct match_worker *w, const struct match_rule *mr,
                        const struct look *look)
{
    if (mr->mixed || mr->by_event)
        return true;
    for (const struct rule_check *c = mr->rule->checks; c; c = c->next)
        if (c->kind == RULE_CHECK_APP_STATE)
            return true;
    for (uint8_t i = 0; i < mr->buffer_count; i++) {
        const struct field_entry *entry = w->image->slots[mr->buffers[i].slot].entry;
        const struct field_desc *f = entry ? entry->of_proto[look->tx->proto] : NULL;
        if (f && match_field_growing(f, match_field_dir(f, look->view->dir)))
            return true;
    }
    for (const struct rule_check *c = mr->rule->checks; c; c = c->next)
        if (match_check_grows(c))
            return true;
    return false;
}

/* A rule that asks for a state alone holds with every look at it, and once more when it is passed; of the first state, where
 * nothing is known yet, only once. */
static bool stays_at_state(const struct match_rule *mr, const struct look *look)
{
    if (!mr->at_state)
        return false;
    for (const struct rule_check *c = mr->rule->checks; c; c = c->next)
        if (c->kind == RULE_CHECK_APP_STATE &&
            (c->number.a == 0 || look->tx->progress[c->dir & 1] > c->number.a))
            return false;
    return true;
}

static void remember(struct match_worker *w, const struct look *look, struct tx_match *tm,
                     const struct named *n, enum answer answer)
{
    const struct match_rule *mr = &w->image->rules[n->rule];
    bool complete = look->tx->progress[look->view->dir] >= TX_COMPLETE;
    struct tx_pending *p = n->pending != UINT32_MAX ? &tm->pending[n->pending] : NULL;
    bool wanted = answer == ANSWER_LATER || (answer == ANSWER_YES && comes_again(w, mr, look));
    if (!p && wanted && !complete)
        p = pending_add(w, look, tm, n->rule);
    if (!p)
        return;
    p->matched = n->matched;
    p->done = answer != ANSWER_LATER && !stays_at_state(mr, look);
}

/* The request's half of a rule of both sides holds: it waits for the response. A response that was judged to its end before
 * (it came before its request was whole) is not looked at again. */
static void wait_for_response(struct match_worker *w, const struct look *look,
                              const struct named *n)
{
    struct look other = *look;
    struct match_view view = *look->view;
    if (look->tx->inspected_done & DIR_BIT(DIR_TOCLIENT))
        return;
    view.dir = DIR_TOCLIENT;
    other.view = &view;
    other.plan = w->image->plans[look->tx->proto][DIR_TOCLIENT];
    struct tx_match *tm = other.plan ? state_of(w, &other) : NULL;
    for (uint32_t i = 0; tm && i < tm->pending_count; i++)
        if (tm->pending[i].rule == n->rule)
            return;
    struct tx_pending *p = tm ? pending_add(w, &other, tm, n->rule) : NULL;
    if (p)
        p->matched = n->matched;
    look->tx->updated[DIR_TOCLIENT] = true;
}

/* Those whose header does not fit go, before the rest is put in order. */
static void sift(struct match_worker *w)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < w->named_count; i++) {
        const struct named *n = &w->named[i];
        if (n->pending != UINT32_MAX || header_fits(w, n->rule))
            w->named[kept++] = *n;
    }
    w->named_count = kept;
}

static void evaluate(struct match_worker *w, const struct look *look, struct tx_match *tm)
{
    sift(w);
    look_sort(w);
    for (uint32_t i = 0; i < w->named_count; i++) {
        struct named *n = &w->named[i];
        const struct match_rule *mr = &w->image->rules[n->rule];
        if (n->pending != UINT32_MAX)
            n->matched = tm->pending[n->pending].matched;
        enum answer answer = rule_evaluate(w, mr, look, &n->matched);
        if (answer == ANSWER_YES && mr->rule->both_sides && look->view->dir == DIR_TOSERVER)
            wait_for_response(w, look, n);
        else if (answer == ANSWER_YES)
            rule_fire(w, mr, look);
        remember(w, look, tm, n, answer);
    }
    if (w->tracing)
        trace_look(w, look);
}

void match_tx(struct match_worker *w, const struct match_view *view, struct tx *tx,
              struct match_hits *hits)
{
    enum dir dir = view->dir;
    bool complete = tx->progress[dir] >= TX_COMPLETE;
    struct look look = {
        .view = view, .kind = LOOK_TX, .hits = hits, .tx = tx, .payload = view->packet->payload};
    tx->updated[dir] = false;
    if (tx->inspected_done & DIR_BIT(dir) || (unsigned)tx->proto >= APP_PROTO_COUNT)
        return;
    look.plan = w->image->plans[tx->proto][dir];
    if (look.plan) {
        struct tx_match without = {.image = w->image->id};
        look_begin(w, &look);
        state_renew(w, view);
        header_of_flow(view, &look.header);
        struct tx_match *tm = state_of(w, &look);
        if (!tm && !complete)
            return;
        if (!tm)
            tm = &without;
        name_pending(w, tm);
        scan_fields(w, &look, tm);
        name_others(w, &look, tm);
        look_is_named(w, &look);
        evaluate(w, &look, tm);
        tm->progress_next = (uint8_t)(tx->progress[dir] + 1);
        tm->events_done |= tx->events;
    }
    if (complete) {
        /* payload seen so far was this one's, unless the next one has begun in the same bytes; a frame has none */
        if (!tx->next && tx->proto != APP_FRAME)
            marks_forget(view, dir);
        tx->inspected_done |= (uint8_t)DIR_BIT(dir);
        state_free(tx, dir, view->mem);
    }
}
