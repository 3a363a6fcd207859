/* made_frame: frames made for tests, from the inside out: begin with the payload, then put one header after the other in
 * front of it. Lengths and checksums are right unless a test spoils them afterwards. Checksums are computed here in the
 * plainest way, so that the room's own code is not its own witness. */
#ifndef ENGINE_PACKET_MADE_FRAME_H
#define ENGINE_PACKET_MADE_FRAME_H

#include "engine/packet/packet.h"

#define MADE_ROOM 1024

struct made_frame {
    uint8_t memory[MADE_ROOM + 70000];
    size_t at, end;
};

struct made_ends {
    const char *src, *dst; /* addresses as text; both of one family */
    uint16_t src_port, dst_port;
};

void made_begin(struct made_frame *m, struct str payload);
/* Puts bytes in front. */
void made_front(struct made_frame *m, struct str bytes);
void made_tcp(struct made_frame *m, const struct made_ends *ends, const struct packet_tcp *tcp,
              struct str options);
void made_udp(struct made_frame *m, const struct made_ends *ends);
/* type, code, and the four bytes behind the checksum. */
void made_icmp(struct made_frame *m, const struct made_ends *ends, uint8_t type, uint8_t code,
               uint32_t rest);
/* An IPv4 or IPv6 header by the family of the addresses. options: IPv4, in whole 4-byte words. */
void made_ip(struct made_frame *m, const struct made_ends *ends, uint8_t ip_proto,
             struct str options);
void made_ether(struct made_frame *m, uint16_t ether_type);
/* Two bytes of tag and the type of what follows; the type 0x8100 belongs to the header in front. */
void made_vlan(struct made_frame *m, uint16_t inner_type, uint16_t id);
struct str made_str(const struct made_frame *m);
/* Byte `at` of the frame as it is now. */
uint8_t *made_byte(struct made_frame *m, size_t at);
uint16_t made_checksum(const uint8_t *p, size_t len, uint32_t sum);

#endif
