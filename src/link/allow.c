/* One strict walk over a JSON text serves both ways of asking: with an output it copies what may travel and leaves out
 * the rest, without one it stops at the first thing that may not travel.
 *
 * What an attacker would try: names written with escapes ("payl\u006fad") so that this reader and the center's differ:
 * no name with a backslash is on the list. Numbers that the center cannot hold: left out. Lone surrogates, control
 * bytes, broken UTF-8, deep nesting: not JSON. Long texts: cut, never inside an escape or a character.
 */
#include "base/text.h"
#include "link/fields.h"
#include "link/link.h"

#define NAME_BYTES_MAX 48
#define NUMBER_BYTES_MAX 32
#define EVENT_TYPE "event_type"

struct walk {
    const uint8_t *p;
    size_t len;
    size_t at;
    struct buf *out; /* NULL: only check */
    uint64_t removed;
    char path[LINK_PATH_BYTES_MAX];
    size_t path_len;
    int depth;
    bool broken;    /* not JSON */
    bool forbidden; /* something that may not travel is there */
    char offender[LINK_PATH_BYTES_MAX];
    const enum link_importance *importance; /* NULL: no event type that travels was seen */
};

static void walk_value(struct walk *w, bool keep);

static int peek(struct walk *w)
{
    while (w->at < w->len && (w->p[w->at] == ' ' || w->p[w->at] == '\t' || w->p[w->at] == '\r'))
        w->at++;
    return w->at < w->len ? w->p[w->at] : -1;
}

static bool take(struct walk *w, char c)
{
    if (peek(w) != c)
        return false;
    w->at++;
    return true;
}

static void emit(struct walk *w, struct str s)
{
    if (w->out)
        buf_add(w->out, s);
}

static void refuse(struct walk *w)
{
    if (!w->forbidden)
        memcpy(w->offender, w->path, w->path_len + 1);
    w->forbidden = true;
    w->removed++;
}

/* Four hex digits at `at`, or -1. */
static int32_t hex4(const struct walk *w, size_t at)
{
    int32_t value = 0;
    if (w->len - at < 4)
        return -1;
    for (size_t i = 0; i < 4; i++) {
        int digit = text_hex_digit(w->p[at + i]);
        if (digit < 0)
            return -1;
        value = value << 4 | digit;
    }
    return value;
}

/* Bytes of the escape that begins at `at` (a surrogate pair is one), 0 when it is none. */
static size_t escape_bytes(const struct walk *w, size_t at)
{
    if (w->len - at < 2)
        return 0;
    if (w->p[at + 1] != 'u')
        return w->p[at + 1] != 0 && strchr("\"\\/bfnrt", w->p[at + 1]) ? 2 : 0;
    int32_t unit = hex4(w, at + 2);
    if (unit < 0 || (unit >= 0xDC00 && unit <= 0xDFFF))
        return 0;
    if (unit < 0xD800 || unit > 0xDBFF)
        return 6;
    if (w->len - at < 12 || w->p[at + 6] != '\\' || w->p[at + 7] != 'u')
        return 0;
    int32_t low = hex4(w, at + 8);
    return low >= 0xDC00 && low <= 0xDFFF ? 12 : 0;
}

static size_t unit_bytes(const struct walk *w, size_t at)
{
    uint8_t c = w->p[at];
    if (c == '\\')
        return escape_bytes(w, at);
    if (c < 0x20)
        return 0;
    if (c < 0x80)
        return 1;
    size_t bytes = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
    return w->len - at >= bytes ? bytes : 0;
}

/* A string's inside, without the quotes. *fit: how much of it stands within max_bytes, cut between characters. */
static struct str take_string(struct walk *w, size_t max_bytes, size_t *fit)
{
    size_t begin = ++w->at;
    *fit = 0;
    while (w->at < w->len && w->p[w->at] != '"') {
        size_t bytes = unit_bytes(w, w->at);
        if (bytes == 0)
            break;
        w->at += bytes;
        if (w->at - begin <= max_bytes)
            *fit = w->at - begin;
    }
    struct str inside = str_of(w->p + begin, w->at - begin);
    if (w->at >= w->len || w->p[w->at] != '"' || !text_is_utf8(inside)) {
        w->broken = true;
        return STR_EMPTY;
    }
    w->at++;
    return inside;
}

static size_t take_digits(struct walk *w)
{
    size_t begin = w->at;
    while (w->at < w->len && w->p[w->at] >= '0' && w->p[w->at] <= '9')
        w->at++;
    return w->at - begin;
}

/* RFC 8259 section 6. *fits: a signed 64-bit integer, or a fraction with at most two digits of exponent. */
static struct str take_number(struct walk *w, bool *fits)
{
    size_t begin = w->at;
    bool whole = true;
    size_t exponent_digits = 0;
    if (w->p[w->at] == '-')
        w->at++;
    bool zero_first = w->at < w->len && w->p[w->at] == '0';
    size_t digits = take_digits(w);
    if (digits == 0 || (zero_first && digits > 1))
        w->broken = true;
    if (w->at < w->len && w->p[w->at] == '.') {
        whole = false;
        w->at++;
        if (take_digits(w) == 0)
            w->broken = true;
    }
    if (w->at < w->len && (w->p[w->at] == 'e' || w->p[w->at] == 'E')) {
        whole = false;
        w->at++;
        if (w->at < w->len && (w->p[w->at] == '+' || w->p[w->at] == '-'))
            w->at++;
        exponent_digits = take_digits(w);
        if (exponent_digits == 0)
            w->broken = true;
    }
    struct str number = str_of(w->p + begin, w->at - begin);
    int64_t value;
    *fits =
        whole ? str_to_i64(number, &value) : exponent_digits <= 2 && number.len <= NUMBER_BYTES_MAX;
    return number;
}

static bool take_word(struct walk *w, struct str word)
{
    if (!str_starts(str_of(w->p + w->at, w->len - w->at), word))
        return false;
    w->at += word.len;
    return true;
}

static const struct field_row *row_here(const struct walk *w, enum field_type type)
{
    const struct field_row *row = allowed_field_find(w->path);
    return row && row->type == type ? row : NULL;
}

static void walk_string(struct walk *w, bool keep)
{
    const struct field_row *row = keep ? row_here(w, FIELD_TEXT) : NULL;
    size_t fit;
    struct str inside = take_string(w, row ? row->max_bytes : 0, &fit);
    if (w->broken || !keep)
        return;
    if (!row) {
        refuse(w);
        return;
    }
    if (fit < inside.len)
        refuse(w); /* cut: a check says no, a filter sends what fits */
    if (strcmp(w->path, EVENT_TYPE) == 0)
        w->importance = field_event_importance(inside);
    emit(w, STR_LIT("\""));
    emit(w, str_cut(inside, 0, fit));
    emit(w, STR_LIT("\""));
}

static void walk_scalar(struct walk *w, bool keep)
{
    bool fits = true;
    enum field_type type = FIELD_BOOL;
    size_t begin = w->at;
    bool null = false;
    if (w->p[begin] == '-' || (w->p[begin] >= '0' && w->p[begin] <= '9')) {
        type = FIELD_NUMBER;
        take_number(w, &fits);
    } else if (!take_word(w, STR_LIT("true")) && !take_word(w, STR_LIT("false"))) {
        null = take_word(w, STR_LIT("null"));
        w->broken |= !null;
    }
    if (w->broken || !keep)
        return;
    const struct field_row *row = allowed_field_find(w->path);
    if (!row || !fits || (!null && row->type != type))
        refuse(w);
    else
        emit(w, str_of(w->p + begin, w->at - begin));
}

/* Adds a part to the path: the name itself, or "*" where the list takes any. False: nothing of that name may travel. */
static bool path_enter(struct walk *w, struct str name, bool literal)
{
    size_t need = w->path_len + 1 + name.len + 3; /* the dot before, "[]" and NUL behind */
    if (name.len == 0 || name.len > NAME_BYTES_MAX || need > sizeof(w->path))
        return false;
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '_' || c == '-' || (c == '.' && !literal);
        if (!plain)
            return false;
    }
    if (w->path_len > 0)
        w->path[w->path_len++] = '.';
    struct str part = literal ? name : STR_LIT("*");
    memcpy(w->path + w->path_len, part.p, part.len);
    w->path_len += part.len;
    w->path[w->path_len] = '\0';
    return allowed_field_find(w->path) || field_has_inside(w->path, '.') ||
           field_has_inside(w->path, '[');
}

static void path_leave(struct walk *w, size_t path_len)
{
    w->path_len = path_len;
    w->path[path_len] = '\0';
}

/* For the report of a field that is not on the list: its name, made printable and cut to the room there is. */
static void refuse_named(struct walk *w, struct str name)
{
    size_t before = w->path_len;
    size_t at = before;
    if (at > 0 && at + 2 < sizeof(w->path))
        w->path[at++] = '.';
    for (size_t i = 0; i < name.len && at + 1 < sizeof(w->path); i++)
        w->path[at++] = name.p[i] > 0x20 && name.p[i] < 0x7F ? (char)name.p[i] : '?';
    w->path[at] = '\0';
    w->path_len = at;
    refuse(w);
    path_leave(w, before);
}

/* One member. Kept members are written with the comma that belongs before them; one whose value turns out not to be
 * allowed is taken back. */
static void walk_member(struct walk *w, bool keep, bool *first)
{
    size_t path_before = w->path_len;
    size_t fit;
    if (peek(w) != '"') {
        w->broken = true;
        return;
    }
    struct str name = take_string(w, 0, &fit);
    if (!take(w, ':'))
        w->broken = true;
    if (w->broken)
        return;
    if (!keep) {
        walk_value(w, false);
        return;
    }
    bool listed = path_enter(w, name, true);
    if (!listed) {
        path_leave(w, path_before);
        listed = path_enter(w, name, false);
    }
    if (!listed) {
        path_leave(w, path_before);
        refuse_named(w, name);
        walk_value(w, false);
        return;
    }
    size_t out_before = w->out ? w->out->len : 0;
    if (!*first)
        emit(w, STR_LIT(","));
    emit(w, STR_LIT("\""));
    emit(w, name);
    emit(w, STR_LIT("\":"));
    size_t value_at = w->out ? w->out->len : 0;
    walk_value(w, true);
    if (w->out && w->out->len == value_at)
        w->out->len = out_before;
    else
        *first = false;
    path_leave(w, path_before);
}

static void walk_object(struct walk *w, bool keep)
{
    bool first = true;
    w->at++;
    if (keep && w->path_len > 0 && !field_has_inside(w->path, '.')) {
        refuse(w);
        keep = false;
    }
    if (keep)
        emit(w, STR_LIT("{"));
    if (!take(w, '}')) {
        do
            walk_member(w, keep, &first);
        while (!w->broken && take(w, ','));
        if (!take(w, '}'))
            w->broken = true;
    }
    if (keep)
        emit(w, STR_LIT("}"));
}

static void walk_element(struct walk *w, bool keep, bool *first)
{
    size_t out_before = w->out ? w->out->len : 0;
    if (keep && !*first)
        emit(w, STR_LIT(","));
    size_t value_at = w->out ? w->out->len : 0;
    walk_value(w, keep);
    if (w->out && w->out->len == value_at)
        w->out->len = out_before;
    else
        *first = false;
}

static void walk_array(struct walk *w, bool keep)
{
    bool first = true;
    size_t path_before = w->path_len;
    w->at++;
    if (keep && (w->path_len == 0 || !field_has_inside(w->path, '['))) {
        refuse(w);
        keep = false;
    }
    if (keep) {
        emit(w, STR_LIT("["));
        memcpy(w->path + w->path_len, "[]", 3); /* path_enter kept the room */
        w->path_len += 2;
    }
    if (!take(w, ']')) {
        do
            walk_element(w, keep, &first);
        while (!w->broken && take(w, ','));
        if (!take(w, ']'))
            w->broken = true;
    }
    path_leave(w, path_before);
    if (keep)
        emit(w, STR_LIT("]"));
}

static void walk_value(struct walk *w, bool keep)
{
    int c = peek(w);
    if (w->broken || c < 0 || w->depth == LINK_JSON_DEPTH_MAX) {
        w->broken = true;
        return;
    }
    w->depth++;
    if (c == '{')
        walk_object(w, keep);
    else if (c == '[')
        walk_array(w, keep);
    else if (c == '"')
        walk_string(w, keep);
    else
        walk_scalar(w, keep);
    w->depth--;
}

static enum link_allow walk_event(struct walk *w, struct str line)
{
    w->p = line.p;
    w->len = line.len;
    if (peek(w) != '{')
        return LINK_NOT_JSON;
    walk_value(w, true);
    if (w->broken || peek(w) >= 0)
        return LINK_NOT_JSON;
    return w->importance ? LINK_ALLOWED : LINK_NOT_EVENT;
}

enum link_allow link_allow_filter(struct str line, struct buf *out, struct link_filtered *filtered)
{
    struct walk w = {.out = out};
    size_t before = out->len;
    enum link_allow result = walk_event(&w, line);
    if (result == LINK_ALLOWED && (out->failed || out->len - before > LINK_LINE_BYTES_MAX))
        result = LINK_NOT_JSON;
    if (result != LINK_ALLOWED) {
        out->len = before;
        return result;
    }
    *filtered = (struct link_filtered){w.removed, *w.importance};
    return LINK_ALLOWED;
}

enum link_allow link_allow_check(struct str line, char path[LINK_PATH_BYTES_MAX])
{
    struct walk w = {.out = NULL};
    path[0] = '\0';
    if (line.len > LINK_LINE_BYTES_MAX)
        return LINK_NOT_JSON;
    enum link_allow result = walk_event(&w, line);
    if (result == LINK_NOT_JSON || !w.forbidden)
        return result;
    memcpy(path, w.offender, sizeof(w.offender));
    return LINK_FORBIDDEN;
}
