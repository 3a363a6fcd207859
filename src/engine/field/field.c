#include "engine/field/field.h"

#include <assert.h>

/* Suricata's names: as they stand in app_proto of EVE and in a rule's place of the protocol. */
static const char *const proto_names[APP_PROTO_COUNT] = {
    [APP_UNKNOWN] = "unknown",
    [APP_FAILED] = "failed",
    [APP_HTTP1] = "http",
    [APP_HTTP2] = "http2",
    [APP_DOH2] = "doh2",
    [APP_TLS] = "tls",
    [APP_DNS] = "dns",
    [APP_SMTP] = "smtp",
    [APP_POP3] = "pop3",
    [APP_IMAP] = "imap",
    [APP_FTP] = "ftp",
    [APP_FTP_DATA] = "ftp-data",
    [APP_SMB] = "smb",
    [APP_DCERPC] = "dcerpc",
    [APP_SSH] = "ssh",
    [APP_RDP] = "rdp",
    [APP_TELNET] = "telnet",
    [APP_DHCP] = "dhcp",
    [APP_QUIC] = "quic",
    [APP_MDNS] = "mdns",
    [APP_LLMNR] = "llmnr",
    [APP_NTP] = "ntp",
    [APP_SNMP] = "snmp",
    [APP_TFTP] = "tftp",
    [APP_IKE] = "ike",
    [APP_KRB5] = "krb5",
    [APP_LDAP] = "ldap",
    [APP_SIP] = "sip",
    [APP_RFB] = "rfb",
    [APP_MQTT] = "mqtt",
    [APP_NFS] = "nfs",
    [APP_PGSQL] = "pgsql",
    [APP_MODBUS] = "modbus",
    [APP_DNP3] = "dnp3",
    [APP_ENIP] = "enip",
    [APP_WEBSOCKET] = "websocket",
    [APP_BITTORRENT_DHT] = "bittorrent-dht",
    [APP_FRAME] = "frame",
};

#define PROTO_BIT(proto) (UINT64_C(1) << (proto))

/* Names in rules that mean something else than the one protocol of that name. */
static const struct {
    const char *name;
    uint64_t mask;
} proto_aliases[] = {
    {"http", PROTO_BIT(APP_HTTP1) | PROTO_BIT(APP_HTTP2)},
    {"http1", PROTO_BIT(APP_HTTP1)},
    /* DNS over HTTP/2 is both; where no message came yet, it is still HTTP/2 */
    {"http2", PROTO_BIT(APP_HTTP2) | PROTO_BIT(APP_DOH2)},
    {"dns", PROTO_BIT(APP_DNS) | PROTO_BIT(APP_DOH2)},
    {"doh2", PROTO_BIT(APP_DOH2) | PROTO_BIT(APP_HTTP2)},
    {"ssl", PROTO_BIT(APP_TLS)},
    {"ikev2", PROTO_BIT(APP_IKE)},
    /* DCERPC also travels in SMB's named pipes */
    {"dcerpc", PROTO_BIT(APP_DCERPC) | PROTO_BIT(APP_SMB)},
};

const char *app_proto_name(enum app_proto proto)
{
    assert((unsigned)proto < APP_PROTO_COUNT);
    return proto_names[proto];
}

uint64_t app_proto_mask_own(uint64_t mask)
{
    return mask & PROTO_BIT(APP_DCERPC) ? mask & ~PROTO_BIT(APP_SMB) : mask;
}

uint64_t app_proto_mask(struct str name)
{
    for (size_t i = 0; i < ARRAY_COUNT(proto_aliases); i++)
        if (str_eq_nocase(name, str_c(proto_aliases[i].name)))
            return proto_aliases[i].mask;
    for (size_t i = 0; i < APP_PROTO_COUNT; i++)
        if (i != APP_FRAME && str_eq_nocase(name, str_c(proto_names[i])))
            return PROTO_BIT(i);
    return 0;
}

uint64_t app_proto_log_mask(struct str name)
{
    for (size_t i = 0; i < APP_PROTO_COUNT; i++)
        if (i != APP_HTTP1 && i != APP_FRAME && str_eq_nocase(name, str_c(proto_names[i])))
            return PROTO_BIT(i);
    return app_proto_mask(name);
}

static struct field_entry *entry_of(struct field_table *t, const struct field_desc *row,
                                    struct err *err)
{
    struct field_entry *e = map_get(&t->by_name, str_c(row->name));
    if (e)
        return e;
    if (t->count == FIELD_MAX) {
        err_set(err, "field \"%s\": more than %d names", row->name, FIELD_MAX);
        return NULL;
    }
    e = &t->entries[t->count];
    e->name = row->name;
    e->kind = row->kind;
    if (map_put(&t->by_name, str_c(row->name), e) < 0) {
        err_set(err, "field \"%s\": out of memory", row->name);
        return NULL;
    }
    t->count++;
    return e;
}

static int add_row(struct field_table *t, const struct field_desc *row, struct err *err)
{
    struct field_entry *e = entry_of(t, row, err);
    if (!e)
        return -1;
    if (e->kind != row->kind)
        return err_set(err, "field \"%s\": %s gives another kind than an earlier protocol",
                       row->name, app_proto_name(row->proto));
    if (e->of_proto[row->proto])
        return err_set(err, "field \"%s\": %s gives it twice", row->name,
                       app_proto_name(row->proto));
    e->multi |= row->multi;
    e->dirs |= row->dirs;
    e->words = e->words ? e->words : row->words;
    e->words_are_bits |= row->words_are_bits;
    e->protos |= PROTO_BIT(row->proto);
    e->of_proto[row->proto] = row;
    return 0;
}

int field_table_init(struct field_table *t, const struct field_list *lists, size_t count,
                     struct err *err)
{
    memset(t, 0, sizeof *t);
    map_init(&t->by_name, FIELD_MAX);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < lists[i].count; k++)
            if (add_row(t, &lists[i].rows[k], err) < 0) {
                field_table_fini(t);
                return -1;
            }
    return 0;
}

void field_table_fini(struct field_table *t)
{
    map_fini(&t->by_name);
    t->count = 0;
}

uint32_t field_find(const struct field_table *t, struct str name)
{
    const struct field_entry *e = map_get(&t->by_name, name);
    return e ? (uint32_t)(e - t->entries) : FIELD_NONE;
}
