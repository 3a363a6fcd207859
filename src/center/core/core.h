/* core: the rules of the service: fleet, ingest, incidents, notices, devices, people.
 *
 * Way in:    api (people, through an actor made from a session) and uplink (gateways, through their certificate).
 * Way out:   rows of the model in the caller's arena; changes told to listeners; notices that wait in the outbox.
 * How:       a function opens one unit of work on the store, applies the rule, commits once. No SQL text, no HTTP here.
 * Threads:   every function may be called from any thread.
 * Time:      from settings.now_us, so that tests own the clock.
 */
#ifndef CENTER_CORE_H
#define CENTER_CORE_H

#include "base/buf.h"
#include "base/err.h"
#include "center/model/model.h"
#include "link/link.h"

struct core;
struct store;

struct core_settings {
    int64_t (*now_us)(void *clock); /* NULL: the wall clock */
    void *clock;
    const char *service_name;  /* "サイバーお助け" ...; NULL: a neutral one */
    const char *public_url;    /* of the console, without a slash at the end; in notices */
    const char *contact_phone; /* in notices; NULL: the sentence without a number */
    const char *
        contact_hours; /* when the phone is answered; NULL: around the clock, in the reader's language */
    const char *contact_hours_en; /* the same for readers of English; NULL: as contact_hours */
    const char *mail_domain;      /* right half of Message-IDs */
    int64_t silence_us;           /* heartbeat older than this is an alarm; 0: 120 s */
    int64_t
        incident_window_us; /* an open incident takes further events this long after its last one; 0: 24 h */
};

NODISCARD struct core *core_new(struct store *store, const struct core_settings *settings,
                                struct err *err);
void core_free(struct core *core);
int64_t core_now(const struct core *core);

/* ---- changes: told after the commit, from the thread that made it. The callback must be quick and not call core. ---- */

enum change_kind {
    CHANGE_INCIDENT,
    CHANGE_GATEWAY,
    CHANGE_DEVICE,
    CHANGE_NOTICE,
    CHANGE_POLICY,
    CHANGE_KINDS
};

struct change {
    enum change_kind kind;
    struct id
        id; /* of the thing; for CHANGE_POLICY the gateway whose policy has a new number, or that was revoked */
    struct id firm;
};

typedef void change_listener(void *context, const struct change *change);

#define CORE_LISTENERS_MAX 8

/* 0, or -1 when CORE_LISTENERS_MAX listen already. Before traffic begins. */
NODISCARD int core_listen(struct core *core, change_listener *listener, void *context);

/* ================= the door for the uplink (gateways) ================= */

/* -- enrolment: both sides prove that they know the code (link.h, enrol.c); the code itself never travels and is not
 * stored. When a code is made: link_code_new, link_code_show for the person, link_claim_of_code; the store keeps the
 * claim's id (in hex, to find it by) and its key until it is used up. The uplink then: core_claim_check (proof by the key),
 * signs the CSR (CN = gateway id), core_claim_consume with the certificate's serial. -- */

struct claim {
    struct id gateway;
    struct id firm;
    uint8_t key[LINK_KEY_BYTES]; /* filled by core_claim_check alone */
};

/* The live claim of this id. `address`: the peer's IP text, for the limit of tries (10 wrong ones per address and 10
 * minutes, 100 in all; and 10 in all for one claim, right id or not consumed). OUTCOME_OK, _NOT_FOUND (wrong, used or
 * expired: not said which) or _LIMITED. */
enum outcome core_claim_check(struct core *core, const uint8_t claim_id[LINK_CLAIM_ID_BYTES],
                              struct str address, struct claim *out);

#define CERT_SERIAL_MAX 40 /* hex digits: RFC 5280 4.1.2.2 allows 20 octets */

struct certificate {
    const char *serial; /* lower-case hex without leading zeros */
    int64_t not_after_us;
};

/* Uses the claim up and binds the certificate to the gateway, in one step: of two callers with the same code one wins. A
 * gateway that had certificates loses them (exchanged box). OUTCOME_OK, _NOT_FOUND, _LIMITED or _FAILED. */
enum outcome core_claim_consume(struct core *core, const uint8_t claim_id[LINK_CLAIM_ID_BYTES],
                                struct str address, const struct certificate *cert,
                                struct claim *out);
/* A renewed certificate beside the old ones. */
enum outcome core_certificate_add(struct core *core, struct id gateway,
                                  const struct certificate *cert);

enum serial_state { SERIAL_UNKNOWN, SERIAL_VALID, SERIAL_REVOKED };

/* Asked on every request; sees a revocation at once. Also SERIAL_REVOKED when past not_after. */
enum serial_state core_gateway_by_serial(struct core *core, struct str serial, struct claim *out);

/* -- events -- */

#define EPOCH_CHARS_MAX 64
#define INGEST_EVENTS_MAX 20000   /* in one batch */
#define INGEST_EVENT_BYTES 131072 /* of one event's JSON */

struct ingest_event {
    uint64_t seq;    /* > 0, rising within the batch */
    int64_t wall_us; /* the gateway's wall clock at the event */
    int64_t mono_us; /* its monotonic clock */
    struct str json; /* one EVE object with "otasuke" inside */
};

struct ingest_batch {
    struct id gateway;
    struct str epoch; /* [0-9A-Za-z-], at most EPOCH_CHARS_MAX */
    const struct ingest_event *events;
    size_t count;
};

struct ingest_result {
    uint64_t durable_seq; /* everything of this epoch up to here is on disk: acknowledge this */
    uint32_t stored;
    uint32_t duplicates; /* were on disk already */
    uint32_t
        refused; /* no JSON object, too large, too deep: counted, thrown away, still acknowledged */
};

/* Returns when the batch is durable (synced to disk), incidents and notices of it included. A gateway sends the events of an
 * epoch in rising order, one batch at a time: what lies at or below the durable mark of the epoch is a duplicate. Batches
 * that wait at the same moment share one commit. OUTCOME_OK, _INVALID (nothing stored, `result` zeroed), _NOT_FOUND (no such
 * gateway) or _FAILED (nothing of it stored: send again). */
enum outcome core_ingest(struct core *core, const struct ingest_batch *batch,
                         struct ingest_result *result, struct problem *problem);
/* The durable mark of an epoch (0: nothing yet), for a gateway that asks where to go on. */
enum outcome core_ingest_mark(struct core *core, struct id gateway, struct str epoch,
                              uint64_t *durable_seq);

/* -- heartbeat: {"version","capture","fail_open":bool,"policy":number,"wall_us":number,"counters":{name:number}} ; all members
 * optional, unknown ones ignored, at most 16 KiB. Ends a silence (the alarm's thread is closed). -- */
enum outcome core_heartbeat(struct core *core, struct id gateway, struct str status_json,
                            struct problem *problem);

/* -- policy: when the gateway's policy number differs from known_number, writes the policy and sets *number. With the same
 * number *number = known_number and `out` stays empty. The text is what the uplink signs:
 * {"number":7,"gateway":"01K...","made":"2026-11-22T08:30:00.000000Z",
 *  "isolated":[{"mac":"02:..","reason":"..","since_us":1,"expires_us":2}],
 *  "released":[{"mac":"02:..","at_us":3}]}
 * `isolated`: cut off by order of the center. `released`: lift any isolation of this MAC that was made before at_us. -- */
enum outcome core_policy_for(struct core *core, struct id gateway, int64_t known_number,
                             struct buf *out, int64_t *number);

/* ================= the door for people (api, command line) ================= */

/* One request of one person. Answers live in the arena; the problem is filled when the outcome is not OK. What the actor's
 * scope does not reach is OUTCOME_NOT_FOUND. Roles are checked by the caller's table of routes before the call. */
struct call {
    struct core *core;
    struct arena *arena;
    struct actor actor;
    struct problem problem;
};

/* The center itself and its command line: admin over all firms. Never for a request from outside. */
struct actor core_actor_self(void);

/* -- setting up -- */

struct new_user {
    const char *login;
    const char *name;
    enum role role;
    struct id organisation; /* none: the operator */
    const char *password;
    enum language language;
};

#define PASSWORD_BYTES_MIN 12
#define PASSWORD_BYTES_MAX 256

/* The operator and the first admin, when the store is empty; OUTCOME_CONFLICT when it is not. */
enum outcome core_set_up(struct call *c, const char *operator_name, const struct new_user *admin);
/* A random password that can be typed: 20 characters. */
void core_password_random(char out[24]);

/* -- people -- */

#define SESSION_TOKEN_CHARS 43
#define SESSION_TOKEN_BYTES (SESSION_TOKEN_CHARS + 1)

struct person_session {
    struct user user;
    struct actor actor;
    const char *csrf;
    int64_t expires_us;
    char token[SESSION_TOKEN_BYTES]; /* only from core_login */
};

struct login {
    struct str login;
    struct str password;
    struct str address; /* the peer's IP text, for the limit of tries */
};

/* OUTCOME_LOGIN_FAILED (not said whether login or password), or OUTCOME_LIMITED (too many tries of this login or address). */
enum outcome core_login(struct call *c, const struct login *login, struct person_session *out);
/* OUTCOME_LOGIN_FAILED when the token is no live session. */
enum outcome core_session(struct call *c, struct str token, struct person_session *out);
enum outcome core_logout(struct call *c, struct str token);
struct password_change {
    const char *old_password;
    const char *new_password;
    struct str token; /* this session stays, all others of the user end */
};
enum outcome core_password_change(struct call *c, const struct password_change *change);
enum outcome core_user_add(struct call *c, const struct new_user *user, struct user *out);
enum outcome core_user_list(struct call *c, struct user_list *out);

/* -- organisations -- */

struct new_firm {
    const char *name;
    const char *site;
    enum language language;
    const char *phrase; /* NULL: the center makes one */
    struct id reseller; /* none: the actor's own organisation when it is a reseller, else direct */
};

enum outcome core_organisation_list(struct call *c, struct organisation_list *out);
enum outcome core_organisation_add(struct call *c, const struct organisation *o,
                                   struct organisation *out);
enum outcome core_firm_add(struct call *c, const struct new_firm *firm, struct firm *out);
enum outcome core_firm_get(struct call *c, struct id id, struct firm *out);
enum outcome core_firm_list(struct call *c, struct firm_list *out);
enum outcome core_contact_add(struct call *c, struct id firm, const struct contact *contact,
                              struct firm *out);
enum outcome core_site_add(struct call *c, struct id firm, const char *name, struct firm *out);
/* Lets a responder, agent or insurer reach the firm. */
enum outcome core_grant_add(struct call *c, struct id organisation, struct id firm);

/* -- fleet -- */

#define CLAIM_LIFE_US (INT64_C(72) * 3600 * 1000000)

struct claim_code {
    char shown[LINK_CODE_SHOWN_BYTES]; /* "ACDE-FGHJ-KMNP" */
    int64_t expires_us;
};

enum outcome core_gateway_add(struct call *c, struct id site, const char *name,
                              struct gateway *out);
enum outcome core_gateway_get(struct call *c, struct id id, struct gateway *out);
enum outcome core_gateway_list(struct call *c, const struct gateway_filter *f,
                               struct gateway_list *out);
/* A new code; older ones of this gateway end. */
enum outcome core_claim_code_new(struct call *c, struct id gateway, struct claim_code *out);
enum outcome core_gateway_revoke(struct call *c, struct id id, struct gateway *out);
/* "All machines seen so far are ours": none of them is unknown any more, and whatever comes later is, from its first frame. */
enum outcome core_gateway_confirm_devices(struct call *c, struct id id, struct gateway *out);

/* -- devices -- */

struct device_change {
    bool set_name, set_place;
    const char *name;  /* NULL: take it back */
    const char *place; /* NULL: take it back */
};

#define ISOLATE_HOURS_MAX 720

struct isolate {
    const char *reason;
    int64_t hours;
};

enum outcome core_device_get(struct call *c, struct id id, struct device *out);
enum outcome core_device_list(struct call *c, const struct device_filter *f,
                              struct device_list *out);
enum outcome core_device_change(struct call *c, struct id id, const struct device_change *change,
                                struct device *out);
enum outcome core_device_isolate(struct call *c, struct id id, const struct isolate *order,
                                 struct device *out);
/* OUTCOME_CONFLICT when it is not isolated. */
enum outcome core_device_release(struct call *c, struct id id, struct device *out);

/* -- incidents -- */

/* A text for people: its key, its parameters as a JSON object, and the words themselves. */
struct told {
    const char *key;
    const char *params;
    const char *words[LANGUAGES];
};

#define TODO_MAX 3
#define REASONS_MAX 4

struct story {
    struct told title;
    struct told what;
    struct told stopped;
    struct told not_known;
    struct told todo[TODO_MAX];
    size_t todo_count;
    struct told reasons[REASONS_MAX];
    size_t reason_count;
    const char *verdict; /* "blocked", as openapi.yaml lists them */
};

struct incident_view {
    struct incident incident;
    bool has_device;
    struct device
        device; /* as it was at the last event; name, place and isolation as they are now */
    struct story story;
};

struct incident_view_list {
    struct incident_view *items;
    size_t count;
    bool more;
};

enum outcome core_incident_get(struct call *c, struct id id, struct incident_view *out);
enum outcome core_incident_list(struct call *c, const struct incident_filter *f,
                                struct incident_view_list *out);
enum outcome core_incident_events(struct call *c, const struct event_filter *f,
                                  struct event_list *out);
/* OUTCOME_CONFLICT unless it is new. */
enum outcome core_incident_acknowledge(struct call *c, struct id id, struct incident_view *out);
struct resolution {
    enum incident_state state; /* STATE_RESOLVED or STATE_FALSE_POSITIVE */
    const char *note;          /* or NULL */
};
/* OUTCOME_CONFLICT when it is over already. */
enum outcome core_incident_resolve(struct call *c, struct id id, const struct resolution *r,
                                   struct incident_view *out);
enum outcome core_summary(struct call *c, struct summary *out);
enum outcome core_notice_list(struct call *c, const struct notice_filter *f,
                              struct notice_list *out);

/* ================= the door for the daemon's own threads ================= */

/* Once a second or so: gateways that fell silent, sessions that ended, isolations that ran out. */
enum outcome core_tick(struct core *core);
/* Notices whose time has come, oldest first. */
enum outcome core_outbox_due(struct core *core, struct arena *arena, uint32_t limit,
                             struct notice_list *out);
struct delivery {
    bool sent;
    bool hopeless;   /* the relay refused it for good: no further try */
    const char *why; /* when not sent */
};
/* Sent, or tried again later (1 min, doubling, at most 1 h between tries), or dead after 24 h or when hopeless. */
enum outcome core_outbox_done(struct core *core, const struct notice *notice,
                              const struct delivery *delivery);
/* Ready to work: the store answers. */
bool core_ready(struct core *core, struct err *err);

#endif
