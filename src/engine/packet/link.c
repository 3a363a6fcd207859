#include "engine/packet/decode.h"
#include "engine/packet/wire.h"

#define ETHERNET_HEADER_BYTES 14
/* Smaller numbers are a length: 802.3 with LLC (spanning tree and the like). */
#define ETHER_TYPE_MIN 0x0600
/* More labels than any network stacks; a stranger's frame may be all labels. */
#define MPLS_LABELS_MAX 16

/* An IEEE 802.1Q or 802.1ad tag: two bytes of tag, two bytes of the next type. */
static void vlan_decode(struct decode_run *run, struct packet *p, uint16_t ether_type,
                        struct str bytes)
{
    struct packet_counts *counts = &run->decoder->counts;
    if (bytes.len < 4) {
        packet_event_add(run, p, PACKET_EVENT_VLAN_HEADER_TOO_SMALL);
        return;
    }
    if (p->vlan_count == PACKET_VLAN_MAX) {
        packet_event_add(run, p, PACKET_EVENT_VLAN_TOO_MANY_LAYERS);
        return;
    }
    if (p->vlan_count == 0)
        counts->vlan++;
    else
        counts->vlan_qinq++;
    p->vlan[p->vlan_count++] = wire_u16(bytes, 0) & 0x0fff;
    uint16_t inner = wire_u16(bytes, 2);
    if (inner < ETHER_TYPE_MIN) {
        p->payload = str_from(bytes, 4);
        return;
    }
    p->ether_type = inner;
    if (!packet_link_payload(run, p, inner, str_from(bytes, 4))) {
        counts->unknown_ethertype++;
        packet_event_add(run, p, PACKET_EVENT_VLAN_UNKNOWN_TYPE);
    }
}

/* 802.1ah: flags and 24 bits of service id, then the customer's own Ethernet header. The customer's addresses are the ones
 * that name machines. */
static void backbone_decode(struct decode_run *run, struct packet *p, struct str bytes)
{
    if (bytes.len < 4 + ETHERNET_HEADER_BYTES) {
        packet_event_add(run, p, PACKET_EVENT_IEEE8021AH_HEADER_TOO_SMALL);
        return;
    }
    packet_link_ethernet(run, p, str_from(bytes, 4));
}

/* RFC 3032: labels up to the one marked as the bottom of the stack. What follows is told by its first four bits. */
static void mpls_decode(struct decode_run *run, struct packet *p, struct str bytes)
{
    uint32_t entry = 0;
    run->decoder->counts.mpls++;
    for (uint32_t i = 0; i < MPLS_LABELS_MAX && !(entry & 0x100); i++) {
        if (bytes.len < 4) {
            packet_event_add(run, p, PACKET_EVENT_MPLS_HEADER_TOO_SMALL);
            return;
        }
        entry = wire_u32(bytes, 0);
        bytes = str_from(bytes, 4);
    }
    if (!(entry & 0x100)) {
        packet_event_add(run, p, PACKET_EVENT_TOO_MANY_LAYERS);
        return;
    }
    if (bytes.len == 0) {
        packet_event_add(run, p, PACKET_EVENT_MPLS_PKT_TOO_SMALL);
        return;
    }
    uint32_t label = entry >> 12;
    if (label == 1)
        packet_event_add(run, p, PACKET_EVENT_MPLS_BAD_LABEL_ROUTER_ALERT);
    else if (label == 3)
        packet_event_add(run, p, PACKET_EVENT_MPLS_BAD_LABEL_IMPLICIT_NULL);
    else if (label >= 4 && label < 16)
        packet_event_add(run, p, PACKET_EVENT_MPLS_BAD_LABEL_RESERVED);
    else if (wire_u8(bytes, 0) >> 4 == 4)
        packet_ip4_decode(run, p, bytes);
    else if (wire_u8(bytes, 0) >> 4 == 6)
        packet_ip6_decode(run, p, bytes);
    else if (wire_u8(bytes, 0) >> 4 == 0 && bytes.len >= 4)
        packet_link_ethernet(
            run, p,
            str_from(bytes, 4)); /* RFC 4385: a control word, then the frame of a pseudowire */
    else
        packet_event_add(run, p, PACKET_EVENT_MPLS_UNKNOWN_PAYLOAD_TYPE);
}

/* Cisco VN-Tag: four bytes of interfaces, then the next type. */
static void vntag_decode(struct decode_run *run, struct packet *p, struct str bytes)
{
    run->decoder->counts.vntag++;
    if (bytes.len < 6) {
        packet_event_add(run, p, PACKET_EVENT_VNTAG_HEADER_TOO_SMALL);
        return;
    }
    p->ether_type = wire_u16(bytes, 4);
    if (p->ether_type == ETHER_TYPE_VNTAG ||
        !packet_link_payload(run, p, p->ether_type, str_from(bytes, 6)))
        packet_event_add(run, p, PACKET_EVENT_VNTAG_UNKNOWN_TYPE);
}

/* RFC 8300 2.2: two bits of version, six of length in 4-byte words, the next protocol. */
static void nsh_decode(struct decode_run *run, struct packet *p, struct str bytes)
{
    run->decoder->counts.nsh++;
    size_t header_len = (size_t)(wire_u16(bytes, 0) & 63) * 4;
    uint8_t next = wire_u8(bytes, 3);
    if (bytes.len < 8)
        packet_event_add(run, p, PACKET_EVENT_NSH_HEADER_TOO_SMALL);
    else if (wire_u8(bytes, 0) >> 6 != 0)
        packet_event_add(run, p, PACKET_EVENT_NSH_UNSUPPORTED_VERSION);
    else if (header_len < 8 || header_len > bytes.len)
        packet_event_add(run, p, PACKET_EVENT_NSH_BAD_HEADER_LENGTH);
    else if (next == 1)
        packet_ip4_decode(run, p, str_from(bytes, header_len));
    else if (next == 2)
        packet_ip6_decode(run, p, str_from(bytes, header_len));
    else if (next == 3)
        packet_link_ethernet(run, p, str_from(bytes, header_len));
    else
        packet_event_add(run, p, PACKET_EVENT_NSH_UNKNOWN_PAYLOAD);
}

/* RFC 826. Only Ethernet with IPv4 is looked at; the payload stays for whoever keeps the table of devices. */
static void arp_decode(struct decode_run *run, struct packet *p, struct str bytes)
{
    run->decoder->counts.arp++;
    p->payload = bytes;
    uint16_t operation = wire_u16(bytes, 6);
    if (bytes.len < 8)
        packet_event_add(run, p, PACKET_EVENT_ARP_PKT_TOO_SMALL);
    else if (wire_u16(bytes, 0) != 1)
        packet_event_add(run, p, PACKET_EVENT_ARP_UNSUPPORTED_HARDWARE);
    else if (wire_u16(bytes, 2) != ETHER_TYPE_IP4)
        packet_event_add(run, p, PACKET_EVENT_ARP_UNSUPPORTED_PROTOCOL);
    else if (wire_u8(bytes, 4) != 6)
        packet_event_add(run, p, PACKET_EVENT_ARP_INVALID_HARDWARE_SIZE);
    else if (wire_u8(bytes, 5) != 4)
        packet_event_add(run, p, PACKET_EVENT_ARP_INVALID_PROTOCOL_SIZE);
    else if (bytes.len < 28)
        packet_event_add(run, p, PACKET_EVENT_ARP_PKT_TOO_SMALL);
    else if (operation < 1 || operation > 10)
        packet_event_add(run, p, PACKET_EVENT_ARP_UNSUPPORTED_OPCODE);
    else
        p->is_arp = true;
}

bool packet_link_payload(struct decode_run *run, struct packet *p, uint16_t ether_type,
                         struct str bytes)
{
    switch (ether_type) {
    case ETHER_TYPE_IP4: packet_ip4_decode(run, p, bytes); return true;
    case ETHER_TYPE_IP6: packet_ip6_decode(run, p, bytes); return true;
    case ETHER_TYPE_ARP: arp_decode(run, p, bytes); return true;
    case ETHER_TYPE_VLAN:
    case ETHER_TYPE_QINQ:
    case ETHER_TYPE_QINQ_OLD: vlan_decode(run, p, ether_type, bytes); return true;
    case ETHER_TYPE_BACKBONE: backbone_decode(run, p, bytes); return true;
    case ETHER_TYPE_PPPOE_SESSION: packet_pppoe_session(run, p, bytes); return true;
    case ETHER_TYPE_PPPOE_DISCOVERY: packet_pppoe_discovery(run, p, bytes); return true;
    case ETHER_TYPE_VNTAG: vntag_decode(run, p, bytes); return true;
    case ETHER_TYPE_NSH: nsh_decode(run, p, bytes); return true;
    case ETHER_TYPE_MPLS:
    case ETHER_TYPE_MPLS_MULTICAST: mpls_decode(run, p, bytes); return true;
    default: p->payload = bytes; return false;
    }
}

static void payload_or_event(struct decode_run *run, struct packet *p, uint16_t ether_type,
                             struct str bytes)
{
    p->ether_type = ether_type;
    if (packet_link_payload(run, p, ether_type, bytes))
        return;
    run->decoder->counts.unknown_ethertype++;
    packet_event_add(run, p, PACKET_EVENT_ETHERNET_UNKNOWN_ETHERTYPE);
}

void packet_link_ethernet(struct decode_run *run, struct packet *p, struct str bytes)
{
    run->decoder->counts.ethernet++;
    if (bytes.len < ETHERNET_HEADER_BYTES) {
        packet_event_add(run, p, PACKET_EVENT_ETHERNET_PKT_TOO_SMALL);
        return;
    }
    if (++run->ethernet_count > DECODE_ETHERNET_MAX) {
        packet_event_add(run, p, PACKET_EVENT_TOO_MANY_LAYERS);
        return;
    }
    wire_take_mac(bytes, 0, &p->dst_mac);
    wire_take_mac(bytes, 6, &p->src_mac);
    p->has_mac = true;
    uint16_t ether_type = wire_u16(bytes, 12);
    struct str rest = {bytes.p + ETHERNET_HEADER_BYTES, bytes.len - ETHERNET_HEADER_BYTES};
    if (ether_type < ETHER_TYPE_MIN)
        p->payload = rest;
    else
        payload_or_event(run, p, ether_type, rest);
}

/* Four bytes of address family: NULL in the order of the machine that captured (both are tried), LOOP in network order.
 * The numbers differ among systems: 24 NetBSD, 28 FreeBSD, 30 macOS. */
static void loop_decode(struct decode_run *run, struct packet *p, struct str bytes)
{
    run->decoder->counts.null++;
    if (bytes.len < 4) {
        packet_event_add(run, p, PACKET_EVENT_LTNULL_PKT_TOO_SMALL);
        return;
    }
    uint32_t family = wire_u32(bytes, 0);
    if (family > 0xffff)
        family = __builtin_bswap32(family);
    struct str rest = str_from(bytes, 4);
    if (family == 2)
        packet_ip4_decode(run, p, rest);
    else if (family == 10 || family == 24 || family == 28 || family == 30)
        packet_ip6_decode(run, p, rest);
    else
        packet_event_add(run, p, PACKET_EVENT_LTNULL_UNSUPPORTED_TYPE);
}

/* https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html: the sender's address alone; there is no receiver's, so
 * has_mac stays false. */
static void sll_decode(struct decode_run *run, struct packet *p, struct str bytes)
{
    run->decoder->counts.sll++;
    if (bytes.len < 16)
        packet_event_add(run, p, PACKET_EVENT_SLL_PKT_TOO_SMALL);
    else
        payload_or_event(run, p, wire_u16(bytes, 14), str_from(bytes, 16));
}

/* https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html */
static void sll2_decode(struct decode_run *run, struct packet *p, struct str bytes)
{
    run->decoder->counts.sll2++;
    if (bytes.len < 20)
        packet_event_add(run, p, PACKET_EVENT_SLL2_PKT_TOO_SMALL);
    else
        payload_or_event(run, p, wire_u16(bytes, 0), str_from(bytes, 20));
}

/* Cisco HDLC: address, control, and a number as in Ethernet. */
static void chdlc_decode(struct decode_run *run, struct packet *p, struct str bytes)
{
    run->decoder->counts.chdlc++;
    if (bytes.len < 4)
        packet_event_add(run, p, PACKET_EVENT_CHDLC_PKT_TOO_SMALL);
    else
        payload_or_event(run, p, wire_u16(bytes, 2), str_from(bytes, 4));
}

void packet_link_decode(struct decode_run *run, struct packet *p, struct str bytes)
{
    switch ((enum packet_link)p->frame->link) {
    case PACKET_LINK_ETHERNET: packet_link_ethernet(run, p, bytes); return;
    case PACKET_LINK_NULL:
    case PACKET_LINK_LOOP: loop_decode(run, p, bytes); return;
    case PACKET_LINK_PPP:
    case PACKET_LINK_PPP_HDLC:
        if ((wire_u16(bytes, 0) & 0x7fff) == 0x0f00) /* some capture Cisco HDLC under this number */
            chdlc_decode(run, p, bytes);
        else
            packet_ppp_decode(run, p, bytes);
        return;
    case PACKET_LINK_RAW_BSD:
    case PACKET_LINK_RAW_OPENBSD:
    case PACKET_LINK_RAW:
    case PACKET_LINK_IPV4:
    case PACKET_LINK_IPV6:
        run->decoder->counts.raw++;
        packet_ip_decode(run, p, bytes);
        return;
    case PACKET_LINK_LINUX_SLL: sll_decode(run, p, bytes); return;
    case PACKET_LINK_LINUX_SLL2: sll2_decode(run, p, bytes); return;
    case PACKET_LINK_CHDLC: chdlc_decode(run, p, bytes); return;
    }
    p->payload = bytes;
}
