/* asn1: elements in BER/DER (X.690) as far as they can be walked. Constructed ones are gone into by simply going on behind their
 * head, so there is no stack to exhaust; ELEMENTS_MAX bounds the walk. */
#include "base/reader.h"
#include "engine/match/worker.h"

#define ELEMENTS_MAX 256
#define TAG_BIT_STRING 3
#define TAG_REAL 9
#define REAL_TEXT_MAX 256 /* digits of a decimal number that a careful decoder makes room for */

struct element {
    bool universal, constructed;
    uint32_t tag;
    uint64_t len;
    bool indefinite;
};

static bool read_element(struct reader *r, struct element *e)
{
    uint8_t first = reader_u8(r);
    e->universal = first >> 6 == 0;
    e->constructed = first & 0x20;
    e->tag = first & 0x1f;
    if (e->tag == 0x1f) {
        uint8_t more = 0x80;
        e->tag = 0;
        for (int i = 0; i < 4 && more & 0x80; i++) {
            more = reader_u8(r);
            e->tag = e->tag << 7 | (more & 0x7f);
        }
    }
    uint8_t len = reader_u8(r);
    e->indefinite = len == 0x80;
    e->len = len & 0x80 ? 0 : len;
    for (int i = 0; len & 0x80 && i < (len & 0x7f); i++) {
        if (e->len >> 56)
            return false;
        e->len = e->len << 8 | reader_u8(r);
    }
    return !r->bad;
}

static bool is_odd(const struct element *e, struct str content, const struct rule_asn1 *a)
{
    if (a->oversize && e->len > a->oversize)
        return true;
    if (!e->universal || e->constructed || content.len == 0)
        return false;
    /* X.690 8.6: the first octet says how many bits of the last one are not used */
    if (a->bitstring_overflow && e->tag == TAG_BIT_STRING && content.p[0] > 7)
        return true;
    /* X.690 8.5: the two highest bits 00: the number stands there as decimal text */
    return a->double_overflow && e->tag == TAG_REAL && (content.p[0] & 0xc0) == 0 &&
           e->len > REAL_TEXT_MAX;
}

bool asn1_holds(struct str bytes, const struct rule_asn1 *a, size_t cursor)
{
    int64_t from = a->offset + (a->relative ? (int64_t)cursor : 0);
    if (from < 0 || (uint64_t)from >= bytes.len)
        return false;
    struct reader r = reader_of(str_from(bytes, (size_t)from));
    struct element e;
    for (int i = 0; i < ELEMENTS_MAX && reader_left(&r) && read_element(&r, &e); i++) {
        struct str rest = str_from(bytes, bytes.len - reader_left(&r));
        if (is_odd(&e, str_cut(rest, 0, e.len < rest.len ? (size_t)e.len : rest.len), a))
            return true;
        if (e.constructed || e.indefinite)
            continue;
        if (e.len > rest.len)
            return false;
        reader_skip(&r, (size_t)e.len);
    }
    return false;
}
