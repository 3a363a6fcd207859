/* krb5: Kerberos 5 (RFC 4120) over UDP and TCP: who asks for which ticket, and how it is encrypted.
 *
 * Each message between a client and its key center (AS-REQ, AS-REP, TGS-REQ, TGS-REP, KRB-ERROR) is a transaction of its own; of
 * the others (AP-REQ ... which travel inside other protocols) only the bytes are walked over. Over TCP each message has four bytes of length
 * in front (section 7.2.2). A message is kept as it came; names are read out of it when a rule or the log asks.
 *
 * Hostile: DER by lengths within lengths, no recursion; of a name KRB5_PARTS_MAX components; a record longer than
 * KRB5_RECORD_MAX is walked over.
 */
#ifndef ENGINE_APP_KRB5_KRB5_H
#define ENGINE_APP_KRB5_KRB5_H

#include "engine/app/app.h"

extern const struct app_parser krb5_parser; /* UDP; carries the fields of both */
extern const struct app_parser krb5_tcp_parser;

#endif
