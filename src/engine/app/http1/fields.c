#include "engine/app/http1/message.h"

/* What rules may ask for. Values are borrowed from the transaction where they stand there as they are, else made in the
 * caller's arena. Semantics: the rule language's documentation of its HTTP keywords. */

#define REQUEST DIR_BIT(DIR_TOSERVER)
#define RESPONSE DIR_BIT(DIR_TOCLIENT)

static const struct http1_head *head_of(const struct tx *tx, enum dir dir)
{
    return &http1_tx_const(tx)->side[dir].head;
}

/* ---- start lines ---- */

static bool part(const struct tx *tx, enum dir dir, uint32_t which, struct str *out)
{
    const struct http1_head *h = head_of(tx, dir);
    if (h->line.len == 0 || h->part[which].len == 0)
        return false;
    *out = http1_text(h, h->part[which]);
    return true;
}

static bool get_method(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a,
                       struct str *out)
{
    return part(tx, DIR_TOSERVER, PART_METHOD, out);
}

static bool get_uri_raw(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a,
                        struct str *out)
{
    return part(tx, DIR_TOSERVER, PART_URI, out);
}

static bool get_uri(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a,
                    struct str *out)
{
    if (!part(tx, DIR_TOSERVER, PART_URI, out))
        return false;
    *out = http1_uri_normal(http1_tx_const(tx), a);
    return out->p != NULL;
}

static bool get_protocol(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a,
                         struct str *out)
{
    return part(tx, dir, dir == DIR_TOSERVER ? PART_REQUEST_PROTOCOL : PART_PROTOCOL, out);
}

static bool get_status(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a,
                       struct str *out)
{
    return part(tx, DIR_TOCLIENT, PART_STATUS, out);
}

static bool get_reason(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a,
                       struct str *out)
{
    return part(tx, DIR_TOCLIENT, PART_REASON, out);
}

static bool get_line(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a,
                     struct str *out)
{
    const struct http1_head *h = head_of(tx, dir);
    *out = http1_text(h, h->line);
    return h->line.len > 0;
}

/* The line of a response with its end, as Suricata has it. */
static struct str whole_line(const struct http1_head *h)
{
    return str_cut(str_of(h->text, h->len), h->line.at, h->headers_at);
}

static bool get_response_line(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a,
                              struct str *out)
{
    const struct http1_head *h = head_of(tx, dir);
    *out = whole_line(h);
    return h->line.len > 0;
}

/* ---- single headers ---- */

#define HEADER_GETTER(function, known)                                                       \
    static bool function(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a, \
                         struct str *out)                                                    \
    {                                                                                        \
        return http1_known_value(head_of(tx, dir), known, a, out);                           \
    }

HEADER_GETTER(get_user_agent, KNOWN_USER_AGENT)
HEADER_GETTER(get_referer, KNOWN_REFERER)
HEADER_GETTER(get_accept, KNOWN_ACCEPT)
HEADER_GETTER(get_accept_encoding, KNOWN_ACCEPT_ENCODING)
HEADER_GETTER(get_accept_language, KNOWN_ACCEPT_LANGUAGE)
HEADER_GETTER(get_connection, KNOWN_CONNECTION)
HEADER_GETTER(get_content_type, KNOWN_CONTENT_TYPE)
HEADER_GETTER(get_content_length, KNOWN_CONTENT_LENGTH)
HEADER_GETTER(get_location, KNOWN_LOCATION)
HEADER_GETTER(get_server, KNOWN_SERVER)

static enum http1_known cookie_of(enum dir dir)
{
    return dir == DIR_TOSERVER ? KNOWN_COOKIE : KNOWN_SET_COOKIE;
}

static bool get_cookie(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a,
                       struct str *out)
{
    return http1_known_value(head_of(tx, dir), cookie_of(dir), a, out);
}

static bool get_host(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a,
                     struct str *out)
{
    struct str host;
    uint32_t port;
    if (!http1_host(http1_tx_const(tx), a, &host, &port))
        return false;
    uint8_t *low = arena_alloc(a, host.len + 1);
    for (size_t i = 0; low && i < host.len; i++)
        low[i] = byte_lower(host.p[i]);
    *out = str_of(low, host.len);
    return low != NULL;
}

static bool get_host_raw(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a,
                         struct str *out)
{
    const struct http1_tx *http = http1_tx_const(tx);
    if (http->uri_host.len) {
        *out = http1_text(&http->side[DIR_TOSERVER].head, http->uri_host);
        return true;
    }
    return http1_known_value(head_of(tx, DIR_TOSERVER), KNOWN_HOST, a, out);
}

/* ---- all headers ---- */

/* What goes into a list of headers. */
enum list { LIST_HEADERS, LIST_NAMES, LIST_START };

static bool is_listed(const struct http1_header *h, enum list list, enum dir dir)
{
    return !h->is_repeat && !(list == LIST_HEADERS && h->known == cookie_of(dir));
}

static size_t list_room(const struct http1_head *head)
{
    size_t room = whole_line(head).len + 8;
    for (uint32_t i = 0; i < head->header_count + head->trailer_count; i++)
        room += head->headers[i].name.len + head->headers[i].value.len + 6;
    return room;
}

static void add_header(struct buf *b, const struct http1_head *head, const struct http1_header *h,
                       struct arena *a)
{
    buf_add(b, http1_text(head, h->name));
    buf_add(b, STR_LIT(": "));
    buf_add(b, http1_header_value(head, h, a));
}

static bool make_list(const struct http1_head *head, enum dir dir, enum list list, struct arena *a,
                      struct str *out)
{
    size_t room = list_room(head);
    void *memory = arena_alloc(a, room);
    if (!memory)
        return false;
    struct buf b = buf_fixed(memory, room);
    if (list == LIST_START)
        buf_add(&b, dir == DIR_TOCLIENT ? whole_line(head) : http1_text(head, head->line));
    if (list != LIST_HEADERS)
        buf_add(&b, STR_LIT("\r\n"));
    uint32_t count = head->header_count + (list == LIST_HEADERS ? head->trailer_count : 0);
    for (uint32_t i = 0; i < count; i++) {
        const struct http1_header *h = &head->headers[i];
        if (!is_listed(h, list, dir))
            continue;
        if (list == LIST_NAMES)
            buf_add(&b, http1_text(head, h->name));
        else
            add_header(&b, head, h, a);
        buf_add(&b, STR_LIT("\r\n"));
    }
    if (list != LIST_HEADERS)
        buf_add(&b, STR_LIT("\r\n"));
    *out = buf_str(&b);
    return !b.failed && b.len > 0;
}

static bool get_header(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a,
                       struct str *out)
{
    return make_list(head_of(tx, dir), dir, LIST_HEADERS, a, out);
}

/* Behind the last chunk the headers are looked at once more, with what may have come there. */
static bool has_trailers(const struct tx *tx, enum dir dir)
{
    return head_of(tx, dir)->trailers_at > 0;
}

static bool get_header_names(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a,
                             struct str *out)
{
    const struct http1_head *head = head_of(tx, dir);
    return head->header_count > 0 && make_list(head, dir, LIST_NAMES, a, out);
}

static bool get_start(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a,
                      struct str *out)
{
    const struct http1_head *head = head_of(tx, dir);
    return head->line.len > 0 && make_list(head, dir, LIST_START, a, out);
}

static bool get_header_raw(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a,
                           struct str *out)
{
    const struct http1_head *head = head_of(tx, dir);
    uint32_t end = head->trailers_at ? head->trailers_at : head->len;
    *out = str_cut(str_of(head->text, head->len), head->headers_at, end);
    return out->len > 0;
}

/* Header number `index` of those that are no repeats. */
static const struct http1_header *nth_header(const struct http1_head *head, uint32_t index)
{
    if (head->repeat_count == 0)
        return index < head->header_count ? &head->headers[index] : NULL;
    for (uint32_t i = 0; i < head->header_count; i++)
        if (!head->headers[i].is_repeat && index-- == 0)
            return &head->headers[i];
    return NULL;
}

static bool get_one_header(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a,
                           struct str *out)
{
    const struct http1_head *head = head_of(tx, dir);
    const struct http1_header *h = nth_header(head, index);
    if (!h)
        return false;
    struct str name = http1_text(head, h->name), value = http1_header_value(head, h, a);
    size_t room = name.len + value.len + 2;
    void *memory = arena_alloc(a, room);
    if (!memory)
        return false;
    struct buf b = buf_fixed(memory, room);
    buf_add(&b, name);
    buf_add(&b, STR_LIT(": "));
    buf_add(&b, value);
    *out = buf_str(&b);
    return true;
}

/* ---- bodies and files ---- */

static bool get_body(const struct tx *tx, enum dir dir, uint32_t index, struct field_window *out)
{
    const struct http1_tx *http = http1_tx_const(tx);
    return index == 0 && body_window(&http->side[dir].payload.body, &http->body_conf[dir], out);
}

/* The decoded response; or what a request uploads: its body, or each file of a form. */
static bool get_file_data(const struct tx *tx, enum dir dir, uint32_t index,
                          struct field_window *out)
{
    const struct http1_tx *http = http1_tx_const(tx);
    const struct http1_payload *p = &http->side[dir].payload;
    if (!p->multipart)
        return get_body(tx, dir, index, out);
    /* of the files, those that have something to show */
    const struct http1_part *found;
    for (uint32_t i = 0; (found = http1_multipart_part(p->multipart, i)); i++)
        if (body_window(&found->body, &http->body_conf[dir], out) && index-- == 0)
            return true;
    return false;
}

/* ---- the table ---- */

#define AT(request, response)                                   \
    {                                                           \
        [DIR_TOSERVER] = (request), [DIR_TOCLIENT] = (response) \
    }
#define ROW(field, where, when, getter)                                               \
    {                                                                                 \
        .name = field, .proto = APP_HTTP1, .dirs = where, .ready_at = AT(when, when), \
        .kind = FIELD_BYTES, .bytes = getter                                          \
    }

const struct field_desc http1_fields[HTTP1_FIELD_COUNT] = {
    ROW("http.method", REQUEST, HTTP1_START, get_method),
    ROW("http.uri", REQUEST, HTTP1_START, get_uri),
    ROW("http.uri.raw", REQUEST, HTTP1_START, get_uri_raw),
    ROW("http.request_line", REQUEST, HTTP1_START, get_line),
    ROW("http.response_line", RESPONSE, HTTP1_START, get_response_line),
    ROW("http.protocol", DIR_BOTH, HTTP1_START, get_protocol),
    ROW("http.stat_code", RESPONSE, HTTP1_START, get_status),
    ROW("http.stat_msg", RESPONSE, HTTP1_START, get_reason),
    ROW("http.host", REQUEST, HTTP1_HEADERS, get_host),
    ROW("http.host.raw", REQUEST, HTTP1_HEADERS, get_host_raw),
    ROW("http.user_agent", REQUEST, HTTP1_HEADERS, get_user_agent),
    ROW("http.referer", REQUEST, HTTP1_HEADERS, get_referer),
    ROW("http.cookie", DIR_BOTH, HTTP1_HEADERS, get_cookie),
    ROW("http.accept", REQUEST, HTTP1_HEADERS, get_accept),
    ROW("http.accept_enc", REQUEST, HTTP1_HEADERS, get_accept_encoding),
    ROW("http.accept_lang", REQUEST, HTTP1_HEADERS, get_accept_language),
    ROW("http.connection", DIR_BOTH, HTTP1_HEADERS, get_connection),
    ROW("http.content_type", DIR_BOTH, HTTP1_HEADERS, get_content_type),
    ROW("http.content_len", DIR_BOTH, HTTP1_HEADERS, get_content_length),
    ROW("http.location", RESPONSE, HTTP1_HEADERS, get_location),
    ROW("http.server", RESPONSE, HTTP1_HEADERS, get_server),
    {.name = "http.header",
     .proto = APP_HTTP1,
     .dirs = DIR_BOTH,
     .ready_at = AT(HTTP1_HEADERS, HTTP1_HEADERS),
     .again_at = TX_COMPLETE,
     .again = has_trailers,
     .kind = FIELD_BYTES,
     .bytes = get_header},
    ROW("http.header.raw", DIR_BOTH, HTTP1_HEADERS, get_header_raw),
    ROW("http.header_names", DIR_BOTH, HTTP1_HEADERS, get_header_names),
    ROW("http.start", DIR_BOTH, HTTP1_HEADERS, get_start),
    {.name = "http.request_header",
     .proto = APP_HTTP1,
     .dirs = REQUEST,
     .ready_at = AT(HTTP1_HEADERS, HTTP1_HEADERS),
     .multi = true,
     .bytes = get_one_header},
    {.name = "http.response_header",
     .proto = APP_HTTP1,
     .dirs = RESPONSE,
     .ready_at = AT(HTTP1_HEADERS, HTTP1_HEADERS),
     .multi = true,
     .bytes = get_one_header},
    {.name = "http.request_body",
     .proto = APP_HTTP1,
     .dirs = REQUEST,
     .ready_at = AT(HTTP1_HEADERS, HTTP1_HEADERS),
     .kind = FIELD_WINDOW,
     .window = get_body},
    {.name = "http.response_body",
     .proto = APP_HTTP1,
     .dirs = RESPONSE,
     .ready_at = AT(HTTP1_HEADERS, HTTP1_HEADERS),
     .kind = FIELD_WINDOW,
     .window = get_body},
    {.name = "file.data",
     .proto = APP_HTTP1,
     .dirs = DIR_BOTH,
     .ready_at = AT(HTTP1_HEADERS, HTTP1_HEADERS),
     .kind = FIELD_WINDOW,
     .multi = true,
     .window = get_file_data},
    FILE_FIELDS(APP_HTTP1, DIR_BOTH, HTTP1_HEADERS),
};
