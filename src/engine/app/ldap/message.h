/* message: LDAP's messages as they came, and how to read them. Sections are those of RFC 4511. */
#ifndef ENGINE_APP_LDAP_MESSAGE_H
#define ENGINE_APP_LDAP_MESSAGE_H

#include "base/reader.h"
#include "engine/app/app.h"
#include "engine/format/ber/ber.h"

#define LDAP_MESSAGE_MAX 60000 /* below APP_PENDING_MAX: a message is given whole */
#define LDAP_RESPONSES_MAX 1024
#define LDAP_KEPT_MAX (256 * 1024)
#define LDAP_HEAD_MAX 32 /* length, number, operation's own head */

/* Section 4.2 and what follows it: number of protocolOp's choice. */
enum ldap_op {
    LDAP_BIND_REQUEST = 0,
    LDAP_BIND_RESPONSE = 1,
    LDAP_UNBIND_REQUEST = 2,
    LDAP_SEARCH_REQUEST = 3,
    LDAP_SEARCH_RESULT_ENTRY = 4,
    LDAP_SEARCH_RESULT_DONE = 5,
    LDAP_MODIFY_REQUEST = 6,
    LDAP_MODIFY_RESPONSE = 7,
    LDAP_ADD_REQUEST = 8,
    LDAP_ADD_RESPONSE = 9,
    LDAP_DEL_REQUEST = 10,
    LDAP_DEL_RESPONSE = 11,
    LDAP_MOD_DN_REQUEST = 12,
    LDAP_MOD_DN_RESPONSE = 13,
    LDAP_COMPARE_REQUEST = 14,
    LDAP_COMPARE_RESPONSE = 15,
    LDAP_ABANDON_REQUEST = 16,
    LDAP_SEARCH_RESULT_REFERENCE = 19,
    LDAP_EXTENDED_REQUEST = 23,
    LDAP_EXTENDED_RESPONSE = 24,
    LDAP_INTERMEDIATE_RESPONSE = 25,
    LDAP_OPS
};

enum ldap_event {
    LDAP_TOO_MANY_TRANSACTIONS,
    LDAP_INVALID_DATA,
    LDAP_REQUEST_NOT_FOUND,
    LDAP_INCOMPLETE_DATA,
    LDAP_EVENTS
};

struct ldap_head {
    uint32_t id;
    enum ldap_op op;
};

struct ldap_message {
    enum ldap_op op;
    uint32_t len;
    uint8_t *bytes; /* the whole message; NULL: none kept */
};

/* Where the attribute stands that was asked for last: rules ask for one after the other, and none is searched from the beginning. */
struct ldap_place {
    uint32_t index;    /* of the attribute that is next */
    uint32_t response; /* that it is looked for in */
    size_t at;         /* byte of that response's list */
};

struct ldap_tx {
    struct tx tx; /* first */
    uint32_t id;
    bool has_request;
    struct ldap_message request;
    struct ldap_message *responses;
    uint32_t count, room; /* kept */
    uint32_t all;         /* came */
    uint32_t kept_bytes;  /* of them */
    struct ldap_place place[DIR_COUNT];
};

/* What a message says; parts are borrowed from it. A text without p is not there. */
struct ldap_parts {
    struct ldap_head head;
    struct str dn; /* the name that a request is about; matchedDN or the entry's of a response */
    struct str controls;
    struct str list; /* of attributes (add, entry, search) or changes (modify) */
    bool has_result;
    uint32_t code;                     /* LDAPResult */
    struct str message;                /* its diagnosticMessage */
    struct str name, value;            /* extended, intermediate; compare: what is asserted */
    struct str mechanism, credentials; /* SASL; credentials of the server, too */
    struct str new_rdn, new_superior;  /* mod_dn */
    struct ber filter;                 /* search */
    uint32_t scope, deref, size_limit, time_limit;
    uint8_t version;
    bool flag; /* typesOnly, deleteoldrdn */
};

struct ldap_attribute {
    uint32_t change; /* of modify: 0 add, 1 delete, 2 replace */
    struct str type;
    struct str values; /* a SET's content */
};

struct ldap_control {
    struct str type, value; /* value without p: it has none */
    bool critical;
};

static inline const struct ldap_tx *ldap_tx_of(const struct tx *tx)
{
    return (const struct ldap_tx *)tx;
}

/* "bind_request" */
const char *ldap_op_name(enum ldap_op op);
/* "success" is 0 ...; ends with a name NULL. Section 4.1.9 and what IANA has registered since. */
extern const struct number_word ldap_code_words[];

/* Number and operation from the message's beginning, which need not be whole. MORE: not all there. */
enum app_probe ldap_read_head(struct str bytes, struct ldap_head *out);
/* False: damaged, or an operation that there is none of. `whole` is one message. Lists are not looked into. */
NODISCARD bool ldap_read(struct str whole, struct ldap_parts *out);
/* Is its list of attributes whole? Asked once, when the message comes. */
bool ldap_is_good(const struct ldap_parts *parts);
/* The next attribute of an operation's list; false at the end, and list->bad at damage. */
NODISCARD bool ldap_next_attribute(enum ldap_op op, struct reader *list,
                                   struct ldap_attribute *out);
NODISCARD bool ldap_next_control(struct reader *list, struct ldap_control *out);

#define LDAP_FIELDS 9
extern const struct field_desc ldap_fields[LDAP_FIELDS];
void ldap_log(const struct tx *tx, const struct app_conf *conf, struct json *out);

#endif
