#include "gateway/guard/watch.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>

#define LEASE_MARGIN_MS 50 /* the engine stops before the bridge begins */

static void save(struct watch *w)
{
    struct err err;
    if (isolation_save(&w->isolations, w->isolation_path, &err) < 0)
        log_error("guard", "%s", err.text);
}

static void send_state(struct watch *w, const struct isolation *item, bool isolated)
{
    struct control_message message = {
        .kind = CONTROL_ISOLATION,
        .origin = item->origin,
        .mac = item->mac,
        .isolated = isolated,
        .sid = item->sid,
        .since_us = item->since_us,
        .until_us = item->until_us,
    };
    control_set_text(&message, item->reason);
    struct child *engine = &w->children[CHILD_ENGINE];
    if (engine->fd >= 0 && control_send(engine->fd, &message) < 0)
        children_kill_engine(w, "it does not take orders");
}

static void put_in_kernel(struct watch *w, const struct isolation *item)
{
    struct err err;
    struct hold_cut cut = {item->mac, isolation_seconds_left(item, clock_wall_us())};
    if (hold_isolate(&w->hold, &cut, &err) < 0)
        log_error("guard", "isolation in the kernel: %s", err.text);
}

bool orders_isolate(struct watch *w, const struct isolation *wanted)
{
    char mac[MAC_TEXT_BYTES];
    bool changed = isolation_put(&w->isolations, wanted);
    const struct isolation *item = isolation_find(&w->isolations, &wanted->mac);
    if (!changed || !item)
        return item;
    mac_format(&item->mac, mac);
    put_in_kernel(w, item);
    send_state(w, item, true);
    save(w);
    log_warn("guard", "%s is cut off (by %s: %s)", mac, control_origin_name(item->origin),
             item->reason);
    tell_isolation(w, item, true, item->origin);
    return true;
}

void orders_release(struct watch *w, const struct mac *mac, enum control_origin by)
{
    struct err err;
    char text[MAC_TEXT_BYTES];
    struct isolation *found = isolation_find(&w->isolations, mac);
    if (!found)
        return;
    struct isolation item = *found;
    isolation_remove(&w->isolations, mac);
    if (hold_release(&w->hold, mac, &err) < 0)
        log_error("guard", "release in the kernel: %s", err.text);
    send_state(w, &item, false);
    save(w);
    mac_format(mac, text);
    log_info("guard", "%s is let back in (by %s)", text, control_origin_name(by));
    tell_isolation(w, &item, false, by);
}

void orders_expire(struct watch *w)
{
    struct isolation *item;
    while ((item = isolation_expired(&w->isolations, clock_wall_us()))) {
        struct mac mac = item->mac;
        orders_release(w, &mac, item->origin);
    }
}

int orders_renew(struct watch *w, struct err *err)
{
    int64_t now = clock_mono_us();
    struct child *engine = &w->children[CHILD_ENGINE];
    struct control_message go = {.kind = CONTROL_READY,
                                 .until_us = now + (HOLD_MS - LEASE_MARGIN_MS) * 1000};
    if (hold_renew(&w->hold, err) < 0)
        return -1;
    w->last_renew_us = now;
    if (engine->fd < 0 || control_send(engine->fd, &go) < 0)
        children_kill_engine(w, "it does not take orders");
    return 0;
}

static struct isolation isolation_of(const struct control_message *m)
{
    struct isolation item = {.mac = m->mac,
                             .origin = m->origin,
                             .sid = m->sid,
                             .since_us = clock_wall_us(),
                             .until_us = m->until_us};
    memcpy(item.reason, m->text, sizeof(item.reason));
    return item;
}

/* ---- the engine ---- */

static void engine_ready(struct watch *w)
{
    struct err err;
    struct child *engine = &w->children[CHILD_ENGINE];
    for (uint32_t i = 0; i < w->isolations.count; i++)
        send_state(w, &w->isolations.items[i], true);
    if (orders_renew(w, &err) < 0) {
        log_error("guard", "%s", err.text);
        children_kill_engine(w, "the bridge cannot be held back");
        return;
    }
    if (engine->ready) {
        log_warn("guard", "the engine was late: frames may have passed without inspection for "
                          "some moments");
        tell_fail_open(w, true, "the engine was late");
        tell_fail_open(w, false, "the engine inspects again");
    }
    engine->ready = true;
    engine->failures = 0;
    w->last_beat_us = clock_mono_us();
    if (w->fail_open_since_us)
        log_info("guard", "the engine inspects");
    if (w->fail_open_since_us && w->inspected_once)
        tell_fail_open(w, false, "the engine inspects again");
    w->inspected_once = true;
    w->fail_open_since_us = 0;
}

static void order_of_engine(struct watch *w, const struct control_message *m)
{
    if (m->kind == CONTROL_READY) {
        engine_ready(w);
    } else if (m->kind == CONTROL_BEAT) {
        w->last_beat_us = clock_mono_us();
        w->counts = m->counts;
    } else if (m->kind == CONTROL_WANT_ISOLATION) {
        struct isolation item = isolation_of(m);
        item.origin = CONTROL_BY_RULE; /* whatever the child says: it can speak for rules only */
        orders_isolate(w, &item);
    } else {
        rules_heard(w, CHILD_ENGINE, m);
    }
}

/* ---- people, through local ---- */

static void answer(struct watch *w, const struct control_message *m)
{
    struct child *local = &w->children[CHILD_LOCAL];
    if (local->fd >= 0 && control_send(local->fd, m) < 0)
        log_warn("guard", "local does not take an answer");
}

static void answer_status(struct watch *w)
{
    struct control_message m = {
        .kind = CONTROL_STATUS,
        .link_connected = w->link_connected,
        .fail_open = w->fail_open_since_us != 0,
        .since_us = w->fail_open_since_us,
        .engine_starts = w->children[CHILD_ENGINE].starts,
        .counts = w->counts,
    };
    m.counts.events_lost += w->own_events_lost;
    rules_tell(w, &m);
    answer(w, &m);
}

static void answer_isolations(struct watch *w)
{
    for (uint32_t i = 0; i < w->isolations.count; i++) {
        const struct isolation *item = &w->isolations.items[i];
        struct control_message m = {.kind = CONTROL_ISOLATION,
                                    .origin = item->origin,
                                    .mac = item->mac,
                                    .isolated = 1,
                                    .sid = item->sid,
                                    .since_us = item->since_us,
                                    .until_us = item->until_us};
        control_set_text(&m, item->reason);
        answer(w, &m);
    }
    answer(w, &(struct control_message){.kind = CONTROL_END});
}

static void answer_rules(struct watch *w)
{
    struct control_message m = {.kind = CONTROL_RULES};
    rules_tell(w, &m);
    answer(w, &m);
}

static void order_of_local(struct watch *w, const struct control_message *m)
{
    struct isolation item = isolation_of(m);
    item.origin = CONTROL_BY_COMMAND;
    switch ((enum control_kind)m->kind) {
    case CONTROL_ASK_STATUS: answer_status(w); break;
    case CONTROL_ASK_ISOLATIONS: answer_isolations(w); break;
    case CONTROL_ASK_RULES: answer_rules(w); break;
    case CONTROL_WANT_RELOAD:
        rules_want(w);
        answer(w, &(struct control_message){.kind = CONTROL_DONE});
        break;
    case CONTROL_WANT_ISOLATION:
        answer(w, &(struct control_message){.kind = orders_isolate(w, &item) ? CONTROL_DONE
                                                                             : CONTROL_REFUSED});
        break;
    case CONTROL_WANT_RELEASE: {
        bool there = isolation_find(&w->isolations, &m->mac);
        orders_release(w, &m->mac, CONTROL_BY_COMMAND);
        answer(w, &(struct control_message){.kind = there ? CONTROL_DONE : CONTROL_REFUSED});
        break;
    }
    case CONTROL_NONE:
    case CONTROL_READY:
    case CONTROL_BEAT:
    case CONTROL_ISOLATION:
    case CONTROL_STATUS:
    case CONTROL_END:
    case CONTROL_DONE:
    case CONTROL_REFUSED:
    case CONTROL_STOP:
    case CONTROL_LINK_STATUS:
    case CONTROL_RULES:
    case CONTROL_EVENT_LOG:
    case CONTROL_DATASET:
    case CONTROL_KINDS: break;
    }
}

static void take_messages(struct watch *w, enum child_kind from)
{
    struct control_message m;
    int got = 0;
    while (w->children[from].fd >= 0 && (got = control_receive(w->children[from].fd, &m)) > 0) {
        if (from == CHILD_COMPILE)
            rules_heard(w, from, &m);
        else if (from == CHILD_ENGINE)
            order_of_engine(w, &m);
        else
            order_of_local(w, &m);
    }
    if (got < 0)
        children_hung_up(w, from);
}

/* ---- the center, through link ---- */

static bool is_in_policy(const struct link_policy *policy, const struct mac *mac)
{
    for (size_t i = 0; i < policy->isolated_count; i++)
        if (memcmp(policy->isolated[i].mac.bytes, mac->bytes, sizeof(mac->bytes)) == 0)
            return true;
    return false;
}

static void release_what_center_lifted(struct watch *w, const struct link_policy *policy)
{
    for (size_t i = 0; i < policy->released_count; i++) {
        const struct link_release *r = &policy->released[i];
        struct isolation *item = isolation_find(&w->isolations, &r->mac);
        if (item && item->since_us < r->at_us)
            orders_release(w, &r->mac, CONTROL_BY_CENTER);
    }
    for (uint32_t i = 0; i < w->isolations.count;) {
        struct isolation item = w->isolations.items[i];
        if (item.origin == CONTROL_BY_CENTER && !is_in_policy(policy, &item.mac))
            orders_release(w, &item.mac, CONTROL_BY_CENTER);
        else
            i++;
    }
}

static void apply_policy(struct watch *w, const struct link_policy *policy)
{
    release_what_center_lifted(w, policy);
    for (size_t i = 0; i < policy->isolated_count; i++) {
        const struct link_isolation *from = &policy->isolated[i];
        struct isolation item = {.mac = from->mac,
                                 .origin = CONTROL_BY_CENTER,
                                 .since_us = from->since_us,
                                 .until_us = from->expires_us};
        snprintf(item.reason, sizeof(item.reason), "%.*s", (int)sizeof(item.reason) - 1,
                 from->reason);
        orders_isolate(w, &item);
    }
    log_info("guard", "policy %llu: %zu machines cut off by the center",
             (unsigned long long)policy->number, policy->isolated_count);
}

static void take_from_link(struct watch *w)
{
    struct buf status;
    buf_init(&status, 64 * 1024);
    for (bool more = true; more && w->children[CHILD_LINK].fd >= 0;) {
        switch (link_control_take(w->children[CHILD_LINK].fd, &w->policy, &status)) {
        case LINK_CONTROL_POLICY: apply_policy(w, &w->policy); break;
        case LINK_CONTROL_STATUS:
            w->link_connected = str_find(buf_str(&status), 0, STR_LIT("\"connected\":true")) >= 0;
            break;
        case LINK_CONTROL_OTHER: break;
        case LINK_CONTROL_GONE: children_hung_up(w, CHILD_LINK); break;
        case LINK_CONTROL_NOTHING: more = false; break;
        }
        buf_reset(&status);
    }
    buf_fini(&status);
}

void orders_take(struct watch *w, enum child_kind from)
{
    if (from == CHILD_LINK)
        take_from_link(w);
    else
        take_messages(w, from);
}
