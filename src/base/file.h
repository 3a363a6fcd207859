/* file: whole files, read and written so that a crash leaves the old or the new one, never half. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/buf.h"
#include "base/err.h"

/* All of it, at most limit_bytes (more is an error). */
NODISCARD int file_read(const char *path, size_t limit_bytes, struct buf *out, struct err *err);
/* Written beside, fsync'd, renamed, folder fsync'd. mode: permission bits, 0600 for secrets. */
NODISCARD int file_write(const char *path, struct str bytes, unsigned mode, struct err *err);
/* Creates the folder and its parents (0 if it is there). */
NODISCARD int file_make_folder(const char *path, unsigned mode, struct err *err);

#endif
