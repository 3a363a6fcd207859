/* password: hashing and checking, pure. The caller sees to it that not many run at once (19 MiB each). */
#ifndef CENTER_CORE_PASSWORD_H
#define CENTER_CORE_PASSWORD_H

#include "base/attr.h"
#include "base/str.h"

#define PASSWORD_HASH_BYTES 160

/* 0, or -1 when memory is out. */
NODISCARD int password_hash(struct str password, char out[PASSWORD_HASH_BYTES]);
bool password_check(const char *encoded, struct str password);
/* `chars` random signs that can be typed, and a NUL. */
void password_random(char *out, size_t chars);

#endif
