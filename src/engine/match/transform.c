/* Transforms: a buffer's bytes are changed before items look at them (Suricata user guide, "Transformations"). Each takes
 * bytes and gives bytes in the scratch arena; one after the other as the rule names them. */
#include "engine/match/worker.h"

#include "base/text.h"

#include <ctype.h>
#include <string.h>
#include <zlib.h>

#define INFLATE_BYTES_MAX (1u << 20)

typedef bool (*transform_fn)(struct match_worker *w, const struct rule_transform *t, struct str in,
                             struct str *out);

static uint8_t *room_for(struct match_worker *w, size_t bytes)
{
    return arena_alloc(&w->scratch, bytes ? bytes : 1);
}

static bool to_lowercase(struct match_worker *w, const struct rule_transform *t, struct str in,
                         struct str *out)
{
    uint8_t *p = room_for(w, in.len);
    if (!p)
        return false;
    for (size_t i = 0; i < in.len; i++)
        p[i] = byte_lower(in.p[i]);
    *out = str_of(p, in.len);
    return true;
}

static bool to_uppercase(struct match_worker *w, const struct rule_transform *t, struct str in,
                         struct str *out)
{
    uint8_t *p = room_for(w, in.len);
    if (!p)
        return false;
    for (size_t i = 0; i < in.len; i++)
        p[i] = (uint8_t)(in.p[i] >= 'a' && in.p[i] <= 'z' ? in.p[i] - 32 : in.p[i]);
    *out = str_of(p, in.len);
    return true;
}

static bool dotprefix(struct match_worker *w, const struct rule_transform *t, struct str in,
                      struct str *out)
{
    uint8_t *p = room_for(w, in.len + 1);
    if (!p)
        return false;
    p[0] = '.';
    if (in.len)
        memcpy(p + 1, in.p, in.len);
    *out = str_of(p, in.len + 1);
    return true;
}

static bool url_decode(struct match_worker *w, const struct rule_transform *t, struct str in,
                       struct str *out)
{
    uint8_t *p = room_for(w, in.len);
    if (!p)
        return false;
    size_t len = 0;
    for (size_t i = 0; i < in.len; i++) {
        int high = in.p[i] == '%' && in.len - i > 2 ? text_hex_digit(in.p[i + 1]) : -1;
        int low = high >= 0 ? text_hex_digit(in.p[i + 2]) : -1;
        if (low >= 0) {
            p[len++] = (uint8_t)(high << 4 | low);
            i += 2;
        } else {
            p[len++] = in.p[i] == '+' ? ' ' : in.p[i];
        }
    }
    *out = str_of(p, len);
    return true;
}

static bool xor_key(struct match_worker *w, const struct rule_transform *t, struct str in,
                    struct str *out)
{
    uint8_t *p = room_for(w, in.len);
    if (!p || t->argument.len == 0)
        return false;
    for (size_t i = 0; i < in.len; i++)
        p[i] = in.p[i] ^ t->argument.p[i % t->argument.len];
    *out = str_of(p, in.len);
    return true;
}

static bool strip_whitespace(struct match_worker *w, const struct rule_transform *t, struct str in,
                             struct str *out)
{
    uint8_t *p = room_for(w, in.len);
    if (!p)
        return false;
    size_t len = 0;
    for (size_t i = 0; i < in.len; i++)
        if (!isspace(in.p[i]))
            p[len++] = in.p[i];
    *out = str_of(p, len);
    return true;
}

static bool compress_whitespace(struct match_worker *w, const struct rule_transform *t,
                                struct str in, struct str *out)
{
    uint8_t *p = room_for(w, in.len);
    if (!p)
        return false;
    size_t len = 0;
    for (size_t i = 0; i < in.len; i++)
        if (i == 0 || !isspace(in.p[i]) || !isspace(in.p[i - 1]))
            p[len++] = in.p[i];
    *out = str_of(p, len);
    return true;
}

static bool to_digest(struct match_worker *w, const struct rule_transform *t, struct str in,
                      struct str *out)
{
    enum digest_kind kind = t->kind == RULE_TO_MD5    ? DIGEST_MD5
                            : t->kind == RULE_TO_SHA1 ? DIGEST_SHA1
                                                      : DIGEST_SHA256;
    uint8_t *p = room_for(w, DIGEST_BYTES_MAX);
    if (!p || !w->digests[kind])
        return false;
    digest_begin(w->digests[kind]);
    digest_add(w->digests[kind], in);
    digest_end(w->digests[kind], p);
    *out = str_of(p, digest_bytes(kind));
    return true;
}

/* The first group of the expression; without a match the buffer stays as it is. */
static bool pcrexform(struct match_worker *w, const struct rule_transform *t, struct str in,
                      struct str *out)
{
    *out = in;
    if (!t->code)
        return true;
    int rc = pcre2_match(t->code, in.p ? in.p : (PCRE2_SPTR) "", in.len, 0, 0, w->pcre_data,
                         w->pcre_context);
    const PCRE2_SIZE *ov = pcre2_get_ovector_pointer(w->pcre_data);
    if (rc >= 2 && ov[2] != PCRE2_UNSET)
        *out = str_cut(in, ov[2], ov[3]);
    return true;
}

/* Does the suffix have two labels? No list of public suffixes is kept: below a country's two letters these labels are what
 * registries give out names under ("co.uk", "ne.jp"). */
static bool suffix_is_double(struct str name)
{
    static const char *const second[] = {"ac",  "ad",  "co",  "com", "ed", "edu", "go",  "gob",
                                         "gov", "gr",  "gub", "gv",  "lg", "ltd", "me",  "mil",
                                         "ne",  "net", "nhs", "nom", "or", "org", "plc", "sch"};
    size_t at = name.len;
    while (at > 0 && name.p[at - 1] == '.')
        name.len = --at;
    if (name.len < 4 || name.p[name.len - 3] != '.')
        return false;
    struct str before = str_cut(name, 0, name.len - 3);
    for (size_t i = before.len; i > 0; i--)
        if (before.p[i - 1] == '.') {
            before = str_from(before, i);
            break;
        }
    for (size_t i = 0; i < ARRAY_COUNT(second); i++)
        if (str_eq_nocase(before, str_c(second[i])))
            return true;
    return false;
}

/* The part of a name behind its n-th dot from the right. */
static struct str last_labels(struct str name, int count)
{
    size_t at = name.len;
    while (at > 0 && name.p[at - 1] == '.')
        name.len = --at;
    for (; at > 0; at--)
        if (name.p[at - 1] == '.' && --count == 0)
            return str_from(name, at);
    return name;
}

static bool domain(struct match_worker *w, const struct rule_transform *t, struct str in,
                   struct str *out)
{
    *out = last_labels(in, suffix_is_double(in) ? 3 : 2);
    return true;
}

static bool tld(struct match_worker *w, const struct rule_transform *t, struct str in,
                struct str *out)
{
    *out = last_labels(in, suffix_is_double(in) ? 2 : 1);
    return true;
}

static bool header_lowercase(struct match_worker *w, const struct rule_transform *t, struct str in,
                             struct str *out)
{
    uint8_t *p = room_for(w, in.len);
    if (!p)
        return false;
    bool in_name = true;
    for (size_t i = 0; i < in.len; i++) {
        /* a colon at the beginning belongs to the name of a pseudo header (RFC 9113 section 8.3) */
        if (in.p[i] == ':' && i > 0 && in.p[i - 1] != '\n')
            in_name = false;
        p[i] = in_name ? byte_lower(in.p[i]) : in.p[i];
        if (in.p[i] == '\n')
            in_name = true;
    }
    *out = str_of(p, in.len);
    return true;
}

static bool strip_pseudo_headers(struct match_worker *w, const struct rule_transform *t,
                                 struct str in, struct str *out)
{
    uint8_t *p = room_for(w, in.len);
    if (!p)
        return false;
    size_t len = 0;
    while (in.len) {
        ptrdiff_t end = str_find_byte(in, 0, '\n');
        struct str line = str_cut(in, 0, end < 0 ? in.len : (size_t)end + 1);
        in = str_from(in, line.len);
        if (line.p[0] == ':')
            continue;
        memcpy(p + len, line.p, line.len);
        len += line.len;
    }
    *out = str_of(p, len);
    return true;
}

static bool from_base64(struct match_worker *w, const struct rule_transform *t, struct str in,
                        struct str *out)
{
    struct rule_base64 how = {.bytes = t->number, .offset = t->number2, .mode = 1};
    if (t->argument.len)
        how.mode = str_eq(t->argument, STR_LIT("rfc4648"))  ? 0
                   : str_eq(t->argument, STR_LIT("strict")) ? 2
                                                            : 1;
    uint8_t *p = room_for(w, in.len + 4);
    if (!p)
        return false;
    *out = str_of(p, base64_item_decode(in, &how, 0, p, in.len + 4));
    return out->len > 0;
}

static void *zlib_alloc(void *arena, unsigned items, unsigned size)
{
    size_t bytes;
    return __builtin_mul_overflow((size_t)items, (size_t)size, &bytes) ? NULL
                                                                       : arena_zalloc(arena, bytes);
}

static void zlib_free(void *arena, void *p)
{
}

/* At most INFLATE_BYTES_MAX, or what the rule says if that is less: a bomb ends there, and what came before is looked at. */
static bool inflate_all(struct match_worker *w, const struct rule_transform *t, struct str in,
                        struct str *out)
{
    size_t cap = t->number && t->number < INFLATE_BYTES_MAX ? t->number : INFLATE_BYTES_MAX;
    size_t likely = in.len * 16 + 64;
    if (cap > likely)
        cap = likely;
    z_stream z = {.zalloc = zlib_alloc, .zfree = zlib_free, .opaque = &w->scratch};
    uint8_t *p = room_for(w, cap);
    if (!p || in.len > UINT32_MAX ||
        inflateInit2(&z, t->kind == RULE_GUNZIP ? 15 + 16 : 15) != Z_OK)
        return false;
    uint8_t *source = arena_alloc(&w->scratch, in.len ? in.len : 1);
    if (!source)
        return false;
    if (in.len)
        memcpy(source, in.p, in.len);
    z.next_in = source;
    z.avail_in = (unsigned)in.len;
    z.next_out = p;
    z.avail_out = (unsigned)cap;
    (void)inflate(&z, Z_SYNC_FLUSH); /* damaged input: what was decoded before counts */
    *out = str_of(p, cap - z.avail_out);
    inflateEnd(&z);
    return out->len > 0;
}

static const transform_fn transforms[] = {
    [RULE_TO_LOWERCASE] = to_lowercase,
    [RULE_TO_UPPERCASE] = to_uppercase,
    [RULE_DOTPREFIX] = dotprefix,
    [RULE_URL_DECODE] = url_decode,
    [RULE_XOR] = xor_key,
    [RULE_STRIP_WHITESPACE] = strip_whitespace,
    [RULE_COMPRESS_WHITESPACE] = compress_whitespace,
    [RULE_TO_MD5] = to_digest,
    [RULE_TO_SHA1] = to_digest,
    [RULE_TO_SHA256] = to_digest,
    [RULE_PCREXFORM] = pcrexform,
    [RULE_DOMAIN] = domain,
    [RULE_TLD] = tld,
    [RULE_HEADER_LOWERCASE] = header_lowercase,
    [RULE_STRIP_PSEUDO_HEADERS] = strip_pseudo_headers,
    [RULE_FROM_BASE64] = from_base64,
    [RULE_GUNZIP] = inflate_all,
    [RULE_ZLIB_DEFLATE] = inflate_all,
};

bool transform_apply(struct match_worker *w, const struct rule_buffer *buffer, struct value *v)
{
    for (uint8_t i = 0; i < buffer->transform_count; i++) {
        const struct rule_transform *t = &buffer->transforms[i];
        transform_fn fn = (size_t)t->kind < ARRAY_COUNT(transforms) ? transforms[t->kind] : NULL;
        if (!fn || !fn(w, t, v->bytes, &v->bytes))
            return false;
    }
    return true;
}
