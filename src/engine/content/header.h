/* header: values of MIME header fields: type and parameters. */
#ifndef ENGINE_CONTENT_HEADER_H
#define ENGINE_CONTENT_HEADER_H

#include "base/buf.h"

/* The parameter `name` of a field value such as Content-Type's, as UTF-8, appended to out: quoted strings, RFC 2231
 * (name*=charset'language'..., name*0=, name*1*=) and, although RFC 2047 forbids it there, encoded words. False when it is
 * not there. */
NODISCARD bool header_parameter(struct str value, struct str name, struct buf *out);
/* The same without any charset: a boundary is bytes. */
NODISCARD bool header_parameter_raw(struct str value, struct str name, struct buf *out);
/* What stands before the first ";", trimmed, in lower case, cut to out's room. */
void header_main_value(struct str value, struct buf *out);

#endif
