#include "gateway/worker/crewman.h"

bool isolated_has(const struct isolated *set, const struct mac *mac)
{
    for (uint32_t i = 0; i < set->count; i++)
        if (memcmp(set->macs[i].bytes, mac->bytes, sizeof(mac->bytes)) == 0)
            return true;
    return false;
}

void isolated_set(struct isolated *set, const struct mac *mac, bool on)
{
    for (uint32_t i = 0; i < set->count; i++) {
        if (memcmp(set->macs[i].bytes, mac->bytes, sizeof(mac->bytes)) != 0)
            continue;
        if (!on)
            set->macs[i] = set->macs[--set->count];
        return;
    }
    if (on && set->count < ISOLATED_MAX)
        set->macs[set->count++] = *mac;
}

/* Both ends of the frame are asked: nothing goes to a machine that is cut off either. */
static bool touches_isolated(const struct crewman *c, const struct io_frame *in)
{
    struct mac dst, src;
    if (!c->isolated.count || in->bytes.len < 12)
        return false;
    memcpy(dst.bytes, in->bytes.p, sizeof(dst.bytes));
    memcpy(src.bytes, in->bytes.p + 6, sizeof(src.bytes));
    return isolated_has(&c->isolated, &src) || isolated_has(&c->isolated, &dst);
}

static bool wan_has(const struct wan_side *wan, const struct mac *mac)
{
    for (uint32_t i = 0; i < wan->count; i++)
        if (memcmp(wan->macs[i].bytes, mac->bytes, sizeof(mac->bytes)) == 0)
            return true;
    return false;
}

static void wan_learn(struct wan_side *wan, const struct io_frame *in)
{
    struct mac src;
    if (in->bytes.len < 12)
        return;
    memcpy(src.bytes, in->bytes.p + 6, sizeof(src.bytes));
    if (wan_has(wan, &src))
        return;
    wan->macs[wan->next] = src;
    wan->next = (wan->next + 1) % WAN_MACS_MAX;
    wan->count += wan->count < WAN_MACS_MAX;
}

static void want_isolation(struct crewman *c, const struct engine_answer *answer)
{
    const struct packet *p = answer->packet;
    if (!p->has_mac || !answer->rule)
        return;
    struct control_message message = {
        .kind = CONTROL_WANT_ISOLATION,
        .origin = CONTROL_BY_RULE,
        .mac = c->from == SIDE_LAN ? p->src_mac : p->dst_mac,
        .sid = answer->rule->sid,
    };
    /* A broadcast belongs to nobody, and the router's address, which a PC could forge, would cut everybody off. */
    if (isolated_has(&c->isolated, &message.mac) || !mac_is_machine(&message.mac) ||
        wan_has(&c->wan_side, &message.mac))
        return;
    control_set_text(&message, answer->rule->message);
    /* At once here; guard confirms it and keeps it for the time when this process is dead. */
    isolated_set(&c->isolated, &message.mac, true);
    if (control_send(c->conf->control_fd, &message) < 0)
        c->link_lost++;
}

static void inject(struct crewman *c, enum side side,
                   bool (*build)(const struct packet *, struct buf *), const struct packet *p)
{
    buf_reset(&c->reply);
    if (build(p, &c->reply) && !c->reply.failed)
        io_inject(c->ports[side], buf_str(&c->reply));
}

static void reject(struct crewman *c, const struct engine_answer *answer)
{
    const struct packet *p = answer->packet;
    enum side back = c->from, onward = back == SIDE_LAN ? SIDE_WAN : SIDE_LAN;
    bool to_sender = answer->reject != RULE_REJECT_DST;
    bool to_receiver = answer->reject != RULE_REJECT_SRC;
    if (p->l4 == PACKET_L4_TCP) {
        if (to_sender)
            inject(c, back, packet_build_reset_to_sender, p);
        if (to_receiver)
            inject(c, onward, packet_build_reset_to_receiver, p);
    } else if (to_sender) {
        inject(c, back, packet_build_unreachable, p);
    }
}

static struct packet_frame frame_of(struct crewman *c, const struct io_frame *in)
{
    return (struct packet_frame){
        .bytes = in->bytes,
        .time_us = in->time_us,
        .number = ++c->number,
        .link = PACKET_LINK_ETHERNET,
        .stripped_vlan = in->vlan_stripped ? (uint16_t)(0x1000 | (in->vlan_tci & 0xfff)) : 0,
        .checksum_known_good = in->checksum_known_good || in->aggregated,
        .from_wan = c->from == SIDE_WAN,
        .side_known = true,
    };
}

static void carry_out(struct crewman *c, const struct io_frame *in,
                      const struct engine_answer *answer)
{
    enum side onward = c->from == SIDE_LAN ? SIDE_WAN : SIDE_LAN;
    if (answer->isolate && answer->action != VERDICT_ACCEPT)
        want_isolation(c, answer);
    switch (answer->action) {
    case VERDICT_ACCEPT: io_forward(c->ports[c->from], c->ports[onward], in); return;
    case VERDICT_REJECT: reject(c, answer); break;
    case VERDICT_DROP: break;
    }
    c->dropped++;
}

void act_on_frame(struct crewman *c, const struct io_frame *in)
{
    struct engine_answer answer;
    if (touches_isolated(c, in)) {
        c->isolated_frames++;
        return;
    }
    struct packet_frame frame = frame_of(c, in);
    engine_frame(c->engine, &frame, &answer);
    if (c->from == SIDE_LAN)
        devices_see(c->devices, answer.packet);
    else
        wan_learn(&c->wan_side, in);
    carry_out(c, in, &answer);
}
