/* crypto: opens Initial packets (RFC 9001 section 5). */
#ifndef ENGINE_APP_QUIC_CRYPTO_H
#define ENGINE_APP_QUIC_CRYPTO_H

#include "engine/field/field.h"

#define QUIC_V1 0x00000001u
#define QUIC_V2 0x6b3343cfu
#define QUIC_Q050 0x51303530u

#define QUIC_KEY_BYTES 16
#define QUIC_IV_BYTES 12
#define QUIC_TAG_BYTES 16
#define QUIC_SAMPLE_AT 4 /* behind where the packet number begins (RFC 9001 section 5.4.2) */

/* What one side's Initial packets are sealed with. */
struct quic_keys {
    uint8_t key[QUIC_KEY_BYTES], iv[QUIC_IV_BYTES], mask[QUIC_KEY_BYTES];
};

/* A protected packet: all of it from its first byte to its end, and where the packet number begins. */
struct quic_sealed {
    struct str packet;
    size_t number_at;
};

/* Is there a salt for this version? */
bool quic_version_is_known(uint32_t version);
/* `id`: the connection id to which the client sent its first packet (RFC 9001 section 5.2). The version is known. */
void quic_keys_derive(uint32_t version, struct str id, enum dir sender, struct quic_keys *out);
/* The payload, into as many bytes as the packet has. False: it was not sealed with these keys. */
bool quic_open(const struct quic_keys *keys, const struct quic_sealed *sealed, uint8_t *plain,
               size_t *len);

#endif
