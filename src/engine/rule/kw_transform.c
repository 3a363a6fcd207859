/* Transforms: what is done to a buffer's bytes before its items look at them; entropy. */
#include "base/text.h"
#include "engine/rule/keyword.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

#define XOR_KEY_MAX 64
#define GUNZIP_MAX (1u << 20)
#define GUNZIP_DEFAULT 1024

static struct rule_transform *transform_new(struct build *b, enum rule_transform_kind kind)
{
    if (!b->sticky_chosen) {
        build_refuse(b, "it must follow a sticky buffer");
        return NULL;
    }
    if (b->buffer) { /* what stood before looks at the bytes as they are; what follows at the changed ones */
        b->buffer = NULL;
        b->transform_count = 0;
    }
    if (b->transform_count == RULE_TRANSFORMS_MAX) {
        build_refuse(b, "more than %d transforms", RULE_TRANSFORMS_MAX);
        return NULL;
    }
    struct rule_transform *t = &b->transforms[b->transform_count++];
    *t = (struct rule_transform){.kind = kind};
    return t;
}

static int read_plain(struct build *b, const struct keyword *k, struct str value)
{
    return transform_new(b, k->kind) ? 0 : -1;
}

static int read_xor(struct build *b, const struct keyword *k, struct str value)
{
    struct rule_transform *t = transform_new(b, k->kind);
    struct buf key;
    if (!t || value_unquote(b, &value, NULL) < 0)
        return -1;
    buf_init(&key, XOR_KEY_MAX);
    bool good = text_unhex(&key, value) && key.len;
    t->argument = good ? arena_copy(b->arena, buf_str(&key)) : STR_EMPTY;
    buf_fini(&key);
    if (!good)
        return build_refuse(b, "the key must be hexadecimal, at most %d bytes", XOR_KEY_MAX);
    return t->argument.p ? 0 : build_no_memory(b);
}

/* The first bracket of the expression becomes the buffer. */
static int read_pcrexform(struct build *b, const struct keyword *k, struct str value)
{
    struct rule_transform *t = transform_new(b, k->kind);
    int error;
    PCRE2_SIZE at;
    uint32_t groups = 0;
    if (!t || value_unquote(b, &value, NULL) < 0)
        return -1;
    if (!value.len)
        return build_refuse(b, "an expression is missing");
    void **slot = vec_push(&b->loader->codes);
    if (!slot)
        return build_no_memory(b);
    *slot = pcre2_compile(value.p, value.len,
                          PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C, &error, &at,
                          b->loader->pcre_context);
    if (!*slot) {
        b->loader->codes.count--;
        return build_refuse(b, "the expression cannot be compiled (offset %zu)", (size_t)at);
    }
    pcre2_pattern_info(*slot, PCRE2_INFO_CAPTURECOUNT, &groups);
    if (groups != 1)
        return build_refuse(b, "the expression must have one capture");
    t->code = *slot;
    t->argument = value;
    return 0;
}

/* "bytes 6, offset 2, mode rfc2045" */
static int read_from_base64(struct build *b, const struct keyword *k, struct str value)
{
    static const char *const modes[] = {[RULE_BASE64_RFC4648] = "rfc4648",
                                        [RULE_BASE64_RFC2045] = "rfc2045",
                                        [RULE_BASE64_STRICT] = "strict"};
    struct rule_transform *t = transform_new(b, k->kind);
    struct str piece;
    if (!t)
        return -1;
    t->mode = RULE_BASE64_RFC4648;
    while (value_next(&value, ',', &piece)) {
        struct str word = value_word(&piece);
        uint64_t number = ARRAY_COUNT(modes);
        if (str_eq(word, STR_LIT("mode"))) {
            for (size_t i = 0; i < ARRAY_COUNT(modes); i++)
                number = str_eq_nocase(piece, str_c(modes[i])) ? i : number;
            if (number == ARRAY_COUNT(modes))
                return build_refuse(b, "the mode is rfc4648, rfc2045 or strict");
            t->mode = (enum rule_base64_mode)number;
            continue;
        }
        bool is_bytes = str_eq(word, STR_LIT("bytes"));
        if (!is_bytes && !str_eq(word, STR_LIT("offset")))
            return build_refuse(b, "only bytes, offset and mode may stand here");
        if (value_u64(b, piece, UINT16_MAX, &number) < 0)
            return -1;
        *(is_bytes ? &t->number : &t->number2) = (uint32_t)number;
    }
    return 0;
}

/* "max-size 8192" */
static int read_inflate(struct build *b, const struct keyword *k, struct str value)
{
    struct rule_transform *t = transform_new(b, k->kind);
    uint64_t size = GUNZIP_DEFAULT;
    if (!t)
        return -1;
    if (value.len && !str_eq(value_word(&value), STR_LIT("max-size")))
        return build_refuse(b, "only max-size may stand here");
    if (value.len && value_u64(b, value, GUNZIP_MAX, &size) < 0)
        return -1;
    t->number = (uint32_t)size;
    return 0;
}

/* ---- entropy ---- */

static bool read_bits(struct str s, double *out)
{
    char text[32];
    s = str_trim(s);
    if (s.len == 0 || s.len >= sizeof text)
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (!(s.p[i] >= '0' && s.p[i] <= '9') && s.p[i] != '.')
            return false;
    memcpy(text, s.p, s.len);
    text[s.len] = 0;
    char *end;
    *out = strtod(text, &end);
    return !*end && *out >= 0 && *out <= 8;
}

static int read_entropy_value(struct build *b, struct str s, struct rule_entropy *e)
{
    static const struct {
        const char *sign;
        enum rule_compare compare;
    } signs[] = {{">=", RULE_GE}, {"<=", RULE_LE}, {"!=", RULE_NE}, {"=", RULE_EQ},
                 {">", RULE_GT},  {"<", RULE_LT},  {"!", RULE_NE}};
    s = str_trim(s);
    for (size_t i = 0; i < ARRAY_COUNT(signs); i++)
        if (str_starts(s, str_c(signs[i].sign))) {
            e->compare = signs[i].compare;
            s = str_trim(str_from(s, strlen(signs[i].sign)));
            break;
        }
    struct str high = s;
    struct str low = str_split(&high, '-');
    if (!read_bits(low, &e->a) || (high.p && !read_bits(high, &e->b)))
        return build_refuse(b, "an entropy is 0.0 to 8.0");
    if (high.p)
        e->compare = e->compare == RULE_NE ? RULE_NOT_IN : RULE_IN;
    return 0;
}

static int read_entropy(struct build *b, const struct keyword *k, struct str value)
{
    struct rule_entropy e = {.compare = RULE_EQ};
    struct str piece;
    bool has_value = false;
    while (value_next(&value, ',', &piece)) {
        struct str rest = piece;
        struct str word = value_word(&rest);
        uint64_t number;
        bool is_bytes = str_eq(word, STR_LIT("bytes"));
        if (is_bytes || str_eq(word, STR_LIT("offset"))) {
            if (value_u64(b, rest, UINT32_MAX, &number) < 0)
                return -1;
            *(is_bytes ? &e.bytes : &e.offset) = (uint32_t)number;
            continue;
        }
        has_value = true;
        if (read_entropy_value(b, str_eq(word, STR_LIT("value")) ? rest : piece, &e) < 0)
            return -1;
    }
    if (!has_value)
        return build_refuse(b, "value is missing");
    struct rule_item *item = build_item(b, RULE_ENTROPY);
    if (item)
        item->entropy = e;
    return item ? 0 : -1;
}

#define PLAIN(word, transform)                              \
    {                                                       \
        .name = word, .read = read_plain, .kind = transform \
    }

static const struct keyword rows[] = {
    PLAIN("to_lowercase", RULE_TO_LOWERCASE),
    PLAIN("to_uppercase", RULE_TO_UPPERCASE),
    PLAIN("dotprefix", RULE_DOTPREFIX),
    PLAIN("url_decode", RULE_URL_DECODE),
    PLAIN("strip_whitespace", RULE_STRIP_WHITESPACE),
    PLAIN("compress_whitespace", RULE_COMPRESS_WHITESPACE),
    PLAIN("to_md5", RULE_TO_MD5),
    PLAIN("to_sha1", RULE_TO_SHA1),
    PLAIN("to_sha256", RULE_TO_SHA256),
    PLAIN("domain", RULE_DOMAIN),
    PLAIN("tld", RULE_TLD),
    PLAIN("header_lowercase", RULE_HEADER_LOWERCASE),
    PLAIN("strip_pseudo_headers", RULE_STRIP_PSEUDO_HEADERS),
    {.name = "xor", .read = read_xor, .value = KEYWORD_VALUE, .kind = RULE_XOR},
    {.name = "pcrexform", .read = read_pcrexform, .value = KEYWORD_VALUE, .kind = RULE_PCREXFORM},
    {.name = "from_base64",
     .read = read_from_base64,
     .value = KEYWORD_MAY,
     .kind = RULE_FROM_BASE64},
    {.name = "gunzip", .read = read_inflate, .value = KEYWORD_MAY, .kind = RULE_GUNZIP},
    {.name = "zlib_deflate", .read = read_inflate, .value = KEYWORD_MAY, .kind = RULE_ZLIB_DEFLATE},
    {.name = "entropy",
     .read = read_entropy,
     .value = KEYWORD_VALUE,
     .kind = RULE_TRANSFORM_KINDS}, /* none of them */
};

const struct keyword_family keywords_transform = {rows, ARRAY_COUNT(rows)};

const char *rule_transform_name(enum rule_transform_kind kind)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (rows[i].kind == kind)
            return rows[i].name;
    return NULL;
}
