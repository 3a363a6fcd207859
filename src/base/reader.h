/* reader: a cursor over foreign bytes with a mark that stays.
 *
 * Reading past the end gives 0 (or the empty str), sets `bad` and moves nothing; the mark stays until reader_init. So a
 * parser reads a whole structure and asks once. Multi-byte numbers are network order; _le is little-endian.
 */
#ifndef BASE_READER_H
#define BASE_READER_H

#include "base/str.h"

struct reader {
    const uint8_t *p;
    size_t len;
    size_t at; /* bytes read */
    bool bad;
};

static inline struct reader reader_of(struct str s)
{
    return (struct reader){s.p, s.len, 0, false};
}

static inline size_t reader_left(const struct reader *r)
{
    return r->len - r->at;
}

static inline bool reader_has(struct reader *r, size_t bytes)
{
    if (r->bad || r->len - r->at < bytes) {
        r->bad = true;
        return false;
    }
    return true;
}

static inline uint8_t reader_u8(struct reader *r)
{
    return reader_has(r, 1) ? r->p[r->at++] : 0;
}

static inline uint16_t reader_u16(struct reader *r)
{
    if (!reader_has(r, 2))
        return 0;
    const uint8_t *b = r->p + r->at;
    r->at += 2;
    return (uint16_t)(b[0] << 8 | b[1]);
}

static inline uint32_t reader_u24(struct reader *r)
{
    if (!reader_has(r, 3))
        return 0;
    const uint8_t *b = r->p + r->at;
    r->at += 3;
    return (uint32_t)b[0] << 16 | (uint32_t)b[1] << 8 | b[2];
}

static inline uint32_t reader_u32(struct reader *r)
{
    if (!reader_has(r, 4))
        return 0;
    const uint8_t *b = r->p + r->at;
    r->at += 4;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static inline uint64_t reader_u64(struct reader *r)
{
    uint64_t high = reader_u32(r);
    return high << 32 | reader_u32(r);
}

static inline uint16_t reader_u16_le(struct reader *r)
{
    uint16_t v = reader_u16(r);
    return (uint16_t)(v << 8 | v >> 8);
}

static inline uint32_t reader_u32_le(struct reader *r)
{
    return __builtin_bswap32(reader_u32(r));
}

static inline uint64_t reader_u64_le(struct reader *r)
{
    return __builtin_bswap64(reader_u64(r));
}

/* The next `bytes`, borrowed from what is read. */
static inline struct str reader_str(struct reader *r, size_t bytes)
{
    if (!reader_has(r, bytes))
        return STR_EMPTY;
    struct str s = {r->at ? r->p + r->at : r->p, bytes}; /* an empty reader may have no p */
    r->at += bytes;
    return s;
}

static inline void reader_skip(struct reader *r, size_t bytes)
{
    if (reader_has(r, bytes))
        r->at += bytes;
}

/* All that is left. */
static inline struct str reader_rest(struct reader *r)
{
    return reader_str(r, r->bad ? 0 : r->len - r->at);
}

/* A reader over the next `bytes` alone; bad when they are not there. */
static inline struct reader reader_sub(struct reader *r, size_t bytes)
{
    struct reader sub = reader_of(reader_str(r, bytes));
    sub.bad = r->bad;
    return sub;
}

#endif
