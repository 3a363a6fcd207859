#include "engine/packet/locate.h"

#include "engine/packet/decode.h"
#include "engine/packet/wire.h"

/* Tags, PPPoE and labels on the way to the IP header; extension headers behind it. What is deeper is not looked for. */
#define LINK_STEPS_MAX 8
#define LABELS_MAX 8
#define EXTENSIONS_MAX 10

static size_t ppp_pass(struct str frame, size_t at)
{
    if (wire_u16(frame, at) == 0xff03)
        at += 2;
    return at + (wire_u8(frame, at) & 1 ? 1 : 2);
}

static size_t mpls_pass(struct str frame, size_t at)
{
    for (int i = 0; i < LABELS_MAX && !(wire_u8(frame, at + 2) & 1); i++)
        at += 4;
    return at + 4;
}

/* From a number of Ethernet's kind to the IP header. False: it leads elsewhere. */
static bool ether_type_pass(struct str frame, uint16_t type, size_t *at)
{
    for (int i = 0; i < LINK_STEPS_MAX; i++) {
        switch (type) {
        case ETHER_TYPE_IP4:
        case ETHER_TYPE_IP6: return true;
        case ETHER_TYPE_VLAN:
        case ETHER_TYPE_QINQ:
        case ETHER_TYPE_QINQ_OLD:
            type = wire_u16(frame, *at + 2);
            *at += 4;
            break;
        case ETHER_TYPE_VNTAG:
            type = wire_u16(frame, *at + 4);
            *at += 6;
            break;
        case ETHER_TYPE_BACKBONE:
            type = wire_u16(frame, *at + 16);
            *at += 18;
            break;
        case ETHER_TYPE_PPPOE_SESSION: *at = ppp_pass(frame, *at + 6); return true;
        case ETHER_TYPE_MPLS:
        case ETHER_TYPE_MPLS_MULTICAST: *at = mpls_pass(frame, *at); return true;
        default: return false;
        }
    }
    return false;
}

static bool link_pass(struct str frame, uint32_t link, size_t *at)
{
    switch ((enum packet_link)link) {
    case PACKET_LINK_RAW_BSD:
    case PACKET_LINK_RAW_OPENBSD:
    case PACKET_LINK_RAW:
    case PACKET_LINK_IPV4:
    case PACKET_LINK_IPV6: *at = 0; return true;
    case PACKET_LINK_NULL:
    case PACKET_LINK_LOOP: *at = 4; return true;
    case PACKET_LINK_PPP:
    case PACKET_LINK_PPP_HDLC: *at = ppp_pass(frame, 0); return true;
    case PACKET_LINK_ETHERNET: *at = 14; return ether_type_pass(frame, wire_u16(frame, 12), at);
    case PACKET_LINK_LINUX_SLL: *at = 16; return ether_type_pass(frame, wire_u16(frame, 14), at);
    case PACKET_LINK_LINUX_SLL2: *at = 20; return ether_type_pass(frame, wire_u16(frame, 0), at);
    case PACKET_LINK_CHDLC: *at = 4; return ether_type_pass(frame, wire_u16(frame, 2), at);
    }
    return false;
}

static bool ip4_locate(struct str frame, struct located *out)
{
    size_t header_len = (size_t)(wire_u8(frame, out->ip_at) & 15) * 4;
    size_t total = wire_u16(frame, out->ip_at + 2);
    if (header_len < 20 || total < header_len || !wire_has(frame, out->ip_at, header_len))
        return false;
    out->is_fragment = wire_u16(frame, out->ip_at + 6) & 0x3fff;
    out->ip_proto = wire_u8(frame, out->ip_at + 9);
    out->l4_at = out->ip_at + header_len;
    if (total < out->end - out->ip_at)
        out->end = out->ip_at + total;
    return true;
}

static bool ip6_locate(struct str frame, struct located *out)
{
    if (!wire_has(frame, out->ip_at, 40))
        return false;
    size_t total = 40u + wire_u16(frame, out->ip_at + 4);
    if (total < out->end - out->ip_at)
        out->end = out->ip_at + total;
    out->ip_proto = wire_u8(frame, out->ip_at + 6);
    out->l4_at = out->ip_at + 40;
    for (int i = 0; i < EXTENSIONS_MAX; i++) {
        size_t len = 8 + (size_t)wire_u8(frame, out->l4_at + 1) * 8;
        switch (out->ip_proto) {
        case IP_PROTO_HOP_BY_HOP:
        case IP_PROTO_ROUTING:
        case IP_PROTO_DESTINATION: break;
        case IP_PROTO_AH: len = 8 + (size_t)wire_u8(frame, out->l4_at + 1) * 4; break;
        case IP_PROTO_FRAGMENT:
            len = 8;
            out->is_fragment = wire_u16(frame, out->l4_at + 2) & 0xfff9;
            break;
        default: return true;
        }
        if (!wire_has(frame, out->l4_at, len))
            return true;
        out->ip_proto = wire_u8(frame, out->l4_at);
        out->l4_at += len;
        if (out->is_fragment)
            return true;
    }
    return true;
}

bool packet_locate(struct str frame, uint32_t link, struct located *out)
{
    *out = (struct located){.end = frame.len};
    if (!link_pass(frame, link, &out->ip_at) || out->ip_at >= frame.len)
        return false;
    out->version = frame.p[out->ip_at] >> 4;
    if (out->version == 4)
        return ip4_locate(frame, out);
    return out->version == 6 && ip6_locate(frame, out);
}
