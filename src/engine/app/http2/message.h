/* message: what the sources of this room share.
 *
 * parse.c walks through the frames of a direction and hands on: header blocks to headers.c (which asks hpack.c for fields),
 * bodies to payload.c, what frames say beside that to fact.c. fields.c and log.c only read.
 */
#ifndef ENGINE_APP_HTTP2_MESSAGE_H
#define ENGINE_APP_HTTP2_MESSAGE_H

#include "engine/app/app.h"
#include "engine/app/http2/hpack.h"
#include "engine/content/content.h"
#include "engine/format/dns/dns.h"

#define HTTP2_FRAME_HEAD 9u
#define HTTP2_FRAME_MAX (48u << 10) /* of frames that are read whole; most receivers allow 16 KiB */
#define HTTP2_BLOCK_MAX (100u << 10) /* Suricata's max-reassembly-size */
#define HTTP2_TEXT_MAX (64u << 10)
#define HTTP2_FIELDS_MAX 512u
#define HTTP2_FACTS_MAX 64u
#define HTTP2_CODINGS_MAX 2u

enum http2_frame_type {
    HTTP2_DATA,
    HTTP2_HEADERS,
    HTTP2_PRIORITY,
    HTTP2_RST_STREAM,
    HTTP2_SETTINGS,
    HTTP2_PUSH_PROMISE,
    HTTP2_PING,
    HTTP2_GOAWAY,
    HTTP2_WINDOW_UPDATE,
    HTTP2_CONTINUATION,
    HTTP2_FRAME_TYPES
};

#define HTTP2_FLAG_ACK 0x01u /* of SETTINGS */
#define HTTP2_FLAG_END_STREAM 0x01u
#define HTTP2_FLAG_END_HEADERS 0x04u
#define HTTP2_FLAG_PADDED 0x08u
#define HTTP2_FLAG_PRIORITY 0x20u

enum http2_event {
    HTTP2_INVALID_FRAME_HEADER,
    HTTP2_INVALID_CLIENT_MAGIC,
    HTTP2_INVALID_FRAME_DATA,
    HTTP2_INVALID_HEADER,
    HTTP2_INVALID_FRAME_LENGTH,
    HTTP2_EXTRA_HEADER_DATA,
    HTTP2_LONG_FRAME_DATA,
    HTTP2_STREAM_ID_REUSE,
    HTTP2_INVALID_HTTP1_SETTINGS,
    HTTP2_FAILED_DECOMPRESSION,
    HTTP2_INVALID_RANGE,
    HTTP2_HEADER_INTEGER_OVERFLOW,
    HTTP2_TOO_MANY_STREAMS,
    HTTP2_AUTHORITY_HOST_MISMATCH,
    HTTP2_USERINFO_IN_URI,
    HTTP2_REASSEMBLY_LIMIT_REACHED,
    HTTP2_DNS_REQUEST_TOO_LONG,
    HTTP2_DNS_RESPONSE_TOO_LONG,
    HTTP2_DATA_STREAM_ZERO,
    HTTP2_TOO_MANY_FRAMES,
    HTTP2_COMPRESSION_BOMB,
    HTTP2_HEADER_TABLE_OVERFLOW,
    HTTP2_CONTINUATION_WITHOUT_HEADERS,
    HTTP2_TOO_LONG_REPEATED_HEADERS,
    HTTP2_DNS_MALFORMED,
    HTTP2_EVENT_COUNT
};

enum http2_progress { HTTP2_PROGRESS_HEADERS = 1, HTTP2_PROGRESS_BODY };

enum http2_frame { HTTP2_FRAME_HDR, HTTP2_FRAME_DATA, HTTP2_FRAME_PDU };

/* ---- headers.c ---- */

struct http2_field {
    uint32_t at; /* in `text`: the name, and behind it the value */
    uint32_t name_len, value_len;
    bool is_update; /* a new size of the dynamic table: value_len; name and value are empty */
};

/* The headers of one message, trailers behind them. */
struct http2_head {
    uint8_t *text;
    uint32_t len, cap;
    struct http2_field *fields;
    uint32_t field_count, field_cap;
};

/* False: memory is out or there are too many; *full then says which. */
bool http2_head_add(struct http2_head *h, struct budget *mem, struct str name, struct str value);
/* Notes a size update; beyond the limits it is not noted. */
void http2_head_update(struct http2_head *h, struct budget *mem, uint32_t size);
void http2_head_reset(struct http2_head *h);
void http2_head_fini(struct http2_head *h, struct budget *mem);
struct str http2_field_name(const struct http2_head *h, const struct http2_field *f);
struct str http2_field_value(const struct http2_head *h, const struct http2_field *f);
/* Value of the headers of that name, several joined by ", " (in the arena); false: there is none. Names are compared as they are: one
 * with a capital letter makes a message malformed (RFC 9113 section 8.2.1), and receivers refuse it. */
bool http2_head_value(const struct http2_head *h, struct str name, struct arena *a,
                      struct str *out);

/* ---- facts: what frames say beside headers and bodies ---- */

enum http2_fact_kind {
    FACT_PRIORITY,
    FACT_WINDOW,
    FACT_ERROR,
    FACT_SETTING,
    FACT_SIZE_UPDATE,
};

struct http2_fact {
    uint8_t kind, dir;
    bool is_goaway; /* FACT_ERROR */
    uint16_t setting;
    uint32_t value;
};

/* ---- payload.c ---- */

struct http2_payload {
    struct body body;
    struct file *file;
    struct codings codings;
    bool begun, opened, has_gap;
};

/* ---- doh.c ---- */

struct http2_dns {
    bool expected; /* the body is to be a message */
    uint8_t *bytes;
    uint32_t len, cap;
    struct dns_message *message; /* NULL: none was read */
};

struct http2_side {
    struct http2_head head;
    struct http2_dns dns;
    struct http2_payload payload;
    bool headers_read; /* a further block is a trailer */
    bool ended;        /* END_STREAM came */
};

struct http2_tx {
    struct tx tx;
    uint32_t stream_id;
    struct http2_side side[DIR_COUNT];
    struct body_conf body_conf[DIR_COUNT];
    struct http2_fact *facts;
    uint32_t fact_count, fact_cap;
    uint16_t frame_types[DIR_COUNT]; /* bit by type */
};

static inline struct http2_tx *http2_tx_of(struct tx *tx)
{
    return (struct http2_tx *)tx;
}

static inline const struct http2_tx *http2_tx_const(const struct tx *tx)
{
    return (const struct http2_tx *)tx;
}

/* What every function that may set an event or take memory needs. */
struct http2_at {
    struct app_flow *af;
    struct http2_tx *tx;
    enum dir dir;
};

static inline struct http2_side *http2_side(const struct http2_at *at)
{
    return &at->tx->side[at->dir];
}

void http2_event(const struct http2_at *at, enum http2_event event);
/* Notes what a frame says; beyond HTTP2_FACTS_MAX an event tells that something is not noted. */
void http2_fact_add(const struct http2_at *at, struct http2_fact fact);
/* Reads a header block into the side's head. False: the connection's headers cannot be read from here on. */
bool http2_block_read(const struct http2_at *at, struct hpack *hpack, struct str block);
/* What is odd about a request's headers. */
void http2_request_checks(const struct http2_at *at);

void http2_payload_begin(const struct http2_at *at);
void http2_payload_add(const struct http2_at *at, struct str bytes);
void http2_payload_gap(const struct http2_at *at, uint32_t bytes);
void http2_payload_end(const struct http2_at *at, bool complete);
void http2_payload_fini(struct http2_payload *p, struct budget *mem);

/* The side's headers are read. */
void http2_dns_begin(const struct http2_at *at);
/* Of the body, decoded. */
void http2_dns_add(const struct http2_at *at, struct str bytes);
void http2_dns_end(const struct http2_at *at, bool complete);
void http2_dns_fini(struct http2_dns *dns, struct budget *mem);
/* Getters of the rows dns.*: of the message of that direction. */
bool http2_dns_query(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                     struct str *out);
bool http2_dns_answer(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                      struct str *out);
bool http2_dns_authority(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                         struct str *out);
bool http2_dns_additional(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                          struct str *out);
bool http2_dns_any(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                   struct str *out);
bool http2_dns_opcode(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out);
bool http2_dns_rcode(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out);
bool http2_dns_rrtype(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out);
const char *http2_log_type_of(const struct tx *tx);
void http2_log_beside(const struct tx *tx, const struct app_conf *conf, struct json *out);

/* ---- parse.c ---- */

struct http2_dir {
    struct hpack hpack;
    bool begun;                                  /* the client's preface was looked for */
    uint32_t stream_id;                          /* of the frame in work */
    uint32_t data_left, padding_left, skip_left; /* of it */
    bool data_ends_stream;
    uint32_t highest; /* stream that this side opened */
    /* a header block that goes on in CONTINUATIONs */
    uint8_t *block;
    uint32_t block_len, block_cap, block_stream, promised;
    bool block_open, block_ends_stream, block_lost;
};

struct http2_state {
    struct http2_dir dir[DIR_COUNT];
};

void http2_open(struct app_flow *af);
void http2_close(struct app_flow *af);
struct app_result http2_data(struct app_flow *af, enum dir dir, const struct app_chunk *chunk);
/* Ends the oldest stream that is not over. False: there is none. */
bool http2_give_up(struct app_flow *af);

/* ---- fields.c, log.c ---- */

#define HTTP2_FIELD_ROWS (2 * (35 + FILE_FIELD_ROWS) + 9) /* of HTTP/2, and of doh2 */
extern const struct field_desc http2_fields[HTTP2_FIELD_ROWS];
/* "SETTINGS_MAX_FRAME_SIZE" ...; ends with name NULL */
extern const struct number_word http2_setting_words[];
bool http2_log_wants(const struct tx *tx, const struct app_log *log);
void http2_request_header(const struct tx *tx, struct str name, struct buf *out);
void http2_log(const struct tx *tx, const struct app_conf *conf, struct json *out);

#endif
