#include "engine/app/enip/enip.h"

#include "engine/app/enip/message.h"

#define PORT_ENIP 44818
#define OPTIONS_NONE 0

struct enip_state {
    uint32_t skip[DIR_COUNT]; /* bytes of a message that is longer than what is kept */
};

static const struct app_event_desc events[ENIP_EVENTS] = {
    [ENIP_TOO_MANY_TRANSACTIONS] = {"too_many_transactions"},
    [ENIP_INVALID_PDU] = {"invalid_pdu"},
};

/* ---- is it EtherNet/IP? ---- */

/* Lengths that the data of a command can have. */
static bool length_fits(const struct enip_head *head, enum dir dir)
{
    switch (head->command) {
    case ENIP_LIST_SERVICES:
    case ENIP_LIST_IDENTITY:
    case ENIP_LIST_INTERFACES: return dir == DIR_TOCLIENT ? head->data_len >= 2 : !head->data_len;
    case ENIP_REGISTER: return head->data_len == 4;
    case ENIP_UNREGISTER: return head->data_len == 0;
    case ENIP_SEND_RR_DATA:
    case ENIP_SEND_UNIT_DATA: return head->data_len >= 16;
    default: return false;
    }
}

/* Elsewhere the head must have nothing in it that a first message has not; NOP, which is all zero, is none. */
static bool head_is_likely(const struct enip_head *head, enum dir dir)
{
    bool session = head->command == ENIP_SEND_RR_DATA || head->command == ENIP_SEND_UNIT_DATA;
    return head->options == OPTIONS_NONE && head->status == 0 && length_fits(head, dir) &&
           (!session || head->session != 0);
}

static enum app_probe probe(struct str bytes, enum dir dir, uint16_t server_port)
{
    struct enip_head head;
    struct reader r = reader_of(bytes);
    uint16_t command = reader_u16_le(&r);
    if (r.bad)
        return APP_PROBE_MORE;
    if (!enip_name(enip_commands, command))
        return APP_PROBE_NO;
    if (!enip_read_head(bytes, &head))
        return APP_PROBE_MORE;
    if (server_port == PORT_ENIP)
        return enip_name(enip_statuses, head.status) ? APP_PROBE_YES : APP_PROBE_NO;
    return head_is_likely(&head, dir) ? APP_PROBE_YES : APP_PROBE_NO;
}

/* ---- transactions ---- */

static void complete(struct enip_tx *enip)
{
    app_progress(&enip->tx, DIR_TOSERVER, TX_COMPLETE);
    app_progress(&enip->tx, DIR_TOCLIENT, TX_COMPLETE);
}

static bool is_answered(uint16_t command)
{
    return command != ENIP_NOP && command != ENIP_UNREGISTER && command != ENIP_INDICATE_STATUS &&
           command != ENIP_CANCEL;
}

/* -1: there is none. */
static int service_of(const struct enip_parts *parts)
{
    struct cip cip;
    return parts->has_cip && enip_read_cip(parts->cip, &cip) ? cip.service : -1;
}

static bool belongs(const struct enip_tx *enip, const struct enip_head *response, int service)
{
    struct enip_head request;
    if (!enip_read_head(enip_bytes(&enip->tx, DIR_TOSERVER), &request) ||
        request.command != response->command)
        return false;
    if (request.command != ENIP_REGISTER && request.session != response->session)
        return false;
    return service < 0 || service == enip->service; /* an error of the envelope has none */
}

/* The oldest request that waits for this response; those before it were passed over. */
static struct enip_tx *find_request(const struct app_flow *af, const struct enip_parts *response)
{
    int service = service_of(response);
    struct tx *tx = af->first;
    while (tx && (tx->progress[DIR_TOCLIENT] == TX_COMPLETE ||
                  !belongs((const struct enip_tx *)tx, &response->head, service)))
        tx = tx->next;
    for (struct tx *old = af->first; tx && old != tx; old = old->next)
        complete((struct enip_tx *)old);
    return (struct enip_tx *)tx;
}

static void keep(struct app_flow *af, struct enip_tx *enip, enum dir dir, struct str bytes,
                 struct str cip)
{
    struct enip_side *side = &enip->sides[dir];
    side->bytes = budget_alloc(af->mem, bytes.len);
    if (!side->bytes)
        return;
    side->len = (uint32_t)bytes.len;
    memcpy(side->bytes, bytes.p, bytes.len);
    if (cip.len)
        enip_collect(af->mem, cip, side);
}

static void take_message(struct app_flow *af, enum dir dir, struct str bytes)
{
    struct enip_parts parts;
    bool good = enip_read(bytes, dir, &parts) && (!parts.has_cip || enip_cip_is_whole(parts.cip));
    struct enip_tx *enip = dir == DIR_TOCLIENT ? find_request(af, &parts) : NULL;
    if (!enip) {
        bool answered = dir == DIR_TOSERVER && is_answered(parts.head.command);
        enip = (struct enip_tx *)app_tx_new(af, answered ? DIR_BOTH : (uint8_t)DIR_BIT(dir));
        if (!enip)
            return;
        enip->service = service_of(&parts);
        keep(af, enip, dir, bytes, parts.cip);
        if (!answered)
            complete(enip);
    } else {
        keep(af, enip, dir, bytes, parts.cip);
    }
    app_progress(&enip->tx, dir, TX_COMPLETE);
    if (!good)
        app_event(af, &enip->tx, ENIP_INVALID_PDU);
}

/* ---- streams and datagrams ---- */

enum frame { FRAME_PDU, FRAMES };
static const struct app_frame_desc frames[FRAMES] = {[FRAME_PDU] = {"pdu"}};

static enum parse next_message(struct app_flow *af, enum dir dir, struct reader *r)
{
    struct enip_state *state = af->state;
    struct str rest = str_of(r->p + r->at, reader_left(r));
    struct enip_head head;
    if (!enip_read_head(rest, &head))
        return PARSE_MORE;
    uint32_t len = ENIP_HEAD_BYTES + head.data_len;
    uint32_t kept = len < ENIP_KEPT_MAX ? len : ENIP_KEPT_MAX;
    if (rest.len < kept)
        return PARSE_MORE;
    if (!app_tx_room(af))
        return PARSE_FULL;
    app_frame(af, NULL, FRAME_PDU, rest, len);
    take_message(af, dir, str_cut(rest, 0, kept));
    reader_skip(r, kept);
    state->skip[dir] = len - kept;
    return PARSE_OK;
}

static void skip_some(struct enip_state *state, enum dir dir, struct reader *r)
{
    size_t some = state->skip[dir] < reader_left(r) ? state->skip[dir] : reader_left(r);
    reader_skip(r, some);
    state->skip[dir] -= (uint32_t)some;
}

static struct app_result data(struct app_flow *af, enum dir dir, const struct app_chunk *chunk)
{
    struct reader r = reader_of(chunk->bytes);
    enum parse status = PARSE_OK;
    if (chunk->gap)
        return (struct app_result){PARSE_BAD, 0};
    skip_some(af->state, dir, &r);
    while (status == PARSE_OK && reader_left(&r)) {
        status = next_message(af, dir, &r);
        skip_some(af->state, dir, &r);
    }
    return (struct app_result){status, (uint32_t)r.at};
}

/* A datagram is one message; what stands behind it is not looked at. */
static struct app_result datagram(struct app_flow *af, enum dir dir, const struct app_chunk *chunk)
{
    struct str bytes = chunk->bytes;
    struct enip_head head;
    uint32_t all = (uint32_t)bytes.len;
    if (!enip_read_head(bytes, &head) || bytes.len < ENIP_HEAD_BYTES + (size_t)head.data_len)
        return (struct app_result){PARSE_OK, all};
    if (!app_tx_room(af))
        return (struct app_result){PARSE_FULL, 0};
    app_frame(af, NULL, FRAME_PDU, bytes, ENIP_HEAD_BYTES + (uint64_t)head.data_len);
    take_message(af, dir, str_cut(bytes, 0, ENIP_HEAD_BYTES + (size_t)head.data_len));
    return (struct app_result){PARSE_OK, all};
}

static void tx_free(struct app_flow *af, struct tx *tx)
{
    struct enip_tx *enip = (struct enip_tx *)tx;
    for (size_t dir = 0; dir < DIR_COUNT; dir++) {
        const struct enip_side *side = &enip->sides[dir];
        if (side->bytes)
            budget_give(af->mem, side->bytes, side->len);
        if (side->facts)
            budget_give(af->mem, side->facts, side->fact_cap * sizeof *side->facts);
    }
}

const struct app_parser enip_parser = {
    .proto = APP_ENIP,
    .tcp = true,
    .probe = probe,
    .state_bytes = sizeof(struct enip_state),
    .data = data,
    .tx_free = tx_free,
    .tx_bytes = sizeof(struct enip_tx),
    .fields = {enip_fields, ENIP_FIELDS},
    .events = events,
    .event_count = ENIP_EVENTS,
    .frames = frames,
    .frame_count = FRAMES,
    .events_small = true,
    .log = enip_log,
};

/* The fields are those of the row above. */
const struct app_parser enip_udp_parser = {
    .proto = APP_ENIP,
    .udp = true,
    .probe = probe,
    .data = datagram,
    .tx_free = tx_free,
    .tx_bytes = sizeof(struct enip_tx),
    .events = events,
    .event_count = ENIP_EVENTS,
    .frames = frames,
    .frame_count = FRAMES,
    .events_small = true,
    .log = enip_log,
};
