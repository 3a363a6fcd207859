#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_STEP_BYTES (64u * 1024)

static int read_all(int fd, const char *path, size_t limit_bytes, struct buf *out, struct err *err)
{
    size_t total = 0;
    for (;;) {
        if (!buf_reserve(out, READ_STEP_BYTES) && !(out->failed = false, buf_reserve(out, 1)))
            return err_set(err, "cannot read %s: no memory for more than %zu bytes", path, total);
        ssize_t got = read(fd, out->p + out->len, out->cap - out->len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_errno(err, "cannot read %s", path);
        if (got == 0)
            return 0;
        total += (size_t)got;
        if (total > limit_bytes)
            return err_set(err, "cannot read %s: larger than %zu bytes", path, limit_bytes);
        out->len += (size_t)got;
    }
}

int file_read(const char *path, size_t limit_bytes, struct buf *out, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(err, "cannot open %s", path);
    int result = read_all(fd, path, limit_bytes, out, err);
    close(fd);
    return result;
}

static int write_all(int fd, struct str bytes)
{
    while (bytes.len) {
        ssize_t put = write(fd, bytes.p, bytes.len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -1;
        bytes = str_from(bytes, (size_t)put);
    }
    return 0;
}

/* A rename is on the disk only when the folder is. */
static int sync_folder(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int len = slash == path ? 1 : slash ? (int)(slash - path) : 1;
    snprintf(folder, sizeof folder, "%.*s", len, slash ? path : ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int result = fsync(fd);
    close(fd);
    return result;
}

int file_write(const char *path, struct str bytes, unsigned mode, struct err *err)
{
    char beside[PATH_MAX];
    int len = snprintf(beside, sizeof beside, "%s.new.%d", path, (int)getpid());
    if (len < 0 || (size_t)len >= sizeof beside)
        return err_set(err, "cannot write %s: the path is too long", path);
    unlink(beside); /* of a process with our id that died */
    int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_errno(err, "cannot create %s", beside);
    int result = write_all(fd, bytes) < 0 || fchmod(fd, (mode_t)mode) < 0 || fsync(fd) < 0 ? -1 : 0;
    if (result < 0)
        err_errno(err, "cannot write %s", beside);
    close(fd);
    if (result == 0 && (rename(beside, path) < 0 || sync_folder(path) < 0))
        result = err_errno(err, "cannot put %s in its place", path);
    if (result < 0)
        unlink(beside);
    return result;
}

static int make_one(const char *path, unsigned mode, struct err *err)
{
    if (mkdir(path, (mode_t)mode) == 0)
        return 0;
    int number = errno;
    struct stat st;
    if (number == EEXIST && stat(path, &st) == 0) {
        if (S_ISDIR(st.st_mode))
            return 0;
        number = ENOTDIR;
    }
    errno = number;
    return err_errno(err, "cannot make folder %s", path);
}

int file_make_folder(const char *path, unsigned mode, struct err *err)
{
    char part[PATH_MAX];
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof part)
        return err_set(err, "cannot make folder \"%s\": not a usable path", path);
    for (size_t i = 1; i <= len; i++) {
        if (i < len && path[i] != '/')
            continue;
        memcpy(part, path, i);
        part[i] = 0;
        if (make_one(part, mode, err) < 0)
            return -1;
    }
    return 0;
}
