#include "engine/app/http2/message.h"

/* Frames (RFC 9113 section 4.1): nine bytes of head, then as many as the head says. DATA passes through as it comes; other frames are
 * read whole. */

static const struct str preface = {(const uint8_t *)"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24};

struct frame {
    uint32_t len;
    uint8_t type, flags;
    uint32_t stream_id;
};

struct run {
    struct app_flow *af;
    struct http2_state *state;
    struct http2_dir *d;
    enum dir dir;
    struct str in;
    uint32_t consumed;
};

enum turn { TURN_ON, TURN_MORE, TURN_FULL };

static void consume(struct run *r, uint32_t bytes)
{
    r->in = str_from(r->in, bytes);
    r->consumed += bytes;
}

void http2_event(const struct http2_at *at, enum http2_event event)
{
    app_event(at->af, at->tx ? &at->tx->tx : NULL, event);
}

static void flow_event(struct run *r, enum http2_event event)
{
    app_event(r->af, NULL, event);
}

/* ---- facts ---- */

void http2_fact_add(const struct http2_at *at, struct http2_fact fact)
{
    struct http2_tx *tx = at->tx;
    fact.dir = (uint8_t)at->dir;
    if (tx->fact_count == HTTP2_FACTS_MAX) {
        http2_event(at, HTTP2_TOO_MANY_FRAMES);
        return;
    }
    if (!budget_grow(at->af->mem, &tx->facts, &tx->fact_cap, tx->fact_count + 1, sizeof fact))
        return;
    tx->facts[tx->fact_count++] = fact;
    tx->tx.updated[at->dir] = true;
}

/* ---- streams ---- */

static bool is_through(const struct http2_tx *tx)
{
    return tx->tx.progress[DIR_TOSERVER] == TX_COMPLETE &&
           tx->tx.progress[DIR_TOCLIENT] == TX_COMPLETE;
}

/* At most tx_max transactions are live, so the walk is short. The youngest of the number: an older one may be through. */
static struct http2_tx *find_stream(const struct run *r, uint32_t stream_id)
{
    struct http2_tx *found = NULL;
    for (struct tx *tx = r->af->first; tx; tx = tx->next)
        if (http2_tx_of(tx)->stream_id == stream_id)
            found = http2_tx_of(tx);
    return found;
}

/* The highest stream number that the side which opens such streams has used (section 5.1.1). */
static uint32_t *highest_of(struct run *r, uint32_t stream_id)
{
    return &r->state->dir[stream_id % 2 ? DIR_TOSERVER : DIR_TOCLIENT].highest;
}

static bool carries_message(uint8_t type)
{
    return type == HTTP2_DATA || type == HTTP2_HEADERS || type == HTTP2_PUSH_PROMISE ||
           type == HTTP2_CONTINUATION;
}

/* The transaction that a frame of this type and stream belongs to. NULL: none, because memory is out or the stream is over. There
 * must be room for a transaction. */
static struct http2_tx *stream_of(struct run *r, uint32_t stream_id, uint8_t type)
{
    struct http2_tx *tx = find_stream(r, stream_id);
    bool message = carries_message(type), reused = false;
    if (tx && message && is_through(tx)) {
        reused = type == HTTP2_HEADERS;
        tx = NULL;
    } else if (!tx && stream_id <= *highest_of(r, stream_id)) {
        if (!message)
            return NULL;
        reused = type == HTTP2_HEADERS && r->dir == DIR_TOSERVER;
    }
    if (!tx) {
        tx = http2_tx_of(app_tx_new(r->af, DIR_BOTH));
        if (!tx)
            return NULL;
        tx->stream_id = stream_id;
        if (stream_id > *highest_of(r, stream_id))
            *highest_of(r, stream_id) = stream_id;
    }
    if (reused)
        app_event(r->af, &tx->tx, HTTP2_STREAM_ID_REUSE);
    return tx;
}

/* A transaction for a frame of the connection. NULL: memory is out. */
static struct http2_tx *connection_tx(struct run *r)
{
    struct http2_tx *tx = http2_tx_of(app_tx_new(r->af, DIR_BOTH));
    if (!tx)
        return NULL;
    app_progress(&tx->tx, DIR_TOSERVER, TX_COMPLETE);
    app_progress(&tx->tx, DIR_TOCLIENT, TX_COMPLETE);
    return tx;
}

static void end_side(const struct http2_at *at, bool complete)
{
    struct http2_side *side = http2_side(at);
    if (!side->ended) {
        http2_payload_end(at, complete);
        http2_dns_end(at, complete);
    }
    side->ended = true;
    app_progress(&at->tx->tx, at->dir, TX_COMPLETE);
}

static void end_stream(struct app_flow *af, struct http2_tx *tx)
{
    for (enum dir dir = DIR_TOSERVER; dir <= DIR_TOCLIENT; dir++)
        end_side(&(struct http2_at){af, tx, dir}, false);
}

bool http2_give_up(struct app_flow *af)
{
    for (struct tx *tx = af->first; tx; tx = tx->next)
        if (!is_through(http2_tx_of(tx))) {
            app_event(af, tx, HTTP2_TOO_MANY_STREAMS);
            end_stream(af, http2_tx_of(tx));
            return true;
        }
    return false;
}

/* ---- header blocks ---- */

static void block_done(const struct http2_at *at, bool ends_stream)
{
    struct http2_side *side = http2_side(at);
    struct str status;
    if (at->dir == DIR_TOCLIENT && !ends_stream && !side->headers_read &&
        http2_head_value(&side->head, STR_LIT(":status"), at->af->scratch, &status) &&
        status.len == 3 && status.p[0] == '1')
        return; /* interim: the response follows (RFC 9110 section 15.2) */
    if (at->dir == DIR_TOSERVER && !side->headers_read)
        http2_request_checks(at);
    if (!side->headers_read)
        http2_dns_begin(at);
    side->headers_read = true;
    app_progress(&at->tx->tx, at->dir, HTTP2_PROGRESS_HEADERS);
    if (ends_stream)
        end_side(at, true);
}

/* A whole block of headers of a message on its way in direction `to`. */
static void read_block(struct run *r, struct http2_tx *tx, enum dir to, struct str block)
{
    struct http2_at at = {r->af, tx, to};
    struct http2_side *side = http2_side(&at);
    bool ends_stream = r->d->block_ends_stream;
    if (r->d->hpack.broken)
        return;
    if (!side->headers_read)
        http2_head_reset(&side->head); /* what an interim response said */
    http2_block_read(&at, &r->d->hpack, block);
    block_done(&at, ends_stream);
    if (r->d->promised) /* a pushed request is whole (section 8.4) */
        end_side(&at, true);
}

static bool keep_fragment(struct run *r, struct str fragment)
{
    struct http2_dir *d = r->d;
    if (fragment.len > HTTP2_BLOCK_MAX - d->block_len)
        return false;
    uint32_t need = d->block_len + (uint32_t)fragment.len;
    if (!budget_grow(r->af->mem, &d->block, &d->block_cap, need < 4096 ? 4096 : need, 1))
        return false;
    if (fragment.len)
        memcpy(d->block + d->block_len, fragment.p, fragment.len);
    d->block_len = need;
    return true;
}

static void drop_block(struct run *r)
{
    budget_give(r->af->mem, r->d->block, r->d->block_cap);
    r->d->block = NULL;
    r->d->block_len = r->d->block_cap = 0;
    r->d->block_open = false;
}

static enum dir block_dir(const struct run *r)
{
    return r->d->promised ? DIR_TOSERVER : r->dir;
}

/* A fragment that belongs to the block in work of that transaction. */
static void take_fragment(struct run *r, struct http2_tx *tx, struct str fragment, bool last)
{
    struct http2_dir *d = r->d;
    if (last && !d->block_len && !d->block_lost) {
        d->block_open = false;
        read_block(r, tx, block_dir(r), fragment);
        return;
    }
    if (!d->block_lost && !keep_fragment(r, fragment)) {
        app_event(r->af, &tx->tx, HTTP2_REASSEMBLY_LIMIT_REACHED);
        d->block_lost = d->hpack.broken = true;
    }
    d->block_open = !last;
    if (!last)
        return;
    if (!d->block_lost)
        read_block(r, tx, block_dir(r), str_of(d->block, d->block_len));
    drop_block(r);
}

/* ---- frames ---- */

/* Takes the padding of a PADDED frame away (section 6.1). False: there is more padding than frame. */
static bool unpad(const struct frame *f, struct reader *payload)
{
    if (!(f->flags & HTTP2_FLAG_PADDED))
        return true;
    uint8_t padding = reader_u8(payload);
    if (payload->bad || padding > reader_left(payload))
        return false;
    payload->len -= padding;
    return true;
}

static void note_frame(struct run *r, struct http2_tx *tx, const struct frame *f)
{
    if (f->type < HTTP2_FRAME_TYPES)
        tx->frame_types[r->dir] |= (uint16_t)(1u << f->type);
    tx->tx.updated[r->dir] = true;
}

/* Section 6.3: dependency and weight, in PRIORITY and in front of HEADERS. */
static void read_priority(const struct http2_at *at, struct reader *payload)
{
    reader_skip(payload, 4);
    uint8_t weight = reader_u8(payload);
    if (!payload->bad)
        http2_fact_add(at, (struct http2_fact){.kind = FACT_PRIORITY, .value = weight});
}

static void on_headers(struct run *r, const struct http2_at *at, const struct frame *f,
                       struct reader payload)
{
    if (!unpad(f, &payload)) {
        http2_event(at, HTTP2_INVALID_FRAME_DATA);
        r->d->hpack.broken = true;
        return;
    }
    if (f->flags & HTTP2_FLAG_PRIORITY)
        read_priority(at, &payload);
    r->d->block_open = true;
    r->d->block_lost = false;
    r->d->block_stream = f->stream_id;
    r->d->block_ends_stream = f->flags & HTTP2_FLAG_END_STREAM;
    r->d->promised = 0;
    take_fragment(r, at->tx, reader_rest(&payload), f->flags & HTTP2_FLAG_END_HEADERS);
}

/* Section 6.6: the server says which request it is going to answer unasked. */
static void on_push_promise(struct run *r, const struct http2_at *at, const struct frame *f,
                            struct reader payload)
{
    bool good = unpad(f, &payload);
    uint32_t promised = reader_u32(&payload) & 0x7fffffffu;
    struct http2_tx *tx = good && !payload.bad && promised ? stream_of(r, promised, f->type) : NULL;
    if (!tx) {
        http2_event(at, HTTP2_INVALID_FRAME_DATA);
        r->d->hpack.broken = true;
        return;
    }
    r->d->block_open = true;
    r->d->block_lost = false;
    r->d->block_stream = f->stream_id;
    r->d->block_ends_stream = false;
    r->d->promised = promised;
    take_fragment(r, tx, reader_rest(&payload), f->flags & HTTP2_FLAG_END_HEADERS);
}

static void on_continuation(struct run *r, const struct http2_at *at, const struct frame *f,
                            struct reader payload)
{
    if (!r->d->block_open || r->d->block_stream != f->stream_id) {
        http2_event(at, HTTP2_CONTINUATION_WITHOUT_HEADERS);
        return;
    }
    struct http2_tx *tx = r->d->promised ? find_stream(r, r->d->promised) : at->tx;
    if (!tx) { /* given up meanwhile */
        r->d->hpack.broken = true;
        drop_block(r);
        return;
    }
    take_fragment(r, tx, reader_rest(&payload), f->flags & HTTP2_FLAG_END_HEADERS);
}

static void on_priority(struct run *r, const struct http2_at *at, const struct frame *f,
                        struct reader payload)
{
    if (f->len != 5)
        http2_event(at, HTTP2_INVALID_FRAME_LENGTH);
    read_priority(at, &payload);
}

static void on_rst_stream(struct run *r, const struct http2_at *at, const struct frame *f,
                          struct reader payload)
{
    if (f->len != 4)
        http2_event(at, HTTP2_INVALID_FRAME_LENGTH);
    uint32_t error = reader_u32(&payload);
    if (payload.bad)
        return;
    http2_fact_add(at, (struct http2_fact){.kind = FACT_ERROR, .value = error});
    if (f->stream_id) /* what the other side has sent meanwhile is still of this stream (section 5.1) */
        end_side(at, false);
}

static void read_settings(const struct http2_at *at, struct reader payload)
{
    while (reader_left(&payload) >= 6) {
        uint16_t id = reader_u16(&payload);
        uint32_t value = reader_u32(&payload);
        http2_fact_add(at,
                       (struct http2_fact){.kind = FACT_SETTING, .setting = id, .value = value});
    }
}

static void on_settings(struct run *r, const struct http2_at *at, const struct frame *f,
                        struct reader payload)
{
    if (f->len % 6)
        http2_event(at, HTTP2_INVALID_FRAME_LENGTH);
    read_settings(at, payload);
}

static void on_ping(struct run *r, const struct http2_at *at, const struct frame *f,
                    struct reader payload)
{
    if (f->len != 8)
        http2_event(at, HTTP2_INVALID_FRAME_LENGTH);
}

static void on_goaway(struct run *r, const struct http2_at *at, const struct frame *f,
                      struct reader payload)
{
    reader_skip(&payload, 4);
    uint32_t error = reader_u32(&payload);
    if (payload.bad)
        http2_event(at, HTTP2_INVALID_FRAME_LENGTH);
    else
        http2_fact_add(at,
                       (struct http2_fact){.kind = FACT_ERROR, .is_goaway = true, .value = error});
}

static void on_window_update(struct run *r, const struct http2_at *at, const struct frame *f,
                             struct reader payload)
{
    if (f->len != 4)
        http2_event(at, HTTP2_INVALID_FRAME_LENGTH);
    uint32_t size = reader_u32(&payload) & 0x7fffffffu;
    if (!payload.bad)
        http2_fact_add(at, (struct http2_fact){.kind = FACT_WINDOW, .value = size});
}

typedef void (*frame_fn)(struct run *, const struct http2_at *, const struct frame *,
                         struct reader);

static const frame_fn handlers[HTTP2_FRAME_TYPES] = {
    [HTTP2_HEADERS] = on_headers,
    [HTTP2_PRIORITY] = on_priority,
    [HTTP2_RST_STREAM] = on_rst_stream,
    [HTTP2_SETTINGS] = on_settings,
    [HTTP2_PUSH_PROMISE] = on_push_promise,
    [HTTP2_PING] = on_ping,
    [HTTP2_GOAWAY] = on_goaway,
    [HTTP2_WINDOW_UPDATE] = on_window_update,
    [HTTP2_CONTINUATION] = on_continuation,
};

/* Section 4.3: while a block is open nothing else may come. Where something does, receivers end the connection. */
static void check_block(struct run *r, const struct frame *f)
{
    if (!r->d->block_open || f->type == HTTP2_CONTINUATION)
        return;
    flow_event(r, HTTP2_INVALID_FRAME_HEADER);
    r->d->hpack.broken = true;
    drop_block(r);
}

static void handle_frame(struct run *r, const struct frame *f)
{
    check_block(r, f);
    if (f->type == HTTP2_SETTINGS && f->flags & HTTP2_FLAG_ACK && !f->len)
        return; /* says nothing */
    struct http2_tx *tx = f->stream_id ? stream_of(r, f->stream_id, f->type) : connection_tx(r);
    if (!tx) {
        r->d->hpack.broken |= carries_message(f->type);
        return;
    }
    struct http2_at at = {r->af, tx, r->dir};
    note_frame(r, tx, f);
    if (!f->stream_id && carries_message(f->type)) {
        http2_event(&at, HTTP2_INVALID_FRAME_HEADER);
        r->d->hpack.broken = true;
        return;
    }
    struct reader payload = reader_of(str_cut(r->in, 0, HTTP2_FRAME_HEAD + f->len));
    reader_skip(&payload, HTTP2_FRAME_HEAD);
    handlers[f->type](r, &at, f, payload);
}

/* ---- DATA ---- */

static void data_ended(struct run *r)
{
    struct http2_tx *tx = find_stream(r, r->d->stream_id);
    if (tx && r->d->data_ends_stream)
        end_side(&(struct http2_at){r->af, tx, r->dir}, true);
    r->d->data_ends_stream = false;
}

/* The head and, of a padded one, the byte behind it are there. */
static void begin_data(struct run *r, const struct frame *f)
{
    struct http2_dir *d = r->d;
    bool padded = f->flags & HTTP2_FLAG_PADDED && f->len;
    uint32_t padding = padded ? r->in.p[HTTP2_FRAME_HEAD] : 0;
    check_block(r, f);
    consume(r, HTTP2_FRAME_HEAD + padded);
    d->stream_id = f->stream_id;
    d->data_ends_stream = f->flags & HTTP2_FLAG_END_STREAM;
    d->data_left = f->len - padded;
    d->padding_left = 0;
    struct http2_tx *tx = f->stream_id ? stream_of(r, f->stream_id, f->type) : NULL;
    if (tx) {
        note_frame(r, tx, f);
    } else {
        if (!f->stream_id)
            flow_event(r, HTTP2_DATA_STREAM_ZERO);
        d->skip_left = d->data_left;
        d->data_left = 0;
        return;
    }
    if (padding > d->data_left) {
        app_event(r->af, &tx->tx, HTTP2_INVALID_FRAME_DATA);
        padding = d->data_left;
    }
    d->data_left -= padding;
    d->padding_left = padding;
    if (!d->data_left)
        data_ended(r);
}

static void pass_data(struct run *r)
{
    struct http2_dir *d = r->d;
    struct str bytes = str_cut(r->in, 0, d->data_left);
    struct http2_tx *tx = find_stream(r, d->stream_id);
    if (tx && !tx->side[r->dir].ended)
        http2_payload_add(&(struct http2_at){r->af, tx, r->dir}, bytes);
    d->data_left -= (uint32_t)bytes.len;
    consume(r, (uint32_t)bytes.len);
    if (!d->data_left)
        data_ended(r);
}

static void skip_some(struct run *r, uint32_t *left)
{
    uint32_t bytes = r->in.len < *left ? (uint32_t)r->in.len : *left;
    *left -= bytes;
    consume(r, bytes);
}

/* ---- a direction ---- */

static bool read_frame_head(struct run *r, struct frame *f)
{
    struct reader head = reader_of(str_cut(r->in, 0, HTTP2_FRAME_HEAD));
    f->len = reader_u24(&head);
    f->type = reader_u8(&head);
    f->flags = reader_u8(&head);
    f->stream_id = reader_u32(&head) & 0x7fffffffu;
    return !head.bad;
}

static void tell_frames(struct run *r, const struct frame *f)
{
    const struct http2_tx *tx = f->stream_id ? find_stream(r, f->stream_id) : NULL;
    const struct tx *of = tx ? &tx->tx : NULL;
    app_frame(r->af, of, HTTP2_FRAME_HDR, r->in, HTTP2_FRAME_HEAD);
    app_frame(r->af, of, HTTP2_FRAME_DATA, str_from(r->in, HTTP2_FRAME_HEAD), f->len);
    app_frame(r->af, of, HTTP2_FRAME_PDU, r->in, HTTP2_FRAME_HEAD + (uint64_t)f->len);
}

/* Does the whole frame have to be there? */
static bool is_read_whole(const struct frame *f)
{
    return f->type != HTTP2_DATA && f->type < HTTP2_FRAME_TYPES && f->len <= HTTP2_FRAME_MAX;
}

static enum turn next_frame(struct run *r)
{
    struct frame f;
    if (!read_frame_head(r, &f))
        return TURN_MORE;
    if (!app_tx_room(r->af))
        return TURN_FULL;
    bool padded_data = f.type == HTTP2_DATA && f.flags & HTTP2_FLAG_PADDED && f.len;
    if (r->in.len < HTTP2_FRAME_HEAD + (is_read_whole(&f) ? f.len : padded_data))
        return TURN_MORE;
    tell_frames(r, &f);
    if (f.type == HTTP2_DATA) {
        begin_data(r, &f);
        return TURN_ON;
    }
    if (!is_read_whole(&f)) {
        if (f.type < HTTP2_FRAME_TYPES)
            flow_event(r, HTTP2_LONG_FRAME_DATA);
        check_block(r, &f);
        r->d->hpack.broken |= carries_message(f.type);
        r->d->skip_left = f.len;
        consume(r, HTTP2_FRAME_HEAD);
        return TURN_ON;
    }
    handle_frame(r, &f);
    consume(r, HTTP2_FRAME_HEAD + f.len);
    return TURN_ON;
}

/* Section 3.4: the client begins with a fixed text. */
static enum turn read_preface(struct run *r)
{
    if (r->in.len < preface.len && str_starts(preface, r->in))
        return TURN_MORE;
    r->d->begun = true;
    if (str_starts(r->in, preface))
        consume(r, (uint32_t)preface.len);
    else
        flow_event(r, HTTP2_INVALID_CLIENT_MAGIC);
    return TURN_ON;
}

static enum turn step(struct run *r)
{
    if (r->dir == DIR_TOSERVER && !r->d->begun)
        return read_preface(r);
    if (r->d->data_left)
        pass_data(r);
    else if (r->d->padding_left)
        skip_some(r, &r->d->padding_left);
    else if (r->d->skip_left)
        skip_some(r, &r->d->skip_left);
    else
        return next_frame(r);
    return TURN_ON;
}

/* A hole inside a frame that passes through is a hole of that body. Elsewhere nothing tells where the next frame begins, and what
 * compressed headers refer to. */
static struct app_result pass_gap(struct run *r, uint32_t gap)
{
    struct http2_dir *d = r->d;
    uint32_t *parts[] = {&d->data_left, &d->padding_left, &d->skip_left};
    uint64_t room = (uint64_t)d->data_left + d->padding_left + d->skip_left;
    if (gap > room)
        return (struct app_result){PARSE_BAD, 0};
    struct http2_tx *tx = d->data_left ? find_stream(r, d->stream_id) : NULL;
    if (tx)
        http2_payload_gap(&(struct http2_at){r->af, tx, r->dir},
                          gap < d->data_left ? gap : d->data_left);
    bool was_data = d->data_left;
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
        uint32_t part = gap < *parts[i] ? gap : *parts[i];
        *parts[i] -= part;
        gap -= part;
    }
    if (was_data && !d->data_left)
        data_ended(r);
    return (struct app_result){PARSE_OK, 0};
}

struct app_result http2_data(struct app_flow *af, enum dir dir, const struct app_chunk *chunk)
{
    struct http2_state *state = af->state;
    struct run r = {af, state, &state->dir[dir], dir, chunk->bytes, 0};
    enum turn turn = TURN_ON;
    if (chunk->gap)
        return pass_gap(&r, chunk->gap);
    while (turn == TURN_ON && r.in.len)
        turn = step(&r);
    enum parse status = turn == TURN_FULL ? PARSE_FULL : r.in.len ? PARSE_MORE : PARSE_OK;
    return (struct app_result){status, r.consumed};
}

/* ---- life ---- */

#define SETTINGS_TEXT_MAX 512

/* HTTP2-Settings (RFC 7540 section 3.2.1): the payload of a SETTINGS frame in base64url. */
static void read_upgrade_settings(struct run *r, struct str text)
{
    uint8_t coded[SETTINGS_TEXT_MAX], plain[SETTINGS_TEXT_MAX];
    struct base64_state state = {0};
    struct http2_tx *tx = connection_tx(r);
    if (!tx)
        return;
    struct http2_at at = {r->af, tx, DIR_TOSERVER};
    if (text.len > sizeof coded) {
        http2_event(&at, HTTP2_INVALID_HTTP1_SETTINGS);
        return;
    }
    for (size_t i = 0; i < text.len; i++)
        coded[i] = text.p[i] == '-' ? '+' : text.p[i] == '_' ? '/' : text.p[i];
    size_t len = base64_decode(&state, str_of(coded, text.len), plain);
    if (state.bad || len % 6)
        http2_event(&at, HTTP2_INVALID_HTTP1_SETTINGS);
    tx->frame_types[DIR_TOSERVER] |= 1u << HTTP2_SETTINGS;
    read_settings(&at, reader_of(str_of(plain, len)));
}

/* The request that asked for the upgrade is that of stream 1 (RFC 7540 section 3.2). */
static void take_legacy(struct run *r)
{
    struct reader legacy = reader_of(str_of(r->af->legacy->bytes, r->af->legacy->len));
    struct http2_tx *tx = stream_of(r, 1, HTTP2_HEADERS);
    struct str settings = STR_EMPTY;
    if (!tx)
        return;
    struct http2_at at = {r->af, tx, DIR_TOSERVER};
    struct http2_side *side = http2_side(&at);
    while (reader_left(&legacy)) {
        uint16_t name_len = reader_u16(&legacy), value_len = reader_u16(&legacy);
        struct str name = reader_str(&legacy, name_len), value = reader_str(&legacy, value_len);
        if (legacy.bad)
            break;
        if (str_eq_nocase(name, STR_LIT("http2-settings")))
            settings = value;
        else if (!http2_head_add(&side->head, r->af->mem, name, value))
            http2_event(&at, HTTP2_TOO_LONG_REPEATED_HEADERS);
    }
    tx->frame_types[DIR_TOSERVER] |= 1u << HTTP2_HEADERS;
    block_done(&at, true);
    if (settings.len)
        read_upgrade_settings(r, settings);
}

void http2_open(struct app_flow *af)
{
    struct http2_state *state = af->state;
    for (int dir = 0; dir < DIR_COUNT; dir++)
        hpack_init(&state->dir[dir].hpack);
    struct run r = {.af = af, .state = state, .d = &state->dir[DIR_TOSERVER]};
    if (af->legacy)
        take_legacy(&r);
}

void http2_close(struct app_flow *af)
{
    struct http2_state *state = af->state;
    for (int dir = 0; state && dir < DIR_COUNT; dir++) {
        hpack_fini(&state->dir[dir].hpack, af->mem);
        budget_give(af->mem, state->dir[dir].block, state->dir[dir].block_cap);
    }
}
