/* dns: DNS messages (RFC 1035) as they stand on the wire, for every protocol that carries them: DNS itself, mDNS, LLMNR.
 *
 * Way in:    a whole message; the parser that carries it knows where it begins and ends.
 * Way out:   struct dns_message: the message as it came, walked once; names and records are read out of it when they are wanted.
 * Memory:    the copy of the message from the caller's budget; dns_message_fini gives it back. Without memory the head is there and
 *            no record.
 * Threads:   pure.
 * Limits:    compression pointers at most DNS_JUMPS_MAX in a name, names DNS_NAME_MAX, records DNS_RECORDS_MAX of each section.
 */
#ifndef ENGINE_FORMAT_DNS_DNS_H
#define ENGINE_FORMAT_DNS_DNS_H

#include "base/arena.h"
#include "base/json.h"
#include "base/reader.h"
#include "base/slab.h"

#define DNS_HEADER_BYTES 12
#define DNS_MESSAGE_MAX 65535 /* so a place in it fits 16 bits */
#define DNS_JUMPS_MAX 32
#define DNS_NAME_MAX 1025 /* text, dots included */
#define DNS_RECORDS_MAX 256
/* The place of every so many-th record is kept. To find one costs that many steps at most, not as many as there are: a message
 * of 64 KB with 256 records of 127 labels each, asked for record by record, would take a tenth of a second otherwise. */
#define DNS_STEP 16

enum dns_section { DNS_QUESTIONS, DNS_ANSWERS, DNS_AUTHORITIES, DNS_ADDITIONALS, DNS_SECTIONS };

/* What may be wrong with a message. The numbers are those of the events of each parser that reads them. */
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

/* A message in memory of its own. Begins all zero. */
struct dns_message {
    struct dns_head head;
    uint8_t *bytes;
    uint32_t len;
    uint32_t section_at[DNS_SECTIONS]; /* where each begins */
    uint16_t records[DNS_SECTIONS];    /* that could be read */
    uint16_t step_at[DNS_SECTIONS][DNS_RECORDS_MAX / DNS_STEP];
};

static inline bool dns_is_response(const struct dns_head *head)
{
    return head->flags & 0x8000;
}

static inline uint8_t dns_opcode(const struct dns_head *head)
{
    return head->flags >> 11 & 0x0f;
}

static inline uint8_t dns_rcode(const struct dns_head *head)
{
    return head->flags & 0x0f;
}

struct dns_record {
    uint32_t name_at; /* offset of its owner name */
    uint16_t type, class;
    uint32_t ttl;
    uint32_t data_at;
    struct str data; /* empty for questions */
};

/* ---- the wire ---- */

NODISCARD bool dns_read_head(struct reader *r, struct dns_head *head);
/* Steps over a name. */
NODISCARD bool dns_skip_name(struct reader *r);
/* Steps over one record of the section and tells of it. */
NODISCARD bool dns_read_record(struct reader *r, enum dns_section section, struct dns_record *out);
enum dns_name { DNS_NAME_OK, DNS_NAME_BAD, DNS_NAME_LOOP, DNS_NAME_LONG };
/* The name at `at` as text with dots, without the last one; bytes as they are. out has DNS_NAME_MAX:
 * of a longer name that much, and DNS_NAME_LONG. */
enum dns_name dns_name_text(struct str message, uint32_t at, char *out, size_t *len);

/* ---- a message ---- */

/* Copies a message whose head is `head` and walks it. Returns what is wrong with it as bits of enum dns_event. */
uint32_t dns_message_init(struct dns_message *m, struct budget *mem, const struct dns_head *head,
                          struct str bytes);
void dns_message_fini(struct dns_message *m, struct budget *mem);
/* A reader at the beginning of a section; call dns_read_record m->records[section] times. */
struct reader dns_section_reader(const struct dns_message *m, enum dns_section section);
/* The index-th record of a section; false: there is none. */
bool dns_record_at(const struct dns_message *m, enum dns_section section, uint32_t index,
                   struct dns_record *out);
/* The name of the index-th record of a section, made in scratch; what could be read of a damaged one. False: there is none,
 * or it is the root's, which has no text: with Suricata a list of names ends there. */
bool dns_record_name(const struct dns_message *m, enum dns_section section, uint32_t index,
                     struct arena *scratch, struct str *out);
/* Type of the index-th question; behind the last one, of the answers. False: there is none. */
bool dns_rrtype(const struct dns_message *m, uint32_t index, uint64_t *out);
/* Every name of a response, section after section; and where the data is a name, that too. Each record that is not a question
 * has two places; a record without a name in its data shows its own name twice. */
bool dns_any_name(const struct dns_message *m, uint32_t index, struct arena *scratch,
                  struct str *out);

/* ---- show: a message, or parts of it, as members of a log's record (show.c) ---- */

#define DNS_NUMBER_BYTES 8
/* "AAAA"; of a type without a name its number, written into `number`. */
const char *dns_type_name(uint16_t type, char number[DNS_NUMBER_BYTES]);
/* The type of a name; false: there is none. */
bool dns_type_find(struct str name, uint16_t *type);
/* The name at `at`; a name that was cut has a second member that says so. */
void dns_show_name(const struct dns_message *m, uint32_t at, const char *key, struct json *out);
/* The data of a record in the form of its type under this key; key NULL: as an element of a list. Types without a form of
 * their own: nothing, and false. */
bool dns_show_data(const struct dns_message *m, const struct dns_record *record, const char *key,
                   struct json *out);
/* How a message is written. */
struct dns_form {
    uint8_t version; /* 3 (Suricata 8) or 2 (Suricata 4.1 to 7) */
    bool detailed;   /* answers one by one */
    bool grouped;    /* answers by type */
    uint64_t tx_id;
};

/* The members of EVE's "dns" object (record.c). */
void dns_show_message(const struct dns_message *m, const struct dns_form *form, struct json *out);
/* Options of an OPT record (RFC 6891 section 6.1.2). */
void dns_show_options(const struct dns_record *record, struct json *out);

#endif
