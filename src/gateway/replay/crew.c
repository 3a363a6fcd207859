#include "gateway/replay/crew.h"

#include "base/hash.h"
#include "base/ring.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#define QUEUE_FRAMES 4096
/* Pairs of hosts are put together in so many lots, each of which belongs to one worker. Addresses stand in so many rows: those
 * that share one wait for each other more often than they had to. */
#define LOTS 65536
#define ADDRESSES 65536
#define NOBODY 0xff
#define SLACK_PART \
    32 /* a worker may have so much more than another, of all that was dealt, before it gets nothing new */
#define SLACK_BYTES (256u << 10)
#define FRAME_WEIGHT 500 /* bytes that a frame without any would be worth */
#define TICK_FRAMES 256  /* flows are expired after so many frames */

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
    uint64_t turn_of; /* the frame in which it has waited for `awaited` */
    uint64_t awaited; /* workers, as bits */
    uint64_t weight;  /* of all that it was given */
    /* written by the one who deals */
    _Alignas(64) _Atomic uint64_t given; /* frames put into the queue */
    _Atomic bool stop;
    /* written by the worker */
    _Alignas(64) _Atomic uint64_t taken; /* frames judged */
    _Atomic uint64_t at;                 /* number of the frame in hand, or of the last one */
};

struct crew {
    uint32_t count;
    struct match_hosts *hosts;
    _Alignas(64) _Atomic uint64_t dealt; /* frames in queues so far; they are numbered from 1 */
    uint64_t secret[2];
    uint64_t weight;           /* of all that was dealt */
    _Atomic uint64_t carriers; /* workers (as bits) that were given frames with packets in them */
    _Atomic uint64_t knows[ADDRESSES]; /* workers that were given frames of the address */
    uint8_t lots[LOTS];                /* which worker's */
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

/* ---- waiting ---- */

/* One more look did not help: stays on the processor for a moment, then lets others have it. A worker whose queue is empty and a
 * dealer whose queues are full have milliseconds of time. */
static void wait_a_bit(uint32_t *tries, uint32_t nap_us)
{
    const struct timespec nap = {.tv_nsec = (long)nap_us * 1000};
    if (++*tries < 32)
        atomic_signal_fence(memory_order_seq_cst);
    else if (*tries < 64 || nap_us == 0)
        sched_yield();
    else
        (void)nanosleep(&nap, NULL);
}

#define NAP_DEALER_US 500
#define NAP_IDLE_US 200
#define NAP_TURN_US 50

/* ---- turns ----
 *
 * What rules remember of hosts (thresholds, xbits, hostbits, sets that change) is shared by all workers. Before a worker looks
 * at it, it waits until no other can still have an earlier frame that speaks of the same: so it finds what a single worker
 * would find, and only frames with such a rule wait. Of an address only those workers can speak that were given frames of
 * it (or frames that carry others); that is written down before the frame is handed out. The worker with the earliest frame
 * of all never waits, so there is no deadlock. */

struct dealt {
    struct packet_frame frame;
    uint64_t number;
};

static _Thread_local struct worker *this_worker; /* NULL: not a worker's thread */

/* Has w judged all its frames before `number`? */
static bool is_past(const struct crew *crew, const struct worker *w, uint64_t number)
{
    uint64_t dealt = atomic_load_explicit(&crew->dealt, memory_order_acquire);
    uint64_t given = atomic_load_explicit(&w->given, memory_order_acquire);
    if (atomic_load_explicit(&w->taken, memory_order_acquire) == given)
        return dealt + 1 >= number;
    return atomic_load_explicit(&w->at, memory_order_acquire) >= number;
}

static uint64_t knowing(const struct crew *crew, const struct ip *address)
{
    if (!address->version)
        return UINT64_MAX;
    return atomic_load(&crew->knows[packet_address_hash(address, crew->secret) % ADDRESSES]);
}

static void await_turn(void *owner, const struct ip *first, const struct ip *second)
{
    struct crew *crew = owner;
    struct worker *me = this_worker;
    if (!me)
        return;
    uint64_t number = atomic_load_explicit(&me->at, memory_order_relaxed);
    if (me->turn_of != number)
        me->awaited = 0;
    me->turn_of = number;
    uint64_t who = (knowing(crew, first) & knowing(crew, second)) | atomic_load(&crew->carriers);
    for (uint32_t i = 0; i < crew->count; i++) {
        if (&crew->workers[i] == me || !((who & ~me->awaited) >> i & 1))
            continue;
        for (uint32_t tries = 0; !is_past(crew, &crew->workers[i], number);)
            wait_a_bit(&tries, NAP_TURN_US);
    }
    me->awaited |= who;
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
    uint64_t taken = 0;
    this_worker = w;
    for (;;) {
        if (ring_take(&w->queue, &next)) {
            atomic_store_explicit(&w->at, next.number, memory_order_release);
            judge(w, &next.frame);
            atomic_store_explicit(&w->taken, ++taken, memory_order_release);
            idle = 0;
        } else if (atomic_load(&w->stop)) {
            return NULL;
        } else {
            wait_a_bit(&idle, NAP_IDLE_US);
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
    struct crew *crew = NULL;
    size_t bytes = sizeof(*crew) + count * sizeof(crew->workers[0]);
    if (posix_memalign((void **)&crew, 64, bytes) == 0)
        memset(crew, 0, bytes);
    else
        crew = NULL;
    if (!crew || !(crew->engines = calloc(count, sizeof(struct engine *)))) {
        free(crew);
        err_set(err, "out of memory");
        return NULL;
    }
    crew->count = count;
    crew->hosts = conf->hosts;
    memset(crew->lots, NOBODY, sizeof(crew->lots));
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

static uint32_t lightest(const struct crew *crew, uint64_t among)
{
    uint32_t best = UINT32_MAX;
    for (uint32_t i = 0; i < crew->count; i++)
        if (among >> i & 1 &&
            (best == UINT32_MAX || crew->workers[i].weight < crew->workers[best].weight))
            best = i;
    return best;
}

/* A new pair goes where its hosts are known already, the one inside the firm first, as long as the work stays shared out evenly:
 * what is remembered of a host is then asked for without waiting. */
static uint32_t choose(const struct crew *crew, uint64_t knows_first, uint64_t knows_second)
{
    uint32_t least = lightest(crew, UINT64_MAX);
    uint64_t slack = crew->weight / SLACK_PART + SLACK_BYTES;
    uint64_t known = knows_first & knows_second;
    known = known ? known : knows_first ? knows_first : knows_second;
    uint32_t wanted = lightest(crew, known);
    if (wanted == UINT32_MAX || crew->workers[wanted].weight > crew->workers[least].weight + slack)
        return least;
    return wanted;
}

/* Everybody who may ask about the address sees it: its frames come through the queues, after this. */
static void note(_Atomic uint64_t *who, uint32_t worker)
{
    if (!(atomic_load_explicit(who, memory_order_relaxed) >> worker & 1))
        atomic_fetch_or(who, UINT64_C(1) << worker);
}

static struct worker *owner_of(struct crew *crew, const struct packet_frame *frame)
{
    struct packet_dealt deal;
    packet_deal(frame, crew->secret, &deal);
    uint8_t *lot = &crew->lots[deal.pair % LOTS];
    _Atomic uint64_t *first = &crew->knows[deal.ends[0] % ADDRESSES];
    _Atomic uint64_t *second = &crew->knows[deal.ends[1] % ADDRESSES];
    if (*lot == NOBODY)
        *lot = (uint8_t)(deal.has_ends ? choose(crew, atomic_load(first), atomic_load(second))
                                       : lightest(crew, UINT64_MAX));
    if (deal.has_ends) {
        note(first, *lot);
        note(second, *lot);
    }
    if (deal.may_carry)
        note(&crew->carriers, *lot);
    struct worker *w = &crew->workers[*lot];
    w->weight += frame->bytes.len + FRAME_WEIGHT;
    crew->weight += frame->bytes.len + FRAME_WEIGHT;
    return w;
}

void crew_frame(struct crew *crew, const struct packet_frame *frame)
{
    if (crew->count == 1) {
        judge(&crew->workers[0], frame);
        return;
    }
    struct worker *w = owner_of(crew, frame);
    struct dealt next = {*frame, atomic_load_explicit(&crew->dealt, memory_order_relaxed) + 1};
    uint64_t given = atomic_load_explicit(&w->given, memory_order_relaxed);
    atomic_store_explicit(&w->given, given + 1, memory_order_release);
    for (uint32_t tries = 0; !ring_put(&w->queue, &next);)
        wait_a_bit(&tries, NAP_DEALER_US);
    atomic_store_explicit(&crew->dealt, next.number, memory_order_release);
}

void crew_flush(struct crew *crew)
{
    for (uint32_t i = 0; i < crew->count; i++) {
        struct worker *w = &crew->workers[i];
        for (uint32_t tries = 0;
             w->started && atomic_load_explicit(&w->taken, memory_order_acquire) < w->given;)
            wait_a_bit(&tries, NAP_DEALER_US);
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
