#include "engine/file/file.h"

#include <stdlib.h>

struct file_store {
    struct file_conf conf;
    struct file_sink sink;
    uint64_t opened;
    /* hash contexts that are free now, a stack of each kind */
    struct digest **free_digests[DIGEST_KINDS];
    uint32_t free_count[DIGEST_KINDS];
};

static bool wants(const struct file_conf *conf, enum digest_kind kind)
{
    switch (kind) {
    case DIGEST_MD5: return conf->want_md5;
    case DIGEST_SHA1: return conf->want_sha1;
    case DIGEST_SHA256: return conf->want_sha256;
    case DIGEST_KINDS: break;
    }
    return false;
}

static int make_digests(struct file_store *s, enum digest_kind kind)
{
    uint32_t count = s->conf.digests_max;
    if (s->free_digests[kind] || count == 0)
        return 0;
    s->free_digests[kind] = calloc(count, sizeof(struct digest *));
    if (!s->free_digests[kind])
        return -1;
    for (uint32_t i = 0; i < count; i++) {
        struct digest *d = digest_new(kind);
        if (!d)
            return -1;
        s->free_digests[kind][s->free_count[kind]++] = d;
    }
    return 0;
}

struct file_store *file_store_new(const struct file_conf *conf, const struct file_sink *sink)
{
    struct file_store *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->conf = *conf;
    if (sink)
        s->sink = *sink;
    uint8_t kinds = 0;
    for (int kind = 0; kind < DIGEST_KINDS; kind++)
        if (wants(conf, (enum digest_kind)kind))
            kinds |= (uint8_t)(1u << kind);
    if (file_store_hash(s, kinds) < 0) {
        file_store_free(s);
        return NULL;
    }
    return s;
}

int file_store_hash(struct file_store *s, uint8_t kinds)
{
    for (int kind = 0; kind < DIGEST_KINDS; kind++)
        if (kinds >> kind & 1 && make_digests(s, (enum digest_kind)kind) < 0)
            return -1;
    return 0;
}

void file_store_free(struct file_store *s)
{
    if (!s)
        return;
    for (int kind = 0; kind < DIGEST_KINDS; kind++) {
        for (uint32_t i = 0; i < s->free_count[kind]; i++)
            digest_free(s->free_digests[kind][i]);
        free(s->free_digests[kind]);
    }
    free(s);
}

static void take_digests(struct file_store *s, struct file *f)
{
    for (int kind = 0; kind < DIGEST_KINDS; kind++) {
        if (s->free_count[kind] == 0)
            continue;
        f->digests[kind] = s->free_digests[kind][--s->free_count[kind]];
        digest_begin(f->digests[kind]);
    }
}

static void give_digests(struct file_store *s, struct file *f)
{
    for (int kind = 0; kind < DIGEST_KINDS; kind++) {
        if (f->digests[kind])
            s->free_digests[kind][s->free_count[kind]++] = f->digests[kind];
        f->digests[kind] = NULL;
    }
}

struct file *file_open(struct file_store *s, struct budget *mem, struct tx *tx, enum dir dir,
                       struct str name)
{
    struct file *f = budget_zalloc(mem, sizeof *f);
    if (!f)
        return NULL;
    name = str_cut(name, 0, FILE_NAME_MAX);
    if (name.len) {
        uint8_t *copy = budget_alloc(mem, name.len);
        if (!copy) {
            budget_give(mem, f, sizeof *f);
            return NULL;
        }
        memcpy(copy, name.p, name.len);
        f->name = str_of(copy, name.len);
    }
    f->id = ++s->opened;
    f->dir = dir;
    f->wanted = s->conf.want_all || (tx->files_wanted & DIR_BIT(dir));
    take_digests(s, f);
    struct file **last = &tx->files;
    while (*last)
        last = &(*last)->next;
    *last = f;
    if (s->sink.opened)
        s->sink.opened(s->sink.owner, tx, f);
    return f;
}

void file_add(struct file_store *s, struct tx *tx, struct file *f, struct str bytes)
{
    if (f->state != FILE_OPEN || bytes.len == 0)
        return;
    struct str head = str_cut(bytes, 0, FILE_HEAD_BYTES - f->head_len);
    if (head.len && f->head_len == f->size_bytes) {
        memcpy(f->head + f->head_len, head.p, head.len);
        f->head_len = (uint8_t)(f->head_len + head.len);
    }
    f->size_bytes += bytes.len;
    for (int kind = 0; kind < DIGEST_KINDS; kind++)
        if (f->digests[kind])
            digest_add(f->digests[kind], bytes);
    if (s->sink.bytes)
        s->sink.bytes(s->sink.owner, tx, f, bytes);
}

void file_gap(struct file *f, uint32_t bytes)
{
    if (f->state != FILE_OPEN)
        return;
    f->has_gaps = true;
    f->size_bytes += bytes;
}

/* Also of a file that was cut off or has holes: the hash of what was seen, `state` and `gaps` say that it is not all. */
static void finish_digests(struct file *f)
{
    uint8_t *const out[DIGEST_KINDS] = {
        [DIGEST_MD5] = f->md5, [DIGEST_SHA1] = f->sha1, [DIGEST_SHA256] = f->sha256};
    for (int kind = 0; kind < DIGEST_KINDS; kind++) {
        if (!f->digests[kind])
            continue;
        digest_end(f->digests[kind], out[kind]);
        f->has_hash = true;
        f->hashed |= (uint8_t)(1u << kind);
    }
}

void file_end(struct file_store *s, struct tx *tx, struct file *f, enum file_state state)
{
    if (f->state != FILE_OPEN)
        return;
    f->state = state == FILE_CLOSED && f->has_gaps ? FILE_TRUNCATED : state;
    finish_digests(f);
    give_digests(s, f);
    if (s->sink.ended)
        s->sink.ended(s->sink.owner, tx, f);
}

void file_settle(struct file_store *s, const struct tx *tx, struct file *f)
{
    if (f->settled || f->state == FILE_OPEN)
        return;
    f->settled = true;
    if (s->sink.settled)
        s->sink.settled(s->sink.owner, tx, f);
}

void file_free_all(struct file_store *s, struct budget *mem, struct tx *tx)
{
    while (tx->files) {
        struct file *f = tx->files;
        file_end(s, tx, f, FILE_TRUNCATED);
        file_settle(s, tx, f);
        tx->files = f->next;
        if (f->name.len) {
            void *copy;
            memcpy(&copy, &f->name.p, sizeof copy);
            budget_give(mem, copy, f->name.len);
        }
        budget_give(mem, f, sizeof *f);
    }
}

struct str file_extension(const struct file *f)
{
    for (size_t i = f->name.len; i > 0; i--) {
        uint8_t c = f->name.p[i - 1];
        if (c == '.')
            return str_from(f->name, i);
        if (c == '/' || c == '\\')
            break;
    }
    return STR_EMPTY;
}
