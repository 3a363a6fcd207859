/* mdns: names of the local network without a server: Multicast DNS (RFC 6762) and LLMNR (RFC 4795).
 *
 * Both carry DNS messages (engine/format/dns). Each message is a transaction of its own, in the direction it travels. Whoever is
 * quick may answer here, so who said which name with which address is worth telling: that is how passwords are fished for in
 * a LAN.
 *
 * LLMNR is no protocol of Suricata 8; names of keywords, events and record are those of the version after it. Answers to its
 * multicast questions come from port 5355 in flows of their own, so the port of whoever opens a flow counts as well.
 *
 * Hostile: as engine/format/dns says; over TCP a message waits for its end in at most 64 KB.
 */
#ifndef ENGINE_APP_MDNS_MDNS_H
#define ENGINE_APP_MDNS_MDNS_H

#include "engine/app/app.h"

extern const struct app_parser mdns_parser;
extern const struct app_parser llmnr_parser; /* UDP; carries the fields of both */
extern const struct app_parser llmnr_tcp_parser;

#endif
