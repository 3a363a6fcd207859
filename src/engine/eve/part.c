#include "engine/eve/part.h"

#include "base/clock.h"
#include "base/text.h"

#include <stdio.h>

#define IP_PROTO_GRE 47
#define PORT_GENEVE 6081
#define PORT_TEREDO 3544

void part_time(struct json *out, const char *key, int64_t time_us)
{
    char text[CLOCK_TEXT_BYTES];
    size_t len = clock_format_eve(time_us, text);
    json_bytes(out, key, str_of(text, len));
}

void part_ip(struct json *out, const char *key, const struct ip *ip)
{
    char text[IP_TEXT_BYTES];
    size_t len = ip_format_full(ip, text);
    json_bytes(out, key, str_of(text, len));
}

void part_ip_short(struct json *out, const char *key, const struct ip *ip)
{
    char text[IP_TEXT_BYTES];
    size_t len = ip_format(ip, text);
    json_bytes(out, key, str_of(text, len));
}

/* IANA's protocol numbers, by the names that EVE has for them. */
// clang-format off
static const char *const protocols[] = {
    "HOPOPT", "ICMP", "IGMP", "GGP", "IP-in-IP", "ST", "TCP", "CBT", "EGP", "IGP", "BBN-RCC-MON",
    "NVP-II", "PUP", "ARGUS", "EMCON", "XNET", "CHAOS", "UDP", "MUX", "DCN-MEAS", "HMP", "PRM",
    "XNS-IDP", "TRUNK-1", "TRUNK-2", "LEAF-1", "LEAF-2", "RDP", "IRTP", "ISO-TP4", "NETBLT",
    "MFE-NSP", "MERIT-INP", "DCCP", "3PC", "IDPR", "XTP", "DDP", "IDPR-CMTP", "TP++", "IL", "IPv6",
    "SDRP", "IPv6-Route", "IPv6-Frag", "IDRP", "RSVP", "GRE", "DSR", "BNA", "ESP", "AH", "I-NLSP",
    "SwIPe", "NARP", "MOBILE", "TLSP", "SKIP", "IPv6-ICMP", "IPv6-NoNxt", "IPv6-Opts", "Any",
    "CFTP", "Any", "SAT-EXPAK", "KRYPTOLAN", "RVD", "IPPC", "Any", "SAT-MON", "VISA", "IPCU",
    "CPNX", "CPHB", "WSN", "PVP", "BR-SAT-MON", "SUN-ND", "WB-MON", "WB-EXPAK", "ISO-IP", "VMTP",
    "SECURE-VMTP", "VINES", "TTP", "NSFNET-IGP", "DGP", "TCF", "EIGRP", "OSPF", "Sprite-RPC",
    "LARP", "MTP", "AX.25", "OS", "MICP", "SCC-SP", "ETHERIP", "ENCAP", "Any", "GMTP", "IFMP",
    "PNNI", "PIM", "ARIS", "SCPS", "QNX", "A/N", "IPComp", "SNP", "Compaq-Peer", "IPX-in-IP",
    "VRRP", "PGM", "Any", "L2TP", "DDX", "IATP", "STP", "SRP", "UTI", "SMP", "SM", "PTP", "IS-IS",
    "FIRE", "CRTP", "CRUDP", "SSCOPMCE", "IPLT", "SPS", "PIPE", "SCTP", "FC", "RSVP-E2E-IGNORE",
    "Mobility", "UDPLite", "MPLS-in-IP", "manet", "HIP", "Shim6", "WESP", "ROHC", "Ethernet",
};
// clang-format on

void part_protocol(struct json *out, uint8_t ip_proto)
{
    char number[8];
    if (ip_proto < ARRAY_COUNT(protocols)) {
        json_text(out, "proto", protocols[ip_proto]);
        return;
    }
    snprintf(number, sizeof(number), "%03u", ip_proto);
    json_text(out, "proto", number);
}

/* What is carried says how: an outer packet ends where its tunnel begins. */
static const char *tunnel_name(const struct packet *outer)
{
    if (outer->ip_proto == IP_PROTO_GRE)
        return "gre tunnel";
    if (outer->l4 != PACKET_L4_UDP)
        return outer->src.version == 6 ? "ipv6 tunnel" : "ipv4 tunnel";
    if (outer->dst_port == PORT_GENEVE)
        return "geneve encapsulation";
    return outer->dst_port == PORT_TEREDO || outer->src_port == PORT_TEREDO ? "teredo tunnel"
                                                                            : "vxlan encapsulation";
}

const char *part_source(const struct packet *p)
{
    switch (p->origin) {
    case PACKET_FLOW_END: return "stream (flow timeout)";
    case PACKET_DEFRAGMENTED: return "defrag";
    case PACKET_TUNNELLED: return p->outer ? tunnel_name(p->outer) : "tunnel";
    case PACKET_WIRE: break;
    }
    return p->frame ? "wire/pcap" : "stream (detect/log)";
}

void part_tunnel(const struct packet *p, struct json *out)
{
    uint32_t depth = 0;
    if (!p || p->origin != PACKET_TUNNELLED || !p->outer)
        return;
    const struct packet *outer = p->outer;
    for (const struct packet *at = p; at; at = at->outer)
        depth += at->origin == PACKET_TUNNELLED;
    json_object(out, "tunnel");
    part_ip(out, "src_ip", &outer->src);
    json_uint(out, "src_port", outer->src_port);
    part_ip(out, "dest_ip", &outer->dst);
    json_uint(out, "dest_port", outer->dst_port);
    part_protocol(out, outer->ip_proto);
    json_uint(out, "depth", depth);
    if (outer->frame && outer->frame->number && outer->origin != PACKET_TUNNELLED)
        json_uint(out, "pcap_cnt", outer->frame->number);
    json_text(out, "pkt_src", part_source(outer));
    json_end_object(out);
}

void part_flow_counts(const struct flow *flow, struct json *out)
{
    json_uint(out, "pkts_toserver", flow->packets[0]);
    json_uint(out, "pkts_toclient", flow->packets[1]);
    json_uint(out, "bytes_toserver", flow->bytes[0]);
    json_uint(out, "bytes_toclient", flow->bytes[1]);
    part_time(out, "start", flow->first_us);
}

void part_app(const struct eve_conf *conf, const struct eve_event *event, struct json *out)
{
    const struct app_flow *app = event->app;
    if (!event->tx || !app || !app->parser || !app->parser->log)
        return;
    if (app->parser->log_alone && event->type != EVE_APP)
        return;
    /* The engine's own: rules may have switched fingerprints on. */
    struct app_conf app_conf = *(app->conf ? app->conf : conf->app_conf);
    app_conf.log = conf->app_log;
    app_conf.log.in_alert = event->type == EVE_ALERT;
    app_conf.log.in_other = event->type != EVE_APP;
    const char *name = app->parser->log_type;
    json_object(out, name ? name : app_proto_name(app->parser->proto));
    app->parser->log(event->tx, &app_conf, out);
    json_end_object(out);
    if (app->parser->log_beside)
        app->parser->log_beside(event->tx, &app_conf, out);
}

static void add_hash(struct json *out, const char *key, const uint8_t *bytes, size_t len)
{
    char hex[2 * DIGEST_BYTES_MAX + 1];
    text_hex(hex, str_of(bytes, len));
    json_text(out, key, hex);
}

void part_file(const struct eve_conf *conf, const struct tx *tx, const struct file *file,
               struct json *out)
{
    static const char *const states[] = {
        [FILE_OPEN] = "UNKNOWN",
        [FILE_CLOSED] = "CLOSED",
        [FILE_TRUNCATED] = "TRUNCATED",
        [FILE_ERROR] = "ERROR",
    };
    if (file->name.len)
        json_bytes(out, "filename", file->name);
    json_bool(out, "gaps", file->has_gaps);
    json_text(out, "state", states[file->state]);
    if (file->hashed) {
        if (file->hashed & 1u << DIGEST_MD5)
            add_hash(out, "md5", file->md5, sizeof(file->md5));
        if (file->hashed & 1u << DIGEST_SHA1)
            add_hash(out, "sha1", file->sha1, sizeof(file->sha1));
        if (file->hashed & 1u << DIGEST_SHA256)
            add_hash(out, "sha256", file->sha256, sizeof(file->sha256));
    }
    json_bool(out, "stored", file->kept);
    if (file->kept)
        json_uint(out, "file_id", file->id);
    json_uint(out, "size", file->size_bytes);
    if (file->range_total) {
        json_uint(out, "start", file->range_start);
        json_uint(out, "end", file->range_start + file->size_bytes - (file->size_bytes ? 1 : 0));
    }
    json_uint(out, "tx_id", tx->id);
}

static const char *link_name(uint32_t link)
{
    static const struct {
        uint32_t link;
        const char *name;
    } names[] = {
        {0, "NULL"},        {1, "EN10MB"},     {9, "PPP"},    {12, "RAW"},         {14, "RAW"},
        {50, "PPP_SERIAL"}, {51, "PPP_ETHER"}, {101, "RAW"},  {104, "C_HDLC"},     {108, "LOOP"},
        {113, "LINUX_SLL"}, {228, "IPv4"},     {229, "IPv6"}, {276, "LINUX_SLL2"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        if (names[i].link == link)
            return names[i].name;
    return NULL;
}

#define LINK_HEAD_MAX 64 /* Ethernet with all the tags that are opened */

/* A datagram put together from fragments is shown as if it had come whole: what stands in front of the IP header of its last
 * fragment, then the datagram. Inside a tunnel: the datagram alone. */
static void write_whole(const struct packet *p, struct json *out)
{
    uint8_t memory[LINK_HEAD_MAX + UINT16_MAX];
    struct buf b = buf_fixed(memory, sizeof(memory));
    const struct packet *piece = p->outer;
    if (piece && piece->origin == PACKET_WIRE && piece->ip_header.p) {
        size_t head = (size_t)(piece->ip_header.p - p->frame->bytes.p);
        buf_add(&b, str_cut(p->frame->bytes, 0, head < LINK_HEAD_MAX ? head : 0));
    }
    buf_add(&b, str_of(p->ip_header.p, p->ip_total));
    json_base64(out, "packet", buf_str(&b));
}

void part_packet(const struct packet *p, struct json *out)
{
    if (!p || !p->frame)
        return;
    const char *name = link_name((uint32_t)p->frame->link);
    if (p->origin == PACKET_DEFRAGMENTED)
        write_whole(p, out);
    else
        json_base64(out, "packet", p->frame->bytes);
    json_object(out, "packet_info");
    json_uint(out, "linktype", p->frame->link);
    if (name)
        json_text(out, "linktype_name", name);
    json_end_object(out);
}
