#include "engine/packet/decode.h"
#include "engine/packet/wire.h"

/* RFC 2003, RFC 4213: IPv4 or IPv6 right behind an IP header. */
static bool ip_in_ip(struct decode_run *run, struct packet *p, struct str bytes)
{
    struct packet *inner = packet_inner(run, p, PACKET_TUNNELLED);
    if (!inner)
        return true;
    run->decoder->counts.tunnels++;
    if (p->ip_proto == IP_PROTO_IP4)
        packet_ip4_decode(run, inner, bytes);
    else
        packet_ip6_decode(run, inner, bytes);
    return true;
}

bool packet_tunnel_decode(struct decode_run *run, struct packet *p, struct str bytes)
{
    if (p->l4 == PACKET_L4_OTHER && (p->ip_proto == IP_PROTO_IP4 || p->ip_proto == IP_PROTO_IP6))
        return ip_in_ip(run, p, bytes);
    return false;
}
