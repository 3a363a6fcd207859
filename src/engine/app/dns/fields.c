#include "engine/app/dns/message.h"

/* The name of the index-th record of a section, made in scratch. */
static bool record_name(const struct tx *tx, enum dns_section section, uint32_t index,
                        struct arena *scratch, struct str *out)
{
    const struct dns_tx *dns = dns_tx_of(tx);
    struct dns_record record;
    char name[DNS_NAME_MAX];
    size_t len;
    if (!dns_record_at(dns, section, index, &record))
        return false;
    /* What could be read of a damaged name is looked at as well. */
    dns_name_text(str_of(dns->bytes, dns->len), record.name_at, name, &len);
    *out = arena_copy(scratch, str_of(name, len));
    return out->p != NULL;
}

static bool query_name(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                       struct str *out)
{
    (void)dir;
    return record_name(tx, DNS_QUESTIONS, index, scratch, out);
}

static bool answer_name(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                        struct str *out)
{
    (void)dir;
    return record_name(tx, DNS_ANSWERS, index, scratch, out);
}

static bool authority_name(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                           struct str *out)
{
    (void)dir;
    return record_name(tx, DNS_AUTHORITIES, index, scratch, out);
}

static bool additional_name(const struct tx *tx, enum dir dir, uint32_t index,
                            struct arena *scratch, struct str *out)
{
    (void)dir;
    return record_name(tx, DNS_ADDITIONALS, index, scratch, out);
}

/* Where the data of a record is a name (RFC 1035 section 3.3), that begins so far in it; -1: it is none. */
static int name_in_data(uint16_t type)
{
    switch (type) {
    case DNS_NS:
    case DNS_CNAME:
    case DNS_SOA:
    case DNS_PTR: return 0;
    case DNS_MX: return 2;
    default: return -1;
    }
}

/* Every name of a response, section after section; and where the data is a name, that too. Each record that is not a question
 * has two places; a record without a name in its data shows its own name twice. */
static bool response_name(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                          struct str *out)
{
    const struct dns_tx *dns = dns_tx_of(tx);
    struct dns_record record;
    char name[DNS_NAME_MAX];
    size_t len;
    (void)dir;
    if (index < dns->records[DNS_QUESTIONS])
        return record_name(tx, DNS_QUESTIONS, index, scratch, out);
    index -= dns->records[DNS_QUESTIONS];
    bool in_data = index % 2;
    index /= 2;
    enum dns_section s = DNS_ANSWERS;
    for (; s < DNS_SECTIONS && index >= dns->records[s]; s++)
        index -= dns->records[s];
    if (s == DNS_SECTIONS || !dns_record_at(dns, s, index, &record))
        return false;
    int at = in_data ? name_in_data(record.type) : -1;
    dns_name_text(str_of(dns->bytes, dns->len),
                  at < 0 ? record.name_at : record.data_at + (uint32_t)at, name, &len);
    *out = arena_copy(scratch, str_of(name, len));
    return out->p != NULL;
}

static bool opcode(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    (void)dir;
    *out = dns_opcode(&dns_tx_of(tx)->head);
    return index == 0;
}

static bool rcode(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    (void)dir;
    *out = dns_tx_of(tx)->head.flags & 0x0f;
    return index == 0;
}

/* Types of the questions; of a response its answers' too. */
static bool rrtype(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    const struct dns_tx *dns = dns_tx_of(tx);
    (void)dir;
    struct dns_record record;
    bool is_question = index < dns->records[DNS_QUESTIONS];
    enum dns_section s = is_question ? DNS_QUESTIONS : DNS_ANSWERS;
    if (!dns_record_at(dns, s, is_question ? index : index - dns->records[DNS_QUESTIONS], &record))
        return false;
    *out = record.type;
    return true;
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
