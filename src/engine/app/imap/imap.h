/* imap: a mailbox that is worked in (RFC 3501, RFC 9051; literals 7888, MULTIAPPEND 3502, BINARY 3516, STARTTLS, COMPRESS 4978).
 *
 * A transaction is a command up to the server's answer with its tag, or a mail on its way: fetched whole (BODY[], RFC822) or put in
 * (APPEND). Mails go to engine/app/mail; of a mail that is fetched in pieces the first one does, marked as partial, and the others
 * are told. Behind STARTTLS and its OK follows TLS; behind COMPRESS and its OK nothing is read any more. Of what a command says
 * only its name is kept. Rules for imap see the stream, as in Suricata 8.
 *
 * Hostile: of a line IMAP_LINE_MAX bytes and its end are looked at; commands without an answer and mails are bounded by
 * app_conf.tx_max, what is kept of them by engine/app/mail. A literal is as long as it says, whatever that is: the server
 * would wait for it too; one that the server refuses before it begins does not come.
 */
#ifndef ENGINE_APP_IMAP_IMAP_H
#define ENGINE_APP_IMAP_IMAP_H

#include "engine/app/app.h"

extern const struct app_parser imap_parser;

#endif
