/* base64 as the keyword base64_decode and the transform from_base64 read it: groups of four letters; '=' ends a group early,
 * and another may follow. A group that cannot be one spoils the whole: nothing was decoded. */
#include "engine/match/worker.h"

#define PAD 64

static int letter_value(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : c == '=' ? PAD : -1;
}

/* Bytes of a group, 1 to 3; 0: it is none. */
static size_t decode_group(const uint8_t group[4], bool strict, uint8_t out[3])
{
    if (group[0] == PAD || group[1] == PAD)
        return 0;
    size_t len = group[2] == PAD ? 1 : group[3] == PAD ? 2 : 3;
    uint8_t third = len > 1 ? group[2] : 0, fourth = len > 2 ? group[3] : 0;
    if (strict &&
        ((len == 1 && ((group[1] & 0x0f) || group[3] != PAD)) || (len == 2 && (group[2] & 0x03))))
        return 0;
    out[0] = (uint8_t)(group[0] << 2 | group[1] >> 4);
    out[1] = (uint8_t)(group[1] << 4 | third >> 2);
    out[2] = (uint8_t)(third << 6 | fourth);
    return len;
}

struct decoding {
    enum rule_base64_mode mode;
    uint8_t *out;
    size_t cap, len;
    uint8_t group[4];
    unsigned count;
    bool ended; /* strict: behind a group that '=' ended nothing may stand */
};

static bool take(struct decoding *d, uint8_t letter)
{
    uint8_t bytes[3];
    d->group[d->count++] = letter;
    if (d->count < 4)
        return true;
    bool strict = d->mode == RULE_BASE64_STRICT;
    size_t got = d->ended ? 0 : decode_group(d->group, strict, bytes);
    d->ended = strict && got < 3;
    d->count = 0;
    if (!got)
        return false;
    if (got > d->cap - d->len) {
        d->cap = d->len; /* full: no smaller group slips in behind */
        return true;
    }
    memcpy(d->out + d->len, bytes, got);
    d->len += got;
    return true;
}

ptrdiff_t base64_read(struct str s, enum rule_base64_mode mode, uint8_t *out, size_t cap)
{
    struct decoding d = {.mode = mode, .out = out, .cap = cap};
    for (size_t i = 0; i < s.len; i++) {
        int v = letter_value(s.p[i]);
        if (v >= 0 && !take(&d, (uint8_t)v))
            return -1;
        if (v < 0 && mode == RULE_BASE64_STRICT)
            return -1;
        if (v < 0 && mode == RULE_BASE64_RFC4648)
            break;
    }
    if (d.count && mode == RULE_BASE64_STRICT)
        return -1;
    while (d.count && mode == RULE_BASE64_RFC4648)
        if (!take(&d, PAD))
            return -1;
    return (ptrdiff_t)d.len;
}

size_t base64_item_decode(struct str bytes, const struct rule_base64 *b, size_t cursor,
                          uint8_t *out, size_t cap)
{
    size_t from = (b->relative ? cursor : 0) + (size_t)b->offset;
    struct str s = str_from(bytes, from);
    ptrdiff_t len = base64_read(b->bytes ? str_cut(s, 0, b->bytes) : s, b->mode, out, cap);
    return len < 0 ? 0 : (size_t)len;
}
