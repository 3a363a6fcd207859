/* pop3: a mailbox that is asked for its mails (RFC 1939; CAPA 2449, AUTH 5034, STLS 2595).
 *
 * A transaction is a command with its reply; the greeting is one without a command. Replies go to the oldest command that has
 * none. Behind STLS and its +OK follows TLS. A mail that is
 * fetched (RETR, TOP) goes to engine/app/mail; of a mail that TOP cuts, the file that is open at its end is cut too.
 *
 * Hostile: of a line POP3_LINE_MAX bytes are looked at; what is kept of a transaction is bounded by engine/format/lines and engine/app/mail, commands
 * without a reply by app_conf.tx_max.
 */
#ifndef ENGINE_APP_POP3_POP3_H
#define ENGINE_APP_POP3_POP3_H

#include "engine/app/app.h"

extern const struct app_parser pop3_parser;

#endif
