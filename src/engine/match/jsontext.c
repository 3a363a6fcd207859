#include "engine/match/jsontext.h"

#include "base/text.h"

static void skip_space(struct str *s)
{
    while (s->len && (s->p[0] == ' ' || s->p[0] == '\t' || s->p[0] == '\n' || s->p[0] == '\r'))
        *s = str_from(*s, 1);
}

static bool take(struct str *s, uint8_t c)
{
    skip_space(s);
    if (!s->len || s->p[0] != c)
        return false;
    *s = str_from(*s, 1);
    return true;
}

/* s stands behind the opening quotation mark; behind the closing one afterwards. */
static bool skip_string(struct str *s)
{
    for (size_t i = 0; i < s->len; i++) {
        if (s->p[i] == '\\') {
            i++;
        } else if (s->p[i] == '"') {
            *s = str_from(*s, i + 1);
            return true;
        }
    }
    return false;
}

static bool skip_word(struct str *s)
{
    size_t i = 0;
    while (i < s->len && (s->p[i] == '-' || s->p[i] == '+' || s->p[i] == '.' ||
                          (byte_lower(s->p[i]) >= 'a' && byte_lower(s->p[i]) <= 'z') ||
                          (s->p[i] >= '0' && s->p[i] <= '9')))
        i++;
    *s = str_from(*s, i);
    return i > 0;
}

/* Objects and arrays are walked over by their brackets: what opens must close in the same way. */
static bool skip_nested(struct str *s)
{
    uint8_t open[JSONTEXT_DEPTH_MAX];
    size_t depth = 0;
    while (s->len) {
        uint8_t c = s->p[0];
        *s = str_from(*s, 1);
        if (c == '"' && !skip_string(s))
            return false;
        if (c == '{' || c == '[') {
            if (depth == JSONTEXT_DEPTH_MAX)
                return false;
            open[depth++] = c;
        } else if (c == '}' || c == ']') {
            if (open[--depth] != (c == '}' ? '{' : '['))
                return false;
            if (depth == 0)
                return true;
        }
    }
    return false;
}

bool jsontext_value(struct str *text, struct str *value)
{
    skip_space(text);
    struct str from = *text;
    if (!text->len)
        return false;
    bool ok;
    if (text->p[0] == '"') {
        *text = str_from(*text, 1);
        ok = skip_string(text);
    } else {
        ok = text->p[0] == '{' || text->p[0] == '[' ? skip_nested(text) : skip_word(text);
    }
    *value = str_cut(from, 0, from.len - text->len);
    skip_space(text);
    return ok;
}

/* Next "name": value of an object of which the bracket is taken off. */
static bool next_member(struct str *rest, struct str *name, struct str *value)
{
    (void)take(rest, ',');
    skip_space(rest);
    return rest->len && rest->p[0] == '"' && jsontext_value(rest, name) && take(rest, ':') &&
           jsontext_value(rest, value);
}

static bool is_name(struct str quoted, struct str name)
{
    return quoted.len >= 2 && str_eq(str_cut(quoted, 1, quoted.len - 1), name);
}

static bool find_one(struct str object, struct str name, struct str *value)
{
    struct str key;
    if (!take(&object, '{'))
        return false;
    while (next_member(&object, &key, value))
        if (is_name(key, name))
            return true;
    return false;
}

bool jsontext_find(struct str object, struct str path, struct str *value)
{
    *value = object;
    while (path.p && path.len) {
        struct str within = *value;
        if (!find_one(within, str_split(&path, '.'), value))
            return false;
    }
    return value->len > 0;
}

bool jsontext_next(struct str *rest, struct str *value)
{
    if (!take(rest, '[') && !take(rest, ','))
        return false;
    skip_space(rest);
    return rest->len && rest->p[0] != ']' && jsontext_value(rest, value);
}

static bool read_hex4(struct str s, size_t at, uint32_t *out)
{
    *out = 0;
    for (size_t i = at; i < at + 4; i++) {
        int digit = i < s.len ? text_hex_digit(s.p[i]) : -1;
        if (digit < 0)
            return false;
        *out = *out << 4 | (uint32_t)digit;
    }
    return true;
}

/* "\u00e9", or two of them that are one character; at stands behind the 'u'. Returns the bytes used, 0: damaged. */
static size_t add_unicode(struct str s, size_t at, struct buf *out)
{
    uint32_t high, low;
    if (!read_hex4(s, at, &high))
        return 0;
    if (high < 0xd800 || high > 0xdfff) {
        text_add_utf8(out, high);
        return 4;
    }
    if (high > 0xdbff || at + 6 > s.len || s.p[at + 4] != '\\' || s.p[at + 5] != 'u' ||
        !read_hex4(s, at + 6, &low) || low < 0xdc00 || low > 0xdfff)
        return 0;
    text_add_utf8(out, 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
    return 10;
}

bool jsontext_string(struct str value, struct buf *out)
{
    static const char plain[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    if (value.len < 2 || value.p[0] != '"')
        return false;
    struct str s = str_cut(value, 1, value.len - 1);
    for (size_t i = 0; i < s.len; i++) {
        if (s.p[i] != '\\') {
            buf_add_byte(out, s.p[i]);
            continue;
        }
        if (++i == s.len)
            return false;
        const char *at = memchr(plain, s.p[i], sizeof plain - 1);
        size_t used = s.p[i] == 'u' ? add_unicode(s, i + 1, out) : 0;
        if (at)
            buf_add_byte(out, (uint8_t)meant[at - plain]);
        else if (!used)
            return false;
        i += used;
    }
    return true;
}

bool jsontext_without(struct str object, struct str name, struct buf *out)
{
    struct str key, value;
    bool first = true;
    if (!take(&object, '{'))
        return false;
    buf_add_byte(out, '{');
    while (next_member(&object, &key, &value)) {
        if (is_name(key, name))
            continue;
        if (!first)
            buf_add_byte(out, ',');
        first = false;
        buf_add(out, key);
        buf_add_byte(out, ':');
        buf_add(out, value);
    }
    buf_add_byte(out, '}');
    return take(&object, '}');
}

void jsontext_compact(struct str value, struct buf *out)
{
    bool inside = false;
    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = value.p[i];
        if (inside && c == '\\' && i + 1 < value.len) {
            buf_add_byte(out, c);
            buf_add_byte(out, value.p[++i]);
            continue;
        }
        inside ^= c == '"';
        if (inside || (c != ' ' && c != '\t' && c != '\r' && c != '\n'))
            buf_add_byte(out, c);
    }
}
