/* message: one message of IKE as a transaction, and what a flow remembers of those before. */
#ifndef ENGINE_APP_IKE_MESSAGE_H
#define ENGINE_APP_IKE_MESSAGE_H

#include "base/reader.h"
#include "engine/app/app.h"

#define IKE_HEAD_BYTES 28
#define IKE_SPI_BYTES 8
#define IKE_PAYLOADS_MAX 32
#define IKE_ATTRIBUTES_MAX 192 /* of all transforms of a message */
#define IKE_TRANSFORMS_MAX 255
#define IKE_CHOSEN_MAX 16
#define IKE_VENDORS_MAX 24
#define IKE_NOTIFY_MAX 24
#define IKE_KEY_BYTES_MAX 2048 /* of a key or a nonce that is remembered for later records */

enum ike_event {
    IKE_MALFORMED_DATA,
    IKE_WEAK_ENC,
    IKE_WEAK_PRF,
    IKE_WEAK_DH,
    IKE_WEAK_AUTH,
    IKE_NO_DH,
    IKE_NO_AUTH,
    IKE_INVALID_PROPOSAL,
    IKE_UNKNOWN_PROPOSAL,
    IKE_MULTIPLE_SERVER_PROPOSAL,
    IKE_EVENTS
};

struct ike_head {
    uint8_t init_spi[IKE_SPI_BYTES], resp_spi[IKE_SPI_BYTES];
    uint8_t next, major, minor, exchange, flags;
    uint32_t message_id, len;
};

#define IKE1_ENCRYPTED 0x01
#define IKE2_INITIATOR 0x08

/* Version 1: an attribute of a transform (RFC 2409 appendix A). Version 2: a transform, its type and number. */
struct ike_attribute {
    uint64_t value;
    uint16_t type;
    uint8_t transform; /* of version 1; proposal of version 2 */
};

struct ike_chosen {
    uint32_t count;
    struct ike_attribute list[IKE_CHOSEN_MAX];
};

struct ike_keys {
    struct str key, nonce;
};

/* Version 2's transforms by type (RFC 7296 section 3.3.2), as records show them. */
enum ike2_type { IKE2_ENC = 1, IKE2_PRF, IKE2_AUTH, IKE2_DH, IKE2_ESN, IKE2_TYPES };

struct ike_state {
    struct ike_chosen chosen; /* version 1 */
    uint16_t algorithms[IKE2_TYPES];
    bool has_doi;
    uint32_t doi;
    uint8_t *key[DIR_COUNT], *nonce[DIR_COUNT];
    uint32_t key_len[DIR_COUNT], nonce_len[DIR_COUNT];
};

struct ike_tx {
    struct tx tx; /* first */
    struct ike_head head;
    uint8_t *block; /* the message, then the keys that the flow knew */
    uint32_t block_len;
    struct ike_keys keys[DIR_COUNT]; /* in block: version 1, as the flow knew them */
    struct ike_keys own;             /* of this message, in block */
    bool has_own_key, has_own_nonce;
    bool has_doi;
    uint32_t doi;
    struct ike_chosen chosen;
    uint16_t algorithms[IKE2_TYPES];
    uint8_t payloads[IKE_PAYLOADS_MAX];
    uint8_t payload_count, vendor_count, notify_count, transform_count;
    uint16_t notify[IKE_NOTIFY_MAX];
    uint32_t errors;
    struct str vendors[IKE_VENDORS_MAX]; /* in block */
    uint32_t attribute_count;
    struct ike_attribute attributes[IKE_ATTRIBUTES_MAX];
};

static inline const struct ike_tx *ike_tx_of(const struct tx *tx)
{
    return (const struct ike_tx *)tx;
}

NODISCARD bool ike_read_head(struct reader *r, struct ike_head *out);
/* Reads the payloads of tx->block's message and sets events; the flow remembers what its next records repeat. */
void ike_read_1(struct app_flow *af, struct ike_tx *tx, enum dir dir);
void ike_read_2(struct app_flow *af, struct ike_tx *tx, enum dir dir);
/* The value of the first attribute of this type. */
bool ike_attribute(const struct ike_tx *tx, uint16_t type, uint64_t *out);

/* names.c: NULL: it has none */
const char *ike1_payload_name(uint8_t type);
const char *ike2_payload_name(uint8_t type);
const char *ike1_attribute_name(uint16_t type);
const char *ike1_value_name(uint16_t type, uint64_t value);
const char *ike2_transform_name(enum ike2_type type, uint16_t number);
const char *ike2_notify_name(uint16_t type);

#define IKE_FIELDS 18
extern const struct field_desc ike_fields[IKE_FIELDS];
void ike_log(const struct tx *tx, const struct app_conf *conf, struct json *out);

#endif
