/* EVE's "dns" object, version 3 (Suricata 8) and version 2 (Suricata 4.1 to 7). */
#include "engine/app/dns/message.h"

#include <stdio.h>

static const char *const rcode_names[] = {
    [0] = "NOERROR", [1] = "FORMERR", [2] = "SERVFAIL", [3] = "NXDOMAIN",
    [4] = "NOTIMP",  [5] = "REFUSED", [6] = "YXDOMAIN", [7] = "YXRRSET",
    [8] = "NXRRSET", [9] = "NOTAUTH", [10] = "NOTZONE",
};

/* Members that hold several parts are named by their type, others are the data. */
static const char *data_key(uint16_t type)
{
    switch (type) {
    case DNS_SOA: return "soa";
    case DNS_SRV: return "srv";
    case DNS_SSHFP: return "sshfp";
    default: return "rdata";
    }
}

/* An OPT record without options says nothing: Suricata leaves it out, and so do readers of its logs expect. */
static bool is_shown(const struct dns_record *record)
{
    return record->type != DNS_OPT || record->data.len;
}

static bool any_shown(const struct dns_message *m, enum dns_section section)
{
    struct reader r = dns_section_reader(m, section);
    struct dns_record record;
    for (uint32_t i = 0; i < m->records[section] && dns_read_record(&r, section, &record); i++)
        if (section == DNS_QUESTIONS || is_shown(&record))
            return true;
    return false;
}

static void write_record(const struct dns_message *m, enum dns_section section,
                         const struct dns_record *record, struct json *out)
{
    char number[8];
    json_object(out, NULL);
    dns_show_name(m, record->name_at, "rrname", out);
    json_text(out, "rrtype", dns_type_name(record->type, number));
    if (section != DNS_QUESTIONS)
        json_uint(out, "ttl", record->ttl);
    if (section != DNS_QUESTIONS && record->type == DNS_OPT)
        dns_show_options(record, out);
    else if (section != DNS_QUESTIONS)
        dns_show_data(m, record, data_key(record->type), out);
    json_end_object(out);
}

static void write_section(const struct dns_message *m, enum dns_section section, const char *key,
                          struct json *out)
{
    struct reader r = dns_section_reader(m, section);
    struct dns_record record;
    if (!any_shown(m, section))
        return;
    json_array(out, key);
    for (uint32_t i = 0; i < m->records[section] && dns_read_record(&r, section, &record); i++)
        if (section == DNS_QUESTIONS || is_shown(&record))
            write_record(m, section, &record, out);
    json_end_array(out);
}

static bool is_grouped(uint16_t type)
{
    static const uint16_t types[] = {DNS_A,   DNS_AAAA, DNS_NS,  DNS_CNAME, DNS_PTR,  DNS_MX,
                                     DNS_TXT, DNS_NULL, DNS_SOA, DNS_SRV,   DNS_SSHFP};
    for (size_t i = 0; i < ARRAY_COUNT(types); i++)
        if (types[i] == type)
            return true;
    return false;
}

static bool type_came_before(const struct dns_message *m, uint32_t index, uint16_t type)
{
    struct reader r = dns_section_reader(m, DNS_ANSWERS);
    struct dns_record record;
    for (uint32_t i = 0; i < index && dns_read_record(&r, DNS_ANSWERS, &record); i++)
        if (record.type == type)
            return true;
    return false;
}

static void write_group(const struct dns_message *m, struct reader r,
                        const struct dns_record *first, uint32_t left, struct json *out)
{
    char number[8];
    struct dns_record record = *first;
    json_array(out, dns_type_name(first->type, number));
    do
        if (record.type == first->type)
            dns_show_data(m, &record, NULL, out);
    while (left-- && dns_read_record(&r, DNS_ANSWERS, &record));
    json_end_array(out);
}

/* Answers by type. */
static void write_grouped(const struct dns_message *m, struct json *out)
{
    struct reader r = dns_section_reader(m, DNS_ANSWERS);
    struct dns_record record;
    if (!m->records[DNS_ANSWERS])
        return;
    json_object(out, "grouped");
    for (uint32_t i = 0; i < m->records[DNS_ANSWERS] && dns_read_record(&r, DNS_ANSWERS, &record);
         i++)
        if (is_grouped(record.type) && !type_came_before(m, i, record.type))
            write_group(m, r, &record, m->records[DNS_ANSWERS] - i - 1u, out);
    json_end_object(out);
}

static void write_flags(const struct dns_head *head, struct json *out)
{
    static const struct {
        const char *name;
        uint16_t bit;
    } flags[] = {{"qr", 0x8000}, {"aa", 0x0400}, {"tc", 0x0200},
                 {"rd", 0x0100}, {"ra", 0x0080}, {"z", 0x0040}};
    char hex[8];
    snprintf(hex, sizeof(hex), "%x", head->flags);
    json_text(out, "flags", hex);
    for (size_t i = 0; i < ARRAY_COUNT(flags); i++)
        if (head->flags & flags[i].bit)
            json_bool(out, flags[i].name, true);
}

static const char *rcode_name(const struct dns_head *head, char number[8])
{
    unsigned code = head->flags & 0x0f;
    if (code < ARRAY_COUNT(rcode_names))
        return rcode_names[code];
    snprintf(number, DNS_NUMBER_BYTES, "%u", code);
    return number;
}

static void log_answers(const struct dns_message *dns, const struct app_log *log, struct json *out)
{
    if (log->in_alert || log->dns_detailed)
        write_section(dns, DNS_ANSWERS, "answers", out);
    if (!log->in_alert && log->dns_grouped)
        write_grouped(dns, out);
    write_section(dns, DNS_AUTHORITIES, "authorities", out);
}

static void log_3(const struct tx *tx, const struct app_log *log, struct json *out)
{
    const struct dns_message *dns = dns_message_of(tx);
    char number[8];
    json_uint(out, "version", 3);
    json_text(out, "type", dns_is_response(&dns->head) ? "response" : "request");
    json_uint(out, "tx_id", tx->id);
    json_uint(out, "id", dns->head.id);
    write_flags(&dns->head, out);
    json_uint(out, "opcode", dns_opcode(&dns->head));
    json_text(out, "rcode", rcode_name(&dns->head, number));
    write_section(dns, DNS_QUESTIONS, "queries", out);
    log_answers(dns, log, out);
    write_section(dns, DNS_ADDITIONALS, "additionals", out);
}

/* The first question stands for all: that there be more than one is forbidden by now (RFC 9619). */
static void log_2(const struct tx *tx, const struct app_log *log, struct json *out)
{
    const struct dns_message *dns = dns_message_of(tx);
    char number[8];
    struct dns_record question;
    bool is_response = dns_is_response(&dns->head);
    json_uint(out, "version", 2);
    json_text(out, "type", is_response ? "answer" : "query");
    json_uint(out, "id", dns->head.id);
    if (is_response) {
        write_flags(&dns->head, out);
        json_uint(out, "opcode", dns_opcode(&dns->head));
    }
    if (dns_record_at(dns, DNS_QUESTIONS, 0, &question)) {
        dns_show_name(dns, question.name_at, "rrname", out);
        json_text(out, "rrtype", dns_type_name(question.type, number));
    }
    if (is_response) {
        json_text(out, "rcode", rcode_name(&dns->head, number));
        log_answers(dns, log, out);
    } else {
        json_uint(out, "tx_id", tx->id);
        json_uint(out, "opcode", dns_opcode(&dns->head));
    }
}

void dns_log(const struct tx *tx, const struct app_conf *conf, struct json *out)
{
    if (conf->log.dns_version == 2 && !conf->log.in_alert)
        log_2(tx, &conf->log, out);
    else
        log_3(tx, &conf->log, out);
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
