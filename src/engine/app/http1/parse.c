#include "engine/app/http1/message.h"

#include "base/text.h"

#include <assert.h>

/* The way through the bytes of one direction.
 *
 *   request:   START -> HEADERS -> LENGTH | CHUNK_SIZE <-> CHUNK_DATA -> TRAILER -> START
 *              START -> MAYBE_HEADERS (no protocol: HTTP/0.9, unless headers come)
 *              CONNECT_WAIT (what follows a CONNECT belongs to the answer), IGNORE (not HTTP any more)
 *              RESYNC (bytes are missing: lines are passed over until one begins a message)
 *   response:  START -> HEADERS -> (as above) | UNTIL_CLOSE | MAYBE_BODY (204 and 304 with a length) -> START
 *
 * Each step consumes bytes, changes the step, or asks for more: so the loop ends. A line that is not complete stays
 * unconsumed and comes again; `scanned` keeps looking for its end from being done twice. */

enum step {
    STEP_START,
    STEP_HEADERS,
    STEP_MAYBE_HEADERS,
    STEP_MAYBE_BODY,
    STEP_MAYBE_CHUNKED,
    STEP_LENGTH,
    STEP_CHUNK_SIZE,
    STEP_CHUNK_DATA,
    STEP_TRAILER,
    STEP_UNTIL_CLOSE,
    STEP_CONNECT_WAIT,
    STEP_RESYNC,
    STEP_IGNORE,
    STEP_COUNT
};

enum turn { TURN_ON, TURN_MORE, TURN_FAIL, TURN_STOP, TURN_FULL };

struct run {
    struct app_flow *af;
    struct http1_state *state;
    struct http1_dir *d;
    enum dir dir;
    struct str in; /* not consumed yet */
    bool end;      /* nothing follows */
};

#define CHUNK_LINE_MAX 4096u
#define JUNK_MAX 256u /* bytes before a response in which its beginning is looked for */

static struct http1_at at_of(const struct run *r)
{
    return (struct http1_at){r->af, r->d->tx, r->dir};
}

void http1_event(const struct http1_at *at, enum http1_event of_request,
                 enum http1_event of_response)
{
    app_event(at->af, at->tx ? &at->tx->tx : NULL,
              at->dir == DIR_TOSERVER ? of_request : of_response);
}

static void consume(struct run *r, size_t bytes)
{
    r->in = str_from(r->in, bytes);
    r->d->scanned = 0;
}

/* The next line with its line feed, still unconsumed; at the end of the stream also without. Of a line that is too long the
 * beginning: who gave the direction up there could be blinded by a header that browsers take. */
static enum turn peek_line(struct run *r, struct str *line)
{
    ptrdiff_t feed = str_find_byte(r->in, r->d->scanned, '\n');
    size_t len = feed < 0 ? r->in.len : (size_t)feed + 1;
    if (len > HTTP1_LINE_MAX) {
        *line = str_cut(r->in, 0, HTTP1_LINE_MAX);
        return TURN_ON;
    }
    if (feed < 0 && !(r->end && r->in.len)) {
        r->d->scanned = (uint32_t)r->in.len;
        return TURN_MORE;
    }
    *line = str_cut(r->in, 0, len);
    return TURN_ON;
}

static bool is_cut(struct str line)
{
    return line.len == HTTP1_LINE_MAX && line.p[line.len - 1] != '\n';
}

/* The line is dealt with; the rest of one that was too long is passed over. */
static void consume_line(struct run *r, struct str line)
{
    struct http1_at at = at_of(r);
    r->d->skip_line = is_cut(line);
    if (r->d->skip_line)
        http1_event(&at, HTTP1_REQUEST_FIELD_TOO_LONG, HTTP1_RESPONSE_FIELD_TOO_LONG);
    consume(r, line.len);
}

static enum turn skip_line(struct run *r)
{
    ptrdiff_t feed = str_find_byte(r->in, 0, '\n');
    consume(r, feed < 0 ? r->in.len : (size_t)feed + 1);
    r->d->skip_line = feed < 0;
    return feed < 0 ? TURN_MORE : TURN_ON;
}

/* ---- the end of a message ---- */

static uint8_t frame_of(const struct run *r)
{
    return r->dir == DIR_TOSERVER ? HTTP1_FRAME_REQUEST : HTTP1_FRAME_RESPONSE;
}

static void finish(struct run *r, bool complete)
{
    struct http1_tx *tx = r->d->tx;
    if (!tx)
        return;
    struct http1_at at = at_of(r);
    http1_payload_end(&at, complete);
    if (r->dir == r->af->chunk_dir)
        app_frame_end(r->af, frame_of(r), r->in);
    app_progress(&tx->tx, r->dir, TX_COMPLETE);
    r->d->tx = NULL;
    r->d->step = STEP_START;
}

/* The same for the request, from a response's run. */
static void finish_request(const struct run *r, bool complete)
{
    struct run request = *r;
    request.d = &r->state->dir[DIR_TOSERVER];
    request.dir = DIR_TOSERVER;
    finish(&request, complete);
}

/* Responses will not come any more. */
static void give_up_responses(struct app_flow *af)
{
    for (struct tx *tx = af->first; tx; tx = tx->next)
        if (tx->progress[DIR_TOCLIENT] < TX_COMPLETE)
            app_progress(tx, DIR_TOCLIENT, TX_COMPLETE);
}

/* Behind a hole in the responses: who did not send several requests at a time waits for the answer to the last one. */
static void await_last_response(struct app_flow *af)
{
    for (struct tx *tx = af->first; tx && tx != af->last; tx = tx->next)
        if (!http1_tx_of(tx)->response_begun && tx->progress[DIR_TOCLIENT] < TX_COMPLETE)
            app_progress(tx, DIR_TOCLIENT, TX_COMPLETE);
}

/* ---- start lines ---- */

/* Copies the line to the transaction and notes where it ends without its line end. */
static bool store_line(struct run *r, struct str line)
{
    struct http1_head *h = &r->d->tx->side[r->dir].head;
    if (!http1_head_add(h, r->af->mem, line))
        return false;
    h->headers_at = h->len;
    uint32_t len = h->len;
    while (len && (h->text[len - 1] == '\n' || h->text[len - 1] == '\r'))
        len--;
    h->line = (struct http1_span){0, len};
    return true;
}

/* Some receivers end a start line at a bare CR: what follows are headers then. A blank behind it only parts the line. */
static void cut_at_bare_cr(struct http1_head *h)
{
    for (uint32_t i = 0; i + 1 < h->line.len; i++)
        if (h->text[i] == '\r' && !http1_is_blank(h->text[i + 1])) {
            h->line.len = i;
            h->headers_at = i + 1;
            return;
        }
}

/* What does not look like a request behind requests: the rest of the direction is not HTTP, unless a hole explains it. */
static enum turn not_a_request(struct run *r)
{
    struct http1_tx *tx = r->d->tx;
    app_event(r->af, &tx->tx, HTTP1_REQUEST_LINE_INVALID);
    if (tx->tx.id > 0)
        app_event(r->af, &tx->tx, HTTP1_REQUEST_BODY_UNEXPECTED);
    finish(r, false);
    r->d->step = r->d->holed ? STEP_RESYNC : STEP_IGNORE;
    return TURN_ON;
}

static enum turn request_line_read(struct run *r)
{
    struct http1_at at = at_of(r);
    struct http1_tx *tx = r->d->tx;
    http1_request_line(&at);
    http1_uri_split(&at);
    bool has_protocol = tx->version[DIR_TOSERVER] != HTTP1_VERSION_NONE;
    app_progress(&tx->tx, r->dir, HTTP1_START);
    r->d->step = has_protocol ? STEP_HEADERS : STEP_MAYBE_HEADERS;
    return TURN_ON;
}

static bool is_blank_line(struct str line)
{
    for (size_t i = 0; i < line.len; i++)
        if (!http1_is_blank(line.p[i]))
            return false;
    return true;
}

static enum turn request_start(struct run *r)
{
    struct str line;
    while (r->in.len && (r->in.p[0] == '\r' || r->in.p[0] == '\n'))
        consume(r, 1);
    if (r->in.len == 0)
        return TURN_MORE;
    enum turn turn = peek_line(r, &line);
    if (turn != TURN_ON)
        return turn;
    if (is_blank_line(line)) {
        consume(r, line.len);
        return TURN_ON;
    }
    if (!app_tx_room(r->af))
        return TURN_FULL;
    r->d->tx = http1_tx_of(app_tx_new(r->af, DIR_BOTH));
    if (!r->d->tx)
        return TURN_FAIL;
    if (r->af->failed[DIR_TOCLIENT])
        app_progress(&r->d->tx->tx, DIR_TOCLIENT, TX_COMPLETE);
    if (line.p[line.len - 1] != '\n' && !is_cut(line))
        app_event(r->af, &r->d->tx->tx, HTTP1_REQUEST_LINE_INCOMPLETE);
    app_frame(r->af, &r->d->tx->tx, frame_of(r), line, APP_FRAME_OPEN);
    bool stored = store_line(r, line);
    consume_line(r, line);
    return stored ? request_line_read(r) : TURN_FAIL;
}

static bool starts_response(struct str s)
{
    return str_starts_nocase(s, STR_LIT("HTTP/"));
}

static bool may_start_response(struct str s)
{
    return s.len < 5 && str_starts_nocase(STR_LIT("HTTP/"), s);
}

/* A response without its request: that one was given up, or nobody asked. */
static enum turn begin_alone(struct run *r)
{
    bool is_head = false;
    if (!app_tx_room(r->af))
        return TURN_FULL;
    r->d->tx = http1_tx_of(app_tx_new(r->af, DIR_BIT(DIR_TOCLIENT)));
    if (!r->d->tx)
        return TURN_FAIL;
    r->d->tx->request_unseen = true;
    app_progress(&r->d->tx->tx, DIR_TOSERVER, TX_COMPLETE);
    if (http1_orphan_take(r->state, &is_head))
        r->d->tx->is_head = is_head;
    else
        app_event(r->af, &r->d->tx->tx, HTTP1_UNABLE_TO_MATCH_RESPONSE);
    return TURN_ON;
}

/* The oldest exchange without a response, unless older ones were given up. */
static enum turn find_exchange(struct run *r)
{
    if (r->state->orphans && r->state->orphans->count)
        return begin_alone(r);
    for (struct tx *tx = r->af->first; tx; tx = tx->next)
        if (!http1_tx_of(tx)->response_begun && tx->progress[DIR_TOCLIENT] < TX_COMPLETE) {
            r->d->tx = http1_tx_of(tx);
            return TURN_ON;
        }
    return begin_alone(r);
}

/* A request line without protocol waits for headers; the response says that none come. */
static void end_old_request(struct run *r)
{
    struct http1_dir *request = &r->state->dir[DIR_TOSERVER];
    if (request->step != STEP_MAYBE_HEADERS || request->tx != r->d->tx)
        return;
    finish_request(r, true);
}

static enum turn begin_response(struct run *r)
{
    enum turn turn = r->d->tx ? TURN_ON : find_exchange(r);
    if (turn != TURN_ON)
        return turn;
    if (!r->d->tx->response_begun)
        app_frame(r->af, &r->d->tx->tx, frame_of(r), r->in, APP_FRAME_OPEN);
    r->d->tx->response_begun = true;
    end_old_request(r);
    return TURN_ON;
}

/* Where a status line begins behind one line of junk; 0: nowhere, the response is all body. Looks at a fixed number of bytes,
 * so that the answer does not hang on how the stream was cut. */
static enum turn look_behind_junk(const struct run *r, size_t *status_line_at)
{
    struct str near = str_cut(r->in, 0, JUNK_MAX);
    ptrdiff_t feed = str_find_byte(near, 0, '\n');
    *status_line_at = 0;
    if (feed < 0)
        return r->end || r->in.len >= JUNK_MAX ? TURN_ON : TURN_MORE;
    struct str rest = str_from(r->in, (size_t)feed + 1);
    if (may_start_response(rest) && !r->end)
        return TURN_MORE;
    if (starts_response(rest))
        *status_line_at = (size_t)feed + 1;
    return TURN_ON;
}

/* No status line: a response of HTTP/0.9 is all body. Junk before a status line is passed over as browsers do. */
static enum turn response_without_line(struct run *r)
{
    size_t status_line_at;
    enum turn turn = look_behind_junk(r, &status_line_at);
    if (turn != TURN_ON)
        return turn;
    turn = begin_response(r);
    if (turn != TURN_ON)
        return turn;
    app_event(r->af, &r->d->tx->tx, HTTP1_RESPONSE_INVALID_PROTOCOL);
    if (status_line_at) {
        consume(r, status_line_at);
        return TURN_ON;
    }
    struct http1_at at = at_of(r);
    app_progress(&r->d->tx->tx, r->dir, HTTP1_HEADERS);
    http1_payload_begin(&at);
    r->d->step = STEP_UNTIL_CLOSE;
    return TURN_ON;
}

static bool is_interim(const struct http1_tx *tx)
{
    return tx->status >= 100 && tx->status < 200 && tx->status != 101;
}

static enum turn response_start(struct run *r)
{
    struct str line;
    while (r->in.len && http1_is_blank(r->in.p[0]))
        consume(r, 1);
    if (r->in.len == 0 || (may_start_response(r->in) && !r->end))
        return TURN_MORE;
    if (!starts_response(r->in))
        return response_without_line(r);
    enum turn turn = peek_line(r, &line);
    if (turn != TURN_ON)
        return turn;
    turn = begin_response(r);
    if (turn != TURN_ON)
        return turn;
    if (!store_line(r, line))
        return TURN_FAIL;
    consume_line(r, line);
    struct http1_at at = at_of(r);
    cut_at_bare_cr(&http1_side(&at)->head);
    http1_response_line(&at);
    if (!is_interim(r->d->tx))
        app_progress(&r->d->tx->tx, r->dir, HTTP1_START);
    r->d->step = STEP_HEADERS;
    return TURN_ON;
}

static enum turn step_start(struct run *r)
{
    return r->dir == DIR_TOSERVER ? request_start(r) : response_start(r);
}

/* ---- behind the headers ---- */

static void begin_body(struct run *r, const struct http1_framing *f)
{
    struct http1_at at = at_of(r);
    http1_payload_begin(&at);
    r->d->left = f->has_length ? f->length : 0;
    r->d->step = f->chunked ? STEP_CHUNK_SIZE : STEP_LENGTH;
}

/* Both directions go on in another protocol. */
static enum turn change_protocol(struct run *r, enum app_proto to)
{
    r->af->change_to = to;
    finish_request(r, false);
    r->state->dir[DIR_TOSERVER].step = STEP_IGNORE;
    r->state->dir[DIR_TOCLIENT].step = STEP_IGNORE;
    return TURN_STOP;
}

static enum app_proto upgraded_to(const struct http1_at *at)
{
    struct str value;
    if (!http1_known_value(&http1_side(at)->head, KNOWN_UPGRADE, at->af->scratch, &value))
        return APP_FAILED;
    if (str_find_nocase(value, 0, STR_LIT("websocket")) >= 0)
        return APP_WEBSOCKET;
    return str_find_nocase(value, 0, STR_LIT("h2c")) >= 0 ? APP_HTTP2 : APP_FAILED;
}

static enum turn request_headers_read(struct run *r)
{
    struct http1_at at = at_of(r);
    bool is_connect = r->d->tx->is_connect;
    http1_request_checks(&at);
    struct http1_framing f = http1_framing_of(&at);
    app_progress(&r->d->tx->tx, r->dir, HTTP1_HEADERS);
    if (!is_connect && (f.chunked || (f.has_length && f.length))) {
        begin_body(r, &f);
        return TURN_ON;
    }
    finish(r, true);
    if (is_connect)
        r->d->step = STEP_CONNECT_WAIT;
    return TURN_ON;
}

/* 100 Continue and its like: the real response follows in the same exchange. */
static enum turn interim_read(struct run *r)
{
    struct http1_tx *tx = r->d->tx;
    if (tx->status == 100 && tx->seen_100)
        app_event(r->af, &tx->tx, HTTP1_100_CONTINUE_ALREADY_SEEN);
    tx->seen_100 = tx->seen_100 || tx->status == 100;
    tx->status = 0;
    http1_head_reset(&tx->side[DIR_TOCLIENT].head);
    r->d->step = STEP_START;
    return TURN_ON;
}

/* What is said inside the tunnel is what is usual at the port that was asked for, not at the proxy's. */
static void hint_at_port(struct run *r)
{
    struct str host;
    uint32_t port = 0;
    if (http1_host(r->d->tx, r->af->scratch, &host, &port) && port && port <= UINT16_MAX)
        r->af->server_port = (uint16_t)port;
}

/* The answer to a CONNECT: below 300 the tunnel stands, else requests go on. */
static enum turn connect_answered(struct run *r, const struct http1_framing *f)
{
    struct http1_dir *request = &r->state->dir[DIR_TOSERVER];
    if (request->step == STEP_CONNECT_WAIT)
        request->step = STEP_START;
    if (r->d->tx->status >= 200 && r->d->tx->status < 300) {
        hint_at_port(r);
        finish(r, true);
        return change_protocol(r, APP_FAILED);
    }
    begin_body(r, f);
    if (!f->chunked && !f->has_length)
        r->d->step = STEP_UNTIL_CLOSE;
    return TURN_ON;
}

static enum turn response_headers_read(struct run *r)
{
    struct http1_at at = at_of(r);
    struct http1_tx *tx = r->d->tx;
    struct http1_framing f = http1_framing_of(&at);
    bool has_body = f.chunked || (f.has_length && f.length);
    if (is_interim(tx) && !has_body)
        return interim_read(r);
    app_progress(&tx->tx, r->dir, HTTP1_HEADERS);
    if (tx->is_connect)
        return connect_answered(r, &f);
    if (tx->status == 101 && !has_body) {
        enum app_proto to = upgraded_to(&at);
        if (to == APP_HTTP2)
            http1_leave(r->af, r->d->tx);
        finish(r, true);
        return change_protocol(r, to);
    }
    bool bodiless = tx->status == 204 || tx->status == 304;
    if (tx->is_head || (f.has_length && !has_body) || (bodiless && !has_body)) {
        finish(r, true);
        return TURN_ON;
    }
    begin_body(r, &f);
    if (bodiless)
        r->d->step = f.chunked ? STEP_MAYBE_CHUNKED : STEP_MAYBE_BODY;
    else if (!has_body)
        r->d->step = STEP_UNTIL_CLOSE;
    return TURN_ON;
}

static enum turn headers_read(struct run *r)
{
    struct http1_at at = at_of(r);
    if (!http1_headers_parse(&at))
        return TURN_FAIL;
    return r->dir == DIR_TOSERVER ? request_headers_read(r) : response_headers_read(r);
}

/* An empty line ends the headers. A line of blanks is taken for the end when it ends with LF alone (the sender uses such
 * lines, and receivers that trim them stop here), else for folding. */
static bool ends_headers(struct str line)
{
    size_t len = line.len;
    while (len && (line.p[len - 1] == '\n' || line.p[len - 1] == '\r'))
        len--;
    if (len == 0)
        return true;
    bool lf_alone = line.len < 2 || line.p[line.len - 2] != '\r';
    return lf_alone && is_blank_line(line);
}

/* False: memory is out. Lines beyond the room that a head has are told and not kept. */
static bool store_header_line(struct run *r, struct str line)
{
    struct http1_at at = at_of(r);
    struct http1_head *h = &http1_side(&at)->head;
    if (line.len + 2 > HTTP1_HEAD_MAX - h->len) {
        http1_event(&at, HTTP1_REQUEST_FIELD_TOO_LONG, HTTP1_RESPONSE_FIELD_TOO_LONG);
        return true;
    }
    return http1_head_add(h, r->af->mem, line) &&
           (!is_cut(line) || http1_head_add(h, r->af->mem, STR_LIT("\r\n")));
}

static enum turn step_headers(struct run *r)
{
    struct str line;
    if (r->in.len == 0 && !r->end)
        return TURN_MORE;
    if (r->in.len == 0)
        return headers_read(r);
    enum turn turn = peek_line(r, &line);
    if (turn != TURN_ON)
        return turn;
    if (!store_header_line(r, line))
        return TURN_FAIL;
    consume_line(r, line);
    return ends_headers(line) ? headers_read(r) : TURN_ON;
}

static bool is_header_line(struct str line)
{
    ptrdiff_t colon = str_find_byte(line, 0, ':');
    return is_blank_line(line) || (colon > 0 && http1_is_token(str_cut(line, 0, (size_t)colon)));
}

/* A request line without protocol: HTTP/0.9 sends nothing more; whatever comes behind a method that is known is taken for
 * headers, behind another one only what looks like a header. */
static enum turn step_maybe_headers(struct run *r)
{
    const struct http1_head *h = &r->d->tx->side[DIR_TOSERVER].head;
    struct str line;
    if (r->in.len == 0)
        return TURN_MORE;
    if (!http1_is_known_method(http1_text(h, h->part[PART_METHOD]))) {
        enum turn turn = peek_line(r, &line);
        if (turn != TURN_ON)
            return turn;
        if (!is_header_line(line))
            return not_a_request(r);
    }
    app_event(r->af, &r->d->tx->tx, HTTP1_REQUEST_LINE_MISSING_PROTOCOL);
    r->d->step = STEP_HEADERS;
    return TURN_ON;
}

/* ---- bodies ---- */

/* 204 and 304 have no body, whatever their length says; but when bytes follow that are no response, they are one. */
static enum turn step_maybe_body(struct run *r)
{
    if (r->in.len == 0 || (may_start_response(r->in) && !r->end))
        return TURN_MORE;
    if (starts_response(r->in))
        finish(r, true);
    else
        r->d->step = r->d->step == STEP_MAYBE_CHUNKED ? STEP_CHUNK_SIZE : STEP_LENGTH;
    return TURN_ON;
}

static struct str take_left(struct run *r)
{
    struct str bytes = str_cut(r->in, 0, r->d->left > r->in.len ? r->in.len : (size_t)r->d->left);
    r->d->left -= bytes.len;
    return bytes;
}

static enum turn step_length(struct run *r)
{
    if (r->in.len == 0)
        return TURN_MORE;
    struct http1_at at = at_of(r);
    struct str bytes = take_left(r);
    http1_payload_add(&at, bytes);
    consume(r, bytes.len);
    if (r->d->left == 0)
        finish(r, true);
    return TURN_ON;
}

static enum turn step_until_close(struct run *r)
{
    if (r->in.len == 0)
        return TURN_MORE;
    struct http1_at at = at_of(r);
    http1_payload_add(&at, r->in);
    consume(r, r->in.len);
    return TURN_MORE;
}

/* A chunk that is none: the response's body is what it is, without chunks; a request cannot be read further. */
static enum turn not_chunked(struct run *r)
{
    struct http1_at at = at_of(r);
    http1_event(&at, HTTP1_INVALID_REQUEST_CHUNK_LEN, HTTP1_INVALID_RESPONSE_CHUNK_LEN);
    if (r->dir == DIR_TOSERVER)
        return TURN_FAIL;
    r->d->step = r->d->left ? STEP_LENGTH : STEP_UNTIL_CLOSE;
    return TURN_ON;
}

static enum turn chunk_begins(struct run *r, struct str line)
{
    struct http1_at at = at_of(r);
    uint64_t size;
    size_t digits;
    if (!http1_chunk_size(line, &size, &digits))
        return not_chunked(r);
    if (str_starts(str_trim(str_from(line, digits)), STR_LIT(";")))
        app_event(r->af, &r->d->tx->tx, HTTP1_REQUEST_CHUNK_EXTENSION);
    http1_side(&at)->payload.wire_bytes += line.len;
    consume(r, line.len);
    r->d->left = size;
    r->d->step = size ? STEP_CHUNK_DATA : STEP_TRAILER;
    if (size == 0)
        http1_trailers_begin(&at);
    return TURN_ON;
}

/* The line end behind a chunk, and whatever blanks stand before the next size, are passed over. */
static enum turn step_chunk_size(struct run *r)
{
    struct http1_at at = at_of(r);
    while (r->in.len && http1_is_blank(r->in.p[0])) {
        http1_side(&at)->payload.wire_bytes++;
        consume(r, 1);
    }
    if (r->in.len == 0)
        return TURN_MORE;
    if (text_hex_digit(r->in.p[0]) < 0)
        return not_chunked(r);
    ptrdiff_t feed = str_find_byte(r->in, r->d->scanned, '\n');
    size_t len = feed < 0 ? r->in.len : (size_t)feed + 1;
    if (len > CHUNK_LINE_MAX)
        return not_chunked(r);
    if (feed < 0 && !r->end) {
        r->d->scanned = (uint32_t)r->in.len;
        return TURN_MORE;
    }
    return chunk_begins(r, str_cut(r->in, 0, len));
}

static enum turn step_chunk_data(struct run *r)
{
    if (r->in.len == 0)
        return TURN_MORE;
    struct http1_at at = at_of(r);
    struct str bytes = take_left(r);
    http1_payload_add(&at, bytes);
    consume(r, bytes.len);
    if (r->d->left == 0)
        r->d->step = STEP_CHUNK_SIZE;
    return TURN_ON;
}

static enum turn trailers_read(struct run *r)
{
    struct http1_at at = at_of(r);
    if (!http1_trailers_parse(&at))
        return TURN_FAIL;
    finish(r, true);
    return TURN_ON;
}

static enum turn step_trailer(struct run *r)
{
    struct str line;
    if (r->in.len == 0)
        return TURN_MORE;
    /* without an empty line the next message may follow at once */
    if (r->dir == DIR_TOCLIENT && starts_response(r->in))
        return trailers_read(r);
    enum turn turn = peek_line(r, &line);
    if (turn != TURN_ON)
        return turn;
    bool last = is_blank_line(line);
    if (!last && !store_header_line(r, line))
        return TURN_FAIL;
    consume_line(r, line);
    return last ? trailers_read(r) : TURN_ON;
}

static enum turn step_connect_wait(struct run *r)
{
    return TURN_MORE;
}

/* A line that begins a message beyond doubt: "GET /x HTTP/1.1", "HTTP/1.1 200 OK". */
static bool begins_message(const struct run *r, struct str line)
{
    struct str end = str_trim(line);
    if (r->dir == DIR_TOCLIENT)
        return str_starts(end, STR_LIT("HTTP/1."));
    struct str last = str_from(end, end.len < 8 ? 0 : end.len - 8);
    struct str method = str_split(&end, ' ');
    return http1_is_known_method(method) && str_starts(last, STR_LIT("HTTP/1."));
}

/* Behind a hole outside of a body: the first bytes may be the rest of anything, so a message begins at the earliest on
 * the next line. */
static enum turn step_resync(struct run *r)
{
    ptrdiff_t feed = str_find_byte(r->in, r->d->scanned, '\n');
    if (feed < 0 && r->in.len < HTTP1_LINE_MAX) {
        r->d->scanned = (uint32_t)r->in.len;
        return TURN_MORE;
    }
    struct str line = str_cut(r->in, 0, feed < 0 ? r->in.len : (size_t)feed + 1);
    if (begins_message(r, line)) {
        if (r->dir == DIR_TOCLIENT)
            await_last_response(r->af);
        r->d->step = STEP_START;
        return TURN_ON;
    }
    consume(r, line.len);
    return TURN_ON;
}

static enum turn step_ignore(struct run *r)
{
    consume(r, r->in.len);
    return TURN_MORE;
}

static enum turn (*const steps[STEP_COUNT])(struct run *r) = {
    [STEP_START] = step_start,
    [STEP_HEADERS] = step_headers,
    [STEP_MAYBE_HEADERS] = step_maybe_headers,
    [STEP_MAYBE_BODY] = step_maybe_body,
    [STEP_MAYBE_CHUNKED] = step_maybe_body,
    [STEP_LENGTH] = step_length,
    [STEP_CHUNK_SIZE] = step_chunk_size,
    [STEP_CHUNK_DATA] = step_chunk_data,
    [STEP_TRAILER] = step_trailer,
    [STEP_UNTIL_CLOSE] = step_until_close,
    [STEP_CONNECT_WAIT] = step_connect_wait,
    [STEP_RESYNC] = step_resync,
    [STEP_IGNORE] = step_ignore,
};

/* ---- the end and holes ---- */

/* Did the message end as it was allowed to? */
static bool may_end_at(enum step step)
{
    return step == STEP_UNTIL_CLOSE || step == STEP_MAYBE_BODY || step == STEP_MAYBE_CHUNKED ||
           step == STEP_MAYBE_HEADERS || step == STEP_TRAILER;
}

/* Requests that nobody has answered keep a response that has not begun: nothing is absent in it, as with Suricata. */
static void end_direction(struct run *r)
{
    finish(r, may_end_at((enum step)r->d->step));
    r->d->step = STEP_IGNORE;
}

static struct app_result fail(struct run *r, size_t len)
{
    struct http1_at at = at_of(r);
    if (!at.tx && r->af->first)
        at.tx = http1_tx_of(r->af->last);
    http1_event(&at, HTTP1_UNKNOWN_ERROR, HTTP1_UNKNOWN_ERROR);
    finish(r, false);
    r->d->step = STEP_IGNORE;
    if (r->dir == DIR_TOCLIENT)
        give_up_responses(r->af);
    return (struct app_result){PARSE_BAD, (uint32_t)len};
}

/* What was in work is lost, or what follows it (`over`), and how many messages with it nobody knows: the next one that is
 * seen is read, with an event, for a direction that is given up would hide all that follows. */
static void lose_message(struct run *r, bool over)
{
    struct http1_at at = at_of(r);
    enum http1_event event = over ? HTTP1_INVALID_GAP : HTTP1_UNKNOWN_ERROR;
    if (!at.tx && r->af->first)
        at.tx = http1_tx_of(r->af->last);
    http1_event(&at, event, event);
    finish(r, over);
    r->d->step = STEP_RESYNC;
    r->d->skip_line = false;
    r->d->scanned = 0;
}

/* Missing bytes are borne within a body whose end is known without them. A response whose beginning is missing is all body,
 * as one without a status line is. */
static void gap(struct run *r, uint32_t bytes)
{
    struct http1_at at = at_of(r);
    enum step step = (enum step)r->d->step;
    if (step == STEP_IGNORE || step == STEP_RESYNC)
        return;
    if (r->d->kept || step == STEP_HEADERS) {
        http1_event(&at, HTTP1_INVALID_GAP, HTTP1_INVALID_GAP);
        r->d->holed = true;
        return;
    }
    if (step == STEP_START && r->dir == DIR_TOCLIENT) {
        await_last_response(r->af);
        return;
    }
    bool counted = step == STEP_LENGTH || step == STEP_CHUNK_DATA;
    bool over = step == STEP_LENGTH && bytes > r->d->left;
    if (over)
        http1_payload_gap(&at, (uint32_t)r->d->left);
    if (step != STEP_UNTIL_CLOSE && !(counted && bytes <= r->d->left)) {
        lose_message(r, over);
        return;
    }
    http1_payload_gap(&at, bytes);
    if (counted)
        r->d->left -= bytes;
    if (counted && r->d->left == 0) {
        if (step == STEP_CHUNK_DATA)
            r->d->step = STEP_CHUNK_SIZE;
        else
            finish(r, true);
    }
}

static struct app_result read_chunk(struct app_flow *af, enum dir dir,
                                    const struct app_chunk *chunk)
{
    struct http1_state *state = af->state;
    struct run r = {af, state, &state->dir[dir], dir, chunk->bytes, chunk->end};
    enum turn turn = TURN_ON;
    if (chunk->gap)
        gap(&r, chunk->gap);
    while (turn == TURN_ON && !chunk->gap) {
        assert(r.d->step < STEP_COUNT);
        turn = r.d->skip_line ? skip_line(&r) : steps[r.d->step](&r);
    }
    if (turn == TURN_FAIL)
        return fail(&r, chunk->bytes.len);
    if (chunk->end && (turn == TURN_MORE || chunk->gap))
        end_direction(&r);
    uint32_t consumed = (uint32_t)(chunk->bytes.len - r.in.len);
    if (turn == TURN_FULL)
        return (struct app_result){PARSE_FULL, consumed};
    return (struct app_result){turn == TURN_MORE ? PARSE_MORE : PARSE_OK, consumed};
}

/* May a head that is cut here be read on behind the hole? A start line when it is one beyond doubt. */
static bool bears_hole(const struct http1_dir *d, enum dir dir, struct str left)
{
    if (d->step != STEP_START || d->skip_line)
        return d->step == STEP_HEADERS && !d->skip_line;
    if (dir == DIR_TOCLIENT)
        return starts_response(left);
    ptrdiff_t blank = str_find_byte(left, 0, ' ');
    return blank > 0 && http1_is_known_method(str_cut(left, 0, (size_t)blank));
}

struct app_result http1_data(struct app_flow *af, enum dir dir, const struct app_chunk *chunk)
{
    struct http1_dir *d = &((struct http1_state *)af->state)->dir[dir];
    struct app_chunk whole = *chunk;
    if (chunk->gap)
        return read_chunk(af, dir, chunk);
    if (d->kept && !http1_hole_join(af, d, chunk, &whole))
        return (struct app_result){PARSE_MORE, 0};
    af->chunk = &whole;
    struct app_result result = read_chunk(af, dir, &whole);
    af->chunk = chunk;
    struct str left = str_from(whole.bytes, result.consumed);
    if (chunk->hole && result.status == PARSE_MORE && bears_hole(d, dir, left) &&
        http1_hole_keep(af, d, left))
        result.consumed = (uint32_t)chunk->bytes.len;
    else
        result.consumed = http1_hole_consumed(af, d, result.consumed);
    return result;
}
