/* inner: what the files of api share. */
#ifndef CENTER_API_INNER_H
#define CENTER_API_INNER_H

#include "base/json.h"
#include "center/api/api.h"
#include "center/tree/tree.h"

#include <stdatomic.h>

struct api {
    struct api_conf conf;
    struct http *_Atomic http; /* set by api_attach */
};

/* One request: who asks, and the answer being written. Lives in the exchange's arena. */
struct visit {
    struct api *api;
    struct http_exchange *x;
    struct call call;
    struct person_session session; /* when the route needs one */
    const char *token;             /* of the session's cookie */
    struct tree *body;             /* of visit_body; freed when the answer stands */
    struct json json;
};

/* ---- answering (visit.c) ---- */

/* Status by outcome; for anything but OUTCOME_OK the problem of the call. True when it was OK: go on with visit_begin. */
bool visit_ok(struct visit *v, enum outcome outcome);
/* Begins the JSON body of an answer. */
struct json *visit_begin(struct visit *v, unsigned status);
void visit_problem(struct http_exchange *x, unsigned status, const char *code,
                   const struct problem *p);
/* The body as an object; false: the problem is answered. */
bool visit_body(struct visit *v);
/* The member's text. Absent: `otherwise`. Of another type or longer than max_chars: NULL and the problem is answered. */
bool visit_text(struct visit *v, const char *name, size_t max_chars, const char **out);
/* As visit_text, and it must be there and not empty. */
bool visit_need_text(struct visit *v, const char *name, size_t max_chars, const char **out);
bool visit_word(struct visit *v, const char *name, enum vocabulary words,
                int *out);                                        /* absent: *out stays */
bool visit_id(struct visit *v, const char *name, struct id *out); /* absent: none */
/* The path's own id; false: 404 is answered. */
bool visit_path_id(struct visit *v, struct id *out);
/* limit, cursor and firm of a list. */
bool visit_page(struct visit *v, struct page *page, struct id *firm);
bool visit_invalid(struct visit *v, const char *field, const char *text);

/* ---- rows as JSON (write.c) ---- */

void write_time(struct json *j, const char *key, int64_t at_us);    /* null for 0 */
void write_text(struct json *j, const char *key, const char *text); /* null for NULL */
void write_named(struct json *j, const char *key, const struct named *n);
void write_named_or_null(struct json *j, const char *key, const struct named *n);
void write_user(struct json *j, const char *key, const struct user *u);
void write_firm(struct json *j, const char *key, const struct firm *f);
void write_organisation(struct json *j, const struct organisation *o);
void write_gateway(struct json *j, const char *key, const struct gateway *g);
void write_device(struct json *j, const char *key, const struct device *d, struct arena *a);
void write_incident(struct json *j, const char *key, const struct incident_view *v,
                    struct arena *a);
void write_event(struct json *j, const struct event *e);
void write_notice(struct json *j, const struct notice *n);
/* next_cursor: of the last row when there is more, else null. */
void write_cursor(struct json *j, bool more, const struct position *last);

/* ---- handlers ---- */

http_handler handle_login, handle_logout, handle_me, handle_password;
http_handler handle_summary, handle_incidents, handle_incident, handle_incident_events,
    handle_incident_notices, handle_acknowledge, handle_resolve, handle_notices;
http_handler handle_gateways, handle_gateway_add, handle_gateway, handle_claim_code, handle_revoke,
    handle_confirm_devices;
http_handler handle_devices, handle_device, handle_device_change, handle_isolate, handle_release;
http_handler handle_organisations, handle_organisation_add, handle_firms, handle_firm_add,
    handle_firm, handle_contact_add, handle_site_add, handle_users, handle_user_add;
http_handler handle_stream, handle_openapi, handle_healthz, handle_readyz;

#endif
