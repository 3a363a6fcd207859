/* iprep: lists of addresses with a score in categories (Suricata user guide, "IP Reputation"). What a rule asks of a category is
 * answered when it is read: it becomes the set of addresses of which it holds, and packets are looked up in that.
 *
 * As with Suricata 8: an address that stands in a list by itself has the scores of its own lines alone, 0 in the other categories;
 * any other one has in each category the score of the narrowest net. */
#include "engine/rule/keyword.h"

#include <stdlib.h>

#define CATEGORY_MAX 60 /* as Suricata has it */
#define SCORE_MAX 127
#define NESTED_MAX 130 /* nets in each other: no more prefixes than these */

static bool read_line(struct str line, struct reputation *out)
{
    struct str rest = line;
    struct str where = str_trim(str_split(&rest, ','));
    uint64_t category, score;
    if (!str_to_u64(str_trim(str_split(&rest, ',')), &category) || category > CATEGORY_MAX ||
        !str_to_u64(str_trim(rest), &score) || score > SCORE_MAX ||
        !address_net(where, &out->range))
        return false;
    out->is_net = str_find_byte(where, 0, '/') >= 0;
    out->category = (uint8_t)category;
    out->score = (uint8_t)score;
    return true;
}

int rule_load_reputations(struct rule_loader *l, struct str text, struct err *err)
{
    while (text.len) {
        struct reputation one;
        if (!read_line(str_trim(str_split(&text, '\n')), &one))
            continue; /* a comment, or damaged */
        if (l->reputations.count >= RULE_REPUTATIONS_MAX)
            return err_set(err, "more than %u lines of reputations", RULE_REPUTATIONS_MAX);
        struct reputation *place = vec_push(&l->reputations);
        if (!place)
            return err_set(err, "out of memory");
        *place = one;
    }
    l->reputations_sorted = false;
    return 0;
}

int rule_load_reputation_categories(struct rule_loader *l, struct str text, struct err *err)
{
    while (text.len) {
        struct str rest = str_trim(str_split(&text, '\n'));
        uint64_t number;
        if (!str_to_u64(str_trim(str_split(&rest, ',')), &number) || number > CATEGORY_MAX)
            continue;
        struct str name = arena_copy(l->arena, str_trim(str_split(&rest, ',')));
        void *value = (void *)(uintptr_t)(number + 1); /* NOLINT(performance-no-int-to-ptr) */
        if (!name.p || map_put(&l->reputation_categories, name, value) < 0)
            return err_set(err, "out of memory");
    }
    return 0;
}

/* Wider nets before those in them, an address last; of lines about the same the highest score comes last, and counts. */
static int by_place(const void *a, const void *b)
{
    const struct reputation *x = a, *y = b;
    int order = ip_cmp(&x->range.first, &y->range.first);
    if (!order)
        order = ip_cmp(&y->range.last, &x->range.last);
    if (!order)
        order = y->is_net - x->is_net;
    return order ? order : x->score - y->score;
}

static bool same_place(const struct reputation *a, const struct reputation *b)
{
    return a->is_net == b->is_net && ip_eq(&a->range.first, &b->range.first) &&
           ip_eq(&a->range.last, &b->range.last);
}

/* ---- from scores to a set ---- */

struct sweep {
    struct build *b;
    struct vec out; /* struct rule_ip_range */
    struct {
        struct ip last;
        bool holds;
    } open[NESTED_MAX];
    size_t depth;
    struct ip at; /* up to here all is told */
    bool past;    /* beyond the last address of its family */
};

static int tell(struct sweep *s, const struct ip *last)
{
    if (s->past || !s->open[s->depth - 1].holds || ip_cmp(&s->at, last) > 0)
        return 0;
    struct rule_ip_range *range = vec_push(&s->out);
    if (!range)
        return build_no_memory(s->b);
    *range = (struct rule_ip_range){s->at, *last};
    return 0;
}

/* Closes the nets that end before `first` (NULL: all), innermost first. */
static int close_before(struct sweep *s, const struct ip *first)
{
    while (s->depth && (!first || ip_cmp(&s->open[s->depth - 1].last, first) < 0)) {
        const struct ip *last = &s->open[s->depth - 1].last;
        if (tell(s, last) < 0)
            return -1;
        if (!s->past && ip_cmp(&s->at, last) <= 0) {
            s->at = *last;
            s->past = !address_step(&s->at, 1);
        }
        s->depth--;
    }
    return 0;
}

static int open_net(struct sweep *s, const struct rule_ip_range *range, bool holds)
{
    struct ip before = range->first;
    if (close_before(s, &range->first) < 0)
        return -1;
    if (s->depth && address_step(&before, -1) && tell(s, &before) < 0)
        return -1;
    if (s->depth == NESTED_MAX)
        return build_refuse(s->b, "lists of reputations are nested too deeply");
    s->open[s->depth].last = range->last;
    s->open[s->depth++].holds = holds;
    s->at = range->first;
    s->past = false;
    return 0;
}

static const struct rule_addresses *set_of(struct build *b, uint64_t category,
                                           const struct rule_number *number)
{
    struct vec *all = &b->loader->reputations;
    struct sweep s = {.b = b};
    const struct rule_addresses *set = NULL;
    int rc = 0;
    if (!b->loader->reputations_sorted && all->count)
        qsort(all->items, all->count, sizeof(struct reputation), by_place);
    b->loader->reputations_sorted = true;
    vec_init(&s.out, sizeof(struct rule_ip_range));
    for (size_t i = 0; rc == 0 && i < all->count;) {
        const struct reputation *net = vec_at(all, i), *r = net;
        bool named = !net->is_net;
        uint64_t score = 0;
        for (; i < all->count && same_place(r, net); r++, i++) {
            named |= r->category == category;
            score = r->category == category ? r->score : score;
        }
        if (named)
            rc = open_net(&s, &net->range, rule_number_holds(number, score));
    }
    if (rc == 0 && close_before(&s, NULL) == 0)
        set = addresses_of_ranges(b, &s.out);
    vec_fini(&s.out);
    return set;
}

static int read_condition(struct build *b, struct str sign, struct str limit,
                          struct rule_check *check)
{
    static const struct {
        const char *sign;
        enum rule_compare compare;
    } signs[] = {{"<", RULE_LT},  {">", RULE_GT}, {"<=", RULE_LE},
                 {">=", RULE_GE}, {"=", RULE_EQ}, {"!=", RULE_NE}};
    struct rule_number *number = &check->number;
    if (str_eq(sign, STR_LIT("isset")) || str_eq(sign, STR_LIT("isnotset"))) {
        check->negated = sign.len == 8;
        /* what stands in a list at all is set. Not set is, of one side, also what has no score in the category, as with
         * Suricata */
        bool one_side = check->dir == RULE_SIDE_SRC || check->dir == RULE_SIDE_DST;
        number->compare = RULE_GE;
        number->a = check->negated && one_side;
        return 0;
    }
    for (size_t i = 0; i < ARRAY_COUNT(signs); i++)
        if (str_eq(sign, str_c(signs[i].sign))) {
            number->compare = signs[i].compare;
            return value_u64(b, limit, SCORE_MAX, &number->a);
        }
    return build_refuse(b, "<, >, <=, >=, =, !=, isset or isnotset is expected");
}

/* "any,CnC,>,30" or "src,CnC,isset" */
static int read_iprep(struct build *b, const struct keyword *k, struct str value)
{
    static const char *const sides[] = {[RULE_SIDE_SRC] = "src",
                                        [RULE_SIDE_DST] = "dst",
                                        [RULE_SIDE_BOTH] = "both",
                                        [RULE_SIDE_ANY] = "any"};
    struct str side, category, sign, limit = STR_EMPTY;
    uint8_t i = 0;
    if (!value_next(&value, ',', &side) || !value_next(&value, ',', &category) ||
        !value_next(&value, ',', &sign))
        return build_refuse(b, "\"iprep:side,category,operator,value\" is expected");
    value_next(&value, ',', &limit);
    while (i < ARRAY_COUNT(sides) && !str_eq_nocase(side, str_c(sides[i])))
        i++;
    if (i == ARRAY_COUNT(sides))
        return build_refuse(b, "the side is any, src, dst or both");
    uintptr_t number = (uintptr_t)map_get(&b->loader->reputation_categories, category);
    if (!number)
        return build_refuse(b, "no list of reputations has that category");
    struct rule_check *check = build_check(b, k->kind);
    if (!check)
        return -1;
    check->dir = i;
    if (read_condition(b, sign, limit, check) < 0)
        return -1;
    check->addresses = set_of(b, number - 1, &check->number);
    return check->addresses ? 0 : -1;
}

static const struct keyword rows[] = {
    {.name = "iprep", .read = read_iprep, .value = KEYWORD_VALUE, .kind = RULE_CHECK_ADDRESS},
};

const struct keyword_family keywords_reputation = {rows, ARRAY_COUNT(rows)};
