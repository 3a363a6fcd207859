/* What the keyword modbus asks of a request (rule/kw_modbus.c says how). */
#include "engine/app/modbus/message.h"

#define COILS_TOGETHER 16

static bool parts_of(const struct tx *tx, struct modbus_parts *out)
{
    const struct modbus_side *side = &((const struct modbus_tx *)tx)->sides[DIR_TOSERVER];
    if (side->seen)
        modbus_read(side, DIR_TOSERVER, out);
    return side->seen;
}

static bool unit(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    const struct modbus_side *side = &((const struct modbus_tx *)tx)->sides[DIR_TOSERVER];
    (void)dir;
    *out = side->unit;
    return side->seen && !index;
}

#define NUMBER_OF(fn, has, value_of)                                                 \
    static bool fn(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out) \
    {                                                                                \
        struct modbus_parts p;                                                       \
        (void)dir;                                                                   \
        if (index > 0 || !parts_of(tx, &p) || !(has))                                \
            return false;                                                            \
        *out = (value_of);                                                           \
        return true;                                                                 \
    }

/* Addresses in rules begin with 1. */
#define LAST(range) ((uint64_t)(range).address + (range).quantity)
#define FIRST(range) ((uint64_t)(range).address + 1)

NUMBER_OF(function, p.raw, p.code)
NUMBER_OF(subfunction, p.has_sub, p.sub)
NUMBER_OF(category, true, p.category)
NUMBER_OF(access_type, true, p.access)
NUMBER_OF(read_first, p.read.there, FIRST(p.read))
NUMBER_OF(read_last, p.read.there, LAST(p.read))
NUMBER_OF(write_first, p.write.there, FIRST(p.write))
NUMBER_OF(write_last, p.write.there, LAST(p.write))

/* Address << 16 | value of each register that is written. */
static bool registers(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    struct modbus_parts p;
    (void)dir;
    if (!parts_of(tx, &p) || !p.write.there || modbus_writes_coils(&p))
        return false;
    if (p.shape == MODBUS_SHAPE_WRITE_ONE && index == 0) {
        *out = FIRST(p.write) << 16 | p.value;
        return true;
    }
    struct reader r = reader_of(str_from(p.values, (size_t)index * 2));
    uint16_t value = reader_u16(&r);
    if (r.bad || index >= p.write.quantity)
        return false;
    *out = (FIRST(p.write) + index) << 16 | value;
    return true;
}

static bool is_on(const struct modbus_parts *p, uint32_t i)
{
    if (p->shape == MODBUS_SHAPE_WRITE_ONE)
        return p->value != 0;
    return p->values.p[i / 8] >> i % 8 & 1;
}

/* Sixteen coils whose addresses differ in the last four bits only: address / 16, which of them are written, which of these become on. */
static bool coils(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    struct modbus_parts p;
    (void)dir;
    if (!parts_of(tx, &p) || !p.write.there || !modbus_writes_coils(&p))
        return false;
    uint64_t count = p.shape == MODBUS_SHAPE_WRITE_ONE ? 1 : p.values.len * 8;
    if (count > p.write.quantity)
        count = p.write.quantity;
    uint64_t first = FIRST(p.write), group = first / COILS_TOGETHER + index, written = 0, on = 0;
    for (uint32_t i = 0; i < COILS_TOGETHER; i++) {
        uint64_t address = group * COILS_TOGETHER + i;
        if (address < first || address >= first + count)
            continue;
        written |= 1u << i;
        on |= (uint64_t)is_on(&p, (uint32_t)(address - first)) << i;
    }
    *out = group << 32 | written << 16 | on;
    return written != 0;
}

#define NUMBER(text, fn, many)                                                                    \
    {                                                                                             \
        .name = (text), .proto = APP_MODBUS, .dirs = DIR_BIT(DIR_TOSERVER),                       \
        .ready_at = {TX_COMPLETE, TX_COMPLETE}, .kind = FIELD_UINT, .multi = many, .number = (fn) \
    }

const struct field_desc modbus_fields[MODBUS_FIELDS] = {
    NUMBER("modbus.unit", unit, false),
    NUMBER("modbus.function", function, false),
    NUMBER("modbus.subfunction", subfunction, false),
    NUMBER("modbus.category", category, false),
    NUMBER("modbus.access", access_type, false),
    NUMBER("modbus.read.first", read_first, false),
    NUMBER("modbus.read.last", read_last, false),
    NUMBER("modbus.write.first", write_first, false),
    NUMBER("modbus.write.last", write_last, false),
    NUMBER("modbus.registers", registers, true),
    NUMBER("modbus.coils", coils, true),
};
