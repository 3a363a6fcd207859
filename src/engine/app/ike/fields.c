/* As in Suricata: who opens says the initiator's SPI and the vendors, who answers the other SPI and what is chosen; keys, nonces and
 * vendors are version 1's. */
#include "engine/app/ike/message.h"

#include "base/text.h"

static bool hex(struct str bytes, struct arena *scratch, struct str *out)
{
    char *text = arena_alloc(scratch, 2 * bytes.len + 1);
    if (!text)
        return false;
    text_hex(text, bytes);
    *out = str_of((uint8_t *)text, 2 * bytes.len);
    return true;
}

static bool init_spi(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                     struct str *out)
{
    (void)dir;
    return index == 0 && hex(str_of(ike_tx_of(tx)->head.init_spi, IKE_SPI_BYTES), scratch, out);
}

static bool resp_spi(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                     struct str *out)
{
    (void)dir;
    return index == 0 && hex(str_of(ike_tx_of(tx)->head.resp_spi, IKE_SPI_BYTES), scratch, out);
}

static bool vendor(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                   struct str *out)
{
    const struct ike_tx *ike = ike_tx_of(tx);
    (void)dir;
    return index < ike->vendor_count && hex(ike->vendors[index], scratch, out);
}

static bool key(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                struct str *out)
{
    (void)dir, (void)scratch;
    *out = ike_tx_of(tx)->own.key;
    return index == 0 && ike_tx_of(tx)->has_own_key;
}

static bool nonce(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                  struct str *out)
{
    (void)dir, (void)scratch;
    *out = ike_tx_of(tx)->own.nonce;
    return index == 0 && ike_tx_of(tx)->has_own_nonce;
}

static bool key_length(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    (void)dir;
    *out = ike_tx_of(tx)->own.key.len;
    return index == 0 && ike_tx_of(tx)->has_own_key;
}

static bool nonce_length(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    (void)dir;
    *out = ike_tx_of(tx)->own.nonce.len;
    return index == 0 && ike_tx_of(tx)->has_own_nonce;
}

static bool exchange(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    (void)dir;
    *out = ike_tx_of(tx)->head.exchange;
    return index == 0;
}

/* Numbers of the same thing in both versions; 0: the version has none. */
static bool chosen(const struct tx *tx, uint32_t index, const uint16_t types[2], uint64_t *out)
{
    const struct ike_tx *ike = ike_tx_of(tx);
    uint16_t type = types[ike->head.major == 2];
    return index == 0 && type && ike_attribute(ike, type, out);
}

#define CHOSEN(function, version_1, version_2)                                             \
    static bool function(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out) \
    {                                                                                      \
        static const uint16_t types[2] = {version_1, version_2};                           \
        (void)dir;                                                                         \
        return chosen(tx, index, types, out);                                              \
    }

CHOSEN(alg_enc, 1, IKE2_ENC)
CHOSEN(alg_hash, 2, 0)
CHOSEN(alg_auth, 3, IKE2_AUTH)
CHOSEN(alg_dh, 4, IKE2_DH)
CHOSEN(alg_prf, 13, IKE2_PRF)
CHOSEN(group_type, 5, 0)
CHOSEN(life_type, 11, 0)
CHOSEN(life_duration, 12, 0)
CHOSEN(key_size, 14, 0)
CHOSEN(field_size, 15, 0)

#define BYTES(text, where, many, fn)                                                               \
    {                                                                                              \
        .name = (text), .proto = APP_IKE, .dirs = (where), .ready_at = {TX_COMPLETE, TX_COMPLETE}, \
        .kind = FIELD_BYTES, .multi = (many), .bytes = (fn)                                        \
    }
#define NUMBER(text, where, fn)                                                                    \
    {                                                                                              \
        .name = (text), .proto = APP_IKE, .dirs = (where), .ready_at = {TX_COMPLETE, TX_COMPLETE}, \
        .kind = FIELD_UINT, .number = (fn)                                                         \
    }
#define ANSWER DIR_BIT(DIR_TOCLIENT)

const struct field_desc ike_fields[IKE_FIELDS] = {
    BYTES("ike.init_spi", DIR_BIT(DIR_TOSERVER), false, init_spi),
    BYTES("ike.resp_spi", ANSWER, false, resp_spi),
    BYTES("ike.vendor", DIR_BIT(DIR_TOSERVER), true, vendor),
    BYTES("ike.key_exchange_payload", DIR_BOTH, false, key),
    BYTES("ike.nonce_payload", DIR_BOTH, false, nonce),
    NUMBER("ike.key_exchange_payload_length", DIR_BOTH, key_length),
    NUMBER("ike.nonce_payload_length", DIR_BOTH, nonce_length),
    NUMBER("ike.exchtype", DIR_BOTH, exchange),
    NUMBER("ike.sa.alg_enc", ANSWER, alg_enc),
    NUMBER("ike.sa.alg_hash", ANSWER, alg_hash),
    NUMBER("ike.sa.alg_auth", ANSWER, alg_auth),
    NUMBER("ike.sa.alg_dh", ANSWER, alg_dh),
    NUMBER("ike.sa.alg_prf", ANSWER, alg_prf),
    NUMBER("ike.sa.sa_group_type", ANSWER, group_type),
    NUMBER("ike.sa.sa_life_type", ANSWER, life_type),
    NUMBER("ike.sa.sa_life_duration", ANSWER, life_duration),
    NUMBER("ike.sa.sa_key_length", ANSWER, key_size),
    NUMBER("ike.sa.sa_field_size", ANSWER, field_size),
};
