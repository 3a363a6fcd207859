#include "engine/app/ldap/message.h"

#include "base/text.h"

#include <stdio.h>

#define HEX_MAX 60000 /* no part is longer than its message */

static void log_hex(struct json *out, const char *key, struct str bytes)
{
    char hex[2 * HEX_MAX + 1];
    if (bytes.len > HEX_MAX)
        bytes = str_cut(bytes, 0, HEX_MAX);
    text_hex(hex, bytes);
    json_text(out, key, hex);
}

static void log_maybe(struct json *out, const char *key, struct str text)
{
    if (text.p)
        json_bytes(out, key, text);
}

static void log_bind(const struct ldap_parts *p, struct json *out)
{
    json_uint(out, "version", p->version);
    json_bytes(out, "name", p->dn);
    if (!p->mechanism.p)
        return;
    json_object(out, "sasl");
    json_bytes(out, "mechanism", p->mechanism);
    if (p->credentials.p)
        log_hex(out, "credentials", p->credentials);
    json_end_object(out);
}

/* Of an attribute without values there is no list. */
static void log_values(struct str values, const char *key, struct json *out)
{
    struct reader r = reader_of(values);
    struct str value;
    if (!values.len)
        return;
    json_array(out, key);
    while (reader_left(&r) && ber_expect(&r, BER_OCTETS, &value))
        json_bytes(out, NULL, value);
    json_end_array(out);
}

static void log_search(const struct ldap_parts *p, struct json *out)
{
    struct reader list = reader_of(p->list);
    struct ldap_attribute a;
    json_bytes(out, "base_object", p->dn);
    json_uint(out, "scope", p->scope & UINT8_MAX);
    json_uint(out, "deref_alias", p->deref & UINT8_MAX);
    json_uint(out, "size_limit", p->size_limit);
    json_uint(out, "time_limit", p->time_limit);
    json_bool(out, "types_only", p->flag);
    if (p->filter.tag == BER_CONTEXT(7)) {
        json_object(out, "filter");
        json_text(out, "type", "present");
        json_bytes(out, "value", p->filter.body);
        json_end_object(out);
    }
    if (!p->list.len)
        return;
    json_array(out, "attributes");
    while (ldap_next_attribute(p->head.op, &list, &a))
        json_bytes(out, NULL, a.type);
    json_end_array(out);
}

static void log_attributes(const struct ldap_parts *p, const char *name, struct json *out)
{
    struct reader list = reader_of(p->list);
    struct ldap_attribute a;
    if (!p->list.len)
        return;
    json_array(out, "attributes");
    while (ldap_next_attribute(p->head.op, &list, &a)) {
        json_object(out, NULL);
        json_bytes(out, name, a.type);
        log_values(a.values, "values", out);
        json_end_object(out);
    }
    json_end_array(out);
}

static void log_entry(const struct ldap_parts *p, struct json *out)
{
    json_bytes(out, "base_object", p->dn);
    log_attributes(p, "type", out);
}

static void log_add(const struct ldap_parts *p, struct json *out)
{
    json_bytes(out, "entry", p->dn);
    log_attributes(p, "name", out);
}

static void log_modify(const struct ldap_parts *p, struct json *out)
{
    static const char *const changes[] = {"add", "delete", "replace"};
    struct reader list = reader_of(p->list);
    struct ldap_attribute a;
    json_bytes(out, "object", p->dn);
    json_array(out, "changes");
    while (ldap_next_attribute(p->head.op, &list, &a)) {
        char number[16];
        snprintf(number, sizeof number, "%u", (unsigned)a.change);
        json_object(out, NULL);
        json_text(out, "operation", a.change < ARRAY_COUNT(changes) ? changes[a.change] : number);
        json_object(out, "modification");
        json_bytes(out, "attribute_type", a.type);
        log_values(a.values, "attribute_values", out);
        json_end_object(out);
        json_end_object(out);
    }
    json_end_array(out);
}

static void log_delete(const struct ldap_parts *p, struct json *out)
{
    json_bytes(out, "dn", p->dn);
}

static void log_mod_dn(const struct ldap_parts *p, struct json *out)
{
    json_bytes(out, "entry", p->dn);
    json_bytes(out, "new_rdn", p->new_rdn);
    json_bool(out, "delete_old_rdn", p->flag);
    log_maybe(out, "new_superior", p->new_superior);
}

static void log_compare(const struct ldap_parts *p, struct json *out)
{
    json_bytes(out, "entry", p->dn);
    json_object(out, "attribute_value_assertion");
    json_bytes(out, "description", p->name);
    json_bytes(out, "value", p->value);
    json_end_object(out);
}

/* Extended and intermediate: a name and a value, each of which may be missing. */
static void log_extended(const struct ldap_parts *p, struct json *out)
{
    log_maybe(out, "name", p->name);
    log_maybe(out, "value", p->value);
}

static void log_result(const struct ldap_parts *p, struct json *out)
{
    const struct number_word *word = ldap_code_words;
    char number[24];
    while (word->name && word->number != p->code)
        word++;
    snprintf(number, sizeof number, "unknown-%u", (unsigned)p->code);
    json_text(out, "result_code", word->name ? word->name : number);
    json_bytes(out, "matched_dn", p->dn);
    json_bytes(out, "message", p->message);
    if (p->head.op == LDAP_BIND_RESPONSE && p->credentials.p)
        log_hex(out, "server_sasl_creds", p->credentials);
    if (p->head.op == LDAP_EXTENDED_RESPONSE)
        log_extended(p, out);
}

static void log_controls(struct str controls, struct json *out)
{
    struct reader list = reader_of(controls);
    struct ldap_control control;
    if (!controls.p)
        return;
    json_array(out, "controls");
    while (ldap_next_control(&list, &control)) {
        json_object(out, NULL);
        json_bytes(out, "control_type", control.type);
        json_bool(out, "criticality", control.critical);
        if (control.value.p)
            log_hex(out, "control_value", control.value);
        json_end_object(out);
    }
    json_end_array(out);
}

/* Abandon, unbind and references have nothing to tell beside their names. */
static void log_message(const struct ldap_message *m, bool response, struct json *out)
{
    static void (*const requests[LDAP_OPS])(const struct ldap_parts *, struct json *) = {
        [LDAP_BIND_REQUEST] = log_bind,       [LDAP_SEARCH_REQUEST] = log_search,
        [LDAP_MODIFY_REQUEST] = log_modify,   [LDAP_ADD_REQUEST] = log_add,
        [LDAP_DEL_REQUEST] = log_delete,      [LDAP_MOD_DN_REQUEST] = log_mod_dn,
        [LDAP_COMPARE_REQUEST] = log_compare, [LDAP_EXTENDED_REQUEST] = log_extended,
    };
    static void (*const responses[LDAP_OPS])(const struct ldap_parts *, struct json *) = {
        [LDAP_BIND_RESPONSE] = log_result,      [LDAP_SEARCH_RESULT_ENTRY] = log_entry,
        [LDAP_SEARCH_RESULT_DONE] = log_result, [LDAP_MODIFY_RESPONSE] = log_result,
        [LDAP_ADD_RESPONSE] = log_result,       [LDAP_DEL_RESPONSE] = log_result,
        [LDAP_MOD_DN_RESPONSE] = log_result,    [LDAP_COMPARE_RESPONSE] = log_result,
        [LDAP_EXTENDED_RESPONSE] = log_result,  [LDAP_INTERMEDIATE_RESPONSE] = log_extended,
    };
    void (*log)(const struct ldap_parts *, struct json *) =
        (response ? responses : requests)[m->op];
    struct ldap_parts parts;
    if (!m->bytes || !ldap_read(str_of(m->bytes, m->len), &parts))
        return;
    if (log) {
        json_object(out, ldap_op_name(m->op));
        log(&parts, out);
        json_end_object(out);
    }
    log_controls(parts.controls, out);
}

void ldap_log(const struct tx *tx, const struct app_conf *conf, struct json *out)
{
    const struct ldap_tx *ldap = ldap_tx_of(tx);
    (void)conf;
    if (ldap->has_request) {
        json_object(out, "request");
        json_uint(out, "message_id", ldap->id);
        json_text(out, "operation", ldap_op_name(ldap->request.op));
        log_message(&ldap->request, false, out);
        json_end_object(out);
    }
    if (!ldap->count)
        return;
    json_array(out, "responses");
    for (uint32_t i = 0; i < ldap->count; i++) {
        json_object(out, NULL);
        json_text(out, "operation", ldap_op_name(ldap->responses[i].op));
        if (!ldap->has_request)
            json_uint(out, "message_id", ldap->id);
        log_message(&ldap->responses[i], true, out);
        json_end_object(out);
    }
    json_end_array(out);
}
