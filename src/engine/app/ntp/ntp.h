/* ntp: the Network Time Protocol, versions 3 and 4 (RFC 1305, RFC 5905): who asks whom for the time.
 *
 * Each datagram is a transaction of its own, in the direction it travels. Only its fixed part is read: what the fields tell is in
 * the transaction, and nothing else is kept.
 */
#ifndef ENGINE_APP_NTP_NTP_H
#define ENGINE_APP_NTP_NTP_H

#include "engine/app/app.h"

extern const struct app_parser ntp_parser;

#endif
