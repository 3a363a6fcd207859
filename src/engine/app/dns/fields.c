#include "engine/app/dns/message.h"

static bool query_name(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                       struct str *out)
{
    (void)dir;
    return dns_record_name(dns_message_of(tx), DNS_QUESTIONS, index, scratch, out);
}

static bool answer_name(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                        struct str *out)
{
    (void)dir;
    return dns_record_name(dns_message_of(tx), DNS_ANSWERS, index, scratch, out);
}

static bool authority_name(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                           struct str *out)
{
    (void)dir;
    return dns_record_name(dns_message_of(tx), DNS_AUTHORITIES, index, scratch, out);
}

static bool additional_name(const struct tx *tx, enum dir dir, uint32_t index,
                            struct arena *scratch, struct str *out)
{
    (void)dir;
    return dns_record_name(dns_message_of(tx), DNS_ADDITIONALS, index, scratch, out);
}

static bool response_name(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                          struct str *out)
{
    (void)dir;
    return dns_any_name(dns_message_of(tx), index, scratch, out);
}

static bool opcode(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    (void)dir;
    *out = dns_opcode(&dns_message_of(tx)->head);
    return index == 0;
}

static bool rcode(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    (void)dir;
    *out = dns_rcode(&dns_message_of(tx)->head);
    return index == 0;
}

/* Types of the questions; of a response its answers' too. */
static bool rrtype(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    (void)dir;
    return dns_rrtype(dns_message_of(tx), index, out);
}

#define DNS_BYTES(text, where, fn)                                                                 \
    {                                                                                              \
        .name = (text), .proto = APP_DNS, .dirs = (where), .ready_at = {TX_COMPLETE, TX_COMPLETE}, \
        .kind = FIELD_BYTES, .multi = true, .bytes = (fn)                                          \
    }
#define DNS_NUMBER(text, several, fn)                                                   \
    {                                                                                   \
        .name = (text), .proto = APP_DNS, .dirs = DIR_BOTH,                             \
        .ready_at = {TX_COMPLETE, TX_COMPLETE}, .kind = FIELD_UINT, .multi = (several), \
        .number = (fn)                                                                  \
    }

const struct field_desc dns_fields[DNS_FIELDS] = {
    DNS_BYTES("dns.query", DIR_BIT(DIR_TOSERVER), query_name),
    DNS_BYTES("dns.queries.rrname", DIR_BOTH, query_name),
    DNS_BYTES("dns.answers.rrname", DIR_BOTH, answer_name),
    DNS_BYTES("dns.authorities.rrname", DIR_BOTH, authority_name),
    DNS_BYTES("dns.additionals.rrname", DIR_BOTH, additional_name),
    DNS_BYTES("dns.response.rrname", DIR_BIT(DIR_TOCLIENT), response_name),
    DNS_NUMBER("dns.opcode", false, opcode),
    DNS_NUMBER("dns.rcode", false, rcode),
    DNS_NUMBER("dns.rrtype", true, rrtype),
};
