/* The console's files. The path comes from strangers: it is opened beneath the folder by the kernel's own check. */
#include "center/http/inner.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
    const char *end, *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".json", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".woff2", "font/woff2"},
    {".txt", "text/plain; charset=utf-8"},
    {".map", "application/json"},
};

static const char *type_of(const char *path)
{
    for (size_t i = 0; i < ARRAY_COUNT(types); i++)
        if (str_ends(str_c(path), str_c(types[i].end)))
            return types[i].type;
    return NULL;
}

static int open_beneath(int folder, const char *path)
{
    struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
                           .resolve =
                               RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    return (int)syscall(SYS_openat2, folder, path, &how, sizeof how);
}

/* File names under /assets/ carry a hash of the content: they never change. */
static void set_heads(struct MHD_Response *r, const char *path, const char *type)
{
    bool forever = str_starts(str_c(path), STR_LIT("assets/"));
    MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL,
                            forever ? "public, max-age=31536000, immutable" : "no-cache");
}

static struct MHD_Response *file_at(int folder, const char *path)
{
    struct stat st;
    const char *type = type_of(path);
    if (!type || path[0] == '.' || str_find(str_c(path), 0, STR_LIT("/.")) >= 0)
        return NULL;
    int file = open_beneath(folder, path);
    if (file < 0)
        return NULL;
    struct MHD_Response *r = NULL;
    if (fstat(file, &st) == 0 && S_ISREG(st.st_mode))
        r = MHD_create_response_from_fd64((uint64_t)st.st_size, file);
    if (r)
        set_heads(r, path, type);
    else
        close(file);
    return r;
}

/* A page's address inside the console (no file, no ending) is answered with the console itself. */
struct MHD_Response *static_find(const struct http *h, const char *path)
{
    if (h->folder < 0 || path[0] != '/')
        return NULL;
    if (path[1] == 0)
        return file_at(h->folder, "index.html");
    struct MHD_Response *r = file_at(h->folder, path + 1);
    const char *last = strrchr(path, '/');
    if (!r && !strchr(last, '.'))
        r = file_at(h->folder, "index.html");
    return r;
}
