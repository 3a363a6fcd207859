/* api: openapi.yaml in C: JSON <-> core, who may do what, problems by RFC 9457, live changes as server-sent events.
 *
 * Way in:    http hands over exchanges by the const table of routes in routes.c; the gate there asks session, role and CSRF.
 * Way out:   JSON. What core calls OUTCOME_NOT_FOUND (also: out of the session's reach) is 404.
 * Threads:   http's; an api has no state but its conf.
 */
#ifndef CENTER_API_API_H
#define CENTER_API_API_H

#include "center/core/core.h"
#include "center/http/http.h"

struct api;

struct api_conf {
    struct core *core;
    const char *version;
    bool secure_cookie; /* the console is reached by https */
    /* Waiting mail that cannot be delivered, for /readyz: NULL when all is well. Valid for the moment. */
    const char *(*mail_trouble)(void *context, char *out, size_t bytes);
    void *context;
};

NODISCARD struct api *api_new(const struct api_conf *conf);
void api_free(struct api *api);
/* Fills routes, gate and fault of the server's conf. */
void api_serve(struct api *api, struct http_conf *conf);
/* Registers with core; before traffic. 0 or -1. */
NODISCARD int api_listen(struct api *api);
/* Core's changes go to this server's streams from now on; NULL: to none. */
void api_attach(struct api *api, struct http *http);

#endif
