/* tracking: judges the header of a packet against the connection as both ends must see it, and moves its state.
 *
 * Way in:    stream.c, once per packet, before its payload is taken in.
 * Way out:   whether the payload belongs to the stream; state, numbers and windows of both halves; events.
 *
 * What no end system ought to accept (RFC 9293 section 3.10.7, RFC 7323 PAWS, RFC 5961) is refused, and inline such a
 * packet goes no further: so both ends see the connection as we do. A path on which packets passed us unseen (the box was
 * restarted, a ring overflowed) must not break for ever: after REFUSED_MAX refusals in a row the direction is taken up anew
 * where it stands, which loses an attacker the refused packets and an honest sender nothing that it would not repeat.
 */
#ifndef ENGINE_STREAM_TRACKING_H
#define ENGINE_STREAM_TRACKING_H

#include "engine/stream/stream.h"

enum tracking {
    TRACKING_ACCEPTED, /* its payload is part of the stream */
    TRACKING_HEADER,   /* its header counted, its payload does not */
    TRACKING_REFUSED,
    TRACKING_IGNORED, /* no connection to judge it by, or not ours */
};

enum tracking tracking_judge(struct stream *s, const struct stream_conf *conf,
                             const struct packet *p, bool from_client, struct stream_result *out);

#endif
