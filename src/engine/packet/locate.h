/* locate: finds the IP header and the transport header in a frame and nothing else: for dealing frames out to workers and
 * for writing checksums, where a whole struct packet would cost too much. */
#ifndef ENGINE_PACKET_LOCATE_H
#define ENGINE_PACKET_LOCATE_H

#include "base/ip.h"
#include "base/str.h"

struct located {
    size_t ip_at;
    size_t l4_at;
    size_t end;       /* of the IP packet, at most the end of the frame */
    uint8_t version;  /* 4 or 6 */
    uint8_t ip_proto; /* of what begins at l4_at */
    bool is_fragment; /* a piece: l4_at is no transport header */
};

/* False: no IP header is found behind what we know of the link (enum packet_link). */
bool packet_locate(struct str frame, uint32_t link, struct located *out);

#endif
