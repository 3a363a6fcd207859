/* Addresses of a header as sets: "[10.0.0.0/8,!10.1.0.0/16,$HOME_NET]". A list is the union of its plain members (all
 * addresses when there is none) without the union of its negated ones; a list in a list is a set like any other. Equal
 * sets are one object, and a text that was seen before is not evaluated again. */
#include "engine/rule/build.h"

#include "base/buf.h"
#include <stdlib.h>

#define DEPTH_MAX 16
#define RANGES_MAX 200000u

static int range_add(struct build *b, struct vec *v, struct rule_ip_range range)
{
    if (v->count >= RANGES_MAX)
        return build_refuse(b, "more than %u address ranges", RANGES_MAX);
    struct rule_ip_range *new = vec_push(v);
    if (!new)
        return build_no_memory(b);
    *new = range;
    return 0;
}

static size_t width_of(const struct ip *ip)
{
    return ip->version == 6 ? 16 : 4;
}

bool address_step(struct ip *ip, int by)
{
    for (size_t i = width_of(ip); i-- > 0;) {
        ip->bytes[i] = (uint8_t)(ip->bytes[i] + by);
        if (ip->bytes[i] != (by > 0 ? 0 : 0xff))
            return true;
    }
    return false;
}

static struct rule_ip_range family(uint8_t version)
{
    struct rule_ip_range all = {.first = {.version = version}, .last = {.version = version}};
    memset(all.last.bytes, 0xff, width_of(&all.last));
    return all;
}

static int add_any(struct build *b, struct vec *v)
{
    return range_add(b, v, family(4)) < 0 ? -1 : range_add(b, v, family(6));
}

static int range_compare(const void *a, const void *b)
{
    const struct rule_ip_range *x = a, *y = b;
    int order = ip_cmp(&x->first, &y->first);
    return order ? order : ip_cmp(&x->last, &y->last);
}

/* Sorted, joined where they touch. */
static void ranges_join(struct vec *v)
{
    if (v->count < 2)
        return;
    struct rule_ip_range *r = v->items;
    qsort(r, v->count, sizeof *r, range_compare);
    size_t out = 0;
    for (size_t i = 1; i < v->count; i++) {
        struct ip after = r[out].last;
        bool open = address_step(&after, 1); /* false: r[out] ends its family */
        bool joins = r[i].first.version == r[out].last.version &&
                     (!open || ip_cmp(&r[i].first, &after) <= 0);
        if (!joins) {
            r[++out] = r[i];
            continue;
        }
        if (ip_cmp(&r[i].last, &r[out].last) > 0)
            r[out].last = r[i].last;
    }
    v->count = out + 1;
}

/* plain without negated; both joined. */
static int ranges_subtract(struct build *b, const struct vec *plain, const struct vec *negated,
                           struct vec *out)
{
    size_t n = 0;
    for (size_t i = 0; i < plain->count; i++) {
        struct rule_ip_range left = *(struct rule_ip_range *)vec_at(plain, i);
        bool rest = true;
        while (n < negated->count &&
               ip_cmp(&((struct rule_ip_range *)vec_at(negated, n))->last, &left.first) < 0)
            n++;
        for (size_t k = n; rest && k < negated->count; k++) {
            const struct rule_ip_range *cut = vec_at(negated, k);
            if (ip_cmp(&cut->first, &left.last) > 0)
                break;
            if (ip_cmp(&cut->first, &left.first) > 0) {
                struct rule_ip_range before = {left.first, cut->first};
                address_step(&before.last, -1);
                if (range_add(b, out, before) < 0)
                    return -1;
            }
            rest = ip_cmp(&cut->last, &left.last) < 0;
            if (rest) {
                left.first = cut->last;
                address_step(&left.first, 1);
            }
        }
        if (rest && range_add(b, out, left) < 0)
            return -1;
    }
    return 0;
}

static const struct rule_addresses *evaluate(struct build *b, struct str text, int depth);

static const struct rule_addresses *variable_get(struct build *b, struct str name, int depth)
{
    struct rule_variable *variable = map_get(&b->loader->address_variables, name);
    if (!variable) {
        build_refuse(b, "the variable $%.*s is not set", (int)name.len, (const char *)name.p);
        return NULL;
    }
    if (variable->busy) {
        build_refuse(b, "the variable $%.*s contains itself", (int)name.len, (const char *)name.p);
        return NULL;
    }
    if (!variable->addresses) {
        variable->busy = true;
        variable->addresses = evaluate(b, variable->text, depth + 1);
        variable->busy = false;
    }
    return variable->addresses;
}

/* "10.0.0.0/255.0.0.0" as prefix length; false when the mask has holes. */
static bool net_with_mask(struct str s, struct ip_net *out)
{
    struct str rest = s;
    struct str address = str_split(&rest, '/');
    struct ip mask;
    if (!rest.p || !ip_parse(rest, &mask) || mask.version != 4)
        return false;
    uint32_t bits = (uint32_t)mask.bytes[0] << 24 | (uint32_t)mask.bytes[1] << 16 |
                    (uint32_t)mask.bytes[2] << 8 | mask.bytes[3];
    uint32_t ones = bits ? (uint32_t)__builtin_clz(~bits | (bits == UINT32_MAX)) : 0;
    if (bits == UINT32_MAX)
        ones = 32;
    if (ones < 32 && bits << ones)
        return false;
    char text[64];
    struct buf b = buf_fixed(text, sizeof text);
    buf_add(&b, address);
    buf_printf(&b, "/%u", ones);
    return !b.failed && ip_net_parse(buf_str(&b), out);
}

static bool parse_span(struct str s, struct rule_ip_range *out)
{
    struct str rest = s;
    struct str first = str_trim(str_split(&rest, '-'));
    return rest.p && ip_parse(first, &out->first) && ip_parse(str_trim(rest), &out->last) &&
           out->first.version == out->last.version && ip_cmp(&out->first, &out->last) <= 0;
}

bool address_net(struct str s, struct rule_ip_range *out)
{
    struct ip_net net;
    if (!ip_net_parse(s, &net) && !net_with_mask(s, &net))
        return false;
    out->first = out->last = net.first;
    for (size_t bit = net.bits; bit < width_of(&net.first) * 8; bit++)
        out->last.bytes[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
    return true;
}

/* One address, network or span. */
static int add_plain(struct build *b, struct str s, struct vec *into)
{
    struct rule_ip_range range;
    if (!parse_span(s, &range) && !address_net(s, &range))
        return build_refuse(b, "\"%.*s\" is not an address", (int)(s.len < 60 ? s.len : 60),
                            s.p ? (const char *)s.p : "");
    return range_add(b, into, range);
}

static int add_element(struct build *b, struct str s, int depth, struct vec *into)
{
    if (str_eq_nocase(s, STR_LIT("any")))
        return add_any(b, into);
    if (s.len && s.p[0] != '$' && s.p[0] != '[')
        return add_plain(b, s, into);
    const struct rule_addresses *set = NULL;
    if (s.len && s.p[0] == '$')
        set = variable_get(b, str_from(s, 1), depth);
    else if (s.len)
        set = evaluate(b, s, depth + 1);
    else
        build_refuse(b, "an empty address");
    if (!set)
        return -1;
    for (uint32_t i = 0; i < set->count; i++)
        if (range_add(b, into, set->ranges[i]) < 0)
            return -1;
    return 0;
}

/* Length of the first member of a list: up to the ',' that stands in no inner bracket. */
static size_t member_len(struct str s)
{
    int depth = 0;
    size_t i = 0;
    for (; i < s.len; i++) {
        depth += s.p[i] == '[';
        depth -= s.p[i] == ']';
        if (s.p[i] == ',' && depth == 0)
            break;
    }
    return i;
}

static int read_members(struct build *b, struct str s, int depth, struct vec *sides)
{
    while (s.p) {
        size_t len = member_len(s);
        struct str member = str_trim(str_cut(s, 0, len));
        bool more = len < s.len;
        s = more ? str_from(s, len + 1) : STR_EMPTY;
        if (more && !s.p)
            return build_refuse(b, "a list ends with ','");
        bool negated = member.len && member.p[0] == '!';
        if (negated)
            member = str_trim(str_from(member, 1));
        if (add_element(b, member, depth, &sides[negated]) < 0)
            return -1;
    }
    return 0;
}

static const struct rule_addresses *intern(struct build *b, const struct vec *ranges)
{
    struct rule_loader *l = b->loader;
    struct str key = str_of(ranges->items, ranges->count * sizeof(struct rule_ip_range));
    struct rule_addresses *set = map_get(&l->address_sets, key);
    if (set)
        return set;
    set = arena_zalloc(l->arena, sizeof *set);
    struct str copy = arena_copy(l->arena, key);
    if (!set || !copy.p || map_put(&l->address_sets, copy, set) < 0) {
        build_no_memory(b);
        return NULL;
    }
    set->ranges = (const struct rule_ip_range *)copy.p;
    set->count = (uint32_t)ranges->count;
    struct rule_ip_range v4 = family(4), v6 = family(6);
    set->any = set->count == 2 && range_compare(&set->ranges[0], &v4) == 0 &&
               range_compare(&set->ranges[1], &v6) == 0;
    set->id = l->set->address_set_count++;
    return set;
}

const struct rule_addresses *addresses_of_ranges(struct build *b, struct vec *ranges)
{
    ranges_join(ranges);
    if (ranges->count > RANGES_MAX) {
        build_refuse(b, "more than %u address ranges", RANGES_MAX);
        return NULL;
    }
    return intern(b, ranges);
}

/* Takes off the brackets around all of it and the '!' in front. */
static bool peel(struct str *s, bool *negated)
{
    *negated = false;
    *s = str_trim(*s);
    while (s->len && s->p[0] == '!') {
        *negated = !*negated;
        *s = str_trim(str_from(*s, 1));
    }
    if (s->len >= 2 && s->p[0] == '[' && member_len(*s) == s->len && s->p[s->len - 1] == ']') {
        *s = str_cut(*s, 1, s->len - 1);
        return true;
    }
    return !*negated || member_len(*s) == s->len;
}

static int combine(struct build *b, struct vec *sides, bool negated, struct vec *out)
{
    if (sides[0].count == 0 && add_any(b, &sides[0]) < 0)
        return -1;
    ranges_join(&sides[0]);
    ranges_join(&sides[1]);
    if (!negated)
        return ranges_subtract(b, &sides[0], &sides[1], out);
    struct vec all, inner;
    vec_init(&all, sizeof(struct rule_ip_range));
    vec_init(&inner, sizeof(struct rule_ip_range));
    int result = ranges_subtract(b, &sides[0], &sides[1], &inner);
    if (result == 0)
        result = add_any(b, &all);
    if (result == 0)
        result = ranges_subtract(b, &all, &inner, out);
    vec_fini(&all);
    vec_fini(&inner);
    return result;
}

static const struct rule_addresses *evaluate(struct build *b, struct str text, int depth)
{
    bool negated;
    if (depth > DEPTH_MAX) {
        build_refuse(b, "address lists are nested too deeply");
        return NULL;
    }
    if (!peel(&text, &negated) || text.len == 0) {
        build_refuse(b, "an empty or unbracketed address list");
        return NULL;
    }
    struct vec sides[2], out;
    vec_init(&sides[0], sizeof(struct rule_ip_range));
    vec_init(&sides[1], sizeof(struct rule_ip_range));
    vec_init(&out, sizeof(struct rule_ip_range));
    const struct rule_addresses *set = NULL;
    if (read_members(b, text, depth, sides) == 0 && combine(b, sides, negated, &out) == 0) {
        if (out.count)
            set = intern(b, &out);
        else
            build_refuse(b, "the addresses exclude every address");
    }
    vec_fini(&sides[0]);
    vec_fini(&sides[1]);
    vec_fini(&out);
    return set;
}

const struct rule_addresses *addresses_read(struct build *b, struct str text)
{
    struct rule_loader *l = b->loader;
    const struct rule_addresses *set = map_get(&l->address_texts, text);
    if (set)
        return set;
    set = evaluate(b, text, 0);
    struct str key = set ? arena_copy(l->arena, text) : STR_EMPTY;
    union {
        const void *in;
        void *out;
    } value = {.in = set};
    if (set && (!key.p || map_put(&l->address_texts, key, value.out) < 0)) {
        build_no_memory(b);
        return NULL;
    }
    return set;
}
