/* Parts of a message as members of a log's record. */
#include "engine/format/dns/dns.h"

#include "base/ip.h"
#include "base/text.h"

#include <stdio.h>

#define TEXT_MAX 2048

struct type_name {
    uint16_t code;
    const char *name;
};

static const struct type_name type_names[] = {
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

const char *dns_type_name(uint16_t type, char number[DNS_NUMBER_BYTES])
{
    for (size_t i = 0; i < ARRAY_COUNT(type_names); i++)
        if (type_names[i].code == type)
            return type_names[i].name;
    snprintf(number, DNS_NUMBER_BYTES, "%u", type);
    return number;
}

bool dns_type_find(struct str name, uint16_t *type)
{
    for (size_t i = 0; i < ARRAY_COUNT(type_names); i++)
        if (str_eq_nocase(name, str_c(type_names[i].name))) {
            *type = type_names[i].code;
            return true;
        }
    return false;
}

void dns_show_name(const struct dns_message *m, uint32_t at, const char *key, struct json *out)
{
    char name[DNS_NAME_MAX], truncated[32];
    size_t len;
    enum dns_name result = dns_name_text(str_of(m->bytes, m->len), at, name, &len);
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

static void write_soa(const struct dns_message *m, const struct dns_record *record, const char *key,
                      struct json *out)
{
    static const char *const numbers[] = {"serial", "refresh", "retry", "expire", "minimum"};
    struct reader r = reader_of(str_of(m->bytes, m->len));
    reader_skip(&r, record->data_at);
    json_object(out, key);
    dns_show_name(m, (uint32_t)r.at, "mname", out);
    if (dns_skip_name(&r))
        dns_show_name(m, (uint32_t)r.at, "rname", out);
    if (!r.bad && dns_skip_name(&r))
        for (size_t i = 0; i < ARRAY_COUNT(numbers); i++)
            json_uint(out, numbers[i], reader_u32(&r));
    json_end_object(out);
}

static void write_srv(const struct dns_message *m, const struct dns_record *record, const char *key,
                      struct json *out)
{
    struct reader r = reader_of(record->data);
    json_object(out, key);
    json_uint(out, "priority", reader_u16(&r));
    json_uint(out, "weight", reader_u16(&r));
    json_uint(out, "port", reader_u16(&r));
    dns_show_name(m, record->data_at + 6, "name", out);
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

bool dns_show_data(const struct dns_message *m, const struct dns_record *record, const char *key,
                   struct json *out)
{
    switch (record->type) {
    case DNS_A:
    case DNS_AAAA: write_address(record->data, key, out); break;
    case DNS_NS:
    case DNS_CNAME:
    case DNS_PTR: dns_show_name(m, record->data_at, key, out); break;
    case DNS_MX: dns_show_name(m, record->data_at + 2, key, out); break;
    case DNS_TXT: write_text(record->data, key, out); break;
    case DNS_NULL: json_bytes(out, key, record->data); break;
    case DNS_SOA: write_soa(m, record, key, out); break;
    case DNS_SRV: write_srv(m, record, key, out); break;
    case DNS_SSHFP: write_sshfp(record, key, out); break;
    default: return false;
    }
    return true;
}

void dns_show_options(const struct dns_record *record, struct json *out)
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
