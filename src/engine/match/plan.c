/* Plans: what is to be done with a transaction of one protocol in one direction. A rule stands in the plan of every protocol
 * that carries all its fields; its literal, if it has one in a field, is looked for by the scan of that field's slot, which
 * all protocols share. A rule whose fields lie in both directions is judged when the later one (to the client) is there. */
#include "engine/match/compile.h"
#include "engine/match/literal.h"

#include <stdlib.h>
#include <string.h>

#define SCAN_NONE UINT16_MAX

struct tx_rule {
    uint64_t protos[DIR_COUNT]; /* in which plans it stands */
    int8_t literal[DIR_COUNT];  /* buffer, or -1 */
};

struct plans {
    struct match_image *image;
    struct tx_rule *rules;                      /* by rule index */
    const struct match_scan **scans[DIR_COUNT]; /* by slot */
    uint32_t *shared; /* by slot: whose scan looks for its literals too; mostly its own */
};

static const struct field_entry *check_entry(const struct match_image *image,
                                             const struct rule_check *c)
{
    uint32_t id = match_check_field(image, c);
    return id < image->fields->count ? &image->fields->entries[id] : NULL;
}

static bool entry_ok(const struct field_entry *entry, enum app_proto proto, enum dir dir,
                     bool either_dir)
{
    const struct field_desc *field = entry ? entry->of_proto[proto] : NULL;
    return field && (either_dir || (field->dirs & DIR_BIT(dir)));
}

/* Can the rule hold on transactions of this protocol, all its facts being there? */
static bool viable(const struct match_image *image, const struct match_rule *mr,
                   enum app_proto proto, enum dir dir, bool either_dir)
{
    for (uint8_t i = 0; i < mr->buffer_count; i++) {
        const struct match_buffer *b = &mr->buffers[i];
        if (b->source->side && b->source->side != 1 + dir) {
            if (!entry_ok(image->slots[b->slot].entry, proto, dir, true))
                return false;
            continue;
        }
        if (b->place == PLACE_FIELD && !(b->holds_when_absent && !either_dir) &&
            !entry_ok(image->slots[b->slot].entry, proto, dir, either_dir))
            return false;
        if (b->place == PLACE_FIELD && b->holds_when_absent &&
            !entry_ok(image->slots[b->slot].entry, proto, dir, true))
            return false;
    }
    for (const struct rule_check *c = mr->rule->checks; c; c = c->next) {
        if (c->kind == RULE_CHECK_APP_EVENT && !c->negated && !(c->app_mask >> proto & 1))
            return false;
        const struct field_entry *entry = check_entry(image, c);
        if (entry && !entry_ok(entry, proto, dir, either_dir))
            return false;
    }
    return true;
}

static bool fits_dir(const struct match_buffer *b, void *arg)
{
    const struct match_slot *slots = ((void **)arg)[0];
    enum dir dir = *(const enum dir *)((void **)arg)[1];
    return b->place == PLACE_FIELD && slots[b->slot].entry &&
           (!b->source->side || b->source->side == 1 + dir) &&
           (slots[b->slot].entry->dirs & DIR_BIT(dir));
}

static void place_rule(struct plans *p, uint32_t index)
{
    const struct match_image *image = p->image;
    const struct match_rule *mr = &image->rules[index];
    struct tx_rule *t = &p->rules[index];
    t->literal[0] = t->literal[1] = -1;
    if (mr->never || mr->looks != LOOK_TX)
        return;
    uint64_t across = 0; /* protocols in which the fields lie in both directions */
    for (int proto = 0; proto < APP_PROTO_COUNT; proto++) {
        if (mr->rule->app_mask && !(mr->rule->app_mask >> proto & 1))
            continue;
        bool found = false;
        for (int dir = 0; dir < DIR_COUNT; dir++)
            if ((mr->rule->dirs & DIR_BIT(dir)) && !(mr->rule->both_sides && dir == DIR_TOCLIENT) &&
                viable(image, mr, (enum app_proto)proto, (enum dir)dir, false)) {
                t->protos[dir] |= UINT64_C(1) << proto;
                found = true;
            }
        if (!found && !mr->rule->both_sides && (mr->rule->dirs & DIR_BIT(DIR_TOCLIENT)) &&
            viable(image, mr, (enum app_proto)proto, DIR_TOCLIENT, true))
            across |= UINT64_C(1) << proto;
    }
    for (int dir = 0; dir < DIR_COUNT && !mr->mixed; dir++) {
        enum dir d = (enum dir)dir;
        void *arg[2] = {image->slots, &d};
        if (t->protos[dir])
            t->literal[dir] = (int8_t)compile_choose(mr, fits_dir, arg);
    }
    t->protos[DIR_TOCLIENT] |= across;
    if (across && !mr->mixed && t->literal[DIR_TOCLIENT] < 0) {
        enum dir d = DIR_TOCLIENT;
        void *arg[2] = {image->slots, &d};
        t->literal[DIR_TOCLIENT] = (int8_t)compile_choose(mr, fits_dir, arg);
    }
}

/* Is the rule's literal looked for in transactions of this protocol? A field may lie in another direction there. */
static bool is_looked_for(const struct plans *p, uint32_t rule, enum app_proto proto, enum dir dir)
{
    int literal = p->rules[rule].literal[dir];
    if (literal < 0)
        return false;
    const struct match_buffer *b = &p->image->rules[rule].buffers[literal];
    const struct field_entry *entry = p->image->slots[b->slot].entry;
    return entry_ok(entry, proto, dir, false);
}

static bool is_body(const struct match_slot *slot)
{
    return slot->place == PLACE_FIELD && slot->entry && slot->source->transform_count == 0;
}

static bool share_protocol(const struct match_slot *a, const struct match_slot *b)
{
    for (int proto = 0; proto < APP_PROTO_COUNT; proto++) {
        const struct field_desc *x = a->entry->of_proto[proto], *y = b->entry->of_proto[proto];
        if (x && y && x->kind == FIELD_WINDOW && y->kind == FIELD_WINDOW)
            return true;
    }
    return false;
}

/* A body is mostly asked for under two names (file.data, http.response_body): one scan looks for the literals of both, so that
 * the same bytes need to pass once. */
static void share_scans(struct plans *p)
{
    const struct match_slot *slots = p->image->slots;
    for (uint32_t i = 0; i < p->image->slot_count; i++) {
        p->shared[i] = i;
        for (uint32_t k = 0; k < i && p->shared[i] == i && is_body(&slots[i]); k++)
            if (p->shared[k] == k && is_body(&slots[k]) && share_protocol(&slots[k], &slots[i]))
                p->shared[i] = k;
    }
}

static bool same_sets(const struct literal_set *a, const struct literal_set *b)
{
    if (a->items.count != b->items.count)
        return false;
    const struct literal *x = a->items.items, *y = b->items.items;
    for (size_t i = 0; i < a->items.count; i++)
        if (x[i].rule != y[i].rule || x[i].nocase != y[i].nocase || !str_eq(x[i].bytes, y[i].bytes))
            return false;
    return true;
}

/* Literals of every slot, one direction; sets has slot_count members. */
static int collect(const struct plans *p, enum dir dir, struct literal_set *sets)
{
    for (uint32_t i = 0; i < p->image->count; i++) {
        int literal = p->rules[i].literal[dir];
        if (literal < 0)
            continue;
        const struct match_buffer *b = &p->image->rules[i].buffers[literal];
        if (literal_set_add(&sets[p->shared[b->slot]], b->fast, i) < 0)
            return -1;
    }
    return 0;
}

static int build_slot(struct plans *p, uint32_t slot, struct literal_set *both[DIR_COUNT],
                      struct err *err)
{
    bool same = same_sets(&both[0][slot], &both[1][slot]);
    for (int dir = 0; dir < DIR_COUNT; dir++) {
        if (dir == 1 && same) {
            p->scans[1][slot] = p->scans[0][slot];
            return 0;
        }
        struct match_scan *scan;
        if (literal_set_build(&both[dir][slot], p->image, &scan, err) < 0 ||
            match_image_add_scan(p->image, scan) < 0)
            return -1;
        p->scans[dir][slot] = scan;
    }
    return 0;
}

static int build_scans(struct plans *p, struct err *err)
{
    uint32_t slots = p->image->slot_count;
    struct literal_set *sets[DIR_COUNT] = {calloc(slots + 1, sizeof **sets),
                                           calloc(slots + 1, sizeof **sets)};
    int rc = sets[0] && sets[1] ? 0 : err_set(err, "no memory for %u slots", slots);
    for (int dir = 0; dir < DIR_COUNT && rc == 0; dir++) {
        for (uint32_t i = 0; i < slots; i++)
            literal_set_init(&sets[dir][i]);
        if (collect(p, (enum dir)dir, sets[dir]) < 0)
            rc = err_set(err, "no memory for literals");
    }
    for (uint32_t i = 0; i < slots && rc == 0; i++)
        rc = build_slot(p, i, sets, err);
    for (int dir = 0; dir < DIR_COUNT; dir++) {
        for (uint32_t i = 0; sets[dir] && i < slots; i++)
            literal_set_fini(&sets[dir][i]);
        free(sets[dir]);
    }
    return rc;
}

/* From which progress on all facts of the rule can be asked for. */
static uint8_t ready_of(const struct match_image *image, const struct match_rule *mr,
                        enum app_proto proto, enum dir dir, bool *growing)
{
    uint8_t ready = 0;
    for (uint8_t i = 0; i < mr->buffer_count; i++) {
        const struct match_buffer *b = &mr->buffers[i];
        const struct field_entry *entry =
            b->place == PLACE_FIELD ? image->slots[b->slot].entry : NULL;
        const struct field_desc *field = entry ? entry->of_proto[proto] : NULL;
        enum dir d = field ? match_buffer_dir(b->source, field, dir) : dir;
        if (!field || (b->source->side && d != dir))
            continue;
        *growing |= match_field_growing(field, d);
        if (d == dir && field->ready_at[d] > ready)
            ready = field->ready_at[d];
    }
    for (const struct rule_check *c = mr->rule->checks; c; c = c->next) {
        const struct field_entry *entry = check_entry(image, c);
        const struct field_desc *field = entry ? entry->of_proto[proto] : NULL;
        *growing |= match_check_grows(c) || c->kind == RULE_CHECK_APP_STATE;
        if (c->kind == RULE_CHECK_APP_STATE && c->number.compare == RULE_EQ && c->number.a > ready)
            ready = (uint8_t)c->number.a;
        if (field && field->ready_at[dir] > ready)
            ready = field->ready_at[dir];
    }
    return ready;
}

static int fill_always(struct plans *p, struct match_plan *plan, enum app_proto proto, enum dir dir)
{
    struct match_image *image = p->image;
    uint32_t always = 0, events = 0;
    for (uint32_t i = 0; i < image->count; i++)
        if (p->rules[i].protos[dir] >> proto & 1) {
            events += image->rules[i].by_event;
            always += !image->rules[i].by_event && !image->rules[i].mixed &&
                      !is_looked_for(p, i, proto, dir);
        }
    uint32_t *rules = arena_alloc(&image->arena, (always + 1) * sizeof *rules);
    uint8_t *ready = arena_alloc(&image->arena, always + 1);
    bool *growing = arena_zalloc(&image->arena, always + 1);
    uint32_t *event_rules = arena_alloc(&image->arena, (events + 1) * sizeof *event_rules);
    if (!rules || !ready || !growing || !event_rules)
        return -1;
    plan->always = (struct match_list){rules, always};
    plan->always_ready = ready;
    plan->always_growing = growing;
    plan->events = (struct match_list){event_rules, events};
    uint32_t at = 0, event_at = 0;
    for (uint32_t i = 0; i < image->count; i++) {
        const struct match_rule *mr = &image->rules[i];
        if (!(p->rules[i].protos[dir] >> proto & 1))
            continue;
        if (mr->by_event) {
            event_rules[event_at++] = i;
        } else if (!mr->mixed && !is_looked_for(p, i, proto, dir)) {
            ready[at] = ready_of(image, mr, proto, dir, &growing[at]);
            rules[at++] = i;
        }
    }
    return 0;
}

static int fill_scans(struct plans *p, struct match_plan *plan, enum app_proto proto, enum dir dir)
{
    uint32_t slots = p->image->slot_count;
    plan->scans = arena_zalloc(&p->image->arena, (slots + 1) * sizeof *plan->scans);
    if (!plan->scans)
        return -1;
    for (uint32_t i = 0; i < slots; i++) {
        const struct match_slot *slot = &p->image->slots[i];
        const struct match_scan *scan = p->scans[dir][p->shared[i]];
        const struct field_desc *field = scan && slot->entry ? slot->entry->of_proto[proto] : NULL;
        if (!field || !(field->dirs & DIR_BIT(dir)) ||
            (slot->source->side && slot->source->side != 1 + dir))
            continue;
        struct match_plan_scan *s = &plan->scans[plan->scan_count++];
        *s = (struct match_plan_scan){.scan = scan,
                                      .slot = i,
                                      .field = field,
                                      .dir = dir,
                                      .ready_at = field->ready_at[dir],
                                      .growing = match_field_growing(field, dir),
                                      .grow_index = SCAN_NONE};
        if (s->growing)
            s->grow_index = plan->growing_count++;
    }
    return 0;
}

/* Rules of both sides wait in the plan of responses for what their requests have shown. */
static bool anything_for(const struct plans *p, enum app_proto proto, enum dir dir)
{
    for (uint32_t i = 0; i < p->image->count; i++)
        if (p->rules[i].protos[dir] >> proto & 1 ||
            (p->image->rules[i].rule->both_sides && p->rules[i].protos[DIR_TOSERVER] >> proto & 1))
            return true;
    return false;
}

static int build_plans(struct plans *p)
{
    for (int proto = 0; proto < APP_PROTO_COUNT; proto++)
        for (int dir = 0; dir < DIR_COUNT; dir++) {
            if (!anything_for(p, (enum app_proto)proto, (enum dir)dir))
                continue;
            struct match_plan *plan = arena_zalloc(&p->image->arena, sizeof *plan);
            if (!plan || fill_scans(p, plan, (enum app_proto)proto, (enum dir)dir) < 0 ||
                fill_always(p, plan, (enum app_proto)proto, (enum dir)dir) < 0)
                return -1;
            p->image->plans[proto][dir] = plan;
        }
    return 0;
}

static void count_without_literal(struct plans *p)
{
    for (uint32_t i = 0; i < p->image->count; i++) {
        const struct tx_rule *t = &p->rules[i];
        if ((t->protos[0] && t->literal[0] < 0) || (t->protos[1] && t->literal[1] < 0))
            p->image->stats.without_literal += !p->image->rules[i].mixed;
    }
}

int match_plans_build(struct match_image *image, struct err *err)
{
    struct plans p = {.image = image};
    p.rules = calloc((size_t)image->count + 1, sizeof *p.rules);
    for (int dir = 0; dir < DIR_COUNT; dir++)
        p.scans[dir] = calloc((size_t)image->slot_count + 1, sizeof(void *));
    p.shared = calloc((size_t)image->slot_count + 1, sizeof *p.shared);
    int rc = p.rules && p.scans[0] && p.scans[1] && p.shared
                 ? 0
                 : err_set(err, "no memory for %u rules", image->count);
    for (uint32_t i = 0; rc == 0 && i < image->count; i++)
        place_rule(&p, i);
    if (rc == 0) {
        share_scans(&p);
        rc = build_scans(&p, err);
    }
    if (rc == 0 && build_plans(&p) < 0)
        rc = err_set(err, "no memory for the plans of transactions");
    if (rc == 0)
        count_without_literal(&p);
    free(p.rules);
    free(p.scans[0]);
    free(p.scans[1]);
    free(p.shared);
    return rc;
}
