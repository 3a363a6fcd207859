#include "engine/format/rpc/rpc.h"

#include "base/attr.h"

#define TYPES 20
#define CONTEXT_HEAD_BYTES 24 /* id, count of transfer syntaxes, interface, version */
#define SYNTAX_BYTES 20

/* C706 section 12.6.3 and 12.5.1: connection-oriented and connectionless types share one numbering. */
static const char *const type_names[TYPES] = {
    "REQUEST",   "PING",     "RESPONSE",      "FAULT",
    "WORKING",   "NOCALL",   "REJECT",        "ACK",
    "CL_CANCEL", "FACK",     "CANCEL_ACK",    "BIND",
    "BINDACK",   "BINDNAK",  "ALTER_CONTEXT", "ALTER_CONTEXT_RESP",
    "AUTH3",     "SHUTDOWN", "CO_CANCEL",     "ORPHANED",
};

const char *rpc_type_name(uint8_t type)
{
    return type < TYPES ? type_names[type] : NULL;
}

bool rpc_type_asks(uint8_t type)
{
    return type == RPC_REQUEST || type == RPC_BIND || type == RPC_ALTER_CONTEXT;
}

bool rpc_type_answers(uint8_t type)
{
    return type == RPC_RESPONSE || type == RPC_FAULT || type == RPC_BINDACK ||
           type == RPC_BINDNAK || type == RPC_ALTER_CONTEXT_RESP;
}

static uint16_t get_u16(struct reader *r, bool little)
{
    return little ? reader_u16_le(r) : reader_u16(r);
}

static uint32_t get_u32(struct reader *r, bool little)
{
    return little ? reader_u32_le(r) : reader_u32(r);
}

/* ---- units ---- */

int rpc_looks_like(struct str bytes)
{
    static const uint8_t minor_max = 1;
    if ((bytes.len > 0 && bytes.p[0] != 5) || (bytes.len > 1 && bytes.p[1] > minor_max) ||
        (bytes.len > 2 && !rpc_type_name(bytes.p[2])) ||
        /* data representation: integers big or little, ASCII or EBCDIC; four kinds of floating point */
        (bytes.len > 4 && bytes.p[4] & 0xee) || (bytes.len > 5 && bytes.p[5] > 3))
        return -1;
    if (bytes.len < 10)
        return 0;
    uint16_t len = bytes.p[4] & 0x10 ? (uint16_t)(bytes.p[9] << 8 | bytes.p[8])
                                     : (uint16_t)(bytes.p[8] << 8 | bytes.p[9]);
    return len >= RPC_HEAD_BYTES ? 1 : -1;
}

bool rpc_read_head(struct str bytes, struct rpc_head *out)
{
    struct reader r = reader_of(bytes);
    if (rpc_looks_like(bytes) != 1)
        return false;
    out->major = reader_u8(&r);
    out->minor = reader_u8(&r);
    out->type = reader_u8(&r);
    out->flags = reader_u8(&r);
    out->little = reader_u8(&r) & 0x10;
    reader_skip(&r, 3);
    out->frag_bytes = get_u16(&r, out->little);
    out->auth_bytes = get_u16(&r, out->little);
    out->call_id = get_u32(&r, out->little);
    return !r.bad;
}

void rpc_uuid_order(const uint8_t wire[16], bool little, uint8_t out[16])
{
    static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    for (size_t i = 0; i < 16; i++)
        out[i] = wire[little ? order[i] : i];
}

void rpc_uuid_text(const uint8_t uuid[16], struct buf *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            buf_add_byte(out, '-');
        buf_add_byte(out, (uint8_t)digits[uuid[i] >> 4]);
        buf_add_byte(out, (uint8_t)digits[uuid[i] & 15]);
    }
}

/* ---- memory ---- */

bool rpc_interfaces_add(struct rpc_interfaces *list, struct budget *mem,
                        const struct rpc_interface *one)
{
    if (list->count == RPC_INTERFACES_MAX ||
        !budget_grow(mem, &list->items, &list->cap, list->count + 1, sizeof *list->items))
        return false;
    list->items[list->count++] = *one;
    return true;
}

static void interfaces_fini(struct rpc_interfaces *list, struct budget *mem)
{
    budget_give(mem, list->items, list->cap * sizeof *list->items);
    *list = (struct rpc_interfaces){0};
}

void rpc_bindings_fini(struct rpc_bindings *bindings, struct budget *mem)
{
    interfaces_fini(&bindings->known, mem);
    bindings->asked_from = 0;
}

void rpc_stub_add(struct rpc_stub *stub, struct budget *mem, struct str bytes)
{
    size_t some = RPC_STUB_MAX - stub->len;
    stub->total_bytes += bytes.len;
    if (some > bytes.len)
        some = bytes.len;
    if (!budget_grow(mem, &stub->p, &stub->cap, stub->len + (uint32_t)some, 1))
        return;
    if (some)
        memcpy(stub->p + stub->len, bytes.p, some);
    stub->len += (uint32_t)some;
}

void rpc_call_init(struct rpc_call *call, const struct rpc_head *head)
{
    *call = (struct rpc_call){.request = RPC_NONE,
                              .response = RPC_NONE,
                              .major = head->major,
                              .minor = head->minor,
                              .little = head->little,
                              .call_id = head->call_id};
}

void rpc_call_fini(struct rpc_call *call, struct budget *mem)
{
    for (size_t i = 0; i < 2; i++) {
        budget_give(mem, call->stubs[i].p, call->stubs[i].cap);
        call->stubs[i] = (struct rpc_stub){0};
    }
    interfaces_fini(&call->interfaces, mem);
}

/* ---- binding ---- */

static bool read_context(struct reader *r, bool little, struct rpc_interface *out)
{
    *out = (struct rpc_interface){.context_id = get_u16(r, little)};
    uint8_t syntaxes = reader_u8(r);
    reader_skip(r, 1);
    struct str uuid = reader_str(r, 16);
    out->major = get_u16(r, little);
    out->minor = get_u16(r, little);
    reader_skip(r, (size_t)syntaxes * SYNTAX_BYTES);
    if (uuid.len == 16)
        rpc_uuid_order(uuid.p, little, out->uuid);
    return uuid.len == 16;
}

/* A context that is agreed on anew takes the old one's place, and so an association never fills up with the same one. */
static void bind_one(struct rpc_bindings *bindings, struct budget *mem,
                     const struct rpc_interface *one)
{
    for (uint32_t i = 0; i < bindings->asked_from; i++)
        if (bindings->known.items[i].context_id == one->context_id) {
            struct rpc_interfaces *known = &bindings->known;
            memmove(&known->items[i], &known->items[i + 1],
                    (known->count - i - 1) * sizeof *known->items);
            known->count--;
            bindings->asked_from--;
            break;
        }
    if (bindings->known.count == RPC_INTERFACES_MAX && bindings->asked_from) {
        memmove(bindings->known.items, bindings->known.items + 1,
                (RPC_INTERFACES_MAX - 1) * sizeof *bindings->known.items);
        bindings->known.count--;
        bindings->asked_from--;
    }
    (void)rpc_interfaces_add(&bindings->known, mem, one);
}

/* max_xmit_frag, max_recv_frag, assoc_group_id, n_context_elem: C706 section 12.6.4.3 */
static bool take_bind(struct rpc_call *call, struct rpc_bindings *bindings, struct budget *mem,
                      struct reader *r)
{
    struct rpc_interface one;
    reader_skip(r, 8);
    uint8_t count = reader_u8(r);
    reader_skip(r, 3);
    bindings->asked_from = bindings->known.count;
    for (uint8_t i = 0; i < count && !r->bad; i++) {
        if (!read_context(r, call->little, &one))
            break;
        bind_one(bindings, mem, &one);
        if (call->request == RPC_BIND)
            (void)rpc_interfaces_add(&call->interfaces, mem, &one);
    }
    return !r->bad;
}

static void answer_one(struct rpc_interfaces *list, uint32_t index, uint16_t result,
                       uint16_t reason)
{
    if (index >= list->count)
        return;
    struct rpc_interface *one = &list->items[index];
    one->answered = true;
    one->ack_result = result;
    one->ack_reason = reason;
}

/* max_xmit_frag, max_recv_frag, assoc_group_id, secondary address with its length, to the next multiple of four, results */
static bool take_bind_ack(struct rpc_call *call, struct rpc_bindings *bindings, struct reader *r)
{
    reader_skip(r, 8);
    reader_skip(r, get_u16(r, call->little));
    reader_skip(r, (4 - (r->at & 3)) & 3);
    uint8_t count = reader_u8(r);
    reader_skip(r, 3);
    for (uint8_t i = 0; i < count && !r->bad; i++) {
        uint16_t result = get_u16(r, call->little), reason = get_u16(r, call->little);
        reader_skip(r, SYNTAX_BYTES);
        if (r->bad)
            break;
        answer_one(&bindings->known, bindings->asked_from + i, result, reason);
        answer_one(&call->interfaces, i, result, reason);
    }
    return !r->bad;
}

/* ---- requests ---- */

/* Without a bind that was seen to succeed nothing is known of what a number means. */
static void find_interface(struct rpc_call *call, const struct rpc_bindings *bindings,
                           struct budget *mem)
{
    for (uint32_t i = bindings->known.count; i-- > 0;) {
        const struct rpc_interface *one = &bindings->known.items[i];
        if (one->context_id != call->context_id || !one->answered || one->ack_result != 0)
            continue;
        if (call->interfaces.count == 0)
            (void)rpc_interfaces_add(&call->interfaces, mem, one);
        return;
    }
}

/* alloc_hint, context, opnum: C706 section 12.6.4.9. What rules call the stub begins here: with the object's UUID, when the head
 * says that there is one. */
static bool take_request(struct rpc_call *call, const struct rpc_bindings *bindings,
                         struct budget *mem, const struct rpc_head *head, struct reader *r)
{
    reader_skip(r, 4);
    call->context_id = get_u16(r, head->little);
    call->opnum = get_u16(r, head->little);
    find_interface(call, bindings, mem);
    rpc_stub_add(&call->stubs[RPC_ASKED], mem, reader_rest(r));
    return !r->bad;
}

/* alloc_hint, context and cancel count: over TCP what rules call the stub of an answer begins there, in pipes behind them. */
static bool take_response(struct rpc_call *call, struct budget *mem, struct reader *r)
{
    reader_skip(r, call->answer_head_bytes);
    rpc_stub_add(&call->stubs[RPC_ANSWERED], mem, reader_rest(r));
    return !r->bad;
}

static void count_fragment(struct rpc_call *call, enum rpc_side side, const struct rpc_head *head)
{
    if (call->fragments[side] < UINT16_MAX)
        call->fragments[side]++;
    if (head->flags & RPC_LAST_FRAGMENT)
        call->done[side] = true;
    if (side == RPC_ASKED && head->flags & RPC_FIRST_FRAGMENT)
        call->from_first = true;
}

bool rpc_call_take(struct rpc_call *call, struct rpc_bindings *bindings, struct budget *mem,
                   const struct rpc_head *head, struct str unit)
{
    struct reader r = reader_of(str_cut(unit, 0, head->frag_bytes));
    reader_skip(&r, RPC_HEAD_BYTES);
    call->little = head->little;
    if (rpc_type_answers(head->type)) {
        call->response = head->type;
        count_fragment(call, RPC_ANSWERED, head);
        switch (head->type) {
        case RPC_RESPONSE: return take_response(call, mem, &r);
        case RPC_BINDACK:
        case RPC_ALTER_CONTEXT_RESP: return take_bind_ack(call, bindings, &r);
        default: return !r.bad;
        }
    }
    call->request = head->type;
    count_fragment(call, RPC_ASKED, head);
    switch (head->type) {
    case RPC_REQUEST: return take_request(call, bindings, mem, head, &r);
    case RPC_BIND:
    case RPC_ALTER_CONTEXT: return take_bind(call, bindings, mem, &r);
    default: return !r.bad;
    }
}

/* ---- what rules ask ---- */

bool rpc_call_iface(const struct rpc_call *call, uint32_t index, struct arena *a, struct str *out)
{
    if (call->request != RPC_REQUEST || index >= call->interfaces.count)
        return false;
    const struct rpc_interface *one = &call->interfaces.items[index];
    uint8_t *value = arena_alloc(a, RPC_IFACE_VALUE_BYTES);
    if (!value)
        return false;
    memcpy(value, one->uuid, 16);
    value[16] = (uint8_t)(one->major >> 8);
    value[17] = (uint8_t)one->major;
    value[18] = call->from_first;
    *out = str_of(value, RPC_IFACE_VALUE_BYTES);
    return true;
}

bool rpc_call_opnum(const struct rpc_call *call, uint64_t *out)
{
    *out = call->opnum;
    return call->request == RPC_REQUEST;
}

bool rpc_call_stub(const struct rpc_call *call, enum rpc_side side, struct str *out)
{
    *out = str_of(call->stubs[side].p, call->stubs[side].len);
    return out->len > 0;
}

/* ---- EVE ---- */

void rpc_log_interfaces(const struct rpc_call *call, struct rpc_log_form form, struct json *out)
{
    char text[40];
    if (!call->interfaces.count)
        return;
    json_array(out, "interfaces");
    for (uint32_t i = 0; i < call->interfaces.count; i++) {
        const struct rpc_interface *one = &call->interfaces.items[i];
        struct buf b = buf_fixed(text, sizeof text);
        json_object(out, NULL);
        rpc_uuid_text(one->uuid, &b);
        json_bytes(out, "uuid", buf_str(&b));
        buf_reset(&b);
        buf_printf(&b, "%u.%u", one->major, one->minor);
        json_bytes(out, "version", buf_str(&b));
        if (form.with_ack)
            json_uint(out, "ack_result", one->ack_result);
        if (form.with_reason)
            json_uint(out, "ack_reason", one->ack_reason);
        json_end_object(out);
    }
    json_end_array(out);
}
