/* message: a DNS message as a transaction. */
#ifndef ENGINE_APP_DNS_MESSAGE_H
#define ENGINE_APP_DNS_MESSAGE_H

#include "engine/app/app.h"
#include "engine/format/dns/dns.h"

struct dns_tx {
    struct tx tx; /* first */
    struct dns_message message;
};

static inline const struct dns_message *dns_message_of(const struct tx *tx)
{
    return &((const struct dns_tx *)tx)->message;
}

#define DNS_FIELDS 9
extern const struct field_desc dns_fields[DNS_FIELDS];
void dns_log_conf(struct app_log *log, const struct conf_node *settings);
bool dns_log_wants(const struct tx *tx, const struct app_log *log);
void dns_log(const struct tx *tx, const struct app_conf *conf, struct json *out);

#endif
