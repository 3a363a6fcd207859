/* ssh: Secure Shell (RFC 4253): what of it is in the clear: the banners, and the lists of algorithms in KEXINIT, of which HASSH
 * (Salesforce, 2018) makes a fingerprint of each side.
 *
 * One transaction for each connection. With NEWKEYS of both sides it is complete and goes; what follows is encrypted and not
 * looked at. SSH 1 (RFC 4253 section 5 tells how it is known) ends with its banners.
 *
 * Hostile: a banner is at most 256 bytes, lines before the server's at most SSH_LINES_BEFORE_MAX; a KEXINIT that is longer than
 * any packet may be is walked over with an event; the length of any other packet is only counted down.
 */
#ifndef ENGINE_APP_SSH_SSH_H
#define ENGINE_APP_SSH_SSH_H

#include "engine/app/app.h"

extern const struct app_parser ssh_parser;

#endif
