#include "engine/app/http2/message.h"

/* What rules may ask for: http.* of the messages, as of HTTP/1; http2.* of the frames. Values are borrowed from the transaction where
 * they stand there as they are, else made in the caller's arena. */

#define REQUEST DIR_BIT(DIR_TOSERVER)
#define RESPONSE DIR_BIT(DIR_TOCLIENT)

static const struct http2_head *head_of(const struct tx *tx, enum dir dir)
{
    return &http2_tx_const(tx)->side[dir].head;
}

static bool value_of(const struct tx *tx, enum dir dir, const char *name, struct arena *a,
                     struct str *out)
{
    return http2_head_value(head_of(tx, dir), str_c(name), a, out);
}

/* ---- one header each ---- */

#define GETTER(fn, header)                                                             \
    static bool fn(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a, \
                   struct str *out)                                                    \
    {                                                                                  \
        return value_of(tx, dir, header, a, out);                                      \
    }

GETTER(get_method, ":method")
GETTER(get_uri, ":path")
GETTER(get_status, ":status")
GETTER(get_host_raw, ":authority")
GETTER(get_user_agent, "user-agent")
GETTER(get_referer, "referer")
GETTER(get_accept, "accept")
GETTER(get_accept_encoding, "accept-encoding")
GETTER(get_accept_language, "accept-language")
GETTER(get_connection, "connection")
GETTER(get_content_type, "content-type")
GETTER(get_content_length, "content-length")
GETTER(get_location, "location")
GETTER(get_server, "server")

static bool get_cookie(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a,
                       struct str *out)
{
    return value_of(tx, dir, dir == DIR_TOSERVER ? "cookie" : "set-cookie", a, out);
}

/* Without user and port, in small letters. An address in brackets keeps its colons. */
static bool get_host(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a,
                     struct str *out)
{
    struct str host;
    if (!value_of(tx, dir, ":authority", a, &host) && !value_of(tx, dir, "host", a, &host))
        return false;
    ptrdiff_t user = str_find_byte(host, 0, '@');
    if (user >= 0)
        host = str_from(host, (size_t)user + 1);
    ptrdiff_t bracket = host.len && host.p[0] == '[' ? str_find_byte(host, 0, ']') : 0;
    ptrdiff_t port = str_find_byte(host, bracket < 0 ? 0 : (size_t)bracket, ':');
    if (port >= 0)
        host = str_cut(host, 0, (size_t)port);
    uint8_t *low = arena_alloc(a, host.len + 1);
    if (!low)
        return false;
    for (size_t i = 0; i < host.len; i++)
        low[i] = byte_lower(host.p[i]);
    *out = str_of(low, host.len);
    return true;
}

/* ---- what HTTP/1 would have written ---- */

static bool get_protocol(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a,
                         struct str *out)
{
    *out = STR_LIT("HTTP/2");
    return true;
}

/* HTTP/2 has no reason phrase. */
static bool get_reason(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a,
                       struct str *out)
{
    *out = STR_LIT("");
    return true;
}

static bool join(struct arena *a, const struct str *parts, size_t count, struct str *out)
{
    size_t room = 0;
    for (size_t i = 0; i < count; i++)
        room += parts[i].len;
    void *memory = arena_alloc(a, room + 1);
    if (!memory)
        return false;
    struct buf b = buf_fixed(memory, room);
    for (size_t i = 0; i < count; i++)
        buf_add(&b, parts[i]);
    *out = buf_str(&b);
    return true;
}

static bool get_request_line(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a,
                             struct str *out)
{
    struct str method = STR_EMPTY, path = STR_EMPTY;
    if (!head_of(tx, dir)->field_count)
        return false;
    value_of(tx, dir, ":method", a, &method);
    value_of(tx, dir, ":path", a, &path);
    const struct str parts[] = {method, STR_LIT(" "), path, STR_LIT(" HTTP/2\r\n")};
    return join(a, parts, ARRAY_COUNT(parts), out);
}

static bool get_response_line(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a,
                              struct str *out)
{
    struct str status = STR_EMPTY;
    if (!head_of(tx, dir)->field_count)
        return false;
    value_of(tx, dir, ":status", a, &status);
    const struct str parts[] = {STR_LIT("HTTP/2 "), status, STR_LIT("\r\n")};
    return join(a, parts, ARRAY_COUNT(parts), out);
}

/* ---- all headers ---- */

static bool make_list(const struct http2_head *h, bool with_values, struct arena *a,
                      struct str *out)
{
    size_t room = h->len + (size_t)h->field_count * 4 + 4;
    void *memory = arena_alloc(a, room);
    if (!memory)
        return false;
    struct buf b = buf_fixed(memory, room);
    if (!with_values)
        buf_add(&b, STR_LIT("\r\n"));
    for (uint32_t i = 0; i < h->field_count; i++) {
        const struct http2_field *f = &h->fields[i];
        if (f->is_update)
            continue;
        buf_add(&b, http2_field_name(h, f));
        if (with_values) {
            buf_add(&b, STR_LIT(": "));
            buf_add(&b, http2_field_value(h, f));
        }
        buf_add(&b, STR_LIT("\r\n"));
    }
    if (!with_values)
        buf_add(&b, STR_LIT("\r\n"));
    *out = buf_str(&b);
    return true;
}

static bool get_header(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a,
                       struct str *out)
{
    const struct http2_head *h = head_of(tx, dir);
    return h->field_count && make_list(h, true, a, out) && out->len;
}

static bool get_header_names(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a,
                             struct str *out)
{
    const struct http2_head *h = head_of(tx, dir);
    return h->field_count && make_list(h, false, a, out);
}

static const struct http2_field *nth_field(const struct http2_head *h, uint32_t index)
{
    for (uint32_t i = 0; i < h->field_count; i++)
        if (!h->fields[i].is_update && index-- == 0)
            return &h->fields[i];
    return NULL;
}

static bool get_one_header(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a,
                           struct str *out)
{
    const struct http2_head *h = head_of(tx, dir);
    const struct http2_field *f = nth_field(h, index);
    if (!f)
        return false;
    const struct str parts[] = {http2_field_name(h, f), STR_LIT(": "), http2_field_value(h, f)};
    return join(a, parts, ARRAY_COUNT(parts), out);
}

static bool get_header_name(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a,
                            struct str *out)
{
    const struct http2_head *h = head_of(tx, dir);
    const struct http2_field *f = nth_field(h, index);
    if (f)
        *out = http2_field_name(h, f);
    return f != NULL;
}

/* ---- bodies ---- */

static bool get_body(const struct tx *tx, enum dir dir, uint32_t index, struct field_window *out)
{
    const struct http2_tx *http = http2_tx_const(tx);
    return index == 0 && body_window(&http->side[dir].payload.body, &http->body_conf[dir], out);
}

/* ---- frames ---- */

static bool get_frame_type(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    uint16_t types = http2_tx_const(tx)->frame_types[dir];
    for (*out = 0; *out < HTTP2_FRAME_TYPES; ++*out)
        if (types >> *out & 1 && index-- == 0)
            return true;
    return false;
}

static const struct http2_fact *nth_fact(const struct tx *tx, enum dir dir, uint32_t index,
                                         enum http2_fact_kind kind)
{
    const struct http2_tx *http = http2_tx_const(tx);
    for (uint32_t i = 0; i < http->fact_count; i++)
        if (http->facts[i].kind == kind && http->facts[i].dir == dir && index-- == 0)
            return &http->facts[i];
    return NULL;
}

static bool get_fact(const struct tx *tx, enum dir dir, uint32_t index, enum http2_fact_kind kind,
                     uint64_t *out)
{
    const struct http2_fact *fact = nth_fact(tx, dir, index, kind);
    if (fact)
        *out = fact->value;
    return fact != NULL;
}

static bool get_error(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    return get_fact(tx, dir, index, FACT_ERROR, out);
}

static bool get_priority(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    return get_fact(tx, dir, index, FACT_PRIORITY, out);
}

static bool get_window(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    return get_fact(tx, dir, index, FACT_WINDOW, out);
}

static bool get_size_update(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    return get_fact(tx, dir, index, FACT_SIZE_UPDATE, out);
}

/* The setting's number in the upper half, its value in the lower one. */
static bool get_setting(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    const struct http2_fact *fact = nth_fact(tx, dir, index, FACT_SETTING);
    if (fact)
        *out = (uint64_t)fact->setting << 32 | fact->value;
    return fact != NULL;
}

/* RFC 9113 section 6, as rules name them */
static const struct number_word frame_types[] = {
    {"DATA", HTTP2_DATA},
    {"HEADERS", HTTP2_HEADERS},
    {"PRIORITY", HTTP2_PRIORITY},
    {"RSTSTREAM", HTTP2_RST_STREAM},
    {"RST_STREAM", HTTP2_RST_STREAM},
    {"SETTINGS", HTTP2_SETTINGS},
    {"PUSHPROMISE", HTTP2_PUSH_PROMISE},
    {"PUSH_PROMISE", HTTP2_PUSH_PROMISE},
    {"PING", HTTP2_PING},
    {"GOAWAY", HTTP2_GOAWAY},
    {"WINDOWUPDATE", HTTP2_WINDOW_UPDATE},
    {"WINDOW_UPDATE", HTTP2_WINDOW_UPDATE},
    {"CONTINUATION", HTTP2_CONTINUATION},
    {NULL, 0},
};

/* section 7 */
static const struct number_word errors[] = {
    {"NO_ERROR", 0},
    {"PROTOCOL_ERROR", 1},
    {"INTERNAL_ERROR", 2},
    {"FLOW_CONTROL_ERROR", 3},
    {"SETTINGS_TIMEOUT", 4},
    {"STREAM_CLOSED", 5},
    {"FRAME_SIZE_ERROR", 6},
    {"REFUSED_STREAM", 7},
    {"CANCEL", 8},
    {"COMPRESSION_ERROR", 9},
    {"CONNECT_ERROR", 10},
    {"ENHANCE_YOUR_CALM", 11},
    {"INADEQUATE_SECURITY", 12},
    {"HTTP_1_1_REQUIRED", 13},
    {NULL, 0},
};

/* section 6.5.2 */
const struct number_word http2_setting_words[] = {
    {"SETTINGS_HEADER_TABLE_SIZE", 1},
    {"SETTINGS_ENABLE_PUSH", 2},
    {"SETTINGS_MAX_CONCURRENT_STREAMS", 3},
    {"SETTINGS_INITIAL_WINDOW_SIZE", 4},
    {"SETTINGS_MAX_FRAME_SIZE", 5},
    {"SETTINGS_MAX_HEADER_LIST_SIZE", 6},
    {NULL, 0},
};

/* ---- the table ---- */

#define AT(when)                                         \
    {                                                    \
        [DIR_TOSERVER] = (when), [DIR_TOCLIENT] = (when) \
    }
#define ROW(of, field, where, when, getter)                                                   \
    {                                                                                         \
        .name = field, .proto = of, .dirs = where, .ready_at = AT(when), .kind = FIELD_BYTES, \
        .bytes = getter                                                                       \
    }
#define MANY(of, field, where, when, getter)                                                  \
    {                                                                                         \
        .name = field, .proto = of, .dirs = where, .ready_at = AT(when), .kind = FIELD_BYTES, \
        .multi = true, .bytes = getter                                                        \
    }
#define WINDOW(of, field, where, several)                                                  \
    {                                                                                      \
        .name = field, .proto = of, .dirs = where, .ready_at = AT(HTTP2_PROGRESS_HEADERS), \
        .kind = FIELD_WINDOW, .multi = several, .window = get_body                         \
    }
#define NUMBER(of, field, getter, names)                                                 \
    {                                                                                    \
        .name = field, .proto = of, .dirs = DIR_BOTH, .kind = FIELD_UINT, .multi = true, \
        .number = getter, .words = names                                                 \
    }
#define DNS_NUMBER(field, several, getter)                                               \
    {                                                                                    \
        .name = field, .proto = APP_DOH2, .dirs = DIR_BOTH, .ready_at = AT(TX_COMPLETE), \
        .kind = FIELD_UINT, .multi = several, .number = getter                           \
    }

/* A stream that carries DNS is still one of HTTP/2. */
#define HTTP2_ROWS(of)                                                                      \
    ROW(of, "http.method", REQUEST, HTTP2_PROGRESS_HEADERS, get_method),                    \
        ROW(of, "http.uri", REQUEST, HTTP2_PROGRESS_HEADERS, get_uri),                      \
        ROW(of, "http.uri.raw", REQUEST, HTTP2_PROGRESS_HEADERS, get_uri),                  \
        ROW(of, "http.request_line", REQUEST, HTTP2_PROGRESS_HEADERS, get_request_line),    \
        ROW(of, "http.response_line", RESPONSE, HTTP2_PROGRESS_HEADERS, get_response_line), \
        ROW(of, "http.protocol", DIR_BOTH, HTTP2_PROGRESS_HEADERS, get_protocol),           \
        ROW(of, "http.stat_code", RESPONSE, HTTP2_PROGRESS_HEADERS, get_status),            \
        ROW(of, "http.stat_msg", RESPONSE, HTTP2_PROGRESS_HEADERS, get_reason),             \
        ROW(of, "http.host", REQUEST, HTTP2_PROGRESS_HEADERS, get_host),                    \
        ROW(of, "http.host.raw", REQUEST, HTTP2_PROGRESS_HEADERS, get_host_raw),            \
        ROW(of, "http.user_agent", REQUEST, HTTP2_PROGRESS_HEADERS, get_user_agent),        \
        ROW(of, "http.referer", REQUEST, HTTP2_PROGRESS_HEADERS, get_referer),              \
        ROW(of, "http.cookie", DIR_BOTH, HTTP2_PROGRESS_HEADERS, get_cookie),               \
        ROW(of, "http.accept", REQUEST, HTTP2_PROGRESS_HEADERS, get_accept),                \
        ROW(of, "http.accept_enc", REQUEST, HTTP2_PROGRESS_HEADERS, get_accept_encoding),   \
        ROW(of, "http.accept_lang", REQUEST, HTTP2_PROGRESS_HEADERS, get_accept_language),  \
        ROW(of, "http.connection", DIR_BOTH, HTTP2_PROGRESS_HEADERS, get_connection),       \
        ROW(of, "http.content_type", DIR_BOTH, HTTP2_PROGRESS_HEADERS, get_content_type),   \
        ROW(of, "http.content_len", DIR_BOTH, HTTP2_PROGRESS_HEADERS, get_content_length),  \
        ROW(of, "http.location", RESPONSE, HTTP2_PROGRESS_HEADERS, get_location),           \
        ROW(of, "http.server", RESPONSE, HTTP2_PROGRESS_HEADERS, get_server),               \
        ROW(of, "http.header", DIR_BOTH, HTTP2_PROGRESS_HEADERS, get_header),               \
        ROW(of, "http.header_names", DIR_BOTH, HTTP2_PROGRESS_HEADERS, get_header_names),   \
        MANY(of, "http.request_header", REQUEST, HTTP2_PROGRESS_HEADERS, get_one_header),   \
        MANY(of, "http.response_header", RESPONSE, HTTP2_PROGRESS_HEADERS, get_one_header), \
        MANY(of, "http2.header_name", DIR_BOTH, HTTP2_PROGRESS_HEADERS, get_header_name),   \
        WINDOW(of, "http.request_body", REQUEST, false),                                    \
        WINDOW(of, "http.response_body", RESPONSE, false),                                  \
        WINDOW(of, "file.data", DIR_BOTH, true),                                            \
        NUMBER(of, "http2.frametype", get_frame_type, frame_types),                         \
        NUMBER(of, "http2.errorcode", get_error, errors),                                   \
        NUMBER(of, "http2.priority", get_priority, NULL),                                   \
        NUMBER(of, "http2.window", get_window, NULL),                                       \
        NUMBER(of, "http2.size_update", get_size_update, NULL),                             \
        NUMBER(of, "http2.settings", get_setting, http2_setting_words),                     \
        FILE_FIELDS(of, DIR_BOTH, HTTP2_PROGRESS_HEADERS)

const struct field_desc http2_fields[HTTP2_FIELD_ROWS] = {
    HTTP2_ROWS(APP_HTTP2),
    HTTP2_ROWS(APP_DOH2),
    MANY(APP_DOH2, "dns.query", REQUEST, TX_COMPLETE, http2_dns_query),
    MANY(APP_DOH2, "dns.queries.rrname", DIR_BOTH, TX_COMPLETE, http2_dns_query),
    MANY(APP_DOH2, "dns.answers.rrname", DIR_BOTH, TX_COMPLETE, http2_dns_answer),
    MANY(APP_DOH2, "dns.authorities.rrname", DIR_BOTH, TX_COMPLETE, http2_dns_authority),
    MANY(APP_DOH2, "dns.additionals.rrname", DIR_BOTH, TX_COMPLETE, http2_dns_additional),
    MANY(APP_DOH2, "dns.response.rrname", RESPONSE, TX_COMPLETE, http2_dns_any),
    DNS_NUMBER("dns.opcode", false, http2_dns_opcode),
    DNS_NUMBER("dns.rcode", false, http2_dns_rcode),
    DNS_NUMBER("dns.rrtype", true, http2_dns_rrtype),
};
