/* JA3 and JA3S (Salesforce, 2017: MD5 over the hello's numbers as they came) and JA4 (FoxIO, 2023; the client's alone, which
 * is under a BSD licence: numbers sorted, SHA-256 cut to 12 digits). GREASE is left out, but in
 * JA3 of QUIC. */
#include "engine/format/hello/hello.h"

#include "base/digest.h"
#include "base/sort.h"
#include "base/text.h"

#include <stdio.h>

#define JA4_VALUES_MAX 1024
#define JA4_PART 12

/* ---- JA3 ---- */

static void add_number(struct buf *out, bool *first, uint16_t value)
{
    if (!*first)
        buf_add_byte(out, '-');
    *first = false;
    buf_add_decimal(out, value);
}

static bool counts(enum hello_over over, uint16_t value)
{
    return over == HELLO_OVER_QUIC || !hello_is_grease(value);
}

static void add_pairs(struct buf *out, enum hello_over over, struct str values)
{
    struct reader r = reader_of(values);
    bool first = true;
    while (reader_left(&r) >= 2 && !out->failed) {
        uint16_t value = reader_u16(&r);
        if (counts(over, value))
            add_number(out, &first, value);
    }
}

static void add_extension_types(const struct hello *hello, enum hello_over over, struct buf *out)
{
    struct reader r = reader_of(hello->extensions);
    struct str body;
    uint16_t type;
    bool first = true;
    for (int i = 0; i < HELLO_EXTENSIONS_MAX && hello_next_extension(&r, &type, &body); i++)
        if (counts(over, type))
            add_number(out, &first, hello_is_grease(type) ? HELLO_GREASE_TYPE : type);
}

static void add_points(struct buf *out, struct str points)
{
    bool first = true;
    for (size_t i = 0; i < points.len; i++)
        add_number(out, &first, points.p[i]);
}

bool hello_ja3(const struct hello *hello, enum dir dir, enum hello_over over, struct buf *out)
{
    buf_add_decimal(out, hello->version);
    buf_add_byte(out, ',');
    add_pairs(out, over, hello->ciphers);
    buf_add_byte(out, ',');
    add_extension_types(hello, over, out);
    if (dir == DIR_TOSERVER) {
        buf_add_byte(out, ',');
        add_pairs(out, over, hello_extension_list(hello, TLS_EXT_GROUPS, 2));
        buf_add_byte(out, ',');
        add_points(out, hello_extension_list(hello, TLS_EXT_POINT_FORMATS, 1));
    }
    return !out->failed;
}

void hello_ja3_hash(struct str ja3, char out[HELLO_JA3_HASH_BYTES + 1])
{
    uint8_t md5[16];
    digest_of(DIGEST_MD5, ja3, md5);
    text_hex(out, str_of(md5, sizeof(md5)));
}

/* ---- JA4 ---- */

struct values {
    uint16_t items[JA4_VALUES_MAX];
    size_t count;
};

static void values_add(struct values *v, uint16_t value)
{
    if (!hello_is_grease(value) && v->count < JA4_VALUES_MAX)
        v->items[v->count++] = value;
}

static void values_add_pairs(struct values *v, struct str pairs)
{
    struct reader r = reader_of(pairs);
    while (reader_left(&r) >= 2)
        values_add(v, reader_u16(&r));
}

static int by_value(const void *a, const void *b)
{
    return *(const uint16_t *)a - *(const uint16_t *)b;
}

static void values_write(const struct values *v, struct buf *out)
{
    for (size_t i = 0; i < v->count; i++) {
        const uint8_t pair[2] = {(uint8_t)(v->items[i] >> 8), (uint8_t)v->items[i]};
        if (i)
            buf_add_byte(out, ',');
        text_add_hex(out, str_of(pair, 2));
    }
}

static void short_hash(const struct buf *text, char out[JA4_PART + 1])
{
    uint8_t sha[DIGEST_BYTES_MAX];
    char hex[2 * DIGEST_BYTES_MAX + 1];
    if (!text->len) {
        memcpy(out, "000000000000", JA4_PART + 1);
        return;
    }
    digest_of(DIGEST_SHA256, buf_str(text), sha);
    text_hex(hex, str_of(sha, digest_bytes(DIGEST_SHA256)));
    memcpy(out, hex, JA4_PART);
    out[JA4_PART] = '\0';
}

static const char *ja4_version(const struct hello *hello)
{
    uint16_t highest = hello->version;
    struct reader r = reader_of(hello_extension_list(hello, TLS_EXT_SUPPORTED_VERSIONS, 1));
    bool any = false;
    while (reader_left(&r) >= 2) {
        uint16_t version = reader_u16(&r);
        if (!hello_is_grease(version) && (!any || version > highest)) {
            highest = version;
            any = true;
        }
    }
    switch (highest) {
    case TLS_1_3: return "13";
    case TLS_1_2: return "12";
    case 0x0302: return "11";
    case TLS_1_0: return "10";
    case SSL_3: return "s3";
    case SSL_2: return "s2";
    default: return "00";
    }
}

static bool is_alphanumeric(uint8_t c)
{
    return (c >= '0' && c <= '9') || (byte_lower(c) >= 'a' && byte_lower(c) <= 'z');
}

/* First and last character of the first ALPN name; where one of them is no letter or digit, of its hex digits. */
static void ja4_alpn(const struct hello *hello, char out[3])
{
    struct str name;
    memcpy(out, "00", 3);
    if (!hello_alpn(hello, 0, &name) || !name.len)
        return;
    uint8_t first = name.p[0], last = name.p[name.len - 1];
    char first_hex[3], last_hex[3];
    text_hex(first_hex, str_of(&first, 1));
    text_hex(last_hex, str_of(&last, 1));
    bool plain = is_alphanumeric(first) && is_alphanumeric(last);
    out[0] = plain ? (char)first : first_hex[0];
    out[1] = plain ? (char)last : last_hex[1];
}

/* Extensions without server_name and ALPN, sorted; how many there are with them. */
static size_t ja4_extensions(const struct hello *hello, struct values *v)
{
    struct reader r = reader_of(hello->extensions);
    struct str body;
    uint16_t type;
    size_t count = 0;
    v->count = 0;
    for (int i = 0; i < HELLO_EXTENSIONS_MAX && hello_next_extension(&r, &type, &body); i++) {
        if (hello_is_grease(type))
            continue;
        count++;
        if (type != TLS_EXT_SERVER_NAME && type != TLS_EXT_ALPN)
            values_add(v, type);
    }
    sort_items(v->items, v->count, sizeof(v->items[0]), by_value);
    return count;
}

static unsigned two_digits(size_t count)
{
    return count > 99 ? 99 : (unsigned)count;
}

bool hello_ja4(const struct hello *hello, enum hello_over over, char out[HELLO_JA4_BYTES + 1])
{
    struct values v = {.count = 0};
    uint8_t memory[2 * 5 * JA4_VALUES_MAX + 16];
    char ciphers[JA4_PART + 1], rest[JA4_PART + 1], alpn[3];
    struct str name;
    struct buf text = buf_fixed(memory, sizeof(memory));
    values_add_pairs(&v, hello->ciphers);
    size_t cipher_count = v.count;
    sort_items(v.items, v.count, sizeof(v.items[0]), by_value);
    values_write(&v, &text);
    short_hash(&text, ciphers);
    buf_reset(&text);
    size_t extension_count = ja4_extensions(hello, &v);
    values_write(&v, &text);
    v.count = 0;
    values_add_pairs(&v, hello_extension_list(hello, TLS_EXT_SIGNATURE_ALGORITHMS, 2));
    if (v.count) {
        buf_add_byte(&text, '_');
        values_write(&v, &text);
    }
    if (!extension_count)
        buf_reset(&text);
    short_hash(&text, rest);
    ja4_alpn(hello, alpn);
    bool named = hello_find_extension(hello, TLS_EXT_SERVER_NAME, &name);
    return !text.failed &&
           snprintf(out, HELLO_JA4_BYTES + 1, "%c%s%c%02u%02u%s_%s_%s",
                    over == HELLO_OVER_QUIC ? 'q' : 't', ja4_version(hello), named ? 'd' : 'i',
                    two_digits(cipher_count), two_digits(extension_count), alpn, ciphers,
                    rest) == HELLO_JA4_BYTES;
}
