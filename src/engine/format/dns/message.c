#include "engine/format/dns/dns.h"

bool dns_read_head(struct reader *r, struct dns_head *head)
{
    head->id = reader_u16(r);
    head->flags = reader_u16(r);
    for (size_t i = 0; i < DNS_SECTIONS; i++)
        head->counts[i] = reader_u16(r);
    return !r->bad;
}

bool dns_skip_name(struct reader *r)
{
    for (;;) {
        uint8_t size = reader_u8(r);
        if (r->bad)
            return false;
        if (size == 0)
            return true;
        if ((size & 0xc0) == 0xc0) {
            reader_u8(r);
            return !r->bad;
        }
        if (size & 0xc0)
            return false;
        reader_skip(r, size);
    }
}

bool dns_read_record(struct reader *r, enum dns_section section, struct dns_record *out)
{
    *out = (struct dns_record){.name_at = (uint32_t)r->at};
    if (!dns_skip_name(r))
        return false;
    out->type = reader_u16(r);
    out->class = reader_u16(r);
    if (section == DNS_QUESTIONS)
        return !r->bad;
    out->ttl = reader_u32(r);
    uint16_t len = reader_u16(r);
    out->data_at = (uint32_t)r->at;
    out->data = reader_str(r, len);
    return !r->bad;
}

enum dns_name dns_name_text(struct str message, uint32_t at, char *out, size_t *len)
{
    struct reader r = reader_of(message);
    *len = 0;
    reader_skip(&r, at);
    for (uint32_t jumps = 0; jumps < DNS_JUMPS_MAX;) {
        uint8_t size = reader_u8(&r);
        if (r.bad)
            return DNS_NAME_BAD;
        if (size == 0)
            return DNS_NAME_OK;
        if ((size & 0xc0) == 0xc0) {
            size_t target = (size_t)(size & 0x3f) << 8 | reader_u8(&r);
            if (r.bad || target >= message.len)
                return DNS_NAME_BAD;
            r.at = target;
            jumps++;
            continue;
        }
        struct str label = reader_str(&r, size);
        if (r.bad || (size & 0xc0))
            return DNS_NAME_BAD;
        if (*len)
            out[(*len)++] = '.';
        size_t room = DNS_NAME_MAX - *len;
        size_t part = size < room ? size : room;
        memcpy(out + *len, label.p, part);
        *len += part;
        if (part < size || *len == DNS_NAME_MAX)
            return DNS_NAME_LONG;
    }
    return DNS_NAME_LOOP;
}

struct reader dns_section_reader(const struct dns_message *m, enum dns_section section)
{
    struct reader r = reader_of(str_of(m->bytes, m->len));
    reader_skip(&r, m->section_at[section]);
    return r;
}

bool dns_record_at(const struct dns_message *m, enum dns_section section, uint32_t index,
                   struct dns_record *out)
{
    if (index >= m->records[section])
        return false;
    struct reader r = reader_of(str_of(m->bytes, m->len));
    reader_skip(&r, m->step_at[section][index / DNS_STEP]);
    for (uint32_t i = 0; i <= index % DNS_STEP; i++)
        if (!dns_read_record(&r, section, out))
            return false;
    return true;
}

/* ---- a message ---- */

static uint32_t walk_section(struct dns_message *m, enum dns_section section, struct reader *r)
{
    static const uint8_t too_many[DNS_SECTIONS] = {
        DNS_EVENT_TOO_MANY_QUESTIONS, DNS_EVENT_TOO_MANY_ANSWERS, DNS_EVENT_TOO_MANY_AUTHORITIES,
        DNS_EVENT_TOO_MANY_ADDITIONALS};
    struct dns_record record;
    m->section_at[section] = (uint32_t)r->at;
    for (uint32_t i = 0; i < m->head.counts[section]; i++) {
        if (i == DNS_RECORDS_MAX) {
            r->bad = true;
            return 1u << too_many[section];
        }
        if (i % DNS_STEP == 0)
            m->step_at[section][i / DNS_STEP] = (uint16_t)r->at;
        if (!dns_read_record(r, section, &record)) {
            r->bad = true;
            return 1u << DNS_EVENT_MALFORMED_DATA;
        }
        m->records[section]++;
    }
    return 0;
}

/* Names are decoded when they are wanted; what is wrong with them is told now. */
static uint32_t check_names(const struct dns_message *m)
{
    char name[DNS_NAME_MAX];
    size_t len;
    struct reader r = dns_section_reader(m, DNS_QUESTIONS);
    struct dns_record record;
    uint32_t wrong = 0;
    for (uint32_t i = 0;
         i < m->records[DNS_QUESTIONS] && dns_read_record(&r, DNS_QUESTIONS, &record); i++) {
        enum dns_name result = dns_name_text(str_of(m->bytes, m->len), record.name_at, name, &len);
        if (result == DNS_NAME_LONG)
            wrong |= 1u << DNS_EVENT_NAME_TOO_LONG;
        else if (result == DNS_NAME_LOOP)
            wrong |= 1u << DNS_EVENT_INFINITE_LOOP;
        else if (result == DNS_NAME_BAD)
            wrong |= 1u << DNS_EVENT_MALFORMED_DATA;
    }
    return wrong;
}

uint32_t dns_message_init(struct dns_message *m, struct budget *mem, const struct dns_head *head,
                          struct str bytes)
{
    struct reader r = reader_of(bytes);
    uint32_t wrong = 0;
    m->head = *head;
    m->bytes = budget_alloc(mem, bytes.len);
    if (!m->bytes)
        return 0;
    memcpy(m->bytes, bytes.p, bytes.len);
    m->len = (uint32_t)bytes.len;
    reader_skip(&r, DNS_HEADER_BYTES);
    for (enum dns_section s = 0; s < DNS_SECTIONS && !r.bad; s++)
        wrong |= walk_section(m, s, &r);
    return wrong | check_names(m);
}

void dns_message_fini(struct dns_message *m, struct budget *mem)
{
    budget_give(mem, m->bytes, m->len);
    m->bytes = NULL;
}

bool dns_record_name(const struct dns_message *m, enum dns_section section, uint32_t index,
                     struct arena *scratch, struct str *out)
{
    struct dns_record record;
    char name[DNS_NAME_MAX];
    size_t len;
    if (!dns_record_at(m, section, index, &record))
        return false;
    /* What could be read of a damaged name is looked at as well. */
    dns_name_text(str_of(m->bytes, m->len), record.name_at, name, &len);
    if (len == 0)
        return false;
    *out = arena_copy(scratch, str_of(name, len));
    return out->p != NULL;
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

bool dns_any_name(const struct dns_message *m, uint32_t index, struct arena *scratch,
                  struct str *out)
{
    struct dns_record record;
    char name[DNS_NAME_MAX];
    size_t len;
    if (index < m->records[DNS_QUESTIONS])
        return dns_record_name(m, DNS_QUESTIONS, index, scratch, out);
    index -= m->records[DNS_QUESTIONS];
    bool in_data = index % 2;
    index /= 2;
    enum dns_section s = DNS_ANSWERS;
    for (; s < DNS_SECTIONS && index >= m->records[s]; s++)
        index -= m->records[s];
    if (s == DNS_SECTIONS || !dns_record_at(m, s, index, &record))
        return false;
    int at = in_data ? name_in_data(record.type) : -1;
    dns_name_text(str_of(m->bytes, m->len), at < 0 ? record.name_at : record.data_at + (uint32_t)at,
                  name, &len);
    if (len == 0)
        return false;
    *out = arena_copy(scratch, str_of(name, len));
    return out->p != NULL;
}

bool dns_rrtype(const struct dns_message *m, uint32_t index, uint64_t *out)
{
    struct dns_record record;
    bool is_question = index < m->records[DNS_QUESTIONS];
    enum dns_section s = is_question ? DNS_QUESTIONS : DNS_ANSWERS;
    if (!dns_record_at(m, s, is_question ? index : index - m->records[DNS_QUESTIONS], &record))
        return false;
    *out = record.type;
    return true;
}
