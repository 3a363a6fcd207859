/* fields: the list itself: every field that may leave a gateway, by its path, with its type and its length limit.
 *
 * Never on it: bytes of a connection or of a file, mail bodies, cookies, form contents (payload, payload_printable,
 * packet, http_request_body, http_response_body, request_headers ...). A new row is a decision about privacy: the commit
 * says why the center needs it.
 */
#ifndef LINK_FIELDS_H
#define LINK_FIELDS_H

#include "link/link.h"

enum field_type { FIELD_TEXT, FIELD_NUMBER, FIELD_BOOL };

struct field_row {
    const char
        *path; /* "a.b[].c"; a part "*" stands for any name of [a-z0-9_.-] up to 48 characters */
    enum field_type type;
    uint32_t max_bytes; /* of a text as JSON writes it */
};

/* Sorted by path (byte order). */
extern const struct field_row field_rows[];
extern const size_t field_row_count;

/* The row of a path, or NULL. */
const struct field_row *allowed_field_find(const char *path);
/* Does any row begin with `path` and `next` ('.': it is an object, '[': an array)? */
bool field_has_inside(const char *path, char next);
/* NULL: events of this type stay at the gateway. */
const enum link_importance *field_event_importance(struct str event_type);

#endif
