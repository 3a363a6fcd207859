/* What rules may ask about the files of a transaction: the same for every protocol that carries files. */
#include "engine/file/file.h"

typedef bool (*file_is)(const struct file *f);

/* File number `index` of those that move in this direction and of which `is` is true. */
static const struct file *nth(const struct tx *tx, enum dir dir, uint32_t index, file_is is)
{
    for (const struct file *f = tx->files; f; f = f->next)
        if (f->dir == dir && is(f) && index-- == 0)
            return f;
    return NULL;
}

static bool is_any(const struct file *f)
{
    return true;
}

static bool is_whole(const struct file *f)
{
    return f->state == FILE_CLOSED;
}

static bool is_part(const struct file *f)
{
    return f->state != FILE_CLOSED;
}

bool file_field_name(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a,
                     struct str *out)
{
    const struct file *f = nth(tx, dir, index, is_any);
    if (f)
        *out = f->name;
    return f != NULL;
}

bool file_field_size(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    const struct file *f = nth(tx, dir, index, is_whole);
    if (f)
        *out = f->size_bytes;
    return f != NULL;
}

bool file_field_size_so_far(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    const struct file *f = nth(tx, dir, index, is_part);
    if (f)
        *out = f->size_bytes;
    return f != NULL;
}

#define HASH_GETTER(kind, digest)                                                              \
    static bool has_##kind(const struct file *f)                                               \
    {                                                                                          \
        return !f->has_gaps && f->hashed & 1u << digest;                                       \
    }                                                                                          \
    bool file_field_##kind(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a, \
                           struct str *out)                                                    \
    {                                                                                          \
        const struct file *f = nth(tx, dir, index, has_##kind);                                \
        if (f)                                                                                 \
            *out = str_of(f->kind, sizeof f->kind);                                            \
        return f != NULL;                                                                      \
    }

HASH_GETTER(md5, DIGEST_MD5)
HASH_GETTER(sha1, DIGEST_SHA1)
HASH_GETTER(sha256, DIGEST_SHA256)
