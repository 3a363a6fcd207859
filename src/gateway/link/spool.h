/* spool: keeps events on disk until the center says that it has them.
 *
 * One lane for each importance; a lane is a row of append-only segment files (segment.h). A lane's records have an epoch,
 * new at each opening, and sequences that follow one by one. Only what is synced to disk is handed out to be sent, so a
 * sequence that the center has seen never comes back with another event after a power cut.
 *
 * When the limit is reached, the oldest segment of the least important lane goes, alerts last; each event given up is
 * counted, the center sees the hole in the sequences, and spool_take_dropped gives the count to report.
 *
 * Life:    spool_open, then append (page cache) ... sync (disk), next_batch, ack; spool_close.
 * Threads: one. A lock file keeps a second process out.
 * Errors:  a full or broken disk drops and counts events; the caller's loop goes on.
 */
#ifndef GATEWAY_LINK_SPOOL_H
#define GATEWAY_LINK_SPOOL_H

#include "gateway/link/segment.h"

#define SPOOL_LIMIT_MIN (64u << 10)
/* A batch ends at whichever comes first; small enough that an alert never waits long behind it. */
#define SPOOL_BATCH_BYTES (2u << 20)
#define SPOOL_BATCH_COUNT 2000u

struct spool;

struct spool_lane_state {
    uint64_t waiting; /* events not yet acknowledged */
    uint64_t dropped; /* given up since the spool was opened */
};

struct spool_state {
    struct spool_lane_state lanes[LINK_IMPORTANCES];
    uint64_t bytes; /* on disk */
    uint64_t
        damaged_segments; /* found torn or damaged at opening: what came after the damage is lost */
    uint64_t write_errors;
};

/* Creates the folder when it is missing. limit_bytes below SPOOL_LIMIT_MIN becomes that. */
NODISCARD struct spool *spool_open(const char *folder, uint64_t limit_bytes, struct err *err);
/* Syncs and closes. */
void spool_close(struct spool *s);
/* Takes one event over. False: given up (counted). It survives the death of this process at once, a power cut after
 * spool_sync. */
bool spool_append(struct spool *s, enum link_importance lane, const struct segment_record *record);
/* Is this the tag of a lane's last record on disk at the time of opening? The datagram that a killed process had written
 * but not yet taken from the socket is known by it. */
bool spool_was_last(const struct spool *s, uint64_t tag);
/* Everything appended is on disk afterwards. 0, or -1 (write_errors counts; what is not synced is not sent). */
int spool_sync(struct spool *s);
/* The next events to send, the most important lane first: fills b (b->lines in `lines`, which is reset). False: none. */
bool spool_next_batch(struct spool *s, struct link_batch *b, struct buf *lines);
/* The same, at most `count` events. */
bool spool_next_events(struct spool *s, uint32_t count, struct link_batch *b, struct buf *lines);
/* The center has everything of the epoch up to seq. */
void spool_ack(struct spool *s, uint64_t epoch, uint64_t seq);
void spool_state(const struct spool *s, struct spool_state *out);
/* Says for which gateway the events are kept. 1: they were another's (the box was enrolled anew, perhaps for another firm)
 * and are given up: one firm's events must never reach another. 0: they are its own. -1: that cannot be read or written
 * down just now; nothing may be sent before it can. */
NODISCARD int spool_belong_to(struct spool *s, const char *gateway);
/* Events given up and not yet reported; the count is taken over by the caller. */
uint64_t spool_take_dropped(struct spool *s, enum link_importance lane);

#endif
