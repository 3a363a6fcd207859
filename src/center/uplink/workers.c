#include "center/uplink/workers.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

/* At most one job for each connection is about, so the queues need no limit of their own. */
struct queue {
    struct job *first;
    struct job *last;
};

struct workers {
    const struct service *service;
    int wake_fd;
    pthread_mutex_t lock;
    pthread_cond_t has_work;
    bool stopping;
    struct queue waiting;
    struct queue answered;
    struct link_codec *codecs[UPLINK_WORKERS];
    pthread_t threads[UPLINK_WORKERS];
    size_t thread_count;
};

struct start {
    struct workers *workers;
    struct link_codec *codec;
};

static void queue_put(struct queue *q, struct job *job)
{
    job->next = NULL;
    if (q->last)
        q->last->next = job;
    else
        q->first = job;
    q->last = job;
}

static struct job *queue_take(struct queue *q)
{
    struct job *job = q->first;
    if (job)
        q->first = job->next;
    if (!q->first)
        q->last = NULL;
    return job;
}

struct job *job_new(struct conn *conn, enum link_kind kind, struct str body)
{
    struct job *job = calloc(1, sizeof(*job));
    if (!job)
        return NULL;
    job->conn = conn;
    job->kind = kind;
    buf_init(&job->body, 0);
    buf_init(&job->reply, LINK_FRAME_BYTES_MAX);
    buf_add(&job->body, body);
    if (!job->body.failed)
        return job;
    job_free(job);
    return NULL;
}

void job_free(struct job *job)
{
    if (!job)
        return;
    buf_fini(&job->body);
    buf_fini(&job->reply);
    free(job);
}

static struct job *wait_for_work(struct workers *w)
{
    struct job *job = NULL;
    pthread_mutex_lock(&w->lock);
    while (!w->stopping && !w->waiting.first)
        pthread_cond_wait(&w->has_work, &w->lock);
    if (!w->stopping)
        job = queue_take(&w->waiting);
    pthread_mutex_unlock(&w->lock);
    return job;
}

static void *run(void *argument)
{
    struct start start = *(struct start *)argument;
    struct workers *w = start.workers;
    const uint64_t one = 1;
    struct job *job;
    free(argument);
    while ((job = wait_for_work(w))) {
        session_answer(w->service, start.codec, job);
        pthread_mutex_lock(&w->lock);
        queue_put(&w->answered, job);
        pthread_mutex_unlock(&w->lock);
        (void)!write(w->wake_fd, &one, sizeof(one));
    }
    return NULL;
}

static bool start_thread(struct workers *w)
{
    struct start *start = malloc(sizeof(*start));
    size_t i = w->thread_count;
    w->codecs[i] = link_codec_new();
    if (!start || !w->codecs[i]) {
        free(start);
        return false;
    }
    *start = (struct start){w, w->codecs[i]};
    if (pthread_create(&w->threads[i], NULL, run, start) != 0) {
        free(start);
        return false;
    }
    w->thread_count++;
    return true;
}

struct workers *workers_start(const struct service *service, int wake_fd, struct err *err)
{
    struct workers *w = calloc(1, sizeof(*w));
    if (!w) {
        err_set(err, "uplink: out of memory");
        return NULL;
    }
    w->service = service;
    w->wake_fd = wake_fd;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->has_work, NULL);
    for (int i = 0; i < UPLINK_WORKERS; i++) {
        if (start_thread(w))
            continue;
        workers_stop(w);
        err_set(err, "uplink: cannot start a thread");
        return NULL;
    }
    return w;
}

void workers_stop(struct workers *w)
{
    struct job *job;
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_broadcast(&w->has_work);
    pthread_mutex_unlock(&w->lock);
    for (size_t i = 0; i < w->thread_count; i++)
        pthread_join(w->threads[i], NULL);
    for (size_t i = 0; i < UPLINK_WORKERS; i++)
        link_codec_free(w->codecs[i]);
    while ((job = queue_take(&w->waiting)) || (job = queue_take(&w->answered)))
        job_free(job);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->has_work);
    free(w);
}

void workers_give(struct workers *w, struct job *job)
{
    pthread_mutex_lock(&w->lock);
    queue_put(&w->waiting, job);
    pthread_cond_signal(&w->has_work);
    pthread_mutex_unlock(&w->lock);
}

struct job *workers_take(struct workers *w)
{
    pthread_mutex_lock(&w->lock);
    struct job *job = queue_take(&w->answered);
    pthread_mutex_unlock(&w->lock);
    return job;
}
