/* evelog: event lines on their way to eve.json.
 *
 * Each worker has its own struct evelog (buffer, no lock); all of them share one struct evelog_file, which is locked only
 * when a full buffer is written. A line is written whole or not at all.
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
    uint64_t lines, lost; /* lost: the disk did not take them, or too long */
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
    struct buf buffer;
    uint64_t lines, lost; /* lost: too long for a line; told to the file with the next flush */
    evelog_add_fn add;    /* or NULL */
    void *add_owner;
};

void evelog_init(struct evelog *log, struct evelog_file *file, const struct eve_conf *conf);
/* Writes what is buffered. */
void evelog_flush(struct evelog *log);
void evelog_fini(struct evelog *log);
/* For struct engine_sink: owner is the struct evelog. */
bool evelog_wants(void *log, enum eve_type type, enum app_proto proto);
void evelog_event(void *log, const struct eve_event *event);
/* The "stats" record of these engines together. */
void evelog_stats(struct evelog *log, struct engine *const *engines, size_t count, int64_t time_us,
                  double uptime_s);

#endif
