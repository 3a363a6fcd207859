#include "engine/eve/eve.h"

#include "base/digest.h"
#include "base/text.h"
#include "engine/eve/part.h"

#include <ctype.h>

#define ETHER_TYPE_VLAN 0x8100 /* as Suricata shows the type of every tagged frame */
#define IP_PROTO_SCTP 132

/* The ends of a record as they are shown: the packet's, or, for what belongs to a flow, turned as the record's direction
 * asks. */
struct ends {
    struct ip src, dst;
    uint16_t src_port, dst_port;
    uint8_t ip_proto;
    uint8_t l4;
    uint8_t icmp_type, icmp_code;
};

static struct ends ends_of_packet(const struct packet *p)
{
    return (struct ends){p->src,      p->dst,         p->src_port,  p->dst_port,
                         p->ip_proto, (uint8_t)p->l4, p->icmp_type, p->icmp_code};
}

static struct ends ends_of_flow(const struct flow *f, enum dir dir)
{
    struct ends e = {f->client_ip, f->server_ip, f->client_port,          f->server_port,
                     f->ip_proto,  f->l4,        (uint8_t)f->client_port, (uint8_t)f->server_port};
    if (dir == DIR_TOCLIENT) {
        struct ends turned = e;
        turned.src = e.dst, turned.dst = e.src;
        turned.src_port = e.dst_port, turned.dst_port = e.src_port;
        return turned;
    }
    return e;
}

/* Version 2 of DNS records shows the one who asked as the source, whoever speaks. */
static enum dir record_dir(const struct eve_conf *conf, const struct eve_event *event)
{
    bool client_first = event->tx->proto == APP_DNS && conf->app_log.dns_version == 2;
    return client_first ? DIR_TOSERVER : event->dir;
}

static struct ends ends_of(const struct eve_conf *conf, const struct eve_event *event)
{
    switch (event->type) {
    case EVE_APP: return ends_of_flow(event->flow, record_dir(conf, event));
    case EVE_FILEINFO: return ends_of_flow(event->flow, event->dir);
    case EVE_FLOW: return ends_of_flow(event->flow, DIR_TOSERVER);
    case EVE_FRAME:
    case EVE_NETFLOW: return ends_of_flow(event->flow, event->dir);
    case EVE_ANOMALY:
        if (!event->packet)
            return ends_of_flow(event->flow, event->dir);
        return ends_of_packet(event->packet);
    case EVE_ALERT:
    case EVE_DROP:
    case EVE_PACKET:
    case EVE_ARP:
    case EVE_METADATA:
    case EVE_TYPES: break;
    }
    return ends_of_packet(event->packet);
}

static const struct eve_xff *xff_of(const struct eve_conf *conf, const struct eve_event *event)
{
    return event->type == EVE_ALERT ? &conf->alert_xff : &conf->xff;
}

/* The client's address is replaced where the settings say so. */
static void overwrite_client(const struct eve_conf *conf, const struct eve_event *event,
                             struct ends *e)
{
    struct ip client;
    const struct eve_xff *xff = xff_of(conf, event);
    if (!event->flow || !xff->overwrite || !part_xff(xff, event, &client))
        return;
    *(ip_eq(&e->src, &event->flow->client_ip) ? &e->src : &e->dst) = client;
}

static bool has_ports(uint8_t l4)
{
    return l4 == PACKET_L4_TCP || l4 == PACKET_L4_UDP;
}

static bool is_icmp(uint8_t l4)
{
    return l4 == PACKET_L4_ICMP4 || l4 == PACKET_L4_ICMP6;
}

/* Community ID v1: "1:" base64(sha1(seed src dst proto 0 sport dport)), the smaller end first. ICMP: type and the answer's
 * type stand for ports; what has no answer keeps its order, with type and code. Others have no ports at all. */
static void write_community_id(const struct eve_conf *conf, const struct ends *e, struct json *out)
{
    if (!e->src.version)
        return;
    uint16_t src_port = e->src_port, dst_port = e->dst_port;
    bool one_way = false;
    if (is_icmp(e->l4)) {
        uint8_t other = flow_icmp_counterpart(e->l4, e->icmp_type);
        one_way = other == e->icmp_type;
        src_port = e->icmp_type;
        dst_port = one_way ? e->icmp_code : other;
    }
    int order = ip_cmp(&e->src, &e->dst);
    bool turned = !one_way && (order > 0 || (order == 0 && src_port > dst_port));
    const struct ip *low = turned ? &e->dst : &e->src, *high = turned ? &e->src : &e->dst;
    size_t address_bytes = e->src.version == 4 ? 4 : 16;
    uint8_t memory[64], hash[20];
    struct buf b = buf_fixed(memory, sizeof(memory));
    buf_add_u16(&b, conf->community_seed);
    buf_add(&b, str_of(low->bytes, address_bytes));
    buf_add(&b, str_of(high->bytes, address_bytes));
    buf_add_byte(&b, e->ip_proto);
    buf_add_byte(&b, 0);
    if (has_ports(e->l4) || is_icmp(e->l4)) {
        buf_add_u16(&b, turned ? dst_port : src_port);
        buf_add_u16(&b, turned ? src_port : dst_port);
    }
    digest_of(DIGEST_SHA1, buf_str(&b), hash);
    char text[40];
    struct buf t = buf_fixed(text, sizeof(text));
    buf_add_c(&t, "1:");
    text_add_base64(&t, str_of(hash, sizeof(hash)));
    json_bytes(out, "community_id", buf_str(&t));
}

static void write_ends(const struct ends *e, struct json *out)
{
    if (!e->src.version)
        return;
    part_ip(out, "src_ip", &e->src);
    bool ports = has_ports(e->l4) || e->ip_proto == IP_PROTO_SCTP;
    if (ports)
        json_uint(out, "src_port", e->src_port);
    part_ip(out, "dest_ip", &e->dst);
    if (ports)
        json_uint(out, "dest_port", e->dst_port);
    part_protocol(out, e->ip_proto);
    json_uint(out, "ip_v", e->src.version);
    if (is_icmp(e->l4)) {
        json_uint(out, "icmp_type", e->icmp_type);
        json_uint(out, "icmp_code", e->icmp_code);
    }
}

/* Of a conversation by ICMP that was answered: the answer has the question's code. */
static void write_icmp_answer(const struct flow *flow, struct json *out)
{
    if (!is_icmp(flow->l4) || !flow->packets[1])
        return;
    json_uint(out, "response_icmp_type",
              flow_icmp_counterpart(flow->l4, (uint8_t)flow->client_port));
    json_uint(out, "response_icmp_code", (uint8_t)flow->server_port);
}

static void write_vlans(const struct eve_event *event, struct json *out)
{
    uint8_t count =
        event->flow ? event->flow->vlan_count : (event->packet ? event->packet->vlan_count : 0);
    const uint16_t *vlan =
        event->flow ? event->flow->vlan : (event->packet ? event->packet->vlan : NULL);
    if (!count)
        return;
    json_array(out, "vlan");
    for (uint8_t i = 0; i < count; i++)
        json_uint(out, NULL, vlan[i]);
    json_end_array(out);
}

static void write_mac(const char *key, const struct mac *mac, struct json *out)
{
    char text[MAC_TEXT_BYTES];
    mac_format(mac, text);
    json_text(out, key, text);
}

/* Of a flow the machines of its first packet, in the form of lists; from the sender of the direction on. */
static void write_flow_macs(const struct flow *flow, enum dir dir, struct json *out)
{
    if (!flow->has_mac)
        return;
    bool turned = dir == DIR_TOCLIENT;
    json_object(out, "ether");
    json_array(out, "dest_macs");
    write_mac(NULL, turned ? &flow->client_mac : &flow->server_mac, out);
    json_end_array(out);
    json_array(out, "src_macs");
    write_mac(NULL, turned ? &flow->server_mac : &flow->client_mac, out);
    json_end_array(out);
    json_end_object(out);
}

/* A record may be about the other direction than its packet travels in: the machines turn with the addresses. */
static void write_macs(const struct eve_event *event, const struct ends *ends, struct json *out)
{
    const struct packet *p = event->packet;
    if (event->type == EVE_FLOW || event->type == EVE_NETFLOW) {
        write_flow_macs(event->flow, event->type == EVE_FLOW ? DIR_TOSERVER : event->dir, out);
        return;
    }
    if (!p || !p->has_mac)
        return;
    bool turned = ip_eq(&ends->src, &p->dst) && !ip_eq(&ends->src, &p->src);
    json_object(out, "ether");
    if (p->vlan_count || p->ether_type)
        json_uint(out, "ether_type", p->vlan_count ? ETHER_TYPE_VLAN : p->ether_type);
    write_mac("src_mac", turned ? &p->dst_mac : &p->src_mac, out);
    write_mac("dest_mac", turned ? &p->src_mac : &p->dst_mac, out);
    json_end_object(out);
}

static void write_head(const struct eve_conf *conf, const struct eve_event *event, struct json *out)
{
    part_time(out, "timestamp", event->time_us);
    if (event->flow)
        json_uint(out, "flow_id", event->flow->id);
    if (event->flow && event->flow->parent_id)
        json_uint(out, "parent_id", event->flow->parent_id);
    bool inside = event->packet && event->packet->origin == PACKET_TUNNELLED;
    if (conf->pcap_number && event->packet && event->packet->frame && !inside &&
        event->packet->frame->number && event->type != EVE_FLOW)
        json_uint(out, "pcap_cnt", event->packet->frame->number);
    if (conf->pcap_name)
        json_text(out, "pcap_filename", conf->pcap_name);
    json_text(out, "event_type", eve_type_name(event));
    if (conf->sensor)
        json_text(out, "host", conf->sensor);
    write_vlans(event, out);
    struct ends ends = ends_of(conf, event), shown = ends;
    overwrite_client(conf, event, &shown);
    write_ends(&shown, out);
    if (event->type == EVE_FLOW)
        write_icmp_answer(event->flow, out);
    if ((event->type == EVE_FLOW || event->type == EVE_NETFLOW) && flow_spi(event->flow))
        json_uint(out, "spi", flow_spi(event->flow));
    if (event->packet && event->type != EVE_FLOW)
        json_text(out, "pkt_src", part_source(event->packet));
    if (conf->community_id)
        write_community_id(conf, &ends, out);
    if (conf->ether)
        write_macs(event, &ends, out);
}

static void write_xff(const struct eve_conf *conf, const struct eve_event *event, struct json *out)
{
    struct ip client;
    if (!conf->xff.overwrite && part_xff(&conf->xff, event, &client))
        part_ip_short(out, "xff", &client);
}

static void record_app(const struct eve_conf *conf, const struct eve_event *event, struct json *out)
{
    if (event->app->parser->log_tx_id)
        json_uint(out, "tx_id", event->tx->id);
    part_app(conf, event, out);
    write_xff(conf, event, out);
}

static void record_file(const struct eve_conf *conf, const struct eve_event *event,
                        struct json *out)
{
    part_app(conf, event, out);
    json_text(out, "app_proto", app_proto_name(event->app->proto));
    json_object(out, "fileinfo");
    part_file(conf, event->tx, event->file, out);
    json_end_object(out);
    write_xff(conf, event, out);
}

/* "ipv4.trunc_pkt" as "decoder.ipv4.trunc_pkt"; parser events in capitals, as Suricata shows them. */
static void record_anomaly(const struct eve_conf *conf, const struct eve_event *event,
                           struct json *out)
{
    static const char *const types[] = {"decode", "stream", "applayer", "applayer"};
    char name[128];
    if (event->tx)
        json_uint(out, "tx_id", event->tx->id);
    json_object(out, "anomaly");
    bool of_app = event->anomaly >= EVE_ANOMALY_APPLAYER;
    bool detection = event->anomaly == EVE_ANOMALY_DETECTION;
    if (of_app && event->app->proto > APP_FAILED)
        json_text(out, "app_proto", app_proto_name(event->app->proto));
    json_text(out, "type", types[event->anomaly]);
    static const char *const prefixes[] = {"decoder.", "stream.", "", ""};
    size_t len = 0;
    struct buf b = buf_fixed(name, sizeof(name));
    buf_add_c(&b, prefixes[event->anomaly]);
    buf_add_c(&b, event->anomaly_event);
    len = b.len;
    bool small = !of_app || (!detection && event->app->parser->events_small);
    for (size_t i = 0; !small && i < len; i++)
        name[i] = (char)toupper((unsigned char)name[i]);
    json_bytes(out, "event", str_of(name, len));
    if (of_app)
        json_text(out, "layer", detection ? "proto_detect" : "proto_parser");
    json_end_object(out);
    if (conf->anomaly_packet)
        part_packet(event->packet, out);
}

const char *eve_type_name(const struct eve_event *event)
{
    static const char *const names[] = {
        [EVE_ALERT] = "alert",       [EVE_DROP] = "drop",       [EVE_FLOW] = "flow",
        [EVE_FILEINFO] = "fileinfo", [EVE_ANOMALY] = "anomaly", [EVE_APP] = NULL,
        [EVE_TYPES] = NULL,          [EVE_NETFLOW] = "netflow", [EVE_PACKET] = "packet",
        [EVE_ARP] = "arp",           [EVE_FRAME] = "frame",     [EVE_METADATA] = "metadata",
    };
    if (names[event->type])
        return names[event->type];
    const struct app_parser *parser = event->app->parser;
    const char *own = parser->log_type_of ? parser->log_type_of(event->tx) : NULL;
    if (own)
        return own;
    return parser->log_type ? parser->log_type : app_proto_name(parser->proto);
}

bool eve_wants(const struct eve_conf *conf, enum eve_type type, enum app_proto proto)
{
    if (!(conf->types >> type & 1))
        return false;
    return type != EVE_APP || (conf->protos >> proto & 1);
}

bool eve_wants_event(const struct eve_conf *conf, const struct eve_event *event)
{
    enum app_proto proto = event->app ? event->app->proto : APP_UNKNOWN;
    if (!eve_wants(conf, event->type, event->tx ? event->tx->proto : proto))
        return false;
    if (event->type == EVE_ANOMALY)
        return conf->anomalies >> (event->anomaly == EVE_ANOMALY_DETECTION ? EVE_ANOMALY_APPLAYER
                                                                           : event->anomaly) &
               1;
    if (event->type == EVE_DROP && event->repeated && !conf->drop_all)
        return false;
    const struct app_parser *parser = event->app ? event->app->parser : NULL;
    return event->type != EVE_APP || !parser->log_wants ||
           parser->log_wants(event->tx, &conf->app_log);
}

static void record_packet(const struct eve_conf *conf, const struct eve_event *event,
                          struct json *out)
{
    (void)conf;
    part_packet(event->packet, out);
}

/* All is said by what stands in many records. */
static void record_nothing(const struct eve_conf *conf, const struct eve_event *event,
                           struct json *out)
{
    (void)conf, (void)event, (void)out;
}

void eve_write(const struct eve_conf *conf, const struct eve_event *event, struct json *out)
{
    typedef void (*record_fn)(const struct eve_conf *, const struct eve_event *, struct json *);
    static const record_fn records[] = {
        [EVE_ALERT] = record_alert,      [EVE_DROP] = record_drop,
        [EVE_FLOW] = record_flow,        [EVE_APP] = record_app,
        [EVE_FILEINFO] = record_file,    [EVE_ANOMALY] = record_anomaly,
        [EVE_NETFLOW] = record_netflow,  [EVE_PACKET] = record_packet,
        [EVE_ARP] = record_arp,          [EVE_FRAME] = record_frame,
        [EVE_METADATA] = record_nothing,
    };
    write_head(conf, event, out);
    bool asked = event->type == EVE_METADATA;
    if ((asked || conf->metadata) && event->type != EVE_FILEINFO && event->type != EVE_PACKET)
        part_metadata(event, out);
    records[event->type](conf, event, out);
}
