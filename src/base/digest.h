/* digest: MD5, SHA-1 and SHA-256 of a stream (OpenSSL behind it). Contexts are made once and used again. */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include "base/attr.h"
#include "base/str.h"

enum digest_kind { DIGEST_MD5, DIGEST_SHA1, DIGEST_SHA256, DIGEST_KINDS };

#define DIGEST_BYTES_MAX 32

struct digest;

/* NULL when memory is out. */
NODISCARD struct digest *digest_new(enum digest_kind kind);
void digest_free(struct digest *d);
/* Begins anew; no allocation. */
void digest_begin(struct digest *d);
void digest_add(struct digest *d, struct str bytes);
/* Writes digest_bytes(kind) bytes. */
void digest_end(struct digest *d, uint8_t *out);
size_t digest_bytes(enum digest_kind kind);
/* All in one. */
void digest_of(enum digest_kind kind, struct str bytes, uint8_t *out);

#endif
