/* Who sees what of a packet, and when.
 *
 * As a rule a packet is looked at once, when its bytes have gone through the parser. Two things make the parser pause in the
 * middle: the protocol changes (its transactions go), or it has as many transactions at work as it may have. What there is
 * then is judged, told and freed before the rest of the bytes follows; the verdicts of these looks add up to the one that is
 * carried out on the packet, which is still in hand. So neither a change of protocol nor a crowd of small requests hides
 * anything. Rules about the packet and the stream see it at the first look, before its first transactions are freed.
 *
 * What belongs to the direction that the packet does not travel in, or to a flow that ends, is judged with a packet made up
 * for it. */
#include "engine/conversation.h"

static void make_pseudo(struct engine *e, const struct conversation *c, enum dir dir)
{
    const struct flow *f = &c->flow;
    bool to_server = dir == DIR_TOSERVER;
    e->pseudo = (struct packet){
        .origin = PACKET_WIRE,
        .l4 = f->l4,
        .src = to_server ? f->client_ip : f->server_ip,
        .dst = to_server ? f->server_ip : f->client_ip,
        .src_port = to_server ? f->client_port : f->server_port,
        .dst_port = to_server ? f->server_port : f->client_port,
        .ip_proto = f->ip_proto,
        .src_mac = to_server ? f->client_mac : f->server_mac,
        .dst_mac = to_server ? f->server_mac : f->client_mac,
        .has_mac = f->has_mac,
        .vlan_count = f->vlan_count,
    };
}

static bool is_own(const struct passage *way, enum dir dir)
{
    return way->packet && dir == way->dir;
}

static const struct packet *packet_of(struct engine *e, const struct passage *way, enum dir dir)
{
    if (is_own(way, dir) || !way->c)
        return way->packet;
    make_pseudo(e, way->c, dir);
    if (!way->packet)
        e->pseudo.origin = PACKET_FLOW_END;
    return &e->pseudo;
}

/* A flow that ends: its frames have gone on, so nothing was stopped, and nothing is said to be. What still comes on these
 * addresses is. */
static void judge_too_late(struct engine *e, struct conversation *c, const struct glance *glance,
                           struct verdict *verdict)
{
    inspect_packet(e, c, glance, verdict);
    if (verdict->enforced && verdict->action != VERDICT_ACCEPT)
        c->flow.dropped = true;
    verdict->enforced = false;
}

/* What is found without the packet, or before all of it was read, is carried out at once: the packet is still held, and the
 * bytes behind belong to a flow that is over. */
static void carry_on(struct conversation *c, const struct verdict *verdict)
{
    if (verdict->pass_flow)
        c->flow.passed = true;
    if (verdict->action != VERDICT_ACCEPT && verdict->flow_wide)
        c->flow.dropped = true;
}

void look_judge(struct engine *e, struct passage *way, enum dir dir)
{
    struct conversation *c = way->c;
    struct verdict verdict;
    bool own = is_own(way, dir);
    const struct stream_result *stream = own && way->has_stream_result ? &way->stream : NULL;
    struct glance glance = {packet_of(e, way, dir), dir, stream};
    if (!way->packet)
        judge_too_late(e, c, &glance, &verdict);
    else if (own && !way->looked)
        inspect_packet(e, c, &glance, &verdict);
    else
        inspect_transactions(e, c, &glance, &verdict);
    way->looked |= own;
    verdict_add(&way->verdict, &verdict);
}

static void tell_alerts(struct engine *e, struct passage *way, enum dir dir)
{
    if (!way->verdict.alert_count)
        return;
    way->alerted = true;
    tag_begin(e, way, packet_of(e, way, dir), &way->verdict);
    report_alerts(e, way->c, packet_of(e, way, dir), dir, &way->verdict);
    way->verdict.alert_count = 0;
}

void look_tell(struct engine *e, struct passage *way, enum dir dir)
{
    tell_alerts(e, way, dir);
    if (e->hits.variables.count)
        report_variables(e, way->c, packet_of(e, way, dir), dir);
}

void look_one(struct engine *e, struct passage *way, enum dir dir)
{
    struct conversation *c = way->c;
    if (conversation_is_unseen(c))
        return;
    look_judge(e, way, dir);
    look_tell(e, way, dir);
    carry_on(c, &way->verdict);
}

void look_both(struct engine *e, struct passage *way)
{
    for (enum dir dir = DIR_TOSERVER; dir <= DIR_TOCLIENT; dir++)
        look_one(e, way, dir);
}

void look_at_rest(struct engine *e, struct passage *way)
{
    struct conversation *c = way->c;
    for (enum dir dir = DIR_TOSERVER; dir <= DIR_TOCLIENT; dir++) {
        const struct stream_half *half = &c->stream.half[dir];
        if (!c->raw_wanted[dir] || half->ready_end <= half->raw_offset || conversation_is_unseen(c))
            continue;
        struct verdict verdict;
        const struct stream_result *stream = is_own(way, dir) ? &way->stream : NULL;
        struct glance glance = {packet_of(e, way, dir), dir, stream};
        inspect_stream(e, c, &glance, &verdict);
        verdict_add(&way->verdict, &verdict);
        look_tell(e, way, dir);
        carry_on(c, &way->verdict);
    }
}

void look_settle(struct engine *e, struct passage *way, enum dir dir, bool all)
{
    report_transactions(e, way->c, packet_of(e, way, dir), dir, all);
}
