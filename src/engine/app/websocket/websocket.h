/* websocket: WebSocket frames (RFC 6455) after an Upgrade of HTTP/1, with permessage-deflate (RFC 7692).
 *
 * Way in:    engine.c opens the row below when HTTP/1 has changed to it: its bytes look like anything, so there is no probe.
 * Way out:   a transaction for each frame; that of a message's last frame holds the whole message, unmasked and inflated.
 * Memory:    from the flow's budget: the payload of each frame, a message in work, zlib's state when messages are compressed.
 * Limits:    WEBSOCKET_PAYLOAD_MAX bytes are kept of a frame and of a message; beyond them an event tells.
 *
 * What an attacker tries: spread a message over frames with others in between, mask it differently, compress it.
 */
#ifndef ENGINE_APP_WEBSOCKET_WEBSOCKET_H
#define ENGINE_APP_WEBSOCKET_WEBSOCKET_H

#include "engine/app/app.h"

extern const struct app_parser websocket_parser;

#endif
