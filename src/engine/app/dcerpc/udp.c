/* Connectionless DCE/RPC (C706 section 12.5): a head of eighty bytes in each datagram, fragments by activity and sequence number. */
#include "engine/app/dcerpc/call.h"

#define UDP_HEAD_BYTES 80
#define UDP_LAST_FRAGMENT 0x02
#define UDP_FRAGMENT 0x04

struct udp_head {
    struct rpc_head rpc;
    uint8_t activity[16];
    uint32_t sequence;
    struct rpc_interface interface;
    uint16_t opnum, fragment;
    struct str body;
};

static uint16_t get_u16(struct reader *r, bool little)
{
    return little ? reader_u16_le(r) : reader_u16(r);
}

static uint32_t get_u32(struct reader *r, bool little)
{
    return little ? reader_u32_le(r) : reader_u32(r);
}

static bool read_uuid(struct reader *r, bool little, uint8_t out[16])
{
    struct str wire = reader_str(r, 16);
    if (wire.len == 16)
        rpc_uuid_order(wire.p, little, out);
    return wire.len == 16;
}

static bool read_head(struct str bytes, struct udp_head *out)
{
    struct reader r = reader_of(bytes);
    *out = (struct udp_head){.rpc.major = reader_u8(&r)};
    out->rpc.type = reader_u8(&r);
    out->rpc.flags = reader_u8(&r);
    reader_skip(&r, 1);
    uint8_t representation = reader_u8(&r), floats = reader_u8(&r);
    bool little = out->rpc.little = representation & 0x10;
    reader_skip(&r, 2 + 16); /* serial number, object */
    if (!read_uuid(&r, little, out->interface.uuid) || !read_uuid(&r, little, out->activity))
        return false;
    reader_skip(&r, 4); /* server boot time */
    uint32_t version = get_u32(&r, little);
    out->interface.major = (uint16_t)version;
    out->interface.minor = (uint16_t)(version >> 16);
    out->sequence = get_u32(&r, little);
    out->opnum = get_u16(&r, little);
    reader_skip(&r, 4); /* hints */
    out->rpc.frag_bytes = get_u16(&r, little);
    out->fragment = get_u16(&r, little);
    reader_skip(&r, 2); /* authentication, serial number */
    out->body = reader_str(&r, reader_left(&r) < out->rpc.frag_bytes ? reader_left(&r)
                                                                     : out->rpc.frag_bytes);
    return !r.bad && out->rpc.major == 4 && out->rpc.type <= 10 && !(representation & 0xee) &&
           floats <= 3;
}

static enum app_probe probe(struct str bytes, enum dir dir, uint16_t server_port)
{
    struct udp_head head;
    (void)dir, (void)server_port;
    return read_head(bytes, &head) && head.rpc.frag_bytes <= bytes.len - UDP_HEAD_BYTES
               ? APP_PROBE_YES
               : APP_PROBE_NO;
}

static struct dcerpc_tx *find(struct app_flow *af, const struct udp_head *head)
{
    for (struct tx *tx = af->first; tx; tx = tx->next) {
        struct dcerpc_tx *rpc = dcerpc_tx_of(tx);
        if (rpc->sequence == head->sequence &&
            memcmp(rpc->activity, head->activity, sizeof head->activity) == 0)
            return rpc;
    }
    return NULL;
}

static struct dcerpc_tx *begin(struct app_flow *af, enum dir dir, const struct udp_head *head)
{
    struct dcerpc_tx *rpc = (struct dcerpc_tx *)app_tx_new(af, DIR_BOTH);
    if (!rpc)
        return NULL;
    rpc_call_init(&rpc->call, &head->rpc);
    rpc->of_udp = true;
    rpc->asked = rpc_type_answers(head->rpc.type) ? dir_other(dir) : dir;
    rpc->sequence = head->sequence;
    memcpy(rpc->activity, head->activity, sizeof head->activity);
    return rpc;
}

static void take(struct app_flow *af, struct dcerpc_tx *rpc, const struct udp_head *head)
{
    struct rpc_call *call = &rpc->call;
    enum rpc_side side = rpc_type_answers(head->rpc.type) ? RPC_ANSWERED : RPC_ASKED;
    bool last = !(head->rpc.flags & UDP_FRAGMENT) || head->rpc.flags & UDP_LAST_FRAGMENT;
    call->little = head->rpc.little;
    if (side == RPC_ASKED) {
        call->request = head->rpc.type;
        call->opnum = head->opnum;
        call->from_first |= head->fragment == 0;
        if (call->interfaces.count == 0)
            (void)rpc_interfaces_add(&call->interfaces, af->mem, &head->interface);
    } else {
        call->response = head->rpc.type;
        call->done[RPC_ASKED] = true;
    }
    if (call->fragments[side] < UINT16_MAX)
        call->fragments[side]++;
    rpc_stub_add(&call->stubs[side], af->mem, head->body);
    call->done[side] |= last;
    dcerpc_call_progress(rpc);
}

static struct app_result data(struct app_flow *af, enum dir dir, const struct app_chunk *chunk)
{
    struct app_result all = {PARSE_OK, (uint32_t)chunk->bytes.len};
    struct udp_head head;
    if (!read_head(chunk->bytes, &head))
        return all;
    if (head.rpc.type != RPC_REQUEST && !rpc_type_answers(head.rpc.type))
        return all;
    struct dcerpc_tx *rpc = find(af, &head);
    if (!rpc && !app_tx_room(af))
        return (struct app_result){PARSE_FULL, 0};
    if (!rpc)
        rpc = begin(af, dir, &head);
    if (rpc)
        take(af, rpc, &head);
    return all;
}

const struct app_parser dcerpc_udp_parser = {
    .proto = APP_DCERPC,
    .udp = true,
    .probe = probe,
    .state_bytes = sizeof(struct dcerpc_state),
    .data = data,
    .tx_free = dcerpc_tx_free,
    .tx_bytes = sizeof(struct dcerpc_tx),
    .log = dcerpc_log,
    .log_dir = dcerpc_log_dir,
};
