/* telnet: the Telnet protocol (RFC 854): commands and lines of text, told apart as frames. There are no transactions, no fields and
 * no records, as in Suricata.
 *
 * Frames: "ctl", a command with its option, or a subnegotiation; "data", a line with its end, or what stands before a command;
 * "pdu", either of them.
 *
 * Hostile: nothing is kept but where the parser stands; at most two bytes are waited for. A hole is a line's end.
 */
#ifndef ENGINE_APP_TELNET_TELNET_H
#define ENGINE_APP_TELNET_TELNET_H

#include "engine/app/app.h"

extern const struct app_parser telnet_parser;

#endif
