#include "gateway/replay/crew.h"

#include "base/hash.h"
#include "base/ring.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#define QUEUE_FRAMES 4096
#define TICK_FRAMES 256 /* flows are expired after so many frames */

struct worker {
    struct engine *engine;
    struct evelog logs[ENGINE_EVE_MAX];
    uint32_t log_count;
    struct filestore store;
    bool stores;
    struct ring queue;
    pthread_t thread;
    uint32_t since_tick;
    bool started;
    _Atomic uint64_t given, taken; /* frames: put into the queue, judged */
    _Atomic uint64_t at;           /* number of the frame in hand, or of the last one */
    uint64_t turn_of;              /* the frame whose turn has come already */
    _Atomic bool stop;
};

struct crew {
    uint32_t count;
    struct match_hosts *hosts;
    _Atomic uint64_t dealt; /* frames in queues so far; they are numbered from 1 */
    uint64_t secret[2];
    struct engine **engines;
    struct worker workers[];
};

/* ---- one engine's events, into each log that wants them ---- */

static bool sink_wants(void *owner, enum eve_type type, enum app_proto proto)
{
    struct worker *w = owner;
    for (uint32_t i = 0; i < w->log_count; i++)
        if (evelog_wants(&w->logs[i], type, proto))
            return true;
    return false;
}

static void sink_event(void *owner, const struct eve_event *event)
{
    struct worker *w = owner;
    for (uint32_t i = 0; i < w->log_count; i++)
        evelog_event(&w->logs[i], event);
}

/* ---- turns ----
 *
 * What rules remember of hosts (thresholds, xbits, hostbits, sets that change) is shared by all workers. Before a worker looks
 * at it, it waits until no other can still have an earlier frame: so it finds what a single worker would find, and only
 * frames with such a rule wait. The worker with the earliest frame of all never waits, so there is no deadlock. */

struct dealt {
    struct packet_frame frame;
    uint64_t number;
};

static _Thread_local struct worker *this_worker; /* NULL: not a worker's thread */

/* Has w judged all its frames before `number`? */
static bool is_past(const struct crew *crew, const struct worker *w, uint64_t number)
{
    uint64_t dealt = atomic_load(&crew->dealt);
    uint64_t given = atomic_load(&w->given);
    if (atomic_load(&w->taken) == given)
        return dealt + 1 >= number;
    return atomic_load(&w->at) >= number;
}

static void await_turn(void *owner)
{
    struct crew *crew = owner;
    struct worker *me = this_worker;
    if (!me || me->turn_of == atomic_load(&me->at))
        return;
    me->turn_of = atomic_load(&me->at);
    for (uint32_t i = 0; i < crew->count; i++)
        while (&crew->workers[i] != me && !is_past(crew, &crew->workers[i], me->turn_of))
            sched_yield();
}

/* ---- workers ---- */

static void judge(struct worker *w, const struct packet_frame *frame)
{
    struct engine_answer answer;
    engine_frame(w->engine, frame, &answer);
    if (++w->since_tick >= TICK_FRAMES) {
        w->since_tick = 0;
        engine_tick(w->engine, frame->time_us);
    }
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct dealt next;
    uint32_t idle = 0;
    this_worker = w;
    for (;;) {
        if (ring_take(&w->queue, &next)) {
            atomic_store(&w->at, next.number);
            judge(w, &next.frame);
            atomic_fetch_add(&w->taken, 1);
            idle = 0;
        } else if (atomic_load(&w->stop)) {
            return NULL;
        } else if (++idle > 64) {
            sched_yield();
        }
    }
}

static int start_worker(struct crew *crew, struct worker *w, struct err *err)
{
    if (crew->count == 1)
        return 0;
    if (ring_init(&w->queue, sizeof(struct dealt), QUEUE_FRAMES) < 0)
        return err_set(err, "out of memory for a worker's queue");
    if (pthread_create(&w->thread, NULL, work, w) != 0)
        return err_set(err, "cannot start a worker thread");
    w->started = true;
    return 0;
}

struct crew *crew_new(const struct crew_conf *conf, struct err *err)
{
    uint32_t count = conf->count;
    struct crew *crew = calloc(1, sizeof(*crew) + count * sizeof(crew->workers[0]));
    if (!crew || !(crew->engines = calloc(count, sizeof(struct engine *)))) {
        free(crew);
        err_set(err, "out of memory");
        return NULL;
    }
    crew->count = count;
    crew->hosts = conf->hosts;
    if (count > 1)
        match_hosts_order(conf->hosts, await_turn, crew);
    hash_random(crew->secret, sizeof(crew->secret));
    for (uint32_t i = 0; i < count; i++) {
        struct worker *w = &crew->workers[i];
        for (; w->log_count < conf->log_count; w->log_count++)
            evelog_init(&w->logs[w->log_count], &conf->files[w->log_count],
                        &conf->eve[w->log_count]);
        struct engine_sink sink = {w, sink_wants, sink_event, NULL};
        if (conf->store_folder) {
            w->stores =
                filestore_open(&w->store, conf->store_parent, conf->store_folder, i, err) == 0;
            sink.files = &w->store.sink;
        }
        w->engine = crew->engines[i] =
            engine_new(conf->engine, conf->image, conf->hosts, &sink, err);
        if (!w->engine || (conf->store_folder && !w->stores) || start_worker(crew, w, err) < 0) {
            crew_free(crew);
            return NULL;
        }
    }
    return crew;
}

void crew_frame(struct crew *crew, const struct packet_frame *frame)
{
    if (crew->count == 1) {
        judge(&crew->workers[0], frame);
        return;
    }
    struct worker *w = &crew->workers[packet_deal_hash(frame, crew->secret) % crew->count];
    struct dealt next = {*frame, atomic_load(&crew->dealt) + 1};
    atomic_fetch_add(&w->given, 1);
    while (!ring_put(&w->queue, &next))
        sched_yield();
    atomic_store(&crew->dealt, next.number);
}

void crew_flush(struct crew *crew)
{
    for (uint32_t i = 0; i < crew->count; i++) {
        struct worker *w = &crew->workers[i];
        while (w->started && atomic_load_explicit(&w->taken, memory_order_acquire) < w->given)
            sched_yield();
        engine_flush(w->engine);
        for (uint32_t k = 0; k < w->log_count; k++)
            evelog_flush(&w->logs[k]);
    }
}

uint64_t crew_files_lost(const struct crew *crew)
{
    uint64_t lost = 0;
    for (uint32_t i = 0; i < crew->count; i++)
        lost += crew->workers[i].store.lost;
    return lost;
}

void crew_free(struct crew *crew)
{
    if (!crew)
        return;
    for (uint32_t i = 0; i < crew->count; i++) {
        struct worker *w = &crew->workers[i];
        if (w->started) {
            atomic_store(&w->stop, true);
            pthread_join(w->thread, NULL);
        }
        engine_free(w->engine);
        if (w->stores)
            filestore_close(&w->store);
        while (w->log_count)
            evelog_fini(&w->logs[--w->log_count]);
        if (w->queue.items)
            ring_fini(&w->queue);
    }
    match_hosts_order(crew->hosts, NULL, NULL);
    free(crew->engines);
    free(crew);
}

uint64_t crew_alerts(const struct crew *crew)
{
    uint64_t alerts = 0;
    for (uint32_t i = 0; i < crew->count; i++)
        alerts += engine_counts(crew->workers[i].engine)->alerts;
    return alerts;
}

void crew_stats(struct crew *crew, int64_t time_us, double uptime_s)
{
    struct worker *w = &crew->workers[0];
    for (uint32_t i = 0; i < w->log_count; i++) {
        if (w->logs[i].conf->stats)
            evelog_stats(&w->logs[i], crew->engines, crew->count,
                         &(struct evelog_moment){.time_us = time_us, .uptime_s = uptime_s});
        evelog_flush(&w->logs[i]);
    }
}
