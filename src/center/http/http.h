/* http: the server for browsers: connections, TLS, routes, bodies, static files, event streams. It knows no device.
 *
 * Way in:    libmicrohttpd's threads; a request is whole (body included) before a handler sees it.
 * Way out:   the handler fills the exchange; http sends it with the security heads.
 * Routes:    one const table of the caller; a pattern's "{}" takes one part of the path. Before each handler the caller's
 *            gate decides (session, role, CSRF). What no route has is a fault for the caller to word, or a static file.
 * Limits:    body HTTP_BODY_BYTES_MAX, heads HTTP_MEMORY_BYTES, HTTP_CONNECTIONS_MAX in all, HTTP_CONNECTIONS_PER_ADDRESS,
 *            idle HTTP_IDLE_S, streams HTTP_STREAMS_MAX of HTTP_STREAM_LIFE_S each (the browser opens it again, which asks the
 *            session again). An attacker gains one of these places for at most these seconds.
 * Memory:    an exchange and all of its arena end when the answer is sent.
 */
#ifndef CENTER_HTTP_HTTP_H
#define CENTER_HTTP_HTTP_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#define HTTP_BODY_BYTES_MAX (1u << 20)
#define HTTP_ANSWER_BYTES_MAX (32u << 20)
#define HTTP_MEMORY_BYTES 32768
#define HTTP_CONNECTIONS_MAX 1024
#define HTTP_CONNECTIONS_PER_ADDRESS 128
#define HTTP_IDLE_S 30
#define HTTP_STREAMS_MAX 400
#define HTTP_STREAM_LIFE_S 600
#define HTTP_STREAM_BEAT_S 15
#define HTTP_STREAM_BYTES_MAX 65536 /* waiting for a slow reader; beyond it the stream ends */
#define HTTP_PARTS_MAX 4
#define HTTP_HEADS_MAX 8

enum http_method { HTTP_GET, HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE, HTTP_METHODS };

enum http_fault {
    HTTP_FAULT_NOT_FOUND,
    HTTP_FAULT_METHOD, /* the path is there, not with this method; exchange.allow names those that are */
    HTTP_FAULT_TOO_LARGE, /* the body */
    HTTP_FAULT_BAD        /* a path that is none */
};

struct http_head {
    const char *name, *value; /* in the exchange's arena, or literals */
};

struct http_exchange {
    enum http_method method;
    const char *path;
    const char *address; /* the peer's IP as text */
    struct str body;
    struct str parts[HTTP_PARTS_MAX]; /* what stood at the pattern's "{}" */
    size_t part_count;
    const char *allow;
    struct arena *arena;
    void *user; /* the gate's, for the handler; in the arena */
    /* the answer */
    unsigned status;  /* 200 unless set */
    const char *type; /* content type; NULL: no body */
    struct buf out;   /* the body */
    struct http_head heads[HTTP_HEADS_MAX];
    size_t head_count;
    void *
        stream; /* not NULL: answer with an event stream that belongs to this reader (malloc; http frees it) */
    void *inner; /* http's own */
};

typedef void http_handler(struct http_exchange *x);

struct http_route {
    enum http_method method;
    const char *pattern; /* "/api/incidents/{}/events" */
    http_handler *handler;
    unsigned need; /* for the gate */
};

struct http_conf {
    const char *listen;            /* "127.0.0.1:8080", "[::]:8443"; port 0: any free one */
    const char *certificate, *key; /* PEM files; NULL: no TLS */
    const char *folder;            /* of static files; NULL: none */
    const struct http_route *routes;
    size_t route_count;
    const char *prefix; /* paths below it are never static files: "/api/" */
    void *context;
    /* False: the exchange is answered already. */
    bool (*gate)(void *context, struct http_exchange *x, const struct http_route *route);
    /* Once the handler has answered, also when the gate did: gives back what they hold. */
    void (*after)(void *context, struct http_exchange *x);
    void (*fault)(void *context, struct http_exchange *x, enum http_fault fault);
};

struct http;

/* Answers requests when it returns. NULL: *err says why. */
NODISCARD struct http *http_start(const struct http_conf *conf, struct err *err);
void http_stop(struct http *h);
unsigned http_port(const struct http *h);
bool http_is_tls(const struct http *h);

/* NULL when absent. Valid as long as the exchange. */
const char *http_request_head(const struct http_exchange *x, const char *name);
const char *http_query(const struct http_exchange *x, const char *name);
const char *http_cookie(const struct http_exchange *x, const char *name);
/* A head of the answer; value is copied, control characters end it (no head can be smuggled in). */
void http_answer_head(struct http_exchange *x, const char *name, const char *value);

/* Sends the text to every stream whose reader wants it: wants(reader, what). Any thread. */
typedef bool http_wants(const void *reader, const void *what);
void http_broadcast(struct http *h, struct str text, http_wants *wants, const void *what);

#endif
