#include "engine/app/rfb/rfb.h"

#include "base/reader.h"
#include "engine/app/rfb/message.h"

enum {
    UNIMPLEMENTED_SECURITY_TYPE,
    UNKNOWN_SECURITY_RESULT,
    MALFORMED_MESSAGE,
    CONFUSED_STATE,
    TOO_LONG_STRING
};

static const struct app_event_desc events[] = {
    [UNIMPLEMENTED_SECURITY_TYPE] = {"unimplemented_security_type"},
    [UNKNOWN_SECURITY_RESULT] = {"unknown_security_result"},
    [MALFORMED_MESSAGE] = {"malformed_message"},
    [CONFUSED_STATE] = {"confused_state"},
    [TOO_LONG_STRING] = {"too_long_string"},
};

/* What is expected next. */
enum step {
    SERVER_VERSION,
    CLIENT_VERSION,
    SERVER_TYPE,  /* the server decides: RFC 6143 appendix A, version 3.3 */
    SERVER_TYPES, /* section 7.1.2 */
    CLIENT_TYPE,
    CHALLENGE,
    RESPONSE,
    RESULT,
    REASON,
    CLIENT_INIT,
    SERVER_INIT,
    OVER,
    STEPS
};

struct rfb_state {
    struct rfb_tx *rfb; /* NULL: nothing came yet, or it is complete and may be gone */
    enum step step;
    uint16_t minor; /* of the version that the client has chosen */
};

/* ---- is it RFB? ---- */

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* "RFB 003.008\n", section 7.1.1; of a beginning whatever is there. */
static bool is_version(struct str bytes)
{
    static const char form[] = "RFB ddd.ddd\n";
    for (size_t i = 0; i < bytes.len && i < RFB_VERSION_BYTES; i++)
        if (form[i] == 'd' ? !is_digit(bytes.p[i]) : bytes.p[i] != (uint8_t)form[i])
            return false;
    return true;
}

static enum app_probe probe(struct str bytes, enum dir dir, uint16_t server_port)
{
    (void)dir, (void)server_port;
    if (!is_version(bytes))
        return APP_PROBE_NO;
    return bytes.len < RFB_VERSION_BYTES ? APP_PROBE_MORE : APP_PROBE_YES;
}

/* ---- the steps: each reads one message; r is marked bad where more bytes are needed ---- */

static void end(struct rfb_state *state)
{
    if (state->rfb) {
        app_progress(&state->rfb->tx, DIR_TOSERVER, TX_COMPLETE);
        app_progress(&state->rfb->tx, DIR_TOCLIENT, TX_COMPLETE);
    }
    state->rfb = NULL;
    state->step = OVER;
}

static void end_by(struct app_flow *af, uint32_t event)
{
    struct rfb_state *state = af->state;
    app_event(af, &state->rfb->tx, event);
    end(state);
}

static void tell(struct rfb_tx *rfb, enum rfb_progress progress)
{
    app_progress(&rfb->tx, DIR_TOSERVER, (uint8_t)progress);
    app_progress(&rfb->tx, DIR_TOCLIENT, (uint8_t)progress);
}

static void keep(struct app_flow *af, struct rfb_text *text, struct str bytes)
{
    text->p = bytes.len ? budget_alloc(af->mem, bytes.len) : NULL;
    if (!text->p)
        return;
    memcpy(text->p, bytes.p, bytes.len);
    text->len = (uint32_t)bytes.len;
}

/* A length and so many bytes; of many the first ones, with an event. */
static struct str read_text(struct app_flow *af, struct reader *r)
{
    const struct rfb_state *state = af->state;
    uint32_t len = reader_u32(r);
    struct str text = reader_str(r, len < RFB_TEXT_MAX ? len : RFB_TEXT_MAX);
    if (!r->bad && len > RFB_TEXT_MAX)
        app_event(af, &state->rfb->tx, TOO_LONG_STRING);
    return text;
}

static void take_version(struct app_flow *af, struct reader *r)
{
    struct rfb_state *state = af->state;
    bool by_server = state->step == SERVER_VERSION;
    struct rfb_version *v = by_server ? &state->rfb->server : &state->rfb->client;
    struct str text = reader_str(r, RFB_VERSION_BYTES);
    if (r->bad)
        return;
    if (!is_version(text)) {
        end_by(af, MALFORMED_MESSAGE);
        return;
    }
    memcpy(v->major, text.p + 4, RFB_DIGITS);
    memcpy(v->minor, text.p + 8, RFB_DIGITS);
    v->known = true;
    state->minor =
        (uint16_t)((v->minor[0] - '0') * 100 + (v->minor[1] - '0') * 10 + (v->minor[2] - '0'));
    if (by_server)
        state->step = CLIENT_VERSION;
    else /* section 7.1.1: other versions than 3.7 and 3.8 are treated as 3.3; Apple's 3.889 is as 3.8 */
        state->step = state->minor < 7 ? SERVER_TYPE : SERVER_TYPES;
}

static void choose(struct app_flow *af, uint32_t type)
{
    struct rfb_state *state = af->state;
    state->rfb->type = type;
    state->rfb->has_type = true;
    tell(state->rfb, RFB_SECURITY_KNOWN);
    if (type == RFB_VNC)
        state->step = CHALLENGE;
    else if (type == RFB_NONE)
        state->step = state->minor < 8 ? CLIENT_INIT : RESULT;
    else
        end_by(af, UNIMPLEMENTED_SECURITY_TYPE);
}

static void take_server_type(struct app_flow *af, struct reader *r)
{
    struct rfb_state *state = af->state;
    uint32_t type = reader_u32(r);
    if (r->bad)
        return;
    if (type)
        choose(af, type);
    else
        state->step = REASON;
}

static void take_server_types(struct app_flow *af, struct reader *r)
{
    struct rfb_state *state = af->state;
    uint8_t count = reader_u8(r);
    reader_skip(r, count);
    if (!r->bad)
        state->step = count ? CLIENT_TYPE : REASON;
}

static void take_client_type(struct app_flow *af, struct reader *r)
{
    choose(af, reader_u8(r));
}

static void take_secret(struct app_flow *af, struct reader *r)
{
    struct rfb_state *state = af->state;
    struct rfb_tx *rfb = state->rfb;
    bool asks = state->step == CHALLENGE;
    struct str secret = reader_str(r, RFB_SECRET_BYTES);
    if (r->bad)
        return;
    memcpy(asks ? rfb->challenge : rfb->response, secret.p, RFB_SECRET_BYTES);
    *(asks ? &rfb->has_challenge : &rfb->has_response) = true;
    state->step = asks ? RESPONSE : RESULT;
}

static void take_result(struct app_flow *af, struct reader *r)
{
    struct rfb_state *state = af->state;
    uint32_t result = reader_u32(r);
    if (r->bad)
        return;
    state->rfb->result = result;
    state->rfb->has_result = true;
    tell(state->rfb, RFB_RESULT_KNOWN);
    if (result == RFB_OK)
        state->step = CLIENT_INIT;
    else if (result >= RFB_UNKNOWN)
        end_by(af, UNKNOWN_SECURITY_RESULT);
    else if (state->minor < 8) /* appendix A: no reason, the server closes */
        end(state);
    else
        state->step = REASON;
}

static void take_reason(struct app_flow *af, struct reader *r)
{
    struct rfb_state *state = af->state;
    struct str text = read_text(af, r);
    if (r->bad)
        return;
    state->rfb->has_reason = true;
    keep(af, &state->rfb->reason, text);
    end(state);
}

static void take_client_init(struct app_flow *af, struct reader *r)
{
    struct rfb_state *state = af->state;
    state->rfb->shared = reader_u8(r) != 0;
    state->rfb->has_shared = true;
    state->step = SERVER_INIT;
}

static void take_server_init(struct app_flow *af, struct reader *r)
{
    struct rfb_state *state = af->state;
    struct rfb_tx *rfb = state->rfb;
    struct rfb_pixels *pixels = &rfb->pixels;
    rfb->width = reader_u16(r);
    rfb->height = reader_u16(r);
    pixels->bits = reader_u8(r);
    pixels->depth = reader_u8(r);
    pixels->big_endian = reader_u8(r);
    pixels->true_color = reader_u8(r);
    for (size_t i = 0; i < ARRAY_COUNT(pixels->max); i++)
        pixels->max[i] = reader_u16(r);
    for (size_t i = 0; i < ARRAY_COUNT(pixels->shift); i++)
        pixels->shift[i] = reader_u8(r);
    reader_skip(r, 3);
    struct str text = read_text(af, r);
    if (r->bad)
        return;
    rfb->has_screen = true;
    keep(af, &rfb->name, text);
    end(state);
}

static const struct {
    enum dir dir;
    void (*take)(struct app_flow *af, struct reader *r);
} steps[STEPS] = {
    [SERVER_VERSION] = {DIR_TOCLIENT, take_version},
    [CLIENT_VERSION] = {DIR_TOSERVER, take_version},
    [SERVER_TYPE] = {DIR_TOCLIENT, take_server_type},
    [SERVER_TYPES] = {DIR_TOCLIENT, take_server_types},
    [CLIENT_TYPE] = {DIR_TOSERVER, take_client_type},
    [CHALLENGE] = {DIR_TOCLIENT, take_secret},
    [RESPONSE] = {DIR_TOSERVER, take_secret},
    [RESULT] = {DIR_TOCLIENT, take_result},
    [REASON] = {DIR_TOCLIENT, take_reason},
    [CLIENT_INIT] = {DIR_TOSERVER, take_client_init},
    [SERVER_INIT] = {DIR_TOCLIENT, take_server_init},
};

/* ---- the stream ---- */

enum frame { FRAME_PDU, FRAMES };
static const struct app_frame_desc frames[FRAMES] = {[FRAME_PDU] = {"pdu"}};

static struct app_result data(struct app_flow *af, enum dir dir, const struct app_chunk *chunk)
{
    struct rfb_state *state = af->state;
    struct reader r = reader_of(chunk->bytes);
    uint32_t consumed = 0;
    if (state->step == SERVER_VERSION && !state->rfb && chunk->bytes.len) {
        state->rfb = (struct rfb_tx *)app_tx_new(af, DIR_BOTH);
        if (!state->rfb)
            state->step = OVER;
        else
            tell(state->rfb, RFB_BEGUN);
    }
    if (chunk->gap)
        end(state);
    while (state->step != OVER && reader_left(&r)) {
        if (steps[state->step].dir != dir) {
            if (state->step == SERVER_INIT) /* a client in a hurry */
                break;
            end_by(af, CONFUSED_STATE);
            break;
        }
        steps[state->step].take(af, &r);
        if (r.bad)
            return (struct app_result){PARSE_MORE, consumed};
        app_frame(af, NULL, FRAME_PDU, str_from(chunk->bytes, consumed), r.at - consumed);
        consumed = (uint32_t)r.at;
    }
    return (struct app_result){PARSE_OK, (uint32_t)chunk->bytes.len};
}

static void tx_free(struct app_flow *af, struct tx *tx)
{
    struct rfb_state *state = af->state;
    struct rfb_tx *rfb = (struct rfb_tx *)tx;
    if (state && state->rfb == rfb) {
        state->rfb = NULL;
        state->step = OVER;
    }
    budget_give(af->mem, rfb->reason.p, rfb->reason.len);
    budget_give(af->mem, rfb->name.p, rfb->name.len);
}

const struct app_parser rfb_parser = {
    .proto = APP_RFB,
    .tcp = true,
    .probe = probe,
    .state_bytes = sizeof(struct rfb_state),
    .data = data,
    .tx_free = tx_free,
    .tx_bytes = sizeof(struct rfb_tx),
    .fields = {rfb_fields, ARRAY_COUNT(rfb_fields)},
    .events = events,
    .event_count = ARRAY_COUNT(events),
    .events_small = true,
    .frames = frames,
    .frame_count = FRAMES,
    .log = rfb_log,
};
