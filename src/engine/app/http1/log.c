#include "engine/app/http1/message.h"

/* The "http" object of EVE. The arena takes memory only when a value must be made (folded or repeated headers), which is rare. */

static void log_known(const struct http1_head *h, enum http1_known known, const char *key,
                      struct json *out, struct arena *a)
{
    struct str value;
    if (http1_known_value(h, known, a, &value))
        json_bytes(out, key, value);
}

static void log_part(const struct http1_head *h, uint32_t which, const char *key, struct json *out)
{
    if (h->part[which].len)
        json_bytes(out, key, http1_text(h, h->part[which]));
}

static void log_host(const struct http1_tx *tx, struct json *out, struct arena *a)
{
    struct str host;
    uint32_t port;
    if (!http1_host(tx, a, &host, &port))
        return;
    uint8_t low[256];
    size_t len = host.len < sizeof low ? host.len : sizeof low;
    for (size_t i = 0; i < len; i++)
        low[i] = byte_lower(host.p[i]);
    json_bytes(out, "hostname", str_of(low, len));
    if (port)
        json_uint(out, "http_port", port);
}

static void log_content_type(const struct http1_head *h, struct json *out, struct arena *a)
{
    struct str value;
    if (!http1_known_value(h, KNOWN_CONTENT_TYPE, a, &value))
        return;
    json_bytes(out, "http_content_type", str_trim(str_split(&value, ';')));
}

static void log_content_range(const struct http1_head *h, struct json *out, struct arena *a)
{
    struct str value;
    int64_t start, end, size;
    if (!http1_known_value(h, KNOWN_CONTENT_RANGE, a, &value))
        return;
    json_object(out, "content_range");
    json_bytes(out, "raw", value);
    if (http1_content_range(value, &start, &end, &size)) {
        if (start >= 0) {
            json_int(out, "start", start);
            json_int(out, "end", end);
        }
        if (size >= 0)
            json_int(out, "size", size);
    }
    json_end_object(out);
}

static void log_headers(const struct http1_head *h, const char *key, struct json *out,
                        struct arena *a)
{
    json_array(out, key);
    for (uint32_t i = 0; i < h->header_count; i++) {
        if (h->headers[i].is_repeat)
            continue;
        json_object(out, NULL);
        json_bytes(out, "name", http1_text(h, h->headers[i].name));
        json_bytes(out, "value", http1_header_value(h, &h->headers[i], a));
        json_end_object(out);
    }
    json_end_array(out);
}

static void log_all_headers(const struct http1_tx *tx, uint8_t dirs, struct json *out,
                            struct arena *a)
{
    if (dirs & DIR_BIT(DIR_TOSERVER))
        log_headers(&tx->side[DIR_TOSERVER].head, "request_headers", out, a);
    if (dirs & DIR_BIT(DIR_TOCLIENT))
        log_headers(&tx->side[DIR_TOCLIENT].head, "response_headers", out, a);
}

/* The first of its name, or NULL. */
static const struct http1_header *header_named(const struct http1_head *h, struct str name)
{
    for (uint32_t i = 0; i < h->header_count; i++)
        if (str_eq_nocase(http1_text(h, h->headers[i].name), name))
            return &h->headers[i];
    return NULL;
}

static void log_forwarded(const struct http1_head *h, struct json *out, struct arena *a)
{
    const struct http1_header *found = header_named(h, STR_LIT("X-Forwarded-For"));
    struct str value = found ? http1_header_value(h, found, a) : STR_EMPTY;
    if (value.len)
        json_bytes(out, "xff", value);
}

/* The settings name headers in small letters, with "_" where the header has "-". */
static bool is_named(struct str header, const char *word)
{
    if (strlen(word) != header.len)
        return false;
    for (size_t i = 0; i < header.len; i++) {
        uint8_t c = byte_lower(header.p[i]), want = byte_lower((uint8_t)word[i]);
        if ((c == '-' ? '_' : c) != (want == '-' ? '_' : want))
            return false;
    }
    return true;
}

static void log_named(const struct http1_head *h, const char *word, struct json *out,
                      struct arena *a)
{
    char key[64];
    if (strlen(word) >= sizeof key)
        return;
    for (uint32_t i = 0; i < h->header_count; i++) {
        if (h->headers[i].is_repeat || !is_named(http1_text(h, h->headers[i].name), word))
            continue;
        size_t k = 0;
        for (; word[k]; k++)
            key[k] = word[k] == '-' ? '_' : (char)byte_lower((uint8_t)word[k]);
        key[k] = 0;
        json_bytes(out, key, http1_header_value(h, &h->headers[i], a));
        return;
    }
}

/* What the protocol's own record holds more than others do. */
static void log_wished(const struct http1_tx *tx, const struct app_log *log, struct json *out,
                       struct arena *a)
{
    for (const struct conf_node *n = log->http_custom; n; n = n->next) {
        if (!n->value)
            continue;
        log_named(&tx->side[DIR_TOSERVER].head, n->value, out, a);
        log_named(&tx->side[DIR_TOCLIENT].head, n->value, out, a);
    }
    log_all_headers(tx, log->http_headers, out, a);
}

void http1_log_conf(struct app_log *log, const struct conf_node *settings)
{
    const struct conf_node *custom = conf_child(settings, "custom");
    const struct conf_node *headers = conf_child(settings, "dump-all-headers");
    const char *which = headers && headers->value ? headers->value : "none";
    log->http_basic = settings && !conf_node_bool(conf_child(settings, "extended"), false);
    log->http_custom = custom ? custom->child : NULL;
    log->http_headers = 0;
    if (strcmp(which, "both") == 0 || strcmp(which, "request") == 0)
        log->http_headers |= DIR_BIT(DIR_TOSERVER);
    if (strcmp(which, "both") == 0 || strcmp(which, "response") == 0)
        log->http_headers |= DIR_BIT(DIR_TOCLIENT);
}

static void log_members(const struct http1_tx *tx, const struct app_conf *conf, struct json *out,
                        struct arena *a)
{
    const struct http1_head *request = &tx->side[DIR_TOSERVER].head,
                            *response = &tx->side[DIR_TOCLIENT].head;
    log_host(tx, out, a);
    if (tx->request_unseen)
        json_text(out, "url", HTTP1_URI_UNSEEN);
    log_part(request, PART_URI, "url", out);
    log_known(request, KNOWN_USER_AGENT, "http_user_agent", out, a);
    log_forwarded(request, out, a);
    log_content_type(response, out, a);
    log_content_range(response, out, a);
    if (!conf->log.in_other)
        log_wished(tx, &conf->log, out, a);
    if (!conf->log.in_other && conf->log.http_basic)
        return;
    log_known(request, KNOWN_REFERER, "http_refer", out, a);
    log_part(request, PART_METHOD, "http_method", out);
    log_part(request, PART_REQUEST_PROTOCOL, "protocol", out);
    if (tx->status)
        json_uint(out, "status", tx->status);
    else
        log_part(response, PART_STATUS, "status_string", out);
    log_known(response, KNOWN_LOCATION, "redirect", out, a);
    json_uint(out, "length", tx->side[DIR_TOCLIENT].payload.wire_bytes);
}

void http1_request_header(const struct tx *tx, struct str name, struct buf *out)
{
    _Alignas(16) uint8_t memory[HTTP1_HEAD_MAX];
    struct arena a;
    const struct http1_head *h = &http1_tx_const(tx)->side[DIR_TOSERVER].head;
    const struct http1_header *found = header_named(h, name);
    if (!found)
        return;
    arena_init_at(&a, memory, sizeof memory);
    buf_add(out, http1_header_value(h, found, &a));
    arena_fini(&a);
}

void http1_log(const struct tx *tx, const struct app_conf *conf, struct json *out)
{
    _Alignas(16) uint8_t memory[HTTP1_HEAD_MAX]; /* a record is no reason to ask the heap */
    struct arena a;
    arena_init_at(&a, memory, sizeof memory);
    log_members(http1_tx_const(tx), conf, out, &a);
    arena_fini(&a);
}
