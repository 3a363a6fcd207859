/* Fields of the parsers: older names, content modifiers, numbers that have names. Fields whose keyword has the field's own
 * name need no row: keyword.c finds them. */
#include "engine/rule/keyword.h"

/* "content:"a"; http_uri;": the content before it is looked for there. */
static int read_modifier(struct build *b, const struct keyword *k, struct str value)
{
    uint32_t id = build_field(b, str_c(k->field));
    return id == FIELD_NONE ? -1 : build_move_content(b, id);
}

static int read_sticky(struct build *b, const struct keyword *k, struct str value)
{
    uint32_t id = build_field(b, str_c(k->field));
    return id == FIELD_NONE ? -1 : build_select(b, id, b->loader->names->fields->entries[id].multi);
}

static int read_number(struct build *b, const struct keyword *k, struct str value)
{
    uint32_t id = build_field(b, str_c(k->field ? k->field : k->name));
    if (id == FIELD_NONE)
        return -1;
    struct rule_check *check = build_check(b, RULE_CHECK_FIELD_NUMBER);
    if (!check || value_unquote(b, &value, NULL) < 0)
        return -1;
    check->field = id;
    return number_read(b, value, k->max, k->words, &check->number);
}

#define NUMBERS_MAX 16

/* "tls1.0,tls1.1", "!tls1.3,tls1.2": one of them, or none of them. */
static int read_numbers(struct build *b, const struct keyword *k, struct str value)
{
    uint32_t id = build_field(b, str_c(k->field));
    struct rule_check *check = id == FIELD_NONE ? NULL : build_check(b, RULE_CHECK_FIELD_NUMBER);
    struct rule_number *others = arena_alloc(b->arena, NUMBERS_MAX * sizeof *others);
    struct str piece;
    if (!check || !others || value_unquote(b, &value, &check->negated) < 0)
        return b->reason ? -1 : build_no_memory(b);
    check->field = id;
    check->others = others;
    if (!value_next(&value, ',', &piece) ||
        number_read(b, piece, k->max, k->words, &check->number) < 0)
        return -1;
    while (value_next(&value, ',', &piece)) {
        if (check->negated && piece.len && piece.p[0] == '!')
            piece = str_trim(str_from(piece, 1));
        if (check->other_count == NUMBERS_MAX)
            return build_refuse(b, "more than %d values", NUMBERS_MAX + 1);
        struct rule_number *other = &others[check->other_count++];
        if (number_read(b, piece, k->max, k->words, other) < 0)
            return -1;
        if (other->compare != RULE_EQ)
            return build_refuse(b, "a list is negated as a whole");
    }
    return 0;
}

/* tls.subject:"CN=x": a content in a buffer of its own, as sticky buffers did not exist yet. */
static int read_text(struct build *b, const struct keyword *k, struct str value)
{
    bool negated;
    uint32_t id = build_field(b, str_c(k->field));
    if (id == FIELD_NONE || value_unquote(b, &value, &negated) < 0)
        return -1;
    if (!value.len)
        return build_refuse(b, "a text is missing");
    struct rule_buffer *into = build_buffer(b, id);
    struct rule_item *item = into ? build_item_in(b, into, RULE_CONTENT) : NULL;
    const struct rule_value none = {.variable = -1};
    if (item)
        item->content = (struct rule_content){.bytes = value,
                                              .negated = negated,
                                              .depth = none,
                                              .offset = none,
                                              .distance = none,
                                              .within = none};
    return item ? 0 : -1;
}

/* A bare word: the field of that name is not 0. */
static int read_truth(struct build *b, const struct keyword *k, struct str value)
{
    uint32_t id = build_field(b, str_c(k->field));
    struct rule_check *check = id == FIELD_NONE ? NULL : build_check(b, RULE_CHECK_FIELD_NUMBER);
    if (!check)
        return -1;
    check->field = id;
    check->number = (struct rule_number){.compare = RULE_EQ, .a = 1};
    return 0;
}

#define SSH_VERSION(major, minor) ((major)*1000 + (minor))

/* ssh.protoversion: "2.0", or "2_compat": 2.0 or 1.99, which speaks both. */
static int read_ssh_version(struct build *b, const struct keyword *k, struct str value)
{
    uint32_t id = build_field(b, str_c(k->field));
    struct rule_check *check = id == FIELD_NONE ? NULL : build_check(b, RULE_CHECK_FIELD_NUMBER);
    struct rule_number *other = arena_zalloc(b->arena, sizeof *other);
    uint64_t major, minor = 0;
    if (!check || !other || value_unquote(b, &value, NULL) < 0)
        return b->reason ? -1 : build_no_memory(b);
    check->field = id;
    if (str_eq_nocase(value, STR_LIT("2_compat"))) {
        check->number = (struct rule_number){.compare = RULE_EQ, .a = SSH_VERSION(2, 0)};
        *other = (struct rule_number){.compare = RULE_EQ, .a = SSH_VERSION(1, 99)};
        check->others = other;
        check->other_count = 1;
        return 0;
    }
    struct str text = str_split(&value, '.');
    if (!str_to_u64(text, &major) || (value.p && !str_to_u64(value, &minor)) || major > 999 ||
        minor > 999)
        return build_refuse(b, "a version is meant, as 2.0 or 2_compat");
    check->number = (struct rule_number){.compare = RULE_EQ, .a = SSH_VERSION(major, minor)};
    return 0;
}

static const struct number_word tls_versions[] = {
    {"sslv2", 0x0002},  {"sslv3", 0x0300},  {"1.0", 0x0301},    {"1.1", 0x0302},
    {"1.2", 0x0303},    {"1.3", 0x0304},    {"tls1.0", 0x0301}, {"tls1.1", 0x0302},
    {"tls1.2", 0x0303}, {"tls1.3", 0x0304}, {NULL, 0},
};

static const struct number_word dns_opcodes[] = {{"query", 0},  {"iquery", 1}, {"status", 2},
                                                 {"notify", 4}, {"update", 5}, {NULL, 0}};

static const struct number_word dns_rcodes[] = {
    {"noerror", 0},  {"formerr", 1},  {"servfail", 2}, {"nxdomain", 3},  {"notimp", 4},
    {"refused", 5},  {"yxdomain", 6}, {"yxrrset", 7},  {"nxrrset", 8},   {"notauth", 9},
    {"notzone", 10}, {"badvers", 16}, {"badsig", 16},  {"badkey", 17},   {"badtime", 18},
    {"badmode", 19}, {"badname", 20}, {"badalg", 21},  {"badtrunc", 22}, {NULL, 0},
};

/* IANA's DNS parameters: types that are seen. */
static const struct number_word dns_types[] = {
    {"a", 1},         {"ns", 2},          {"md", 3},          {"mf", 4},      {"cname", 5},
    {"soa", 6},       {"mb", 7},          {"mg", 8},          {"mr", 9},      {"null", 10},
    {"wks", 11},      {"ptr", 12},        {"hinfo", 13},      {"minfo", 14},  {"mx", 15},
    {"txt", 16},      {"rp", 17},         {"afsdb", 18},      {"x25", 19},    {"isdn", 20},
    {"rt", 21},       {"sig", 24},        {"key", 25},        {"aaaa", 28},   {"loc", 29},
    {"nxt", 30},      {"srv", 33},        {"naptr", 35},      {"kx", 36},     {"cert", 37},
    {"dname", 39},    {"opt", 41},        {"apl", 42},        {"ds", 43},     {"sshfp", 44},
    {"ipseckey", 45}, {"rrsig", 46},      {"nsec", 47},       {"dnskey", 48}, {"dhcid", 49},
    {"nsec3", 50},    {"nsec3param", 51}, {"tlsa", 52},       {"smimea", 53}, {"hip", 55},
    {"cds", 59},      {"cdnskey", 60},    {"openpgpkey", 61}, {"csync", 62},  {"svcb", 64},
    {"https", 65},    {"spf", 99},        {"tkey", 249},      {"tsig", 250},  {"ixfr", 251},
    {"axfr", 252},    {"mailb", 253},     {"maila", 254},     {"any", 255},   {"uri", 256},
    {"caa", 257},     {NULL, 0},
};

#define MODIFIER(word, of)                               \
    {                                                    \
        .name = word, .read = read_modifier, .field = of \
    }
#define STICKY(word, of)                               \
    {                                                  \
        .name = word, .read = read_sticky, .field = of \
    }
#define TEXT(word, of)                                                       \
    {                                                                        \
        .name = word, .read = read_text, .value = KEYWORD_VALUE, .field = of \
    }
#define NUMBER(word, largest, names)                                                              \
    {                                                                                             \
        .name = word, .read = read_number, .value = KEYWORD_VALUE, .max = largest, .words = names \
    }

static const struct keyword rows[] = {
    MODIFIER("http_uri", "http.uri"),
    MODIFIER("http_raw_uri", "http.uri.raw"),
    MODIFIER("http_method", "http.method"),
    MODIFIER("http_header", "http.header"),
    MODIFIER("http_raw_header", "http.header.raw"),
    MODIFIER("http_cookie", "http.cookie"),
    MODIFIER("http_client_body", "http.request_body"),
    MODIFIER("http_server_body", "http.response_body"),
    MODIFIER("http_stat_code", "http.stat_code"),
    MODIFIER("http_stat_msg", "http.stat_msg"),
    MODIFIER("http_host", "http.host"),
    MODIFIER("http_raw_host", "http.host.raw"),
    MODIFIER("http_user_agent", "http.user_agent"),
    STICKY("dce_stub_data", "dcerpc.stub_data"),
    STICKY("dns.query.name", "dns.queries.rrname"),
    STICKY("dns.answer.name", "dns.answers.rrname"),
    TEXT("tls.subject", "tls.cert_subject"),
    TEXT("tls.issuerdn", "tls.cert_issuer"),
    TEXT("tls.fingerprint", "tls.cert_fingerprint"),
    STICKY("ssh_proto", "ssh.proto"),
    STICKY("ssh_software", "ssh.software"),
    TEXT("ssh.softwareversion", "ssh.software"),
    {.name = "ssh.protoversion",
     .read = read_ssh_version,
     .value = KEYWORD_VALUE,
     .field = "ssh.version"},
    NUMBER("tls.version", UINT16_MAX, tls_versions),
    {.name = "ssl_version",
     .read = read_numbers,
     .value = KEYWORD_VALUE,
     .field = "tls.version",
     .max = UINT16_MAX,
     .words = tls_versions},
    {.name = "ftpbounce", .read = read_truth, .value = KEYWORD_BARE, .field = "ftp.bounce"},
    NUMBER("dns.opcode", 15, dns_opcodes),
    NUMBER("dns.rcode", UINT16_MAX, dns_rcodes),
    NUMBER("dns.rrtype", UINT16_MAX, dns_types),
};

const struct keyword_family keywords_field = {rows, ARRAY_COUNT(rows)};
