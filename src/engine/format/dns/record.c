#include "engine/format/dns/dns.h"

#include <stdio.h>

/* EVE's "dns" object, version 3 (Suricata 8) and version 2 (Suricata 4.1 to 7). */

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
    unsigned code = dns_rcode(head);
    if (code < ARRAY_COUNT(rcode_names))
        return rcode_names[code];
    snprintf(number, DNS_NUMBER_BYTES, "%u", code);
    return number;
}

static void write_answers(const struct dns_message *dns, const struct dns_form *form,
                          struct json *out)
{
    if (form->detailed)
        write_section(dns, DNS_ANSWERS, "answers", out);
    if (form->grouped)
        write_grouped(dns, out);
    write_section(dns, DNS_AUTHORITIES, "authorities", out);
}

static void write_3(const struct dns_message *dns, const struct dns_form *form, struct json *out)
{
    char number[8];
    json_uint(out, "version", 3);
    json_text(out, "type", dns_is_response(&dns->head) ? "response" : "request");
    json_uint(out, "tx_id", form->tx_id);
    json_uint(out, "id", dns->head.id);
    write_flags(&dns->head, out);
    json_uint(out, "opcode", dns_opcode(&dns->head));
    json_text(out, "rcode", rcode_name(&dns->head, number));
    write_section(dns, DNS_QUESTIONS, "queries", out);
    write_answers(dns, form, out);
    write_section(dns, DNS_ADDITIONALS, "additionals", out);
}

/* The first question stands for all: that there be more than one is forbidden by now (RFC 9619). */
static void write_2(const struct dns_message *dns, const struct dns_form *form, struct json *out)
{
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
        write_answers(dns, form, out);
    } else {
        json_uint(out, "tx_id", form->tx_id);
        json_uint(out, "opcode", dns_opcode(&dns->head));
    }
}

void dns_show_message(const struct dns_message *m, const struct dns_form *form, struct json *out)
{
    if (form->version == 2)
        write_2(m, form, out);
    else
        write_3(m, form, out);
}
