/* isolation: which machines are cut off, by whom, why, until when; kept on disk so that a restart changes nothing. */
#ifndef GATEWAY_GUARD_ISOLATION_H
#define GATEWAY_GUARD_ISOLATION_H

#include "base/err.h"
#include "gateway/control/control.h"

#define ISOLATIONS_MAX 1024 /* as many as a policy can name */

struct isolation {
    struct mac mac;
    enum control_origin origin;
    uint32_t sid;
    int64_t since_us, until_us; /* until 0: until released */
    char reason[CONTROL_TEXT_BYTES];
};

struct isolations {
    struct isolation items[ISOLATIONS_MAX];
    uint32_t count;
};

struct isolation *isolation_find(struct isolations *list, const struct mac *mac);
/* Until it is over; 0: until released. Never 0 for one that has an end. */
uint64_t isolation_seconds_left(const struct isolation *item, int64_t now_us);
/* True when the list changed. Refused: an address that is not one machine's, and one more than ISOLATIONS_MAX. Control
 * characters in the reason, which the center or a rule wrote, become spaces: it is shown on a terminal. A person's or the center's word replaces a rule's; a rule's never shortens theirs. */
bool isolation_put(struct isolations *list, const struct isolation *item);
bool isolation_remove(struct isolations *list, const struct mac *mac);
/* The next one that is over by now, or NULL. */
struct isolation *isolation_expired(struct isolations *list, int64_t now_us);
NODISCARD int isolation_save(const struct isolations *list, const char *path, struct err *err);
/* Reads what isolation_save has written. Returns how many damaged lines were left out. */
uint32_t isolation_read(struct isolations *list, struct str text);
/* A missing file is an empty list; a damaged line is left out and counted. */
NODISCARD int isolation_load(struct isolations *list, const char *path, uint32_t *damaged,
                             struct err *err);

#endif
