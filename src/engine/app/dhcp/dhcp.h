/* dhcp: how machines of a LAN get their addresses (RFC 2131, options of RFC 2132), IPv4.
 *
 * Each message is a transaction of its own, in the direction it travels. It is kept as it came; options are read out of it
 * when a rule or the log asks. Known by its magic cookie on any port.
 *
 * Hostile: option lengths by struct reader, one pass over the options for each question; of an option that comes again, the last one
 * counts. A name or identifier says what its sender likes: it is shown, never trusted.
 */
#ifndef ENGINE_APP_DHCP_DHCP_H
#define ENGINE_APP_DHCP_DHCP_H

#include "engine/app/app.h"

extern const struct app_parser dhcp_parser;

#endif
