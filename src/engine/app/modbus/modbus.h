/* modbus: Modbus/TCP, with which masters read and write the coils and registers of controllers.
 *
 * A message is a head of seven bytes (MODBUS Messaging on TCP/IP Implementation Guide V1.0b, section 3.1.3) and a function with its
 * data (MODBUS Application Protocol Specification V1.1b3, chapters 4 to 7). A request with the response of the same transaction
 * identifier, unit and function is a transaction; a response that nobody asked for is one of its own. Messages are kept as they
 * came and read when a rule or the log asks. Looked for only where the settings switch it on, as in Suricata.
 *
 * Hostile: a message has at most MODBUS_PDU_MAX bytes behind its head. A head with an impossible length is told as a damaged
 * message of its own, and behind it, as behind a hole, the next head that can be one is looked for: nobody hides a request behind
 * a length. Requests that wait for an answer are counted (app-layer.protocols.modbus.request-flood).
 */
#ifndef ENGINE_APP_MODBUS_MODBUS_H
#define ENGINE_APP_MODBUS_MODBUS_H

#include "engine/app/app.h"

extern const struct app_parser modbus_parser;

#endif
