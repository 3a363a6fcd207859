/* cache: databases of literals in one file, from one start to the next; private to compile/.
 *
 * Way in:    bytes by key, while an image is made; a file that was read is mapped, and only what is asked for is touched.
 * Way out:   the same bytes, each with its SHA-256, which is checked before they are believed: a file that was cut off or
 *            damaged costs the time to make anew what is missing, never a wrong answer.
 * Trust:     whoever can write the file could put in a database that finds nothing, or worse. So it has to belong to root or
 *            to the user who reads it, and nobody else may write to it.
 * Limits:    CACHE_BYTES_MAX; those used last stay. A file is never changed: a new one is written beside it, and takes its name.
 */
#ifndef GATEWAY_COMPILE_CACHE_H
#define GATEWAY_COMPILE_CACHE_H

#include "base/digest.h"
#include "base/err.h"
#include "base/vec.h"
#include "engine/match/match.h"

#define CACHE_BYTES_MAX (UINT64_C(256) << 20)

struct cache_entry {
    uint8_t key[MATCH_KEY_BYTES], sum[DIGEST_BYTES_MAX]; /* sum: of the bytes */
    uint64_t at, len;
};

struct cache {
    struct str old; /* the file that was read, or empty */
    bool is_mapped;
    const struct cache_entry *entries; /* in `old` */
    uint32_t count;
    struct vec used;  /* uint32_t: entries that were asked for and are sound */
    struct vec fresh; /* struct cache_entry: written to `fd` */
    int fd;           /* of the new file; -1: nothing is written */
    bool failed;      /* it could not be written */
    uint64_t written, limit_bytes;
    uint32_t damaged;
};

/* Nothing is read yet. fd: an empty file to write to, which stays the caller's; or -1. */
void cache_init(struct cache *c, int fd, uint64_t limit_bytes);
/* Unmaps; entries that find has given are gone. */
void cache_fini(struct cache *c);
/* 0: it is read, or there is none; -1: there is one that is not used, and why. */
NODISCARD int cache_open(struct cache *c, const char *path, struct err *err);
/* Of the file in that folder. */
NODISCARD int cache_open_in(struct cache *c, const char *folder, struct err *err);
/* The same from memory of the caller's (for tests). */
NODISCARD int cache_take(struct cache *c, struct str bytes, struct err *err);
struct str cache_find(void *cache, const uint8_t key[MATCH_KEY_BYTES]);
void cache_add(void *cache, const uint8_t key[MATCH_KEY_BYTES], struct str bytes);
/* Closes what was written, with what was used and as much of the rest of the old file as fits. True: fd is a whole file that is
 * to take its place; false: nothing new came, or it could not be written, and fd is empty. */
bool cache_finish(struct cache *c);

#endif
