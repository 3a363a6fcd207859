#include "engine/engine.h"

#include "engine/app/quic/quic.h"
#include "engine/content/content.h"
#include "engine/conversation.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define SCRATCH_BYTES_MAX (64u << 20)
#define TICK_FLOWS_MAX 64 /* flows ended per tick: keeps the pause between batches short */

/* Hashes that rules ask for are computed. */
static int hash_files(struct engine *e)
{
    static const char *const names[DIGEST_KINDS] = {
        [DIGEST_MD5] = "file.md5", [DIGEST_SHA1] = "file.sha1", [DIGEST_SHA256] = "file.sha256"};
    uint8_t kinds = 0;
    for (int kind = 0; kind < DIGEST_KINDS; kind++)
        if (match_image_wants(e->image, names[kind]))
            kinds |= (uint8_t)(1u << kind);
    return file_store_hash(e->files, kinds);
}

/* Frames that live rules look at; all of them where they are told. */
static void heed_frames(struct engine *e)
{
    const struct rule_set *set = match_image_rules(e->image);
    memset(e->frames_wanted, 0, sizeof(e->frames_wanted));
    if (e->sink.wants(e->sink.owner, EVE_FRAME, APP_UNKNOWN)) {
        memset(e->frames_wanted, 0xff, sizeof(e->frames_wanted));
        e->wants_frames = true;
        return;
    }
    e->wants_frames = match_image_wants(e->image, "frame");
    for (uint32_t i = 0; e->wants_frames && i < set->count; i++)
        for (const struct rule_check *c = set->rules[i]->checks; c; c = c->next)
            if (c->kind == RULE_CHECK_FIELD_NUMBER && set->rules[i]->app_mask == UINT64_C(1)
                                                                                     << APP_FRAME)
                e->frames_wanted[c->number.a >> 8] |= 1u << (c->number.a & 0xff);
}

static bool wants_any(const struct engine *e, const char *const *names, size_t count)
{
    bool any = false;
    for (size_t i = 0; i < count; i++)
        any |= match_image_wants(e->image, names[i]);
    return any;
}

/* Fingerprints are told in records as soon as a rule works with them. */
static void heed_demand(struct engine *e)
{
    static const char *const ja3[] = {"ja3.hash", "ja3.string", "ja3s.hash", "ja3s.string"};
    static const char *const hassh[] = {"ssh.hassh", "ssh.hassh.string", "ssh.hassh.server",
                                        "ssh.hassh.server.string"};
    e->demand = *match_image_demand(e->image);
    heed_frames(e);
    e->conf.app.ja3 = e->ja3_set || wants_any(e, ja3, ARRAY_COUNT(ja3));
    e->conf.app.hassh = e->hassh_set || wants_any(e, hassh, ARRAY_COUNT(hassh));
}

static bool opens_anew(const struct flow *flow, void *engine, const struct packet *p,
                       bool to_client)
{
    const struct engine *e = engine;
    return stream_opens_anew(&((const struct conversation *)flow)->stream, &e->conf.stream, p,
                             !to_client);
}

struct engine *engine_new(const struct engine_conf *conf, const struct match_image *image,
                          struct match_hosts *hosts, const struct engine_sink *sink,
                          struct err *err)
{
    struct engine *e = calloc(1, sizeof(*e));
    if (!e) {
        err_set(err, "engine: out of memory");
        return NULL;
    }
    charsets_hold();
    quic_hold();
    e->conf = *conf;
    e->conf.flow.object_bytes = sizeof(struct conversation);
    e->conf.flow.opens_anew = opens_anew;
    e->conf.flow.opens_anew_arg = e;
    if (e->conf.packet.targets.count)
        e->conf.stream.targets = &e->conf.packet.targets;
    e->image = image;
    e->ja3_set = conf->app.ja3;
    e->hassh_set = conf->app.hassh;
    e->sink = *sink;
    heed_demand(e);
    e->decoder = packet_decoder_new(&e->conf.packet);
    e->flows = flow_table_new(&e->conf.flow, conversation_end, e);
    e->files = file_store_new(&e->conf.file, sink->files);
    e->expected = expect_new();
    e->matcher = match_worker_new(image, hosts);
    if (slab_init(&e->slab, e->conf.memory_bytes) < 0 ||
        arena_reserve(&e->scratch, SCRATCH_BYTES_MAX) < 0 || !e->decoder || !e->flows ||
        !e->files || !e->expected || !e->matcher || hash_files(e) < 0) {
        err_set(err, "engine: no memory for %u flows and %llu MiB of flow data", conf->flow.max,
                (unsigned long long)(conf->memory_bytes >> 20));
        engine_free(e);
        return NULL;
    }
    return e;
}

void engine_free(struct engine *e)
{
    if (!e)
        return;
    if (e->flows)
        flow_table_free(e->flows);
    match_worker_free(e->matcher);
    file_store_free(e->files);
    expect_free(e->expected);
    packet_decoder_free(e->decoder);
    slab_fini(&e->slab);
    arena_fini(&e->scratch);
    free(e);
}

static struct conversation *find_conversation(struct engine *e, const struct packet *p,
                                              enum dir *dir)
{
    bool to_client = false, is_new = false;
    if (!p->src.version || p->is_fragment)
        return NULL;
    struct conversation *c = (struct conversation *)flow_lookup(e->flows, p, &to_client, &is_new);
    *dir = to_client ? DIR_TOCLIENT : DIR_TOSERVER;
    if (c && !c->begun)
        conversation_begin(e, c);
    return c;
}

static void count_tcp(struct engine *e, const struct packet *p)
{
    uint8_t flags = p->tcp.flags & (TCP_SYN | TCP_ACK | TCP_RST);
    e->counts.tcp_syn += flags == TCP_SYN;
    e->counts.tcp_synack += flags == (TCP_SYN | TCP_ACK);
    e->counts.tcp_rst += (flags & TCP_RST) != 0;
    e->counts.tcp_urg += (p->tcp.flags & TCP_URG) != 0;
    e->counts.tcp_checksum_bad += p->checksum_bad;
}

static void run_stream(struct engine *e, struct passage *way, const struct packet *p)
{
    struct conversation *c = way->c;
    way->stream = stream_packet(&c->stream, &e->conf.stream, &c->mem, p, way->dir == DIR_TOSERVER);
    way->has_stream_result = true;
    if (way->stream.swap) {
        flow_swap(e->flows, &c->flow);
        c->app.client_port = c->flow.client_port;
        c->app.server_port = c->flow.server_port;
        way->dir = dir_other(way->dir);
        way->stream =
            stream_packet(&c->stream, &e->conf.stream, &c->mem, p, way->dir == DIR_TOSERVER);
    }
}

/* A SYN on the addresses of a connection that is over: that flow ends, the packet begins another. */
static bool begin_anew(struct engine *e, struct passage *way, const struct packet *p)
{
    flow_close(e->flows, &way->c->flow, FLOW_END_REUSED);
    way->c = find_conversation(e, p, &way->dir);
    if (!way->c)
        return false;
    run_stream(e, way, p);
    return true;
}

/* What a SYN has carried is heard with the first packet of the other side behind the handshake, as with Suricata; inline at
 * once. */
static bool is_opening(const struct engine *e, const struct conversation *c, const struct packet *p)
{
    bool bare_ack = c->just_established && !p->payload.len && !(p->tcp.flags & (TCP_FIN | TCP_RST));
    return e->conf.stream.mode == STREAM_ACKNOWLEDGED && (bare_ack || (p->tcp.flags & TCP_SYN));
}

static void hear(struct engine *e, struct passage *way, enum dir dir)
{
    if (dir == DIR_TOCLIENT || !is_opening(e, way->c, way->packet))
        conversation_feed(e, way, dir);
}

static void take_tcp(struct engine *e, struct passage *way, const struct packet *p)
{
    count_tcp(e, p);
    if (p->checksum_bad)
        return;
    run_stream(e, way, p);
    if (way->stream.reuse && !begin_anew(e, way, p))
        return;
    struct conversation *c = way->c;
    if (way->stream.midstream)
        exception_happened(e, way, EXCEPTION_MIDSTREAM);
    for (uint32_t i = 0; i < way->stream.event_count; i++)
        if (way->stream.events[i] == STREAM_EVENT_REASSEMBLY_INSERT_MEMCAP)
            exception_happened(e, way, EXCEPTION_REASSEMBLY);
    if (conversation_is_stopped(e, c) || c->flow.state == FLOW_BYPASSED)
        return;
    if (way->stream.established && !c->established) {
        c->established = c->just_established = true;
        e->counts.tcp_sessions++;
        e->counts.tcp_active++;
        e->counts.tcp_midstream += c->stream.midstream;
        flow_set_state(e->flows, &c->flow, FLOW_ESTABLISHED);
    }
    if (way->stream.closed_now)
        flow_set_state(e->flows, &c->flow, FLOW_CLOSED);
    if (!way->stream.ignored) {
        conversation_face(e, way);
        hear(e, way, dir_other(way->dir));
        hear(e, way, way->dir);
    }
}

static void take_udp(struct engine *e, struct passage *way, const struct packet *p)
{
    struct conversation *c = way->c;
    if (way->dir == DIR_TOCLIENT && !c->established) {
        c->established = c->just_established = true;
        flow_set_state(e->flows, &c->flow, FLOW_ESTABLISHED);
    }
    /* also with a wrong checksum: cards that compute it leave one in captures of outgoing packets, and a datagram that its
     * receiver throws away changes nothing of the next one */
    if (p->l4 != PACKET_L4_UDP || !p->payload.len)
        return;
    conversation_face_datagram(e, way, p->payload);
    conversation_feed_datagram(e, way, way->dir, p->payload);
}

static void advance(struct engine *e, struct passage *way, const struct packet *p)
{
    way->c->app.now_us = e->now_us;
    way->c->just_established = false;
    if (p->l4 == PACKET_L4_TCP)
        take_tcp(e, way, p);
    else
        take_udp(e, way, p);
}

/* The stream's own veto: bytes that differ from those already inspected must not reach the receiver. */
static void judge_stream(const struct engine *e, struct passage *way)
{
    struct verdict *v = &way->verdict;
    if (!way->has_stream_result || !way->stream.drop || v->action != VERDICT_ACCEPT)
        return;
    v->action = VERDICT_DROP;
    v->reason = way->stream.urgent     ? VERDICT_STREAM_URGENT
                : way->stream.accepted ? VERDICT_STREAM_OVERLAP
                                       : VERDICT_STREAM_ERROR;
    v->enforced = e->conf.verdict.enforced;
}

static void count_drop(struct engine *e, const struct verdict *v)
{
    e->counts.dropped += v->action == VERDICT_DROP;
    e->counts.rejected += v->action == VERDICT_REJECT;
    e->counts.drop_reasons[v->reason]++;
}

static void carry_out(struct engine *e, struct passage *way)
{
    struct conversation *c = way->c;
    const struct verdict *v = &way->verdict;
    if (v->pass_flow && c)
        c->flow.passed = true;
    if (v->action == VERDICT_ACCEPT)
        return;
    if (v->flow_wide && c)
        c->flow.dropped = true;
    if (!v->enforced)
        return;
    count_drop(e, v);
    report_drop(e, c, way->packet, way->dir, v);
    if (c && !v->flow_wide && conversation_is_early(e, way->packet))
        conversation_unhear(e, way);
}

static void answer_with(struct engine_answer *answer, const struct passage *way)
{
    const struct verdict *v = &way->verdict;
    answer->alerted |= way->alerted;
    answer->isolate |= v->isolate;
    answer->flow = way->c ? &way->c->flow : answer->flow;
    if (!v->enforced || v->action <= answer->action)
        return;
    answer->action = v->action;
    answer->reason = v->reason;
    answer->reject = v->reject;
    answer->rule = v->rule;
}

/* A flow that a verdict has ended: nothing of it goes on, nothing is looked at. */
static bool stop_dropped_flow(struct engine *e, struct passage *way)
{
    struct conversation *c = way->c;
    if (!c || !conversation_is_stopped(e, c))
        return false;
    way->verdict = (struct verdict){
        .action = VERDICT_DROP, .reason = VERDICT_FLOW_DROP, .enforced = true, .flow_wide = true};
    count_drop(e, &way->verdict);
    report_drop(e, c, way->packet, way->dir, &way->verdict);
    return true;
}

/* A flow that is let through, or has ended, is not looked at. An ICMP error about it is: anybody can send one. */
static bool is_unseen(const struct passage *way)
{
    const struct conversation *c = way->c;
    return c && conversation_is_unseen(c) && !conversation_is_about(c, way->packet);
}

static void judge(struct engine *e, struct passage *way)
{
    if (!way->looked_away && !is_unseen(way))
        look_judge(e, way, way->dir);
    judge_stream(e, way);
    look_tell(e, way, way->dir);
    carry_out(e, way);
}

static void conclude(struct engine *e, struct passage *way)
{
    bool closed =
        way->has_stream_result && way->stream.closed_now && !conversation_is_stopped(e, way->c);
    if (closed)
        conversation_last_look(e, way->c);
    look_settle(e, way, way->dir, closed); /* nothing more comes: what is open is over */
    conversation_let_go(e, way);
}

static bool is_own(const struct passage *way)
{
    return way->c && !conversation_is_about(way->c, way->packet);
}

static void process(struct engine *e, const struct packet *p, struct engine_answer *answer)
{
    struct passage way;
    memset(&way, 0, offsetof(struct passage, verdict.alerts));
    way.packet = p;
    way.c = find_conversation(e, p, &way.dir);
    report_packet_events(e, way.c, p);
    report_arp(e, p);
    if (!stop_dropped_flow(e, &way)) {
        if (is_own(&way) && way.c->flow.state != FLOW_BYPASSED)
            advance(e, &way, p);
        if (way.has_stream_result)
            report_stream_events(e, way.c, p, way.dir, &way.stream);
        judge(e, &way);
        if (!way.alerted)
            tag_follow(e, &way);
        if (is_own(&way))
            conclude(e, &way);
    }
    if (way.c && p->l4 == PACKET_L4_TCP)
        stream_keep(&way.c->stream, &way.c->mem);
    answer_with(answer, &way);
}

void engine_frame(struct engine *e, const struct packet_frame *frame, struct engine_answer *answer)
{
    *answer = (struct engine_answer){.action = VERDICT_ACCEPT};
    e->counts.frames++;
    e->counts.bytes += frame->bytes.len;
    if (frame->bytes.len > e->counts.max_packet_bytes)
        e->counts.max_packet_bytes = frame->bytes.len;
    if (frame->time_us > e->now_us)
        e->now_us = frame->time_us;
    uint32_t count = packet_decode(e->decoder, frame, e->packets);
    for (uint32_t i = 0; i < count; i++)
        process(e, &e->packets[i], answer);
    answer->packet = &e->packets[0];
    arena_reset(&e->scratch);
}

void engine_tick(struct engine *e, int64_t now_us)
{
    if (now_us > e->now_us)
        e->now_us = now_us;
    flow_expire(e->flows, e->now_us, TICK_FLOWS_MAX);
}

void engine_flush(struct engine *e)
{
    uint32_t at = 0;
    struct flow *flow;
    (void)flow_expire(e->flows, e->now_us, UINT32_MAX); /* what was over before the end */
    while ((flow = flow_next(e->flows, &at)))
        flow_close(e->flows, flow, FLOW_END_SHUTDOWN);
    e->now_us = 0;
}

int engine_swap_image(struct engine *e, const struct match_image *image)
{
    const struct match_image *old = e->image;
    e->image = image;
    if (hash_files(e) < 0 || match_worker_swap(e->matcher, image) < 0) {
        e->image = old;
        return -1;
    }
    e->image_turn++;
    heed_demand(e);
    return 0;
}

int engine_trace(struct engine *e, const struct engine_trace *trace)
{
    if (match_worker_trace(e->matcher, trace ? &trace->match : NULL) < 0)
        return -1;
    e->trace = trace ? *trace : (struct engine_trace){.judged = NULL};
    return 0;
}

const struct engine_counts *engine_counts(const struct engine *e)
{
    return &e->counts;
}
