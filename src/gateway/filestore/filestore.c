#include "gateway/filestore/filestore.h"

#include "base/file.h"
#include "base/text.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES (FILESTORE_PATH_BYTES + 128)
#define SHA256_BYTES 32
#define FOLDER_MODE 0750
#define FILE_MODE 0640

static void path_under_way(const struct filestore *s, const struct file *f, char *path)
{
    snprintf(path, PATH_BYTES, "%s/tmp/%u.%llu", s->folder, s->worker, (unsigned long long)f->id);
}

static void on_opened(void *owner, const struct tx *tx, struct file *f)
{
    char path[PATH_BYTES];
    (void)tx;
    path_under_way(owner, f, path);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
    if (fd >= 0)
        close(fd);
}

static bool append(const char *path, struct str bytes)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool ok = true;
    while (bytes.len && ok) {
        ssize_t done = write(fd, bytes.p, bytes.len);
        ok = done > 0;
        bytes = str_from(bytes, ok ? (size_t)done : 0);
    }
    return close(fd) == 0 && ok;
}

/* A file that could not be written whole is not kept in part: without it, later bytes find nothing to go to. */
static void on_bytes(void *owner, const struct tx *tx, struct file *f, struct str bytes)
{
    struct filestore *s = owner;
    char path[PATH_BYTES];
    (void)tx;
    path_under_way(s, f, path);
    if (bytes.len > s->bytes_left || !append(path, bytes)) {
        unlink(path);
        return;
    }
    s->bytes_left -= bytes.len;
}

static bool keep(const struct filestore *s, const struct file *f, const char *from)
{
    char name[2 * SHA256_BYTES + 1], path[PATH_BYTES];
    if (!(f->hashed & 1u << DIGEST_SHA256))
        return false;
    text_hex(name, str_of(f->sha256, SHA256_BYTES));
    int len = snprintf(path, sizeof path, "%s/%.2s", s->folder, name);
    if (len < 0 || (size_t)len >= sizeof path || file_make_folder(path, FOLDER_MODE, NULL) < 0)
        return false;
    len = snprintf(path, sizeof path, "%s/%.2s/%s", s->folder, name, name);
    return len > 0 && (size_t)len < sizeof path && rename(from, path) == 0;
}

static void on_settled(void *owner, const struct tx *tx, struct file *f)
{
    struct filestore *s = owner;
    struct stat st;
    char path[PATH_BYTES];
    (void)tx;
    path_under_way(s, f, path);
    bool there = stat(path, &st) == 0;
    if (f->wanted) {
        f->kept = there && keep(s, f, path);
        s->kept += f->kept;
        s->lost += !f->kept;
    }
    if (f->kept || !there)
        return;
    s->bytes_left += (uint64_t)st.st_size;
    unlink(path);
}

int filestore_open(struct filestore *s, const char *parent, const char *folder, uint32_t worker,
                   struct err *err)
{
    *s = (struct filestore){.worker = worker, .bytes_left = FILESTORE_BYTES_MAX};
    s->sink = (struct file_sink){
        .opened = on_opened, .bytes = on_bytes, .settled = on_settled, .owner = s};
    int len = folder[0] == '/' ? snprintf(s->folder, sizeof s->folder, "%s", folder)
                               : snprintf(s->folder, sizeof s->folder, "%s/%s", parent, folder);
    if (len < 0 || (size_t)len >= sizeof s->folder)
        return err_set(err, "file-store: the path is too long");
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/tmp", s->folder);
    return file_make_folder(path, FOLDER_MODE, err);
}

void filestore_close(struct filestore *s)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/tmp", s->folder);
    rmdir(path);
}
