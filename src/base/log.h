/* log: one line to standard error for the person who runs a daemon. Libraries do not log; they return.
 *
 * "2026-11-22T08:30:00Z warn  io: eth1: link is down". Under systemd (JOURNAL_STREAM) the priority prefix <N> replaces
 * time and level. Never a secret, never one line per packet.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/attr.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Lines above this level are not written. Start value: info. */
void log_set_level(enum log_level level);
/* `room` is the room that speaks: "io", "link". */
void log_error(const char *room, const char *format, ...) PRINTF_LIKE(2, 3);
void log_warn(const char *room, const char *format, ...) PRINTF_LIKE(2, 3);
void log_info(const char *room, const char *format, ...) PRINTF_LIKE(2, 3);
void log_debug(const char *room, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
