/* wire: numbers out of foreign bytes, in network order. Past the end they are 0, so a wrong length can never read outside; a
 * decoder still checks lengths first, because 0 is a legal value. Where the length is known the check costs nothing. */
#ifndef ENGINE_PACKET_WIRE_H
#define ENGINE_PACKET_WIRE_H

#include "base/ip.h"
#include "base/str.h"

static inline bool wire_has(struct str s, size_t at, size_t bytes)
{
    return at <= s.len && s.len - at >= bytes;
}

static inline uint8_t wire_u8(struct str s, size_t at)
{
    return wire_has(s, at, 1) ? s.p[at] : 0;
}

static inline uint16_t wire_u16(struct str s, size_t at)
{
    uint16_t v = 0;
    if (wire_has(s, at, sizeof v))
        memcpy(&v, s.p + at, sizeof v);
    return __builtin_bswap16(v);
}

static inline uint32_t wire_u32(struct str s, size_t at)
{
    uint32_t v = 0;
    if (wire_has(s, at, sizeof v))
        memcpy(&v, s.p + at, sizeof v);
    return __builtin_bswap32(v);
}

/* Into an address that is all zero. Written in its place: a copy of a structure just put together stalls the processor. */
static inline void wire_take_ip4(struct str s, size_t at, struct ip *out)
{
    out->version = 4;
    if (wire_has(s, at, 4))
        memcpy(out->bytes, s.p + at, 4);
}

static inline void wire_take_ip6(struct str s, size_t at, struct ip *out)
{
    out->version = 6;
    if (wire_has(s, at, sizeof out->bytes))
        memcpy(out->bytes, s.p + at, sizeof out->bytes);
}

static inline void wire_take_mac(struct str s, size_t at, struct mac *out)
{
    if (wire_has(s, at, sizeof out->bytes))
        memcpy(out->bytes, s.p + at, sizeof out->bytes);
}

/* For what we write ourselves; the caller owns two bytes at p. */
static inline void wire_put_u16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

#endif
