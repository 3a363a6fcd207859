#include "base/hash.h"
#include "engine/packet/decode.h"
#include "engine/packet/locate.h"
#include "engine/packet/wire.h"

struct endpoint {
    uint8_t bytes[16 + 2]; /* address, port */
};

static void endpoint_take(struct endpoint *e, struct str frame, const struct located *l,
                          bool source, bool ports)
{
    size_t bytes = l->version == 4 ? 4 : 16;
    size_t at = l->ip_at + (l->version == 4 ? (source ? 12 : 16) : (source ? 8 : 24));
    memset(e, 0, sizeof *e);
    if (wire_has(frame, at, bytes))
        memcpy(e->bytes, frame.p + at, bytes);
    if (ports)
        wire_put_u16(e->bytes + bytes, wire_u16(frame, l->l4_at + (source ? 0 : 2)));
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
    struct endpoint pair[2];
    endpoint_take(&pair[0], frame->bytes, &l, true, ports);
    endpoint_take(&pair[1], frame->bytes, &l, false, ports);
    size_t len = l.version == 4 ? 4 + 2 : 16 + 2;
    uint8_t key[2 * sizeof(struct endpoint) + 1];
    bool turned = memcmp(pair[0].bytes, pair[1].bytes, len) > 0;
    memcpy(key, pair[turned].bytes, len);
    memcpy(key + len, pair[!turned].bytes, len);
    key[2 * len] = l.is_fragment ? 0 : l.ip_proto;
    return (uint32_t)hash_sip(secret, str_of(key, 2 * len + 1));
}
