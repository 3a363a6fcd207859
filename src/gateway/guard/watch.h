/* watch: guard's own state, shared by the files of this room. */
#ifndef GATEWAY_GUARD_WATCH_H
#define GATEWAY_GUARD_WATCH_H

#include "base/conf.h"
#include "gateway/compile/compile.h"
#include "gateway/guard/hold.h"
#include "gateway/guard/isolation.h"
#include "gateway/link/link.h"
#include "gateway/rights/rights.h"
#include "gateway/worker/worker.h"

#include <sys/types.h>

#define RULE_FILES_MAX COMPILE_FILES_MAX

struct run_options {
    const char *lan, *wan, *bridge, *state_folder, *socket, *maker_folder;
    const char *rule_files[RULE_FILES_MAX];
    uint32_t rule_file_count;
    const char *edits[COMPILE_EDITS]; /* disable.conf ..., or NULL */
    struct conf *conf;
    int argc; /* as they were given: settings of rules are read again with each change of rules */
    char **argv;
    bool fail_closed, no_link, no_eve, remove, help;
};

enum child_kind { CHILD_COMPILE, CHILD_ENGINE, CHILD_LINK, CHILD_LOCAL, CHILDREN };

struct child {
    pid_t pid;                         /* 0: not running */
    int fd;                            /* guard's end of its socket pair, or -1 */
    int64_t started_us, not_before_us; /* monotonic */
    uint32_t failures;                 /* in a row: sets the pause before the next start */
    uint64_t starts;
    bool ready;
};

/* An image of rules in a memfd. */
struct image {
    int fd; /* -1: none */
    struct control_rules rules;
    uint32_t saved_count; /* files of sets that its rules write; "": none is written */
    char saved[COMPILE_SAVED_MAX][COMPILE_PATH_BYTES];
};

enum rules_state {
    RULES_REST,
    RULES_WANTED,  /* the compile process is due */
    RULES_READING, /* it is at work */
    RULES_READ,    /* the image is there; the engine has not been told */
    RULES_HANDED   /* the engine prepares it */
};

struct rules_watch {
    struct compile_ground ground;
    enum rules_state state;
    char cache_folder[512]; /* "": nothing is kept */
    int cache_fd;           /* for the compile process to write to, or -1 */
    bool again;             /* asked for while one was under way */
    struct image now, next;
    struct image before; /* kept for RULES_TRIAL_MS: the way back */
    uint64_t numbers, reloads, failures;
    int64_t handed_us, changed_us; /* monotonic */
    int64_t failed_us;             /* wall clock; 0: the last attempt did not fail */
    char problem[CONTROL_TEXT_BYTES];
};

struct watch {
    struct run_options options;
    struct rules_watch rules;
    struct rights_user users[RIGHTS_PROCESSES];
    struct hold hold;
    struct isolations isolations;
    struct child children[CHILDREN];
    int event_fds[2]; /* [0] the events' way in, [1] link's end */
    int eve_fd, listen_fd, signal_fd, timer_fd;
    int sets_fd;                  /* memfd: sets that the engine of now leaves behind; -1: none */
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

/* rules.c: from files to the image in force */
NODISCARD int rules_open(struct watch *w, struct err *err);
/* New rules are wanted: read from the files, now or when what is under way is through. */
void rules_want(struct watch *w);
bool rules_compile_is_due(const struct watch *w);
bool rules_are_there(const struct watch *w);
/* In the compile process: its life. */
int rules_compile(struct watch *w, int control_fd);
/* In guard: its process is about to be started (an empty memfd is made), has ended. */
NODISCARD int rules_compile_begins(struct watch *w, struct err *err);
void rules_compile_ended(struct watch *w, bool well, const char *why);
/* What compile and engine say. */
void rules_heard(struct watch *w, enum child_kind from, const struct control_message *m);
void rules_engine_ended(struct watch *w, const char *why, bool by_signal);
/* Hands on what is ready; watches the clock. */
void rules_step(struct watch *w, int64_t now_us);
void rules_tell(const struct watch *w, struct control_message *m);

/* sets.c: what rules have added to sets (dataset: state, save), into their files */
/* An empty memfd for an engine that is about to be started. Without one nothing is kept, and that is told. */
void sets_begin(struct watch *w);
/* The engine has ended. */
void sets_write(struct watch *w);
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

/* notify.c: READY=1 ... for whoever started the program as a service */
void notify(const char *state);

/* options.c */
NODISCARD int run_options_read(struct run_options *o, int argc, char **argv, struct err *err);
extern const char run_help[];

#endif
