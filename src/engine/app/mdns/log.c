/* EVE's "mdns" object as Suricata 8 writes it: a record's data stands under the name of its type in small letters. LLMNR's is the
 * same. */
#include "engine/app/mdns/message.h"

#define TEXTS_MAX 64 /* of a TXT record */

static void type_key(uint16_t type, char key[DNS_NUMBER_BYTES * 2])
{
    char number[DNS_NUMBER_BYTES];
    const char *name = dns_type_name(type, number);
    size_t i = 0;
    for (; name[i] && i < DNS_NUMBER_BYTES * 2 - 1; i++)
        key[i] = (char)byte_lower((uint8_t)name[i]);
    key[i] = '\0';
}

/* RFC 1035 section 3.3.14: each of its texts. */
static void write_texts(struct str data, const char *key, struct json *out)
{
    struct reader r = reader_of(data);
    json_array(out, key);
    for (uint32_t i = 0; i < TEXTS_MAX && reader_left(&r); i++) {
        struct str text = reader_str(&r, reader_u8(&r));
        if (r.bad)
            break;
        json_bytes(out, NULL, text);
    }
    json_end_array(out);
}

static void write_record(const struct dns_message *m, enum dns_section section,
                         const struct dns_record *record, struct json *out)
{
    char key[DNS_NUMBER_BYTES * 2];
    type_key(record->type, key);
    json_object(out, NULL);
    dns_show_name(m, record->name_at, "rrname", out);
    if (section == DNS_QUESTIONS)
        json_text(out, "rrtype", key);
    else if (record->type == DNS_OPT)
        dns_show_options(record, out);
    else if (record->type == DNS_TXT)
        write_texts(record->data, key, out);
    else if (!dns_show_data(m, record, key, out))
        json_bytes(out, key, record->data);
    json_end_object(out);
}

/* An OPT record without options, where it belongs, says nothing. */
static bool is_shown(enum dns_section section, const struct dns_record *record)
{
    return section != DNS_ADDITIONALS || record->type != DNS_OPT || record->data.len;
}

static void write_section(const struct dns_message *m, enum dns_section section, const char *key,
                          struct json *out)
{
    struct reader r = dns_section_reader(m, section);
    struct dns_record record;
    bool any = false;
    for (uint32_t i = 0; i < m->records[section] && dns_read_record(&r, section, &record); i++) {
        if (!is_shown(section, &record))
            continue;
        if (!any)
            json_array(out, key);
        any = true;
        write_record(m, section, &record, out);
    }
    if (any)
        json_end_array(out);
}

static void write_flags(const struct dns_head *head, struct json *out)
{
    static const struct {
        const char *name;
        uint16_t bit;
    } flags[] = {{"aa", 0x0400}, {"tc", 0x0200}, {"rd", 0x0100}, {"ra", 0x0080}, {"z", 0x0040}};
    bool any = false;
    for (size_t i = 0; i < ARRAY_COUNT(flags); i++) {
        if (!(head->flags & flags[i].bit))
            continue;
        if (!any)
            json_array(out, "flags");
        any = true;
        json_text(out, NULL, flags[i].name);
    }
    if (any)
        json_end_array(out);
}

void mdns_log(const struct tx *tx, const struct app_conf *conf, struct json *out)
{
    static const char *const sections[DNS_SECTIONS] = {"queries", "answers", "authorities",
                                                       "additionals"};
    const struct dns_message *m = mdns_message_of(tx);
    (void)conf;
    json_text(out, "type", dns_is_response(&m->head) ? "response" : "request");
    json_uint(out, "id", m->head.id);
    write_flags(&m->head, out);
    json_uint(out, "opcode", dns_opcode(&m->head));
    json_uint(out, "rcode", m->head.flags & 0x0f);
    for (enum dns_section s = 0; s < DNS_SECTIONS; s++)
        write_section(m, s, sections[s], out);
}
