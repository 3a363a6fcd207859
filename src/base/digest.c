#include "base/digest.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdlib.h>

struct digest {
    EVP_MD *algorithm;
    EVP_MD_CTX *context;
};

static const struct {
    const char *name;
    size_t bytes;
} kinds[DIGEST_KINDS] = {
    [DIGEST_MD5] = {"MD5", 16},
    [DIGEST_SHA1] = {"SHA1", 20},
    [DIGEST_SHA256] = {"SHA256", 32},
};

struct digest *digest_new(enum digest_kind kind)
{
    struct digest *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->algorithm = EVP_MD_fetch(NULL, kinds[kind].name, NULL);
    d->context = EVP_MD_CTX_new();
    if (!d->algorithm || !d->context || !EVP_DigestInit_ex2(d->context, d->algorithm, NULL)) {
        digest_free(d);
        return NULL;
    }
    return d;
}

void digest_free(struct digest *d)
{
    if (!d)
        return;
    EVP_MD_CTX_free(d->context);
    EVP_MD_free(d->algorithm);
    free(d);
}

/* These three cannot fail on a context that digest_new made: no memory is asked for, no key is involved. */
void digest_begin(struct digest *d)
{
    int done = EVP_DigestInit_ex2(d->context, NULL, NULL);
    assert(done);
    (void)done;
}

void digest_add(struct digest *d, struct str bytes)
{
    int done = bytes.len == 0 || EVP_DigestUpdate(d->context, bytes.p, bytes.len);
    assert(done);
    (void)done;
}

void digest_end(struct digest *d, uint8_t *out)
{
    int done = EVP_DigestFinal_ex(d->context, out, NULL);
    assert(done);
    (void)done;
}

size_t digest_bytes(enum digest_kind kind)
{
    return kinds[kind].bytes;
}

void digest_of(enum digest_kind kind, struct str bytes, uint8_t *out)
{
    struct digest *d = digest_new(kind);
    assert(d);
    digest_add(d, bytes);
    digest_end(d, out);
    digest_free(d);
}
