/* EVE's "dns" object, version 3 (Suricata 8) and version 2 (Suricata 4.1 to 7). */
#include "engine/app/dns/message.h"

#include "base/ip.h"
#include "base/text.h"

#include <stdio.h>

#define TEXT_MAX 2048

struct code_name {
    uint16_t code;
    const char *name;
};

static const struct code_name type_names[] = {
    {1, "A"},       {2, "NS"},        {3, "MD"},          {4, "MF"},     {5, "CNAME"},
    {6, "SOA"},     {7, "MB"},        {8, "MG"},          {9, "MR"},     {10, "NULL"},
    {11, "WKS"},    {12, "PTR"},      {13, "HINFO"},      {14, "MINFO"}, {15, "MX"},
    {16, "TXT"},    {17, "RP"},       {18, "AFSDB"},      {19, "X25"},   {20, "ISDN"},
    {21, "RT"},     {22, "NSAP"},     {23, "NSAPPTR"},    {24, "SIG"},   {25, "KEY"},
    {26, "PX"},     {27, "GPOS"},     {28, "AAAA"},       {29, "LOC"},   {30, "NXT"},
    {33, "SRV"},    {34, "ATMA"},     {35, "NAPTR"},      {36, "KX"},    {37, "CERT"},
    {38, "A6"},     {39, "DNAME"},    {41, "OPT"},        {42, "APL"},   {43, "DS"},
    {44, "SSHFP"},  {45, "IPSECKEY"}, {46, "RRSIG"},      {47, "NSEC"},  {48, "DNSKEY"},
    {49, "DHCID"},  {50, "NSEC3"},    {51, "NSEC3PARAM"}, {52, "TLSA"},  {53, "SMIMEA"},
    {55, "HIP"},    {59, "CDS"},      {60, "CDNSKEY"},    {64, "SVCB"},  {65, "HTTPS"},
    {99, "SPF"},    {249, "TKEY"},    {250, "TSIG"},      {251, "IXFR"}, {252, "AXFR"},
    {253, "MAILB"}, {254, "MAILA"},   {255, "ANY"},       {256, "URI"},
};

static const struct code_name rcode_names[] = {
    {0, "NOERROR"}, {1, "FORMERR"}, {2, "SERVFAIL"}, {3, "NXDOMAIN"},
    {4, "NOTIMP"},  {5, "REFUSED"}, {6, "YXDOMAIN"}, {7, "YXRRSET"},
    {8, "NXRRSET"}, {9, "NOTAUTH"}, {10, "NOTZONE"},
};

static const char *find_name(const struct code_name *names, size_t count, uint16_t code,
                             char number[8])
{
    for (size_t i = 0; i < count; i++)
        if (names[i].code == code)
            return names[i].name;
    snprintf(number, 8, "%u", code);
    return number;
}

static const char *type_name(uint16_t type, char number[8])
{
    return find_name(type_names, ARRAY_COUNT(type_names), type, number);
}

static void write_name(const struct dns_tx *tx, uint32_t at, const char *key, struct json *out)
{
    char name[DNS_NAME_MAX], truncated[32];
    size_t len;
    enum dns_name result = dns_name_text(str_of(tx->bytes, tx->len), at, name, &len);
    json_bytes(out, key, str_of(name, len));
    if (result != DNS_NAME_LONG || !key)
        return;
    snprintf(truncated, sizeof(truncated), "%s_truncated", key);
    json_bool(out, truncated, true);
}

static void write_address(struct str data, const char *key, struct json *out)
{
    struct ip ip = {.version = data.len == 4 ? 4 : 6};
    char text[IP_TEXT_BYTES];
    if (data.len != 4 && data.len != 16)
        return;
    memcpy(ip.bytes, data.p, data.len);
    json_bytes(out, key, str_of(text, ip_format_full(&ip, text)));
}

/* RFC 1035 section 3.3.14: character strings one after the other; shown joined. */
static void write_text(struct str data, const char *key, struct json *out)
{
    uint8_t text[TEXT_MAX];
    size_t len = 0;
    struct reader r = reader_of(data);
    while (reader_left(&r)) {
        struct str part = reader_str(&r, reader_u8(&r));
        if (r.bad || len + part.len > sizeof(text))
            break;
        memcpy(text + len, part.p, part.len);
        len += part.len;
    }
    json_bytes(out, key, str_of(text, len));
}

static void write_soa(const struct dns_tx *tx, const struct dns_record *record, const char *key,
                      struct json *out)
{
    static const char *const numbers[] = {"serial", "refresh", "retry", "expire", "minimum"};
    struct reader r = reader_of(str_of(tx->bytes, tx->len));
    reader_skip(&r, record->data_at);
    json_object(out, key);
    write_name(tx, (uint32_t)r.at, "mname", out);
    if (dns_skip_name(&r))
        write_name(tx, (uint32_t)r.at, "rname", out);
    if (!r.bad && dns_skip_name(&r))
        for (size_t i = 0; i < ARRAY_COUNT(numbers); i++)
            json_uint(out, numbers[i], reader_u32(&r));
    json_end_object(out);
}

static void write_srv(const struct dns_tx *tx, const struct dns_record *record, const char *key,
                      struct json *out)
{
    struct reader r = reader_of(record->data);
    json_object(out, key);
    json_uint(out, "priority", reader_u16(&r));
    json_uint(out, "weight", reader_u16(&r));
    json_uint(out, "port", reader_u16(&r));
    write_name(tx, record->data_at + 6, "name", out);
    json_end_object(out);
}

static void write_sshfp(const struct dns_record *record, const char *key, struct json *out)
{
    char hex[3 * 64 + 1];
    struct reader r = reader_of(record->data);
    json_object(out, key);
    uint8_t algorithm = reader_u8(&r), type = reader_u8(&r);
    struct str print = str_cut(reader_rest(&r), 0, 64);
    size_t len = 0;
    for (size_t i = 0; i < print.len; i++)
        len += (size_t)snprintf(hex + len, 4, i ? ":%02x" : "%02x", print.p[i]);
    json_bytes(out, "fingerprint", str_of(hex, len));
    json_uint(out, "algo", algorithm);
    json_uint(out, "type", type);
    json_end_object(out);
}

/* The data of a record in the form of its type; key NULL: as an element of "grouped". */
static void write_data(const struct dns_tx *tx, const struct dns_record *record, const char *key,
                       struct json *out)
{
    bool grouped = !key;
    switch (record->type) {
    case DNS_A:
    case DNS_AAAA: write_address(record->data, key, out); break;
    case DNS_NS:
    case DNS_CNAME:
    case DNS_PTR: write_name(tx, record->data_at, key, out); break;
    case DNS_MX: write_name(tx, record->data_at + 2, key, out); break;
    case DNS_TXT: write_text(record->data, key, out); break;
    case DNS_NULL: json_bytes(out, key, record->data); break;
    case DNS_SOA: write_soa(tx, record, grouped ? NULL : "soa", out); break;
    case DNS_SRV: write_srv(tx, record, grouped ? NULL : "srv", out); break;
    case DNS_SSHFP: write_sshfp(record, grouped ? NULL : "sshfp", out); break;
    default: break;
    }
}

/* RFC 6891 section 6.1.2. */
static void write_options(const struct dns_record *record, struct json *out)
{
    struct reader r = reader_of(record->data);
    json_array(out, "opt");
    while (reader_left(&r) >= 4) {
        char hex[2 * 256 + 1];
        uint16_t code = reader_u16(&r);
        struct str data = reader_str(&r, reader_u16(&r));
        if (r.bad)
            break;
        json_object(out, NULL);
        json_uint(out, "code", code);
        text_hex(hex, str_cut(data, 0, 256));
        json_text(out, "data", hex);
        json_end_object(out);
    }
    json_end_array(out);
}

/* An OPT record without options says nothing: Suricata leaves it out, and so do readers of its logs expect. */
static bool is_shown(const struct dns_record *record)
{
    return record->type != DNS_OPT || record->data.len;
}

static bool any_shown(const struct dns_tx *tx, enum dns_section section)
{
    struct reader r = dns_section_reader(tx, section);
    struct dns_record record;
    for (uint32_t i = 0; i < tx->records[section] && dns_read_record(&r, section, &record); i++)
        if (section == DNS_QUESTIONS || is_shown(&record))
            return true;
    return false;
}

static void write_record(const struct dns_tx *tx, enum dns_section section,
                         const struct dns_record *record, struct json *out)
{
    char number[8];
    json_object(out, NULL);
    write_name(tx, record->name_at, "rrname", out);
    json_text(out, "rrtype", type_name(record->type, number));
    if (section != DNS_QUESTIONS)
        json_uint(out, "ttl", record->ttl);
    if (section != DNS_QUESTIONS && record->type == DNS_OPT)
        write_options(record, out);
    else if (section != DNS_QUESTIONS)
        write_data(tx, record, "rdata", out);
    json_end_object(out);
}

static void write_section(const struct dns_tx *tx, enum dns_section section, const char *key,
                          struct json *out)
{
    struct reader r = dns_section_reader(tx, section);
    struct dns_record record;
    if (!any_shown(tx, section))
        return;
    json_array(out, key);
    for (uint32_t i = 0; i < tx->records[section] && dns_read_record(&r, section, &record); i++)
        if (section == DNS_QUESTIONS || is_shown(&record))
            write_record(tx, section, &record, out);
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

static bool type_came_before(const struct dns_tx *tx, uint32_t index, uint16_t type)
{
    struct reader r = dns_section_reader(tx, DNS_ANSWERS);
    struct dns_record record;
    for (uint32_t i = 0; i < index && dns_read_record(&r, DNS_ANSWERS, &record); i++)
        if (record.type == type)
            return true;
    return false;
}

static void write_group(const struct dns_tx *tx, struct reader r, const struct dns_record *first,
                        uint32_t left, struct json *out)
{
    char number[8];
    struct dns_record record = *first;
    json_array(out, type_name(first->type, number));
    do
        if (record.type == first->type)
            write_data(tx, &record, NULL, out);
    while (left-- && dns_read_record(&r, DNS_ANSWERS, &record));
    json_end_array(out);
}

/* Answers by type. */
static void write_grouped(const struct dns_tx *tx, struct json *out)
{
    struct reader r = dns_section_reader(tx, DNS_ANSWERS);
    struct dns_record record;
    if (!tx->records[DNS_ANSWERS])
        return;
    json_object(out, "grouped");
    for (uint32_t i = 0; i < tx->records[DNS_ANSWERS] && dns_read_record(&r, DNS_ANSWERS, &record);
         i++)
        if (is_grouped(record.type) && !type_came_before(tx, i, record.type))
            write_group(tx, r, &record, tx->records[DNS_ANSWERS] - i - 1u, out);
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
    return find_name(rcode_names, ARRAY_COUNT(rcode_names), head->flags & 0x0f, number);
}

static void log_answers(const struct dns_tx *dns, const struct app_log *log, struct json *out)
{
    if (log->in_alert || log->dns_detailed)
        write_section(dns, DNS_ANSWERS, "answers", out);
    if (!log->in_alert && log->dns_grouped)
        write_grouped(dns, out);
    write_section(dns, DNS_AUTHORITIES, "authorities", out);
}

static void log_3(const struct dns_tx *dns, const struct app_log *log, struct json *out)
{
    char number[8];
    json_uint(out, "version", 3);
    json_text(out, "type", dns_is_response(&dns->head) ? "response" : "request");
    json_uint(out, "tx_id", dns->tx.id);
    json_uint(out, "id", dns->head.id);
    write_flags(&dns->head, out);
    json_uint(out, "opcode", dns_opcode(&dns->head));
    json_text(out, "rcode", rcode_name(&dns->head, number));
    write_section(dns, DNS_QUESTIONS, "queries", out);
    log_answers(dns, log, out);
    write_section(dns, DNS_ADDITIONALS, "additionals", out);
}

/* The first question stands for all: that there be more than one is forbidden by now (RFC 9619). */
static void log_2(const struct dns_tx *dns, const struct app_log *log, struct json *out)
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
        write_name(dns, question.name_at, "rrname", out);
        json_text(out, "rrtype", type_name(question.type, number));
    }
    if (is_response) {
        json_text(out, "rcode", rcode_name(&dns->head, number));
        log_answers(dns, log, out);
    } else {
        json_uint(out, "tx_id", dns->tx.id);
        json_uint(out, "opcode", dns_opcode(&dns->head));
    }
}

void dns_log(const struct tx *tx, const struct app_conf *conf, struct json *out)
{
    if (conf->log.dns_version == 2 && !conf->log.in_alert)
        log_2(dns_tx_of(tx), &conf->log, out);
    else
        log_3(dns_tx_of(tx), &conf->log, out);
}

/* ---- what is wanted ---- */

static bool find_type(struct str name, uint16_t *type)
{
    for (size_t i = 0; i < ARRAY_COUNT(type_names); i++)
        if (str_eq_nocase(name, str_c(type_names[i].name))) {
            *type = type_names[i].code;
            return true;
        }
    return false;
}

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
            find_type(str_c(t->value), &log->dns_types[log->dns_type_count]))
            log->dns_type_count++;
}

/* By the type of the questions, as the answer repeats them. */
bool dns_log_wants(const struct tx *tx, const struct app_log *log)
{
    const struct dns_tx *dns = dns_tx_of(tx);
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
