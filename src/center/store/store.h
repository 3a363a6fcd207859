/* store: everything the center knows, on disk, in SQLite. All SQL of the center is in this room.
 *
 * Way in:    core opens a unit of work, calls what it needs, commits once.
 * Way out:   rows of the model, in the arena given to the unit.
 * Scope:     a function that touches firm data takes a `struct scope` and finds, changes or lists only rows of firms the
 *            scope reaches; out of reach is the same as not there. A zeroed scope reaches nothing. Functions without a
 *            scope touch shared things only (users, sessions, organisations' names, the audit log) or look up the one
 *            secret that names its firm itself (certificate serial, claim code), and say so.
 * Results:   1 found or changed, 0 not, -1 the unit has failed: the reason stays in the unit, every later call on it gives
 *            -1 too, and unit_commit refuses. So a chain of calls may be asked once, at the end.
 * Threads:   one writer at a time, several readers; a unit belongs to the thread that opened it.
 * Durable:   WAL with synchronous=FULL: when unit_commit returns 0 the work survives a crash of machine or process.
 */
#ifndef CENTER_STORE_H
#define CENTER_STORE_H

#include "base/arena.h"
#include "base/err.h"
#include "center/model/model.h"

struct store;
struct unit;

/* Opens or creates the file, without migrating it. */
NODISCARD struct store *store_open(const char *path, struct err *err);
void store_close(struct store *store);
/* Brings the schema up to date, each numbered step in a transaction of its own. */
NODISCARD int store_migrate(struct store *store, int64_t now_us, struct err *err);
/* The number of the newest migration in the file, and in the program. */
NODISCARD int store_version(struct store *store, int64_t *in_file, int64_t *in_program,
                            struct err *err);
/* Integrity of the file and its references, row by row: 0, or -1 with the first finding. Slow. */
NODISCARD int store_check(struct store *store, struct err *err);
/* A consistent copy while the center runs. */
NODISCARD int store_backup(struct store *store, const char *path, struct err *err);

/* ---- units of work ---- */

enum unit_kind { UNIT_READ, UNIT_WRITE };

/* Waits for its turn (readers: for one of STORE_READERS connections). NULL: the store is broken or busy for 10 s. */
NODISCARD struct unit *unit_begin(struct store *store, enum unit_kind kind, struct arena *arena,
                                  struct err *err);
/* 0: on disk. -1: nothing of it happened. The unit is gone in both cases. */
NODISCARD int unit_commit(struct unit *unit, struct err *err);
/* Takes back what was not committed. NULL is legal. */
void unit_end(struct unit *unit);
/* Part of a unit that can be taken back alone: begin, then keep (0 or -1) or undo. Not nested. */
NODISCARD int unit_part_begin(struct unit *unit);
NODISCARD int unit_part_keep(struct unit *unit);
/* After it the unit is whole again, also when the part had failed. -1: it is not. */
NODISCARD int unit_part_undo(struct unit *unit);
bool unit_failed(const struct unit *unit);
/* Why, for the log. */
const char *unit_error(const struct unit *unit);
/* What is read from now on lives in another arena. */
void unit_use_arena(struct unit *unit, struct arena *arena);

/* ---- organisations: names and kinds are shared; what belongs to a firm is scoped ---- */

NODISCARD int store_organisation_add(struct unit *u, const struct organisation *o, int64_t now_us);
NODISCARD int store_organisation_get(struct unit *u, struct id id, struct organisation *out);
/* The operator itself: the one organisation without a parent. */
NODISCARD int store_operator_get(struct unit *u, struct organisation *out);
/* Of the tree what the scope reaches: the scope's own organisation and its firms; everything for all firms. */
NODISCARD int store_organisation_list(struct unit *u, struct scope s,
                                      struct organisation_list *out);

/* Also writes who reaches it: the firm, its reseller, the operator. reseller may be none. */
NODISCARD int store_firm_add(struct unit *u, const struct firm *f, struct id reseller,
                             int64_t now_us);
/* With sites and contacts. */
NODISCARD int store_firm_get(struct unit *u, struct scope s, struct id id, struct firm *out);
NODISCARD int store_firm_list(struct unit *u, struct scope s, struct firm_list *out);
/* Lets an organisation beside the tree (responder, agent, insurer) reach a firm, or ends it. */
NODISCARD int store_grant_add(struct unit *u, struct scope s, struct id organisation,
                              struct id firm, int64_t now_us);
NODISCARD int store_grant_end(struct unit *u, struct scope s, struct id organisation,
                              struct id firm);
NODISCARD int store_site_add(struct unit *u, struct scope s, struct id firm,
                             const struct named *site, int64_t now_us);
/* The firm that the site belongs to. */
NODISCARD int store_site_get(struct unit *u, struct scope s, struct id id, struct named *site,
                             struct id *firm);
/* 0 also when the firm has that address already. */
NODISCARD int store_contact_add(struct unit *u, struct scope s, struct id firm,
                                const struct contact *c, int64_t now_us);

/* ---- people (shared: users, sessions, audit) ---- */

struct login_row {
    struct user user;
    enum organisation_kind organisation_kind;
    const char *password; /* encoded hash */
};

NODISCARD int store_user_add(struct unit *u, const struct user *user, const char *password,
                             int64_t now_us);
NODISCARD int store_user_by_login(struct unit *u, const char *login, struct login_row *out);
NODISCARD int store_user_get(struct unit *u, struct id id, struct login_row *out);
NODISCARD int store_user_list(struct unit *u, struct user_list *out);
NODISCARD int store_user_logged_in(struct unit *u, struct id id, int64_t now_us);
NODISCARD int store_user_password(struct unit *u, struct id id, const char *password);

struct session_row {
    const char *token_hash;
    struct id user;
    const char *csrf;
    int64_t created_us;
    int64_t used_us;
    int64_t expires_us;
};

NODISCARD int store_session_add(struct unit *u, const struct session_row *row);
NODISCARD int store_session_get(struct unit *u, const char *token_hash, struct session_row *out);
NODISCARD int store_session_used(struct unit *u, const char *token_hash, int64_t now_us);
NODISCARD int store_session_end(struct unit *u, const char *token_hash);
/* All of a user but one (NULL: all). */
NODISCARD int store_session_end_others(struct unit *u, struct id user, const char *keep_hash);
NODISCARD int store_session_expire(struct unit *u, int64_t now_us);

struct audit_row {
    struct id actor; /* none: the center itself */
    const char *actor_name;
    const char *action; /* "incident.resolve" */
    struct id thing;
    struct id firm;
    const char *detail;
};

NODISCARD int store_audit_add(struct unit *u, const struct audit_row *row, int64_t now_us);

/* ---- fleet ---- */

NODISCARD int store_gateway_add(struct unit *u, struct scope s, const struct gateway *g,
                                int64_t now_us);
NODISCARD int store_gateway_get(struct unit *u, struct scope s, struct id id, struct gateway *out);
NODISCARD int store_gateway_list(struct unit *u, struct scope s, const struct gateway_filter *f,
                                 struct gateway_list *out);
/* Gateways that were heard before `before_us` for the last time and are not yet marked silent. */
NODISCARD int store_gateway_list_quiet(struct unit *u, struct scope s, int64_t before_us,
                                       struct gateway_list *out);
NODISCARD int store_gateway_set_silent(struct unit *u, struct scope s, struct id id, bool silent);
/* Writes heartbeat time, version, capture, fail_open, counters, clock offset, known policy of `g`; marks it heard. */
NODISCARD int store_gateway_heard(struct unit *u, struct scope s, const struct gateway *g);
NODISCARD int store_gateway_enrolled(struct unit *u, struct scope s, struct id id, int64_t now_us);
/* The gateway and all its certificates. */
NODISCARD int store_gateway_revoke(struct unit *u, struct scope s, struct id id, int64_t now_us);
/* All its devices are known ones; those that come from now on are not. */
NODISCARD int store_gateway_devices_confirmed(struct unit *u, struct scope s, struct id id,
                                              int64_t now_us);
/* Raises the number of its policy. */
NODISCARD int store_gateway_policy_changed(struct unit *u, struct scope s, struct id id);

struct certificate_row {
    const char *serial;
    struct id gateway;
    struct id firm;
    int64_t not_after_us;
    int64_t revoked_us;
};

NODISCARD int store_certificate_add(struct unit *u, struct scope s,
                                    const struct certificate_row *row, int64_t now_us);
/* The serial is the key that says which firm: no scope. */
NODISCARD int store_certificate_get(struct unit *u, const char *serial,
                                    struct certificate_row *out);
NODISCARD int store_certificate_revoke_all(struct unit *u, struct scope s, struct id gateway,
                                           int64_t now_us);

struct claim_row {
    const char *claim_id;  /* hex */
    const char *claim_key; /* hex */
    struct id gateway;
    struct id firm;
    int64_t expires_us;
    int64_t asked; /* times it was looked for */
};

NODISCARD int store_claim_add(struct unit *u, struct scope s, const struct claim_row *row,
                              int64_t now_us);
/* The claim's id is the key that says which firm: no scope. */
NODISCARD int store_claim_get(struct unit *u, const char *claim_id, struct claim_row *out);
NODISCARD int store_claim_asked(struct unit *u, const char *claim_id);
NODISCARD int store_claim_end_all(struct unit *u, struct scope s, struct id gateway);

/* ---- devices ---- */

NODISCARD int store_device_add(struct unit *u, struct scope s, const struct device *d);
NODISCARD int store_device_get(struct unit *u, struct scope s, struct id id, struct device *out);
NODISCARD int store_device_by_mac(struct unit *u, struct scope s, struct id gateway,
                                  const char *mac, struct device *out);
/* Writes what the wire tells: maker, hostname, vendor_class, ips, times, unknown. */
NODISCARD int store_device_seen(struct unit *u, struct scope s, const struct device *d);
/* Writes name, place, unknown. */
NODISCARD int store_device_named(struct unit *u, struct scope s, const struct device *d);
NODISCARD int store_device_isolation(struct unit *u, struct scope s, struct id id,
                                     const struct isolation *i);
/* Remembers when its release was ordered. */
NODISCARD int store_device_released(struct unit *u, struct scope s, struct id id, int64_t now_us);
NODISCARD int store_device_list(struct unit *u, struct scope s, const struct device_filter *f,
                                struct device_list *out);
/* Ends the center's isolations that ran out before `before_us`. */
NODISCARD int store_device_expire(struct unit *u, struct scope s, int64_t before_us);
NODISCARD int store_device_count(struct unit *u, struct scope s, struct id gateway, int64_t *count);

/* What a gateway must hold to: rows of its isolations and of its releases after `since_us`. */
struct policy_row {
    const char *mac;
    struct isolation isolation;
    int64_t released_us;
};
struct policy_list {
    struct policy_row *items;
    size_t count;
};
NODISCARD int store_policy_list(struct unit *u, struct scope s, struct id gateway, int64_t since_us,
                                struct policy_list *out);

/* ---- events ---- */

struct event_row {
    struct id firm;
    struct event event;
    int64_t mono_us;
    struct id incident; /* none: no incident */
    struct id device;
    struct str json;
};

/* Into the table of the month of received_us (made when missing). 0: that (gateway, epoch, seq) is there already. */
NODISCARD int store_event_add(struct unit *u, struct scope s, const struct event_row *row);
NODISCARD int store_event_list(struct unit *u, struct scope s, const struct event_filter *f,
                               struct event_list *out);

struct epoch_row {
    struct id gateway;
    struct id firm;
    const char *epoch;
    uint64_t durable_seq;
    uint64_t refused;
};
NODISCARD int store_epoch_get(struct unit *u, struct scope s, struct id gateway, const char *epoch,
                              struct epoch_row *out);
NODISCARD int store_epoch_put(struct unit *u, struct scope s, const struct epoch_row *row,
                              int64_t now_us);

/* ---- incidents ---- */

struct cause {
    struct id gateway;
    struct id device; /* none: no device takes part */
    enum kind kind;
    int64_t open_after_us; /* last seen at or after this */
    bool resolved_too;     /* also one that the center itself resolved */
};

NODISCARD int store_incident_add(struct unit *u, struct scope s, const struct incident *i);
NODISCARD int store_incident_get(struct unit *u, struct scope s, struct id id,
                                 struct incident *out);
/* The newest open one of this cause. */
NODISCARD int store_incident_by_cause(struct unit *u, struct scope s, const struct cause *cause,
                                      struct incident *out);
/* Writes everything that changes in an incident's life. */
NODISCARD int store_incident_put(struct unit *u, struct scope s, const struct incident *i);
NODISCARD int store_incident_list(struct unit *u, struct scope s, const struct incident_filter *f,
                                  struct incident_list *out);
/* Open incidents of a device that are fed at or after `open_after_us`. */
NODISCARD int store_incident_list_open(struct unit *u, struct scope s, const struct cause *cause,
                                       struct incident_list *out);
/* The next number of a day: "261122-0007". */
NODISCARD int store_incident_number(struct unit *u, const char *day, const char **number);

NODISCARD int store_summary(struct unit *u, struct scope s, struct summary *out);

/* ---- notices ---- */

/* 0: this recipient has that kind of notice of this incident already. */
NODISCARD int store_notice_add(struct unit *u, struct scope s, const struct notice *n);
/* Newest first; with `incident` set, that incident's. */
NODISCARD int store_notice_list(struct unit *u, struct scope s, const struct notice_filter *f,
                                struct notice_list *out);
/* The first notice of an incident to a recipient. */
NODISCARD int store_notice_first(struct unit *u, struct scope s, struct id incident,
                                 const char *recipient, struct notice *out);
/* How many first notices this recipient of the firm got since `since_us` before the notice `before` (none: all). */
struct notice_window {
    struct id firm;
    const char *recipient;
    int64_t since_us;
    struct id before;
};
NODISCARD int store_notice_count(struct unit *u, struct scope s, const struct notice_window *w,
                                 int64_t *count);
/* Waiting ones whose time has come, oldest first, at most `limit`. */
NODISCARD int store_notice_list_due(struct unit *u, struct scope s, int64_t now_us, uint32_t limit,
                                    struct notice_list *out);
/* Writes level, subject, body, state, attempts, sent_us, next_try_us, error. */
NODISCARD int store_notice_put(struct unit *u, struct scope s, const struct notice *n);

#endif
