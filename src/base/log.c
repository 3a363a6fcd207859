#include "base/log.h"

#include "base/clock.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LINE_BYTES 1024

static _Atomic int level_now = LOG_LEVEL_INFO;

static const struct {
    const char *name;
    int priority; /* of syslog, for the journal */
} levels[] = {
    [LOG_LEVEL_ERROR] = {"error", 3},
    [LOG_LEVEL_WARN] = {"warn", 4},
    [LOG_LEVEL_INFO] = {"info", 6},
    [LOG_LEVEL_DEBUG] = {"debug", 7},
};

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&level_now, (int)level, memory_order_relaxed);
}

static size_t put_head(char *line, enum log_level level, const char *room)
{
    int len;
    if (getenv("JOURNAL_STREAM")) {
        len = snprintf(line, LINE_BYTES, "<%d>%s: ", levels[level].priority, room);
    } else {
        char now[CLOCK_TEXT_BYTES];
        clock_format_utc(clock_wall_us(), now);
        len = snprintf(line, LINE_BYTES, "%.19sZ %-5s %s: ", now, levels[level].name, room);
    }
    return len < 0 ? 0 : (size_t)len < LINE_BYTES ? (size_t)len : LINE_BYTES - 1;
}

/* A line is one write, so that lines of several threads and processes do not mix; a newline inside would let a stranger
 * forge a line, so control characters become '?'. */
PRINTF_LIKE(3, 0)
static void write_line(enum log_level level, const char *room, const char *format, va_list args)
{
    if ((int)level > atomic_load_explicit(&level_now, memory_order_relaxed))
        return;
    char line[LINE_BYTES + 1];
    size_t head = put_head(line, level, room);
    int len = vsnprintf(line + head, LINE_BYTES - head, format, args);
    size_t end = len < 0 ? head : head + (size_t)len;
    if (end >= LINE_BYTES)
        end = LINE_BYTES - 1;
    for (size_t i = 0; i < end; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = '?';
    line[end++] = '\n';
    ssize_t put = write(STDERR_FILENO, line, end);
    (void)put; /* nobody is left to tell */
}

void log_error(const char *room, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    write_line(LOG_LEVEL_ERROR, room, format, args);
    va_end(args);
}

void log_warn(const char *room, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    write_line(LOG_LEVEL_WARN, room, format, args);
    va_end(args);
}

void log_info(const char *room, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    write_line(LOG_LEVEL_INFO, room, format, args);
    va_end(args);
}

void log_debug(const char *room, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    write_line(LOG_LEVEL_DEBUG, room, format, args);
    va_end(args);
}
