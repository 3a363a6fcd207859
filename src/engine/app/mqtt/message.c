#include "engine/app/mqtt/message.h"

#define VERSION_5 5

uint32_t mqtt_read_length(struct reader *r)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        uint8_t byte = reader_u8(r);
        value |= (uint32_t)(byte & 0x7f) << 7 * i;
        if (!(byte & 0x80))
            return value;
    }
    r->bad = true;
    return 0;
}

static struct str read_string(struct reader *r)
{
    return reader_str(r, reader_u16(r));
}

static struct str read_properties(struct reader *r)
{
    return reader_str(r, mqtt_read_length(r));
}

/* Section 3.1. */
static void read_connect(struct reader *r, struct mqtt_parts *out)
{
    out->protocol = read_string(r);
    out->version = reader_u8(r);
    out->flags = reader_u8(r);
    reader_skip(r, 2); /* keep alive */
    if (out->version >= VERSION_5)
        out->properties = read_properties(r);
    out->client_id = read_string(r);
    if (out->flags & MQTT_WILL) {
        if (out->version >= VERSION_5)
            out->will_properties = read_properties(r);
        out->will_topic = read_string(r);
        out->will_message = read_string(r);
    }
    if (out->flags & MQTT_USERNAME)
        out->username = read_string(r);
    if (out->flags & MQTT_PASSWORD)
        out->password = read_string(r);
}

static void read_connack(struct reader *r, bool five, struct mqtt_parts *out)
{
    out->session_present = reader_u8(r) & 1;
    out->code = reader_u8(r);
    out->has_code = !r->bad;
    if (five)
        out->properties = read_properties(r);
}

static void read_id(struct reader *r, struct mqtt_parts *out)
{
    out->packet_id = reader_u16(r);
    out->has_packet_id = !r->bad;
}

static void read_publish(struct reader *r, const struct mqtt_message *m, struct mqtt_parts *out)
{
    out->topic = read_string(r);
    if (mqtt_qos_of(m) > 0)
        read_id(r, out);
    if (m->version >= VERSION_5)
        out->properties = read_properties(r);
    out->payload = reader_rest(r);
}

/* Reason code and properties may both be left out (sections 3.4.2.1, 3.14.2.1): then it is 0. */
static void read_reason(struct reader *r, bool five, struct mqtt_parts *out)
{
    if (!five)
        return;
    out->has_code = true;
    if (reader_left(r))
        out->code = reader_u8(r);
    if (reader_left(r))
        out->properties = read_properties(r);
}

static void read_list(struct reader *r, bool five, struct mqtt_parts *out)
{
    read_id(r, out);
    if (five)
        out->properties = read_properties(r);
    out->list = reader_rest(r);
}

static bool list_is_whole(struct str list, bool with_options)
{
    struct reader r = reader_of(list);
    struct str topic;
    uint8_t options;
    while (mqtt_next_topic(&r, with_options, &topic, &options))
        ;
    return !r.bad;
}

bool mqtt_read(const struct mqtt_message *m, struct mqtt_parts *out)
{
    struct reader r = reader_of(str_of(m->bytes, m->bytes ? m->body_bytes : 0));
    bool five = m->version >= VERSION_5, whole = true;
    *out = (struct mqtt_parts){.version = m->version};
    switch (mqtt_type_of(m)) {
    case MQTT_CONNECT: read_connect(&r, out); break;
    case MQTT_CONNACK: read_connack(&r, five, out); break;
    case MQTT_PUBLISH: read_publish(&r, m, out); break;
    case MQTT_PUBACK:
    case MQTT_PUBREC:
    case MQTT_PUBREL:
    case MQTT_PUBCOMP:
        read_id(&r, out);
        read_reason(&r, five, out);
        break;
    case MQTT_SUBSCRIBE:
    case MQTT_UNSUBSCRIBE:
        read_list(&r, five, out);
        whole = list_is_whole(out->list, mqtt_type_of(m) == MQTT_SUBSCRIBE);
        break;
    case MQTT_SUBACK: read_list(&r, five, out); break;
    case MQTT_UNSUBACK: read_list(&r, five, out); break;
    case MQTT_DISCONNECT:
    case MQTT_AUTH:
        /* One that is a single byte long has a code by section 3.14.2.1, but Suricata takes it for 0, and rules are written
         * after what that shows. */
        if (reader_left(&r) < 2)
            r = reader_of(STR_EMPTY);
        read_reason(&r, five, out);
        break;
    case MQTT_UNASSIGNED:
    case MQTT_PINGREQ:
    case MQTT_PINGRESP:
    case MQTT_TYPES: break;
    }
    return !r.bad && whole;
}

/* ---- properties, section 2.2.2.2 ---- */

enum property_kind {
    PROPERTY_NONE,
    PROPERTY_BYTE,
    PROPERTY_SHORT,
    PROPERTY_LONG,
    PROPERTY_LENGTH,
    PROPERTY_TEXT,
    PROPERTY_PAIR
};

/* flat table */
static const struct {
    const char *name;
    enum property_kind kind;
} properties[] = {
    [1] = {"payload_format_indicator", PROPERTY_BYTE},
    [2] = {"message_expiry_interval", PROPERTY_LONG},
    [3] = {"content_type", PROPERTY_TEXT},
    [8] = {"response_topic", PROPERTY_TEXT},
    [9] = {"correlation_data", PROPERTY_TEXT},
    [11] = {"subscription_identifier", PROPERTY_LENGTH},
    [17] = {"session_expiry_interval", PROPERTY_LONG},
    [18] = {"assigned_client_identifier", PROPERTY_TEXT},
    [19] = {"server_keep_alive", PROPERTY_SHORT},
    [21] = {"authentication_method", PROPERTY_TEXT},
    [22] = {"authentication_data", PROPERTY_TEXT},
    [23] = {"request_problem_information", PROPERTY_BYTE},
    [24] = {"will_delay_interval", PROPERTY_LONG},
    [25] = {"request_response_information", PROPERTY_BYTE},
    [26] = {"response_information", PROPERTY_TEXT},
    [28] = {"server_reference", PROPERTY_TEXT},
    [31] = {"reason_string", PROPERTY_TEXT},
    [33] = {"receive_maximum", PROPERTY_SHORT},
    [34] = {"topic_alias_maximum", PROPERTY_SHORT},
    [35] = {"topic_alias", PROPERTY_SHORT},
    [36] = {"maximum_qos", PROPERTY_BYTE},
    [37] = {"retain_available", PROPERTY_BYTE},
    [38] = {"user_properties", PROPERTY_PAIR},
    [39] = {"maximum_packet_size", PROPERTY_LONG},
    [40] = {"wildcard_subscription_available", PROPERTY_BYTE},
    [41] = {"subscription_identifiers_available", PROPERTY_BYTE},
    [42] = {"shared_subscription_available", PROPERTY_BYTE},
};

const char *mqtt_property_name(uint8_t id)
{
    return id < ARRAY_COUNT(properties) ? properties[id].name : NULL;
}

bool mqtt_next_property(struct reader *r, struct mqtt_property *out)
{
    if (r->bad || !reader_left(r))
        return false;
    *out = (struct mqtt_property){.id = reader_u8(r)};
    switch (out->id < ARRAY_COUNT(properties) ? properties[out->id].kind : PROPERTY_NONE) {
    case PROPERTY_BYTE: out->number = reader_u8(r); break;
    case PROPERTY_SHORT: out->number = reader_u16(r); break;
    case PROPERTY_LONG: out->number = reader_u32(r); break;
    case PROPERTY_LENGTH: out->number = mqtt_read_length(r); break;
    case PROPERTY_PAIR:
        out->text = read_string(r);
        out->value = read_string(r);
        break;
    case PROPERTY_TEXT:
        out->is_text = true;
        out->text = read_string(r);
        break;
    case PROPERTY_NONE: r->bad = true; break;
    }
    return !r->bad;
}

int mqtt_count_properties(struct str list)
{
    struct reader r = reader_of(list);
    struct mqtt_property property;
    int count = 0;
    while (mqtt_next_property(&r, &property))
        count++;
    return r.bad ? -1 : count;
}

bool mqtt_next_topic(struct reader *r, bool with_options, struct str *topic, uint8_t *options)
{
    if (r->bad || !reader_left(r))
        return false;
    *topic = read_string(r);
    *options = with_options ? reader_u8(r) : 0;
    return !r->bad;
}
