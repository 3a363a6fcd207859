#include "engine/app/ldap/message.h"

#define APPLICATION 0x40
#define CLASS 0xc0
#define NUMBER 0x1f
#define FILTER_PRESENT 7
#define FILTERS 10 /* 0 to 9, section 4.5.1 */

/* ---- parts of several operations ---- */

/* ENUMERATED and INTEGER of any sign as Suricata takes them: the bytes are a number. */
static uint32_t read_bits(struct reader *r, uint8_t tag)
{
    struct str body = STR_EMPTY;
    uint32_t value = 0;
    if (!ber_expect(r, tag, &body))
        return 0;
    while (body.len > sizeof value && body.p[0] == 0)
        body = str_from(body, 1);
    r->bad |= body.len == 0 || body.len > sizeof value;
    for (size_t i = 0; i < body.len && !r->bad; i++)
        value = value << 8 | body.p[i];
    return value;
}

static bool read_bool(struct reader *r)
{
    struct str body = STR_EMPTY;
    if (!ber_expect(r, BER_BOOLEAN, &body))
        return false;
    r->bad |= body.len != 1;
    return body.len && body.p[0];
}

static uint32_t read_u32(struct reader *r, uint64_t max)
{
    uint64_t value = 0;
    if (ber_next_unsigned(r, BER_INTEGER, &value))
        r->bad |= value > max;
    return r->bad ? 0 : (uint32_t)value;
}

static struct str read_body(struct reader *r, uint8_t tag)
{
    struct str body = STR_EMPTY;
    return ber_expect(r, tag, &body) ? body : STR_EMPTY;
}

static struct str read_text(struct reader *r)
{
    return read_body(r, BER_OCTETS);
}

/* ---- operations ---- */

/* Section 4.2 */
static void read_bind(struct reader *r, struct ldap_parts *out)
{
    struct reader sasl;
    struct str password;
    out->version = (uint8_t)read_u32(r, UINT8_MAX);
    out->dn = read_text(r);
    if (ber_maybe(r, BER_CONTEXT(0), &password))
        return;
    if (!ber_enter(r, BER_CONTEXT_OF(3), &sasl))
        return;
    out->mechanism = read_text(&sasl);
    (void)ber_maybe(&sasl, BER_OCTETS, &out->credentials);
    r->bad |= sasl.bad;
}

/* Section 4.1.9 */
static void read_result(struct reader *r, struct ldap_parts *out)
{
    struct str referral;
    out->has_result = true;
    out->code = read_bits(r, BER_ENUMERATED);
    out->dn = read_text(r);
    out->message = read_text(r);
    (void)ber_maybe(r, BER_CONTEXT_OF(3), &referral);
}

static void read_bind_response(struct reader *r, struct ldap_parts *out)
{
    read_result(r, out);
    (void)ber_maybe(r, BER_CONTEXT(7), &out->credentials);
}

/* Section 4.5.1. What lies within a filter is nobody's question, and so not read. */
static void read_search(struct reader *r, struct ldap_parts *out)
{
    out->dn = read_text(r);
    out->scope = read_bits(r, BER_ENUMERATED);
    out->deref = read_bits(r, BER_ENUMERATED);
    out->size_limit = read_u32(r, UINT32_MAX);
    out->time_limit = read_u32(r, UINT32_MAX);
    out->flag = read_bool(r);
    if (!ber_next(r, &out->filter))
        return;
    r->bad |= (out->filter.tag & CLASS) != 0x80 || (out->filter.tag & NUMBER) >= FILTERS;
    out->list = read_body(r, BER_SEQUENCE);
}

static void read_named_list(struct reader *r, struct ldap_parts *out)
{
    out->dn = read_text(r);
    out->list = read_body(r, BER_SEQUENCE);
}

static void read_mod_dn(struct reader *r, struct ldap_parts *out)
{
    out->dn = read_text(r);
    out->new_rdn = read_text(r);
    out->flag = read_bool(r);
    (void)ber_maybe(r, BER_CONTEXT(0), &out->new_superior);
}

static void read_compare(struct reader *r, struct ldap_parts *out)
{
    struct reader assertion;
    out->dn = read_text(r);
    if (!ber_enter(r, BER_SEQUENCE, &assertion))
        return;
    out->name = read_text(&assertion);
    out->value = read_text(&assertion);
    r->bad |= assertion.bad;
}

static void read_delete(struct reader *r, struct ldap_parts *out)
{
    out->dn = reader_rest(r);
}

static void read_abandon(struct reader *r, struct ldap_parts *out)
{
    uint64_t id;
    (void)out;
    r->bad |= !ber_unsigned(reader_rest(r), &id) || id > UINT32_MAX;
}

static void read_unbind(struct reader *r, struct ldap_parts *out)
{
    (void)out;
    r->bad |= reader_left(r) > 0;
}

/* Section 4.12 */
static void read_extended(struct reader *r, struct ldap_parts *out)
{
    out->name = read_body(r, BER_CONTEXT(0));
    (void)ber_maybe(r, BER_CONTEXT(1), &out->value);
}

static void read_extended_response(struct reader *r, struct ldap_parts *out)
{
    read_result(r, out);
    (void)ber_maybe(r, BER_CONTEXT(10), &out->name);
    (void)ber_maybe(r, BER_CONTEXT(11), &out->value);
}

static void read_intermediate(struct reader *r, struct ldap_parts *out)
{
    (void)ber_maybe(r, BER_CONTEXT(0), &out->name);
    (void)ber_maybe(r, BER_CONTEXT(1), &out->value);
}

static void read_reference(struct reader *r, struct ldap_parts *out)
{
    (void)out;
    while (reader_left(r) && !r->bad)
        (void)read_text(r);
}

static const struct operation {
    const char *name;
    uint8_t tag;
    void (*read)(struct reader *r, struct ldap_parts *out);
} operations[LDAP_OPS] = {
    [LDAP_BIND_REQUEST] = {"bind_request", BER_APPLICATION_OF(0), read_bind},
    [LDAP_BIND_RESPONSE] = {"bind_response", BER_APPLICATION_OF(1), read_bind_response},
    [LDAP_UNBIND_REQUEST] = {"unbind_request", BER_APPLICATION(2), read_unbind},
    [LDAP_SEARCH_REQUEST] = {"search_request", BER_APPLICATION_OF(3), read_search},
    [LDAP_SEARCH_RESULT_ENTRY] = {"search_result_entry", BER_APPLICATION_OF(4), read_named_list},
    [LDAP_SEARCH_RESULT_DONE] = {"search_result_done", BER_APPLICATION_OF(5), read_result},
    [LDAP_MODIFY_REQUEST] = {"modify_request", BER_APPLICATION_OF(6), read_named_list},
    [LDAP_MODIFY_RESPONSE] = {"modify_response", BER_APPLICATION_OF(7), read_result},
    [LDAP_ADD_REQUEST] = {"add_request", BER_APPLICATION_OF(8), read_named_list},
    [LDAP_ADD_RESPONSE] = {"add_response", BER_APPLICATION_OF(9), read_result},
    [LDAP_DEL_REQUEST] = {"del_request", BER_APPLICATION(10), read_delete},
    [LDAP_DEL_RESPONSE] = {"del_response", BER_APPLICATION_OF(11), read_result},
    [LDAP_MOD_DN_REQUEST] = {"mod_dn_request", BER_APPLICATION_OF(12), read_mod_dn},
    [LDAP_MOD_DN_RESPONSE] = {"mod_dn_response", BER_APPLICATION_OF(13), read_result},
    [LDAP_COMPARE_REQUEST] = {"compare_request", BER_APPLICATION_OF(14), read_compare},
    [LDAP_COMPARE_RESPONSE] = {"compare_response", BER_APPLICATION_OF(15), read_result},
    [LDAP_ABANDON_REQUEST] = {"abandon_request", BER_APPLICATION(16), read_abandon},
    [LDAP_SEARCH_RESULT_REFERENCE] = {"search_result_reference", BER_APPLICATION_OF(19),
                                      read_reference},
    [LDAP_EXTENDED_REQUEST] = {"extended_request", BER_APPLICATION_OF(23), read_extended},
    [LDAP_EXTENDED_RESPONSE] = {"extended_response", BER_APPLICATION_OF(24),
                                read_extended_response},
    [LDAP_INTERMEDIATE_RESPONSE] = {"intermediate_response", BER_APPLICATION_OF(25),
                                    read_intermediate},
};

const char *ldap_op_name(enum ldap_op op)
{
    return operations[op].name;
}

/* ---- the envelope, section 4.1.1 ---- */

/* The operation of an identifier; LDAP_OPS: none. */
static enum ldap_op op_of(uint8_t tag)
{
    uint8_t number = tag & NUMBER;
    bool known = (tag & CLASS) == APPLICATION && number < LDAP_OPS && operations[number].tag == tag;
    return known ? (enum ldap_op)number : LDAP_OPS;
}

/* Length of an element whose bytes may end early; MORE when even its head is not there. */
static enum app_probe skip_head(struct reader *r, uint8_t tag, size_t *len)
{
    if (!reader_left(r))
        return APP_PROBE_MORE;
    if (!ber_is(r, tag))
        return APP_PROBE_NO;
    reader_u8(r);
    *len = reader_u8(r);
    if (r->bad)
        return APP_PROBE_MORE;
    size_t bytes = *len & 0x80 ? *len & 0x7f : 0;
    if (*len == 0x80 || bytes > 4)
        return APP_PROBE_NO;
    if (reader_left(r) < bytes)
        return APP_PROBE_MORE;
    for (*len = bytes ? 0 : *len; bytes > 0; bytes--)
        *len = *len << 8 | reader_u8(r);
    return APP_PROBE_YES;
}

enum app_probe ldap_read_head(struct str bytes, struct ldap_head *out)
{
    struct reader r = reader_of(bytes);
    size_t len;
    uint64_t id;
    enum app_probe now = skip_head(&r, BER_SEQUENCE, &len);
    if (now != APP_PROBE_YES)
        return now;
    now = skip_head(&r, BER_INTEGER, &len);
    if (now == APP_PROBE_YES && (len == 0 || len > 5))
        return APP_PROBE_NO;
    if (now != APP_PROBE_YES)
        return now;
    if (reader_left(&r) < len + 1)
        return APP_PROBE_MORE;
    if (!ber_unsigned(reader_str(&r, len), &id) || id > UINT32_MAX)
        return APP_PROBE_NO;
    out->id = (uint32_t)id;
    out->op = op_of(reader_u8(&r));
    return out->op < LDAP_OPS ? APP_PROBE_YES : APP_PROBE_NO;
}

bool ldap_read(struct str whole, struct ldap_parts *out)
{
    struct reader r = reader_of(whole), message, inside;
    struct ber op;
    *out = (struct ldap_parts){.version = 0};
    if (!ber_enter(&r, BER_SEQUENCE, &message))
        return false;
    out->head.id = read_u32(&message, UINT32_MAX);
    if (!ber_next(&message, &op))
        return false;
    out->head.op = op_of(op.tag);
    if (out->head.op == LDAP_OPS)
        return false;
    inside = reader_of(op.body);
    operations[out->head.op].read(&inside, out);
    (void)ber_maybe(&message, BER_CONTEXT_OF(0), &out->controls);
    return !inside.bad && !message.bad;
}

bool ldap_is_good(const struct ldap_parts *parts)
{
    struct reader list = reader_of(parts->list);
    struct ldap_attribute attribute;
    while (ldap_next_attribute(parts->head.op, &list, &attribute))
        continue;
    return !list.bad;
}

/* ---- lists ---- */

bool ldap_next_attribute(enum ldap_op op, struct reader *list, struct ldap_attribute *out)
{
    struct reader one, change;
    *out = (struct ldap_attribute){.change = 0};
    if (list->bad || !reader_left(list))
        return false;
    if (op == LDAP_SEARCH_REQUEST) {
        out->type = read_text(list);
        return !list->bad;
    }
    if (!ber_enter(list, BER_SEQUENCE, &one))
        return false;
    if (op == LDAP_MODIFY_REQUEST) {
        change = one;
        out->change = read_bits(&change, BER_ENUMERATED);
        list->bad |= !ber_enter(&change, BER_SEQUENCE, &one);
    }
    out->type = read_text(&one);
    out->values = read_body(&one, BER_SET);
    list->bad |= one.bad;
    return !list->bad;
}

/* Section 4.1.11 */
bool ldap_next_control(struct reader *list, struct ldap_control *out)
{
    struct reader one;
    *out = (struct ldap_control){.critical = false};
    if (list->bad || !reader_left(list) || !ber_enter(list, BER_SEQUENCE, &one))
        return false;
    out->type = read_text(&one);
    if (!one.bad && ber_is(&one, BER_BOOLEAN))
        out->critical = read_bool(&one);
    (void)ber_maybe(&one, BER_OCTETS, &out->value);
    return !one.bad;
}
