#include "engine/app/quic/quic.h"

#include "engine/app/quic/packet.h"

#define PORT_HTTP 80
#define PORT_HTTPS 443
#define FIXED_BIT 0x40
#define LONG_HEADER 0x80
#define FIRST_DATAGRAM_MIN 1200 /* RFC 9000 section 14.1: a client fills up its first packets */
#define SHORT_MIN 21            /* a byte, a packet number and what is sampled of the rest */

static const struct app_event_desc events[QUIC_EVENTS] = {
    [QUIC_FAILED_DECRYPT] = {"failed_decrypt"},
    [QUIC_ERROR_ON_DATA] = {"error_on_data"},
    [QUIC_CRYPTO_FRAG_TOO_LONG] = {"crypto_frag_too_long"},
};

/* ---- probe ---- */

/* On the port where it lives: any packet of any version, for there are many, and connections that began before we came. */
static bool may_be(struct str bytes, const struct quic_packet *p, bool read)
{
    uint8_t first = bytes.p[0];
    if ((first & (LONG_HEADER | FIXED_BIT)) == FIXED_BIT && bytes.len >= SHORT_MIN)
        return true;
    return read && (p->to.len <= QUIC_ID_MAX || p->type == QUIC_OTHER);
}

/* Elsewhere: a handshake of a version that we can read. */
static bool must_be(struct str bytes, enum dir dir, const struct quic_packet *p)
{
    struct str message;
    if (p->type == QUIC_GOOGLE)
        return quic_google_find(str_from(p->bytes, p->number_at), &message);
    bool filled = dir == DIR_TOCLIENT || bytes.len >= FIRST_DATAGRAM_MIN;
    return p->type == QUIC_INITIAL && filled && bytes.p[0] & FIXED_BIT;
}

static enum app_probe probe(struct str bytes, enum dir dir, uint16_t server_port)
{
    struct reader r = reader_of(bytes);
    struct quic_packet p;
    if (!bytes.len)
        return APP_PROBE_NO;
    bool read = quic_next_packet(&r, &p);
    bool home = server_port == PORT_HTTPS || server_port == PORT_HTTP;
    if (home && may_be(bytes, &p, read))
        return APP_PROBE_YES;
    return read && must_be(bytes, dir, &p) ? APP_PROBE_YES : APP_PROBE_NO;
}

/* ---- keys ---- */

static struct str id_of(const struct quic_secret *s)
{
    return str_of(s->id, s->id_len);
}

static void make_secret(uint32_t version, struct str id, struct quic_secret *out)
{
    out->version = version;
    out->id_len = (uint8_t)id.len;
    if (id.len)
        memcpy(out->id, id.p, id.len);
    for (int dir = 0; dir < DIR_COUNT; dir++)
        quic_keys_derive(version, id_of(out), (enum dir)dir, &out->keys[dir]);
}

static void keep_secret(struct quic_state *state, const struct quic_secret *s)
{
    memmove(&state->secrets[1], &state->secrets[0], (QUIC_SECRETS - 1) * sizeof *s);
    state->secrets[0] = *s;
}

/* A packet in work: what it is, whose, and where its payload goes. */
struct opening {
    struct quic_sealed sealed;
    enum dir dir;
    uint8_t *plain;
    size_t len;
};

static bool open_with(struct opening *o, const struct quic_secret *s)
{
    return quic_open(&s->keys[o->dir], &o->sealed, o->plain, &o->len);
}

static bool open_with_new(struct quic_state *state, struct opening *o, uint32_t version,
                          struct str id)
{
    struct quic_secret s;
    make_secret(version, id, &s);
    if (!open_with(o, &s))
        return false;
    keep_secret(state, &s);
    return true;
}

/* Keys in hand; the same in the version that the server chose (RFC 9369 section 4); those of the packet's own id, with which a
 * client begins, and begins again after a Retry. */
static bool open_packet(struct quic_state *state, const struct quic_packet *p, struct opening *o)
{
    bool tried = false;
    for (size_t i = 0; i < QUIC_SECRETS && state->secrets[i].version; i++) {
        struct quic_secret s = state->secrets[i];
        bool same = s.version == p->version;
        if (same ? open_with(o, &s) : open_with_new(state, o, p->version, id_of(&s)))
            return true;
        tried |= str_eq(id_of(&s), p->to);
    }
    return o->dir == DIR_TOSERVER && !tried && open_with_new(state, o, p->version, p->to);
}

/* ---- frames ---- */

enum frame_type {
    FRAME_PADDING = 0,
    FRAME_PING = 1,
    FRAME_ACK = 2,
    FRAME_ACK_ECN = 3,
    FRAME_CRYPTO = 6,
    FRAME_GOOGLE_PING = 7,
    FRAME_GOOGLE_CRYPTO = 8,
    FRAME_CLOSE = 0x1c
};

struct way {
    struct app_flow *af;
    struct quic_state *state;
    struct quic_tx *tx;
    enum dir dir;
};

/* RFC 9000 section 19.3. */
static void skip_ack(struct reader *r, bool with_ecn)
{
    quic_read_number(r);
    quic_read_number(r);
    uint64_t ranges = quic_read_number(r);
    quic_read_number(r);
    for (uint64_t i = 0; i < ranges && !r->bad; i++) {
        quic_read_number(r);
        quic_read_number(r);
    }
    for (int i = 0; i < 3 && with_ecn; i++)
        quic_read_number(r);
}

static void skip_close(struct reader *r)
{
    quic_read_number(r);
    quic_read_number(r);
    reader_skip(r, quic_read_number(r));
}

static void take_google(const struct way *w, struct str message)
{
    struct quic_tx *tx = w->tx;
    if (tx->bytes)
        return;
    tx->bytes = budget_alloc(w->af->mem, message.len);
    if (!tx->bytes)
        return;
    memcpy(tx->bytes, message.p, message.len);
    tx->cap = (uint32_t)message.len;
    tx->google = str_of(tx->bytes, message.len);
}

static void take_crypto(const struct way *w, struct reader *r)
{
    struct str message;
    uint64_t offset = quic_read_number(r);
    struct str bytes = reader_str(r, quic_read_number(r));
    if (r->bad)
        return;
    if (w->tx->version == QUIC_Q050) {
        if (quic_google_cut(bytes, &message))
            take_google(w, message);
        return;
    }
    switch (quic_gather_add(&w->state->gather[w->dir], w->af->mem, offset, bytes)) {
    case QUIC_TOO_LONG: app_event(w->af, &w->tx->tx, QUIC_CRYPTO_FRAG_TOO_LONG); break;
    case QUIC_ADDED:
    case QUIC_NO_ROOM: break;
    }
}

static void skip_padding(struct reader *r)
{
    while (reader_left(r) && r->p[r->at] == FRAME_PADDING)
        r->at++;
}

/* Q050's frames have Google's numbers; only those before its hello are known. */
static bool take_google_frame(const struct way *w, struct reader *r)
{
    switch (reader_u8(r)) {
    case FRAME_PADDING: skip_padding(r); break;
    case FRAME_GOOGLE_PING: break;
    case FRAME_GOOGLE_CRYPTO: take_crypto(w, r); break;
    default: reader_rest(r); break;
    }
    return true;
}

/* False: a damaged frame. Behind one that does not belong here (RFC 9000 section 12.4) nothing is read, as Suricata does it. */
static bool take_frame(const struct way *w, struct reader *r)
{
    switch (quic_read_number(r)) {
    case FRAME_PADDING: skip_padding(r); break;
    case FRAME_PING: break;
    case FRAME_ACK: skip_ack(r, false); break;
    case FRAME_ACK_ECN: skip_ack(r, true); break;
    case FRAME_CRYPTO: take_crypto(w, r); break;
    case FRAME_CLOSE: skip_close(r); break;
    default: reader_rest(r); break;
    }
    return !r->bad;
}

static void take_frames(const struct way *w, struct str payload)
{
    struct reader r = reader_of(payload);
    bool google = w->tx->version == QUIC_Q050;
    for (uint32_t i = 0; i < QUIC_FRAMES_MAX && !r.bad && reader_left(&r); i++)
        if (!(google ? take_google_frame(w, &r) : take_frame(w, &r))) {
            app_event(w->af, &w->tx->tx, QUIC_ERROR_ON_DATA);
            return;
        }
}

/* The hello goes to the transaction once all of it is there. */
static void take_hello(const struct way *w)
{
    struct quic_gather *g = &w->state->gather[w->dir];
    struct reader r = reader_of(quic_gather_head(g));
    struct hello hello;
    uint8_t type = reader_u8(&r);
    struct str body = reader_str(&r, reader_u24(&r));
    if (r.bad || w->tx->bytes)
        return;
    w->state->hello_done[w->dir] = true;
    if (type != (w->dir == DIR_TOSERVER ? 1 : 2) || !hello_read(body, w->dir, &hello)) {
        app_event(w->af, &w->tx->tx, QUIC_ERROR_ON_DATA);
        quic_gather_fini(g, w->af->mem);
        return;
    }
    w->tx->bytes = g->bytes;
    w->tx->cap = g->cap;
    w->tx->hello = body;
    *g = (struct quic_gather){0};
}

/* ---- packets ---- */

static void take_initial(const struct way *w, const struct quic_packet *p)
{
    struct opening o = {.sealed = {p->bytes, p->number_at}, .dir = w->dir};
    bool blind = w->dir == DIR_TOCLIENT && !w->state->secrets[0].version;
    if (blind) /* we came too late to know its keys */
        return;
    o.plain = arena_alloc(w->af->scratch, p->bytes.len);
    if (!o.plain)
        return;
    if (!open_packet(w->state, p, &o)) {
        app_event(w->af, &w->tx->tx, QUIC_FAILED_DECRYPT);
        return;
    }
    take_frames(w, str_of(o.plain, o.len));
    take_hello(w);
}

/* The client says its hello once more (RFC 9000 section 8.1.2). */
static void take_retry(const struct way *w)
{
    w->state->hello_done[DIR_TOSERVER] = false;
    quic_gather_fini(&w->state->gather[DIR_TOSERVER], w->af->mem);
}

static void take_packet(const struct way *w, const struct quic_packet *p)
{
    struct str message;
    w->tx->version = p->version;
    w->tx->old_header = p->old_header;
    w->tx->sender = w->dir;
    if (p->type == QUIC_INITIAL)
        take_initial(w, p);
    else if (p->type == QUIC_RETRY && w->dir == DIR_TOCLIENT)
        take_retry(w);
    else if (p->type == QUIC_GOOGLE && quic_google_find(str_from(p->bytes, p->number_at), &message))
        take_google(w, message);
    app_progress(&w->tx->tx, DIR_TOSERVER, TX_COMPLETE);
    app_progress(&w->tx->tx, DIR_TOCLIENT, TX_COMPLETE);
}

static struct app_result data(struct app_flow *af, enum dir dir, const struct app_chunk *chunk)
{
    struct app_result all = {PARSE_OK, (uint32_t)chunk->bytes.len};
    struct reader r = reader_of(chunk->bytes);
    struct way w = {.af = af, .state = af->state, .dir = dir};
    struct quic_packet p;
    for (uint32_t i = 0; i < QUIC_PACKETS_MAX && !w.state->hello_done[dir]; i++) {
        size_t begin = r.at;
        if (!quic_next_packet(&r, &p))
            break;
        if (!app_tx_room(af))
            return (struct app_result){PARSE_FULL, (uint32_t)begin};
        w.tx = (struct quic_tx *)app_tx_new(af, (uint8_t)DIR_BIT(dir));
        if (!w.tx)
            break;
        take_packet(&w, &p);
    }
    return all;
}

static void close_flow(struct app_flow *af)
{
    struct quic_state *state = af->state;
    for (int dir = 0; dir < DIR_COUNT; dir++)
        quic_gather_fini(&state->gather[dir], af->mem);
}

static void tx_free(struct app_flow *af, struct tx *tx)
{
    struct quic_tx *quic = (struct quic_tx *)tx;
    budget_give(af->mem, quic->bytes, quic->cap);
}

static enum dir log_dir(const struct tx *tx)
{
    return quic_tx_of(tx)->sender;
}

const struct app_parser quic_parser = {
    .proto = APP_QUIC,
    .udp = true,
    .probe = probe,
    .state_bytes = sizeof(struct quic_state),
    .data = data,
    .close = close_flow,
    .tx_free = tx_free,
    .tx_bytes = sizeof(struct quic_tx),
    .fields = {quic_fields, QUIC_FIELDS},
    .events = events,
    .event_count = QUIC_EVENTS,
    .events_small = true,
    .log = quic_log,
    .log_dir = log_dir,
};
