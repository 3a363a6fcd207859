#include "engine/app/dhcp/dhcp.h"

#include "engine/app/dhcp/message.h"

#define PORT_SERVER 67
#define PORT_CLIENT 68

static const struct app_event_desc events[DHCP_EVENTS] = {
    [DHCP_TRUNCATED_OPTIONS] = {"truncated_options"},
    [DHCP_MALFORMED_OPTIONS] = {"malformed_options"},
};

static enum app_probe probe(struct str bytes, enum dir dir, uint16_t server_port)
{
    struct dhcp_head head;
    (void)dir;
    if (!dhcp_read_head(bytes, &head))
        return APP_PROBE_NO;
    if (server_port == PORT_SERVER || server_port == PORT_CLIENT)
        return APP_PROBE_YES;
    struct reader r = reader_of(str_from(bytes, DHCP_HEAD_BYTES));
    bool known_op = head.op == DHCP_REQUEST || head.op == DHCP_REPLY;
    return known_op && reader_u32(&r) == DHCP_COOKIE ? APP_PROBE_YES : APP_PROBE_NO;
}

/* Options of a fixed or least length. */
static bool is_malformed(uint8_t code, struct str value)
{
    switch (code) {
    case DHCP_LEASE_TIME:
    case DHCP_RENEWAL_TIME:
    case DHCP_REBINDING_TIME: return value.len != 4;
    case DHCP_CLIENT_ID: return value.len < 2;
    default: return false;
    }
}

static void check_options(struct app_flow *af, struct dhcp_tx *dhcp)
{
    struct reader r = dhcp_options(dhcp);
    struct str value;
    uint8_t code;
    while (dhcp_next_option(&r, &code, &value))
        if (is_malformed(code, value))
            app_event(af, &dhcp->tx, DHCP_MALFORMED_OPTIONS);
    if (r.bad)
        app_event(af, &dhcp->tx, DHCP_TRUNCATED_OPTIONS);
}

static struct app_result data(struct app_flow *af, enum dir dir, const struct app_chunk *chunk)
{
    struct dhcp_head head;
    struct app_result all = {PARSE_OK, (uint32_t)chunk->bytes.len};
    if (!dhcp_read_head(chunk->bytes, &head))
        return (struct app_result){PARSE_BAD, all.consumed};
    if (!app_tx_room(af))
        return (struct app_result){PARSE_FULL, 0};
    struct dhcp_tx *dhcp = (struct dhcp_tx *)app_tx_new(af, (uint8_t)DIR_BIT(dir));
    if (!dhcp)
        return all;
    dhcp->bytes = budget_alloc(af->mem, chunk->bytes.len);
    if (dhcp->bytes) {
        memcpy(dhcp->bytes, chunk->bytes.p, chunk->bytes.len);
        dhcp->len = (uint32_t)chunk->bytes.len;
        check_options(af, dhcp);
    }
    app_progress(&dhcp->tx, DIR_TOSERVER, TX_COMPLETE);
    app_progress(&dhcp->tx, DIR_TOCLIENT, TX_COMPLETE);
    return all;
}

static void tx_free(struct app_flow *af, struct tx *tx)
{
    struct dhcp_tx *dhcp = (struct dhcp_tx *)tx;
    budget_give(af->mem, dhcp->bytes, dhcp->len);
}

static enum dir log_dir(const struct tx *tx)
{
    return tx->dirs & DIR_BIT(DIR_TOCLIENT) ? DIR_TOCLIENT : DIR_TOSERVER;
}

static bool lease_time(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    (void)dir;
    return index == 0 && dhcp_find_time(dhcp_tx_of(tx), DHCP_LEASE_TIME, out);
}

static bool renewal_time(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    (void)dir;
    return index == 0 && dhcp_find_time(dhcp_tx_of(tx), DHCP_RENEWAL_TIME, out);
}

static bool rebinding_time(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    (void)dir;
    return index == 0 && dhcp_find_time(dhcp_tx_of(tx), DHCP_REBINDING_TIME, out);
}

#define NUMBER(text, fn)                                                           \
    {                                                                              \
        .name = (text), .proto = APP_DHCP, .dirs = DIR_BOTH,                       \
        .ready_at = {TX_COMPLETE, TX_COMPLETE}, .kind = FIELD_UINT, .number = (fn) \
    }

static const struct field_desc fields[] = {
    NUMBER("dhcp.leasetime", lease_time),
    NUMBER("dhcp.renewal_time", renewal_time),
    NUMBER("dhcp.rebinding_time", rebinding_time),
};

const struct app_parser dhcp_parser = {
    .proto = APP_DHCP,
    .udp = true,
    .probe = probe,
    .data = data,
    .tx_free = tx_free,
    .tx_bytes = sizeof(struct dhcp_tx),
    .fields = {fields, ARRAY_COUNT(fields)},
    .events = events,
    .event_count = DHCP_EVENTS,
    .events_small = true,
    .log_conf = dhcp_log_conf,
    .log_wants = dhcp_log_wants,
    .log = dhcp_log,
    .log_alone = true,
    .log_dir = log_dir,
};
