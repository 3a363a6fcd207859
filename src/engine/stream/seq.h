/* seq: TCP sequence numbers, which wrap at 2^32 (RFC 9293 section 3.4), and the 64-bit offsets of a stream, which do not.
 *
 * Offset 0 is the first byte after the SYN. A sequence number means an offset only near a known one; here always near
 * ready_end, from which no valid packet is more than 2^30 away.
 */
#ifndef ENGINE_STREAM_SEQ_H
#define ENGINE_STREAM_SEQ_H

#include "engine/stream/stream.h"

/* How far b is behind a: negative when b comes after a. */
static inline int32_t seq_diff(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b);
}

static inline bool seq_before(uint32_t a, uint32_t b)
{
    return seq_diff(a, b) < 0;
}

static inline bool seq_after(uint32_t a, uint32_t b)
{
    return seq_diff(a, b) > 0;
}

static inline uint32_t seq_later(uint32_t a, uint32_t b)
{
    return seq_after(a, b) ? a : b;
}

static inline uint32_t seq_of_offset(const struct stream_half *h, uint64_t offset)
{
    return h->isn + 1 + (uint32_t)offset + h->urgent_removed;
}

/* May be negative: before the first byte that is followed (the SYN itself, or bytes before a midstream pick-up). */
static inline int64_t offset_of_seq(const struct stream_half *h, uint32_t seq)
{
    int64_t offset = (int64_t)h->ready_end + seq_diff(seq, seq_of_offset(h, h->ready_end));
    uint32_t known =
        h->urgent_removed < STREAM_URGENT_RECENT ? h->urgent_removed : STREAM_URGENT_RECENT;
    /* what lies before an urgent byte was not moved by it */
    for (uint32_t i = 0; i < known; i++)
        offset += !seq_after(seq, h->urgent_seq[i]);
    return offset;
}

#endif
