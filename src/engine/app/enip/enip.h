/* enip: EtherNet/IP with the Common Industrial Protocol in it, over TCP and UDP: controllers, their masters and their parts.
 *
 * A message is a head of 24 bytes and data: the commands that find a device and open a session, or an envelope of CIP, which asks
 * objects for services. Volumes are those of the CIP Networks Library (1: CIP, 2: EtherNet/IP). A request with the response
 * that names the same command, session and service is a transaction; who answers a later one has passed over those before.
 * Messages are kept as they came and read when a rule or the log asks. Looked for only where the settings switch it on, as
 * in Suricata.
 *
 * Hostile: of a message ENIP_KEPT_MAX bytes are kept, of a bundle of services ENIP_BUNDLE_MAX are looked at, and no bundle in a
 * bundle, ENIP_FACTS_MAX numbers of a message; all lengths by struct reader. Data that cannot be read is told by an event; behind a hole nothing tells where a
 * message begins, and the direction ends.
 */
#ifndef ENGINE_APP_ENIP_ENIP_H
#define ENGINE_APP_ENIP_ENIP_H

#include "engine/app/app.h"

extern const struct app_parser enip_parser, enip_udp_parser;

#endif
