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

/* ---- CIP ---- */

static bool fact_of(const struct tx *tx, enum dir dir, enum cip_kind kind, uint32_t index,
                    uint64_t *out)
{
    const struct enip_side *side = &((const struct enip_tx *)tx)->sides[dir];
    for (uint32_t i = 0; i < side->fact_count; i++)
        if (side->facts[i].kind == kind && index-- == 0) {
            *out = side->facts[i].value;
            return true;
        }
    return false;
}

#define FACT(fn, kind)                                                               \
    static bool fn(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out) \
    {                                                                                \
        return fact_of(tx, dir, kind, index, out);                                   \
    }

FACT(cip_class, CIP_FACT_CLASS)
FACT(cip_instance, CIP_FACT_INSTANCE)
FACT(cip_attribute, CIP_FACT_ATTRIBUTE)
FACT(cip_status, CIP_FACT_STATUS)
FACT(cip_extended, CIP_FACT_EXTENDED)
FACT(cip_service, CIP_FACT_SERVICE)

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
