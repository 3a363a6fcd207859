#include "engine/content/content.h"

/* ---- base64 (RFC 2045 section 6.8) ---- */

#define NOT_BASE64 0xff
#define BASE64_BLANK 0xfe

static uint8_t base64_value(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return (uint8_t)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (uint8_t)(c - 'a' + 26);
    if (c >= '0' && c <= '9')
        return (uint8_t)(c - '0' + 52);
    if (c == '+')
        return 62;
    if (c == '/')
        return 63;
    return c == '\r' || c == '\n' || c == ' ' || c == '\t' ? BASE64_BLANK : NOT_BASE64;
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

size_t base64_decode(struct base64_state *s, struct str in, uint8_t *out)
{
    size_t len = 0;
    for (size_t i = 0; i < in.len; i++) {
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
