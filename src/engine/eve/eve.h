/* eve: what happened, as a line of EVE JSON with Suricata 8's field names.
 *
 * Way in:    engine.c fills a struct eve_event of borrowed pointers at the moment something happens.
 * Way out:   the members of one JSON object, written into the caller's writer; the caller opens and closes the object and
 *            may add members of its own ("otasuke").
 * Memory:    none; the caller's buf.
 * Threads:   pure.
 */
#ifndef ENGINE_EVE_EVE_H
#define ENGINE_EVE_EVE_H

#include "base/conf.h"
#include "base/json.h"
#include "engine/app/app.h"
#include "engine/file/file.h"
#include "engine/flow/flow.h"
#include "engine/match/match.h"
#include "engine/packet/packet.h"
#include "engine/stream/stream.h"
#include "engine/verdict/verdict.h"

enum eve_type {
    EVE_ALERT,
    EVE_DROP,
    EVE_FLOW,
    EVE_APP,
    EVE_FILEINFO,
    EVE_ANOMALY,
    EVE_NETFLOW,
    EVE_PACKET,
    EVE_ARP,
    EVE_FRAME,
    EVE_METADATA,
    EVE_TYPES
};
/* Told only where the settings name them. */
#define EVE_ASKED_FOR \
    (1u << EVE_NETFLOW | 1u << EVE_PACKET | 1u << EVE_ARP | 1u << EVE_FRAME | 1u << EVE_METADATA)

/* DETECTION: of the search for the protocol; wanted with APPLAYER. */
enum eve_anomaly {
    EVE_ANOMALY_DECODE,
    EVE_ANOMALY_STREAM,
    EVE_ANOMALY_APPLAYER,
    EVE_ANOMALY_DETECTION
};

struct eve_event {
    enum eve_type type;
    int64_t time_us;
    const struct packet *packet;   /* in hand; NULL for what is told at a flow's end */
    const struct flow *flow;       /* NULL: none */
    const struct stream *stream;   /* NULL: not TCP */
    const struct app_flow *app;    /* NULL: none */
    const struct tx *tx;           /* ALERT (or NULL), APP, FILEINFO, ANOMALY (or NULL) */
    bool tx_guessed;               /* ALERT: the rule did not look at it */
    enum dir dir;                  /* of the packet; for APP: see app_parser.log_dir */
    const struct match_hit *hit;   /* ALERT */
    const struct app_frame *frame; /* FRAME; ALERT of a rule about a frame, or NULL */
    struct str
        stream_bytes; /* ALERT about a TCP stream or a transaction in it: its latest bytes, if held */
    const struct verdict *verdict; /* ALERT, DROP */
    bool
        repeated; /* DROP: this direction of the flow was told to be dropped before. ALERT: the same rule has stopped
                    * these same bytes before; the sender tries again as TCP does, which is no second attempt */
    const struct file *file; /* FILEINFO */
    enum eve_anomaly anomaly;
    const char *anomaly_event;
    enum flow_end end;               /* FLOW */
    const uint8_t *exceptions;       /* FLOW: enum verdict_policy of each exception that happened */
    const struct match_image *image; /* for the names of flowbits */
    const struct match_flow *flow_rules;   /* NULL: none */
    const struct match_capture *variables; /* ALERT, METADATA: of the packet */
};

/* The client behind proxies, as a header of the request says it. */
struct eve_xff {
    bool enabled;
    bool overwrite; /* it stands in place of the address that was seen; else beside it, as "xff" */
    bool forward;   /* the first address counts: a proxy in front of clients; else the last */
    const char *header; /* its name */
};

struct eve_conf {
    uint32_t types;     /* 1 << enum eve_type that are wanted */
    uint64_t protos;    /* 1 << app_proto whose EVE_APP records are wanted */
    uint32_t anomalies; /* 1 << enum eve_anomaly that are wanted */
    bool payload_length;
    bool payload, payload_printable, packet, rule_metadata, rule_reference, rule_text, app_layer,
        flow_in_alert, metadata;
    bool community_id, ether, pcap_number;
    uint16_t community_seed;
    struct eve_xff xff, alert_xff; /* of records of transactions, of alerts */
    bool md5, sha1, sha256;
    bool drop_all;   /* every dropped packet, not the first of each direction of its flow */
    bool drop_alert; /* the rule that dropped it stands in the drop record */
    bool alert_verdict, drop_verdict;
    bool stats;
    bool anomaly_packet; /* anomalies show their packet */
    const struct app_conf *app_conf;
    struct app_log app_log;
    const struct conf_node
        *settings[APP_PROTO_COUNT]; /* what `types` says of a protocol, or NULL */
    const char *sensor;             /* "host", or NULL */
    const char *pcap_name;          /* "pcap_filename", or NULL */
    bool wants_pcap_name;
    const char *filename, *filetype;
    bool append;
};

/* Where suricata.yaml describes event logs: the entries of outputs called eve-log that are not switched off. Returns how many
 * of the first `max` there are. *any (may be NULL): there is such an entry, switched off or not. */
uint32_t eve_conf_find(const struct conf *conf, const struct conf_node **found, uint32_t max,
                       bool *any);
/* Everything on but payload, packet and rule text; what `output` (of eve_conf_find) says overrides when not NULL. The parsers'
 * own settings are left to engine_eve_read. */
void eve_conf_read(struct eve_conf *eve, const struct conf *conf, const struct conf_node *output);
/* Is this event wanted at all? Ask before filling more than type and app. */
bool eve_wants(const struct eve_conf *conf, enum eve_type type, enum app_proto proto);
/* The same of an event that is filled in. */
bool eve_wants_event(const struct eve_conf *conf, const struct eve_event *event);
/* Members of the event, the object being open. */
void eve_write(const struct eve_conf *conf, const struct eve_event *event, struct json *out);
/* "alert", "http" ... */
const char *eve_type_name(const struct eve_event *event);

#endif
