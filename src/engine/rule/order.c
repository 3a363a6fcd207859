/* The order in which rules are evaluated: action, who sets before who asks, priority, place in the files. */
#include "engine/rule/build.h"

#include <stdlib.h>

/* What a rule does with flowbits, flowints, variables and xbits of transactions. Those that set come first, then those that ask and
 * set, then those that ask: so what one packet makes known is known to the rules after it. Of hosts Suricata knows two ways only, and
 * so do we: who changes hostbits comes first, and who asks for xbits; the others have no place. So a packet that sets an xbit is too
 * early for rules that ask for it. */
enum use { USE_SET, USE_ASK_SET, USE_ASK, USE_NONE };

#define USES 5

struct place {
    struct rule *rule;
    uint32_t place;
    uint8_t action, uses[USES];
    uint8_t level; /* of those that ask and set: length of the chain of flowbits before it */
};

static bool has_kind(const struct rule_check *c, enum rule_check_kind kind)
{
    while (c && c->kind != kind)
        c = c->next;
    return c != NULL;
}

static uint8_t use_of(const struct rule *r, enum rule_check_kind kind)
{
    bool asks = has_kind(r->checks, kind), sets = has_kind(r->acts, kind);
    return sets ? asks ? USE_ASK_SET : USE_SET : asks ? USE_ASK : USE_NONE;
}

static uint8_t use_of_hostbits(const struct rule *r)
{
    return has_kind(r->acts, RULE_CHECK_HOSTBITS) ? USE_SET : USE_NONE;
}

static uint8_t use_of_xbits(const struct rule *r)
{
    for (const struct rule_check *c = r->checks; c; c = c->next)
        if (c->kind == RULE_CHECK_XBITS && c->bits.track != RULE_TRACK_TX)
            return USE_SET;
    for (const struct rule_check *c = r->acts; c; c = c->next)
        if (c->kind == RULE_CHECK_XBITS && c->bits.track != RULE_TRACK_TX)
            return USE_NONE;
    return use_of(r, RULE_CHECK_XBITS);
}

static bool captures(const struct rule *r)
{
    for (const struct rule_buffer *b = r->buffers; b; b = b->next)
        for (const struct rule_item *i = b->items; i; i = i->next)
            if (i->kind == RULE_PCRE && i->pcre.capture_count)
                return true;
    return false;
}

static uint8_t use_of_variables(const struct rule *r)
{
    bool asks = has_kind(r->checks, RULE_CHECK_FLOWVAR) || has_kind(r->checks, RULE_CHECK_PKTVAR);
    return captures(r) ? asks ? USE_ASK_SET : USE_SET : asks ? USE_ASK : USE_NONE;
}

static void find_uses(const struct rule *r, uint8_t uses[USES])
{
    uses[0] = use_of(r, RULE_CHECK_FLOWBITS);
    uses[1] = use_of(r, RULE_CHECK_FLOWINT);
    uses[2] = use_of_variables(r);
    uses[3] = use_of_hostbits(r);
    uses[4] = use_of_xbits(r);
}

static int place_compare(const void *left, const void *right)
{
    const struct place *a = left, *b = right;
    if (a->action != b->action)
        return a->action < b->action ? -1 : 1;
    int uses = memcmp(a->uses, b->uses, sizeof a->uses);
    if (uses)
        return uses;
    if (a->level != b->level)
        return a->level < b->level ? -1 : 1;
    if (a->rule->priority != b->rule->priority)
        return a->rule->priority < b->rule->priority ? -1 : 1;
    return a->place < b->place ? -1 : 1;
}

#define LEVELS_MAX 15 /* circles end here */

/* Highest level of a flowbit that the rule asks to be set. */
static uint8_t level_asked(const struct rule *r, const uint8_t *levels)
{
    uint8_t level = 0;
    for (const struct rule_check *c = r->checks; c; c = c->next)
        for (uint8_t i = 0;
             c->kind == RULE_CHECK_FLOWBITS && c->bits.op == RULE_BIT_ISSET && i < c->bits.count;
             i++)
            if (levels[c->bits.ids[i]] > level)
                level = levels[c->bits.ids[i]];
    return level;
}

/* What it sets is known only after it. True when that is news. */
static bool raise_levels(const struct rule *r, uint8_t level, uint8_t *levels)
{
    bool news = false;
    for (const struct rule_check *c = r->acts; c; c = c->next)
        if (c->kind == RULE_CHECK_FLOWBITS && c->bits.op == RULE_BIT_SET &&
            levels[c->bits.ids[0]] <= level && level < LEVELS_MAX) {
            levels[c->bits.ids[0]] = (uint8_t)(level + 1);
            news = true;
        }
    return news;
}

/* A sets x; B asks x and sets y; C asks y and sets z: C after B, however deep. */
static void find_levels(struct place *places, size_t count, uint8_t *levels)
{
    bool news = true;
    for (int round = 0; news && round < LEVELS_MAX; round++) {
        news = false;
        for (size_t i = 0; i < count; i++) {
            if (places[i].uses[0] != USE_ASK_SET)
                continue;
            places[i].level = level_asked(places[i].rule, levels);
            news |= raise_levels(places[i].rule, places[i].level, levels);
        }
    }
}

int rule_sort(struct rule_loader *l)
{
    size_t count = l->rules.count;
    if (count == 0)
        return 0;
    struct place *places = calloc(count, sizeof *places);
    uint8_t *levels = calloc(l->flowbits.names.count + 1, 1);
    struct rule **rules = l->rules.items;
    if (!places || !levels) {
        free(places);
        free(levels);
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        places[i] = (struct place){
            .rule = rules[i], .place = (uint32_t)i, .action = l->action_order[rules[i]->action]};
        find_uses(rules[i], places[i].uses);
    }
    find_levels(places, count, levels);
    free(levels);
    qsort(places, count, sizeof *places, place_compare);
    for (size_t i = 0; i < count; i++)
        rules[i] = places[i].rule;
    free(places);
    return 0;
}
