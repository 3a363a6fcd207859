/* message: what is known of an RFB connection. Private to app/rfb. */
#ifndef ENGINE_APP_RFB_MESSAGE_H
#define ENGINE_APP_RFB_MESSAGE_H

#include "engine/app/app.h"

#define RFB_TEXT_MAX 4096 /* bytes of a name or a reason; desktops' names are short */
#define RFB_VERSION_BYTES 12
#define RFB_DIGITS 3
#define RFB_SECRET_BYTES 16 /* RFC 6143 section 7.2.2 */
#define RFB_NONE 1
#define RFB_VNC 2

#define RFB_FIELDS 3

/* Progress of a transaction, of either direction. */
enum rfb_progress { RFB_BEGUN = 1, RFB_SECURITY_KNOWN, RFB_RESULT_KNOWN };

/* RFC 6143 section 7.1.3; 2 is of older servers. What is beyond is not known. */
enum rfb_result { RFB_OK, RFB_FAILED, RFB_TOO_MANY, RFB_UNKNOWN };

struct rfb_version {
    bool known;
    uint8_t major[RFB_DIGITS], minor[RFB_DIGITS]; /* as they are sent */
};

struct rfb_text {
    uint8_t *p; /* from the flow's budget; NULL: empty */
    uint32_t len;
};

/* RFC 6143 section 7.4 */
struct rfb_pixels {
    uint8_t bits, depth, big_endian, true_color;
    uint16_t max[3];
    uint8_t shift[3]; /* red, green, blue */
};

struct rfb_tx {
    struct tx tx; /* first */
    struct rfb_version server, client;
    bool has_type, has_challenge, has_response, has_result, has_reason, has_shared, has_screen;
    bool shared;
    uint32_t type, result;
    uint8_t challenge[RFB_SECRET_BYTES], response[RFB_SECRET_BYTES];
    struct rfb_text reason, name;
    uint16_t width, height;
    struct rfb_pixels pixels;
};

static inline const struct rfb_tx *rfb_tx_of(const struct tx *tx)
{
    return (const struct rfb_tx *)tx;
}

extern const struct field_desc rfb_fields[RFB_FIELDS];
void rfb_log(const struct tx *tx, const struct app_conf *conf, struct json *out);

#endif
