/* ca: the center's own certificate authority and the key that signs policies. EC P-256, SHA-256; policies Ed25519.
 * Threads: signing may be called from several threads; the rest from one. */
#ifndef CENTER_UPLINK_CA_H
#define CENTER_UPLINK_CA_H

#include "base/buf.h"
#include "base/err.h"
#include "link/link.h"

#include <openssl/ssl.h>

#define CA_SERIAL_BYTES 41 /* hex text with NUL */

struct ca {
    EVP_PKEY *key;
    X509 *certificate;
    struct buf certificate_der;
    uint8_t policy_secret[LINK_KEY_BYTES];
    uint8_t policy_public[LINK_KEY_BYTES];
};

struct ca_issued {
    struct buf der;
    char serial[CA_SERIAL_BYTES]; /* lower-case hex, no leading zeros */
    int64_t not_after_us;
};

/* Loads, or makes at the first start. A half-made folder (key without certificate) is an error, never overwritten. */
NODISCARD int ca_open(struct ca *ca, const char *folder, struct err *err);
void ca_close(struct ca *ca);
/* A certificate for the request's key under the name of the gateway, for client use only. The request must be signed by
 * its own key, an EC P-256 one; its name and wishes are left alone. 0; -1. issued->der is made by the caller (buf_init). */
NODISCARD int ca_issue(const struct ca *ca, struct str csr_der, const char *gateway, int64_t life_s,
                       struct ca_issued *issued);
/* The listener's key and certificate from uplink.pem, new ones when there are none, or a third of their life is left, or
 * they are another CA's. */
NODISCARD int ca_serve(const struct ca *ca, const char *folder, SSL_CTX *context, struct err *err);
/* The serial of a certificate as ca_issued has it. */
NODISCARD bool ca_serial(const X509 *certificate, char out[CA_SERIAL_BYTES]);

#endif
