/* field: the vocabulary between parsers and rules.
 *
 * A parser publishes const rows (struct field_desc): "http.uri: bytes, of an HTTP transaction, client to server, ready
 * once the request line is read, this function gives it". A rule names a field; neither includes the other. The carrier
 * of the facts is the transaction (struct tx), which every parser embeds as the first member of its own.
 *
 * Way in:    engine.c collects all rows into one field_table at start; its ids are dense, so sets of fields are bit masks.
 * Way out:   rule/ looks a name up; match/ fetches values by (id, protocol of the transaction).
 * Memory:    rows are const; the table lives as long as the engine's start; values are borrowed from the transaction or
 *            made in the scratch arena that the caller hands in.
 * Threads:   the table is read-only after field_table_init.
 */
#ifndef ENGINE_FIELD_FIELD_H
#define ENGINE_FIELD_FIELD_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/map.h"
#include "base/str.h"

/* One byte: flows carry several. */
enum __attribute__((packed)) app_proto {
    APP_UNKNOWN, /* not known yet */
    APP_FAILED,  /* looked at enough bytes: none of ours */
    APP_HTTP1,
    APP_HTTP2,
    APP_DOH2, /* HTTP/2 that carries DNS messages (RFC 8484) */
    APP_TLS,
    APP_DNS,
    APP_SMTP,
    APP_POP3,
    APP_IMAP,
    APP_FTP,
    APP_FTP_DATA,
    APP_SMB,
    APP_DCERPC,
    APP_SSH,
    APP_RDP,
    APP_TELNET,
    APP_DHCP,
    APP_QUIC,
    APP_MDNS,
    APP_LLMNR,
    APP_NTP,
    APP_SNMP,
    APP_TFTP,
    APP_IKE,
    APP_KRB5,
    APP_LDAP,
    APP_SIP,
    APP_RFB,
    APP_MQTT,
    APP_NFS,
    APP_PGSQL,
    APP_MODBUS,
    APP_DNP3,
    APP_ENIP,
    APP_WEBSOCKET,
    APP_BITTORRENT_DHT,
    APP_FRAME, /* no protocol: a stretch of a stream that a parser has named (app/frame.c) */
    APP_PROTO_COUNT
};

/* Events are the bits of one word: a flow has its parser's below this one and those of the search for the protocol from it on, a
 * transaction has its parser's alone. */
#define APP_FLOW_EVENTS 58

/* Suricata's name of the protocol in rules and in app_proto ("http", "tls", "dns" ...); "unknown", "failed". */
const char *app_proto_name(enum app_proto proto);
/* The rule language's protocol name as a mask of 1 << app_proto ("http" means HTTP/1 and HTTP/2); 0: no such name. */
uint64_t app_proto_mask(struct str name);
/* Without those that only carry one of the others: DCERPC in SMB's pipes has no stream and no transactions of its own. */
uint64_t app_proto_mask_own(uint64_t mask);
/* As a log's `types` names it: as above, and what carries that protocol inside is not meant. */
uint64_t app_proto_log_mask(struct str name);

enum dir {
    DIR_TOSERVER, /* from the side that opened the flow */
    DIR_TOCLIENT,
};
#define DIR_COUNT 2
#define DIR_BIT(dir) ((uint8_t)(1u << (dir)))
#define DIR_BOTH 3u

static inline enum dir dir_other(enum dir dir)
{
    return dir == DIR_TOSERVER ? DIR_TOCLIENT : DIR_TOSERVER;
}

/* Progress of a transaction in one direction: each parser has its own growing small numbers; this one is "all read". */
#define TX_COMPLETE 31

struct tx_match; /* what rules remember of a transaction; owned by match/ */
struct file;     /* file/file.h */

/* One exchange of a protocol: an HTTP request and its response, a DNS message, a TLS handshake, a mail.
 * A parser's own structure begins with it. */
struct tx {
    uint64_t id;         /* counts from 0 within the flow */
    int64_t first_us;    /* time of the packet that began it */
    uint64_t events;     /* bits: numbers of the parser's own event rows */
    uint64_t events_new; /* of these, not yet reported as anomaly */
    enum app_proto proto;
    uint8_t progress[DIR_COUNT];
    uint8_t dirs;            /* DIR_BIT()s in which there is or will be anything to inspect */
    uint8_t inspected_done;  /* DIR_BIT()s finished by match/ */
    uint8_t files_wanted;    /* DIR_BIT()s: files that begin from now on are to be kept */
    bool logged;             /* its event is written */
    bool updated[DIR_COUNT]; /* something new in that direction since match/ last looked */
    struct tx_match *match[DIR_COUNT];
    struct file *files; /* in order of appearance, either direction */
    struct tx *next;
};

enum field_kind {
    FIELD_BYTES,  /* a value that is whole once ready */
    FIELD_WINDOW, /* a growing body: looked at in pieces while it passes */
    FIELD_UINT,   /* a number */
};

/* A piece of a growing body. */
struct field_window {
    struct str bytes;
    uint64_t offset; /* of bytes.p[0] in the body */
    bool end;        /* the body ends with these bytes */
};

/* FIELD_UINT, multi: this place has no number, and no comparison holds; further ones may have. */
#define FIELD_NUMBER_NONE UINT64_MAX

/* A name that rules may say instead of a number; a table of them ends with name NULL. */
struct number_word {
    const char *name;
    uint64_t number;
};

struct field_desc {
    const char *name;     /* "http.uri": the rule language's name of the sticky buffer or keyword */
    enum app_proto proto; /* whose transactions carry it */
    uint8_t dirs;         /* DIR_BIT()s in which it is inspected */
    uint8_t ready_at[DIR_COUNT]; /* smallest progress at which it can be asked for */
    enum field_kind kind;
    bool multi; /* several values: asked for with index 0, 1, 2 ... until false */
    /* FIELD_BYTES: value `index` (0 unless multi). False: there is none. Borrowed from tx or made in scratch. */
    bool (*bytes)(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                  struct str *out);
    /* FIELD_WINDOW: what is to be looked at now. False: nothing (yet). multi: file by file. */
    bool (*window)(const struct tx *tx, enum dir dir, uint32_t index, struct field_window *out);
    /* FIELD_UINT */
    bool (*number)(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out);
    const struct number_word *words; /* of FIELD_UINT; NULL: it is said in digits */
    bool words_are_bits;             /* "dup,!retain": bits that are set and bits that are not */
    uint8_t
        again_at; /* FIELD_BYTES: from this progress on the value is looked at once more, when `again` says so; 0: never.
                       * What a literal of this field names then may hold a second time, as with Suricata's trailers */
    bool (*again)(const struct tx *tx, enum dir dir);
    bool growing; /* FIELD_UINT, multi: more values may come until the progress is complete */
};

struct field_list {
    const struct field_desc *rows;
    size_t count;
};

#define FIELD_MAX 512 /* names; a const limit because demand masks are fixed arrays */
#define FIELD_NONE 0xffffu

/* Which fields some live rule wants. */
struct field_mask {
    uint64_t words[FIELD_MAX / 64];
};

static inline bool field_mask_has(const struct field_mask *m, uint32_t id)
{
    return m->words[id / 64] >> (id % 64) & 1;
}

static inline void field_mask_add(struct field_mask *m, uint32_t id)
{
    m->words[id / 64] |= UINT64_C(1) << (id % 64);
}

struct field_entry {
    const char *name;
    enum field_kind kind;
    bool multi;
    uint8_t dirs;                    /* of all protocols together */
    uint64_t protos;                 /* mask of 1 << app_proto */
    const struct number_word *words; /* of the first that has some */
    bool words_are_bits;
    const struct field_desc
        *of_proto[APP_PROTO_COUNT]; /* NULL where the protocol has no such field */
};

struct field_table {
    struct field_entry entries[FIELD_MAX];
    uint32_t count;
    struct map by_name;
};

/* Collects the rows of all parsers; the same name of several protocols is one entry. -1 when two rows disagree in kind
 * or there are too many names. */
NODISCARD int field_table_init(struct field_table *t, const struct field_list *lists, size_t count,
                               struct err *err);
void field_table_fini(struct field_table *t);
/* Id of a name, or FIELD_NONE. */
uint32_t field_find(const struct field_table *t, struct str name);

#endif
