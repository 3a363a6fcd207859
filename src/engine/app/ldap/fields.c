/* What rules ask of an exchange. */
#include "engine/app/ldap/message.h"

const struct number_word ldap_code_words[] = {
    {"success", 0},
    {"operations_error", 1},
    {"protocol_error", 2},
    {"time_limit_exceeded", 3},
    {"size_limit_exceeded", 4},
    {"compare_false", 5},
    {"compare_true", 6},
    {"auth_method_not_supported", 7},
    {"stronger_auth_required", 8},
    {"referral", 10},
    {"admin_limit_exceeded", 11},
    {"unavailable_critical_extension", 12},
    {"confidentiality_required", 13},
    {"sasl_bind_in_progress", 14},
    {"no_such_attribute", 16},
    {"undefined_attribute_type", 17},
    {"inappropriate_matching", 18},
    {"constraint_violation", 19},
    {"attribute_or_value_exists", 20},
    {"invalid_attribute_syntax", 21},
    {"no_such_object", 32},
    {"alias_problem", 33},
    {"invalid_dns_syntax", 34},
    {"is_leaf", 35},
    {"alias_dereferencing_problem", 36},
    {"inappropriate_authentication", 48},
    {"invalid_credentials", 49},
    {"insufficient_access_rights", 50},
    {"busy", 51},
    {"unavailable", 52},
    {"unwilling_to_perform", 53},
    {"loop_detect", 54},
    {"sort_control_missing", 60},
    {"offset_range_error", 61},
    {"naming_violation", 64},
    {"object_class_violation", 65},
    {"not_allowed_on_non_leaf", 66},
    {"not_allowed_on_rdn", 67},
    {"entry_already_exists", 68},
    {"object_class_mods_prohibited", 69},
    {"results_too_large", 70},
    {"affects_multiple_dsas", 71},
    {"control_error", 76},
    {"other", 80},
    {"server_down", 81},
    {"local_error", 82},
    {"encoding_error", 83},
    {"decoding_error", 84},
    {"timeout", 85},
    {"auth_unknown", 86},
    {"filter_error", 87},
    {"user_canceled", 88},
    {"param_error", 89},
    {"no_memory", 90},
    {"connect_error", 91},
    {"not_supported", 92},
    {"control_not_found", 93},
    {"no_results_returned", 94},
    {"more_results_to_return", 95},
    {"client_loop", 96},
    {"referral_limit_exceeded", 97},
    {"invalid_response", 100},
    {"ambiguous_response", 101},
    {"tls_not_supported", 112},
    {"intermediate_response", 113},
    {"unknown_type", 114},
    {"canceled", 118},
    {"no_such_operation", 119},
    {"too_late", 120},
    {"cannot_cancel", 121},
    {"assertion_failed", 122},
    {"authorization_denied", 123},
    {"e_sync_refresh_required", 4096},
    {"no_operation", 16654},
    {NULL, 0},
};

static const struct number_word op_words[] = {
    {"bind_request", LDAP_BIND_REQUEST},
    {"bind_response", LDAP_BIND_RESPONSE},
    {"unbind_request", LDAP_UNBIND_REQUEST},
    {"search_request", LDAP_SEARCH_REQUEST},
    {"search_result_entry", LDAP_SEARCH_RESULT_ENTRY},
    {"search_result_done", LDAP_SEARCH_RESULT_DONE},
    {"modify_request", LDAP_MODIFY_REQUEST},
    {"modify_response", LDAP_MODIFY_RESPONSE},
    {"add_request", LDAP_ADD_REQUEST},
    {"add_response", LDAP_ADD_RESPONSE},
    {"del_request", LDAP_DEL_REQUEST},
    {"del_response", LDAP_DEL_RESPONSE},
    {"mod_dn_request", LDAP_MOD_DN_REQUEST},
    {"mod_dn_response", LDAP_MOD_DN_RESPONSE},
    {"compare_request", LDAP_COMPARE_REQUEST},
    {"compare_response", LDAP_COMPARE_RESPONSE},
    {"abandon_request", LDAP_ABANDON_REQUEST},
    {"search_result_reference", LDAP_SEARCH_RESULT_REFERENCE},
    {"extended_request", LDAP_EXTENDED_REQUEST},
    {"extended_response", LDAP_EXTENDED_RESPONSE},
    {"intermediate_response", LDAP_INTERMEDIATE_RESPONSE},
    {NULL, 0},
};

static bool parts_of(const struct ldap_message *m, struct ldap_parts *out)
{
    return m->bytes && ldap_read(str_of(m->bytes, m->len), out);
}

/* ---- numbers ---- */

static bool request_operation(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    const struct ldap_tx *ldap = ldap_tx_of(tx);
    (void)dir;
    *out = ldap->request.op;
    return index == 0 && ldap->has_request;
}

static bool responses_operation(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    const struct ldap_tx *ldap = ldap_tx_of(tx);
    (void)dir;
    if (index >= ldap->count)
        return false;
    *out = ldap->responses[index].op;
    return true;
}

static bool responses_count(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    (void)dir;
    *out = ldap_tx_of(tx)->all;
    return index == 0;
}

/* Each response has its place, so that rules can name it; not each has a code. */
static bool result_code(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    const struct ldap_tx *ldap = ldap_tx_of(tx);
    struct ldap_parts parts;
    (void)dir;
    if (index >= ldap->count)
        return false;
    bool has = parts_of(&ldap->responses[index], &parts) && parts.has_result;
    *out = has ? parts.code : FIELD_NUMBER_NONE;
    return true;
}

/* ---- texts ---- */

static bool request_dn(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                       struct str *out)
{
    const struct ldap_tx *ldap = ldap_tx_of(tx);
    struct ldap_parts parts;
    (void)dir, (void)scratch;
    if (index > 0 || !ldap->has_request || !parts_of(&ldap->request, &parts))
        return false;
    *out = parts.dn;
    return out->p != NULL;
}

/* Of a response that has no such text it is empty. */
static struct str or_empty(struct str text)
{
    return text.p ? text : STR_LIT("");
}

static bool responses_dn(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                         struct str *out)
{
    const struct ldap_tx *ldap = ldap_tx_of(tx);
    struct ldap_parts parts;
    (void)dir, (void)scratch;
    if (index >= ldap->count)
        return false;
    *out = or_empty(parts_of(&ldap->responses[index], &parts) ? parts.dn : STR_EMPTY);
    return true;
}

static bool responses_message(const struct tx *tx, enum dir dir, uint32_t index,
                              struct arena *scratch, struct str *out)
{
    const struct ldap_tx *ldap = ldap_tx_of(tx);
    struct ldap_parts parts;
    (void)dir, (void)scratch;
    if (index >= ldap->count)
        return false;
    *out = or_empty(parts_of(&ldap->responses[index], &parts) ? parts.message : STR_EMPTY);
    return true;
}

/* The next attribute's type of this message from *at on. */
static bool next_type(const struct ldap_message *m, size_t *at, struct str *out)
{
    struct ldap_parts parts;
    struct ldap_attribute attribute;
    if (!parts_of(m, &parts))
        return false;
    if (parts.head.op == LDAP_COMPARE_REQUEST) {
        *out = parts.name;
        return (*at)++ == 0;
    }
    struct reader list = reader_of(parts.list);
    reader_skip(&list, *at);
    if (!ldap_next_attribute(parts.head.op, &list, &attribute))
        return false;
    *at = list.at;
    *out = attribute.type;
    return true;
}

/* What is remembered is no part of what the transaction says: it saves the way from the first attribute to this one. */
static bool attribute_type(const struct tx *tx, enum dir dir, uint32_t index, struct str *out)
{
    struct ldap_tx *ldap = (struct ldap_tx *)(uintptr_t)tx;
    struct ldap_place *place = &ldap->place[dir];
    const struct ldap_message *messages = dir == DIR_TOCLIENT ? ldap->responses : &ldap->request;
    uint32_t count = dir == DIR_TOCLIENT ? ldap->count : ldap->has_request;
    if (place->index > index)
        *place = (struct ldap_place){0};
    while (place->response < count) {
        size_t at = place->at;
        if (!next_type(&messages[place->response], &at, out)) {
            if (place->response + 1 == count)
                return false;
            place->response++;
            place->at = 0;
            continue;
        }
        if (place->index == index)
            return true;
        place->at = at;
        place->index++;
    }
    return false;
}

static bool request_attribute_type(const struct tx *tx, enum dir dir, uint32_t index,
                                   struct arena *scratch, struct str *out)
{
    (void)dir, (void)scratch;
    return attribute_type(tx, DIR_TOSERVER, index, out);
}

static bool responses_attribute_type(const struct tx *tx, enum dir dir, uint32_t index,
                                     struct arena *scratch, struct str *out)
{
    (void)dir, (void)scratch;
    return attribute_type(tx, DIR_TOCLIENT, index, out);
}

#define NUMBER(text, where, fn, names, several)                                        \
    {                                                                                  \
        .name = (text), .proto = APP_LDAP, .dirs = DIR_BIT(where), .ready_at = {1, 1}, \
        .kind = FIELD_UINT, .multi = (several), .growing = (where) == DIR_TOCLIENT,    \
        .number = (fn), .words = (names)                                               \
    }
#define BYTES(text, where, several, fn)                                                \
    {                                                                                  \
        .name = (text), .proto = APP_LDAP, .dirs = DIR_BIT(where), .ready_at = {1, 1}, \
        .kind = FIELD_BYTES, .multi = (several), .bytes = (fn)                         \
    }

const struct field_desc ldap_fields[LDAP_FIELDS] = {
    NUMBER("ldap.request.operation", DIR_TOSERVER, request_operation, op_words, false),
    NUMBER("ldap.responses.operation", DIR_TOCLIENT, responses_operation, op_words, true),
    NUMBER("ldap.responses.count", DIR_TOCLIENT, responses_count, NULL, false),
    NUMBER("ldap.responses.result_code", DIR_TOCLIENT, result_code, ldap_code_words, true),
    BYTES("ldap.request.dn", DIR_TOSERVER, false, request_dn),
    BYTES("ldap.responses.dn", DIR_TOCLIENT, true, responses_dn),
    BYTES("ldap.responses.message", DIR_TOCLIENT, true, responses_message),
    BYTES("ldap.request.attribute_type", DIR_TOSERVER, true, request_attribute_type),
    BYTES("ldap.responses.attribute_type", DIR_TOCLIENT, true, responses_attribute_type),
};
