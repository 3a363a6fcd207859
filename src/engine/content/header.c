#include "engine/content/header.h"

#include "engine/content/charset.h"

#define PIECES_MAX 64 /* numbered pieces of one parameter (RFC 2231 section 3) */
#define PARAMETER_MAX 4096

/* A parameter as it stands: "filename*1*" and what follows the "=". */
struct parameter {
    struct str name, value;
    bool quoted;
};

/* Cuts the value behind "=" off *rest, which then stands behind the next ";". */
static struct str take_value(struct str *rest, bool *quoted)
{
    *rest = str_from(*rest, 0);
    while (rest->len && (rest->p[0] == ' ' || rest->p[0] == '\t'))
        *rest = str_from(*rest, 1);
    *quoted = rest->len && rest->p[0] == '"';
    if (!*quoted)
        return str_trim(str_split(rest, ';'));
    size_t end = 1;
    while (end < rest->len && rest->p[end] != '"')
        end += rest->p[end] == '\\' ? 2 : 1;
    struct str value = str_cut(*rest, 1, end);
    *rest = str_from(*rest, end);
    str_split(rest, ';');
    return value;
}

static bool next_parameter(struct str *rest, struct parameter *out)
{
    while (rest->len) {
        ptrdiff_t equals = str_find_byte(*rest, 0, '='), semicolon = str_find_byte(*rest, 0, ';');
        if (equals < 0)
            return false;
        if (semicolon >= 0 && semicolon < equals) {
            *rest = str_from(*rest, (size_t)semicolon + 1);
            continue;
        }
        out->name = str_trim(str_cut(*rest, 0, (size_t)equals));
        *rest = str_from(*rest, (size_t)equals + 1);
        out->value = take_value(rest, &out->quoted);
        return true;
    }
    return false;
}

/* The parameters begin behind the first ";". */
static struct str parameters_of(struct str value)
{
    str_split(&value, ';');
    return value;
}

static void add_unescaped(struct parameter p, struct buf *out)
{
    for (size_t i = 0; i < p.value.len; i++) {
        if (p.quoted && p.value.p[i] == '\\' && i + 1 < p.value.len &&
            (p.value.p[i + 1] == '"' || p.value.p[i + 1] == '\\'))
            i++;
        buf_add_byte(out, p.value.p[i]);
    }
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = byte_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void add_percent(struct str s, struct buf *out)
{
    for (size_t i = 0; i < s.len; i++) {
        bool escape = s.p[i] == '%' && i + 2 < s.len && hex_value(s.p[i + 1]) >= 0 &&
                      hex_value(s.p[i + 2]) >= 0;
        if (!escape) {
            buf_add_byte(out, s.p[i]);
            continue;
        }
        buf_add_byte(out, (uint8_t)(hex_value(s.p[i + 1]) << 4 | hex_value(s.p[i + 2])));
        i += 2;
    }
}

/* charset'language'text (RFC 2231 section 4). */
static struct str take_charset(struct str *value)
{
    ptrdiff_t first = str_find_byte(*value, 0, '\'');
    ptrdiff_t second = first < 0 ? -1 : str_find_byte(*value, (size_t)first + 1, '\'');
    if (second < 0)
        return STR_EMPTY;
    struct str charset = str_cut(*value, 0, (size_t)first);
    *value = str_from(*value, (size_t)second + 1);
    return charset;
}

/* "filename" in "filename*3*": number 3, extended. Plain "filename" has number -1. False: another parameter. */
static bool read_name(struct str have, struct str want, int *number, bool *extended)
{
    *number = -1;
    *extended = false;
    if (!str_starts_nocase(have, want))
        return false;
    struct str rest = str_from(have, want.len);
    if (rest.len == 0)
        return true;
    if (rest.p[0] != '*')
        return false;
    rest = str_from(rest, 1);
    *extended = rest.len == 0 || rest.p[rest.len - 1] == '*';
    struct str digits = str_cut(rest, 0, rest.len - (rest.len && *extended ? 1 : 0));
    uint64_t n;
    if (digits.len == 0)
        return rest.len == 0;
    if (!str_to_u64(digits, &n) || n >= PIECES_MAX)
        return false;
    *number = (int)n;
    return true;
}

/* Puts the numbered pieces together in their order; false when there is no piece 0. */
static bool join_pieces(struct str value, struct str name, struct buf *bytes, struct str *charset)
{
    bool found = true;
    int wanted = 0;
    for (; found && wanted < PIECES_MAX; wanted++) {
        struct parameter p;
        struct str rest = parameters_of(value);
        found = false;
        while (!found && next_parameter(&rest, &p)) {
            int number;
            bool extended;
            if (!read_name(p.name, name, &number, &extended) || number != wanted)
                continue;
            found = true;
            if (extended && wanted == 0)
                *charset = take_charset(&p.value);
            if (extended)
                add_percent(p.value, bytes);
            else
                add_unescaped(p, bytes);
        }
    }
    return wanted > 1;
}

static void add_text(struct str charset, struct str bytes, struct buf *out)
{
    if (charset.len && charset_to_utf8(charset, bytes, out))
        return;
    charset_words(bytes, out);
}

/* The form for any charset stands before the plain one for old readers (RFC 6266 section 4.3 says so for HTTP, mailers do). */
static bool whole_parameter(struct str value, struct str name, bool want_extended, struct buf *out)
{
    uint8_t memory[PARAMETER_MAX];
    struct buf bytes = buf_fixed(memory, sizeof(memory));
    struct parameter p;
    for (struct str rest = parameters_of(value); next_parameter(&rest, &p);) {
        int number;
        bool extended;
        if (!read_name(p.name, name, &number, &extended) || number >= 0 ||
            extended != want_extended)
            continue;
        struct str charset = extended ? take_charset(&p.value) : STR_EMPTY;
        if (extended)
            add_percent(p.value, &bytes);
        else
            add_unescaped(p, &bytes);
        add_text(charset, buf_str(&bytes), out);
        return true;
    }
    return false;
}

bool header_parameter(struct str value, struct str name, struct buf *out)
{
    uint8_t memory[PARAMETER_MAX];
    struct buf bytes = buf_fixed(memory, sizeof(memory));
    struct str charset = STR_EMPTY;
    if (whole_parameter(value, name, true, out))
        return true;
    if (join_pieces(value, name, &bytes, &charset)) {
        add_text(charset, buf_str(&bytes), out);
        return true;
    }
    return whole_parameter(value, name, false, out);
}

bool header_parameter_raw(struct str value, struct str name, struct buf *out)
{
    struct parameter p;
    for (struct str rest = parameters_of(value); next_parameter(&rest, &p);)
        if (str_eq_nocase(p.name, name)) {
            add_unescaped(p, out);
            return true;
        }
    return false;
}

void header_main_value(struct str value, struct buf *out)
{
    struct str main_value = str_trim(str_split(&value, ';'));
    for (size_t i = 0; i < main_value.len && out->len < out->cap; i++)
        buf_add_byte(out, byte_lower(main_value.p[i]));
}
