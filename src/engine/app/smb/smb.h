/* smb: SMB1 (MS-CIFS, MS-SMB) and SMB2/3 (MS-SMB2) over TCP: who logs on, which shares and files are opened, what is read and
 * written, and the calls in named pipes (DCE/RPC).
 *
 * A command with its answer is a transaction; all reads or all writes of an open file together are one, with the file. Commands
 * are found by message number, also when they are answered late (async) or several in one message (compounded).
 *
 * Memory:    trees and opens of a connection from the flow's budget: SMB_TREES_MAX, SMB_OPENS_MAX; the oldest goes.
 * Hostile: a message longer than SMB_MESSAGE_MAX is not waited for: its head is read, file bytes pass on as they come, the rest is
 * stepped over. What is encrypted (transform header) is stepped over. Behind a hole the next message is looked for.
 */
#ifndef ENGINE_APP_SMB_SMB_H
#define ENGINE_APP_SMB_SMB_H

#include "engine/app/app.h"

extern const struct app_parser smb_parser;

#endif
