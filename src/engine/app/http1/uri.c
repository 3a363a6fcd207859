#include "engine/app/http1/message.h"

#include "base/text.h"

/* http.uri is what a tolerant server would look for: percent-decoded once (%u0041 too), backslashes as slashes, no empty and
 * no dot segments in the path. Scheme and host are not part of it. */

static bool is_scheme_byte(uint8_t c)
{
    uint8_t low = byte_lower(c);
    return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
}

/* Offset behind "scheme://", or 0. */
static uint32_t behind_scheme(struct str uri)
{
    uint32_t at = 0;
    while (at < uri.len && is_scheme_byte(uri.p[at]))
        at++;
    return at > 0 && str_starts(str_from(uri, at), STR_LIT("://")) ? at + 3 : 0;
}

static uint32_t find_any(struct str s, uint32_t from, const char *stops)
{
    while (from < s.len && !(s.p[from] && strchr(stops, s.p[from])))
        from++;
    return from;
}

/* Takes "user@host:port" in uri[from, to) apart (RFC 3986 section 3.2). */
static void split_authority(struct http1_tx *tx, struct str uri, uint32_t base, uint32_t from,
                            uint32_t to)
{
    for (uint32_t i = from; i < to; i++)
        if (uri.p[i] == '@')
            from = i + 1;
    uint32_t host_end = from;
    if (from < to && uri.p[from] == '[')
        host_end = find_any(str_cut(uri, 0, to), from, "]");
    while (host_end < to && uri.p[host_end] != ':')
        host_end++;
    tx->uri_host = (struct http1_span){base + from, host_end - from};
    if (host_end < to)
        tx->uri_port = (struct http1_span){base + host_end + 1, to - host_end - 1};
}

void http1_uri_split(const struct http1_at *at)
{
    struct http1_tx *tx = at->tx;
    const struct http1_head *h = &tx->side[DIR_TOSERVER].head;
    struct str uri = http1_text(h, h->part[PART_URI]);
    uint32_t base = h->part[PART_URI].at, path = 0;
    if (tx->is_connect) {
        split_authority(tx, uri, base, 0, (uint32_t)uri.len);
        return;
    }
    uint32_t authority = behind_scheme(uri);
    if (authority) {
        path = find_any(uri, authority, "/?#");
        split_authority(tx, uri, base, authority, path);
    }
    uint32_t query = find_any(uri, path, "?#");
    uint32_t fragment = query < uri.len && uri.p[query] == '?' ? find_any(uri, query, "#") : query;
    tx->uri_path = (struct http1_span){base + path, query - path};
    if (fragment > query)
        tx->uri_query = (struct http1_span){base + query + 1, fragment - query - 1};
    if (fragment < uri.len)
        tx->uri_fragment =
            (struct http1_span){base + fragment + 1, (uint32_t)uri.len - fragment - 1};
}

/* Value of up to `digits` hex digits at s[at], or -1. */
static int32_t hex_at(struct str s, size_t at, size_t digits)
{
    if (s.len - at < digits)
        return -1;
    int32_t value = 0;
    for (size_t i = 0; i < digits; i++) {
        int digit = text_hex_digit(s.p[at + i]);
        if (digit < 0)
            return -1;
        value = value << 4 | digit;
    }
    return value;
}

/* The byte that stands escaped at s[at] = '%'; *len: how long its escape is. -1: no valid escape, left as it is. */
static int32_t escaped(struct str s, size_t at, size_t *len)
{
    if (s.len - at >= 6 && (s.p[at + 1] == 'u' || s.p[at + 1] == 'U')) {
        int32_t wide = hex_at(s, at + 2, 4);
        *len = 6;
        /* full-width letters have their narrow form, as IIS takes them */
        if (wide >= 0xff01 && wide <= 0xff5e)
            return wide - 0xfee0;
        return wide > 0xff ? '?' : wide;
    }
    *len = 3;
    return s.len - at >= 3 ? hex_at(s, at + 1, 2) : -1;
}

static size_t percent_decode(uint8_t *out, struct str s)
{
    size_t len = 0;
    for (size_t i = 0; i < s.len;) {
        size_t escape = 1;
        int32_t byte = s.p[i] == '%' ? escaped(s, i, &escape) : s.p[i];
        if (byte < 0) {
            byte = s.p[i];
            escape = 1;
        }
        out[len++] = (uint8_t)byte;
        i += escape;
    }
    return len;
}

/* One slash for many, backslashes as slashes, in place. */
static size_t unify_slashes(uint8_t *path, size_t len)
{
    size_t made = 0;
    for (size_t i = 0; i < len; i++) {
        uint8_t c = path[i] == '\\' ? '/' : path[i];
        if (c != '/' || made == 0 || path[made - 1] != '/')
            path[made++] = c;
    }
    return made;
}

/* RFC 3986 section 5.2.4, in place, on a path with single slashes. */
static size_t remove_dots(uint8_t *path, size_t len)
{
    size_t made = 0;
    for (size_t i = 0; i < len;) {
        size_t end = i + 1;
        while (end < len && path[end] != '/')
            end++;
        struct str segment = str_of(path + i, end - i);
        if (str_eq(segment, STR_LIT("/..")) || str_eq(segment, STR_LIT(".."))) {
            while (made > 0 && path[made - 1] != '/')
                made--;
            if (made > 0)
                made--;
            if (end == len)
                path[made++] = '/';
        } else if (str_eq(segment, STR_LIT("/.")) || str_eq(segment, STR_LIT("."))) {
            if (end == len)
                path[made++] = '/';
        } else {
            memmove(path + made, path + i, end - i);
            made += end - i;
        }
        i = end;
    }
    return made;
}

static size_t normal_path(const struct http1_tx *tx, uint8_t *out)
{
    size_t len = percent_decode(out, http1_text(&tx->side[DIR_TOSERVER].head, tx->uri_path));
    return remove_dots(out, unify_slashes(out, len));
}

/* remove_dots may write one byte more than it read of an empty rest. */
#define PATH_SLACK 2u

struct str http1_uri_path(const struct http1_tx *tx, struct arena *a)
{
    uint8_t *out = arena_alloc(a, tx->uri_path.len + PATH_SLACK);
    return out ? str_of(out, normal_path(tx, out)) : STR_EMPTY;
}

struct str http1_uri_normal(const struct http1_tx *tx, struct arena *a)
{
    const struct http1_head *h = &tx->side[DIR_TOSERVER].head;
    struct str query = http1_text(h, tx->uri_query), fragment = http1_text(h, tx->uri_fragment);
    if (tx->is_connect)
        return http1_text(h, h->part[PART_URI]);
    uint8_t *out = arena_alloc(a, tx->uri_path.len + query.len + fragment.len + 2 + PATH_SLACK);
    if (!out)
        return STR_EMPTY;
    size_t len = normal_path(tx, out);
    if (query.len) {
        out[len++] = '?';
        len += percent_decode(out + len, query);
    }
    if (fragment.len) {
        out[len++] = '#';
        memcpy(out + len, fragment.p, fragment.len);
        len += fragment.len;
    }
    return str_of(out, len);
}

/* "%25" and two hex digits: what is left after decoding once is an escape again. */
bool http1_uri_double_encoded(const struct http1_tx *tx)
{
    struct str s = http1_text(&tx->side[DIR_TOSERVER].head, tx->uri_path);
    for (size_t i = 0; i + 5 <= s.len; i++)
        if (s.p[i] == '%' && s.p[i + 1] == '2' && s.p[i + 2] == '5' && hex_at(s, i + 3, 2) >= 0)
            return true;
    return false;
}
