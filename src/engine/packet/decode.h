/* decode: what the layers of this room share while one frame is decoded.
 *
 * Each layer takes the bytes that are its own, fills its part of struct packet and hands the rest to the next one; it
 * never looks back. A layer that finds its bytes damaged adds an event and returns.
 */
#ifndef ENGINE_PACKET_DECODE_H
#define ENGINE_PACKET_DECODE_H

#include "engine/packet/packet.h"

/* https://www.iana.org/assignments/protocol-numbers */
enum ip_proto {
    IP_PROTO_HOP_BY_HOP = 0,
    IP_PROTO_ICMP4 = 1,
    IP_PROTO_IP4 = 4,
    IP_PROTO_TCP = 6,
    IP_PROTO_UDP = 17,
    IP_PROTO_IP6 = 41,
    IP_PROTO_ROUTING = 43,
    IP_PROTO_FRAGMENT = 44,
    IP_PROTO_GRE = 47,
    IP_PROTO_ESP = 50,
    IP_PROTO_AH = 51,
    IP_PROTO_ICMP6 = 58,
    IP_PROTO_NONE = 59,
    IP_PROTO_DESTINATION = 60,
    IP_PROTO_SCTP = 132,
    IP_PROTO_MOBILITY = 135,
    IP_PROTO_HIP = 139,
    IP_PROTO_SHIM6 = 140,
};

enum ether_type {
    ETHER_TYPE_IP4 = 0x0800,
    ETHER_TYPE_ARP = 0x0806,
    ETHER_TYPE_BRIDGE = 0x6558, /* Ethernet inside GRE, Geneve */
    ETHER_TYPE_VLAN = 0x8100,
    ETHER_TYPE_IP6 = 0x86dd,
    ETHER_TYPE_MPLS = 0x8847,
    ETHER_TYPE_MPLS_MULTICAST = 0x8848,
    ETHER_TYPE_PPPOE_DISCOVERY = 0x8863,
    ETHER_TYPE_PPPOE_SESSION = 0x8864,
    ETHER_TYPE_PPP = 0x880b, /* inside GRE */
    ETHER_TYPE_QINQ = 0x88a8,
    ETHER_TYPE_BACKBONE = 0x88e7, /* 802.1ah I-TAG */
    ETHER_TYPE_VNTAG = 0x8926,
    ETHER_TYPE_NSH = 0x894f,
    ETHER_TYPE_QINQ_OLD = 0x9100,
};

struct defrag;

/* Reassembled datagrams that one frame can hold at the same time: one around a tunnel and one inside it. */
#define DECODE_WHOLE_MAX 2
/* Ethernet headers in one frame (802.1ah, pseudowires, tunnels): without a limit a frame could nest thousands. */
#define DECODE_ETHERNET_MAX 6

struct packet_decoder {
    struct packet_conf conf;
    struct packet_counts counts;
    struct defrag *defrag;
    uint8_t *whole[DECODE_WHOLE_MAX]; /* reassembled datagrams, DEFRAG_WHOLE_BYTES each */
};

/* One call of packet_decode. */
struct decode_run {
    struct packet_decoder *decoder;
    struct packet *out;
    uint32_t count; /* of out that are used */
    uint32_t whole_count;
    uint32_t ethernet_count; /* Ethernet headers inside each other so far */
    bool verify;             /* checksums of this frame are to be checked */
};

void packet_event_add(struct decode_run *run, struct packet *p, enum packet_event event);
bool packet_event_is_invalid(enum packet_event event);
/* A packet inside `outer`, on the same link; NULL (and an event) when there are too many. */
struct packet *packet_inner(struct decode_run *run, struct packet *outer,
                            enum packet_origin origin);

/* link.c */
void packet_link_decode(struct decode_run *run, struct packet *p, struct str bytes);
void packet_link_ethernet(struct decode_run *run, struct packet *p, struct str bytes);
/* What follows the number `ether_type`. False: it is a number that we do not know. */
bool packet_link_payload(struct decode_run *run, struct packet *p, uint16_t ether_type,
                         struct str bytes);
/* ppp.c; bytes begin with the protocol number (or with HDLC's address and control before it). */
void packet_ppp_decode(struct decode_run *run, struct packet *p, struct str bytes);
void packet_pppoe_session(struct decode_run *run, struct packet *p, struct str bytes);
void packet_pppoe_discovery(struct decode_run *run, struct packet *p, struct str bytes);

/* ip4.c, ip6.c */
void packet_ip_decode(struct decode_run *run, struct packet *p, struct str bytes);
void packet_ip4_decode(struct decode_run *run, struct packet *p, struct str bytes);
void packet_ip6_decode(struct decode_run *run, struct packet *p, struct str bytes);

/* l4.c, icmp.c; p->ip_proto says which; bytes: the IP payload. */
void packet_l4_decode(struct decode_run *run, struct packet *p, struct str bytes);
void packet_tcp_decode(struct decode_run *run, struct packet *p, struct str bytes);
void packet_icmp4_decode(struct decode_run *run, struct packet *p, struct str bytes);
void packet_icmp6_decode(struct decode_run *run, struct packet *p, struct str bytes);

/* tunnel.c; gives false when p carries no tunnel that is opened here. */
bool packet_tunnel_decode(struct decode_run *run, struct packet *p, struct str bytes);

#endif
