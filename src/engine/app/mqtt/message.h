/* message: control packets of MQTT as they came, and how to read them. Sections are those of MQTT 5.0. */
#ifndef ENGINE_APP_MQTT_MESSAGE_H
#define ENGINE_APP_MQTT_MESSAGE_H

#include "base/reader.h"
#include "engine/app/app.h"

#define MQTT_KEPT_MAX 60000 /* below APP_PENDING_MAX: a message is given whole */
#define MQTT_MESSAGES_MAX 8 /* PUBLISH with QoS 2 has four, and some come again */
#define MQTT_PROPERTIES_MAX 32
#define MQTT_TOPICS_MAX 256

enum mqtt_type {
    MQTT_UNASSIGNED,
    MQTT_CONNECT,
    MQTT_CONNACK,
    MQTT_PUBLISH,
    MQTT_PUBACK,
    MQTT_PUBREC,
    MQTT_PUBREL,
    MQTT_PUBCOMP,
    MQTT_SUBSCRIBE,
    MQTT_SUBACK,
    MQTT_UNSUBSCRIBE,
    MQTT_UNSUBACK,
    MQTT_PINGREQ,
    MQTT_PINGRESP,
    MQTT_DISCONNECT,
    MQTT_AUTH,
    MQTT_TYPES
};

enum mqtt_event {
    MQTT_MISSING_CONNECT,
    MQTT_MISSING_PUBLISH,
    MQTT_MISSING_SUBSCRIBE,
    MQTT_MISSING_UNSUBSCRIBE,
    MQTT_DOUBLE_CONNECT,
    MQTT_UNINTRODUCED_MESSAGE,
    MQTT_INVALID_QOS_LEVEL,
    MQTT_MISSING_MSG_ID,
    MQTT_UNASSIGNED_MSG_TYPE,
    MQTT_TOO_MANY_TRANSACTIONS,
    MQTT_MALFORMED_TRAFFIC,
    MQTT_TOO_MANY_PROPERTIES,
    MQTT_TOO_MANY_MESSAGES,
    MQTT_EVENTS
};

/* Bits of the first byte, section 2.1; of CONNECT's flags, section 3.1.2.3. */
#define MQTT_DUP 0x08
#define MQTT_RETAIN 0x01
#define MQTT_USERNAME 0x80
#define MQTT_PASSWORD 0x40
#define MQTT_WILL_RETAIN 0x20
#define MQTT_WILL 0x04
#define MQTT_CLEAN 0x02

struct mqtt_message {
    uint8_t head;    /* the first byte */
    uint8_t version; /* that the connection speaks: 3, 4, 5; 0: not known */
    bool truncated;  /* too long to be kept */
    uint32_t body_bytes;
    uint8_t head_bytes; /* type and length */
    uint8_t *bytes;     /* the body; NULL: none kept */
};

struct mqtt_tx {
    struct tx tx; /* first */
    uint16_t packet_id;
    bool has_packet_id;
    uint8_t count;
    struct mqtt_message messages[MQTT_MESSAGES_MAX];
};

/* What a message says; parts are borrowed from it. */
struct mqtt_parts {
    struct str protocol, client_id, username, password, will_topic, will_message; /* CONNECT */
    uint8_t version, flags;
    struct str properties, will_properties;
    struct str topic, payload; /* PUBLISH */
    struct str list;           /* of topics or codes */
    uint16_t packet_id;
    uint8_t code;
    bool has_packet_id, has_code, session_present;
};

struct mqtt_property {
    uint8_t id;
    bool is_text;
    uint32_t number;
    struct str text, value; /* value: of a user property, whose name is text */
};

static inline const struct mqtt_tx *mqtt_tx_of(const struct tx *tx)
{
    return (const struct mqtt_tx *)tx;
}

static inline enum mqtt_type mqtt_type_of(const struct mqtt_message *m)
{
    return (enum mqtt_type)(m->head >> 4);
}

static inline uint8_t mqtt_qos_of(const struct mqtt_message *m)
{
    return m->head >> 1 & 3;
}

/* Section 1.5.5: at most four bytes; otherwise the reader is bad. */
uint32_t mqtt_read_length(struct reader *r);
/* False: damaged; what came before the damage is there. */
NODISCARD bool mqtt_read(const struct mqtt_message *m, struct mqtt_parts *out);
/* The next property; false at the end, and r->bad when it is damaged. */
NODISCARD bool mqtt_next_property(struct reader *r, struct mqtt_property *out);
/* Of all properties of the message; -1: damaged. */
int mqtt_count_properties(struct str properties);
/* "receive_maximum"; NULL: unknown. */
const char *mqtt_property_name(uint8_t id);
/* Of SUBSCRIBE's list each topic has a byte of options behind it, of UNSUBSCRIBE's none. */
NODISCARD bool mqtt_next_topic(struct reader *r, bool with_options, struct str *topic,
                               uint8_t *options);

#define MQTT_FIELDS 17
extern const struct field_desc mqtt_fields[MQTT_FIELDS];
void mqtt_log_conf(struct app_log *log, const struct conf_node *settings);
void mqtt_log(const struct tx *tx, const struct app_conf *conf, struct json *out);

#endif
