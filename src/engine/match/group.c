/* Rules without a literal must be walked; so that few are walked per packet they are dealt to groups by the port on the
 * server's side: the range of ports is cut where any rule's port set begins or ends, each piece gets its lists, and equal
 * lists are one group. What has a literal needs no group: the scan names it, and the header check throws it out. */
#include "engine/match/compile.h"
#include "engine/match/worker.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum group_part {
    PART_PACKET,
    PART_SYN,
    PART_PAYLOAD,
    PART_IP_ONLY,
    PART_PROTOCOL_ONLY,
    PART_STREAM,
    PARTS
};

struct build {
    struct match_image *image;
    const int8_t *literal_of;
    struct map groups; /* lists as bytes -> struct match_group */
    uint32_t *members; /* scratch: lists of one group, part by part */
    uint8_t *parts;    /* by rule, bits of enum group_part for the l4 in hand */
};

static bool needs_syn(const struct rule *r)
{
    if (r->l4 != RULE_L4_TCP)
        return false;
    for (const struct rule_check *c = r->checks; c; c = c->next)
        if (c->kind == RULE_CHECK_TCP_FLAGS && !c->negated &&
            (c->flags.mode == '=' || c->flags.mode == '+') && (c->flags.bits & TCP_SYN) &&
            !(c->flags.ignored & TCP_SYN))
            return true;
    return false;
}

/* Lists in which a rule stands. */
static uint8_t parts_of(const struct match_rule *mr, int8_t literal)
{
    if (mr->never)
        return 0;
    if (mr->ip_only)
        return 1u << PART_IP_ONLY;
    if (mr->protocol_only)
        return 1u << PART_PROTOCOL_ONLY;
    bool payload_look = mr->looks != LOOK_TX || mr->mixed;
    if (mr->by_event || literal >= 0 || !payload_look)
        return 0;
    uint8_t parts = 0;
    if (mr->mixed)
        return 1u << PART_PAYLOAD | (mr->rule->l4 & RULE_L4_TCP ? 1u << PART_STREAM : 0u);
    if (mr->looks & LOOK_STREAM)
        parts |= 1u << PART_STREAM;
    if (mr->looks & LOOK_PACKET)
        parts |= mr->wants_payload     ? 1u << PART_PAYLOAD
                 : needs_syn(mr->rule) ? 1u << PART_SYN
                                       : 1u << PART_PACKET;
    return parts;
}

static uint8_t l4_bits(enum match_l4 l4)
{
    static const uint8_t bits[MATCH_L4S] = {
        [MATCH_TCP] = RULE_L4_TCP,
        [MATCH_UDP] = RULE_L4_UDP,
        [MATCH_OTHER] = RULE_L4_ICMP4 | RULE_L4_ICMP6 | RULE_L4_OTHER,
    };
    return bits[l4];
}

/* ip_proto: a rule for any protocol that asks for one is not walked with packets of another. */
static bool asks_for_other(const struct rule *r, enum match_l4 l4)
{
    static const uint8_t number[] = {[MATCH_TCP] = IPPROTO_TCP, [MATCH_UDP] = IPPROTO_UDP};
    for (const struct rule_check *c = r->checks; c && l4 != MATCH_OTHER; c = c->next)
        if (c->kind == RULE_CHECK_IP_PROTO &&
            rule_number_holds(&c->number, number[l4]) == c->negated)
            return true;
    return false;
}

static bool port_in(const struct rule_ports *set, uint16_t port)
{
    if (set->any)
        return true;
    for (uint32_t i = 0; i < set->count; i++)
        if (port >= set->ranges[i].first && port <= set->ranges[i].last)
            return true;
    return false;
}

/* The port set that is compared with the server's port when a packet goes in direction `dir`. */
static const struct rule_ports *server_side(const struct rule *r, enum dir dir)
{
    return dir == DIR_TOSERVER ? r->dst_ports : r->src_ports;
}

bool match_rule_covers(const struct rule *r, enum dir dir, uint16_t port)
{
    return port_in(server_side(r, dir), port) ||
           (r->bidirectional && port_in(server_side(r, dir_other(dir)), port));
}

static void mark_ports(uint8_t *cuts, const struct rule_ports *set)
{
    for (uint32_t i = 0; !set->any && i < set->count; i++) {
        cuts[set->ranges[i].first] = 1;
        if (set->ranges[i].last < 0xffff)
            cuts[set->ranges[i].last + 1] = 1;
    }
}

static struct match_list copy_list(struct arena *a, const uint32_t *rules, uint32_t count)
{
    uint32_t *copy = arena_alloc(a, (count ? count : 1u) * sizeof *copy);
    if (!copy)
        return (struct match_list){NULL, UINT32_MAX};
    memcpy(copy, rules, count * sizeof *copy);
    return (struct match_list){copy, count};
}

/* Smallest and largest port of the set, for both sides where the rule goes both ways. */
static void far_ports(const struct rule *r, enum dir dir, struct match_walk *walk)
{
    const struct rule_ports *far = server_side(r, dir_other(dir));
    walk->far_first = 0;
    walk->far_last = UINT16_MAX;
    if (far->any || r->bidirectional || far->count == 0)
        return;
    walk->far_first = far->ranges[0].first;
    walk->far_last = far->ranges[far->count - 1].last;
}

static struct match_walk walk_of(const struct build *b, uint32_t rule, enum match_l4 l4,
                                 enum dir dir)
{
    const struct match_rule *mr = &b->image->rules[rule];
    const struct rule *r = mr->rule;
    struct match_walk walk = {.app_mask = r->app_mask ? r->app_mask : ~UINT64_C(0),
                              .rule = rule,
                              .far_last = UINT16_MAX,
                              .peek = mr->peek};
    compile_packet_bytes(r, &walk.bytes_min, &walk.bytes_max);
    if (l4 != MATCH_OTHER)
        far_ports(r, dir, &walk);
    return walk;
}

static const struct match_walk *walks_of(struct build *b, const struct match_list *list,
                                         enum match_l4 l4, enum dir dir)
{
    struct match_walk *walks = arena_alloc(&b->image->arena, (list->count + 1) * sizeof *walks);
    for (uint32_t i = 0; walks && i < list->count; i++)
        walks[i] = walk_of(b, list->rules[i], l4, dir);
    return walks;
}

static struct match_group *new_group(struct build *b, enum match_l4 l4, enum dir dir,
                                     const uint32_t counts[PARTS], const uint32_t *members)
{
    struct match_group *g = arena_zalloc(&b->image->arena, sizeof *g);
    if (!g)
        return NULL;
    struct match_list *lists[PARTS] = {&g->packet,  &g->syn,           &g->payload,
                                       &g->ip_only, &g->protocol_only, &g->stream};
    const uint32_t *at = members;
    for (int part = 0; part < PARTS; part++) {
        *lists[part] = copy_list(&b->image->arena, at, counts[part]);
        if (!lists[part]->rules)
            return NULL;
        at += counts[part];
    }
    g->packet_walks = walks_of(b, &g->packet, l4, dir);
    g->payload_walks = walks_of(b, &g->payload, l4, dir);
    if (!g->packet_walks || !g->payload_walks)
        return NULL;
    for (uint32_t i = 0; i < g->stream.count; i++) {
        uint64_t mask = b->image->rules[g->stream.rules[i]].rule->app_mask;
        g->stream_protos |= mask ? mask : ~UINT64_C(0);
    }
    b->image->stats.groups++;
    return g;
}

/* The group of the lists for one piece of the port range; equal lists are one. */
static const struct match_group *group_of(struct build *b, enum match_l4 l4, enum dir dir,
                                          uint16_t port)
{
    uint32_t counts[PARTS] = {0};
    uint32_t total = 0;
    for (int part = 0; part < PARTS; part++)
        for (uint32_t i = 0; i < b->image->count; i++) {
            const struct rule *r = b->image->rules[i].rule;
            if (!(b->parts[i] >> part & 1) || !(r->l4 & l4_bits(l4)) || !(r->dirs & DIR_BIT(dir)) ||
                (l4 != MATCH_OTHER && !match_rule_covers(r, dir, port)) || asks_for_other(r, l4))
                continue;
            b->members[total++] = i;
            counts[part]++;
        }
    /* lists, then their lengths, and for whom they are: the whole is the key */
    memcpy(b->members + total, counts, sizeof counts);
    b->members[total + PARTS] = (uint32_t)l4 * DIR_COUNT + dir;
    struct str key = str_of(b->members, (total + PARTS + 1) * sizeof *b->members);
    struct match_group *known = map_get(&b->groups, key);
    if (known)
        return known;
    struct match_group *g = new_group(b, l4, dir, counts, b->members);
    struct str kept = arena_copy(&b->image->arena, key);
    if (!g || !kept.p || map_put(&b->groups, kept, g) < 0)
        return NULL;
    return g;
}

static int build_map(struct build *b, enum match_l4 l4, enum dir dir, uint8_t *cuts)
{
    struct match_port_map *map = &b->image->ports[l4][dir];
    memset(cuts, 0, 65536);
    cuts[0] = 1;
    for (uint32_t i = 0; i < b->image->count && l4 != MATCH_OTHER; i++) {
        const struct rule *r = b->image->rules[i].rule;
        if (!b->parts[i] || !(r->l4 & l4_bits(l4)))
            continue;
        mark_ports(cuts, server_side(r, dir));
        if (r->bidirectional)
            mark_ports(cuts, server_side(r, dir_other(dir)));
    }
    uint32_t count = 0;
    for (uint32_t port = 0; port < 65536; port++)
        count += cuts[port];
    uint16_t *first = arena_alloc(&b->image->arena, count * sizeof *first);
    map->groups = arena_alloc(&b->image->arena, count * sizeof *map->groups);
    if (!first || !map->groups)
        return -1;
    map->first = first;
    for (uint32_t port = 0; port < 65536; port++) {
        if (!cuts[port])
            continue;
        first[map->count] = (uint16_t)port;
        map->groups[map->count] = group_of(b, l4, dir, (uint16_t)port);
        if (!map->groups[map->count++])
            return -1;
    }
    return 0;
}

const struct match_group *match_group_find(const struct match_image *image, enum match_l4 l4,
                                           enum dir dir, uint16_t port)
{
    const struct match_port_map *map = &image->ports[l4][dir];
    uint32_t low = 0, high = map->count;
    while (high - low > 1) {
        uint32_t middle = (low + high) / 2;
        if (map->first[middle] <= port)
            low = middle;
        else
            high = middle;
    }
    return map->groups[low];
}

static bool has_event(const struct rule *r, enum rule_check_kind kind, uint32_t event)
{
    for (const struct rule_check *c = r->checks; c; c = c->next)
        if (c->kind == kind && !c->negated && (event == UINT32_MAX || c->event == event))
            return true;
    return false;
}

/* Rules that wait for an event; UINT32_MAX: for any of the kind. */
static int event_list(struct build *b, enum rule_check_kind kind, uint32_t event,
                      struct match_list *out)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < b->image->count; i++)
        if (b->image->rules[i].by_event && !b->image->rules[i].never &&
            has_event(b->image->rules[i].rule, kind, event))
            b->members[count++] = i;
    if (count == 0)
        return 0;
    *out = copy_list(&b->image->arena, b->members, count);
    return out->rules ? 0 : -1;
}

static void for_asked_by(struct match_image *image, const struct rule_check *c, uint32_t rule,
                         void (*each)(struct match_askers *list, uint32_t rule))
{
    if (c->kind == RULE_CHECK_FLOWVAR || c->kind == RULE_CHECK_PKTVAR)
        each(&image->bit_askers[image->set->flowbit_count + c->integer.id], rule);
    for (uint8_t k = 0;
         c->kind == RULE_CHECK_FLOWBITS && c->bits.op == RULE_BIT_ISSET && k < c->bits.count; k++)
        each(&image->bit_askers[c->bits.ids[k]], rule);
}

/* Calls `each` for every flowbit that a rule of packets asks to be set, and for every variable that it asks of. */
static void for_asked(struct match_image *image,
                      void (*each)(struct match_askers *list, uint32_t rule))
{
    for (uint32_t i = 0; i < image->count; i++) {
        const struct match_rule *mr = &image->rules[i];
        if (!(mr->looks & LOOK_PACKET) || mr->mixed || mr->never || mr->by_event)
            continue;
        for (const struct rule_check *c = mr->rule->checks; c; c = c->next)
            for_asked_by(image, c, i, each);
    }
}

static void count_asker(struct match_askers *list, uint32_t rule)
{
    list->count++;
}

static void add_asker(struct match_askers *list, uint32_t rule)
{
    list->rules[list->count++] = rule;
}

static int build_askers(struct build *b)
{
    struct match_image *image = b->image;
    uint32_t bits = image->set->flowbit_count + image->set->capture_count;
    image->bit_askers = arena_zalloc(&image->arena, (bits + 1) * sizeof *image->bit_askers);
    if (!image->bit_askers)
        return -1;
    for_asked(image, count_asker);
    for (uint32_t bit = 0; bit < bits; bit++) {
        struct match_askers *list = &image->bit_askers[bit];
        list->rules =
            list->count ? arena_alloc(&image->arena, list->count * sizeof *list->rules) : NULL;
        if (list->count && !list->rules)
            return -1;
        list->count = 0;
    }
    for_asked(image, add_asker);
    return 0;
}

static int build_event_lists(struct build *b)
{
    for (uint32_t event = 0; event < 256; event++)
        if (event_list(b, RULE_CHECK_DECODE_EVENT, event, &b->image->decode_events[event]) < 0 ||
            event_list(b, RULE_CHECK_STREAM_EVENT, event, &b->image->stream_events[event]) < 0)
            return -1;
    return event_list(b, RULE_CHECK_APP_EVENT, UINT32_MAX, &b->image->flow_events);
}

int match_groups_build(struct match_image *image, const int8_t *literal_of)
{
    struct build b = {.image = image, .literal_of = literal_of};
    map_init(&b.groups, 0);
    uint8_t *cuts = malloc(65536);
    b.members = malloc((2 * (size_t)image->count + PARTS + 1) * sizeof *b.members);
    b.parts = malloc((size_t)image->count + 1);
    int rc = cuts && b.members && b.parts ? 0 : -1;
    for (uint32_t i = 0; rc == 0 && i < image->count; i++)
        b.parts[i] = parts_of(&image->rules[i], literal_of[i]);
    for (int l4 = 0; rc == 0 && l4 < MATCH_L4S; l4++)
        for (int dir = 0; rc == 0 && dir < DIR_COUNT; dir++)
            rc = build_map(&b, (enum match_l4)l4, (enum dir)dir, cuts);
    if (rc == 0)
        rc = build_event_lists(&b);
    if (rc == 0)
        rc = build_askers(&b);
    free(cuts);
    free(b.members);
    free(b.parts);
    map_fini(&b.groups);
    return rc;
}
