/* What is not about the service's things: live changes, the contract itself, health. */
#include "base/embedded.h"
#include "center/api/inner.h"

#include <stdio.h>
#include <stdlib.h>

extern const struct embedded api_contract[];

/* ---- live changes ---- */

/* Whom a stream belongs to: the firms reached when it was opened. It lives minutes, then the browser asks again. */
struct reader {
    bool all;
    size_t count;
    struct id firms[];
};

static bool wants(const void *reader, const void *what)
{
    const struct reader *r = reader;
    const struct change *c = what;
    if (r->all)
        return true;
    for (size_t i = 0; i < r->count; i++)
        if (id_eq(&r->firms[i], &c->firm))
            return true;
    return false;
}

void handle_stream(struct http_exchange *x)
{
    struct visit *v = x->user;
    struct firm_list firms = {0};
    bool all = v->call.actor.scope.kind == SCOPE_ALL_FIRMS;
    if (!all && !visit_ok(v, core_firm_list(&v->call, &firms)))
        return;
    struct reader *r = malloc(sizeof *r + firms.count * sizeof r->firms[0]);
    if (!r) {
        visit_ok(v, OUTCOME_FAILED);
        return;
    }
    r->all = all;
    r->count = firms.count;
    for (size_t i = 0; i < firms.count; i++)
        r->firms[i] = firms.items[i].id;
    x->stream = r;
}

static void on_change(void *context, const struct change *c)
{
    static const char *const names[CHANGE_KINDS] = {[CHANGE_INCIDENT] = "incident",
                                                    [CHANGE_GATEWAY] = "gateway",
                                                    [CHANGE_DEVICE] = "device",
                                                    [CHANGE_NOTICE] = "notice"};
    struct api *api = context;
    char text[160];
    struct http *http = atomic_load(&api->http);
    if (!names[c->kind] || !http)
        return;
    int len = snprintf(text, sizeof text, "event: %s\ndata: {\"id\":\"%s\",\"firm_id\":\"%s\"}\n\n",
                       names[c->kind], c->id.text, c->firm.text);
    http_broadcast(http, str_of(text, (size_t)len), wants, c);
}

int api_listen(struct api *api)
{
    return core_listen(api->conf.core, on_change, api);
}

void api_attach(struct api *api, struct http *http)
{
    atomic_store(&api->http, http);
}

/* ---- the contract and health ---- */

void handle_openapi(struct http_exchange *x)
{
    x->type = "application/yaml";
    buf_add(&x->out, str_of(api_contract[0].bytes, api_contract[0].len));
}

static void check(struct json *j, const char *name, const char *status, const char *detail)
{
    json_object(j, NULL);
    json_text(j, "name", name);
    json_text(j, "status", status);
    if (detail)
        json_bytes(j, "detail", str_c(detail));
    json_end_object(j);
}

void handle_healthz(struct http_exchange *x)
{
    struct visit *v = x->user;
    struct json *j = visit_begin(v, 200);
    json_object(j, NULL);
    json_text(j, "status", "pass");
    json_text(j, "version", v->api->conf.version);
    json_array(j, "checks");
    json_end_array(j);
    json_end_object(j);
}

/* Anybody may ask: the details say that something is wrong, not what it is called inside. */
void handle_readyz(struct http_exchange *x)
{
    struct visit *v = x->user;
    char text[200];
    const char *mail = v->api->conf.mail_trouble
                           ? v->api->conf.mail_trouble(v->api->conf.context, text, sizeof text)
                           : NULL;
    bool ready = core_ready(v->call.core, NULL);
    struct json *j = visit_begin(v, ready ? 200 : 503);
    json_object(j, NULL);
    json_text(j, "status", !ready ? "fail" : mail ? "warn" : "pass");
    json_text(j, "version", v->api->conf.version);
    json_array(j, "checks");
    check(j, "store", ready ? "pass" : "fail", NULL);
    check(j, "mail", mail ? "warn" : "pass", mail);
    json_end_array(j);
    json_end_object(j);
}
