/* message: a message of either protocol as a transaction. */
#ifndef ENGINE_APP_MDNS_MESSAGE_H
#define ENGINE_APP_MDNS_MESSAGE_H

#include "engine/app/app.h"
#include "engine/format/dns/dns.h"

struct mdns_tx {
    struct tx tx; /* first */
    struct dns_message message;
};

static inline const struct dns_message *mdns_message_of(const struct tx *tx)
{
    return &((const struct mdns_tx *)tx)->message;
}

#define MDNS_FIELDS 5 /* of each protocol */
extern const struct field_desc mdns_fields[MDNS_FIELDS];
extern const struct field_desc llmnr_fields[MDNS_FIELDS];
void mdns_log(const struct tx *tx, const struct app_conf *conf, struct json *out);

#endif
