/* imap: a mailbox that is worked in (RFC 3501, RFC 9051): known, and not read, as in Suricata 8. Rules for it see the stream.
 */
#ifndef ENGINE_APP_IMAP_IMAP_H
#define ENGINE_APP_IMAP_IMAP_H

#include "engine/app/app.h"

extern const struct app_parser imap_parser;

#endif
