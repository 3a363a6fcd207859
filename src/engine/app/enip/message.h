/* message: of EtherNet/IP and of CIP inside, and how to read them. Numbers are little-endian. */
#ifndef ENGINE_APP_ENIP_MESSAGE_H
#define ENGINE_APP_ENIP_MESSAGE_H

#include "base/reader.h"
#include "engine/app/app.h"

#define ENIP_HEAD_BYTES 24
#define ENIP_KEPT_MAX 60000 /* with its head; below APP_PENDING_MAX: what is kept is given whole */
#define ENIP_BUNDLE_MAX 128
#define ENIP_FACTS_MAX 1024 /* of a message: rules look at no more */

enum enip_command {
    ENIP_NOP = 0,
    ENIP_LIST_SERVICES = 4,
    ENIP_LIST_IDENTITY = 99,
    ENIP_LIST_INTERFACES = 100,
    ENIP_REGISTER = 101,
    ENIP_UNREGISTER = 102,
    ENIP_SEND_RR_DATA = 111,
    ENIP_SEND_UNIT_DATA = 112,
    ENIP_INDICATE_STATUS = 114,
    ENIP_CANCEL = 115,
};

enum enip_event { ENIP_TOO_MANY_TRANSACTIONS, ENIP_INVALID_PDU, ENIP_EVENTS };

/* What rules compare of CIP. Kept as numbers: a rule asks for one after the other, and a message may have thousands. */
enum cip_kind {
    CIP_FACT_SERVICE, /* with class and attribute, see CIP_CLASS_NONE */
    CIP_FACT_CLASS,
    CIP_FACT_INSTANCE,
    CIP_FACT_ATTRIBUTE,
    CIP_FACT_STATUS,
    CIP_FACT_EXTENDED,
};

struct cip_fact {
    enum cip_kind kind;
    uint64_t value;
};

struct enip_side {
    uint8_t *bytes; /* the head, and what is kept of the data; NULL: there is no message */
    uint32_t len;
    uint32_t fact_count, fact_cap;
    struct cip_fact *facts;
};

struct enip_tx {
    struct tx tx; /* first */
    int service;  /* of CIP, that the request asks for; -1: none */
    struct enip_side sides[DIR_COUNT];
};

static inline struct str enip_bytes(const struct tx *tx, enum dir dir)
{
    const struct enip_side *side = &((const struct enip_tx *)tx)->sides[dir];
    return str_of(side->bytes, side->bytes ? side->len : 0);
}

/* ---- the envelope ---- */

struct enip_head {
    uint16_t command, data_len;
    uint32_t session, status, options;
};

/* False: it is not all there. */
NODISCARD bool enip_read_head(struct str bytes, struct enip_head *out);

/* Volume 2, section 2-4.3.3. */
struct enip_identity {
    uint16_t vendor_id, device_type, product_code, revision, status; /* revision: major high */
    uint32_t serial;
    struct str product_name;
    uint8_t state;
};

/* What the data says. */
struct enip_parts {
    struct enip_head head;
    bool has_version, has_identity, has_services, has_cip;
    uint16_t protocol_version, options; /* of register, identity, services; of register */
    uint16_t capabilities;
    struct str service_name;
    struct enip_identity identity;
    struct str cip;
};

/* False: there is no message, or its data is damaged; what came before the damage is there. CIP is not looked into. */
NODISCARD bool enip_read(struct str bytes, enum dir dir, struct enip_parts *out);

/* ---- CIP ---- */

#define CIP_GET_ATTRIBUTE_LIST 3
#define CIP_BUNDLE 10 /* Multiple Service Packet */

/* Logical segments, volume 1, appendix C-1.4.2: bits of the type. */
#define CIP_CLASS 0x20
#define CIP_INSTANCE 0x24
#define CIP_ATTRIBUTE 0x30

struct cip {
    uint8_t service;
    bool is_response;
    struct str path;     /* of a request */
    uint8_t status;      /* of a response */
    struct str extended; /* of a response: words */
    struct str data;
};

/* False: it is damaged. */
NODISCARD bool enip_read_cip(struct str bytes, struct cip *out);

struct cip_segment {
    uint8_t type; /* without its format: CIP_CLASS ... */
    uint32_t value;
};

/* The next logical segment; ports, names and keys are passed over. False at the end; r->bad: it is damaged. */
NODISCARD bool enip_next_segment(struct reader *path, struct cip_segment *out);
/* The first of that type. */
NODISCARD bool enip_find_segment(struct str path, uint8_t type, uint32_t *out);

/* A message of CIP, and, when it is a bundle, those in it. */
struct cip_walk {
    struct str outer;
    struct str bundle; /* its offsets and messages; p NULL: none */
    uint32_t next, count;
    bool bad;
};

struct cip_walk enip_walk(struct str cip);
/* First the message itself. False at the end, or w->bad. */
NODISCARD bool enip_next_cip(struct cip_walk *w, struct cip *out);
/* Can all of it be read? */
NODISCARD bool enip_cip_is_whole(struct str cip);

/* ---- names ---- */

extern const struct number_word enip_commands[], enip_statuses[], enip_cip_services[],
    enip_cip_classes[], enip_cip_statuses[], enip_cip_extended[], enip_cip_devices[],
    enip_cip_vendors[];
/* NULL: it has none. */
const char *enip_name(const struct number_word *words, uint64_t number);

/* ---- the rest of the room ---- */

/* CIP_FACT_SERVICE: attribute << 32 | class << 8 | service; this class and an attribute of all ones: there is none. */
#define CIP_CLASS_NONE 0xffffffu
/* Notes what rules may ask of the message; without memory, what fits. */
void enip_collect(struct budget *mem, struct str cip, struct enip_side *side);

#define ENIP_FIELDS 19
extern const struct field_desc enip_fields[ENIP_FIELDS];
void enip_log(const struct tx *tx, const struct app_conf *conf, struct json *out);

#endif
