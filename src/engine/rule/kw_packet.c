/* Words about a packet's headers and the flow's counters. */
#include "base/buf.h"
#include "engine/rule/keyword.h"

static int add_number(struct build *b, const struct keyword *k, struct str value)
{
    struct rule_number number;
    if (value_unquote(b, &value, NULL) < 0 || number_read(b, value, k->max, k->words, &number) < 0)
        return -1;
    struct rule_check *check = build_check(b, k->kind);
    if (check)
        check->number = number;
    return check ? 0 : -1;
}

static int add_bare(struct build *b, const struct keyword *k, struct str value)
{
    return build_check(b, k->kind) ? 0 : -1;
}

static const struct number_word ip_protocols[] = {
    {"icmp", 1},  {"igmp", 2},   {"ggp", 3},     {"ipip", 4},       {"ipencap", 4},   {"tcp", 6},
    {"egp", 8},   {"igp", 9},    {"pup", 12},    {"udp", 17},       {"hmp", 20},      {"idp", 22},
    {"rdp", 27},  {"dccp", 33},  {"ipv6", 41},   {"rsvp", 46},      {"gre", 47},      {"esp", 50},
    {"ah", 51},   {"icmp6", 58}, {"icmpv6", 58}, {"ipv6-icmp", 58}, {"eigrp", 88},    {"ospf", 89},
    {"pim", 103}, {"vrrp", 112}, {"l2tp", 115},  {"sctp", 132},     {"udplite", 136}, {NULL, 0},
};

static const struct number_word ip_options[] = {
    {"rr", 7},     {"eol", 0},    {"nop", 1},     {"ts", 68},   {"sec", 130}, {"esec", 133},
    {"lsrr", 131}, {"ssrr", 137}, {"satid", 136}, {"any", 256}, {NULL, 0},
};

static int read_ipopts(struct build *b, const struct keyword *k, struct str value)
{
    const struct number_word *w = ip_options;
    while (w->name && !str_eq_nocase(value, str_c(w->name)))
        w++;
    if (!w->name)
        return build_refuse(b, "the IP option is not known");
    struct rule_check *check = build_check(b, RULE_CHECK_IPOPTS);
    if (!check)
        return -1;
    check->text = str_c(w->name);
    check->number.a = w->number;
    return 0;
}

struct letter {
    char letter;
    uint8_t bit;
};

static const struct letter tcp_letters[] = {
    {'F', 0x01}, {'S', 0x02}, {'R', 0x04}, {'P', 0x08}, {'A', 0x10}, {'U', 0x20},
    {'E', 0x40}, {'C', 0x80}, {'2', 0x40}, {'1', 0x80}, {0, 0},
};

static const struct letter fragment_letters[] = {{'M', 1}, {'D', 2}, {'R', 4}, {0, 0}};

/* One of the letters; true when it is known. */
static bool add_letter(const struct letter *letters, uint8_t c, uint8_t *bits)
{
    for (; letters->letter; letters++)
        if ((byte_lower((uint8_t)letters->letter)) == byte_lower(c)) {
            *bits |= letters->bit;
            return true;
        }
    return false;
}

/* "SA", "+S", "S+", "!FA", "0" */
static int read_letters(struct build *b, struct str s, const struct letter *letters,
                        struct rule_check *check)
{
    check->flags.mode = '=';
    bool any = false;
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.p[i];
        bool edge = i == 0 || i == s.len - 1;
        if (c == ' ')
            continue;
        if (edge && check->flags.mode == '=' && (c == '+' || c == '*' || c == '!' || c == '=')) {
            check->flags.mode = c;
            continue;
        }
        any = true;
        if (c != '0' && !add_letter(letters, c, &check->flags.bits))
            return build_refuse(b, "the flag %c is not known", c >= 0x20 && c < 0x7f ? c : '?');
    }
    return any ? 0 : build_refuse(b, "the flags are missing");
}

static int read_tcp_flags(struct build *b, const struct keyword *k, struct str value)
{
    struct rule_check *check = build_check(b, RULE_CHECK_TCP_FLAGS);
    struct str ignored = value;
    struct str flags = str_trim(str_split(&ignored, ','));
    if (!check || read_letters(b, flags, tcp_letters, check) < 0)
        return -1;
    ignored = str_trim(ignored);
    for (size_t i = 0; i < ignored.len; i++)
        if (!add_letter(tcp_letters, ignored.p[i], &check->flags.ignored))
            return build_refuse(b, "a flag that is ignored is not known");
    return 0;
}

static int read_fragbits(struct build *b, const struct keyword *k, struct str value)
{
    struct rule_check *check = build_check(b, RULE_CHECK_FRAGBITS);
    return check ? read_letters(b, value, fragment_letters, check) : -1;
}

static int read_csum(struct build *b, const struct keyword *k, struct str value)
{
    bool valid = str_eq_nocase(value, STR_LIT("valid"));
    if (!valid && !str_eq_nocase(value, STR_LIT("invalid")))
        return build_refuse(b, "valid or invalid is expected");
    struct rule_check *check = build_check(b, RULE_CHECK_CSUM);
    if (check)
        check->number = (struct rule_number){.a = k->kind, .b = valid};
    return check ? 0 : -1;
}

enum { SIDE_BOTH = 2, SIDE_EITHER = 3 };

static const struct {
    const char *name;
    uint8_t side;
} sides[] = {
    {"toserver", DIR_TOSERVER}, {"toclient", DIR_TOCLIENT}, {"client", DIR_TOSERVER},
    {"server", DIR_TOCLIENT},   {"both", SIDE_BOTH},        {"either", SIDE_EITHER},
};

static int read_side(struct build *b, struct str word, uint8_t *side)
{
    for (size_t i = 0; i < ARRAY_COUNT(sides); i++)
        if (str_eq_nocase(word, str_c(sides[i].name))) {
            *side = sides[i].side;
            return 0;
        }
    return build_refuse(b, "the side \"%.*s\" is not known", (int)(word.len < 40 ? word.len : 40),
                        word.p ? (const char *)word.p : "");
}

/* "server,<,10": the bytes that the server has sent */
static int read_stream_size(struct build *b, const struct keyword *k, struct str value)
{
    struct str side, sign, number;
    if (!value_next(&value, ',', &side) || !value_next(&value, ',', &sign) ||
        !value_next(&value, ',', &number) || value.p)
        return build_refuse(b, "\"stream_size:server,<,10\" is expected");
    struct rule_check *check = build_check(b, RULE_CHECK_STREAM_SIZE);
    char joined[80];
    struct buf text = buf_fixed(joined, sizeof joined);
    buf_add(&text, sign);
    buf_add(&text, number);
    if (text.failed)
        return build_refuse(b, "not a size");
    if (!check || read_side(b, side, &check->dir) < 0)
        return -1;
    return number_read(b, buf_str(&text), UINT32_MAX, NULL, &check->number);
}

/* "flow.pkts:toserver,>5" */
static int read_flow_counter(struct build *b, const struct keyword *k, struct str value)
{
    struct str side = STR_EMPTY;
    struct rule_check *check = build_check(b, k->kind);
    if (!check)
        return -1;
    if (!k->field && !value_next(&value, ',', &side))
        return build_refuse(b, "a side is missing");
    if (read_side(b, k->field ? str_c(k->field) : side, &check->dir) < 0)
        return -1;
    return number_read(b, value, k->max, NULL, &check->number);
}

/* "vlan.id:200": of any layer; "200,1": of that one, counted from the outermost; "200,-1": from the innermost; "200,all" */
static int read_vlan_id(struct build *b, const struct keyword *k, struct str value)
{
    struct str layer = value;
    struct str id = str_split(&layer, ',');
    int64_t number = RULE_VLAN_ANY;
    struct rule_check *check = build_check(b, RULE_CHECK_VLAN_ID);
    if (!check || number_read(b, id, 4095, NULL, &check->number) < 0)
        return -1;
    layer = str_trim(layer);
    if (str_eq(layer, STR_LIT("all")))
        number = RULE_VLAN_ALL;
    else if (layer.p && !str_eq(layer, STR_LIT("any")) && value_i64(b, layer, -3, 2, &number) < 0)
        return -1;
    check->layer = (int8_t)number;
    return 0;
}

/* "100000, 2, 3": program, version and procedure, '*' for any */
static int read_rpc(struct build *b, const struct keyword *k, struct str value)
{
    struct rule_check *check = build_check(b, RULE_CHECK_RPC);
    struct str program, version = STR_LIT("*"), procedure = STR_LIT("*");
    uint64_t v = 0, p = 0;
    if (!check)
        return -1;
    if (!value_next(&value, ',', &program) ||
        value_u64(b, program, UINT32_MAX, &check->number.a) < 0)
        return b->reason ? -1 : build_refuse(b, "the number of a program is expected");
    if (value_next(&value, ',', &version) && value_next(&value, ',', &procedure) && value.p)
        return build_refuse(b, "\"rpc:program,version,procedure\" is expected");
    check->rpc.any_version = str_eq(version, STR_LIT("*"));
    check->rpc.any_procedure = str_eq(procedure, STR_LIT("*"));
    if ((!check->rpc.any_version && value_u64(b, version, UINT32_MAX, &v) < 0) ||
        (!check->rpc.any_procedure && value_u64(b, procedure, UINT32_MAX, &p) < 0))
        return -1;
    check->rpc.version = (uint32_t)v;
    check->rpc.procedure = (uint32_t)p;
    return 0;
}

static int read_packet_buffer(struct build *b, const struct keyword *k, struct str value)
{
    return build_select(b, k->kind, false);
}

#define NUMBER(word, check, largest)                                                            \
    {                                                                                           \
        .name = word, .read = add_number, .value = KEYWORD_VALUE, .kind = check, .max = largest \
    }
#define CSUM(word, which)                                                      \
    {                                                                          \
        .name = word, .read = read_csum, .value = KEYWORD_VALUE, .kind = which \
    }
#define BUFFER(word, id)                                     \
    {                                                        \
        .name = word, .read = read_packet_buffer, .kind = id \
    }
#define COUNTER(word, check, side, largest)                                             \
    {                                                                                   \
        .name = word, .read = read_flow_counter, .value = KEYWORD_VALUE, .kind = check, \
        .field = side, .max = largest                                                   \
    }

static const struct keyword rows[] = {
    NUMBER("dsize", RULE_CHECK_DSIZE, UINT16_MAX),
    NUMBER("ttl", RULE_CHECK_TTL, UINT8_MAX),
    NUMBER("tos", RULE_CHECK_TOS, UINT8_MAX),
    NUMBER("id", RULE_CHECK_IP_ID, UINT16_MAX),
    NUMBER("fragoffset", RULE_CHECK_FRAGOFFSET, 8191),
    NUMBER("seq", RULE_CHECK_SEQ, UINT32_MAX),
    NUMBER("tcp.seq", RULE_CHECK_SEQ, UINT32_MAX),
    NUMBER("ack", RULE_CHECK_ACK, UINT32_MAX),
    NUMBER("tcp.ack", RULE_CHECK_ACK, UINT32_MAX),
    NUMBER("window", RULE_CHECK_WINDOW, UINT16_MAX),
    NUMBER("tcp.window", RULE_CHECK_WINDOW, UINT16_MAX),
    NUMBER("tcp.mss", RULE_CHECK_TCP_MSS, UINT16_MAX),
    NUMBER("tcp.wscale", RULE_CHECK_TCP_WSCALE, UINT8_MAX),
    NUMBER("itype", RULE_CHECK_ITYPE, UINT8_MAX),
    NUMBER("icode", RULE_CHECK_ICODE, UINT8_MAX),
    NUMBER("icmp_id", RULE_CHECK_ICMP_ID, UINT16_MAX),
    NUMBER("icmp_seq", RULE_CHECK_ICMP_SEQ, UINT16_MAX),
    NUMBER("icmpv6.mtu", RULE_CHECK_ICMPV6_MTU, UINT32_MAX),
    NUMBER("flow.age", RULE_CHECK_FLOW_AGE, UINT32_MAX),
    NUMBER("vlan.layers", RULE_CHECK_VLAN_LAYERS, 3),
    {.name = "ip_proto",
     .read = add_number,
     .value = KEYWORD_VALUE,
     .kind = RULE_CHECK_IP_PROTO,
     .max = UINT8_MAX,
     .words = ip_protocols},
    {.name = "sameip", .read = add_bare, .kind = RULE_CHECK_SAMEIP},
    {.name = "ipopts", .read = read_ipopts, .value = KEYWORD_VALUE},
    {.name = "flags", .read = read_tcp_flags, .value = KEYWORD_VALUE},
    {.name = "tcp.flags", .read = read_tcp_flags, .value = KEYWORD_VALUE},
    {.name = "fragbits", .read = read_fragbits, .value = KEYWORD_VALUE},
    {.name = "rpc", .read = read_rpc, .value = KEYWORD_VALUE},
    {.name = "stream_size", .read = read_stream_size, .value = KEYWORD_VALUE},
    {.name = "vlan.id", .read = read_vlan_id, .value = KEYWORD_VALUE},
    COUNTER("flow.pkts", RULE_CHECK_FLOW_PKTS, NULL, UINT32_MAX),
    COUNTER("flow.pkts_toserver", RULE_CHECK_FLOW_PKTS, "toserver", UINT32_MAX),
    COUNTER("flow.pkts_toclient", RULE_CHECK_FLOW_PKTS, "toclient", UINT32_MAX),
    COUNTER("flow.bytes", RULE_CHECK_FLOW_BYTES, NULL, UINT64_MAX),
    COUNTER("flow.bytes_toserver", RULE_CHECK_FLOW_BYTES, "toserver", UINT64_MAX),
    COUNTER("flow.bytes_toclient", RULE_CHECK_FLOW_BYTES, "toclient", UINT64_MAX),
    CSUM("ipv4-csum", RULE_CSUM_IPV4),
    CSUM("tcpv4-csum", RULE_CSUM_TCPV4),
    CSUM("tcpv6-csum", RULE_CSUM_TCPV6),
    CSUM("udpv4-csum", RULE_CSUM_UDPV4),
    CSUM("udpv6-csum", RULE_CSUM_UDPV6),
    CSUM("icmpv4-csum", RULE_CSUM_ICMPV4),
    CSUM("icmpv6-csum", RULE_CSUM_ICMPV6),
    BUFFER("pkt_data", RULE_BUFFER_PAYLOAD),
    BUFFER("base64_data", RULE_BUFFER_BASE64),
    BUFFER("ip.src", RULE_BUFFER_IP_SRC),
    BUFFER("ip.dst", RULE_BUFFER_IP_DST),
    BUFFER("ipv4.hdr", RULE_BUFFER_IPV4_HDR),
    BUFFER("ipv6.hdr", RULE_BUFFER_IPV6_HDR),
    BUFFER("tcp.hdr", RULE_BUFFER_TCP_HDR),
    BUFFER("udp.hdr", RULE_BUFFER_UDP_HDR),
    BUFFER("icmpv4.hdr", RULE_BUFFER_ICMPV4_HDR),
    BUFFER("icmpv6.hdr", RULE_BUFFER_ICMPV6_HDR),
};

const struct keyword_family keywords_packet = {rows, ARRAY_COUNT(rows)};

const char *rule_buffer_name(uint32_t id)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (rows[i].read == read_packet_buffer && rows[i].kind == id)
            return rows[i].name;
    return NULL;
}
