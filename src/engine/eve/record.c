#include "engine/eve/part.h"

#include "base/reader.h"
#include "base/text.h"

#include <stdio.h>

#define SHOWN_MAX \
    4096 /* bytes of a payload as text, and of a frame: Suricata's payload-buffer-size */

/* metadata: key a, key b -> "key": ["a", "b"], each key once, in order of first appearance. */
static void write_rule_metadata(const struct rule *rule, struct json *out)
{
    if (!rule->metadata_count)
        return;
    json_object(out, "metadata");
    for (uint32_t i = 0; i < rule->metadata_count; i++) {
        const char *key = rule->metadata[i].key;
        bool seen = false;
        for (uint32_t k = 0; k < i && !seen; k++)
            seen = strcmp(rule->metadata[k].key, key) == 0;
        if (seen)
            continue;
        json_array(out, key);
        for (uint32_t k = i; k < rule->metadata_count; k++)
            if (strcmp(rule->metadata[k].key, key) == 0)
                json_text(out, NULL, rule->metadata[k].value);
        json_end_array(out);
    }
    json_end_object(out);
}

static void write_references(const struct rule *rule, struct json *out)
{
    if (!rule->reference_count)
        return;
    json_array(out, "references");
    for (uint32_t i = 0; i < rule->reference_count; i++)
        json_text(out, NULL, rule->references[i].value);
    json_end_array(out);
}

static void write_end(struct json *out, const char *key, const struct ip *ip, uint16_t port)
{
    json_object(out, key);
    part_ip(out, "ip", ip);
    if (port)
        json_uint(out, "port", port);
    json_end_object(out);
}

static void write_target(const struct rule *rule, const struct packet *p, struct json *out)
{
    if (rule->target == RULE_TARGET_NONE)
        return;
    bool target_is_src = rule->target == RULE_TARGET_SRC;
    write_end(out, target_is_src ? "target" : "source", &p->src, p->src_port);
    write_end(out, target_is_src ? "source" : "target", &p->dst, p->dst_port);
}

/* What datasets say of the values that were found. */
static void write_contexts(const struct match_hit *hit, struct json *out)
{
    if (hit->context_count == 0)
        return;
    json_object(out, "context");
    for (uint8_t i = 0; i < hit->context_count; i++)
        json_raw(out, hit->contexts[i].key, hit->contexts[i].json);
    json_end_object(out);
}

static void write_rule(const struct eve_conf *conf, const struct eve_event *event, struct json *out)
{
    const struct rule *rule = event->hit->rule;
    json_object(out, "alert");
    json_text(out, "action",
              verdict_hit_blocked(event->verdict, event->hit) ? "blocked" : "allowed");
    json_uint(out, "gid", rule->gid);
    json_uint(out, "signature_id", rule->sid);
    json_uint(out, "rev", rule->rev);
    json_bytes(out, "signature", str_c(rule->message));
    json_text(out, "category", rule->class_text);
    json_uint(out, "severity", rule->priority);
    struct ip client;
    if (part_xff(&conf->alert_xff, event, &client))
        part_ip_short(out, "xff", &client);
    write_target(rule, event->packet, out);
    write_contexts(event->hit, out);
    if (conf->rule_metadata)
        write_rule_metadata(rule, out);
    if (conf->rule_reference)
        write_references(rule, out);
    if (conf->rule_text)
        json_bytes(out, "rule", str_c(rule->text));
    json_end_object(out);
}

/* What became of the packet, all its rules and the engine's own reasons together. */
static void write_verdict(const struct eve_event *event, struct json *out)
{
    static const char *const targets[] = {[RULE_REJECT_SRC] = "to_client",
                                          [RULE_REJECT_DST] = "to_server",
                                          [RULE_REJECT_BOTH] = "both"};
    const struct verdict *v = event->verdict;
    json_object(out, "verdict");
    json_text(out, "action", verdict_action_name(v));
    if (v->enforced && v->action == VERDICT_REJECT) {
        bool tcp = event->packet->l4 == PACKET_L4_TCP;
        json_text(out, "reject-target", targets[v->reject]);
        json_array(out, "reject");
        json_text(out, NULL, tcp ? "tcp-reset" : "icmp-prohib");
        json_end_array(out);
    }
    json_end_object(out);
}

static void write_files(const struct eve_conf *conf, const struct eve_event *event,
                        struct json *out)
{
    const struct file *file = event->tx ? event->tx->files : NULL;
    if (!file)
        return;
    json_array(out, "files");
    for (; file; file = file->next) {
        if (file->dir != event->dir)
            continue;
        json_object(out, NULL);
        part_file(conf, event->tx, file, out);
        json_end_object(out);
    }
    json_end_array(out);
}

static void write_printable(struct json *out, const char *key, struct str bytes)
{
    uint8_t text[SHOWN_MAX];
    size_t len = bytes.len < sizeof(text) ? bytes.len : sizeof(text);
    for (size_t i = 0; i < len; i++) {
        uint8_t c = bytes.p[i];
        text[i] = (c >= 0x20 && c < 0x7f) || c == '\r' || c == '\n' || c == '\t' ? c : '.';
    }
    json_bytes(out, key, str_of(text, len));
}

static void write_payload(const struct eve_conf *conf, const struct eve_event *event,
                          struct json *out)
{
    const struct packet *p = event->packet;
    bool of_stream = event->stream_bytes.len > 0;
    struct str bytes = of_stream ? event->stream_bytes : p->payload;
    if (conf->payload)
        json_base64(out, "payload", bytes);
    if (conf->payload_printable)
        write_printable(out, "payload_printable", bytes);
    if (conf->payload_length)
        json_uint(out, "payload_length", bytes.len);
    if (conf->payload || conf->payload_printable || conf->payload_length)
        json_uint(out, "stream", of_stream || event->hit->by_stream);
    if (conf->packet)
        part_packet(p, out);
}

/* The stretch of the stream that the rule is about. */
static void write_frame(const struct eve_conf *conf, const struct eve_event *event,
                        struct json *out)
{
    const struct app_frame *f = event->frame;
    const struct app_parser *parser = event->app->parser;
    json_object(out, "frame");
    if (f->kind == APP_FRAME_STREAM)
        json_text(out, "type", "stream");
    else if (parser && parser->proto == f->proto)
        json_text(out, "type", parser->frames[f->kind].name);
    json_uint(out, "id", f->number);
    json_text(out, "direction", f->dir == DIR_TOSERVER ? "toserver" : "toclient");
    if (event->stream)
        json_uint(out, "stream_offset", f->offset);
    bool whole = f->len != APP_FRAME_OPEN && f->seen >= f->len;
    json_uint(out, "length", f->len != APP_FRAME_OPEN ? f->len : f->seen);
    if (f->len)
        json_bool(out, "complete", whole && !f->missed);
    if (f->has_tx)
        json_uint(out, "tx_id", f->tx_id);
    bool of_frame = event->type == EVE_FRAME && f->len;
    if (of_frame || conf->payload)
        json_base64(out, "payload", str_of(f->bytes, f->kept < SHOWN_MAX ? f->kept : SHOWN_MAX));
    if (of_frame || conf->payload_printable)
        write_printable(out, "payload_printable", str_of(f->bytes, f->kept));
    json_end_object(out);
}

static void write_app_protos(const struct eve_event *event, struct json *out)
{
    const struct app_flow *app = event->app;
    bool never = event->stream && event->stream->state == STREAM_NONE;
    if (!app || (never && app->proto == APP_FAILED))
        return;
    bool said = event->type != EVE_ALERT && app->proto_of[0] != app->proto_of[1];
    if (app->proto != APP_UNKNOWN || said)
        json_text(out, "app_proto", app_proto_name(app->proto));
    static const char *const keys[] = {
        [DIR_TOSERVER] = "app_proto_ts",
        [DIR_TOCLIENT] = "app_proto_tc",
    };
    for (enum dir dir = DIR_TOSERVER; dir <= DIR_TOCLIENT; dir++)
        if (app->proto_of[dir] != APP_UNKNOWN && app->proto_of[dir] != app->proto)
            json_text(out, keys[dir], app_proto_name(app->proto_of[dir]));
    if (app->proto_before != APP_UNKNOWN && app->proto_before != app->proto)
        json_text(out, "app_proto_orig", app_proto_name(app->proto_before));
    if (app->expected != APP_UNKNOWN && app->expected != app->proto)
        json_text(out, "app_proto_expected", app_proto_name(app->expected));
}

void record_frame(const struct eve_conf *conf, const struct eve_event *event, struct json *out)
{
    write_app_protos(event, out);
    write_frame(conf, event, out);
}

void record_alert(const struct eve_conf *conf, const struct eve_event *event, struct json *out)
{
    if (event->tx)
        json_uint(out, "tx_id", event->tx->id);
    if (event->tx_guessed)
        json_bool(out, "tx_guessed", true);
    write_rule(conf, event, out);
    part_tunnel(event->packet, out);
    if (conf->app_layer) {
        part_app(conf, event, out);
        write_files(conf, event, out);
    }
    if (event->frame)
        write_frame(conf, event, out);
    write_app_protos(event, out);
    if (event->flow) {
        json_text(out, "direction", event->dir == DIR_TOSERVER ? "to_server" : "to_client");
        if (conf->flow_in_alert) {
            json_object(out, "flow");
            part_flow_counts(event->flow, out);
            part_ip(out, "src_ip", &event->flow->client_ip);
            part_ip(out, "dest_ip", &event->flow->server_ip);
            if (event->packet->l4 == PACKET_L4_TCP || event->packet->l4 == PACKET_L4_UDP) {
                json_uint(out, "src_port", event->flow->client_port);
                json_uint(out, "dest_port", event->flow->server_port);
            }
            json_end_object(out);
        }
    }
    if (conf->alert_verdict)
        write_verdict(event, out);
    write_payload(conf, event, out);
}

/* ---- drop ---- */

static void write_tcp_header(const struct packet *p, struct json *out)
{
    static const struct {
        const char *name;
        uint8_t flag;
    } flags[] = {{"syn", TCP_SYN}, {"ack", TCP_ACK}, {"psh", TCP_PSH},
                 {"rst", TCP_RST}, {"urg", TCP_URG}, {"fin", TCP_FIN}};
    json_uint(out, "tcpseq", p->tcp.seq);
    json_uint(out, "tcpack", p->tcp.ack);
    json_uint(out, "tcpwin", p->tcp.window);
    for (size_t i = 0; i < ARRAY_COUNT(flags); i++)
        json_bool(out, flags[i].name, p->tcp.flags & flags[i].flag);
    json_uint(out, "tcpres", p->tcp.reserved);
    json_uint(out, "tcpurgp", p->tcp.urgent);
}

static void write_l4_header(const struct packet *p, struct json *out)
{
    switch (p->l4) {
    case PACKET_L4_TCP: write_tcp_header(p, out); break;
    case PACKET_L4_UDP: json_uint(out, "udplen", p->l4_header.len + p->payload.len); break;
    case PACKET_L4_ICMP4:
    case PACKET_L4_ICMP6:
        json_uint(out, "icmp_id", p->icmp_id);
        json_uint(out, "icmp_seq", p->icmp_seq);
        break;
    case PACKET_L4_NONE:
    case PACKET_L4_OTHER: break;
    }
}

static void write_drop_rule(const struct rule *rule, struct json *out)
{
    json_object(out, "alert");
    json_text(out, "action", "blocked");
    json_uint(out, "gid", rule->gid);
    json_uint(out, "signature_id", rule->sid);
    json_uint(out, "rev", rule->rev);
    json_bytes(out, "signature", str_c(rule->message));
    json_text(out, "category", rule->class_text);
    json_uint(out, "severity", rule->priority);
    json_end_object(out);
}

void record_drop(const struct eve_conf *conf, const struct eve_event *event, struct json *out)
{
    const struct packet *p = event->packet;
    json_object(out, "drop");
    json_uint(out, "len", p->ip_total);
    if (p->src.version == 4) {
        json_uint(out, "tos", p->tos);
        json_uint(out, "ttl", p->ttl);
        json_uint(out, "ipid", p->ip_id);
    } else {
        json_uint(out, "tc", p->tos);
        json_uint(out, "hoplimit", p->ttl);
        json_uint(out, "flowlbl", p->ip6_flow_label);
    }
    write_l4_header(p, out);
    json_text(out, "reason", verdict_reason_name(event->verdict->reason));
    json_end_object(out);
    if (conf->drop_verdict)
        write_verdict(event, out);
    if (event->verdict->rule && conf->drop_alert)
        write_drop_rule(event->verdict->rule, out);
    if (event->flow)
        json_text(out, "direction", event->dir == DIR_TOSERVER ? "to_server" : "to_client");
}

/* ---- flow ---- */

/* Between the clock's seconds, as Suricata counts it: 0.9 to 1.1 is a second old. */
static int64_t age_s(const struct flow *flow)
{
    return flow->last_us / 1000000 - flow->first_us / 1000000;
}

static const char *flow_state_word(enum flow_state state)
{
    static const char *const words[] = {
        [FLOW_NEW] = "new",
        [FLOW_ESTABLISHED] = "established",
        [FLOW_CLOSED] = "closed",
        [FLOW_BYPASSED] = "bypassed",
    };
    return words[state];
}

static const char *flow_end_word(enum flow_end why)
{
    static const char *const words[] = {
        [FLOW_END_TIMEOUT] = "timeout",
        [FLOW_END_FORCED] = "forced",
        [FLOW_END_SHUTDOWN] = "shutdown",
        [FLOW_END_REUSED] = "tcp_reuse",
    };
    return words[why];
}

static void write_flag_byte(struct json *out, const char *key, uint8_t flags)
{
    char hex[3];
    snprintf(hex, sizeof(hex), "%02x", flags);
    json_text(out, key, hex);
}

static void write_flag_words(uint8_t seen, struct json *out)
{
    static const struct {
        const char *name;
        uint8_t flag;
    } flags[] = {{"syn", TCP_SYN}, {"fin", TCP_FIN}, {"rst", TCP_RST}, {"psh", TCP_PSH},
                 {"ack", TCP_ACK}, {"urg", TCP_URG}, {"ecn", TCP_ECE}, {"cwr", TCP_CWR}};
    for (size_t i = 0; i < ARRAY_COUNT(flags); i++)
        if (seen & flags[i].flag)
            json_bool(out, flags[i].name, true);
}

static void write_tcp_flow(const struct stream *s, struct json *out)
{
    /* what never was a connection is shown as Suricata shows it: without flags */
    bool known = s->state != STREAM_NONE;
    uint8_t ts = known ? s->half[0].tcp_flags : 0, tc = known ? s->half[1].tcp_flags : 0;
    uint8_t all = ts | tc;
    json_object(out, "tcp");
    write_flag_byte(out, "tcp_flags", all);
    write_flag_byte(out, "tcp_flags_ts", ts);
    write_flag_byte(out, "tcp_flags_tc", tc);
    if (!known) {
        json_end_object(out);
        return;
    }
    write_flag_words(all, out);
    json_text(out, "state", stream_state_name(s->state));
    if (s->half[0].gaps)
        json_bool(out, "ts_gap", true);
    if (s->half[1].gaps)
        json_bool(out, "tc_gap", true);
    json_uint(out, "ts_max_regions", s->half[0].regions_max ? s->half[0].regions_max : 1);
    json_uint(out, "tc_max_regions", s->half[1].regions_max ? s->half[1].regions_max : 1);
    json_end_object(out);
}

static void write_exceptions(const uint8_t *exceptions, struct json *out)
{
    bool any = false;
    for (int i = 0; i < EXCEPTIONS; i++) {
        if (exceptions[i] == POLICY_UNUSED)
            continue;
        if (!any)
            json_array(out, "exception_policy");
        any = true;
        json_object(out, NULL);
        json_text(out, "target", verdict_exception_name((enum verdict_exception)i));
        json_text(out, "policy", verdict_policy_name((enum verdict_policy)exceptions[i]));
        json_end_object(out);
    }
    if (any)
        json_end_array(out);
}

static void write_elephant(const struct match_flow *rules, struct json *out)
{
    static const char *const words[] = {
        [DIR_TOSERVER] = "toserver",
        [DIR_TOCLIENT] = "toclient",
    };
    if (!match_flow_elephant(rules, DIR_TOSERVER) && !match_flow_elephant(rules, DIR_TOCLIENT))
        return;
    json_bool(out, "elephant", true);
    json_array(out, "elephant_direction");
    for (enum dir dir = DIR_TOSERVER; dir <= DIR_TOCLIENT; dir++)
        if (match_flow_elephant(rules, dir))
            json_text(out, NULL, words[dir]);
    json_end_array(out);
}

void record_flow(const struct eve_conf *conf, const struct eve_event *event, struct json *out)
{
    const struct flow *flow = event->flow;
    write_app_protos(event, out);
    json_object(out, "flow");
    part_flow_counts(flow, out);
    part_time(out, "end", flow->last_us);
    json_int(out, "age", age_s(flow));
    json_text(out, "state", flow_state_word(flow->state));
    json_text(out, "reason", flow_end_word(event->end));
    json_bool(out, "alerted", flow->alerted);
    write_elephant(event->flow_rules, out);
    if (flow->dropped)
        json_text(out, "action", "drop");
    else if (flow->passed)
        json_text(out, "action", "pass");
    if (event->exceptions)
        write_exceptions(event->exceptions, out);
    if (event->app && event->app->tx_count)
        json_uint(out, "tx_cnt", event->app->tx_count);
    json_end_object(out);
    if (event->stream)
        write_tcp_flow(event->stream, out);
}

/* One direction of a flow. */
void record_netflow(const struct eve_conf *conf, const struct eve_event *event, struct json *out)
{
    (void)conf;
    const struct flow *flow = event->flow;
    enum dir dir = event->dir;
    write_app_protos(event, out);
    json_object(out, "netflow");
    json_uint(out, "pkts", flow->packets[dir]);
    json_uint(out, "bytes", flow->bytes[dir]);
    part_time(out, "start", flow->first_us);
    part_time(out, "end", flow->last_us);
    json_int(out, "age", age_s(flow));
    json_uint(out, "min_ttl", flow->ttl_min[dir]);
    json_uint(out, "max_ttl", flow->ttl_max[dir]);
    if (event->app && event->app->tx_count)
        json_uint(out, "tx_cnt", event->app->tx_count);
    json_end_object(out);
    if (!event->stream)
        return;
    uint8_t seen = event->stream->state != STREAM_NONE ? event->stream->half[dir].tcp_flags : 0;
    json_object(out, "tcp");
    write_flag_byte(out, "tcp_flags", seen);
    write_flag_words(seen, out);
    json_end_object(out);
}

/* RFC 826, RFC 903: of Ethernet and IPv4, which the decoder has found sound. */
void record_arp(const struct eve_conf *conf, const struct eve_event *event, struct json *out)
{
    (void)conf;
    static const char *const operations[] = {"", "request", "reply", "request_reverse",
                                             "reply_reverse"};
    struct reader r = reader_of(event->packet->payload);
    char text[MAC_TEXT_BYTES];
    static const char *const macs[] = {"src_mac", "dest_mac"}, *const ips[] = {"src_ip", "dest_ip"};
    reader_skip(&r, 6);
    uint16_t operation = reader_u16(&r);
    json_object(out, "arp");
    json_text(out, "hw_type", "ethernet");
    json_text(out, "proto_type", "ipv4");
    json_text(out, "opcode", operation < ARRAY_COUNT(operations) ? operations[operation] : "");
    for (int side = 0; side < 2; side++) {
        struct mac mac = {{0}};
        struct ip ip = {.version = 4};
        struct str bytes = reader_str(&r, sizeof mac.bytes), address = reader_str(&r, 4);
        if (r.bad)
            break;
        memcpy(mac.bytes, bytes.p, sizeof mac.bytes);
        memcpy(ip.bytes, address.p, 4);
        mac_format(&mac, text);
        json_text(out, macs[side], text);
        part_ip(out, ips[side], &ip);
    }
    json_end_object(out);
}
