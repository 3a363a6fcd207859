/* message: an SNMP message as it came, and what it says. */
#ifndef ENGINE_APP_SNMP_MESSAGE_H
#define ENGINE_APP_SNMP_MESSAGE_H

#include "base/reader.h"
#include "engine/app/app.h"

#define SNMP_VARS_MAX 256
#define SNMP_OID_MAX 256
#define SNMP_TRAP_V1 4
#define SNMP_USM 3 /* RFC 3411 section 6.1: the security model of users */

enum snmp_event {
    SNMP_MALFORMED_DATA,
    SNMP_UNKNOWN_SECURITY_MODEL,
    SNMP_VERSION_MISMATCH,
    SNMP_EVENTS
};

/* What a message says; parts are borrowed from it. */
struct snmp_facts {
    uint8_t version; /* 1, 2, 3 */
    bool has_community, has_user, has_pdu, has_trap, unknown_model;
    struct str community, user;
    uint8_t pdu_type;
    uint64_t error; /* 0: none */
    struct str trap_oid, trap_address;
    uint64_t trap_type;
    struct str variables; /* of the SEQUENCE */
};

struct snmp_tx {
    struct tx tx; /* first */
    uint8_t *bytes;
    uint32_t len;
    struct snmp_facts facts;
};

static inline const struct snmp_tx *snmp_tx_of(const struct tx *tx)
{
    return (const struct snmp_tx *)tx;
}

/* False: damaged. */
NODISCARD bool snmp_read(struct str message, struct snmp_facts *out);
extern const struct number_word snmp_traps[];
void snmp_log(const struct tx *tx, const struct app_conf *conf, struct json *out);

#endif
