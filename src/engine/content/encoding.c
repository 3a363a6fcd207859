#include "engine/content/content.h"

/* ---- base64 (RFC 2045 section 6.8) ---- */

#define NOT_BASE64 0xff
#define BASE64_BLANK 0xfe

#define NO NOT_BASE64
#define BL BASE64_BLANK
/* What each byte stands for. */
static const uint8_t base64_values[256] = {
    NO, NO, NO, NO, NO, NO, NO, NO, NO, BL, BL, NO, NO, BL, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, BL, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, 62, NO, NO, NO, 63,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, NO, NO, NO, NO, NO, NO, NO, 0,  1,  2,  3,  4,  5,  6,
    7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, NO, NO, NO, NO, NO,
    NO, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48,
    49, 50, 51, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
};
#undef NO
#undef BL

static uint8_t base64_value(uint8_t c)
{
    return base64_values[c];
}

/* Padding ends a group. What follows it is decoded as a new group: receivers differ here, and who stops at a '=' in the
 * middle would not see what others open. */
static void base64_pad(struct base64_state *s)
{
    if (s->count == 1 || (s->count == 0 && !s->ended))
        s->bad = true;
    s->count = 0;
    s->bits = 0;
    s->ended = true;
}

/* Whole groups without anything between them, as nearly all of a mail's attachment is. Returns how many bytes were taken;
 * three are written for each four. */
static size_t base64_groups(struct str in, uint8_t *out)
{
    size_t at = 0;
    for (; at + 4 <= in.len; at += 4, out += 3) {
        uint32_t a = base64_value(in.p[at]), b = base64_value(in.p[at + 1]),
                 c = base64_value(in.p[at + 2]), d = base64_value(in.p[at + 3]);
        if ((a | b | c | d) & ~63u)
            break;
        uint32_t bits = a << 18 | b << 12 | c << 6 | d;
        out[0] = (uint8_t)(bits >> 16);
        out[1] = (uint8_t)(bits >> 8);
        out[2] = (uint8_t)bits;
    }
    return at;
}

size_t base64_decode(struct base64_state *s, struct str in, uint8_t *out)
{
    size_t len = 0;
    for (size_t i = 0; i < in.len; i++) {
        if (s->count == 0 && !s->ended) {
            size_t whole = base64_groups(str_from(in, i), out + len);
            i += whole;
            len += whole / 4 * 3;
            if (i == in.len)
                break;
        }
        uint8_t value = base64_value(in.p[i]);
        if (value == BASE64_BLANK)
            continue;
        if (in.p[i] == '=') {
            base64_pad(s);
            continue;
        }
        if (value == NOT_BASE64) {
            s->bad = true;
            continue;
        }
        if (s->ended) {
            s->bad = true;
            s->ended = false;
        }
        s->bits = s->bits << 6 | value;
        s->count++;
        if (s->count > 1)
            out[len++] = (uint8_t)(s->bits >> (8 - 2 * s->count));
        if (s->count == 4) {
            s->count = 0;
            s->bits = 0;
        }
    }
    return len;
}

/* ---- quoted-printable (RFC 2045 section 6.7) ---- */

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = byte_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte behind "=" and perhaps one more. Returns true when it is dealt with, false when it is to be read anew. */
static bool quoted_escape(struct quoted_state *s, uint8_t c, uint8_t *out, size_t *len)
{
    bool first = s->count == 1;
    if (c == '\n' && (first || s->pending[1] == '\r')) {
        s->count = 0;
        return true;
    }
    if (first && (c == '\r' || hex_value(c) >= 0)) {
        s->pending[1] = c;
        s->count = 2;
        return true;
    }
    s->count = 0;
    if (!first && hex_value(s->pending[1]) >= 0 && hex_value(c) >= 0) {
        out[(*len)++] = (uint8_t)(hex_value(s->pending[1]) << 4 | hex_value(c));
        return true;
    }
    /* no escape at all: it stays as it is */
    s->bad = true;
    out[(*len)++] = '=';
    if (!first)
        out[(*len)++] = s->pending[1];
    return false;
}

size_t quoted_decode(struct quoted_state *s, struct str in, uint8_t *out)
{
    size_t len = 0;
    for (size_t i = 0; i < in.len; i++) {
        uint8_t c = in.p[i];
        if (s->count && quoted_escape(s, c, out, &len))
            continue;
        if (c == '=') {
            s->pending[0] = c;
            s->count = 1;
            continue;
        }
        out[len++] = c;
    }
    return len;
}
