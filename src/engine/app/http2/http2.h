/* http2: HTTP/2 (RFC 9113, RFC 7541) with prior knowledge, or after HTTP/1's Upgrade: h2c.
 *
 * Way in:    engine.c hands over the stream's bytes of both directions through the row below. What HTTP/1 leaves (app_flow's
 *            legacy) is the request of stream 1.
 * Way out:   a transaction for each stream, and one for each frame of the connection as a whole (stream 0); fields http.* of
 *            requests and responses, http2.* of frames; decoded bodies, files. A stream that carries DNS messages (RFC 8484) is one of
 *            doh2, with dns.* beside (doh.c).
 * Memory:    all from the flow's budget: the two dynamic tables (at most 64 KiB each, kept in twice as much), a header block
 *            in work, headers and a window of the body of each live stream.
 * Limits:    a frame that is not DATA 48 KiB, a header block with its CONTINUATIONs 100 KiB, headers of a message 64 KiB and
 *            512, 2 content codings, a DNS message 65535 bytes, 64 facts of frames (settings, windows ...) of a transaction. What a byte may cost in copying: hpack.h.
 */
#ifndef ENGINE_APP_HTTP2_HTTP2_H
#define ENGINE_APP_HTTP2_HTTP2_H

#include "engine/app/app.h"

extern const struct app_parser http2_parser;

#endif
