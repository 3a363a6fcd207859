#include "engine/conversation.h"

void conversation_begin(struct engine *e, struct conversation *c)
{
    c->begun = true;
    c->mem = (struct budget){.slab = &e->slab, .limit_bytes = e->conf.flow_memory_bytes};
    c->app.mem = &c->mem;
    c->app.files = e->files;
    c->app.conf = &e->conf.app;
    c->app.demand = &e->demand;
    c->image_turn = e->image_turn;
    c->app.scratch = &e->scratch;
    c->app.client_port = c->flow.client_port;
    c->app.server_port = c->flow.server_port;
    c->app.is_udp = c->flow.l4 == PACKET_L4_UDP;
    c->app.now_us = e->now_us;
}

static void stop_app(struct conversation *c, enum dir dir)
{
    if (c->flow.l4 == PACKET_L4_TCP)
        stream_app_stop(&c->stream, &c->mem, dir);
}

static void detection_failed(struct engine *e, struct conversation *c, enum dir dir)
{
    c->app.proto_of[dir] = APP_FAILED;
    stop_app(c, dir);
    if (c->app.proto_of[dir_other(dir)] == APP_FAILED || c->app.is_udp) {
        c->app.proto = APP_FAILED;
        e->counts.app_failed++;
    }
}

/* True when a parser is open afterwards. */
static bool detect(struct engine *e, struct conversation *c, enum dir dir,
                   const struct app_chunk *chunk)
{
    const struct app_parser *parser = NULL;
    if (chunk->gap) {
        detection_failed(e, c, dir);
        return false;
    }
    switch (app_detect(&engine_parsers, &c->app, chunk->bytes, dir, &parser)) {
    case APP_PROBE_YES: break;
    case APP_PROBE_MORE:
        if (!chunk->end)
            return false;
        detection_failed(e, c, dir);
        return false;
    case APP_PROBE_NO: detection_failed(e, c, dir); return false;
    }
    if (app_open(&c->app, parser) < 0) {
        e->counts.memory_refused++;
        detection_failed(e, c, dir);
        return false;
    }
    c->app.proto_of[dir] = parser->proto;
    e->counts.app_flows[parser->proto]++;
    return true;
}

/* The first bytes of a direction whose protocol the other direction has told already. */
static void note_direction(struct conversation *c, enum dir dir)
{
    if (c->app.proto_of[dir] == APP_UNKNOWN)
        c->app.proto_of[dir] = c->app.parser->proto;
}

static void make_pseudo(struct engine *e, const struct conversation *c, enum dir dir)
{
    const struct flow *f = &c->flow;
    bool to_server = dir == DIR_TOSERVER;
    e->pseudo = (struct packet){
        .origin = PACKET_WIRE,
        .l4 = f->l4,
        .src = to_server ? f->client_ip : f->server_ip,
        .dst = to_server ? f->server_ip : f->client_ip,
        .src_port = to_server ? f->client_port : f->server_port,
        .dst_port = to_server ? f->server_port : f->client_port,
        .ip_proto = f->ip_proto,
        .src_mac = to_server ? f->client_mac : f->server_mac,
        .dst_mac = to_server ? f->server_mac : f->client_mac,
        .has_mac = f->has_mac,
        .vlan_count = f->vlan_count,
    };
}

typedef void look_fn(struct engine *e, struct conversation *c, const struct glance *glance,
                     struct verdict *verdict);

/* Judges what there is without a packet of its own. */
static void last_look(struct engine *e, struct conversation *c, enum dir dir, look_fn *look)
{
    struct verdict verdict;
    make_pseudo(e, c, dir);
    look(e, c, &(struct glance){&e->pseudo, dir, NULL}, &verdict);
    report_alerts(e, c, &e->pseudo, dir, &verdict);
    if (verdict.enforced && verdict.action != VERDICT_ACCEPT)
        c->flow.dropped = true;
}

/* STARTTLS, CONNECT, Upgrade: what follows is another protocol. The parser's transactions are judged, told and freed first:
 * nobody hides the answer of a request behind a change of protocol. The packet in hand is still held, so a verdict of now is
 * carried out on it (engine.c stops the packets of a dropped flow). */
static void change_protocol(struct engine *e, struct conversation *c, enum dir dir)
{
    if (!c->flow.passed && !c->flow.dropped) {
        last_look(e, c, DIR_TOSERVER, inspect_transactions);
        last_look(e, c, DIR_TOCLIENT, inspect_transactions);
    }
    make_pseudo(e, c, dir);
    report_transactions(e, c, &e->pseudo, dir, true);
    c->app.proto_before = c->app.proto;
    app_close(&c->app);
    c->app.proto = APP_UNKNOWN;
    c->app.proto_of[0] = c->app.proto_of[1] = APP_UNKNOWN;
    c->app.failed[0] = c->app.failed[1] = false;
    c->app.change_to = APP_UNKNOWN;
}

/* One chunk to detection or parser. Returns the bytes consumed and sets *again when more of this direction may go on now. */
static uint32_t feed_chunk(struct engine *e, struct conversation *c, enum dir dir,
                           const struct app_chunk *chunk, bool *again)
{
    *again = false;
    if (!c->app.parser && !detect(e, c, dir, chunk))
        return 0;
    note_direction(c, dir);
    struct app_result result = app_data(&c->app, dir, chunk);
    if (result.status == PARSE_BAD) {
        e->counts.app_errors[c->app.parser->proto]++;
        stop_app(c, dir);
        return result.consumed;
    }
    bool changed = c->app.change_to != APP_UNKNOWN;
    if (changed)
        change_protocol(e, c, dir);
    *again = changed ||
             (result.status == PARSE_OK && (result.consumed == chunk->bytes.len || chunk->gap));
    return result.consumed;
}

void conversation_feed(struct engine *e, struct conversation *c, enum dir dir)
{
    struct stream_chunk ready;
    bool again = true;
    while (again && c->app.proto != APP_FAILED &&
           stream_ready(&c->stream, &e->conf.stream, &c->mem, dir, &ready)) {
        struct app_chunk chunk = {ready.bytes, ready.offset, ready.gap, ready.end};
        uint32_t consumed = feed_chunk(e, c, dir, &chunk, &again);
        stream_consume(&c->stream, &c->mem, dir, chunk.gap ? chunk.gap : consumed);
        if (chunk.end && consumed == chunk.bytes.len)
            break;
        if (!chunk.gap && consumed == 0 && !(again && c->app.proto == APP_UNKNOWN))
            break;
    }
    if (c->app.proto == APP_FAILED) {
        stop_app(c, DIR_TOSERVER);
        stop_app(c, DIR_TOCLIENT);
    }
}

void conversation_feed_datagram(struct engine *e, struct conversation *c, enum dir dir,
                                struct str payload)
{
    bool again;
    if (c->app.proto == APP_FAILED)
        return;
    struct app_chunk chunk = {payload, 0, 0, false};
    feed_chunk(e, c, dir, &chunk, &again);
}

/* The flow is over, its frames have gone on: what is found now was not stopped, and is not said to be. What still comes on
 * these addresses is. */
static void look_too_late(struct engine *e, struct conversation *c, const struct glance *glance,
                          struct verdict *verdict)
{
    inspect_packet(e, c, glance, verdict);
    if (verdict->enforced && verdict->action != VERDICT_ACCEPT)
        c->flow.dropped = true;
    verdict->enforced = false;
}

void inspect_end(struct engine *e, struct conversation *c)
{
    c->app.now_us = e->now_us;
    if (c->flow.l4 == PACKET_L4_TCP) {
        stream_finish(&c->stream);
        conversation_feed(e, c, DIR_TOSERVER);
        conversation_feed(e, c, DIR_TOCLIENT);
    }
    if (c->flow.passed || c->flow.dropped)
        return;
    last_look(e, c, DIR_TOSERVER, look_too_late);
    last_look(e, c, DIR_TOCLIENT, look_too_late);
}

void conversation_end(void *engine, struct flow *flow, enum flow_end why)
{
    struct engine *e = engine;
    struct conversation *c = (struct conversation *)flow;
    if (!c->begun)
        return;
    inspect_end(e, c);
    make_pseudo(e, c, DIR_TOSERVER);
    report_transactions(e, c, &e->pseudo, DIR_TOSERVER, true);
    report_flow(e, c, why);
    const struct stream *s = &c->stream;
    e->counts.tcp_gaps += s->half[0].gaps + s->half[1].gaps;
    e->counts.tcp_overlaps += s->half[0].overlaps + s->half[1].overlaps;
    e->counts.tcp_retransmitted += s->half[0].retransmitted + s->half[1].retransmitted;
    app_close(&c->app);
    match_flow_fini(&c->rules, &c->mem);
    stream_end(&c->stream, &c->mem);
    arena_reset(&e->scratch);
}
