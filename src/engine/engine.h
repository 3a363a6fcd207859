/* engine: bytes and time go in; verdict, events and file bytes come out. The only room that knows the order
 *
 *     packet -> flow -> stream -> app -> match -> verdict -> events
 *
 * No threads, sockets, files, clock or globals inside: `omamori run` and `omamori replay` call the same engine_frame.
 *
 * Way in:    engine_frame() for each frame, engine_tick() between batches, engine_flush() at the end.
 * Way out:   struct engine_answer for the frame; events through struct engine_sink while the call lasts.
 * Memory:    all taken in engine_new(): decoder, flow table, slab, scratch. Nothing is allocated for a packet afterwards.
 * Threads:   an engine belongs to one worker; image, hosts and vocabulary are shared.
 * Limits:    flows, bytes per flow, bytes in all: see struct engine_conf; what is beyond them is passed, counted, not held.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "base/conf.h"
#include "base/json.h"
#include "engine/app/app.h"
#include "engine/eve/eve.h"
#include "engine/flow/flow.h"
#include "engine/match/match.h"
#include "engine/packet/packet.h"
#include "engine/stream/stream.h"
#include "engine/verdict/verdict.h"

/* The words that rules can use: fields and events of all parsers. Made once, shared. */
struct engine_vocabulary;
NODISCARD struct engine_vocabulary *engine_vocabulary_new(struct err *err);
void engine_vocabulary_free(struct engine_vocabulary *v);
const struct rule_names *engine_vocabulary_names(const struct engine_vocabulary *v);
const struct field_table *engine_vocabulary_fields(const struct engine_vocabulary *v);

struct engine_conf {
    struct packet_conf packet;
    struct flow_conf flow;
    struct stream_conf stream;
    struct app_conf app;
    struct file_conf file;
    struct verdict_conf verdict; /* enforced: inline, or --simulate-ips */
    bool inspect_encrypted; /* payload of TLS flows is shown to rules after the handshake too */
    bool
        guess_tx; /* an alert shows the only transaction at work, though its rule did not look at it */
    uint64_t memory_bytes;      /* of the slab: everything that hangs on flows */
    uint32_t flow_memory_bytes; /* one flow's part of it at most */
};

/* Defaults, then what suricata.yaml's names say in conf (NULL: nothing). */
void engine_conf_read(struct engine_conf *e, const struct conf *conf, bool enforced);

#define ENGINE_EVE_MAX 8 /* event logs beside each other */

/* The event logs that conf describes, at most ENGINE_EVE_MAX; one with everything when it describes none. Returns how many:
 * 0 when all of them are switched off. Their app_conf is not set. */
uint32_t engine_eve_read(struct eve_conf *logs, const struct conf *conf);

struct engine_sink {
    void *owner;
    /* Is a record of this kind wanted? Saves making it. */
    bool (*wants)(void *owner, enum eve_type type, enum app_proto proto);
    /* The event's pointers are good until it returns. */
    void (*event)(void *owner, const struct eve_event *event);
    const struct file_sink *files; /* NULL: nobody wants file bytes */
};

struct engine_answer {
    enum verdict_action action; /* what to do with the frame; ACCEPT always when not enforced */
    enum verdict_reason reason;
    enum rule_reject reject; /* with VERDICT_REJECT */
    bool isolate;            /* the rule asks to cut the LAN device of this packet off */
    bool alerted;
    const struct rule *rule;     /* or NULL */
    const struct packet *packet; /* as decoded; good until the next call */
    const struct flow *flow;     /* or NULL */
};

struct engine;

NODISCARD struct engine *engine_new(const struct engine_conf *conf, const struct match_image *image,
                                    struct match_hosts *hosts, const struct engine_sink *sink,
                                    struct err *err);
void engine_free(struct engine *e);
void engine_frame(struct engine *e, const struct packet_frame *frame, struct engine_answer *answer);
/* Ends flows that are over; bounded work, call between batches. */
void engine_tick(struct engine *e, int64_t now_us);
/* Ends all flows: the last looks, records and events. Time may begin anew afterwards (the next capture file). */
void engine_flush(struct engine *e);
/* To another rule image; flows notice at their next packet. 0 or -1 (the old one stays). */
NODISCARD int engine_swap_image(struct engine *e, const struct match_image *image);

/* Listens to what rules are asked and answer (match.h). `judged`: a packet's hits, or those of its transactions, have become a
 * verdict; NULL: not wanted. Pointers are good until it returns. */
struct engine_trace {
    struct match_trace match;
    void (*judged)(void *owner, const struct match_view *view, const struct match_hits *hits,
                   const struct verdict *verdict);
};
/* From now on, until the image is swapped; NULL: no more. -1: no memory. The trace is copied. */
NODISCARD int engine_trace(struct engine *e, const struct engine_trace *trace);

struct engine_counts {
    uint64_t frames, bytes, alerts, alerts_lost, dropped, rejected, memory_refused;
    uint64_t exceptions[EXCEPTIONS];
    uint64_t tcp_sessions, tcp_gaps, tcp_overlaps, tcp_retransmitted, tcp_midstream, tcp_syn,
        tcp_synack, tcp_rst;
    uint64_t app_given_up; /* transactions ended unfinished: too many at a time */
    uint64_t tcp_active, tcp_urg, tcp_checksum_bad, tcp_depth_reached;
    uint64_t flow_end_state[FLOW_BYPASSED + 1], flow_end_tcp[STREAM_CLOSED + 1], tcp_reuse;
    uint64_t drop_reasons[VERDICT_REASONS];
    uint64_t max_packet_bytes;
    /* By protocol, [0] over TCP, [1] over UDP. Errors: the parser gave up, at a hole in the stream or otherwise. */
    struct app_counts {
        uint64_t flows, tx, errors, gaps;
    } app[APP_PROTO_COUNT][2];
    uint64_t detection_failed[2];
};
const struct engine_counts *engine_counts(const struct engine *e);
/* Members of EVE's "stats" object, of several engines together. */
void engine_stats_write(struct engine *const *engines, size_t count, struct json *out);

#endif
