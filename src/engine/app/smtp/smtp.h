/* smtp: mail on its way to a server (RFC 5321; PIPELINING 2920, CHUNKING 3030, STARTTLS 3207).
 *
 * A transaction is one mail: from the first command (or the first behind the mail before) to the reply that takes or refuses
 * it; RSET and an accepted HELO end one too. Commands wait in a ring for their replies. The mail itself goes through
 * content's MIME parser: header fields become texts of the transaction, parts with a name become files.
 *
 * Hostile: lines at most SMTP_LINE_MAX, SMTP_PENDING_MAX commands without a reply, texts TEXTS_BYTES_MAX, parts that are
 * kept for rules SMTP_PARTS_MAX; all from the flow's budget. When it has no room, the mail passes unread.
 */
#ifndef ENGINE_APP_SMTP_SMTP_H
#define ENGINE_APP_SMTP_SMTP_H

#include "engine/app/app.h"

extern const struct app_parser smtp_parser;

#endif
