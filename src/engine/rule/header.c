/* "alert http $HOME_NET any -> $EXTERNAL_NET any": what stands before the bracket. */
#include "engine/rule/build.h"

#define TCP RULE_L4_TCP
#define IP_PROTO_SCTP 132 /* IANA protocol numbers */
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

/* "config": nothing is told or stopped; its keyword says what is set. */
static int read_config_action(struct build *b)
{
    b->rule->action = RULE_ALERT;
    b->rule->noalert = true;
    return 0;
}

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

/* "drop:flow" */
static int read_scope(struct build *b, struct str scope)
{
    if (str_eq(scope, STR_LIT("packet")))
        b->rule->scope = RULE_SCOPE_PACKET;
    else if (str_eq(scope, STR_LIT("flow")))
        b->rule->scope = RULE_SCOPE_FLOW;
    else
        return build_refuse(b, "the scope of an action is packet or flow");
    return b->rule->action == RULE_ALERT ? build_refuse(b, "alert has no scope") : 0;
}

static int read_action(struct build *b, struct str text)
{
    struct str scope = text;
    struct str word = str_split(&scope, ':');
    if (str_eq(word, STR_LIT("accept")) || str_find_byte(text, 0, ',') >= 0)
        return build_refuse(b, "firewall rules (accept, several actions) are not supported");
    if (str_eq(text, STR_LIT("config")))
        return read_config_action(b);
    for (size_t i = 0; i < ARRAY_COUNT(actions); i++)
        if (str_eq(word, str_c(actions[i].name))) {
            b->rule->action = actions[i].action;
            b->rule->noalert =
                actions[i].action == RULE_PASS; /* `alert` among its options undoes it */
            b->rule->reject = actions[i].reject;
            return scope.p ? read_scope(b, scope) : 0;
        }
    return build_refuse(b, "\"%.*s\" is not an action", (int)(word.len < 40 ? word.len : 40),
                        word.p ? (const char *)word.p : "");
}

/* "tcp:flow_start": packets, all or the first of each direction. What Suricata does before it knows the flow or the stream is
 * done here with all the others: the same packets are seen. */
static int read_packet_hook(struct build *b, struct str hook)
{
    static const char *const every[] = {"all", "pre_flow", "pre_stream"};
    b->rule->every_packet = true;
    if (str_eq(hook, STR_LIT("flow_start")))
        return build_check(b, RULE_CHECK_FLOW_START) ? 0 : -1;
    for (size_t i = 0; i < ARRAY_COUNT(every); i++)
        if (str_eq(hook, str_c(every[i])))
            return 0;
    return build_refuse(b, "the hook \"%.*s\" of packets is not known",
                        (int)(hook.len < 40 ? hook.len : 40), hook.p ? (const char *)hook.p : "");
}

/* "http1:request_headers": the rule is asked when the transaction has come so far. */
static int read_hook(struct build *b, struct str hook)
{
    struct rule_check *check = build_check(b, RULE_CHECK_APP_STATE);
    b->rule->app_mask = app_proto_mask_own(b->rule->app_mask);
    if (!check || build_state(b, hook, check) < 0)
        return -1;
    b->rule->dirs = DIR_BIT(check->dir);
    b->hook = check;
    return 0;
}

/* Other packets, of that number; no other rule is of those alone. */
static int read_sctp(struct build *b)
{
    struct rule_check *check = build_check(b, RULE_CHECK_IP_PROTO);
    if (!check)
        return -1;
    check->number.a = IP_PROTO_SCTP;
    b->rule->l4 = RULE_L4_OTHER;
    b->rule->ip_versions = 3;
    b->rule->payload = RULE_PAYLOAD_PACKET;
    return 0;
}

static int read_protocol(struct build *b, struct str text)
{
    struct rule *r = b->rule;
    struct str hook = text;
    struct str word = str_split(&hook, ':');
    for (size_t i = 0; i < ARRAY_COUNT(protocols); i++) {
        const struct protocol_row *row = &protocols[i];
        if (!str_eq_nocase(word, str_c(row->name)))
            continue;
        r->l4 = row->l4;
        r->ip_versions = row->versions;
        r->payload = row->payload;
        r->packet_header_only = row->header_only;
        return hook.p ? read_packet_hook(b, hook) : 0;
    }
    if (str_eq_nocase(word, STR_LIT("sctp")))
        return read_sctp(b);
    r->app_mask = app_proto_mask(word);
    if (!r->app_mask)
        return build_refuse(b, "the protocol \"%.*s\" is not supported",
                            (int)(word.len < 40 ? word.len : 40),
                            word.p ? (const char *)word.p : "");
    const struct rule_names *names = b->loader->names;
    r->l4 = names->app_l4 ? names->app_l4(r->app_mask) : 0;
    if (!r->l4)
        r->l4 = RULE_L4_TCP | RULE_L4_UDP;
    r->ip_versions = 3;
    r->payload = RULE_PAYLOAD_BOTH;
    return hook.p ? read_hook(b, hook) : 0;
}

static int read_direction(struct build *b, struct str word)
{
    b->rule->both_sides = str_eq(word, STR_LIT("=>"));
    if (b->rule->both_sides)
        return b->rule->app_mask ? 0 : build_refuse(b, "=> needs a protocol with transactions");
    b->rule->bidirectional = str_eq(word, STR_LIT("<>"));
    if (b->rule->bidirectional || str_eq(word, STR_LIT("->")))
        return 0;
    return build_refuse(b, "the direction must be ->, <> or =>");
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
