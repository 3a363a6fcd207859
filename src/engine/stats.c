#include "engine/conversation.h"

/* Several engines added up. */
struct totals {
    struct packet_counts packet;
    struct flow_counts flow;
    struct match_counts match;
    struct engine_counts engine;
    uint64_t slab_used;
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
    add_counts(&t->engine, &e->counts, sizeof(t->engine));
    t->slab_used += e->slab.used_bytes;
}

/* "ipv4.trunc_pkt" becomes a member of "ipv4"; names of a layer stand together in the table of events. */
static void write_decoder_events(const struct packet_counts *c, struct json *out)
{
    struct str open = STR_EMPTY;
    json_object(out, "event");
    for (uint32_t i = 1; i < PACKET_EVENT_COUNT; i++) {
        struct str rest = str_c(packet_event_name(i));
        struct str layer = str_split(&rest, '.');
        if (!c->events[i])
            continue;
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

static void write_decoder(const struct packet_counts *c, struct json *out)
{
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

static void write_flows(const struct totals *t, struct json *out)
{
    const struct flow_counts *c = &t->flow;
    json_object(out, "flow");
    json_uint(out, "total", c->total);
    json_uint(out, "active", c->active);
    json_uint(out, "tcp", c->tcp);
    json_uint(out, "udp", c->udp);
    json_uint(out, "icmpv4", c->icmpv4);
    json_uint(out, "icmpv6", c->icmpv6);
    json_uint(out, "timed_out", c->timed_out);
    json_uint(out, "forced_out", c->forced_out);
    json_uint(out, "refused", c->refused);
    json_uint(out, "memuse", t->slab_used);
    json_end_object(out);
}

static void write_tcp(const struct engine_counts *c, struct json *out)
{
    json_object(out, "tcp");
    json_uint(out, "sessions", c->tcp_sessions);
    json_uint(out, "syn", c->tcp_syn);
    json_uint(out, "synack", c->tcp_synack);
    json_uint(out, "rst", c->tcp_rst);
    json_uint(out, "midstream_pickups", c->tcp_midstream);
    json_uint(out, "reassembly_gap", c->tcp_gaps);
    json_uint(out, "overlap", c->tcp_overlaps);
    json_uint(out, "retransmitted", c->tcp_retransmitted);
    json_end_object(out);
}

static void write_detect(const struct totals *t, struct json *out)
{
    const struct match_counts *c = &t->match;
    json_object(out, "detect");
    json_uint(out, "alert", t->engine.alerts);
    json_uint(out, "alert_queue_overflow", t->engine.alerts_lost);
    json_uint(out, "alerts_suppressed", c->suppressed);
    json_uint(out, "candidates", c->candidates);
    json_uint(out, "evaluated", c->evaluated);
    json_uint(out, "rule_limit_hits", c->rule_limit_hits);
    json_uint(out, "pcre_limit_hits", c->pcre_limit_hits);
    json_uint(out, "state_refused", c->state_refused);
    json_end_object(out);
    json_object(out, "ips");
    json_uint(out, "accepted", t->engine.frames - t->engine.dropped - t->engine.rejected);
    json_uint(out, "blocked", t->engine.dropped + t->engine.rejected);
    json_uint(out, "rejected", t->engine.rejected);
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

static void write_app_counts(const char *group, const uint64_t *counts, struct json *out)
{
    json_object(out, group);
    for (size_t i = 0; i < engine_parsers.count; i++) {
        enum app_proto proto = engine_parsers.rows[i]->proto;
        if (i && engine_parsers.rows[i - 1]->proto == proto)
            continue; /* one protocol over UDP and TCP: two rows */
        json_uint(out, app_proto_name(proto), counts[proto]);
    }
    json_end_object(out);
}

void engine_stats_write(struct engine *const *engines, size_t count, struct json *out)
{
    struct totals t = {0};
    for (size_t i = 0; i < count; i++)
        add_engine(&t, engines[i]);
    write_decoder(&t.packet, out);
    write_flows(&t, out);
    write_tcp(&t.engine, out);
    write_detect(&t, out);
    if (count)
        write_exceptions(engines[0], &t.engine, out);
    json_object(out, "app_layer");
    write_app_counts("flow", t.engine.app_flows, out);
    write_app_counts("tx", t.engine.app_tx, out);
    write_app_counts("error", t.engine.app_errors, out);
    json_uint(out, "transactions_given_up", t.engine.app_given_up);
    json_end_object(out);
}
