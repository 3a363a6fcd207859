/* dnp3: DNP3 (IEEE 1815) over TCP: stations of power and water works and the masters that ask and switch them.
 *
 * Three layers. Link: frames of at most 292 bytes that begin with 05 64, a checksum behind the head and behind every 16 bytes of
 * data. Transport: a byte says which frames make a fragment. Application: a fragment is a request or a response with objects,
 * points of which are read when a rule or the log asks. Each fragment is a transaction of its own; what is wrong with a frame
 * is told by one that holds nothing else.
 *
 * Sections are those of IEEE 1815-2012. Looked for only where the settings switch it on, as in Suricata.
 *
 * Hostile: where no frame begins, or behind a wrong checksum or a hole, the next 05 64 is looked for, as a station does it:
 * who jams a line with a damaged frame hides nothing. A fragment has at most DNP3_FRAGMENT_MAX bytes,
 * app_conf.dnp3_objects_max objects and app_conf.dnp3_points_max points; the log shows DNP3_POINTS_LOGGED of them.
 */
#ifndef ENGINE_APP_DNP3_DNP3_H
#define ENGINE_APP_DNP3_DNP3_H

#include "engine/app/app.h"

extern const struct app_parser dnp3_parser;

#endif
