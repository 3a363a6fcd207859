#include "engine/packet/decode.h"
#include "engine/packet/locate.h"
#include "engine/packet/tunnel.h"
#include "engine/packet/wire.h"

#define ADDRESS_BYTES_MAX 16

static void take_address(uint8_t out[ADDRESS_BYTES_MAX], struct str frame, const struct located *l,
                         bool source)
{
    size_t bytes = l->version == 4 ? 4 : ADDRESS_BYTES_MAX;
    size_t at = l->ip_at + (l->version == 4 ? (source ? 12 : 16) : (source ? 8 : 24));
    memset(out, 0, ADDRESS_BYTES_MAX);
    if (wire_has(frame, at, bytes))
        memcpy(out, frame.p + at, bytes);
}

/* A keyed hash for sharing work out, and cheap, for it is asked for each frame by the one who deals: who aims at it makes one
 * worker do all, which nobody but himself pays for. */
static uint64_t mixed(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint32_t address_hash(const uint8_t *address, const uint64_t secret[2])
{
    uint64_t half[2];
    memcpy(half, address, sizeof half);
    uint64_t first = mixed(half[0] ^ secret[0], UINT64_C(0x9e3779b97f4a7c15));
    return (uint32_t)(mixed(first ^ half[1], secret[1] | 1) >> 7);
}

/* RFC 1918, RFC 4193, link-local */
static bool is_private(const uint8_t *address, uint8_t version)
{
    if (version == 6)
        return (address[0] & 0xfe) == 0xfc || (address[0] == 0xfe && (address[1] & 0xc0) == 0x80);
    return address[0] == 10 || (address[0] == 172 && (address[1] & 0xf0) == 16) ||
           (address[0] == 192 && address[1] == 168);
}

static bool may_carry(struct str frame, const struct located *l)
{
    switch (l->ip_proto) {
    case IP_PROTO_TCP:
    case IP_PROTO_ICMP4:
    case IP_PROTO_ICMP6: return false;
    case IP_PROTO_UDP:
        return l->is_fragment || packet_tunnel_port(wire_u16(frame, l->l4_at)) ||
               packet_tunnel_port(wire_u16(frame, l->l4_at + 2));
    default: return true;
    }
}

/* The pair of addresses is hashed whichever way the packet goes. Ports take no part: an answer that comes in fragments (they
 * have none) must meet the flow of its question, and the data connection of FTP that of its orders. Frames without IP go to
 * one worker together. */
void packet_deal(const struct packet_frame *frame, const uint64_t secret[2],
                 struct packet_dealt *out)
{
    struct located l;
    uint8_t ends[2][ADDRESS_BYTES_MAX];
    *out = (struct packet_dealt){.pair = 0};
    if (!packet_locate(frame->bytes, frame->link, &l))
        return;
    take_address(ends[0], frame->bytes, &l, true);
    take_address(ends[1], frame->bytes, &l, false);
    bool turned = !is_private(ends[0], l.version) && is_private(ends[1], l.version);
    for (int i = 0; i < 2; i++)
        out->ends[i ^ turned] = address_hash(ends[i], secret);
    uint64_t sum = (uint64_t)out->ends[0] + out->ends[1];
    out->pair = (uint32_t)mixed(sum ^ secret[1], (out->ends[0] ^ out->ends[1]) + secret[0]);
    out->has_ends = true;
    out->may_carry = may_carry(frame->bytes, &l);
}

uint32_t packet_address_hash(const struct ip *address, const uint64_t secret[2])
{
    return address_hash(address->bytes, secret);
}
