#include "base/str.h"

#include <stdlib.h>
#ifdef __SSE2__
#include <immintrin.h>
#endif

static bool same_nocase(const uint8_t *a, const uint8_t *b, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (a[i] != b[i] && byte_lower(a[i]) != byte_lower(b[i]))
            return false;
    return true;
}

bool str_eq_nocase(struct str a, struct str b)
{
    return a.len == b.len && same_nocase(a.p, b.p, a.len);
}

bool str_starts(struct str s, struct str prefix)
{
    return s.len >= prefix.len && str_eq(str_cut(s, 0, prefix.len), prefix);
}

bool str_starts_nocase(struct str s, struct str prefix)
{
    return s.len >= prefix.len && same_nocase(s.p, prefix.p, prefix.len);
}

bool str_ends(struct str s, struct str suffix)
{
    return s.len >= suffix.len && str_eq(str_from(s, s.len - suffix.len), suffix);
}

int str_cmp(struct str a, struct str b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len ? memcmp(a.p, b.p, len) : 0;
    return order ? order : a.len < b.len ? -1 : a.len > b.len;
}

ptrdiff_t str_find_byte(struct str s, size_t from, uint8_t byte)
{
    if (from >= s.len)
        return -1;
    const uint8_t *hit = memchr(s.p + from, byte, s.len - from);
    return hit ? hit - s.p : -1;
}

/* What the first and the last byte of a place must be: `bits` are set in the bytes before they are compared. */
struct ends {
    uint8_t first, first_bits, last, last_bits;
};

static struct ends ends_exact(struct str what)
{
    return (struct ends){what.p[0], 0, what.p[what.len - 1], 0};
}

/* Bit 0x20 is what tells capitals from small letters, and of letters alone. */
static uint8_t case_bit(uint8_t c)
{
    return (uint8_t)(byte_lower(c) >= 'a' && byte_lower(c) <= 'z' ? 0x20 : 0);
}

static struct ends ends_nocase(struct str what)
{
    uint8_t first = what.p[0], last = what.p[what.len - 1];
    return (struct ends){byte_lower(first), case_bit(first), byte_lower(last), case_bit(last)};
}

static inline bool ends_fit(const struct ends *e, const uint8_t *first, const uint8_t *last)
{
    return (*first | e->first_bits) == e->first && (*last | e->last_bits) == e->last;
}

static inline bool same_at(const uint8_t *p, struct str what, bool nocase)
{
    return nocase ? same_nocase(p, what.p, what.len) : memcmp(p, what.p, what.len) == 0;
}

/* The first of the places in `fits` (bit i: at + i) where all of it stands; -1: none. */
static inline ptrdiff_t first_of(uint32_t fits, const uint8_t *s, size_t at, struct str what,
                                 bool nocase)
{
    for (; fits; fits &= fits - 1) {
        size_t place = at + (size_t)__builtin_ctz(fits);
        if (same_at(s + place, what, nocase))
            return (ptrdiff_t)place;
    }
    return -1;
}

#ifdef __SSE2__
static inline __m128i same16(const uint8_t *p, uint8_t byte, uint8_t bits)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)p);
    bytes = _mm_or_si128(bytes, _mm_set1_epi8((char)bits));
    return _mm_cmpeq_epi8(bytes, _mm_set1_epi8((char)byte));
}

/* Sixteen places at once, a bit each. */
static inline uint32_t ends_fit16(const struct ends *e, const uint8_t *first, const uint8_t *last)
{
    __m128i fit =
        _mm_and_si128(same16(first, e->first, e->first_bits), same16(last, e->last, e->last_bits));
    return (uint32_t)_mm_movemask_epi8(fit);
}

#define AVX2 __attribute__((target("avx2")))

static inline AVX2 __m256i same32(const uint8_t *p, uint8_t byte, uint8_t bits)
{
    __m256i bytes = _mm256_loadu_si256((const __m256i *)p);
    bytes = _mm256_or_si256(bytes, _mm256_set1_epi8((char)bits));
    return _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8((char)byte));
}

static inline AVX2 uint32_t ends_fit32(const struct ends *e, const uint8_t *first,
                                       const uint8_t *last)
{
    __m256i fit = _mm256_and_si256(same32(first, e->first, e->first_bits),
                                   same32(last, e->last, e->last_bits));
    return (uint32_t)_mm256_movemask_epi8(fit);
}

/* At least 32 places: those left over at the end are asked together with some before them, which do not fit. */
static inline AVX2 ptrdiff_t find32(struct str s, size_t from, struct str what, bool nocase)
{
    size_t end = s.len - what.len + 1;
    const uint8_t *last = s.p + what.len - 1;
    struct ends e = nocase ? ends_nocase(what) : ends_exact(what);
    for (size_t at = from; at < end; at += 32) {
        size_t here = end - at >= 32 ? at : end - 32;
        uint32_t fits = ends_fit32(&e, s.p + here, last + here);
        ptrdiff_t place = fits ? first_of(fits, s.p, here, what, nocase) : -1;
        if (place >= 0)
            return place;
    }
    return -1;
}

static AVX2 ptrdiff_t find32_exact(struct str s, size_t from, struct str what)
{
    return find32(s, from, what, false);
}

static AVX2 ptrdiff_t find32_nocase(struct str s, size_t from, struct str what)
{
    return find32(s, from, what, true);
}
#endif

/* Candidates are places where the first and the last byte both fit, many places at a time; each is then compared.
 * The worst case is |s| * |what|: `what` is a short text of ours or of a rule, never a stranger's. */
static inline ptrdiff_t find(struct str s, size_t from, struct str what, bool nocase)
{
    size_t end = s.len - what.len + 1; /* first place where it can no longer begin */
    const uint8_t *last = s.p + what.len - 1;
    struct ends e = nocase ? ends_nocase(what) : ends_exact(what);
    size_t at = from;
#ifdef __SSE2__
    if (end - from >= 32 && __builtin_cpu_supports("avx2"))
        return nocase ? find32_nocase(s, from, what) : find32_exact(s, from, what);
    for (; end - at >= 16; at += 16) {
        uint32_t fits = ends_fit16(&e, s.p + at, last + at);
        ptrdiff_t place = fits ? first_of(fits, s.p, at, what, nocase) : -1;
        if (place >= 0)
            return place;
    }
#endif
    for (; at < end; at++)
        if (ends_fit(&e, s.p + at, last + at) && same_at(s.p + at, what, nocase))
            return (ptrdiff_t)at;
    return -1;
}

ptrdiff_t str_find(struct str s, size_t from, struct str what)
{
    if (from > s.len || s.len - from < what.len)
        return -1;
    return what.len == 0 ? (ptrdiff_t)from : find(s, from, what, false);
}

ptrdiff_t str_find_nocase(struct str s, size_t from, struct str what)
{
    if (from > s.len || s.len - from < what.len)
        return -1;
    return what.len == 0 ? (ptrdiff_t)from : find(s, from, what, true);
}

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str str_trim(struct str s)
{
    size_t from = 0;
    size_t to = s.len;
    while (from < to && is_space(s.p[from]))
        from++;
    while (to > from && is_space(s.p[to - 1]))
        to--;
    return str_cut(s, from, to);
}

struct str str_split(struct str *rest, uint8_t sep)
{
    struct str all = *rest;
    ptrdiff_t at = str_find_byte(all, 0, sep);
    if (at < 0) {
        *rest = STR_EMPTY;
        return all;
    }
    /* p stays set even when nothing follows: "a," is two parts, "a" is one. */
    *rest = (struct str){all.p + at + 1, all.len - (size_t)at - 1};
    return (struct str){all.p, (size_t)at};
}

bool str_to_u64(struct str s, uint64_t *out)
{
    uint64_t v = 0;
    if (s.len == 0)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        if (__builtin_mul_overflow(v, (uint64_t)10, &v) ||
            __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v))
            return false;
    }
    *out = v;
    return true;
}

bool str_to_i64(struct str s, int64_t *out)
{
    bool minus = s.len && s.p[0] == '-';
    uint64_t v;
    if (!str_to_u64(minus ? str_from(s, 1) : s, &v))
        return false;
    if (v > (uint64_t)INT64_MAX + minus)
        return false;
    *out = minus ? (int64_t)(0 - v) : (int64_t)v;
    return true;
}

char *str_dup(struct str s)
{
    char *p = s.len < SIZE_MAX ? malloc(s.len + 1) : NULL;
    if (!p)
        return NULL;
    if (s.len)
        memcpy(p, s.p, s.len);
    p[s.len] = 0;
    return p;
}
