/* Framing: NetBIOS session messages (RFC 1002 section 4.3, MS-SMB2 section 2.1), one length in front of each SMB message. */
#include "engine/app/smb/smb.h"

#include "engine/app/smb/share.h"

#define FRAME_HEAD 4

enum smb_mark { MARK_NONE, MARK_SMB1, MARK_SMB2, MARK_ENCRYPTED };

enum frame_kind {
    NBSS_PDU,
    NBSS_HDR,
    NBSS_DATA,
    SMB1_PDU,
    SMB1_HDR,
    SMB1_DATA,
    SMB2_PDU,
    SMB2_HDR,
    SMB2_DATA,
    SMB3_PDU,
    SMB3_HDR,
    SMB3_DATA,
    FRAME_KINDS
};

static const struct app_frame_desc frames[FRAME_KINDS] = {
    {"nbss.pdu"}, {"nbss.hdr"}, {"nbss.data"}, {"smb1.pdu"}, {"smb1.hdr"}, {"smb1.data"},
    {"smb2.pdu"}, {"smb2.hdr"}, {"smb2.data"}, {"smb3.pdu"}, {"smb3.hdr"}, {"smb3.data"},
};

static const struct app_event_desc events[SMB_EVENTS] = {
    [SMB_INTERNAL_ERROR] = {"internal_error"},
    [SMB_MALFORMED_DATA] = {"malformed_data"},
    [SMB_RECORD_OVERFLOW] = {"record_overflow"},
    [SMB_MALFORMED_NTLMSSP_REQUEST] = {"malformed_ntlmssp_request"},
    [SMB_MALFORMED_NTLMSSP_RESPONSE] = {"malformed_ntlmssp_response"},
    [SMB_DUPLICATE_NEGOTIATE] = {"duplicate_negotiate"},
    [SMB_NEGOTIATE_MALFORMED_DIALECTS] = {"negotiate_malformed_dialects"},
    [SMB_FILE_OVERLAP] = {"file_overlap"},
    [SMB_RESPONSE_TO_SERVER] = {"response_to_server"},
    [SMB_REQUEST_TO_CLIENT] = {"request_to_client"},
    [SMB_UNUSUAL_NTLMSSP_ORDER] = {"unusual_ntlmssp_order"},
    [SMB_READ_REQUEST_TOO_LARGE] = {"read_request_too_large"},
    [SMB_READ_RESPONSE_TOO_LARGE] = {"read_response_too_large"},
    [SMB_WRITE_REQUEST_TOO_LARGE] = {"write_request_too_large"},
    [SMB_WRITE_RESPONSE_TOO_LARGE] = {"write_response_too_large"},
    [SMB_NEGOTIATE_MAX_READ_SIZE_TOO_LARGE] = {"negotiate_max_read_size_too_large"},
    [SMB_NEGOTIATE_MAX_WRITE_SIZE_TOO_LARGE] = {"negotiate_max_write_size_too_large"},
    [SMB_READ_QUEUE_SIZE_EXCEEDED] = {"read_queue_size_exceeded"},
    [SMB_READ_QUEUE_CNT_EXCEEDED] = {"read_queue_cnt_exceeded"},
    [SMB_WRITE_QUEUE_SIZE_EXCEEDED] = {"write_queue_size_exceeded"},
    [SMB_WRITE_QUEUE_CNT_EXCEEDED] = {"write_queue_cnt_exceeded"},
    [SMB_TOO_MANY_TRANSACTIONS] = {"too_many_transactions"},
};

static enum smb_mark mark_of(struct str bytes)
{
    if (bytes.len < 4 || bytes.p[1] != 'S' || bytes.p[2] != 'M' || bytes.p[3] != 'B')
        return MARK_NONE;
    switch (bytes.p[0]) {
    case 0xff: return MARK_SMB1;
    case 0xfe: return MARK_SMB2;
    case 0xfd: return MARK_ENCRYPTED;
    default: return MARK_NONE;
    }
}

static uint32_t frame_len(struct str bytes)
{
    return (uint32_t)bytes.p[1] << 16 | (uint32_t)bytes.p[2] << 8 | bytes.p[3];
}

/* Session requests and their answers, and the sign of life, come before and between messages. */
static bool is_session_type(uint8_t type)
{
    return type == 0x81 || type == 0x82 || type == 0x83 || type == 0x84 || type == 0x85;
}

static enum app_probe probe(struct str bytes, enum dir dir, uint16_t server_port)
{
    (void)dir;
    if (!bytes.len)
        return APP_PROBE_MORE;
    if (is_session_type(bytes.p[0]) && server_port == 139 && bytes.len >= FRAME_HEAD)
        return frame_len(bytes) <= 1024 ? APP_PROBE_YES : APP_PROBE_NO;
    if (bytes.p[0] != 0)
        return is_session_type(bytes.p[0]) && server_port == 139 ? APP_PROBE_MORE : APP_PROBE_NO;
    if (bytes.len < 8)
        return bytes.len > 5 && bytes.p[5] != 'S' ? APP_PROBE_NO : APP_PROBE_MORE;
    return mark_of(str_from(bytes, FRAME_HEAD)) != MARK_NONE ? APP_PROBE_YES : APP_PROBE_NO;
}

/* What is left of a message that was too long to wait for. */
static size_t pass_on(struct app_flow *af, enum dir dir, struct str bytes)
{
    struct smb_state *state = af->state;
    struct str some = str_cut(bytes, 0, state->skip[dir]);
    struct str data = str_cut(some, 0, state->data[dir]);
    if (data.len)
        smb_file_more(af, dir, data);
    state->data[dir] -= (uint32_t)data.len;
    state->skip[dir] -= (uint32_t)some.len;
    if (state->skip[dir] == 0)
        state->data[dir] = 0;
    return some.len;
}

static void tell_frames(struct app_flow *af, struct str frame, uint32_t len, enum smb_mark mark)
{
    static const struct {
        uint8_t first, head;
    } kinds[] = {[MARK_NONE] = {0, 0},
                 [MARK_SMB1] = {SMB1_PDU, 32},
                 [MARK_SMB2] = {SMB2_PDU, 64},
                 [MARK_ENCRYPTED] = {SMB3_PDU, 52}};
    struct str message = str_from(frame, FRAME_HEAD);
    app_frame(af, NULL, NBSS_PDU, frame, FRAME_HEAD + (uint64_t)len);
    app_frame(af, NULL, NBSS_HDR, frame, FRAME_HEAD);
    app_frame(af, NULL, NBSS_DATA, message, len);
    if (mark == MARK_NONE)
        return;
    uint8_t first = kinds[mark].first, head = kinds[mark].head;
    app_frame(af, NULL, first, message, len);
    app_frame(af, NULL, first + 1, message, head < len ? head : len);
    if (len > head && message.len >= head)
        app_frame(af, NULL, first + 2, str_from(message, head), len - head);
}

static void take_message(struct app_flow *af, enum dir dir, struct str bytes, uint32_t len)
{
    struct smb_message m = {.af = af, .dir = dir, .bytes = bytes, .whole_bytes = len};
    switch (mark_of(bytes)) {
    case MARK_SMB1: smb1_take(&m); break;
    case MARK_SMB2: smb2_take(&m); break;
    case MARK_ENCRYPTED:
    case MARK_NONE: break;
    }
}

/* Bytes before what looks like the head of a message, behind a hole. */
static size_t lost_bytes(struct str bytes)
{
    size_t at = 0;
    for (; at + 8 <= bytes.len; at++)
        if (bytes.p[at] == 0 && mark_of(str_from(bytes, at + FRAME_HEAD)) != MARK_NONE)
            break;
    return at;
}

static bool is_frame(struct str rest)
{
    if (is_session_type(rest.p[0]))
        return frame_len(rest) <= 1024;
    return rest.p[0] == 0 &&
           (rest.len < 8 || frame_len(rest) < 4 || mark_of(str_from(rest, 4)) != MARK_NONE);
}

static size_t take_gap(struct app_flow *af, enum dir dir, uint32_t gap)
{
    struct smb_state *state = af->state;
    if (state->data[dir])
        smb_file_missing(af, dir, gap < state->data[dir] ? gap : state->data[dir]);
    state->lost[dir] = gap > state->skip[dir];
    uint32_t skipped = gap < state->skip[dir] ? gap : state->skip[dir];
    state->skip[dir] -= skipped;
    state->data[dir] -= skipped < state->data[dir] ? skipped : state->data[dir];
    return 0;
}

static struct app_result data(struct app_flow *af, enum dir dir, const struct app_chunk *chunk)
{
    struct smb_state *state = af->state;
    struct str rest = chunk->bytes;
    enum parse status = PARSE_OK;
    if (chunk->gap)
        take_gap(af, dir, chunk->gap);
    while (rest.len) {
        if (state->skip[dir]) {
            rest = str_from(rest, pass_on(af, dir, rest));
            continue;
        }
        if (state->lost[dir])
            rest = str_from(rest, lost_bytes(rest));
        status = PARSE_MORE;
        /* behind a hole only the protocol's mark tells a head from other bytes */
        if (rest.len < (state->lost[dir] ? 2 * FRAME_HEAD : FRAME_HEAD))
            break;
        if (!is_frame(rest)) {
            app_event(af, af->last, SMB_MALFORMED_DATA);
            status = PARSE_BAD;
            break;
        }
        uint32_t len = frame_len(rest);
        size_t wanted = len <= SMB_MESSAGE_MAX ? len : SMB_HEAD_ENOUGH;
        if (rest.len - FRAME_HEAD < wanted)
            break;
        if (!app_tx_room(af)) {
            status = PARSE_FULL;
            break;
        }
        struct str message = str_cut(rest, FRAME_HEAD, FRAME_HEAD + wanted);
        state->lost[dir] = false;
        state->data[dir] = 0;
        state->filling[dir] = NULL;
        tell_frames(af, rest, len, rest.p[0] ? MARK_NONE : mark_of(message));
        if (rest.p[0] == 0)
            take_message(af, dir, message, len);
        if (len <= SMB_MESSAGE_MAX)
            state->data[dir] = 0;
        state->skip[dir] = len - (uint32_t)wanted;
        rest = str_from(rest, FRAME_HEAD + wanted);
        status = PARSE_OK;
    }
    return (struct app_result){status, (uint32_t)(chunk->bytes.len - rest.len)};
}

static void tx_inspected(struct app_flow *af, struct tx *tx, enum dir dir)
{
    struct smb_tx *smb = (struct smb_tx *)tx;
    (void)af;
    if (smb->kind == SMB_FILE && dir == smb->file_dir)
        body_inspected(&smb->body, &smb->body_conf);
}

const struct app_parser smb_parser = {
    .proto = APP_SMB,
    .tcp = true,
    .probe = probe,
    .state_bytes = sizeof(struct smb_state),
    .data = data,
    .close = smb_tables_fini,
    .tx_free = smb_tx_free,
    .tx_bytes = sizeof(struct smb_tx),
    .tx_inspected = tx_inspected,
    .give_up = smb_give_up,
    .fields = {smb_fields, SMB_FIELD_ROWS},
    .events = events,
    .event_count = SMB_EVENTS,
    .events_small = true,
    .frames = frames,
    .frame_count = FRAME_KINDS,
    .log_conf = smb_log_conf,
    .log_wants = smb_log_wants,
    .log = smb_log,
    .log_tx_id = true,
};
