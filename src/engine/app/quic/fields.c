/* What rules ask of a packet; made in scratch out of the kept hello. */
#include "base/text.h"
#include "engine/app/quic/packet.h"

static bool hello_of(const struct tx *tx, enum dir dir, struct hello *out)
{
    const struct quic_tx *quic = quic_tx_of(tx);
    return quic->hello.p && quic->sender == dir && hello_read(quic->hello, dir, out);
}

static struct buf scratch_buf(struct arena *scratch, size_t cap)
{
    void *memory = arena_alloc(scratch, cap);
    return buf_fixed(memory, memory ? cap : 0);
}

bool quic_server_name(const struct quic_tx *quic, struct str *out)
{
    struct hello hello;
    if (quic->google.p)
        return quic_google_value(quic->google, "SNI", out);
    return hello_of(&quic->tx, DIR_TOSERVER, &hello) &&
           hello_server_name(&hello, out) == HELLO_SNI_OK;
}

static bool sni(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                struct str *out)
{
    (void)dir, (void)scratch;
    return index == 0 && quic_server_name(quic_tx_of(tx), out);
}

static bool ua(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
               struct str *out)
{
    (void)dir, (void)scratch;
    const struct quic_tx *quic = quic_tx_of(tx);
    return index == 0 && quic->google.p && quic_google_value(quic->google, "UAID", out);
}

/* As it stands in the packet. */
static bool version(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                    struct str *out)
{
    const struct quic_tx *quic = quic_tx_of(tx);
    struct buf b = scratch_buf(scratch, 4);
    (void)dir;
    if (quic->old_header)
        return false;
    buf_add_u32(&b, quic->version);
    *out = buf_str(&b);
    return index == 0 && !b.failed;
}

static bool hash_text(struct str text, struct arena *scratch, struct str *out)
{
    char hex[HELLO_JA3_HASH_BYTES + 1];
    hello_ja3_hash(text, hex);
    *out = arena_copy(scratch, str_of(hex, HELLO_JA3_HASH_BYTES));
    return out->p != NULL;
}

static bool cyu_string(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                       struct str *out)
{
    (void)dir;
    struct buf b = scratch_buf(scratch, QUIC_CYU_MAX);
    bool made = index == 0 && quic_tx_of(tx)->google.p && quic_google_cyu(quic_tx_of(tx), &b);
    *out = buf_str(&b);
    return made;
}

static bool cyu_hash(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                     struct str *out)
{
    struct str text;
    return cyu_string(tx, dir, index, scratch, &text) && hash_text(text, scratch, out);
}

static bool ja3_string(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                       struct str *out)
{
    struct hello hello;
    if (index || !hello_of(tx, dir, &hello))
        return false;
    struct buf b = scratch_buf(scratch, HELLO_JA3_MAX);
    bool made = hello_ja3(&hello, dir, HELLO_OVER_QUIC, &b);
    *out = buf_str(&b);
    return made;
}

static bool ja3_hash(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                     struct str *out)
{
    struct str text;
    return ja3_string(tx, dir, index, scratch, &text) && hash_text(text, scratch, out);
}

static bool ja4_hash(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                     struct str *out)
{
    struct hello hello;
    char text[HELLO_JA4_BYTES + 1];
    if (index || !hello_of(tx, dir, &hello) || !hello_ja4(&hello, HELLO_OVER_QUIC, text))
        return false;
    *out = arena_copy(scratch, str_of(text, HELLO_JA4_BYTES));
    return out->p != NULL;
}

#define BYTES(word, way, from)                                               \
    {                                                                        \
        .name = word, .proto = APP_QUIC, .dirs = (way), .kind = FIELD_BYTES, \
        .ready_at = {TX_COMPLETE, TX_COMPLETE}, .bytes = from                \
    }
#define CLIENT DIR_BIT(DIR_TOSERVER)
#define SERVER DIR_BIT(DIR_TOCLIENT)

const struct field_desc quic_fields[QUIC_FIELDS] = {
    BYTES("quic.sni", CLIENT, sni),
    BYTES("quic.ua", CLIENT, ua),
    BYTES("quic.version", DIR_BOTH, version),
    BYTES("quic.cyu.hash", CLIENT, cyu_hash),
    BYTES("quic.cyu.string", CLIENT, cyu_string),
    BYTES("ja3.hash", CLIENT, ja3_hash),
    BYTES("ja3.string", CLIENT, ja3_string),
    BYTES("ja3s.hash", SERVER, ja3_hash),
    BYTES("ja3s.string", SERVER, ja3_string),
    BYTES("ja4.hash", CLIENT, ja4_hash),
};
