/* inner: what the files of core share.
 *
 * text.c      the catalogue of words, ja and en, and how a text is filled in
 * work.c      a unit of work with the changes it will tell, and how a call opens and closes it
 * limiter.c   too many wrong tries from one address; rests.c at one login name
 * person.c    users, passwords, sessions; organisation.c the tree; fleet.c gateways; device.c machines
 * classify.c  which kind an event is; judge.c which level; both are tables
 * ingest.c    batches -> events -> device, incident, notice, in one commit
 * incident.c  one cause, one incident; its life
 * story.c     an incident told in words; notice.c the mail made of it, the outbox
 */
#ifndef CENTER_CORE_INNER_H
#define CENTER_CORE_INNER_H

#include "base/map.h"
#include "base/vec.h"
#include "center/core/core.h"
#include "center/store/store.h"
#include "center/tree/tree.h"

#include <pthread.h>

/* ---- words (text.c) ---- */

enum param_kind { PARAM_TEXT, PARAM_NUMBER, PARAM_TIME, PARAM_KEY };

struct param {
    const char *name;
    enum param_kind kind;
    const char *text;    /* PARAM_KEY: of another text in the catalogue */
    int64_t number;      /* PARAM_TIME: microseconds UTC */
    const char *english; /* PARAM_TEXT: for readers of English; NULL: the same text */
};

#define PARAMS_MAX 24

struct params {
    struct param items[PARAMS_MAX];
    size_t count;
};

void params_text(struct params *p, const char *name, const char *text);
void params_words(struct params *p, const char *name, const char *text, const char *english);
void params_number(struct params *p, const char *name, int64_t number);
void params_time(struct params *p, const char *name, int64_t at_us);
void params_key(struct params *p, const char *name, const char *key);

struct catalogue;

NODISCARD struct catalogue *catalogue_new(struct err *err);
void catalogue_free(struct catalogue *c);
bool catalogue_has(const struct catalogue *c, const char *key);
/* Appends the filled-in text. Places: {name}, {name:when} (11/22 17:30), {name:until} (as when, the clock alone on the day
 * of first_seen), {@name} (the text name.one or name.many, by the parameter count). Times are told in Japan's time. */
void catalogue_render(const struct catalogue *c, enum language language, const char *key,
                      const struct params *p, struct buf *out);
/* The same as a text in the arena; "" when memory is out. */
const char *catalogue_text(const struct catalogue *c, enum language language, const char *key,
                           const struct params *p, struct arena *a);
/* Key, parameters and both languages. */
struct told catalogue_tell(const struct catalogue *c, const char *key, const struct params *p,
                           struct arena *a);
/* A text of a stranger's making, fit for one line of a mail: whole characters, at most `bytes` of them; what would break the
 * line or turn its direction (control characters, U+2028, U+202E ...) is a space. NULL for NULL or when memory is out. */
const char *one_line(const char *text, size_t bytes, struct arena *a);
/* "261122": the day in Japan. */
void day_of(int64_t at_us, char out[8]);

/* ---- too many tries (limiter.c) ---- */

#define LIMITER_ADDRESSES 1024
#define LIMITER_WINDOW_US (INT64_C(600) * 1000000)

struct limiter {
    pthread_mutex_t lock;
    uint32_t per_address, in_all; /* wrong tries allowed in a window */
    uint32_t all_count;
    int64_t all_since_us;
    uint64_t secret[2];
    struct {
        uint32_t count; /* two addresses in one place share their tries */
        int64_t since_us;
    } slots[LIMITER_ADDRESSES];
};

void limiter_init(struct limiter *l, uint32_t per_address, uint32_t in_all);
void limiter_fini(struct limiter *l);
bool limiter_allows(struct limiter *l, struct str address, int64_t now_us);
void limiter_wrong(struct limiter *l, struct str address, int64_t now_us);

/* ---- too many tries at one login (rests.c) ---- */

/* More than LOGIN_TRIES lets in while a login rests, so that nobody can push a resting one out. */
#define RESTS_MAX 16384

struct rests {
    pthread_mutex_t lock;
    uint64_t secret[2];
    struct rest {
        uint64_t key; /* of the name; 0: free */
        uint32_t failures;
        int64_t until_us, last_us;
    } rows[RESTS_MAX];
};

void rests_init(struct rests *r);
void rests_fini(struct rests *r);
bool rests_allows(struct rests *r, struct str login, int64_t now_us);
void rests_wrong(struct rests *r, struct str login, int64_t now_us);
/* The right password was given. */
void rests_forget(struct rests *r, struct str login);

/* ---- the core itself, and a unit of work (work.c) ---- */

struct ingest_request;

struct core {
    struct store *store;
    struct core_settings settings;
    struct catalogue *words;
    struct limiter claims, logins;
    struct rests rests;
    pthread_mutex_t hashing; /* one password at a time: 19 MiB and 30 ms each */
    struct {
        change_listener *call;
        void *context;
    } listeners[CORE_LISTENERS_MAX];
    size_t listener_count;
    struct {
        pthread_mutex_t lock;
        pthread_cond_t done;
        struct ingest_request *first, *last; /* waiting */
        bool working;
    } ingest;
};

struct work {
    struct core *core;
    struct unit *unit;
    struct arena *arena;
    int64_t now_us;
    struct vec changes; /* struct change, each once */
};

/* OUTCOME_OK, or OUTCOME_FAILED with nothing to end. */
NODISCARD enum outcome work_begin(struct work *w, struct core *core, enum unit_kind kind,
                                  struct arena *arena);
/* With OUTCOME_OK: commits and tells the changes. With another, or when the unit has failed: takes all back. Returns what
 * became of it; the log has the reason of a failure. */
enum outcome work_end(struct work *w, enum outcome outcome);
void work_change(struct work *w, enum change_kind kind, struct id id, struct id firm);
/* Of a store result: OK for 1, NOT_FOUND for 0, FAILED for -1. */
enum outcome outcome_of(int found, struct problem *p);
int work_audit(struct work *w, const struct call *c, const char *action, struct id thing,
               struct id firm);

/* ---- what an event says (classify.c, judge.c) ---- */

struct alert {
    const char *type; /* "alert", "otasuke_device" ... */
    int64_t at_us;
    enum kind kind;
    enum verdict verdict;
    enum opened_by opened_by;
    enum direction direction;
    bool informational; /* never wakes anyone */
    bool doubtful;      /* low confidence */
    int severity;       /* 1 high .. 4, 0: not said */
    const char *signature, *category;
    int64_t gid, sid, rev;
    const char *src_ip, *dest_ip, *proto, *app_proto, *host;
    int64_t src_port, dest_port; /* -1: none */
    int64_t flow_id;             /* 0: none */
    const struct tree *event;    /* all of it; texts above are borrowed from it */
};

/* Reads what core uses of an EVE event. False: it has no event_type. */
bool alert_read(const struct tree *event, struct alert *out);
/* Whether it is one that makes or feeds an incident. */
bool alert_is_cause(const struct alert *a);

struct judgement {
    enum level level;
    const char *reason; /* a key: "reason.infected" */
};

struct judgement judge(enum kind kind, enum direction direction, bool passed,
                       const struct alert *a);

/* ---- devices (device.c) ---- */

/* The device that the event's "otasuke.device" or its isolation names, made or brought up to date. 1, 0: the event names none, -1. */
NODISCARD int device_of_event(struct work *w, const struct gateway *g, const struct alert *a,
                              struct device *out);
/* An event about isolation: what the gateway did. 1 when the device's state changed. */
NODISCARD int device_isolation_event(struct work *w, const struct gateway *g, const struct alert *a,
                                     struct device *d);
/* {"mac":..,"ips":[..]}: the device as it is, to be kept with an incident. */
const char *device_snapshot(const struct device *d, struct arena *a);
/* Reads a snapshot back over the row: what the wire told comes from the snapshot. */
void device_from_snapshot(struct device *d, const char *snapshot, struct arena *a);

/* ---- incidents (incident.c) ---- */

struct fed {
    const struct gateway *gateway;
    const struct device *device; /* NULL: none takes part */
    const struct alert *alert;
};

/* Finds or makes the incident of the cause, feeds it, and writes the notices that are due. Its id in *incident. */
NODISCARD int incident_feed(struct work *w, const struct fed *fed, struct id *incident);
/* The device was cut off: its open incidents say so; when there is none, one of its own kind begins. */
NODISCARD int incident_isolated(struct work *w, const struct gateway *g, const struct device *d);
/* An alarm of the gateway itself (silent, fail_open): begins, or ends and closes its thread. */
NODISCARD int incident_gateway_begin(struct work *w, const struct gateway *g, enum kind kind,
                                     int64_t since_us);
NODISCARD int incident_gateway_end(struct work *w, const struct gateway *g, enum kind kind);

/* ---- telling (story.c, notice.c) ---- */

/* What is told of an incident; `device` NULL: none takes part. */
void story_tell(struct core *core, const struct incident *i, const struct device *device,
                struct arena *a, struct story *out);
/* The parameters that all its texts share. */
void story_params(struct core *core, const struct incident *i, const struct device *device,
                  struct params *p);
/* Key of the first that the catalogue has: base.kind.tail.direction, base.kind.tail, base.tail ... */
const char *story_subject_key(struct core *core, const struct incident *i, struct arena *a);

/* Writes a notice of this kind to each contact of the firm that has none of it yet. */
NODISCARD int notice_write(struct work *w, const struct incident *i, enum notice_kind kind);

#endif
