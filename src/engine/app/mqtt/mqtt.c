#include "engine/app/mqtt/mqtt.h"

#include "engine/app/mqtt/message.h"

#define PORT_MQTT 1883
#define QOS_TWICE 2
#define HEAD_MAX 5 /* type and length */

struct mqtt_state {
    uint8_t version;          /* of CONNECT; 0: not seen */
    bool asked, connected;    /* CONNECT, CONNACK were seen */
    bool damaged;             /* and nothing more is read in either direction */
    uint32_t skip[DIR_COUNT]; /* bytes of a message that is too long */
};

static const struct app_event_desc events[MQTT_EVENTS] = {
    [MQTT_MISSING_CONNECT] = {"missing_connect"},
    [MQTT_MISSING_PUBLISH] = {"missing_publish"},
    [MQTT_MISSING_SUBSCRIBE] = {"missing_subscribe"},
    [MQTT_MISSING_UNSUBSCRIBE] = {"missing_unsubscribe"},
    [MQTT_DOUBLE_CONNECT] = {"double_connect"},
    [MQTT_UNINTRODUCED_MESSAGE] = {"unintroduced_message"},
    [MQTT_INVALID_QOS_LEVEL] = {"invalid_qos_level"},
    [MQTT_MISSING_MSG_ID] = {"missing_msg_id"},
    [MQTT_UNASSIGNED_MSG_TYPE] = {"unassigned_msg_type"},
    [MQTT_TOO_MANY_TRANSACTIONS] = {"too_many_transactions"},
    [MQTT_MALFORMED_TRAFFIC] = {"malformed_traffic"},
    [MQTT_TOO_MANY_PROPERTIES] = {"too_many_properties"},
    [MQTT_TOO_MANY_MESSAGES] = {"too_many_messages"},
};

/* ---- is it MQTT? ---- */

/* Section 2.1.3: the low bits of the first byte are fixed but for PUBLISH. */
static bool head_is_possible(uint8_t head)
{
    static const uint8_t low[MQTT_TYPES] = {
        [MQTT_PUBREL] = 2, [MQTT_SUBSCRIBE] = 2, [MQTT_UNSUBSCRIBE] = 2};
    uint8_t type = head >> 4;
    if (type == MQTT_UNASSIGNED)
        return false;
    return type == MQTT_PUBLISH ? (head & 6) != 6 : (head & 0x0f) == low[type];
}

/* Is `bytes` the beginning of `text`, or the other way round? */
static enum app_probe compare(struct str bytes, struct str text)
{
    if (bytes.len >= text.len)
        return str_starts(bytes, text) ? APP_PROBE_YES : APP_PROBE_NO;
    return str_starts(text, bytes) ? APP_PROBE_MORE : APP_PROBE_NO;
}

/* Two bytes, or, of version 5, three and properties that end where it does. */
static enum app_probe probe_connack(struct reader *r, uint32_t length)
{
    if (length < 2)
        return APP_PROBE_NO;
    if (reader_left(r) < (length > 2 ? 3 : 2))
        return APP_PROBE_MORE;
    uint8_t flags = reader_u8(r), code = reader_u8(r);
    if (length == 2)
        return flags <= 1 && code <= 5 && !reader_left(r) ? APP_PROBE_YES : APP_PROBE_NO;
    size_t before = reader_left(r);
    uint32_t properties = mqtt_read_length(r);
    bool fits = !r->bad && 2 + (before - reader_left(r)) + properties == length;
    return fits && flags <= 1 && (code == 0 || code >= 0x80) ? APP_PROBE_YES : APP_PROBE_NO;
}

/* CONNECT names the protocol; CONNACK of the older versions has four bytes that can hardly be anything else. */
static enum app_probe probe(struct str bytes, enum dir dir, uint16_t server_port)
{
    struct reader r = reader_of(bytes);
    uint8_t head = reader_u8(&r);
    (void)dir;
    if (r.bad)
        return APP_PROBE_MORE;
    uint32_t length = mqtt_read_length(&r);
    if (r.bad)
        return head_is_possible(head) && bytes.len < HEAD_MAX ? APP_PROBE_MORE : APP_PROBE_NO;
    if (head == MQTT_CONNECT << 4) {
        struct str name = reader_rest(&r);
        enum app_probe now = compare(name, STR_LIT("\0\4MQTT"));
        return now == APP_PROBE_NO ? compare(name, STR_LIT("\0\6MQIsdp")) : now;
    }
    if (server_port == PORT_MQTT)
        return head_is_possible(head) ? APP_PROBE_YES : APP_PROBE_NO;
    if (head != MQTT_CONNACK << 4)
        return APP_PROBE_NO;
    return probe_connack(&r, length);
}

/* ---- exchanges ---- */

static enum mqtt_type first_type(const struct mqtt_tx *mqtt)
{
    return mqtt->count ? mqtt_type_of(&mqtt->messages[0]) : MQTT_UNASSIGNED;
}

/* The exchange of that kind which waits for this message; with_id: that of this number. */
static struct mqtt_tx *find_open(const struct app_flow *af, enum mqtt_type first, enum dir from,
                                 const struct mqtt_parts *parts)
{
    for (struct tx *tx = af->first; tx; tx = tx->next) {
        struct mqtt_tx *mqtt = (struct mqtt_tx *)tx;
        if (tx->progress[from] == TX_COMPLETE || !(tx->dirs & DIR_BIT(from)) ||
            first_type(mqtt) != first)
            continue;
        if (first == MQTT_CONNECT ||
            (mqtt->has_packet_id && parts->has_packet_id && mqtt->packet_id == parts->packet_id))
            return mqtt;
    }
    return NULL;
}

static void complete(struct mqtt_tx *mqtt)
{
    app_progress(&mqtt->tx, DIR_TOSERVER, TX_COMPLETE);
    app_progress(&mqtt->tx, DIR_TOCLIENT, TX_COMPLETE);
}

static void add_message(struct app_flow *af, struct mqtt_tx *mqtt, const struct mqtt_message *m)
{
    if (mqtt->count == MQTT_MESSAGES_MAX) {
        app_event(af, &mqtt->tx, MQTT_TOO_MANY_MESSAGES);
        complete(mqtt);
        return;
    }
    struct mqtt_message *kept = &mqtt->messages[mqtt->count++];
    *kept = *m;
    kept->bytes = NULL;
    mqtt->tx.updated[DIR_TOSERVER] = mqtt->tx.updated[DIR_TOCLIENT] = true;
    if (!m->body_bytes || m->truncated)
        return;
    kept->bytes = budget_alloc(af->mem, m->body_bytes);
    if (kept->bytes)
        memcpy(kept->bytes, m->bytes, m->body_bytes);
}

static struct mqtt_tx *new_exchange(struct app_flow *af, enum dir dir, const struct mqtt_message *m,
                                    const struct mqtt_parts *parts)
{
    struct mqtt_tx *mqtt = (struct mqtt_tx *)app_tx_new(af, (uint8_t)DIR_BIT(dir));
    if (!mqtt)
        return NULL;
    mqtt->packet_id = parts->packet_id;
    mqtt->has_packet_id = parts->has_packet_id;
    add_message(af, mqtt, m);
    app_progress(&mqtt->tx, DIR_TOSERVER, 1);
    app_progress(&mqtt->tx, DIR_TOCLIENT, 1);
    return mqtt;
}

/* How a type of message stands to the exchange it belongs to. */
static const struct role {
    enum mqtt_type first;   /* UNASSIGNED: it begins one */
    enum mqtt_event orphan; /* when there is none */
    bool same_side;         /* sent by the side that began */
    bool ends;
} roles[MQTT_TYPES] = {
    [MQTT_CONNACK] = {MQTT_CONNECT, MQTT_MISSING_CONNECT, false, true},
    [MQTT_PUBACK] = {MQTT_PUBLISH, MQTT_MISSING_PUBLISH, false, true},
    [MQTT_PUBREC] = {MQTT_PUBLISH, MQTT_MISSING_PUBLISH, false, false},
    [MQTT_PUBREL] = {MQTT_PUBLISH, MQTT_MISSING_PUBLISH, true, false},
    [MQTT_PUBCOMP] = {MQTT_PUBLISH, MQTT_MISSING_PUBLISH, false, true},
    [MQTT_SUBACK] = {MQTT_SUBSCRIBE, MQTT_MISSING_SUBSCRIBE, false, true},
    [MQTT_UNSUBACK] = {MQTT_UNSUBSCRIBE, MQTT_MISSING_UNSUBSCRIBE, false, true},
    [MQTT_PINGREQ] = {MQTT_UNASSIGNED, MQTT_EVENTS, false, true},
    [MQTT_PINGRESP] = {MQTT_UNASSIGNED, MQTT_EVENTS, false, true},
    [MQTT_DISCONNECT] = {MQTT_UNASSIGNED, MQTT_EVENTS, false, true},
    [MQTT_AUTH] = {MQTT_UNASSIGNED, MQTT_EVENTS, false, true},
    [MQTT_UNASSIGNED] = {MQTT_UNASSIGNED, MQTT_EVENTS, false, true},
};

static void check_message(struct app_flow *af, struct mqtt_tx *mqtt, const struct mqtt_message *m,
                          const struct mqtt_parts *parts)
{
    struct mqtt_state *state = af->state;
    enum mqtt_type type = mqtt_type_of(m);
    if (type == MQTT_UNASSIGNED)
        app_event(af, &mqtt->tx, MQTT_UNASSIGNED_MSG_TYPE);
    else if (!state->connected && type != MQTT_CONNECT && type != MQTT_CONNACK)
        app_event(af, &mqtt->tx, MQTT_UNINTRODUCED_MESSAGE);
    if (type == MQTT_CONNECT) {
        if (state->asked)
            app_event(af, &mqtt->tx, MQTT_DOUBLE_CONNECT);
        state->asked = true;
    }
    state->connected |= type == MQTT_CONNACK;
    if (m->truncated)
        return;
    if (mqtt_qos_of(m) > QOS_TWICE)
        app_event(af, &mqtt->tx, MQTT_INVALID_QOS_LEVEL);
    if (type == MQTT_PUBLISH && mqtt_qos_of(m) > 0 && !parts->has_packet_id)
        app_event(af, &mqtt->tx, MQTT_MISSING_MSG_ID);
    if (mqtt_count_properties(parts->properties) > MQTT_PROPERTIES_MAX ||
        mqtt_count_properties(parts->will_properties) > MQTT_PROPERTIES_MAX)
        app_event(af, &mqtt->tx, MQTT_TOO_MANY_PROPERTIES);
}

/* A transaction without messages tells of it. */
static void give_up(struct app_flow *af, enum dir dir)
{
    struct mqtt_state *state = af->state;
    struct mqtt_tx *mqtt = (struct mqtt_tx *)app_tx_new(af, (uint8_t)DIR_BIT(dir));
    state->damaged = true;
    app_event(af, mqtt ? &mqtt->tx : NULL, MQTT_MALFORMED_TRAFFIC);
    if (mqtt)
        complete(mqtt);
}

/* False: it is damaged. */
static bool take_message(struct app_flow *af, enum dir dir, struct mqtt_message *m)
{
    struct mqtt_state *state = af->state;
    const struct role *role = &roles[mqtt_type_of(m)];
    struct mqtt_parts parts = {.version = 0};
    m->version = state->version;
    bool good =
        m->truncated || (mqtt_read(m, &parts) && mqtt_count_properties(parts.properties) >= 0 &&
                         mqtt_count_properties(parts.will_properties) >= 0);
    if (!good) {
        give_up(af, dir);
        return false;
    }
    if (mqtt_type_of(m) == MQTT_CONNECT && !m->truncated)
        state->version = m->version = parts.version;
    enum dir from = role->same_side ? dir : dir_other(dir);
    struct mqtt_tx *mqtt = role->first ? find_open(af, role->first, from, &parts) : NULL;
    bool orphan = role->first && !mqtt;
    if (mqtt)
        add_message(af, mqtt, m);
    else
        mqtt = new_exchange(af, dir, m, &parts);
    if (!mqtt)
        return true;
    check_message(af, mqtt, m, &parts);
    if (orphan)
        app_event(af, &mqtt->tx, role->orphan);
    if (orphan || role->ends || m->truncated ||
        (mqtt_type_of(m) == MQTT_PUBLISH && mqtt_qos_of(m) == 0))
        complete(mqtt);
    return true;
}

/* ---- the stream ---- */

static uint32_t skip_some(struct mqtt_state *state, enum dir dir, size_t len)
{
    uint32_t some = state->skip[dir] < len ? state->skip[dir] : (uint32_t)len;
    state->skip[dir] -= some;
    return some;
}

enum frame { FRAME_PDU, FRAME_HEADER, FRAME_DATA, FRAMES };
static const struct app_frame_desc frames[FRAMES] = {
    [FRAME_PDU] = {"pdu"}, [FRAME_HEADER] = {"header"}, [FRAME_DATA] = {"data"}};

static void tell_frames(struct app_flow *af, const struct mqtt_message *m, struct str whole)
{
    app_frame_tell(af, NULL, FRAME_PDU, whole, whole.len);
    app_frame_tell(af, NULL, FRAME_HEADER, whole, m->head_bytes);
    if (m->body_bytes)
        app_frame_tell(af, NULL, FRAME_DATA, str_from(whole, m->head_bytes), m->body_bytes);
}

static enum parse next_message(struct app_flow *af, enum dir dir, struct reader *r)
{
    struct mqtt_state *state = af->state;
    size_t begin = r->at;
    struct mqtt_message m = {.head = reader_u8(r)};
    size_t before = reader_left(r);
    m.body_bytes = mqtt_read_length(r);
    if (r->bad) {
        if (before < HEAD_MAX - 1)
            return PARSE_MORE;
        give_up(af, dir);
        return PARSE_BAD;
    }
    m.head_bytes = (uint8_t)(1 + before - reader_left(r));
    m.truncated = m.body_bytes > af->conf->mqtt_message_max || m.body_bytes > MQTT_KEPT_MAX;
    if (!m.truncated) {
        m.bytes = (uint8_t *)(uintptr_t)reader_str(r, m.body_bytes).p;
        if (r->bad)
            return PARSE_MORE;
    }
    if (!app_tx_room(af))
        return PARSE_FULL;
    if (!m.truncated)
        tell_frames(af, &m, str_cut(str_of(r->p, r->len), begin, r->at));
    if (!take_message(af, dir, &m))
        return PARSE_BAD;
    if (m.truncated) {
        state->skip[dir] = m.body_bytes;
        reader_skip(r, skip_some(state, dir, reader_left(r)));
    }
    return PARSE_OK;
}

static struct app_result data(struct app_flow *af, enum dir dir, const struct app_chunk *chunk)
{
    struct reader r = reader_of(chunk->bytes);
    enum parse status = PARSE_OK;
    /* Behind a hole nothing tells where a message begins. */
    if (chunk->gap || ((struct mqtt_state *)af->state)->damaged)
        return (struct app_result){PARSE_BAD, 0};
    uint32_t consumed = skip_some(af->state, dir, reader_left(&r));
    reader_skip(&r, consumed);
    while (status == PARSE_OK && reader_left(&r)) {
        status = next_message(af, dir, &r);
        if (status == PARSE_OK)
            consumed = (uint32_t)r.at;
    }
    return (struct app_result){status, consumed};
}

static void tx_free(struct app_flow *af, struct tx *tx)
{
    struct mqtt_tx *mqtt = (struct mqtt_tx *)tx;
    for (uint8_t i = 0; i < mqtt->count; i++)
        if (mqtt->messages[i].bytes)
            budget_give(af->mem, mqtt->messages[i].bytes, mqtt->messages[i].body_bytes);
}

const struct app_parser mqtt_parser = {
    .proto = APP_MQTT,
    .tcp = true,
    .probe = probe,
    .state_bytes = sizeof(struct mqtt_state),
    .data = data,
    .tx_free = tx_free,
    .tx_bytes = sizeof(struct mqtt_tx),
    .fields = {mqtt_fields, MQTT_FIELDS},
    .events = events,
    .event_count = MQTT_EVENTS,
    .frames = frames,
    .frame_count = FRAMES,
    .events_small = true,
    .log_conf = mqtt_log_conf,
    .log = mqtt_log,
};
