#include "engine/conversation.h"

/* Bytes that one side may say, while the other one is silent, before its protocol is given up (as in Suricata). */
#define LONELY_BYTES_MAX 100000

#define DETECTION_EVENTS (UINT64_MAX << APP_DETECT_MISMATCH)

static void begin_app(struct engine *e, struct conversation *c)
{
    c->app.mem = &c->mem;
    c->app.files = e->files;
    c->app.conf = &e->conf.app;
    c->app.demand = &e->demand;
    c->app.frames_wanted = e->wants_frames ? e->frames_wanted : NULL;
    c->app.scratch = &e->scratch;
    c->app.ties = &e->ties;
    c->app.client_port = c->flow.client_port;
    c->app.server_port = c->flow.server_port;
    c->app.is_udp = c->flow.l4 == PACKET_L4_UDP;
    c->app.now_us = e->now_us;
}

void conversation_begin(struct engine *e, struct conversation *c)
{
    c->begun = true;
    c->mem = (struct budget){.slab = &e->slab, .limit_bytes = e->conf.flow_memory_bytes};
    c->image_turn = e->image_turn;
    begin_app(e, c);
}

struct aftermath *conversation_after(struct conversation *c)
{
    if (!c->after)
        c->after = budget_zalloc(&c->mem, sizeof *c->after);
    return c->after;
}

/* Nothing of what was read is told. */
static void forget_app(struct conversation *c)
{
    for (struct tx *tx = c->app.first; tx; tx = tx->next)
        match_tx_fini(tx, &c->mem);
    for (enum dir dir = 0; dir < DIR_COUNT; dir++)
        app_frames_free(&c->app, dir, true, match_tx_fini);
    app_close(&c->app);
}

void conversation_unhear(struct engine *e, const struct passage *way)
{
    struct conversation *c = way->c;
    struct packet bare = *way->packet;
    bare.payload = STR_EMPTY;
    forget_app(c);
    c->app = (struct app_flow){.proto = APP_UNKNOWN};
    stream_end(&c->stream, &c->mem);
    c->stream = (struct stream){.state = STREAM_NONE};
    memset(c->raw_asked, 0, sizeof c->raw_asked);
    begin_app(e, c);
    (void)stream_packet(&c->stream, &e->conf.stream, &c->mem, &bare, way->dir == DIR_TOSERVER);
}

static void stop_app(struct conversation *c, enum dir dir)
{
    if (c->flow.l4 == PACKET_L4_TCP)
        stream_app_stop(&c->stream, &c->mem, dir);
}

/* What a direction has said, and tells no protocol, waits for the other one to tell it, as long as it is little. */
#define UNTOLD_BYTES_MAX 4096

static void detection_failed(struct engine *e, struct conversation *c, enum dir dir)
{
    c->app.proto_of[dir] = APP_FAILED;
    if (c->app.proto_of[dir_other(dir)] == APP_FAILED || c->app.is_udp) {
        stop_app(c, dir);
        stop_app(c, dir_other(dir));
        c->app.proto = APP_FAILED;
        /* what never was a connection has not failed */
        e->counts.detection_failed[c->app.is_udp] +=
            c->app.is_udp || c->stream.state != STREAM_NONE;
    }
}

static int open_parser(struct engine *e, struct conversation *c, enum dir dir,
                       const struct app_parser *parser)
{
    if (app_open(&c->app, parser) < 0) {
        e->counts.memory_refused++;
        return -1;
    }
    c->app.proto_of[dir] = parser->proto;
    if (!c->app.is_udp)
        stream_depth(&c->stream, (uint8_t)parser->proto);
    e->counts.app[parser->proto][c->app.is_udp].flows++;
    return 0;
}

static const struct app_parser *parser_of(enum app_proto proto)
{
    for (size_t i = 0; i < engine_parsers.count; i++)
        if (engine_parsers.rows[i]->proto == proto)
            return engine_parsers.rows[i];
    return NULL;
}

/* Has another connection announced this one? Asked when it begins to speak. */
static bool open_announced(struct engine *e, struct conversation *c, enum dir dir)
{
    struct expectation found,
        which = {.a = c->flow.client_ip, .b = c->flow.server_ip, .port = c->flow.server_port};
    if (c->app.is_udp || c->app.proto_before != APP_UNKNOWN)
        return false;
    if (!expect_take(e->expected, &which, e->now_us, &found))
        return false;
    const struct app_parser *parser = parser_of(found.proto);
    e->ties.announced = &found.note;
    bool opened = parser && open_parser(e, c, dir, parser) == 0;
    e->ties.announced = NULL;
    if (opened && !c->flow.parent_id)
        c->flow.parent_id = found.owner;
    return opened;
}

/* After STARTTLS or Upgrade: is it what was agreed upon? */
static void compare_expected(struct app_flow *af, enum app_proto found)
{
    if (af->expected == APP_UNKNOWN || af->expected == found)
        return;
    app_event(af, NULL, APP_DETECT_UNEXPECTED);
    if (af->expected == APP_TLS)
        app_event(af, NULL, APP_DETECT_NO_TLS);
}

/* The first direction that has told its protocol. */
static void note_first(struct conversation *c, enum dir dir)
{
    const struct stream *s = &c->stream;
    if (c->app.proto_of[dir_other(dir)] == APP_FAILED)
        app_event(&c->app, NULL, APP_DETECT_ONE_SIDE);
    if (c->app.parser->client_first && dir == DIR_TOCLIENT && !s->midstream &&
        !s->half[DIR_TOSERVER].total_bytes)
        app_event(&c->app, NULL, APP_DETECT_WRONG_FIRST);
}

/* True when a parser is open afterwards. */
static bool detect(struct engine *e, struct conversation *c, enum dir dir,
                   const struct app_chunk *chunk)
{
    const struct app_parser *parser = NULL;
    if (chunk->offset == 0 && (chunk->bytes.len || chunk->gap) && open_announced(e, c, dir))
        return true;
    if (chunk->gap) {
        detection_failed(e, c, dir);
        return false;
    }
    switch (app_detect(&engine_parsers, &c->app, chunk->bytes, dir, &parser)) {
    case APP_PROBE_YES: break;
    case APP_PROBE_MORE:
        if (!chunk->end || chunk->offset + chunk->bytes.len == 0) /* nothing said: not failed */
            return false;
        detection_failed(e, c, dir);
        return false;
    case APP_PROBE_NO:
        compare_expected(&c->app, APP_FAILED);
        detection_failed(e, c, dir);
        return false;
    }
    compare_expected(&c->app, parser->proto);
    if (open_parser(e, c, dir, parser) < 0) {
        detection_failed(e, c, dir);
        return false;
    }
    if (!c->app.is_udp)
        note_first(c, dir);
    return true;
}

/* The first bytes of a direction whose protocol the other direction has told already. When they are clearly of another one, or
 * of none, an event and the record of the flow say so; the parser goes on and tells what it makes of them. */
static void note_direction(struct conversation *c, enum dir dir, const struct app_chunk *chunk)
{
    struct app_flow *af = &c->app;
    const struct app_parser *own = NULL;
    if (af->proto_of[dir] != APP_UNKNOWN)
        return;
    af->proto_of[dir] = af->proto;
    if (chunk->gap || !af->parser->probe)
        return;
    enum app_probe said = app_detect(&engine_parsers, af, chunk->bytes, dir, &own);
    if (said == APP_PROBE_YES && own->proto != af->parser->proto) {
        af->proto_of[dir] = own->proto;
        if (!af->is_udp)
            app_event(af, NULL, APP_DETECT_MISMATCH);
    } else if (said == APP_PROBE_NO && !af->is_udp && chunk->bytes.len) {
        af->proto_of[dir] = APP_FAILED;
        app_event(af, NULL, APP_DETECT_ONE_SIDE);
    }
}

/* A protocol that no probe can tell is taken at the word of the one before it. */
static void open_unprobed(struct engine *e, struct conversation *c, enum app_proto proto)
{
    const struct app_parser *parser = parser_of(proto);
    if (parser && !parser->probe && open_parser(e, c, DIR_TOSERVER, parser) == 0)
        c->app.proto_of[DIR_TOCLIENT] = proto;
}

/* STARTTLS, CONNECT, Upgrade: what follows is another protocol. The parser's transactions are judged, told and freed first:
 * nobody hides the answer of a request behind a change of protocol. */
static void change_protocol(struct engine *e, struct passage *way, enum dir dir)
{
    struct conversation *c = way->c;
    look_both(e, way);
    look_at_rest(e, way);
    look_settle(e, way, dir, true);
    c->app.proto_before = c->app.proto;
    app_close(&c->app);
    c->app.proto = APP_UNKNOWN;
    c->app.proto_of[0] = c->app.proto_of[1] = APP_UNKNOWN;
    c->app.failed[0] = c->app.failed[1] = false;
    enum app_proto expected = c->app.change_to;
    c->app.change_to = APP_UNKNOWN;
    c->app.expected = expected == APP_FAILED ? APP_UNKNOWN : expected;
    c->app.flow_events &= DETECTION_EVENTS; /* the old parser's are told */
    c->app.flow_events_reported &= DETECTION_EVENTS;
    c->app.tx_count = 0; /* the new protocol's transactions count from 0 */
    open_unprobed(e, c, expected);
}

/* The parser has as many transactions at work as it may. Those that are through go; when that is not enough, those that wait
 * longest end unfinished. False: nothing more of this direction is parsed. */
static bool make_room(struct engine *e, struct passage *way, enum dir dir)
{
    struct app_flow *af = &way->c->app;
    look_both(e, way);
    look_settle(e, way, dir, false);
    if (conversation_is_stopped(e, way->c))
        return false;
    if (app_tx_room(af))
        return true;
    e->counts.app_given_up += app_give_up(af, APP_GIVE_UP);
    look_both(e, way);
    look_settle(e, way, dir, false);
    return app_give_room(af);
}

/* One chunk to detection or parser. Returns the bytes consumed and sets *again when more of this direction may go on now. */
static uint32_t feed_chunk(struct engine *e, struct passage *way, enum dir dir,
                           const struct app_chunk *chunk, bool *again)
{
    struct conversation *c = way->c;
    *again = false;
    e->ties =
        (struct app_ties){&c->flow.client_ip, &c->flow.server_ip, c->flow.id, e->expected, NULL};
    if (!c->app.parser) {
        if (c->app.proto_of[dir] == APP_FAILED) {
            if (chunk->gap || chunk->offset + chunk->bytes.len > UNTOLD_BYTES_MAX)
                stop_app(c, dir);
            return 0;
        }
        if (!detect(e, c, dir, chunk))
            return 0;
        /* What the other side has said, and told nobody its protocol, came before. */
        if (!c->app.is_udp && c->app.proto_of[dir_other(dir)] != c->app.proto)
            conversation_feed(e, way, dir_other(dir));
        if (!c->app.parser) {
            *again = true;
            return 0;
        }
    }
    note_direction(c, dir, chunk);
    struct app_result result = app_data(&c->app, dir, chunk);
    if (result.status == PARSE_BAD) {
        struct app_counts *counts = &e->counts.app[c->app.parser->proto][c->app.is_udp];
        counts->errors += !chunk->gap;
        counts->gaps += chunk->gap != 0;
        stop_app(c, dir);
        if (way->packet)
            exception_happened(e, way, EXCEPTION_APP_ERROR);
        return result.consumed;
    }
    if (c->app.change_to != APP_UNKNOWN) {
        change_protocol(e, way, dir);
        *again = true;
    } else if (result.status == PARSE_FULL) {
        *again = make_room(e, way, dir);
    } else {
        bool all = chunk->bytes.len && result.consumed == chunk->bytes.len;
        *again = result.status == PARSE_OK && (all || chunk->gap > 0);
    }
    return result.consumed;
}

static void swap_flags(bool flags[DIR_COUNT])
{
    bool first = flags[0];
    flags[0] = flags[1];
    flags[1] = first;
}

static void turn_round(struct engine *e, struct passage *way)
{
    struct conversation *c = way->c;
    flow_swap(e->flows, &c->flow);
    stream_turn(&c->stream);
    c->app.client_port = c->flow.client_port;
    c->app.server_port = c->flow.server_port;
    swap_flags(c->raw_asked);
    swap_flags(c->raw_wanted);
    swap_flags(c->raw_late);
    way->dir = dir_other(way->dir);
}

/* The first bytes of a direction are what only the other side of some protocol says. */
static bool speaks_as_other(const struct conversation *c, enum dir dir, struct str bytes)
{
    const struct app_parser *found;
    struct app_flow turned = {.conf = c->app.conf,
                              .client_port = c->app.server_port,
                              .server_port = c->app.client_port,
                              .is_udp = c->app.is_udp};
    return app_detect(&engine_parsers, &c->app, bytes, dir, &found) != APP_PROBE_YES &&
           app_detect(&engine_parsers, &turned, bytes, dir_other(dir), &found) == APP_PROBE_YES;
}

void conversation_face(struct engine *e, struct passage *way)
{
    struct conversation *c = way->c;
    struct stream *s = &c->stream;
    struct stream_chunk seen;
    if (!s->midstream || s->state != STREAM_ESTABLISHED || c->app.proto != APP_UNKNOWN ||
        c->app.proto_before != APP_UNKNOWN)
        return;
    for (enum dir dir = 0; dir < DIR_COUNT; dir++)
        if (s->half[dir].app_offset || s->half[dir].raw_offset ||
            c->app.proto_of[dir] != APP_UNKNOWN)
            return;
    for (enum dir dir = 0; dir < DIR_COUNT; dir++) {
        if (stream_shown(s, &e->conf.stream, &c->mem, dir, &seen) && seen.offset == 0 &&
            speaks_as_other(c, dir, seen.bytes)) {
            turn_round(e, way);
            return;
        }
    }
}

void conversation_face_datagram(struct engine *e, struct passage *way, struct str payload)
{
    const struct conversation *c = way->c;
    bool is_first = c->flow.packets[DIR_TOSERVER] == 1 && !c->flow.packets[DIR_TOCLIENT];
    if (is_first && way->dir == DIR_TOSERVER && c->app.proto == APP_UNKNOWN &&
        speaks_as_other(c, DIR_TOSERVER, payload))
        turn_round(e, way);
}

/* Nobody answers what cannot be told apart: it will not be told later. */
static void give_up_lonely(struct conversation *c, enum dir dir)
{
    const struct stream *s = &c->stream;
    if (c->app.proto != APP_UNKNOWN || c->app.proto_of[dir] != APP_FAILED ||
        s->half[dir].total_bytes <= LONELY_BYTES_MAX || s->half[dir_other(dir)].total_bytes)
        return;
    c->app.proto = APP_FAILED;
    app_event(&c->app, NULL, APP_DETECT_SKIPPED);
}

void conversation_feed(struct engine *e, struct passage *way, enum dir dir)
{
    struct conversation *c = way->c;
    struct stream_chunk ready;
    bool again = true;
    give_up_lonely(c, dir);
    while (again && c->app.proto != APP_FAILED &&
           stream_ready(&c->stream, &e->conf.stream, &c->mem, dir, &ready)) {
        struct app_chunk chunk = {ready.bytes, ready.offset, ready.gap, ready.hole, ready.end};
        uint32_t consumed = feed_chunk(e, way, dir, &chunk, &again);
        if (chunk.hole && !again) { /* what is left of them will never be whole */
            consumed = (uint32_t)chunk.bytes.len;
            again = true;
        }
        stream_consume(&c->stream, &c->mem, dir, chunk.gap ? chunk.gap : consumed);
        if (chunk.end && consumed == chunk.bytes.len)
            break;
    }
    if (c->app.proto == APP_FAILED) {
        stop_app(c, DIR_TOSERVER);
        stop_app(c, DIR_TOCLIENT);
    }
}

void conversation_feed_datagram(struct engine *e, struct passage *way, enum dir dir,
                                struct str payload)
{
    bool again = true;
    while (again && way->c->app.proto != APP_FAILED && payload.len) {
        struct app_chunk chunk = {.bytes = payload};
        payload = str_from(payload, feed_chunk(e, way, dir, &chunk, &again));
    }
}

void conversation_last_look(struct engine *e, struct conversation *c)
{
    struct passage way = {.c = c};
    c->app.now_us = e->now_us;
    if (c->flow.l4 == PACKET_L4_TCP) {
        stream_finish(&c->stream);
        conversation_face(e, &way);
        /* each direction is looked at with what it has said itself, as when its packets came */
        conversation_feed(e, &way, DIR_TOSERVER);
        look_one(e, &way, DIR_TOSERVER);
        conversation_feed(e, &way, DIR_TOCLIENT);
        look_one(e, &way, DIR_TOCLIENT);
        return;
    }
    look_both(e, &way);
}

static void stop_raw(struct conversation *c)
{
    for (enum dir dir = 0; dir < DIR_COUNT; dir++) {
        c->raw_asked[dir] = true;
        c->raw_wanted[dir] = c->raw_late[dir] = false;
        stream_raw_stop(&c->stream, &c->mem, dir);
    }
}

static bool is_opaque(const struct engine *e, const struct conversation *c)
{
    const struct app_parser *parser = c->app.parser;
    return parser && parser->is_encrypted && !e->conf.inspect_encrypted &&
           parser->is_encrypted(&c->app);
}

/* A closed flow waits for a minute in the table, lest its last packets begin another: thousands of them do. */
static void settle(struct engine *e, struct passage *way)
{
    struct conversation *c = way->c;
    c->settled = true;
    /* The last packet travels in one direction: what came in the other one with it was not looked at yet. */
    if (c->app.first)
        look_both(e, way);
    look_settle(e, way, way->dir, true);
    app_close(&c->app);
    stop_app(c, DIR_TOSERVER);
    stop_app(c, DIR_TOCLIENT);
    stop_raw(c);
}

void conversation_let_go(struct engine *e, struct passage *way)
{
    struct conversation *c = way->c;
    if (c->flow.l4 != PACKET_L4_TCP || c->settled)
        return;
    if (c->stream.ended) {
        settle(e, way);
    } else if (!c->opaque && is_opaque(e, c)) {
        /* TLS's open records were looked at one by one: the rest is hidden */
        if (c->app.proto != APP_TLS)
            look_at_rest(e, way);
        c->opaque = true;
        stop_raw(c);
    }
}

static void count_end(struct engine *e, const struct conversation *c, enum flow_end why)
{
    const struct stream *s = &c->stream;
    struct engine_counts *counts = &e->counts;
    counts->flow_end_state[c->flow.state]++;
    counts->tcp_reuse += why == FLOW_END_REUSED;
    if (c->flow.l4 != PACKET_L4_TCP)
        return;
    counts->flow_end_tcp[s->state]++;
    counts->tcp_active -= c->established;
    counts->tcp_gaps += s->half[0].gaps + s->half[1].gaps;
    counts->tcp_overlaps += s->half[0].overlaps + s->half[1].overlaps;
    counts->tcp_retransmitted += s->half[0].retransmitted + s->half[1].retransmitted;
    counts->tcp_depth_reached += s->half[0].depth_reached || s->half[1].depth_reached;
}

/* Whose bytes the last look was for: the server's where nothing was heard of the client. */
static enum dir last_speaker(const struct conversation *c)
{
    bool one_sided = c->flow.l4 == PACKET_L4_TCP && c->stream.half[DIR_TOSERVER].total_bytes == 0;
    return one_sided && c->stream.half[DIR_TOCLIENT].total_bytes ? DIR_TOCLIENT : DIR_TOSERVER;
}

void conversation_end(void *engine, struct flow *flow, enum flow_end why)
{
    struct engine *e = engine;
    struct conversation *c = (struct conversation *)flow;
    if (!c->begun)
        return;
    conversation_last_look(e, c);
    look_settle(e, &(struct passage){.c = c}, last_speaker(c), true);
    report_flow(e, c, why);
    count_end(e, c, why);
    app_close(&c->app);
    match_flow_fini(&c->rules, &c->mem);
    budget_give(&c->mem, c->after, sizeof *c->after);
    c->after = NULL;
    stream_end(&c->stream, &c->mem);
    arena_reset(&e->scratch);
}
