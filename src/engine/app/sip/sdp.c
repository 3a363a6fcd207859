#include "engine/app/sip/sdp.h"

#include "base/ip.h"

/* ---- keeping the body ---- */

void sdp_open(struct sdp *sdp, struct budget *mem, uint64_t body_bytes)
{
    uint32_t cap = body_bytes < SDP_BYTES_MAX ? (uint32_t)body_bytes : SDP_BYTES_MAX;
    sdp->bytes = budget_alloc(mem, cap);
    sdp->cap = sdp->bytes ? cap : 0;
}

void sdp_add(struct sdp *sdp, struct str piece)
{
    struct str taken = str_cut(piece, 0, sdp->cap - sdp->len);
    if (!taken.len)
        return;
    memcpy(sdp->bytes + sdp->len, taken.p, taken.len);
    sdp->len += (uint32_t)taken.len;
}

void sdp_fini(struct sdp *sdp, struct budget *mem)
{
    budget_give(mem, sdp->bytes, sdp->cap);
    budget_give(mem, sdp->lines, sdp->count * sizeof(*sdp->lines));
    *sdp = (struct sdp){0};
}

/* ---- values: changed in place, never longer than they were ---- */

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

/* The first `gaps` stretches of blanks become a space each; those at the beginning and, if it is reached, at the end go. */
static uint32_t squeeze(uint8_t *p, uint32_t len, uint32_t gaps)
{
    uint32_t from = 0, to = 0;
    while (from < len && gaps) {
        if (!is_blank(p[from])) {
            p[to++] = p[from++];
            continue;
        }
        while (from < len && is_blank(p[from]))
            from++;
        if (!to || from == len)
            continue;
        p[to++] = ' ';
        gaps--;
    }
    memmove(p + to, p + from, len - from);
    return to + len - from;
}

/* Where the word behind the index-th space begins; len: there is none. */
static uint32_t word_at(const uint8_t *p, uint32_t len, uint32_t index)
{
    uint32_t at = 0;
    for (; index && at < len; at++)
        index -= p[at] == ' ';
    return at;
}

/* An IPv6 address has many forms (RFC 5952): the shortest one stays, with what follows it ("/3"). */
static uint32_t shorten_address(uint8_t *p, uint32_t len)
{
    uint32_t at = word_at(p, len, 2);
    struct str rest = str_of(p + at, len - at), address = str_split(&rest, '/');
    struct ip ip;
    char text[IP_TEXT_BYTES];
    if (!ip_parse(address, &ip))
        return len;
    uint32_t bytes = (uint32_t)ip_format(&ip, text), end = at + (uint32_t)address.len;
    if (bytes > address.len)
        return len;
    memcpy(p + at, text, bytes);
    memmove(p + at + bytes, p + end, len - end);
    return at + bytes + (len - end);
}

/* "audio 0040000 RTP/AVP 0" is port 40000. */
static uint32_t shorten_port(uint8_t *p, uint32_t len)
{
    uint32_t at = word_at(p, len, 1), digit = at;
    while (digit + 1 < len && p[digit] == '0' && p[digit + 1] >= '0' && p[digit + 1] <= '9')
        digit++;
    memmove(p + at, p + digit, len - digit);
    return len - (digit - at);
}

static uint32_t tidy(uint8_t letter, uint8_t *p, uint32_t len)
{
    switch (letter) {
    case 'o': /* its last word is whatever follows */ return squeeze(p, len, 5);
    case 't':
    case 'r':
    case 'z': return squeeze(p, len, len);
    case 'c': return shorten_address(p, squeeze(p, len, len));
    case 'm': return shorten_port(p, squeeze(p, len, len));
    default: return len;
    }
}

/* ---- lines ---- */

static struct str next_line(struct str *rest)
{
    struct str line = str_split(rest, '\n');
    if (line.len && line.p[line.len - 1] == '\r')
        line.len--;
    return line;
}

static uint32_t read_lines(struct sdp *sdp, struct sdp_line *lines)
{
    struct str rest = str_of(sdp->bytes, sdp->len), known = STR_LIT("osiuepcbtrzkam"),
               of_media = STR_LIT("icbkam");
    bool media = false;
    uint32_t count = 0;
    if (!str_eq(next_line(&rest), STR_LIT("v=0")))
        return 0;
    while (rest.len && count < SDP_LINES_MAX) {
        struct str line = next_line(&rest);
        if (line.len < 2 || line.p[1] != '=' || str_find_byte(known, 0, line.p[0]) < 0)
            continue;
        uint8_t letter = line.p[0];
        media = media || letter == 'm';
        uint32_t at = (uint32_t)(line.p - sdp->bytes) + 2;
        uint32_t len = tidy(letter, sdp->bytes + at, (uint32_t)line.len - 2);
        lines[count++] =
            (struct sdp_line){.at = (uint16_t)at,
                              .len = (uint16_t)len,
                              .letter = letter,
                              .media = media && str_find_byte(of_media, 0, letter) >= 0};
    }
    return count;
}

void sdp_close(struct sdp *sdp, struct budget *mem, bool whole)
{
    struct sdp_line lines[SDP_LINES_MAX];
    while (!whole && sdp->len && sdp->bytes[sdp->len - 1] != '\n')
        sdp->len--;
    uint32_t count = sdp->len ? read_lines(sdp, lines) : 0;
    if (count)
        sdp->lines = budget_alloc(mem, count * sizeof(*lines));
    if (!sdp->lines) {
        sdp_fini(sdp, mem);
        return;
    }
    memcpy(sdp->lines, lines, count * sizeof(*lines));
    sdp->count = count;
    uint8_t *less = budget_resize(mem, sdp->bytes, sdp->cap, sdp->len);
    if (!less)
        return;
    sdp->bytes = less;
    sdp->cap = sdp->len;
}

/* ---- what rules and records see ---- */

static struct str value_of(const struct sdp *sdp, uint32_t line)
{
    return str_of(sdp->bytes + sdp->lines[line].at, sdp->lines[line].len);
}

static bool line_is(const struct sdp *sdp, uint32_t line, bool media, uint8_t letter)
{
    return sdp->lines[line].letter == letter && sdp->lines[line].media == media;
}

bool sdp_value(const struct sdp *sdp, bool media, uint8_t letter, uint32_t index, struct str *out)
{
    for (uint32_t i = 0; i < sdp->count; i++) {
        if (!line_is(sdp, i, media, letter) || index--)
            continue;
        *out = value_of(sdp, i);
        return true;
    }
    return false;
}

/* Lines from..to are of the whole session, or of one medium. */
struct section {
    const struct sdp *sdp;
    uint32_t from, to;
    bool media;
};

static void log_first(const struct section *s, uint8_t letter, const char *key, struct json *out)
{
    uint32_t i = s->from;
    while (i < s->to && !line_is(s->sdp, i, s->media, letter))
        i++;
    if (i < s->to)
        json_bytes(out, key, value_of(s->sdp, i));
}

static void log_all(const struct section *s, uint8_t letter, const char *key, struct json *out)
{
    bool any = false;
    for (uint32_t i = s->from; i < s->to; i++) {
        if (!line_is(s->sdp, i, s->media, letter))
            continue;
        if (!any)
            json_array(out, key);
        any = true;
        json_bytes(out, NULL, value_of(s->sdp, i));
    }
    if (any)
        json_end_array(out);
}

/* How often a time repeats stands right behind it. */
static void log_times(const struct sdp *sdp, struct json *out)
{
    bool any = false;
    for (uint32_t i = 0; i < sdp->count; i++) {
        if (sdp->lines[i].letter != 't')
            continue;
        if (!any)
            json_array(out, "time_descriptions");
        any = true;
        json_object(out, NULL);
        json_bytes(out, "time", value_of(sdp, i));
        if (i + 1 < sdp->count && sdp->lines[i + 1].letter == 'r')
            json_bytes(out, "repeat_time", value_of(sdp, i + 1));
        json_end_object(out);
    }
    if (any)
        json_end_array(out);
}

static void log_medium(const struct section *s, struct json *out)
{
    json_object(out, NULL);
    json_bytes(out, "media", value_of(s->sdp, s->from));
    log_first(s, 'i', "media_info", out);
    log_all(s, 'b', "bandwidths", out);
    log_first(s, 'c', "connection_data", out);
    log_first(s, 'k', "encryption_key", out);
    log_all(s, 'a', "attributes", out);
    json_end_object(out);
}

static uint32_t next_medium(const struct sdp *sdp, uint32_t line)
{
    while (line < sdp->count && sdp->lines[line].letter != 'm')
        line++;
    return line;
}

static void log_media(const struct sdp *sdp, struct json *out)
{
    uint32_t at = next_medium(sdp, 0);
    if (at == sdp->count)
        return;
    json_array(out, "media_descriptions");
    while (at < sdp->count) {
        uint32_t next = next_medium(sdp, at + 1);
        log_medium(&(struct section){sdp, at, next, true}, out);
        at = next;
    }
    json_end_array(out);
}

void sdp_log(const struct sdp *sdp, struct json *out)
{
    struct section all = {sdp, 0, sdp->count, false};
    if (!sdp->count)
        return;
    json_object(out, "sdp");
    log_first(&all, 'o', "origin", out);
    log_first(&all, 's', "session_name", out);
    log_first(&all, 'i', "session_info", out);
    log_first(&all, 'u', "uri", out);
    log_first(&all, 'e', "email", out);
    log_first(&all, 'p', "phone_number", out);
    log_first(&all, 'c', "connection_data", out);
    log_all(&all, 'b', "bandwidths", out);
    log_times(sdp, out);
    log_first(&all, 'z', "timezone", out);
    log_first(&all, 'k', "encryption_key", out);
    log_all(&all, 'a', "attributes", out);
    log_media(sdp, out);
    json_end_object(out);
}
