/* message: RDP's first messages as they came, and how to read them. Sections are those of MS-RDPBCGR. */
#ifndef ENGINE_APP_RDP_MESSAGE_H
#define ENGINE_APP_RDP_MESSAGE_H

#include "base/reader.h"
#include "engine/app/app.h"

#define RDP_MESSAGE_MAX 60000 /* below APP_PENDING_MAX: given whole */
#define RDP_CHANNELS_MAX 31   /* section 2.2.1.3.4 */
#define RDP_CHANNEL_BYTES 12  /* name and options */
#define RDP_SERIALS_MAX 16
#define RDP_SERIAL_BYTES_MAX 64 /* RFC 5280 knows no more than 20 */

enum rdp_kind {
    RDP_INITIAL_REQUEST,
    RDP_INITIAL_RESPONSE,
    RDP_CONNECT_REQUEST,
    RDP_CONNECT_RESPONSE,
    RDP_TLS_HANDSHAKE,
};

struct rdp_tx {
    struct tx tx; /* first */
    enum rdp_kind kind;
    uint32_t len;
    uint8_t *
        bytes; /* what the kind has to tell: X.224's user data, the client's data blocks, or certificates as TLS lists them */
};

/* Section 2.2.1.1 and 2.2.1.2 */
struct rdp_negotiation {
    struct str cookie;   /* without p: none */
    uint8_t type, flags; /* type 0: there is none */
    uint32_t protocol;   /* requested (bits), selected or, of a failure, its code */
};
#define RDP_NEG_REQUEST 1
#define RDP_NEG_RESPONSE 2
#define RDP_NEG_FAILURE 3

/* Section 2.2.1.3.2. -1: not told. */
struct rdp_client {
    uint32_t version, layout, build, keyboard_type, keyboard_subtype, function_keys;
    uint16_t width, height;
    struct str name, ime, product; /* UTF-16, little endian */
    int32_t color_depth, product_id, connection, orientation;
    int64_t serial, physical_width, physical_height, scale, device_scale;
    uint16_t capabilities;
};

struct rdp_word {
    uint32_t number;
    const char *name;
};

#define RDP_LAYOUTS 413
extern const struct rdp_word rdp_layouts[RDP_LAYOUTS];

static inline const struct rdp_tx *rdp_tx_of(const struct tx *tx)
{
    return (const struct rdp_tx *)tx;
}

/* X.224's user data behind a request or a confirmation. */
struct rdp_negotiation rdp_read_negotiation(struct str data, bool request);
/* MCS Connect Initial up to the client's data blocks. False: it is none. */
NODISCARD bool rdp_client_blocks(struct str mcs, struct str *blocks);
/* The blocks' contents: the client's core data and the list of channels (of each the last; without p: not there). False: damaged. */
NODISCARD bool rdp_read_blocks(struct str blocks, struct str *core, struct str *channels);
/* False: too short. */
NODISCARD bool rdp_read_client(struct str core, struct rdp_client *out);
/* The serial number of a DER certificate. */
NODISCARD bool rdp_serial(struct str certificate, struct str *serial);

void rdp_log(const struct tx *tx, const struct app_conf *conf, struct json *out);

#endif
