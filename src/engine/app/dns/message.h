/* message: a DNS message as it came, and how to walk it. */
#ifndef ENGINE_APP_DNS_MESSAGE_H
#define ENGINE_APP_DNS_MESSAGE_H

#include "base/reader.h"
#include "engine/app/app.h"

#define DNS_HEADER_BYTES 12
#define DNS_MESSAGE_MAX 65535 /* so a place in it fits 16 bits */
#define DNS_JUMPS_MAX 32
#define DNS_NAME_MAX 1025 /* text, dots included */
#define DNS_RECORDS_MAX 256
/* The place of every so many-th record is kept. To find one costs that many steps at most, not as many as there are: a message
 * of 64 KB with 256 records of 127 labels each, asked for record by record, would take a tenth of a second otherwise. */
#define DNS_STEP 16

enum dns_section { DNS_QUESTIONS, DNS_ANSWERS, DNS_AUTHORITIES, DNS_ADDITIONALS, DNS_SECTIONS };

enum dns_event {
    DNS_EVENT_MALFORMED_DATA,
    DNS_EVENT_NOT_REQUEST,
    DNS_EVENT_NOT_RESPONSE,
    DNS_EVENT_Z_FLAG_SET,
    DNS_EVENT_INVALID_OPCODE,
    DNS_EVENT_NAME_TOO_LONG,
    DNS_EVENT_INFINITE_LOOP,
    DNS_EVENT_TOO_MANY_QUESTIONS,
    DNS_EVENT_TOO_MANY_ANSWERS,
    DNS_EVENT_TOO_MANY_AUTHORITIES,
    DNS_EVENT_TOO_MANY_ADDITIONALS,
    DNS_EVENTS
};

enum dns_type {
    DNS_A = 1,
    DNS_NS = 2,
    DNS_CNAME = 5,
    DNS_SOA = 6,
    DNS_NULL = 10,
    DNS_PTR = 12,
    DNS_MX = 15,
    DNS_TXT = 16,
    DNS_AAAA = 28,
    DNS_SRV = 33,
    DNS_OPT = 41,
    DNS_SSHFP = 44,
};

struct dns_head {
    uint16_t id, flags;
    uint16_t counts[DNS_SECTIONS];
};

struct dns_tx {
    struct tx tx; /* first */
    struct dns_head head;
    uint8_t *bytes;
    uint32_t len;
    uint32_t section_at[DNS_SECTIONS]; /* where each begins */
    uint16_t records[DNS_SECTIONS];    /* that could be read */
    uint16_t step_at[DNS_SECTIONS][DNS_RECORDS_MAX / DNS_STEP];
};

static inline const struct dns_tx *dns_tx_of(const struct tx *tx)
{
    return (const struct dns_tx *)tx;
}

static inline bool dns_is_response(const struct dns_head *head)
{
    return head->flags & 0x8000;
}

static inline uint8_t dns_opcode(const struct dns_head *head)
{
    return head->flags >> 11 & 0x0f;
}

struct dns_record {
    uint32_t name_at; /* offset of its owner name */
    uint16_t type, class;
    uint32_t ttl;
    uint32_t data_at;
    struct str data; /* empty for questions */
};

NODISCARD enum parse dns_read_head(struct reader *r, struct dns_head *head);
/* Steps over a name. */
NODISCARD bool dns_skip_name(struct reader *r);
/* Steps over one record of the section and tells of it. */
NODISCARD bool dns_read_record(struct reader *r, enum dns_section section, struct dns_record *out);
enum dns_name { DNS_NAME_OK, DNS_NAME_BAD, DNS_NAME_LOOP, DNS_NAME_LONG };
/* The name at `at` as text with dots, without the last one; bytes as they are. out has DNS_NAME_MAX:
 * of a longer name that much, and DNS_NAME_LONG. */
enum dns_name dns_name_text(struct str message, uint32_t at, char *out, size_t *len);
/* A reader at the beginning of a section; call dns_read_record tx->records[section] times. */
struct reader dns_section_reader(const struct dns_tx *tx, enum dns_section section);
/* The index-th record of a section; false: there is none. */
bool dns_record_at(const struct dns_tx *tx, enum dns_section section, uint32_t index,
                   struct dns_record *out);

#define DNS_FIELDS 9
extern const struct field_desc dns_fields[DNS_FIELDS];
void dns_log_conf(struct app_log *log, const struct conf_node *settings);
bool dns_log_wants(const struct tx *tx, const struct app_log *log);
void dns_log(const struct tx *tx, const struct app_conf *conf, struct json *out);

#endif
