#include "engine/app/dcerpc/dcerpc.h"

#include "engine/app/dcerpc/call.h"

#include "base/attr.h"

enum frame { FRAME_PDU, FRAME_HDR, FRAME_DATA, FRAMES };
static const struct app_frame_desc frames[FRAMES] = {
    [FRAME_PDU] = {"pdu"}, [FRAME_HDR] = {"hdr"}, [FRAME_DATA] = {"data"}};

/* Text and other binary protocols begin with 5 too (SOCKS: 05 01 00): the whole head must agree. */
static enum app_probe probe(struct str bytes, enum dir dir, uint16_t server_port)
{
    static const enum app_probe answers[] = {APP_PROBE_NO, APP_PROBE_MORE, APP_PROBE_YES};
    (void)dir, (void)server_port;
    return answers[rpc_looks_like(bytes) + 1];
}

/* The call that a unit belongs to: of the same number, and not yet through on that side. */
static struct dcerpc_tx *find(struct app_flow *af, const struct rpc_head *head)
{
    bool answers = rpc_type_answers(head->type);
    for (struct tx *tx = af->first; tx; tx = tx->next) {
        struct dcerpc_tx *rpc = dcerpc_tx_of(tx);
        if (rpc->call.call_id != head->call_id || rpc->call.done[RPC_ANSWERED])
            continue;
        if (answers ? rpc->call.request != RPC_NONE || rpc->call.response != RPC_NONE
                    : rpc->call.request == head->type && !rpc->call.done[RPC_ASKED])
            return rpc;
    }
    return NULL;
}

static struct dcerpc_tx *begin(struct app_flow *af, enum dir dir, const struct rpc_head *head)
{
    struct dcerpc_tx *rpc = (struct dcerpc_tx *)app_tx_new(af, DIR_BOTH);
    if (!rpc)
        return NULL;
    rpc_call_init(&rpc->call, head);
    rpc->asked = rpc_type_answers(head->type) ? dir_other(dir) : dir;
    /* what was not seen is not waited for */
    if (rpc_type_answers(head->type))
        rpc->call.done[RPC_ASKED] = true;
    return rpc;
}

/* False: there is no room for another transaction. */
static bool take_unit(struct app_flow *af, enum dir dir, const struct rpc_head *head,
                      struct str unit)
{
    struct dcerpc_state *state = af->state;
    if (!rpc_type_asks(head->type) && !rpc_type_answers(head->type))
        return true;
    struct dcerpc_tx *rpc = find(af, head);
    if (!rpc && !app_tx_room(af))
        return false;
    if (!rpc)
        rpc = begin(af, dir, head);
    if (!rpc)
        return true;
    /* A damaged unit is over all the same: nothing else follows under its number. */
    if (!rpc_call_take(&rpc->call, &state->bindings, af->mem, head, unit))
        rpc->call.done[rpc_type_answers(head->type) ? RPC_ANSWERED : RPC_ASKED] = true;
    dcerpc_call_progress(rpc);
    return true;
}

/* A whole unit that the parser consumes now. */
static void tell_frames(struct app_flow *af, struct str unit)
{
    app_frame(af, NULL, FRAME_PDU, unit, unit.len);
    app_frame(af, NULL, FRAME_HDR, unit, RPC_HEAD_BYTES);
    if (unit.len > RPC_HEAD_BYTES)
        app_frame(af, NULL, FRAME_DATA, str_from(unit, RPC_HEAD_BYTES), unit.len - RPC_HEAD_BYTES);
}

/* Bytes that begin no unit, behind a hole. */
static size_t lost_bytes(struct str bytes)
{
    size_t at = 0;
    while (at < bytes.len && rpc_looks_like(str_from(bytes, at)) < 0)
        at++;
    return at;
}

static struct app_result data(struct app_flow *af, enum dir dir, const struct app_chunk *chunk)
{
    struct dcerpc_state *state = af->state;
    struct str rest = chunk->bytes;
    struct rpc_head head;
    if (chunk->gap)
        state->lost[dir] = true;
    while (rest.len) {
        if (state->lost[dir])
            rest = str_from(rest, lost_bytes(rest));
        int looks = rpc_looks_like(rest);
        if (looks < 0)
            return (struct app_result){PARSE_BAD, 0};
        if (rest.len < RPC_HEAD_BYTES || !looks || !rpc_read_head(rest, &head) ||
            rest.len < head.frag_bytes)
            break;
        struct str unit = str_cut(rest, 0, head.frag_bytes);
        if (!take_unit(af, dir, &head, unit))
            return (struct app_result){PARSE_FULL, (uint32_t)(chunk->bytes.len - rest.len)};
        tell_frames(af, unit);
        state->lost[dir] = false;
        rest = str_from(rest, head.frag_bytes);
    }
    return (struct app_result){rest.len ? PARSE_MORE : PARSE_OK,
                               (uint32_t)(chunk->bytes.len - rest.len)};
}

static void shut(struct app_flow *af)
{
    struct dcerpc_state *state = af->state;
    rpc_bindings_fini(&state->bindings, af->mem);
}

const struct app_parser dcerpc_parser = {
    .proto = APP_DCERPC,
    .tcp = true,
    .probe = probe,
    .state_bytes = sizeof(struct dcerpc_state),
    .data = data,
    .close = shut,
    .tx_free = dcerpc_tx_free,
    .tx_bytes = sizeof(struct dcerpc_tx),
    .fields = {dcerpc_fields, DCERPC_FIELDS},
    .frames = frames,
    .frame_count = FRAMES,
    .log = dcerpc_log,
    .log_dir = dcerpc_log_dir,
};
