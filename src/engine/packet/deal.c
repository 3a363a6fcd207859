#include "base/hash.h"
#include "engine/packet/decode.h"
#include "engine/packet/locate.h"
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

/* The pair of addresses is hashed in one order, whichever way the packet goes. Ports take no part: an answer that comes in
 * fragments (they have none) must meet the flow of its question, and the data connection of FTP that of its orders. Frames
 * without IP go to one worker together. */
uint32_t packet_deal_hash(const struct packet_frame *frame, const uint64_t secret[2])
{
    struct located l;
    uint8_t source[ADDRESS_BYTES_MAX], destination[ADDRESS_BYTES_MAX];
    uint8_t key[2 * ADDRESS_BYTES_MAX];
    if (!packet_locate(frame->bytes, frame->link, &l))
        return 0;
    take_address(source, frame->bytes, &l, true);
    take_address(destination, frame->bytes, &l, false);
    bool turned = memcmp(source, destination, ADDRESS_BYTES_MAX) > 0;
    memcpy(key, turned ? destination : source, ADDRESS_BYTES_MAX);
    memcpy(key + ADDRESS_BYTES_MAX, turned ? source : destination, ADDRESS_BYTES_MAX);
    return (uint32_t)hash_sip(secret, str_of(key, sizeof(key)));
}
