/* message: a Kerberos message as it came, and what it says. */
#ifndef ENGINE_APP_KRB5_MESSAGE_H
#define ENGINE_APP_KRB5_MESSAGE_H

#include "base/reader.h"
#include "engine/app/app.h"

#define KRB5_RECORD_MAX \
    60000 /* tickets of many groups are 48 KB in the worst case (Microsoft's MaxTokenSize) */
#define KRB5_PARTS_MAX 32

enum krb5_type {
    KRB5_AS_REQ = 10,
    KRB5_AS_REP = 11,
    KRB5_TGS_REQ = 12,
    KRB5_TGS_REP = 13,
    KRB5_ERROR = 30
};

enum krb5_event { KRB5_MALFORMED_DATA, KRB5_WEAK_ENCRYPTION, KRB5_EVENTS };

/* What a message says; parts are borrowed from it. */
struct krb5_facts {
    uint8_t type; /* enum krb5_type */
    bool has_realm, has_client, has_server, has_encryption, has_ticket;
    struct str realm;
    struct str client, server; /* the components: one GeneralString after the other */
    int32_t encryption;        /* of the part for the client */
    int32_t ticket_encryption;
    int32_t error;
};

struct krb5_tx {
    struct tx tx; /* first */
    uint8_t *bytes;
    uint32_t len;
    uint8_t failed_type; /* ERROR: the request before it; 0: none */
    struct krb5_facts facts;
};

struct krb5_state {
    uint8_t asked;            /* enum krb5_type of the last request; 0: none */
    uint32_t skip[DIR_COUNT]; /* bytes of a record that is too long */
};

static inline const struct krb5_tx *krb5_tx_of(const struct tx *tx)
{
    return (const struct krb5_tx *)tx;
}

/* Does a Kerberos message begin here? `more`: it may, but there are too few bytes. */
enum app_probe krb5_is_message(struct str bytes);
/* False: none of the messages that are told of, or a damaged one. */
NODISCARD bool krb5_read(struct str message, struct krb5_facts *out);
/* The index-th component of a name. */
bool krb5_part(struct str name, uint32_t index, struct str *out);
bool krb5_is_weak(int32_t encryption);
extern const struct number_word krb5_encryptions[];
/* Their names, or "EncryptionType(n)" and the like; `number` is used for unknown ones. */
const char *krb5_encryption_name(int32_t encryption, char number[32]);
const char *krb5_error_name(int32_t error, char number[32]);
const char *krb5_type_name(uint8_t type);

void krb5_log(const struct tx *tx, const struct app_conf *conf, struct json *out);

#endif
