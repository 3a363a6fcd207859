#include "engine/app/snmp/snmp.h"

#include "engine/app/snmp/message.h"

struct snmp_state {
    uint8_t version; /* of the first message; 0: none yet */
};

static const struct app_event_desc events[SNMP_EVENTS] = {
    [SNMP_MALFORMED_DATA] = {"malformed_data"},
    [SNMP_UNKNOWN_SECURITY_MODEL] = {"unknown_security_model"},
    [SNMP_VERSION_MISMATCH] = {"version_mismatch"},
};

/* A whole message: nothing else looks like one. */
static enum app_probe probe(struct str bytes, enum dir dir, uint16_t server_port)
{
    struct snmp_facts facts;
    (void)dir, (void)server_port;
    return snmp_read(bytes, &facts) ? APP_PROBE_YES : APP_PROBE_NO;
}

static struct app_result data(struct app_flow *af, enum dir dir, const struct app_chunk *chunk)
{
    struct app_result all = {PARSE_OK, (uint32_t)chunk->bytes.len};
    struct snmp_state *state = af->state;
    struct snmp_facts facts;
    if (!snmp_read(chunk->bytes, &facts)) {
        app_event(af, NULL, SNMP_MALFORMED_DATA);
        return all;
    }
    if (!app_tx_room(af))
        return (struct app_result){PARSE_FULL, 0};
    struct snmp_tx *snmp = (struct snmp_tx *)app_tx_new(af, (uint8_t)DIR_BIT(dir));
    if (!snmp)
        return all;
    snmp->bytes = budget_alloc(af->mem, chunk->bytes.len);
    if (snmp->bytes) {
        memcpy(snmp->bytes, chunk->bytes.p, chunk->bytes.len);
        snmp->len = (uint32_t)chunk->bytes.len;
        /* read again: its parts are borrowed from what is kept */
        if (!snmp_read(str_of(snmp->bytes, snmp->len), &snmp->facts))
            app_event(af, &snmp->tx, SNMP_MALFORMED_DATA);
    }
    /* the version that the flow began with, as Suricata shows it */
    state->version = state->version ? state->version : facts.version;
    snmp->facts.version = state->version;
    if (facts.version != state->version)
        app_event(af, &snmp->tx, SNMP_VERSION_MISMATCH);
    if (facts.unknown_model)
        app_event(af, &snmp->tx, SNMP_UNKNOWN_SECURITY_MODEL);
    app_progress(&snmp->tx, DIR_TOSERVER, TX_COMPLETE);
    app_progress(&snmp->tx, DIR_TOCLIENT, TX_COMPLETE);
    return all;
}

static void tx_free(struct app_flow *af, struct tx *tx)
{
    struct snmp_tx *snmp = (struct snmp_tx *)tx;
    budget_give(af->mem, snmp->bytes, snmp->len);
}

static enum dir log_dir(const struct tx *tx)
{
    return tx->dirs & DIR_BIT(DIR_TOCLIENT) ? DIR_TOCLIENT : DIR_TOSERVER;
}

static bool version(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    (void)dir;
    *out = snmp_tx_of(tx)->facts.version;
    return index == 0;
}

static bool pdu_type(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    (void)dir;
    *out = snmp_tx_of(tx)->facts.pdu_type;
    return index == 0 && snmp_tx_of(tx)->facts.has_pdu;
}

static bool trap_type(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    (void)dir;
    *out = snmp_tx_of(tx)->facts.trap_type;
    return index == 0 && snmp_tx_of(tx)->facts.has_trap;
}

static bool community(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                      struct str *out)
{
    (void)dir, (void)scratch;
    *out = snmp_tx_of(tx)->facts.community;
    return index == 0 && snmp_tx_of(tx)->facts.has_community;
}

static bool user(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                 struct str *out)
{
    (void)dir, (void)scratch;
    *out = snmp_tx_of(tx)->facts.user;
    return index == 0 && snmp_tx_of(tx)->facts.has_user;
}

#define FIELD(text, type, member, fn)                                                            \
    .name = (text), .proto = APP_SNMP, .dirs = DIR_BOTH, .ready_at = {TX_COMPLETE, TX_COMPLETE}, \
    .kind = (type), .member = (fn)

static const struct field_desc fields[] = {
    {FIELD("snmp.version", FIELD_UINT, number, version)},
    {FIELD("snmp.pdu_type", FIELD_UINT, number, pdu_type)},
    {FIELD("snmp.trap_type", FIELD_UINT, number, trap_type), .words = snmp_traps},
    {FIELD("snmp.community", FIELD_BYTES, bytes, community)},
    {FIELD("snmp.usm", FIELD_BYTES, bytes, user)},
};

const struct app_parser snmp_parser = {
    .proto = APP_SNMP,
    .udp = true,
    .probe = probe,
    .state_bytes = sizeof(struct snmp_state),
    .data = data,
    .tx_free = tx_free,
    .tx_bytes = sizeof(struct snmp_tx),
    .fields = {fields, ARRAY_COUNT(fields)},
    .events = events,
    .event_count = SNMP_EVENTS,
    .events_small = true,
    .log = snmp_log,
    .log_dir = log_dir,
};
