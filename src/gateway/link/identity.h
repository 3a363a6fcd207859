/* identity: who the box is to its center: key, certificate, the center's CA, the key that policies are signed with.
 *
 * All of it in one file (identity.pem, 0600), replaced whole, so that a crash in the middle of enrolment or renewal leaves
 * the old identity or the new one.
 */
#ifndef GATEWAY_LINK_IDENTITY_H
#define GATEWAY_LINK_IDENTITY_H

#include "gateway/link/link.h"

#include <openssl/ssl.h>

#define IDENTITY_CENTER_BYTES 300

struct identity {
    char gateway[LINK_GATEWAY_ID_BYTES];
    char center[IDENTITY_CENTER_BYTES]; /* "host:port" */
    uint8_t policy_key[LINK_KEY_BYTES];
    EVP_PKEY *key;
    X509 *certificate;
    X509 *ca;
};

/* 0; 1 when there is none; -1. */
NODISCARD int identity_load(struct identity *id, const char *folder, struct err *err);
NODISCARD int identity_store(const struct identity *id, const char *folder, struct err *err);
void identity_fini(struct identity *id);
/* EC P-256. NULL: memory. */
NODISCARD EVP_PKEY *identity_new_key(void);
/* A request for the key's certificate; the center decides the name. */
NODISCARD bool identity_csr(EVP_PKEY *key, struct buf *der);
/* Takes a certificate that the center sent: it must fit `key` and come from the identity's CA. */
NODISCARD int identity_take_certificate(struct identity *id, EVP_PKEY *key, struct str der,
                                        struct err *err);
/* When to ask for the next certificate: at two thirds of this one's life. And its end. */
int64_t identity_renew_us(const struct identity *id);
int64_t identity_not_after_us(const struct identity *id);
/* For the connection: TLS 1.3 only, the center's certificate must come from the CA and carry LINK_CENTER_NAME. NULL: failed. */
NODISCARD SSL_CTX *identity_context(const struct identity *id, struct err *err);
/* For enrolment: nobody is trusted yet; the proofs bind the key that is seen. */
NODISCARD SSL_CTX *identity_enrol_context(struct err *err);

#endif
