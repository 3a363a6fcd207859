/* charset: text of mail headers to UTF-8, written into the caller's memory. */
#ifndef ENGINE_CONTENT_CHARSET_H
#define ENGINE_CONTENT_CHARSET_H

#include "base/buf.h"

#define CHARSET_TEXT_MAX 8192 /* bytes converted at a time */
#define CHARSET_WORD_MAX \
    1024 /* decoded bytes of neighbouring encoded words that are converted together */

/* Appends `in` as UTF-8. False, and nothing is appended, for a charset that is not in the list, bytes that do not belong
 * to it, or no room. */
NODISCARD bool charset_to_utf8(struct str charset, struct str in, struct buf *out);
/* Appends a header value with its encoded words (RFC 2047) decoded; text in raw ISO-2022-JP too. What cannot be decoded
 * stays as it is. */
void charset_words(struct str value, struct buf *out);

#endif
