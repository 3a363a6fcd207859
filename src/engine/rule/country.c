/* geoip: addresses of IPv4 by country (Suricata user guide, "IP Keywords"). The list comes from outside of the engine, once, when
 * the first rule asks; what a rule says becomes a set of addresses then, as with iprep, so that packets never meet the list. */
#include "engine/rule/keyword.h"

#include <string.h>

void rule_loader_countries(struct rule_loader *l, rule_countries_fn fn, void *owner)
{
    l->countries = fn;
    l->countries_owner = owner;
}

int rule_add_country(struct rule_loader *l, uint32_t first, uint32_t last, const char code[2])
{
    struct vec *all = &l->country_ranges;
    struct country_range *before = all->count ? vec_at(all, all->count - 1) : NULL;
    if (first > last || (before && first <= before->last))
        return -1;
    if (before && first == before->last + 1 && memcmp(before->code, code, 2) == 0) {
        before->last = last;
        return 0;
    }
    if (all->count >= RULE_COUNTRY_RANGES_MAX)
        return -1;
    struct country_range *range = vec_push(all);
    if (!range)
        return -1;
    *range = (struct country_range){first, last, {code[0], code[1]}};
    return 0;
}

/* Asks for the list; a second rule hears what the first one heard. */
static int have_list(struct build *b)
{
    struct rule_loader *l = b->loader;
    struct err err = {""};
    if (l->countries_known)
        return 0;
    if (!l->countries)
        return build_refuse(b, "there is no table of addresses and countries (geoip-database)");
    if (!l->countries_problem) {
        if (l->countries(l->countries_owner, l, &err) == 0) {
            l->countries_known = true;
            return 0;
        }
        l->countries_problem = loader_intern(l, str_c(err.text));
    }
    return l->countries_problem ? build_refuse(b, "%s", l->countries_problem) : build_no_memory(b);
}

#define LISTED_MAX 64

struct listed {
    char codes[LISTED_MAX][2];
    uint32_t count;
    bool negated; /* all of them */
};

static bool is_listed(const struct listed *l, const char code[2])
{
    for (uint32_t i = 0; i < l->count; i++)
        if (memcmp(l->codes[i], code, 2) == 0)
            return true;
    return false;
}

static struct ip ip_of(uint32_t number)
{
    struct ip ip = {.version = 4};
    for (int i = 0; i < 4; i++)
        ip.bytes[i] = (uint8_t)(number >> (24 - 8 * i));
    return ip;
}

/* An address of no country is in no list, and is not outside of one either. */
static const struct rule_addresses *set_of(struct build *b, const struct listed *listed)
{
    const struct vec *all = &b->loader->country_ranges;
    const struct rule_addresses *set = NULL;
    struct vec out;
    int rc = 0;
    vec_init(&out, sizeof(struct rule_ip_range));
    for (size_t i = 0; rc == 0 && i < all->count; i++) {
        const struct country_range *from = vec_at(all, i);
        if (is_listed(listed, from->code) == listed->negated)
            continue;
        struct rule_ip_range *range = vec_push(&out);
        if (range)
            *range = (struct rule_ip_range){ip_of(from->first), ip_of(from->last)};
        else
            rc = build_no_memory(b);
    }
    if (rc == 0)
        set = addresses_of_ranges(b, &out);
    vec_fini(&out);
    return set;
}

static char upper_letter(uint8_t c)
{
    c = byte_lower(c);
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : 0;
}

static int add_listed(struct build *b, struct listed *l, struct str country)
{
    bool negated = country.len && country.p[0] == '!';
    if (negated && l->count && !l->negated)
        return build_refuse(b, "the ! stands before the first country and speaks of all");
    l->negated |= negated;
    if (negated)
        country = str_from(country, 1);
    char a = country.len == 2 ? upper_letter(country.p[0]) : 0;
    char z = country.len == 2 ? upper_letter(country.p[1]) : 0;
    if (!a || !z)
        return build_refuse(b, "a country is two letters");
    if (l->count == LISTED_MAX)
        return build_refuse(b, "more than %d countries", LISTED_MAX);
    l->codes[l->count][0] = a;
    l->codes[l->count++][1] = z;
    return 0;
}

/* Number of the side, or -1: it is none. */
static int side_of(struct str word)
{
    static const struct {
        const char *word;
        int side;
    } sides[] = {{"src", RULE_SIDE_SRC},
                 {"dst", RULE_SIDE_DST},
                 {"dest", RULE_SIDE_DST},
                 {"both", RULE_SIDE_BOTH},
                 {"any", RULE_SIDE_ANY}};
    for (size_t i = 0; i < ARRAY_COUNT(sides); i++)
        if (str_eq_nocase(word, str_c(sides[i].word)))
            return sides[i].side;
    return -1;
}

/* "src,RU,US", "dst,!JP,KR", "RU" (both sides) */
static int read_geoip(struct build *b, const struct keyword *k, struct str value)
{
    struct listed listed = {.count = 0};
    struct str piece;
    int side = RULE_SIDE_BOTH;
    for (bool first = true; value_next(&value, ',', &piece); first = false) {
        int named = first ? side_of(piece) : -1;
        if (named >= 0)
            side = named;
        else if (add_listed(b, &listed, piece) < 0)
            return -1;
    }
    if (!listed.count)
        return build_refuse(b, "a country is missing");
    if (have_list(b) < 0)
        return -1;
    struct rule_check *check = build_check(b, k->kind);
    if (!check)
        return -1;
    check->dir = (uint8_t)side;
    b->rule->every_packet = true; /* not compatible with "IP only rules" in Suricata's words */
    check->addresses = set_of(b, &listed);
    return check->addresses ? 0 : -1;
}

static const struct keyword rows[] = {
    {.name = "geoip", .read = read_geoip, .value = KEYWORD_VALUE, .kind = RULE_CHECK_ADDRESS},
};

const struct keyword_family keywords_country = {rows, ARRAY_COUNT(rows)};
