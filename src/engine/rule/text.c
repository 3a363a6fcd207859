/* Pieces of option values: quotes, lists, numbers, names. */
#include "engine/rule/build.h"

#include "base/text.h"

int value_unquote(struct build *b, struct str *value, bool *negated)
{
    struct str s = str_trim(*value);
    if (negated) {
        *negated = s.len && s.p[0] == '!';
        if (*negated)
            s = str_trim(str_from(s, 1));
    }
    bool opens = s.len && s.p[0] == '"';
    bool closes = s.len > 1 && s.p[s.len - 1] == '"';
    if (opens != closes)
        return build_refuse(b, "a quotation mark is missing");
    if (opens)
        s = str_cut(s, 1, s.len - 1);
    *value = s;
    return 0;
}

bool text_number(struct str s, uint64_t *out)
{
    static const struct {
        const char *unit;
        unsigned shift;
    } units[] = {{"kib", 10}, {"kb", 10}, {"mib", 20}, {"mb", 20}, {"gib", 30}, {"gb", 30}};
    unsigned shift = 0;
    for (size_t i = 0; i < ARRAY_COUNT(units) && !shift; i++) {
        struct str unit = str_c(units[i].unit);
        if (s.len > unit.len && str_eq_nocase(str_from(s, s.len - unit.len), unit)) {
            shift = units[i].shift;
            s = str_trim(str_cut(s, 0, s.len - unit.len));
        }
    }
    uint64_t v = 0;
    if (s.len > 2 && s.p[0] == '0' && (s.p[1] | 32) == 'x') {
        for (size_t i = 2; i < s.len; i++) {
            int digit = text_hex_digit(s.p[i]);
            if (digit < 0 || v >> 60)
                return false;
            v = v << 4 | (uint64_t)digit;
        }
    } else if (!str_to_u64(s, &v)) {
        return false;
    }
    if (v > UINT64_MAX >> shift)
        return false;
    *out = v << shift;
    return true;
}

int value_u64(struct build *b, struct str s, uint64_t max, uint64_t *out)
{
    s = str_trim(s);
    if (!text_number(s, out))
        return build_refuse(b, "\"%.*s\" is not a number", (int)(s.len < 40 ? s.len : 40),
                            s.p ? (const char *)s.p : "");
    if (*out > max)
        return build_refuse(b, "%.*s is too large", (int)(s.len < 40 ? s.len : 40),
                            (const char *)s.p);
    return 0;
}

static bool text_signed(struct str s, int64_t *out)
{
    bool minus = s.len && s.p[0] == '-';
    bool sign = minus || (s.len && s.p[0] == '+');
    uint64_t v;
    if (!text_number(sign ? str_from(s, 1) : s, &v) || v > INT64_MAX)
        return false;
    *out = minus ? -(int64_t)v : (int64_t)v;
    return true;
}

int value_i64(struct build *b, struct str s, int64_t min, int64_t max, int64_t *out)
{
    s = str_trim(s);
    if (!text_signed(s, out))
        return build_refuse(b, "\"%.*s\" is not a number", (int)(s.len < 40 ? s.len : 40),
                            s.p ? (const char *)s.p : "");
    if (*out < min || *out > max)
        return build_refuse(b, "%.*s is outside %lld to %lld", (int)(s.len < 40 ? s.len : 40),
                            (const char *)s.p, (long long)min, (long long)max);
    return 0;
}

bool value_next(struct str *rest, uint8_t sep, struct str *piece)
{
    if (!rest->p)
        return false;
    *piece = str_trim(str_split(rest, sep));
    return true;
}

struct str value_word(struct str *rest)
{
    struct str s = str_trim(*rest);
    size_t len = 0;
    while (len < s.len && s.p[len] != ' ' && s.p[len] != '\t')
        len++;
    *rest = str_trim(str_from(s, len));
    return str_cut(s, 0, len);
}

static int variable_find(const struct build *b, struct str name)
{
    for (int i = 0; i < b->variable_count; i++)
        if (str_eq(b->variables[i], name))
            return i;
    return -1;
}

static bool is_name(struct str s)
{
    if (s.len == 0 || s.len > 64 || (s.p[0] >= '0' && s.p[0] <= '9'))
        return false;
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = byte_lower(s.p[i]);
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_' && c != '.' && c != '-')
            return false;
    }
    return true;
}

int value_read(struct build *b, struct str s, int64_t min, int64_t max, struct rule_value *out)
{
    s = str_trim(s);
    *out = (struct rule_value){.variable = -1};
    int variable = variable_find(b, s);
    if (variable >= 0) {
        out->variable = (int8_t)variable;
        return 0;
    }
    if (is_name(s) && s.p[0] != '-')
        return build_refuse(b, "the variable \"%.*s\" is not filled before it is used", (int)s.len,
                            (const char *)s.p);
    return value_i64(b, s, min, max, &out->number);
}

int variable_new(struct build *b, struct str name)
{
    name = str_trim(name);
    if (!is_name(name))
        return build_refuse(b, "not a usable name of a variable");
    int old = variable_find(b, name);
    if (old >= 0)
        return old;
    if (b->variable_count == RULE_VARIABLES_MAX)
        return build_refuse(b, "more than %d variables", RULE_VARIABLES_MAX);
    b->variables[b->variable_count] = name;
    return b->variable_count++;
}
