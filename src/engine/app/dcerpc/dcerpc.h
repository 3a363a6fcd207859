/* dcerpc: DCE/RPC over TCP and UDP (C706 chapter 12, MS-RPCE): which interface is called, which operation, with what.
 *
 * A bind or a request with its answer is a transaction; fragments of a call are put together. What SMB's named pipes carry is
 * read by smb with the same reader (engine/format/rpc). Over TCP each whole unit is a frame (pdu), so are its head and what
 * follows it (hdr, data).
 *
 * Hostile: a unit says its own length (at most 65,535 bytes); a call that no one answers waits until the flow ends or room is
 * needed; behind a hole the next thing that looks like a head is looked for.
 */
#ifndef ENGINE_APP_DCERPC_DCERPC_H
#define ENGINE_APP_DCERPC_DCERPC_H

#include "engine/app/app.h"

extern const struct app_parser dcerpc_parser; /* TCP; carries the fields of both */
extern const struct app_parser dcerpc_udp_parser;

#endif
