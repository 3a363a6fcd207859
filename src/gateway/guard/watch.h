/* watch: guard's own state, shared by the files of this room. */
#ifndef GATEWAY_GUARD_WATCH_H
#define GATEWAY_GUARD_WATCH_H

#include "base/conf.h"
#include "gateway/guard/hold.h"
#include "gateway/guard/isolation.h"
#include "gateway/link/link.h"
#include "gateway/worker/worker.h"

#include <sys/types.h>

#define RULE_FILES_MAX 64

struct run_options {
    const char *lan, *wan, *bridge, *state_folder, *socket, *maker_folder;
    const char *rule_files[RULE_FILES_MAX];
    uint32_t rule_file_count;
    struct conf *conf;
    bool fail_closed, no_link, no_eve, remove, help;
};

enum child_kind { CHILD_ENGINE, CHILD_LINK, CHILD_LOCAL, CHILDREN };

struct child {
    pid_t pid;                         /* 0: not running */
    int fd;                            /* guard's end of its socket pair, or -1 */
    int64_t started_us, not_before_us; /* monotonic */
    uint32_t failures;                 /* in a row: sets the pause before the next start */
    uint64_t starts;
    bool ready;
};

struct watch {
    struct run_options options;
    struct hold hold;
    struct isolations isolations;
    struct child children[CHILDREN];
    int event_fds[2]; /* [0] the events' way in, [1] link's end */
    int eve_fd, listen_fd, signal_fd, timer_fd;
    struct control_counts counts; /* of the last beat */
    uint64_t own_events_lost;     /* guard's own, beside the engine's */
    int64_t last_beat_us, last_renew_us, last_health_us, last_tick_us;
    int64_t fail_open_since_us; /* wall clock; 0: the engine inspects */
    bool link_connected, stopping, inspected_once;
    char isolation_path[512];
    struct link_policy policy; /* large: not on the stack */
};

/* children.c */
void children_init(struct watch *w);
void children_start_due(struct watch *w, int64_t now_us);
/* Collects those that ended. */
void children_reap(struct watch *w);
void children_stop(struct watch *w);
void children_kill_engine(struct watch *w, const char *why);
/* Its end of the control socket is closed: whatever it still does, it is no child of use. */
void children_hung_up(struct watch *w, enum child_kind kind);

/* orders.c: what children and people ask for */
void orders_take(struct watch *w, enum child_kind from);
/* False when it cannot be: not one machine's address, or the list is full. */
bool orders_isolate(struct watch *w, const struct isolation *item);
void orders_release(struct watch *w, const struct mac *mac, enum control_origin by);
void orders_expire(struct watch *w);
/* Holds the bridge back for HOLD_MS more and tells the engine so: it forwards only for as long as it knows that. */
NODISCARD int orders_renew(struct watch *w, struct err *err);

/* tell.c: guard's own events, for the center */
void tell_isolation(struct watch *w, const struct isolation *item, bool isolated,
                    enum control_origin by);
void tell_fail_open(struct watch *w, bool begins, const char *why);
void tell_health(struct watch *w);

/* options.c */
NODISCARD int run_options_read(struct run_options *o, int argc, char **argv, struct err *err);
extern const char run_help[];

#endif
