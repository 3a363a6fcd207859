/* rule: the Suricata 8 rule language, from text to a checked program.
 *
 * Way in:    rule files, classification.config, reference.config, threshold.config and variables, all as text.
 * Way out:   struct rule_set: const rules in the order in which they are evaluated; every rule that could not be used is in
 *            `refused` with file, line and the reason in words. A bad rule never spoils its file.
 * Memory:    everything from the set's own arena; freed as one. PCRE2 code is the set's too.
 * Threads:   read-only once loaded.
 * Meaning:   a rule holds when its header fits (protocol, addresses, ports, direction), every check holds, and in every
 *            buffer all items hold, one after the other with Suricata's cursor rules (an item's match may be retried further
 *            on when a later relative item fails).
 */
#ifndef ENGINE_RULE_RULE_H
#define ENGINE_RULE_RULE_H

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/vec.h"
#include "engine/field/field.h"

enum rule_action { RULE_PASS, RULE_DROP, RULE_REJECT, RULE_ALERT, RULE_ACTIONS };
enum rule_reject { RULE_REJECT_SRC, RULE_REJECT_DST, RULE_REJECT_BOTH };

/* Layer-4 protocols of a header, as bits. */
enum rule_l4 {
    RULE_L4_TCP = 1,
    RULE_L4_UDP = 2,
    RULE_L4_ICMP4 = 4,
    RULE_L4_ICMP6 = 8,
    RULE_L4_OTHER = 16,
    RULE_L4_ANY = 31
};

/* What a tcp rule's payload items look at. BOTH: the stream; and the packet's own payload where it was not taken into the
 * stream or the rule is `anchored`. Without TCP: always the packet. */
enum rule_payload { RULE_PAYLOAD_BOTH, RULE_PAYLOAD_PACKET, RULE_PAYLOAD_STREAM };

struct rule_ip_range {
    struct ip first, last; /* same version */
};

/* Sorted, without overlaps, negations already taken out; `any` covers all. Equal sets are one object: compare pointers. */
struct rule_addresses {
    const struct rule_ip_range *ranges;
    uint32_t count;
    bool any;
    uint32_t id; /* dense */
};

struct rule_port_range {
    uint16_t first, last;
};

struct rule_ports {
    const struct rule_port_range *ranges;
    uint32_t count;
    bool any;
    uint32_t id;
};

/* ---- numbers: "5", ">5", "5-10", "!5" ... ---- */

enum rule_compare {
    RULE_EQ,
    RULE_NE,
    RULE_LT,
    RULE_LE,
    RULE_GT,
    RULE_GE,
    RULE_IN,
    RULE_NOT_IN,
    RULE_MASK_SET,
    RULE_MASK_NOT_SET
};

struct rule_number {
    enum rule_compare compare;
    uint64_t a,
        b; /* IN, NOT_IN: a..b; whether the ends belong is settled by the parser (a, b are inclusive here).
                    * MASK_SET: (value & a) == b, MASK_NOT_SET: (value & a) != b */
};

/* A number in the rule, or a variable that byte_extract / byte_math of the same rule fills. */
struct rule_value {
    int64_t number;
    int8_t variable; /* -1: number; else index */
};
#define RULE_VARIABLES_MAX 16

/* ---- items: what is asked of a buffer, in order ---- */

enum rule_item_kind {
    RULE_CONTENT,
    RULE_PCRE,
    RULE_BYTE_TEST,
    RULE_BYTE_JUMP,
    RULE_BYTE_EXTRACT,
    RULE_BYTE_MATH,
    RULE_ISDATAAT,
    RULE_BSIZE,         /* of the whole buffer; urilen too */
    RULE_ABSENT,        /* the buffer is not there (or: or_else holds) */
    RULE_BASE64_DECODE, /* decodes from here; following base64_data buffer looks at the result */
    RULE_DATASET,
    RULE_ENTROPY,
    RULE_ASN1,
};

struct rule_content {
    struct str bytes;               /* lower case already when nocase */
    bool nocase, negated, relative; /* relative: has distance or within */
    bool has_depth, has_offset, has_distance, has_within;
    bool starts, ends; /* startswith, endswith */
    bool fast_pattern, fast_pattern_only;
    uint16_t chop_offset, chop_len; /* fast_pattern:4,6; len 0: whole */
    struct rule_value depth, offset, distance, within;
};

#define RULE_CAPTURES_MAX 8
struct rule_pcre {
    void *code; /* pcre2_code *; JIT is match/'s business */
    const char *text;
    bool negated, relative;
    uint8_t capture_count;
    struct {
        bool is_flow;  /* flow:name or pkt:name */
        uint8_t group; /* number of the bracket */
        uint32_t variable_id;
    } captures[RULE_CAPTURES_MAX];
};

enum rule_byte_op {
    RULE_OP_LT,
    RULE_OP_GT,
    RULE_OP_EQ,
    RULE_OP_LE,
    RULE_OP_GE,
    RULE_OP_AND,
    RULE_OP_OR,
    RULE_OP_PLUS,
    RULE_OP_MINUS,
    RULE_OP_MULTIPLY,
    RULE_OP_DIVIDE,
    RULE_OP_SHIFT_LEFT,
    RULE_OP_SHIFT_RIGHT
};

/* byte_test, byte_jump, byte_extract, byte_math share the way a number is taken from the buffer. */
struct rule_byte {
    struct rule_value bytes; /* how many; 0 with `string`/bitmask as the documentation says */
    struct rule_value offset;
    struct rule_value value; /* byte_test: compared with; byte_math: right side */
    enum rule_byte_op op;
    bool negated;                      /* byte_test !op */
    bool relative, little_endian, dce; /* dce: order as the DCERPC header said */
    uint8_t base;                      /* 0: binary; 8, 10, 16: text in that base */
    uint64_t bitmask; /* 0: none; the result is shifted right by its trailing zeros */
    /* byte_jump */
    uint32_t multiplier;
    bool align, from_beginning, from_end;
    int64_t post_offset;
    uint8_t extract_align; /* byte_extract align 2|4 */
    int8_t result;         /* byte_extract, byte_math: variable that is filled */
};

struct rule_isdataat {
    struct rule_value at;
    bool negated, relative;
};

/* What a foreign character does: RFC 4648 ends there, RFC 2045 passes it over; strict wants whole groups of four besides. */
enum rule_base64_mode { RULE_BASE64_RFC4648, RULE_BASE64_RFC2045, RULE_BASE64_STRICT };

struct rule_base64 {
    uint32_t bytes; /* 0: to the end */
    uint32_t offset;
    bool relative;
    enum rule_base64_mode mode;
};

/* Shannon entropy of the buffer, 0..8 bits; compare EQ, NE, LT, LE, GT, GE, IN, NOT_IN (a < value < b). */
struct rule_entropy {
    enum rule_compare compare;
    double a, b;
    uint32_t bytes, offset; /* bytes 0: to the end */
};

enum rule_dataset_op {
    RULE_DATASET_ISSET,
    RULE_DATASET_ISNOTSET,
    RULE_DATASET_SET,
    RULE_DATASET_UNSET,
    RULE_DATASET_REPUTATION
};
struct rule_dataset {
    enum rule_dataset_op op;
    uint32_t set_id; /* index in rule_set.datasets */
    bool subdomain;  /* ".a.b.c" is there when ".b.c" is */
    struct rule_number reputation;
};

/* asn1: an element in DER from `offset` on that is longer than `oversize` (0: not asked), or odd in one of these ways. */
struct rule_asn1 {
    bool bitstring_overflow, double_overflow, relative;
    uint32_t oversize;
    int32_t offset;
};

struct rule_item {
    enum rule_item_kind kind;
    union {
        struct rule_content content;
        struct rule_pcre pcre;
        struct rule_byte byte;
        struct rule_isdataat isdataat;
        struct rule_number size; /* RULE_BSIZE */
        struct rule_base64 base64;
        struct rule_dataset dataset;
        struct rule_entropy entropy;
        struct rule_asn1 asn1;
        bool or_else; /* RULE_ABSENT */
    };
    struct rule_item *next;
};

/* ---- buffers ---- */

/* Buffers that match/ takes from the packet itself; ids from RULE_BUFFER_FIRST on, beyond every field id. */
enum rule_buffer_id {
    RULE_BUFFER_FIRST = 0xf000,
    RULE_BUFFER_PAYLOAD = RULE_BUFFER_FIRST, /* pkt_data: packet payload and stream */
    RULE_BUFFER_IPV4_HDR,
    RULE_BUFFER_IPV6_HDR,
    RULE_BUFFER_TCP_HDR,
    RULE_BUFFER_UDP_HDR,
    RULE_BUFFER_ICMPV4_HDR,
    RULE_BUFFER_ICMPV6_HDR,
    RULE_BUFFER_BASE64, /* base64_data */
    RULE_BUFFER_IP_SRC, /* ip.src: the address's bytes, of packets and transactions */
    RULE_BUFFER_IP_DST,
};

enum rule_transform_kind {
    RULE_TO_LOWERCASE,
    RULE_TO_UPPERCASE,
    RULE_DOTPREFIX,
    RULE_URL_DECODE,
    RULE_XOR,
    RULE_STRIP_WHITESPACE,
    RULE_COMPRESS_WHITESPACE,
    RULE_TO_MD5,
    RULE_TO_SHA1,
    RULE_TO_SHA256,
    RULE_PCREXFORM,
    RULE_DOMAIN,
    RULE_TLD,
    RULE_HEADER_LOWERCASE,
    RULE_STRIP_PSEUDO_HEADERS,
    RULE_FROM_BASE64,
    RULE_GUNZIP,
    RULE_ZLIB_DEFLATE,
    RULE_TRANSFORM_KINDS
};

struct rule_transform {
    enum rule_transform_kind kind;
    struct str argument; /* XOR: the key's bytes; PCREXFORM: its text */
    void *code;          /* pcrexform: pcre2_code * */
    uint32_t number,
        number2; /* FROM_BASE64: bytes (0: all), offset; GUNZIP, ZLIB_DEFLATE: most bytes that come out */
    enum rule_base64_mode mode; /* FROM_BASE64 */
};
#define RULE_TRANSFORMS_MAX 8

struct rule_buffer {
    uint32_t buffer; /* a field id, or enum rule_buffer_id */
    uint8_t side; /* 0: of the direction in hand; 1 + enum dir: of that one, whichever is in hand */
    uint8_t transform_count;
    const struct rule_transform
        *transforms;         /* in the order they are applied; at most RULE_TRANSFORMS_MAX */
    struct rule_item *items; /* in the order they are asked */
    struct rule_item *
        fast; /* a content: the one the prefilter may use, chosen as documented in fast.c; NULL: none */
    struct rule_buffer *next;
};

/* ---- checks: facts about packet, flow and transaction outside buffers ---- */

enum rule_check_kind {
    RULE_CHECK_DSIZE,
    RULE_CHECK_TCP_FLAGS,
    RULE_CHECK_TTL,
    RULE_CHECK_TOS,
    RULE_CHECK_IP_ID,
    RULE_CHECK_IPOPTS,
    RULE_CHECK_IP_PROTO,
    RULE_CHECK_FRAGBITS,
    RULE_CHECK_FRAGOFFSET,
    RULE_CHECK_SEQ,
    RULE_CHECK_ACK,
    RULE_CHECK_WINDOW,
    RULE_CHECK_TCP_MSS,
    RULE_CHECK_TCP_WSCALE,
    RULE_CHECK_ITYPE,
    RULE_CHECK_ICODE,
    RULE_CHECK_ICMP_ID,
    RULE_CHECK_ICMP_SEQ,
    RULE_CHECK_ICMPV6_MTU,
    RULE_CHECK_SAMEIP,
    RULE_CHECK_RPC, /* a call of Sun RPC: program in number.a, version and procedure in rpc */
    RULE_CHECK_CSUM, /* tcpv4-csum:valid ...: number.a = which (enum rule_csum), number.b = 1 valid, 0 invalid */
    RULE_CHECK_STREAM_SIZE, /* dir: 0 bytes to the server (client's), 1 to the client (server's), 2 both, 3 either */
    RULE_CHECK_FLOWBITS,
    RULE_CHECK_FLOWINT,
    RULE_CHECK_FLOWVAR, /* what a pcre has kept of the flow under integer.id holds `text` */
    RULE_CHECK_PKTVAR,  /* the same of this packet */
    RULE_CHECK_XBITS,
    RULE_CHECK_ADDRESS, /* iprep, geoip: addresses of the packet lie in a set */
    RULE_CHECK_HOSTBITS,
    RULE_CHECK_APP_PROTOCOL,
    RULE_CHECK_APP_EVENT,
    RULE_CHECK_STREAM_EVENT,
    RULE_CHECK_DECODE_EVENT,
    RULE_CHECK_APP_STATE, /* progress of the transaction in direction `dir`: EQ: has come so far, LT: not yet, GT: further */
    RULE_CHECK_FLOW_START,   /* first packet of its direction */
    RULE_CHECK_FIELD_NUMBER, /* a FIELD_UINT: dns.opcode, tls.version ... */
    RULE_CHECK_FIELD_NOW,    /* a FIELD_UINT of seconds, compared with the time of the packet */
    RULE_CHECK_DCERPC_IFACE, /* an interface of the call: UUID in text (16 bytes, as written), version in number */
    RULE_CHECK_FILESIZE,
    RULE_CHECK_FILE, /* filestore: there is a file, in the direction in hand */
    RULE_CHECK_FILEEXT,
    RULE_CHECK_FILEHASH,
    RULE_CHECK_FLOW_AGE,
    RULE_CHECK_FLOW_PKTS,
    RULE_CHECK_FLOW_BYTES,
    RULE_CHECK_ELEPHANT, /* flow.elephant, by dir */
    RULE_CHECK_SESSION,  /* tcp.session: enum rule_session bits in event */
    RULE_CHECK_VLAN_ID,
    RULE_CHECK_VLAN_LAYERS,
    RULE_CHECK_CONFIG, /* an act: the transaction is not written down */
};

/* Phases of a TCP session; a closing one is established, too. */
enum rule_session {
    RULE_SESSION_SETUP = 1,
    RULE_SESSION_ESTABLISHED = 2,
    RULE_SESSION_CLOSING = 4
};

/* Which checksum RULE_CHECK_CSUM asks about. */
enum rule_csum {
    RULE_CSUM_IPV4,
    RULE_CSUM_TCPV4,
    RULE_CSUM_TCPV6,
    RULE_CSUM_UDPV4,
    RULE_CSUM_UDPV6,
    RULE_CSUM_ICMPV4,
    RULE_CSUM_ICMPV6
};

enum rule_bit_op {
    RULE_BIT_ISSET,
    RULE_BIT_ISNOTSET,
    RULE_BIT_SET,
    RULE_BIT_UNSET,
    RULE_BIT_TOGGLE
};
enum rule_track {
    RULE_TRACK_SRC,
    RULE_TRACK_DST,
    RULE_TRACK_PAIR,
    RULE_TRACK_FLOW,
    RULE_TRACK_RULE,
    RULE_TRACK_EITHER,
    RULE_TRACK_TX /* xbits */
};

#define RULE_BITS_OR_MAX 8
struct rule_bits {
    enum rule_bit_op op;
    enum rule_track track;          /* xbits, hostbits */
    uint8_t count;                  /* isset with a|b|c: any */
    uint32_t ids[RULE_BITS_OR_MAX]; /* dense per kind: see rule_set.flowbit_names ... */
    uint32_t expire_s;
};

enum rule_int_op {
    RULE_INT_SET,
    RULE_INT_ADD,
    RULE_INT_SUB,
    RULE_INT_ISSET,
    RULE_INT_ISNOTSET,
    RULE_INT_COMPARE
};
struct rule_int {
    enum rule_int_op op;
    uint32_t id;
    struct rule_number number; /* constant side */
    int32_t other_id;          /* or another flowint; -1: none */
};

#define RULE_VLAN_ANY 16
#define RULE_VLAN_ALL 17

/* Which of a flow's protocols is meant. */
enum rule_app_mode {
    RULE_APP_DIRECTION, /* as known in the direction in hand */
    RULE_APP_FINAL,
    RULE_APP_ORIGINAL,
    RULE_APP_EITHER,
    RULE_APP_TOSERVER,
    RULE_APP_TOCLIENT
};

enum rule_which { RULE_WHICH_ANY, RULE_WHICH_ALL, RULE_WHICH_ONE };

enum rule_side { RULE_SIDE_SRC, RULE_SIDE_DST, RULE_SIDE_BOTH, RULE_SIDE_ANY };

struct rule_check {
    enum rule_check_kind kind;
    bool negated;
    uint8_t
        dir; /* flow.pkts_toserver ...: enum dir, or 2 both, 3 either; ADDRESS: enum rule_side */
    const struct rule_addresses *addresses; /* ADDRESS */
    uint32_t field;                         /* FIELD_NUMBER */
    int8_t
        layer; /* VLAN_ID: which one, from the outermost 0, from the innermost -1; or RULE_VLAN_ANY, RULE_VLAN_ALL */
    uint64_t app_mask; /* APP_PROTOCOL, APP_EVENT: 1 << app_proto */
    uint8_t app_mode;  /* APP_PROTOCOL: enum rule_app_mode */
    uint32_t event;    /* number of the event in its own enum or table */
    struct rule_number number;
    const struct rule_number *others; /* FIELD_NUMBER with a list: one of number and these */
    uint8_t other_count;
    bool any_fragment;     /* DCERPC_IFACE: also when the call's first fragment was not seen */
    enum rule_which which; /* FIELD_NUMBER of several values: which of them */
    int32_t place;         /* WHICH_ONE: from the first 0, from the last -1 */
    bool
        changing; /* FIELD_NUMBER: the number may become another one while the transaction goes on */
    struct
    { /* TCP_FLAGS; FRAGBITS (M 1, D 2, R 4): what the packet has & ~ignored is compared with bits */
        uint8_t bits, ignored;
        uint8_t mode; /* '=' exactly, '+' all and maybe others, '*' any, '!' none */
    } flags;
    struct {
        uint32_t version, procedure;
        bool any_version, any_procedure;
    } rpc;
    struct rule_bits bits;
    struct rule_int integer;
    struct str text; /* FILEEXT (lower case), IPOPTS name (number.a: the option's type, 256: any) */
    const uint8_t (*hashes)[32]; /* FILEHASH: sorted */
    uint32_t hash_count;
    uint8_t hash_bytes;
    struct rule_check *next;
};

/* Does it ask for `field`? */
static inline bool rule_check_has_field(const struct rule_check *c)
{
    return c->kind == RULE_CHECK_FIELD_NUMBER || c->kind == RULE_CHECK_FIELD_NOW ||
           c->kind == RULE_CHECK_DCERPC_IFACE;
}

/* flow: keyword */
struct rule_flow {
    bool to_server, to_client, established, not_established, stateless, only_stream, no_stream,
        only_frag, no_frag;
};

/* ---- after a match ---- */

enum rule_threshold_kind {
    RULE_THRESHOLD_NONE,
    RULE_THRESHOLD_LIMIT,
    RULE_THRESHOLD_THRESHOLD,
    RULE_THRESHOLD_BOTH,
    RULE_THRESHOLD_BACKOFF,
    RULE_DETECTION_FILTER,
    RULE_RATE_FILTER,
    RULE_SUPPRESS
};

struct rule_threshold {
    enum rule_threshold_kind kind;
    enum rule_track track;
    uint32_t count, seconds, multiplier;
    enum rule_action new_action; /* RATE_FILTER */
    uint32_t timeout_s;
    const struct rule_addresses *addresses; /* SUPPRESS; NULL: every address */
    struct rule_threshold *next;
};

/* filestore: which files are meant, beside the one that made the rule hold */
enum rule_store { RULE_STORE_NONE, RULE_STORE_FILE, RULE_STORE_TX, RULE_STORE_FLOW };

/* What drop and pass hold for: as the rule's kind has it, this packet alone, or all that follows. */
enum rule_scope { RULE_SCOPE_USUAL, RULE_SCOPE_PACKET, RULE_SCOPE_FLOW };

enum rule_target { RULE_TARGET_NONE, RULE_TARGET_SRC, RULE_TARGET_DST };

struct rule_pair {
    const char *key, *value;
};

/* Whose packets a rule's `tag` wants told after it has held, and how long. */
enum rule_tag { RULE_TAG_NONE, RULE_TAG_SESSION, RULE_TAG_SRC_HOST, RULE_TAG_DST_HOST };
enum rule_tag_unit { RULE_TAG_PACKETS, RULE_TAG_SECONDS, RULE_TAG_BYTES };

struct rule {
    uint32_t index; /* place in rule_set.rules: order of evaluation */
    uint32_t sid, gid, rev;
    const char *message;                 /* "" when none */
    const char *class_name, *class_text; /* "" when none */
    uint32_t priority;                   /* 1..255; 3 when nothing says it */
    enum rule_action action;
    enum rule_reject reject;
    uint8_t l4;          /* enum rule_l4 bits */
    uint8_t ip_versions; /* 1: IPv4, 2: IPv6 */
    uint64_t app_mask;   /* 0: any; else the transaction's or flow's protocol must be among them */
    uint8_t dirs;        /* DIR_BIT()s in which it can hold, from flow: and its buffers */
    enum rule_payload payload;
    bool packet_header_only; /* pkthdr: decoder-event rules */
    bool bidirectional, noalert;
    bool
        both_sides; /* "=>": request and response of one transaction; every field buffer and number has its side */
    bool every_packet; /* hook of packets, geoip: asked with each, never once for the flow */
    enum rule_scope scope;
    bool tells_context; /* a dataset of its tells a context with the alert */
    bool bypass;        /* after it has held, the rest of the flow is not looked at */
    bool prefilter;     /* the word stands in it: its flowbits are heard at once */
    bool
        anchored; /* a payload content has depth or offset: packet boundaries mean something to it */
    bool needs_packet; /* dsize, flags, ttl ...: judged per packet, not per stream window */
    bool
        is_stateful_tx; /* has an app-layer buffer, field, file check or a protocol's app-layer-event: judged per transaction */
    const struct rule_addresses *src, *dst;
    const struct rule_ports *src_ports, *dst_ports;
    struct rule_flow flow;
    struct rule_buffer *buffers; /* in the order they stand in the rule */
    struct rule_check *checks;
    struct rule_check
        *acts; /* flowbits:set, flowint:x,+,1, xbits:set ...: done when all else holds */
    struct rule_threshold *thresholds; /* of the rule and of threshold.config */
    struct rule_pair *references;      /* key: system, value: id; URL prefix already in front */
    uint32_t reference_count;
    struct rule_pair *metadata;
    uint32_t metadata_count;
    enum rule_target target;
    enum rule_store store;
    uint8_t
        store_dirs; /* DIR_BIT()s of the files to be kept; 0: those of the rule's own direction */
    struct {
        enum rule_tag of;
        enum rule_tag_unit unit;
        uint32_t number; /* 0: the rule says none */
    } tag;               /* tag:session|host,number,packets|seconds|bytes */
    const char *text;    /* as it stands in the file */
    const char *file;
    uint32_t line;
};

struct rule_refused {
    const char *file;
    uint32_t line;
    uint32_t sid;        /* 0: not known */
    const char *keyword; /* the one that it failed on, or "" */
    const char *reason;
    const char *text; /* of the rule; "" when it was too long to be read */
};

enum rule_dataset_type {
    RULE_DATASET_STRING,
    RULE_DATASET_MD5,
    RULE_DATASET_SHA256,
    RULE_DATASET_IPV4,
    RULE_DATASET_IP
};
#define RULE_DATA_FOLDER "/var/lib/suricata/data" /* Suricata's default-data-dir */
/* How the file is written: a value per line; one JSON text; one JSON object per line. */
enum rule_dataset_format { RULE_DATASET_CSV, RULE_DATASET_JSON, RULE_DATASET_NDJSON };
struct rule_dataset_decl {
    const char *name;
    const char *load, *save; /* paths, or NULL */
    enum rule_dataset_format format;
    /* of JSON: where an object has its value, where the array of objects lies ("": the text is it), under which name the object
     * is told with an alert (NULL: not), and whether without its value */
    const char *value_key, *array_key, *context_key;
    bool remove_key;
    enum rule_dataset_type type;
    bool is_reputation;
    uint64_t memcap;         /* of what rules add; 0: none of its own */
    const struct rule *rule; /* the first one that names it; NULL: the settings */
};

/* A flow keeps a number of bytes for each second; longer intervals of the settings are taken as this one. */
#define RULE_RATE_SECONDS_MAX 60

struct rule_counts {
    uint32_t files, lines, active, disabled_lines, refused, duplicates;
};

struct rule_set {
    struct arena arena;
    struct arena *memory; /* rule_loader_new_in's: the set itself lies there, too */
    const struct rule *
        *rules; /* in order of evaluation: action, flowbits dependencies, priority, as in file */
    uint32_t count;
    struct rule_refused *refused;
    uint32_t refused_count;
    const struct rule *const *duplicates; /* gave way to another one with their sid and gid */
    uint32_t duplicate_count;
    struct rule_counts counts;
    const char **flowbit_names;
    uint32_t flowbit_count;
    const char **flowint_names;
    uint32_t flowint_count;
    const char **xbit_names;
    uint32_t xbit_count; /* xbits and hostbits share ids */
    const char **capture_names;
    uint32_t capture_count; /* pcre captures */
    const struct rule_dataset_decl *datasets;
    uint32_t dataset_count;
    /* flow.rate-tracking: from so many bytes of a direction in this second and the ones before on, a flow is an elephant; 0: none is */
    uint64_t rate_bytes;
    uint32_t rate_seconds; /* 1 to RULE_RATE_SECONDS_MAX */
    uint32_t address_set_count, port_set_count;
    void **codes; /* every pcre2_code of the set, freed with it */
    uint32_t code_count;
};

/* How a rule's keywords ask the parsers' tables: given by engine.c. */
struct rule_names {
    const struct field_table *fields;
    /* Number of an event by name, or -1: "http.missing_host_header" / of the packet decoder / of the stream. */
    int (*app_event)(struct str protocol_dot_event, uint64_t *app_mask);
    int (*decode_event)(struct str name);
    int (*stream_event)(struct str name);
    /* Progress from which on a transaction of these protocols is in the state of that name, and the direction that the state
     * speaks of; -1: there is no such state. NULL: no protocol has states. */
    int (*app_state)(uint64_t protos, struct str name, enum dir *dir);
    /* Number of the frame of that name, of one of these protocols ("pdu") or with its protocol in front ("sip.pdu"); -1: there is
     * none. protos 0: of any. NULL: no protocol has frames. Fields "frame" and "frame.kind" of APP_FRAME go with it. */
    int (*app_frame)(uint64_t protos, struct str name);
    /* On which of TCP and UDP (RULE_L4_... bits) these protocols are spoken; 0: not known. NULL: of no protocol. */
    uint8_t (*app_l4)(uint64_t protos);
};

struct rule_loader;

/* Variables come from conf ("vars.address-groups.HOME_NET" ...), with Suricata's defaults for those that are missing, and
 * "action-order". The files that conf names (classification-file ...) are the caller's to read, with the functions below.
 * conf may be NULL. */
NODISCARD struct rule_loader *rule_loader_new(const struct rule_names *names,
                                              const struct conf *conf, struct err *err);
/* The same; the set and all that belongs to it is made in `memory`, which outlives it (arena_init_at: it may be used by other
 * processes, at the same addresses). NULL: in memory of its own. */
NODISCARD struct rule_loader *rule_loader_new_in(const struct rule_names *names,
                                                 const struct conf *conf, struct arena *memory,
                                                 struct err *err);
void rule_loader_free(struct rule_loader *l);
NODISCARD int rule_load_classifications(struct rule_loader *l, struct str text, struct err *err);
/* For `iprep`, before the rules: lines "number,name,description" and "address or net,category's number,score". Others are left
 * out. */
#define RULE_REPUTATIONS_MAX 500000
NODISCARD int rule_load_reputation_categories(struct rule_loader *l, struct str text,
                                              struct err *err);
NODISCARD int rule_load_reputations(struct rule_loader *l, struct str text, struct err *err);
/* For `geoip`: where the addresses of IPv4 by country come from. Called once, when the first rule asks: it calls rule_add_country for each
 * range, in ascending order; 0, or -1 and why (such rules are refused with that). */
#define RULE_COUNTRY_RANGES_MAX 4000000
typedef int (*rule_countries_fn)(void *owner, struct rule_loader *l, struct err *err);
void rule_loader_countries(struct rule_loader *l, rule_countries_fn fn, void *owner);
/* code: two capital letters. -1: no memory, too many, or not in order. */
NODISCARD int rule_add_country(struct rule_loader *l, uint32_t first, uint32_t last,
                               const char code[2]);
NODISCARD int rule_load_references(struct rule_loader *l, struct str text, struct err *err);
/* Call after the rules. */
NODISCARD int rule_load_thresholds(struct rule_loader *l, struct str text, const char *name,
                                   struct err *err);
/* A rule as it stands in a file, before it is read: `enabled` is false of one that is commented out ("# alert ..."). What it is
 * changed to is read instead; a text must stay until the next line. */
struct rule_line {
    const char *file;
    struct str text;
    bool enabled;
};
/* 0, or -1: no memory, which fails the call that loads. */
typedef int (*rule_line_fn)(void *owner, struct rule_line *line);
/* For all files that are loaded from now on. */
void rule_loader_edit(struct rule_loader *l, rule_line_fn edit, void *owner);
/* Adds a file's rules; single bad rules are remembered, not an error. */
NODISCARD int rule_load_text(struct rule_loader *l, struct str text, const char *name,
                             struct err *err);
NODISCARD int rule_load_file(struct rule_loader *l, const char *path, struct err *err);
/* At most so many bytes more for rules (without it: 1 GiB in all). What no longer fits is refused or fails the call. */
void rule_loader_limit(struct rule_loader *l, size_t bytes);
/* Orders and closes the set; the loader is empty afterwards. NULL when memory is out. */
NODISCARD struct rule_set *rule_loader_take(struct rule_loader *l);
void rule_set_free(struct rule_set *s);

bool rule_number_holds(const struct rule_number *n, uint64_t value);
bool rule_transforms_equal(const struct rule_transform *a, const struct rule_transform *b,
                           uint8_t count);
/* The language's words for a transform and for a buffer of the packet itself; NULL: none. */
const char *rule_transform_name(enum rule_transform_kind kind);
const char *rule_buffer_name(uint32_t id);

/* The classes that classification.config of Suricata knows, used when no file is given: our own list of names, texts and
 * priorities (conventions of the field). */
extern const char rule_default_classifications[];

#endif
