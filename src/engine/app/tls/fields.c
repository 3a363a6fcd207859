/* What rules ask of a connection; made in scratch out of the kept messages. */
#include "base/clock.h"
#include "engine/app/tls/certificate.h"

#define TIME_BYTES 4 /* of the random, before TLS 1.3 */

static bool hello_of(const struct tx *tx, enum dir dir, struct hello *hello)
{
    const struct tls_message *m = &tls_tx_of(tx)->hello[dir];
    if (!m->p)
        return false;
    hello_read(tls_message_str(m), dir, hello);
    return true;
}

/* The first certificate of the sender's chain. */
static bool certificate_of(const struct tx *tx, enum dir dir, struct str *der,
                           struct tls_certificate *out)
{
    if (!tls_chain_certificate(tls_message_str(&tls_tx_of(tx)->chain[dir]), 0, der))
        return false;
    tls_certificate_read(*der, out);
    return true;
}

static bool made(const struct buf *b, struct str *out)
{
    *out = buf_str(b);
    return b->len > 0;
}

static struct buf scratch_buf(struct arena *scratch, size_t cap)
{
    void *memory = arena_alloc(scratch, cap);
    return buf_fixed(memory, memory ? cap : 0);
}

static bool sni(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                struct str *out)
{
    struct hello hello;
    return hello_of(tx, DIR_TOSERVER, &hello) && hello_server_name(&hello, out) == HELLO_SNI_OK;
}

static bool alpn(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                 struct str *out)
{
    struct hello hello;
    return hello_of(tx, dir, &hello) && hello_alpn(&hello, index, out);
}

static bool random_part(const struct tx *tx, enum dir dir, size_t from, size_t to, struct str *out)
{
    struct hello hello;
    if (!hello_of(tx, dir, &hello))
        return false;
    *out = str_cut(hello.random, from, to);
    return out->len > 0;
}

static bool random_all(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                       struct str *out)
{
    return random_part(tx, dir, 0, SIZE_MAX, out);
}

static bool random_time(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                        struct str *out)
{
    return random_part(tx, dir, 0, TIME_BYTES, out);
}

static bool random_bytes(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                         struct str *out)
{
    return random_part(tx, dir, TIME_BYTES, SIZE_MAX, out);
}

static bool name_text(struct str name, struct arena *scratch, struct str *out)
{
    /* Text is at most a little longer than its DER, but UTF-16 grows by half and an unknown type by its digits. */
    size_t cap = 4 * name.len + 64;
    struct buf b = scratch_buf(scratch, cap < TLS_NAME_TEXT_MAX ? cap : TLS_NAME_TEXT_MAX);
    tls_name_text(name, &b);
    return made(&b, out);
}

static bool subject(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                    struct str *out)
{
    struct tls_certificate c;
    struct str der;
    return certificate_of(tx, dir, &der, &c) && name_text(c.subject, scratch, out);
}

static bool issuer(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                   struct str *out)
{
    struct tls_certificate c;
    struct str der;
    return certificate_of(tx, dir, &der, &c) && name_text(c.issuer, scratch, out);
}

static bool serial(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                   struct str *out)
{
    struct tls_certificate c;
    struct str der;
    if (!certificate_of(tx, dir, &der, &c))
        return false;
    struct buf b = scratch_buf(scratch, 3 * c.serial.len + 1);
    tls_serial_text(c.serial, &b);
    return made(&b, out);
}

static bool fingerprint(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                        struct str *out)
{
    struct tls_certificate c;
    struct str der;
    if (!certificate_of(tx, dir, &der, &c))
        return false;
    struct buf b = scratch_buf(scratch, 64);
    tls_fingerprint_text(der, &b);
    return made(&b, out);
}

static bool certificates(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                         struct str *out)
{
    return tls_chain_certificate(tls_message_str(&tls_tx_of(tx)->chain[dir]), index, out);
}

static bool alternative_name(const struct tx *tx, enum dir dir, uint32_t index,
                             struct arena *scratch, struct str *out)
{
    struct tls_certificate c;
    struct str der;
    if (index >= TLS_NAMES_MAX || !certificate_of(tx, dir, &der, &c))
        return false;
    struct reader names = tls_alternative_names(&c);
    for (uint32_t i = 0; i <= index; i++)
        if (!tls_next_alternative_name(&names, out))
            return false;
    return true;
}

static bool ja3_text(const struct tx *tx, enum dir dir, struct arena *scratch, struct str *out)
{
    struct hello hello;
    if (!hello_of(tx, dir, &hello))
        return false;
    struct buf b = scratch_buf(scratch, HELLO_JA3_MAX);
    return hello_ja3(&hello, dir, HELLO_OVER_TCP, &b) && made(&b, out);
}

static bool ja3_string(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                       struct str *out)
{
    return ja3_text(tx, DIR_TOSERVER, scratch, out);
}

static bool ja3s_string(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                        struct str *out)
{
    return ja3_text(tx, DIR_TOCLIENT, scratch, out);
}

static bool hash_of(const struct tx *tx, enum dir dir, struct arena *scratch, struct str *out)
{
    struct str text;
    char hex[33];
    if (!ja3_text(tx, dir, scratch, &text))
        return false;
    hello_ja3_hash(text, hex);
    *out = arena_copy(scratch, str_of(hex, 32));
    return out->p != NULL;
}

static bool ja3_hash(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                     struct str *out)
{
    return hash_of(tx, DIR_TOSERVER, scratch, out);
}

static bool ja3s_hash(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                      struct str *out)
{
    return hash_of(tx, DIR_TOCLIENT, scratch, out);
}

static bool ja4_hash(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                     struct str *out)
{
    struct hello hello;
    char text[HELLO_JA4_BYTES + 1];
    if (!hello_of(tx, DIR_TOSERVER, &hello) || !hello_ja4(&hello, HELLO_OVER_TCP, text))
        return false;
    *out = arena_copy(scratch, str_of(text, HELLO_JA4_BYTES));
    return out->p != NULL;
}

static bool version(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    *out = tls_tx_of(tx)->version[dir];
    return *out != 0;
}

static bool chain_len(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    struct str der;
    uint32_t count = 0;
    while (tls_chain_certificate(tls_message_str(&tls_tx_of(tx)->chain[dir]), count, &der))
        count++;
    *out = count;
    return count > 0 || dir == DIR_TOCLIENT; /* resumed, or hidden by TLS 1.3: none */
}

static bool last_message(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    *out = tls_tx_of(tx)->at;
    return true;
}

/* Seconds since 1970; earlier ones are 0. */
static bool validity(const struct tx *tx, enum dir dir, int which, uint64_t *out)
{
    struct tls_certificate c;
    struct str der;
    char text[TLS_TIME_BYTES + 2];
    int64_t us;
    if (!certificate_of(tx, dir, &der, &c) || !tls_time_text(&c, which, text))
        return false;
    size_t len = strlen(text);
    text[len] = 'Z';
    if (!clock_parse(str_of(text, len + 1), &us))
        return false;
    *out = us < 0 ? 0 : (uint64_t)us / 1000000u;
    return true;
}

static bool not_before(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    return validity(tx, dir, 0, out);
}

static bool not_after(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    return validity(tx, dir, 1, out);
}

#define SENT_WITH(step)                                  \
    {                                                    \
        [DIR_TOSERVER] = (step), [DIR_TOCLIENT] = (step) \
    }
#define BYTES(word, way, step, many, from)                                  \
    {                                                                       \
        .name = word, .proto = APP_TLS, .dirs = (way), .kind = FIELD_BYTES, \
        .ready_at = SENT_WITH(step), .multi = many, .bytes = from           \
    }
#define NUMBER(word, way, step, from)                                      \
    {                                                                      \
        .name = word, .proto = APP_TLS, .dirs = (way), .kind = FIELD_UINT, \
        .ready_at = SENT_WITH(step), .number = from                        \
    }
#define CLIENT DIR_BIT(DIR_TOSERVER)
#define SERVER DIR_BIT(DIR_TOCLIENT)

const struct field_desc tls_fields[TLS_FIELDS] = {
    BYTES("tls.sni", CLIENT, TLS_HELLO_DONE, false, sni),
    BYTES("tls.alpn", DIR_BOTH, TLS_HELLO_DONE, true, alpn),
    BYTES("tls.random", DIR_BOTH, TLS_HELLO_DONE, false, random_all),
    BYTES("tls.random_time", DIR_BOTH, TLS_HELLO_DONE, false, random_time),
    BYTES("tls.random_bytes", DIR_BOTH, TLS_HELLO_DONE, false, random_bytes),
    NUMBER("tls.version", DIR_BOTH, TLS_HELLO_DONE, version),
    NUMBER("ssl_version", DIR_BOTH, TLS_HELLO_DONE, version),
    BYTES("tls.cert_subject", DIR_BOTH, TLS_CERTIFICATE_DONE, false, subject),
    BYTES("tls.cert_issuer", DIR_BOTH, TLS_CERTIFICATE_DONE, false, issuer),
    BYTES("tls.cert_serial", DIR_BOTH, TLS_CERTIFICATE_DONE, false, serial),
    BYTES("tls.cert_fingerprint", DIR_BOTH, TLS_CERTIFICATE_DONE, false, fingerprint),
    BYTES("tls.certs", DIR_BOTH, TLS_CERTIFICATE_DONE, true, certificates),
    BYTES("tls.subjectaltname", SERVER, TLS_CERTIFICATE_DONE, true, alternative_name),
    NUMBER("tls.state", DIR_BOTH, TLS_BEGUN, last_message),
    NUMBER("tls.cert_notbefore", DIR_BOTH, TLS_CERTIFICATE_DONE, not_before),
    NUMBER("tls.cert_notafter", DIR_BOTH, TLS_CERTIFICATE_DONE, not_after),
    NUMBER("tls.cert_chain_len", DIR_BOTH, TLS_CERTIFICATE_DONE, chain_len),
    BYTES("ja3.hash", CLIENT, TLS_HELLO_DONE, false, ja3_hash),
    BYTES("ja3.string", CLIENT, TLS_HELLO_DONE, false, ja3_string),
    BYTES("ja3s.hash", SERVER, TLS_HELLO_DONE, false, ja3s_hash),
    BYTES("ja3s.string", SERVER, TLS_HELLO_DONE, false, ja3s_string),
    BYTES("ja4.hash", CLIENT, TLS_HELLO_DONE, false, ja4_hash),
};
