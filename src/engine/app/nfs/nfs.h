/* nfs: NFS versions 2 (RFC 1094), 3 (RFC 1813) and 4 (RFC 7530, 8881) in ONC RPC over TCP and UDP: who asks for what, and the files
 * that are read and written.
 *
 * A call with its reply is a transaction, but for those that say nothing of their own (COMMIT; of version 4 all that neither
 * read, write, make nor remove). All reads of a file up to its end are one, with the file, and so are all writes up to the one that
 * makes them lasting. Replies are found by their number; in which order they come does not matter.
 *
 * Memory:    of a connection, from the flow's budget: NFS_CALLS_MAX calls that wait for replies, NFS_NAMES_MAX names of handles,
 *            NFS_FILES_MAX files on their way; the oldest goes. NFS_WAITING_BYTES_MAX of files that wait for what stands before.
 * Hostile:   a message longer than NFS_MESSAGE_MAX is not waited for: its head is read, file bytes pass on as they come, the rest is
 *            stepped over. Behind a hole the next head is looked for. A record in more fragments than NFS_FRAGMENTS_MAX, or in
 *            several that together are longer than NFS_MESSAGE_MAX, is stepped over.
 */
#ifndef ENGINE_APP_NFS_NFS_H
#define ENGINE_APP_NFS_NFS_H

#include "engine/app/app.h"

extern const struct app_parser nfs_parser;
extern const struct app_parser nfs_udp_parser;

#endif
