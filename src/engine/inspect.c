#include "engine/conversation.h"

/* New rules may want raw bytes of a stream that has given them up: they look at its packets instead. */
static void heed_new_rules(struct engine *e, struct conversation *c)
{
    if (c->image_turn == e->image_turn)
        return;
    c->image_turn = e->image_turn;
    if (c->opaque || c->settled)
        return;
    for (enum dir dir = 0; dir < DIR_COUNT; dir++)
        c->raw_late[dir] = c->raw_asked[dir] && !c->raw_wanted[dir] &&
                           match_wants_stream(e->image, &c->flow, dir, c->app.proto);
}

/* What makes Suricata look at raw bytes before a stretch is full, measured with Suricata 8.0.8 on conversations of tests/gen: the end
 * of a message of these protocols, each line of SMTP outside of a mail, each banner of SSH, each record of TLS that tells something.
 * Not so FTP, IMAP, SMB, MQTT, Telnet, NFS, answers of PostgreSQL, nor what has no protocol. */
static const struct due {
    uint8_t messages; /* DIR_BIT()s: with the end of a transaction there */
    uint8_t steps;    /* with all that a transaction learns below this progress */
} due_of[APP_PROTO_COUNT] = {
    [APP_HTTP1] = {DIR_BOTH, 0},         [APP_HTTP2] = {DIR_BOTH, 0},
    [APP_DOH2] = {DIR_BOTH, 0},          [APP_DNS] = {DIR_BOTH, 0},
    [APP_POP3] = {DIR_BOTH, 0},          [APP_KRB5] = {DIR_BOTH, 0},
    [APP_DCERPC] = {DIR_BOTH, 0},        [APP_LDAP] = {DIR_BOTH, 0},
    [APP_SIP] = {DIR_BOTH, 0},           [APP_PGSQL] = {DIR_BIT(DIR_TOSERVER), 0},
    [APP_RDP] = {DIR_BOTH, 0},           [APP_SMTP] = {DIR_BOTH, 3},
    [APP_SSH] = {DIR_BOTH, 3},           [APP_TLS] = {DIR_BOTH, TX_COMPLETE},
    [APP_RFB] = {DIR_BOTH, TX_COMPLETE},
};

/* A message of that direction, or a step of it, has been read since the last look. */
static bool message_read(const struct conversation *c, enum dir dir)
{
    const struct due *due = &due_of[c->app.proto];
    if (!(due->messages & DIR_BIT(dir)))
        return false;
    if (c->app.proto == APP_SMTP && dir == DIR_TOCLIENT)
        return true; /* each reply */
    for (const struct tx *tx = c->app.first; tx; tx = tx->next)
        if (tx->updated[dir] &&
            (tx->progress[dir] == TX_COMPLETE || tx->progress[dir] < due->steps))
            return true;
    return false;
}

/* Inline every byte is looked at before it goes on. Of what was acknowledged rules see stretches, as with Suricata: as soon as so many new bytes are
 * there, with the end of a message, and at the end of the stream. */
static bool stream_is_due(const struct engine *e, const struct conversation *c, enum dir dir)
{
    const struct stream_half *half = &c->stream.half[dir];
    return e->conf.stream.mode == STREAM_INLINE ||
           half->ready_end - half->raw_offset >= e->conf.stream.raw_window_bytes[dir] ||
           stream_over(&c->stream, dir) || message_read(c, dir);
}

/* Where one message ends and the next begins, as Suricata knows it: by the transactions, or wherever the parser has taken all. */
static bool message_ends(const struct conversation *c, enum dir dir)
{
    if (c->app.proto == APP_DCERPC || c->app.proto == APP_SSH)
        return true;
    if (c->app.proto != APP_HTTP1)
        return false;
    for (const struct tx *tx = c->app.first; tx; tx = tx->next)
        if (tx->progress[dir] && tx->progress[dir] < TX_COMPLETE)
            return false;
    return true;
}

/* With the end of a message raw matching begins anew, as with Suricata: places of the next one count from its first byte. Inline
 * nobody chooses by messages how far we look back. */
static void part_messages(const struct engine *e, struct conversation *c, enum dir dir)
{
    const struct stream_half *half = &c->stream.half[dir];
    if (e->conf.stream.mode == STREAM_ACKNOWLEDGED && half->app_offset == half->raw_offset &&
        message_ends(c, dir))
        stream_raw_cut(&c->stream, dir);
}

static void look_at_raw(struct engine *e, struct conversation *c, const struct match_view *view)
{
    enum dir dir = view->dir;
    struct stream_chunk raw;
    while (c->raw_wanted[dir] && stream_raw(&c->stream, &e->conf.stream, &c->mem, dir, &raw)) {
        struct field_window window = {raw.bytes, raw.place, raw.end};
        if (raw.bytes.len)
            match_stream(e->matcher, view, &window, raw.new_from, &e->hits);
        uint64_t end = raw.offset + (raw.gap ? raw.gap : raw.bytes.len);
        stream_raw_done(&c->stream, &c->mem, dir, end);
        if (raw.end || !end)
            break;
        part_messages(e, c, dir);
    }
}

static void look_at_stream(struct engine *e, struct conversation *c, const struct match_view *view)
{
    enum dir dir = view->dir;
    if (!c->raw_asked[dir]) {
        c->raw_asked[dir] = true;
        c->raw_wanted[dir] = match_wants_stream(e->image, &c->flow, dir, c->app.proto);
        if (!c->raw_wanted[dir])
            stream_raw_stop(&c->stream, &c->mem, dir);
    }
    if (stream_is_due(e, c, dir))
        look_at_raw(e, c, view);
}

static void look_at_transactions(struct engine *e, struct conversation *c,
                                 const struct match_view *view)
{
    for (struct tx *tx = c->app.first; tx; tx = tx->next) {
        if (!tx->updated[view->dir] || !(tx->dirs & DIR_BIT(view->dir)))
            continue;
        tx->updated[view->dir] = false;
        if (!(tx->inspected_done & DIR_BIT(view->dir)))
            match_tx(e->matcher, view, tx, &e->hits);
        if (c->app.parser->tx_inspected)
            c->app.parser->tx_inspected(&c->app, tx, view->dir);
    }
}

static void look_at_frames(struct engine *e, struct conversation *c, const struct match_view *view)
{
    for (struct app_frame *f = app_frame_first(&c->app, view->dir); f;
         f = (struct app_frame *)f->tx.next)
        if (f->tx.updated[view->dir])
            match_tx(e->matcher, view, &f->tx, &e->hits);
}

static struct match_view view_of(struct engine *e, struct conversation *c,
                                 const struct glance *glance)
{
    const struct stream_result *stream = glance->stream;
    struct match_view view = {.packet = glance->packet, .dir = glance->dir, .now_us = e->now_us};
    if (stream) {
        view.stream_event_count = stream->event_count;
        view.stream_events = stream->events;
        view.stream_accepted =
            stream->accepted && !stream->ignored && !conversation_is_early(e, glance->packet);
    }
    if (!c)
        return view;
    view.stream_accepted = view.stream_accepted && !c->raw_late[glance->dir];
    view.payload_hidden = c->opaque && !view.about_flow;
    view.about_flow = conversation_is_about(c, glance->packet);
    view.flow = &c->flow;
    view.state = &c->rules;
    view.mem = &c->mem;
    view.proto = c->app.proto;
    view.proto_of[0] = c->app.proto_of[0];
    view.proto_of[1] = c->app.proto_of[1];
    /* a change that has been agreed upon: what was spoken until now is the original */
    view.proto_before = c->app.change_to != APP_UNKNOWN ? c->app.proto : c->app.proto_before;
    /* Suricata's moment: the empty ACK that ends the handshake does not belong to the established connection yet */
    view.established = c->established && !(c->just_established && glance->packet->payload.len == 0);
    view.closing = c->stream.state >= STREAM_FIN_WAIT1 && c->stream.state < STREAM_CLOSED;
    view.has_stream =
        c->flow.l4 == PACKET_L4_TCP && !view.about_flow && c->stream.state != STREAM_NONE;
    view.stream_bytes[0] = c->stream.half[0].next_seq - c->stream.half[0].isn;
    view.stream_bytes[1] = c->stream.half[1].next_seq - c->stream.half[1].isn;
    const struct stream_half *half = &c->stream.half[glance->dir];
    bool asked_for = c->raw_wanted[glance->dir] || !c->raw_asked[glance->dir];
    view.stream_due = view.has_stream && asked_for && half->ready_end > half->raw_offset &&
                      stream_is_due(e, c, glance->dir);
    view.flow_app_events = view.about_flow ? 0 : c->app.flow_events_new;
    return view;
}

static void want_files(struct tx *tx, const struct rule *rule, uint8_t dirs)
{
    for (struct file *f = tx->files; f; f = f->next)
        f->wanted = f->wanted || (dirs & DIR_BIT(f->dir));
    if (rule->store != RULE_STORE_FILE)
        tx->files_wanted |= dirs;
}

/* filestore: rules that hold ask for files, of this transaction or also of all that follow in the flow. */
static void heed_filestore(struct engine *e, struct conversation *c, enum dir dir)
{
    for (uint32_t i = 0; i < e->hits.count; i++) {
        const struct match_hit *hit = &e->hits.items[i];
        const struct rule *rule = hit->rule;
        if (rule->store == RULE_STORE_NONE)
            continue;
        uint8_t dirs = rule->store_dirs ? rule->store_dirs : DIR_BIT(dir);
        bool later = rule->store == RULE_STORE_FLOW;
        for (struct tx *tx = c->app.first; tx; tx = tx->next)
            if (!hit->tx || tx == hit->tx || (later && tx->id > hit->tx->id))
                want_files(tx, rule, dirs);
        if (rule->store == RULE_STORE_FLOW)
            c->app.files_wanted |= dirs;
    }
}

static void judge(struct engine *e, struct conversation *c, const struct match_view *view,
                  struct verdict *verdict)
{
    match_finish(e->matcher, view, &e->hits);
    if (c)
        heed_filestore(e, c, view->dir);
    verdict_judge(&e->hits, &e->conf.verdict, verdict);
    if (e->trace.judged)
        e->trace.judged(e->trace.match.owner, view, &e->hits, verdict);
    e->counts.alerts += verdict->alert_count;
    e->counts.alerts_lost += verdict->alerts_lost + e->hits.lost;
}

void inspect_transactions(struct engine *e, struct conversation *c, const struct glance *glance,
                          struct verdict *verdict)
{
    struct match_view view = view_of(e, c, glance);
    e->hits.count = 0;
    e->hits.lost = 0;
    look_at_frames(e, c, &view);
    look_at_transactions(e, c, &view);
    judge(e, c, &view, verdict);
}

void inspect_stream(struct engine *e, struct conversation *c, const struct glance *glance,
                    struct verdict *verdict)
{
    struct match_view view = view_of(e, c, glance);
    e->hits.count = 0;
    e->hits.lost = 0;
    look_at_raw(e, c, &view);
    judge(e, c, &view, verdict);
}

void inspect_packet(struct engine *e, struct conversation *c, const struct glance *glance,
                    struct verdict *verdict)
{
    if (c)
        heed_new_rules(e, c);
    struct match_view view = view_of(e, c, glance);
    e->hits.count = 0;
    e->hits.lost = 0;
    if (glance->packet->frame)
        match_packet(e->matcher, &view, &e->hits);
    bool own = c && !view.about_flow;
    if (own && view.has_stream)
        look_at_stream(e, c, &view);
    if (own)
        look_at_frames(e, c, &view);
    if (own && c->app.parser)
        look_at_transactions(e, c, &view);
    if (glance->packet->frame)
        match_raised(e->matcher, &view, &e->hits);
    judge(e, c, &view, verdict);
    if (own)
        c->app.flow_events_new = 0;
}
