/* jsontext: finds its way in JSON text (RFC 8259) of a dataset's file without making a tree; private to match/. Values are spans of
 * the text. Text that is damaged, or nested deeper than JSONTEXT_DEPTH_MAX, gives false. */
#ifndef ENGINE_MATCH_JSONTEXT_H
#define ENGINE_MATCH_JSONTEXT_H

#include "base/buf.h"
#include "base/str.h"

#include <stdbool.h>

#define JSONTEXT_DEPTH_MAX 64

/* Takes the value at the beginning of *text, white space around it too. */
bool jsontext_value(struct str *text, struct str *value);
/* The member behind a path of names with dots: "info.threat". */
bool jsontext_find(struct str object, struct str path, struct str *value);
/* Goes over an array: rest is the array's text at first. */
bool jsontext_next(struct str *rest, struct str *value);
/* The bytes of a string value; false when it is none. */
bool jsontext_string(struct str value, struct buf *out);
/* The object without the member of that name, at its top level. */
bool jsontext_without(struct str object, struct str name, struct buf *out);
/* The value without white space outside of strings: it goes on one line. */
void jsontext_compact(struct str value, struct buf *out);

#endif
