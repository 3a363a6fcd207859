/* rfb: the beginning of a Remote Framebuffer connection, which VNC speaks (RFC 6143 section 7.1 to 7.3): versions, security, VNC's
 * challenge and response, the result, and what the server tells of its screen.
 *
 * A connection is one transaction, complete with the server's init; then pixels and keys pass unread.
 *
 * Hostile: nothing is waited for beyond RFB_TEXT_MAX bytes of a name or reason, of a longer one the beginning is kept; all lengths by
 * struct reader. Who speaks out of turn, a damaged message, a security type that is not read and a hole end the reading, and break nothing.
 */
#ifndef ENGINE_APP_RFB_RFB_H
#define ENGINE_APP_RFB_RFB_H

#include "engine/app/app.h"

extern const struct app_parser rfb_parser;

#endif
