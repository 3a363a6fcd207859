/* checksum: the Internet checksum (RFC 1071) of headers and of TCP, UDP and ICMP with their pseudo header. */
#ifndef ENGINE_PACKET_CHECKSUM_H
#define ENGINE_PACKET_CHECKSUM_H

#include "base/ip.h"
#include "base/str.h"

/* Adds bytes to a running sum that began with 0. All parts but the last must be of even length. */
uint64_t checksum_add(uint64_t sum, struct str bytes);
/* Addresses, protocol and length, as RFC 9293 3.1 and RFC 8200 8.1 say. */
uint64_t checksum_pseudo(const struct ip *src, const struct ip *dst, uint8_t ip_proto, size_t len);
/* What goes into the header (big-endian number); 0 when the sum already holds a right checksum. */
uint16_t checksum_finish(uint64_t sum);

#endif
