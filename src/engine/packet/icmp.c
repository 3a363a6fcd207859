#include "engine/packet/checksum.h"
#include "engine/packet/decode.h"
#include "engine/packet/wire.h"

#define ICMP_HEADER_BYTES 8

/* https://www.iana.org/assignments/icmp-parameters, .../icmpv6-parameters. Types that are not here are unknown. */
struct icmp_row {
    uint8_t type, code_max;
    bool has_id;     /* identifier and sequence number */
    bool has_packet; /* carries the packet that caused it */
};

static const struct icmp_row icmp4_rows[] = {
    {0, 0, true, false},   /* echo reply */
    {3, 15, false, true},  /* destination unreachable */
    {4, 0, false, true},   /* source quench */
    {5, 3, false, true},   /* redirect */
    {8, 0, true, false},   /* echo */
    {9, 16, false, false}, /* router advertisement */
    {10, 0, false, false}, /* router solicitation */
    {11, 1, false, true},  /* time exceeded */
    {12, 2, false, true},  /* parameter problem */
    {13, 0, true, false},  /* timestamp */
    {14, 0, true, false},  /* timestamp reply */
    {15, 0, true, false},  /* information */
    {16, 0, true, false},  /* information reply */
    {17, 0, true, false},  /* address mask */
    {18, 0, true, false},  /* address mask reply */
};

static const struct icmp_row icmp6_rows[] = {
    {1, 8, false, true},      /* destination unreachable */
    {2, 0, false, true},      /* packet too big */
    {3, 1, false, true},      /* time exceeded */
    {4, 10, false, true},     /* parameter problem */
    {128, 0, true, false},    /* echo request */
    {129, 0, true, false},    /* echo reply */
    {130, 0, false, false},   /* multicast listener query */
    {131, 0, false, false},   /* multicast listener report */
    {132, 0, false, false},   /* multicast listener done */
    {133, 0, false, false},   /* router solicitation */
    {134, 0, false, false},   /* router advertisement */
    {135, 0, false, false},   /* neighbor solicitation */
    {136, 0, false, false},   /* neighbor advertisement */
    {137, 0, false, false},   /* redirect */
    {138, 255, false, false}, /* router renumbering: codes 0, 1, 255 */
    {139, 2, false, false},   /* node information query */
    {140, 2, false, false},   /* node information response */
    {141, 0, false, false},   /* inverse neighbor discovery solicitation */
    {142, 0, false, false},   /* inverse neighbor discovery advertisement */
    {143, 0, false, false},   /* version 2 multicast listener report */
    {144, 0, false, false},   /* home agent discovery request */
    {145, 0, false, false},   /* home agent discovery reply */
    {146, 0, false, false},   /* mobile prefix solicitation */
    {147, 0, false, false},   /* mobile prefix advertisement */
    {148, 0, false, false},   /* certification path solicitation */
    {149, 0, false, false},   /* certification path advertisement */
    {150, 255, false, false}, /* experimental mobility */
    {151, 0, false, false},   /* multicast router advertisement */
    {152, 0, false, false},   /* multicast router solicitation */
    {153, 0, false, false},   /* multicast router termination */
    {154, 5, false, false},   /* FMIPv6 */
    {155, 255, false, false}, /* RPL control */
    {157, 4, false, false},   /* duplicate address request */
    {158, 4, false, false},   /* duplicate address confirmation */
    {159, 0, false, false},   /* MPL control */
    {160, 0, false, false},   /* extended echo request */
    {161, 4, false, false},   /* extended echo reply */
};

static const struct icmp_row *row_find(const struct icmp_row *rows, size_t count, uint8_t type)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].type == type)
            return &rows[i];
    return NULL;
}

static void header_take(struct packet *p, struct str bytes)
{
    p->icmp_type = bytes.p[0];
    p->icmp_code = bytes.p[1];
    p->l4_header = str_cut(bytes, 0, ICMP_HEADER_BYTES);
    p->payload = str_from(bytes, ICMP_HEADER_BYTES);
}

static void id_take(struct packet *p, struct str bytes)
{
    p->icmp_id = wire_u16(bytes, 4);
    p->icmp_seq = wire_u16(bytes, 6);
}

/* RFC 792 */
void packet_icmp4_decode(struct decode_run *run, struct packet *p, struct str bytes)
{
    run->decoder->counts.icmpv4++;
    if (bytes.len < ICMP_HEADER_BYTES) {
        packet_event_add(run, p, PACKET_EVENT_ICMPV4_PKT_TOO_SMALL);
        return;
    }
    p->l4 = PACKET_L4_ICMP4;
    header_take(p, bytes);
    if (run->verify && checksum_finish(checksum_add(0, bytes)) != 0)
        p->l4_checksum_bad = p->checksum_bad = true;
    const struct icmp_row *row = row_find(icmp4_rows, ARRAY_COUNT(icmp4_rows), p->icmp_type);
    if (!row) {
        packet_event_add(run, p, PACKET_EVENT_ICMPV4_UNKNOWN_TYPE);
        return;
    }
    if (p->icmp_code > row->code_max) {
        packet_event_add(run, p, PACKET_EVENT_ICMPV4_UNKNOWN_CODE);
        return; /* what it carries is not known either */
    }
    if (row->has_id)
        id_take(p, bytes);
    if (row->has_packet && p->payload.len < 20)
        packet_event_add(run, p, PACKET_EVENT_ICMPV4_IPV4_TRUNC_PKT);
    else if (row->has_packet && p->payload.p[0] >> 4 != 4)
        packet_event_add(run, p, PACKET_EVENT_ICMPV4_IPV4_UNKNOWN_VER);
}

static enum packet_event icmp6_unknown(uint8_t type)
{
    if (type == 100 || type == 101 || type == 200 || type == 201)
        return PACKET_EVENT_ICMPV6_EXPERIMENTATION_TYPE;
    if ((type >= 5 && type < 127) || (type >= 162 && type < 200))
        return PACKET_EVENT_ICMPV6_UNASSIGNED_TYPE;
    return PACKET_EVENT_ICMPV6_UNKNOWN_TYPE;
}

/* RFC 4443 */
void packet_icmp6_decode(struct decode_run *run, struct packet *p, struct str bytes)
{
    run->decoder->counts.icmpv6++;
    if (bytes.len < ICMP_HEADER_BYTES) {
        packet_event_add(run, p, PACKET_EVENT_ICMPV6_PKT_TOO_SMALL);
        return;
    }
    p->l4 = PACKET_L4_ICMP6;
    header_take(p, bytes);
    uint64_t sum = checksum_pseudo(&p->src, &p->dst, IP_PROTO_ICMP6, bytes.len);
    if (run->verify && checksum_finish(checksum_add(sum, bytes)) != 0)
        p->l4_checksum_bad = p->checksum_bad = true;
    const struct icmp_row *row = row_find(icmp6_rows, ARRAY_COUNT(icmp6_rows), p->icmp_type);
    if (!row) {
        packet_event_add(run, p, icmp6_unknown(p->icmp_type));
        return;
    }
    if (p->icmp_code > row->code_max) {
        packet_event_add(run, p, PACKET_EVENT_ICMPV6_UNKNOWN_CODE);
        return;
    }
    if (row->has_id)
        id_take(p, bytes);
    /* RFC 2710 3: listener messages never cross a router. */
    if (p->icmp_type >= 130 && p->icmp_type <= 132 && p->ttl != 1)
        packet_event_add(run, p, PACKET_EVENT_ICMPV6_MLD_MESSAGE_WITH_INVALID_HL);
    if (row->has_packet && p->payload.len < 40)
        packet_event_add(run, p, PACKET_EVENT_ICMPV6_IPV6_TRUNC_PKT);
    else if (row->has_packet && p->payload.p[0] >> 4 != 6)
        packet_event_add(run, p, PACKET_EVENT_ICMPV6_IPV6_UNKNOWN_VERSION);
}
