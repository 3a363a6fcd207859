#include "engine/app/http2/message.h"

/* DNS over HTTP/2 (RFC 8484): a question stands in the path of a GET or is the body of a POST, the answer is a body. Who carries such
 * a message speaks both protocols, so rules of both look at it: its transaction is one of doh2, and when the message was none, one
 * of HTTP/2 again, lest a header's word hide a request from the rules of HTTP. */

static const struct str media_type = {(const uint8_t *)"application/dns-message", 23};

/* ---- what the headers say ---- */

static bool header(const struct http2_at *at, const char *name, struct str *out)
{
    return http2_head_value(&http2_side(at)->head, str_c(name), at->af->scratch, out);
}

static bool is_media_type(struct str value)
{
    return str_eq_nocase(str_trim(str_split(&value, ';')), media_type);
}

/* Section 4.1.1: the variable is called "dns". The last of a query's fields of that name is not another message. */
static bool find_variable(struct str path, struct str *value)
{
    (void)str_split(&path, '?');
    while (path.p) {
        struct str field = str_split(&path, '&');
        if (!str_starts(field, STR_LIT("dns=")))
            continue;
        *value = str_from(field, 4);
        return true;
    }
    return false;
}

/* ---- messages ---- */

static struct http2_dns *dns_of(const struct http2_at *at)
{
    return &http2_side(at)->dns;
}

static void drop_bytes(struct http2_dns *dns, struct budget *mem)
{
    budget_give(mem, dns->bytes, dns->cap);
    dns->bytes = NULL;
    dns->len = dns->cap = 0;
}

/* False: it is no message. Without memory for it nothing is known of it. */
static bool take_message(const struct http2_at *at, struct str bytes)
{
    struct http2_dns *dns = dns_of(at);
    struct reader r = reader_of(bytes);
    struct dns_head head;
    if (!dns_read_head(&r, &head))
        return false;
    dns->message = budget_zalloc(at->af->mem, sizeof *dns->message);
    if (!dns->message)
        return true;
    uint32_t wrong = dns_message_init(dns->message, at->af->mem, &head, bytes);
    if (wrong >> DNS_EVENT_MALFORMED_DATA & 1) {
        dns_message_fini(dns->message, at->af->mem);
        budget_give(at->af->mem, dns->message, sizeof *dns->message);
        dns->message = NULL;
        return false;
    }
    app_flow_become(at->af, APP_DOH2);
    return true;
}

static void take_path(const struct http2_at *at, struct str text)
{
    struct base64_state state = {0};
    uint8_t *coded = arena_alloc(at->af->scratch, text.len + 4),
            *plain = arena_alloc(at->af->scratch, text.len + 4);
    size_t len = 0;
    if (!coded || !plain)
        return;
    for (; len < text.len; len++)
        coded[len] = text.p[len] == '-' ? '+' : text.p[len] == '_' ? '/' : text.p[len];
    while (len % 4 && len < text.len + 3) /* section 6: the padding is left out */
        coded[len++] = '=';
    size_t got = base64_decode(&state, str_of(coded, len), plain);
    if (got > DNS_MESSAGE_MAX)
        http2_event(at, HTTP2_DNS_REQUEST_TOO_LONG);
    else if (!take_message(at, str_of(plain, got)))
        http2_event(at, HTTP2_DNS_MALFORMED);
    else
        app_tx_become(&at->tx->tx, APP_DOH2);
}

/* A GET says that it asks for one in "accept" or by the path that everybody uses. */
static void read_get(const struct http2_at *at)
{
    struct str accept = STR_EMPTY, path = STR_EMPTY, value;
    header(at, "accept", &accept);
    if (!header(at, ":path", &path) || !find_variable(path, &value))
        return;
    if (str_find_nocase(accept, 0, media_type) >= 0 || str_starts(path, STR_LIT("/dns-query?")))
        take_path(at, value);
}

void http2_dns_begin(const struct http2_at *at)
{
    struct str value;
    if (at->dir == DIR_TOSERVER && header(at, ":method", &value) && str_eq(value, STR_LIT("GET"))) {
        read_get(at);
        return;
    }
    dns_of(at)->expected = header(at, "content-type", &value) && is_media_type(value);
    if (dns_of(at)->expected)
        app_tx_become(&at->tx->tx, APP_DOH2);
}

void http2_dns_add(const struct http2_at *at, struct str bytes)
{
    struct http2_dns *dns = dns_of(at);
    if (!dns->expected)
        return;
    uint32_t room = DNS_MESSAGE_MAX - dns->len;
    if (bytes.len > room) {
        http2_event(at, at->dir == DIR_TOSERVER ? HTTP2_DNS_REQUEST_TOO_LONG
                                                : HTTP2_DNS_RESPONSE_TOO_LONG);
        http2_dns_end(at, false);
        return;
    }
    uint32_t need = dns->len + (uint32_t)bytes.len;
    if (!budget_grow(at->af->mem, &dns->bytes, &dns->cap, need, 1)) {
        http2_dns_end(at, false);
        return;
    }
    if (bytes.len)
        memcpy(dns->bytes + dns->len, bytes.p, bytes.len);
    dns->len = need;
}

void http2_dns_end(const struct http2_at *at, bool complete)
{
    struct http2_dns *dns = dns_of(at);
    if (!dns->expected)
        return;
    dns->expected = false;
    if (complete && dns->len && !take_message(at, str_of(dns->bytes, dns->len)))
        http2_event(at, HTTP2_DNS_MALFORMED);
    drop_bytes(dns, at->af->mem);
    bool carries = at->tx->side[DIR_TOSERVER].dns.message ||
                   at->tx->side[DIR_TOCLIENT].dns.message ||
                   at->tx->side[dir_other(at->dir)].dns.expected;
    if (!carries)
        app_tx_become(&at->tx->tx, APP_HTTP2);
}

void http2_dns_fini(struct http2_dns *dns, struct budget *mem)
{
    drop_bytes(dns, mem);
    if (!dns->message)
        return;
    dns_message_fini(dns->message, mem);
    budget_give(mem, dns->message, sizeof *dns->message);
    dns->message = NULL;
}

/* ---- what rules and logs read ---- */

static const struct dns_message *message_of(const struct tx *tx, enum dir dir)
{
    return http2_tx_const(tx)->side[dir].dns.message;
}

#define NAME(fn, section)                                                             \
    bool fn(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch, \
            struct str *out)                                                          \
    {                                                                                 \
        const struct dns_message *m = message_of(tx, dir);                            \
        return m && dns_record_name(m, section, index, scratch, out);                 \
    }

NAME(http2_dns_query, DNS_QUESTIONS)
NAME(http2_dns_answer, DNS_ANSWERS)
NAME(http2_dns_authority, DNS_AUTHORITIES)
NAME(http2_dns_additional, DNS_ADDITIONALS)

bool http2_dns_any(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                   struct str *out)
{
    const struct dns_message *m = message_of(tx, dir);
    return m && dns_any_name(m, index, scratch, out);
}

bool http2_dns_opcode(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    const struct dns_message *m = message_of(tx, dir);
    if (m)
        *out = dns_opcode(&m->head);
    return m && index == 0;
}

bool http2_dns_rcode(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    const struct dns_message *m = message_of(tx, dir);
    if (m)
        *out = dns_rcode(&m->head);
    return m && index == 0;
}

bool http2_dns_rrtype(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    const struct dns_message *m = message_of(tx, dir);
    return m && dns_rrtype(m, index, out);
}

/* Of question and answer the answer: it repeats the question. */
static const struct dns_message *last_message(const struct tx *tx)
{
    const struct dns_message *answer = message_of(tx, DIR_TOCLIENT);
    return answer ? answer : message_of(tx, DIR_TOSERVER);
}

const char *http2_log_type_of(const struct tx *tx)
{
    return last_message(tx) ? "dns" : NULL;
}

void http2_log_beside(const struct tx *tx, const struct app_conf *conf, struct json *out)
{
    const struct dns_message *m = last_message(tx);
    /* the message is the only one that its stream carries: its number is always 0 */
    struct dns_form form = {.version = 3, .detailed = true, .grouped = !conf->log.in_other};
    if (!m)
        return;
    json_object(out, "dns");
    dns_show_message(m, &form, out);
    json_end_object(out);
}
