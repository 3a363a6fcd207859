#include "engine/app/http2/message.h"

#include <stdio.h>

/* The "http" object of EVE, as readers know it of Suricata's HTTP/2: the headers, the best known of them under names of their own, and
 * what frames say in "http2". */

/* Names that stand in EVE: without "_" in capitals of settings and GOAWAY, in words of RST_STREAM. */
static const char *const errors[] = {
    "NoError",      "ProtocolError",   "InternalError",      "FlowControlError", "SettingsTimeout",
    "StreamClosed", "FrameSizeError",  "RefusedStream",      "Cancel",           "CompressionError",
    "ConnectError", "EnhanceYourCalm", "InadequateSecurity", "Http11Required",
};

static void log_headers(const struct http2_head *h, const char *key, struct json *out)
{
    if (!h->field_count)
        return;
    json_array(out, key);
    for (uint32_t i = 0; i < h->field_count; i++) {
        const struct http2_field *f = &h->fields[i];
        json_object(out, NULL);
        if (f->is_update) {
            json_uint(out, "table_size_update", f->value_len);
        } else {
            json_bytes(out, "name", http2_field_name(h, f));
            json_bytes(out, "value", http2_field_value(h, f));
        }
        json_end_object(out);
    }
    json_end_array(out);
}

/* Of several headers of one name the last. */
static bool last_value(const struct http2_head *h, const char *name, struct str *out)
{
    bool found = false;
    for (uint32_t i = 0; i < h->field_count; i++)
        if (!h->fields[i].is_update && str_eq_nocase(http2_field_name(h, &h->fields[i]),
                                                     str_c(name)) /* the upgrade's, too */) {
            *out = http2_field_value(h, &h->fields[i]);
            found = true;
        }
    return found;
}

static void log_known(const struct http2_head *h, const char *name, const char *key,
                      struct json *out)
{
    struct str value;
    if (last_value(h, name, &value))
        json_bytes(out, key, value);
}

static void log_length(const struct http2_tx *tx, struct json *out)
{
    struct str value;
    uint64_t length;
    for (int dir = DIR_TOCLIENT; dir >= DIR_TOSERVER; dir--)
        if (last_value(&tx->side[dir].head, "content-length", &value)) {
            if (str_to_u64(value, &length))
                json_uint(out, "length", length);
            return;
        }
}

static void log_status(const struct http2_tx *tx, struct json *out)
{
    struct str value;
    uint64_t status;
    if (last_value(&tx->side[DIR_TOCLIENT].head, ":status", &value) && str_to_u64(value, &status))
        json_uint(out, "status", status);
}

static void log_error(const struct http2_fact *fact, struct json *out)
{
    char word[32];
    if (fact->value >= ARRAY_COUNT(errors)) {
        snprintf(word, sizeof word, "unknown (%u)", fact->value);
    } else {
        snprintf(word, sizeof word, "%s", errors[fact->value]);
        for (size_t i = 0; fact->is_goaway && word[i]; i++)
            if (word[i] >= 'a' && word[i] <= 'z')
                word[i] = (char)(word[i] - 'a' + 'A');
    }
    json_text(out, "error_code", word);
}

static void log_setting(const struct http2_fact *fact, struct json *out)
{
    char name[40];
    size_t len = 0;
    const struct number_word *w = http2_setting_words;
    while (w->name && w->number != fact->setting)
        w++;
    json_object(out, NULL);
    for (size_t i = 0; w->name && w->name[i] && len < sizeof name - 1; i++)
        if (w->name[i] != '_')
            name[len++] = w->name[i];
    name[len] = 0;
    if (!w->name)
        snprintf(name, sizeof name, "SETTINGSUNKNOWN(%u)", fact->setting);
    json_text(out, "settings_id", name);
    json_uint(out, "settings_value", fact->value);
    json_end_object(out);
}

static const struct http2_fact *first_fact(const struct http2_tx *tx, enum dir dir,
                                           enum http2_fact_kind kind)
{
    for (uint32_t i = 0; i < tx->fact_count; i++)
        if (tx->facts[i].dir == dir && tx->facts[i].kind == kind)
            return &tx->facts[i];
    return NULL;
}

static void log_side(const struct http2_tx *tx, enum dir dir, struct json *out)
{
    const struct http2_fact *setting = first_fact(tx, dir, FACT_SETTING),
                            *error = first_fact(tx, dir, FACT_ERROR),
                            *priority = first_fact(tx, dir, FACT_PRIORITY);
    if (!setting && !error && !priority)
        return;
    json_object(out, dir == DIR_TOSERVER ? "request" : "response");
    if (setting) {
        json_array(out, "settings");
        for (uint32_t i = 0; i < tx->fact_count; i++)
            if (tx->facts[i].kind == FACT_SETTING && tx->facts[i].dir == dir)
                log_setting(&tx->facts[i], out);
        json_end_array(out);
    }
    if (priority)
        json_uint(out, "priority", priority->value);
    if (error)
        log_error(error, out);
    json_end_object(out);
}

void http2_request_header(const struct tx *tx, struct str name, struct buf *out)
{
    const struct http2_head *h = &http2_tx_const(tx)->side[DIR_TOSERVER].head;
    for (uint32_t i = 0; i < h->field_count; i++) {
        if (h->fields[i].is_update || !str_eq_nocase(http2_field_name(h, &h->fields[i]), name))
            continue;
        if (out->len)
            buf_add_c(out, ", ");
        buf_add(out, http2_field_value(h, &h->fields[i]));
    }
}

void http2_log(const struct tx *tx, const struct app_conf *conf, struct json *out)
{
    const struct http2_tx *http = http2_tx_const(tx);
    const struct http2_head *request = &http->side[DIR_TOSERVER].head;
    json_text(out, "version", "2");
    log_headers(request, "request_headers", out);
    log_headers(&http->side[DIR_TOCLIENT].head, "response_headers", out);
    log_known(request, ":authority", "hostname", out);
    log_known(request, ":path", "url", out);
    log_known(request, "user-agent", "http_user_agent", out);
    log_known(request, ":method", "http_method", out);
    log_status(http, out);
    log_length(http, out);
    json_object(out, "http2");
    json_uint(out, "stream_id", http->stream_id);
    log_side(http, DIR_TOSERVER, out);
    log_side(http, DIR_TOCLIENT, out);
    json_end_object(out);
}

/* A window or a ping alone is no record. */
bool http2_log_wants(const struct tx *tx, const struct app_log *log)
{
    const struct http2_tx *http = http2_tx_const(tx);
    if (http->side[DIR_TOSERVER].head.field_count || http->side[DIR_TOCLIENT].head.field_count)
        return true;
    for (uint32_t i = 0; i < http->fact_count; i++)
        if (http->facts[i].kind == FACT_SETTING || http->facts[i].kind == FACT_ERROR ||
            http->facts[i].kind == FACT_PRIORITY)
            return true;
    return false;
}
