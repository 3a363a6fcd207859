/* evelog: event lines on their way to eve.json.
 *
 * Each worker has its own struct evelog (buffer, no lock); all of them share one struct evelog_file, which is locked only
 * when a full buffer is written. A line is written whole or not at all.
 *
 * Who must not wait for a disk (the engine process) puts a writer between: a thread with a ring of fixed size. A flush then
 * copies into the ring and returns, whatever the disk does. When the ring is half full only alerts and drops are taken, when it
 * is full nothing: events go as whole lines, and are counted.
 */
#ifndef GATEWAY_EVELOG_EVELOG_H
#define GATEWAY_EVELOG_EVELOG_H

#include "base/buf.h"
#include "base/err.h"
#include "engine/engine.h"

#include <pthread.h>

struct evelog_file {
    pthread_mutex_t lock;
    int fd;
    _Atomic uint64_t lines, lost; /* lost: the disk did not take them, no room, or too long */
};

/* folder/name, or name when it begins with /; created (0640), and when it is there, appended to or emptied. */
NODISCARD int evelog_file_open(struct evelog_file *f, const char *folder, const char *name,
                               bool append, struct err *err);
void evelog_file_close(struct evelog_file *f);

/* Adds members of our own to an event's line. */
typedef void (*evelog_add_fn)(void *owner, const struct eve_event *event, struct json *out);

struct evelog {
    struct evelog_file *file;
    const struct eve_conf *conf;
    struct evelog_writer *writer; /* NULL: a flush writes the file itself */
    struct buf buffer;
    uint64_t lines,
        lost; /* lost: too long for a line, or no room; told to the file with the next flush */
    evelog_add_fn add; /* or NULL */
    void *add_owner;
};

void evelog_init(struct evelog *log, struct evelog_file *file, const struct eve_conf *conf);
/* Writes what is buffered. */
void evelog_flush(struct evelog *log);
void evelog_fini(struct evelog *log);
/* ---- the writer ---- */

#define EVELOG_ROOM_BYTES (16u << 20)

struct evelog_writer;
/* Of one struct evelog, which is given it as its `writer`. room_bytes: of the ring, a power of two. enter: what the thread does
 * first, to give up rights (below 0: it ends the process), or NULL. */
NODISCARD struct evelog_writer *evelog_writer_new(struct evelog_file *file, size_t room_bytes,
                                                  int (*enter)(void), struct err *err);
/* Waits for what is in the ring to be written, timeout_ms at most. Later than that the thread is left alone, with its memory:
 * the process ends soon. */
void evelog_writer_free(struct evelog_writer *w, int timeout_ms);
/* What was flushed before goes to the old file, what follows to fd, which is taken over. */
void evelog_writer_use(struct evelog_writer *w, int fd);

/* For struct engine_sink: owner is the struct evelog. */
bool evelog_wants(void *log, enum eve_type type, enum app_proto proto);
void evelog_event(void *log, const struct eve_event *event);
/* When, and what only the caller knows. */
struct evelog_moment {
    int64_t time_us;
    double uptime_s;
    const struct evelog_capture {
        uint64_t kernel_packets, kernel_drops, errors;
    } * capture; /* of the ports; NULL: none */
};

/* The "stats" record of these engines together. */
void evelog_stats(struct evelog *log, struct engine *const *engines, size_t count,
                  const struct evelog_moment *moment);

#endif
