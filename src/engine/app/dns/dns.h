/* dns: the Domain Name System over UDP and TCP (RFC 1035, 2671/6891, 3596, 2782, 4255).
 *
 * Each message is a transaction of its own, request or response. The message is kept as it came (at most DNS_MESSAGE_MAX
 * bytes); it is walked once on arrival, and fields are read out of it only when a rule or the log wants them.
 *
 * Hostile: compression pointers only backwards and at most DNS_JUMPS_MAX of them; names at most 255 bytes; records at most
 * DNS_RECORDS_MAX of each section; lengths by struct reader.
 */
#ifndef ENGINE_APP_DNS_DNS_H
#define ENGINE_APP_DNS_DNS_H

#include "engine/app/app.h"

extern const struct app_parser dns_parser; /* UDP; carries the fields of both */
extern const struct app_parser dns_tcp_parser;

#endif
