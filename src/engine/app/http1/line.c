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

/* Where the protocol begins when the last word of the line is one; else the line's end. A URI may hold blanks, so it
 * reaches from the method to here. */
static uint32_t protocol_at(struct str line, uint32_t from)
{
    uint32_t end = (uint32_t)line.len, at = end;
    while (at > from && !http1_is_blank(line.p[at - 1]))
        at--;
    if (at > from && str_starts_nocase(str_from(line, at), STR_LIT("HTTP/")))
        return at;
    return end;
}

bool http1_request_line(const struct http1_at *at)
{
    struct http1_head *h = &http1_side(at)->head;
    struct str line = http1_text(h, h->line);
    uint32_t base = h->line.at, method = skip_blank(line, 0), method_end = skip_word(line, method);
    if (method > 0)
        app_event(at->af, &at->tx->tx, HTTP1_REQUEST_LINE_LEADING_WHITESPACE);
    uint32_t uri = skip_blank(line, method_end);
    if (uri > method_end + 1 || (method_end < line.len && line.p[method_end] != ' '))
        app_event(at->af, &at->tx->tx, HTTP1_METHOD_DELIM);
    uint32_t protocol = protocol_at(line, uri), uri_end = protocol;
    while (uri_end > uri && http1_is_blank(line.p[uri_end - 1]))
        uri_end--;
    if (protocol < line.len && (protocol - uri_end != 1 || line.p[uri_end] != ' '))
        app_event(at->af, &at->tx->tx, HTTP1_URI_DELIM);
    h->part[PART_METHOD] = (struct http1_span){base + method, method_end - method};
    h->part[PART_URI] = (struct http1_span){base + uri, uri_end - uri};
    h->part[PART_REQUEST_PROTOCOL] =
        (struct http1_span){base + protocol, (uint32_t)line.len - protocol};
    struct str name = http1_text(h, h->part[PART_METHOD]);
    at->tx->version[DIR_TOSERVER] = version_of(http1_text(h, h->part[PART_REQUEST_PROTOCOL]));
    at->tx->is_head = str_eq_nocase(name, STR_LIT("HEAD"));
    at->tx->is_connect = str_eq_nocase(name, STR_LIT("CONNECT"));
    bool valid = http1_is_token(name);
    if (!valid)
        app_event(at->af, &at->tx->tx, HTTP1_REQUEST_LINE_INVALID);
    return valid;
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
