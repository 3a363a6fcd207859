#include "gateway/evelog/evelog.h"

#include "base/clock.h"
#include "gateway/evelog/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define FLUSH_BYTES (256 * 1024)
#define LINE_BYTES_MAX (1024 * 1024) /* one event; a longer one is left out and counted */

int evelog_file_open(struct evelog_file *f, const char *folder, const char *name, bool append,
                     struct err *err)
{
    char path[4096];
    *f = (struct evelog_file){.lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1};
    int len = name[0] == '/' ? snprintf(path, sizeof(path), "%s", name)
                             : snprintf(path, sizeof(path), "%s/%s", folder, name);
    if (len < 0 || (size_t)len >= sizeof(path))
        return err_set(err, "%s/%s: the path is too long", folder, name);
    f->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (append ? 0 : O_TRUNC), 0640);
    if (f->fd < 0)
        return err_errno(err, "%s: opening the event log", path);
    return 0;
}

void evelog_file_close(struct evelog_file *f)
{
    if (f->fd >= 0)
        close(f->fd);
    f->fd = -1;
}

void evelog_init(struct evelog *log, struct evelog_file *file, const struct eve_conf *conf)
{
    *log = (struct evelog){.file = file, .conf = conf};
    buf_init(&log->buffer, FLUSH_BYTES + LINE_BYTES_MAX);
    buf_reserve(&log->buffer, FLUSH_BYTES + LINE_BYTES_MAX);
}

/* Returns how many bytes the disk took. */
static size_t write_some(int fd, struct str bytes)
{
    size_t done = 0;
    while (done < bytes.len) {
        ssize_t n = write(fd, bytes.p + done, bytes.len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    return done;
}

uint64_t evelog_count_lines(struct str bytes)
{
    uint64_t lines = 0;
    for (size_t i = 0; i < bytes.len; i++)
        lines += bytes.p[i] == '\n';
    return lines;
}

/* The disk was full in the middle of a line: its beginning is taken back. */
static void take_back(int fd, size_t torn)
{
    struct stat st;
    if (torn && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size >= (off_t)torn)
        (void)!ftruncate(fd, st.st_size - (off_t)torn);
}

void evelog_write_lines(struct evelog_file *f, struct str bytes, uint64_t lines)
{
    size_t done = write_some(f->fd, bytes);
    uint64_t written = lines;
    if (done < bytes.len) {
        size_t whole = done;
        while (whole && bytes.p[whole - 1] != '\n')
            whole--;
        take_back(f->fd, done - whole);
        written = evelog_count_lines(str_cut(bytes, 0, whole));
    }
    f->lines += written;
    f->lost += lines - written;
}

void evelog_flush(struct evelog *log)
{
    struct str bytes = buf_str(&log->buffer);
    if (!bytes.len && !log->lost)
        return;
    if (log->writer) {
        log->file->lost += log->lost + evelog_writer_put(log->writer, bytes);
    } else {
        pthread_mutex_lock(&log->file->lock);
        evelog_write_lines(log->file, bytes, log->lines);
        log->file->lost += log->lost;
        pthread_mutex_unlock(&log->file->lock);
    }
    log->lines = log->lost = 0;
    buf_reset(&log->buffer);
}

void evelog_fini(struct evelog *log)
{
    evelog_flush(log);
    buf_fini(&log->buffer);
}

bool evelog_wants(void *log, enum eve_type type, enum app_proto proto)
{
    return eve_wants(((struct evelog *)log)->conf, type, proto);
}

/* Ends the line that begins at `start`; takes it back when it did not fit. */
static void end_line(struct evelog *log, size_t start)
{
    buf_add_byte(&log->buffer, '\n');
    if (log->buffer.failed) {
        log->buffer.len = start;
        log->buffer.failed = false;
        log->lost++;
        return;
    }
    log->lines++;
    if (log->buffer.len >= FLUSH_BYTES)
        evelog_flush(log);
}

void evelog_event(void *owner, const struct eve_event *event)
{
    struct evelog *log = owner;
    if (!eve_wants_event(log->conf, event))
        return;
    if (log->writer && event->type != EVE_ALERT && event->type != EVE_DROP &&
        evelog_writer_busy(log->writer, log->buffer.len)) {
        log->lost++;
        return;
    }
    size_t start = log->buffer.len;
    struct json json;
    json_init(&json, &log->buffer);
    json_object(&json, NULL);
    eve_write(log->conf, event, &json);
    if (log->add)
        log->add(log->add_owner, event, &json);
    json_end_object(&json);
    end_line(log, start);
}

static void write_capture(const struct evelog_capture *capture, struct json *out)
{
    json_object(out, "capture");
    json_uint(out, "kernel_packets", capture->kernel_packets);
    json_uint(out, "kernel_drops", capture->kernel_drops);
    json_uint(out, "errors", capture->errors);
    json_end_object(out);
}

void evelog_stats(struct evelog *log, struct engine *const *engines, size_t count,
                  const struct evelog_moment *moment)
{
    size_t start = log->buffer.len;
    char time[CLOCK_TEXT_BYTES];
    size_t len = clock_format_eve(moment->time_us, time);
    struct json json;
    json_init(&json, &log->buffer);
    json_object(&json, NULL);
    json_bytes(&json, "timestamp", str_of(time, len));
    json_text(&json, "event_type", "stats");
    json_object(&json, "stats");
    json_uint(&json, "uptime", (uint64_t)moment->uptime_s);
    if (moment->capture)
        write_capture(moment->capture, &json);
    engine_stats_write(engines, count, &json);
    json_end_object(&json);
    json_end_object(&json);
    end_line(log, start);
}
