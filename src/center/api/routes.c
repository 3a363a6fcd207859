/* Every address of the API: method, pattern, handler, and the roles that may. The one place where rights are given. */
#include "center/api/inner.h"

#include <openssl/crypto.h>
#include <stdlib.h>

#define NEED_NOTHING 0u
#define NEED_SESSION ROLES_ALL
#define NEED_OFFICE (ROLE_BIT(ROLE_ADMIN) | ROLE_BIT(ROLE_OPERATOR))
#define NEED_SALES (NEED_OFFICE | ROLE_BIT(ROLE_RESELLER))
#define NEED_WATCH (ROLES_STAFF | ROLE_BIT(ROLE_RESPONDER) | ROLE_BIT(ROLE_MANAGER))
#define NEED_CUT (ROLES_STAFF | ROLE_BIT(ROLE_MANAGER))
#define NEED_NAMES \
    (ROLES_STAFF | ROLE_BIT(ROLE_RESPONDER) | ROLE_BIT(ROLE_MANAGER) | ROLE_BIT(ROLE_CUSTOMER))
#define NEED_SECURITY (ROLES_ALL & ~(ROLE_BIT(ROLE_AGENT) | ROLE_BIT(ROLE_INSURER)))
#define NEED_ADMIN ROLE_BIT(ROLE_ADMIN)

#define COOKIE "otasuke_session"

static const struct http_route routes[] = {
    {HTTP_POST, "/api/session", handle_login, NEED_NOTHING},
    {HTTP_DELETE, "/api/session", handle_logout, NEED_SESSION},
    {HTTP_GET, "/api/me", handle_me, NEED_SESSION},
    {HTTP_PUT, "/api/me/password", handle_password, NEED_SESSION},
    {HTTP_GET, "/api/summary", handle_summary, NEED_SECURITY},
    {HTTP_GET, "/api/incidents", handle_incidents, NEED_SECURITY},
    {HTTP_GET, "/api/incidents/{}", handle_incident, NEED_SECURITY},
    {HTTP_GET, "/api/incidents/{}/events", handle_incident_events, NEED_SECURITY},
    {HTTP_GET, "/api/incidents/{}/notices", handle_incident_notices, NEED_SECURITY},
    {HTTP_POST, "/api/incidents/{}/acknowledge", handle_acknowledge, NEED_WATCH},
    {HTTP_POST, "/api/incidents/{}/resolve", handle_resolve, NEED_WATCH},
    {HTTP_GET, "/api/notices", handle_notices, NEED_SECURITY},
    {HTTP_GET, "/api/gateways", handle_gateways, NEED_SECURITY},
    {HTTP_POST, "/api/gateways", handle_gateway_add, NEED_SALES},
    {HTTP_GET, "/api/gateways/{}", handle_gateway, NEED_SECURITY},
    {HTTP_POST, "/api/gateways/{}/claim-code", handle_claim_code, NEED_SALES},
    {HTTP_POST, "/api/gateways/{}/revoke", handle_revoke, NEED_SALES},
    {HTTP_POST, "/api/gateways/{}/confirm-devices", handle_confirm_devices, NEED_NAMES},
    {HTTP_GET, "/api/devices", handle_devices, NEED_SECURITY},
    {HTTP_GET, "/api/devices/{}", handle_device, NEED_SECURITY},
    {HTTP_PATCH, "/api/devices/{}", handle_device_change, NEED_NAMES},
    {HTTP_POST, "/api/devices/{}/isolate", handle_isolate, NEED_CUT},
    {HTTP_POST, "/api/devices/{}/release", handle_release, NEED_CUT},
    {HTTP_GET, "/api/organisations", handle_organisations, NEED_SESSION},
    {HTTP_POST, "/api/organisations", handle_organisation_add, NEED_OFFICE},
    {HTTP_GET, "/api/firms", handle_firms, NEED_SESSION},
    {HTTP_POST, "/api/firms", handle_firm_add, NEED_SALES},
    {HTTP_GET, "/api/firms/{}", handle_firm, NEED_SESSION},
    {HTTP_POST, "/api/firms/{}/contacts", handle_contact_add, NEED_SALES | ROLE_BIT(ROLE_MANAGER)},
    {HTTP_POST, "/api/firms/{}/sites", handle_site_add, NEED_SALES},
    {HTTP_GET, "/api/users", handle_users, NEED_ADMIN},
    {HTTP_POST, "/api/users", handle_user_add, NEED_ADMIN},
    {HTTP_GET, "/api/stream", handle_stream, NEED_SECURITY},
    {HTTP_GET, "/api/openapi.yaml", handle_openapi, NEED_NOTHING},
    {HTTP_GET, "/healthz", handle_healthz, NEED_NOTHING},
    {HTTP_GET, "/readyz", handle_readyz, NEED_NOTHING},
};

static bool same_text(const char *a, const char *b)
{
    size_t len = strlen(a);
    return b && strlen(b) == len && CRYPTO_memcmp(a, b, len) == 0;
}

static bool refuse(struct http_exchange *x, unsigned status, const char *code, const char *text)
{
    struct problem p;
    problem_set(&p, OUTCOME_OK, NULL, "%s", text);
    visit_problem(x, status, code, &p);
    return false;
}

/* A body is JSON and says so: a form of another site cannot say that without the browser asking first. */
static bool body_type_is_fine(struct http_exchange *x)
{
    const char *type = http_request_head(x, "Content-Type");
    if (x->body.len == 0)
        return true;
    struct str said = str_c(type);
    struct str kind = str_trim(str_split(&said, ';'));
    return str_eq_nocase(kind, STR_LIT("application/json"));
}

static bool let_in(struct visit *v, const struct http_route *route)
{
    struct http_exchange *x = v->x;
    v->token = http_cookie(x, COOKIE);
    enum outcome outcome =
        v->token ? core_session(&v->call, str_c(v->token), &v->session) : OUTCOME_LOGIN_FAILED;
    if (outcome == OUTCOME_LOGIN_FAILED)
        return refuse(x, 401, "not_logged_in", "log in first");
    if (outcome != OUTCOME_OK)
        return visit_ok(v, outcome);
    v->call.actor = v->session.actor;
    if (x->method != HTTP_GET && !same_text(v->session.csrf, http_request_head(x, "X-CSRF-Token")))
        return refuse(x, 403, "csrf", "the header X-CSRF-Token is missing or not this session's");
    if (!(route->need & ROLE_BIT(v->call.actor.role)))
        return refuse(x, 403, "forbidden", "your role may not do this");
    return true;
}

static bool gate(void *context, struct http_exchange *x, const struct http_route *route)
{
    struct api *api = context;
    struct visit *v = arena_zalloc(x->arena, sizeof *v);
    if (!v) {
        x->status = 500;
        return false;
    }
    x->user = v;
    v->api = api;
    v->x = x;
    v->call.core = api->conf.core;
    v->call.arena = x->arena;
    if (!body_type_is_fine(x))
        return refuse(x, 415, "unsupported_type", "the body must be application/json");
    return route->need == NEED_NOTHING || let_in(v, route);
}

static void after(void *context, struct http_exchange *x)
{
    struct visit *v = x->user;
    (void)context;
    if (v)
        tree_free(v->body);
}

static void fault(void *context, struct http_exchange *x, enum http_fault what)
{
    static const struct {
        unsigned status;
        const char *code, *text;
    } faults[] = {
        [HTTP_FAULT_NOT_FOUND] = {404, "not_found", "there is nothing at this address"},
        [HTTP_FAULT_METHOD] = {405, "method", "not with this method"},
        [HTTP_FAULT_TOO_LARGE] = {413, "too_large", "a body has at most 1 MB"},
        [HTTP_FAULT_BAD] = {400, "bad_request", "this is no address"},
    };
    (void)context;
    refuse(x, faults[what].status, faults[what].code, faults[what].text);
    if (what == HTTP_FAULT_METHOD)
        http_answer_head(x, "Allow", x->allow);
}

void api_serve(struct api *api, struct http_conf *conf)
{
    conf->routes = routes;
    conf->route_count = ARRAY_COUNT(routes);
    conf->prefix = "/api/";
    conf->context = api;
    conf->gate = gate;
    conf->fault = fault;
    conf->after = after;
}

struct api *api_new(const struct api_conf *conf)
{
    struct api *api = calloc(1, sizeof *api);
    if (api)
        api->conf = *conf;
    return api;
}

void api_free(struct api *api)
{
    free(api);
}
