/* Packets inside packets. What is inside becomes an inner packet with the one around it as `outer`; the outer one stays as it
 * is. Tunnels over UDP have no mark of their own but a port, so they are opened only when their header is right where receivers
 * look: other programs on that port must not be taken for a tunnel. */
#include "engine/packet/tunnel.h"
#include "engine/packet/decode.h"
#include "engine/packet/wire.h"

#define PORT_TEREDO 3544
#define PORT_VXLAN 4789
#define PORT_GENEVE 6081
#define ETHERNET_HEADER_BYTES 14

struct packet *packet_tunnel_inner(struct decode_run *run, struct packet *p)
{
    struct packet *inner = packet_inner(run, p, PACKET_TUNNELLED);
    if (inner)
        run->decoder->counts.tunnels++;
    return inner;
}

void packet_tunnel_ethernet(struct decode_run *run, struct packet *p, struct str bytes,
                            uint16_t vlan)
{
    struct packet *inner = packet_tunnel_inner(run, p);
    if (!inner)
        return;
    /* another network: the tags and addresses around the tunnel are not its own */
    inner->vlan_count = 0;
    inner->has_mac = false;
    if (vlan)
        inner->vlan[inner->vlan_count++] = vlan;
    packet_link_ethernet(run, inner, bytes);
}

void packet_tunnel_ip(struct decode_run *run, struct packet *p, struct str bytes)
{
    struct packet *inner = packet_tunnel_inner(run, p);
    if (inner)
        packet_ip_decode(run, inner, bytes);
}

struct ip_in_ip_row {
    uint8_t inner_version, header_bytes;
    enum packet_event too_small, wrong_version;
};

/* IPv4 or IPv6 right behind an IP header (RFC 2003, RFC 2473, RFC 4213). Inside IPv4 the inner header speaks for itself. */
static void ip_in_ip(struct decode_run *run, struct packet *p, struct str bytes)
{
    static const struct ip_in_ip_row rows[] = {
        {4, 20, PACKET_EVENT_IPV6_IPV4_IN_IPV6_TOO_SMALL,
         PACKET_EVENT_IPV6_IPV4_IN_IPV6_WRONG_VERSION},
        {6, 40, PACKET_EVENT_IPV6_IPV6_IN_IPV6_TOO_SMALL,
         PACKET_EVENT_IPV6_IPV6_IN_IPV6_WRONG_VERSION},
    };
    const struct ip_in_ip_row *row = &rows[p->ip_proto == IP_PROTO_IP6];
    if (p->src.version == 6 && bytes.len < row->header_bytes) {
        packet_event_add(run, p, row->too_small);
        return;
    }
    if (p->src.version == 6 && bytes.p[0] >> 4 != row->inner_version) {
        packet_event_add(run, p, row->wrong_version);
        return;
    }
    struct packet *inner = packet_tunnel_inner(run, p);
    if (inner && row->inner_version == 4)
        packet_ip4_decode(run, inner, bytes);
    else if (inner)
        packet_ip6_decode(run, inner, bytes);
}

/* RFC 7348 5: the I flag, then a frame. Receivers do not look at the other bits, and those that name a group policy (G) or
 * another protocol (P) are in use: only the last byte has to be zero. */
static bool vxlan(struct decode_run *run, struct packet *p, struct str bytes)
{
    if (bytes.len < 8 + ETHERNET_HEADER_BYTES || !(wire_u8(bytes, 0) & 0x08) ||
        wire_u8(bytes, 7) != 0)
        return false;
    run->decoder->counts.vxlan++;
    packet_tunnel_ethernet(run, p, str_from(bytes, 8), 0);
    return true;
}

/* RFC 8926 3.4: version 0, options in 4-byte words, then what the protocol number says. */
static bool geneve(struct decode_run *run, struct packet *p, struct str bytes)
{
    size_t header_len = 8 + (size_t)(wire_u8(bytes, 0) & 63) * 4;
    if (bytes.len <= header_len || wire_u8(bytes, 0) >> 6 != 0 || wire_u8(bytes, 1) & 0x3f ||
        wire_u8(bytes, 7) != 0)
        return false;
    run->decoder->counts.geneve++;
    uint16_t type = wire_u16(bytes, 2);
    if (type == ETHER_TYPE_BRIDGE)
        packet_tunnel_ethernet(run, p, str_from(bytes, header_len), 0);
    else if (type == ETHER_TYPE_IP4 || type == ETHER_TYPE_IP6)
        packet_tunnel_ip(run, p, str_from(bytes, header_len));
    else
        packet_event_add(run, p, PACKET_EVENT_GENEVE_UNKNOWN_PAYLOAD_TYPE);
    return true;
}

/* RFC 4380 5.1.1: perhaps an authentication header, perhaps an origin, then an IPv6 packet of exactly the rest. */
static bool teredo(struct decode_run *run, struct packet *p, struct str bytes)
{
    if (wire_u16(bytes, 0) == 1)
        bytes = str_from(bytes, 13 + (size_t)wire_u8(bytes, 2) + wire_u8(bytes, 3));
    if (bytes.len >= 8 && wire_u16(bytes, 0) == 0)
        bytes = str_from(bytes, 8);
    if (bytes.len < 40 || wire_u8(bytes, 0) >> 4 != 6 || wire_u16(bytes, 4) != bytes.len - 40)
        return false;
    run->decoder->counts.teredo++;
    packet_tunnel_ip(run, p, bytes);
    return true;
}

struct udp_tunnel {
    uint16_t port;
    bool either_port; /* answers come from the port */
    bool (*decode)(struct decode_run *run, struct packet *p, struct str bytes);
};

static const struct udp_tunnel udp_tunnels[] = {
    {PORT_VXLAN, false, vxlan},
    {PORT_GENEVE, false, geneve},
    {PORT_TEREDO, true, teredo},
};

bool packet_tunnel_port(uint16_t port)
{
    for (size_t i = 0; i < ARRAY_COUNT(udp_tunnels); i++)
        if (udp_tunnels[i].port == port)
            return true;
    return false;
}

static bool udp_tunnel(struct decode_run *run, struct packet *p, struct str bytes)
{
    for (size_t i = 0; i < ARRAY_COUNT(udp_tunnels); i++) {
        const struct udp_tunnel *row = &udp_tunnels[i];
        if (p->dst_port == row->port || (row->either_port && p->src_port == row->port))
            return row->decode(run, p, bytes);
    }
    return false;
}

bool packet_tunnel_decode(struct decode_run *run, struct packet *p, struct str bytes)
{
    if (p->l4 == PACKET_L4_UDP)
        return udp_tunnel(run, p, bytes);
    switch (p->ip_proto) {
    case IP_PROTO_IP4:
    case IP_PROTO_IP6: ip_in_ip(run, p, bytes); return true;
    case IP_PROTO_GRE: packet_gre_decode(run, p, bytes); return true;
    default: return false;
    }
}
