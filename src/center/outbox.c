#include "center/outbox.h"

#include "base/log.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define BATCH 20
#define PAUSE_MS 500

struct outbox {
    struct core *core;
    struct notify_conf conf;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop;
    char trouble[160];
};

/* Names the trouble once, when it begins and when it ends; never who was to be told what. */
static void note(struct outbox *o, const char *trouble)
{
    pthread_mutex_lock(&o->lock);
    bool had = o->trouble[0] != 0;
    snprintf(o->trouble, sizeof o->trouble, "%s", trouble);
    pthread_mutex_unlock(&o->lock);
    if (trouble[0] && !had)
        log_warn("outbox", "mail does not go out: %s", trouble);
    if (!trouble[0] && had)
        log_info("outbox", "mail goes out again");
}

static void send_one(struct outbox *o, const struct notice *n)
{
    struct err err = {{0}};
    struct mail mail = {.to = n->recipient,
                        .subject = n->subject,
                        .body = n->body,
                        .message_id = n->message_id,
                        .in_reply_to = n->in_reply_to,
                        .date_us = core_now(o->core)};
    enum notify_result result = notify_send(&o->conf, &mail, &err);
    struct delivery d = {result == NOTIFY_SENT, result == NOTIFY_NEVER, err.text};
    if (core_outbox_done(o->core, n, &d) != OUTCOME_OK)
        log_error("outbox", "notice %s: what became of it cannot be written down", n->id.text);
    if (result == NOTIFY_NEVER)
        log_warn("outbox", "notice %s is given up: %s", n->id.text, err.text);
    else
        note(o, result == NOTIFY_SENT ? "" : "the relay cannot be reached or refuses");
}

/* How many went through the hands. */
static size_t send_some(struct outbox *o)
{
    struct notice_list due = {0};
    struct arena a;
    arena_init(&a, 0, 0);
    if (core_outbox_due(o->core, &a, BATCH, &due) == OUTCOME_OK)
        for (size_t i = 0; i < due.count && !o->stop; i++)
            send_one(o, &due.items[i]);
    arena_fini(&a);
    return due.count;
}

static bool pause_or_stop(struct outbox *o)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += PAUSE_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_mutex_lock(&o->lock);
    if (!o->stop)
        pthread_cond_timedwait(&o->wake, &o->lock, &until);
    bool stop = o->stop;
    pthread_mutex_unlock(&o->lock);
    return stop;
}

static void *run(void *cls)
{
    struct outbox *o = cls;
    do {
        while (send_some(o) == BATCH)
            ;
    } while (!pause_or_stop(o));
    return NULL;
}

struct outbox *outbox_start(struct core *core, const struct notify_conf *conf, struct err *err)
{
    struct outbox *o = calloc(1, sizeof *o);
    if (!o) {
        err_set(err, "no memory for the outbox");
        return NULL;
    }
    o->core = core;
    o->conf = *conf;
    pthread_mutex_init(&o->lock, NULL);
    pthread_cond_init(&o->wake, NULL);
    if (!conf->relay) {
        note(o, "no mail relay is set (--smtp)");
    } else if (pthread_create(&o->thread, NULL, run, o) != 0) {
        err_set(err, "no thread for the outbox");
        free(o);
        return NULL;
    }
    return o;
}

void outbox_stop(struct outbox *o)
{
    if (!o)
        return;
    pthread_mutex_lock(&o->lock);
    o->stop = true;
    pthread_cond_broadcast(&o->wake);
    pthread_mutex_unlock(&o->lock);
    if (o->conf.relay)
        pthread_join(o->thread, NULL);
    pthread_cond_destroy(&o->wake);
    pthread_mutex_destroy(&o->lock);
    free(o);
}

const char *outbox_trouble(void *outbox, char *text, size_t bytes)
{
    struct outbox *o = outbox;
    pthread_mutex_lock(&o->lock);
    snprintf(text, bytes, "%s", o->trouble);
    pthread_mutex_unlock(&o->lock);
    return text[0] ? text : NULL;
}
