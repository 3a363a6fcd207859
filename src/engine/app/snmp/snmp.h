/* snmp: the Simple Network Management Protocol, versions 1, 2c and 3 (RFC 1157, RFC 3416, RFC 3412, RFC 3414).
 *
 * Each message is a transaction of its own, in the direction it travels. It is kept as it came; names are read out of it when a
 * rule or the log asks.
 *
 * Hostile: BER by lengths within lengths, no recursion; SNMP_VARS_MAX variables of a message are shown, SNMP_OID_MAX characters
 * of each.
 */
#ifndef ENGINE_APP_SNMP_SNMP_H
#define ENGINE_APP_SNMP_SNMP_H

#include "engine/app/app.h"

extern const struct app_parser snmp_parser;

#endif
