/* The items of one buffer, one after the other, with a cursor: what is `relative` starts where the one before it ended. When
 * a relative item fails, the item it hangs on is tried at its next place, and so on back (depth first). So the items hold
 * exactly when there is any choice of places for which all hold.
 *
 * What an attacker would try: bytes in which every item but the last is found everywhere, so that the choices multiply.
 * Against it: STEPS_MAX tries and SEARCH_BYTES_MAX searched bytes per value, after which the rule does not hold (counted);
 * a step whose failure no earlier choice can mend ends the search at once (match_step.final), and after some tries one look
 * tells whether all contents are there at all (PATIENCE).
 */
#include "engine/match/worker.h"

#include "engine/match/dataset.h"
#include "engine/match/hosts.h"

struct run {
    struct match_worker *w;
    const struct match_buffer *buffer;
    const struct value *value;
    uint32_t tries_left;
    uint64_t search_left;
    bool all_there; /* every content was found somewhere */
    bool hopeless;
};

static bool hold_from(struct run *r, uint32_t step, size_t cursor);

static int64_t number_of(const struct run *r, const struct rule_value *v)
{
    return v->variable >= 0 && v->variable < RULE_VARIABLES_MAX ? r->w->variables[v->variable]
                                                                : v->number;
}

/* Where the content must lie: it begins at `from` at the earliest and ends at `to` at the latest. `cut`: more bytes could
 * come that would belong to it. */
struct span {
    size_t from, to;
    bool cut;
};

static size_t clamp(int64_t v, size_t max)
{
    return v < 0 ? 0 : (uint64_t)v > max ? max : (size_t)v;
}

static struct span span_of(const struct run *r, const struct rule_content *c, size_t cursor)
{
    size_t len = r->value->bytes.len;
    int64_t from = 0, to = INT64_MAX;
    if (c->relative) {
        from = (int64_t)cursor;
        if (c->has_distance)
            from += number_of(r, &c->distance);
        if (c->has_within)
            to = from + number_of(r, &c->within);
    }
    /* offset and depth count from the beginning of the whole, of which this may be a later part */
    int64_t gone = (int64_t)r->value->offset;
    int64_t begin = c->has_offset ? number_of(r, &c->offset) : 0;
    if (c->has_offset && begin - gone > from)
        from = begin - gone;
    if (c->has_depth && begin + number_of(r, &c->depth) - gone < to)
        to = begin + number_of(r, &c->depth) - gone;
    if (c->starts) {
        if (0 - gone > from || gone > 0)
            from = gone > 0 ? INT32_MAX : from;
        if ((int64_t)c->bytes.len < to)
            to = (int64_t)c->bytes.len;
    }
    struct span s = {clamp(from, len), clamp(to, len), !r->value->last && to > (int64_t)len};
    if (from > (int64_t)len)
        s.to = 0; /* begins behind the end: nowhere */
    if (c->ends) {
        if (!r->value->last || c->bytes.len > len)
            s.to = 0;
        else if (len - c->bytes.len > s.from)
            s.from = len - c->bytes.len;
        if (s.to < len)
            s.to = 0;
    }
    return s;
}

static ptrdiff_t find(struct run *r, const struct rule_content *c, size_t from, size_t to)
{
    if (to < from || to - from < c->bytes.len)
        return -1;
    struct str in = str_cut(r->value->bytes, 0, to);
    ptrdiff_t at = c->nocase ? str_find_nocase(in, from, c->bytes) : str_find(in, from, c->bytes);
    uint64_t searched = (at < 0 ? to : (size_t)at) - from + 16;
    if (searched >= r->search_left) {
        r->search_left = 0;
        return -1;
    }
    r->search_left -= searched;
    return at;
}

static void note_end(struct run *r, size_t end)
{
    if (r->buffer->place == PLACE_PAYLOAD && r->value->offset + end > r->w->highest_end)
        r->w->highest_end = r->value->offset + end;
}

/* Trying on makes sense only while every content stands somewhere: a choice of places never brings one in. */
static void doubt(struct run *r)
{
    uint32_t patience = r->w->followed ? PATIENCE_TOLD : PATIENCE;
    if (r->all_there || r->tries_left > STEPS_MAX - patience)
        return;
    r->all_there = true;
    for (uint16_t i = 0; i < r->buffer->step_count && !r->hopeless; i++) {
        const struct rule_content *c = &r->buffer->steps[i].item->content;
        if (r->buffer->steps[i].kind != RULE_CONTENT || c->negated)
            continue;
        struct str in = r->value->bytes;
        r->hopeless =
            (c->nocase ? str_find_nocase(in, 0, c->bytes) : str_find(in, 0, c->bytes)) < 0;
    }
}

static bool hold_content(struct run *r, uint32_t step, size_t cursor)
{
    const struct match_step *s = &r->buffer->steps[step];
    const struct rule_content *c = &s->item->content;
    struct span span = span_of(r, c, cursor);
    if (c->negated) {
        /* while bytes may still come it cannot be said that it is not there */
        if (span.cut || find(r, c, span.from, span.to) >= 0)
            return false;
        return hold_from(r, step + 1, cursor);
    }
    for (size_t from = span.from;;) {
        ptrdiff_t at = find(r, c, from, span.to);
        if (at < 0)
            return false;
        size_t end = (size_t)at + c->bytes.len;
        uint64_t highest = r->w->highest_end;
        note_end(r, end);
        if (hold_from(r, step + 1, end))
            return true;
        r->w->highest_end = highest;
        doubt(r);
        if (!s->retry || r->hopeless || r->tries_left == 0)
            return false;
        from = (size_t)at + 1;
    }
}

static void keep_captures(struct match_worker *w, const struct rule_pcre *p, struct str subject,
                          int pairs)
{
    const PCRE2_SIZE *ov = pcre2_get_ovector_pointer(w->pcre_data);
    for (uint8_t i = 0; i < p->capture_count && i + 1 < pairs; i++) {
        PCRE2_SIZE from = ov[2 * (i + 1)], to = ov[2 * (i + 1) + 1];
        if (from == PCRE2_UNSET || w->capture_count >= RULE_CAPTURES_MAX)
            continue;
        w->captures[w->capture_count++] = (struct capture){
            p->captures[i].variable_id, p->captures[i].is_flow, str_cut(subject, from, to)};
    }
}

/* One search of the expression; subject begins at the cursor, so that ^ means the cursor. 0 or less: not found. */
static int search(struct run *r, const struct rule_pcre *p, struct str subject, size_t from)
{
    uint64_t cost = subject.len - from + 64;
    if (cost >= r->search_left) {
        r->search_left = 0;
        return 0;
    }
    r->search_left -= cost;
    int rc = pcre2_match(p->code, subject.p ? subject.p : (PCRE2_SPTR) "", subject.len, from, 0,
                         r->w->pcre_data, r->w->pcre_context);
    if (rc == PCRE2_ERROR_MATCHLIMIT || rc == PCRE2_ERROR_DEPTHLIMIT ||
        rc == PCRE2_ERROR_JIT_STACKLIMIT || rc == PCRE2_ERROR_HEAPLIMIT)
        r->w->counts.pcre_limit_hits++;
    return rc < 0 ? 0 : rc == 0 ? 1 : rc;
}

static bool hold_pcre(struct run *r, uint32_t step, size_t cursor)
{
    const struct match_step *s = &r->buffer->steps[step];
    const struct rule_pcre *p = &s->item->pcre;
    size_t base = p->relative ? cursor : 0;
    struct str subject = str_from(r->value->bytes, base);
    if (!p->code)
        return false;
    if (p->negated) {
        bool limits = r->search_left == 0 || !r->value->last;
        return !limits && search(r, p, subject, 0) == 0 && r->search_left &&
               hold_from(r, step + 1, cursor);
    }
    for (size_t from = 0; from <= subject.len;) {
        int pairs = search(r, p, subject, from);
        if (pairs == 0)
            return false;
        const PCRE2_SIZE *ov = pcre2_get_ovector_pointer(r->w->pcre_data);
        size_t begin = ov[0], end = ov[1] > ov[0] ? ov[1] : ov[0];
        uint8_t captures = r->w->capture_count;
        uint64_t highest = r->w->highest_end;
        keep_captures(r->w, p, subject, pairs);
        note_end(r, base + end);
        if (hold_from(r, step + 1, base + end))
            return true;
        r->w->capture_count = captures;
        r->w->highest_end = highest;
        if (!s->retry || r->hopeless || r->tries_left == 0)
            return false;
        from = (begin > from ? begin : from) + 1;
    }
    return false;
}

static bool isdataat_holds(const struct run *r, const struct rule_isdataat *d, size_t cursor)
{
    int64_t at = number_of(r, &d->at);
    int64_t len = (int64_t)r->value->bytes.len;
    if (d->relative)
        at += (int64_t)cursor;
    else
        at -= (int64_t)r->value->offset;
    bool there = d->relative ? at <= len : at < len;
    if (d->negated)
        return r->value->last && !there;
    return there;
}

/* What a growing value's size already says for sure. */
static bool size_holds(const struct run *r, const struct rule_number *n)
{
    uint64_t size = r->value->offset + r->value->bytes.len;
    if (r->value->last)
        return rule_number_holds(n, size);
    return (n->compare == RULE_GT || n->compare == RULE_GE) && rule_number_holds(n, size);
}

#define LABELS_MAX 128

/* Of ".a.b.c" also ".b.c" and ".c". */
static bool domain_there(const struct match_dataset *set, struct str name,
                         struct dataset_found *found)
{
    for (int labels = 0; labels < LABELS_MAX && name.len; labels++) {
        if (dataset_has(set, name, found))
            return true;
        ptrdiff_t dot = str_find_byte(name, 1, '.');
        if (dot < 0)
            return false;
        name = str_from(name, (size_t)dot);
    }
    return false;
}

static void note_context(struct match_worker *w, const struct match_dataset *set,
                         const struct dataset_found *found)
{
    const char *key = dataset_decl(set)->context_key;
    if (!key || !found->context.len || w->context_count == MATCH_CONTEXTS_MAX)
        return;
    w->contexts[w->context_count++] = (struct match_context){key, found->context};
}

/* Adds the value, or takes it out; false: nothing changed, for want of room too. */
static bool dataset_change(const struct run *r, const struct match_dataset *set, struct str value,
                           bool there)
{
    if (!value.len)
        return false;
    if (!hosts_dataset_put(r->w->hosts, dataset_decl(set), value, there)) {
        r->w->counts.state_refused++;
        return false;
    }
    return true;
}

static bool dataset_holds(const struct run *r, const struct rule_dataset *d)
{
    const struct match_dataset *set = r->w->image->datasets[d->set_id];
    struct str value = dataset_value(set, r->value->bytes);
    struct dataset_found found = {0};
    bool there = d->subdomain ? domain_there(set, value, &found) : dataset_has(set, value, &found);
    uint32_t reputation = found.reputation;
    if (there && d->op == RULE_DATASET_ISSET)
        note_context(r->w, set, &found);
    int changed = hosts_dataset_get(r->w->hosts, dataset_decl(set)->name, value);
    if (changed >= 0)
        there = changed;
    switch (d->op) {
    case RULE_DATASET_ISSET: return there;
    case RULE_DATASET_ISNOTSET: return !there;
    case RULE_DATASET_SET: return !there && dataset_change(r, set, value, true);
    case RULE_DATASET_UNSET: return there && dataset_change(r, set, value, false);
    case RULE_DATASET_REPUTATION: return there && rule_number_holds(&d->reputation, reputation);
    }
    return false;
}

static bool decode_base64(struct run *r, const struct rule_base64 *b, size_t cursor)
{
    r->w->base64_len =
        base64_item_decode(r->value->bytes, b, cursor, r->w->base64, BASE64_BYTES_MAX);
    r->w->base64_there = r->w->base64_len > 0;
    return r->w->base64_there;
}

static bool hold_entropy(struct run *r, const struct rule_entropy *e)
{
    double value = entropy_of(e, r->value->bytes);
    entropy_keep(r->w, r->w->view, r->buffer->source->buffer, value);
    return entropy_holds(e, value);
}

static bool is_dce(const struct rule_item *item)
{
    return (item->kind == RULE_BYTE_TEST || item->kind == RULE_BYTE_JUMP ||
            item->kind == RULE_BYTE_EXTRACT || item->kind == RULE_BYTE_MATH) &&
           item->byte.dce;
}

/* Byte order as the call's head said; where there is no call, that of nearly all of them. */
static bool dce_little(const struct match_worker *w)
{
    const struct field_table *fields = w->image->fields;
    uint32_t id = w->image->dce_order_field;
    const struct field_desc *f =
        w->tx && id != FIELD_NONE ? fields->entries[id].of_proto[w->tx->proto] : NULL;
    uint64_t little;
    return !f || !f->number || !f->number(w->tx, w->view->dir, 0, &little) || little;
}

/* Items that have one place only: hold or not, and where the cursor is then. */
static bool simple_holds(struct run *r, const struct rule_item *item, size_t *cursor)
{
    struct byte_run b = {r->value->bytes, *cursor, r->w->variables,
                         .dce_little = is_dce(item) && dce_little(r->w)};
    int64_t *result = item->byte.result >= 0 && item->byte.result < RULE_VARIABLES_MAX
                          ? &r->w->variables[item->byte.result]
                          : NULL;
    switch (item->kind) {
    case RULE_BYTE_TEST: return byte_test_holds(&b, &item->byte);
    case RULE_BYTE_JUMP: return byte_jump(&b, &item->byte, cursor);
    case RULE_BYTE_EXTRACT: return result && byte_extract(&b, &item->byte, result, cursor);
    case RULE_BYTE_MATH: return result && byte_math(&b, &item->byte, result, cursor);
    case RULE_ISDATAAT: return isdataat_holds(r, &item->isdataat, *cursor);
    case RULE_BSIZE: return size_holds(r, &item->size);
    case RULE_ABSENT: return item->or_else;
    case RULE_BASE64_DECODE: return decode_base64(r, &item->base64, *cursor);
    case RULE_DATASET: return dataset_holds(r, &item->dataset);
    case RULE_ENTROPY: return hold_entropy(r, &item->entropy);
    case RULE_ASN1: return asn1_holds(r->value->bytes, &item->asn1, *cursor);
    case RULE_CONTENT:
    case RULE_PCRE: break;
    }
    return false;
}

/* The items of base64_data on what was decoded; they share the limits of the buffer they hang on. */
static bool decoded_holds(struct run *r)
{
    struct value decoded = {str_of(r->w->base64, r->w->base64_len), 0, true};
    struct run inner = {r->w,           r->buffer->then, &decoded, r->tries_left,
                        r->search_left, false,           false};
    bool holds = r->w->base64_there && hold_from(&inner, 0, 0);
    r->tries_left = inner.tries_left;
    r->search_left = inner.search_left;
    return holds;
}

static bool hold_from(struct run *r, uint32_t step, size_t cursor)
{
    for (;; step++) {
        if (r->w->followed)
            trace_item(r->w, r->buffer, step, cursor);
        if (step >= r->buffer->step_count)
            break;
        if (r->tries_left == 0)
            return false;
        r->tries_left--;
        const struct match_step *s = &r->buffer->steps[step];
        bool searches = s->kind == RULE_CONTENT || s->kind == RULE_PCRE;
        bool holds = s->kind == RULE_CONTENT ? hold_content(r, step, cursor)
                     : s->kind == RULE_PCRE  ? hold_pcre(r, step, cursor)
                                             : simple_holds(r, s->item, &cursor);
        if (searches)
            return holds; /* it has asked for all that follows */
        if (!holds) {
            r->hopeless |= s->final;
            return false;
        }
    }
    return !r->buffer->then || decoded_holds(r);
}

bool items_hold(struct match_worker *w, const struct match_buffer *buffer,
                const struct value *value)
{
    struct run r = {w, buffer, value, STEPS_MAX, SEARCH_BYTES_MAX, false, false};
    if (w->followed)
        trace_value_begin(w, buffer);
    bool holds = hold_from(&r, 0, 0);
    if (!holds && (r.tries_left == 0 || r.search_left == 0))
        w->counts.rule_limit_hits++;
    if (w->followed)
        trace_value_end(w, buffer, value, holds);
    return holds;
}

void item_span(struct match_worker *w, const struct match_buffer *buffer, const struct value *value,
               uint32_t step, struct item_span *span)
{
    struct run r = {w, buffer, value, 0, 0, false, false};
    const struct rule_item *item = buffer->steps[step].item;
    span->from = item->kind == RULE_PCRE && !item->pcre.relative ? 0 : span->cursor;
    span->to = value->bytes.len;
    if (item->kind != RULE_CONTENT)
        return;
    struct span s = span_of(&r, &item->content, span->cursor);
    span->from = s.from;
    span->to = s.to;
}
