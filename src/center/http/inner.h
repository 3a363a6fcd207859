/* inner: what the files of http share. */
#ifndef CENTER_HTTP_INNER_H
#define CENTER_HTTP_INNER_H

#include "center/http/http.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

struct stream {
    struct stream *next, **back; /* in the server's list */
    struct http *http;
    struct MHD_Connection *connection;
    void *reader;
    struct buf waiting;
    int64_t ends_us;
    bool suspended, over;
};

struct http {
    struct http_conf conf;
    struct MHD_Daemon *daemon;
    int folder; /* descriptor, -1: none */
    unsigned port;
    struct buf certificate, key;
    pthread_mutex_t lock; /* over the streams */
    struct stream *streams;
    size_t stream_count;
    pthread_t beat;
    pthread_cond_t stopping;
    bool stop, beating;
};

/* The route of a path and method with the parts filled in, or NULL: *path_known says whether another method has it. */
const struct http_route *route_find(const struct http_conf *conf, struct http_exchange *x,
                                    bool *path_known);

/* The file of a path as a response, or NULL. Never outside of the folder, no links followed, no dot files. */
struct MHD_Response *static_find(const struct http *h, const char *path);

/* NULL: too many streams, or no memory. Takes the reader over. */
struct MHD_Response *stream_open(struct http *h, struct MHD_Connection *connection, void *reader);
int streams_start(struct http *h);
void streams_stop(struct http *h);

void heads_add(const struct http *h, struct MHD_Response *r);

#endif
