/* match: compiled rules x facts -> hits.
 *
 * Way in:    engine.c asks for each packet (match_packet), for each new stretch of a stream (match_stream) and for each
 *            transaction that has something new (match_tx).
 * Way out:   hits; after match_finish in the order of evaluation and with thresholds applied.
 * How:       rules are grouped by protocol, direction and port; in each buffer that a group wants, one literal scan
 *            (Vectorscan) over the chosen contents names the candidates; rules without a literal are always candidates;
 *            candidates are evaluated exactly, cheapest check first.
 * Memory:    the image is immutable and shared by all workers (built aside, swapped; a flow keeps its own until a quiet
 *            point). A worker has scratch of fixed size. What rules remember of a flow or a transaction comes from the flow's
 *            budget; of hosts, from match_hosts.
 * Threads:   image read-only; worker and flow state belong to one thread; match_hosts is shared and locks by shard, only
 *            when a rule that has matched asks for it.
 * Limits:    hits per packet MATCH_HITS_MAX (Suricata: packet-alert-max 15); retries of one rule on one buffer limited
 *            (counter rule_limit_hits); PCRE2 match limits.
 */
#ifndef ENGINE_MATCH_MATCH_H
#define ENGINE_MATCH_MATCH_H

#include "base/arena.h"
#include "base/slab.h"
#include "engine/field/field.h"
#include "engine/flow/flow.h"
#include "engine/packet/packet.h"
#include "engine/rule/rule.h"

#define MATCH_HITS_MAX 64

struct match_image;
struct match_hosts;
struct match_worker;

struct match_image_stats {
    uint32_t rules, groups, databases, without_literal;
    uint32_t databases_kept, databases_made; /* of those that a keeper is asked for */
    uint32_t datasets_unread;                /* files that were not there: those sets are empty */
    uint32_t
        never; /* rules that cannot be evaluated: more buffers than there are bits to remember them */
    uint64_t
        bytes; /* memory of the image, Vectorscan's and PCRE2's included; of a shared one without PCRE2's */
};

/* Databases of literals that were made before, for whoever keeps them. The key stands for all that a database is made of: its
 * literals, the library and the processor. Only those that take long are asked for. */
#define MATCH_KEY_BYTES 32
struct match_keeper {
    void *owner;
    /* The bytes that `made` was called with for that key; empty: not there. They stay until match_image_new_with returns.
     * They must be what was given, to the bit: the library believes them. */
    struct str (*find)(void *owner, const uint8_t key[MATCH_KEY_BYTES]);
    /* What was not there has been made. */
    void (*made)(void *owner, const uint8_t key[MATCH_KEY_BYTES], struct str bytes);
};

/* Takes the set (freed with the image). NULL on failure (memory, damaged library). */
NODISCARD struct match_image *match_image_new(struct rule_set *rules,
                                              const struct field_table *fields, struct err *err);
/* The same; keeper may be NULL. */
NODISCARD struct match_image *match_image_new_with(struct rule_set *rules,
                                                   const struct field_table *fields,
                                                   const struct match_keeper *keeper,
                                                   struct err *err);
/* Makes machine code of the expressions. Done already, unless the set was made in memory that others share
 * (rule_loader_new_in): then each process does it for itself, on a private mapping that it may write to until this returns. */
void match_image_speed_up(struct match_image *image);
void match_image_free(struct match_image *image);
const struct rule_set *match_image_rules(const struct match_image *image);
/* Fields that some rule wants, with the sets of protocols that carry them. */
const struct field_mask *match_image_demand(const struct match_image *image);
/* Does a live rule want the field of this name? */
bool match_image_wants(const struct match_image *image, const char *field);
void match_image_stats(const struct match_image *image, struct match_image_stats *out);
/* True when some rule looks at raw TCP payload in a flow with these ports, in that direction. */
bool match_wants_stream(const struct match_image *image, const struct flow *flow, enum dir dir,
                        enum app_proto proto);

/* State by address: thresholds, xbits, hostbits. max_hosts bounds it; the oldest goes first. */
NODISCARD struct match_hosts *match_hosts_new(uint32_t max_hosts);
void match_hosts_free(struct match_hosts *hosts);
/* turn is called before each look at the state, by the thread that looks, outside of any lock: several workers of one capture
 * wait there for each other, so that they find what one worker would find. The state belongs to one address, to two, or
 * (first of version 0) to none. NULL: whoever comes first. */
typedef void (*match_turn_fn)(void *owner, const struct ip *first, const struct ip *second);
void match_hosts_order(struct match_hosts *hosts, match_turn_fn turn, void *owner);

/* What each data set with `save` or `state` holds now, as its file is written (Suricata user guide, "Datasets"): of the file that was
 * loaded what rules did not take away, then what they added. No worker runs meanwhile. The callback writes `text` to set->save, or tells
 * `problem` when that is not NULL (the file is to stay as it is); 0 or -1. Returns how often it was not 0. */
typedef int (*match_save_fn)(void *owner, const struct rule_dataset_decl *set, struct str text,
                             const char *problem);
uint32_t match_datasets_save(const struct match_image *image, struct match_hosts *hosts,
                             match_save_fn fn, void *owner);

NODISCARD struct match_worker *match_worker_new(const struct match_image *image,
                                                struct match_hosts *hosts);
void match_worker_free(struct match_worker *w);
/* Swap to another image at a quiet point: no flow state of the old one is used afterwards but flowbits by name. */
NODISCARD int match_worker_swap(struct match_worker *w, const struct match_image *image);

/* What captures of pcre have kept, of a flow or of a packet. */
#define MATCH_CAPTURES_MAX 8
#define MATCH_CAPTURE_BYTES_MAX 56
struct match_capture {
    uint32_t count;
    struct {
        uint32_t variable_id;
        uint8_t len;
        uint8_t bytes[MATCH_CAPTURE_BYTES_MAX];
    } items[MATCH_CAPTURES_MAX];
};

/* What rules remember of a flow; part of the flow's block, begins all zero. */
/* Of flows in which rules keep more than bits. */
struct match_kept {
    uint32_t flowint_count;
    int64_t *flowints; /* with a "set" mark beside */
    uint8_t *flowint_set;
    struct match_flow_threshold *thresholds; /* track by_flow */
    struct match_capture *captures;
    struct match_entropies *entropies;
    struct match_tx_bits *tx_bits;
    struct match_marks *marks; /* payload of rules that wait for a transaction */
    struct match_rate *rate;   /* with flow.rate-tracking */
};

struct match_flow {
    uint64_t *flowbits; /* by rule_set id of bits_of; NULL: none set */
    uint32_t flowbit_words;
    uint32_t generation;
    struct match_kept *kept;                /* NULL: nothing */
    struct match_carry *carries[DIR_COUNT]; /* rules half seen in the stream's window */
    uint64_t bits_of;                       /* id of an image */
    uint8_t ip_only_done;                   /* DIR_BIT()s */
    uint8_t protocol_only_done; /* DIR_BIT()s of the flow's protocol, then of the direction's */
};

void match_flow_fini(struct match_flow *mf, struct budget *mem);
/* What rules remember of a transaction goes. */
void match_tx_fini(struct tx *tx, struct budget *mem);
/* Names of the flowbits that are set: index 0, 1, ... until NULL (EVE's metadata.flowbits). */
const char *match_flowbit_name(const struct match_image *image, const struct match_flow *mf,
                               uint32_t index);

/* Values that pcre captures have put into variables of the flow: index 0, 1, ... until false. */
bool match_flow_capture(const struct match_image *image, const struct match_flow *mf,
                        uint32_t index, const char **name, struct str *value);

/* Variables of the flow that are set (flowint): index 0, 1, ... until false. */
bool match_flow_int(const struct match_image *image, const struct match_flow *mf, uint32_t index,
                    const char **name, int64_t *value);
/* Entropies that rules have computed in the flow, the newest of each buffer: index 0, 1, ... until false. */
bool match_flow_entropy(const struct match_image *image, const struct match_flow *mf,
                        uint32_t index, const char **buffer, double *value);
/* Did the flow send that way as much within the interval as flow.rate-tracking says? Once so, always so. */
bool match_flow_elephant(const struct match_flow *mf, enum dir dir);
/* The same of those that a packet's rules have kept. */
bool match_packet_capture(const struct match_image *image, const struct match_capture *all,
                          uint32_t index, const char **name, struct str *value);
/* Is there any of these, or a flowbit, or a capture? */
bool match_flow_says(const struct match_image *image, const struct match_flow *mf);

/* All that a look needs besides the thing that is looked at. */
struct match_view {
    const struct packet *
        packet; /* the packet in hand; never NULL (at the end of a flow: an empty one of that flow) */
    struct flow *flow;        /* NULL: no flow */
    struct match_flow *state; /* NULL: no flow */
    struct budget *mem;       /* NULL: no flow */
    enum dir dir;
    enum app_proto proto; /* of the flow, as known now */
    enum app_proto proto_of[DIR_COUNT];
    enum app_proto proto_before;
    bool about_flow;  /* an ICMP error: it tells of the flow, and is none of its own packets */
    bool established; /* TCP handshake done; UDP: both sides have spoken */
    bool closing;     /* TCP: a FIN was sent, and the connection is not over yet */
    bool
        stream_accepted; /* the packet's payload was taken into the stream: stream rules see it there */
    bool payload_hidden; /* encrypted: no rule is asked about it */
    bool has_stream;
    bool stream_due; /* bytes of its direction are ready that no rule has looked at */
    uint64_t stream_bytes[DIR_COUNT]; /* for stream_size */
    uint64_t flow_app_events;         /* parser events of the flow that belong to no transaction */
    uint8_t stream_event_count;
    const uint8_t *stream_events;
    int64_t now_us;
};

#define MATCH_CONTEXTS_MAX 4
/* What a dataset in JSON says of the value that was found: text of the image, with the name that the rule gives it. */
struct match_context {
    const char *key;
    struct str json;
};

struct match_hit {
    const struct rule *rule;
    const struct tx *tx; /* NULL: not by a transaction */
    uint64_t tx_id;
    bool by_stream; /* the match lies in the stream, not (only) in this packet */
    bool
        whole_flow; /* the rule judged more than this packet: what it does holds for the conversation */
    bool silent; /* below its threshold: actions hold back, nothing is shown */
    bool untold; /* suppressed or past its limit: the action is carried out, nothing is shown */
    enum rule_action action; /* after rate_filter */
    uint8_t context_count;
    const struct match_context *contexts;   /* in match_hits */
    const struct rule_threshold *threshold; /* the one that was applied, or NULL */
};

struct match_hits {
    struct match_hit items[MATCH_HITS_MAX];
    uint32_t count;
    uint32_t lost;                                 /* beyond the limit */
    struct match_context contexts[MATCH_HITS_MAX]; /* of all hits; what has no place is not told */
    uint32_t context_count;
    struct match_capture variables; /* of the packet (pkt:name), until they are told */
};

/* Rules about this packet alone: header, payload of the packet, decode and stream events. Hits are appended. */
void match_packet(struct match_worker *w, const struct match_view *view, struct match_hits *hits);
/* Rules about the raw stream: `bytes` is the window, new bytes begin at new_from; offset is that of bytes[0]. */
void match_stream(struct match_worker *w, const struct match_view *view,
                  const struct field_window *window, uint32_t new_from, struct match_hits *hits);
/* Rules about a transaction in view->dir. Remembers what has been decided; sets TX inspected_done when nothing more can
 * come in that direction. */
void match_tx(struct match_worker *w, const struct match_view *view, struct tx *tx,
              struct match_hits *hits);
/* Rules about this packet that wait for a flowbit which the stream's or a transaction's rules have just set: what one packet
 * makes known is known to all rules of that packet. Called after the looks above. */
void match_raised(struct match_worker *w, const struct match_view *view, struct match_hits *hits);
/* Sorts hits by order of evaluation, drops doubles (same rule and transaction) and applies thresholds, suppressions and rate
 * filters. Called once per packet, after the looks above; what a rule sets (flowbits, flowint, xbits) was set when it held,
 * so that rules evaluated later in the same packet saw it. */
void match_finish(struct match_worker *w, const struct match_view *view, struct match_hits *hits);

struct match_counts {
    uint64_t packet_scans, stream_scans, tx_scans, candidates, evaluated, hits, suppressed,
        rule_limit_hits, pcre_limit_hits, state_refused;
};
const struct match_counts *match_worker_counts(const struct match_worker *w);

/* ---- tracing: what the looks do, told while they do it; costs a comparison per evaluated rule when off ---- */

/* Why a rule's header does not fit: the first part that does not. */
enum match_misfit {
    MATCH_FITS,
    MATCH_MISFIT_L4,
    MATCH_MISFIT_DIRECTION,
    MATCH_MISFIT_IP_VERSION,
    MATCH_MISFIT_PROTOCOL,        /* of the flow, or of the transaction */
    MATCH_MISFIT_NO_FLOW,         /* flow: is asked of a packet without one */
    MATCH_MISFIT_FLOW_DIRECTION,  /* flow:to_server, to_client */
    MATCH_MISFIT_ESTABLISHED,     /* flow:established */
    MATCH_MISFIT_NOT_ESTABLISHED, /* flow:not_established */
    MATCH_MISFIT_FRAGMENTS,       /* flow:only_frag, no_frag */
    MATCH_MISFIT_STREAM,          /* flow:only_stream, no_stream */
    MATCH_MISFIT_SOURCE_PORT,
    MATCH_MISFIT_DESTINATION_PORT,
    MATCH_MISFIT_SOURCE,
    MATCH_MISFIT_DESTINATION,
    MATCH_MISFITS
};

enum match_look { LOOK_PACKET = 1, LOOK_STREAM = 2, LOOK_TX = 4 };
enum answer { ANSWER_NO, ANSWER_YES, ANSWER_LATER };

enum match_note_kind {
    NOTE_NAMED, /* the rule is a candidate of this look; `by_literal` */
    NOTE_PASSED, /* the rule was not evaluated in this look: `why` (of the rule that is followed only) */
    NOTE_BEGIN,  /* its evaluation begins */
    NOTE_CHECK,  /* of the followed rule only: `check` was asked, `answer` */
    NOTE_VALUE,  /* the same: the items of `buffer` were asked on `value` */
    NOTE_BUFFER, /* the same: `buffer` with all its values, `values` of them */
    NOTE_END,    /* the evaluation's answer */
};

/* Why a rule was not evaluated in a look that could concern it. */
enum match_passed {
    PASSED_MISFIT,     /* `misfit` */
    PASSED_NO_LITERAL, /* the prefilter has not seen the rule's literal in the bytes of this look */
    PASSED_NOT_READY,  /* what it asks of is not there yet */
    PASSED_DONE,       /* was judged before: once per flow, or decided for this transaction */
    PASSED_NO_EVENT,   /* the event that it waits for has not happened */
    PASSED_NO_PAYLOAD, /* it looks at payload, and there is none */
    PASSED_HIDDEN,     /* the flow is encrypted: its payload is shown to no rule */
    PASSED_IN_STREAM,  /* this payload belongs to the stream: it is looked at there */
    PASSED_ELSEWHERE, /* bytes at a fixed place differ, no TCP SYN, or no such field in this direction */
};

#define NOTE_ITEMS_MAX 64
struct match_note {
    enum match_note_kind kind;
    enum match_look look;
    const struct rule *rule;
    const struct match_view *view;
    const struct tx *tx; /* LOOK_TX */
    struct str payload;  /* what payload buffers look at: the packet's, or the stream's window */
    uint64_t payload_offset;
    bool by_literal;
    enum match_passed why;
    enum match_misfit misfit;
    enum answer answer;
    const struct rule_check *check;
    const struct rule_buffer *buffer;
    uint32_t values;
    /* NOTE_VALUE: bytes after transforms; `reached` items held, one after the other, before one did not (all of them: the
     * buffer holds), on the way that led furthest; ends[i]: where the cursor stood before item i, ends[reached]: behind
     * the last one that held. from, to: where the failed content was looked for. */
    struct str value;
    uint64_t value_offset;
    uint32_t reached;
    const size_t *ends; /* NOTE_ITEMS_MAX + 1 of them at most */
    size_t from, to;
};

struct match_trace {
    void *owner;
    const struct rule
        *rule; /* followed in detail; NULL: all rules, by NAMED, BEGIN and END alone */
    /* A note's pointers are good until it returns. It must not call back. */
    void (*note)(void *owner, const struct match_note *note);
};

/* From now on; NULL: no more. -1: no memory. The trace is copied. */
NODISCARD int match_worker_trace(struct match_worker *w, const struct match_trace *trace);

/* ---- where a rule stands in the image ---- */

enum match_scan_kind { SCAN_PACKET, SCAN_STREAM, SCAN_ACCEPTED, SCAN_TX };
#define MATCH_LITERALS_MAX 16
struct match_placement {
    uint8_t looks; /* enum match_look bits in which it takes part */
    bool ip_only, protocol_only, by_event, mixed, never;
    struct match_literal {
        enum match_scan_kind kind;
        uint8_t l4;                       /* SCAN_PACKET: enum rule_l4 bits */
        uint8_t dirs;                     /* DIR_BIT()s whose database has it */
        const struct rule_buffer *buffer; /* of this rule, in which the literal lies */
        struct str bytes;
        bool nocase;
        bool near; /* looked for where it can begin alone: from `low` to `high` */
        uint16_t low, high;
        uint32_t patterns,
            sharing; /* in the database; rules that hang on the same pattern, this one too */
    } literals[MATCH_LITERALS_MAX];
    uint32_t literal_count;
    /* without a literal, it is walked: of the groups of ports (all protocols and directions together) in so many */
    uint32_t groups, groups_walked;
    uint64_t walked_protos[DIR_COUNT]; /* with each transaction of these protocols */
};
void match_image_place(const struct match_image *image, const struct rule *rule,
                       struct match_placement *out);

#endif
