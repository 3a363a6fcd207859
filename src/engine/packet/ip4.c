#include "engine/packet/checksum.h"
#include "engine/packet/decode.h"
#include "engine/packet/defrag.h"
#include "engine/packet/wire.h"

#define IP4_HEADER_BYTES 20
#define IP4_MORE_FRAGMENTS 1

/* Options that may stand once only, and how long each may be (RFC 791, RFC 1108, RFC 2113; max 0: any length). */
struct option_row {
    uint8_t type;
    uint8_t len_min, len_max;
};

static const struct option_row option_rows[] = {
    {7, 3, 0},   /* record route */
    {25, 8, 8},  /* quick start */
    {68, 4, 0},  /* timestamp */
    {130, 3, 0}, /* security */
    {133, 3, 0}, /* extended security */
    {131, 3, 0}, /* loose source route */
    {134, 6, 0}, /* commercial security */
    {136, 4, 4}, /* stream id */
    {137, 3, 0}, /* strict source route */
    {148, 4, 4}, /* router alert */
};

/* Checks one option (type, length, value in `option`); *seen has a bit per row. */
static void option_check(struct decode_run *run, struct packet *p, struct str option,
                         uint32_t *seen)
{
    uint8_t type = wire_u8(option, 0);
    for (uint32_t i = 0; i < ARRAY_COUNT(option_rows); i++) {
        const struct option_row *row = &option_rows[i];
        if (row->type != type)
            continue;
        if (*seen >> i & 1)
            packet_event_add(run, p, PACKET_EVENT_IPV4_OPT_DUPLICATE);
        *seen |= 1u << i;
        if (option.len < row->len_min || (row->len_max && option.len > row->len_max))
            packet_event_add(run, p, PACKET_EVENT_IPV4_OPT_INVALID_LEN);
        /* The pointer of a route or timestamp counts from 4 (5) on. */
        else if ((type == 7 || type == 131 || type == 137) && wire_u8(option, 2) < 4)
            packet_event_add(run, p, PACKET_EVENT_IPV4_OPT_MALFORMED);
        else if (type == 68 && wire_u8(option, 2) < 5)
            packet_event_add(run, p, PACKET_EVENT_IPV4_OPT_MALFORMED);
        return;
    }
    packet_event_add(run, p, PACKET_EVENT_IPV4_OPT_UNKNOWN);
}

static void options_decode(struct decode_run *run, struct packet *p)
{
    struct str rest = p->ip_options;
    uint32_t seen = 0;
    if (rest.len % 8)
        packet_event_add(run, p, PACKET_EVENT_IPV4_OPT_PAD_REQUIRED);
    while (rest.len > 0) {
        uint8_t type = wire_u8(rest, 0);
        if (type == 0)
            return;
        if (type == 1) {
            rest = str_from(rest, 1);
            continue;
        }
        if (rest.len < 2) {
            packet_event_add(run, p, PACKET_EVENT_IPV4_OPT_EOL_REQUIRED);
            return;
        }
        size_t len = wire_u8(rest, 1);
        if (len < 2 || len > rest.len) {
            packet_event_add(run, p, PACKET_EVENT_IPV4_OPT_INVALID_LEN);
            return;
        }
        option_check(run, p, str_cut(rest, 0, len), &seen);
        rest = str_from(rest, len);
    }
}

/* NONE, or why the header cannot be believed. Lengths are put where they belong. */
static enum packet_event header_check(struct str bytes, size_t *header_len, size_t *total)
{
    if (bytes.len < IP4_HEADER_BYTES)
        return PACKET_EVENT_IPV4_PKT_TOO_SMALL;
    if (bytes.p[0] >> 4 != 4)
        return PACKET_EVENT_IPV4_WRONG_IP_VERSION;
    *header_len = (size_t)(bytes.p[0] & 15) * 4;
    *total = wire_u16(bytes, 2);
    if (*header_len < IP4_HEADER_BYTES)
        return PACKET_EVENT_IPV4_HLEN_TOO_SMALL;
    if (*total < *header_len)
        return PACKET_EVENT_IPV4_IPLEN_SMALLER_THAN_HLEN;
    if (bytes.len < *header_len)
        return PACKET_EVENT_IPV4_TRUNC_PKT;
    return PACKET_EVENT_NONE;
}

static void fragment_decode(struct decode_run *run, struct packet *p)
{
    p->is_fragment = true;
    p->payload = p->ip_payload;
    run->decoder->counts.fragments4++;
    if (p->checksum_bad)
        return; /* the receiver throws it away: it must not take part in what we see */
    struct defrag_piece piece = {
        .id = p->ip_id,
        .ip_proto = p->ip_proto,
        .more = p->fragment_flags & IP4_MORE_FRAGMENTS,
        .offset = p->fragment_offset,
        .head = p->ip_header,
        .bytes = p->ip_payload,
    };
    packet_defrag(run, p, &piece);
}

/* RFC 791 3.1. A datagram that is longer than what arrived is thrown away by every receiver: it is named (addresses are
 * set), but not looked into. */
void packet_ip4_decode(struct decode_run *run, struct packet *p, struct str bytes)
{
    size_t header_len = 0, total = 0;
    run->decoder->counts.ipv4++;
    enum packet_event wrong = header_check(bytes, &header_len, &total);
    if (wrong != PACKET_EVENT_NONE) {
        packet_event_add(run, p, wrong);
        return;
    }
    wire_take_ip4(bytes, 12, &p->src);
    wire_take_ip4(bytes, 16, &p->dst);
    p->tos = bytes.p[1];
    p->ip_total = (uint32_t)total;
    p->ip_id = wire_u16(bytes, 4);
    uint16_t fragment = wire_u16(bytes, 6);
    p->fragment_flags = (uint8_t)(fragment >> 13);
    p->fragment_offset = (uint16_t)((fragment & 0x1fff) * 8);
    p->ttl = bytes.p[8];
    p->ip_proto = bytes.p[9];
    p->ip_header = (struct str){bytes.p, header_len};
    if (bytes.len < total) {
        packet_event_add(run, p, PACKET_EVENT_IPV4_TRUNC_PKT);
        return;
    }
    p->ip_payload = (struct str){bytes.p + header_len, total - header_len};
    if (header_len > IP4_HEADER_BYTES) {
        p->ip_options = str_from(p->ip_header, IP4_HEADER_BYTES);
        options_decode(run, p);
    }
    if (run->verify && checksum_finish(checksum_add(0, p->ip_header)) != 0)
        p->ip_checksum_bad = p->checksum_bad = true;
    if (p->fragment_offset || p->fragment_flags & IP4_MORE_FRAGMENTS)
        fragment_decode(run, p);
    else
        packet_l4_decode(run, p, p->ip_payload);
}

void packet_ip_decode(struct decode_run *run, struct packet *p, struct str bytes)
{
    uint8_t version = wire_u8(bytes, 0) >> 4;
    if (version == 4)
        packet_ip4_decode(run, p, bytes);
    else if (version == 6)
        packet_ip6_decode(run, p, bytes);
    else
        packet_event_add(run, p, PACKET_EVENT_IPRAW_INVALID_IP_VERSION);
}
