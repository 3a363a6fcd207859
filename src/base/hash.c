#include "base/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

static inline uint64_t rotate(uint64_t v, int bits)
{
    return v << bits | v >> (64 - bits);
}

static inline uint64_t load_le64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    return v;
}

struct sip {
    uint64_t v0, v1, v2, v3;
};

static inline void sip_round(struct sip *s)
{
    s->v0 += s->v1;
    s->v1 = rotate(s->v1, 13) ^ s->v0;
    s->v0 = rotate(s->v0, 32);
    s->v2 += s->v3;
    s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 += s->v3;
    s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v2 += s->v1;
    s->v1 = rotate(s->v1, 17) ^ s->v2;
    s->v2 = rotate(s->v2, 32);
}

static inline void sip_word(struct sip *s, uint64_t word)
{
    s->v3 ^= word;
    sip_round(s);
    sip_round(s);
    s->v0 ^= word;
}

uint64_t hash_sip(const uint64_t secret[2], struct str s)
{
    struct sip state = {
        secret[0] ^ UINT64_C(0x736f6d6570736575),
        secret[1] ^ UINT64_C(0x646f72616e646f6d),
        secret[0] ^ UINT64_C(0x6c7967656e657261),
        secret[1] ^ UINT64_C(0x7465646279746573),
    };
    size_t whole = s.len & ~(size_t)7;
    for (size_t i = 0; i < whole; i += 8)
        sip_word(&state, load_le64(s.p + i));
    uint64_t last = (uint64_t)s.len << 56;
    for (size_t i = whole; i < s.len; i++)
        last |= (uint64_t)s.p[i] << (8 * (i - whole));
    sip_word(&state, last);
    state.v2 ^= 0xff;
    for (int i = 0; i < 4; i++)
        sip_round(&state);
    return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

/* Reflected polynomial 0x82f63b78, four bits at a time: small enough to be read, fast enough where there is no
 * instruction for it. */
static uint32_t crc32c_plain(uint32_t crc, struct str s)
{
    static const uint32_t nibble[16] = {
        0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
        0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
        0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
    };
    for (size_t i = 0; i < s.len; i++) {
        crc ^= s.p[i];
        crc = crc >> 4 ^ nibble[crc & 15];
        crc = crc >> 4 ^ nibble[crc & 15];
    }
    return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc32c_sse(uint32_t crc, struct str s)
{
    uint64_t wide = crc;
    size_t whole = s.len & ~(size_t)7;
    for (size_t i = 0; i < whole; i += 8)
        wide = _mm_crc32_u64(wide, load_le64(s.p + i));
    crc = (uint32_t)wide;
    for (size_t i = whole; i < s.len; i++)
        crc = _mm_crc32_u8(crc, s.p[i]);
    return crc;
}
#endif

uint32_t hash_crc32c(uint32_t crc, struct str s)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2"))
        return ~crc32c_sse(~crc, s);
#endif
    return ~crc32c_plain(~crc, s);
}

void hash_random(void *out, size_t bytes)
{
    uint8_t *p = out;
    while (bytes) {
        ssize_t got = getrandom(p, bytes, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            abort();
        p += got;
        bytes -= (size_t)got;
    }
}
