/* tftp: the Trivial File Transfer Protocol (RFC 1350, RFC 2347): which file a machine reads or writes.
 *
 * Each request is a transaction. The transfer itself goes on between other ports, which say nothing of the protocol: it is
 * not followed.
 *
 * Hostile: names and modes are read to their NUL inside the datagram; TFTP_NAME_MAX bytes of a name are kept.
 */
#ifndef ENGINE_APP_TFTP_TFTP_H
#define ENGINE_APP_TFTP_TFTP_H

#include "engine/app/app.h"

extern const struct app_parser tftp_parser;

#endif
