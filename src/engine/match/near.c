#include "engine/match/near.h"

#include "engine/match/compile.h"
#include "engine/match/literal.h"

#include <stdlib.h>
#include <string.h>

#define HEAD_BYTES 8
#define QUAD_BYTES 4
#define PAIR_BYTES 2
#define SIGN_BITS 16
#define BUCKET_BITS 11
#define BUCKETS (1u << BUCKET_BITS)
#define FOLD \
    0x20202020u /* capitals become small letters; what is merged with them costs comparisons */
#define CROWD 4 /* so many wait for the same bytes: a longer one waits for its next ones */
/* A content that may begin at some places stands at each of them; one with more places costs less in a database. */
#define PLACES_MAX 7
#define PROBES_MAX (3 * NEAR_LAST)

struct near_entry {
    uint64_t head,
        mask; /* its first bytes; mask 0 behind its end, 0xdf for a letter of either case */
    uint32_t rule;
    uint16_t place, packet_max;
    bool nocase;
    struct str bytes; /* all of it; in small letters when nocase */
};

/* Two or four bytes at one place, by which what waits there is found. */
struct probe {
    uint16_t at, bytes;
    uint32_t mask, seed; /* of the bytes that count; the place and the number of bytes, mixed */
};

struct match_near {
    uint32_t signs[(1u << SIGN_BITS) / 32]; /* what some probe waits for */
    uint16_t first[BUCKETS + 1];            /* entries[first[i] .. first[i + 1]) */
    struct probe probes[PROBES_MAX];        /* by place */
    uint32_t probe_count;
    uint32_t count; /* rules */
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
    if (low > high || high > NEAR_LAST - HEAD_BYTES || high - low >= PLACES_MAX)
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

static struct probe probe_at(uint16_t at, uint16_t bytes)
{
    return (struct probe){.at = at,
                          .bytes = bytes,
                          .mask = bytes == QUAD_BYTES ? UINT32_MAX : UINT16_MAX,
                          .seed = ((uint32_t)at << 8 | bytes) * 0x85ebca6bu};
}

static inline uint32_t sign_of(const struct probe *probe, uint32_t v)
{
    return (((v | FOLD) & probe->mask) + probe->seed) * 0x9e3779b1u >> (32 - SIGN_BITS);
}

/* At most four bytes, the rest zero. */
static uint32_t load(const uint8_t *p, size_t bytes)
{
    uint32_t v = 0;
    memcpy(&v, p, bytes < sizeof v ? bytes : sizeof v);
    return v;
}

static inline uint32_t bucket_of(uint32_t sign)
{
    return sign >> (SIGN_BITS - BUCKET_BITS);
}

static struct near_entry entry_of(const struct near_item *item, uint16_t place)
{
    const struct near_place *p = &item->place;
    uint8_t head[HEAD_BYTES] = {0}, mask[HEAD_BYTES] = {0};
    struct near_entry e = {.rule = item->rule,
                           .nocase = p->content->nocase,
                           .bytes = p->bytes,
                           .place = place,
                           .packet_max = p->packet_max};
    for (size_t i = 0; i < p->bytes.len && i < HEAD_BYTES; i++) {
        uint8_t small = byte_lower(p->bytes.p[i]);
        mask[i] = p->content->nocase && small >= 'a' && small <= 'z' ? 0xdf : 0xff;
        head[i] = p->bytes.p[i] & mask[i];
    }
    memcpy(&e.head, head, sizeof e.head);
    memcpy(&e.mask, mask, sizeof e.mask);
    return e;
}

static uint32_t sign_in(const struct near_entry *e, const struct probe *probe)
{
    return sign_of(probe, load(e->bytes.p + (probe->at - e->place), probe->bytes));
}

static struct probe probe_of(const struct near_entry *e, const uint16_t *crowd)
{
    if (e->bytes.len < QUAD_BYTES)
        return probe_at(e->place, PAIR_BYTES);
    struct probe probe = probe_at(e->place, QUAD_BYTES);
    if (e->bytes.len >= 2 * QUAD_BYTES && crowd[bucket_of(sign_in(e, &probe))] >= CROWD)
        return probe_at(e->place + QUAD_BYTES, QUAD_BYTES);
    return probe;
}

static int probe_cmp(const void *a, const void *b)
{
    const struct probe *x = a, *y = b;
    return x->at != y->at ? (x->at < y->at ? -1 : 1) : (int)x->bytes - (int)y->bytes;
}

static void want_probe(struct match_near *n, struct probe probe)
{
    for (uint32_t i = 0; i < n->probe_count; i++)
        if (probe_cmp(&n->probes[i], &probe) == 0)
            return;
    n->probes[n->probe_count++] = probe;
}

/* An entry on its way to its bucket. */
struct draft {
    struct near_entry entry;
    uint32_t bucket;
};

static void draft(struct match_near *n, struct draft *d, uint16_t *crowd)
{
    struct probe probe = probe_of(&d->entry, crowd);
    uint32_t sign = sign_in(&d->entry, &probe);
    d->bucket = bucket_of(sign);
    crowd[d->bucket]++;
    n->signs[sign >> 5] |= 1u << (sign & 31);
    want_probe(n, probe);
}

/* Two rounds: the first says how many entries each bucket gets, the second puts them there. */
static void fill(struct match_near *n, const struct near_set *s, struct draft *drafts,
                 uint16_t *crowd)
{
    const struct near_item *items = s->items.items;
    uint32_t count = 0;
    for (size_t i = 0; i < s->items.count; i++) {
        for (uint16_t at = items[i].place.low; at <= items[i].place.high; at++, count++) {
            drafts[count].entry = entry_of(&items[i], at);
            draft(n, &drafts[count], crowd);
        }
    }
    for (uint32_t i = 0; i < BUCKETS; i++)
        n->first[i + 1] = n->first[i] + crowd[i];
    for (uint32_t i = count; i > 0; i--)
        n->entries[n->first[drafts[i - 1].bucket] + --crowd[drafts[i - 1].bucket]] =
            drafts[i - 1].entry;
    qsort(n->probes, n->probe_count, sizeof n->probes[0], probe_cmp);
}

static size_t entries_of(const struct near_set *s)
{
    const struct near_item *items = s->items.items;
    size_t count = 0;
    for (size_t i = 0; i < s->items.count; i++)
        count += (size_t)(items[i].place.high - items[i].place.low) + 1;
    return count;
}

int near_build(const struct near_set *s, struct arena *a, const struct match_near **out)
{
    *out = NULL;
    if (s->items.count == 0)
        return 0;
    size_t count = entries_of(s);
    struct match_near *n = arena_zalloc(a, sizeof *n);
    struct near_entry *entries = arena_alloc(a, count * sizeof *entries);
    struct draft *drafts = calloc(count, sizeof *drafts);
    uint16_t *crowd = calloc(BUCKETS, sizeof *crowd);
    bool ok = n && entries && drafts && crowd && count <= UINT16_MAX;
    if (ok) {
        n->count = (uint32_t)s->items.count;
        n->entries = entries;
        fill(n, s, drafts, crowd);
        *out = n;
    }
    free(drafts);
    free(crowd);
    return ok ? 0 : -1;
}

/* ---- looking ---- */

struct asking {
    const struct match_near *near;
    struct str bytes;
    size_t place; /* of the first one */
    near_found_fn found;
    void *owner;
};

static bool stands_at(const struct near_entry *e, const struct asking *a)
{
    struct str bytes = a->bytes;
    size_t begin = e->place - a->place;
    uint64_t head = 0;
    if (e->place < a->place || bytes.len > e->packet_max || bytes.len < begin + e->bytes.len)
        return false;
    if (bytes.len - begin >= sizeof head)
        memcpy(&head, bytes.p + begin, sizeof head);
    else
        memcpy(&head, bytes.p + begin, bytes.len - begin);
    if ((head & e->mask) != e->head)
        return false;
    struct str there = str_cut(bytes, begin, begin + e->bytes.len);
    return e->bytes.len <= HEAD_BYTES ||
           (e->nocase ? str_eq_nocase(there, e->bytes) : str_eq(there, e->bytes));
}

static __attribute__((noinline)) void ask_bucket(const struct asking *a, uint32_t bucket)
{
    const struct match_near *n = a->near;
    for (uint32_t i = n->first[bucket]; i < n->first[bucket + 1]; i++)
        if (stands_at(&n->entries[i], a))
            a->found(a->owner, n->entries[i].rule);
}

/* `bytes` of the probe are there. */
static inline void ask(const struct asking *a, const struct probe *probe, size_t bytes)
{
    uint32_t sign = sign_of(probe, load(a->bytes.p + (probe->at - a->place), bytes));
    if (a->near->signs[sign >> 5] >> (sign & 31) & 1)
        ask_bucket(a, bucket_of(sign));
}

static void look(const struct asking *a)
{
    const struct probe *probe = a->near->probes, *end = probe + a->near->probe_count;
    size_t to = a->place + a->bytes.len;
    for (; probe < end && probe->at < a->place; probe++)
        continue;
    for (; probe < end && (size_t)probe->at + QUAD_BYTES <= to; probe++)
        ask(a, probe, QUAD_BYTES);
    for (; probe < end && (size_t)probe->at + PAIR_BYTES <= to; probe++)
        if ((size_t)probe->at + probe->bytes <= to)
            ask(a, probe, probe->bytes);
}

void near_look(const struct match_near *n, struct str payload, near_found_fn found, void *owner)
{
    if (n)
        look(&(struct asking){n, payload, 0, found, owner});
}

void near_look_at(const struct match_near *n, struct str bytes, size_t place, near_found_fn found,
                  void *owner)
{
    if (n && place < NEAR_LAST)
        look(&(struct asking){n, str_cut(bytes, 0, NEAR_REACH - place), place, found, owner});
}

bool near_has(const struct match_near *n, uint32_t rule)
{
    for (uint32_t i = 0; n && i < n->first[BUCKETS]; i++)
        if (n->entries[i].rule == rule)
            return true;
    return false;
}

uint32_t near_count(const struct match_near *n)
{
    return n ? n->count : 0;
}
