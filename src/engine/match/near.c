#include "engine/match/near.h"

#include "engine/match/compile.h"
#include "engine/match/literal.h"

#include <stdlib.h>
#include <string.h>

#define HEAD_BYTES 8
#define PAIR_BITS (1u << 16)
#define BUCKET_BITS 11
#define BUCKETS (1u << BUCKET_BITS)
#define FOLD 0x2020u /* capitals become small letters; what is merged with them costs comparisons */
#define ZEROS_WEIGHT 16 /* as if so many contents waited for them already: zeros are everywhere */

/* Where a wanted pair begins: nearly all in the first bytes, some further on. Each zone has its own bitmap, so that the many
 * of the first one are not asked everywhere. */
enum { ZONES = 2 };
static const uint16_t zone_end[ZONES] = {16, NEAR_LAST};

struct near_entry {
    uint64_t head,
        mask; /* its first bytes; mask 0 behind its end, 0xdf for a letter of either case */
    uint32_t rule;
    uint16_t low, high, packet_max;
    uint8_t pair_at; /* the pair that waits, within the content */
    uint8_t len;     /* of head */
    bool nocase;
    struct str bytes; /* all of it; in small letters when nocase */
};

struct zone {
    uint32_t pairs[PAIR_BITS / 32];
    uint16_t from, end; /* places at which some pair may begin */
    uint16_t packet_max;
};

struct match_near {
    struct zone zones[ZONES];
    uint16_t first[BUCKETS + 1]; /* entries[first[i] .. first[i + 1]) */
    uint32_t count;
    struct near_entry *entries;
};

/* ---- which content ---- */

static bool is_number(const struct rule_value *v)
{
    return v->variable < 0;
}

/* Without a place of its own a content may begin anywhere. */
static bool bounds_of(const struct rule_content *c, int64_t *low, int64_t *high)
{
    *low = 0;
    *high = INT32_MAX;
    if (c->relative)
        return true; /* behind something else: anywhere */
    if (!is_number(&c->offset) || !is_number(&c->depth) || (c->has_offset && c->offset.number < 0))
        return false;
    if (c->starts) {
        *high = 0;
        return !c->has_offset && !c->has_depth;
    }
    if (c->has_offset)
        *low = c->offset.number;
    if (c->has_depth)
        *high = *low + c->depth.number - (int64_t)c->bytes.len;
    return true;
}

static bool place_content(const struct rule_content *c, uint16_t packet_max, struct near_place *out)
{
    struct str part = c->negated ? STR_EMPTY : literal_part(c);
    int64_t low, high;
    if (part.len < LITERAL_BYTES_MIN || !bounds_of(c, &low, &high))
        return false;
    int64_t shift = part.p - c->bytes.p;
    low += shift;
    high += shift;
    if (packet_max < UINT16_MAX && high > (int64_t)packet_max - (int64_t)part.len)
        high = (int64_t)packet_max - (int64_t)part.len;
    if (low > high || high > NEAR_LAST - HEAD_BYTES)
        return false;
    *out = (struct near_place){.content = c,
                               .bytes = part,
                               .low = (uint16_t)low,
                               .high = (uint16_t)high,
                               .packet_max = packet_max};
    return true;
}

/* What a database would look for comes first; another content only when it says as much. */
static size_t score(const struct rule_content *c, const struct rule_content *fast)
{
    return c == fast ? SIZE_MAX : literal_part(c).len;
}

static bool is_payload(const struct match_buffer *b, void *arg)
{
    return b->place == PLACE_PAYLOAD;
}

bool near_place_of(const struct match_rule *mr, struct near_place *out)
{
    int chosen = compile_choose(mr, is_payload, NULL);
    if (chosen < 0)
        return false;
    const struct rule_content *fast = mr->buffers[chosen].fast;
    uint16_t packet_min, packet_max;
    compile_packet_bytes(mr->rule, &packet_min, &packet_max);
    size_t best = literal_part(fast).len - 1;
    bool any = false;
    for (uint8_t i = 0; i < mr->buffer_count; i++) {
        const struct match_buffer *b = &mr->buffers[i];
        if (b->place != PLACE_PAYLOAD || b->source->transform_count || b->holds_when_absent)
            continue;
        for (uint16_t k = 0; k < b->step_count; k++) {
            struct near_place p;
            const struct rule_content *c = &b->steps[k].item->content;
            if (b->steps[k].kind != RULE_CONTENT || score(c, fast) <= best ||
                !place_content(c, packet_max, &p))
                continue;
            best = score(c, fast);
            *out = p;
            out->buffer = b;
            any = true;
        }
    }
    return any;
}

/* ---- building ---- */

void near_set_init(struct near_set *s)
{
    vec_init(&s->items, sizeof(struct near_item));
}

void near_set_fini(struct near_set *s)
{
    vec_fini(&s->items);
}

int near_set_add(struct near_set *s, const struct near_place *place, uint32_t rule)
{
    struct near_item *item = vec_push(&s->items);
    if (!item)
        return -1;
    *item = (struct near_item){*place, rule};
    return 0;
}

static inline uint32_t pair_of(const uint8_t *p)
{
    return (p[0] | (uint32_t)p[1] << 8) | FOLD;
}

static inline uint32_t bucket_of(uint32_t pair)
{
    return (pair * 0x9e3779b1u) >> (32 - BUCKET_BITS);
}

static uint8_t choose_pair(struct str bytes, const uint16_t *crowd)
{
    uint8_t best = 0;
    uint32_t best_cost = UINT32_MAX;
    for (uint8_t k = 0; k + 1u < bytes.len && k + 1 < HEAD_BYTES; k++) {
        uint32_t zeros = (bytes.p[k] == 0) + (bytes.p[k + 1] == 0);
        uint32_t cost = crowd[bucket_of(pair_of(bytes.p + k))] + ZEROS_WEIGHT * zeros;
        if (cost < best_cost) {
            best = k;
            best_cost = cost;
        }
    }
    return best;
}

static struct near_entry entry_of(const struct near_item *item, const uint16_t *crowd)
{
    const struct near_place *p = &item->place;
    uint8_t head[HEAD_BYTES] = {0}, mask[HEAD_BYTES] = {0};
    struct near_entry e = {.rule = item->rule,
                           .nocase = p->content->nocase,
                           .bytes = p->bytes,
                           .low = p->low,
                           .high = p->high,
                           .packet_max = p->packet_max,
                           .pair_at = choose_pair(p->bytes, crowd),
                           .len = (uint8_t)(p->bytes.len < HEAD_BYTES ? p->bytes.len : HEAD_BYTES)};
    for (uint8_t i = 0; i < e.len; i++) {
        uint8_t small = byte_lower(p->bytes.p[i]);
        mask[i] = p->content->nocase && small >= 'a' && small <= 'z' ? 0xdf : 0xff;
        head[i] = p->bytes.p[i] & mask[i];
    }
    memcpy(&e.head, head, sizeof e.head);
    memcpy(&e.mask, mask, sizeof e.mask);
    return e;
}

static void want(struct match_near *n, const struct near_entry *e, uint32_t pair)
{
    uint16_t low = e->low + e->pair_at, high = e->high + e->pair_at, begin = 0;
    for (int i = 0; i < ZONES; begin = zone_end[i], i++) {
        struct zone *z = &n->zones[i];
        uint16_t from = low > begin ? low : begin;
        uint16_t end = high < zone_end[i] ? (uint16_t)(high + 1) : zone_end[i];
        if (from >= end)
            continue;
        z->pairs[pair >> 5] |= 1u << (pair & 31);
        if (z->end == 0 || from < z->from)
            z->from = from;
        if (end > z->end)
            z->end = end;
        if (e->packet_max > z->packet_max)
            z->packet_max = e->packet_max;
    }
}

static uint32_t pair_in(const struct near_entry *e, const struct near_item *item)
{
    return pair_of(item->place.bytes.p + e->pair_at);
}

/* Two rounds: the first says how many entries each bucket gets, the second puts them there. */
static void fill(struct match_near *n, const struct near_item *items, struct near_entry *drafts,
                 uint16_t *crowd)
{
    for (uint32_t i = 0; i < n->count; i++) {
        drafts[i] = entry_of(&items[i], crowd);
        uint32_t pair = pair_in(&drafts[i], &items[i]);
        crowd[bucket_of(pair)]++;
        want(n, &drafts[i], pair);
    }
    for (uint32_t i = 0; i < BUCKETS; i++)
        n->first[i + 1] = n->first[i] + crowd[i];
    for (uint32_t i = n->count; i > 0; i--) {
        uint32_t bucket = bucket_of(pair_in(&drafts[i - 1], &items[i - 1]));
        n->entries[n->first[bucket] + --crowd[bucket]] = drafts[i - 1];
    }
}

int near_build(const struct near_set *s, struct arena *a, const struct match_near **out)
{
    *out = NULL;
    if (s->items.count == 0)
        return 0;
    struct match_near *n = arena_zalloc(a, sizeof *n);
    struct near_entry *entries = arena_alloc(a, s->items.count * sizeof *entries);
    struct near_entry *drafts = calloc(s->items.count, sizeof *drafts);
    uint16_t *crowd = calloc(BUCKETS, sizeof *crowd);
    bool ok = n && entries && drafts && crowd && s->items.count <= NEAR_RULES_MAX;
    if (ok) {
        n->count = (uint32_t)s->items.count;
        n->entries = entries;
        fill(n, s->items.items, drafts, crowd);
        *out = n;
    }
    free(drafts);
    free(crowd);
    return ok ? 0 : -1;
}

/* ---- looking ---- */

/* Bytes, and the place of the first one. */
struct bytes_at {
    struct str bytes;
    size_t place;
};

static bool stands_at(const struct near_entry *e, const struct bytes_at *look, size_t pair)
{
    struct str payload = look->bytes;
    size_t begin = pair - e->pair_at, place = look->place + begin;
    uint64_t head = 0;
    if (pair < e->pair_at || place < e->low || place > e->high || payload.len > e->packet_max ||
        payload.len - begin < e->bytes.len)
        return false;
    if (payload.len - begin >= sizeof head)
        memcpy(&head, payload.p + begin, sizeof head);
    else
        memcpy(&head, payload.p + begin, payload.len - begin);
    if ((head & e->mask) != e->head)
        return false;
    struct str there = str_cut(payload, begin, begin + e->bytes.len);
    return e->bytes.len <= e->len ||
           (e->nocase ? str_eq_nocase(there, e->bytes) : str_eq(there, e->bytes));
}

static __attribute__((noinline)) void ask_bucket(const struct match_near *n,
                                                 const struct bytes_at *look, size_t at,
                                                 near_found_fn found, void *owner)
{
    uint32_t bucket = bucket_of(pair_of(look->bytes.p + at));
    for (uint32_t i = n->first[bucket]; i < n->first[bucket + 1]; i++)
        if (stands_at(&n->entries[i], look, at))
            found(owner, n->entries[i].rule);
}

static void look_from(const struct match_near *n, const struct bytes_at *look, near_found_fn found,
                      void *owner)
{
    struct str bytes = look->bytes;
    for (int i = 0; n && i < ZONES; i++) {
        const struct zone *z = &n->zones[i];
        if (bytes.len > z->packet_max || z->end <= look->place)
            continue;
        size_t from = z->from > look->place ? z->from - look->place : 0;
        size_t end = z->end - look->place + 1;
        if (end > bytes.len)
            end = bytes.len;
        for (size_t at = from; at + 1 < end; at++) {
            uint32_t pair = pair_of(bytes.p + at);
            if (z->pairs[pair >> 5] >> (pair & 31) & 1)
                ask_bucket(n, look, at, found, owner);
        }
    }
}

void near_look(const struct match_near *n, struct str payload, near_found_fn found, void *owner)
{
    look_from(n, &(struct bytes_at){payload, 0}, found, owner);
}

void near_look_at(const struct match_near *n, struct str bytes, size_t place, near_found_fn found,
                  void *owner)
{
    if (place < NEAR_LAST)
        look_from(n, &(struct bytes_at){str_cut(bytes, 0, NEAR_REACH - place), place}, found,
                  owner);
}

bool near_has(const struct match_near *n, uint32_t rule)
{
    for (uint32_t i = 0; n && i < n->count; i++)
        if (n->entries[i].rule == rule)
            return true;
    return false;
}

uint32_t near_count(const struct match_near *n)
{
    return n ? n->count : 0;
}
