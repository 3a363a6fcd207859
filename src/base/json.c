#include "base/json.h"

#include "base/text.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void json_init(struct json *j, struct buf *out)
{
    *j = (struct json){.out = out};
}

/* What stands before a value: a comma where one is due, then the key. Returns with room for `room` bytes more. */
static bool begin(struct json *j, struct str key, size_t room)
{
    struct buf *out = j->out;
    if (!buf_reserve(out, key.len + 4 + room))
        return false;
    if (j->depth) {
        uint32_t bit = UINT32_C(1) << (j->depth - 1);
        if (j->first & bit)
            j->first &= ~bit;
        else
            out->p[out->len++] = ',';
    }
    if (key.p) {
        out->p[out->len++] = '"';
        memcpy(out->p + out->len, key.p, key.len);
        out->len += key.len;
        out->p[out->len++] = '"';
        out->p[out->len++] = ':';
    }
    return true;
}

static void open_level(struct json *j, const char *key, uint8_t bracket)
{
    assert(j->depth < JSON_DEPTH_MAX);
    if (begin(j, str_c(key), 1))
        j->out->p[j->out->len++] = bracket;
    j->depth++;
    j->first |= UINT32_C(1) << (j->depth - 1);
}

static void close_level(struct json *j, uint8_t bracket)
{
    assert(j->depth > 0);
    j->depth--;
    buf_add_byte(j->out, bracket);
}

void json_object(struct json *j, const char *key)
{
    open_level(j, key, '{');
}

void json_array(struct json *j, const char *key)
{
    open_level(j, key, '[');
}

void json_end_object(struct json *j)
{
    close_level(j, '}');
}

void json_end_array(struct json *j)
{
    close_level(j, ']');
}

/* Which bytes are copied as they are. */
enum plain {
    PLAIN_ASCII, /* printable ASCII other than quote and backslash */
    PLAIN_UTF8,  /* and every byte from 0x80 on: the text is known to be UTF-8 */
};

/* True when all eight bytes are plain. The usual carry trick: a byte below 0x20 (or, after the xor, a zero byte) borrows
 * from its high bit. A borrow may flag the byte above a flagged one as well: that only costs the slow way. */
static inline bool all_plain(uint64_t word, enum plain plain)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t quote = word ^ ones * '"';
    uint64_t slash = word ^ ones * '\\';
    uint64_t bad =
        ((word - ones * 0x20) & ~word) | ((quote - ones) & ~quote) | ((slash - ones) & ~slash);
    if (plain == PLAIN_ASCII)
        bad |= word;
    return (bad & (ones << 7)) == 0;
}

static inline bool is_plain(uint8_t c, enum plain plain)
{
    return c >= 0x20 && (c < 0x80 || plain == PLAIN_UTF8) && c != '"' && c != '\\';
}

/* How many bytes from `at` on can be copied as they are. */
static size_t plain_run(struct str s, size_t at, enum plain plain)
{
    size_t i = at;
    while (s.len - i >= 8) {
        uint64_t word;
        memcpy(&word, s.p + i, sizeof word);
        if (!all_plain(word, plain))
            break;
        i += 8;
    }
    while (i < s.len && is_plain(s.p[i], plain))
        i++;
    return i - at;
}

#define ESCAPE_BYTES_MAX 6

/* One byte that is not plain; there is room for ESCAPE_BYTES_MAX. Returns how many bytes it became. */
static size_t put_escape(uint8_t *out, uint8_t c)
{
    static const char digits[] = "0123456789abcdef";
    static const char letter[] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f',
                                  ['\r'] = 'r', ['"'] = '"',  ['\\'] = '\\'};
    if (c < sizeof letter && letter[c]) {
        out[0] = '\\';
        out[1] = (uint8_t)letter[c];
        return 2;
    }
    size_t len = c >= 0x80 ? 3 : 4;
    memcpy(out, c >= 0x80 ? "\\\\x" : "\\u00", len);
    out[len] = (uint8_t)digits[c >> 4];
    out[len + 1] = (uint8_t)digits[c & 15];
    return len + 2;
}

static void add_escaped(struct buf *out, struct str s)
{
    enum plain plain = PLAIN_ASCII;
    bool judged = false; /* whether what is beyond ASCII is UTF-8 */
    for (size_t at = 0; at < s.len;) {
        size_t run = plain_run(s, at, plain);
        if (!buf_reserve(out, run + ESCAPE_BYTES_MAX))
            return;
        memcpy(out->p + out->len, s.p + at, run);
        out->len += run;
        at += run;
        if (at == s.len)
            return;
        if (s.p[at] >= 0x80 && !judged) {
            plain = text_is_utf8(str_from(s, at)) ? PLAIN_UTF8 : PLAIN_ASCII; /* before it: ASCII */
            judged = true;
            continue;
        }
        out->len += put_escape(out->p + out->len, s.p[at++]);
    }
}

static void add_string(struct buf *out, struct str s)
{
    buf_add_byte(out, '"');
    add_escaped(out, s);
    buf_add_byte(out, '"');
}

void json_bytes(struct json *j, const char *key, struct str value)
{
    if (begin(j, str_c(key), value.len + 2))
        add_string(j->out, value);
}

void json_base64(struct json *j, const char *key, struct str value)
{
    if (!begin(j, str_c(key), (value.len + 2) / 3 * 4 + 2))
        return;
    buf_add_byte(j->out, '"');
    text_add_base64(j->out, value);
    buf_add_byte(j->out, '"');
}

void json_text(struct json *j, const char *key, const char *value)
{
    json_bytes(j, key, str_c(value));
}

void json_uint(struct json *j, const char *key, uint64_t value)
{
    if (begin(j, str_c(key), 20))
        buf_add_decimal(j->out, value);
}

void json_int(struct json *j, const char *key, int64_t value)
{
    if (!begin(j, str_c(key), 20))
        return;
    if (value < 0)
        buf_add_byte(j->out, '-');
    buf_add_decimal(j->out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void json_double(struct json *j, const char *key, double value)
{
    char text[32];
    int len = 0;
    if (!isfinite(value)) {
        json_null(j, key);
        return;
    }
    for (int digits = 1; digits <= 17; digits++) {
        len = snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    json_raw(j, key, str_of(text, (size_t)len));
}

void json_bool(struct json *j, const char *key, bool value)
{
    json_raw(j, key, value ? STR_LIT("true") : STR_LIT("false"));
}

void json_null(struct json *j, const char *key)
{
    json_raw(j, key, STR_LIT("null"));
}

void json_bytes_named(struct json *j, struct str key, struct str value)
{
    if (!begin(j, STR_EMPTY, key.len + value.len + 5))
        return;
    add_string(j->out, key);
    buf_add_byte(j->out, ':');
    add_string(j->out, value);
}

void json_raw(struct json *j, const char *key, struct str json_text)
{
    if (begin(j, str_c(key), json_text.len))
        buf_add(j->out, json_text);
}
