#include "base/clock.h"
#include "base/ip.h"
#include "base/text.h"
#include "center/core/inner.h"

#include <stdio.h>

#define DEVICE_TEXT_BYTES 256
#define IPS_MAX 16
#define REASON_BYTES_MAX 2000
#define DEVICES_MAX \
    4096 /* of one gateway: an attacker on the LAN who makes up MACs fills no more */
#define SETTLING_US \
    (INT64_C(24) * 3600 * 1000000) /* what is there when the box is put in is not "unknown" */
#define HOUR_US (INT64_C(3600) * 1000000)

/* ---- facts from the wire ---- */

/* A name from the wire; `otherwise` when absent. */
static const char *fact(const struct tree *t, const char *name, const char *otherwise,
                        struct arena *a)
{
    const char *text = tree_text(t, name);
    if (!text || !text[0])
        return otherwise;
    const char *line = one_line(text, DEVICE_TEXT_BYTES, a);
    return line ? line : otherwise;
}

static void add_ip(struct buf *b, const char *text)
{
    struct ip ip;
    char form[IP_TEXT_BYTES], quoted[IP_TEXT_BYTES + 2];
    if (!text || !ip_parse(str_c(text), &ip))
        return;
    size_t len = ip_format(&ip, form);
    snprintf(quoted, sizeof quoted, "\"%.*s\"", (int)len, form);
    if (str_find(buf_str(b), 0, str_c(quoted)) < 0)
        buf_printf(b, "%s%s", b->len > 1 ? "," : "", quoted);
}

static const char *ips_of(const struct tree *t, const char *otherwise, struct arena *a)
{
    struct buf b;
    const struct tree *list = tree_get(t, "ips");
    size_t count = tree_count(list, NULL);
    if (count == 0 && !tree_text(t, "ip"))
        return otherwise;
    buf_init(&b, 2048);
    buf_add_c(&b, "[");
    add_ip(&b, tree_text(t, "ip"));
    for (size_t i = 0; i < count && i < IPS_MAX; i++)
        add_ip(&b, tree_text(tree_at(list, i), NULL));
    buf_add_c(&b, "]");
    const char *copy = b.failed ? NULL : (const char *)arena_copy(a, buf_str(&b)).p;
    buf_fini(&b);
    return copy ? copy : otherwise;
}

static int64_t time_of(const struct tree *t, const char *text_name, const char *us_name,
                       int64_t otherwise)
{
    int64_t at_us;
    const char *text = tree_text(t, text_name);
    if (text && clock_parse(str_c(text), &at_us) && at_us > 0)
        return at_us;
    at_us = tree_int(t, us_name, 0);
    return at_us > 0 ? at_us : otherwise;
}

/* Whether it differs so much that a page should show it; a fresh last_seen alone is written once an hour. */
static bool worth_writing(const struct device *before, const struct device *after)
{
    const char *pairs[][2] = {{before->maker, after->maker},
                              {before->hostname, after->hostname},
                              {before->vendor_class, after->vendor_class},
                              {before->ips, after->ips}};
    for (size_t i = 0; i < ARRAY_COUNT(pairs); i++)
        if (!str_eq(str_c(pairs[i][0]), str_c(pairs[i][1])))
            return true;
    return before->unknown != after->unknown ||
           after->last_seen_us - before->last_seen_us > HOUR_US;
}

/* A machine that nobody has named is unknown when it came after the list of devices was confirmed. While nobody has
 * confirmed it, those are that came after the box was put in, and those that the gateway could not name. */
static bool is_unknown(const struct gateway *g, const struct tree *t, const struct device *d)
{
    if (d->name && d->name[0])
        return false;
    if (g->devices_confirmed_us > 0)
        return id_is_none(&d->id) || d->unknown; /* not in the list that was confirmed */
    bool late = g->enrolled_us > 0 && d->first_seen_us - g->enrolled_us > SETTLING_US;
    return late || tree_bool(t, "unknown", d->unknown);
}

static int add_device(struct work *w, const struct gateway *g, struct device *d)
{
    int64_t count;
    struct scope s = scope_organisation(g->firm.id);
    if (store_device_count(w->unit, s, g->id, &count) < 0)
        return -1;
    if (count >= DEVICES_MAX)
        return 0;
    d->id = id_make(w->now_us);
    d->firm = g->firm;
    d->site = g->site;
    d->gateway = (struct named){g->id, g->name};
    return store_device_add(w->unit, s, d);
}

int device_of_event(struct work *w, const struct gateway *g, const struct alert *a,
                    struct device *out)
{
    const struct tree *t = tree_get(a->event, "otasuke.device");
    struct scope s = scope_organisation(g->firm.id);
    struct mac mac;
    char text[MAC_TEXT_BYTES];
    /* an isolation may name its machine before any other event did: the box has several queues */
    const char *said =
        tree_text(t, "mac") ? tree_text(t, "mac") : tree_text(a->event, "otasuke.isolation.mac");
    if (!mac_parse(str_c(said), &mac))
        return 0;
    mac_format(&mac, text);
    int64_t seen_us = a->at_us > 0 && a->at_us <= w->now_us ? a->at_us : w->now_us;
    struct device before = {.mac = (const char *)arena_copy(w->arena, str_c(text)).p, .ips = "[]"};
    int found = store_device_by_mac(w->unit, s, g->id, text, &before);
    if (found < 0 || !before.mac)
        return -1;
    struct device d = before;
    d.maker = fact(t, "maker", before.maker, w->arena);
    d.hostname = fact(t, "hostname", fact(t, "dhcp_hostname", before.hostname, w->arena), w->arena);
    d.vendor_class = fact(t, "vendor_class", before.vendor_class, w->arena);
    d.ips = ips_of(t, before.ips, w->arena);
    if (seen_us > d.last_seen_us)
        d.last_seen_us = seen_us;
    if (found == 0) {
        d.first_seen_us = time_of(t, "first_seen", "first_seen_us", seen_us);
        if (d.first_seen_us > w->now_us)
            d.first_seen_us = w->now_us;
    }
    d.unknown = is_unknown(g, t, &d);
    if (found == 0) {
        found = add_device(w, g, &d);
        work_change(w, CHANGE_DEVICE, d.id, g->firm.id);
    } else if (worth_writing(&before, &d)) {
        found = store_device_seen(w->unit, s, &d);
        work_change(w, CHANGE_DEVICE, d.id, g->firm.id);
    }
    *out = d;
    return found;
}

/* ---- isolation as the gateway tells it ---- */

static bool one_of(const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; word && i < count; i++)
        if (strcmp(word, words[i]) == 0)
            return true;
    return false;
}

static const char *const ended_words[] = {"lifted",  "released", "expired",
                                          "removed", "ended",    "off"};
static const char *const begun_words[] = {"applied", "isolated", "added", "begun", "on"};

int device_isolation_event(struct work *w, const struct gateway *g, const struct alert *a,
                           struct device *d)
{
    const struct tree *t = tree_get(a->event, "otasuke.isolation");
    const char *state = tree_text(t, "state") ? tree_text(t, "state") : tree_text(t, "action");
    struct scope s = scope_organisation(g->firm.id);
    struct isolation next = {0};
    if (one_of(state, begun_words, ARRAY_COUNT(begun_words))) {
        const char *by = tree_text(t, "by");
        int who = by ? word_find(WORDS_ISOLATION_BY, str_c(by)) : -1;
        next = (struct isolation){
            .state = ISOLATION_APPLIED,
            .by = who > 0 ? who : ISOLATION_BY_RULE,
            .reason = fact(t, "reason", d->isolation.reason, w->arena),
            .since_us = time_of(t, "since", "since_us", w->now_us),
            .expires_us = time_of(t, "expires", "expires_us", tree_int(t, "until_us", 0)),
        };
        if (d->isolation.state == ISOLATION_RELEASE_ORDERED)
            next.state =
                ISOLATION_RELEASE_ORDERED; /* told before the gateway had heard of the release */
        if (d->isolation.by == ISOLATION_BY_CENTER) {
            next.by = ISOLATION_BY_CENTER; /* the order of a person stays one */
            next.reason = d->isolation.reason;
        }
    } else if (!one_of(state, ended_words, ARRAY_COUNT(ended_words)) ||
               d->isolation.state == ISOLATION_NONE || d->isolation.state == ISOLATION_ORDERED) {
        return 0; /* what ends while a new order is on its way is an older isolation */
    }
    if (store_device_isolation(w->unit, s, d->id, &next) != 1)
        return -1;
    d->isolation = next;
    work_change(w, CHANGE_DEVICE, d->id, g->firm.id);
    return 1;
}

/* ---- for people ---- */

enum outcome core_device_get(struct call *c, struct id id, struct device *out)
{
    struct work w;
    if (work_begin(&w, c->core, UNIT_READ, c->arena) != OUTCOME_OK)
        return OUTCOME_FAILED;
    return work_end(&w, outcome_of(store_device_get(w.unit, c->actor.scope, id, out), &c->problem));
}

enum outcome core_device_list(struct call *c, const struct device_filter *f,
                              struct device_list *out)
{
    struct work w;
    if (work_begin(&w, c->core, UNIT_READ, c->arena) != OUTCOME_OK)
        return OUTCOME_FAILED;
    return work_end(&w, store_device_list(w.unit, c->actor.scope, f, out) < 0 ? OUTCOME_FAILED
                                                                              : OUTCOME_OK);
}

static bool label_is_fine(const char *text)
{
    for (const char *p = text; p && *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            return false;
    return !text || strlen(text) <= 400;
}

enum outcome core_device_change(struct call *c, struct id id, const struct device_change *change,
                                struct device *out)
{
    struct work w;
    if (!label_is_fine(change->name))
        return problem_set(&c->problem, OUTCOME_INVALID, "name",
                           "a name is at most 400 bytes on one line");
    if (!label_is_fine(change->place))
        return problem_set(&c->problem, OUTCOME_INVALID, "place",
                           "a place is at most 400 bytes on one line");
    if (work_begin(&w, c->core, UNIT_WRITE, c->arena) != OUTCOME_OK)
        return OUTCOME_FAILED;
    enum outcome outcome =
        outcome_of(store_device_get(w.unit, c->actor.scope, id, out), &c->problem);
    if (outcome != OUTCOME_OK)
        return work_end(&w, outcome);
    if (change->set_name)
        out->name = change->name && change->name[0] ? change->name : NULL;
    if (change->set_place)
        out->place = change->place && change->place[0] ? change->place : NULL;
    if (out->name)
        out->unknown = false;
    bool good = store_device_named(w.unit, c->actor.scope, out) == 1 &&
                work_audit(&w, c, "device.name", id, out->firm.id) == 1;
    work_change(&w, CHANGE_DEVICE, id, out->firm.id);
    return work_end(&w, good ? OUTCOME_OK : OUTCOME_FAILED);
}

/* Writes the wanted isolation, raises the policy's number, tells the gateway's watcher. */
static bool order(struct call *c, struct work *w, struct device *d, const struct isolation *next)
{
    struct scope s = c->actor.scope;
    bool good = store_device_isolation(w->unit, s, d->id, next) == 1 &&
                store_gateway_policy_changed(w->unit, s, d->gateway.id) == 1;
    d->isolation = *next;
    work_change(w, CHANGE_DEVICE, d->id, d->firm.id);
    work_change(w, CHANGE_POLICY, d->gateway.id, d->firm.id);
    return good;
}

enum outcome core_device_isolate(struct call *c, struct id id, const struct isolate *wish,
                                 struct device *out)
{
    struct work w;
    if (!wish->reason || !wish->reason[0] || strlen(wish->reason) > REASON_BYTES_MAX)
        return problem_set(&c->problem, OUTCOME_INVALID, "reason",
                           "say why, in at most 500 characters");
    if (wish->hours < 1 || wish->hours > ISOLATE_HOURS_MAX)
        return problem_set(&c->problem, OUTCOME_INVALID, "hours", "1 to %d hours",
                           ISOLATE_HOURS_MAX);
    if (work_begin(&w, c->core, UNIT_WRITE, c->arena) != OUTCOME_OK)
        return OUTCOME_FAILED;
    enum outcome outcome =
        outcome_of(store_device_get(w.unit, c->actor.scope, id, out), &c->problem);
    if (outcome != OUTCOME_OK)
        return work_end(&w, outcome);
    /* a device that is cut off already stays so; the order makes it the center's and renews the time */
    bool already = out->isolation.state == ISOLATION_APPLIED;
    struct isolation next = {already ? ISOLATION_APPLIED : ISOLATION_ORDERED, ISOLATION_BY_CENTER,
                             one_line(wish->reason, REASON_BYTES_MAX, c->arena),
                             already ? out->isolation.since_us : w.now_us,
                             w.now_us + wish->hours * HOUR_US};
    bool good = next.reason && order(c, &w, out, &next) &&
                work_audit(&w, c, "device.isolate", id, out->firm.id) == 1;
    return work_end(&w, good ? OUTCOME_OK : OUTCOME_FAILED);
}

enum outcome core_device_release(struct call *c, struct id id, struct device *out)
{
    struct work w;
    if (work_begin(&w, c->core, UNIT_WRITE, c->arena) != OUTCOME_OK)
        return OUTCOME_FAILED;
    enum outcome outcome =
        outcome_of(store_device_get(w.unit, c->actor.scope, id, out), &c->problem);
    if (outcome != OUTCOME_OK)
        return work_end(&w, outcome);
    if (out->isolation.state == ISOLATION_NONE)
        return work_end(&w, problem_set(&c->problem, OUTCOME_CONFLICT, NULL, "it is not cut off"));
    struct isolation next = out->isolation;
    next.state = ISOLATION_RELEASE_ORDERED;
    bool good = order(c, &w, out, &next) &&
                store_device_released(w.unit, c->actor.scope, id, w.now_us) == 1 &&
                work_audit(&w, c, "device.release", id, out->firm.id) == 1;
    return work_end(&w, good ? OUTCOME_OK : OUTCOME_FAILED);
}
