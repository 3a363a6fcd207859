/* ICMP errors, which carry the beginning of the packet that they are about. */
#include "engine/packet/decode.h"
#include "engine/packet/wire.h"

#define IP4_HEADER_BYTES 20
#define IP6_HEADER_BYTES 40
#define QUOTED_L4_BYTES 8 /* RFC 792: so much of the layer above is there */

bool packet_is_error(const struct packet *p)
{
    if (p->l4 == PACKET_L4_ICMP4)
        return (p->icmp_type >= 3 && p->icmp_type <= 5) || p->icmp_type == 11 || p->icmp_type == 12;
    return p->l4 == PACKET_L4_ICMP6 && p->icmp_type >= 1 && p->icmp_type <= 4;
}

/* Its length; 0: cut off, or not the beginning of a packet with ports. */
static size_t header4_take(struct str bytes, struct packet *quoted)
{
    size_t header_len = (size_t)(wire_u8(bytes, 0) & 15) * 4;
    bool later_fragment = wire_u16(bytes, 6) & 0x1fff;
    if (wire_u8(bytes, 0) >> 4 != 4 || header_len < IP4_HEADER_BYTES || later_fragment)
        return 0;
    wire_take_ip4(bytes, 12, &quoted->src);
    wire_take_ip4(bytes, 16, &quoted->dst);
    quoted->ip_proto = wire_u8(bytes, 9);
    return header_len;
}

static size_t header6_take(struct str bytes, struct packet *quoted)
{
    if (wire_u8(bytes, 0) >> 4 != 6)
        return 0;
    wire_take_ip6(bytes, 8, &quoted->src);
    wire_take_ip6(bytes, 24, &quoted->dst);
    quoted->ip_proto = wire_u8(bytes, 6);
    return IP6_HEADER_BYTES;
}

bool packet_quoted(const struct packet *p, struct packet *quoted)
{
    if (!packet_is_error(p))
        return false;
    *quoted = (struct packet){.frame = p->frame, .vlan_count = p->vlan_count};
    memcpy(quoted->vlan, p->vlan, sizeof quoted->vlan);
    size_t header_len = p->l4 == PACKET_L4_ICMP4 ? header4_take(p->payload, quoted)
                                                 : header6_take(p->payload, quoted);
    if (!header_len || !wire_has(p->payload, header_len, QUOTED_L4_BYTES))
        return false;
    if (quoted->ip_proto != IP_PROTO_TCP && quoted->ip_proto != IP_PROTO_UDP)
        return false;
    quoted->l4 = quoted->ip_proto == IP_PROTO_TCP ? PACKET_L4_TCP : PACKET_L4_UDP;
    quoted->src_port = wire_u16(p->payload, header_len);
    quoted->dst_port = wire_u16(p->payload, header_len + 2);
    return ip_eq(&p->dst, &quoted->src);
}
