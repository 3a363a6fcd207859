/* What rules add to sets (dataset: state, save) outlives a restart: the engine, which has no files, leaves it in a memfd at its end,
 * and guard, which has them, writes it. Which files these are says the compile process, and guard's own settings say where they may
 * lie; of the engine, which read strangers' bytes, no more is believed than that these are the values. */
#include "gateway/guard/watch.h"

#include "base/file.h"
#include "base/log.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SETS_BYTES_MAX ((size_t)64 << 20) /* of all sets: an engine that went mad fills no disk */
#define MODE 0644                         /* as replay's */

void sets_begin(struct watch *w)
{
    if (w->sets_fd >= 0)
        close(w->sets_fd);
    w->sets_fd = memfd_create("sets", MFD_CLOEXEC);
    if (w->sets_fd < 0)
        log_error("guard", "memory for sets: %s: what rules add to them is not kept",
                  strerror(errno));
}

static const struct image *find_image(const struct rules_watch *r, uint64_t number)
{
    const struct image *const images[] = {&r->now, &r->next, &r->before};
    for (size_t i = 0; i < ARRAY_COUNT(images); i++)
        if (images[i]->fd >= 0 && images[i]->rules.number == number)
            return images[i];
    return NULL;
}

/* Base64, digests, addresses, scores: whatever type the set has, its file is made of these. */
static bool is_plain(struct str text)
{
    static const char others[] = "+/=.:,-\n";
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.p[i];
        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
            !memchr(others, c, sizeof(others) - 1))
            return false;
    }
    return true;
}

static void write_set(const struct watch *w, const char *path, struct str text)
{
    struct err err = {{0}};
    if (!path[0])
        return; /* told when the rules were read */
    if (!compile_may_save(w->options.conf, path))
        err_set(&err, "%s: the settings do not let it be written", path);
    else if (!is_plain(text))
        err_set(&err, "%s: what the engine left is no set", path);
    else if (file_write(path, text, MODE, &err) == 0)
        return;
    log_error("guard", "a set is not kept: %s", err.text);
}

/* Each set is a head and its values; a last one that is cut off counts for nothing. */
static void write_all(const struct watch *w, struct str left)
{
    struct worker_saved head;
    while (left.len >= sizeof(head)) {
        memcpy(&head, left.p, sizeof(head));
        left = str_from(left, sizeof(head));
        const struct image *image = find_image(&w->rules, head.rules);
        if (!image || head.index >= image->saved_count || head.bytes > left.len)
            break;
        write_set(w, image->saved[head.index], str_cut(left, 0, (size_t)head.bytes));
        left = str_from(left, (size_t)head.bytes);
    }
    if (left.len)
        log_error("guard", "sets: the engine left what is none");
}

void sets_write(struct watch *w)
{
    struct stat st;
    if (w->sets_fd < 0)
        return;
    if (fstat(w->sets_fd, &st) == 0 && st.st_size > 0) {
        size_t bytes = (size_t)st.st_size;
        void *at = bytes <= SETS_BYTES_MAX
                       ? mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, w->sets_fd, 0)
                       : MAP_FAILED;
        if (at == MAP_FAILED) {
            log_error("guard", "sets are not kept: %zu bytes are too many", bytes);
        } else {
            write_all(w, str_of(at, bytes));
            munmap(at, bytes);
        }
    }
    close(w->sets_fd);
    w->sets_fd = -1;
}
