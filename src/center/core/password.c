/* Passwords: Argon2id (RFC 9106), with the parameters in the encoded hash, so that they can grow. */
#include "center/core/password.h"

#include "base/attr.h"
#include "base/hash.h"

#include <argon2.h>
#include <string.h>

/* OWASP's second choice: 19 MiB, 2 passes, 1 lane: about 30 ms, so a hundred tries a second cost a core. */
#define MEMORY_KIB 19456
#define PASSES 2
#define LANES 1
#define SALT_BYTES 16
#define HASH_BYTES 32

_Static_assert(PASSWORD_HASH_BYTES >= 128, "room for the encoded form");

int password_hash(struct str password, char out[PASSWORD_HASH_BYTES])
{
    uint8_t salt[SALT_BYTES];
    hash_random(salt, sizeof salt);
    int result = argon2id_hash_encoded(PASSES, MEMORY_KIB, LANES, password.p, password.len, salt,
                                       sizeof salt, HASH_BYTES, out, PASSWORD_HASH_BYTES);
    return result == ARGON2_OK ? 0 : -1;
}

bool password_check(const char *encoded, struct str password)
{
    return argon2id_verify(encoded, password.p, password.len) == ARGON2_OK;
}

/* Without letters that are taken for each other; 20 of 31 signs are 99 bits. */
void password_random(char *out, size_t chars)
{
    static const char signs[] = "abcdefghjkmnpqrstuvwxyz23456789";
    const unsigned fair_end = 256 - 256 % (sizeof signs - 1);
    size_t made = 0;
    while (made < chars) {
        uint8_t byte;
        hash_random(&byte, 1);
        if (byte < fair_end)
            out[made++] = signs[byte % (sizeof signs - 1)];
    }
    out[made] = 0;
}
