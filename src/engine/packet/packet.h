/* packet: what one frame says, layer by layer, without memory of others but for fragments.
 *
 * Way in:    a frame (bytes, link type, time) from a capture file or a port.
 * Way out:   one struct packet, or more where the frame carries more: [0] is the frame's own packet; a reassembled
 *            datagram or the inside of a tunnel (IP in IP, GRE, ERSPAN, VXLAN, Geneve, Teredo) follows as a packet of its
 *            own whose `outer` names the one before it.
 * Memory:    a packet borrows the frame's bytes; reassembled bytes are the decoder's and live until its next call.
 *            Fragments are held in the decoder's fixed tables.
 * Threads:   a decoder belongs to one worker.
 * Limits:    PACKET_OUT_MAX packets inside each other, VLAN tags 3, fragments by memory and time (see packet_conf): the
 *            oldest incomplete datagram goes first, counted. An attacker who fills the table delays other fragments
 *            only: whole packets never wait.
 *
 * Damaged input is never an error: the packet is decoded as far as it goes, and `events` say what is wrong with it.
 */
#ifndef ENGINE_PACKET_PACKET_H
#define ENGINE_PACKET_PACKET_H

#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/str.h"
#include "engine/packet/event.h"

#define PACKET_VLAN_MAX 3
#define PACKET_NEST_MAX 4
#define PACKET_OUT_MAX (PACKET_NEST_MAX + 2)
#define PACKET_EVENTS_MAX 8

/* pcap link types that are decoded (https://www.tcpdump.org/linktypes.html). */
enum packet_link {
    PACKET_LINK_NULL = 0,
    PACKET_LINK_ETHERNET = 1,
    PACKET_LINK_PPP = 9,
    PACKET_LINK_RAW_BSD = 12,
    PACKET_LINK_RAW_OPENBSD = 14,
    PACKET_LINK_PPP_HDLC = 50,
    PACKET_LINK_RAW = 101,
    PACKET_LINK_CHDLC = 104,
    PACKET_LINK_LOOP = 108,
    PACKET_LINK_LINUX_SLL = 113,
    PACKET_LINK_IPV4 = 228,
    PACKET_LINK_IPV6 = 229,
    PACKET_LINK_LINUX_SLL2 = 276,
};

struct packet_frame {
    struct str bytes;
    int64_t time_us;
    uint64_t number;        /* counts from 1 in a capture: pcap_cnt */
    uint32_t link;          /* enum packet_link, or another number: nothing is decoded */
    uint16_t stripped_vlan; /* a tag that the kernel took off (0x1000 | id when present), else 0 */
    bool
        checksum_known_good; /* checksum was verified by a card, or is left open on purpose (offload) */
    bool from_wan;           /* came in at the port towards the Internet (inline only) */
    bool side_known;         /* from_wan says something */
};

enum packet_l4 {
    PACKET_L4_NONE,
    PACKET_L4_TCP,
    PACKET_L4_UDP,
    PACKET_L4_ICMP4,
    PACKET_L4_ICMP6,
    PACKET_L4_OTHER
};

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_PSH 0x08
#define TCP_ACK 0x10
#define TCP_URG 0x20
#define TCP_ECE 0x40
#define TCP_CWR 0x80

struct packet_tcp {
    uint32_t seq, ack;
    uint32_t ts_value, ts_echo;   /* RFC 7323, when has_timestamps */
    uint16_t window, urgent, mss; /* mss 0: none given */
    uint8_t flags;
    uint8_t reserved;     /* the bits between data offset and flags */
    uint8_t window_scale; /* when has_window_scale; as sent, may exceed 14 */
    bool has_timestamps, has_window_scale, sack_permitted, has_sack, has_fast_open;
    bool
        is_signed; /* says so: MD5 (RFC 2385) or TCP-AO (RFC 5925); only its receiver can tell whether rightly */
};

enum packet_origin {
    PACKET_WIRE,
    PACKET_DEFRAGMENTED,
    PACKET_TUNNELLED,
    PACKET_FLOW_END, /* made up: stands for the end of a flow */
};

struct packet {
    const struct packet_frame *frame;
    const struct packet *outer; /* for a packet inside another, else NULL */
    enum packet_origin origin;
    enum packet_l4 l4;

    struct mac src_mac, dst_mac;
    bool has_mac;
    uint8_t vlan_count;
    uint16_t vlan[PACKET_VLAN_MAX]; /* ids, outermost first */
    bool is_arp;         /* sound, of Ethernet and IPv4: 28 bytes of payload at least (RFC 826) */
    uint16_t ether_type; /* of the network layer, after tags; 0 without Ethernet */

    struct ip src, dst;       /* version 0: not IP (ARP, unknown) */
    uint8_t ip_proto;         /* of the last header that was understood */
    uint8_t ttl;              /* or hop limit */
    uint8_t tos;              /* or traffic class */
    uint8_t fragment_flags;   /* IPv4: reserved 4, DF 2, MF 1; IPv6: MF 1 */
    uint16_t fragment_offset; /* bytes */
    uint16_t ip_id;
    uint32_t ip6_flow_label;
    bool is_fragment;      /* a piece: its payload is not looked into */
    uint32_t ip_total;     /* length as the IP header says */
    struct str ip_header;  /* with options; IPv6: the fixed header and its extensions */
    struct str ip_options; /* IPv4 */
    struct str ip_payload;

    struct str l4_header;
    uint16_t src_port, dst_port; /* TCP, UDP; 0 otherwise */
    uint8_t icmp_type, icmp_code;
    uint32_t spi; /* ESP: which security association (RFC 4303 section 2.1); else 0 */
    uint16_t icmp_id, icmp_seq;
    struct packet_tcp tcp;
    struct str payload; /* after the last header that was understood */

    bool
        checksum_bad; /* one of the two below: an attacker's decoy or a broken path; not inspected unless -k */
    bool ip_checksum_bad;  /* of the IPv4 header */
    bool l4_checksum_bad;  /* of TCP, UDP or ICMP */
    bool checksum_unknown; /* it is made over an address that is not in the header */
    uint8_t event_count;
    uint8_t events[PACKET_EVENTS_MAX]; /* enum packet_event; 255 of them at most */
};

/* Systems by how they settle overlapping fragments and segments: Suricata's names in host-os-policy. */
enum target_os {
    TARGET_BSD,
    TARGET_BSD_RIGHT,
    TARGET_OLD_LINUX,
    TARGET_LINUX,
    TARGET_OLD_SOLARIS,
    TARGET_SOLARIS,
    TARGET_HPUX10,
    TARGET_HPUX11,
    TARGET_IRIX,
    TARGET_MACOS,
    TARGET_VISTA,
    TARGET_WINDOWS,
    TARGET_WINDOWS2K3,
    TARGETS
};

/* Which networks are of which system; the longest prefix counts. Asked once per connection or datagram put together. */
#define PACKET_TARGETS_MAX 64
struct packet_targets {
    struct packet_target_row {
        struct ip_net net;
        uint8_t os; /* enum target_os */
    } rows[PACKET_TARGETS_MAX];
    uint32_t count;
};
/* The system of the receiver; TARGET_BSD when nothing is said of it. */
enum target_os packet_target(const struct packet_targets *targets, const struct ip *ip);
/* False: no such system, not a network, or no room. */
bool packet_target_add(struct packet_targets *targets, const char *os, struct str net);

struct packet_conf {
    struct packet_targets targets;
    bool verify_checksums;  /* false: -k none */
    uint32_t fragments_max; /* datagrams in reassembly at a time */
    uint32_t fragment_bytes_max;
    uint32_t fragment_timeout_ms;
};

void packet_conf_defaults(struct packet_conf *conf);

struct packet_counts {
    uint64_t packets, bytes, invalid;
    uint64_t ethernet, vlan, vlan_qinq, vntag, nsh, pppoe, ppp, mpls, chdlc, null, raw, sll, sll2,
        arp, unknown_ethertype;
    uint64_t ipv4, ipv6, tcp, udp, sctp, esp, icmpv4, icmpv6;
    uint64_t tunnels, gre, erspan, vxlan, geneve, teredo; /* tunnels: inner packets of every kind */
    uint64_t fragments4, fragments6, reassembled, fragments_timed_out, fragments_refused;
    uint64_t events[256]; /* by enum packet_event */
};

struct packet_decoder;

/* NULL when memory is out. All memory is taken here. */
NODISCARD struct packet_decoder *packet_decoder_new(const struct packet_conf *conf);
void packet_decoder_free(struct packet_decoder *d);
/* Decodes a frame into out[0..n); returns n, 1 at least. What is handed out is valid until the next call. */
uint32_t packet_decode(struct packet_decoder *d, const struct packet_frame *frame,
                       struct packet out[PACKET_OUT_MAX]);
const struct packet_counts *packet_decoder_counts(const struct packet_decoder *d);

/* Is the checksum right, of the IPv4 header, of TCP, UDP or ICMP? Computed now, also under -k none; one that is unknown or not
 * there is. */
bool packet_ip_checksum_good(const struct packet *p);
bool packet_l4_checksum_good(const struct packet *p);

/* Is it an ICMP error? RFC 792: types 3, 4, 5, 11 and 12; RFC 4443: types 1 to 4. */
bool packet_is_error(const struct packet *p);
/* The packet of TCP or UDP that an ICMP error is about: ends, ports and tags. False: it is none, what it quotes is too short
 * (8 bytes behind the IP header have to be there), does not begin with ports, or was not sent by the error's receiver. */
bool packet_quoted(const struct packet *p, struct packet *quoted);

/* "ipv4.trunc_pkt"; "decoder.event." is not part of it. */
const char *packet_event_name(enum packet_event event);
/* By that name (any case); PACKET_EVENT_NONE when there is none. */
enum packet_event packet_event_find(struct str name);

/* What one who deals frames out has to know of each. */
struct packet_dealt {
    uint32_t pair; /* as packet_deal_hash */
    uint32_t
        ends[2]; /* packet_address_hash of both; one of a private network before one that is not */
    bool has_ends;  /* false: no address was found; all such frames have the pair 0 */
    bool may_carry; /* a tunnel, or a piece of one: packets in it have other addresses */
};
void packet_deal(const struct packet_frame *frame, const uint64_t secret[2],
                 struct packet_dealt *out);
uint32_t packet_address_hash(const struct ip *address, const uint64_t secret[2]);

/* Frames that answer or end what `p` is part of, ready to send (checksums computed). They go out at the port given by the
 * caller; each writes a whole frame with p's link layer turned round or kept. False when p has no such answer. */
bool packet_build_reset_to_sender(const struct packet *p, struct buf *frame);
bool packet_build_reset_to_receiver(const struct packet *p, struct buf *frame);
/* ICMP destination unreachable, administratively prohibited (RFC 792, RFC 4443), to the sender. */
bool packet_build_unreachable(const struct packet *p, struct buf *frame);
/* Writes correct IPv4 header and L4 checksums into a frame of ours or one that was changed. */
void packet_fix_checksums(uint8_t *frame, size_t len);

#endif
