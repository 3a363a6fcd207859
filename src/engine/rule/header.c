/* "alert http $HOME_NET any -> $EXTERNAL_NET any": what stands before the bracket. */
#include "engine/rule/build.h"

#define TCP RULE_L4_TCP
#define ICMP (RULE_L4_ICMP4 | RULE_L4_ICMP6)

static const struct action_row {
    const char *name;
    enum rule_action action;
    enum rule_reject reject;
} actions[] = {
    {"alert", RULE_ALERT, 0},
    {"pass", RULE_PASS, 0},
    {"drop", RULE_DROP, 0},
    {"reject", RULE_REJECT, RULE_REJECT_SRC},
    {"rejectsrc", RULE_REJECT, RULE_REJECT_SRC},
    {"rejectdst", RULE_REJECT, RULE_REJECT_DST},
    {"rejectboth", RULE_REJECT, RULE_REJECT_BOTH},
};

static const struct protocol_row {
    const char *name;
    uint8_t l4, versions;
    enum rule_payload payload;
    bool header_only;
} protocols[] = {
    {"ip", RULE_L4_ANY, 3, RULE_PAYLOAD_BOTH, false},
    {"ip4", RULE_L4_ANY, 1, RULE_PAYLOAD_BOTH, false},
    {"ipv4", RULE_L4_ANY, 1, RULE_PAYLOAD_BOTH, false},
    {"ip6", RULE_L4_ANY, 2, RULE_PAYLOAD_BOTH, false},
    {"ipv6", RULE_L4_ANY, 2, RULE_PAYLOAD_BOTH, false},
    {"pkthdr", RULE_L4_ANY, 3, RULE_PAYLOAD_PACKET, true},
    {"tcp", TCP, 3, RULE_PAYLOAD_BOTH, false},
    {"tcp4", TCP, 1, RULE_PAYLOAD_BOTH, false},
    {"tcpv4", TCP, 1, RULE_PAYLOAD_BOTH, false},
    {"tcp6", TCP, 2, RULE_PAYLOAD_BOTH, false},
    {"tcpv6", TCP, 2, RULE_PAYLOAD_BOTH, false},
    {"tcp-pkt", TCP, 3, RULE_PAYLOAD_PACKET, false},
    {"tcp4-pkt", TCP, 1, RULE_PAYLOAD_PACKET, false},
    {"tcp6-pkt", TCP, 2, RULE_PAYLOAD_PACKET, false},
    {"tcp-stream", TCP, 3, RULE_PAYLOAD_STREAM, false},
    {"tcp4-stream", TCP, 1, RULE_PAYLOAD_STREAM, false},
    {"tcp6-stream", TCP, 2, RULE_PAYLOAD_STREAM, false},
    {"udp", RULE_L4_UDP, 3, RULE_PAYLOAD_PACKET, false},
    {"udp4", RULE_L4_UDP, 1, RULE_PAYLOAD_PACKET, false},
    {"udpv4", RULE_L4_UDP, 1, RULE_PAYLOAD_PACKET, false},
    {"udp6", RULE_L4_UDP, 2, RULE_PAYLOAD_PACKET, false},
    {"udpv6", RULE_L4_UDP, 2, RULE_PAYLOAD_PACKET, false},
    {"icmp", ICMP, 3, RULE_PAYLOAD_PACKET, false},
    {"icmp4", RULE_L4_ICMP4, 1, RULE_PAYLOAD_PACKET, false},
    {"icmpv4", RULE_L4_ICMP4, 1, RULE_PAYLOAD_PACKET, false},
    {"icmp6", RULE_L4_ICMP6, 2, RULE_PAYLOAD_PACKET, false},
    {"icmpv6", RULE_L4_ICMP6, 2, RULE_PAYLOAD_PACKET, false},
};

/* A word of the header: up to white space outside brackets; '!' and what follows it belong together. */
static struct str header_word(struct str *text)
{
    struct str s = str_trim(*text);
    int depth = 0;
    size_t i = 0;
    for (; i < s.len; i++) {
        uint8_t c = s.p[i];
        depth += c == '[';
        depth -= c == ']';
        bool space = c == ' ' || c == '\t' || c == '\r' || c == '\n';
        if ((space && depth <= 0 && i && s.p[i - 1] != '!') || (c == '(' && depth <= 0))
            break;
    }
    *text = str_from(s, i);
    return str_cut(s, 0, i);
}

static int read_action(struct build *b, struct str word)
{
    for (size_t i = 0; i < ARRAY_COUNT(actions); i++)
        if (str_eq(word, str_c(actions[i].name))) {
            b->rule->action = actions[i].action;
            b->rule->reject = actions[i].reject;
            return 0;
        }
    return build_refuse(b, "\"%.*s\" is not an action", (int)(word.len < 40 ? word.len : 40),
                        word.p ? (const char *)word.p : "");
}

/* "http1:request_headers": the rule is asked at that point of the transaction. Which side's point it is can be told from its
 * first word. */
static int read_hook(struct build *b, struct str hook)
{
    static const struct {
        const char *start;
        enum dir dir;
    } sides[] = {{"request", DIR_TOSERVER},
                 {"client", DIR_TOSERVER},
                 {"response", DIR_TOCLIENT},
                 {"server", DIR_TOCLIENT}};
    for (size_t i = 0; i < ARRAY_COUNT(sides); i++)
        if (str_starts(hook, str_c(sides[i].start))) {
            b->rule->dirs = DIR_BIT(sides[i].dir);
            b->rule->is_stateful_tx = true;
            return 0;
        }
    return build_refuse(b, "the hook \"%.*s\" is not supported",
                        (int)(hook.len < 40 ? hook.len : 40), hook.p ? (const char *)hook.p : "");
}

static int read_protocol(struct build *b, struct str word)
{
    struct rule *r = b->rule;
    for (size_t i = 0; i < ARRAY_COUNT(protocols); i++) {
        const struct protocol_row *row = &protocols[i];
        if (!str_eq_nocase(word, str_c(row->name)))
            continue;
        r->l4 = row->l4;
        r->ip_versions = row->versions;
        r->payload = row->payload;
        r->packet_header_only = row->header_only;
        return 0;
    }
    if (str_eq_nocase(word, STR_LIT("sctp")))
        return build_refuse(b, "the protocol sctp is not supported");
    struct str hook = word;
    struct str name = str_split(&hook, ':');
    r->app_mask = app_proto_mask(name);
    if (!r->app_mask)
        return build_refuse(b, "the protocol \"%.*s\" is not supported",
                            (int)(name.len < 40 ? name.len : 40),
                            name.p ? (const char *)name.p : "");
    r->l4 = RULE_L4_TCP | RULE_L4_UDP;
    r->ip_versions = 3;
    r->payload = RULE_PAYLOAD_STREAM;
    return hook.p ? read_hook(b, hook) : 0;
}

static int read_direction(struct build *b, struct str word)
{
    if (str_eq(word, STR_LIT("=>")))
        return build_refuse(b, "rules over both sides of a transaction (=>) are not supported");
    b->rule->bidirectional = str_eq(word, STR_LIT("<>"));
    if (b->rule->bidirectional || str_eq(word, STR_LIT("->")))
        return 0;
    return build_refuse(b, "the direction must be -> or <>");
}

int header_read(struct build *b, struct str *text)
{
    struct rule *r = b->rule;
    r->dirs = DIR_BOTH;
    b->keyword = "action";
    if (read_action(b, header_word(text)) < 0)
        return -1;
    b->keyword = "protocol";
    if (read_protocol(b, header_word(text)) < 0)
        return -1;
    b->keyword = "source";
    r->src = addresses_read(b, header_word(text));
    r->src_ports = r->src ? ports_read(b, header_word(text)) : NULL;
    if (!r->src_ports)
        return -1;
    b->keyword = "direction";
    if (read_direction(b, header_word(text)) < 0)
        return -1;
    b->keyword = "destination";
    r->dst = addresses_read(b, header_word(text));
    r->dst_ports = r->dst ? ports_read(b, header_word(text)) : NULL;
    return r->dst_ports ? 0 : -1;
}
