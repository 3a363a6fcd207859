#include "engine/app/krb5/krb5.h"

#include "engine/app/krb5/message.h"
#include "engine/format/ber/ber.h"

#define MARK_BYTES 4 /* of the length in front of a message over TCP */

static const struct app_event_desc events[KRB5_EVENTS] = {
    [KRB5_MALFORMED_DATA] = {"malformed_data"},
    [KRB5_WEAK_ENCRYPTION] = {"weak_encryption"},
};

static enum app_probe probe_udp(struct str bytes, enum dir dir, uint16_t server_port)
{
    (void)dir, (void)server_port;
    return krb5_is_message(bytes) == APP_PROBE_YES ? APP_PROBE_YES : APP_PROBE_NO;
}

/* The length in front is that of the element. */
static enum app_probe probe_tcp(struct str bytes, enum dir dir, uint16_t server_port)
{
    struct reader r = reader_of(bytes);
    uint32_t mark = reader_u32(&r);
    size_t len;
    (void)dir, (void)server_port;
    if (r.bad)
        return bytes.len && bytes.p[0] ? APP_PROBE_NO : APP_PROBE_MORE;
    struct str message = reader_rest(&r);
    enum app_probe probe = krb5_is_message(message);
    if (probe != APP_PROBE_YES)
        return probe;
    return ber_whole(message, &len) != BER_WHOLE_BAD && len == mark ? APP_PROBE_YES : APP_PROBE_NO;
}

/* ---- messages ---- */

static void take_message(struct app_flow *af, enum dir dir, struct str message)
{
    struct krb5_state *state = af->state;
    struct krb5_facts facts;
    if (!krb5_read(message, &facts))
        return;
    struct krb5_tx *krb5 = (struct krb5_tx *)app_tx_new(af, (uint8_t)DIR_BIT(dir));
    if (!krb5)
        return;
    krb5->facts.type = facts.type;
    krb5->bytes = budget_alloc(af->mem, message.len);
    if (krb5->bytes) {
        memcpy(krb5->bytes, message.p, message.len);
        krb5->len = (uint32_t)message.len;
        /* read again: its parts are borrowed from what is kept */
        if (!krb5_read(str_of(krb5->bytes, krb5->len), &krb5->facts))
            app_event(af, &krb5->tx, KRB5_MALFORMED_DATA);
    }
    if (facts.type == KRB5_ERROR)
        krb5->failed_type = state->asked;
    bool asks = facts.type == KRB5_AS_REQ || facts.type == KRB5_TGS_REQ;
    state->asked = asks ? facts.type : 0;
    if (facts.has_encryption && krb5_is_weak(facts.encryption))
        app_event(af, &krb5->tx, KRB5_WEAK_ENCRYPTION);
    app_progress(&krb5->tx, DIR_TOSERVER, TX_COMPLETE);
    app_progress(&krb5->tx, DIR_TOCLIENT, TX_COMPLETE);
}

static struct app_result data_udp(struct app_flow *af, enum dir dir, const struct app_chunk *chunk)
{
    if (!app_tx_room(af))
        return (struct app_result){PARSE_FULL, 0};
    take_message(af, dir, chunk->bytes);
    return (struct app_result){PARSE_OK, (uint32_t)chunk->bytes.len};
}

/* Steps over what is left of a record that is too long. */
static uint32_t skip_some(struct krb5_state *state, enum dir dir, size_t len)
{
    uint32_t some = state->skip[dir] < len ? state->skip[dir] : (uint32_t)len;
    state->skip[dir] -= some;
    return some;
}

static struct app_result data_tcp(struct app_flow *af, enum dir dir, const struct app_chunk *chunk)
{
    struct krb5_state *state = af->state;
    struct reader r = reader_of(chunk->bytes);
    /* Behind a hole nothing tells where a message begins. */
    if (chunk->gap)
        return (struct app_result){PARSE_BAD, 0};
    uint32_t consumed = skip_some(state, dir, reader_left(&r));
    reader_skip(&r, consumed);
    while (reader_left(&r) >= MARK_BYTES) {
        uint32_t len = reader_u32(&r);
        if (len > KRB5_RECORD_MAX) {
            state->skip[dir] = len;
            reader_skip(&r, skip_some(state, dir, reader_left(&r)));
            consumed = (uint32_t)r.at;
            continue;
        }
        struct str message = reader_str(&r, len);
        if (r.bad)
            break;
        if (!app_tx_room(af))
            return (struct app_result){PARSE_FULL, consumed};
        take_message(af, dir, message);
        consumed = (uint32_t)r.at;
    }
    return (struct app_result){consumed == chunk->bytes.len ? PARSE_OK : PARSE_MORE, consumed};
}

static void tx_free(struct app_flow *af, struct tx *tx)
{
    struct krb5_tx *krb5 = (struct krb5_tx *)tx;
    budget_give(af->mem, krb5->bytes, krb5->len);
}

static enum dir log_dir(const struct tx *tx)
{
    return tx->dirs & DIR_BIT(DIR_TOCLIENT) ? DIR_TOCLIENT : DIR_TOSERVER;
}

/* ---- fields ---- */

static bool client_name(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                        struct str *out)
{
    const struct krb5_facts *f = &krb5_tx_of(tx)->facts;
    (void)dir, (void)scratch;
    return f->has_client && krb5_part(f->client, index, out);
}

static bool server_name(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                        struct str *out)
{
    const struct krb5_facts *f = &krb5_tx_of(tx)->facts;
    (void)dir, (void)scratch;
    return f->has_server && krb5_part(f->server, index, out);
}

static bool message_type(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    (void)dir;
    *out = krb5_tx_of(tx)->facts.type;
    return index == 0;
}

static bool error_code(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    const struct krb5_facts *f = &krb5_tx_of(tx)->facts;
    (void)dir;
    *out = (uint64_t)(int64_t)f->error;
    return index == 0 && f->type == KRB5_ERROR;
}

static bool ticket_encryption(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    const struct krb5_facts *f = &krb5_tx_of(tx)->facts;
    (void)dir;
    *out = (uint64_t)(int64_t)f->ticket_encryption;
    return index == 0 && f->has_ticket;
}

#define COMPLETE                 \
    {                            \
        TX_COMPLETE, TX_COMPLETE \
    }
/* Names are asked of what the key center says, as Suricata does it: a client may say anything. */
#define NAME(text, fn)                                                                          \
    {                                                                                           \
        .name = (text), .proto = APP_KRB5, .dirs = DIR_BIT(DIR_TOCLIENT), .ready_at = COMPLETE, \
        .kind = FIELD_BYTES, .multi = true, .bytes = (fn)                                       \
    }
#define NUMBER(text, fn, names)                                                    \
    {                                                                              \
        .name = (text), .proto = APP_KRB5, .dirs = DIR_BOTH, .ready_at = COMPLETE, \
        .kind = FIELD_UINT, .number = (fn), .words = (names)                       \
    }

static const struct field_desc fields[] = {
    NAME("krb5.cname", client_name),
    NAME("krb5.sname", server_name),
    NUMBER("krb5_msg_type", message_type, NULL),
    NUMBER("krb5_err_code", error_code, NULL),
    NUMBER("krb5.ticket_encryption", ticket_encryption, krb5_encryptions),
};

/* Two rows, because over TCP a message begins with its length: the probe must know. Fields are told once. */
#define PARSER                                                                        \
    .proto = APP_KRB5, .state_bytes = sizeof(struct krb5_state), .tx_free = tx_free,  \
    .tx_bytes = sizeof(struct krb5_tx), .events = events, .event_count = KRB5_EVENTS, \
    .events_small = true, .log = krb5_log, .log_dir = log_dir

const struct app_parser krb5_parser = {PARSER, .udp = true, .probe = probe_udp, .data = data_udp,
                                       .fields = {fields, ARRAY_COUNT(fields)}};

const struct app_parser krb5_tcp_parser = {PARSER, .tcp = true, .probe = probe_tcp,
                                           .data = data_tcp};
