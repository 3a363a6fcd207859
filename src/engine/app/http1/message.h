/* message: what the sources of this room share: a transaction, its two messages, and who fills what.
 *
 * parse.c walks through the bytes of a direction and calls, in this order: line.c (start line), header.c (the header block),
 * framing.c (what the headers mean: how long the body is, how it is coded), payload.c and multipart.c (body bytes to windows
 * and files). fields.c and log.c only read.
 */
#ifndef ENGINE_APP_HTTP1_MESSAGE_H
#define ENGINE_APP_HTTP1_MESSAGE_H

#include "engine/app/app.h"
#include "engine/content/content.h"

#define HTTP1_LINE_MAX 18000u /* of a longer one the beginning (Suricata's limit of a field) */
#define HTTP1_HEAD_MAX (128u << 10)
#define HTTP1_HEADERS_MAX 1024u
#define HTTP1_CODINGS_DEFAULT 2
#define HTTP1_PARTS_MAX 16u

enum http1_progress { HTTP1_START = 1, HTTP1_HEADERS, HTTP1_BODY, HTTP1_TRAILER };

enum http1_frame { HTTP1_FRAME_REQUEST, HTTP1_FRAME_RESPONSE };

enum http1_event {
    HTTP1_UNKNOWN_ERROR,
    HTTP1_GZIP_DECOMPRESSION_FAILED,
    HTTP1_REQUEST_FIELD_MISSING_COLON,
    HTTP1_RESPONSE_FIELD_MISSING_COLON,
    HTTP1_INVALID_REQUEST_CHUNK_LEN,
    HTTP1_INVALID_RESPONSE_CHUNK_LEN,
    HTTP1_INVALID_TRANSFER_ENCODING_REQUEST,
    HTTP1_INVALID_TRANSFER_ENCODING_RESPONSE,
    HTTP1_INVALID_CONTENT_LENGTH_REQUEST,
    HTTP1_INVALID_CONTENT_LENGTH_RESPONSE,
    HTTP1_DUPLICATE_CONTENT_LENGTH_REQUEST,
    HTTP1_DUPLICATE_CONTENT_LENGTH_RESPONSE,
    HTTP1_100_CONTINUE_ALREADY_SEEN,
    HTTP1_UNABLE_TO_MATCH_RESPONSE,
    HTTP1_INVALID_SERVER_PORT,
    HTTP1_INVALID_AUTHORITY_PORT,
    HTTP1_REQUEST_HEADER_INVALID,
    HTTP1_RESPONSE_HEADER_INVALID,
    HTTP1_MISSING_HOST,
    HTTP1_HOST_AMBIGUOUS,
    HTTP1_INVALID_REQUEST_FOLDING,
    HTTP1_INVALID_RESPONSE_FOLDING,
    HTTP1_REQUEST_FIELD_TOO_LONG,
    HTTP1_RESPONSE_FIELD_TOO_LONG,
    HTTP1_FILE_NAME_TOO_LONG,
    HTTP1_REQUEST_LINE_INVALID,
    HTTP1_REQUEST_BODY_UNEXPECTED,
    HTTP1_PORT_MISMATCH,
    HTTP1_URI_HOST_INVALID,
    HTTP1_HEADER_HOST_INVALID,
    HTTP1_AUTH_UNRECOGNIZED,
    HTTP1_REQUEST_HEADER_REPETITION,
    HTTP1_RESPONSE_HEADER_REPETITION,
    HTTP1_DOUBLE_ENCODED_URI,
    HTTP1_URI_DELIM,
    HTTP1_METHOD_DELIM,
    HTTP1_REQUEST_LINE_LEADING_WHITESPACE,
    HTTP1_TOO_MANY_ENCODING_LAYERS,
    HTTP1_ABNORMAL_CE_HEADER,
    HTTP1_RESPONSE_BYTERANGES,
    HTTP1_RESPONSE_ABNORMAL_TRANSFER_ENCODING,
    HTTP1_RESPONSE_CHUNKED_OLD_PROTO,
    HTTP1_RESPONSE_INVALID_PROTOCOL,
    HTTP1_RESPONSE_INVALID_STATUS,
    HTTP1_REQUEST_LINE_INCOMPLETE,
    HTTP1_COMPRESSION_BOMB,
    HTTP1_RANGE_INVALID,
    HTTP1_MULTIPART_GENERIC_ERROR,
    HTTP1_MULTIPART_NO_FILEDATA,
    HTTP1_MULTIPART_INVALID_HEADER,
    HTTP1_REQUEST_CHUNK_EXTENSION,
    HTTP1_REQUEST_LINE_MISSING_PROTOCOL,
    HTTP1_REQUEST_TOO_MANY_HEADERS,
    HTTP1_RESPONSE_TOO_MANY_HEADERS,
    HTTP1_TOO_MANY_TRANSACTIONS,
    HTTP1_LZMA_MEMLIMIT,
    HTTP1_INVALID_GAP,
    HTTP1_NEVER, /* the engine knows whether a change of protocol failed, and no parser warns */
    /* of transactions alone, see APP_FLOW_EVENTS */
    HTTP1_UNKNOWN_METHOD,
    HTTP1_UNKNOWN_METHOD_NO_PROTOCOL,
    HTTP1_UNKNOWN_METHOD_INVALID_PROTOCOL,
    HTTP1_PROTOCOL_EXTRA_DATA,
    HTTP1_EVENT_COUNT
};

/* Headers that fields or framing ask for by name. */
enum http1_known {
    KNOWN_NONE,
    KNOWN_HOST,
    KNOWN_USER_AGENT,
    KNOWN_REFERER,
    KNOWN_COOKIE,
    KNOWN_SET_COOKIE,
    KNOWN_ACCEPT,
    KNOWN_ACCEPT_ENCODING,
    KNOWN_ACCEPT_LANGUAGE,
    KNOWN_CONNECTION,
    KNOWN_CONTENT_TYPE,
    KNOWN_CONTENT_LENGTH,
    KNOWN_CONTENT_ENCODING,
    KNOWN_CONTENT_DISPOSITION,
    KNOWN_CONTENT_RANGE,
    KNOWN_TRANSFER_ENCODING,
    KNOWN_LOCATION,
    KNOWN_SERVER,
    KNOWN_UPGRADE,
    KNOWN_AUTHORIZATION,
    KNOWN_COUNT
};

/* A part of a head's text. */
struct http1_span {
    uint32_t at, len;
};

struct http1_header {
    struct http1_span name, value;
    uint16_t next_same; /* index of the next header of the same name; 0: none */
    uint8_t known;      /* enum http1_known */
    bool is_repeat;     /* an earlier header has this name */
    bool is_folded;     /* the value goes over several lines (RFC 9112 section 5.2) */
};

/* Start line and headers of one message: the bytes as they came, and where things stand in them. */
struct http1_head {
    uint8_t *text;
    uint32_t len, cap;
    uint32_t headers_at; /* the raw header block begins here */
    uint32_t
        trailers_at; /* behind it, the lines behind the last chunk; 0: not so far, or no chunks */
    struct http1_span line;
    struct http1_span part[3]; /* method, URI, protocol; or protocol, status, reason */
    struct http1_header *headers;
    uint32_t header_count, header_cap, repeat_count;
    uint32_t
        trailer_count; /* headers[header_count ...): trailers, which `known_at` knows nothing of */
    uint16_t known_at[KNOWN_COUNT]; /* 1 + index of the first such header; 0: none */
};

enum { PART_METHOD, PART_URI, PART_REQUEST_PROTOCOL };
enum { PART_PROTOCOL, PART_STATUS, PART_REASON };

struct http1_multipart;

/* A message's body on its way. */
struct http1_payload {
    struct body body;  /* decoded */
    struct file *file; /* NULL: none (yet) */
    struct http1_multipart *multipart;
    struct codings codings;
    bool begun, opened, has_gap;
    uint64_t wire_bytes; /* as transferred, chunk sizes included */
};

struct http1_side {
    struct http1_head head;
    struct http1_payload payload;
};

enum http1_version {
    HTTP1_VERSION_NONE,
    HTTP1_VERSION_09,
    HTTP1_VERSION_10,
    HTTP1_VERSION_11,
    HTTP1_VERSION_OTHER
};

/* What readers of EVE know as the URI of a request that was not seen. */
#define HTTP1_URI_UNSEEN "/libhtp::request_uri_not_seen"

struct http1_tx {
    struct tx tx;
    struct http1_side side[DIR_COUNT];
    struct body_conf body_conf[DIR_COUNT]; /* as of the payload's beginning */
    uint8_t version[DIR_COUNT];
    uint16_t status; /* 0: not a number */
    bool response_begun, seen_100, is_head, is_connect;
    bool request_unseen; /* only the response was seen */
    struct http1_span uri_host, uri_port, uri_path, uri_query,
        uri_fragment; /* in the request's text */
};

static inline struct http1_tx *http1_tx_of(struct tx *tx)
{
    return (struct http1_tx *)tx;
}

static inline const struct http1_tx *http1_tx_const(const struct tx *tx)
{
    return (const struct http1_tx *)tx;
}

static inline struct str http1_text(const struct http1_head *h, struct http1_span s)
{
    return s.len ? str_of(h->text + s.at, s.len) : STR_EMPTY;
}

/* How a direction goes on behind the headers. */
struct http1_framing {
    bool chunked, has_length, length_invalid;
    uint64_t length;
};

/* What every function that may set an event or take memory needs. */
struct http1_at {
    struct app_flow *af;
    struct http1_tx *tx;
    enum dir dir;
};

static inline struct http1_side *http1_side(const struct http1_at *at)
{
    return &at->tx->side[at->dir];
}

/* Sets the event of the direction. */
void http1_event(const struct http1_at *at, enum http1_event of_request,
                 enum http1_event of_response);

/* ---- line.c ---- */

/* True for a byte that separates the parts of a start line for some receiver. */
bool http1_is_blank(uint8_t c);
/* One of RFC 9110 section 9, or PATCH; case is ignored. */
bool http1_is_known_method(struct str method);
/* Takes the start line that stands in head.text[0, line_len) apart. */
void http1_request_line(const struct http1_at *at);
void http1_response_line(const struct http1_at *at);

/* ---- uri.c ---- */

/* Takes the request's URI apart into tx->uri_*. */
void http1_uri_split(const struct http1_at *at);
/* Percent-decoded, with // and . and .. taken away; made in the arena. Empty when memory is out. */
struct str http1_uri_path(const struct http1_tx *tx, struct arena *a);
/* http.uri: the normalised path with the decoded query. */
struct str http1_uri_normal(const struct http1_tx *tx, struct arena *a);
/* Does a %XX remain when the path was decoded once? */
bool http1_uri_double_encoded(const struct http1_tx *tx);

/* ---- header.c ---- */

/* RFC 9110 section 5.6.2. */
bool http1_is_token(struct str s);
/* Copies bytes to the end of the text. False: memory is out or the head is too long. */
bool http1_head_add(struct http1_head *h, struct budget *mem, struct str bytes);
/* Forgets the message, keeps the memory. */
void http1_head_reset(struct http1_head *h);
void http1_head_fini(struct http1_head *h, struct budget *mem);
/* Takes the header block apart. False: memory is out. */
bool http1_headers_parse(const struct http1_at *at);
/* RFC 9112 section 7.1.2: what stands behind the last chunk: its lines go to the end of the text, then they are taken apart. Nothing
 * of what a body or its length means may come from there. False: memory is out. */
void http1_trailers_begin(const struct http1_at *at);
bool http1_trailers_parse(const struct http1_at *at);
/* The value of all headers of the name of h, unfolded and joined by ", ": borrowed where possible, else made in the arena. */
struct str http1_header_value(const struct http1_head *head, const struct http1_header *h,
                              struct arena *a);
const struct http1_header *http1_header_known(const struct http1_head *head,
                                              enum http1_known known);
/* Value of a known header; false when there is none. */
bool http1_known_value(const struct http1_head *head, enum http1_known known, struct arena *a,
                       struct str *out);

/* ---- framing.c ---- */

void http1_request_checks(const struct http1_at *at);
struct http1_framing http1_framing_of(const struct http1_at *at);
/* The hex digits that a chunk's line begins with, and how many. False: too large to be true. */
bool http1_chunk_size(struct str line, uint64_t *size, size_t *digits);
/* Host without port (from URI or Host header), as sent; false when there is none. *port: 0 when none is given. */
bool http1_host(const struct http1_tx *tx, struct arena *a, struct str *host, uint32_t *port);
/* "name" of Content-Disposition's or a part header's parameter; quotes taken away. False when there is none. */
bool http1_parameter(struct str value, struct str name, struct str *out);
/* "bytes 0-99/1000": -1 where "*" stands. False: not of this form. */
bool http1_content_range(struct str value, int64_t *start, int64_t *end, int64_t *size);

/* ---- payload.c ---- */

/* The headers are read and a body may follow. */
void http1_payload_begin(const struct http1_at *at);
void http1_payload_add(const struct http1_at *at, struct str bytes);
void http1_payload_gap(const struct http1_at *at, uint32_t bytes);
/* complete: the message ended as it said. */
void http1_payload_end(const struct http1_at *at, bool complete);
void http1_payload_fini(struct http1_payload *p, struct budget *mem);

/* ---- multipart.c ---- */

struct http1_part {
    struct file *file;
    struct body body;
};

struct http1_multipart *http1_multipart_new(struct budget *mem, struct str boundary);
void http1_multipart_free(struct http1_multipart *m, struct budget *mem);
void http1_multipart_add(struct http1_multipart *m, const struct http1_at *at, struct str bytes);
/* Bytes are missing, of the part in work for all that is known. */
void http1_multipart_gap(struct http1_multipart *m, uint32_t bytes);
void http1_multipart_end(struct http1_multipart *m, const struct http1_at *at, bool complete);
void http1_multipart_inspected(struct http1_multipart *m, const struct body_conf *conf);
/* File part number index; NULL when there is none (yet). */
const struct http1_part *http1_multipart_part(const struct http1_multipart *m, uint32_t index);

/* ---- parse.c ---- */

struct http1_dir {
    uint8_t step;
    bool skip_line;   /* the rest of this line is passed over */
    uint32_t scanned; /* bytes of the unconsumed line that hold no line feed */
    bool holed;       /* a head was read over a hole: what follows may be the rest of anything */
    uint32_t kept_len;
    uint8_t *kept;       /* the beginning of a line that a hole has cut; NULL: none */
    uint64_t left;       /* of the body or chunk */
    struct http1_tx *tx; /* in work; NULL between messages */
};

/* Requests that were given up before their responses came, oldest first. Each takes one response away, which is then looked
 * at alone; of HEAD it must be known that no body follows. */
#define HTTP1_ORPHANS_MAX 4096u
struct http1_orphans {
    uint32_t count, first; /* of count, the first HTTP1_ORPHANS_MAX are remembered, in a ring */
    uint64_t is_head[HTTP1_ORPHANS_MAX / 64];
};

struct http1_state {
    struct http1_dir dir[DIR_COUNT];
    struct http1_orphans *orphans; /* NULL: there never was one */
};

struct app_result http1_data(struct app_flow *af, enum dir dir, const struct app_chunk *chunk);

/* ---- orphans.c ---- */

/* Ends the oldest exchange whose response has not begun. False: there is none. */
bool http1_give_up(struct app_flow *af);
/* Is the next response that of a request given up? *is_head: of a HEAD. */
bool http1_orphan_take(struct http1_state *state, bool *is_head);
void http1_orphans_fini(struct app_flow *af);

/* ---- hole.c ---- */

/* Keeps the beginning of a line that a hole has cut, in place of what was kept. False: it is too long, or memory is out. */
bool http1_hole_keep(struct app_flow *af, struct http1_dir *d, struct str bytes);
/* What is kept with the chunk behind it, in scratch memory. False: it waits for the line's end. */
bool http1_hole_join(struct app_flow *af, const struct http1_dir *d, const struct app_chunk *chunk,
                     struct app_chunk *whole);
/* So many bytes of both were consumed: how many of them were the chunk's? */
uint32_t http1_hole_consumed(struct app_flow *af, struct http1_dir *d, uint32_t consumed);
void http1_hole_forget(struct app_flow *af, struct http1_dir *d);

/* ---- leave.c ---- */

/* The request goes on as that of HTTP/2's stream 1 (RFC 7540 section 3.2): it is left in the words of HTTP/2. */
void http1_leave(struct app_flow *af, const struct http1_tx *tx);

/* ---- fields.c, log.c ---- */

#define HTTP1_FIELD_COUNT (30 + FILE_FIELD_ROWS)
extern const struct field_desc http1_fields[HTTP1_FIELD_COUNT];
void http1_request_header(const struct tx *tx, struct str name, struct buf *out);
void http1_log_conf(struct app_log *log, const struct conf_node *settings);
void http1_log(const struct tx *tx, const struct app_conf *conf, struct json *out);

#endif
