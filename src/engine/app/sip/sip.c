#include "engine/app/sip/sip.h"

#include "engine/app/sip/sdp.h"

#define SIP_HEAD_MAX 32768u
#define SIP_READ 1         /* progress: the head is read, its body not yet */
#define SIP_LINE_MAX 2048u /* of a first line that is looked at to know the protocol */

enum sip_event { SIP_INCOMPLETE_DATA, SIP_INVALID_DATA, SIP_EVENTS };

static const struct app_event_desc events[SIP_EVENTS] = {
    [SIP_INCOMPLETE_DATA] = {"incomplete_data"},
    [SIP_INVALID_DATA] = {"invalid_data"},
};

/* A message and its parts, of requests and of responses. */
enum {
    FRAME_PDU,
    FRAME_REQUEST_LINE,
    FRAME_RESPONSE_LINE,
    FRAME_REQUEST_HEADERS,
    FRAME_RESPONSE_HEADERS,
    FRAME_REQUEST_BODY,
    FRAME_RESPONSE_BODY
};
static const struct app_frame_desc frames[] = {
    [FRAME_PDU] = {"pdu"},
    [FRAME_REQUEST_LINE] = {"request.line"},
    [FRAME_RESPONSE_LINE] = {"response.line"},
    [FRAME_REQUEST_HEADERS] = {"request.headers"},
    [FRAME_RESPONSE_HEADERS] = {"response.headers"},
    [FRAME_REQUEST_BODY] = {"request.body"},
    [FRAME_RESPONSE_BODY] = {"response.body"},
};

struct sip_tx {
    struct tx tx; /* first */
    enum dir dir;
    uint8_t *head; /* start line and headers */
    uint32_t len;
    struct sdp sdp; /* of its body */
};

struct sip_state {
    uint64_t left[DIR_COUNT]; /* bytes of a body that are still to come */
    bool unsized[DIR_COUNT];  /* how long it is was not said: it ends where a message begins */
    struct sip_tx *open[DIR_COUNT]; /* whose body it is, until its description is kept; or NULL */
};

static const struct sip_tx *sip_tx_of(const struct tx *tx)
{
    return (const struct sip_tx *)tx;
}

/* ---- lines ---- */

static struct str next_line(struct str *rest)
{
    struct str line = str_split(rest, '\n');
    if (line.len && line.p[line.len - 1] == '\r')
        line.len--;
    return line;
}

/* "INVITE sip:x SIP/2.0", or "SIP/2.0 200 OK". */
static bool read_start(struct str line, enum dir dir, struct str part[3])
{
    part[0] = str_split(&line, ' ');
    part[1] = str_split(&line, ' ');
    part[2] = line;
    struct str version = dir == DIR_TOSERVER ? part[2] : part[0];
    return part[0].len && part[1].len && str_starts(version, STR_LIT("SIP/"));
}

static bool start_of(const struct tx *tx, enum dir dir, struct str part[3])
{
    const struct sip_tx *sip = sip_tx_of(tx);
    struct str rest = str_of(sip->head, sip->len);
    return sip->head && sip->dir == dir && read_start(next_line(&rest), dir, part);
}

/* The index-th value of a header; `letter`: its compact form (RFC 3261 section 7.3.3), 0: it has none. */
static bool find_header(struct str head, const char *name, uint8_t letter, uint32_t index,
                        struct str *out)
{
    struct str rest = head;
    (void)next_line(&rest);
    while (rest.len) {
        struct str value = next_line(&rest), key = str_trim(str_split(&value, ':'));
        bool same = str_eq_nocase(key, str_c(name)) ||
                    (letter && key.len == 1 && byte_lower(key.p[0]) == letter);
        if (!same || !value.p || index--)
            continue;
        *out = str_trim(value);
        return true;
    }
    return false;
}

/* ---- is it SIP? ---- */

static const char *const methods[] = {
    "INVITE",    "ACK",    "BYE",     "CANCEL", "REGISTER", "OPTIONS", "PRACK",
    "SUBSCRIBE", "NOTIFY", "PUBLISH", "INFO",   "REFER",    "MESSAGE", "UPDATE",
};

/* Whether a request begins here: other protocols have OPTIONS too, so that the version must follow. */
static enum app_probe probe_request(struct str bytes)
{
    struct str rest = str_cut(bytes, 0, SIP_LINE_MAX);
    bool whole = str_find_byte(rest, 0, '\n') >= 0, open = false;
    struct str line = next_line(&rest);
    for (size_t i = 0; i < ARRAY_COUNT(methods); i++) {
        struct str method = str_c(methods[i]);
        open = open || str_starts(method, line);
        if (line.len <= method.len || !str_starts(line, method) || line.p[method.len] != ' ')
            continue;
        if (whole)
            return str_ends(line, STR_LIT(" SIP/2.0")) ? APP_PROBE_YES : APP_PROBE_NO;
        struct str uri = str_from(line, method.len + 1);
        open = line.len < SIP_LINE_MAX && (str_starts(STR_LIT("sip"), str_cut(uri, 0, 3)) ||
                                           str_starts(STR_LIT("tel"), str_cut(uri, 0, 3)));
    }
    return open && !whole ? APP_PROBE_MORE : APP_PROBE_NO;
}

static enum app_probe probe(struct str bytes, enum dir dir, uint16_t server_port)
{
    struct str version = STR_LIT("SIP/2.0 ");
    (void)dir, (void)server_port;
    if (bytes.len < version.len && str_starts(version, bytes))
        return APP_PROBE_MORE;
    return str_starts(bytes, version) ? APP_PROBE_YES : probe_request(bytes);
}

/* ---- messages ---- */

/* A message as it lies in a chunk. */
struct message {
    struct str head;
    struct str
        behind; /* what follows the head, of which body_bytes are its body, whether they are there yet or not */
    uint64_t body_bytes;
};

/* The start line and the last header with their line ends; the empty line belongs to neither. */
static void tell_frames(struct app_flow *af, const struct tx *tx, enum dir dir,
                        const struct message *m)
{
    struct str head = m->head, rest = head;
    uint8_t response = dir == DIR_TOCLIENT;
    app_frame(af, tx, FRAME_PDU, head, head.len + m->body_bytes);
    (void)next_line(&rest);
    app_frame(af, tx, FRAME_REQUEST_LINE + response, head, head.len - rest.len);
    size_t empty = str_ends(head, STR_LIT("\r\n\r\n")) ? 2 : str_ends(head, STR_LIT("\n\n"));
    if (rest.len > empty)
        app_frame(af, tx, FRAME_REQUEST_HEADERS + response, rest, rest.len - empty);
    if (m->body_bytes)
        app_frame(af, tx, FRAME_REQUEST_BODY + response, m->behind, m->body_bytes);
}

/* The transaction, whose body is still to come; NULL: there is none. */
static struct sip_tx *take_head(struct app_flow *af, enum dir dir, const struct message *m)
{
    struct str part[3], head = m->head, rest = head;
    if (!read_start(next_line(&rest), dir, part)) {
        app_event(af, NULL, SIP_INVALID_DATA);
        return NULL;
    }
    struct sip_tx *sip = (struct sip_tx *)app_tx_new(af, (uint8_t)DIR_BIT(dir));
    if (!sip)
        return NULL;
    sip->dir = dir;
    sip->head = budget_alloc(af->mem, head.len);
    if (sip->head) {
        memcpy(sip->head, head.p, head.len);
        sip->len = (uint32_t)head.len;
    }
    tell_frames(af, &sip->tx, dir, m);
    app_progress(&sip->tx, dir_other(dir), TX_COMPLETE);
    app_progress(&sip->tx, dir, SIP_READ);
    return sip;
}

/* `whole`: the body has been kept to its end. */
static void end_message(struct app_flow *af, struct sip_tx *sip, bool whole)
{
    sdp_close(&sip->sdp, af->mem, whole);
    app_progress(&sip->tx, sip->dir, TX_COMPLETE);
}

/* Keeps what can be a description: one begins with "v=0", and other bodies are of no use here. */
static void keep_body(struct app_flow *af, struct sip_tx *sip, struct str piece, uint64_t bytes)
{
    if (!sip->sdp.bytes && piece.len && piece.p[0] == 'v')
        sdp_open(&sip->sdp, af->mem, bytes);
    sdp_add(&sip->sdp, piece);
}

/* Bytes of a head with the empty line behind it; 0: it is not whole. */
static size_t head_bytes(struct str s)
{
    ptrdiff_t end = str_find(s, 0, STR_LIT("\r\n\r\n")), bare = str_find(s, 0, STR_LIT("\n\n"));
    if (end >= 0 && (bare < 0 || end < bare))
        return (size_t)end + 4;
    return bare >= 0 ? (size_t)bare + 2 : 0;
}

static struct app_result data_udp(struct app_flow *af, enum dir dir, const struct app_chunk *chunk)
{
    struct app_result all = {PARSE_OK, (uint32_t)chunk->bytes.len};
    if (str_trim(chunk->bytes).len == 0) /* RFC 5626 section 3.5.1: a line end keeps the way open */
        return all;
    if (!app_tx_room(af))
        return (struct app_result){PARSE_FULL, 0};
    size_t len = head_bytes(chunk->bytes);
    if (!len)
        app_event(af, NULL, SIP_INCOMPLETE_DATA);
    len = len ? len : chunk->bytes.len;
    struct message m = {str_cut(chunk->bytes, 0, len), str_from(chunk->bytes, len),
                        chunk->bytes.len - len};
    struct sip_tx *sip = take_head(af, dir, &m);
    if (!sip)
        return all;
    keep_body(af, sip, m.behind, m.body_bytes);
    end_message(af, sip, m.body_bytes <= SDP_BYTES_MAX);
    return all;
}

/* Nothing more of the body in hand is kept: it is through, or not worth it, or some of it is missing. */
static void end_body(struct app_flow *af, enum dir dir, bool whole)
{
    struct sip_state *st = af->state;
    if (st->open[dir])
        end_message(af, st->open[dir], whole);
    st->open[dir] = NULL;
    st->unsized[dir] = false;
}

/* The next piece of a body. */
static void take_body(struct app_flow *af, enum dir dir, struct str piece)
{
    struct sip_state *st = af->state;
    struct sip_tx *sip = st->open[dir];
    if (sip && piece.len) {
        keep_body(af, sip, piece, st->left[dir]);
        bool enough = sip->sdp.len == sip->sdp.cap; /* also where nothing is kept at all */
        if (enough && piece.len < st->left[dir])
            end_body(af, dir, false);
    }
    st->left[dir] -= piece.len;
    if (!st->left[dir] && !st->unsized[dir])
        end_body(af, dir, true);
}

/* What is left of a body, and line ends between messages. */
static void skip(struct app_flow *af, enum dir dir, struct str *rest)
{
    struct sip_state *st = af->state;
    size_t body = st->left[dir] < rest->len ? (size_t)st->left[dir] : rest->len;
    take_body(af, dir, str_cut(*rest, 0, body));
    *rest = str_from(*rest, body);
    while (!st->left[dir] && rest->len && (rest->p[0] == '\r' || rest->p[0] == '\n'))
        *rest = str_from(*rest, 1);
}

/* A line where a message should begin: without Content-Length (which RFC 3261 section 18.3 asks for) it can be one of a description, and
 * behind a wrong length anything. */
static void stray_line(struct app_flow *af, enum dir dir, struct str line)
{
    struct sip_state *st = af->state;
    if (st->open[dir] && line.len > 1 && line.p[1] == '=') {
        keep_body(af, st->open[dir], line, SDP_BYTES_MAX);
        return;
    }
    end_body(af, dir, false);
    app_event(af, NULL, SIP_INVALID_DATA);
}

static void begin_message(struct app_flow *af, enum dir dir, struct str rest, size_t head_len)
{
    struct sip_state *st = af->state;
    struct str head = str_cut(rest, 0, head_len), value;
    bool sized =
        find_header(head, "Content-Length", 'l', 0, &value) && str_to_u64(value, &st->left[dir]);
    if (!sized)
        st->left[dir] = 0;
    struct message m = {head, str_from(rest, head_len), st->left[dir]};
    st->open[dir] = take_head(af, dir, &m);
    st->unsized[dir] = !sized && st->open[dir];
}

/* Requests that the server sends are told as invalid, and have a body too. */
static bool is_start(struct str line)
{
    struct str part[3], bare = next_line(&line);
    return read_start(bare, DIR_TOSERVER, part) || read_start(bare, DIR_TOCLIENT, part);
}

/* What stands at the beginning of rest: PARSE_OK, and *len bytes of it were a head or a line. */
static enum parse take_next(struct app_flow *af, enum dir dir, struct str rest, size_t *len)
{
    ptrdiff_t end = str_find_byte(str_cut(rest, 0, SIP_HEAD_MAX), 0, '\n');
    bool start = end >= 0 && is_start(str_cut(rest, 0, (size_t)end + 1));
    *len = start ? head_bytes(str_cut(rest, 0, SIP_HEAD_MAX)) : (size_t)(end + 1);
    if (!*len && rest.len >= SIP_HEAD_MAX) {
        app_event(af, NULL, SIP_INVALID_DATA);
        return PARSE_BAD;
    }
    if (start)
        end_body(af, dir, false);
    if (!*len)
        return PARSE_MORE;
    if (!start) {
        stray_line(af, dir, str_cut(rest, 0, *len));
        return PARSE_OK;
    }
    if (!app_tx_room(af))
        return PARSE_FULL;
    begin_message(af, dir, rest, *len);
    return PARSE_OK;
}

static struct app_result take_messages(struct app_flow *af, enum dir dir, struct str bytes)
{
    struct str rest = bytes;
    for (skip(af, dir, &rest); rest.len; skip(af, dir, &rest)) {
        size_t len;
        enum parse status = take_next(af, dir, rest, &len);
        if (status != PARSE_OK)
            return (struct app_result){status, (uint32_t)(bytes.len - rest.len)};
        rest = str_from(rest, len);
    }
    return (struct app_result){PARSE_OK, (uint32_t)bytes.len};
}

static struct app_result data_tcp(struct app_flow *af, enum dir dir, const struct app_chunk *chunk)
{
    struct sip_state *st = af->state;
    if (chunk->gap) {
        end_body(af, dir, false);
        if (chunk->gap > st->left[dir]) /* nothing tells where the next message begins */
            return (struct app_result){PARSE_BAD, 0};
        st->left[dir] -= chunk->gap;
        return (struct app_result){PARSE_OK, 0};
    }
    struct app_result result = take_messages(af, dir, chunk->bytes);
    if (chunk->end || result.status == PARSE_BAD)
        end_body(af, dir, false);
    return result;
}

static void tx_free(struct app_flow *af, struct tx *tx)
{
    struct sip_tx *sip = (struct sip_tx *)tx;
    struct sip_state *st = af->state;
    if (st && st->open[sip->dir] == sip)
        st->open[sip->dir] = NULL;
    budget_give(af->mem, sip->head, sip->len);
    sdp_fini(&sip->sdp, af->mem);
}

static enum dir log_dir(const struct tx *tx)
{
    return sip_tx_of(tx)->dir;
}

/* ---- what rules and records see ---- */

#define PART(function, of_dir, which)                                                        \
    static bool function(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a, \
                         struct str *out)                                                    \
    {                                                                                        \
        struct str part[3];                                                                  \
        (void)dir, (void)a;                                                                  \
        if (index || !start_of(tx, of_dir, part))                                            \
            return false;                                                                    \
        *out = part[which];                                                                  \
        return true;                                                                         \
    }
#define HEADER(function, name, letter)                                                       \
    static bool function(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a, \
                         struct str *out)                                                    \
    {                                                                                        \
        const struct sip_tx *sip = sip_tx_of(tx);                                            \
        (void)a;                                                                             \
        return sip->head && sip->dir == dir &&                                               \
               find_header(str_of(sip->head, sip->len), name, letter, index, out);           \
    }

PART(method, DIR_TOSERVER, 0)
PART(uri, DIR_TOSERVER, 1)
PART(stat_code, DIR_TOCLIENT, 1)
PART(stat_msg, DIR_TOCLIENT, 2)
HEADER(from, "From", 'f')
HEADER(to, "To", 't')
HEADER(via, "Via", 'v')
HEADER(user_agent, "User-Agent", 0)
HEADER(content_type, "Content-Type", 'c')
HEADER(content_length, "Content-Length", 'l')

static bool protocol(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a,
                     struct str *out)
{
    struct str part[3];
    (void)a;
    if (index || !start_of(tx, dir, part))
        return false;
    *out = dir == DIR_TOSERVER ? part[2] : part[0];
    return true;
}

static bool start_line(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a,
                       struct str *out)
{
    const struct sip_tx *sip = sip_tx_of(tx);
    struct str rest = str_of(sip->head, sip->len);
    (void)a;
    *out = next_line(&rest);
    return index == 0 && sip->head && sip->dir == dir;
}

#define DESCRIBED(function, of_media, letter)                                                \
    static bool function(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a, \
                         struct str *out)                                                    \
    {                                                                                        \
        (void)a;                                                                             \
        return sip_tx_of(tx)->dir == dir &&                                                  \
               sdp_value(&sip_tx_of(tx)->sdp, of_media, letter, index, out);                 \
    }

DESCRIBED(sdp_origin, false, 'o')
DESCRIBED(sdp_session_name, false, 's')
DESCRIBED(sdp_session_info, false, 'i')
DESCRIBED(sdp_uri, false, 'u')
DESCRIBED(sdp_email, false, 'e')
DESCRIBED(sdp_phone_number, false, 'p')
DESCRIBED(sdp_connection_data, false, 'c')
DESCRIBED(sdp_bandwidth, false, 'b')
DESCRIBED(sdp_time, false, 't')
DESCRIBED(sdp_repeat_time, false, 'r')
DESCRIBED(sdp_timezone, false, 'z')
DESCRIBED(sdp_encryption_key, false, 'k')
DESCRIBED(sdp_attribute, false, 'a')
DESCRIBED(sdp_media, true, 'm')
DESCRIBED(sdp_media_info, true, 'i')
DESCRIBED(sdp_media_connection_data, true, 'c')
DESCRIBED(sdp_media_encryption_key, true, 'k')

#define ROW_AT(word, where, many, fn, at)                                      \
    {                                                                          \
        .name = word, .proto = APP_SIP, .dirs = (where), .ready_at = {at, at}, \
        .kind = FIELD_BYTES, .multi = many, .bytes = fn                        \
    }
#define ROW(word, where, many, fn) ROW_AT(word, where, many, fn, SIP_READ)
#define SDP_ROW(word, fn) ROW_AT(word, DIR_BOTH, true, fn, TX_COMPLETE)
#define TO_SERVER DIR_BIT(DIR_TOSERVER)
#define TO_CLIENT DIR_BIT(DIR_TOCLIENT)

static const struct field_desc fields[] = {
    ROW("sip.method", TO_SERVER, false, method),
    ROW("sip.uri", TO_SERVER, false, uri),
    ROW("sip.request_line", TO_SERVER, false, start_line),
    ROW("sip.stat_code", TO_CLIENT, false, stat_code),
    ROW("sip.stat_msg", TO_CLIENT, false, stat_msg),
    ROW("sip.response_line", TO_CLIENT, false, start_line),
    ROW("sip.protocol", DIR_BOTH, false, protocol),
    ROW("sip.from", DIR_BOTH, true, from),
    ROW("sip.to", DIR_BOTH, true, to),
    ROW("sip.via", DIR_BOTH, true, via),
    ROW("sip.user_agent", DIR_BOTH, true, user_agent),
    ROW("sip.content_type", DIR_BOTH, true, content_type),
    ROW("sip.content_length", DIR_BOTH, true, content_length),
    SDP_ROW("sdp.origin", sdp_origin),
    SDP_ROW("sdp.session_name", sdp_session_name),
    SDP_ROW("sdp.session_info", sdp_session_info),
    SDP_ROW("sdp.uri", sdp_uri),
    SDP_ROW("sdp.email", sdp_email),
    SDP_ROW("sdp.phone_number", sdp_phone_number),
    SDP_ROW("sdp.connection_data", sdp_connection_data),
    SDP_ROW("sdp.bandwidth", sdp_bandwidth),
    SDP_ROW("sdp.time", sdp_time),
    SDP_ROW("sdp.repeat_time", sdp_repeat_time),
    SDP_ROW("sdp.timezone", sdp_timezone),
    SDP_ROW("sdp.encryption_key", sdp_encryption_key),
    SDP_ROW("sdp.attribute", sdp_attribute),
    SDP_ROW("sdp.media.media", sdp_media),
    SDP_ROW("sdp.media.media_info", sdp_media_info),
    SDP_ROW("sdp.media.connection_data", sdp_media_connection_data),
    SDP_ROW("sdp.media.encryption_key", sdp_media_encryption_key),
};

static void write_log(const struct tx *tx, const struct app_conf *conf, struct json *out)
{
    const struct sip_tx *sip = sip_tx_of(tx);
    struct str part[3], line;
    (void)conf;
    if (!start_of(tx, sip->dir, part) || !start_line(tx, sip->dir, 0, NULL, &line))
        return;
    if (sip->dir == DIR_TOSERVER) {
        json_bytes(out, "method", part[0]);
        json_bytes(out, "uri", part[1]);
        json_bytes(out, "version", part[2]);
        sdp_log(&sip->sdp, out);
        json_bytes(out, "request_line", line);
    } else {
        json_bytes(out, "version", part[0]);
        json_bytes(out, "code", part[1]);
        json_bytes(out, "reason", part[2]);
        sdp_log(&sip->sdp, out);
        json_bytes(out, "response_line", line);
    }
}

/* Two rows: a datagram is a message, a stream is not. Fields are told once. */
#define PARSER                                                                                    \
    .proto = APP_SIP, .probe = probe, .tx_free = tx_free, .tx_bytes = sizeof(struct sip_tx),      \
    .state_bytes = sizeof(struct sip_state), .events = events, .event_count = SIP_EVENTS,         \
    .events_small = true, .frames = frames, .frame_count = ARRAY_COUNT(frames), .log = write_log, \
    .log_dir = log_dir

const struct app_parser sip_parser = {PARSER, .udp = true, .data = data_udp,
                                      .fields = {fields, ARRAY_COUNT(fields)}};

const struct app_parser sip_tcp_parser = {PARSER, .tcp = true, .data = data_tcp};
