#include "engine/packet/decode.h"
#include "engine/packet/defrag.h"
#include "engine/packet/wire.h"

#define IP6_HEADER_BYTES 40

/* The walk along the extension headers (RFC 8200 section 4). */
struct ip6_walk {
    struct str bytes; /* the packet, cut to its length */
    size_t at;        /* of the next header */
    size_t next_at;   /* of the byte that says what that header is */
    uint8_t next;
    uint32_t seen; /* bits: which kinds were passed, see extension_bit */
    bool ended;    /* nothing more is to be decoded */
};

struct extension_row {
    uint8_t ip_proto;
    uint8_t
        allowed; /* destination options may stand before a routing header and again at the end */
    enum packet_event duplicate;
};

static const struct extension_row extension_rows[] = {
    {IP_PROTO_HOP_BY_HOP, 1, PACKET_EVENT_IPV6_EXTHDR_DUPL_HH},
    {IP_PROTO_ROUTING, 1, PACKET_EVENT_IPV6_EXTHDR_DUPL_RH},
    {IP_PROTO_FRAGMENT, 1, PACKET_EVENT_IPV6_EXTHDR_DUPL_FH},
    {IP_PROTO_DESTINATION, 2, PACKET_EVENT_IPV6_EXTHDR_DUPL_DH},
    {IP_PROTO_AH, 1, PACKET_EVENT_IPV6_EXTHDR_DUPL_AH},
};

/* Two bits of `seen` count each kind. */
static void duplicate_check(struct decode_run *run, struct packet *p, struct ip6_walk *walk)
{
    for (uint32_t i = 0; i < ARRAY_COUNT(extension_rows); i++) {
        if (extension_rows[i].ip_proto != walk->next)
            continue;
        uint32_t count = walk->seen >> (2 * i) & 3;
        if (count == extension_rows[i].allowed)
            packet_event_add(run, p, extension_rows[i].duplicate);
        else
            walk->seen += 1u << (2 * i);
    }
}

/* An extension header of `len` bytes at walk->at is passed. False, with an event, when it is not all there. */
static bool extension_pass(struct decode_run *run, struct packet *p, struct ip6_walk *walk,
                           size_t len)
{
    if (!wire_has(walk->bytes, walk->at, len)) {
        packet_event_add(run, p, PACKET_EVENT_IPV6_TRUNC_EXTHDR);
        walk->ended = true;
        return false;
    }
    walk->next_at = walk->at;
    walk->next = walk->bytes.p[walk->at];
    walk->at += len;
    return true;
}

struct option_events {
    enum packet_event unknown, only_padding;
};

static const struct option_events hop_by_hop_events = {PACKET_EVENT_IPV6_HOPOPTS_UNKNOWN_OPT,
                                                       PACKET_EVENT_IPV6_HOPOPTS_ONLY_PADDING};
static const struct option_events destination_events = {PACKET_EVENT_IPV6_DSTOPTS_UNKNOWN_OPT,
                                                        PACKET_EVENT_IPV6_DSTOPTS_ONLY_PADDING};

/* https://www.iana.org/assignments/ipv6-parameters: tunnel limit, router alert, CALIPSO, SMF, quick start, home address,
 * RPL, jumbo, identification ... */
static bool option_is_known(uint8_t type)
{
    static const uint8_t known[] = {0x04, 0x05, 0x07, 0x08, 0x0f, 0x11, 0x12, 0x23, 0x26, 0x30,
                                    0x31, 0x63, 0x6d, 0x8a, 0x8b, 0x8c, 0xc2, 0xc9, 0xee};
    return memchr(known, type, sizeof known) != NULL;
}

/* The options of a hop-by-hop or destination header (RFC 8200 4.2). */
static void options_check(struct decode_run *run, struct packet *p, struct str options,
                          const struct option_events *events)
{
    bool only_padding = true;
    while (options.len > 0) {
        uint8_t type = wire_u8(options, 0);
        if (type == 0) {
            options = str_from(options, 1);
            continue;
        }
        size_t len = wire_u8(options, 1);
        if (options.len < 2 || len > options.len - 2) {
            packet_event_add(run, p, PACKET_EVENT_IPV6_EXTHDR_INVALID_OPTLEN);
            return;
        }
        if (type == 1 && len == 0)
            packet_event_add(run, p, PACKET_EVENT_IPV6_ZERO_LEN_PADN);
        if (type != 1 && !option_is_known(type))
            packet_event_add(run, p, events->unknown);
        only_padding = only_padding && type == 1;
        options = str_from(options, 2 + len);
    }
    if (only_padding)
        packet_event_add(run, p, events->only_padding);
}

static void options_header(struct decode_run *run, struct packet *p, struct ip6_walk *walk,
                           const struct option_events *events)
{
    size_t at = walk->at, len = 8 + (size_t)wire_u8(walk->bytes, at + 1) * 8;
    if (extension_pass(run, p, walk, len))
        options_check(run, p, str_cut(walk->bytes, at + 2, at + len), events);
}

static void routing_header(struct decode_run *run, struct packet *p, struct ip6_walk *walk)
{
    size_t at = walk->at, len = 8 + (size_t)wire_u8(walk->bytes, at + 1) * 8;
    if (!extension_pass(run, p, walk, len))
        return;
    if (walk->bytes.p[at + 2] == 0)
        packet_event_add(run, p, PACKET_EVENT_IPV6_RH_TYPE_0); /* RFC 5095 */
    /* Segments left: checksums are made for the last destination (RFC 8200 8.1), which is not the one in the header. */
    if (walk->bytes.p[at + 3] != 0) {
        run->verify = false;
        p->checksum_unknown = true;
    }
}

/* RFC 4302 2.2: length in 4-byte words, minus 2. */
static void authentication_header(struct decode_run *run, struct packet *p, struct ip6_walk *walk)
{
    size_t at = walk->at, len = 8 + (size_t)wire_u8(walk->bytes, at + 1) * 4;
    if (extension_pass(run, p, walk, len) && wire_u16(walk->bytes, at + 2) != 0)
        packet_event_add(run, p, PACKET_EVENT_IPV6_EXTHDR_AH_RES_NOT_NULL);
}

/* RFC 7112: what carries a fragment header with offset 0 carries all headers, the transport's too. */
static void transport_check(struct decode_run *run, struct packet *p, struct ip6_walk *walk)
{
    size_t want = walk->next == IP_PROTO_TCP                                   ? 20
                  : walk->next == IP_PROTO_UDP || walk->next == IP_PROTO_ICMP6 ? 8
                                                                               : 0;
    if (wire_has(walk->bytes, walk->at, want))
        return;
    packet_event_add(run, p, PACKET_EVENT_IPV6_TRUNC_EXTHDR);
    walk->ended = true;
}

/* RFC 8200 4.5. A fragment header on a whole datagram (RFC 6946) is only an oddity. */
static void fragment_header(struct decode_run *run, struct packet *p, struct ip6_walk *walk)
{
    size_t at = walk->at, next_at = walk->next_at;
    if (!extension_pass(run, p, walk, 8))
        return;
    uint16_t field = wire_u16(walk->bytes, at + 2);
    if (walk->bytes.p[at + 1] != 0 || field & 6)
        packet_event_add(run, p, PACKET_EVENT_IPV6_FH_NON_ZERO_RESERVED_FIELD);
    p->fragment_offset = field & 0xfff8;
    p->fragment_flags = field & 1;
    p->ip_id = wire_u16(walk->bytes, at + 6);
    if (p->fragment_offset == 0 && !p->fragment_flags) {
        packet_event_add(run, p, PACKET_EVENT_IPV6_EXTHDR_USELESS_FH);
        transport_check(run, p, walk);
        return;
    }
    walk->ended = true;
    p->is_fragment = true;
    p->ip_proto = walk->next;
    run->decoder->counts.fragments6++;
    struct defrag_piece piece = {
        .id = wire_u32(walk->bytes, at + 4),
        .ip_proto = walk->next,
        .more = p->fragment_flags,
        .offset = p->fragment_offset,
        .head = str_cut(walk->bytes, 0, at),
        .next_at = next_at,
        .bytes = str_from(walk->bytes, at + 8),
    };
    p->ip_header = str_cut(walk->bytes, 0, at + 8);
    p->ip_payload = p->payload = piece.bytes;
    packet_defrag(run, p, &piece);
}

/* One step; false when walk->next is no extension header. */
static bool extension_decode(struct decode_run *run, struct packet *p, struct ip6_walk *walk)
{
    switch (walk->next) {
    case IP_PROTO_HOP_BY_HOP:
        duplicate_check(run, p, walk);
        options_header(run, p, walk, &hop_by_hop_events);
        return true;
    case IP_PROTO_DESTINATION:
        duplicate_check(run, p, walk);
        options_header(run, p, walk, &destination_events);
        return true;
    case IP_PROTO_ROUTING:
        duplicate_check(run, p, walk);
        routing_header(run, p, walk);
        return true;
    case IP_PROTO_FRAGMENT:
        duplicate_check(run, p, walk);
        fragment_header(run, p, walk);
        return true;
    case IP_PROTO_AH:
        duplicate_check(run, p, walk);
        authentication_header(run, p, walk);
        return true;
    case IP_PROTO_MOBILITY:
    case IP_PROTO_HIP:
    case IP_PROTO_SHIM6:
        extension_pass(run, p, walk, 8 + (size_t)wire_u8(walk->bytes, walk->at + 1) * 8);
        return true;
    default: return false;
    }
}

static void extensions_decode(struct decode_run *run, struct packet *p, struct str bytes)
{
    struct ip6_walk walk = {
        .bytes = bytes, .at = IP6_HEADER_BYTES, .next_at = 6, .next = bytes.p[6]};
    /* Ends: every step passes 8 bytes or more, or sets `ended`. */
    while (!walk.ended && extension_decode(run, p, &walk))
        ;
    if (p->is_fragment)
        return;
    p->ip_proto = walk.next;
    p->ip_header = str_cut(bytes, 0, walk.at);
    p->ip_payload = p->payload = str_from(bytes, walk.at);
    if (walk.ended)
        return;
    if (walk.next != IP_PROTO_NONE)
        packet_l4_decode(run, p, p->ip_payload);
    else if (p->ip_payload.len > 0)
        packet_event_add(run, p, PACKET_EVENT_IPV6_DATA_AFTER_NONE_HEADER);
}

void packet_ip6_decode(struct decode_run *run, struct packet *p, struct str bytes)
{
    run->decoder->counts.ipv6++;
    if (bytes.len < IP6_HEADER_BYTES) {
        packet_event_add(run, p, PACKET_EVENT_IPV6_PKT_TOO_SMALL);
        return;
    }
    if (bytes.p[0] >> 4 != 6) {
        packet_event_add(run, p, PACKET_EVENT_IPV6_WRONG_IP_VERSION);
        return;
    }
    uint32_t first = wire_u32(bytes, 0);
    wire_take_ip6(bytes, 8, &p->src);
    wire_take_ip6(bytes, 24, &p->dst);
    p->tos = (uint8_t)(first >> 20);
    p->ip6_flow_label = first & 0xfffff;
    p->ttl = bytes.p[7];
    p->ip_proto = bytes.p[6];
    size_t total = IP6_HEADER_BYTES + (size_t)wire_u16(bytes, 4);
    p->ip_total = (uint32_t)total;
    p->ip_header = str_cut(bytes, 0, IP6_HEADER_BYTES);
    if (bytes.len < total) {
        packet_event_add(run, p, PACKET_EVENT_IPV6_TRUNC_PKT);
        return;
    }
    extensions_decode(run, p, str_cut(bytes, 0, total));
}
