/* Transforms: a buffer's bytes are changed before items look at them (Suricata user guide, "Transformations"). Each takes
 * bytes and gives bytes in the scratch arena; one after the other as the rule names them. */
#include "engine/match/worker.h"

#include "base/text.h"

#include <ctype.h>
#include <libpsl.h>
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

/* Of a name only this much is looked at: no suffix has more, and a stranger's name may be as long as a body. */
#define NAME_BYTES_MAX 253
#define SUFFIX_LABELS_MAX 8

/* The list of public suffixes (publicsuffix.org, in libpsl), private ones too. A name that nobody can have registered (a
 * suffix itself, a single label) has neither domain nor suffix. The dot behind a name stays. */
static void split_name(struct str name, struct str *domain, struct str *suffix)
{
    char lower[NAME_BYTES_MAX + 1];
    size_t at = name.len && name.p[name.len - 1] == '.' ? name.len - 1 : name.len, end = at;
    size_t starts[SUFFIX_LABELS_MAX + 2], labels = 0;
    *domain = *suffix = STR_EMPTY;
    for (; at > 0 && end - at < NAME_BYTES_MAX && labels <= SUFFIX_LABELS_MAX; at--) {
        lower[NAME_BYTES_MAX - (end - at) - 1] = (char)byte_lower(name.p[at - 1]);
        if (name.p[at - 1] == '.')
            starts[labels++] = at;
    }
    lower[NAME_BYTES_MAX] = 0;
    if (at == 0)
        starts[labels++] = 0;
    /* from the longest: a rule of the list may be an exception to a shorter one */
    for (size_t i = labels; i-- > 0;) {
        if (!psl_is_public_suffix(psl_builtin(), lower + NAME_BYTES_MAX - (end - starts[i])))
            continue;
        if (i + 1 < labels &&
            starts[i + 1] + 1 < starts[i]) { /* behind a label that is not empty */
            *domain = str_from(name, starts[i + 1]);
            *suffix = str_from(name, starts[i]);
        }
        return;
    }
}

static bool domain(struct match_worker *w, const struct rule_transform *t, struct str in,
                   struct str *out)
{
    struct str suffix;
    split_name(in, out, &suffix);
    return true;
}

static bool tld(struct match_worker *w, const struct rule_transform *t, struct str in,
                struct str *out)
{
    struct str whole;
    split_name(in, &whole, out);
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

/* What is no base64, or not longer than the rule's `bytes`, stays as it is. */
static bool from_base64(struct match_worker *w, const struct rule_transform *t, struct str in,
                        struct str *out)
{
    struct str s = str_from(in, t->number2);
    uint8_t *p = room_for(w, in.len);
    if (!p)
        return false;
    if (t->number)
        s = t->number >= s.len ? STR_EMPTY : str_cut(s, 0, t->number);
    ptrdiff_t len = base64_read(s, t->mode, p, in.len);
    *out = len > 0 ? str_of(p, (size_t)len) : in;
    return true;
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
