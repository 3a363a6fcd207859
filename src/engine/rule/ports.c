/* Ports of a header as sets: "[80,8000:8080,!8010,$HTTP_PORTS]". Counted as addresses.c counts addresses, but on a bitmap of
 * 65,536 bits: small, and no list of any length can make it slow. */
#include "engine/rule/build.h"

#include <stdlib.h>

#define DEPTH_MAX 16
#define PORTS 65536u
#define WORDS (PORTS / 64)

struct bitmap {
    uint64_t words[WORDS];
};

static void set_range(struct bitmap *m, uint32_t first, uint32_t last)
{
    for (uint32_t port = first; port <= last; port++) {
        if (port % 64 == 0 && last - port >= 63) {
            m->words[port / 64] = UINT64_MAX;
            port += 63;
            continue;
        }
        m->words[port / 64] |= UINT64_C(1) << port % 64;
    }
}

static bool is_set(const struct bitmap *m, uint32_t port)
{
    return m->words[port / 64] >> port % 64 & 1;
}

static bool is_empty(const struct bitmap *m)
{
    uint64_t all = 0;
    for (uint32_t i = 0; i < WORDS; i++)
        all |= m->words[i];
    return all == 0;
}

static const struct rule_ports *evaluate(struct build *b, struct str text, int depth);

static const struct rule_ports *variable_get(struct build *b, struct str name, int depth)
{
    struct rule_variable *variable = map_get(&b->loader->port_variables, name);
    if (!variable || variable->busy) {
        build_refuse(
            b, variable ? "the variable $%.*s contains itself" : "the variable $%.*s is not set",
            (int)name.len, (const char *)name.p);
        return NULL;
    }
    if (!variable->ports) {
        variable->busy = true;
        variable->ports = evaluate(b, variable->text, depth + 1);
        variable->busy = false;
    }
    return variable->ports;
}

/* "80", "80:90", ":1024", "1024:" */
static int add_plain(struct build *b, struct str s, struct bitmap *into)
{
    struct str rest = s;
    struct str low = str_trim(str_split(&rest, ':'));
    struct str high = str_trim(rest);
    uint64_t first = 0, last = PORTS - 1;
    bool good = low.len ? str_to_u64(low, &first) : rest.p != NULL && high.len;
    if (!rest.p)
        last = first;
    else if (high.len)
        good = good && str_to_u64(high, &last);
    if (!good || first > last || last >= PORTS)
        return build_refuse(b, "\"%.*s\" is not a port or range of ports",
                            (int)(s.len < 40 ? s.len : 40), s.p ? (const char *)s.p : "");
    set_range(into, (uint32_t)first, (uint32_t)last);
    return 0;
}

static int add_element(struct build *b, struct str s, int depth, struct bitmap *into)
{
    if (str_eq_nocase(s, STR_LIT("any"))) {
        set_range(into, 0, PORTS - 1);
        return 0;
    }
    if (!s.len || (s.p[0] != '$' && s.p[0] != '['))
        return add_plain(b, s, into);
    const struct rule_ports *set =
        s.p[0] == '$' ? variable_get(b, str_from(s, 1), depth) : evaluate(b, s, depth + 1);
    if (!set)
        return -1;
    for (uint32_t i = 0; i < set->count; i++)
        set_range(into, set->ranges[i].first, set->ranges[i].last);
    return 0;
}

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

static int read_members(struct build *b, struct str s, int depth, struct bitmap *sides)
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

static const struct rule_ports *intern(struct build *b, const struct bitmap *m)
{
    struct rule_loader *l = b->loader;
    struct vec ranges;
    vec_init(&ranges, sizeof(struct rule_port_range));
    struct rule_ports *set = NULL;
    for (uint32_t port = 0; port < PORTS; port++) {
        if (!is_set(m, port))
            continue;
        struct rule_port_range *r = vec_push(&ranges);
        if (!r)
            goto out;
        r->first = (uint16_t)port;
        while (port + 1 < PORTS && is_set(m, port + 1))
            port++;
        r->last = (uint16_t)port;
    }
    struct str key = str_of(ranges.items, ranges.count * sizeof(struct rule_port_range));
    set = map_get(&l->port_sets, key);
    if (set)
        goto out;
    struct rule_ports *fresh = arena_zalloc(l->arena, sizeof *fresh);
    struct str copy = arena_copy(l->arena, key);
    if (!fresh || !copy.p || map_put(&l->port_sets, copy, fresh) < 0)
        goto out;
    set = fresh;
    set->ranges = (const struct rule_port_range *)copy.p;
    set->count = (uint32_t)ranges.count;
    set->any = set->count == 1 && set->ranges[0].first == 0 && set->ranges[0].last == PORTS - 1;
    set->id = l->set->port_set_count++;
out:
    vec_fini(&ranges);
    if (!set)
        build_no_memory(b);
    return set;
}

static const struct rule_ports *evaluate(struct build *b, struct str text, int depth)
{
    text = str_trim(text);
    bool negated = text.len && text.p[0] == '!';
    if (negated)
        text = str_trim(str_from(text, 1));
    if (text.len >= 2 && text.p[0] == '[' && text.p[text.len - 1] == ']' &&
        member_len(text) == text.len)
        text = str_cut(text, 1, text.len - 1);
    if (depth > DEPTH_MAX || text.len == 0) {
        build_refuse(b, depth > DEPTH_MAX ? "port lists are nested too deeply"
                                          : "an empty list of ports");
        return NULL;
    }
    struct bitmap *sides = calloc(2, sizeof *sides);
    const struct rule_ports *set = NULL;
    if (!sides) {
        build_no_memory(b);
        return NULL;
    }
    if (read_members(b, text, depth, sides) == 0) {
        if (is_empty(&sides[0]))
            set_range(&sides[0], 0, PORTS - 1);
        for (uint32_t i = 0; i < WORDS; i++) {
            uint64_t left = sides[0].words[i] & ~sides[1].words[i];
            sides[0].words[i] = negated ? ~left : left;
        }
        if (is_empty(&sides[0]))
            build_refuse(b, "the ports exclude every port");
        else
            set = intern(b, &sides[0]);
    }
    free(sides);
    return set;
}

const struct rule_ports *ports_read(struct build *b, struct str text)
{
    struct rule_loader *l = b->loader;
    union {
        const void *in;
        void *out;
    } value = {.out = map_get(&l->port_texts, text)};
    if (value.out)
        return value.out;
    const struct rule_ports *set = evaluate(b, text, 0);
    value.in = set;
    struct str key = set ? arena_copy(l->arena, text) : STR_EMPTY;
    if (set && (!key.p || map_put(&l->port_texts, key, value.out) < 0)) {
        build_no_memory(b);
        return NULL;
    }
    return set;
}
