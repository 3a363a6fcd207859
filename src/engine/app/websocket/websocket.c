#include "engine/app/websocket/websocket.h"

#include "base/reader.h"
#include "engine/content/content.h"

#define WEBSOCKET_PAYLOAD_MAX 65535u /* Suricata's max-payload-size */

#define FLAG_FIN 0x80u
#define FLAG_COMPRESSED 0x40u /* RSV1, of a message's first frame (RFC 7692 section 6) */
#define FLAGS 0xf0u
#define OPCODE_CONTROL 0x08u /* and those above it: never in pieces (RFC 6455 section 5.5) */

enum websocket_event { SKIP_END_OF_PAYLOAD, REASSEMBLY_LIMIT_REACHED, EVENT_COUNT };

enum websocket_frame { FRAME_HEADER, FRAME_PDU, FRAME_DATA };

static const struct app_event_desc events[EVENT_COUNT] = {
    [SKIP_END_OF_PAYLOAD] = {"skip_end_of_payload"},
    [REASSEMBLY_LIMIT_REACHED] = {"reassembly_limit_reached"},
};

static const struct app_frame_desc frames[] = {
    [FRAME_HEADER] = {"header"}, [FRAME_PDU] = {"pdu"}, [FRAME_DATA] = {"data"}};

/* Bytes that grow up to WEBSOCKET_PAYLOAD_MAX. */
struct bytes {
    uint8_t *p;
    uint32_t len, cap;
};

struct websocket_tx {
    struct tx tx; /* first */
    uint8_t flags, opcode;
    bool has_mask;
    uint32_t mask;
    struct bytes payload;
};

struct websocket_dir {
    uint64_t left;           /* of the frame in work */
    uint64_t at;             /* in its payload */
    struct websocket_tx *tx; /* NULL: between frames, or there was no memory for one */
    bool in_frame;
    struct bytes message;  /* the frames of a message that is not over */
    bool compressed;       /* as its first frame says */
    struct unzip *inflate; /* goes on from message to message */
};

struct websocket_state {
    struct websocket_dir dir[DIR_COUNT];
};

static void bytes_free(struct bytes *b, struct budget *mem)
{
    budget_give(mem, b->p, b->cap);
    *b = (struct bytes){0};
}

/* False: not all of it is kept. */
static bool bytes_add(struct bytes *b, struct budget *mem, struct str s)
{
    bool fits = s.len <= WEBSOCKET_PAYLOAD_MAX - b->len;
    uint32_t len = fits ? (uint32_t)s.len : WEBSOCKET_PAYLOAD_MAX - b->len;
    if (!budget_grow(mem, &b->p, &b->cap, b->len + len, 1))
        return false;
    if (len)
        memcpy(b->p + b->len, s.p, len);
    b->len += len;
    return fits;
}

/* ---- messages ---- */

struct inflating {
    struct app_flow *af;
    struct bytes out;
    bool cut;
};

static void inflated(void *owner, struct str bytes)
{
    struct inflating *i = owner;
    i->cut |= !bytes_add(&i->out, i->af->mem, bytes);
}

/* RFC 7692 section 7.2.2: what the sender took away from the end is put back. A message that cannot be inflated stays as it came. */
static void inflate_message(struct app_flow *af, struct websocket_dir *d, struct websocket_tx *tx)
{
    struct inflating work = {.af = af};
    if (!d->inflate)
        d->inflate = unzip_new(af->mem, UNZIP_RAW, 0);
    if (!d->inflate)
        return;
    enum unzip_status status =
        unzip_add(d->inflate, str_of(tx->payload.p, tx->payload.len), inflated, &work);
    if (status == UNZIP_OK)
        status = unzip_add(d->inflate, str_of("\0\0\xff\xff", 4), inflated, &work);
    if (status != UNZIP_OK) { /* a last block: the next message begins anew */
        unzip_free(d->inflate, af->mem);
        d->inflate = NULL;
    }
    if (work.cut)
        app_event(af, &tx->tx, SKIP_END_OF_PAYLOAD);
    if (!work.out.len) {
        bytes_free(&work.out, af->mem);
        return;
    }
    bytes_free(&tx->payload, af->mem);
    tx->payload = work.out;
}

/* A frame of a message is complete; the last one gets all of it. */
static void join_message(struct app_flow *af, struct websocket_dir *d, struct websocket_tx *tx)
{
    bool fin = tx->flags & FLAG_FIN;
    if (tx->opcode != 0) {
        bytes_free(&d->message, af->mem);
        d->compressed = tx->flags & FLAG_COMPRESSED;
    }
    if (!fin || tx->opcode == 0) {
        if (!bytes_add(&d->message, af->mem, str_of(tx->payload.p, tx->payload.len)))
            app_event(af, &tx->tx, REASSEMBLY_LIMIT_REACHED);
    }
    if (!fin)
        return;
    if (tx->opcode == 0) {
        bytes_free(&tx->payload, af->mem);
        tx->payload = d->message;
        d->message = (struct bytes){0};
    }
    if (d->compressed)
        inflate_message(af, d, tx);
    d->compressed = false;
}

static void end_frame(struct app_flow *af, struct websocket_dir *d)
{
    struct websocket_tx *tx = d->tx;
    d->in_frame = false;
    d->tx = NULL;
    if (!tx)
        return;
    if (tx->opcode < OPCODE_CONTROL)
        join_message(af, d, tx);
    app_progress(&tx->tx, DIR_TOSERVER, TX_COMPLETE);
    app_progress(&tx->tx, DIR_TOCLIENT, TX_COMPLETE);
}

/* ---- frames ---- */

#define UNMASK_STEP 512u

static void add_payload(struct app_flow *af, struct websocket_dir *d, struct str bytes)
{
    struct websocket_tx *tx = d->tx;
    uint8_t plain[UNMASK_STEP];
    bool whole = true;
    while (tx && bytes.len && whole) {
        struct str part = str_cut(bytes, 0, sizeof plain);
        for (size_t i = 0; i < part.len; i++)
            plain[i] = part.p[i] ^ (uint8_t)(tx->mask >> (24 - 8 * ((d->at + i) % 4)));
        whole = bytes_add(&tx->payload, af->mem, str_of(plain, part.len));
        d->at += part.len;
        bytes = str_from(bytes, part.len);
    }
    if (!whole)
        app_event(af, &tx->tx, SKIP_END_OF_PAYLOAD);
    d->at += bytes.len;
}

/* Section 5.2. Returns the header's length; 0: it is not whole. */
static uint32_t begin_frame(struct app_flow *af, enum dir dir, struct websocket_dir *d,
                            struct str in)
{
    struct reader r = reader_of(in);
    uint8_t first = reader_u8(&r), second = reader_u8(&r);
    uint64_t len = second & 0x7f;
    if (len == 126)
        len = reader_u16(&r);
    else if (len == 127)
        len = reader_u64(&r);
    uint32_t mask = second & 0x80 ? reader_u32(&r) : 0;
    if (r.bad)
        return 0;
    d->in_frame = true;
    d->left = len;
    d->at = 0;
    d->tx = (struct websocket_tx *)app_tx_new(af, (uint8_t)DIR_BIT(dir));
    if (d->tx) {
        d->tx->flags = first & FLAGS;
        d->tx->opcode = first & 0x0f;
        d->tx->has_mask = second & 0x80;
        d->tx->mask = mask;
    }
    const struct tx *tx = d->tx ? &d->tx->tx : NULL;
    uint64_t pdu = len > APP_FRAME_OPEN - 1 - r.at ? APP_FRAME_OPEN - 1 : r.at + len;
    app_frame(af, tx, FRAME_HEADER, in, r.at);
    app_frame(af, tx, FRAME_PDU, in, pdu);
    app_frame(af, tx, FRAME_DATA, str_from(in, r.at), len);
    return (uint32_t)r.at;
}

/* Behind a hole in a payload the frame goes on; elsewhere nothing tells where the next one begins. */
static struct app_result pass_gap(struct app_flow *af, struct websocket_dir *d, uint32_t gap)
{
    if (!d->in_frame || gap > d->left)
        return (struct app_result){PARSE_BAD, 0};
    d->left -= gap;
    d->at += gap;
    if (!d->left)
        end_frame(af, d);
    return (struct app_result){PARSE_OK, 0};
}

static struct app_result data(struct app_flow *af, enum dir dir, const struct app_chunk *chunk)
{
    struct websocket_state *state = af->state;
    struct websocket_dir *d = &state->dir[dir];
    struct str in = chunk->bytes;
    uint32_t consumed = 0;
    if (chunk->gap)
        return pass_gap(af, d, chunk->gap);
    while (in.len) {
        uint32_t bytes;
        if (!d->in_frame) {
            if (!app_tx_room(af))
                return (struct app_result){PARSE_FULL, consumed};
            bytes = begin_frame(af, dir, d, in);
            if (!bytes)
                return (struct app_result){PARSE_MORE, consumed};
        } else {
            bytes = in.len < d->left ? (uint32_t)in.len : (uint32_t)d->left;
            add_payload(af, d, str_cut(in, 0, bytes));
            d->left -= bytes;
        }
        in = str_from(in, bytes);
        consumed += bytes;
        if (!d->left)
            end_frame(af, d);
    }
    return (struct app_result){PARSE_OK, consumed};
}

/* ---- life ---- */

static void close_state(struct app_flow *af)
{
    struct websocket_state *state = af->state;
    for (int dir = 0; state && dir < DIR_COUNT; dir++) {
        bytes_free(&state->dir[dir].message, af->mem);
        unzip_free(state->dir[dir].inflate, af->mem);
    }
}

static void tx_free(struct app_flow *af, struct tx *tx)
{
    struct websocket_state *state = af->state;
    struct websocket_tx *ws = (struct websocket_tx *)tx;
    for (int dir = 0; state && dir < DIR_COUNT; dir++)
        if (state->dir[dir].tx == ws)
            state->dir[dir].tx = NULL;
    bytes_free(&ws->payload, af->mem);
}

static enum dir log_dir(const struct tx *tx)
{
    return tx->dirs & DIR_BIT(DIR_TOCLIENT) ? DIR_TOCLIENT : DIR_TOSERVER;
}

/* ---- what rules ask, and the record ---- */

static const struct websocket_tx *tx_of(const struct tx *tx)
{
    return (const struct websocket_tx *)tx;
}

static bool get_payload(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a,
                        struct str *out)
{
    *out = str_of(tx_of(tx)->payload.p, tx_of(tx)->payload.len);
    return out->len > 0;
}

static bool get_flags(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    *out = tx_of(tx)->flags;
    return index == 0;
}

static bool get_mask(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    *out = tx_of(tx)->mask;
    return index == 0 && tx_of(tx)->has_mask;
}

static bool get_opcode(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    *out = tx_of(tx)->opcode;
    return index == 0;
}

/* Section 11.8, as Suricata names them */
static const struct number_word opcodes[] = {
    {"continuation", 0},    {"text", 1}, {"binary", 2}, {"connection_close", 8},
    {"connectionclose", 8}, {"ping", 9}, {"pong", 10},  {NULL, 0},
};

#define ROW(word, ...)                                          \
    {                                                           \
        .name = word, .proto = APP_WEBSOCKET, .dirs = DIR_BOTH, \
        .ready_at = {TX_COMPLETE, TX_COMPLETE}, __VA_ARGS__     \
    }

static const struct field_desc fields[] = {
    ROW("websocket.payload", .kind = FIELD_BYTES, .bytes = get_payload),
    ROW("websocket.flags", .kind = FIELD_UINT, .number = get_flags),
    ROW("websocket.mask", .kind = FIELD_UINT, .number = get_mask),
    ROW("websocket.opcode", .kind = FIELD_UINT, .number = get_opcode, .words = opcodes),
};

static void log_record(const struct tx *tx, const struct app_conf *conf, struct json *out)
{
    const struct websocket_tx *ws = tx_of(tx);
    json_bool(out, "fin", ws->flags & FLAG_FIN);
    if (ws->has_mask)
        json_uint(out, "mask", ws->mask);
    for (const struct number_word *w = opcodes; w->name; w++)
        if (w->number == ws->opcode) {
            json_text(out, "opcode", w->name);
            return;
        }
    char number[16];
    struct buf b = buf_fixed(number, sizeof number);
    buf_add_c(&b, "unknown-");
    buf_add_decimal(&b, ws->opcode);
    json_bytes(out, "opcode", buf_str(&b));
}

const struct app_parser websocket_parser = {
    .proto = APP_WEBSOCKET,
    .tcp = true,
    .state_bytes = sizeof(struct websocket_state),
    .data = data,
    .close = close_state,
    .tx_free = tx_free,
    .tx_bytes = sizeof(struct websocket_tx),
    .fields = {fields, ARRAY_COUNT(fields)},
    .events = events,
    .event_count = EVENT_COUNT,
    .frames = frames,
    .frame_count = ARRAY_COUNT(frames),
    .log = log_record,
    .log_dir = log_dir,
};
