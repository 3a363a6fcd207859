/* Suricata's integer grammar: "5", "=5", "!5", "!=5", ">5", ">=5", "5-10", "5<>10", "!5-10", "&0xc0=0x80", names of values.
 * Comparisons are strict: 1-4 is 2 or 3. */
#include "engine/rule/build.h"

static bool word_find(const struct number_word *words, struct str s, uint64_t *out)
{
    for (; words && words->name; words++)
        if (str_eq_nocase(s, str_c(words->name))) {
            *out = words->number;
            return true;
        }
    return false;
}

static int read_one(struct build *b, struct str s, uint64_t max, const struct number_word *words,
                    uint64_t *out)
{
    s = str_trim(s);
    return word_find(words, s, out) ? 0 : value_u64(b, s, max, out);
}

/* "&mask=value" or "&mask!=value" */
static int read_mask(struct build *b, struct str s, uint64_t max, struct rule_number *out)
{
    struct str rest = str_from(s, 1);
    struct str mask = str_split(&rest, '=');
    if (!rest.p)
        return build_refuse(b, "a bit mask is compared: \"&0xc0=0x80\"");
    bool differs = mask.len && mask.p[mask.len - 1] == '!';
    if (differs)
        mask = str_cut(mask, 0, mask.len - 1);
    out->compare = differs ? RULE_MASK_NOT_SET : RULE_MASK_SET;
    if (value_u64(b, mask, max, &out->a) < 0 || value_u64(b, rest, max, &out->b) < 0)
        return -1;
    if (out->b & ~out->a)
        return build_refuse(b, "the value has bits that its mask has not: it can never hold");
    return 0;
}

/* Where "a-b" or "a<>b" is divided; 0 when s is no range. */
static size_t range_at(struct str s, size_t *width)
{
    for (size_t i = 1; i + 1 < s.len; i++) {
        *width = s.p[i] == '<' && s.p[i + 1] == '>' ? 2 : 1;
        if (*width == 2 || s.p[i] == '-')
            return i;
    }
    return 0;
}

static int read_range(struct build *b, struct str s, size_t at, size_t width,
                      struct rule_number *out)
{
    uint64_t low, high;
    if (value_u64(b, str_cut(s, 0, at), UINT64_MAX, &low) < 0 ||
        value_u64(b, str_from(s, at + width), UINT64_MAX, &high) < 0)
        return -1;
    if (high <= low || high - low < 2)
        return build_refuse(b, "nothing lies between %llu and %llu", (unsigned long long)low,
                            (unsigned long long)high);
    out->a = low + 1;
    out->b = high - 1;
    return 0;
}

int number_read(struct build *b, struct str s, uint64_t max, const struct number_word *words,
                struct rule_number *out)
{
    static const struct {
        const char *sign;
        enum rule_compare compare;
    } signs[] = {{">=", RULE_GE}, {"<=", RULE_LE}, {"!=", RULE_NE}, {"==", RULE_EQ},
                 {">", RULE_GT},  {"<", RULE_LT},  {"=", RULE_EQ},  {"!", RULE_NE}};
    s = str_trim(s);
    *out = (struct rule_number){.compare = RULE_EQ};
    if (s.len && s.p[0] == '&')
        return read_mask(b, s, max, out);
    for (size_t i = 0; i < ARRAY_COUNT(signs); i++)
        if (str_starts(s, str_c(signs[i].sign))) {
            out->compare = signs[i].compare;
            s = str_trim(str_from(s, strlen(signs[i].sign)));
            break;
        }
    uint64_t word;
    size_t width;
    size_t at = s.len && s.p[0] >= '0' && s.p[0] <= '9' && !word_find(words, s, &word)
                    ? range_at(s, &width)
                    : 0;
    if (!at)
        return read_one(b, s, max, words, &out->a);
    if (out->compare != RULE_EQ && out->compare != RULE_NE)
        return build_refuse(b, "a range cannot be compared");
    out->compare = out->compare == RULE_NE ? RULE_NOT_IN : RULE_IN;
    return read_range(b, s, at, width, out);
}

int number_read_bits(struct build *b, struct str s, const struct number_word *words,
                     struct rule_number *out)
{
    struct str rest = s, piece;
    *out = (struct rule_number){.compare = RULE_MASK_SET};
    while (value_next(&rest, ',', &piece)) {
        bool unset = piece.len && piece.p[0] == '!';
        uint64_t bit;
        if (!word_find(words, str_trim(str_from(piece, unset)), &bit))
            return number_read(b, s, UINT64_MAX, NULL, out);
        out->a |= bit;
        if (!unset)
            out->b |= bit;
    }
    return 0;
}

bool rule_number_holds(const struct rule_number *n, uint64_t v)
{
    switch (n->compare) {
    case RULE_EQ: return v == n->a;
    case RULE_NE: return v != n->a;
    case RULE_LT: return v < n->a;
    case RULE_LE: return v <= n->a;
    case RULE_GT: return v > n->a;
    case RULE_GE: return v >= n->a;
    case RULE_IN: return v >= n->a && v <= n->b;
    case RULE_NOT_IN: return v < n->a || v > n->b;
    case RULE_MASK_SET: return (v & n->a) == n->b;
    case RULE_MASK_NOT_SET: return (v & n->a) != n->b;
    }
    return false;
}
