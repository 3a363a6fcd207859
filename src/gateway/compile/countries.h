/* countries: reads a database of addresses (MaxMind DB file format 2.0) for the keyword geoip; private to compile/.
 *
 * The file comes from outside and may be damaged or made by an enemy: libmaxminddb bounds what it reads of it; the walk here bounds how
 * often it asks. Only the part about IPv4 is read, as Suricata does, and of each network the text at country.iso_code.
 */
#ifndef GATEWAY_COMPILE_COUNTRIES_H
#define GATEWAY_COMPILE_COUNTRIES_H

#include "engine/rule/rule.h"

/* A rule_countries_fn; owner: struct conf, whose geoip-database names the file. */
NODISCARD int countries_give(void *owner, struct rule_loader *l, struct err *err);

#endif
