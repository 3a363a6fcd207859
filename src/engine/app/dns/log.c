/* What a log wants of DNS, and its "dns" object. */
#include "engine/app/dns/message.h"

void dns_log(const struct tx *tx, const struct app_conf *conf, struct json *out)
{
    const struct app_log *log = &conf->log;
    struct dns_form form = {.version = log->dns_version == 2 && !log->in_alert ? 2 : 3,
                            .tx_id = tx->id,
                            .detailed = log->in_other || log->dns_detailed,
                            .grouped = !log->in_other && log->dns_grouped};
    dns_show_message(dns_message_of(tx), &form, out);
}

/* ---- what is wanted ---- */

void dns_log_conf(struct app_log *log, const struct conf_node *settings)
{
    const struct conf_node *version = conf_child(settings, "version");
    const struct conf_node *formats = conf_child(settings, "formats");
    const struct conf_node *types = conf_child(settings, "types");
    if (version && version->value)
        log->dns_version = strcmp(version->value, "2") == 0 ? 2 : 3;
    log->dns_requests = conf_node_bool(conf_child(settings, "requests"), true);
    log->dns_responses = conf_node_bool(conf_child(settings, "responses"), true);
    log->dns_detailed = log->dns_grouped = !formats || !formats->child;
    for (const struct conf_node *f = formats ? formats->child : NULL; f; f = f->next) {
        log->dns_detailed |= f->value && strcmp(f->value, "detailed") == 0;
        log->dns_grouped |= f->value && strcmp(f->value, "grouped") == 0;
    }
    log->dns_type_count = 0;
    for (const struct conf_node *t = types ? types->child : NULL; t; t = t->next)
        if (log->dns_type_count < APP_LOG_TYPES_MAX && t->value &&
            dns_type_find(str_c(t->value), &log->dns_types[log->dns_type_count]))
            log->dns_type_count++;
}

/* By the type of the questions, as the answer repeats them. */
bool dns_log_wants(const struct tx *tx, const struct app_log *log)
{
    const struct dns_message *dns = dns_message_of(tx);
    struct dns_record question;
    if (dns_is_response(&dns->head) ? !log->dns_responses : !log->dns_requests)
        return false;
    for (uint32_t q = 0; log->dns_type_count && dns_record_at(dns, DNS_QUESTIONS, q, &question);
         q++)
        for (uint32_t i = 0; i < log->dns_type_count; i++)
            if (log->dns_types[i] == question.type)
                return true;
    return !log->dns_type_count;
}
