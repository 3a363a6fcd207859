/* Checks: facts about packet, flow and transaction outside buffers. One small function for each kind, in a table. */
#include "engine/match/worker.h"

#include "base/reader.h"

#include <string.h>

struct ask {
    struct match_worker *w;
    const struct look *look;
    const struct match_view *view;
    const struct packet *packet;
};

typedef enum answer (*check_fn)(const struct ask *a, const struct rule_check *c);

/* NO also for a fact that is not there at all: a negated check does not turn that round. */
static enum answer number_if(bool there, const struct rule_check *c, uint64_t v)
{
    if (!there)
        return ANSWER_NO;
    return rule_number_holds(&c->number, v) != c->negated ? ANSWER_YES : ANSWER_NO;
}

static enum answer yes_if(const struct rule_check *c, bool holds)
{
    return holds != c->negated ? ANSWER_YES : ANSWER_NO;
}

static bool is_ip(const struct packet *p)
{
    return p->src.version != 0;
}

static bool is_icmp(const struct packet *p)
{
    return p->l4 == PACKET_L4_ICMP4 || p->l4 == PACKET_L4_ICMP6;
}

static bool is_tcp(const struct packet *p)
{
    return p->l4 == PACKET_L4_TCP;
}

/* Can a packet without payload have this size? A size that is ruled out never counts as one that it has. */
static bool size_may_be_0(const struct rule_check *c)
{
    const struct rule_number *n = &c->number;
    bool excludes = c->negated || n->compare == RULE_NE || n->compare == RULE_NOT_IN;
    return !excludes && rule_number_holds(n, 0);
}

/* As in Suricata: only "less than" asks about each packet. Another size is one of payload that rules may look at, or of a packet
 * that brings bytes of the stream to them; and 0 alone that of a packet that does neither. */
static enum answer check_dsize(const struct ask *a, const struct rule_check *c)
{
    const struct packet *p = a->packet;
    bool shown = !a->view->payload_hidden && (p->payload.len > 0 || a->view->stream_due);
    bool there = is_ip(p) && !p->is_fragment;
    if (!size_may_be_0(c))
        there = there && shown;
    else if (c->number.compare == RULE_EQ)
        there = there && !shown;
    return number_if(there, c, p->payload.len);
}

static enum answer flags_answer(const struct rule_check *c, uint8_t have)
{
    uint8_t seen = (uint8_t)(have & ~c->flags.ignored);
    uint8_t bits = c->flags.bits;
    bool holds;
    switch (c->flags.mode) {
    case '+': holds = (seen & bits) == bits; break;
    case '*': holds = (seen & bits) != 0; break;
    case '!': holds = (seen & bits) == 0; break;
    default: holds = seen == bits; break;
    }
    return yes_if(c, holds);
}

static enum answer check_tcp_flags(const struct ask *a, const struct rule_check *c)
{
    return is_tcp(a->packet) ? flags_answer(c, a->packet->tcp.flags) : ANSWER_NO;
}

static enum answer check_fragbits(const struct ask *a, const struct rule_check *c)
{
    return a->packet->src.version == 4 ? flags_answer(c, a->packet->fragment_flags) : ANSWER_NO;
}

static enum answer check_ttl(const struct ask *a, const struct rule_check *c)
{
    return number_if(is_ip(a->packet), c, a->packet->ttl);
}

static enum answer check_tos(const struct ask *a, const struct rule_check *c)
{
    return number_if(a->packet->src.version == 4, c, a->packet->tos);
}

static enum answer check_ip_id(const struct ask *a, const struct rule_check *c)
{
    return number_if(a->packet->src.version == 4, c, a->packet->ip_id);
}

static enum answer check_ip_proto(const struct ask *a, const struct rule_check *c)
{
    return number_if(is_ip(a->packet), c, a->packet->ip_proto);
}

static enum answer check_fragoffset(const struct ask *a, const struct rule_check *c)
{
    const struct packet *p = a->packet;
    bool told =
        p->src.version == 4 || p->is_fragment; /* IPv6: by a header that pieces alone have */
    return number_if(told, c, p->fragment_offset / 8u);
}

static enum answer check_seq(const struct ask *a, const struct rule_check *c)
{
    return number_if(is_tcp(a->packet), c, a->packet->tcp.seq);
}

static enum answer check_ack(const struct ask *a, const struct rule_check *c)
{
    return number_if(is_tcp(a->packet), c, a->packet->tcp.ack);
}

static enum answer check_window(const struct ask *a, const struct rule_check *c)
{
    return number_if(is_tcp(a->packet), c, a->packet->tcp.window);
}

static enum answer check_mss(const struct ask *a, const struct rule_check *c)
{
    return number_if(is_tcp(a->packet) && a->packet->tcp.mss, c, a->packet->tcp.mss);
}

static enum answer check_wscale(const struct ask *a, const struct rule_check *c)
{
    return number_if(is_tcp(a->packet) && a->packet->tcp.has_window_scale, c,
                     a->packet->tcp.window_scale);
}

static enum answer check_itype(const struct ask *a, const struct rule_check *c)
{
    return number_if(is_icmp(a->packet), c, a->packet->icmp_type);
}

static enum answer check_icode(const struct ask *a, const struct rule_check *c)
{
    return number_if(is_icmp(a->packet), c, a->packet->icmp_code);
}

/* Identifier and sequence stand only in queries (RFC 792, RFC 4443 section 4). */
static bool is_icmp_query(const struct packet *p)
{
    uint8_t t = p->icmp_type;
    if (p->l4 == PACKET_L4_ICMP6)
        return t == 128 || t == 129;
    return p->l4 == PACKET_L4_ICMP4 && (t == 0 || t == 8 || (t >= 13 && t <= 18));
}

static enum answer check_icmp_id(const struct ask *a, const struct rule_check *c)
{
    return number_if(is_icmp_query(a->packet), c, a->packet->icmp_id);
}

static enum answer check_icmp_seq(const struct ask *a, const struct rule_check *c)
{
    return number_if(is_icmp_query(a->packet), c, a->packet->icmp_seq);
}

static enum answer check_icmpv6_mtu(const struct ask *a, const struct rule_check *c)
{
    const struct packet *p = a->packet;
    struct reader r = reader_of(p->l4_header);
    reader_skip(&r, 4);
    uint32_t mtu = reader_u32(&r);
    return number_if(p->l4 == PACKET_L4_ICMP6 && p->icmp_type == 2 && !r.bad, c, mtu);
}

static enum answer check_sameip(const struct ask *a, const struct rule_check *c)
{
    return yes_if(c, is_ip(a->packet) && ip_eq(&a->packet->src, &a->packet->dst));
}

static enum answer check_address(const struct ask *a, const struct rule_check *c)
{
    bool src = is_ip(a->packet) && addresses_have(c->addresses, &a->packet->src),
         dst = is_ip(a->packet) && addresses_have(c->addresses, &a->packet->dst);
    const bool holds[] = {[RULE_SIDE_SRC] = src,
                          [RULE_SIDE_DST] = dst,
                          [RULE_SIDE_BOTH] = c->negated ? src || dst : src && dst,
                          [RULE_SIDE_ANY] = c->negated ? src && dst : src || dst};
    return yes_if(c, holds[c->dir]);
}

static bool csum_speaks_of(const struct packet *p, uint64_t which)
{
    switch ((enum rule_csum)which) {
    case RULE_CSUM_IPV4: return p->src.version == 4;
    case RULE_CSUM_TCPV4: return p->src.version == 4 && p->l4 == PACKET_L4_TCP;
    case RULE_CSUM_TCPV6: return p->src.version == 6 && p->l4 == PACKET_L4_TCP;
    case RULE_CSUM_UDPV4: return p->src.version == 4 && p->l4 == PACKET_L4_UDP;
    case RULE_CSUM_UDPV6: return p->src.version == 6 && p->l4 == PACKET_L4_UDP;
    case RULE_CSUM_ICMPV4: return p->l4 == PACKET_L4_ICMP4;
    case RULE_CSUM_ICMPV6: return p->l4 == PACKET_L4_ICMP6;
    }
    return false;
}

static enum answer check_csum(const struct ask *a, const struct rule_check *c)
{
    bool want_valid = c->number.b != 0;
    if (!csum_speaks_of(a->packet, c->number.a))
        return ANSWER_NO;
    bool valid = c->number.a == RULE_CSUM_IPV4 ? packet_ip_checksum_good(a->packet)
                                               : packet_l4_checksum_good(a->packet);
    return yes_if(c, valid == want_valid);
}

static const struct {
    const char *name;
    uint8_t type;
} ip_option_names[] = {
    {"rr", 7},     {"eol", 0},    {"nop", 1},    {"ts", 68},     {"sec", 130},
    {"esec", 133}, {"lsrr", 131}, {"ssrr", 137}, {"satid", 136},
};

static bool has_ip_option(struct str options, uint8_t type)
{
    struct reader r = reader_of(options);
    while (!r.bad && reader_left(&r)) {
        uint8_t t = reader_u8(&r);
        if (t == type)
            return true;
        if (t == 0)
            return false;
        uint8_t len = t == 1 ? 2 : reader_u8(&r);
        if (len < 2)
            return false;
        reader_skip(&r, t == 1 ? 0 : len - 2u);
    }
    return false;
}

static enum answer check_ipopts(const struct ask *a, const struct rule_check *c)
{
    struct str options = a->packet->ip_options;
    if (str_eq_nocase(c->text, STR_LIT("any")))
        return yes_if(c, options.len > 0);
    for (size_t i = 0; i < ARRAY_COUNT(ip_option_names); i++)
        if (str_eq_nocase(c->text, str_c(ip_option_names[i].name)))
            return yes_if(c, has_ip_option(options, ip_option_names[i].type));
    return ANSWER_NO;
}

static enum answer check_vlan_id(const struct ask *a, const struct rule_check *c)
{
    const struct packet *p = a->packet;
    int count = p->vlan_count < PACKET_VLAN_MAX ? p->vlan_count : PACKET_VLAN_MAX;
    bool all = c->layer == RULE_VLAN_ALL;
    if (c->layer < RULE_VLAN_ANY) {
        int at = c->layer < 0 ? count + c->layer : c->layer;
        return at >= 0 && at < count ? number_if(true, c, p->vlan[at] & 0xfffu) : ANSWER_NO;
    }
    for (int i = 0; i < count; i++)
        if ((number_if(true, c, p->vlan[i] & 0xfffu) == ANSWER_YES) != all)
            return all ? ANSWER_NO : ANSWER_YES;
    return all && count ? ANSWER_YES : ANSWER_NO;
}

static enum answer check_vlan_layers(const struct ask *a, const struct rule_check *c)
{
    return number_if(true, c, a->packet->vlan_count);
}

/* Of the two directions: one of them, both or either. */
static enum answer of_dirs(const struct rule_check *c, const uint64_t v[2])
{
    bool to_server = rule_number_holds(&c->number, v[DIR_TOSERVER]);
    bool to_client = rule_number_holds(&c->number, v[DIR_TOCLIENT]);
    const bool answers[4] = {to_server, to_client, to_server && to_client, to_server || to_client};
    return yes_if(c, answers[c->dir & 3]);
}

static enum answer check_stream_size(const struct ask *a, const struct rule_check *c)
{
    return a->view->has_stream ? of_dirs(c, a->view->stream_bytes) : ANSWER_NO;
}

static enum answer check_elephant(const struct ask *a, const struct rule_check *c)
{
    bool to_server = match_flow_elephant(a->view->state, DIR_TOSERVER);
    bool to_client = match_flow_elephant(a->view->state, DIR_TOCLIENT);
    const bool answers[4] = {to_server, to_client, to_server && to_client, to_server || to_client};
    return yes_if(c, answers[c->dir & 3]);
}

static enum answer check_session(const struct ask *a, const struct rule_check *c)
{
    const struct match_view *v = a->view;
    if (!v->flow || a->packet->l4 != PACKET_L4_TCP)
        return ANSWER_NO;
    uint32_t phases = v->established ? RULE_SESSION_ESTABLISHED : RULE_SESSION_SETUP;
    phases |= v->closing ? RULE_SESSION_CLOSING : 0;
    return yes_if(c, (phases & c->event) != 0);
}

static enum answer check_flow_age(const struct ask *a, const struct rule_check *c)
{
    const struct flow *f = a->view->flow;
    /* seconds of the clock that have begun since, as Suricata counts */
    int64_t age = f ? a->view->now_us / 1000000 - f->first_us / 1000000 : 0;
    return number_if(f != NULL, c, age < 0 ? 0 : (uint64_t)age);
}

static enum answer check_flow_pkts(const struct ask *a, const struct rule_check *c)
{
    return a->view->flow ? of_dirs(c, a->view->flow->packets) : ANSWER_NO;
}

static enum answer check_flow_bytes(const struct ask *a, const struct rule_check *c)
{
    return a->view->flow ? of_dirs(c, a->view->flow->bytes) : ANSWER_NO;
}

static enum answer check_flowbits(const struct ask *a, const struct rule_check *c)
{
    bool any = false;
    for (uint8_t i = 0; i < c->bits.count && !any; i++)
        any = flowbit_is_set(a->w, a->view, c->bits.ids[i]);
    /* isnotset with a|b|c holds when none of them is set */
    return (c->bits.op == RULE_BIT_ISNOTSET) != any ? ANSWER_YES : ANSWER_NO;
}

static enum answer check_flowint(const struct ask *a, const struct rule_check *c)
{
    return yes_if(c, flowint_holds(a->w, a->view, &c->integer));
}

static enum answer check_flowvar(const struct ask *a, const struct rule_check *c)
{
    const struct match_flow *mf = a->view->state;
    struct str value;
    if (!mf || !mf->kept || !capture_value(mf->kept->captures, c->integer.id, &value))
        return ANSWER_NO;
    return yes_if(c, str_find(value, 0, c->text) >= 0);
}

static enum answer check_pktvar(const struct ask *a, const struct rule_check *c)
{
    struct str value;
    if (!capture_value(&a->look->hits->variables, c->integer.id, &value))
        return ANSWER_NO;
    return yes_if(c, str_find(value, 0, c->text) >= 0);
}

static enum answer check_xbits(const struct ask *a, const struct rule_check *c)
{
    return yes_if(c, xbits_hold(a->w, a->look, c));
}

static enum answer check_app_protocol(const struct ask *a, const struct rule_check *c)
{
    const struct match_view *v = a->view;
    enum app_proto of[2] = {v->proto, v->proto};
    if (!v->flow)
        return ANSWER_NO;
    enum app_proto before = v->proto_before; /* unknown: it was always this one */
    switch ((enum rule_app_mode)c->app_mode) {
    case RULE_APP_FINAL: break;
    case RULE_APP_DIRECTION: of[0] = of[1] = v->proto_of[v->dir]; break;
    case RULE_APP_ORIGINAL: of[0] = of[1] = before; break;
    case RULE_APP_EITHER: of[1] = before; break;
    case RULE_APP_TOSERVER: of[0] = of[1] = v->proto_of[DIR_TOSERVER]; break;
    case RULE_APP_TOCLIENT: of[0] = of[1] = v->proto_of[DIR_TOCLIENT]; break;
    }
    bool wants_unknown = c->app_mask & 1u << APP_UNKNOWN;
    if (of[0] == APP_UNKNOWN && of[1] == APP_UNKNOWN && !wants_unknown)
        return ANSWER_NO; /* nothing is known yet, so neither is what it is not */
    return yes_if(c, (c->app_mask >> of[0] & 1) || (c->app_mask >> of[1] & 1));
}

static enum answer check_app_event(const struct ask *a, const struct rule_check *c)
{
    uint64_t events = a->look->tx ? a->look->tx->events : a->view->flow_app_events;
    /* above, a flow has those of detection, which name no protocol, and a transaction those of its parser */
    bool of_look = c->event < APP_FLOW_EVENTS || (a->look->tx != NULL) == (c->app_mask != 0);
    enum app_proto proto = a->look->tx ? a->look->tx->proto : a->view->proto;
    bool of_proto = !c->app_mask || (c->app_mask >> proto & 1);
    return yes_if(c, of_look && of_proto && c->event < 64 && (events >> c->event & 1));
}

static enum answer check_stream_event(const struct ask *a, const struct rule_check *c)
{
    bool found = false;
    for (uint8_t i = 0; i < a->view->stream_event_count; i++)
        found |= a->view->stream_events[i] == c->event;
    return yes_if(c, found);
}

static enum answer check_decode_event(const struct ask *a, const struct rule_check *c)
{
    bool found = false;
    for (uint8_t i = 0; i < a->packet->event_count && i < PACKET_EVENTS_MAX; i++)
        found |= a->packet->events[i] == c->event;
    return yes_if(c, found);
}

static const struct field_desc *field_of(const struct ask *a, uint32_t id)
{
    if (!a->look->tx || id >= a->w->image->fields->count)
        return NULL;
    return a->w->image->fields->entries[id].of_proto[a->look->tx->proto];
}

static bool number_or_others(const struct rule_check *c, uint64_t v)
{
    bool holds = rule_number_holds(&c->number, v);
    for (uint8_t i = 0; i < c->other_count && !holds; i++)
        holds = rule_number_holds(&c->others[i], v);
    return holds;
}

/* Of several values: does what the rule asks hold for those that it names? `all` of none holds. */
static bool numbers_hold(const struct rule_check *c, const struct field_desc *f,
                         const struct tx *tx, enum dir dir)
{
    uint32_t count = 0, max = f->multi ? INSTANCES_MAX : 1;
    uint64_t v;
    if (c->which == RULE_WHICH_ONE && c->place < 0)
        while (count < max && f->number(tx, dir, count, &v))
            count++;
    for (uint32_t i = 0; i < max && f->number(tx, dir, i, &v); i++) {
        if (c->which == RULE_WHICH_ONE && (int64_t)i != (int64_t)count + c->place)
            continue;
        bool holds = v != FIELD_NUMBER_NONE && number_or_others(c, v) != c->negated;
        if (holds != (c->which == RULE_WHICH_ALL))
            return holds;
    }
    return c->which == RULE_WHICH_ALL;
}

static enum answer any_number(const struct ask *a, const struct rule_check *c, uint32_t id,
                              bool growing)
{
    const struct field_desc *f = field_of(a, id);
    if (!f || !f->number)
        return ANSWER_NO;
    const struct tx *tx = a->look->tx;
    enum dir dir = match_field_dir(f, a->view->dir);
    if (tx->progress[dir] < f->ready_at[dir])
        return ANSWER_LATER;
    if (numbers_hold(c, f, tx, dir))
        return ANSWER_YES;
    growing |= f->growing;
    return growing && tx->progress[dir] < TX_COMPLETE ? ANSWER_LATER : ANSWER_NO;
}

static enum answer check_field_number(const struct ask *a, const struct rule_check *c)
{
    return any_number(a, c, c->field, c->changing);
}

/* A file that is not whole says only that it is larger than what was seen of it. */
static enum answer check_filesize(const struct ask *a, const struct rule_check *c)
{
    enum answer whole = any_number(a, c, a->w->image->file_size_field, true);
    bool above = !c->negated && (c->number.compare == RULE_GT || c->number.compare == RULE_GE);
    if (whole == ANSWER_YES || !above)
        return whole;
    return any_number(a, c, a->w->image->file_part_field, true) == ANSWER_YES ? ANSWER_YES : whole;
}

typedef bool (*bytes_fn)(const struct rule_check *c, struct str value);

static enum answer any_bytes(const struct ask *a, const struct rule_check *c, uint32_t id,
                             bytes_fn holds)
{
    const struct field_desc *f = field_of(a, id);
    if (!f || !f->bytes)
        return ANSWER_NO;
    const struct tx *tx = a->look->tx;
    enum dir dir = match_field_dir(f, a->view->dir);
    if (tx->progress[dir] < f->ready_at[dir])
        return ANSWER_LATER;
    struct str v;
    for (uint32_t i = 0;
         i < (f->multi ? INSTANCES_MAX : 1) && f->bytes(tx, dir, i, &a->w->scratch, &v); i++)
        if (holds(c, v) != c->negated)
            return ANSWER_YES;
    return tx->progress[dir] < TX_COMPLETE ? ANSWER_LATER : ANSWER_NO;
}

static bool has_extension(const struct rule_check *c, struct str name)
{
    return name.len > c->text.len && name.p[name.len - c->text.len - 1] == '.' &&
           str_eq_nocase(str_from(name, name.len - c->text.len), c->text);
}

static bool is_there(const struct rule_check *c, struct str name)
{
    return true;
}

static enum answer check_file(const struct ask *a, const struct rule_check *c)
{
    return any_bytes(a, c, a->w->image->file_name_field, is_there);
}

/* The field gives the digest raw or in hex. */
static bool has_hash(const struct rule_check *c, struct str value)
{
    uint8_t raw[32];
    if (value.len == 2u * c->hash_bytes) {
        for (size_t i = 0; i < c->hash_bytes; i++) {
            uint8_t high = byte_lower(value.p[2 * i]), low = byte_lower(value.p[2 * i + 1]);
            raw[i] = (uint8_t)((high > '9' ? high - 'a' + 10 : high - '0') << 4 |
                               (low > '9' ? low - 'a' + 10 : low - '0'));
        }
    } else if (value.len == c->hash_bytes && value.len <= sizeof raw) {
        memcpy(raw, value.p, value.len);
    } else {
        return false;
    }
    uint32_t low = 0, high = c->hash_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        int order = memcmp(c->hashes[middle], raw, c->hash_bytes);
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

static enum answer check_fileext(const struct ask *a, const struct rule_check *c)
{
    return any_bytes(a, c, a->w->image->file_name_field, has_extension);
}

static enum answer check_filehash(const struct ask *a, const struct rule_check *c)
{
    return any_bytes(a, c, match_check_field(a->w->image, c), has_hash);
}

/* The field gives the UUID, the major version and whether the first fragment was seen. */
static bool is_interface(const struct rule_check *c, struct str value)
{
    struct reader r = reader_of(value);
    struct str uuid = reader_str(&r, 16);
    uint16_t version = reader_u16(&r);
    bool first = reader_u8(&r);
    return !r.bad && str_eq(uuid, c->text) && rule_number_holds(&c->number, version) &&
           (first || c->any_fragment);
}

static enum answer check_dcerpc_iface(const struct ask *a, const struct rule_check *c)
{
    return any_bytes(a, c, c->field, is_interface);
}

static enum answer check_field_now(const struct ask *a, const struct rule_check *c)
{
    struct rule_check now = *c;
    now.number.a = a->view->now_us < 0 ? 0 : (uint64_t)a->view->now_us / 1000000u;
    return any_number(a, &now, c->field, false);
}

/* RFC 5531 section 9: xid, CALL (0), version of RPC (2), program, version, procedure; over TCP behind the record's mark. */
static enum answer check_rpc(const struct ask *a, const struct rule_check *c)
{
    struct reader r = reader_of(a->look->payload);
    reader_skip(&r, is_tcp(a->packet) ? 8 : 4);
    uint32_t type = reader_u32(&r), rpc = reader_u32(&r), program = reader_u32(&r);
    uint32_t version = reader_u32(&r), procedure = reader_u32(&r);
    bool fits = !r.bad && type == 0 && rpc == 2 && program == c->number.a &&
                (c->rpc.any_version || version == c->rpc.version) &&
                (c->rpc.any_procedure || procedure == c->rpc.procedure);
    return fits ? ANSWER_YES : ANSWER_NO;
}

static enum answer check_app_state(const struct ask *a, const struct rule_check *c)
{
    const struct tx *tx = a->look->tx;
    if (!tx)
        return ANSWER_NO;
    uint8_t progress = tx->progress[c->dir & 1];
    if (c->number.compare == RULE_LT)
        return progress < c->number.a ? ANSWER_YES : ANSWER_NO;
    bool there = c->number.compare == RULE_GT ? progress > c->number.a : progress >= c->number.a;
    return there ? ANSWER_YES : progress < TX_COMPLETE ? ANSWER_LATER : ANSWER_NO;
}

static enum answer check_flow_start(const struct ask *a, const struct rule_check *c)
{
    const struct flow *f = a->view->flow;
    return f && f->packets[a->view->dir] == 1 ? ANSWER_YES : ANSWER_NO;
}

static const check_fn checks[] = {
    [RULE_CHECK_DSIZE] = check_dsize,
    [RULE_CHECK_TCP_FLAGS] = check_tcp_flags,
    [RULE_CHECK_TTL] = check_ttl,
    [RULE_CHECK_TOS] = check_tos,
    [RULE_CHECK_IP_ID] = check_ip_id,
    [RULE_CHECK_IPOPTS] = check_ipopts,
    [RULE_CHECK_IP_PROTO] = check_ip_proto,
    [RULE_CHECK_FRAGBITS] = check_fragbits,
    [RULE_CHECK_FRAGOFFSET] = check_fragoffset,
    [RULE_CHECK_SEQ] = check_seq,
    [RULE_CHECK_ACK] = check_ack,
    [RULE_CHECK_WINDOW] = check_window,
    [RULE_CHECK_TCP_MSS] = check_mss,
    [RULE_CHECK_TCP_WSCALE] = check_wscale,
    [RULE_CHECK_ITYPE] = check_itype,
    [RULE_CHECK_ICODE] = check_icode,
    [RULE_CHECK_ICMP_ID] = check_icmp_id,
    [RULE_CHECK_ICMP_SEQ] = check_icmp_seq,
    [RULE_CHECK_ICMPV6_MTU] = check_icmpv6_mtu,
    [RULE_CHECK_SAMEIP] = check_sameip,
    [RULE_CHECK_ADDRESS] = check_address,
    [RULE_CHECK_CSUM] = check_csum,
    [RULE_CHECK_STREAM_SIZE] = check_stream_size,
    [RULE_CHECK_FLOWBITS] = check_flowbits,
    [RULE_CHECK_FLOWINT] = check_flowint,
    [RULE_CHECK_FLOWVAR] = check_flowvar,
    [RULE_CHECK_PKTVAR] = check_pktvar,
    [RULE_CHECK_XBITS] = check_xbits,
    [RULE_CHECK_HOSTBITS] = check_xbits,
    [RULE_CHECK_APP_PROTOCOL] = check_app_protocol,
    [RULE_CHECK_APP_EVENT] = check_app_event,
    [RULE_CHECK_STREAM_EVENT] = check_stream_event,
    [RULE_CHECK_DECODE_EVENT] = check_decode_event,
    [RULE_CHECK_RPC] = check_rpc,
    [RULE_CHECK_FIELD_NOW] = check_field_now,
    [RULE_CHECK_APP_STATE] = check_app_state,
    [RULE_CHECK_FLOW_START] = check_flow_start,
    [RULE_CHECK_FIELD_NUMBER] = check_field_number,
    [RULE_CHECK_FILESIZE] = check_filesize,
    [RULE_CHECK_FILE] = check_file,
    [RULE_CHECK_DCERPC_IFACE] = check_dcerpc_iface,
    [RULE_CHECK_FILEEXT] = check_fileext,
    [RULE_CHECK_FILEHASH] = check_filehash,
    [RULE_CHECK_FLOW_AGE] = check_flow_age,
    [RULE_CHECK_FLOW_PKTS] = check_flow_pkts,
    [RULE_CHECK_FLOW_BYTES] = check_flow_bytes,
    [RULE_CHECK_ELEPHANT] = check_elephant,
    [RULE_CHECK_SESSION] = check_session,
    [RULE_CHECK_VLAN_ID] = check_vlan_id,
    [RULE_CHECK_VLAN_LAYERS] = check_vlan_layers,
};

bool checks_hold(struct match_worker *w, const struct match_rule *mr, const struct look *look,
                 enum answer *why)
{
    struct ask a = {w, look, look->view, look->view->packet};
    *why = ANSWER_YES;
    for (const struct rule_check *c = mr->rule->checks; c; c = c->next) {
        check_fn fn = (size_t)c->kind < ARRAY_COUNT(checks) ? checks[c->kind] : NULL;
        enum answer answer = fn ? fn(&a, c) : ANSWER_NO;
        if (w->followed)
            trace_check(w, c, answer);
        if (answer == ANSWER_NO) {
            *why = ANSWER_NO;
            return false;
        }
        if (answer == ANSWER_LATER)
            *why = ANSWER_LATER;
    }
    return *why == ANSWER_YES;
}
