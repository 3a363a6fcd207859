/* rdp: the beginning of a Remote Desktop connection (MS-RDPBCGR): X.224 request and confirm, MCS connect with what the client tells of
 * itself, or the certificates of the TLS handshake that follows instead.
 *
 * Each message is a transaction of its direction. Then the connection is ciphered or not worth reading, and passes.
 *
 * Hostile: of what is sent RDP_MESSAGE_MAX bytes are waited for and kept, RDP_CHANNELS_MAX channels and RDP_SERIALS_MAX
 * certificates are told; all lengths by struct reader. What is no message of the beginning ends the reading, and breaks nothing.
 */
#ifndef ENGINE_APP_RDP_RDP_H
#define ENGINE_APP_RDP_RDP_H

#include "engine/app/app.h"

extern const struct app_parser rdp_parser;

#endif
