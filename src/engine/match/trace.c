/* Telling what the looks do. The evaluation itself is the one that always runs: here is written down what it asks, in which
 * order, and how far it came. What is never called when nobody listens may be slow. */
#include "engine/match/state.h"

#include <stdlib.h>
#include <string.h>

/* Of the items of one buffer: the way in hand, and the one that led furthest. */
struct way {
    const struct match_buffer *buffer;
    uint32_t reached;
    size_t here[NOTE_ITEMS_MAX + 1], best[NOTE_ITEMS_MAX + 1];
};

struct tracing {
    struct match_trace to;
    const struct look *look; /* while a rule is evaluated in it */
    bool asked;              /* the followed rule was evaluated in this look */
    struct way ways[2];      /* the buffer, and what it has decoded (base64_data) */
};

int match_worker_trace(struct match_worker *w, const struct match_trace *trace)
{
    if (!trace) {
        tracing_free(w->tracing);
        w->tracing = NULL;
        return 0;
    }
    struct tracing *t = w->tracing ? w->tracing : calloc(1, sizeof *t);
    if (!t)
        return -1;
    t->to = *trace;
    w->tracing = t;
    return 0;
}

void tracing_free(struct tracing *t)
{
    free(t);
}

static struct match_note note_of(const struct tracing *t, enum match_note_kind kind,
                                 const struct look *look)
{
    return (struct match_note){.kind = kind,
                               .look = look->kind,
                               .rule = t->to.rule,
                               .view = look->view,
                               .tx = look->tx,
                               .payload = look->payload,
                               .payload_offset = look->payload_offset};
}

static void tell(const struct tracing *t, const struct match_note *note)
{
    t->to.note(t->to.owner, note);
}

void trace_named(struct match_worker *w, const struct look *look)
{
    struct tracing *t = w->tracing;
    t->asked = false;
    for (uint32_t i = 0; i < w->named_count; i++) {
        const struct rule *rule = w->image->rules[w->named[i].rule].rule;
        if (t->to.rule && rule != t->to.rule)
            continue;
        struct match_note note = note_of(t, NOTE_NAMED, look);
        note.rule = rule;
        note.by_literal = w->named[i].end != UINT64_MAX;
        tell(t, &note);
    }
}

void trace_begin(struct match_worker *w, const struct match_rule *mr, const struct look *look)
{
    struct tracing *t = w->tracing;
    t->look = look;
    if (mr->rule == t->to.rule) {
        t->asked = true;
        w->followed = t;
    } else if (t->to.rule) {
        return;
    }
    struct match_note note = note_of(t, NOTE_BEGIN, look);
    note.rule = mr->rule;
    tell(t, &note);
}

void trace_end(struct match_worker *w, const struct match_rule *mr, enum answer answer)
{
    struct tracing *t = w->tracing;
    if (!t->to.rule || w->followed) {
        struct match_note note = note_of(t, NOTE_END, t->look);
        note.rule = mr->rule;
        note.answer = answer;
        tell(t, &note);
    }
    w->followed = NULL;
    t->look = NULL;
}

void trace_check(struct match_worker *w, const struct rule_check *c, enum answer answer)
{
    const struct tracing *t = w->followed;
    struct match_note note = note_of(t, NOTE_CHECK, t->look);
    note.check = c;
    note.answer = answer;
    tell(t, &note);
}

void trace_buffer(struct match_worker *w, const struct match_buffer *b, enum answer answer)
{
    const struct tracing *t = w->followed;
    struct match_note note = note_of(t, NOTE_BUFFER, t->look);
    const struct values *v = &w->values[b->slot];
    bool fetched = b->place != PLACE_PAYLOAD || b->source->transform_count;
    note.buffer = b->source;
    note.answer = answer;
    note.values = !fetched ? 1 : v->generation == w->generation ? v->count : 0;
    tell(t, &note);
}

void trace_value_begin(struct match_worker *w, const struct match_buffer *b)
{
    struct tracing *t = w->followed;
    t->ways[0].buffer = b;
    t->ways[1].buffer = b->then;
    t->ways[0].reached = t->ways[1].reached = 0;
    t->ways[0].best[0] = t->ways[1].best[0] = 0;
}

void trace_item(struct match_worker *w, const struct match_buffer *b, uint32_t step, size_t cursor)
{
    struct tracing *t = w->followed;
    struct way *way = b == t->ways[0].buffer ? &t->ways[0] : &t->ways[1];
    if (step > NOTE_ITEMS_MAX)
        return;
    way->here[step] = cursor;
    /* the end is reached by the way that holds: the last one that gets there */
    if (step > way->reached || step == b->step_count) {
        way->reached = step;
        memcpy(way->best, way->here, (step + 1) * sizeof way->best[0]);
    }
}

static void tell_value(struct match_worker *w, const struct way *way, const struct value *v,
                       bool holds)
{
    const struct tracing *t = w->followed;
    const struct match_buffer *b = way->buffer;
    struct match_note note = note_of(t, NOTE_VALUE, t->look);
    note.buffer = b->source;
    note.value = v->bytes;
    note.value_offset = v->offset;
    note.answer = holds ? ANSWER_YES : ANSWER_NO;
    note.reached = way->reached;
    note.ends = way->best;
    note.to = v->bytes.len;
    if (way->reached < b->step_count) {
        struct item_span span = {.cursor = way->best[way->reached]};
        item_span(w, b, v, way->reached, &span);
        note.from = span.from;
        note.to = span.to;
    }
    tell(t, &note);
}

void trace_value_end(struct match_worker *w, const struct match_buffer *b, const struct value *v,
                     bool holds)
{
    const struct tracing *t = w->followed;
    bool all = t->ways[0].reached == b->step_count;
    tell_value(w, &t->ways[0], v, holds || (b->then && all));
    if (!b->then || !all)
        return;
    const struct value decoded = {str_of(w->base64, w->base64_len), 0, true};
    tell_value(w, &t->ways[1], &decoded, holds);
}

/* ---- why not ---- */

static bool list_has(const struct match_list *list, uint32_t rule)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (list->rules[i] == rule)
            return true;
    return false;
}

static bool scan_has(const struct match_scan *scan, uint32_t rule)
{
    for (uint32_t i = 0; scan && i < scan->first[scan->pattern_count]; i++)
        if (scan->rules[i] == rule)
            return true;
    return false;
}

static bool wants_syn(const struct match_worker *w, const struct look *look, uint32_t rule)
{
    const struct header *h = &look->header;
    const struct match_group *g = match_group_find(
        w->image, h->l4, h->dir, h->dir == DIR_TOSERVER ? h->dst_port : h->src_port);
    return list_has(&g->syn, rule);
}

/* A look at a packet or at the stream that fits, and in which the rule was not asked. */
static enum match_passed why_not_payload(const struct match_worker *w, const struct match_rule *mr,
                                         const struct look *look)
{
    uint32_t rule = mr->rule->index;
    bool stream = look->kind == LOOK_STREAM;
    bool in_stream = !stream && look->header.l4 == MATCH_TCP && look->view->stream_accepted;
    if (mr->by_event)
        return PASSED_NO_EVENT;
    if (mr->ip_only || mr->protocol_only)
        return PASSED_DONE;
    if (!mr->has_payload)
        return wants_syn(w, look, rule) ? PASSED_ELSEWHERE : PASSED_DONE;
    if (look->view->payload_hidden)
        return PASSED_HIDDEN;
    if (look->payload.len == 0)
        return PASSED_NO_PAYLOAD;
    if (in_stream && (mr->mixed || ((mr->looks & LOOK_STREAM) && !mr->packet_too)))
        return PASSED_IN_STREAM;
    return w->rule_seen[rule] == w->generation ? PASSED_ELSEWHERE : PASSED_NO_LITERAL;
}

static enum match_passed why_not_tx(const struct match_rule *mr, const struct look *look)
{
    uint32_t rule = mr->rule->index;
    uint8_t progress = look->tx->progress[look->view->dir];
    if (list_has(&look->plan->events, rule))
        return PASSED_NO_EVENT;
    for (uint32_t i = 0; i < look->plan->always.count; i++)
        if (look->plan->always.rules[i] == rule)
            return look->plan->always_ready[i] > progress ? PASSED_NOT_READY : PASSED_DONE;
    for (uint16_t i = 0; i < look->plan->scan_count; i++)
        if (scan_has(look->plan->scans[i].scan, rule))
            return look->plan->scans[i].ready_at > progress ? PASSED_NOT_READY : PASSED_NO_LITERAL;
    return mr->mixed ? PASSED_NO_LITERAL : PASSED_ELSEWHERE;
}

/* Pending rules that are decided were marked as seen, so that nothing names them again. */
static bool is_decided(const struct match_worker *w, const struct look *look, uint32_t rule)
{
    if (look->kind != LOOK_TX || w->rule_seen[rule] != w->generation)
        return false;
    for (uint32_t i = 0; i < w->named_count; i++)
        if (w->named[i].rule == rule)
            return false;
    return true;
}

void trace_look(struct match_worker *w, const struct look *look)
{
    struct tracing *t = w->tracing;
    if (!t->to.rule || t->asked)
        return;
    const struct match_rule *mr = &w->image->rules[t->to.rule->index];
    bool takes_part = mr->looks & look->kind || (mr->mixed && look->kind != LOOK_TX);
    if (!takes_part)
        return;
    struct match_note note = note_of(t, NOTE_PASSED, look);
    note.misfit = header_misfit(w, mr, look);
    if (note.misfit != MATCH_FITS)
        note.why = PASSED_MISFIT;
    else if (look->kind == LOOK_TX)
        note.why = is_decided(w, look, mr->rule->index) ? PASSED_DONE : why_not_tx(mr, look);
    else
        note.why = why_not_payload(w, mr, look);
    tell(t, &note);
}
