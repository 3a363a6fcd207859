/* clock: time as whole microseconds. Wall time counts from 1970-01-01T00:00Z (UTC, no leap seconds), monotonic time from
 * some point before the program began. Pure code takes time as a parameter; only daemons ask here. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/str.h"

#define CLOCK_SECOND_US INT64_C(1000000)

int64_t clock_wall_us(void);
int64_t clock_mono_us(void);

#define CLOCK_TEXT_BYTES 40

/* "2026-11-22T08:30:00.123456Z" (RFC 3339). Returns the length. */
size_t clock_format_utc(int64_t wall_us, char *out);
/* "2026-11-22T17:30:00.123456+0900": EVE's form, in the zone of the process (TZ). Returns the length. */
size_t clock_format_eve(int64_t wall_us, char *out);
/* RFC 3339 with any offset, and EVE's form without the colon. */
bool clock_parse(struct str s, int64_t *wall_us);

#endif
