#include "engine/app/pgsql/message.h"

#define LISTED_MAX 128 /* parameters of one message, or of a login */

void pgsql_log_conf(struct app_log *log, const struct conf_node *settings)
{
    log->pgsql_passwords = conf_node_bool(conf_child(settings, "passwords"), false);
}

/* The text up to its zero byte. */
static struct str first_text(struct str bytes)
{
    struct reader r = reader_of(bytes);
    bool whole;
    return pgsql_read_text(&r, &whole);
}

/* Names in the log of the parameters that have another one there. */
static struct str parameter_name(struct str name)
{
    static const struct {
        const char *name, *logged;
    } rows[] = {
        {"DateStyle", "date_style"},
        {"IntervalStyle", "interval_style"},
        {"TimeZone", "time_zone"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (str_eq(name, str_c(rows[i].name)))
            return str_c(rows[i].logged);
    return name;
}

/* ---- requests ---- */

/* Pairs of name and value behind the version; the user is told first. */
static void log_start(struct str body, struct json *out)
{
    struct reader r = reader_of(body);
    uint16_t major = reader_u16(&r), minor = reader_u16(&r);
    char version[16];
    struct buf b = buf_fixed(version, sizeof version);
    struct reader parameters = r;
    bool whole = true, open = false;
    buf_printf(&b, "%u.%u", major, minor);
    json_bytes(out, "protocol_version", buf_str(&b));
    json_object(out, "startup_parameters");
    for (int i = 0; i < LISTED_MAX && whole && reader_left(&r) > 1; i++) {
        struct str name = pgsql_read_text(&r, &whole);
        struct str value = pgsql_read_text(&r, &whole);
        if (str_eq(name, STR_LIT("user")))
            json_bytes(out, "user", value);
    }
    whole = true;
    for (int i = 0; i < LISTED_MAX && whole && reader_left(&parameters) > 1; i++) {
        struct str name = pgsql_read_text(&parameters, &whole);
        struct str value = pgsql_read_text(&parameters, &whole);
        if (str_eq(name, STR_LIT("user")))
            continue;
        if (!open)
            json_array(out, "optional_parameters");
        open = true;
        json_object(out, NULL);
        json_bytes_named(out, parameter_name(name), value);
        json_end_object(out);
    }
    if (open)
        json_end_array(out);
    json_end_object(out);
}

static void log_key(struct str body, struct json *out)
{
    struct reader r = reader_of(body);
    uint32_t process = reader_u32(&r), secret = reader_u32(&r);
    json_uint(out, "process_id", process);
    json_uint(out, "secret_key", secret);
}

static void log_sasl_first(struct str body, struct json *out)
{
    struct reader r = reader_of(body);
    bool whole;
    struct str name = pgsql_read_text(&r, &whole);
    if (str_eq(name, STR_LIT("SCRAM-SHA-256")))
        json_text(out, "sasl_authentication_mechanism", "scram_SHA256");
    else if (str_eq(name, STR_LIT("SCRAM-SHA-256-PLUS")))
        json_text(out, "sasl_authentication_mechanism", "scram_SHA256_plus");
    else
        json_bytes(out, "sasl_authentication_mechanism", name);
    uint32_t length = reader_u32(&r);
    if (!r.bad && length <= reader_left(&r))
        json_bytes(out, "sasl_param", reader_str(&r, length));
}

static void log_copy_in(const struct pgsql_tx *pgsql, struct str body, struct json *out)
{
    json_object(out, "copy_data_in");
    json_uint(out, "msg_count", pgsql->copied_in);
    json_uint(out, "data_size", pgsql->copied_in_bytes);
    json_end_object(out);
    if (pgsql->copy_done)
        json_text(out, "message", "copy_done");
    if (pgsql->copy_failed)
        json_bytes(out, "copy_fail", first_text(body));
}

static void log_request(const struct pgsql_tx *pgsql, const struct app_conf *conf, struct json *out)
{
    struct str body = str_of(pgsql->request, pgsql->request_len);
    if (pgsql->kind == PGSQL_NOTHING)
        return;
    json_object(out, "request");
    switch (pgsql->kind) {
    case PGSQL_SSL_REQUEST: json_text(out, "message", "SSL Request"); break;
    case PGSQL_GSS_REQUEST: json_text(out, "message", "GSSENC Request"); break;
    case PGSQL_START: log_start(body, out); break;
    case PGSQL_CANCEL:
        json_text(out, "message", "cancel_request");
        log_key(str_from(body, 4), out);
        break;
    case PGSQL_PASSWORD:
        if (conf->log.pgsql_passwords)
            json_bytes(out, "password", first_text(body));
        else
            json_bool(out, "password_redacted", true);
        break;
    case PGSQL_SASL_FIRST: log_sasl_first(body, out); break;
    case PGSQL_SASL_NEXT: json_bytes(out, "sasl_response", body); break;
    case PGSQL_QUERY: json_bytes(out, "simple_query", first_text(body)); break;
    case PGSQL_COPY_IN: log_copy_in(pgsql, body, out); break;
    case PGSQL_TERMINATE: json_text(out, "message", "termination_message"); break;
    case PGSQL_NOTHING: break;
    }
    json_end_object(out);
}

/* ---- answers ---- */

/* Of each type the last one that counts. A body without p: none came. */
struct answers {
    struct str md5_salt, sasl_final, description, copy_in, copy_out, completed, fault, key;
    const char *message;
    bool has_parameters;
};

static void note_auth(struct str body, struct answers *a)
{
    struct reader r = reader_of(body);
    uint32_t code = reader_u32(&r);
    switch (code) {
    case PGSQL_AUTH_OK: a->message = "authentication_ok"; break;
    case PGSQL_AUTH_CLEARTEXT: a->message = "authentication_cleartext_password"; break;
    case PGSQL_AUTH_MD5: a->md5_salt = reader_rest(&r); break;
    case PGSQL_AUTH_SASL: a->message = "authentication_sasl"; break;
    case PGSQL_AUTH_SASL_CONTINUE: a->message = "authentication_sasl_continue"; break;
    case PGSQL_AUTH_SASL_FINAL: a->sasl_final = reader_rest(&r); break;
    default: break;
    }
}

static struct answers note_all(struct str kept)
{
    struct reader r = reader_of(kept);
    struct answers a = {.message = NULL};
    struct str body;
    uint8_t type;
    while (pgsql_next_answer(&r, &type, &body)) {
        switch (type) {
        case 'R': note_auth(body, &a); break;
        case 'S': a.has_parameters = true; break;
        case 'K': a.key = body; break;
        case 'T': a.description = body; break;
        case 'G': a.copy_in = body; break;
        case 'H': a.copy_out = body; break;
        case 'c': a.message = "copy_done"; break;
        case 'C': a.completed = body; break;
        case 'E': a.fault = body; break;
        default: break;
        }
    }
    return a;
}

static void log_parameters(struct str kept, struct json *out)
{
    struct reader r = reader_of(kept);
    struct str body;
    uint8_t type;
    json_array(out, "parameter_status");
    for (int i = 0; i < LISTED_MAX && pgsql_next_answer(&r, &type, &body);) {
        struct reader pair = reader_of(body);
        bool whole;
        if (type != 'S')
            continue;
        struct str name = pgsql_read_text(&pair, &whole);
        json_object(out, NULL);
        json_bytes_named(out, parameter_name(name), pgsql_read_text(&pair, &whole));
        json_end_object(out);
        i++;
    }
    json_end_array(out);
}

/* Section 53.8. */
static const char *fault_name(uint8_t code)
{
    static const char *const names[128] = {
        ['S'] = "severity_localizable",
        ['V'] = "severity_non_localizable",
        ['C'] = "code",
        ['M'] = "message",
        ['D'] = "detail",
        ['H'] = "hint",
        ['P'] = "position",
        ['p'] = "internal_position",
        ['q'] = "internal_query",
        ['W'] = "where",
        ['s'] = "schema_name",
        ['t'] = "table_name",
        ['c'] = "column_name",
        ['d'] = "data_type",
        ['n'] = "constraint_name",
        ['F'] = "file",
        ['L'] = "line",
        ['R'] = "routine",
    };
    const char *name = code < ARRAY_COUNT(names) ? names[code] : NULL;
    return name ? name : "unknown_field_type";
}

static void log_fault(struct str body, struct json *out)
{
    struct reader r = reader_of(body);
    bool whole = true;
    uint8_t code;
    for (int i = 0; i < LISTED_MAX && whole && (code = reader_u8(&r)) != 0; i++)
        json_bytes(out, fault_name(code), pgsql_read_text(&r, &whole));
}

/* Each column is a name, a zero byte and 18 bytes. */
static bool columns_are_good(struct str body, uint16_t *count)
{
    struct reader r = reader_of(body);
    bool whole = true;
    *count = reader_u16(&r);
    for (uint16_t i = 0; i < *count && whole && !r.bad; i++) {
        (void)pgsql_read_text(&r, &whole);
        reader_skip(&r, 18);
    }
    return whole && !r.bad && !reader_left(&r);
}

static void log_copy_format(struct json *out, const char *key, struct str body)
{
    struct reader r = reader_of(body);
    reader_skip(&r, 1);
    uint16_t columns = reader_u16(&r);
    json_object(out, key);
    json_bool(out, "malformed", r.bad || reader_left(&r) != 2u * columns);
    json_uint(out, "columns", columns);
    json_end_object(out);
}

static void log_rows(const struct pgsql_tx *pgsql, struct str description, struct json *out)
{
    if (description.p) {
        uint16_t columns;
        json_bool(out, "row_description_malformed", !columns_are_good(description, &columns));
        json_uint(out, "field_count", columns);
    }
    if (!pgsql->rows && pgsql->kind != PGSQL_COPY_IN)
        return;
    bool in = pgsql->kind == PGSQL_COPY_IN;
    json_uint(out, "data_rows", in ? pgsql->copied_in : pgsql->rows);
    json_uint(out, "data_size", in ? pgsql->copied_in_bytes : pgsql->row_bytes);
}

static void log_answers(const struct pgsql_tx *pgsql, struct json *out)
{
    struct str kept = str_of(pgsql->answers, pgsql->answers_len);
    struct answers a = note_all(kept);
    json_object(out, "response");
    if (pgsql->answered)
        json_bool(out, "ssl_accepted", pgsql->accepted);
    if (a.md5_salt.p)
        json_bytes(out, "authentication_md5_password", a.md5_salt);
    if (a.sasl_final.p)
        json_bytes(out, "authentication_sasl_final", a.sasl_final);
    if (a.copy_in.p)
        log_copy_format(out, "copy_in_response", a.copy_in);
    if (a.copy_out.p)
        log_copy_format(out, "copy_out_response", a.copy_out);
    if (pgsql->copied_out) {
        json_object(out, "copy_data_out");
        json_uint(out, "row_count", pgsql->copied_out);
        json_uint(out, "data_size", pgsql->copied_out_bytes);
        json_end_object(out);
    }
    if (a.message)
        json_text(out, "message", a.message);
    if (a.has_parameters)
        log_parameters(kept, out);
    if (a.key.p)
        log_key(a.key, out);
    if (!a.fault.p)
        log_rows(pgsql, a.description, out);
    if (a.completed.p)
        json_bytes(out, "command_completed", first_text(a.completed));
    if (a.fault.p)
        log_fault(a.fault, out);
    json_end_object(out);
}

void pgsql_log(const struct tx *tx, const struct app_conf *conf, struct json *out)
{
    const struct pgsql_tx *pgsql = pgsql_tx_of(tx);
    json_uint(out, "tx_id", tx->id + 1);
    log_request(pgsql, conf, out);
    if (pgsql->answered || pgsql->answers_len || pgsql->rows || pgsql->copied_out)
        log_answers(pgsql, out);
}
