/* client: what the link process knows, shared by its parts: intake (events in), session (the center), status (guard). */
#ifndef GATEWAY_LINK_CLIENT_H
#define GATEWAY_LINK_CLIENT_H

#include "gateway/link/identity.h"
#include "gateway/link/resolve.h"
#include "gateway/link/spool.h"
#include "gateway/link/tunnel.h"

struct client_counters {
    uint64_t events_in;
    uint64_t events_refused;    /* not JSON, or of a type that stays here */
    uint64_t fields_removed;    /* not on the allow-list */
    uint64_t batches_forbidden; /* stopped by the check before compression */
    uint64_t batches_sent;
    uint64_t events_acked;
    uint64_t connects;
    uint64_t policies_refused;
};

struct flight {
    bool is_out;
    uint64_t epoch;
    uint64_t last_seq;
    uint32_t count;
};

struct client {
    const struct link_conf *conf;
    int event_fd;
    int control_fd;
    bool first_datagram; /* the one that may have been written before a kill */
    uint8_t *datagram;   /* INTAKE_BYTES_MAX */

    struct spool *spool;
    struct client_counters counters;

    bool is_enrolled;
    struct identity id;
    SSL_CTX *context;
    EVP_PKEY *next_key; /* asked to be certified */

    struct resolved addresses;
    int next_address;
    int resolve_fd;
    struct tunnel tunnel;
    bool is_welcome;
    struct link_codec *codec;
    struct buf lines;
    struct flight flight;
    int trace_fd; /* folder, or -1 */
    uint64_t trace_number;

    int64_t heard_us; /* monotonic */
    int64_t next_heartbeat_us;
    int64_t next_try_us;
    int64_t backoff_us;
    int64_t next_status_us;
    int64_t connected_wall_us;
    int64_t offset_us; /* center's clock minus ours */
    bool knows_offset;
    char problem[240]; /* last one, for status */

    struct link_policy policy; /* number 0: none yet */
    struct link_policy scratch;
    bool has_health;
    struct link_health health;
};

/* ---- intake.c ---- */
#define INTAKE_BYTES_MAX (256u << 10)
/* Takes what waits in event_fd, up to a burst, and syncs it. False: the other end is closed. */
bool intake_read(struct client *c);
/* Puts the report of what the spool had to give up into the spool. */
void intake_report_dropped(struct client *c);

/* ---- session.c ---- */
/* After the tunnel opened. */
void session_begin(struct client *c);
/* Handles what came, sends what is due. */
void session_step(struct client *c);
/* The connection is gone: what was on its way goes again. */
void session_end(struct client *c);
/* Monotonic time at which session_step wants to be called at the latest. */
int64_t session_next_us(const struct client *c);

/* ---- policy.c ---- */
/* The copy on disk, checked again; told to guard. */
void policy_load(struct client *c);
/* One that came: signature, gateway and number are checked; kept, told to guard, acknowledged. */
void policy_take(struct client *c, const struct link_policy_message *m);

/* ---- status.c ---- */
void link_status_write(const struct client *c, struct buf *out);
void link_health_write(const struct client *c, int64_t wall_us, struct buf *out);
void status_send(struct client *c);
/* One datagram to guard: a word and a JSON text. False: the queue is full. */
bool guard_send(int control_fd, const char *word, struct str json);
/* Takes what guard says. False: guard is gone. */
bool control_read(struct client *c);
NODISCARD int trace_open(struct client *c, struct err *err);
/* link.trace_folder: text that is about to be compressed or sent. */
void trace_write(struct client *c, const char *what, struct str text);

/* ---- health_read.c ---- */
bool health_read(struct str json, struct link_health *out);

#endif
