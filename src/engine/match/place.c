/* Where a rule stands in the image: for people who ask what it costs. Found by looking through what the packets meet, so that
 * the answer cannot differ from it; slow, and never asked in the packet path. */
#include "engine/match/image.h"

#include "engine/match/literal.h"
#include "engine/match/near.h"

static uint32_t sharing(const struct match_scan *scan, uint32_t rule)
{
    for (uint32_t i = 0; i < scan->pattern_count; i++)
        for (uint32_t k = scan->first[i]; k < scan->first[i + 1]; k++)
            if (scan->rules[k] == rule)
                return scan->first[i + 1] - scan->first[i];
    return 0;
}

/* Which of the rule's buffers is meant: of one slot, the one whose literal it is. */
static const struct match_buffer *buffer_of(const struct match_rule *mr, bool payload,
                                            uint32_t slot)
{
    const struct match_buffer *best = NULL;
    for (uint8_t i = 0; i < mr->buffer_count; i++) {
        const struct match_buffer *b = &mr->buffers[i];
        bool here = payload ? b->place == PLACE_PAYLOAD : b->slot == slot;
        if (here && b->fast && (!best || b->fast->fast_pattern))
            best = b;
    }
    return best;
}

/* The same literal in several databases of one kind is told once. */
static void add(struct match_placement *out, const struct match_literal *literal)
{
    for (uint32_t i = 0; i < out->literal_count; i++) {
        struct match_literal *l = &out->literals[i];
        if (l->kind == literal->kind && l->near == literal->near && l->buffer == literal->buffer &&
            l->patterns == literal->patterns) {
            l->dirs |= literal->dirs;
            l->l4 |= literal->l4;
            return;
        }
    }
    if (out->literal_count < MATCH_LITERALS_MAX)
        out->literals[out->literal_count++] = *literal;
}

static void add_literal(struct match_placement *out, const struct match_rule *mr,
                        const struct match_scan *scan, uint32_t slot,
                        const struct match_literal *place)
{
    uint32_t shared = scan ? sharing(scan, mr->rule->index) : 0;
    const struct match_buffer *b = shared ? buffer_of(mr, place->kind != SCAN_TX, slot) : NULL;
    if (!b)
        return;
    struct match_literal l = *place;
    l.buffer = b->source;
    l.bytes = literal_part(b->fast);
    l.nocase = b->fast->nocase;
    l.patterns = scan->pattern_count;
    l.sharing = shared;
    add(out, &l);
}

static void add_near(struct match_placement *out, const struct match_rule *mr,
                     const struct match_near *near, const struct match_literal *place)
{
    struct near_place where;
    if (!near_has(near, mr->rule->index) || !near_place_of(mr, &where))
        return;
    struct match_literal l = *place;
    l.near = true;
    l.low = where.low;
    l.high = where.high;
    l.buffer = where.buffer->source;
    l.bytes = where.bytes;
    l.nocase = where.content->nocase;
    l.patterns = near_count(near);
    l.sharing = 1;
    add(out, &l);
}

static void add_payload(const struct match_image *image, const struct match_rule *mr, enum dir dir,
                        struct match_placement *out)
{
    static const uint8_t bits[MATCH_L4S] = {
        [MATCH_TCP] = RULE_L4_TCP,
        [MATCH_UDP] = RULE_L4_UDP,
        [MATCH_OTHER] = RULE_L4_ICMP4 | RULE_L4_ICMP6 | RULE_L4_OTHER,
    };
    const struct match_lane *lane = &image->lanes[0];
    struct match_literal place = {.dirs = DIR_BIT(dir)};
    for (int l4 = 0; l4 < MATCH_L4S; l4++) {
        place.l4 = bits[l4];
        add_near(out, mr, lane->packets[l4][dir].near, &place);
        add_literal(out, mr, lane->packets[l4][dir].scan, 0, &place);
    }
    place.l4 = RULE_L4_TCP;
    place.kind = SCAN_STREAM;
    add_near(out, mr, lane->stream[dir].near, &place);
    add_literal(out, mr, lane->stream[dir].scan, 0, &place);
    place.kind = SCAN_ACCEPTED;
    add_near(out, mr, lane->accepted[dir].near, &place);
    add_literal(out, mr, lane->accepted[dir].scan, 0, &place);
}

static bool list_has(const struct match_list *list, uint32_t rule)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (list->rules[i] == rule)
            return true;
    return false;
}

static void add_plans(const struct match_image *image, const struct match_rule *mr, enum dir dir,
                      struct match_placement *out)
{
    const struct match_literal place = {.kind = SCAN_TX, .dirs = DIR_BIT(dir)};
    for (int proto = 0; proto < APP_PROTO_COUNT; proto++) {
        const struct match_plan *plan = image->plans[proto][dir];
        if (!plan)
            continue;
        if (list_has(&plan->always, mr->rule->index))
            out->walked_protos[dir] |= UINT64_C(1) << proto;
        for (uint16_t i = 0; i < plan->scan_count; i++)
            add_literal(out, mr, plan->scans[i].scan, plan->scans[i].slot, &place);
    }
}

static void count_groups(const struct match_image *image, uint32_t rule, enum dir dir,
                         struct match_placement *out)
{
    for (int l4 = 0; l4 < MATCH_L4S; l4++) {
        const struct match_port_map *map = &image->ports[l4][dir];
        for (uint32_t i = 0; i < map->count; i++) {
            const struct match_group *g = map->groups[i];
            out->groups++;
            out->groups_walked += list_has(&g->packet, rule) || list_has(&g->syn, rule) ||
                                  list_has(&g->payload, rule) || list_has(&g->stream, rule) ||
                                  list_has(&g->ip_only, rule) || list_has(&g->protocol_only, rule);
        }
    }
}

void match_image_place(const struct match_image *image, const struct rule *rule,
                       struct match_placement *out)
{
    const struct match_rule *mr = &image->rules[rule->index];
    *out = (struct match_placement){.looks = mr->looks,
                                    .ip_only = mr->ip_only,
                                    .protocol_only = mr->protocol_only,
                                    .by_event = mr->by_event,
                                    .mixed = mr->mixed,
                                    .never = mr->never};
    for (enum dir dir = 0; dir < DIR_COUNT; dir++) {
        add_payload(image, mr, dir, out);
        add_plans(image, mr, dir, out);
        count_groups(image, rule->index, dir, out);
    }
}
