#include "base/digest.h"

#include <openssl/md5.h>
#include <openssl/sha.h>
#include <stdlib.h>

/* The low-level functions: what OpenSSL 3 puts in their place (EVP) asks the heap at each beginning, and packets begin
 * digests. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

struct digest {
    enum digest_kind kind;
    union {
        MD5_CTX md5;
        SHA_CTX sha1;
        SHA256_CTX sha256;
    } of;
};

struct digest *digest_new(enum digest_kind kind)
{
    struct digest *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->kind = kind;
    digest_begin(d);
    return d;
}

void digest_free(struct digest *d)
{
    free(d);
}

void digest_begin(struct digest *d)
{
    switch (d->kind) {
    case DIGEST_MD5: MD5_Init(&d->of.md5); break;
    case DIGEST_SHA1: SHA1_Init(&d->of.sha1); break;
    case DIGEST_SHA256: SHA256_Init(&d->of.sha256); break;
    case DIGEST_KINDS: break;
    }
}

void digest_add(struct digest *d, struct str bytes)
{
    if (!bytes.len)
        return;
    switch (d->kind) {
    case DIGEST_MD5: MD5_Update(&d->of.md5, bytes.p, bytes.len); break;
    case DIGEST_SHA1: SHA1_Update(&d->of.sha1, bytes.p, bytes.len); break;
    case DIGEST_SHA256: SHA256_Update(&d->of.sha256, bytes.p, bytes.len); break;
    case DIGEST_KINDS: break;
    }
}

void digest_end(struct digest *d, uint8_t *out)
{
    switch (d->kind) {
    case DIGEST_MD5: MD5_Final(out, &d->of.md5); break;
    case DIGEST_SHA1: SHA1_Final(out, &d->of.sha1); break;
    case DIGEST_SHA256: SHA256_Final(out, &d->of.sha256); break;
    case DIGEST_KINDS: break;
    }
}

#pragma GCC diagnostic pop

size_t digest_bytes(enum digest_kind kind)
{
    static const size_t bytes[DIGEST_KINDS] = {
        [DIGEST_MD5] = 16, [DIGEST_SHA1] = 20, [DIGEST_SHA256] = 32};
    return bytes[kind];
}

void digest_of(enum digest_kind kind, struct str bytes, uint8_t *out)
{
    struct digest d = {.kind = kind};
    digest_begin(&d);
    digest_add(&d, bytes);
    digest_end(&d, out);
}
