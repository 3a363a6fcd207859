#include "engine/format/ber/ber.h"

#define TAG_LONG 0x1f /* X.690 section 8.1.2.4: the number follows in further bytes */
#define LENGTH_LONG 0x80
#define LENGTH_BYTES_MAX 4

/* X.690 section 8.1.3. The indefinite form (a bare 80) is forbidden by all protocols that are read here. */
static size_t read_length(struct reader *r)
{
    size_t len = reader_u8(r);
    if (!(len & LENGTH_LONG))
        return len;
    size_t bytes = len & ~(size_t)LENGTH_LONG;
    if (bytes == 0 || bytes > LENGTH_BYTES_MAX)
        r->bad = true;
    len = 0;
    while (bytes-- && !r->bad)
        len = len << 8 | reader_u8(r);
    return len;
}

bool ber_next(struct reader *r, struct ber *out)
{
    out->tag = reader_u8(r);
    if ((out->tag & TAG_LONG) == TAG_LONG)
        r->bad = true;
    size_t len = read_length(r);
    out->body = reader_str(r, len);
    return !r->bad;
}

bool ber_expect(struct reader *r, uint8_t tag, struct str *body)
{
    struct ber element;
    if (!ber_next(r, &element))
        return false;
    if (element.tag != tag) {
        r->bad = true;
        return false;
    }
    *body = element.body;
    return true;
}

bool ber_enter(struct reader *r, uint8_t tag, struct reader *inside)
{
    struct str body;
    if (!ber_expect(r, tag, &body))
        return false;
    *inside = reader_of(body);
    return true;
}

bool ber_is(const struct reader *r, uint8_t tag)
{
    return !r->bad && r->at < r->len && r->p[r->at] == tag;
}

bool ber_maybe(struct reader *r, uint8_t tag, struct str *body)
{
    return ber_is(r, tag) && ber_expect(r, tag, body);
}

bool ber_maybe_enter(struct reader *r, uint8_t tag, struct reader *inside)
{
    return ber_is(r, tag) && ber_enter(r, tag, inside);
}

/* X.690 section 8.3: two's complement. BER of others may say 00 before it more often than it must. */
bool ber_signed(struct str body, int64_t *out)
{
    if (!body.len)
        return false;
    bool negative = body.p[0] & 0x80;
    uint8_t fill = negative ? 0xff : 0;
    while (body.len > sizeof(int64_t) && body.p[0] == fill)
        body = str_from(body, 1);
    if (body.len > sizeof(int64_t) || (bool)(body.p[0] & 0x80) != negative)
        return false;
    uint64_t value = negative ? UINT64_MAX : 0;
    for (size_t i = 0; i < body.len; i++)
        value = value << 8 | body.p[i];
    *out = (int64_t)value;
    return true;
}

bool ber_unsigned(struct str body, uint64_t *out)
{
    if (!body.len || (body.p[0] & 0x80))
        return false;
    while (body.len && body.p[0] == 0)
        body = str_from(body, 1);
    if (body.len > sizeof(uint64_t))
        return false;
    *out = 0;
    for (size_t i = 0; i < body.len; i++)
        *out = *out << 8 | body.p[i];
    return true;
}

bool ber_next_signed(struct reader *r, uint8_t tag, int64_t *out)
{
    struct str body;
    if (!ber_expect(r, tag, &body))
        return false;
    r->bad = !ber_signed(body, out);
    return !r->bad;
}

bool ber_next_unsigned(struct reader *r, uint8_t tag, uint64_t *out)
{
    struct str body;
    if (!ber_expect(r, tag, &body))
        return false;
    r->bad = !ber_unsigned(body, out);
    return !r->bad;
}

enum ber_whole ber_whole(struct str bytes, size_t *len)
{
    struct reader r = reader_of(bytes);
    *len = 0;
    if (bytes.len && (bytes.p[0] & TAG_LONG) == TAG_LONG)
        return BER_WHOLE_BAD;
    if (bytes.len < 2)
        return BER_WHOLE_NO;
    size_t more = bytes.p[1] & LENGTH_LONG ? bytes.p[1] & ~(size_t)LENGTH_LONG : 0;
    if (more > LENGTH_BYTES_MAX || bytes.p[1] == LENGTH_LONG)
        return BER_WHOLE_BAD;
    if (bytes.len < 2 + more)
        return BER_WHOLE_NO;
    reader_u8(&r);
    size_t body = read_length(&r);
    *len = r.at + body;
    return bytes.len < *len ? BER_WHOLE_NO : BER_WHOLE_YES;
}

/* X.690 section 8.19: the first number holds two, each further one seven bits a byte. */
void ber_oid_text(struct str oid, struct buf *out)
{
    uint64_t value = 0;
    bool first = true;
    for (size_t i = 0; i < oid.len; i++) {
        value = value << 7 | (oid.p[i] & 0x7f);
        if (oid.p[i] & 0x80)
            continue;
        uint64_t top = value < 80 ? value / 40 : 2;
        if (first)
            buf_printf(out, "%u.%llu", (unsigned)top, (unsigned long long)(value - 40 * top));
        else
            buf_printf(out, ".%llu", (unsigned long long)value);
        first = false;
        value = 0;
    }
}
