/* ldap: LDAP version 3 (RFC 4511) over TCP, and CLDAP over UDP: directories are asked and changed.
 *
 * A transaction is one request with all of its responses, which name it by its message's number. A response that nothing asked for
 * is a transaction of its own. Messages are kept as they came and read when a rule or the log asks. Behind the answer to StartTLS
 * the flow changes to TLS.
 *
 * Hostile: of a message longer than LDAP_MESSAGE_MAX only the operation is known; LDAP_RESPONSES_MAX responses and LDAP_KEPT_MAX
 * bytes of an exchange are kept, further ones are counted; all lengths by struct reader, nothing recurses. A damaged message ends a
 * connection (a datagram only itself). Sealed by SASL (RFC 4513 section 5.2.1) nothing can be read: that ends it, too.
 */
#ifndef ENGINE_APP_LDAP_LDAP_H
#define ENGINE_APP_LDAP_LDAP_H

#include "engine/app/app.h"

extern const struct app_parser ldap_parser, ldap_udp_parser;

#endif
