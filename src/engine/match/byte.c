/* byte_test, byte_jump, byte_extract, byte_math: a number taken from the buffer (Suricata user guide, "Payload Keywords").
 *
 * Offsets are signed and may come from the packet itself by way of variables: every sum is checked, every read bounded. */
#include "engine/match/worker.h"

#include "base/reader.h"

#include <ctype.h>

#define TEXT_DIGITS_MAX 23 /* the longest octal number of 64 bits, and a sign */

static int64_t value_of(const struct rule_value *v, const int64_t *variables)
{
    return v->variable >= 0 && v->variable < RULE_VARIABLES_MAX ? variables[v->variable]
                                                                : v->number;
}

/* Where the number begins; false outside the buffer. */
static bool place(const struct byte_run *r, const struct rule_byte *b, size_t *at)
{
    int64_t start = b->relative ? (int64_t)r->cursor : 0;
    int64_t sum;
    if (__builtin_add_overflow(start, value_of(&b->offset, r->variables), &sum))
        return false;
    if (sum < 0 || (uint64_t)sum > r->bytes.len)
        return false;
    *at = (size_t)sum;
    return true;
}

static int digit_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = byte_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Text like strtoull: leading blanks, a sign, 0x before hex; stops at the first foreign character. */
static bool read_text(struct str s, unsigned base, uint64_t *out)
{
    size_t at = 0;
    while (at < s.len && isspace(s.p[at]))
        at++;
    bool negative = at < s.len && s.p[at] == '-';
    if (at < s.len && (s.p[at] == '-' || s.p[at] == '+'))
        at++;
    if (base == 16 && s.len - at > 2 && s.p[at] == '0' && byte_lower(s.p[at + 1]) == 'x')
        at += 2;
    uint64_t v = 0;
    size_t digits = 0;
    for (; at < s.len; at++, digits++) {
        int d = digit_value(s.p[at]);
        if (d < 0 || d >= (int)base)
            break;
        if (__builtin_mul_overflow(v, (uint64_t)base, &v) ||
            __builtin_add_overflow(v, (uint64_t)d, &v))
            return false;
    }
    *out = negative ? 0 - v : v;
    return digits > 0;
}

static uint64_t read_binary(struct str s, bool little)
{
    uint64_t v = 0;
    for (size_t i = 0; i < s.len; i++)
        v = v << 8 | s.p[little ? s.len - 1 - i : i];
    return v;
}

/* The number itself, and the offset just behind its bytes. */
static bool take(const struct byte_run *r, const struct rule_byte *b, uint64_t *v, size_t *end)
{
    size_t at;
    int64_t bytes = value_of(&b->bytes, r->variables);
    if (!place(r, b, &at) || bytes < 0 || bytes > TEXT_DIGITS_MAX ||
        (uint64_t)bytes > r->bytes.len - at)
        return false;
    struct str s = str_cut(r->bytes, at, at + (size_t)bytes);
    if (b->base) {
        if (!read_text(s, b->base, v))
            return false;
    } else if (bytes > 8) {
        return false;
    } else {
        *v = read_binary(s, b->dce ? r->dce_little : b->little_endian);
    }
    if (b->bitmask)
        *v = (*v & b->bitmask) >> __builtin_ctzll(b->bitmask);
    *end = at + (size_t)bytes;
    return true;
}

bool byte_test_holds(const struct byte_run *r, const struct rule_byte *b)
{
    uint64_t v;
    size_t end;
    if (!take(r, b, &v, &end))
        return false;
    uint64_t with = (uint64_t)value_of(&b->value, r->variables);
    bool holds = false;
    switch (b->op) {
    case RULE_OP_LT: holds = v < with; break;
    case RULE_OP_GT: holds = v > with; break;
    case RULE_OP_EQ: holds = v == with; break;
    case RULE_OP_LE: holds = v <= with; break;
    case RULE_OP_GE: holds = v >= with; break;
    case RULE_OP_AND: holds = (v & with) != 0; break;
    case RULE_OP_OR: holds = (v ^ with) != 0; break; /* '^' of the language */
    case RULE_OP_PLUS:
    case RULE_OP_MINUS:
    case RULE_OP_MULTIPLY:
    case RULE_OP_DIVIDE:
    case RULE_OP_SHIFT_LEFT:
    case RULE_OP_SHIFT_RIGHT: return false;
    }
    return holds != b->negated;
}

bool byte_jump(const struct byte_run *r, const struct rule_byte *b, size_t *cursor)
{
    uint64_t raw = 0;
    size_t end;
    if (value_of(&b->bytes, r->variables) == 0 && !b->base) {
        if (!place(r, b, &end))
            return false;
    } else if (!take(r, b, &raw, &end)) {
        return false;
    }
    if (raw > INT32_MAX)
        return false; /* no buffer is that long */
    int64_t jump = (int64_t)raw;
    if (b->multiplier > 1 && __builtin_mul_overflow(jump, (int64_t)b->multiplier, &jump))
        return false;
    if (b->align && jump % 4)
        jump += 4 - jump % 4;
    int64_t start = b->from_beginning ? 0 : b->from_end ? (int64_t)r->bytes.len : (int64_t)end;
    int64_t target;
    if (__builtin_add_overflow(start, jump, &target) ||
        __builtin_add_overflow(target, b->post_offset, &target))
        return false;
    if (target > (int64_t)r->bytes.len)
        return false;
    *cursor = target < 0 ? 0 : (size_t)target; /* back over the beginning: there, as in Suricata */
    return true;
}

bool byte_extract(const struct byte_run *r, const struct rule_byte *b, int64_t *out, size_t *cursor)
{
    uint64_t v;
    size_t end;
    if (!take(r, b, &v, &end))
        return false;
    if (b->multiplier > 1 && __builtin_mul_overflow(v, (uint64_t)b->multiplier, &v))
        return false;
    uint64_t align = b->extract_align;
    if (align > 1 && v % align && __builtin_add_overflow(v, align - v % align, &v))
        return false;
    *out = (int64_t)v;
    *cursor = end;
    return true;
}

bool byte_math(const struct byte_run *r, const struct rule_byte *b, int64_t *out, size_t *cursor)
{
    struct rule_byte plain = *b;
    plain.bitmask = 0; /* of the result here, not of what is read */
    uint64_t v;
    size_t end;
    if (!take(r, &plain, &v, &end))
        return false;
    uint64_t with = (uint64_t)value_of(&b->value, r->variables);
    switch (b->op) {
    case RULE_OP_PLUS: v += with; break;
    case RULE_OP_MINUS: v -= with; break;
    case RULE_OP_MULTIPLY: v *= with; break;
    case RULE_OP_DIVIDE:
        if (with == 0)
            return false;
        v /= with;
        break;
    case RULE_OP_SHIFT_LEFT: v = with < 64 ? v << with : 0; break;
    case RULE_OP_SHIFT_RIGHT: v = with < 64 ? v >> with : 0; break;
    case RULE_OP_LT:
    case RULE_OP_GT:
    case RULE_OP_EQ:
    case RULE_OP_LE:
    case RULE_OP_GE:
    case RULE_OP_AND:
    case RULE_OP_OR: return false;
    }
    if (b->bitmask)
        v = (v & b->bitmask) >> __builtin_ctzll(b->bitmask);
    *out = (int64_t)v;
    *cursor = end;
    return true;
}
