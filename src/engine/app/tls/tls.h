/* tls: Transport Layer Security 1.0 to 1.3 over TCP (RFC 2246, 4346, 5246, 8446), SSL 3.0 (RFC 6101) and the SSL 2.0 hello
 * (RFC 5246 appendix E.2); what of it is in the clear: both hellos, certificates, alerts, heartbeats (RFC 6520).
 *
 * One transaction for each connection. Its hellos and certificate chains are kept as they came; names, fingerprints (JA3,
 * JA3S, JA4: client only) and the facts of certificates are read out of them when a rule or the log asks. Once both sides
 * encrypt, the transaction is complete and goes; after that only record headers are walked over.
 *
 * Hostile: a handshake message is at most TLS_MESSAGE_MAX bytes, joined over records in the flow's budget, growing only with
 * bytes that came; DER is read by lengths within lengths, never recursively; lists that are printed or hashed are limited.
 */
#ifndef ENGINE_APP_TLS_TLS_H
#define ENGINE_APP_TLS_TLS_H

#include "engine/app/app.h"

extern const struct app_parser tls_parser;

/* True once data was sent in a flow with this parser: from here on its bytes say nothing. The ends of the handshake, warnings and
 * heartbeats before that are encrypted, too, but as with Suricata rules about packets still see them. */
bool tls_is_encrypted(const struct app_flow *af);

#endif
