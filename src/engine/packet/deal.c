#include "base/hash.h"
#include "engine/packet/decode.h"
#include "engine/packet/locate.h"
#include "engine/packet/wire.h"

struct endpoint {
    uint8_t address[16];
    uint8_t port[2];
};

static struct endpoint endpoint_of(struct str frame, const struct located *l, bool source,
                                   bool ports)
{
    struct endpoint e = {{0}, {0}};
    size_t bytes = l->version == 4 ? 4 : 16;
    size_t at = l->ip_at + (l->version == 4 ? (source ? 12 : 16) : (source ? 8 : 24));
    if (wire_has(frame, at, bytes))
        memcpy(e.address, frame.p + at, bytes);
    if (ports)
        wire_put_u16(e.port, wire_u16(frame, l->l4_at + (source ? 0 : 2)));
    return e;
}

/* The pair is hashed in one order, whichever way the packet goes. All pieces of a datagram must meet in one worker, so a
 * piece, the first one too, is dealt without ports and protocol. Frames without IP go to one worker together. */
uint32_t packet_deal_hash(const struct packet_frame *frame, const uint64_t secret[2])
{
    struct located l;
    if (!packet_locate(frame->bytes, frame->link, &l))
        return 0;
    bool ports = !l.is_fragment && (l.ip_proto == IP_PROTO_TCP || l.ip_proto == IP_PROTO_UDP ||
                                    l.ip_proto == IP_PROTO_SCTP);
    struct endpoint pair[2] = {endpoint_of(frame->bytes, &l, true, ports),
                               endpoint_of(frame->bytes, &l, false, ports)};
    uint8_t key[2 * sizeof(struct endpoint) + 1];
    bool turned = memcmp(&pair[0], &pair[1], sizeof pair[0]) > 0;
    memcpy(key, &pair[turned], sizeof pair[0]);
    memcpy(key + sizeof pair[0], &pair[!turned], sizeof pair[0]);
    key[sizeof key - 1] = l.is_fragment ? 0 : l.ip_proto;
    return (uint32_t)hash_sip(secret, str_of(key, sizeof key));
}
