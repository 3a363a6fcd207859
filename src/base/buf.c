#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define BUF_FIRST_BYTES 256

void buf_init(struct buf *b, size_t limit_bytes)
{
    *b = (struct buf){.limit_bytes = limit_bytes};
}

struct buf buf_fixed(void *memory, size_t cap)
{
    return (struct buf){.p = memory, .cap = cap, .limit_bytes = cap, .fixed = true};
}

void buf_fini(struct buf *b)
{
    if (!b->fixed)
        free(b->p);
    b->p = NULL;
    b->len = b->cap = 0;
}

void buf_reset(struct buf *b)
{
    b->len = 0;
    b->failed = false;
}

/* The slow half of buf_reserve: more memory must come. */
static bool grow(struct buf *b, size_t need)
{
    size_t cap = b->cap ? b->cap : BUF_FIRST_BYTES;
    while (cap < need)
        cap = cap > SIZE_MAX / 2 ? need : cap * 2;
    if (b->limit_bytes && cap > b->limit_bytes)
        cap = b->limit_bytes;
    uint8_t *p = realloc(b->p, cap);
    if (!p)
        return false;
    b->p = p;
    b->cap = cap;
    return true;
}

bool buf_reserve(struct buf *b, size_t bytes)
{
    if (b->failed)
        return false;
    if (b->cap - b->len >= bytes)
        return true;
    size_t need;
    bool fits = !b->fixed && !__builtin_add_overflow(b->len, bytes, &need) &&
                (!b->limit_bytes || need <= b->limit_bytes) && grow(b, need);
    if (!fits)
        b->failed = true;
    return fits;
}

void buf_add(struct buf *b, struct str s)
{
    if (!buf_reserve(b, s.len) || s.len == 0)
        return;
    memcpy(b->p + b->len, s.p, s.len);
    b->len += s.len;
}

void buf_add_c(struct buf *b, const char *text)
{
    buf_add(b, str_c(text));
}

void buf_add_byte(struct buf *b, uint8_t byte)
{
    if (buf_reserve(b, 1))
        b->p[b->len++] = byte;
}

static void add_big_endian(struct buf *b, uint64_t v, size_t bytes)
{
    if (!buf_reserve(b, bytes))
        return;
    for (size_t i = 0; i < bytes; i++)
        b->p[b->len + i] = (uint8_t)(v >> (8 * (bytes - 1 - i)));
    b->len += bytes;
}

void buf_add_u16(struct buf *b, uint16_t v)
{
    add_big_endian(b, v, 2);
}

void buf_add_u32(struct buf *b, uint32_t v)
{
    add_big_endian(b, v, 4);
}

void buf_add_u64(struct buf *b, uint64_t v)
{
    add_big_endian(b, v, 8);
}

void buf_add_decimal(struct buf *b, uint64_t v)
{
    uint8_t digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (uint8_t)('0' + v % 10);
        v /= 10;
    } while (v);
    buf_add(b, (struct str){digits + at, sizeof digits - at});
}

void buf_printf(struct buf *b, const char *format, ...)
{
    if (b->failed)
        return;
    char few[256]; /* records of the packet path are written without the heap */
    va_list args;
    va_list again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(few, sizeof few, format, args);
    va_end(args);
    char *many = len < (int)sizeof few ? NULL : malloc((size_t)len + 1);
    if (many)
        vsnprintf(many, (size_t)len + 1, format, again);
    va_end(again);
    if (len >= 0 && (many || len < (int)sizeof few))
        buf_add(b, (struct str){(const uint8_t *)(many ? many : few), (size_t)len});
    else
        b->failed = true;
    free(many);
}

const char *buf_c(struct buf *b)
{
    if (!buf_reserve(b, 1))
        return "";
    b->p[b->len] = 0;
    return (const char *)b->p;
}
