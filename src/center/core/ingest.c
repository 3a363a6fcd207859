/* Batches of events: durable before they are acknowledged, each event once.
 *
 * Group commit: whoever comes first does the work for all that wait at that moment, in one unit of work and one sync to disk;
 * the others sleep until their batch is done. Each batch is a part of the unit that can be taken back alone, so that one
 * gateway's trouble is not another's. */
#include "base/log.h"
#include "center/core/inner.h"

#include <stdlib.h>

#define GROUP_MAX 64 /* batches in one commit */

struct ingest_request {
    const struct ingest_batch *batch;
    struct ingest_result *result;
    struct problem *problem;
    enum outcome outcome;
    bool done;
    struct ingest_request *next;
};

struct intake {
    struct work *work;
    struct gateway gateway;
    struct epoch_row epoch;
    struct arena scratch; /* reset after each event */
    struct scope scope;
};

static bool epoch_is_fine(struct str epoch)
{
    for (size_t i = 0; i < epoch.len; i++) {
        uint8_t c = epoch.p[i];
        bool fine =
            (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
        if (!fine)
            return false;
    }
    return epoch.len > 0 && epoch.len <= EPOCH_CHARS_MAX;
}

static bool batch_is_fine(const struct ingest_batch *b)
{
    uint64_t before = 0;
    if (!epoch_is_fine(b->epoch) || b->count > INGEST_EVENTS_MAX)
        return false;
    for (size_t i = 0; i < b->count; i++) {
        if (b->events[i].seq <= before || b->events[i].seq > INT64_MAX)
            return false;
        before = b->events[i].seq;
    }
    return true;
}

/* ---- one event ---- */

/* What kinds of event do beside being kept. */
static int feed_alert(struct intake *in, const struct alert *a, const struct device *d,
                      struct id *incident)
{
    struct fed fed = {&in->gateway, d, a};
    return alert_is_cause(a) ? incident_feed(in->work, &fed, incident) : 0;
}

static int feed_isolation(struct intake *in, const struct alert *a, struct device *d,
                          struct id *incident)
{
    (void)incident;
    enum isolation_state before = d ? d->isolation.state : ISOLATION_NONE;
    if (!d)
        return 0;
    int changed = device_isolation_event(in->work, &in->gateway, a, d);
    if (changed == 1 && d->isolation.state == ISOLATION_APPLIED && before != ISOLATION_APPLIED)
        return incident_isolated(in->work, &in->gateway, d);
    return changed;
}

/* "otasuke.verdict" says begins or ends, or a truth value stands at the top. 1, 0, or -1: neither. */
static int fail_open_said(const struct tree *event)
{
    const char *said = tree_text(event, "otasuke.verdict");
    if (said && strcmp(said, "begins") == 0)
        return 1;
    if (said && strcmp(said, "ends") == 0)
        return 0;
    return tree_type(event, "fail_open") == TREE_BOOL ? tree_bool(event, "fail_open", false) : -1;
}

static int feed_fail_open(struct intake *in, const struct alert *a, struct device *d,
                          struct id *incident)
{
    (void)d;
    (void)incident;
    struct gateway *g = &in->gateway;
    int was_open = g->fail_open, now_open = fail_open_said(a->event);
    if (now_open < 0)
        return 0;
    if (now_open == was_open)
        return 0;
    g->fail_open = now_open;
    if (g->state == GATEWAY_ONLINE && store_gateway_heard(in->work->unit, in->scope, g) != 1)
        return -1;
    work_change(in->work, CHANGE_GATEWAY, g->id, g->firm.id);
    if (now_open)
        return incident_gateway_begin(in->work, g, KIND_FAIL_OPEN, in->work->now_us);
    return was_open == 1 ? incident_gateway_end(in->work, g, KIND_FAIL_OPEN) : 0;
}

static int feed_any(struct intake *in, const struct alert *a, struct device *d, struct id *incident)
{
    return feed_alert(in, a, d, incident);
}

static const struct {
    const char *type;
    int (*feed)(struct intake *in, const struct alert *a, struct device *d, struct id *incident);
} feeders[] = {
    {"alert", feed_any},
    {"otasuke_isolation", feed_isolation},
    {"isolation", feed_isolation},
    {"otasuke_fail_open", feed_fail_open},
};

static int feed(struct intake *in, const struct alert *a, struct device *d, struct id *incident)
{
    for (size_t i = 0; i < ARRAY_COUNT(feeders); i++)
        if (strcmp(a->type, feeders[i].type) == 0)
            return feeders[i].feed(in, a, d, incident);
    return 0;
}

static int store_one(struct intake *in, const struct ingest_event *e, const struct tree *t)
{
    struct alert a;
    struct device d;
    struct id incident = {{0}};
    if (!alert_read(t, &a))
        return 0;
    if (a.at_us == 0)
        a.at_us = e->wall_us;
    int found = device_of_event(in->work, &in->gateway, &a, &d);
    if (found < 0 || feed(in, &a, found == 1 ? &d : NULL, &incident) < 0)
        return -1;
    struct event_row row = {
        .firm = in->gateway.firm.id,
        .event = {.gateway = in->gateway.id,
                  .epoch = in->epoch.epoch,
                  .seq = e->seq,
                  .at_us = e->wall_us,
                  .received_us = in->work->now_us,
                  .type = a.type,
                  .verdict = a.verdict},
        .mono_us = e->mono_us,
        .incident = incident,
        .device = found == 1 ? d.id : (struct id){{0}},
        .json = e->json,
    };
    return store_event_add(in->work->unit, in->scope, &row) == 1 ? 1 : -1;
}

/* ---- one batch ---- */

static int take_events(struct intake *in, const struct ingest_batch *b, struct ingest_result *r)
{
    uint64_t mark = in->epoch.durable_seq;
    for (size_t i = 0; i < b->count; i++) {
        const struct ingest_event *e = &b->events[i];
        if (e->seq <= mark) {
            r->duplicates++;
            continue;
        }
        struct tree *t = e->json.len <= INGEST_EVENT_BYTES ? tree_parse(e->json, NULL) : NULL;
        int stored = t ? store_one(in, e, t) : 0;
        tree_free(t);
        arena_reset(&in->scratch);
        if (stored < 0)
            return -1;
        if (stored == 0)
            r->refused++;
        else
            r->stored++;
        in->epoch.durable_seq = e->seq;
    }
    return 0;
}

static enum outcome open_intake(struct intake *in, const struct ingest_batch *b, struct problem *p)
{
    struct work *w = in->work;
    int found = store_gateway_get(w->unit, scope_all_firms(), b->gateway, &in->gateway);
    if (found != 1 || in->gateway.revoked_us)
        return outcome_of(found < 0 ? -1 : 0, p);
    in->scope = scope_organisation(in->gateway.firm.id);
    const char *epoch = (const char *)arena_copy(w->arena, b->epoch).p;
    if (!epoch)
        return OUTCOME_FAILED;
    found = store_epoch_get(w->unit, in->scope, b->gateway, epoch, &in->epoch);
    if (found == 0)
        in->epoch = (struct epoch_row){b->gateway, in->gateway.firm.id, epoch, 0, 0};
    return found < 0 ? OUTCOME_FAILED : OUTCOME_OK;
}

static enum outcome take_batch(struct work *w, struct ingest_request *q)
{
    struct intake in = {.work = w};
    struct arena *outer = w->arena;
    *q->result = (struct ingest_result){0};
    enum outcome outcome = open_intake(&in, q->batch, q->problem);
    if (outcome != OUTCOME_OK)
        return outcome;
    arena_init(&in.scratch, 65536, 0);
    w->arena = &in.scratch;
    unit_use_arena(w->unit, &in.scratch);
    if (take_events(&in, q->batch, q->result) != 0)
        outcome = OUTCOME_FAILED;
    in.epoch.refused += q->result->refused;
    if (outcome == OUTCOME_OK && store_epoch_put(w->unit, in.scope, &in.epoch, w->now_us) != 1)
        outcome = OUTCOME_FAILED;
    q->result->durable_seq = in.epoch.durable_seq;
    w->arena = outer;
    unit_use_arena(w->unit, outer);
    arena_fini(&in.scratch);
    return outcome;
}

/* ---- many batches, one commit ---- */

static void take_group(struct work *w, struct ingest_request *first)
{
    for (struct ingest_request *q = first; q; q = q->next) {
        if (unit_part_begin(w->unit) != 0) {
            q->outcome = OUTCOME_FAILED;
            continue;
        }
        q->outcome = take_batch(w, q);
        if (q->outcome == OUTCOME_OK && unit_part_keep(w->unit) == 0)
            continue;
        if (unit_failed(w->unit))
            log_error("core", "batch of %s not stored: %s", q->batch->gateway.text,
                      unit_error(w->unit));
        if (q->outcome == OUTCOME_OK)
            q->outcome = OUTCOME_FAILED;
        *q->result = (struct ingest_result){0};
        if (unit_part_undo(w->unit) != 0)
            q->outcome = OUTCOME_FAILED;
    }
}

static void commit_group(struct core *core, struct ingest_request *first)
{
    struct work w;
    struct arena a;
    arena_init(&a, 65536, 0);
    enum outcome outcome = work_begin(&w, core, UNIT_WRITE, &a);
    if (outcome == OUTCOME_OK) {
        take_group(&w, first);
        outcome = work_end(&w, OUTCOME_OK);
    }
    for (struct ingest_request *q = first; q && outcome != OUTCOME_OK; q = q->next) {
        q->outcome = outcome;
        *q->result = (struct ingest_result){0};
    }
    arena_fini(&a);
}

/* Cuts at most GROUP_MAX waiting requests off. The lock is held. */
static struct ingest_request *cut_group(struct core *core)
{
    struct ingest_request *first = core->ingest.first, *last = first;
    for (size_t n = 1; last && last->next && n < GROUP_MAX; n++)
        last = last->next;
    core->ingest.first = last ? last->next : NULL;
    if (!core->ingest.first)
        core->ingest.last = NULL;
    if (last)
        last->next = NULL;
    return first;
}

/* The lock is held, and held again afterwards. */
static void lead(struct core *core)
{
    core->ingest.working = true;
    struct ingest_request *group = cut_group(core);
    pthread_mutex_unlock(&core->ingest.lock);
    commit_group(core, group);
    pthread_mutex_lock(&core->ingest.lock);
    for (struct ingest_request *q = group, *next; q; q = next) {
        next = q->next; /* once done, q belongs to its own thread again */
        q->done = true;
    }
    core->ingest.working = false;
    pthread_cond_broadcast(&core->ingest.done);
}

enum outcome core_ingest(struct core *core, const struct ingest_batch *batch,
                         struct ingest_result *result, struct problem *problem)
{
    struct ingest_request q = {.batch = batch, .result = result, .problem = problem};
    *result = (struct ingest_result){0};
    if (!batch_is_fine(batch))
        return problem_set(problem, OUTCOME_INVALID, NULL,
                           "the batch's epoch or order is not as it must be");
    pthread_mutex_lock(&core->ingest.lock);
    if (core->ingest.last)
        core->ingest.last->next = &q;
    else
        core->ingest.first = &q;
    core->ingest.last = &q;
    while (!q.done) {
        if (core->ingest.working)
            pthread_cond_wait(&core->ingest.done, &core->ingest.lock);
        else
            lead(core);
    }
    pthread_mutex_unlock(&core->ingest.lock);
    return q.outcome;
}

enum outcome core_ingest_mark(struct core *core, struct id gateway, struct str epoch,
                              uint64_t *durable_seq)
{
    struct work w;
    struct arena a;
    struct intake in = {.work = &w};
    struct ingest_batch asked = {.gateway = gateway, .epoch = epoch};
    *durable_seq = 0;
    if (!epoch_is_fine(epoch))
        return OUTCOME_INVALID;
    arena_init(&a, 4096, 0);
    enum outcome outcome = work_begin(&w, core, UNIT_READ, &a);
    if (outcome == OUTCOME_OK)
        outcome = work_end(&w, open_intake(&in, &asked, NULL));
    if (outcome == OUTCOME_OK)
        *durable_seq = in.epoch.durable_seq;
    arena_fini(&a);
    return outcome;
}
