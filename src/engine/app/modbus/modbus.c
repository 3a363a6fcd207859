#include "engine/app/modbus/modbus.h"

#include "engine/app/modbus/message.h"

#define PORT_MODBUS 502

struct modbus_state {
    bool lost[DIR_COUNT]; /* where the next message begins is not known */
    uint32_t unanswered;
};

static const struct app_event_desc events[MODBUS_EVENTS] = {
    [MODBUS_INVALID_PROTOCOL_ID] = {"invalid_protocol_id"},
    [MODBUS_UNSOLICITED_RESPONSE] = {"unsolicited_response"},
    [MODBUS_INVALID_LENGTH] = {"invalid_length"},
    [MODBUS_INVALID_UNIT_IDENTIFIER] = {"invalid_unit_identifier"},
    [MODBUS_INVALID_FUNCTION_CODE] = {"invalid_function_code"},
    [MODBUS_INVALID_VALUE] = {"invalid_value"},
    [MODBUS_INVALID_EXCEPTION_CODE] = {"invalid_exception_code"},
    [MODBUS_VALUE_MISMATCH] = {"value_mismatch"},
    [MODBUS_FLOODED] = {"flooded"},
};

struct head {
    uint16_t transaction, protocol, length;
    uint8_t unit;
};

static struct head read_head(struct reader *r)
{
    struct head head = {.transaction = reader_u16(r)};
    head.protocol = reader_u16(r);
    head.length = reader_u16(r);
    head.unit = reader_u8(r);
    return head;
}

static bool length_fits(const struct head *head)
{
    return head->length >= MODBUS_LENGTH_MIN && head->length <= MODBUS_PDU_MAX + 1;
}

/* ---- is it Modbus? ---- */

/* Can a message that a peer knows begin here? Whatever is there of it counts. */
static enum app_probe can_begin(struct str bytes)
{
    struct reader r = reader_of(bytes);
    if (bytes.len > 2 && bytes.p[2])
        return APP_PROBE_NO;
    if (bytes.len > 3 && bytes.p[3])
        return APP_PROBE_NO;
    if (bytes.len > 4 && bytes.p[4])
        return APP_PROBE_NO;
    struct head head = read_head(&r);
    if (bytes.len >= 6 && !length_fits(&head))
        return APP_PROBE_NO;
    uint8_t function = reader_u8(&r);
    if (r.bad)
        return APP_PROBE_MORE;
    return modbus_function_known(function) ? APP_PROBE_YES : APP_PROBE_NO;
}

/* On other ports the first message must be without a fault, and one that can be told from something else. */
static enum app_probe is_faultless(struct str bytes, enum dir dir)
{
    struct reader r = reader_of(bytes);
    struct head head = read_head(&r);
    struct modbus_parts parts;
    size_t len = head.length - 1u;
    if (reader_left(&r) < len)
        return APP_PROBE_MORE;
    uint8_t pdu[MODBUS_PDU_MAX];
    memcpy(pdu, bytes.p + MODBUS_HEAD_BYTES, len);
    const struct modbus_side side = {.pdu = pdu, .pdu_len = (uint32_t)len};
    modbus_read(&side, dir, &parts);
    return !parts.errors && parts.shape != MODBUS_SHAPE_ANY ? APP_PROBE_YES : APP_PROBE_NO;
}

static enum app_probe probe(struct str bytes, enum dir dir, uint16_t server_port)
{
    enum app_probe begins = can_begin(bytes);
    if (begins != APP_PROBE_YES || server_port == PORT_MODBUS)
        return begins;
    return is_faultless(bytes, dir);
}

/* ---- transactions ---- */

static void complete(struct modbus_tx *modbus)
{
    app_progress(&modbus->tx, DIR_TOSERVER, TX_COMPLETE);
    app_progress(&modbus->tx, DIR_TOCLIENT, TX_COMPLETE);
}

static void tell_errors(struct app_flow *af, struct tx *tx, uint8_t errors)
{
    static const struct {
        enum modbus_error error;
        enum modbus_event event;
    } rows[] = {
        {MODBUS_PROTO_ID, MODBUS_INVALID_PROTOCOL_ID},
        {MODBUS_DATA_LENGTH, MODBUS_INVALID_LENGTH},
        {MODBUS_FUNC_CODE, MODBUS_INVALID_FUNCTION_CODE},
        {MODBUS_DATA_VALUE, MODBUS_INVALID_VALUE},
        {MODBUS_EXC_CODE, MODBUS_INVALID_EXCEPTION_CODE},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (errors & rows[i].error)
            app_event(af, tx, rows[i].event);
}

static void keep(struct app_flow *af, struct modbus_side *side, const struct head *head,
                 struct str pdu)
{
    side->seen = true;
    side->transaction = head->transaction;
    side->protocol = head->protocol;
    side->unit = head->unit;
    side->pdu = pdu.len ? budget_alloc(af->mem, pdu.len) : NULL;
    side->damaged = !side->pdu;
    if (!side->pdu)
        return;
    side->pdu_len = (uint32_t)pdu.len;
    memcpy(side->pdu, pdu.p, pdu.len);
}

static bool belongs(const struct modbus_side *request, const struct modbus_side *response)
{
    return request->seen && request->transaction == response->transaction &&
           request->unit == response->unit && request->code == response->code &&
           (!request->has_sub || !response->has_sub || request->sub == response->sub);
}

/* Reads what was kept, and notes what a request and its response have in common. */
static void read_side(struct modbus_side *side, enum dir dir, struct modbus_parts *parts)
{
    modbus_read(side, dir, parts);
    side->code = parts->code;
    side->has_sub = parts->has_sub;
    side->sub = parts->sub;
}

/* The oldest request that waits for this response. */
static struct modbus_tx *find_request(const struct app_flow *af, const struct modbus_side *response)
{
    struct tx *tx = af->first;
    while (tx && (tx->progress[DIR_TOCLIENT] == TX_COMPLETE ||
                  !belongs(&((const struct modbus_tx *)tx)->sides[DIR_TOSERVER], response)))
        tx = tx->next;
    return (struct modbus_tx *)tx;
}

static void take_request(struct app_flow *af, const struct head *head, struct str pdu)
{
    struct modbus_state *state = af->state;
    struct modbus_tx *modbus =
        (struct modbus_tx *)app_tx_new(af, pdu.len ? DIR_BOTH : (uint8_t)DIR_BIT(DIR_TOSERVER));
    struct modbus_side *side = modbus ? &modbus->sides[DIR_TOSERVER] : NULL;
    struct modbus_parts parts;
    uint32_t flood = af->conf->modbus_flood;
    if (!side)
        return;
    keep(af, side, head, pdu);
    read_side(side, DIR_TOSERVER, &parts);
    tell_errors(af, &modbus->tx, parts.errors);
    if (state->unanswered < UINT32_MAX && pdu.len)
        state->unanswered++;
    if (flood && state->unanswered == flood + 1)
        app_event(af, &modbus->tx, MODBUS_FLOODED);
    app_progress(&modbus->tx, DIR_TOSERVER, TX_COMPLETE);
    if (!pdu.len)
        complete(modbus);
}

static void take_response(struct app_flow *af, const struct head *head, struct str pdu)
{
    struct modbus_state *state = af->state;
    struct modbus_side side = {0};
    struct modbus_parts parts, asked;
    keep(af, &side, head, pdu);
    read_side(&side, DIR_TOCLIENT, &parts);
    struct modbus_tx *modbus = side.damaged ? NULL : find_request(af, &side);
    bool solicited = modbus != NULL;
    if (!modbus)
        modbus = (struct modbus_tx *)app_tx_new(af, (uint8_t)DIR_BIT(DIR_TOCLIENT));
    if (!modbus) {
        if (side.pdu)
            budget_give(af->mem, side.pdu, side.pdu_len);
        return;
    }
    if (solicited) {
        modbus_read(&modbus->sides[DIR_TOSERVER], DIR_TOSERVER, &asked);
        side.differs = !modbus_agree(&asked, &parts);
        state->unanswered -= state->unanswered > 0;
    } else {
        app_event(af, &modbus->tx, MODBUS_UNSOLICITED_RESPONSE);
    }
    modbus->sides[DIR_TOCLIENT] = side;
    if (side.differs)
        app_event(af, &modbus->tx, MODBUS_VALUE_MISMATCH);
    else
        tell_errors(af, &modbus->tx, parts.errors);
    complete(modbus);
}

/* ---- streams ---- */

/* Passes over what cannot be the beginning of a message. */
static enum parse find_begin(struct modbus_state *state, enum dir dir, struct reader *r)
{
    while (reader_left(r)) {
        enum app_probe begins = can_begin(str_of(r->p + r->at, reader_left(r)));
        if (begins == APP_PROBE_MORE)
            return PARSE_MORE;
        if (begins == APP_PROBE_YES) {
            state->lost[dir] = false;
            return PARSE_OK;
        }
        reader_skip(r, 1);
    }
    return PARSE_OK;
}

static void take(struct app_flow *af, enum dir dir, const struct head *head, struct str pdu)
{
    if (dir == DIR_TOSERVER)
        take_request(af, head, pdu);
    else
        take_response(af, head, pdu);
}

static enum parse next_message(struct app_flow *af, enum dir dir, struct reader *r)
{
    struct modbus_state *state = af->state;
    struct reader look = *r;
    if (state->lost[dir])
        return find_begin(state, dir, r);
    struct head head = read_head(&look);
    if (look.bad)
        return PARSE_MORE;
    bool fits = length_fits(&head);
    struct str pdu = fits ? reader_str(&look, head.length - 1u) : str_of(NULL, 0);
    if (look.bad)
        return PARSE_MORE;
    if (!app_tx_room(af))
        return PARSE_FULL;
    take(af, dir, &head, pdu);
    state->lost[dir] = !fits;
    *r = look;
    return PARSE_OK;
}

static struct app_result data(struct app_flow *af, enum dir dir, const struct app_chunk *chunk)
{
    struct modbus_state *state = af->state;
    struct reader r = reader_of(chunk->bytes);
    enum parse status = PARSE_OK;
    if (chunk->gap)
        state->lost[dir] = true;
    while (status == PARSE_OK && reader_left(&r))
        status = next_message(af, dir, &r);
    return (struct app_result){status, (uint32_t)r.at};
}

static void tx_free(struct app_flow *af, struct tx *tx)
{
    struct modbus_tx *modbus = (struct modbus_tx *)tx;
    for (size_t dir = 0; dir < DIR_COUNT; dir++)
        if (modbus->sides[dir].pdu)
            budget_give(af->mem, modbus->sides[dir].pdu, modbus->sides[dir].pdu_len);
}

const struct app_parser modbus_parser = {
    .proto = APP_MODBUS,
    .tcp = true,
    .probe = probe,
    .state_bytes = sizeof(struct modbus_state),
    .data = data,
    .tx_free = tx_free,
    .tx_bytes = sizeof(struct modbus_tx),
    .fields = {modbus_fields, MODBUS_FIELDS},
    .events = events,
    .event_count = MODBUS_EVENTS,
    .events_small = true,
    .log = modbus_log,
};
