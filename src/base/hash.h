/* hash: SipHash-2-4 (Aumasson, Bernstein 2012) for tables that strangers fill, CRC-32C (RFC 3720 B.4) for records on disk. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/str.h"

uint64_t hash_sip(const uint64_t secret[2], struct str s);
/* Start with crc = 0; chain by handing in the result. */
uint32_t hash_crc32c(uint32_t crc, struct str s);
/* Fills with bytes from the kernel (getrandom); aborts when it gives none: nothing works safely then. */
void hash_random(void *out, size_t bytes);

#endif
