#include "base/reader.h"
#include "engine/packet/checksum.h"
#include "engine/packet/decode.h"
#include "engine/packet/wire.h"

#define TCP_HEADER_BYTES 20
#define UDP_HEADER_BYTES 8
#define SCTP_HEADER_BYTES 12
/* NOP, NOP, timestamps: what nearly every segment of a running connection carries. */
#define WINDOW_SCALE_MAX 14 /* RFC 7323 2.3 */
#define TCP_OPTIONS_TIMESTAMPS_ONLY 0x0101080au

/* https://www.iana.org/assignments/tcp-parameters */
enum tcp_option {
    TCP_OPTION_END = 0,
    TCP_OPTION_NOP = 1,
    TCP_OPTION_MSS = 2,
    TCP_OPTION_WINDOW_SCALE = 3,
    TCP_OPTION_SACK_PERMITTED = 4,
    TCP_OPTION_SACK = 5,
    TCP_OPTION_TIMESTAMPS = 8,
    TCP_OPTION_MD5 = 19,
    TCP_OPTION_AO = 29,
    TCP_OPTION_FAST_OPEN = 34,
    TCP_OPTION_EXPERIMENT = 254,
};

/* Each gives false when the option's length cannot be right. `value` is what follows type and length. */
static bool option_mss(struct packet_tcp *tcp, struct str value)
{
    tcp->mss = wire_u16(value, 0);
    return value.len == 2;
}

static bool option_window_scale(struct packet_tcp *tcp, struct str value)
{
    tcp->has_window_scale = value.len == 1;
    tcp->window_scale = wire_u8(value, 0);
    return value.len == 1;
}

static bool option_sack_permitted(struct packet_tcp *tcp, struct str value)
{
    tcp->sack_permitted = value.len == 0;
    return value.len == 0;
}

static bool option_sack(struct packet_tcp *tcp, struct str value)
{
    tcp->has_sack = value.len >= 8 && value.len % 8 == 0;
    return tcp->has_sack || value.len == 0; /* an empty one says nothing; some stacks send it */
}

static bool option_timestamps(struct packet_tcp *tcp, struct str value)
{
    tcp->has_timestamps = value.len == 8;
    tcp->ts_value = wire_u32(value, 0);
    tcp->ts_echo = wire_u32(value, 4);
    return value.len == 8;
}

/* RFC 7413 4.1.1: a request (no cookie) or an even cookie of 4 to 16 bytes. */
static bool option_fast_open(struct packet_tcp *tcp, struct str value)
{
    tcp->has_fast_open =
        value.len == 0 || (value.len >= 4 && value.len <= 16 && value.len % 2 == 0);
    return tcp->has_fast_open;
}

/* RFC 6994: 16 bits say which experiment; 0xf989 was fast open. */
static bool option_experiment(struct packet_tcp *tcp, struct str value)
{
    return wire_u16(value, 0) != 0xf989 || option_fast_open(tcp, str_from(value, 2));
}

static bool option_md5(struct packet_tcp *tcp, struct str value)
{
    tcp->is_signed = true;
    return value.len == 16;
}

static bool option_ao(struct packet_tcp *tcp, struct str value)
{
    tcp->is_signed = true;
    return value.len >= 2;
}

struct option_row {
    uint8_t type;
    bool (*take)(struct packet_tcp *tcp, struct str value);
};

static const struct option_row option_rows[] = {
    {TCP_OPTION_MSS, option_mss},
    {TCP_OPTION_WINDOW_SCALE, option_window_scale},
    {TCP_OPTION_SACK_PERMITTED, option_sack_permitted},
    {TCP_OPTION_SACK, option_sack},
    {TCP_OPTION_TIMESTAMPS, option_timestamps},
    {TCP_OPTION_MD5, option_md5},
    {TCP_OPTION_AO, option_ao},
    {TCP_OPTION_FAST_OPEN, option_fast_open},
    {TCP_OPTION_EXPERIMENT, option_experiment},
};

/* The first one of its kind counts: a second one is an event and nothing more. */
static void option_take(struct decode_run *run, struct packet *p, struct str option, uint32_t *seen)
{
    for (uint32_t i = 0; i < ARRAY_COUNT(option_rows); i++) {
        if (option_rows[i].type != option.p[0])
            continue;
        if (*seen >> i & 1)
            packet_event_add(run, p, PACKET_EVENT_TCP_OPT_DUPLICATE);
        else if (!option_rows[i].take(&p->tcp, str_from(option, 2)))
            packet_event_add(run, p, PACKET_EVENT_TCP_OPT_INVALID_LEN);
        else if (option.p[0] == TCP_OPTION_WINDOW_SCALE && option.p[2] > WINDOW_SCALE_MAX)
            packet_event_add(run, p, PACKET_EVENT_TCP_OPT_WSCALE_OVER_MAX);
        *seen |= 1u << i;
        return;
    }
}

static void tcp_options_decode(struct decode_run *run, struct packet *p, struct str rest)
{
    uint32_t seen = 0;
    if (rest.len == 12 && wire_u32(rest, 0) == TCP_OPTIONS_TIMESTAMPS_ONLY) {
        option_timestamps(&p->tcp, str_from(rest, 4));
        return;
    }
    while (rest.len > 0 && rest.p[0] != TCP_OPTION_END) {
        if (rest.p[0] == TCP_OPTION_NOP) {
            rest = str_from(rest, 1);
            continue;
        }
        size_t len = wire_u8(rest, 1);
        if (len < 2 || len > rest.len) {
            packet_event_add(run, p, PACKET_EVENT_TCP_OPT_INVALID_LEN);
            return;
        }
        option_take(run, p, str_cut(rest, 0, len), &seen);
        rest = str_from(rest, len);
    }
}

static void l4_checksum(struct decode_run *run, struct packet *p, struct str bytes)
{
    if (!run->verify)
        return;
    uint64_t sum = checksum_pseudo(&p->src, &p->dst, p->ip_proto, bytes.len);
    if (checksum_finish(checksum_add(sum, bytes)) != 0)
        p->l4_checksum_bad = p->checksum_bad = true;
}

/* RFC 9293 3.1 */
void packet_tcp_decode(struct decode_run *run, struct packet *p, struct str bytes)
{
    run->decoder->counts.tcp++;
    if (bytes.len < TCP_HEADER_BYTES) {
        packet_event_add(run, p, PACKET_EVENT_TCP_PKT_TOO_SMALL);
        return;
    }
    size_t header_len = (size_t)(bytes.p[12] >> 4) * 4;
    if (header_len < TCP_HEADER_BYTES) {
        packet_event_add(run, p, PACKET_EVENT_TCP_HLEN_TOO_SMALL);
        return;
    }
    if (header_len > bytes.len) {
        packet_event_add(run, p, PACKET_EVENT_TCP_INVALID_OPTLEN);
        return;
    }
    p->l4 = PACKET_L4_TCP;
    p->src_port = wire_u16(bytes, 0);
    p->dst_port = wire_u16(bytes, 2);
    p->tcp.seq = wire_u32(bytes, 4);
    p->tcp.ack = wire_u32(bytes, 8);
    p->tcp.reserved = bytes.p[12] & 15;
    p->tcp.flags = bytes.p[13];
    p->tcp.window = wire_u16(bytes, 14);
    p->tcp.urgent = wire_u16(bytes, 18);
    p->l4_header = (struct str){bytes.p, header_len};
    p->payload = (struct str){bytes.p + header_len, bytes.len - header_len};
    if (header_len > TCP_HEADER_BYTES)
        tcp_options_decode(run, p, str_from(p->l4_header, TCP_HEADER_BYTES));
    l4_checksum(run, p, bytes);
}

/* RFC 768. The datagram ends where its own length says; what the IP packet carries beyond is not delivered to anyone. */
static void udp_decode(struct decode_run *run, struct packet *p, struct str bytes)
{
    run->decoder->counts.udp++;
    if (bytes.len < UDP_HEADER_BYTES) {
        packet_event_add(run, p, PACKET_EVENT_UDP_HLEN_TOO_SMALL);
        return;
    }
    size_t len = wire_u16(bytes, 4);
    if (len < UDP_HEADER_BYTES) {
        packet_event_add(run, p, PACKET_EVENT_UDP_LEN_INVALID);
        return;
    }
    if (len > bytes.len) {
        packet_event_add(run, p, PACKET_EVENT_UDP_PKT_TOO_SMALL);
        return;
    }
    p->l4 = PACKET_L4_UDP;
    p->src_port = wire_u16(bytes, 0);
    p->dst_port = wire_u16(bytes, 2);
    p->l4_header = (struct str){bytes.p, UDP_HEADER_BYTES};
    p->payload = (struct str){bytes.p + UDP_HEADER_BYTES, len - UDP_HEADER_BYTES};
    /* 0: the sender did not compute one. Allowed on IPv4; on IPv6 only tunnels do it (RFC 6935), so it is let pass. */
    if (wire_u16(bytes, 6) != 0)
        l4_checksum(run, p, str_cut(bytes, 0, len));
    packet_tunnel_decode(run, p, p->payload);
}

/* RFC 9260 section 3.1: ports, tag, checksum; then the chunks. */
static void sctp_decode(struct packet *p, struct str bytes)
{
    p->src_port = wire_u16(bytes, 0);
    p->dst_port = wire_u16(bytes, 2);
    p->l4_header = str_cut(bytes, 0, SCTP_HEADER_BYTES);
    p->payload = str_from(bytes, SCTP_HEADER_BYTES);
}

static uint32_t esp_spi(struct str bytes)
{
    struct reader r = reader_of(bytes);
    return reader_u32(&r);
}

static void other_decode(struct decode_run *run, struct packet *p, struct str bytes)
{
    p->l4 = PACKET_L4_OTHER;
    p->payload = bytes;
    run->decoder->counts.sctp += p->ip_proto == IP_PROTO_SCTP;
    run->decoder->counts.esp += p->ip_proto == IP_PROTO_ESP;
    if (p->ip_proto == IP_PROTO_SCTP && bytes.len < SCTP_HEADER_BYTES)
        packet_event_add(run, p, PACKET_EVENT_SCTP_PKT_TOO_SMALL);
    else if (p->ip_proto == IP_PROTO_SCTP)
        sctp_decode(p, bytes);
    else if (p->ip_proto == IP_PROTO_ESP && bytes.len < 8)
        packet_event_add(run, p, PACKET_EVENT_ESP_PKT_TOO_SMALL);
    else if (p->ip_proto == IP_PROTO_ESP)
        p->spi = esp_spi(bytes);
    else if (packet_tunnel_decode(run, p, bytes))
        return;
    /* As in Suricata: whatever is not read. */
    else if (p->src.version == 6)
        packet_event_add(run, p, PACKET_EVENT_IPV6_UNKNOWN_NEXT_HEADER);
    /* https://www.iana.org/assignments/protocol-numbers: 148 to 252 are unassigned, 255 is reserved. */
    else if ((p->ip_proto >= 148 && p->ip_proto <= 252) || p->ip_proto == 255)
        packet_event_add(run, p, PACKET_EVENT_IPV4_UNKNOWN_PROTOCOL);
}

void packet_l4_decode(struct decode_run *run, struct packet *p, struct str bytes)
{
    bool ip4 = p->src.version == 4;
    p->payload = bytes;
    switch (p->ip_proto) {
    case IP_PROTO_TCP: packet_tcp_decode(run, p, bytes); return;
    case IP_PROTO_UDP: udp_decode(run, p, bytes); return;
    case IP_PROTO_ICMP4:
        if (ip4)
            packet_icmp4_decode(run, p, bytes);
        else
            packet_event_add(run, p, PACKET_EVENT_IPV6_ICMPV4);
        return;
    case IP_PROTO_ICMP6:
        if (ip4)
            packet_event_add(run, p, PACKET_EVENT_IPV4_ICMPV6);
        else
            packet_icmp6_decode(run, p, bytes);
        return;
    default: other_decode(run, p, bytes);
    }
}
