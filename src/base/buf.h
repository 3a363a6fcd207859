/* buf: bytes being written.
 *
 * Grows by malloc up to limit_bytes (0: none), or, made by buf_fixed, stays inside the caller's memory. What does not fit
 * sets `failed`, which stays, and writes nothing more: ask once at the end.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/attr.h"
#include "base/str.h"

struct buf {
    uint8_t *p;
    size_t len;
    size_t cap;
    size_t limit_bytes;
    bool fixed;
    bool failed;
};

void buf_init(struct buf *b, size_t limit_bytes);
struct buf buf_fixed(void *memory, size_t cap);
void buf_fini(struct buf *b);
/* Empty again, memory kept, `failed` taken back. */
void buf_reset(struct buf *b);
/* Room for `bytes` more; false (and failed) when there is none. */
bool buf_reserve(struct buf *b, size_t bytes);
void buf_add(struct buf *b, struct str s);
void buf_add_c(struct buf *b, const char *text);
void buf_add_byte(struct buf *b, uint8_t byte);
void buf_add_u16(struct buf *b, uint16_t v); /* network order */
void buf_add_u32(struct buf *b, uint32_t v);
void buf_add_u64(struct buf *b, uint64_t v);
void buf_add_decimal(struct buf *b, uint64_t v);
/* Takes memory of the heap for a moment when the text is longer than 255 bytes. */
void buf_printf(struct buf *b, const char *format, ...) PRINTF_LIKE(2, 3);
static inline struct str buf_str(const struct buf *b)
{
    return (struct str){b->p, b->len};
}
/* NUL-terminated view for C functions; the NUL is not counted. "" when failed. */
const char *buf_c(struct buf *b);

#endif
