/* app: what every protocol parser is to engine.c: one const row of functions.
 *
 * Way in:    engine.c asks the parsers' probes which protocol a flow speaks (app_detect), opens that parser on the flow and
 *            hands it the stream's bytes in order (or each datagram).
 * Way out:   transactions on app_flow.first, oldest first. engine.c inspects, logs and frees them.
 * Memory:    parser state and transactions from the flow's budget (app_flow.mem). A parser keeps no bytes to join later:
 *            what it does not consume is given again with more behind it.
 * Limits:    app_conf.tx_max transactions of a flow at a time. A parser asks app_tx_room() before the bytes that begin another
 *            one; without room it stops there and says PARSE_FULL. engine.c then judges, tells and frees what is through, or
 *            else ends those that wait longest (app_give_up: a peer who never answers), and gives the rest of the bytes
 *            again: many small requests in one chunk are all looked at. Parsers limit the bytes they leave unconsumed
 *            (APP_PENDING_MAX) and end as PARSE_BAD beyond it.
 *
 * Parsers never include each other. A protocol inside another (STARTTLS, CONNECT, Upgrade) is said by `change_to`, and
 * engine.c begins detection anew behind the consumed bytes.
 */
#ifndef ENGINE_APP_APP_H
#define ENGINE_APP_APP_H

#include "base/conf.h"
#include "base/json.h"
#include "base/slab.h"
#include "engine/expect/expect.h"
#include "engine/field/field.h"
#include "engine/file/file.h"

#define APP_TX_MAX_USUAL 256
#define APP_PENDING_MAX 65536

#define APP_GIVE_UP 32 /* ended together: else each further request would cost a look at all */

/* FULL: as MORE, and what was not consumed begins a transaction that there is no room for. */
enum parse { PARSE_OK, PARSE_MORE, PARSE_BAD, PARSE_FULL };

enum app_probe { APP_PROBE_NO, APP_PROBE_MORE, APP_PROBE_YES };

#define APP_LOG_TYPES_MAX 32

/* How a protocol's records are written. Each event log has its own. */
struct app_log {
    bool in_alert;                       /* the record is part of an alert */
    bool in_other;                       /* it is part of any other event than its protocol's own */
    bool http_basic;                     /* of HTTP only what Suricata writes without `extended` */
    uint8_t http_headers;                /* DIR_BIT()s whose headers are all written */
    const struct conf_node *http_custom; /* names of further headers; NULL: none */
    const struct conf_node *smtp;        /* the log's entry for mail; NULL: none */
    uint32_t tls;                        /* members of EVE's "tls", as tls's log_conf gives them */
    uint32_t
        smb_unwanted; /* kinds of SMB records that are left out, as smb's log_conf gives them */
    bool mqtt_no_passwords;
    bool pgsql_passwords;
    uint32_t mqtt_text_max; /* bytes of a text that are written */
    bool dhcp_extended;     /* every message, with all that it says */
    uint8_t dns_version;
    bool dns_requests, dns_responses, dns_detailed, dns_grouped;
    uint32_t dns_type_count; /* 0: all */
    uint16_t dns_types[APP_LOG_TYPES_MAX];
};

/* ---- frames: stretches of a direction's bytes that a parser names; rules look at them (`frame:smtp.command_line`) ---- */

/* Row i is kind i of the protocol. At most APP_FRAME_KINDS. */
struct app_frame_desc {
    const char *name; /* "command_line"; rules may put the protocol's name in front */
};
#define APP_FRAME_KINDS 31
#define APP_FRAME_STREAM 31 /* "stream", of every protocol over TCP: all from the first byte on */
#define APP_FRAME_OPEN UINT64_MAX /* the length is not known yet */
#define APP_FRAME_BYTES_MAX 65536 /* kept of a frame at a time; of a longer one rules see it pass */
#define APP_FRAMES_SHARE 4        /* frames keep bytes in one such part of the flow's memory */
#define APP_FRAMES_MAX 1024       /* of a direction at a time, then the parser makes room first */

/* A frame that somebody wants. Rules look at it as at a transaction of APP_FRAME. */
struct app_frame {
    struct tx tx;    /* first; id: number of the frame in the flow */
    uint64_t number; /* of the direction; 1: "stream", asked for or not */
    enum app_proto proto;
    enum dir dir;
    uint8_t kind;
    bool has_tx, missed; /* missed: some of its bytes were not there or had no room */
    uint64_t tx_id;      /* of the parser's transaction that it belongs to */
    uint64_t offset;     /* in the direction's stream; in the datagram */
    uint64_t len;        /* or APP_FRAME_OPEN */
    uint64_t seen;       /* bytes of it that have been handed in */
    uint64_t kept_from;  /* bytes[0] is this one of the frame */
    uint8_t *bytes;
    uint32_t kept, cap;
};

/* All frames of a flow. */
struct app_frames {
    struct app_frame *first[DIR_COUNT], *last[DIR_COUNT]; /* by tx.next, oldest first */
    uint32_t live[DIR_COUNT];
    uint32_t bytes;              /* that all of them take for theirs */
    uint8_t stream_told;         /* DIR_BIT()s in which the frame "stream" has begun */
    uint64_t count;              /* told so far: id of the next one */
    uint64_t numbers[DIR_COUNT]; /* without "stream" */
};

/* Settings all parsers may read; built once from suricata.yaml's names (app-layer.protocols...). */
struct app_conf {
    bool inline_mode; /* bodies are looked at as they come */
    uint32_t request_body_limit, response_body_limit;
    uint32_t body_min_inspect, body_window; /* request; response uses the same unless set */
    uint32_t response_min_inspect, response_window;
    uint64_t decompressed_max; /* bytes per body */
    uint64_t off[2];           /* TCP, UDP; 1 << app_proto: not looked for ("enabled: no") */
    uint64_t detection_only;   /* 1 << app_proto: known, and not read ("enabled: detection-only") */
    uint32_t tx_max;           /* live transactions of a flow */
    /* of one protocol: its name, then what it is */
    uint32_t ftp_line_max;                /* bytes of a line that are looked at */
    uint32_t ftp_tx_max;                  /* more at a time are told as an event */
    uint32_t smb_read_max, smb_write_max; /* bytes asked for or given at once; 0: no limit */
    uint32_t smb_read_queue_bytes,
        smb_write_queue_bytes; /* that wait for what stands before them */
    uint32_t smb_read_queue_count, smb_write_queue_count; /* pieces of a file that do */
    uint32_t mqtt_message_max; /* bytes; of a longer one only the head is looked at */
    uint32_t dnp3_tx_max;      /* more at a time are told as an event */
    uint32_t dnp3_points_max, dnp3_objects_max; /* of a fragment; what comes behind is not read */
    uint32_t modbus_flood;   /* more requests without an answer are told as an event; 0: no limit */
    bool ja3, ja4, hassh;    /* rules that want them switch them on too */
    struct app_log log;      /* of the event log that is being written */
    const struct conf *yaml; /* may be NULL; for a parser's own rare settings, at start only */
};

/* What ties a flow to others: of the one in hand, not kept with it. */
struct app_ties {
    const struct ip *client_ip, *server_ip;
    uint64_t flow_id;
    struct expect_table *expected; /* where to announce connections */
    const struct expect_note
        *announced; /* while open() runs: what was announced of this flow; NULL: nothing */
};

struct app_flow {
    struct budget *mem;
    struct file_store *files;
    const struct app_conf *conf;
    const struct field_mask
        *demand;           /* fields that live rules want (ids of the engine's field_table) */
    struct arena *scratch; /* gone after the burst */
    const struct app_parser *parser; /* NULL: none (yet) */
    void *state;                     /* the parser's own */
    const struct app_ties *ties;     /* NULL: none (tests) */
    struct tx *first, *last;         /* live transactions */
    uint64_t tx_count;               /* made so far: id of the next one */
    uint32_t tx_live;
    uint16_t client_port, server_port;
    enum app_proto proto;               /* of the flow; APP_UNKNOWN, APP_FAILED or a protocol */
    enum app_proto proto_of[DIR_COUNT]; /* as detected in each direction */
    enum app_proto proto_before; /* before a change (STARTTLS): app_proto_orig; APP_UNKNOWN: none */
    enum app_proto
        change_to; /* set by a parser: APP_UNKNOWN: none; APP_FAILED: "detect anew"; else: expected */
    enum app_proto expected; /* after a change: what was agreed upon; APP_UNKNOWN: nothing */
    uint8_t files_wanted;    /* of transactions to come, see struct tx */
    bool room_given;         /* by engine.c: one more, however much memory is in use */
    bool is_udp;
    bool failed[DIR_COUNT]; /* the parser gave up in that direction */
    uint8_t chunk_dir;      /* enum dir of `chunk` */
    uint64_t flow_events;   /* bits: parser events that belong to no transaction */
    uint64_t flow_events_new,
        flow_events_reported; /* of these: to be looked at by rules; written as anomaly */
    int64_t now_us;           /* of the packet in hand */
    /* Kinds of frames that are wanted, bits by protocol; NULL: none. Of engine.c */
    const uint32_t *frames_wanted;
    const struct app_chunk *chunk; /* that the parser works on: for app_frame */
    struct app_frames *frames;     /* NULL: none was told yet */
    struct app_legacy *legacy;     /* left for the parser after a change; NULL: nothing */
};

struct app_chunk {
    struct str bytes;
    uint64_t offset; /* in the direction's stream */
    uint32_t gap;    /* > 0: so many bytes are missing here, bytes is empty */
    bool hole;       /* behind these bytes some are missing: what is not consumed now is lost */
    bool end;        /* nothing follows */
};

struct app_result {
    enum parse
        status; /* OK, MORE, FULL: go on; BAD: this direction is given up (say why by an event first) */
    uint32_t consumed; /* of chunk.bytes; the rest is given again with more behind it */
};

/* Row i is event number i: "invalid_record_length"; NULL: unused. Names as Suricata's app-layer-event has them;
 * those that are never set may share a row, with blanks between. */
struct app_event_desc {
    const char *name;
};

/* What the search for the protocol has to tell of a flow: bits of flow_events. A parser's events from this number on are of
 * transactions alone. */
enum app_detect_event {
    APP_DETECT_MISMATCH = APP_FLOW_EVENTS, /* the two sides speak different protocols */
    APP_DETECT_WRONG_FIRST,                /* the side that should have listened spoke first */
    APP_DETECT_ONE_SIDE,   /* what the other side says is of no protocol that is known */
    APP_DETECT_SKIPPED,    /* given up: one side says too much while the other one is silent */
    APP_DETECT_UNEXPECTED, /* a change to one protocol was agreed upon, and another one came */
    APP_DETECT_NO_TLS,     /* that one was TLS (STARTTLS) */
    APP_DETECT_EVENT_END
};
/* As rules have it: "applayer_mismatch_protocol_both_directions" ... */
const char *app_detect_event_name(enum app_detect_event event);
/* The event of this name, or -1. */
int app_detect_event_find(struct str name);

/* A state of a transaction by the name that rules have for it ("client_hello_done"): reached from this progress on. */
struct app_state_desc {
    const char *name;
    enum dir dir;
    uint8_t progress;
};

struct app_parser {
    enum app_proto proto;
    enum app_proto
        becomes; /* protocol of some of its transactions: app_tx_become; APP_UNKNOWN: none */
    bool tcp, udp;
    bool client_first; /* a server that speaks first is told as an event */
    /* First bytes of a direction (a datagram for UDP). server_port is a hint: on the protocol's own port be generous, elsewhere
     * strict. MORE: cannot tell before more bytes come. NULL: spoken only where another protocol changes to it. */
    enum app_probe (*probe)(struct str bytes, enum dir dir, uint16_t server_port);
    /* UDP port from which answers to a multicast come, in flows of their own: there it is asked with this port as the server's.
     * 0: none. */
    uint16_t answers_from;
    size_t state_bytes;                /* zeroed state that engine.c takes from the budget */
    void (*open)(struct app_flow *af); /* may be NULL */
    struct app_result (*data)(struct app_flow *af, enum dir dir, const struct app_chunk *chunk);
    void (*close)(struct app_flow *af); /* gives back what state holds (not transactions) */
    /* What is said from now on is encrypted: nothing more is to be learned of the payload. NULL: never so. */
    bool (*is_encrypted)(const struct app_flow *af);
    /* Gives back what the transaction holds (not its files, not itself). */
    void (*tx_free)(struct app_flow *af, struct tx *tx);
    size_t tx_bytes; /* size of the parser's transaction */
    /* No room: ends the transaction that waits longest for the other side, in both directions, so that what comes later is
     * still told apart. False: there is none. NULL: the oldest one is simply complete. */
    bool (*give_up)(struct app_flow *af);
    /* match/ has seen everything that is there in this direction: windows may slide. May be NULL. */
    void (*tx_inspected)(struct app_flow *af, struct tx *tx, enum dir dir);
    const struct field_list fields;
    const struct app_event_desc *events;
    uint32_t event_count;
    const struct app_state_desc *states; /* beside request_started, request_complete ... of all */
    uint32_t state_count;
    const struct app_frame_desc *frames;
    uint32_t frame_count;
    bool events_small; /* EVE shows their names as they are; otherwise in capitals */
    /* Adds the value of the request's headers of this name, joined by ", ", to out. NULL: the protocol has none. */
    void (*request_header)(const struct tx *tx, struct str name, struct buf *out);
    /* Reads the protocol's entry under the `types` of an event log (NULL: none). At start. NULL: nothing to read. */
    void (*log_conf)(struct app_log *log, const struct conf_node *settings);
    /* Does this log want a record of the transaction? NULL: yes. */
    bool (*log_wants)(const struct tx *tx, const struct app_log *log);
    /* Members of the EVE object of this protocol ("http": {...}); the object is open already. NULL: no such record. */
    void (*log)(const struct tx *tx, const struct app_conf *conf, struct json *out);
    /* Members beside that object ("email": {...}). NULL: none. */
    void (*log_beside)(const struct tx *tx, const struct app_conf *conf, struct json *out);
    bool log_alone; /* the record is not part of alerts and other events */
    bool log_tx_id; /* the record carries the transaction's number beside that object */
    /* EVE event_type of the record and name of its object; NULL: the protocol's name. */
    const char *log_type;
    /* event_type of this one, where it is another; NULL: it is not. May be NULL. */
    const char *(*log_type_of)(const struct tx *tx);
    /* May the record be written now? NULL: when both directions are complete (or the flow ends). */
    bool (*log_ready)(const struct tx *tx);
    /* Direction whose sender is src_ip in the record; NULL: DIR_TOSERVER (client is the source). */
    enum dir (*log_dir)(const struct tx *tx);
};

/* ---- for parsers ---- */

/* Is there room for another transaction? False: return PARSE_FULL without the bytes that begin it. */
bool app_tx_room(const struct app_flow *af);
/* A zeroed transaction of the parser's tx_bytes at the end of the list; NULL when there is no room or memory. */
struct tx *app_tx_new(struct app_flow *af, uint8_t dirs);
/* Sets an event once on a transaction; tx NULL: on the flow. */
void app_event(struct app_flow *af, struct tx *tx, uint32_t event);
/* Something new is to be inspected in this direction. Progress only grows. */
void app_progress(struct tx *tx, enum dir dir, uint8_t progress);

/* What the transaction carries is the protocol inside: from now on rules of that one look at it, and anew. `becomes` of the parser,
 * or back to its own protocol. */
void app_tx_become(struct tx *tx, enum app_proto proto);
/* So is the flow, once that is certain. It keeps its parser. */
void app_flow_become(struct app_flow *af, enum app_proto proto);

/* Tells a frame of this kind. It begins where `from` lies in the bytes that data() was given (empty: at their end), and is `len`
 * bytes long, how many of them there may be yet: what is missing is added as it comes. APP_FRAME_OPEN: app_frame_end tells the end later; a
 * stream that is over ends it too. Tell it once, in the call that consumes its first byte. Costs one test when no rule
 * wants it; tx (may be NULL) is the transaction that it belongs to. */
void app_frame_tell(struct app_flow *af, const struct tx *tx, uint8_t kind, struct str from,
                    uint64_t len);
static inline bool app_frame_wanted(const struct app_flow *af, uint8_t kind)
{
    return af->frames_wanted && af->frames_wanted[af->parser->proto] >> kind & 1;
}
static inline void app_frame(struct app_flow *af, const struct tx *tx, uint8_t kind,
                             struct str from, uint64_t len)
{
    if (app_frame_wanted(af, kind))
        app_frame_tell(af, tx, kind, from, len);
}
/* Begins the frame "stream" of the direction in hand, once. app_data does it. */
void app_frame_stream(struct app_flow *af);
/* The open frames of this kind end where `behind` begins. */
void app_frame_end(struct app_flow *af, uint8_t kind, struct str behind);

struct app_legacy {
    uint32_t len;
    uint8_t bytes[];
};
/* Before a change of protocol: the request that asked for it, as pairs of a name and a value (two bytes of length each, then the
 * bytes of both), for the next parser's open(). Copied; one without memory is not left. */
void app_leave(struct app_flow *af, struct str pairs);
/* The oldest frame of a direction that is held, or NULL; the next by tx.next. */
static inline struct app_frame *app_frame_first(const struct app_flow *af, enum dir dir)
{
    return af->frames ? af->frames->first[dir] : NULL;
}

/* ---- for engine.c ---- */

/* Fields of APP_FRAME: "frame" (its bytes) and "frame.kind" (app_frame_number). */
extern const struct field_list app_frame_fields;
/* The number that rules compare "frame.kind" with. */
static inline uint32_t app_frame_number(enum app_proto proto, uint32_t kind)
{
    return (uint32_t)proto << 8 | kind;
}
/* Adds what the chunk has to the frames of the direction; `gap`: it is missing. app_data does it. */
void app_frames_fill(struct app_flow *af, enum dir dir, const struct app_chunk *chunk);
/* It is whole, and was looked at. */
bool app_frame_is_through(const struct app_frame *f);
/* Frees frames of the direction that are whole and were looked at; `all`: every one. What match/ remembers of them is given
 * back by `forget`. */
void app_frames_free(struct app_flow *af, enum dir dir, bool all,
                     void (*forget)(struct tx *tx, struct budget *mem));

struct app_parser_list {
    const struct app_parser *const *rows;
    size_t count;
};

/* Asks the probes. Results as in enum app_probe; NO means APP_FAILED. */
enum app_probe app_detect(const struct app_parser_list *parsers, const struct app_flow *af,
                          struct str bytes, enum dir dir, const struct app_parser **found);
/* 0, or -1 when the budget has no room for the state. */
NODISCARD int app_open(struct app_flow *af, const struct app_parser *parser);
/* Hands a chunk to the parser; clamps what it consumed; after PARSE_BAD the direction is failed. */
struct app_result app_data(struct app_flow *af, enum dir dir, const struct app_chunk *chunk);
/* Ends transactions that are not through, at most `count`, the longest waiting first. Returns how many. */
uint32_t app_give_up(struct app_flow *af, uint32_t count);
/* Lets the parser make one more even though memory is short. False: there are too many. */
bool app_give_room(struct app_flow *af);
/* Takes one transaction out and frees it with its files. What match/ remembers of it must be gone already. */
void app_tx_free(struct app_flow *af, struct tx *tx);
/* Frees everything. */
void app_close(struct app_flow *af);
void app_conf_defaults(struct app_conf *conf);

#endif
