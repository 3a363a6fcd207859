/* flowbits, flowint, xbits, hostbits: what rules remember for each other. Asking is a check, changing an act. */
#include "engine/rule/keyword.h"

static const struct {
    const char *name;
    enum rule_bit_op op;
} operations[] = {
    {"isset", RULE_BIT_ISSET}, {"isnotset", RULE_BIT_ISNOTSET}, {"set", RULE_BIT_SET},
    {"unset", RULE_BIT_UNSET}, {"toggle", RULE_BIT_TOGGLE},
};

static bool asks(enum rule_bit_op op)
{
    return op == RULE_BIT_ISSET || op == RULE_BIT_ISNOTSET;
}

static int read_operation(struct build *b, struct str word, enum rule_bit_op *op)
{
    for (size_t i = 0; i < ARRAY_COUNT(operations); i++)
        if (str_eq_nocase(word, str_c(operations[i].name))) {
            *op = operations[i].op;
            return 0;
        }
    return build_refuse(b, "\"%.*s\" is not set, unset, toggle, isset or isnotset",
                        (int)(word.len < 40 ? word.len : 40), word.p ? (const char *)word.p : "");
}

/* "a" or, where it is asked, "a|b|c" */
static int read_names(struct build *b, struct name_table *table, struct str names,
                      struct rule_bits *bits)
{
    struct str name;
    while (value_next(&names, '|', &name)) {
        if (!name.len || memchr(name.p, ' ', name.len))
            return build_refuse(b, "a name is missing or has a space in it");
        if (bits->count == RULE_BITS_OR_MAX)
            return build_refuse(b, "more than %d names", RULE_BITS_OR_MAX);
        int id = loader_number(b->loader, table, name);
        if (id < 0)
            return build_no_memory(b);
        bits->ids[bits->count++] = (uint32_t)id;
    }
    if (bits->count == 0)
        return build_refuse(b, "a name is missing");
    if (bits->count > 1 && !asks(bits->op))
        return build_refuse(b, "only isset and isnotset may name several");
    return 0;
}

static int add(struct build *b, enum rule_check_kind kind, const struct rule_bits *bits)
{
    struct rule_check *check = asks(bits->op) ? build_check(b, kind) : build_act(b, kind);
    if (check)
        check->bits = *bits;
    return check ? 0 : -1;
}

static int read_flowbits(struct build *b, const struct keyword *k, struct str value)
{
    struct rule_bits bits = {.track = RULE_TRACK_FLOW};
    struct str names = value;
    struct str word = str_trim(str_split(&names, ','));
    if (str_eq_nocase(word, STR_LIT("noalert")) && !str_trim(names).len) {
        b->rule->noalert = true;
        return 0;
    }
    if (read_operation(b, word, &bits.op) < 0 ||
        read_names(b, &b->loader->flowbits, names, &bits) < 0)
        return -1;
    return add(b, RULE_CHECK_FLOWBITS, &bits);
}

/* "track ip_src" and "expire 60", in any order */
static int read_xbits_options(struct build *b, struct str rest, struct rule_bits *bits)
{
    static const struct {
        const char *name;
        enum rule_track track;
    } tracks[] = {{"ip_src", RULE_TRACK_SRC},
                  {"ip_dst", RULE_TRACK_DST},
                  {"ip_pair", RULE_TRACK_PAIR},
                  {"tx", RULE_TRACK_TX}};
    bool tracked = false;
    struct str piece;
    while (value_next(&rest, ',', &piece)) {
        struct str word = value_word(&piece);
        uint64_t seconds;
        if (str_eq_nocase(word, STR_LIT("expire"))) {
            if (value_u64(b, piece, UINT32_MAX, &seconds) < 0)
                return -1;
            bits->expire_s = (uint32_t)seconds;
        }
        for (size_t i = 0; i < ARRAY_COUNT(tracks); i++)
            if (str_eq_nocase(word, STR_LIT("track")) &&
                str_eq_nocase(piece, str_c(tracks[i].name))) {
                bits->track = tracks[i].track;
                tracked = true;
            }
    }
    return tracked ? 0 : build_refuse(b, "track ip_src, ip_dst, ip_pair or tx is expected");
}

#define XBITS_EXPIRE_S 30 /* when the rule does not say it, as Suricata does */

static int read_xbits(struct build *b, const struct keyword *k, struct str value)
{
    struct rule_bits bits = {.expire_s = XBITS_EXPIRE_S};
    struct str rest = value;
    struct str word = str_trim(str_split(&rest, ','));
    struct str name = str_trim(str_split(&rest, ','));
    if (read_operation(b, word, &bits.op) < 0 ||
        read_names(b, &b->loader->xbits, name, &bits) < 0 || read_xbits_options(b, rest, &bits) < 0)
        return -1;
    b->rule->is_stateful_tx |= bits.track == RULE_TRACK_TX;
    return add(b, RULE_CHECK_XBITS, &bits);
}

/* "set,name,src,60" */
static int read_hostbits(struct build *b, const struct keyword *k, struct str value)
{
    static const struct {
        const char *name;
        enum rule_track track;
    } tracks[] = {{"", RULE_TRACK_SRC},
                  {"src", RULE_TRACK_SRC},
                  {"dst", RULE_TRACK_DST},
                  {"both", RULE_TRACK_EITHER}};
    struct rule_bits bits = {.expire_s = XBITS_EXPIRE_S};
    struct str rest = value;
    struct str word = str_trim(str_split(&rest, ','));
    struct str name = str_trim(str_split(&rest, ','));
    struct str side = str_trim(str_split(&rest, ','));
    uint64_t seconds = bits.expire_s;
    bool known = false;
    for (size_t i = 0; i < ARRAY_COUNT(tracks); i++)
        if (str_eq_nocase(side, str_c(tracks[i].name))) {
            bits.track = tracks[i].track;
            known = true;
        }
    if (!known)
        return build_refuse(b, "src, dst or both is expected");
    if (rest.p && value_u64(b, rest, UINT32_MAX, &seconds) < 0)
        return -1;
    bits.expire_s = (uint32_t)seconds;
    if (read_operation(b, word, &bits.op) < 0 || read_names(b, &b->loader->xbits, name, &bits) < 0)
        return -1;
    return add(b, RULE_CHECK_HOSTBITS, &bits);
}

static const struct {
    const char *name;
    enum rule_int_op op;
    enum rule_compare compare;
    bool has_value;
} int_operations[] = {
    {"+", RULE_INT_ADD, 0, true},
    {"-", RULE_INT_SUB, 0, true},
    {"=", RULE_INT_SET, 0, true},
    {">", RULE_INT_COMPARE, RULE_GT, true},
    {"<", RULE_INT_COMPARE, RULE_LT, true},
    {">=", RULE_INT_COMPARE, RULE_GE, true},
    {"<=", RULE_INT_COMPARE, RULE_LE, true},
    {"==", RULE_INT_COMPARE, RULE_EQ, true},
    {"!=", RULE_INT_COMPARE, RULE_NE, true},
    {"isset", RULE_INT_ISSET, 0, false},
    {"notset", RULE_INT_ISNOTSET, 0, false},
    {"isnotset", RULE_INT_ISNOTSET, 0, false},
};

/* The right side: a number, or the name of another flowint. */
static int read_int_value(struct build *b, struct str s, struct rule_int *integer)
{
    if (s.len && s.p[0] >= '0' && s.p[0] <= '9')
        return value_u64(b, s, UINT32_MAX, &integer->number.a);
    int id = s.len ? loader_number(b->loader, &b->loader->flowints, s) : -1;
    if (id < 0)
        return build_refuse(b, "a number or a name is missing");
    integer->other_id = id;
    return 0;
}

static int read_flowint(struct build *b, const struct keyword *k, struct str value)
{
    struct str rest = value;
    struct str name = str_trim(str_split(&rest, ','));
    struct str sign = str_trim(str_split(&rest, ','));
    struct rule_int integer = {.other_id = -1};
    size_t i = 0;
    while (i < ARRAY_COUNT(int_operations) && !str_eq_nocase(sign, str_c(int_operations[i].name)))
        i++;
    if (i == ARRAY_COUNT(int_operations))
        return build_refuse(b, "the operator of flowint is not known");
    if (int_operations[i].has_value != (rest.p != NULL))
        return build_refuse(b, int_operations[i].has_value ? "a number is missing"
                                                           : "no number may follow");
    int id = name.len ? loader_number(b->loader, &b->loader->flowints, name) : -1;
    if (id < 0)
        return build_refuse(b, "a name is missing");
    integer.op = int_operations[i].op;
    integer.number.compare = int_operations[i].compare;
    integer.id = (uint32_t)id;
    if (rest.p && read_int_value(b, str_trim(rest), &integer) < 0)
        return -1;
    bool changes =
        integer.op == RULE_INT_ADD || integer.op == RULE_INT_SUB || integer.op == RULE_INT_SET;
    struct rule_check *check =
        changes ? build_act(b, RULE_CHECK_FLOWINT) : build_check(b, RULE_CHECK_FLOWINT);
    if (check)
        check->integer = integer;
    return check ? 0 : -1;
}

static const struct keyword rows[] = {
    {.name = "flowbits", .read = read_flowbits, .value = KEYWORD_VALUE},
    {.name = "flowint", .read = read_flowint, .value = KEYWORD_VALUE},
    {.name = "xbits", .read = read_xbits, .value = KEYWORD_VALUE},
    {.name = "hostbits", .read = read_hostbits, .value = KEYWORD_VALUE},
};

const struct keyword_family keywords_bits = {rows, ARRAY_COUNT(rows)};
