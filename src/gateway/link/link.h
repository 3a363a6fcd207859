/* gateway/link: the box's one connection to the center, as a process of its own.
 *
 * Way in:    guard starts a process that calls link_run with two descriptors. Each is one end of a socketpair(AF_UNIX,
 *            SOCK_SEQPACKET); guard keeps both ends open itself, so that what waits in them survives a restart of link.
 *            event_fd: whoever has an event writes one EVE line as one datagram (link_event_send, or a bare write()).
 *            control_fd: guard tells health; link tells policy and status. One datagram: a word, a space, a JSON object:
 *              guard -> link   "health {"capture":"afpacket","fail_open":false,"counters":{"packets":1}}"
 *              link  -> guard  "policy {...}"  the text as the center signed it, checked; also at once after a start, from
 *                                              the copy on disk, so that isolation holds without the center
 *              link  -> guard  "status {...}"  when it changes and every few seconds; see link_status_write in status.c
 * Way out:   events on disk (spool.h), then at the center. Nothing leaves but through the field allow-list: what is not on
 *            it is taken out of each event before it is stored, and each batch is checked again before it is compressed.
 * Exactly once: an event is taken from the socket only after it was written; a process killed between the two finds it
 *            again by its tag. The center knows each event by (gateway, epoch, sequence).
 * Without enrolment: link_run spools and waits until link_enrol (another process) has made an identity.
 * Trust:     the center's certificate must come from the CA learnt at enrolment; policies must be signed by the key learnt
 *            then, for this gateway, with a number above the last one.
 * Rights:    link_run closes the fence of RIGHTS_LINK before it reads anything from the center; its folder is all it needs.
 * Limits:    spool_bytes on disk; one event LINK_LINE_BYTES_MAX; one batch on its way at a time.
 */
#ifndef GATEWAY_LINK_LINK_H
#define GATEWAY_LINK_LINK_H

#include "link/link.h"

#define LINK_SPOOL_BYTES_DEFAULT (512u << 20)

struct link_conf {
    const char *folder;   /* identity, policy, spool; created when missing (0700) */
    const char *software; /* version of the program */
    const char *center;   /* "host:port"; NULL: as given at enrolment */
    uint64_t spool_bytes; /* 0: LINK_SPOOL_BYTES_DEFAULT */
    const char *
        trace_folder; /* link.trace_folder: every batch and heartbeat before compression is also written here, for
                               * whoever wants to see what leaves; NULL: off, as it should be in service */
    int trace_fd; /* the same folder, when the caller has opened it already; 0: it has not */
};

/* `omamori enrol --center HOST:PORT CODE`: makes a key, proves the code and lets the center prove it, stores the identity.
 * Waits up to a minute. An identity that is there already is replaced. 0, or -1 with words for the person. */
NODISCARD int link_enrol(const struct link_conf *conf, const char *code, struct err *err);
/* Is there an identity? The gateway's id into `gateway`. */
NODISCARD bool link_is_enrolled(const struct link_conf *conf, char gateway[LINK_GATEWAY_ID_BYTES]);
/* The link process's life: returns 0 when control_fd's other end is closed or SIGTERM came (after a last sync), -1 when it
 * could not begin (folder, spool in use). Takes the descriptors over and makes them non-blocking. */
NODISCARD int link_run(const struct link_conf *conf, int event_fd, int control_fd, struct err *err);

/* ---- for the other ends of the descriptors ---- */

/* Never blocks. False: the queue is full or gone; the caller counts the loss. json: one line, no newline. */
bool link_event_send(int event_fd, struct str json);

#define LINK_COUNTERS_MAX 64
#define LINK_COUNTER_NAME_BYTES 48

struct link_counter {
    char name[LINK_COUNTER_NAME_BYTES]; /* [a-z0-9_]+ */
    uint64_t value;
};

struct link_health {
    char capture[32]; /* "afpacket"; "": not told */
    bool fail_open;   /* frames pass without inspection just now */
    size_t counter_count;
    struct link_counter counters[LINK_COUNTERS_MAX];
};

/* Goes out with the next heartbeat. False: not delivered. */
bool link_health_send(int control_fd, const struct link_health *health);

enum link_control {
    LINK_CONTROL_NOTHING, /* nothing waits */
    LINK_CONTROL_POLICY,  /* *policy is filled */
    LINK_CONTROL_STATUS,  /* `status` holds a JSON object */
    LINK_CONTROL_OTHER,   /* a message this program does not know: ignore it */
    LINK_CONTROL_GONE     /* the other end is closed */
};

/* Takes one message that link sent; never blocks. */
NODISCARD enum link_control link_control_take(int control_fd, struct link_policy *policy,
                                              struct buf *status);

#endif
