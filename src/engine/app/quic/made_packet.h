/* made_packet: sealed packets and the hellos in them, for the tests of this room and its fuzz target. */
#ifndef ENGINE_APP_QUIC_MADE_PACKET_H
#define ENGINE_APP_QUIC_MADE_PACKET_H

#include "base/buf.h"
#include "engine/app/quic/crypto.h"

#include <openssl/evp.h>

#define MADE_ID "\x83\x94\xc8\xf0\x3e\x51\x57\x08" /* RFC 9001 appendix A */

struct made_packet {
    uint32_t version;
    uint8_t first; /* of the packet, in the clear */
    enum dir sender;
    struct str key_id; /* that keys are made of */
    struct str to;
    uint32_t number;
};

static inline struct made_packet made_v1(enum dir sender)
{
    return (struct made_packet){.version = QUIC_V1,
                                .first = 0xc3,
                                .sender = sender,
                                .key_id = STR_LIT(MADE_ID),
                                .to = sender == DIR_TOSERVER ? STR_LIT(MADE_ID) : STR_LIT("cli")};
}

static inline void made_mask(const struct quic_keys *k, struct buf *b, size_t begin, size_t number)
{
    uint8_t mask[QUIC_KEY_BYTES];
    int len = 0;
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    EVP_EncryptInit_ex(c, EVP_aes_128_ecb(), NULL, k->mask, NULL);
    EVP_EncryptUpdate(c, mask, &len, b->p + number + QUIC_SAMPLE_AT, (int)sizeof mask);
    EVP_CIPHER_CTX_free(c);
    b->p[begin] ^= mask[0] & 0x0f;
    for (size_t i = 0; i < 4; i++)
        b->p[number + i] ^= mask[1 + i];
}

/* Appends the packet; its number has four bytes. `frames` are what is sealed. */
static inline void made_sealed(struct buf *b, const struct made_packet *m, struct str frames)
{
    struct quic_keys k;
    uint8_t iv[QUIC_IV_BYTES], tag[QUIC_TAG_BYTES];
    int len = 0;
    size_t begin = b->len;
    quic_keys_derive(m->version, m->key_id, m->sender, &k);
    buf_add_byte(b, m->first);
    buf_add_u32(b, m->version);
    buf_add_byte(b, (uint8_t)m->to.len);
    buf_add(b, m->to);
    buf_add(b, STR_LIT("\4from\0")); /* and no token */
    buf_add_u16(b, (uint16_t)(0x4000 | (4 + frames.len + QUIC_TAG_BYTES)));
    size_t number = b->len;
    buf_add_u32(b, m->number);
    size_t body = b->len;
    buf_add(b, frames);
    for (size_t i = 0; i < QUIC_TAG_BYTES; i++)
        buf_add_byte(b, 0);
    memcpy(iv, k.iv, sizeof iv);
    for (size_t i = 0; i < 4; i++)
        iv[8 + i] ^= b->p[number + i];
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    EVP_EncryptInit_ex(c, EVP_aes_128_gcm(), NULL, k.key, iv);
    EVP_EncryptUpdate(c, NULL, &len, b->p + begin, (int)(body - begin));
    EVP_EncryptUpdate(c, b->p + body, &len, b->p + body, (int)frames.len);
    EVP_EncryptFinal_ex(c, b->p + body + len, &len);
    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, QUIC_TAG_BYTES, tag);
    EVP_CIPHER_CTX_free(c);
    memcpy(b->p + body + frames.len, tag, sizeof tag);
    made_mask(&k, b, begin, number);
}

/* A CRYPTO frame with the part [from, to) of a message. */
static inline void made_crypto(struct buf *b, struct str message, size_t from, size_t to)
{
    struct str part = str_cut(message, from, to);
    buf_add_byte(b, 6);
    buf_add_u16(b, (uint16_t)(0x4000 | from));
    buf_add_u16(b, (uint16_t)(0x4000 | part.len));
    buf_add(b, part);
}

#define MADE_RANDOM "0123456789abcdef0123456789abcdef"

/* JA3 771,10794-4865-4866,64250-0-16-10-13-43,10794-29-23, */
#define MADE_CLIENT_HELLO                                                 \
    "\1\0\0\x6d\3\3" MADE_RANDOM "\0\0\6\x2a\x2a\x13\1\x13\2\1\0\0\x3e"   \
    "\x1a\x1a\0\0\0\0\0\x12\0\x10\0\0\x0dwww.omamori.x\0\x10\0\5\0\3\2h3" \
    "\0\x0a\0\x08\0\6\x2a\x2a\0\x1d\0\x17\0\x0d\0\4\0\2\4\3\0\x2b\0\3\2\3\4"
#define MADE_SERVER_HELLO "\2\0\0\x2e\3\3" MADE_RANDOM "\0\x13\1\0\0\6\0\x2b\0\2\3\4"

#define MADE_CHLO                                                                              \
    "CHLO\4\0\0\0PAD\0\2\0\0\0SNI\0\x0f\0\0\0VER\0\x13\0\0\0UAID\x1f\0\0\0--www.omamori.xQ046" \
    "Chrome/1.0 x"

#endif
