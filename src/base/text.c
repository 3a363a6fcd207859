#include "base/text.h"

static const char hex_digits[] = "0123456789abcdef";
static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64url_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void text_hex(char *out, struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        *out++ = hex_digits[s.p[i] >> 4];
        *out++ = hex_digits[s.p[i] & 15];
    }
    *out = 0;
}

void text_add_hex(struct buf *b, struct str s)
{
    if (s.len > SIZE_MAX / 2 || !buf_reserve(b, 2 * s.len))
        return;
    for (size_t i = 0; i < s.len; i++) {
        b->p[b->len++] = (uint8_t)hex_digits[s.p[i] >> 4];
        b->p[b->len++] = (uint8_t)hex_digits[s.p[i] & 15];
    }
}

int text_hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = byte_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool text_unhex(struct buf *b, struct str s)
{
    if (s.len % 2)
        return false;
    for (size_t i = 0; i < s.len; i += 2) {
        int high = text_hex_digit(s.p[i]);
        int low = text_hex_digit(s.p[i + 1]);
        if (high < 0 || low < 0)
            return false;
        buf_add_byte(b, (uint8_t)(high << 4 | low));
    }
    return !b->failed;
}

/* Three bytes become four digits; what is left over (one or two bytes) two or three, and padding if asked for. */
static void add_base64(struct buf *b, struct str s, const char *digits)
{
    if (s.len > SIZE_MAX / 2 || !buf_reserve(b, (s.len + 2) / 3 * 4))
        return;
    size_t i = 0;
    for (; s.len - i >= 3; i += 3) {
        uint32_t v = (uint32_t)s.p[i] << 16 | (uint32_t)s.p[i + 1] << 8 | s.p[i + 2];
        for (int shift = 18; shift >= 0; shift -= 6)
            b->p[b->len++] = (uint8_t)digits[v >> shift & 63];
    }
    size_t left = s.len - i;
    if (left == 0)
        return;
    uint32_t v = (uint32_t)s.p[i] << 16 | (left == 2 ? (uint32_t)s.p[i + 1] << 8 : 0);
    b->p[b->len++] = (uint8_t)digits[v >> 18 & 63];
    b->p[b->len++] = (uint8_t)digits[v >> 12 & 63];
    if (left == 2)
        b->p[b->len++] = (uint8_t)digits[v >> 6 & 63];
}

void text_add_base64(struct buf *b, struct str s)
{
    add_base64(b, s, base64_digits);
    for (size_t left = s.len % 3; left && left < 3; left++)
        buf_add_byte(b, '=');
}

void text_add_base64url(struct buf *b, struct str s)
{
    add_base64(b, s, base64url_digits);
}

static int base64_value(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Four digits, of which the last `padding` are '='. The bits that padding leaves over must be zero (RFC 4648 3.5). */
static bool unbase64_group(struct buf *b, const uint8_t *p, size_t padding)
{
    uint32_t v = 0;
    for (size_t i = 0; i < 4; i++) {
        int digit = i < 4 - padding ? base64_value(p[i]) : 0;
        if (digit < 0)
            return false;
        v = v << 6 | (uint32_t)digit;
    }
    if ((padding == 1 && (v & 0xff)) || (padding == 2 && (v & 0xffff)))
        return false;
    for (size_t i = 0; i < 3 - padding; i++)
        buf_add_byte(b, (uint8_t)(v >> (16 - 8 * i)));
    return true;
}

bool text_unbase64(struct buf *b, struct str s)
{
    if (s.len % 4)
        return false;
    for (size_t i = 0; i < s.len; i += 4) {
        bool last = i + 4 == s.len;
        size_t padding = !last || s.p[i + 3] != '=' ? 0 : s.p[i + 2] != '=' ? 1 : 2;
        if (!unbase64_group(b, s.p + i, padding))
            return false;
    }
    return !b->failed;
}

/* Length of the well-formed sequence at p (RFC 3629 section 4), or 0. `left` >= 1. */
static size_t utf8_sequence(const uint8_t *p, size_t left)
{
    if (p[0] < 0x80)
        return 1;
    size_t len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || left < len)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
    bool surrogate = p[0] == 0xed && p[1] > 0x9f;
    bool beyond = p[0] == 0xf4 && p[1] > 0x8f;
    return overlong || surrogate || beyond ? 0 : len;
}

bool text_is_utf8(struct str s)
{
    size_t i = 0;
    while (i < s.len) {
        uint64_t word;
        if (s.len - i >= sizeof word) {
            memcpy(&word, s.p + i, sizeof word);
            if ((word & UINT64_C(0x8080808080808080)) == 0) {
                i += sizeof word;
                continue;
            }
        }
        size_t len = utf8_sequence(s.p + i, s.len - i);
        if (len == 0)
            return false;
        i += len;
    }
    return true;
}

void text_add_utf8(struct buf *b, uint32_t character)
{
    uint32_t c = character;
    if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        c = 0xfffd;
    if (c < 0x80) {
        buf_add_byte(b, (uint8_t)c);
        return;
    }
    if (c >= 0x10000) {
        buf_add_byte(b, (uint8_t)(0xf0 | c >> 18));
        buf_add_byte(b, (uint8_t)(0x80 | (c >> 12 & 0x3f)));
    } else if (c >= 0x800) {
        buf_add_byte(b, (uint8_t)(0xe0 | c >> 12));
    }
    if (c >= 0x800)
        buf_add_byte(b, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
    else
        buf_add_byte(b, (uint8_t)(0xc0 | c >> 6));
    buf_add_byte(b, (uint8_t)(0x80 | (c & 0x3f)));
}
