/* Lists of reputations as someone else wrote them (iprep). Byte 0: the operator; byte 1: the value; the rest: categories, a zero byte,
 * addresses.
 *
 * What must hold: every rule has its set; a set is in order and nothing stands in it twice; an address with a score is either among
 * those of which the condition holds or among those of which its opposite does; and the order of the lines says nothing. */
#include "base/buf.h"
#include "engine/rule/fields_double.h"

#include <stdio.h>
#include <stdlib.h>

#define RULES 3 /* the condition, its opposite, "there is a score" */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct rule_set *load(struct str categories, struct str list, const char *rules)
{
    static struct field_table fields;
    struct err err;
    if (!fields.count && field_table_init(&fields, &double_list, 1, &err) < 0)
        abort();
    const struct rule_names names = {&fields,          double_app_event, double_event, double_event,
                                     double_app_state, double_app_frame, NULL};
    struct rule_loader *l = rule_loader_new(&names, NULL, &err);
    if (!l || rule_load_reputation_categories(l, categories, &err) < 0 ||
        rule_load_reputation_categories(l, STR_LIT("1,ours"), &err) < 0 ||
        rule_load_reputations(l, list, &err) < 0 ||
        rule_load_text(l, str_c(rules), "a.rules", &err) < 0)
        abort();
    struct rule_set *set = rule_loader_take(l);
    rule_loader_free(l);
    if (!set || set->count != RULES)
        abort();
    return set;
}

static const struct rule_addresses *set_of(const struct rule_set *set, uint32_t sid)
{
    for (uint32_t i = 0; i < set->count; i++)
        if (set->rules[i]->sid == sid && set->rules[i]->checks->addresses)
            return set->rules[i]->checks->addresses;
    abort();
}

static bool has(const struct rule_addresses *set, const struct ip *ip)
{
    for (uint32_t i = 0; i < set->count; i++)
        if (ip_cmp(&set->ranges[i].first, ip) <= 0 && ip_cmp(ip, &set->ranges[i].last) <= 0)
            return true;
    return false;
}

static void check_order(const struct rule_addresses *set)
{
    for (uint32_t i = 0; i < set->count; i++) {
        const struct rule_ip_range *r = &set->ranges[i];
        if (r->first.version != r->last.version || ip_cmp(&r->first, &r->last) > 0)
            abort();
        if (i > 0 && ip_cmp(&set->ranges[i - 1].last, &r->first) >= 0)
            abort();
    }
}

static void check_sides(const struct rule_set *set, const struct ip *ip)
{
    bool holds = has(set_of(set, 1), ip), opposite = has(set_of(set, 2), ip);
    if ((holds && opposite) || has(set_of(set, 3), ip) != (holds || opposite))
        abort();
}

static void check(const struct rule_set *set)
{
    for (uint32_t sid = 1; sid <= RULES; sid++) {
        const struct rule_addresses *addresses = set_of(set, sid);
        check_order(addresses);
        for (uint32_t i = 0; i < addresses->count; i++) {
            check_sides(set, &addresses->ranges[i].first);
            check_sides(set, &addresses->ranges[i].last);
        }
    }
}

static void check_same(const struct rule_set *one, const struct rule_set *other)
{
    for (uint32_t sid = 1; sid <= RULES; sid++) {
        const struct rule_addresses *a = set_of(one, sid), *b = set_of(other, sid);
        if (a->count != b->count)
            abort();
        for (uint32_t i = 0; i < a->count; i++)
            if (!ip_eq(&a->ranges[i].first, &b->ranges[i].first) ||
                !ip_eq(&a->ranges[i].last, &b->ranges[i].last))
                abort();
    }
}

/* The last line first. */
static void turn_round(struct str text, struct buf *out)
{
    while (text.len) {
        size_t begin = text.len;
        while (begin && text.p[begin - 1] != '\n')
            begin--;
        buf_add(out, str_from(text, begin));
        buf_add_byte(out, '\n');
        text = str_cut(text, 0, begin ? begin - 1 : 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const signs[][2] = {{"<", ">="}, {">", "<="}, {"=", "!="}};
    struct buf turned;
    char rules[320];
    if (size < 2)
        return 0;
    unsigned value = data[1] & 127;
    const char *const *sign = signs[data[0] % 3];
    struct str list = str_of(data + 2, size - 2), categories = str_split(&list, 0);
    snprintf(rules, sizeof rules,
             "alert ip any any -> any any (iprep:src,ours,%s,%u; sid:1;)\n"
             "alert ip any any -> any any (iprep:src,ours,%s,%u; sid:2;)\n"
             "alert ip any any -> any any (iprep:src,ours,isset; sid:3;)\n",
             sign[0], value, sign[1], value);
    buf_init(&turned, 0);
    turn_round(list, &turned);
    struct rule_set *set = load(categories, list, rules),
                    *other = load(categories, buf_str(&turned), rules);
    check(set);
    check_same(set, other);
    rule_set_free(set);
    rule_set_free(other);
    buf_fini(&turned);
    return 0;
}
