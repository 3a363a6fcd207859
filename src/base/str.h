/* str: bytes that belong to somebody else, as pointer and length.
 *
 * Foreign text is never NUL-terminated here and may hold any byte. A struct str owns nothing: whoever hands one out
 * says how long it stays valid (an arena, a packet, until the next call).
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const uint8_t *p;
    size_t len;
};

#define STR_EMPTY ((struct str){NULL, 0})
/* Of a string literal, without its NUL. */
#define STR_LIT(s) ((struct str){(const uint8_t *)(s), sizeof(s) - 1})

static inline struct str str_of(const void *p, size_t len)
{
    return (struct str){p, len};
}

/* Of NUL-terminated text of our own (never of foreign bytes). NULL gives the empty str. */
static inline struct str str_c(const char *text)
{
    return text ? (struct str){(const uint8_t *)text, strlen(text)} : STR_EMPTY;
}

static inline bool str_eq(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

/* The part [from, to) of s, cut to what there is. */
static inline struct str str_cut(struct str s, size_t from, size_t to)
{
    if (to > s.len)
        to = s.len;
    if (from >= to)
        return STR_EMPTY;
    return (struct str){s.p + from, to - from};
}

static inline struct str str_from(struct str s, size_t from)
{
    return str_cut(s, from, s.len);
}

static inline uint8_t byte_lower(uint8_t c)
{
    return (uint8_t)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

/* ASCII case is ignored; other bytes are compared as they are. */
bool str_eq_nocase(struct str a, struct str b);
bool str_starts(struct str s, struct str prefix);
bool str_starts_nocase(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
/* <0, 0, >0 like memcmp, a shorter one first. */
int str_cmp(struct str a, struct str b);
/* Offset of the first occurrence at or after `from`, or -1. */
ptrdiff_t str_find_byte(struct str s, size_t from, uint8_t byte);
ptrdiff_t str_find(struct str s, size_t from, struct str what);
ptrdiff_t str_find_nocase(struct str s, size_t from, struct str what);
/* Without leading and trailing space, tab, CR, LF. */
struct str str_trim(struct str s);
/* Cuts off and returns what stands before the first `sep`; *rest becomes what follows it. Without `sep`: all of it,
 * and *rest becomes empty with p == NULL. */
struct str str_split(struct str *rest, uint8_t sep);
/* Whole of s is a decimal number; false on any other byte or on overflow. */
bool str_to_u64(struct str s, uint64_t *out);
bool str_to_i64(struct str s, int64_t *out);
/* NUL-terminated copy by malloc (NUL bytes inside are kept); NULL when memory is out. */
char *str_dup(struct str s);

#endif
