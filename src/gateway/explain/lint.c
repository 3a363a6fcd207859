/* Each kind of finding is a row with a function that looks at one rule. What needs all rules (who sets a flowbit, who asks the
 * same) is gathered before, once. */
#include "gateway/explain/lint.h"

#include "gateway/explain/phrase.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define SHORT_BYTES 4 /* a literal below this is found in much that the rule does not mean */
#define KEY_BYTES_MAX (64u << 10)

struct uses {
    uint32_t *set, *asked; /* by id: rules that set, that ask for it to be set */
};

struct facts {
    const struct explain_rules *rules;
    const struct rule_set *set;
    struct uses flowbits, xbits;
    const struct rule **twins; /* by index: an earlier rule with the same conditions, or NULL */
};

/* The rule in hand and what is found of it. */
struct finding {
    const struct facts *facts;
    const struct rule *rule;
    struct match_placement place;
    char *detail;
};

static bool say(struct finding *f, const char *format, ...) PRINTF_LIKE(2, 3);
static bool say(struct finding *f, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    vsnprintf(f->detail, sizeof((struct lint_finding *)0)->detail, format, values);
    va_end(values);
    return true;
}

/* ---- rules that cannot hold ---- */

static bool bit_never_set(struct finding *f)
{
    for (const struct rule_check *c = f->rule->checks; c; c = c->next) {
        bool flow = c->kind == RULE_CHECK_FLOWBITS;
        if (c->bits.op != RULE_BIT_ISSET ||
            (!flow && c->kind != RULE_CHECK_XBITS && c->kind != RULE_CHECK_HOSTBITS))
            continue;
        const struct uses *u = flow ? &f->facts->flowbits : &f->facts->xbits;
        const char **names = flow ? f->facts->set->flowbit_names : f->facts->set->xbit_names;
        bool any = false;
        for (uint8_t i = 0; i < c->bits.count; i++)
            any |= u->set[c->bits.ids[i]] > 0;
        if (!any)
            return say(f, "%s \"%s\" is set by no rule that is loaded", flow ? "flowbit" : "bit",
                       names[c->bits.ids[0]]);
    }
    return false;
}

static bool never(struct finding *f)
{
    return f->place.never && say(f, "more than 32 buffers");
}

static bool has_negated_event(const struct rule *r)
{
    for (const struct rule_check *c = r->checks; c; c = c->next)
        if (c->kind == RULE_CHECK_APP_EVENT || c->kind == RULE_CHECK_APP_STATE)
            return true;
    return false;
}

/* Nobody would ever ask it: no database has it, no list walks it. */
static bool nowhere(struct finding *f)
{
    const struct match_placement *p = &f->place;
    if (p->never || p->by_event || p->literal_count || p->groups_walked || p->walked_protos[0] ||
        p->walked_protos[1] || f->rule->both_sides || has_negated_event(f->rule))
        return false;
    return say(f, "no protocol has all that it asks for, in a direction that it allows");
}

/* ---- what it costs ---- */

static bool asks_much(const struct match_placement *p)
{
    return p->groups_walked || p->walked_protos[0] || p->walked_protos[1];
}

static bool has_pcre(const struct rule *r)
{
    for (const struct rule_buffer *b = r->buffers; b; b = b->next)
        for (const struct rule_item *i = b->items; i; i = i->next)
            if (i->kind == RULE_PCRE)
                return true;
    return false;
}

static bool without_literal(struct finding *f)
{
    const struct match_placement *p = &f->place;
    if (p->literal_count || !asks_much(p) || p->ip_only || p->protocol_only || !f->rule->buffers)
        return false;
    return say(f, "%sasked of every %s that its header lets in",
               has_pcre(f->rule) ? "its pcre is " : "",
               p->groups_walked ? "packet" : "transaction");
}

static bool short_literal(struct finding *f)
{
    for (uint32_t i = 0; i < f->place.literal_count; i++)
        if (f->place.literals[i].bytes.len < SHORT_BYTES)
            return say(f, "the prefilter looks for %zu bytes only", f->place.literals[i].bytes.len);
    return false;
}

/* ---- advice ---- */

static bool same_conditions(struct finding *f)
{
    const struct rule *twin = f->facts->twins[f->rule->index];
    return twin && say(f, "asks the same as sid %u (%s:%u)", twin->sid, twin->file, twin->line);
}

static bool bit_never_asked(struct finding *f)
{
    if (!f->rule->noalert || f->rule->action != RULE_ALERT)
        return false;
    for (const struct rule_check *c = f->rule->acts; c; c = c->next) {
        bool flow = c->kind == RULE_CHECK_FLOWBITS;
        const struct uses *u = flow ? &f->facts->flowbits : &f->facts->xbits;
        if (!flow && c->kind != RULE_CHECK_XBITS && c->kind != RULE_CHECK_HOSTBITS)
            return false;
        if (u->asked[c->bits.ids[0]])
            return false;
    }
    return f->rule->acts && say(f, "it tells nothing, and no rule asks for the bit that it sets");
}

static bool uses_content(const struct rule *r)
{
    for (const struct rule_buffer *b = r->buffers; b; b = b->next)
        for (const struct rule_item *i = b->items; i; i = i->next)
            if (i->kind == RULE_CONTENT || i->kind == RULE_PCRE)
                return true;
    return false;
}

static bool without_flow(struct finding *f)
{
    const struct rule_flow *w = &f->rule->flow;
    bool said = w->to_server || w->to_client || w->established || w->not_established ||
                w->stateless || w->only_stream || w->no_stream;
    if (said || f->rule->l4 != RULE_L4_TCP || f->rule->app_mask || !uses_content(f->rule))
        return false;
    return say(
        f, "flow: is missing: it looks at both directions and at every state of the connection");
}

static bool any_to_any(struct finding *f)
{
    const struct rule *r = f->rule;
    bool ports = r->src_ports->any && r->dst_ports->any;
    if (!r->src->any || !r->dst->any || !ports || r->app_mask || !uses_content(r))
        return false;
    return say(f, "any address and any port on both sides");
}

static bool without_message(struct finding *f)
{
    return !f->rule->message[0] && !f->rule->noalert && say(f, "an alert of it has no text");
}

static bool without_class(struct finding *f)
{
    return !f->rule->class_name[0] && !f->rule->noalert &&
           say(f, "classtype is missing: priority %u, no category", f->rule->priority);
}

static bool without_revision(struct finding *f)
{
    return f->rule->rev == 0 && say(f, "rev is missing: its changes cannot be told apart");
}

static bool public_number(struct finding *f)
{
    /* sids from 1,000,000 on are a place's own; those below 100 are ours and other engines' own */
    return f->rule->gid == 1 && f->rule->sid < 100 &&
           say(f, "sid %u: a place's own rules begin at 1000000", f->rule->sid);
}

const struct lint_kind lint_kinds[] = {
    {"bit-never-set", LINT_DEAD, "waits for a bit that nobody sets"},
    {"nowhere", LINT_DEAD, "asks for what never comes together"},
    {"never", LINT_DEAD, "is too large to be evaluated"},
    {"no-literal", LINT_COST, "has no literal for the prefilter"},
    {"short-literal", LINT_COST, "has a short literal for the prefilter"},
    {"same-conditions", LINT_ADVICE, "asks the same as another rule"},
    {"bit-never-asked", LINT_ADVICE, "sets a bit that nobody asks for"},
    {"no-flow", LINT_ADVICE, "does not say flow"},
    {"any-any", LINT_ADVICE, "does not say where"},
    {"no-msg", LINT_ADVICE, "has no msg"},
    {"no-classtype", LINT_ADVICE, "has no classtype"},
    {"no-rev", LINT_ADVICE, "has no rev"},
    {"low-sid", LINT_ADVICE, "has a number that is not a place's own"},
};
const size_t lint_kind_count = ARRAY_COUNT(lint_kinds);

static bool (*const finders[])(struct finding *) = {
    bit_never_set,   nowhere,          never,         without_literal, short_literal,
    same_conditions, bit_never_asked,  without_flow,  any_to_any,      without_message,
    without_class,   without_revision, public_number,
};
_Static_assert(ARRAY_COUNT(finders) == ARRAY_COUNT(lint_kinds), "a function for each kind");

/* ---- gathering ---- */

static void count_uses(const struct rule_check *list, bool acts, struct facts *facts)
{
    for (const struct rule_check *c = list; c; c = c->next) {
        bool flow = c->kind == RULE_CHECK_FLOWBITS;
        if (!flow && c->kind != RULE_CHECK_XBITS && c->kind != RULE_CHECK_HOSTBITS)
            continue;
        struct uses *u = flow ? &facts->flowbits : &facts->xbits;
        bool sets = acts && (c->bits.op == RULE_BIT_SET || c->bits.op == RULE_BIT_TOGGLE);
        for (uint8_t i = 0; i < c->bits.count; i++) {
            u->set[c->bits.ids[i]] += sets;
            u->asked[c->bits.ids[i]] += !acts;
        }
    }
}

static int by_line(const void *a, const void *b)
{
    const struct rule *const *x = a, *const *y = b;
    int file = strcmp((*x)->file, (*y)->file);
    return file ? file : (*x)->line < (*y)->line ? -1 : (*x)->line > (*y)->line;
}

static int find_twins(struct facts *facts, const struct rule *const *ordered, uint32_t count)
{
    struct map seen;
    struct arena keys;
    struct buf key;
    map_init(&seen, 0);
    arena_init(&keys, 1 << 20, 0);
    buf_init(&key, KEY_BYTES_MAX);
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        buf_reset(&key);
        phrase_conditions(str_c(ordered[i]->text), &key);
        if (key.failed)
            continue;
        const struct rule *const *old = map_get(&seen, buf_str(&key));
        if (old) {
            facts->twins[ordered[i]->index] = *old;
            continue;
        }
        struct str kept = arena_copy(&keys, buf_str(&key));
        union {
            const struct rule *const *in;
            void *out;
        } value = {.in = &ordered[i]};
        rc = kept.p ? map_put(&seen, kept, value.out) : -1;
    }
    buf_fini(&key);
    map_fini(&seen);
    arena_fini(&keys);
    return rc;
}

static int look(const struct facts *facts, const struct rule *rule, struct vec *findings)
{
    char detail[sizeof((struct lint_finding *)0)->detail];
    struct finding f = {.facts = facts, .rule = rule, .detail = detail};
    match_image_place(facts->rules->image, rule, &f.place);
    for (uint32_t kind = 0; kind < ARRAY_COUNT(finders); kind++) {
        if (!finders[kind](&f))
            continue;
        struct lint_finding *found = vec_push(findings);
        if (!found)
            return -1;
        found->rule = rule;
        found->kind = kind;
        memcpy(found->detail, detail, sizeof detail);
    }
    return 0;
}

static int uses_init(struct uses *u, uint32_t count)
{
    u->set = calloc((size_t)count + 1, sizeof *u->set);
    u->asked = calloc((size_t)count + 1, sizeof *u->asked);
    return u->set && u->asked ? 0 : -1;
}

int lint_rules(const struct explain_rules *r, struct vec *findings)
{
    const struct rule_set *set = match_image_rules(r->image);
    struct facts facts = {.rules = r, .set = set};
    const struct rule **ordered = calloc((size_t)set->count + 1, sizeof *ordered);
    facts.twins = calloc((size_t)set->count + 1, sizeof *facts.twins);
    int rc = ordered && facts.twins && uses_init(&facts.flowbits, set->flowbit_count) == 0 &&
                     uses_init(&facts.xbits, set->xbit_count) == 0
                 ? 0
                 : -1;
    for (uint32_t i = 0; rc == 0 && i < set->count; i++) {
        ordered[i] = set->rules[i];
        count_uses(set->rules[i]->checks, false, &facts);
        count_uses(set->rules[i]->acts, true, &facts);
    }
    if (rc == 0) {
        qsort(ordered, set->count, sizeof *ordered, by_line);
        rc = find_twins(&facts, ordered, set->count);
    }
    for (uint32_t i = 0; rc == 0 && i < set->count; i++)
        rc = look(&facts, ordered[i], findings);
    free(facts.flowbits.set);
    free(facts.flowbits.asked);
    free(facts.xbits.set);
    free(facts.xbits.asked);
    free(facts.twins);
    free(ordered);
    return rc;
}
