/* The header of a rule: protocol, addresses, ports, direction. Rules share few sets of addresses and ports (HOME_NET and its
 * like), so the answer for a set is kept for the look: the header costs a few loads for each further rule. */
#include "engine/match/worker.h"

static uint8_t l4_bit_of(enum packet_l4 l4)
{
    switch (l4) {
    case PACKET_L4_TCP: return RULE_L4_TCP;
    case PACKET_L4_UDP: return RULE_L4_UDP;
    case PACKET_L4_ICMP4: return RULE_L4_ICMP4;
    case PACKET_L4_ICMP6: return RULE_L4_ICMP6;
    case PACKET_L4_NONE:
    case PACKET_L4_OTHER: return RULE_L4_OTHER;
    }
    return RULE_L4_OTHER;
}

void header_of_packet(const struct match_view *view, struct header *out)
{
    const struct packet *p = view->packet;
    *out = (struct header){.l4_bit = l4_bit_of(p->l4),
                           .l4 = match_l4_of(p->l4),
                           .dir = view->dir,
                           .has_flow = view->flow != NULL,
                           .src = p->src,
                           .dst = p->dst,
                           .src_port = p->src_port,
                           .dst_port = p->dst_port};
}

/* A stretch of stream or a transaction may be looked at in a packet that goes the other way (acknowledged bytes): its
 * addresses are the flow's. */
void header_of_flow(const struct match_view *view, struct header *out)
{
    const struct flow *f = view->flow;
    if (!f) {
        header_of_packet(view, out);
        return;
    }
    bool to_server = view->dir == DIR_TOSERVER;
    bool ports = f->l4 == PACKET_L4_TCP || f->l4 == PACKET_L4_UDP;
    *out = (struct header){.l4_bit = l4_bit_of((enum packet_l4)f->l4),
                           .l4 = match_l4_of((enum packet_l4)f->l4),
                           .dir = view->dir,
                           .has_flow = true,
                           .src = to_server ? f->client_ip : f->server_ip,
                           .dst = to_server ? f->server_ip : f->client_ip};
    if (ports) {
        out->src_port = to_server ? f->client_port : f->server_port;
        out->dst_port = to_server ? f->server_port : f->client_port;
    }
}

bool addresses_have(const struct rule_addresses *set, const struct ip *ip)
{
    uint32_t low = 0, high = set->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (ip_cmp(&set->ranges[middle].last, ip) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < set->count && ip_cmp(&set->ranges[low].first, ip) <= 0;
}

static bool port_in(const struct rule_ports *set, uint16_t port)
{
    uint32_t low = 0, high = set->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (set->ranges[middle].last < port)
            low = middle + 1;
        else
            high = middle;
    }
    return low < set->count && set->ranges[low].first <= port;
}

static bool address_fits(struct match_worker *w, const struct rule_addresses *set,
                         const struct header *h, int side)
{
    if (set->any)
        return true;
    uint32_t *seen = &w->source_seen[side][set->id];
    if (*seen >> 1 != w->generation)
        *seen = w->generation << 1 | addresses_have(set, side ? &h->dst : &h->src);
    return *seen & 1;
}

static bool port_fits(struct match_worker *w, const struct rule_ports *set, const struct header *h,
                      int side)
{
    if (set->any)
        return true;
    uint32_t *seen = &w->port_seen[side][set->id];
    if (*seen >> 1 != w->generation)
        *seen = w->generation << 1 | port_in(set, side ? h->dst_port : h->src_port);
    return *seen & 1;
}

static enum match_misfit ends_misfit(struct match_worker *w, const struct rule *r,
                                     const struct header *h, int from, int to)
{
    bool ports = h->l4 != MATCH_OTHER || r->l4 == RULE_L4_OTHER; /* sctp */
    if (ports && !port_fits(w, r->dst_ports, h, to))
        return MATCH_MISFIT_DESTINATION_PORT;
    if (ports && !port_fits(w, r->src_ports, h, from))
        return MATCH_MISFIT_SOURCE_PORT;
    if (!address_fits(w, r->src, h, from))
        return MATCH_MISFIT_SOURCE;
    return address_fits(w, r->dst, h, to) ? MATCH_FITS : MATCH_MISFIT_DESTINATION;
}

static enum match_misfit flow_misfit(const struct rule_flow *f, const struct look *look)
{
    const struct match_view *view = look->view;
    /* What has no flow has no direction either: as with Suricata, to_server alone does not ask for one. */
    bool needs_flow = f->to_client || f->established || f->not_established;
    if (needs_flow && !view->flow)
        return MATCH_MISFIT_NO_FLOW;
    if ((f->to_server && view->dir != DIR_TOSERVER) || (f->to_client && view->dir != DIR_TOCLIENT))
        return MATCH_MISFIT_FLOW_DIRECTION;
    if (f->established && !view->established)
        return MATCH_MISFIT_ESTABLISHED;
    if (f->not_established && view->established)
        return MATCH_MISFIT_NOT_ESTABLISHED;
    bool defragmented = view->packet->origin == PACKET_DEFRAGMENTED;
    if ((f->only_frag && !defragmented) || (f->no_frag && defragmented))
        return MATCH_MISFIT_FRAGMENTS;
    if (f->only_stream && look->kind == LOOK_PACKET && !view->stream_accepted)
        return MATCH_MISFIT_STREAM;
    return f->no_stream && look->kind == LOOK_STREAM ? MATCH_MISFIT_STREAM : MATCH_FITS;
}

enum match_misfit header_misfit(struct match_worker *w, const struct match_rule *mr,
                                const struct look *look)
{
    const struct rule *r = mr->rule;
    const struct header *h = &look->header;
    if (!(r->l4 & h->l4_bit))
        return MATCH_MISFIT_L4;
    if (h->has_flow && !(r->dirs & DIR_BIT(h->dir)))
        return MATCH_MISFIT_DIRECTION;
    uint8_t version = h->src.version == 4 ? 1 : h->src.version == 6 ? 2 : 0;
    if (version && !(r->ip_versions & version))
        return MATCH_MISFIT_IP_VERSION;
    /* a rule without an IP version (decoder events) may speak of what has none */
    if (!version && !r->packet_header_only && !mr->by_event)
        return MATCH_MISFIT_IP_VERSION;
    if (r->app_mask) {
        enum app_proto proto = look->tx ? look->tx->proto : look->view->proto;
        if (!(r->app_mask >> proto & 1))
            return MATCH_MISFIT_PROTOCOL;
    }
    enum match_misfit flow = flow_misfit(&r->flow, look);
    if (flow != MATCH_FITS)
        return flow;
    enum match_misfit ends = ends_misfit(w, r, h, 0, 1);
    return ends != MATCH_FITS && r->bidirectional ? ends_misfit(w, r, h, 1, 0) : ends;
}
