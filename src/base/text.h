/* text: bytes as text and back: hex, base64 (RFC 4648), UTF-8. Decoders are strict unless they say otherwise. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/buf.h"

/* Lower case; out has room for 2 * s.len + 1, a NUL follows. */
void text_hex(char *out, struct str s);
void text_add_hex(struct buf *b, struct str s);
/* False on an odd count or a foreign character. */
bool text_unhex(struct buf *b, struct str s);
/* Value of a hex digit, or -1. */
int text_hex_digit(uint8_t c);
void text_add_base64(struct buf *b, struct str s);
/* URL-safe alphabet without padding (RFC 4648 section 5). */
void text_add_base64url(struct buf *b, struct str s);
/* Standard alphabet, padding as it must be; false on anything else. */
bool text_unbase64(struct buf *b, struct str s);
/* True when s is well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool text_is_utf8(struct str s);
/* A character as UTF-8; what is none (a surrogate, beyond U+10FFFF) as U+FFFD. */
void text_add_utf8(struct buf *b, uint32_t character);

#endif
