/* EVE's "modbus". Members, their order and their types are those of Suricata 8. */
#include "engine/app/modbus/message.h"

struct bit_name {
    uint8_t bits; /* all of them */
    const char *name;
};

/* "READ | COILS", or "NONE". */
static void log_bits(const char *key, uint8_t bits, const struct bit_name *names, struct json *out)
{
    struct buf text;
    buf_init(&text, 0);
    for (; names->name; names++) {
        if ((bits & names->bits) != names->bits)
            continue;
        buf_add(&text, text.len ? STR_LIT(" | ") : str_of(NULL, 0));
        buf_add(&text, str_c(names->name));
    }
    json_bytes(out, key, text.len ? buf_str(&text) : STR_LIT("NONE"));
    buf_fini(&text);
}

static const struct bit_name access_names[] = {
    {MODBUS_READ, "READ"},
    {MODBUS_WRITE, "WRITE"},
    {MODBUS_DISCRETES, "DISCRETES"},
    {MODBUS_COILS, "COILS"},
    {MODBUS_INPUT, "INPUT"},
    {MODBUS_HOLDING, "HOLDING"},
    {MODBUS_SINGLE, "SINGLE"},
    {MODBUS_MULTIPLE, "MULTIPLE"},
    {MODBUS_WRITE | MODBUS_SINGLE, "WRITE_SINGLE"},
    {MODBUS_WRITE | MODBUS_MULTIPLE, "WRITE_MULTIPLE"},
    {0, NULL},
};

static const struct bit_name category_names[] = {
    {MODBUS_ASSIGNED, "PUBLIC_ASSIGNED"},
    {MODBUS_UNASSIGNED, "PUBLIC_UNASSIGNED"},
    {MODBUS_USER, "USER_DEFINED"},
    {MODBUS_RESERVED, "RESERVED"},
    {0, NULL},
};

static const struct bit_name error_names[] = {
    {MODBUS_DATA_VALUE, "DATA_VALUE"}, {MODBUS_DATA_LENGTH, "DATA_LENGTH"},
    {MODBUS_EXC_CODE, "EXC_CODE"},     {MODBUS_FUNC_CODE, "FUNC_CODE"},
    {MODBUS_PROTO_ID, "PROTO_ID"},     {0, NULL},
};

static void log_read(const struct modbus_parts *p, enum dir dir, struct json *out)
{
    if (dir == DIR_TOSERVER ? !p->read.there : !p->has_values)
        return;
    json_object(out, "read");
    if (dir == DIR_TOSERVER) {
        json_uint(out, "address", p->read.address);
        json_uint(out, "quantity", p->read.quantity);
    } else {
        json_bytes(out, "data", p->values);
    }
    json_end_object(out);
}

static void log_write(const struct modbus_parts *p, struct json *out)
{
    if (!p->write.there)
        return;
    json_object(out, "write");
    json_uint(out, "address", p->write.address);
    if (p->has_values) {
        json_uint(out, "quantity", p->write.quantity);
        json_bytes(out, "data", p->values);
    } else if (p->shape == MODBUS_SHAPE_MASK) {
        json_uint(out, "and_mask", p->value);
        json_uint(out, "or_mask", p->or_mask);
    } else {
        json_uint(out, "data", p->value);
    }
    json_end_object(out);
}

/* A number with its name, and the bytes behind it. */
static void log_sub(const struct modbus_parts *p, struct json *out)
{
    bool diagnostic = p->shape == MODBUS_SHAPE_DIAGNOSTIC;
    if (!p->has_sub)
        return;
    json_object(out, diagnostic ? "diagnostic" : "mei");
    json_uint(out, "raw", p->sub);
    json_text(out, "code", diagnostic ? modbus_diagnostic_name(p->sub) : modbus_mei_name(p->sub));
    json_bytes(out, "data", p->data);
    json_end_object(out);
}

static void log_data(const struct modbus_parts *p, enum dir dir, struct json *out)
{
    if (p->has_exception) {
        json_object(out, "exception");
        json_uint(out, "raw", p->exception);
        json_text(out, "code", modbus_exception_name(p->exception));
        json_end_object(out);
    }
    log_read(p, dir, out);
    log_write(p, out);
    log_sub(p, out);
    if (p->has_data)
        json_bytes(out, "data", p->data);
}

void modbus_log(const struct tx *tx, const struct app_conf *conf, struct json *out)
{
    static const char *const names[DIR_COUNT] = {"request", "response"};
    (void)conf;
    json_uint(out, "id", tx->id + 1);
    for (enum dir dir = DIR_TOSERVER; dir <= DIR_TOCLIENT; dir++) {
        const struct modbus_side *side = &((const struct modbus_tx *)tx)->sides[dir];
        struct modbus_parts p;
        if (!side->seen)
            continue;
        modbus_read(side, dir, &p);
        json_object(out, names[dir]);
        json_uint(out, "transaction_id", side->transaction);
        json_uint(out, "protocol_id", side->protocol);
        json_uint(out, "unit_id", side->unit);
        json_uint(out, "function_raw", p.raw);
        json_text(out, "function_code", p.name);
        log_bits("access_type", p.access, access_names, out);
        log_bits("category", p.category, category_names, out);
        log_bits("error_flags", p.errors, error_names, out);
        log_data(&p, dir, out);
        json_end_object(out);
    }
}
