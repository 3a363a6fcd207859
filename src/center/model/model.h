/* model: the words of the center: ids, scopes, roles, and what a firm, gateway, device, event, incident and notice are.
 *
 * Types and pure functions only: no SQL, no HTTP, no clock. Every other room of the center speaks in these. Text members
 * (`const char *`) are NUL-terminated UTF-8 that lives in the arena of whoever asked for the row, or NULL for "none";
 * times are microseconds UTC, 0 for "never".
 */
#ifndef CENTER_MODEL_H
#define CENTER_MODEL_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/str.h"

/* ---- ids: 26 characters of Crockford's base 32: 48 bits of milliseconds, 80 random bits. They sort by time. ---- */

#define ID_CHARS 26

struct id {
    char text[ID_CHARS + 1]; /* "" : none */
};

/* A new one; later calls of the same process give greater ids within a millisecond too. Any thread. */
struct id id_make(int64_t now_us);
/* False (and none) unless s is exactly an id. */
bool id_parse(struct str s, struct id *out);
bool id_is_none(const struct id *id);
bool id_eq(const struct id *a, const struct id *b);
/* Of text that the store gave; none when it is NULL or no id. */
struct id id_of(const char *text);

/* ---- scope: which firms a question may reach. A zeroed scope reaches nothing. ---- */

enum scope_kind { SCOPE_NOTHING, SCOPE_ORGANISATION, SCOPE_ALL_FIRMS };

struct scope {
    enum scope_kind kind;
    struct id organisation;
};

/* The firms that an organisation reaches: a firm itself, a reseller's firms, and what was granted to it. */
struct scope scope_organisation(struct id organisation);
/* Every firm. Only for the operator's own staff (admin, operator, analyst) and for the center's own housekeeping. */
struct scope scope_all_firms(void);

/* ---- vocabulary: each enum has its names in the API's and the store's spelling ---- */

enum organisation_kind {
    ORGANISATION_OPERATOR,
    ORGANISATION_RESELLER,
    ORGANISATION_FIRM,
    ORGANISATION_RESPONDER,
    ORGANISATION_AGENT,
    ORGANISATION_INSURER,
    ORGANISATION_KINDS
};

enum role {
    ROLE_ADMIN,     /* everything, users too */
    ROLE_OPERATOR,  /* the operator's office */
    ROLE_ANALYST,   /* all firms' incidents */
    ROLE_RESELLER,  /* its own firms */
    ROLE_RESPONDER, /* firms granted to it: local IT firm */
    ROLE_AGENT,
    ROLE_INSURER,
    ROLE_MANAGER,  /* of one firm: may isolate and name */
    ROLE_CUSTOMER, /* of one firm: reads, names devices */
    ROLES
};

#define ROLE_BIT(role) (1u << (role))
#define ROLES_STAFF (ROLE_BIT(ROLE_ADMIN) | ROLE_BIT(ROLE_OPERATOR) | ROLE_BIT(ROLE_ANALYST))
#define ROLES_ALL ((1u << ROLES) - 1)

enum language { LANGUAGE_JA, LANGUAGE_EN, LANGUAGES };

enum level { LEVEL_BLUE, LEVEL_YELLOW, LEVEL_RED, LEVELS };

enum kind {
    KIND_C2,
    KIND_VIRUS,
    KIND_EXPLOIT,
    KIND_SCAN,
    KIND_PHISHING,
    KIND_BAD_SITE,
    KIND_CREDENTIAL,
    KIND_COINMINER,
    KIND_LATERAL,
    KIND_POLICY,
    KIND_APP,
    KIND_DOS,
    KIND_WEAK_POINT,
    KIND_GATEWAY_SILENT,
    KIND_FAIL_OPEN,
    KIND_DEVICE_ISOLATED,
    KIND_OTHER,
    KINDS
};

enum incident_state { STATE_NEW, STATE_ACKNOWLEDGED, STATE_RESOLVED, STATE_FALSE_POSITIVE, STATES };

/* What was carried out on the frames of one event. */
enum verdict { VERDICT_NONE, VERDICT_DETECTED, VERDICT_BLOCKED, VERDICT_ISOLATED, VERDICTS };

enum opened_by { OPENED_UNKNOWN, OPENED_LAN, OPENED_WAN, OPENED_BYS };
enum direction { DIRECTION_UNKNOWN, DIRECTION_OUTSIDE_IN, DIRECTION_INSIDE_OUT, DIRECTIONS };

enum isolation_state {
    ISOLATION_NONE,
    ISOLATION_ORDERED,
    ISOLATION_APPLIED,
    ISOLATION_RELEASE_ORDERED,
    ISOLATION_STATES
};
enum isolation_by {
    ISOLATION_BY_NONE,
    ISOLATION_BY_CENTER,
    ISOLATION_BY_RULE,
    ISOLATION_BY_COMMAND,
    ISOLATION_BYS
};

enum gateway_state { GATEWAY_NEVER, GATEWAY_ONLINE, GATEWAY_SILENT, GATEWAY_STATES };

enum notice_kind {
    NOTICE_FIRST,
    NOTICE_ESCALATION,
    NOTICE_RESOLVED,
    NOTICE_FALSE_POSITIVE,
    NOTICE_KINDS
};
enum notice_state { NOTICE_WAITING, NOTICE_SENT, NOTICE_DEAD, NOTICE_STATES };

enum vocabulary {
    WORDS_ORGANISATION,
    WORDS_ROLE,
    WORDS_LANGUAGE,
    WORDS_LEVEL,
    WORDS_KIND,
    WORDS_STATE,
    WORDS_VERDICT,
    WORDS_OPENED_BY,
    WORDS_DIRECTION,
    WORDS_ISOLATION_STATE,
    WORDS_ISOLATION_BY,
    WORDS_GATEWAY_STATE,
    WORDS_NOTICE_KIND,
    WORDS_NOTICE_STATE,
    VOCABULARIES
};

/* The word for a value of the enum that belongs to the vocabulary. "" stands for "unknown" or "none" where it may be so. */
const char *word_of(enum vocabulary words, int value);
/* The value, or -1 when there is no such word. */
int word_find(enum vocabulary words, struct str word);

/* ---- what happened to a request ---- */

enum outcome {
    OUTCOME_OK,
    OUTCOME_NOT_FOUND, /* also: out of scope */
    OUTCOME_FORBIDDEN,
    OUTCOME_CONFLICT,
    OUTCOME_INVALID,      /* `field` names the member */
    OUTCOME_LIMITED,      /* too many tries: later */
    OUTCOME_LOGIN_FAILED, /* wrong login, password or session */
    OUTCOME_FAILED        /* our side: store, memory */
};

struct problem {
    const char *field; /* a literal, or NULL */
    char text[240];    /* for the person who must act; no secrets */
};

/* Fills the problem (may be NULL) and returns `outcome`, so that `return problem_set(...)` is one line. */
enum outcome problem_set(struct problem *p, enum outcome outcome, const char *field,
                         const char *format, ...) PRINTF_LIKE(4, 5);

/* ---- rows ---- */

struct named {
    struct id id;
    const char *name;
};

struct organisation {
    struct id id;
    enum organisation_kind kind;
    const char *name;
    struct id parent;
};

struct contact {
    struct id id;
    const char *name;
    const char *mail;
    enum language language;
};

struct firm {
    struct id id;
    const char *name;
    enum language language;
    const char *phrase; /* the secret phrase in genuine notices, or NULL */
    struct named reseller;
    struct named *sites;
    size_t site_count;
    struct contact *contacts;
    size_t contact_count;
};

struct user {
    struct id id;
    const char *login;
    const char *name;
    enum role role;
    struct named organisation;
    enum language language;
    int64_t last_login_us;
};

/* Who asks: made from a session, or by the center for itself. */
struct actor {
    struct id user;
    const char *name;
    enum role role;
    struct scope scope;
};

struct gateway {
    struct id id;
    struct named firm;
    struct named site;
    const char *name;
    enum gateway_state state;
    int64_t created_us;
    int64_t enrolled_us;
    int64_t devices_confirmed_us; /* the list of devices was said to be whole; 0: not yet */
    int64_t revoked_us;
    int64_t last_heartbeat_us;
    const char *version;
    const char *capture;
    int fail_open;        /* 1, 0, -1: not told yet */
    const char *counters; /* JSON object */
    int64_t clock_offset_us;
    int64_t policy_number;
    int64_t known_policy; /* -1: not told yet */
};

struct isolation {
    enum isolation_state state;
    enum isolation_by by;
    const char *reason;
    int64_t since_us;
    int64_t expires_us; /* 0: none */
};

struct device {
    struct id id;
    struct named firm;
    struct named site;
    struct named gateway;
    const char *mac;
    const char *maker;
    const char *hostname;
    const char *vendor_class;
    const char *name;
    const char *place;
    const char *ips; /* JSON array of text */
    int64_t first_seen_us;
    int64_t last_seen_us;
    bool unknown;
    struct isolation isolation;
};

/* What to call it: name, else hostname, else maker and MAC, else MAC. In the arena. */
const char *device_label(const struct device *d, struct arena *a);

struct mark {
    int64_t at_us; /* 0: not marked */
    const char *by;
    const char *note;
};

struct incident {
    struct id id;
    const char *number;
    struct named firm;
    struct named site;
    struct named gateway;
    struct id device;
    const char
        *device_then; /* JSON: the device as it was at the last event; NULL: no device takes part */
    enum kind kind;
    enum level level;
    const char *reasons; /* JSON array of text keys: why this level */
    enum incident_state state;
    enum opened_by opened_by;
    enum direction direction;
    int64_t count;
    int64_t blocked_count;
    int64_t first_seen_us;
    int64_t last_seen_us;
    int64_t isolated_us; /* when the device was cut off during it; 0: was not */
    bool isolated_now;
    struct mark acknowledged;
    struct mark resolved;
    const char *technical; /* JSON: rules, flows, addresses */
};

struct event {
    struct id gateway;
    const char *epoch;
    uint64_t seq;
    int64_t at_us;
    int64_t received_us;
    const char *type;
    enum verdict verdict;
    const char *json;
};

struct notice {
    struct id id;
    struct named firm;
    struct id incident;
    const char *incident_number;
    enum notice_kind kind;
    enum level level;
    const char *recipient;
    enum language language;
    const char *subject;
    const char *body;
    const char *message_id;
    const char *in_reply_to; /* NULL: first of its thread */
    enum notice_state state;
    int64_t attempts;
    int64_t created_us;
    int64_t sent_us;
    int64_t next_try_us;
    const char *error;
};

/* ---- lists, newest first, page by page ---- */

#define PAGE_MAX 200

struct position {
    int64_t at_us; /* 0: from the start */
    struct id id;
};

struct page {
    uint32_t limit; /* 1 to PAGE_MAX */
    struct position before;
};

struct organisation_list {
    struct organisation *items;
    size_t count;
};

struct firm_list {
    struct firm *items;
    size_t count;
};

struct user_list {
    struct user *items;
    size_t count;
};

struct gateway_list {
    struct gateway *items;
    size_t count;
    bool more;
};

struct gateway_filter {
    struct id firm; /* none: all in scope */
    struct page page;
};

struct device_list {
    struct device *items;
    size_t count;
    bool more;
};

enum tristate { ANY, NO, YES };

struct device_filter {
    struct id firm;
    enum tristate isolated;
    enum tristate unknown;
    struct page page;
};

struct event_list {
    struct event *items;
    size_t count;
    bool more;
};

struct event_position {
    int64_t received_us;
    uint64_t seq;
};

struct event_filter {
    struct id incident;
    uint32_t limit;
    struct event_position before; /* zero: from the newest */
};

struct incident_list {
    struct incident *items;
    size_t count;
    bool more;
};

struct incident_filter {
    struct id firm;
    struct id device;
    unsigned levels; /* bit per enum level; 0: all */
    unsigned states; /* bit per enum incident_state; 0: all */
    struct page page;
};

struct summary {
    int64_t open[LEVELS];
    int64_t gateways[GATEWAY_STATES];
    int64_t devices, devices_unknown, devices_isolated;
};

struct notice_list {
    struct notice *items;
    size_t count;
    bool more;
};

struct notice_filter {
    struct id firm;
    struct id incident;
    struct page page;
};

#endif
