#include "engine/app/quic/crypto.h"

#include "base/buf.h"
#include "base/digest.h"
#include "engine/app/quic/quic.h"

#include <assert.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define SECRET_BYTES 32u
#define SALT_BYTES 20u
#define HMAC_BLOCK 64u
#define HMAC_TEXT_MAX 128u
#define NUMBER_BYTES_MAX 4u
#define HELD 16 /* as many threads at the same moment borrow without asking the heap */

/* ---- contexts ---- */

struct ciphers {
    EVP_CIPHER_CTX *mask, *aead;
};

/* They live as long as the process, and are borrowed for a packet. */
static _Atomic(struct ciphers *) held[HELD];

static void ciphers_free(struct ciphers *c)
{
    EVP_CIPHER_CTX_free(c->mask);
    EVP_CIPHER_CTX_free(c->aead);
    free(c);
}

static struct ciphers *ciphers_new(void)
{
    struct ciphers *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->mask = EVP_CIPHER_CTX_new();
    c->aead = EVP_CIPHER_CTX_new();
    if (c->mask && c->aead &&
        EVP_EncryptInit_ex(c->mask, EVP_aes_128_ecb(), NULL, NULL, NULL) == 1 &&
        EVP_DecryptInit_ex(c->aead, EVP_aes_128_gcm(), NULL, NULL, NULL) == 1)
        return c;
    ciphers_free(c);
    return NULL;
}

static void put_back(struct ciphers *c)
{
    for (size_t i = 0; i < HELD; i++) {
        struct ciphers *none = NULL;
        if (atomic_compare_exchange_strong(&held[i], &none, c))
            return;
    }
    ciphers_free(c);
}

static struct ciphers *borrow(void)
{
    for (size_t i = 0; i < HELD; i++) {
        struct ciphers *c = atomic_exchange(&held[i], NULL);
        if (c)
            return c;
    }
    return ciphers_new();
}

static void hold(void)
{
    for (size_t i = 0; i < HELD; i++) {
        struct ciphers *c = ciphers_new();
        if (!c)
            return;
        put_back(c);
    }
}

void quic_hold(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, hold);
}

/* ---- keys ---- */

struct salt {
    uint32_t first, last; /* versions */
    const char *label;    /* what its keys' labels begin with */
    uint8_t bytes[SALT_BYTES];
};

/* RFC 9001 section 5.2, RFC 9369 section 3.3.1, the drafts of the former, Google's own */
static const struct salt salts[] = {
    {QUIC_V1, QUIC_V1, "quic ", {0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
                                 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a}},
    {QUIC_V2, QUIC_V2, "quicv2 ", {0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
                                   0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9}},
    {0xff000017, 0xff00001c, "quic ", {0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7,
                                       0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe, 0xf9, 0xf5, 0x02}},
    {0xff00001d, 0xff000020, "quic ", {0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97,
                                       0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43, 0x90, 0xa8, 0x99}},
    {0xff000021, 0xff000022, "quic ", {0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
                                       0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a}},
    {QUIC_Q050, QUIC_Q050, "quic ", {0x50, 0x45, 0x74, 0xef, 0xd0, 0x66, 0xfe, 0x2f, 0x9d, 0x94,
                                     0x5c, 0xfc, 0xdb, 0xd3, 0xa7, 0xf0, 0xd3, 0xb5, 0x6b, 0x45}},
};

static const struct salt *salt_of(uint32_t version)
{
    for (size_t i = 0; i < ARRAY_COUNT(salts); i++)
        if (version >= salts[i].first && version <= salts[i].last)
            return &salts[i];
    return NULL;
}

bool quic_version_is_known(uint32_t version)
{
    return salt_of(version) != NULL;
}

/* SHA-256 of a block that is the key with `pad` over it, and the text. */
static void padded_hash(struct str key, uint8_t pad, struct str text, uint8_t out[SECRET_BYTES])
{
    uint8_t bytes[HMAC_BLOCK + HMAC_TEXT_MAX];
    memset(bytes, pad, HMAC_BLOCK);
    for (size_t i = 0; i < key.len; i++)
        bytes[i] ^= key.p[i];
    struct buf b = buf_fixed(bytes, sizeof bytes);
    b.len = HMAC_BLOCK;
    buf_add(&b, text);
    digest_of(DIGEST_SHA256, buf_str(&b), out);
}

/* HMAC (RFC 2104) with SHA-256 of short things: keys of at most a block, texts of at most a connection id or a label. */
static void hmac(struct str key, struct str text, uint8_t out[SECRET_BYTES])
{
    uint8_t inner[SECRET_BYTES];
    padded_hash(key, 0x36, text, inner);
    padded_hash(key, 0x5c, str_of(inner, sizeof inner), out);
}

/* HKDF-Expand-Label (RFC 8446 section 7.1) of at most one hash. */
static void expand(const uint8_t secret[SECRET_BYTES], const char *prefix, const char *label,
                   uint8_t *out, uint8_t len)
{
    uint8_t memory[64], hash[SECRET_BYTES];
    struct buf info = buf_fixed(memory, sizeof memory);
    buf_add_u16(&info, len);
    buf_add_byte(&info, (uint8_t)(strlen("tls13 ") + strlen(prefix) + strlen(label)));
    buf_add_c(&info, "tls13 ");
    buf_add_c(&info, prefix);
    buf_add_c(&info, label);
    buf_add_byte(&info, 0); /* no context */
    buf_add_byte(&info, 1); /* the first and only block of RFC 5869 */
    hmac(str_of(secret, SECRET_BYTES), buf_str(&info), hash);
    memcpy(out, hash, len);
}

void quic_keys_derive(uint32_t version, struct str id, enum dir sender, struct quic_keys *out)
{
    uint8_t initial[SECRET_BYTES], secret[SECRET_BYTES];
    const struct salt *salt = salt_of(version);
    assert(salt);
    hmac(str_of(salt->bytes, SALT_BYTES), id, initial);
    expand(initial, "", sender == DIR_TOCLIENT ? "server in" : "client in", secret, SECRET_BYTES);
    expand(secret, salt->label, "key", out->key, QUIC_KEY_BYTES);
    expand(secret, salt->label, "iv", out->iv, QUIC_IV_BYTES);
    expand(secret, salt->label, "hp", out->mask, QUIC_KEY_BYTES);
}

/* ---- a packet ---- */

/* What header protection hides (RFC 9001 section 5.4.1). */
struct number {
    uint8_t first; /* byte of the packet */
    uint8_t bytes[NUMBER_BYTES_MAX];
    size_t len;
};

static bool unmask(struct ciphers *c, const struct quic_keys *k, const struct quic_sealed *s,
                   struct number *out)
{
    uint8_t mask[QUIC_KEY_BYTES];
    int made = 0;
    struct str sample = str_cut(s->packet, s->number_at + QUIC_SAMPLE_AT,
                                s->number_at + QUIC_SAMPLE_AT + sizeof mask);
    if (sample.len < sizeof mask || EVP_EncryptInit_ex(c->mask, NULL, NULL, k->mask, NULL) != 1 ||
        EVP_EncryptUpdate(c->mask, mask, &made, sample.p, (int)sizeof mask) != 1)
        return false;
    out->first = s->packet.p[0] ^ (mask[0] & 0x0f);
    out->len = 1 + (out->first & 3u);
    for (size_t i = 0; i < out->len; i++)
        out->bytes[i] = s->packet.p[s->number_at + i] ^ mask[1 + i];
    return true;
}

/* RFC 9001 section 5.3: the header in the clear is authenticated, the packet number is part of the nonce. */
static bool decrypt(struct ciphers *c, const struct quic_keys *k, const struct quic_sealed *s,
                    const struct number *n, struct buf *plain)
{
    uint8_t iv[QUIC_IV_BYTES], tag[QUIC_TAG_BYTES];
    int len = 0, rest = 0;
    struct str sealed = str_from(s->packet, s->number_at + n->len);
    struct str head = str_cut(s->packet, 1, s->number_at);
    if (sealed.len < sizeof tag)
        return false;
    struct str body = str_cut(sealed, 0, sealed.len - sizeof tag);
    memcpy(tag, sealed.p + body.len, sizeof tag);
    memcpy(iv, k->iv, sizeof iv);
    for (size_t i = 0; i < n->len; i++)
        iv[QUIC_IV_BYTES - n->len + i] ^= n->bytes[i];
    if (EVP_DecryptInit_ex(c->aead, NULL, NULL, k->key, iv) != 1 ||
        EVP_DecryptUpdate(c->aead, NULL, &len, &n->first, 1) != 1 ||
        EVP_DecryptUpdate(c->aead, NULL, &len, head.p, (int)head.len) != 1 ||
        EVP_DecryptUpdate(c->aead, NULL, &len, n->bytes, (int)n->len) != 1 ||
        EVP_DecryptUpdate(c->aead, plain->p, &len, body.p, (int)body.len) != 1 ||
        EVP_CIPHER_CTX_ctrl(c->aead, EVP_CTRL_AEAD_SET_TAG, QUIC_TAG_BYTES, tag) != 1 ||
        EVP_DecryptFinal_ex(c->aead, plain->p + len, &rest) != 1)
        return false;
    plain->len = (size_t)(len + rest);
    return true;
}

bool quic_open(const struct quic_keys *keys, const struct quic_sealed *sealed, uint8_t *plain,
               size_t *len)
{
    struct number number;
    struct buf out = buf_fixed(plain, sealed->packet.len);
    struct ciphers *c = borrow();
    if (!c)
        return false;
    bool opened = unmask(c, keys, sealed, &number) && decrypt(c, keys, sealed, &number, &out);
    put_back(c);
    *len = out.len;
    return opened;
}
