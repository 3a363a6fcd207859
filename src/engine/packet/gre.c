#include "engine/packet/decode.h"
#include "engine/packet/tunnel.h"
#include "engine/packet/wire.h"

/* RFC 1701, RFC 2784, RFC 2890: the first 16 bits. */
enum gre_bits {
    GRE_CHECKSUM = 0x8000,
    GRE_ROUTING = 0x4000,
    GRE_KEY = 0x2000,
    GRE_SEQUENCE = 0x1000,
    GRE_STRICT_ROUTE = 0x0800,
    GRE_RECURSION = 0x0700,
    GRE_ACKNOWLEDGE = 0x0080, /* version 1: RFC 2637 */
    GRE_FLAGS = 0x0078,
    GRE_VERSION = 0x0007,
};

enum gre_proto { GRE_ERSPAN = 0x88be, GRE_ERSPAN_3 = 0x22eb };

#define GRE_ROUTES_MAX 16

/* Passes the source routes of RFC 1701: family, offset, length; a family and length of 0 end them. 0: damaged. */
static size_t routes_pass(struct str bytes, size_t at)
{
    for (int i = 0; i < GRE_ROUTES_MAX && wire_has(bytes, at, 4); i++) {
        size_t len = wire_u8(bytes, at + 3);
        bool last = len == 0 && wire_u16(bytes, at) == 0;
        at += 4 + len;
        if (last)
            return at;
    }
    return 0;
}

/* What is wrong with a header of version 0, or NONE and its length. */
static enum packet_event version0_check(struct str bytes, uint16_t bits, size_t *header_len)
{
    if (bits & GRE_RECURSION)
        return PACKET_EVENT_GRE_VERSION0_RECUR;
    if (bits & (GRE_FLAGS | GRE_ACKNOWLEDGE))
        return PACKET_EVENT_GRE_VERSION0_FLAGS;
    size_t len = 4;
    len += bits & (GRE_CHECKSUM | GRE_ROUTING) ? 4 : 0;
    len += bits & GRE_KEY ? 4 : 0;
    len += bits & GRE_SEQUENCE ? 4 : 0;
    if (bits & GRE_ROUTING) {
        len = routes_pass(bytes, len);
        if (len == 0)
            return PACKET_EVENT_GRE_VERSION0_MALFORMED_SRE_HDR;
    }
    *header_len = len;
    return len > bytes.len ? PACKET_EVENT_GRE_VERSION0_HDR_TOO_BIG : PACKET_EVENT_NONE;
}

static enum packet_event version1_check(struct str bytes, uint16_t bits, size_t *header_len)
{
    static const struct {
        uint16_t bits;
        enum packet_event event;
    } forbidden[] = {
        {GRE_CHECKSUM, PACKET_EVENT_GRE_VERSION1_CHKSUM},
        {GRE_ROUTING, PACKET_EVENT_GRE_VERSION1_ROUTE},
        {GRE_STRICT_ROUTE, PACKET_EVENT_GRE_VERSION1_SSR},
        {GRE_RECURSION, PACKET_EVENT_GRE_VERSION1_RECUR},
        {GRE_FLAGS, PACKET_EVENT_GRE_VERSION1_FLAGS},
    };
    for (size_t i = 0; i < ARRAY_COUNT(forbidden); i++)
        if (bits & forbidden[i].bits)
            return forbidden[i].event;
    if (wire_u16(bytes, 2) != ETHER_TYPE_PPP)
        return PACKET_EVENT_GRE_VERSION1_WRONG_PROTOCOL;
    if (!(bits & GRE_KEY))
        return PACKET_EVENT_GRE_VERSION1_NO_KEY;
    *header_len = 8u + (bits & GRE_SEQUENCE ? 4 : 0) + (bits & GRE_ACKNOWLEDGE ? 4 : 0);
    return *header_len > bytes.len ? PACKET_EVENT_GRE_VERSION1_HDR_TOO_BIG : PACKET_EVENT_NONE;
}

/* A mirrored frame. Without a sequence number it is type I: nothing stands before the frame. Type II (version 1) has 8 bytes
 * with the tag that the frame had. */
static void erspan(struct decode_run *run, struct packet *p, struct str bytes, bool has_sequence)
{
    run->decoder->counts.erspan++;
    if (!has_sequence)
        packet_tunnel_ethernet(run, p, bytes, 0);
    else if (bytes.len < 8)
        packet_event_add(run, p, PACKET_EVENT_ERSPAN_HEADER_TOO_SMALL);
    else if (wire_u8(bytes, 0) >> 4 != 1)
        packet_event_add(run, p, PACKET_EVENT_ERSPAN_UNSUPPORTED_VERSION);
    else
        packet_tunnel_ethernet(run, p, str_from(bytes, 8), wire_u16(bytes, 0) & 0x0fff);
}

static void gre_payload(struct decode_run *run, struct packet *p, uint16_t type, struct str bytes)
{
    struct packet *inner = NULL;
    switch (type) {
    case ETHER_TYPE_IP4:
    case ETHER_TYPE_IP6:
    case ETHER_TYPE_ARP:
    case ETHER_TYPE_VLAN:
        inner = packet_tunnel_inner(run, p);
        if (inner)
            packet_link_payload(run, inner, type, bytes);
        return;
    case ETHER_TYPE_PPP:
        inner = bytes.len ? packet_tunnel_inner(run, p)
                          : NULL; /* PPTP acknowledges with empty packets */
        if (inner)
            packet_ppp_decode(run, inner, bytes);
        return;
    case ETHER_TYPE_BRIDGE: packet_tunnel_ethernet(run, p, bytes, 0); return;
    case GRE_ERSPAN_3: packet_event_add(run, p, PACKET_EVENT_ERSPAN_UNSUPPORTED_VERSION); return;
    default: return;
    }
}

void packet_gre_decode(struct decode_run *run, struct packet *p, struct str bytes)
{
    run->decoder->counts.gre++;
    if (bytes.len < 4) {
        packet_event_add(run, p, PACKET_EVENT_GRE_PKT_TOO_SMALL);
        return;
    }
    uint16_t bits = wire_u16(bytes, 0), type = wire_u16(bytes, 2);
    size_t header_len = 0;
    enum packet_event wrong = PACKET_EVENT_GRE_WRONG_VERSION;
    if ((bits & GRE_VERSION) == 0)
        wrong = version0_check(bytes, bits, &header_len);
    else if ((bits & GRE_VERSION) == 1)
        wrong = version1_check(bytes, bits, &header_len);
    if (wrong != PACKET_EVENT_NONE) {
        packet_event_add(run, p, wrong);
        return;
    }
    p->payload = str_from(bytes, header_len);
    if (type == GRE_ERSPAN)
        erspan(run, p, p->payload, bits & GRE_SEQUENCE);
    else
        gre_payload(run, p, type, p->payload);
}
