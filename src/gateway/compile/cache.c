/* The file: a head, the bytes of each database at a multiple of 64, the table of entries, and an end that says where the table is.
 * So it can be written in one go while databases are made, without keeping them. All numbers are the machine's own: on
 * another one no key would fit. */
#include "gateway/compile/cache.h"

#include "base/file.h"
#include "gateway/compile/compile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC UINT64_C(0x31626474736b6f6f)
#define ALIGN 64u
#define ENTRIES_MAX 4096u /* an image has some fifty */
#define TABLE_BYTES_MAX (1u << 20)
#define NEW_NAME "databases.new"
#define NAME "databases"
#define PATH_BYTES 4096

struct cache_end {
    uint64_t table_at;
    uint32_t count, unused;
    uint8_t sum[DIGEST_BYTES_MAX]; /* of the table */
    uint64_t magic;
};

_Static_assert(sizeof(struct cache_entry) % 8 == 0, "a table of entries is aligned");

void cache_init(struct cache *c, int fd, uint64_t limit_bytes)
{
    *c = (struct cache){.fd = fd, .limit_bytes = limit_bytes};
    vec_init(&c->used, sizeof(uint32_t));
    vec_init(&c->fresh, sizeof(struct cache_entry));
}

static void give_back(struct cache *c)
{
    union {
        const uint8_t *in;
        void *out;
    } old = {.in = c->old.p};
    if (c->is_mapped)
        munmap(old.out, c->old.len);
    c->old = STR_EMPTY;
    c->is_mapped = false;
    c->count = 0;
}

void cache_fini(struct cache *c)
{
    give_back(c);
    vec_fini(&c->used);
    vec_fini(&c->fresh);
}

/* ---- the old file ---- */

static bool has_sum(struct str bytes, const uint8_t want[DIGEST_BYTES_MAX])
{
    uint8_t sum[DIGEST_BYTES_MAX];
    digest_of(DIGEST_SHA256, bytes, sum);
    return memcmp(sum, want, sizeof sum) == 0;
}

int cache_take(struct cache *c, struct str bytes, struct err *err)
{
    struct cache_end end;
    if (bytes.len < sizeof end)
        return err_set(err, "it is cut off");
    uint64_t room = bytes.len - sizeof end;
    memcpy(&end, bytes.p + room, sizeof end);
    uint64_t table_bytes = (uint64_t)end.count * sizeof(struct cache_entry);
    if (end.magic != MAGIC || end.count > ENTRIES_MAX || end.table_at % ALIGN ||
        end.table_at > room || table_bytes != room - end.table_at)
        return err_set(err, "it is cut off, or of another version");
    struct str table = str_cut(bytes, end.table_at, room);
    if (!has_sum(table, end.sum))
        return err_set(err, "its table is damaged");
    c->old = bytes;
    c->entries = (const struct cache_entry *)(const void *)table.p;
    c->count = end.count;
    return 0;
}

/* Could somebody else have written it? */
static int check_owner(const struct stat *st, struct err *err)
{
    if (!S_ISREG(st->st_mode))
        return err_set(err, "it is not a file");
    if (st->st_uid != 0 && st->st_uid != geteuid())
        return err_set(err, "it belongs to somebody else (user %u)", (unsigned)st->st_uid);
    if (st->st_mode & (S_IWGRP | S_IWOTH))
        return err_set(err, "others may write to it");
    return 0;
}

static int map(struct cache *c, int fd, struct err *err)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return err_errno(err, "its size");
    if (check_owner(&st, err) < 0)
        return -1;
    if (st.st_size == 0 || (uint64_t)st.st_size > c->limit_bytes + TABLE_BYTES_MAX)
        return err_set(err, "it is empty or too large");
    size_t len = (size_t)st.st_size;
    const void *at = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
    if (at == MAP_FAILED)
        return err_errno(err, "mapping it");
    c->is_mapped = true;
    c->old = str_of(at, len);
    if (cache_take(c, c->old, err) == 0)
        return 0;
    give_back(c);
    return -1;
}

int cache_open(struct cache *c, const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT ? 0 : err_errno(err, "opening it");
    int rc = map(c, fd, err);
    close(fd);
    return rc;
}

/* The entry's bytes, or empty: they do not lie in the file, or are not what they were. */
static struct str sound_bytes(struct cache *c, const struct cache_entry *e)
{
    uint64_t end;
    bool inside = !__builtin_add_overflow(e->at, e->len, &end) && end <= c->old.len;
    struct str bytes = inside ? str_cut(c->old, e->at, end) : STR_EMPTY;
    if (bytes.len && e->at % ALIGN == 0 && has_sum(bytes, e->sum))
        return bytes;
    c->damaged++;
    return STR_EMPTY;
}

struct str cache_find(void *cache, const uint8_t key[MATCH_KEY_BYTES])
{
    struct cache *c = cache;
    for (uint32_t i = 0; i < c->count; i++) {
        if (memcmp(c->entries[i].key, key, MATCH_KEY_BYTES) != 0)
            continue;
        struct str bytes = sound_bytes(c, &c->entries[i]);
        uint32_t *used = bytes.len ? vec_push(&c->used) : NULL;
        if (used)
            *used = i;
        return bytes;
    }
    return STR_EMPTY;
}

/* ---- the new file ---- */

/* A full disk fails it: then the next start makes its databases, as this one does. */
static bool write_all(struct cache *c, struct str bytes)
{
    while (bytes.len && !c->failed) {
        ssize_t n = write(c->fd, bytes.p, bytes.len);
        if (n < 0 && errno == EINTR)
            continue;
        c->failed = n <= 0;
        bytes = c->failed ? bytes : str_from(bytes, (size_t)n);
        c->written += c->failed ? 0 : (uint64_t)n;
    }
    return !c->failed;
}

static bool write_aligned(struct cache *c, struct str bytes)
{
    static const uint8_t zeros[ALIGN];
    return write_all(c, bytes) && write_all(c, str_of(zeros, (ALIGN - c->written % ALIGN) % ALIGN));
}

static bool fits(const struct cache *c, uint64_t len)
{
    return c->fresh.count < ENTRIES_MAX && len <= c->limit_bytes &&
           c->written <= c->limit_bytes - len;
}

void cache_add(void *cache, const uint8_t key[MATCH_KEY_BYTES], struct str bytes)
{
    struct cache *c = cache;
    if (c->fd < 0 || c->failed || !fits(c, bytes.len))
        return;
    struct cache_entry entry = {.at = c->written, .len = bytes.len};
    memcpy(entry.key, key, sizeof entry.key);
    digest_of(DIGEST_SHA256, bytes, entry.sum);
    struct cache_entry *slot = write_aligned(c, bytes) ? vec_push(&c->fresh) : NULL;
    if (slot)
        *slot = entry;
}

static bool is_used(const struct cache *c, uint32_t entry)
{
    for (size_t i = 0; i < c->used.count; i++)
        if (*(const uint32_t *)vec_at(&c->used, i) == entry)
            return true;
    return false;
}

static bool is_fresh(const struct cache *c, const uint8_t key[MATCH_KEY_BYTES])
{
    for (size_t i = 0; i < c->fresh.count; i++)
        if (memcmp(((const struct cache_entry *)vec_at(&c->fresh, i))->key, key, MATCH_KEY_BYTES) ==
            0)
            return true;
    return false;
}

static void keep_old(struct cache *c, bool used)
{
    for (uint32_t i = 0; i < c->count && !c->failed; i++) {
        const struct cache_entry *e = &c->entries[i];
        if (is_used(c, i) != used || is_fresh(c, e->key))
            continue;
        struct str bytes = sound_bytes(c, e);
        if (bytes.len)
            cache_add(c, e->key, bytes);
    }
}

static bool write_end(struct cache *c)
{
    struct cache_end end = {
        .table_at = c->written, .count = (uint32_t)c->fresh.count, .magic = MAGIC};
    struct str table = str_of(c->fresh.items, c->fresh.count * sizeof(struct cache_entry));
    digest_of(DIGEST_SHA256, table, end.sum);
    return write_all(c, table) && write_all(c, str_of(&end, sizeof end));
}

bool cache_finish(struct cache *c)
{
    if (c->fd < 0)
        return false;
    if (c->fresh.count) {
        keep_old(c, true);
        keep_old(c, false);
        if (write_end(c))
            return true;
    }
    (void)!ftruncate(c->fd, 0); /* whoever gives it its name takes an empty one for none */
    return false;
}

/* ---- the folder ---- */

static void join(char out[PATH_BYTES], const char *folder, const char *name)
{
    snprintf(out, PATH_BYTES, "%s/%s", folder, name);
}

int compile_cache_begin(const char *folder)
{
    char path[PATH_BYTES];
    struct stat here, named;
    join(path, folder, NEW_NAME);
    if (file_make_folder(folder, 0700, NULL) < 0)
        return -1;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0)
        return -1;
    /* whoever has the lock writes; another one may just have given the file its last name */
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &here) == 0 && lstat(path, &named) == 0 &&
        here.st_ino == named.st_ino && here.st_dev == named.st_dev &&
        check_owner(&here, NULL) == 0 && ftruncate(fd, 0) == 0)
        return fd;
    close(fd);
    return -1;
}

void compile_cache_end(const char *folder, int fd, bool well)
{
    char path[PATH_BYTES], last[PATH_BYTES];
    struct stat st;
    if (fd < 0)
        return;
    join(path, folder, NEW_NAME);
    join(last, folder, NAME);
    bool is_whole = well && fstat(fd, &st) == 0 && st.st_size > 0;
    if (!is_whole || rename(path, last) < 0)
        unlink(path);
    close(fd);
}

int cache_open_in(struct cache *c, const char *folder, struct err *err)
{
    char path[PATH_BYTES];
    join(path, folder, NAME);
    return cache_open(c, path, err) < 0 ? err_prefix(err, "%s is not used", path) : 0;
}
