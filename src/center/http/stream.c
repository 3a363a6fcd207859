/* Event streams. A connection with nothing to say is suspended; a broadcast or the beat wakes it. The beat also finds out
 * that a browser has gone, and ends streams whose life is over. */
#include "base/clock.h"
#include "center/http/inner.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#define BLOCK_BYTES 8192

/* The lock is held. */
static void wake(struct stream *s)
{
    if (!s->suspended)
        return;
    s->suspended = false;
    MHD_resume_connection(s->connection);
}

/* The lock is held. */
static void give(struct stream *s, struct str text)
{
    if (s->over)
        return;
    buf_add(&s->waiting, text);
    if (s->waiting.failed)
        s->over = true; /* too slow: the browser opens a new one and reads its page again */
    wake(s);
}

static ssize_t read_block(void *cls, uint64_t at, char *out, size_t max)
{
    struct stream *s = cls;
    ssize_t result = 0;
    (void)at;
    pthread_mutex_lock(&s->http->lock);
    if (s->waiting.len > 0 && !s->waiting.failed) {
        size_t take = s->waiting.len < max ? s->waiting.len : max;
        memcpy(out, s->waiting.p, take);
        memmove(s->waiting.p, s->waiting.p + take, s->waiting.len - take);
        s->waiting.len -= take;
        result = (ssize_t)take;
    } else if (s->over || s->http->stop) {
        result = MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        s->suspended = true;
        MHD_suspend_connection(s->connection);
    }
    pthread_mutex_unlock(&s->http->lock);
    return result;
}

static void stream_free(void *cls)
{
    struct stream *s = cls;
    pthread_mutex_lock(&s->http->lock);
    if (s->back) {
        *s->back = s->next;
        if (s->next)
            s->next->back = s->back;
        s->http->stream_count--;
    }
    pthread_mutex_unlock(&s->http->lock);
    buf_fini(&s->waiting);
    free(s->reader);
    free(s);
}

/* False: there are too many. */
static bool enlist(struct http *h, struct stream *s)
{
    pthread_mutex_lock(&h->lock);
    bool room = h->stream_count < HTTP_STREAMS_MAX && !h->stop;
    if (room) {
        s->next = h->streams;
        s->back = &h->streams;
        if (s->next)
            s->next->back = &s->next;
        h->streams = s;
        h->stream_count++;
    }
    pthread_mutex_unlock(&h->lock);
    return room;
}

struct MHD_Response *stream_open(struct http *h, struct MHD_Connection *connection, void *reader)
{
    struct stream *s = calloc(1, sizeof *s);
    if (!s) {
        free(reader);
        return NULL;
    }
    s->http = h;
    s->connection = connection;
    s->reader = reader;
    s->ends_us = clock_mono_us() + HTTP_STREAM_LIFE_S * CLOCK_SECOND_US;
    buf_init(&s->waiting, HTTP_STREAM_BYTES_MAX);
    buf_add_c(&s->waiting, "retry: 3000\n\n");
    if (!enlist(h, s)) {
        stream_free(s);
        return NULL;
    }
    struct MHD_Response *r = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES,
                                                               read_block, s, stream_free);
    if (!r) {
        stream_free(s);
        return NULL;
    }
    MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, "text/event-stream");
    MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    MHD_add_response_header(r, "X-Accel-Buffering", "no");
    return r;
}

void http_broadcast(struct http *h, struct str text, http_wants *wants, const void *what)
{
    pthread_mutex_lock(&h->lock);
    for (struct stream *s = h->streams; s; s = s->next)
        if (wants(s->reader, what))
            give(s, text);
    pthread_mutex_unlock(&h->lock);
}

static void *beat(void *cls)
{
    struct http *h = cls;
    pthread_mutex_lock(&h->lock);
    while (!h->stop) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += HTTP_STREAM_BEAT_S;
        if (pthread_cond_timedwait(&h->stopping, &h->lock, &until) != ETIMEDOUT)
            continue;
        int64_t now_us = clock_mono_us();
        for (struct stream *s = h->streams; s; s = s->next) {
            give(s, STR_LIT(": beat\n\n"));
            if (s->ends_us <= now_us)
                s->over = true;
        }
    }
    for (struct stream *s = h->streams; s; s = s->next)
        wake(s);
    pthread_mutex_unlock(&h->lock);
    return NULL;
}

int streams_start(struct http *h)
{
    h->beating = pthread_create(&h->beat, NULL, beat, h) == 0;
    return h->beating ? 0 : -1;
}

void streams_stop(struct http *h)
{
    pthread_mutex_lock(&h->lock);
    h->stop = true;
    pthread_cond_broadcast(&h->stopping);
    pthread_mutex_unlock(&h->lock);
    if (h->beating)
        pthread_join(h->beat, NULL);
}
