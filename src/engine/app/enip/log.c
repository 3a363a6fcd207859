/* EVE's "enip". Members, their order and their types are those of Suricata 8. */
#include "engine/app/enip/message.h"

#include <stdio.h>

/* "unknown-77" where it has no name. */
static void log_name(const char *key, const struct number_word *words, uint64_t number,
                     struct json *out)
{
    const char *name = enip_name(words, number);
    char text[32];
    if (!name)
        snprintf(text, sizeof text, "unknown-%llu", (unsigned long long)number);
    json_text(out, key, name ? name : text);
}

static const struct number_word segment_types[] = {
    {"class", CIP_CLASS}, {"instance", CIP_INSTANCE}, {"attribute", CIP_ATTRIBUTE}, {NULL, 0}};

static void log_path(struct str path, struct json *out)
{
    struct reader r = reader_of(path);
    struct cip_segment segment;
    bool any = false;
    while (enip_next_segment(&r, &segment)) {
        if (!any)
            json_array(out, "path");
        any = true;
        json_object(out, NULL);
        log_name("segment_type", segment_types, segment.type, out);
        json_uint(out, "value", segment.value);
        json_end_object(out);
    }
    if (any)
        json_end_array(out);
}

static void log_status(const struct cip *cip, struct json *out)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t hex[4];
    log_name("status", enip_cip_statuses, cip->status, out);
    if (cip->extended.len < 2)
        return;
    for (size_t i = 0; i < 2; i++) {
        hex[2 * i] = (uint8_t)digits[cip->extended.p[i] >> 4];
        hex[2 * i + 1] = (uint8_t)digits[cip->extended.p[i] & 15];
    }
    json_bytes(out, "status_extended", str_of(hex, sizeof hex));
    struct reader r = reader_of(cip->extended);
    const char *meaning = enip_name(enip_cip_extended, reader_u16_le(&r));
    if (meaning)
        json_text(out, "status_extended_meaning", meaning);
}

static void log_service(const struct cip *cip, struct json *out)
{
    uint32_t class;
    log_name("service", enip_cip_services, cip->service, out);
    if (cip->is_response) {
        log_status(cip, out);
        return;
    }
    log_path(cip->path, out);
    if (enip_find_segment(cip->path, CIP_CLASS, &class))
        log_name("class_name", enip_cip_classes, class, out);
}

static void log_cip(struct str bytes, struct json *out)
{
    struct cip_walk w = enip_walk(bytes);
    struct cip cip;
    bool any = false;
    if (!enip_next_cip(&w, &cip))
        return;
    json_object(out, "cip");
    log_service(&cip, out);
    while (enip_next_cip(&w, &cip)) {
        if (!any)
            json_array(out, "multiple");
        any = true;
        json_object(out, NULL);
        log_service(&cip, out);
        json_end_object(out);
    }
    if (any)
        json_end_array(out);
    json_end_object(out);
}

static void log_identity(const struct enip_parts *parts, struct json *out)
{
    const struct enip_identity *id = &parts->identity;
    char revision[16];
    snprintf(revision, sizeof revision, "%u.%u", id->revision >> 8, id->revision & 0xffu);
    json_object(out, "identity");
    json_uint(out, "protocol_version", parts->protocol_version);
    json_text(out, "revision", revision);
    log_name("vendor_id", enip_cip_vendors, id->vendor_id, out);
    log_name("device_type", enip_cip_devices, id->device_type, out);
    json_uint(out, "product_code", id->product_code);
    json_uint(out, "status", id->status);
    json_uint(out, "serial", id->serial);
    json_bytes(out, "product_name", id->product_name);
    json_uint(out, "state", id->state);
    json_end_object(out);
}

static void log_data(const struct enip_parts *parts, struct json *out)
{
    if (parts->head.command == ENIP_REGISTER && parts->has_version) {
        json_object(out, "register_session");
        json_uint(out, "protocol_version", parts->protocol_version);
        json_uint(out, "options", parts->options);
        json_end_object(out);
    }
    if (parts->has_services) {
        json_object(out, "list_services");
        json_uint(out, "protocol_version", parts->protocol_version);
        json_uint(out, "capabilities", parts->capabilities);
        json_bytes(out, "service_name", parts->service_name);
        json_end_object(out);
    }
    if (parts->has_identity)
        log_identity(parts, out);
    /* of a damaged message Suricata shows nothing; a rule looks at what there is */
    if (parts->has_cip && enip_cip_is_whole(parts->cip))
        log_cip(parts->cip, out);
}

void enip_log(const struct tx *tx, const struct app_conf *conf, struct json *out)
{
    static const char *const names[DIR_COUNT] = {"request", "response"};
    (void)conf;
    for (enum dir dir = DIR_TOSERVER; dir <= DIR_TOCLIENT; dir++) {
        struct enip_parts parts;
        struct str bytes = enip_bytes(tx, dir);
        if (!bytes.len)
            continue;
        (void)!enip_read(bytes, dir, &parts);
        json_object(out, names[dir]);
        log_name("command", enip_commands, parts.head.command, out);
        log_name("status", enip_statuses, parts.head.status, out);
        if (parts.head.options)
            json_uint(out, "options", parts.head.options);
        log_data(&parts, out);
        json_end_object(out);
    }
}
