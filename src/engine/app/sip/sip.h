/* sip: Session Initiation Protocol (RFC 3261) over UDP and TCP.
 *
 * Each message is a transaction of its own: a request to the server, a response to the client. Its start line and headers are
 * kept as they came and read when a rule or the log asks. Over TCP the body is walked over by Content-Length.
 *
 * Hostile: over TCP a head is at most SIP_HEAD_MAX bytes; a body's length is only counted down.
 */
#ifndef ENGINE_APP_SIP_SIP_H
#define ENGINE_APP_SIP_SIP_H

#include "engine/app/app.h"

extern const struct app_parser sip_parser;
extern const struct app_parser sip_tcp_parser;

#endif
