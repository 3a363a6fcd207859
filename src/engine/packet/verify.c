/* Checksums asked of a packet in hand, whether or not packets are thrown away for theirs (-k none). */
#include "engine/packet/checksum.h"
#include "engine/packet/packet.h"
#include "engine/packet/wire.h"

static bool is_unknown(const struct packet *p)
{
    return p->checksum_unknown || !p->frame || p->frame->checksum_known_good;
}

bool packet_ip_checksum_good(const struct packet *p)
{
    return is_unknown(p) || p->src.version != 4 || p->ip_header.len == 0 ||
           checksum_finish(checksum_add(0, p->ip_header)) == 0;
}

/* A datagram of UDP ends where its own length says. */
static struct str segment_of(const struct packet *p)
{
    size_t len = p->l4 == PACKET_L4_UDP ? wire_u16(p->l4_header, 4) : p->ip_payload.len;
    return str_cut(p->ip_payload, 0, len);
}

bool packet_l4_checksum_good(const struct packet *p)
{
    uint64_t sum = 0;
    if (is_unknown(p) || p->l4_header.len == 0 || p->l4 == PACKET_L4_OTHER)
        return true;
    if (p->l4 == PACKET_L4_UDP && wire_u16(p->l4_header, 6) == 0)
        return true; /* the sender did not compute one */
    struct str segment = segment_of(p);
    if (p->l4 != PACKET_L4_ICMP4)
        sum = checksum_pseudo(&p->src, &p->dst, p->ip_proto, segment.len);
    return checksum_finish(checksum_add(sum, segment)) == 0;
}
