/* json: writes JSON text into a buf, fast and always well-formed.
 *
 * Commas are placed by the writer. Keys are our own literals. Values from strangers are escaped. A value that
 * is not UTF-8 as a whole is written as printable text, as Suricata does it: every byte from 0x80 on becomes \xNN, so
 * nothing is lost and every reader accepts the line. Nesting is at most JSON_DEPTH_MAX (asserted: only our own code nests). A value is
 * given a few bytes of spare room: a fixed buf that it would fill to the last byte may already fail.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/buf.h"

#define JSON_DEPTH_MAX 32

struct json {
    struct buf *out;
    uint32_t depth;
    uint32_t first; /* bit per level: no value written yet */
};

void json_init(struct json *j, struct buf *out);
/* As a member of an object (`key`) or an element of an array (key NULL). */
void json_object(struct json *j, const char *key);
void json_array(struct json *j, const char *key);
void json_end_object(struct json *j);
void json_end_array(struct json *j);
void json_bytes(struct json *j, const char *key, struct str value);
/* Its base64, as a string. */
void json_base64(struct json *j, const char *key, struct str value);
void json_text(struct json *j, const char *key, const char *value);
void json_uint(struct json *j, const char *key, uint64_t value);
void json_int(struct json *j, const char *key, int64_t value);
/* The shortest decimal that reads back as the same number; null when there is none (infinite, no number). */
void json_double(struct json *j, const char *key, double value);
void json_bool(struct json *j, const char *key, bool value);
void json_null(struct json *j, const char *key);
/* Key from a stranger, escaped too. */
void json_bytes_named(struct json *j, struct str key, struct str value);
/* A value that is JSON already. */
void json_raw(struct json *j, const char *key, struct str json_text);

#endif
