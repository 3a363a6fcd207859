/* sip: Session Initiation Protocol (RFC 3261) over UDP and TCP.
 *
 * Each message is a transaction of its own: a request to the server, a response to the client. Its start line and headers are
 * kept as they came and read when a rule or the log asks. Over TCP the body is found by Content-Length;
 * without one it is the lines of a description, and whatever else is no start line is walked over up to the next one.
 * A body that describes the media of a call (sdp.h) is read, whatever Content-Type says; of other bodies nothing is kept.
 *
 * Hostile: over TCP a head is at most SIP_HEAD_MAX bytes; a body's length is only counted down, and of one description in each direction
 * the bytes are still collected.
 */
#ifndef ENGINE_APP_SIP_SIP_H
#define ENGINE_APP_SIP_SIP_H

#include "engine/app/app.h"

extern const struct app_parser sip_parser;
extern const struct app_parser sip_tcp_parser;

#endif
