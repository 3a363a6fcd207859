#include "base/text.h"
#include "center/core/technical.h"

#define FLAP_US (INT64_C(3600) * 1000000)
#define PAST_US (INT64_C(30) * 86400 * 1000000)
#define CLOCK_TRUST_US (INT64_C(120) * 1000000)
#define NOTE_BYTES_MAX 8000
/* Between an alert and the isolation that its rule asks for, by the gateway's clock. */
#define TOGETHER_US (INT64_C(10) * 1000000)

static struct scope scope_of(const struct gateway *g)
{
    return scope_organisation(g->firm.id);
}

/* When it happened, by the center's clock. A box boots without a clock: what it says is corrected by the offset that its
 * heartbeat showed, and not believed when it lies in the future or more than a month back. */
static int64_t happened_us(const struct work *w, const struct gateway *g, const struct alert *a)
{
    int64_t at_us = a->at_us;
    if (g->clock_offset_us > CLOCK_TRUST_US || g->clock_offset_us < -CLOCK_TRUST_US)
        at_us -= g->clock_offset_us;
    if (at_us > w->now_us || at_us < w->now_us - PAST_US)
        return w->now_us;
    return at_us;
}

/* ---- reasons: a short JSON array of keys ---- */

static bool has_reason(const char *reasons, const char *key)
{
    const char *at = reasons ? strstr(reasons, key) : NULL;
    return at && at[strlen(key)] == '"';
}

static const char *add_reason(const char *reasons, const char *key, struct arena *a)
{
    size_t count = 0;
    if (has_reason(reasons, key))
        return reasons;
    for (const char *p = reasons; p && *p; p++)
        count += *p == ',';
    if (!reasons || strlen(reasons) < 3)
        return arena_printf(a, "[\"%s\"]", key);
    if (count + 1 >= REASONS_MAX)
        return reasons;
    return arena_printf(a, "%.*s,\"%s\"]", (int)strlen(reasons) - 1, reasons, key);
}

/* A level only rises while the incident is open. */
static void raise_level(struct incident *i, struct judgement j, struct arena *a)
{
    if (j.level < i->level && i->reasons)
        return;
    if (j.level > i->level)
        i->reasons = NULL;
    i->level = j.level;
    i->reasons = add_reason(i->reasons, j.reason, a);
}

/* ---- feeding ---- */

static int begin(struct work *w, const struct gateway *g, struct incident *i)
{
    char day[8];
    day_of(w->now_us, day);
    i->id = id_make(w->now_us);
    i->firm = g->firm;
    i->site = g->site;
    i->gateway = (struct named){g->id, g->name};
    i->state = STATE_NEW;
    return store_incident_number(w->unit, day, &i->number);
}

static void cut_off(struct incident *i, const struct device *d, struct arena *a)
{
    if (d->isolation.state != ISOLATION_APPLIED || i->isolated_us)
        return;
    i->isolated_us = d->isolation.since_us;
    raise_level(i, (struct judgement){LEVEL_RED, "reason.isolated"}, a);
}

static void take_alert(struct work *w, struct incident *i, const struct fed *fed, int64_t at_us)
{
    struct technical t;
    const struct alert *a = fed->alert;
    i->count++;
    i->blocked_count += a->verdict == VERDICT_BLOCKED || a->verdict == VERDICT_ISOLATED;
    if (i->first_seen_us == 0 || at_us < i->first_seen_us)
        i->first_seen_us = at_us;
    if (at_us > i->last_seen_us)
        i->last_seen_us = at_us;
    if (a->opened_by)
        i->opened_by = a->opened_by;
    if (a->direction)
        i->direction = a->direction;
    technical_read(i->technical, w->arena, &t);
    technical_add(&t, a, w->arena);
    i->technical = technical_write(&t, w->arena);
    raise_level(i, judge(i->kind, i->direction, i->blocked_count < i->count, a), w->arena);
    if (fed->device) {
        i->device_then = device_snapshot(fed->device, w->arena);
        if (i->level > LEVEL_BLUE)
            cut_off(i, fed->device, w->arena);
    }
}

/* What the rise of the level asks for. Blue never mails. */
static int tell(struct work *w, const struct incident *i, enum level before, bool isolated_before)
{
    if (i->level == LEVEL_BLUE)
        return 0;
    if (before == LEVEL_BLUE)
        return notice_write(w, i, NOTICE_FIRST);
    if (i->level > before || (i->isolated_us && !isolated_before))
        return notice_write(w, i, NOTICE_ESCALATION);
    return 0;
}

static bool was_cut_off_for(const struct fed *fed)
{
    const struct device *d = fed->device;
    if (!d || d->isolation.state != ISOLATION_APPLIED || d->isolation.by != ISOLATION_BY_RULE)
        return false;
    int64_t apart_us = fed->alert->at_us - d->isolation.since_us;
    return apart_us <= TOGETHER_US && apart_us >= -TOGETHER_US;
}

/* The box has several queues, so the word that a rule cut a machine off may come before the alert that was its reason. The
 * incident that tells of the cutting off alone then becomes the alert's: one cause, one incident, one thread of mail. */
static int take_over(struct work *w, const struct fed *fed, struct incident *i)
{
    struct incident found;
    struct cause alone = {.gateway = fed->gateway->id, .kind = KIND_DEVICE_ISOLATED};
    struct judgement j = judge(fed->alert->kind, fed->alert->direction,
                               fed->alert->verdict != VERDICT_BLOCKED, fed->alert);
    if (!was_cut_off_for(fed) || j.level == LEVEL_BLUE)
        return 0;
    alone.device = fed->device->id;
    int result = store_incident_by_cause(w->unit, scope_of(fed->gateway), &alone, &found);
    if (result != 1 || found.isolated_us != fed->device->isolation.since_us)
        return result < 0 ? -1 : 0;
    *i = found;
    i->kind = fed->alert->kind;
    i->count = 0; /* the cutting off itself was counted as one */
    return 1;
}

int incident_feed(struct work *w, const struct fed *fed, struct id *incident)
{
    struct scope s = scope_of(fed->gateway);
    int64_t at_us = happened_us(w, fed->gateway, fed->alert);
    struct cause cause = {.gateway = fed->gateway->id,
                          .kind = fed->alert->kind,
                          .open_after_us = at_us - w->core->settings.incident_window_us};
    struct incident i = {.kind = cause.kind, .technical = "{}"};
    if (fed->device)
        cause.device = fed->device->id;
    int found = store_incident_by_cause(w->unit, s, &cause, &i);
    bool taken_over = false;
    if (found == 0) {
        found = take_over(w, fed, &i);
        taken_over = found == 1;
    }
    if (found < 0 || (found == 0 && begin(w, fed->gateway, &i) != 1))
        return -1;
    enum level before = found ? i.level : LEVEL_BLUE;
    bool isolated_before = i.isolated_us != 0;
    i.device = cause.device;
    take_alert(w, &i, fed, at_us);
    int written = found ? store_incident_put(w->unit, s, &i) : store_incident_add(w->unit, s, &i);
    if (written != 1 || tell(w, &i, before, isolated_before) < 0)
        return -1;
    /* whoever has read of the cutting off reads its reason now */
    if (taken_over && notice_write(w, &i, NOTICE_ESCALATION) < 0)
        return -1;
    work_change(w, CHANGE_INCIDENT, i.id, fed->gateway->firm.id);
    *incident = i.id;
    return 1;
}

/* No incident explains why the device was cut off (a person's order): one of its own. */
static int begin_isolated(struct work *w, const struct gateway *g, const struct device *d)
{
    struct incident i = {.kind = KIND_DEVICE_ISOLATED,
                         .device = d->id,
                         .count = 1,
                         .first_seen_us = d->isolation.since_us,
                         .last_seen_us = d->isolation.since_us,
                         .isolated_us = d->isolation.since_us,
                         .technical = "{}",
                         .device_then = device_snapshot(d, w->arena)};
    if (begin(w, g, &i) != 1)
        return -1;
    raise_level(&i, judge(i.kind, DIRECTION_UNKNOWN, false, NULL), w->arena);
    if (store_incident_add(w->unit, scope_of(g), &i) != 1)
        return -1;
    work_change(w, CHANGE_INCIDENT, i.id, g->firm.id);
    return notice_write(w, &i, NOTICE_FIRST);
}

int incident_isolated(struct work *w, const struct gateway *g, const struct device *d)
{
    struct scope s = scope_of(g);
    struct incident_list open;
    struct cause cause = {.gateway = g->id,
                          .device = d->id,
                          .open_after_us = w->now_us - w->core->settings.incident_window_us};
    size_t explained = 0;
    if (store_incident_list_open(w->unit, s, &cause, &open) < 0)
        return -1;
    for (size_t n = 0; n < open.count; n++) {
        struct incident *i = &open.items[n];
        enum level before = i->level;
        bool isolated_before = i->isolated_us != 0;
        if (before == LEVEL_BLUE)
            continue;
        explained++;
        cut_off(i, d, w->arena);
        if (store_incident_put(w->unit, s, i) != 1 || tell(w, i, before, isolated_before) < 0)
            return -1;
        work_change(w, CHANGE_INCIDENT, i->id, g->firm.id);
    }
    return explained ? 1 : begin_isolated(w, g, d);
}

/* ---- alarms of the gateway itself ---- */

int incident_gateway_begin(struct work *w, const struct gateway *g, enum kind kind,
                           int64_t since_us)
{
    struct scope s = scope_of(g);
    struct incident i;
    struct cause open = {.gateway = g->id, .kind = kind};
    struct cause flap = {
        .gateway = g->id, .kind = kind, .open_after_us = w->now_us - FLAP_US, .resolved_too = true};
    int found = store_incident_by_cause(w->unit, s, &open, &i);
    if (found == 0)
        found = store_incident_by_cause(w->unit, s, &flap, &i);
    if (found < 0)
        return -1;
    if (found == 1) { /* it flaps: the same thread goes on, without a new mail */
        i.state = i.state == STATE_RESOLVED ? STATE_NEW : i.state;
        i.resolved = (struct mark){0};
        i.count++;
        i.last_seen_us = w->now_us;
        work_change(w, CHANGE_INCIDENT, i.id, g->firm.id);
        return store_incident_put(w->unit, s, &i);
    }
    i = (struct incident){.kind = kind,
                          .count = 1,
                          .first_seen_us = since_us,
                          .last_seen_us = w->now_us,
                          .technical = "{}"};
    if (begin(w, g, &i) != 1)
        return -1;
    raise_level(&i, judge(kind, DIRECTION_UNKNOWN, false, NULL), w->arena);
    if (store_incident_add(w->unit, s, &i) != 1)
        return -1;
    work_change(w, CHANGE_INCIDENT, i.id, g->firm.id);
    return notice_write(w, &i, NOTICE_FIRST);
}

int incident_gateway_end(struct work *w, const struct gateway *g, enum kind kind)
{
    struct scope s = scope_of(g);
    struct incident i;
    struct cause open = {.gateway = g->id, .kind = kind};
    int found = store_incident_by_cause(w->unit, s, &open, &i);
    if (found != 1)
        return found;
    i.state = STATE_RESOLVED;
    i.resolved = (struct mark){w->now_us, NULL, NULL};
    i.last_seen_us = w->now_us;
    if (store_incident_put(w->unit, s, &i) != 1)
        return -1;
    work_change(w, CHANGE_INCIDENT, i.id, g->firm.id);
    return notice_write(w, &i, NOTICE_RESOLVED);
}

/* ---- for people ---- */

static int add_view(struct work *w, struct scope s, struct incident_view *v)
{
    const struct incident *i = &v->incident;
    v->has_device = false;
    if (!id_is_none(&i->device)) {
        int found = store_device_get(w->unit, s, i->device, &v->device);
        if (found < 0)
            return -1;
        v->has_device = found == 1;
        if (found == 1 && i->device_then)
            device_from_snapshot(&v->device, i->device_then, w->arena);
    }
    story_tell(w->core, i, v->has_device ? &v->device : NULL, w->arena, &v->story);
    return 1;
}

static enum outcome view_of(struct call *c, struct work *w, struct id id, struct incident_view *out)
{
    int found = store_incident_get(w->unit, c->actor.scope, id, &out->incident);
    if (found == 1)
        found = add_view(w, c->actor.scope, out);
    return outcome_of(found, &c->problem);
}

enum outcome core_incident_get(struct call *c, struct id id, struct incident_view *out)
{
    struct work w;
    if (work_begin(&w, c->core, UNIT_READ, c->arena) != OUTCOME_OK)
        return OUTCOME_FAILED;
    return work_end(&w, view_of(c, &w, id, out));
}

static enum outcome views_of(struct call *c, struct work *w, const struct incident_list *list,
                             struct incident_view_list *out)
{
    out->more = list->more;
    out->count = list->count;
    out->items = arena_zalloc(c->arena, (list->count + 1) * sizeof *out->items);
    if (!out->items)
        return OUTCOME_FAILED;
    for (size_t i = 0; i < list->count; i++) {
        out->items[i].incident = list->items[i];
        if (add_view(w, c->actor.scope, &out->items[i]) < 0)
            return OUTCOME_FAILED;
    }
    return OUTCOME_OK;
}

enum outcome core_incident_list(struct call *c, const struct incident_filter *f,
                                struct incident_view_list *out)
{
    struct work w;
    struct incident_list list;
    if (work_begin(&w, c->core, UNIT_READ, c->arena) != OUTCOME_OK)
        return OUTCOME_FAILED;
    if (store_incident_list(w.unit, c->actor.scope, f, &list) < 0)
        return work_end(&w, OUTCOME_FAILED);
    return work_end(&w, views_of(c, &w, &list, out));
}

enum outcome core_incident_events(struct call *c, const struct event_filter *f,
                                  struct event_list *out)
{
    struct work w;
    struct incident i;
    if (work_begin(&w, c->core, UNIT_READ, c->arena) != OUTCOME_OK)
        return OUTCOME_FAILED;
    enum outcome outcome =
        outcome_of(store_incident_get(w.unit, c->actor.scope, f->incident, &i), &c->problem);
    if (outcome == OUTCOME_OK && store_event_list(w.unit, c->actor.scope, f, out) < 0)
        outcome = OUTCOME_FAILED;
    return work_end(&w, outcome);
}

enum outcome core_incident_acknowledge(struct call *c, struct id id, struct incident_view *out)
{
    struct work w;
    struct incident i;
    if (work_begin(&w, c->core, UNIT_WRITE, c->arena) != OUTCOME_OK)
        return OUTCOME_FAILED;
    enum outcome outcome =
        outcome_of(store_incident_get(w.unit, c->actor.scope, id, &i), &c->problem);
    if (outcome != OUTCOME_OK)
        return work_end(&w, outcome);
    if (i.state != STATE_NEW)
        return work_end(&w,
                        problem_set(&c->problem, OUTCOME_CONFLICT, NULL, "it is not new any more"));
    i.state = STATE_ACKNOWLEDGED;
    i.acknowledged = (struct mark){w.now_us, c->actor.name, NULL};
    bool good = store_incident_put(w.unit, c->actor.scope, &i) == 1 &&
                work_audit(&w, c, "incident.acknowledge", id, i.firm.id) == 1;
    work_change(&w, CHANGE_INCIDENT, id, i.firm.id);
    return work_end(&w, good ? view_of(c, &w, id, out) : OUTCOME_FAILED);
}

enum outcome core_incident_resolve(struct call *c, struct id id, const struct resolution *r,
                                   struct incident_view *out)
{
    struct work w;
    struct incident i;
    if (r->state != STATE_RESOLVED && r->state != STATE_FALSE_POSITIVE)
        return problem_set(&c->problem, OUTCOME_INVALID, "state", "resolved or false_positive");
    if (r->note && strlen(r->note) > NOTE_BYTES_MAX)
        return problem_set(&c->problem, OUTCOME_INVALID, "note", "at most 2000 characters");
    if (work_begin(&w, c->core, UNIT_WRITE, c->arena) != OUTCOME_OK)
        return OUTCOME_FAILED;
    enum outcome outcome =
        outcome_of(store_incident_get(w.unit, c->actor.scope, id, &i), &c->problem);
    if (outcome != OUTCOME_OK)
        return work_end(&w, outcome);
    if (i.state == STATE_RESOLVED || i.state == STATE_FALSE_POSITIVE)
        return work_end(&w, problem_set(&c->problem, OUTCOME_CONFLICT, NULL, "it is over already"));
    i.state = r->state;
    i.resolved = (struct mark){w.now_us, c->actor.name, r->note};
    enum notice_kind kind = r->state == STATE_RESOLVED ? NOTICE_RESOLVED : NOTICE_FALSE_POSITIVE;
    bool good = store_incident_put(w.unit, c->actor.scope, &i) == 1 &&
                notice_write(&w, &i, kind) >= 0 &&
                work_audit(&w, c, "incident.resolve", id, i.firm.id) == 1;
    work_change(&w, CHANGE_INCIDENT, id, i.firm.id);
    return work_end(&w, good ? view_of(c, &w, id, out) : OUTCOME_FAILED);
}

enum outcome core_summary(struct call *c, struct summary *out)
{
    struct work w;
    if (work_begin(&w, c->core, UNIT_READ, c->arena) != OUTCOME_OK)
        return OUTCOME_FAILED;
    return work_end(&w,
                    store_summary(w.unit, c->actor.scope, out) < 0 ? OUTCOME_FAILED : OUTCOME_OK);
}
