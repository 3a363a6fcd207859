#include "engine/app/mqtt/message.h"

#define TEXT_USUAL 1024 /* string-log-limit */
#define TEXT_MAX 65535
#define CODES_MAX 256

void mqtt_log_conf(struct app_log *log, const struct conf_node *settings)
{
    uint64_t max = conf_node_bytes(conf_child(settings, "string-log-limit"), TEXT_USUAL);
    log->mqtt_no_passwords = !conf_node_bool(conf_child(settings, "passwords"), true);
    log->mqtt_text_max = max < TEXT_MAX ? (uint32_t)max : TEXT_MAX;
}

/* Where a record goes, and how much of a text. */
struct target {
    struct json *out;
    uint32_t text_max;
};

static void log_text(const struct target *to, const char *key, struct str text)
{
    uint8_t memory[TEXT_MAX + 64];
    struct buf b = buf_fixed(memory, sizeof memory);
    if (text.len <= to->text_max) {
        json_bytes(to->out, key, text);
        return;
    }
    buf_add(&b, str_cut(text, 0, to->text_max));
    buf_printf(&b, "[truncated %zu additional bytes]", text.len - to->text_max);
    json_bytes(to->out, key, buf_str(&b));
}

static void log_user_properties(struct str list, const struct target *to)
{
    struct reader r = reader_of(list);
    struct mqtt_property p;
    bool any = false;
    for (int i = 0; i < MQTT_PROPERTIES_MAX && mqtt_next_property(&r, &p); i++) {
        if (p.value.p == NULL)
            continue;
        if (!any)
            json_array(to->out, "user_properties");
        any = true;
        json_object(to->out, NULL);
        log_text(to, "key", p.text);
        log_text(to, "value", p.value);
        json_end_object(to->out);
    }
    if (any)
        json_end_array(to->out);
}

/* Of a property that comes again the last one. */
static bool comes_again(const struct reader *at, uint8_t id, int left)
{
    struct reader r = *at;
    struct mqtt_property p;
    while (left-- > 0 && mqtt_next_property(&r, &p))
        if (p.id == id)
            return true;
    return false;
}

static void log_properties(struct str list, const struct target *to)
{
    struct reader r = reader_of(list);
    struct mqtt_property p;
    if (!list.len)
        return;
    json_object(to->out, "properties");
    for (int i = 0; i < MQTT_PROPERTIES_MAX && mqtt_next_property(&r, &p); i++) {
        const char *name = mqtt_property_name(p.id);
        if (!name || p.value.p || comes_again(&r, p.id, MQTT_PROPERTIES_MAX - i - 1))
            continue;
        if (p.is_text)
            log_text(to, name, p.text);
        else
            json_uint(to->out, name, p.number);
    }
    log_user_properties(list, to);
    json_end_object(to->out);
}

static void log_connect(const struct mqtt_parts *p, bool passwords, const struct target *to)
{
    log_text(to, "protocol_string", p->protocol);
    json_uint(to->out, "protocol_version", p->version);
    log_text(to, "client_id", p->client_id);
    json_object(to->out, "flags");
    json_bool(to->out, "username", p->flags & MQTT_USERNAME);
    json_bool(to->out, "password", p->flags & MQTT_PASSWORD);
    json_bool(to->out, "will_retain", p->flags & MQTT_WILL_RETAIN);
    json_bool(to->out, "will", p->flags & MQTT_WILL);
    json_bool(to->out, "clean_session", p->flags & MQTT_CLEAN);
    json_end_object(to->out);
    if (p->flags & MQTT_USERNAME)
        log_text(to, "username", p->username);
    if (passwords && (p->flags & MQTT_PASSWORD))
        log_text(to, "password", p->password);
    if (p->flags & MQTT_WILL) {
        json_object(to->out, "will");
        log_text(to, "topic", p->will_topic);
        log_text(to, "message", p->will_message);
        log_properties(p->will_properties, to);
        json_end_object(to->out);
    }
    log_properties(p->properties, to);
}

static void log_topics(const struct mqtt_parts *p, bool with_options, const struct target *to)
{
    struct reader r = reader_of(p->list);
    struct str topic;
    uint8_t options;
    json_array(to->out, "topics");
    for (int i = 0; i < MQTT_TOPICS_MAX && mqtt_next_topic(&r, with_options, &topic, &options);
         i++) {
        if (!with_options) {
            log_text(to, NULL, topic);
            continue;
        }
        json_object(to->out, NULL);
        log_text(to, "topic", topic);
        json_uint(to->out, "qos", options);
        json_end_object(to->out);
    }
    json_end_array(to->out);
}

static void log_codes(const struct mqtt_parts *p, const char *key, const struct target *to)
{
    json_array(to->out, key);
    for (size_t i = 0; i < p->list.len && i < CODES_MAX; i++)
        json_uint(to->out, NULL, p->list.p[i]);
    json_end_array(to->out);
}

static void log_rest(const struct mqtt_message *m, const struct mqtt_parts *p,
                     const struct target *to)
{
    enum mqtt_type type = mqtt_type_of(m);
    if (type == MQTT_PUBLISH)
        log_text(to, "topic", p->topic);
    if (p->has_packet_id)
        json_uint(to->out, "message_id", p->packet_id);
    if (type == MQTT_PUBLISH)
        log_text(to, "message", p->payload);
    if (type == MQTT_SUBSCRIBE || type == MQTT_UNSUBSCRIBE)
        log_topics(p, type == MQTT_SUBSCRIBE, to);
    if (type == MQTT_SUBACK)
        log_codes(p, "qos_granted", to);
    if (type == MQTT_UNSUBACK && m->version >= 5)
        log_codes(p, "reason_codes", to);
    if (type == MQTT_CONNACK)
        json_bool(to->out, "session_present", p->session_present);
    if (p->has_code)
        json_uint(to->out, type == MQTT_CONNACK ? "return_code" : "reason_code", p->code);
    log_properties(p->properties, to);
}

static void log_message(const struct mqtt_message *m, bool passwords, const struct target *to)
{
    static const char *const names[MQTT_TYPES] = {
        [MQTT_CONNECT] = "connect",   [MQTT_CONNACK] = "connack",
        [MQTT_PUBLISH] = "publish",   [MQTT_PUBACK] = "puback",
        [MQTT_PUBREC] = "pubrec",     [MQTT_PUBREL] = "pubrel",
        [MQTT_PUBCOMP] = "pubcomp",   [MQTT_SUBSCRIBE] = "subscribe",
        [MQTT_SUBACK] = "suback",     [MQTT_UNSUBSCRIBE] = "unsubscribe",
        [MQTT_UNSUBACK] = "unsuback", [MQTT_PINGREQ] = "pingreq",
        [MQTT_PINGRESP] = "pingresp", [MQTT_DISCONNECT] = "disconnect",
        [MQTT_AUTH] = "auth",
    };
    struct mqtt_parts parts = {.version = 0};
    const char *name = names[mqtt_type_of(m)];
    if (!name)
        return;
    json_object(to->out, name);
    json_uint(to->out, "qos", mqtt_qos_of(m));
    json_bool(to->out, "retain", m->head & MQTT_RETAIN);
    json_bool(to->out, "dup", m->head & MQTT_DUP);
    if (m->truncated) {
        json_uint(to->out, "skipped_length", m->head_bytes + (uint64_t)m->body_bytes);
        json_bool(to->out, "truncated", true);
    } else if (mqtt_read(m, &parts)) {
        if (mqtt_type_of(m) == MQTT_CONNECT)
            log_connect(&parts, passwords, to);
        else
            log_rest(m, &parts, to);
    }
    json_end_object(to->out);
}

void mqtt_log(const struct tx *tx, const struct app_conf *conf, struct json *out)
{
    const struct mqtt_tx *mqtt = mqtt_tx_of(tx);
    const struct target to = {out, conf->log.mqtt_text_max};
    for (uint8_t i = 0; i < mqtt->count; i++) {
        bool again = false;
        for (uint8_t k = (uint8_t)(i + 1); k < mqtt->count && !again; k++)
            again = mqtt_type_of(&mqtt->messages[k]) == mqtt_type_of(&mqtt->messages[i]);
        if (!again)
            log_message(&mqtt->messages[i], !conf->log.mqtt_no_passwords, &to);
    }
}
