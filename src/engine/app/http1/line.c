#include "engine/app/http1/message.h"

/* Start lines (RFC 9112 sections 3 and 4). Receivers split at more than the one space of the RFC, so any blank or control
 * character splits here; what is not as it should be is an event. */

bool http1_is_blank(uint8_t c)
{
    return c <= ' ';
}

bool http1_is_known_method(struct str method)
{
    static const char *const methods[] = {"GET",    "POST",    "HEAD",  "PUT",  "OPTIONS",
                                          "DELETE", "CONNECT", "TRACE", "PATCH"};
    for (size_t i = 0; i < ARRAY_COUNT(methods); i++)
        if (str_eq_nocase(method, str_c(methods[i])))
            return true;
    return false;
}

static uint32_t skip_blank(struct str s, uint32_t at)
{
    while (at < s.len && http1_is_blank(s.p[at]))
        at++;
    return at;
}

static uint32_t skip_word(struct str s, uint32_t at)
{
    while (at < s.len && !http1_is_blank(s.p[at]))
        at++;
    return at;
}

/* What parts the words of a request line: NUL does not. */
static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Methods of RFC 9110, of WebDAV and its versions, in capitals: others are worth an event when nothing behind them looks right. */
static bool is_listed(struct str method)
{
    static const char *const methods[] = {"GET",
                                          "POST",
                                          "HEAD",
                                          "PUT",
                                          "OPTIONS",
                                          "DELETE",
                                          "CONNECT",
                                          "TRACE",
                                          "PATCH",
                                          "PROPFIND",
                                          "PROPPATCH",
                                          "MKCOL",
                                          "COPY",
                                          "MOVE",
                                          "LOCK",
                                          "UNLOCK",
                                          "REPORT",
                                          "CHECKIN",
                                          "CHECKOUT",
                                          "UNCHECKOUT",
                                          "UPDATE",
                                          "LABEL",
                                          "MERGE",
                                          "MKWORKSPACE",
                                          "MKACTIVITY",
                                          "BASELINE-CONTROL",
                                          "VERSION-CONTROL",
                                          "INVALID"};
    for (size_t i = 0; i < ARRAY_COUNT(methods); i++)
        if (str_eq(method, str_c(methods[i])))
            return true;
    return false;
}

/* Of "HTTP/1.1"; case is ignored as by most receivers. */
static uint8_t version_of(struct str protocol)
{
    static const struct {
        const char *text;
        enum http1_version version;
    } rows[] = {{"HTTP/1.1", HTTP1_VERSION_11},
                {"HTTP/1.0", HTTP1_VERSION_10},
                {"HTTP/0.9", HTTP1_VERSION_09}};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (str_eq_nocase(protocol, str_c(rows[i].text)))
            return (uint8_t)rows[i].version;
    return protocol.len ? HTTP1_VERSION_OTHER : HTTP1_VERSION_NONE;
}

/* The same of a request: zeros in front of the number are passed over, as in "HTTP/01.1", and in "HTTP/0.9". */
static uint8_t request_version(struct str protocol, bool *zeros)
{
    uint8_t version = version_of(protocol);
    size_t at = 5;
    *zeros = version == HTTP1_VERSION_09;
    if (version != HTTP1_VERSION_OTHER || !str_starts_nocase(protocol, STR_LIT("HTTP/0")))
        return version;
    while (at < protocol.len && protocol.p[at] == '0')
        at++;
    struct str number = str_from(protocol, at);
    *zeros = true;
    if (str_eq(number, STR_LIT("1.1")))
        return HTTP1_VERSION_11;
    if (str_eq(number, STR_LIT("1.0")))
        return HTTP1_VERSION_10;
    if (str_eq(number, STR_LIT(".9")))
        return HTTP1_VERSION_09;
    *zeros = false;
    return HTTP1_VERSION_OTHER;
}

/* The words of a request line: a URI may hold blanks, so the protocol is what stands behind the last one, or where there is
 * none behind the last other space. */
struct words {
    uint32_t method, method_end, uri, uri_end, protocol, end;
    bool odd_delim; /* in front of the URI */
    bool odd_uri;   /* a space other than a blank in it, or behind it alone */
};

static uint32_t space_behind(struct str line, uint32_t from, uint32_t end)
{
    for (uint32_t at = end; at > from; at--)
        if (line.p[at - 1] == ' ')
            return at - 1;
    for (uint32_t at = end; at > from; at--)
        if (is_space(line.p[at - 1]))
            return at - 1;
    return end;
}

static bool has_odd_space(struct str line, uint32_t from, uint32_t end)
{
    for (uint32_t at = from; at < end; at++)
        if (is_space(line.p[at]) && line.p[at] != ' ')
            return true;
    return false;
}

static struct words words_of(struct str line)
{
    struct words w = {.end = (uint32_t)line.len};
    while (w.end && is_space(line.p[w.end - 1]))
        w.end--;
    while (w.method < w.end && is_space(line.p[w.method]))
        w.method++;
    w.method_end = w.method;
    while (w.method_end < w.end && !is_space(line.p[w.method_end]))
        w.method_end++;
    w.uri = w.method_end;
    while (w.uri < w.end && is_space(line.p[w.uri]))
        w.uri++;
    w.odd_delim = has_odd_space(line, w.method_end, w.uri);
    w.uri_end = w.protocol = space_behind(line, w.uri, w.end);
    while (w.protocol < w.end && is_space(line.p[w.protocol]))
        w.protocol++;
    bool by_blank = w.uri_end == w.end || line.p[w.uri_end] == ' ';
    while (w.uri_end > w.uri && is_space(line.p[w.uri_end - 1]))
        w.uri_end--;
    w.odd_uri = !by_blank || has_odd_space(line, w.uri, w.uri_end);
    return w;
}

static void tell_words(const struct http1_at *at, const struct words *w, struct str method)
{
    uint8_t version = at->tx->version[DIR_TOSERVER];
    if (w->method > 0)
        app_event(at->af, &at->tx->tx, HTTP1_REQUEST_LINE_LEADING_WHITESPACE);
    if (w->odd_delim)
        app_event(at->af, &at->tx->tx, HTTP1_METHOD_DELIM);
    if (w->odd_uri)
        app_event(at->af, &at->tx->tx, HTTP1_URI_DELIM);
    if (is_listed(method))
        return;
    if (w->uri == w->end)
        app_event(at->af, &at->tx->tx, HTTP1_UNKNOWN_METHOD);
    else if (version == HTTP1_VERSION_NONE)
        app_event(at->af, &at->tx->tx, HTTP1_UNKNOWN_METHOD_NO_PROTOCOL);
    else if (version == HTTP1_VERSION_OTHER)
        app_event(at->af, &at->tx->tx, HTTP1_UNKNOWN_METHOD_INVALID_PROTOCOL);
}

void http1_request_line(const struct http1_at *at)
{
    struct http1_head *h = &http1_side(at)->head;
    struct str line = http1_text(h, h->line);
    struct words w = words_of(line);
    uint32_t base = h->line.at;
    h->part[PART_METHOD] = (struct http1_span){base + w.method, w.method_end - w.method};
    h->part[PART_URI] = (struct http1_span){base + w.uri, w.uri_end - w.uri};
    h->part[PART_REQUEST_PROTOCOL] = (struct http1_span){base + w.protocol, w.end - w.protocol};
    struct str name = http1_text(h, h->part[PART_METHOD]);
    struct str protocol = http1_text(h, h->part[PART_REQUEST_PROTOCOL]);
    bool zeros;
    at->tx->version[DIR_TOSERVER] = request_version(protocol, &zeros);
    at->tx->is_head = str_eq_nocase(name, STR_LIT("HEAD"));
    at->tx->is_connect = str_eq_nocase(name, STR_LIT("CONNECT"));
    if (zeros)
        app_event(at->af, &at->tx->tx, HTTP1_PROTOCOL_EXTRA_DATA);
    tell_words(at, &w, name);
}

static uint16_t status_of(struct str s)
{
    uint64_t number;
    return str_to_u64(s, &number) && number >= 100 && number <= 999 ? (uint16_t)number : 0;
}

void http1_response_line(const struct http1_at *at)
{
    struct http1_head *h = &http1_side(at)->head;
    struct str line = http1_text(h, h->line);
    uint32_t base = h->line.at, protocol = skip_blank(line, 0),
             protocol_end = skip_word(line, protocol);
    uint32_t status = skip_blank(line, protocol_end), status_end = skip_word(line, status);
    uint32_t reason = skip_blank(line, status_end);
    h->part[PART_PROTOCOL] = (struct http1_span){base + protocol, protocol_end - protocol};
    h->part[PART_STATUS] = (struct http1_span){base + status, status_end - status};
    h->part[PART_REASON] = (struct http1_span){base + reason, (uint32_t)line.len - reason};
    at->tx->version[DIR_TOCLIENT] = version_of(http1_text(h, h->part[PART_PROTOCOL]));
    at->tx->status = status_of(http1_text(h, h->part[PART_STATUS]));
    if (at->tx->version[DIR_TOCLIENT] == HTTP1_VERSION_OTHER)
        app_event(at->af, &at->tx->tx, HTTP1_RESPONSE_INVALID_PROTOCOL);
    if (at->tx->status == 0 || h->part[PART_STATUS].len != 3)
        app_event(at->af, &at->tx->tx, HTTP1_RESPONSE_INVALID_STATUS);
}
