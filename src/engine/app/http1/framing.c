#include "engine/app/http1/message.h"

#include "base/text.h"

#define CHUNK_MAX INT32_MAX

/* What the headers mean (RFC 9112 section 6), and what is wrong with them. Values are read through an arena because they
 * may be folded or repeated. */

/* ---- host ---- */

static bool port_of(struct str s, uint32_t *port)
{
    uint64_t number;
    if (!str_to_u64(s, &number) || number == 0 || number > 65535)
        return false;
    *port = (uint32_t)number;
    return true;
}

/* Takes "host:port" apart; host keeps the brackets of an IPv6 address. False: what stands behind the colon is no port. */
static bool split_host(struct str value, struct str *host, uint32_t *port)
{
    *host = value;
    *port = 0;
    ptrdiff_t from = 0;
    if (value.len && value.p[0] == '[') {
        from = str_find_byte(value, 0, ']');
        if (from < 0)
            return true;
    }
    ptrdiff_t colon = str_find_byte(value, (size_t)from, ':');
    if (colon < 0)
        return true;
    *host = str_cut(value, 0, (size_t)colon);
    return port_of(str_from(value, (size_t)colon + 1), port);
}

bool http1_host(const struct http1_tx *tx, struct arena *a, struct str *host, uint32_t *port)
{
    const struct http1_head *h = &tx->side[DIR_TOSERVER].head;
    if (tx->uri_host.len) {
        *host = http1_text(h, tx->uri_host);
        *port = 0;
        (void)port_of(http1_text(h, tx->uri_port), port);
        return true;
    }
    struct str value;
    if (!http1_known_value(h, KNOWN_HOST, a, &value))
        return false;
    (void)split_host(value, host, port);
    return true;
}

/* Letters, digits, "-", "_" and single dots; or an address in brackets. */
static bool is_host(struct str host)
{
    if (host.len && host.p[0] == '[')
        return host.len > 2 && host.p[host.len - 1] == ']';
    if (host.len == 0 || host.len > 255 || host.p[0] == '.')
        return false;
    for (size_t i = 0; i < host.len; i++) {
        uint8_t c = byte_lower(host.p[i]);
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        if (!plain && !(c == '.' && host.p[i - 1] != '.'))
            return false;
    }
    return true;
}

static void check_host(const struct http1_at *at)
{
    struct http1_tx *tx = at->tx;
    const struct http1_head *h = &tx->side[DIR_TOSERVER].head;
    struct str uri_host = http1_text(h, tx->uri_host), value, host = STR_EMPTY;
    uint32_t port = 0, uri_port = 0;
    bool has_header = http1_known_value(h, KNOWN_HOST, at->af->scratch, &value);
    if (!has_header && tx->version[DIR_TOSERVER] == HTTP1_VERSION_11)
        app_event(at->af, &tx->tx, HTTP1_MISSING_HOST);
    if (has_header) {
        if (!split_host(value, &host, &port))
            app_event(at->af, &tx->tx, HTTP1_INVALID_AUTHORITY_PORT);
        if (!is_host(host))
            app_event(at->af, &tx->tx, HTTP1_HEADER_HOST_INVALID);
    }
    if (uri_host.len && !is_host(uri_host))
        app_event(at->af, &tx->tx, HTTP1_URI_HOST_INVALID);
    if (tx->uri_port.len && !port_of(http1_text(h, tx->uri_port), &uri_port))
        app_event(at->af, &tx->tx, HTTP1_INVALID_SERVER_PORT);
    if (uri_host.len && has_header && !str_eq_nocase(uri_host, host))
        app_event(at->af, &tx->tx, HTTP1_HOST_AMBIGUOUS);
    /* a proxy's requests name the port of the server behind it */
    if (!uri_host.len && port && port != at->af->server_port)
        app_event(at->af, &tx->tx, HTTP1_PORT_MISMATCH);
}

static void check_authorization(const struct http1_at *at)
{
    static const char *const schemes[] = {"Basic", "Digest", "Bearer", "NTLM", "Negotiate"};
    struct str value;
    if (!http1_known_value(&http1_side(at)->head, KNOWN_AUTHORIZATION, at->af->scratch, &value))
        return;
    for (size_t i = 0; i < ARRAY_COUNT(schemes); i++) {
        struct str scheme = str_c(schemes[i]);
        if (str_starts_nocase(value, scheme) &&
            (value.len == scheme.len || value.p[scheme.len] == ' '))
            return;
    }
    app_event(at->af, &at->tx->tx, HTTP1_AUTH_UNRECOGNIZED);
}

void http1_request_checks(const struct http1_at *at)
{
    check_host(at);
    check_authorization(at);
    if (http1_uri_double_encoded(at->tx))
        app_event(at->af, &at->tx->tx, HTTP1_DOUBLE_ENCODED_URI);
}

/* ---- length of the body ---- */

/* The first Content-Length counts; others are an event. Anything but digits makes it invalid, and then nobody knows what the
 * receiver takes it for. */
static void read_length(const struct http1_at *at, const struct http1_head *h,
                        struct http1_framing *f)
{
    const struct http1_header *header = http1_header_known(h, KNOWN_CONTENT_LENGTH);
    if (!header)
        return;
    if (header->next_same)
        http1_event(at, HTTP1_DUPLICATE_CONTENT_LENGTH_REQUEST,
                    HTTP1_DUPLICATE_CONTENT_LENGTH_RESPONSE);
    struct str value = str_trim(http1_header_value(h, header, at->af->scratch));
    if (str_to_u64(value, &f->length)) {
        f->has_length = true;
        return;
    }
    f->length_invalid = true;
    http1_event(at, HTTP1_INVALID_CONTENT_LENGTH_REQUEST, HTTP1_INVALID_CONTENT_LENGTH_RESPONSE);
}

/* Does the value hold "chunked" once its control characters are overlooked? */
static bool says_chunked(struct str value)
{
    const char *word = "chunked";
    size_t matched = 0;
    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = byte_lower(value.p[i]);
        if (c < ' ' || c == 0x7f)
            continue;
        matched = c == (uint8_t)word[matched] ? matched + 1 : c == 'c' ? 1 : 0;
        if (!word[matched])
            return true;
    }
    return false;
}

static void read_transfer_encoding(const struct http1_at *at, const struct http1_head *h,
                                   struct http1_framing *f)
{
    struct str value;
    if (!http1_known_value(h, KNOWN_TRANSFER_ENCODING, at->af->scratch, &value))
        return;
    f->chunked = says_chunked(value);
    if (!f->chunked) {
        http1_event(at, HTTP1_INVALID_TRANSFER_ENCODING_REQUEST,
                    HTTP1_INVALID_TRANSFER_ENCODING_RESPONSE);
        return;
    }
    if (at->dir == DIR_TOSERVER)
        return;
    if (!str_eq_nocase(value, STR_LIT("chunked")))
        app_event(at->af, &at->tx->tx, HTTP1_RESPONSE_ABNORMAL_TRANSFER_ENCODING);
    enum http1_version version = at->tx->version[DIR_TOCLIENT];
    if (version == HTTP1_VERSION_10 || version == HTTP1_VERSION_09)
        app_event(at->af, &at->tx->tx, HTTP1_RESPONSE_CHUNKED_OLD_PROTO);
}

struct http1_framing http1_framing_of(const struct http1_at *at)
{
    const struct http1_head *h = &http1_side(at)->head;
    struct http1_framing f = {0};
    read_length(at, h, &f);
    read_transfer_encoding(at, h, &f);
    return f;
}

/* ---- small values ---- */

static struct str unquote(struct str s)
{
    if (s.len && s.p[0] == '"') {
        ptrdiff_t end = str_find_byte(s, 1, '"');
        return str_cut(s, 1, end < 0 ? s.len : (size_t)end);
    }
    ptrdiff_t end = str_find_byte(s, 0, ';');
    return str_trim(str_cut(s, 0, end < 0 ? s.len : (size_t)end));
}

bool http1_parameter(struct str value, struct str name, struct str *out)
{
    ptrdiff_t at = 0;
    while ((at = str_find_byte(value, (size_t)at, ';')) >= 0) {
        at++;
        struct str rest = str_trim(str_from(value, (size_t)at));
        if (!str_starts_nocase(rest, name))
            continue;
        rest = str_trim(str_from(rest, name.len));
        if (rest.len == 0 || rest.p[0] != '=')
            continue;
        *out = unquote(str_trim(str_from(rest, 1)));
        return true;
    }
    return false;
}

static bool range_number(struct str s, int64_t *out)
{
    s = str_trim(s);
    *out = -1;
    return str_eq(s, STR_LIT("*")) || (str_to_i64(s, out) && *out >= 0);
}

bool http1_content_range(struct str value, int64_t *start, int64_t *end, int64_t *size)
{
    value = str_trim(value);
    *start = *end = *size = -1;
    if (!str_starts_nocase(value, STR_LIT("bytes")))
        return false;
    struct str rest = str_trim(str_from(value, 5)), range = str_split(&rest, '/');
    if (!rest.p || !range_number(rest, size))
        return false;
    if (str_eq(str_trim(range), STR_LIT("*")))
        return true;
    struct str last = range, first = str_split(&last, '-');
    if (!last.p || !range_number(first, start) || !range_number(last, end))
        return false;
    return *start >= 0 && *start <= *end && (*size < 0 || *end < *size);
}

bool http1_chunk_size(struct str line, uint64_t *size, size_t *digits)
{
    *size = 0;
    for (*digits = 0; *digits < line.len && text_hex_digit(line.p[*digits]) >= 0; ++*digits) {
        *size = *size << 4 | (uint64_t)text_hex_digit(line.p[*digits]);
        if (*size > CHUNK_MAX)
            return false;
    }
    return true;
}
