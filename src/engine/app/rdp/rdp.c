#include "engine/app/rdp/rdp.h"

#include "base/arena.h"
#include "engine/app/rdp/message.h"

#define PORT_RDP 3389
#define TPKT_VERSION 3
#define TPKT_BYTES 4 /* RFC 1006 */
#define X224_HEAD 7  /* length, code, two references, class */
#define X224_REQUEST 0xe0
#define X224_CONFIRM 0xd0
#define X224_DATA 0xf0
#define TLS_HANDSHAKE 22
#define TLS_RECORD_HEAD 5
#define TLS_CERTIFICATE 11

struct rdp_state {
    bool over; /* what follows passes unread */
    bool tls;  /* the client has begun TLS */
};

/* ---- is it RDP? ---- */

/* One TPKT (RFC 1006 section 6) with an X.224 request or confirmation (X.224 section 13). Elsewhere than on RDP's port it must say
 * something of RDP: others use these, too (RFC 2126). */
static enum app_probe probe(struct str bytes, enum dir dir, uint16_t server_port)
{
    struct reader r = reader_of(bytes);
    (void)dir;
    uint8_t version = reader_u8(&r), reserved = reader_u8(&r);
    if ((bytes.len >= 1 && version != TPKT_VERSION) || (bytes.len >= 2 && reserved != 0))
        return APP_PROBE_NO;
    uint16_t len = reader_u16(&r);
    uint8_t indicator = reader_u8(&r), code = reader_u8(&r);
    bool request = code == X224_REQUEST;
    if (r.bad)
        return APP_PROBE_MORE;
    if ((!request && code != X224_CONFIRM) || indicator < X224_HEAD - 1 ||
        len < TPKT_BYTES + 1u + indicator)
        return APP_PROBE_NO;
    if (server_port == PORT_RDP)
        return APP_PROBE_YES;
    if (bytes.len < TPKT_BYTES + 1u + indicator)
        return APP_PROBE_MORE;
    struct str data = str_cut(bytes, TPKT_BYTES + X224_HEAD, TPKT_BYTES + 1u + indicator);
    struct rdp_negotiation n = rdp_read_negotiation(data, request);
    return n.cookie.p || n.type ? APP_PROBE_YES : APP_PROBE_NO;
}

/* ---- messages ---- */

static void take(struct app_flow *af, enum dir dir, enum rdp_kind kind, struct str bytes)
{
    struct rdp_tx *rdp = (struct rdp_tx *)app_tx_new(af, (uint8_t)DIR_BIT(dir));
    if (!rdp)
        return;
    rdp->kind = kind;
    rdp->bytes = bytes.len ? budget_alloc(af->mem, bytes.len) : NULL;
    if (rdp->bytes) {
        memcpy(rdp->bytes, bytes.p, bytes.len);
        rdp->len = (uint32_t)bytes.len;
    }
    app_progress(&rdp->tx, DIR_TOSERVER, TX_COMPLETE);
    app_progress(&rdp->tx, DIR_TOCLIENT, TX_COMPLETE);
}

/* X.224's data: MCS (T.125). */
static void take_data(struct app_flow *af, enum dir dir, struct str mcs)
{
    struct rdp_state *state = af->state;
    struct str blocks, core, channels;
    struct rdp_client client;
    if (dir == DIR_TOCLIENT) {
        if (str_starts(mcs, STR_LIT("\x7f\x66")))
            take(af, dir, RDP_CONNECT_RESPONSE, STR_EMPTY);
        state->over = true;
        return;
    }
    if (rdp_client_blocks(mcs, &blocks) && blocks.len &&
        rdp_read_blocks(blocks, &core, &channels) && (!core.p || rdp_read_client(core, &client)))
        take(af, dir, RDP_CONNECT_REQUEST, blocks);
}

/* One packet behind TPKT's head. */
static void take_packet(struct app_flow *af, enum dir dir, struct str packet)
{
    struct rdp_state *state = af->state;
    struct reader r = reader_of(packet);
    uint8_t indicator = reader_u8(&r), code = reader_u8(&r);
    bool asks = code == X224_REQUEST && dir == DIR_TOSERVER;
    bool confirms = code == X224_CONFIRM && dir == DIR_TOCLIENT;
    if (!r.bad && code == X224_DATA && indicator == 2) {
        reader_skip(&r, 1);
        take_data(af, dir, reader_rest(&r));
    } else if (!r.bad && (asks || confirms) && indicator >= X224_HEAD - 1 &&
               packet.len > indicator) {
        take(af, dir, asks ? RDP_INITIAL_REQUEST : RDP_INITIAL_RESPONSE,
             str_cut(packet, X224_HEAD, 1u + indicator));
    } else {
        state->over = true;
    }
}

/* ---- TLS ---- */

/* The bytes of handshake messages in the records that begin `bytes`. */
static struct str handshake_bytes(struct app_flow *af, struct str bytes, bool *ended)
{
    struct reader r = reader_of(bytes);
    uint8_t *joined = arena_alloc(af->scratch, bytes.len);
    size_t len = 0;
    *ended = !joined;
    while (joined && reader_left(&r)) {
        uint8_t type = reader_u8(&r);
        reader_skip(&r, 2);
        uint16_t size = reader_u16(&r);
        if (type != TLS_HANDSHAKE) {
            *ended = true;
            break;
        }
        if (r.bad)
            break;
        struct str part = reader_str(&r, size < reader_left(&r) ? size : reader_left(&r));
        memcpy(joined + len, part.p, part.len);
        len += part.len;
    }
    return str_of(joined, len);
}

/* RFC 5246 section 7.4: waits for the server's certificates, and passes all else. */
static enum parse server_tls(struct app_flow *af, struct str bytes)
{
    struct rdp_state *state = af->state;
    bool ended;
    struct reader r = reader_of(handshake_bytes(af, bytes, &ended));
    while (reader_left(&r) >= 4) {
        uint8_t type = reader_u8(&r);
        uint32_t len = reader_u24(&r);
        struct str body = reader_str(&r, len);
        if (r.bad)
            break;
        if (type != TLS_CERTIFICATE)
            continue;
        struct reader list = reader_of(body);
        uint32_t list_len = reader_u24(&list);
        if (!app_tx_room(af))
            return PARSE_FULL;
        take(af, DIR_TOCLIENT, RDP_TLS_HANDSHAKE, reader_str(&list, list_len));
        state->over = true;
        return PARSE_OK;
    }
    state->over = ended || bytes.len > RDP_MESSAGE_MAX;
    return state->over ? PARSE_OK : PARSE_MORE;
}

/* ---- the stream ---- */

static enum parse next_packet(struct app_flow *af, enum dir dir, struct reader *r)
{
    struct rdp_state *state = af->state;
    struct str rest = str_from(str_of(r->p, r->len), r->at);
    if (rest.p[0] == TLS_HANDSHAKE || (state->tls && dir == DIR_TOCLIENT)) {
        state->tls = true;
        enum parse status = dir == DIR_TOCLIENT ? server_tls(af, rest) : PARSE_OK;
        if (status == PARSE_OK)
            reader_skip(r, rest.len);
        return status;
    }
    uint8_t version = reader_u8(r), reserved = reader_u8(r);
    uint16_t len = reader_u16(r);
    if (version != TPKT_VERSION || (rest.len > 1 && reserved) ||
        (rest.len >= TPKT_BYTES && len < TPKT_BYTES) || len > RDP_MESSAGE_MAX) {
        state->over = true;
        return PARSE_OK;
    }
    if (r->bad || rest.len < len)
        return PARSE_MORE;
    if (!app_tx_room(af))
        return PARSE_FULL;
    take_packet(af, dir, reader_str(r, len - TPKT_BYTES));
    return PARSE_OK;
}

static struct app_result data(struct app_flow *af, enum dir dir, const struct app_chunk *chunk)
{
    struct rdp_state *state = af->state;
    struct reader r = reader_of(chunk->bytes);
    enum parse status = PARSE_OK;
    uint32_t consumed = 0;
    state->over |= chunk->gap > 0;
    /* What the client sends behind its beginning of TLS says nothing more. */
    bool passes = dir == DIR_TOSERVER && state->tls;
    while (status == PARSE_OK && reader_left(&r) && !state->over && !passes) {
        status = next_packet(af, dir, &r);
        if (status == PARSE_OK)
            consumed = (uint32_t)r.at;
    }
    if (state->over || passes)
        return (struct app_result){PARSE_OK, (uint32_t)chunk->bytes.len};
    return (struct app_result){status, consumed};
}

static void tx_free(struct app_flow *af, struct tx *tx)
{
    struct rdp_tx *rdp = (struct rdp_tx *)tx;
    budget_give(af->mem, rdp->bytes, rdp->len);
}

/* As Suricata, which writes a record with the packet that acknowledges the message. */
static enum dir log_dir(const struct tx *tx)
{
    return tx->dirs & DIR_BIT(DIR_TOSERVER) ? DIR_TOCLIENT : DIR_TOSERVER;
}

const struct app_parser rdp_parser = {
    .proto = APP_RDP,
    .tcp = true,
    .probe = probe,
    .state_bytes = sizeof(struct rdp_state),
    .data = data,
    .tx_free = tx_free,
    .tx_bytes = sizeof(struct rdp_tx),
    .log = rdp_log,
    .log_dir = log_dir,
};
