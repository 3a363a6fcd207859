#include "engine/app/dns/message.h"

enum parse dns_read_head(struct reader *r, struct dns_head *head)
{
    head->id = reader_u16(r);
    head->flags = reader_u16(r);
    for (size_t i = 0; i < DNS_SECTIONS; i++)
        head->counts[i] = reader_u16(r);
    return r->bad ? PARSE_BAD : PARSE_OK;
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

struct reader dns_section_reader(const struct dns_tx *tx, enum dns_section section)
{
    struct reader r = reader_of(str_of(tx->bytes, tx->len));
    reader_skip(&r, tx->section_at[section]);
    return r;
}

bool dns_record_at(const struct dns_tx *tx, enum dns_section section, uint32_t index,
                   struct dns_record *out)
{
    if (index >= tx->records[section])
        return false;
    struct reader r = reader_of(str_of(tx->bytes, tx->len));
    reader_skip(&r, tx->step_at[section][index / DNS_STEP]);
    for (uint32_t i = 0; i <= index % DNS_STEP; i++)
        if (!dns_read_record(&r, section, out))
            return false;
    return true;
}
