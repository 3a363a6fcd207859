/* Notices: the six questions of the service in their fixed order, one thread per incident, one notice of a kind per person.
 *
 * A notice waits a few seconds before it goes out and is written anew at that moment: what happens right after the first
 * event (more of the same, the machine cut off) is then told at once instead of in a second mail. The row in the store is
 * the outbox; a try is counted before it is made, so that a crash in the middle makes a second mail rather than none. */
#include "center/core/technical.h"

#include <stdio.h>

#define SETTLE_US (INT64_C(3) * 1000000)
#define RETRY_US (INT64_C(60) * 1000000)
#define RETRY_MAX_US (INT64_C(3600) * 1000000)
#define GIVE_UP_US (INT64_C(24) * 3600 * 1000000)
/* First notices to one person in an hour. Whoever makes up machines on the LAN, or a worm in a large firm, makes thousands of
 * incidents; thousands of mails would hide the one that matters. The last one says that there is more on the screen. */
#define STORM_US (INT64_C(3600) * 1000000)
#define STORM_COUNT 20
#define BODY_BYTES_MAX 65536
#define WHY_BYTES_MAX 300

struct letter {
    struct core *core;
    const struct incident *incident;
    const struct device *device; /* NULL: none takes part */
    const struct firm *firm;
    enum language language;
    struct params params;
    struct story story;
    struct arena *arena;
    struct buf body;
    bool last_for_now; /* no further first notice within the hour */
};

static void say(struct letter *l, const char *key)
{
    catalogue_render(l->core->words, l->language, key, &l->params, &l->body);
}

static void line(struct letter *l, const char *key)
{
    say(l, key);
    buf_add_c(&l->body, "\n");
}

static void told(struct letter *l, const struct told *t)
{
    buf_add_c(&l->body, t->words[l->language]);
    buf_add_c(&l->body, "\n");
}

static const char *text(struct letter *l, const char *key)
{
    return catalogue_text(l->core->words, l->language, key, &l->params, l->arena);
}

/* ---- which machine ---- */

static void detail(struct letter *l, struct buf *b, const char *what)
{
    if (!what || !what[0])
        return;
    if (b->len)
        buf_add_c(b, text(l, "which.comma"));
    buf_add_c(b, what);
}

static const char *details_of(struct letter *l)
{
    struct buf b;
    const struct device *d = l->device;
    buf_init(&b, 2048);
    detail(l, &b, d->place);
    if (d->name && d->name[0] && d->hostname && strcmp(d->name, d->hostname) != 0)
        detail(l, &b, d->hostname);
    if (d->maker && d->maker[0]) {
        struct params p = {.count = 0};
        params_text(&p, "maker", d->maker);
        detail(l, &b, catalogue_text(l->core->words, l->language, "which.maker", &p, l->arena));
    }
    if (b.len == 0)
        detail(l, &b, d->mac);
    const char *copy = b.failed ? "" : (const char *)arena_copy(l->arena, buf_str(&b)).p;
    buf_fini(&b);
    return copy ? copy : "";
}

static void which(struct letter *l)
{
    if (l->device) {
        params_text(&l->params, "details", details_of(l));
        params_time(&l->params, "first_met", l->device->first_seen_us);
        line(l, l->device->unknown ? "which.unknown" : "which.known");
    } else if (l->incident->kind == KIND_GATEWAY_SILENT || l->incident->kind == KIND_FAIL_OPEN) {
        line(l, "which.gateway");
    } else {
        line(l, "which.none");
    }
}

/* ---- the technical box ---- */

static void box(struct letter *l, const char *key, const char *value)
{
    if (!value || !value[0])
        return;
    say(l, key);
    buf_printf(&l->body, ": %s\n", value);
}

static void box_peer(struct letter *l, const char *key, const char *ip, int64_t port)
{
    if (ip && port >= 0)
        box(l, key,
            arena_printf(l->arena, strchr(ip, ':') ? "[%s]:%lld" : "%s:%lld", ip, (long long)port));
    else
        box(l, key, ip);
}

/* The addresses, kept as a short JSON array, as people write a list. */
static const char *addresses_of(struct letter *l)
{
    struct tree *t = tree_parse(str_c(l->device->ips), NULL);
    const char *list = "";
    for (size_t i = 0; i < tree_count(t, NULL) && list; i++) {
        const char *one = tree_text(tree_at(t, i), NULL);
        if (one)
            list = arena_printf(l->arena, "%s%s%s", list, list[0] ? ", " : "", one);
    }
    tree_free(t);
    return list ? list : "";
}

/* MAC, addresses, maker, host name: those that are known. */
static const char *traits_of(struct letter *l)
{
    const struct device *d = l->device;
    const char *traits[] = {addresses_of(l), d->maker, d->hostname};
    const char *all = d->mac;
    for (size_t i = 0; i < ARRAY_COUNT(traits) && all; i++)
        if (traits[i] && traits[i][0])
            all = arena_printf(l->arena, "%s / %s", all, traits[i]);
    return all;
}

static void technical(struct letter *l)
{
    struct technical t;
    const struct incident *i = l->incident;
    technical_read(i->technical, l->arena, &t);
    line(l, "notice.head.technical");
    box(l, "technical.time", text(l, i->count == 1 ? "span.one" : "span.many"));
    if (l->device)
        box(l, "technical.device", traits_of(l));
    box_peer(l, "technical.source", t.src_ip, t.src_port);
    box_peer(l, "technical.target", t.dest_ip, t.dest_port);
    box(l, "technical.host", t.host);
    if (i->direction)
        box(l, "technical.direction",
            text(l, i->direction == DIRECTION_OUTSIDE_IN ? "direction.outside_in"
                                                         : "direction.inside_out"));
    const char *verdict =
        strcmp(l->story.verdict, "partly_blocked") == 0 ? "partly" : l->story.verdict;
    box(l, "technical.verdict",
        arena_printf(l->arena, "%s (%lld/%lld)",
                     text(l, arena_printf(l->arena, "verdict.%s", verdict)),
                     (long long)i->blocked_count, (long long)i->count));
    for (size_t n = 0; n < t.rule_count; n++)
        box(l, "technical.rule",
            arena_printf(l->arena, "[%lld:%lld:%lld] %s (x%lld)", (long long)t.rules[n].gid,
                         (long long)t.rules[n].sid, (long long)t.rules[n].rev,
                         t.rules[n].message ? t.rules[n].message : "",
                         (long long)t.rules[n].count));
    for (size_t n = 0; n < t.flow_count && n < 5; n++)
        box(l, "technical.flow", t.flows[n]);
    box(l, "technical.gateway",
        arena_printf(l->arena, "%s %s", i->gateway.name, i->gateway.id.text));
}

/* ---- the letter ---- */

/* Genuine or not: the phrase that only the firm and the service know; where to read on; who wrote. */
static void foot(struct letter *l)
{
    if (l->core->settings.public_url) {
        params_text(&l->params, "url",
                    arena_printf(l->arena, "%s/incidents/%s", l->core->settings.public_url,
                                 l->incident->id.text));
        line(l, "notice.link");
    }
    buf_add_c(&l->body, "\n");
    if (l->firm->phrase) {
        params_text(&l->params, "phrase", l->firm->phrase);
        line(l, "notice.phrase");
        line(l, "notice.phrase_rule");
    }
    params_text(&l->params, "service",
                l->core->settings.service_name ? l->core->settings.service_name
                                               : text(l, "service.name"));
    line(l, "notice.sender");
}

static void body_alarm(struct letter *l, enum notice_kind kind)
{
    static const char *const first_lines[LEVELS] = {"notice.no_action", "notice.must_check",
                                                    "notice.must_act"};
    if (kind == NOTICE_ESCALATION)
        line(l, "notice.escalated");
    line(l, first_lines[l->incident->level]);
    buf_add_c(&l->body, "\n");
    line(l, "notice.head.do");
    for (size_t i = 0; i < l->story.todo_count; i++)
        buf_printf(&l->body, "%zu. %s\n", i + 1, l->story.todo[i].words[l->language]);
    buf_add_c(&l->body, "\n");
    line(l, "notice.head.what");
    told(l, &l->story.what);
    buf_add_c(&l->body, "\n");
    line(l, "notice.head.stopped");
    told(l, &l->story.stopped);
    params_text(&l->params, "text", l->story.not_known.words[l->language]);
    line(l, "notice.not_known");
    buf_add_c(&l->body, "\n");
    line(l, "notice.head.which");
    which(l);
    buf_add_c(&l->body, "\n");
    line(l, "notice.head.next");
    line(l, l->incident->level == LEVEL_RED ? "next.red" : "next.yellow");
    if (l->last_for_now)
        line(l, "notice.storm");
    foot(l);
    buf_add_c(&l->body, "\n");
    technical(l);
}

static const char *for_kind(struct letter *l, const char *base)
{
    const char *particular =
        arena_printf(l->arena, "%s.%s", base, word_of(WORDS_KIND, l->incident->kind));
    return particular && catalogue_has(l->core->words, particular) ? particular : base;
}

static void body_end(struct letter *l, enum notice_kind kind)
{
    params_text(&l->params, "title", l->story.title.words[l->language]);
    params_time(&l->params, "opened", l->incident->first_seen_us);
    line(l, "notice.no_action");
    buf_add_c(&l->body, "\n");
    line(l, kind == NOTICE_RESOLVED ? for_kind(l, "notice.resolved") : "notice.false_positive");
    line(l, kind == NOTICE_RESOLVED ? "next.resolved" : "next.false_positive");
    foot(l);
}

static const char *subject_of(struct letter *l, enum notice_kind kind)
{
    const char *colour, *rest;
    switch (kind) {
    case NOTICE_RESOLVED:
        colour = "level.resolved";
        rest = for_kind(l, "subject.resolved");
        break;
    case NOTICE_FALSE_POSITIVE:
        colour = "level.false_positive";
        rest = "subject.false_positive";
        break;
    case NOTICE_FIRST:
    case NOTICE_ESCALATION:
    case NOTICE_KINDS:
    default:
        colour = l->incident->level == LEVEL_RED ? "level.red" : "level.yellow";
        rest = story_subject_key(l->core, l->incident, l->arena);
        break;
    }
    const char *words = text(l, rest);
    const char *both = l->language == LANGUAGE_JA
                           ? arena_printf(l->arena, "【%s】%s", text(l, colour), words)
                           : arena_printf(l->arena, "[%s] %s", text(l, colour), words);
    return both ? both : words;
}

static int first_before(struct work *w, const struct incident *i, const struct notice *n,
                        int64_t *count)
{
    struct notice_window window = {i->firm.id, n->recipient, n->created_us - STORM_US, n->id};
    *count = 0;
    if (n->kind != NOTICE_FIRST)
        return 1;
    return store_notice_count(w->unit, scope_organisation(i->firm.id), &window, count);
}

/* Fills subject, body and level of the notice from the incident as it is now. */
static int compose(struct work *w, const struct incident *i, struct notice *n)
{
    struct scope s = scope_organisation(i->firm.id);
    struct device device;
    struct firm firm;
    struct letter l = {
        .core = w->core, .incident = i, .firm = &firm, .language = n->language, .arena = w->arena};
    if (store_firm_get(w->unit, s, i->firm.id, &firm) != 1)
        return -1;
    if (!id_is_none(&i->device)) {
        if (store_device_get(w->unit, s, i->device, &device) != 1)
            return -1;
        if (i->device_then)
            device_from_snapshot(&device, i->device_then, w->arena);
        l.device = &device;
    }
    int64_t before;
    if (first_before(w, i, n, &before) != 1)
        return -1;
    l.last_for_now = before == STORM_COUNT - 1;
    story_tell(w->core, i, l.device, w->arena, &l.story);
    story_params(w->core, i, l.device, &l.params);
    n->level = i->level;
    n->subject = subject_of(&l, n->kind);
    buf_init(&l.body, BODY_BYTES_MAX);
    if (n->kind == NOTICE_FIRST || n->kind == NOTICE_ESCALATION)
        body_alarm(&l, n->kind);
    else
        body_end(&l, n->kind);
    n->body = l.body.failed ? NULL : (const char *)arena_copy(w->arena, buf_str(&l.body)).p;
    buf_fini(&l.body);
    return n->body ? 1 : -1;
}

/* An update is for whoever has the first notice already; one that still waits will tell the newest state by itself. */
static int wants_update(struct work *w, const struct incident *i, const char *recipient,
                        struct notice *first)
{
    int found =
        store_notice_first(w->unit, scope_organisation(i->firm.id), i->id, recipient, first);
    if (found != 1)
        return found;
    return first->state != NOTICE_WAITING || first->attempts > 0;
}

static int write_one(struct work *w, const struct incident *i, enum notice_kind kind,
                     const struct contact *to)
{
    struct notice first = {0};
    int wanted = kind == NOTICE_FIRST ? 1 : wants_update(w, i, to->mail, &first);
    if (wanted != 1)
        return wanted;
    struct notice n = {.id = id_make(w->now_us),
                       .incident = i->id,
                       .kind = kind,
                       .recipient = to->mail,
                       .language = to->language,
                       .state = NOTICE_WAITING,
                       .created_us = w->now_us,
                       .next_try_us = w->now_us + SETTLE_US,
                       .in_reply_to = kind == NOTICE_FIRST ? NULL : first.message_id};
    const char *domain =
        w->core->settings.mail_domain ? w->core->settings.mail_domain : "mimamori.invalid";
    n.message_id = arena_printf(w->arena, "<%s@%s>", n.id.text, domain);
    int64_t before;
    if (!n.message_id || first_before(w, i, &n, &before) != 1)
        return -1;
    if (before >= STORM_COUNT)
        return 0;
    if (compose(w, i, &n) != 1)
        return -1;
    int added = store_notice_add(w->unit, scope_organisation(i->firm.id), &n);
    if (added == 1)
        work_change(w, CHANGE_NOTICE, n.id, i->firm.id);
    return added;
}

int notice_write(struct work *w, const struct incident *i, enum notice_kind kind)
{
    struct firm firm;
    if (store_firm_get(w->unit, scope_organisation(i->firm.id), i->firm.id, &firm) != 1)
        return -1;
    for (size_t n = 0; n < firm.contact_count; n++)
        if (write_one(w, i, kind, &firm.contacts[n]) < 0)
            return -1;
    return 1;
}

/* ---- the outbox ---- */

static int64_t pause_us(int64_t attempts)
{
    int64_t pause = attempts > 6 ? RETRY_MAX_US : RETRY_US << (attempts - 1);
    return pause > RETRY_MAX_US ? RETRY_MAX_US : pause;
}

static enum outcome take(struct work *w, struct notice *n)
{
    struct scope s = scope_organisation(n->firm.id);
    struct incident i;
    if (n->attempts == 0) {
        if (store_incident_get(w->unit, s, n->incident, &i) != 1 || compose(w, &i, n) != 1)
            return OUTCOME_FAILED;
    }
    n->attempts++;
    n->next_try_us = w->now_us + pause_us(n->attempts);
    return store_notice_put(w->unit, s, n) == 1 ? OUTCOME_OK : OUTCOME_FAILED;
}

enum outcome core_outbox_due(struct core *core, struct arena *arena, uint32_t limit,
                             struct notice_list *out)
{
    struct work w;
    enum outcome outcome = work_begin(&w, core, UNIT_READ, arena);
    if (outcome != OUTCOME_OK)
        return outcome;
    /* the outbox serves all firms: the center's own housekeeping */
    int listed = store_notice_list_due(w.unit, scope_all_firms(), w.now_us, limit, out);
    outcome = work_end(&w, listed < 0 ? OUTCOME_FAILED : OUTCOME_OK);
    if (outcome != OUTCOME_OK || out->count == 0)
        return outcome;
    outcome = work_begin(&w, core, UNIT_WRITE, arena);
    if (outcome != OUTCOME_OK)
        return outcome;
    for (size_t i = 0; i < out->count && outcome == OUTCOME_OK; i++)
        outcome = take(&w, &out->items[i]);
    outcome = work_end(&w, outcome);
    if (outcome != OUTCOME_OK)
        out->count = 0;
    return outcome;
}

enum outcome core_outbox_done(struct core *core, const struct notice *notice,
                              const struct delivery *d)
{
    struct work w;
    struct arena a;
    struct notice n = *notice;
    arena_init(&a, 4096, 0);
    enum outcome outcome = work_begin(&w, core, UNIT_WRITE, &a);
    if (outcome == OUTCOME_OK) {
        n.state = d->sent ? NOTICE_SENT : NOTICE_WAITING;
        if (!d->sent && (d->hopeless || w.now_us - n.created_us >= GIVE_UP_US))
            n.state = NOTICE_DEAD;
        n.sent_us = d->sent ? w.now_us : 0;
        n.error = d->sent ? NULL : arena_printf(&a, "%.*s", WHY_BYTES_MAX, d->why ? d->why : "");
        int put = store_notice_put(w.unit, scope_organisation(n.firm.id), &n);
        work_change(&w, CHANGE_NOTICE, n.id, n.firm.id);
        outcome = work_end(&w, put == 1 ? OUTCOME_OK : OUTCOME_FAILED);
    }
    arena_fini(&a);
    return outcome;
}

enum outcome core_notice_list(struct call *c, const struct notice_filter *f,
                              struct notice_list *out)
{
    struct work w;
    struct incident i;
    enum outcome outcome = OUTCOME_OK;
    if (work_begin(&w, c->core, UNIT_READ, c->arena) != OUTCOME_OK)
        return OUTCOME_FAILED;
    if (!id_is_none(&f->incident))
        outcome =
            outcome_of(store_incident_get(w.unit, c->actor.scope, f->incident, &i), &c->problem);
    if (outcome == OUTCOME_OK && store_notice_list(w.unit, c->actor.scope, f, out) < 0)
        outcome = OUTCOME_FAILED;
    return work_end(&w, outcome);
}
