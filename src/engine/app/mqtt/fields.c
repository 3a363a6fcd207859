/* What rules ask of an exchange: of any of its messages. */
#include "engine/app/mqtt/message.h"

/* The exchange's message of that type; NULL: none (yet). */
static const struct mqtt_message *find(const struct tx *tx, enum mqtt_type type)
{
    const struct mqtt_tx *mqtt = mqtt_tx_of(tx);
    for (uint8_t i = 0; i < mqtt->count; i++)
        if (mqtt_type_of(&mqtt->messages[i]) == type)
            return &mqtt->messages[i];
    return NULL;
}

static bool parts_of(const struct tx *tx, enum mqtt_type type, struct mqtt_parts *out)
{
    const struct mqtt_message *m = find(tx, type);
    return m && !m->truncated && mqtt_read(m, out);
}

#define PART(fn, of, member)                                                                 \
    static bool fn(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch, \
                   struct str *out)                                                          \
    {                                                                                        \
        struct mqtt_parts parts;                                                             \
        (void)dir, (void)scratch;                                                            \
        if (index > 0 || !parts_of(tx, of, &parts))                                          \
            return false;                                                                    \
        *out = parts.member;                                                                 \
        return out->p != NULL;                                                               \
    }

PART(client_id, MQTT_CONNECT, client_id)
PART(username, MQTT_CONNECT, username)
PART(password, MQTT_CONNECT, password)
PART(protocol_string, MQTT_CONNECT, protocol)
PART(will_topic, MQTT_CONNECT, will_topic)
PART(will_message, MQTT_CONNECT, will_message)
PART(publish_topic, MQTT_PUBLISH, topic)
PART(publish_message, MQTT_PUBLISH, payload)

static bool topic_of(const struct tx *tx, enum mqtt_type type, uint32_t index, struct str *out)
{
    struct mqtt_parts parts;
    uint8_t options;
    if (index >= MQTT_TOPICS_MAX || !parts_of(tx, type, &parts))
        return false;
    struct reader r = reader_of(parts.list);
    for (uint32_t i = 0; mqtt_next_topic(&r, type == MQTT_SUBSCRIBE, out, &options); i++)
        if (i == index)
            return true;
    return false;
}

static bool subscribe_topic(const struct tx *tx, enum dir dir, uint32_t index,
                            struct arena *scratch, struct str *out)
{
    (void)dir, (void)scratch;
    return topic_of(tx, MQTT_SUBSCRIBE, index, out);
}

static bool unsubscribe_topic(const struct tx *tx, enum dir dir, uint32_t index,
                              struct arena *scratch, struct str *out)
{
    (void)dir, (void)scratch;
    return topic_of(tx, MQTT_UNSUBSCRIBE, index, out);
}

static const struct mqtt_message *at(const struct tx *tx, uint32_t index)
{
    const struct mqtt_tx *mqtt = mqtt_tx_of(tx);
    return index < mqtt->count ? &mqtt->messages[index] : NULL;
}

static bool type(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    const struct mqtt_message *m = at(tx, index);
    (void)dir;
    *out = m ? mqtt_type_of(m) : 0;
    return m;
}

static bool flags(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    const struct mqtt_message *m = at(tx, index);
    (void)dir;
    *out = m ? m->head & 0x0f : 0;
    return m;
}

static bool qos(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    const struct mqtt_message *m = at(tx, index);
    (void)dir;
    *out = m ? mqtt_qos_of(m) : 0;
    return m;
}

static bool protocol_version(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    const struct mqtt_message *m = at(tx, 0);
    (void)dir;
    *out = m ? m->version : 0;
    return index == 0 && *out > 0;
}

static bool connect_flags(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    struct mqtt_parts parts;
    (void)dir;
    if (index > 0 || !parts_of(tx, MQTT_CONNECT, &parts))
        return false;
    *out = parts.flags;
    return true;
}

static bool session_present(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    struct mqtt_parts parts;
    (void)dir;
    if (index > 0 || !parts_of(tx, MQTT_CONNACK, &parts))
        return false;
    *out = parts.session_present;
    return true;
}

/* Codes of all messages, one after the other: one of a message that has one, of SUBACK and UNSUBACK one for each topic. */
static bool reason_code(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    const struct mqtt_tx *mqtt = mqtt_tx_of(tx);
    (void)dir;
    for (uint8_t i = 0; i < mqtt->count; i++) {
        const struct mqtt_message *m = &mqtt->messages[i];
        struct mqtt_parts parts;
        if (m->truncated || !mqtt_read(m, &parts))
            continue;
        bool is_list = mqtt_type_of(m) == MQTT_SUBACK || mqtt_type_of(m) == MQTT_UNSUBACK;
        uint32_t count = is_list ? (uint32_t)parts.list.len : parts.has_code;
        if (index < count) {
            *out = is_list ? parts.list.p[index] : parts.code;
            return true;
        }
        index -= count;
    }
    return false;
}

static const struct number_word type_words[] = {
    {"unassigned", MQTT_UNASSIGNED},
    {"connect", MQTT_CONNECT},
    {"connack", MQTT_CONNACK},
    {"publish", MQTT_PUBLISH},
    {"puback", MQTT_PUBACK},
    {"pubrec", MQTT_PUBREC},
    {"pubrel", MQTT_PUBREL},
    {"pubcomp", MQTT_PUBCOMP},
    {"subscribe", MQTT_SUBSCRIBE},
    {"suback", MQTT_SUBACK},
    {"unsubscribe", MQTT_UNSUBSCRIBE},
    {"unsuback", MQTT_UNSUBACK},
    {"pingreq", MQTT_PINGREQ},
    {"pingresp", MQTT_PINGRESP},
    {"disconnect", MQTT_DISCONNECT},
    {"auth", MQTT_AUTH},
    {NULL, 0},
};

static const struct number_word truth_words[] = {
    {"yes", 1}, {"true", 1}, {"no", 0}, {"false", 0}, {NULL, 0}};

static const struct number_word flag_words[] = {
    {"dup", MQTT_DUP}, {"retain", MQTT_RETAIN}, {NULL, 0}};

static const struct number_word connect_words[] = {
    {"username", MQTT_USERNAME}, {"password", MQTT_PASSWORD},   {"will_retain", MQTT_WILL_RETAIN},
    {"will", MQTT_WILL},         {"clean_session", MQTT_CLEAN}, {NULL, 0},
};

#define BYTES(text, where, several, fn)                                         \
    {                                                                           \
        .name = (text), .proto = APP_MQTT, .dirs = (where), .ready_at = {1, 1}, \
        .kind = FIELD_BYTES, .multi = (several), .bytes = (fn)                  \
    }
/* Further messages of the exchange may have others. */
#define NUMBER(text, where, fn, names)                                                       \
    {                                                                                        \
        .name = (text), .proto = APP_MQTT, .dirs = (where), .ready_at = {1, 1},              \
        .kind = FIELD_UINT, .multi = true, .growing = true, .number = (fn), .words = (names) \
    }
#define FLAGS(text, fn, names)                                                                   \
    {                                                                                            \
        .name = (text), .proto = APP_MQTT, .dirs = TS, .ready_at = {1, 1}, .kind = FIELD_UINT,   \
        .multi = true, .growing = true, .number = (fn), .words = (names), .words_are_bits = true \
    }
#define TS DIR_BIT(DIR_TOSERVER)

const struct field_desc mqtt_fields[MQTT_FIELDS] = {
    BYTES("mqtt.connect.clientid", TS, false, client_id),
    BYTES("mqtt.connect.username", TS, false, username),
    BYTES("mqtt.connect.password", TS, false, password),
    BYTES("mqtt.connect.protocol_string", TS, false, protocol_string),
    BYTES("mqtt.connect.willtopic", TS, false, will_topic),
    BYTES("mqtt.connect.willmessage", TS, false, will_message),
    BYTES("mqtt.publish.topic", DIR_BOTH, false, publish_topic),
    BYTES("mqtt.publish.message", DIR_BOTH, false, publish_message),
    BYTES("mqtt.subscribe.topic", TS, true, subscribe_topic),
    BYTES("mqtt.unsubscribe.topic", TS, true, unsubscribe_topic),
    NUMBER("mqtt.type", DIR_BOTH, type, type_words),
    NUMBER("mqtt.qos", DIR_BOTH, qos, NULL),
    NUMBER("mqtt.protocol_version", DIR_BOTH, protocol_version, NULL),
    NUMBER("mqtt.reason_code", DIR_BOTH, reason_code, NULL),
    NUMBER("mqtt.connack.session_present", DIR_BOTH, session_present, truth_words),
    FLAGS("mqtt.flags", flags, flag_words),
    FLAGS("mqtt.connect.flags", connect_flags, connect_words),
};
