/* message: a DHCP message as it came, and how to read it. */
#ifndef ENGINE_APP_DHCP_MESSAGE_H
#define ENGINE_APP_DHCP_MESSAGE_H

#include "base/reader.h"
#include "engine/app/app.h"

/* RFC 2131 section 2: the fixed part, then the magic cookie of RFC 2132 section 2. */
#define DHCP_HEAD_BYTES 236
#define DHCP_OPTIONS_AT 240
#define DHCP_COOKIE 0x63825363u

enum dhcp_op { DHCP_REQUEST = 1, DHCP_REPLY = 2 };

enum dhcp_option {
    DHCP_PAD = 0,
    DHCP_SUBNET_MASK = 1,
    DHCP_ROUTERS = 3,
    DHCP_DNS_SERVERS = 6,
    DHCP_HOSTNAME = 12,
    DHCP_REQUESTED_IP = 50,
    DHCP_LEASE_TIME = 51,
    DHCP_TYPE = 53,
    DHCP_PARAMETERS = 55,
    DHCP_RENEWAL_TIME = 58,
    DHCP_REBINDING_TIME = 59,
    DHCP_VENDOR_CLASS = 60,
    DHCP_CLIENT_ID = 61,
    DHCP_END = 255,
};

enum dhcp_event { DHCP_TRUNCATED_OPTIONS, DHCP_MALFORMED_OPTIONS, DHCP_EVENTS };

#define DHCP_ACK 5

struct dhcp_tx {
    struct tx tx; /* first */
    uint8_t *bytes;
    uint32_t len;
};

struct dhcp_head {
    uint8_t op, hardware_len;
    uint32_t id;
    struct str client_ip, your_ip, server_ip, relay_ip, hardware;
};

static inline const struct dhcp_tx *dhcp_tx_of(const struct tx *tx)
{
    return (const struct dhcp_tx *)tx;
}

NODISCARD bool dhcp_read_head(struct str message, struct dhcp_head *out);
/* Over the options. */
struct reader dhcp_options(const struct dhcp_tx *dhcp);
/* The next one; false at their end, and r->bad when that comes without its mark. */
NODISCARD bool dhcp_next_option(struct reader *r, uint8_t *code, struct str *value);
/* The last option of that code. */
bool dhcp_find(const struct dhcp_tx *dhcp, uint8_t code, struct str *value);
/* The same as a number of four bytes. */
bool dhcp_find_time(const struct dhcp_tx *dhcp, uint8_t code, uint64_t *out);

void dhcp_log_conf(struct app_log *log, const struct conf_node *settings);
bool dhcp_log_wants(const struct tx *tx, const struct app_log *log);
void dhcp_log(const struct tx *tx, const struct app_conf *conf, struct json *out);

#endif
