/* What rules ask of a message: that of the direction they look at. */
#include "engine/app/enip/message.h"

static bool parts_of(const struct tx *tx, enum dir dir, struct enip_parts *out)
{
    struct str bytes = enip_bytes(tx, dir);
    (void)!enip_read(bytes, dir, out); /* what stands before the damage counts */
    return bytes.len > 0;
}

#define NUMBER_OF(fn, has, member)                                                   \
    static bool fn(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out) \
    {                                                                                \
        struct enip_parts parts;                                                     \
        if (index > 0 || !parts_of(tx, dir, &parts) || !(has))                       \
            return false;                                                            \
        *out = parts.member;                                                         \
        return true;                                                                 \
    }

NUMBER_OF(command, true, head.command)
NUMBER_OF(status, true, head.status)
NUMBER_OF(protocol_version, parts.has_version, protocol_version)
NUMBER_OF(revision, parts.has_identity, identity.revision)
NUMBER_OF(identity_status, parts.has_identity, identity.status)
NUMBER_OF(state, parts.has_identity, identity.state)
NUMBER_OF(serial, parts.has_identity, identity.serial)
NUMBER_OF(product_code, parts.has_identity, identity.product_code)
NUMBER_OF(device_type, parts.has_identity, identity.device_type)
NUMBER_OF(vendor_id, parts.has_identity, identity.vendor_id)
NUMBER_OF(capabilities, parts.has_services, capabilities)

static bool product_name(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                         struct str *out)
{
    struct enip_parts parts;
    (void)index, (void)scratch;
    if (!parts_of(tx, dir, &parts) || !parts.has_identity)
        return false;
    *out = parts.identity.product_name;
    return true;
}

static bool service_name(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                         struct str *out)
{
    struct enip_parts parts;
    (void)index, (void)scratch;
    if (!parts_of(tx, dir, &parts) || !parts.has_services)
        return false;
    *out = parts.service_name;
    return true;
}

/* ---- CIP: values of all messages, one after the other ---- */

/* Value `index` of one message; false: it has fewer, and *count says how many. */
typedef bool (*cip_value)(const struct cip *cip, uint32_t index, uint64_t *out, uint32_t *count);

static bool find_value(const struct tx *tx, enum dir dir, uint32_t index, cip_value value,
                       uint64_t *out)
{
    struct enip_parts parts;
    struct cip cip;
    uint32_t count;
    if (!parts_of(tx, dir, &parts) || !parts.has_cip)
        return false;
    struct cip_walk w = enip_walk(parts.cip);
    while (enip_next_cip(&w, &cip)) {
        if (value(&cip, index, out, &count))
            return true;
        index -= count;
    }
    return false;
}

static bool value_of_segment(const struct cip *cip, uint8_t type, uint32_t index, uint64_t *out,
                             uint32_t *count)
{
    struct reader r = reader_of(cip->path);
    struct cip_segment segment;
    *count = 0;
    while (enip_next_segment(&r, &segment))
        if (segment.type == type && (*count)++ == index) {
            *out = segment.value;
            return true;
        }
    return false;
}

static bool class_value(const struct cip *cip, uint32_t index, uint64_t *out, uint32_t *count)
{
    return value_of_segment(cip, CIP_CLASS, index, out, count);
}

static bool instance_value(const struct cip *cip, uint32_t index, uint64_t *out, uint32_t *count)
{
    return value_of_segment(cip, CIP_INSTANCE, index, out, count);
}

/* Those of the path, and those that a list asks for (volume 1, appendix ). */
static bool attribute_value(const struct cip *cip, uint32_t index, uint64_t *out, uint32_t *count)
{
    if (value_of_segment(cip, CIP_ATTRIBUTE, index, out, count))
        return true;
    if (cip->is_response || cip->service != CIP_GET_ATTRIBUTE_LIST)
        return false;
    struct reader r = reader_of(cip->data);
    uint32_t listed = reader_u16_le(&r);
    for (uint32_t i = 0; i < listed; i++) {
        uint16_t attribute = reader_u16_le(&r);
        if (r.bad)
            return false;
        if ((*count)++ == index) {
            *out = attribute;
            return true;
        }
    }
    return false;
}

static bool status_value(const struct cip *cip, uint32_t index, uint64_t *out, uint32_t *count)
{
    *count = cip->is_response;
    *out = cip->status;
    return index < *count;
}

static bool extended_value(const struct cip *cip, uint32_t index, uint64_t *out, uint32_t *count)
{
    struct reader r = reader_of(cip->extended);
    *count = cip->is_response && cip->extended.len >= 2;
    *out = reader_u16_le(&r);
    return index < *count;
}

/* One number that "service,class,attribute" of a rule is compared with; all ones: there is none. */
static bool service_value(const struct cip *cip, uint32_t index, uint64_t *out, uint32_t *count)
{
    uint32_t class = ENIP_SERVICE_CLASS_NONE, attribute = UINT32_MAX;
    if (!enip_find_segment(cip->path, CIP_CLASS, &class) || class > ENIP_SERVICE_CLASS_NONE)
        class = ENIP_SERVICE_CLASS_NONE;
    if (!enip_find_segment(cip->path, CIP_ATTRIBUTE, &attribute))
        attribute = UINT32_MAX;
    *count = 1;
    *out = (uint64_t)attribute << 32 | class << 8 | cip->service;
    return index == 0;
}

#define CIP_NUMBERS(fn, value)                                                       \
    static bool fn(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out) \
    {                                                                                \
        return find_value(tx, dir, index, value, out);                               \
    }

CIP_NUMBERS(cip_class, class_value)
CIP_NUMBERS(cip_instance, instance_value)
CIP_NUMBERS(cip_attribute, attribute_value)
CIP_NUMBERS(cip_status, status_value)
CIP_NUMBERS(cip_extended, extended_value)
CIP_NUMBERS(cip_service, service_value)

#define TS DIR_BIT(DIR_TOSERVER)
#define TC DIR_BIT(DIR_TOCLIENT)
#define NUMBER(text, where, fn, names)                                              \
    {                                                                               \
        .name = (text), .proto = APP_ENIP, .dirs = (where),                         \
        .ready_at = {TX_COMPLETE, TX_COMPLETE}, .kind = FIELD_UINT, .number = (fn), \
        .words = (names)                                                            \
    }
#define NUMBERS(text, where, fn)                                                                  \
    {                                                                                             \
        .name = (text), .proto = APP_ENIP, .dirs = (where),                                       \
        .ready_at = {TX_COMPLETE, TX_COMPLETE}, .kind = FIELD_UINT, .multi = true, .number = (fn) \
    }
#define BYTES(text, fn)                                                                        \
    {                                                                                          \
        .name = (text), .proto = APP_ENIP, .dirs = TC, .ready_at = {TX_COMPLETE, TX_COMPLETE}, \
        .kind = FIELD_BYTES, .bytes = (fn)                                                     \
    }

const struct field_desc enip_fields[ENIP_FIELDS] = {
    NUMBER("enip.command", DIR_BOTH, command, enip_commands),
    NUMBER("enip.status", DIR_BOTH, status, enip_statuses),
    NUMBER("enip.protocol_version", DIR_BOTH, protocol_version, NULL),
    NUMBER("enip.revision", TC, revision, NULL),
    NUMBER("enip.identity_status", TC, identity_status, NULL),
    NUMBER("enip.state", TC, state, NULL),
    NUMBER("enip.serial", TC, serial, NULL),
    NUMBER("enip.product_code", TC, product_code, NULL),
    NUMBER("enip.device_type", TC, device_type, NULL),
    NUMBER("enip.vendor_id", TC, vendor_id, NULL),
    NUMBER("enip.capabilities", TC, capabilities, NULL),
    BYTES("enip.product_name", product_name),
    BYTES("enip.service_name", service_name),
    NUMBERS("enip.cip_class", TS, cip_class),
    NUMBERS("enip.cip_instance", TS, cip_instance),
    NUMBERS("enip.cip_attribute", TS, cip_attribute),
    NUMBERS("enip.cip_status", TC, cip_status),
    NUMBERS("enip.cip_extendedstatus", TC, cip_extended),
    NUMBERS("enip.cip_service", DIR_BOTH, cip_service),
};
