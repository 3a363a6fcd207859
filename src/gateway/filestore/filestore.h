/* filestore: the bytes of files, kept in a folder under the name of their SHA-256, as Suricata's file-store (version 2) does.
 *
 * Way in:    a worker's engine hands bytes to the struct file_sink of its struct filestore.
 * Way out:   FOLDER/ab/abcd... for each file that rules or the settings want, once its hash is known; the file's event says
 *            "stored" only then. What nobody wants is thrown away.
 * Memory:    none that grows; a file under way is FOLDER/tmp/WORKER.ID.
 * Threads:   a struct filestore belongs to one worker; folders may be shared.
 * Limits:    FILESTORE_BYTES_MAX under way and kept, of all that a worker stores: beyond it files are counted, not kept. Names
 *            of strangers are never used.
 */
#ifndef GATEWAY_FILESTORE_FILESTORE_H
#define GATEWAY_FILESTORE_FILESTORE_H

#include "base/err.h"
#include "engine/file/file.h"

#define FILESTORE_BYTES_MAX (UINT64_C(4) << 30)
#define FILESTORE_PATH_BYTES 1024

struct filestore {
    char folder[FILESTORE_PATH_BYTES];
    uint32_t worker;
    uint64_t bytes_left;
    uint64_t kept, lost; /* lost: wanted, but disk, room or hash were missing */
    struct file_sink sink;
};

/* Makes the folders. parent/folder, or folder when it begins with /. */
NODISCARD int filestore_open(struct filestore *s, const char *parent, const char *folder,
                             uint32_t worker, struct err *err);
/* Takes the folder of files under way away when it is empty. */
void filestore_close(struct filestore *s);

#endif
