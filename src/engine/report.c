#include "engine/conversation.h"

#include "base/hash.h"

static struct eve_event event_of(struct engine *e, struct conversation *c, const struct packet *p,
                                 enum dir dir)
{
    struct eve_event event = {
        .time_us = p && p->frame ? p->frame->time_us : e->now_us,
        .packet = p,
        .dir = dir,
        .image = e->image,
    };
    if (!c)
        return event;
    event.flow = &c->flow;
    event.stream = c->flow.l4 == PACKET_L4_TCP ? &c->stream : NULL;
    event.app = &c->app;
    event.flow_rules = &c->rules;
    return event;
}

static bool wants(struct engine *e, enum eve_type type, enum app_proto proto)
{
    return e->sink.wants(e->sink.owner, type, proto);
}

/* A packet or stream rule that held while the parser had a transaction at work: Suricata shows that transaction too when
 * there is only one it can mean. */
static const struct tx *only_transaction(const struct conversation *c)
{
    return c && c->app.tx_live == 1 ? c->app.first : NULL;
}

static bool shows_only(const struct engine *e, const struct conversation *c,
                       const struct match_hit *hit)
{
    return e->conf.guess_tx || hit->by_stream || (c && c->app.is_udp && hit->rule->app_mask);
}

/* The parser's transaction that a frame belongs to, while it lives. */
static const struct tx *transaction_of(const struct conversation *c, const struct app_frame *frame)
{
    const struct tx *tx = frame->has_tx ? c->app.first : NULL;
    while (tx && tx->id != frame->tx_id)
        tx = tx->next;
    return tx;
}

/* What TCP sends again because it was stopped is no new attempt. True when this rule stopped these very bytes last time. */
static bool stopped_again(const struct engine *e, struct conversation *c, const struct packet *p,
                          enum dir dir, const struct rule *rule)
{
    struct aftermath *after =
        c && p->l4 == PACKET_L4_TCP && p->frame ? conversation_after(c) : NULL;
    if (!after)
        return false;
    uint64_t parts[3] = {(uint64_t)p->tcp.seq << 8 | p->tcp.flags, p->payload.len,
                         hash_sip(e->conf.flow.secret, p->payload)};
    struct stopped now = {.bytes = hash_sip(e->conf.flow.secret, str_of(parts, sizeof(parts))) | 1,
                          .gid = rule->gid,
                          .sid = rule->sid};
    struct stopped *last = &after->stopped[dir];
    bool again = last->bytes == now.bytes && last->gid == now.gid && last->sid == now.sid;
    *last = now;
    return again;
}

/* What a rule about the stream, or about a transaction in it, was looking at. */
static struct str shown_bytes(struct engine *e, struct conversation *c, enum dir dir,
                              const struct match_hit *hit)
{
    if (!c || c->flow.l4 != PACKET_L4_TCP || !(hit->tx || hit->by_stream))
        return STR_EMPTY;
    return stream_shown_over_holes(&c->stream, &e->conf.stream, &c->mem, dir, &e->scratch);
}

void report_alerts(struct engine *e, struct conversation *c, const struct packet *p, enum dir dir,
                   const struct verdict *verdict)
{
    if (!verdict->alert_count)
        return;
    if (c)
        c->flow.alerted = true;
    if (!wants(e, EVE_ALERT, APP_UNKNOWN))
        return;
    for (uint32_t i = 0; i < verdict->alert_count; i++) {
        struct eve_event event = event_of(e, c, p, dir);
        event.type = EVE_ALERT;
        event.hit = verdict->alerts[i];
        event.verdict = verdict;
        event.repeated =
            verdict_hit_blocked(verdict, event.hit) && stopped_again(e, c, p, dir, event.hit->rule);
        event.stream_bytes = shown_bytes(e, c, dir, event.hit);
        event.variables = &e->hits.variables;
        event.tx = event.hit->tx;
        if (event.tx && event.tx->proto == APP_FRAME) {
            event.frame = (const struct app_frame *)event.tx;
            event.tx = transaction_of(c, event.frame);
        }
        if (!event.tx && !event.frame && shows_only(e, c, event.hit)) {
            event.tx = only_transaction(c);
            event.tx_guessed = event.tx && e->conf.guess_tx;
        }
        e->sink.event(e->sink.owner, &event);
    }
}

void report_variables(struct engine *e, struct conversation *c, const struct packet *p,
                      enum dir dir)
{
    if (wants(e, EVE_METADATA, APP_UNKNOWN)) {
        struct eve_event event = event_of(e, c, p, dir);
        event.type = EVE_METADATA;
        event.variables = &e->hits.variables;
        e->sink.event(e->sink.owner, &event);
    }
    e->hits.variables.count = 0;
}

void report_drop(struct engine *e, struct conversation *c, const struct packet *p, enum dir dir,
                 const struct verdict *verdict)
{
    if (!wants(e, EVE_DROP, APP_UNKNOWN))
        return;
    struct eve_event event = event_of(e, c, p, dir);
    event.type = EVE_DROP;
    event.verdict = verdict;
    event.repeated = c && (c->drops_told & DIR_BIT(dir));
    e->sink.event(e->sink.owner, &event);
    if (c)
        c->drops_told |= DIR_BIT(dir);
}

static void report_anomaly(struct engine *e, struct eve_event *event, enum eve_anomaly kind,
                           const char *name)
{
    event->type = EVE_ANOMALY;
    event->anomaly = kind;
    event->anomaly_event = name;
    e->sink.event(e->sink.owner, event);
}

void report_packet_events(struct engine *e, struct conversation *c, const struct packet *p)
{
    if (!p->event_count || !wants(e, EVE_ANOMALY, APP_UNKNOWN))
        return;
    for (uint32_t i = 0; i < p->event_count; i++) {
        struct eve_event event = event_of(e, c, p, DIR_TOSERVER);
        report_anomaly(e, &event, EVE_ANOMALY_DECODE, packet_event_name(p->events[i]));
    }
}

void report_stream_events(struct engine *e, struct conversation *c, const struct packet *p,
                          enum dir dir, const struct stream_result *stream)
{
    if (!stream->event_count || !wants(e, EVE_ANOMALY, APP_UNKNOWN))
        return;
    for (uint32_t i = 0; i < stream->event_count; i++) {
        struct eve_event event = event_of(e, c, p, dir);
        report_anomaly(e, &event, EVE_ANOMALY_STREAM, stream_event_name(stream->events[i]));
    }
}

static void report_app_events(struct engine *e, struct eve_event *event, uint64_t bits)
{
    const struct app_parser *parser = event->app->parser;
    for (uint32_t i = 0; i < parser->event_count; i++)
        if (bits >> i & 1 && parser->events[i].name)
            report_anomaly(e, event, EVE_ANOMALY_APPLAYER, parser->events[i].name);
}

static bool is_over(const struct conversation *c, const struct tx *tx, bool last)
{
    if (last)
        return true;
    for (enum dir dir = DIR_TOSERVER; dir <= DIR_TOCLIENT; dir++)
        if ((tx->dirs & DIR_BIT(dir)) && tx->progress[dir] != TX_COMPLETE && !c->app.failed[dir])
            return false;
    return true;
}

/* A file is told with a packet of its own direction, as Suricata does it, or when its transaction ends. */
static void report_files(struct engine *e, struct conversation *c, const struct glance *glance,
                         struct tx *tx, bool over)
{
    const struct packet *p = glance->packet;
    for (struct file *f = tx->files; f; f = f->next) {
        if (f->reported || (!over && (f->state == FILE_OPEN || f->dir != glance->dir)))
            continue;
        if (f->state == FILE_OPEN)
            file_end(e->files, tx, f, FILE_TRUNCATED);
        f->reported = true;
        file_settle(e->files, tx, f);
        if (!wants(e, EVE_FILEINFO, tx->proto))
            continue;
        struct eve_event event = event_of(e, c, p, f->dir);
        event.type = EVE_FILEINFO;
        event.tx = tx;
        event.file = f;
        e->sink.event(e->sink.owner, &event);
    }
}

static void report_record(struct engine *e, struct conversation *c, const struct packet *p,
                          struct tx *tx)
{
    const struct app_parser *parser = c->app.parser;
    /* a transaction that was stopped did not take place: alert and drop tell of it */
    bool stopped = conversation_is_stopped(e, c);
    tx->logged = true;
    if (stopped || !parser->log || !wants(e, EVE_APP, tx->proto))
        return;
    struct eve_event event =
        event_of(e, c, p, parser->log_dir ? parser->log_dir(tx) : DIR_TOSERVER);
    event.type = EVE_APP;
    event.tx = tx;
    e->sink.event(e->sink.owner, &event);
}

static bool is_inspected(const struct conversation *c, const struct tx *tx)
{
    if (conversation_is_unseen(c))
        return true;
    for (enum dir dir = DIR_TOSERVER; dir <= DIR_TOCLIENT; dir++)
        if ((tx->dirs & DIR_BIT(dir)) && tx->updated[dir])
            return false;
    return true;
}

static void report_transaction(struct engine *e, struct conversation *c,
                               const struct glance *glance, struct tx *tx, bool last)
{
    const struct app_parser *parser = c->app.parser;
    const struct packet *p = glance->packet;
    if (tx->events_new && wants(e, EVE_ANOMALY, tx->proto)) {
        struct eve_event event = event_of(e, c, p, glance->dir);
        event.tx = tx;
        report_app_events(e, &event, tx->events_new);
    }
    tx->events_new = 0;
    bool over = is_over(c, tx, last);
    if (!tx->logged && (parser->log_ready ? parser->log_ready(tx) || last : over))
        report_record(e, c, p, tx);
    report_files(e, c, glance, tx, over);
    if (!over || !tx->logged || !(last || is_inspected(c, tx)))
        return;
    e->counts.app[parser->proto][c->app.is_udp].tx++;
    match_tx_fini(tx, &c->mem);
    app_tx_free(&c->app, tx);
}

/* What belongs to no transaction: of the search for the protocol, and of the parser. */
static void report_flow_events(struct engine *e, struct conversation *c, const struct packet *p,
                               enum dir dir)
{
    uint64_t fresh = c->app.flow_events & ~c->app.flow_events_reported;
    c->app.flow_events_reported |= fresh;
    if (!fresh || !wants(e, EVE_ANOMALY, c->app.proto))
        return;
    struct eve_event event = event_of(e, c, p, dir);
    for (enum app_detect_event i = APP_DETECT_MISMATCH; i < APP_DETECT_EVENT_END; i++)
        if (fresh >> i & 1)
            report_anomaly(e, &event, EVE_ANOMALY_DETECTION, app_detect_event_name(i));
    if (c->app.parser)
        report_app_events(e, &event, fresh & ~(UINT64_MAX << APP_FLOW_EVENTS));
}

/* Frames that go now: with a packet of their own direction, as Suricata has it, or at the end. */
static void report_frames(struct engine *e, struct conversation *c, const struct glance *glance,
                          bool last)
{
    if (!c->app.frames)
        return;
    bool all = last || conversation_is_unseen(c);
    for (enum dir dir = DIR_TOSERVER; dir <= DIR_TOCLIENT; dir++) {
        struct app_frame *f = app_frame_first(&c->app, dir);
        bool told = f && wants(e, EVE_FRAME, c->app.proto);
        for (; told && f; f = (struct app_frame *)f->tx.next) {
            if (!all && !app_frame_is_through(f))
                continue;
            struct eve_event event = event_of(e, c, glance->packet, dir);
            event.type = EVE_FRAME;
            event.frame = f;
            e->sink.event(e->sink.owner, &event);
        }
        app_frames_free(&c->app, dir, all, match_tx_fini);
    }
}

void report_transactions(struct engine *e, struct conversation *c, const struct packet *p,
                         enum dir dir, bool last)
{
    const struct app_parser *parser = c->app.parser;
    report_frames(e, c, &(struct glance){p, dir, NULL}, last);
    report_flow_events(e, c, p, dir);
    if (!parser)
        return;
    struct tx *next;
    for (struct tx *tx = c->app.first; tx; tx = next) {
        next = tx->next;
        report_transaction(e, c, &(struct glance){p, dir, NULL}, tx, last);
    }
}

/* A record for each direction that had a packet. */
static void report_netflow(struct engine *e, struct conversation *c)
{
    if (!wants(e, EVE_NETFLOW, APP_UNKNOWN))
        return;
    for (enum dir dir = DIR_TOSERVER; dir <= DIR_TOCLIENT; dir++) {
        struct eve_event event = event_of(e, c, NULL, dir);
        event.type = EVE_NETFLOW;
        if (c->flow.packets[dir])
            e->sink.event(e->sink.owner, &event);
    }
}

#define ARP_OPERATION_MAX 4 /* of those that are told */

void report_arp(struct engine *e, const struct packet *p)
{
    if (!p->is_arp || p->payload.p[7] > ARP_OPERATION_MAX || !wants(e, EVE_ARP, APP_UNKNOWN))
        return;
    struct eve_event event = event_of(e, NULL, p, DIR_TOSERVER);
    event.type = EVE_ARP;
    e->sink.event(e->sink.owner, &event);
}

void report_tagged(struct engine *e, struct conversation *c, const struct packet *p, enum dir dir)
{
    if (!wants(e, EVE_PACKET, APP_UNKNOWN))
        return;
    struct eve_event event = event_of(e, c, p, dir);
    event.type = EVE_PACKET;
    e->sink.event(e->sink.owner, &event);
}

void report_flow(struct engine *e, struct conversation *c, enum flow_end why)
{
    report_netflow(e, c);
    if (!wants(e, EVE_FLOW, APP_UNKNOWN))
        return;
    struct eve_event event = event_of(e, c, NULL, DIR_TOSERVER);
    event.type = EVE_FLOW;
    event.end = why;
    event.exceptions = c->exceptions;
    e->sink.event(e->sink.owner, &event);
}
