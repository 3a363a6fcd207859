/* One producer, the engine's thread; one consumer, the writer's. `put` and `taken` only grow; the release of one side pairs
 * with the acquire of the other, so bytes are whole before they are seen, and free before they are used again. Only the
 * writer waits: for the disk, and for more. */
#include "gateway/evelog/writer.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define BLOCK_BYTES (2u << 20) /* written at a time; holds the longest line */

struct evelog_writer {
    struct evelog_file *file;
    uint8_t *ring, *block;
    size_t room;
    _Atomic uint64_t put, taken; /* bytes so far */
    _Atomic int next_fd;         /* -1: none; else the file to go on with ... */
    _Atomic uint64_t next_at;    /* ... behind this byte */
    _Atomic bool stop, stopped;
    int wake; /* eventfd */
    int (*enter)(void);
    pthread_t thread;
};

bool evelog_writer_busy(const struct evelog_writer *w, size_t more)
{
    uint64_t used = atomic_load_explicit(&w->put, memory_order_relaxed) -
                    atomic_load_explicit(&w->taken, memory_order_acquire);
    return used + more > w->room / 2;
}

static void wake(struct evelog_writer *w)
{
    uint64_t one = 1;
    (void)!write(w->wake, &one, sizeof one); /* full: it is awake */
}

/* The first part of `bytes` that is whole lines and at most `room` long. */
static struct str whole_lines(struct str bytes, uint64_t room)
{
    size_t len = bytes.len < room ? bytes.len : (size_t)room;
    while (len && bytes.p[len - 1] != '\n')
        len--;
    return str_cut(bytes, 0, len);
}

static void copy_in(struct evelog_writer *w, uint64_t at, struct str bytes)
{
    size_t from = (size_t)(at & (w->room - 1)), first = w->room - from;
    if (first > bytes.len)
        first = bytes.len;
    memcpy(w->ring + from, bytes.p, first);
    memcpy(w->ring, bytes.p + first, bytes.len - first);
}

uint64_t evelog_writer_put(struct evelog_writer *w, struct str bytes)
{
    uint64_t put = atomic_load_explicit(&w->put, memory_order_relaxed);
    uint64_t used = put - atomic_load_explicit(&w->taken, memory_order_acquire);
    struct str fits = whole_lines(bytes, w->room - used);
    if (fits.len) {
        copy_in(w, put, fits);
        atomic_store_explicit(&w->put, put + fits.len, memory_order_release);
    }
    wake(w);
    return evelog_count_lines(str_from(bytes, fits.len));
}

/* The next whole lines, copied out so that they lie in one piece. */
static struct str take_block(struct evelog_writer *w, uint64_t upto)
{
    uint64_t taken = atomic_load_explicit(&w->taken, memory_order_relaxed);
    size_t from = (size_t)(taken & (w->room - 1)), first = w->room - from;
    size_t len = upto - taken < BLOCK_BYTES ? (size_t)(upto - taken) : BLOCK_BYTES;
    if (first > len)
        first = len;
    memcpy(w->block, w->ring + from, first);
    memcpy(w->block + first, w->ring, len - first);
    return whole_lines(str_of(w->block, len), len);
}

static void change_file(struct evelog_writer *w)
{
    int fd = atomic_exchange(&w->next_fd, -1);
    if (fd < 0)
        return;
    (void)!dup3(fd, w->file->fd, O_CLOEXEC);
    close(fd);
}

/* All that is there; the file changes where it is to change. */
static void write_all(struct evelog_writer *w)
{
    for (;;) {
        uint64_t put = atomic_load_explicit(&w->put, memory_order_acquire);
        uint64_t taken = atomic_load_explicit(&w->taken, memory_order_relaxed);
        bool changes = atomic_load(&w->next_fd) >= 0;
        uint64_t next = atomic_load(&w->next_at);
        if (changes && next <= taken) {
            change_file(w);
            continue;
        }
        if (put == taken)
            return;
        struct str block = take_block(w, changes && next < put ? next : put);
        evelog_write_lines(w->file, block, evelog_count_lines(block));
        atomic_store_explicit(&w->taken, taken + block.len, memory_order_release);
    }
}

static void *run(void *arg)
{
    struct evelog_writer *w = arg;
    if (w->enter && w->enter() < 0)
        _exit(78);
    while (!atomic_load(&w->stop)) {
        uint64_t times;
        if (read(w->wake, &times, sizeof times) < 0 && errno != EINTR)
            break;
        write_all(w);
    }
    write_all(w);
    atomic_store(&w->stopped, true);
    return NULL;
}

static void give_back(struct evelog_writer *w)
{
    int fd = atomic_load(&w->next_fd);
    if (fd >= 0)
        close(fd);
    if (w->wake >= 0)
        close(w->wake);
    if (w->ring)
        munmap(w->ring, w->room);
    free(w->block);
    free(w);
}

struct evelog_writer *evelog_writer_new(struct evelog_file *file, size_t room_bytes,
                                        int (*enter)(void), struct err *err)
{
    struct evelog_writer *w = calloc(1, sizeof *w);
    if (!w) {
        err_set(err, "event log: out of memory");
        return NULL;
    }
    *w = (struct evelog_writer){.file = file, .room = room_bytes, .enter = enter, .next_fd = -1};
    w->wake = eventfd(0, EFD_CLOEXEC);
    w->block = malloc(BLOCK_BYTES);
    void *ring = mmap(NULL, room_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    w->ring = ring == MAP_FAILED ? NULL : ring;
    if (w->wake < 0 || !w->block || !w->ring ||
        (errno = pthread_create(&w->thread, NULL, run, w)) != 0) {
        err_errno(err, "event log: its writer");
        give_back(w);
        return NULL;
    }
    return w;
}

void evelog_writer_free(struct evelog_writer *w, int timeout_ms)
{
    if (!w)
        return;
    int64_t until = clock_mono_us() + (int64_t)timeout_ms * 1000;
    atomic_store(&w->stop, true);
    wake(w);
    while (!atomic_load(&w->stopped) && clock_mono_us() < until)
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    if (!atomic_load(&w->stopped)) {
        pthread_detach(w->thread);
        return;
    }
    pthread_join(w->thread, NULL);
    give_back(w);
}

void evelog_writer_use(struct evelog_writer *w, int fd)
{
    int before = atomic_exchange(&w->next_fd, -1);
    if (before >= 0)
        close(before);
    atomic_store(&w->next_at, atomic_load_explicit(&w->put, memory_order_relaxed));
    atomic_store(&w->next_fd, fd);
    wake(w);
}
