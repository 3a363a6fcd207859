#include "engine/app/dcerpc/call.h"

#include "base/attr.h"

void dcerpc_call_progress(struct dcerpc_tx *rpc)
{
    app_progress(&rpc->tx, rpc->asked, rpc->call.done[RPC_ASKED] ? TX_COMPLETE : 1);
    app_progress(&rpc->tx, dir_other(rpc->asked), rpc->call.done[RPC_ANSWERED] ? TX_COMPLETE : 1);
}

void dcerpc_tx_free(struct app_flow *af, struct tx *tx)
{
    rpc_call_fini(&dcerpc_tx_of(tx)->call, af->mem);
}

enum dir dcerpc_log_dir(const struct tx *tx)
{
    return ((const struct dcerpc_tx *)tx)->asked;
}

/* ---- fields ---- */

static bool iface(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                  struct str *out)
{
    (void)dir;
    return rpc_call_iface(&((const struct dcerpc_tx *)tx)->call, index, scratch, out);
}

static bool opnum(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    (void)dir;
    return index == 0 && rpc_call_opnum(&((const struct dcerpc_tx *)tx)->call, out);
}

static bool stub(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                 struct str *out)
{
    const struct dcerpc_tx *rpc = (const struct dcerpc_tx *)tx;
    (void)scratch;
    return index == 0 &&
           rpc_call_stub(&rpc->call, dir == rpc->asked ? RPC_ASKED : RPC_ANSWERED, out);
}

static bool little(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    (void)dir;
    *out = ((const struct dcerpc_tx *)tx)->call.little;
    return index == 0;
}

#define FIELD(text, when, ...)                                                      \
    {                                                                               \
        .name = (text), .proto = APP_DCERPC, .dirs = DIR_BOTH,                      \
        .ready_at = {[DIR_TOSERVER] = (when), [DIR_TOCLIENT] = (when)}, __VA_ARGS__ \
    }

const struct field_desc dcerpc_fields[DCERPC_FIELDS] = {
    FIELD("dcerpc.iface", 0, .kind = FIELD_BYTES, .multi = true, .bytes = iface),
    FIELD("dcerpc.opnum", 0, .kind = FIELD_UINT, .number = opnum),
    FIELD("dcerpc.stub_data", TX_COMPLETE, .kind = FIELD_BYTES, .bytes = stub),
    FIELD("dcerpc.little_endian", 0, .kind = FIELD_UINT, .number = little),
};

/* ---- EVE ---- */

static void log_side(const struct rpc_call *call, enum rpc_side side, struct json *out)
{
    json_object(out, side == RPC_ASKED ? "req" : "res");
    if (side == RPC_ASKED)
        json_uint(out, "opnum", call->opnum);
    json_uint(out, "frag_cnt", call->fragments[side]);
    json_uint(out, "stub_data_size", call->stubs[side].total_bytes);
    json_end_object(out);
}

static const char *type_or(uint8_t type, const char *none)
{
    const char *name = rpc_type_name(type);
    return name ? name : none;
}

void dcerpc_log(const struct tx *tx, const struct app_conf *conf, struct json *out)
{
    const struct dcerpc_tx *rpc = (const struct dcerpc_tx *)tx;
    const struct rpc_call *call = &rpc->call;
    char text[40];
    struct buf b = buf_fixed(text, sizeof text);
    (void)conf;
    json_text(out, "request", type_or(call->request, "REQUEST_LOST"));
    if (call->request == RPC_REQUEST)
        log_side(call, RPC_ASKED, out);
    if (!rpc->of_udp)
        rpc_log_interfaces(call, (struct rpc_log_form){.with_ack = true}, out);
    json_text(out, "response", type_or(call->response, "UNREPLIED"));
    if (call->response == RPC_RESPONSE)
        log_side(call, RPC_ANSWERED, out);
    if (rpc->of_udp) {
        rpc_uuid_text(rpc->activity, &b);
        json_bytes(out, "activityuuid", buf_str(&b));
        json_uint(out, "seqnum", rpc->sequence);
        buf_reset(&b);
    } else {
        json_uint(out, "call_id", call->call_id);
    }
    buf_printf(&b, "%u.%u", call->major, call->minor);
    json_bytes(out, "rpc_version", buf_str(&b));
}
