#include "engine/app/http1/message.h"

#define TEXT_FIRST_BYTES 512u
#define HEADERS_FIRST 16u
#define BUCKETS 256u

static const struct {
    const char *name;
    enum http1_known known;
} known_names[] = {
    {"host", KNOWN_HOST},
    {"user-agent", KNOWN_USER_AGENT},
    {"referer", KNOWN_REFERER},
    {"cookie", KNOWN_COOKIE},
    {"set-cookie", KNOWN_SET_COOKIE},
    {"accept", KNOWN_ACCEPT},
    {"accept-encoding", KNOWN_ACCEPT_ENCODING},
    {"accept-language", KNOWN_ACCEPT_LANGUAGE},
    {"connection", KNOWN_CONNECTION},
    {"content-type", KNOWN_CONTENT_TYPE},
    {"content-length", KNOWN_CONTENT_LENGTH},
    {"content-encoding", KNOWN_CONTENT_ENCODING},
    {"content-disposition", KNOWN_CONTENT_DISPOSITION},
    {"content-range", KNOWN_CONTENT_RANGE},
    {"transfer-encoding", KNOWN_TRANSFER_ENCODING},
    {"location", KNOWN_LOCATION},
    {"server", KNOWN_SERVER},
    {"upgrade", KNOWN_UPGRADE},
    {"authorization", KNOWN_AUTHORIZATION},
};

#define KNOWN_NAME_MAX 19u

bool http1_head_add(struct http1_head *h, struct budget *mem, struct str bytes)
{
    if (bytes.len > HTTP1_HEAD_MAX - h->len)
        return false;
    uint32_t want = h->len + (uint32_t)bytes.len;
    if (!budget_grow(mem, &h->text, &h->cap, want < TEXT_FIRST_BYTES ? TEXT_FIRST_BYTES : want, 1))
        return false;
    if (bytes.len)
        memcpy(h->text + h->len, bytes.p, bytes.len);
    h->len = want;
    return true;
}

void http1_head_reset(struct http1_head *h)
{
    *h = (struct http1_head){
        .text = h->text, .cap = h->cap, .headers = h->headers, .header_cap = h->header_cap};
}

void http1_head_fini(struct http1_head *h, struct budget *mem)
{
    budget_give(mem, h->text, h->cap);
    budget_give(mem, h->headers, h->header_cap * sizeof *h->headers);
    *h = (struct http1_head){0};
}

static bool is_line_end(uint8_t c)
{
    return c == '\r' || c == '\n';
}

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static bool is_control(uint8_t c)
{
    return c <= ' ' || c >= 0x7f;
}

/* The part of s without blanks and control characters at its ends. */
static struct http1_span trim(const uint8_t *text, uint32_t from, uint32_t to)
{
    while (from < to && (text[from] <= ' '))
        from++;
    while (to > from && (text[to - 1] <= ' '))
        to--;
    return (struct http1_span){from, to - from};
}

/* Compared without control characters: receivers overlook "Transfer\0-Encoding" and "Content-Encoding :". */
static enum http1_known known_of(struct str name)
{
    uint8_t plain[KNOWN_NAME_MAX + 1];
    size_t len = 0;
    for (size_t i = 0; i < name.len; i++) {
        if (is_control(name.p[i]))
            continue;
        if (len == KNOWN_NAME_MAX)
            return KNOWN_NONE;
        plain[len++] = byte_lower(name.p[i]);
    }
    struct str s = str_of(plain, len);
    for (size_t i = 0; i < ARRAY_COUNT(known_names); i++)
        if (str_eq(s, str_c(known_names[i].name)))
            return known_names[i].known;
    return KNOWN_NONE;
}

/* One logical line: text[at, end), and whether it goes over several lines. A bare CR ends a line for some receivers. */
struct logical {
    uint32_t at, end, next;
    bool is_folded;
};

static struct logical logical_line(const struct http1_head *h, uint32_t at)
{
    struct logical l = {.at = at};
    for (;;) {
        while (at < h->len && !is_line_end(h->text[at]))
            at++;
        l.end = at;
        if (at < h->len && h->text[at] == '\r')
            at++;
        if (at < h->len && h->text[at] == '\n')
            at++;
        l.next = at;
        if (at >= h->len || !is_space(h->text[at]))
            return l;
        l.is_folded = true;
    }
}

/* RFC 9110 section 5.6.2: what a token may hold. */
bool http1_is_token(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (is_control(s.p[i]) || memchr("()<>@,;:\\\"/[]?={}", s.p[i], 17))
            return false;
    return s.len > 0;
}

static void check_name(const struct http1_at *at, struct str line, size_t colon)
{
    if (!http1_is_token(str_cut(line, 0, colon)))
        http1_event(at, HTTP1_REQUEST_HEADER_INVALID, HTTP1_RESPONSE_HEADER_INVALID);
}

static struct http1_header header_of(const struct http1_at *at, const struct http1_head *h,
                                     struct logical l)
{
    struct str line = str_of(h->text + l.at, l.end - l.at);
    struct http1_header header = {.is_folded = l.is_folded};
    ptrdiff_t colon = str_find_byte(line, 0, ':');
    if (colon < 0) {
        /* a name without a value for most receivers; libhtp and we keep the text as the value */
        http1_event(at, HTTP1_REQUEST_FIELD_MISSING_COLON, HTTP1_RESPONSE_FIELD_MISSING_COLON);
        header.value = trim(h->text, l.at, l.end);
        return header;
    }
    check_name(at, line, (size_t)colon);
    header.name = trim(h->text, l.at, l.at + (uint32_t)colon);
    header.value = trim(h->text, l.at + (uint32_t)colon + 1, l.end);
    header.known = (uint8_t)known_of(http1_text(h, header.name));
    return header;
}

static uint32_t bucket_of(uint32_t seed, struct str name)
{
    uint32_t hash = 2166136261u ^ seed;
    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ byte_lower(name.p[i])) * 16777619u;
    return (hash ^ hash >> 15) % BUCKETS;
}

/* Links headers of the same name. Many different names would be slow to compare one by one; the seed keeps an attacker from
 * putting all into one bucket. */
static void link_repeats(const struct http1_at *at, struct http1_head *h)
{
    uint16_t first[BUCKETS] = {0}, chain[HTTP1_HEADERS_MAX];
    uint32_t seed = (uint32_t)((uintptr_t)h >> 4) * 2654435761u ^ (uint32_t)at->tx->tx.first_us;
    for (uint32_t i = 0; i < h->header_count; i++) {
        struct http1_header *header = &h->headers[i];
        if (header->known && h->known_at[header->known] == 0)
            h->known_at[header->known] = (uint16_t)(i + 1);
        struct str name = http1_text(h, header->name);
        uint32_t bucket = bucket_of(seed, name);
        uint16_t k = first[bucket];
        while (k && !str_eq_nocase(http1_text(h, h->headers[k - 1].name), name))
            k = chain[k - 1];
        if (k && name.len) {
            header->is_repeat = true;
            h->repeat_count++;
            struct http1_header *last = &h->headers[k - 1];
            while (last->next_same)
                last = &h->headers[last->next_same];
            last->next_same = (uint16_t)i;
            continue;
        }
        chain[i] = first[bucket];
        first[bucket] = (uint16_t)(i + 1);
    }
    if (h->repeat_count)
        http1_event(at, HTTP1_REQUEST_HEADER_REPETITION, HTTP1_RESPONSE_HEADER_REPETITION);
}

static bool reserve_header(struct http1_head *h, struct budget *mem)
{
    uint32_t need = h->header_count < HEADERS_FIRST ? HEADERS_FIRST : h->header_count + 1;
    return budget_grow(mem, &h->headers, &h->header_cap, need, sizeof *h->headers);
}

static bool is_empty_line(const struct http1_head *h, struct logical l)
{
    return trim(h->text, l.at, l.end).len == 0;
}

bool http1_headers_parse(const struct http1_at *at)
{
    struct http1_head *h = &http1_side(at)->head;
    h->header_count = h->repeat_count = 0;
    memset(h->known_at, 0, sizeof h->known_at);
    if (h->headers_at < h->len && is_space(h->text[h->headers_at]))
        http1_event(at, HTTP1_INVALID_REQUEST_FOLDING, HTTP1_INVALID_RESPONSE_FOLDING);
    for (uint32_t where = h->headers_at; where < h->len;) {
        struct logical l = logical_line(h, where);
        where = l.next;
        if (is_empty_line(h, l))
            continue;
        if (h->header_count == HTTP1_HEADERS_MAX) {
            http1_event(at, HTTP1_REQUEST_TOO_MANY_HEADERS, HTTP1_RESPONSE_TOO_MANY_HEADERS);
            break;
        }
        if (!reserve_header(h, at->af->mem))
            return false;
        h->headers[h->header_count++] = header_of(at, h, l);
    }
    link_repeats(at, h);
    return true;
}

void http1_trailers_begin(const struct http1_at *at)
{
    struct http1_head *h = &http1_side(at)->head;
    h->trailers_at = h->len;
    http1_payload_end(at, true);
    app_progress(&at->tx->tx, at->dir, HTTP1_TRAILER);
}

bool http1_trailers_parse(const struct http1_at *at)
{
    struct http1_head *h = &http1_side(at)->head;
    for (uint32_t where = h->trailers_at; where < h->len;) {
        struct logical l = logical_line(h, where);
        where = l.next;
        if (is_empty_line(h, l))
            continue;
        uint32_t count = h->header_count + h->trailer_count;
        if (count >= HTTP1_HEADERS_MAX)
            break;
        if (!budget_grow(at->af->mem, &h->headers, &h->header_cap, count + 1, sizeof *h->headers))
            return false;
        h->headers[count] = header_of(at, h, l);
        h->trailer_count++;
    }
    return true;
}

/* ---- asking ---- */

/* Copies a value; the line ends of folding and the blanks behind them become one space. */
static size_t unfold(uint8_t *out, struct str value)
{
    size_t len = 0;
    for (size_t i = 0; i < value.len;) {
        if (!is_line_end(value.p[i])) {
            out[len++] = value.p[i++];
            continue;
        }
        while (len && is_space(out[len - 1]))
            len--;
        while (i < value.len && (is_line_end(value.p[i]) || is_space(value.p[i])))
            i++;
        out[len++] = ' ';
    }
    return len;
}

static struct str joined(const struct http1_head *head, const struct http1_header *h,
                         struct arena *a)
{
    if (!h->is_folded && h->next_same == 0)
        return http1_text(head, h->value);
    size_t room = 0;
    for (const struct http1_header *k = h;; k = &head->headers[k->next_same]) {
        room += k->value.len + 2;
        if (k->next_same == 0)
            break;
    }
    uint8_t *out = arena_alloc(a, room);
    if (!out)
        return http1_text(head, h->value);
    size_t len = 0;
    for (const struct http1_header *k = h;; k = &head->headers[k->next_same]) {
        len += unfold(out + len, http1_text(head, k->value));
        if (k->next_same == 0)
            break;
        out[len++] = ',';
        out[len++] = ' ';
    }
    return str_of(out, len);
}

struct str http1_header_value(const struct http1_head *head, const struct http1_header *h,
                              struct arena *a)
{
    /* of several lengths the first is the value; it is the one that counts (framing.c) */
    struct http1_header alone = *h;
    if (h->known == KNOWN_CONTENT_LENGTH)
        alone.next_same = 0;
    return joined(head, &alone, a);
}

const struct http1_header *http1_header_known(const struct http1_head *head, enum http1_known known)
{
    return head->known_at[known] ? &head->headers[head->known_at[known] - 1] : NULL;
}

bool http1_known_value(const struct http1_head *head, enum http1_known known, struct arena *a,
                       struct str *out)
{
    const struct http1_header *h = http1_header_known(head, known);
    if (!h)
        return false;
    *out = http1_header_value(head, h, a);
    return true;
}
