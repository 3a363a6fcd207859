#include "engine/conversation.h"

/* Several engines added up. */
struct totals {
    struct packet_counts packet;
    struct flow_counts flow;
    struct match_counts match;
    struct engine_counts engine;
    uint64_t slab_used, slab_limit;
    const struct rule_set *rules; /* the engines share them */
};

/* All count structures are plain rows of uint64_t. */
static void add_counts(void *sum, const void *more, size_t bytes)
{
    uint64_t *a = sum;
    const uint64_t *b = more;
    for (size_t i = 0; i < bytes / sizeof(uint64_t); i++)
        a[i] += b[i];
}

static void add_engine(struct totals *t, const struct engine *e)
{
    add_counts(&t->packet, packet_decoder_counts(e->decoder), sizeof(t->packet));
    add_counts(&t->flow, flow_table_counts(e->flows), sizeof(t->flow));
    add_counts(&t->match, match_worker_counts(e->matcher), sizeof(t->match));
    uint64_t longest = t->engine.max_packet_bytes;
    add_counts(&t->engine, &e->counts, sizeof(t->engine));
    t->engine.max_packet_bytes =
        longest > e->counts.max_packet_bytes ? longest : e->counts.max_packet_bytes;
    t->slab_used += e->slab.used_bytes;
    t->slab_limit += e->conf.memory_bytes;
    t->rules = match_image_rules(e->image);
}

/* "ipv4.trunc_pkt" becomes a member of "ipv4"; names of a layer stand together in the table of events. */
static void write_decoder_events(const struct packet_counts *c, struct json *out)
{
    struct str open = STR_EMPTY;
    json_object(out, "event");
    for (uint32_t i = 1; i < PACKET_EVENT_COUNT; i++) {
        struct str rest = str_c(packet_event_name(i));
        struct str layer = str_split(&rest, '.');
        if (open.p && (!rest.p || !str_eq(open, layer))) {
            json_end_object(out);
            open = STR_EMPTY;
        }
        if (rest.p && !open.p) {
            char name[32] = "";
            memcpy(name, layer.p, layer.len < sizeof name ? layer.len : sizeof name - 1);
            json_object(out, name);
            open = layer;
        }
        json_uint(out, (const char *)(rest.p ? rest.p : layer.p), c->events[i]);
    }
    if (open.p)
        json_end_object(out);
    json_end_object(out);
}

static void write_links(const struct packet_counts *c, struct json *out)
{
    json_uint(out, "chdlc", c->chdlc);
    json_uint(out, "raw", c->raw);
    json_uint(out, "null", c->null);
    json_uint(out, "sll", c->sll);
    json_uint(out, "sll2", c->sll2);
    json_uint(out, "ppp", c->ppp);
    json_uint(out, "mpls", c->mpls);
    json_uint(out, "vntag", c->vntag);
    json_uint(out, "nsh", c->nsh);
    json_uint(out, "sctp", c->sctp);
    json_uint(out, "esp", c->esp);
    json_uint(out, "gre", c->gre);
    json_uint(out, "erspan", c->erspan);
    json_uint(out, "vxlan", c->vxlan);
    json_uint(out, "geneve", c->geneve);
    json_uint(out, "teredo", c->teredo);
}

static void write_decoder(const struct totals *t, struct json *out)
{
    const struct packet_counts *c = &t->packet;
    json_object(out, "decoder");
    json_uint(out, "pkts", c->packets);
    json_uint(out, "bytes", c->bytes);
    json_uint(out, "invalid", c->invalid);
    json_uint(out, "ipv4", c->ipv4);
    json_uint(out, "ipv6", c->ipv6);
    json_uint(out, "ethernet", c->ethernet);
    json_uint(out, "arp", c->arp);
    json_uint(out, "unknown_ethertype", c->unknown_ethertype);
    json_uint(out, "tcp", c->tcp);
    json_uint(out, "udp", c->udp);
    json_uint(out, "icmpv4", c->icmpv4);
    json_uint(out, "icmpv6", c->icmpv6);
    json_uint(out, "pppoe", c->pppoe);
    json_uint(out, "vlan", c->vlan);
    json_uint(out, "vlan_qinq", c->vlan_qinq);
    write_links(c, out);
    json_uint(out, "avg_pkt_size", c->packets ? c->bytes / c->packets : 0);
    json_uint(out, "max_pkt_size", t->engine.max_packet_bytes);
    write_decoder_events(c, out);
    json_end_object(out);
    json_object(out, "defrag");
    json_object(out, "ipv4");
    json_uint(out, "fragments", c->fragments4);
    json_end_object(out);
    json_object(out, "ipv6");
    json_uint(out, "fragments", c->fragments6);
    json_end_object(out);
    json_uint(out, "reassembled", c->reassembled);
    json_uint(out, "timed_out", c->fragments_timed_out);
    json_uint(out, "refused", c->fragments_refused);
    json_end_object(out);
}

static void write_flow_ends(const struct engine_counts *c, struct json *out)
{
    static const char *const names[] = {
        [FLOW_NEW] = "new",
        [FLOW_ESTABLISHED] = "established",
        [FLOW_CLOSED] = "closed",
        [FLOW_BYPASSED] = "local_bypassed",
    };
    json_object(out, "end");
    json_object(out, "state");
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        json_uint(out, names[i], c->flow_end_state[i]);
    json_end_object(out);
    json_object(out, "tcp_state");
    for (enum stream_state i = STREAM_NONE; i <= STREAM_CLOSED; i++)
        json_uint(out, stream_state_name(i), c->flow_end_tcp[i]);
    json_end_object(out);
    json_end_object(out);
}

static void write_flows(const struct totals *t, struct json *out)
{
    const struct flow_counts *c = &t->flow;
    json_object(out, "flow");
    json_uint(out, "memcap", c->refused);
    json_uint(out, "total", c->total);
    json_uint(out, "active", c->active);
    json_uint(out, "tcp", c->tcp);
    json_uint(out, "udp", c->udp);
    json_uint(out, "icmpv4", c->icmpv4);
    json_uint(out, "icmpv6", c->icmpv6);
    json_uint(out, "tcp_reuse", t->engine.tcp_reuse);
    json_uint(out, "get_used", c->forced_out);
    json_uint(out, "timed_out", c->timed_out);
    write_flow_ends(&t->engine, out);
    json_uint(out, "memuse", t->slab_used);
    json_end_object(out);
}

static void write_tcp(const struct engine_counts *c, struct json *out)
{
    json_object(out, "tcp");
    json_uint(out, "syn", c->tcp_syn);
    json_uint(out, "synack", c->tcp_synack);
    json_uint(out, "rst", c->tcp_rst);
    json_uint(out, "urg", c->tcp_urg);
    json_uint(out, "active_sessions", c->tcp_active);
    json_uint(out, "sessions", c->tcp_sessions);
    json_uint(out, "invalid_checksum", c->tcp_checksum_bad);
    json_uint(out, "midstream_pickups", c->tcp_midstream);
    json_uint(out, "stream_depth_reached", c->tcp_depth_reached);
    json_uint(out, "reassembly_gap", c->tcp_gaps);
    json_uint(out, "overlap", c->tcp_overlaps);
    json_uint(out, "retransmitted", c->tcp_retransmitted);
    json_end_object(out);
}

static void write_rules(const struct rule_set *rules, struct json *out)
{
    json_array(out, "engines");
    json_object(out, NULL);
    json_uint(out, "id", 0);
    json_uint(out, "rules_loaded", rules->count);
    json_uint(out, "rules_failed", rules->refused_count);
    json_end_object(out);
    json_end_array(out);
}

static void write_detect(const struct totals *t, struct json *out)
{
    const struct match_counts *c = &t->match;
    json_object(out, "detect");
    if (t->rules)
        write_rules(t->rules, out);
    json_uint(out, "alert", t->engine.alerts);
    json_uint(out, "alert_queue_overflow", t->engine.alerts_lost);
    json_uint(out, "alerts_suppressed", c->suppressed);
    json_uint(out, "candidates", c->candidates);
    json_uint(out, "evaluated", c->evaluated);
    json_uint(out, "rule_limit_hits", c->rule_limit_hits);
    json_uint(out, "pcre_limit_hits", c->pcre_limit_hits);
    json_uint(out, "state_refused", c->state_refused);
    json_end_object(out);
}

/* Of all reasons with this one's name; false when an earlier one has told of them. */
static bool sum_reason(const struct engine_counts *c, enum verdict_reason reason, uint64_t *sum)
{
    const char *name = verdict_reason_name(reason);
    *sum = 0;
    for (enum verdict_reason r = VERDICT_RULES; r < VERDICT_REASONS; r++) {
        if (strcmp(verdict_reason_name(r), name) != 0)
            continue;
        if (r < reason)
            return false;
        *sum += c->drop_reasons[r];
    }
    return true;
}

/* "stream error" becomes "stream_error". */
static void write_reasons(const struct engine_counts *c, struct json *out)
{
    json_object(out, "drop_reason");
    for (enum verdict_reason reason = VERDICT_RULES; reason < VERDICT_REASONS; reason++) {
        char name[64];
        size_t len = 0;
        uint64_t sum;
        if (!sum_reason(c, reason, &sum))
            continue;
        for (const char *p = verdict_reason_name(reason); *p && len < sizeof(name) - 1; p++)
            name[len++] = *p == ' ' ? '_' : *p;
        name[len] = '\0';
        json_uint(out, name, sum);
    }
    json_end_object(out);
}

static void write_exception(const struct engine *e, const struct engine_counts *c,
                            enum verdict_exception kind, const char *name, struct json *out)
{
    enum verdict_policy policy = (enum verdict_policy)e->conf.verdict.policy[kind];
    json_object(out, name);
    if (policy > POLICY_IGNORE)
        json_uint(out, verdict_policy_name(policy), c->exceptions[kind]);
    json_end_object(out);
}

static void write_exceptions(const struct engine *e, const struct engine_counts *c,
                             struct json *out)
{
    json_object(out, "exception_policy");
    json_object(out, "tcp");
    write_exception(e, c, EXCEPTION_MIDSTREAM, "midstream", out);
    write_exception(e, c, EXCEPTION_REASSEMBLY, "reassembly", out);
    json_end_object(out);
    json_object(out, "app_layer");
    write_exception(e, c, EXCEPTION_APP_ERROR, "error", out);
    json_end_object(out);
    json_end_object(out);
}

static void write_ips(const struct engine_counts *c, struct json *out)
{
    uint64_t blocked = c->dropped + c->rejected;
    json_object(out, "ips");
    json_uint(out, "accepted", c->frames > blocked ? c->frames - blocked : 0);
    json_uint(out, "blocked", blocked);
    json_uint(out, "rejected", c->rejected);
    write_reasons(c, out);
    json_end_object(out);
}

enum app_group { APP_GROUP_FLOW, APP_GROUP_TX, APP_GROUP_ERROR };

/* A protocol over both transports has two rows beside each other: "dns_udp", "dns_tcp". */
static void name_row(size_t i, char name[32])
{
    const struct app_parser *const *rows = engine_parsers.rows;
    enum app_proto proto = rows[i]->proto;
    bool both = (i && rows[i - 1]->proto == proto) ||
                (i + 1 < engine_parsers.count && rows[i + 1]->proto == proto);
    struct buf b = buf_fixed(name, 32);
    buf_add_c(&b, app_proto_name(proto));
    if (both)
        buf_add_c(&b, rows[i]->udp ? "_udp" : "_tcp");
    (void)buf_c(&b);
}

static void write_app_group(const struct engine_counts *c, enum app_group group, struct json *out)
{
    for (size_t i = 0; i < engine_parsers.count; i++) {
        const struct app_parser *row = engine_parsers.rows[i];
        const struct app_counts *counts = &c->app[row->proto][row->udp];
        char name[32];
        name_row(i, name);
        if (group == APP_GROUP_ERROR) {
            json_object(out, name);
            json_uint(out, "gap", counts->gaps);
            json_uint(out, "parser", counts->errors);
            json_end_object(out);
        } else {
            json_uint(out, name, group == APP_GROUP_FLOW ? counts->flows : counts->tx);
        }
    }
}

static void write_app(const struct engine_counts *c, struct json *out)
{
    json_object(out, "app_layer");
    json_object(out, "flow");
    json_uint(out, "failed_tcp", c->detection_failed[0]);
    write_app_group(c, APP_GROUP_FLOW, out);
    json_uint(out, "failed_udp", c->detection_failed[1]);
    json_end_object(out);
    json_object(out, "tx");
    write_app_group(c, APP_GROUP_TX, out);
    json_end_object(out);
    json_object(out, "error");
    write_app_group(c, APP_GROUP_ERROR, out);
    json_end_object(out);
    json_uint(out, "transactions_given_up", c->app_given_up);
    json_end_object(out);
}

static void write_memory(const struct totals *t, struct json *out)
{
    json_object(out, "memcap");
    json_uint(out, "pressure", t->slab_limit ? t->slab_used * 100 / t->slab_limit : 0);
    json_uint(out, "refused", t->engine.memory_refused);
    json_end_object(out);
}

void engine_stats_write(struct engine *const *engines, size_t count, struct json *out)
{
    struct totals t = {0};
    for (size_t i = 0; i < count; i++)
        add_engine(&t, engines[i]);
    write_decoder(&t, out);
    write_flows(&t, out);
    write_tcp(&t.engine, out);
    write_detect(&t, out);
    if (count)
        write_exceptions(engines[0], &t.engine, out);
    write_ips(&t.engine, out);
    write_app(&t.engine, out);
    write_memory(&t, out);
}
