/* certificate: the facts of an X.509 certificate (RFC 5280), read out of its DER (X.690) as far as they are wanted.
 *
 * Parts are borrowed from the certificate. Nothing is verified: a forged certificate says what it says.
 */
#ifndef ENGINE_APP_TLS_CERTIFICATE_H
#define ENGINE_APP_TLS_CERTIFICATE_H

#include "engine/app/tls/handshake.h"

#define TLS_NAME_TEXT_MAX 16384 /* a subject as text; what is longer is cut */
#define TLS_TIME_BYTES 19       /* "2026-01-01T00:00:00" */

struct tls_certificate {
    struct str serial;          /* bytes of the INTEGER, a leading 00 included */
    struct str issuer, subject; /* Name: the RDNs */
    uint8_t time_tags[2];
    struct str times[2]; /* notBefore, notAfter as they stand there */
    struct str extensions;
};

enum tls_certificate_part {
    TLS_CERTIFICATE_OK,
    TLS_CERTIFICATE_CUT,   /* it ends where an element or the rest of its length should stand */
    TLS_CERTIFICATE_OTHER, /* something else stands where a sequence should */
    TLS_CERTIFICATE_DER,   /* an element is longer than what holds it */
    TLS_CERTIFICATE_VERSION,
    TLS_CERTIFICATE_SERIAL,
    TLS_CERTIFICATE_ALGORITHM,
    TLS_CERTIFICATE_ISSUER,
    TLS_CERTIFICATE_VALIDITY,
    TLS_CERTIFICATE_SUBJECT,
    TLS_CERTIFICATE_EXTENSIONS,
};

/* The index-th certificate of a chain as RFC 5246 7.4.2 sends it. */
bool tls_chain_certificate(struct str chain, uint32_t index, struct str *der);
/* Which part is damaged, or OK. Parts before the damaged one are there. */
enum tls_certificate_part tls_certificate_read(struct str der, struct tls_certificate *out);
/* "C=US, O=Example, CN=foo": the order of the certificate; values as they are. */
void tls_name_text(struct str name, struct buf *out);
/* "0A:1B" */
void tls_serial_text(struct str serial, struct buf *out);
/* SHA-1 of the DER as "aa:bb". */
void tls_fingerprint_text(struct str der, struct buf *out);
/* False: no time that RFC 5280 4.1.2.5 knows. */
bool tls_time_text(const struct tls_certificate *c, int which, char out[TLS_TIME_BYTES + 1]);
/* The names of subjectAltName that are text: dNSName, rfc822Name, URI; one after the other. */
struct reader tls_alternative_names(const struct tls_certificate *c);
bool tls_next_alternative_name(struct reader *names, struct str *out);

#endif
