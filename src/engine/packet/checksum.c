#include "engine/packet/checksum.h"

/* Words are summed as the machine loads them and swapped once at the end: the ones' complement sum does not mind the byte
 * order (RFC 1071 2(B)). 32-bit words into a 64-bit sum cannot overflow below 16 GiB. */
uint64_t checksum_add(uint64_t sum, struct str bytes)
{
    size_t words = bytes.len / 4;
    for (size_t i = 0; i < words; i++) {
        uint32_t word;
        memcpy(&word, bytes.p + 4 * i, sizeof word);
        sum += word;
    }
    uint32_t last = 0;
    if (bytes.len % 4)
        memcpy(&last, bytes.p + 4 * words, bytes.len % 4);
    return sum + last;
}

uint64_t checksum_pseudo(const struct ip *src, const struct ip *dst, uint8_t ip_proto, size_t len)
{
    size_t bytes = src->version == 4 ? 4 : 16;
    uint64_t sum = checksum_add(0, str_of(src->bytes, bytes));
    sum = checksum_add(sum, str_of(dst->bytes, bytes));
    return sum + __builtin_bswap32((uint32_t)len) + __builtin_bswap32(ip_proto);
}

uint16_t checksum_finish(uint64_t sum)
{
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~__builtin_bswap16((uint16_t)sum);
}
