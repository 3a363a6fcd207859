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

static void log_all_headers(const struct http1_tx *tx, const struct app_conf *conf,
                            struct json *out, struct arena *a)
{
    if (!conf->yaml)
        return;
    const char *which =
        conf_text(conf->yaml, "outputs.eve-log.types.http.dump-all-headers", "none");
    bool both = strcmp(which, "both") == 0;
    if (both || strcmp(which, "request") == 0)
        log_headers(&tx->side[DIR_TOSERVER].head, "request_headers", out, a);
    if (both || strcmp(which, "response") == 0)
        log_headers(&tx->side[DIR_TOCLIENT].head, "response_headers", out, a);
}

static void log_members(const struct http1_tx *tx, const struct app_conf *conf, struct json *out,
                        struct arena *a)
{
    const struct http1_head *request = &tx->side[DIR_TOSERVER].head,
                            *response = &tx->side[DIR_TOCLIENT].head;
    log_host(tx, out, a);
    if (tx->request_unseen)
        json_text(out, "url",
                  "/libhtp::request_uri_not_seen"); /* the word that readers of EVE know */
    log_part(request, PART_URI, "url", out);
    log_known(request, KNOWN_USER_AGENT, "http_user_agent", out, a);
    log_content_type(response, out, a);
    log_content_range(response, out, a);
    log_known(request, KNOWN_REFERER, "http_refer", out, a);
    log_part(request, PART_METHOD, "http_method", out);
    log_part(request, PART_REQUEST_PROTOCOL, "protocol", out);
    if (tx->status)
        json_uint(out, "status", tx->status);
    else
        log_part(response, PART_STATUS, "status_string", out);
    log_known(response, KNOWN_LOCATION, "redirect", out, a);
    json_uint(out, "length", tx->side[DIR_TOCLIENT].payload.wire_bytes);
    log_all_headers(tx, conf, out, a);
}

void http1_log(const struct tx *tx, const struct app_conf *conf, struct json *out)
{
    _Alignas(16) uint8_t memory[HTTP1_HEAD_MAX]; /* a record is no reason to ask the heap */
    struct arena a;
    arena_init_at(&a, memory, sizeof memory);
    log_members(http1_tx_const(tx), conf, out, &a);
    arena_fini(&a);
}
