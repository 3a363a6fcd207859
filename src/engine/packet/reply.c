/* Frames that answer a packet or end its conversation. We are a bridge without addresses of our own, so each is written in
 * the name of the other end. */
#include "engine/packet/checksum.h"
#include "engine/packet/decode.h"
#include "engine/packet/locate.h"
#include "engine/packet/wire.h"

#define REPLY_TTL 64
#define ICMP4_UNREACHABLE 3
#define ICMP4_PROHIBITED 13 /* RFC 1812 5.2.7.1 */
#define ICMP6_UNREACHABLE 1
#define ICMP6_PROHIBITED 1 /* RFC 4443 3.1 */
/* RFC 1812 4.3.2.3: as much of the packet as keeps the whole below 576; RFC 4443 2.4(c): below 1280. */
#define ICMP4_BYTES_MAX 576
#define ICMP6_BYTES_MAX 1280

struct reply {
    const struct packet *p;    /* what is answered */
    const struct packet *wire; /* the outermost packet: its frame gives the link layer */
    bool turned;               /* goes back to the sender */
    uint8_t ip_proto;
};

/* False: p is inside a tunnel, whose outer layers we cannot write. */
static bool reply_begin(struct reply *r, const struct packet *p, bool turned, uint8_t ip_proto)
{
    *r = (struct reply){.p = p, .wire = p, .turned = turned, .ip_proto = ip_proto};
    while (r->wire->outer) {
        if (r->wire->origin == PACKET_TUNNELLED)
            return false;
        r->wire = r->wire->outer;
    }
    return p->src.version != 0 && p->ip_header.p;
}

static const struct ip *reply_src(const struct reply *r)
{
    return r->turned ? &r->p->dst : &r->p->src;
}

static const struct ip *reply_dst(const struct reply *r)
{
    return r->turned ? &r->p->src : &r->p->dst;
}

/* Copies tags and a PPPoE header, the only things between MAC addresses and IP that can simply be sent back. */
static bool tags_write(const struct reply *r, struct str link, size_t ip_bytes, struct buf *out)
{
    size_t at = 12;
    uint16_t type = wire_u16(link, at);
    while (type == ETHER_TYPE_VLAN || type == ETHER_TYPE_QINQ || type == ETHER_TYPE_QINQ_OLD) {
        buf_add(out, str_cut(link, at, at + 4));
        at += 4;
        type = wire_u16(link, at);
    }
    buf_add_u16(out, type);
    at += 2;
    if (type == ETHER_TYPE_PPPOE_SESSION) {
        size_t ppp_bytes = link.len - at - 6;
        if (link.len < at + 7)
            return false;
        buf_add(out, str_cut(link, at, at + 4));
        buf_add_u16(out, (uint16_t)(ppp_bytes + ip_bytes));
        buf_add(out, str_from(link, at + 6));
        return true;
    }
    return at == link.len && (type == ETHER_TYPE_IP4 || type == ETHER_TYPE_IP6);
}

static bool link_write(const struct reply *r, size_t ip_bytes, struct buf *out)
{
    const struct packet_frame *frame = r->wire->frame;
    if (r->wire->ip_header.p == frame->bytes.p)
        return true; /* raw IP: there is no link layer */
    if (frame->link != PACKET_LINK_ETHERNET)
        return false;
    struct str link = str_cut(frame->bytes, 0, (size_t)(r->wire->ip_header.p - frame->bytes.p));
    if (link.len < 14)
        return false;
    buf_add(out, r->turned ? str_cut(link, 6, 12) : str_cut(link, 0, 6));
    buf_add(out, r->turned ? str_cut(link, 0, 6) : str_cut(link, 6, 12));
    if (frame->stripped_vlan) {
        buf_add_u16(out, ETHER_TYPE_VLAN);
        buf_add_u16(out, frame->stripped_vlan & 0x0fff);
    }
    return tags_write(r, link, ip_bytes, out);
}

static void ip4_write(const struct reply *r, size_t payload_bytes, struct buf *out)
{
    uint8_t header[20] = {0x45};
    wire_put_u16(header + 2, (uint32_t)(sizeof header + payload_bytes));
    header[6] = 0x40; /* do not fragment: it is short, and the identification is 0 (RFC 6864) */
    header[8] = REPLY_TTL;
    header[9] = r->ip_proto;
    memcpy(header + 12, reply_src(r)->bytes, 4);
    memcpy(header + 16, reply_dst(r)->bytes, 4);
    wire_put_u16(header + 10, checksum_finish(checksum_add(0, str_of(header, sizeof header))));
    buf_add(out, str_of(header, sizeof header));
}

static void ip6_write(const struct reply *r, size_t payload_bytes, struct buf *out)
{
    uint8_t header[40] = {0x60};
    wire_put_u16(header + 4, (uint32_t)payload_bytes);
    header[6] = r->ip_proto;
    header[7] = REPLY_TTL;
    memcpy(header + 8, reply_src(r)->bytes, 16);
    memcpy(header + 24, reply_dst(r)->bytes, 16);
    buf_add(out, str_of(header, sizeof header));
}

/* payload: with its checksum in place. */
static bool reply_write(const struct reply *r, struct str payload, struct buf *out)
{
    bool ip4 = r->p->src.version == 4;
    if (!link_write(r, (ip4 ? 20 : 40) + payload.len, out))
        return false;
    if (ip4)
        ip4_write(r, payload.len, out);
    else
        ip6_write(r, payload.len, out);
    buf_add(out, payload);
    return !out->failed;
}

static bool reset_write(const struct reply *r, uint32_t seq, uint32_t ack, uint8_t flags,
                        struct buf *out)
{
    const struct packet *p = r->p;
    uint8_t tcp[20] = {0};
    wire_put_u16(tcp, r->turned ? p->dst_port : p->src_port);
    wire_put_u16(tcp + 2, r->turned ? p->src_port : p->dst_port);
    wire_put_u16(tcp + 4, seq >> 16);
    wire_put_u16(tcp + 6, seq);
    wire_put_u16(tcp + 8, ack >> 16);
    wire_put_u16(tcp + 10, ack);
    tcp[12] = 5 << 4;
    tcp[13] = flags;
    uint64_t sum = checksum_pseudo(reply_src(r), reply_dst(r), IP_PROTO_TCP, sizeof tcp);
    wire_put_u16(tcp + 16, checksum_finish(checksum_add(sum, str_of(tcp, sizeof tcp))));
    return reply_write(r, str_of(tcp, sizeof tcp), out);
}

static bool can_reset(const struct packet *p)
{
    return p->l4 == PACKET_L4_TCP && !(p->tcp.flags & TCP_RST);
}

/* RFC 9293 3.5.2 group 1: with an ACK the reset takes its number from it; else it is 0 and acknowledges the segment. */
bool packet_build_reset_to_sender(const struct packet *p, struct buf *frame)
{
    struct reply r;
    if (!can_reset(p) || !reply_begin(&r, p, true, IP_PROTO_TCP))
        return false;
    if (p->tcp.flags & TCP_ACK)
        return reset_write(&r, p->tcp.ack, 0, TCP_RST, frame);
    uint32_t len =
        (uint32_t)p->payload.len + !!(p->tcp.flags & TCP_SYN) + !!(p->tcp.flags & TCP_FIN);
    return reset_write(&r, 0, p->tcp.seq + len, TCP_RST | TCP_ACK, frame);
}

/* In the sender's name, in the place of p: the receiver takes a reset only at exactly the number that it expects next
 * (RFC 9293 3.10.7.4), which is p's own, or the one behind a SYN. */
bool packet_build_reset_to_receiver(const struct packet *p, struct buf *frame)
{
    struct reply r;
    if (!can_reset(p) || !reply_begin(&r, p, false, IP_PROTO_TCP))
        return false;
    uint32_t seq = p->tcp.seq + !!(p->tcp.flags & TCP_SYN);
    if (p->tcp.flags & TCP_ACK)
        return reset_write(&r, seq, p->tcp.ack, TCP_RST | TCP_ACK, frame);
    return reset_write(&r, seq, 0, TCP_RST, frame);
}

static bool is_unicast(const struct ip *ip)
{
    if (ip->version == 6)
        return ip->bytes[0] != 0xff;
    return ip->bytes[0] != 0 && ip->bytes[0] < 224;
}

static bool is_icmp_error(const struct packet *p)
{
    if (p->l4 == PACKET_L4_ICMP6)
        return p->icmp_type < 128 || p->icmp_type == 137;
    return p->l4 == PACKET_L4_ICMP4 && p->icmp_type != 0 &&
           (p->icmp_type < 8 || (p->icmp_type >= 11 && p->icmp_type < 13));
}

/* RFC 1122 3.2.2 and RFC 4443 2.4(e): no error about an error, about a packet to or from many, about a later piece. A
 * broadcast of the link is known by its MAC address. */
static bool can_answer_by_icmp(const struct packet *p)
{
    bool one_receiver = !p->has_mac || !(p->dst_mac.bytes[0] & 1);
    return one_receiver && is_unicast(&p->src) && is_unicast(&p->dst) && p->fragment_offset == 0 &&
           !is_icmp_error(p);
}

bool packet_build_unreachable(const struct packet *p, struct buf *frame)
{
    struct reply r;
    bool ip4 = p->src.version == 4;
    if (!reply_begin(&r, p, true, ip4 ? IP_PROTO_ICMP4 : IP_PROTO_ICMP6) || !can_answer_by_icmp(p))
        return false;
    uint8_t memory[ICMP6_BYTES_MAX];
    struct buf icmp = buf_fixed(memory, ip4 ? ICMP4_BYTES_MAX - 20 : ICMP6_BYTES_MAX - 40);
    buf_add_byte(&icmp, ip4 ? ICMP4_UNREACHABLE : ICMP6_UNREACHABLE);
    buf_add_byte(&icmp, ip4 ? ICMP4_PROHIBITED : ICMP6_PROHIBITED);
    buf_add_u16(&icmp, 0);
    buf_add_u32(&icmp, 0);
    buf_add(&icmp, str_cut(p->ip_header, 0, icmp.cap - icmp.len));
    buf_add(&icmp, str_cut(p->ip_payload, 0, icmp.cap - icmp.len));
    uint64_t sum = ip4 ? 0 : checksum_pseudo(&p->dst, &p->src, IP_PROTO_ICMP6, icmp.len);
    wire_put_u16(memory + 2, checksum_finish(checksum_add(sum, buf_str(&icmp))));
    return reply_write(&r, buf_str(&icmp), frame);
}

/* Where in the transport header the checksum stands, or -1. */
static int checksum_place(const struct located *l)
{
    switch (l->ip_proto) {
    case IP_PROTO_TCP: return 16;
    case IP_PROTO_UDP: return 6;
    case IP_PROTO_ICMP4: return l->version == 4 ? 2 : -1;
    case IP_PROTO_ICMP6: return l->version == 6 ? 2 : -1;
    default: return -1;
    }
}

static void l4_fix(uint8_t *frame, size_t len, const struct located *l)
{
    int place = checksum_place(l);
    if (place < 0 || l->is_fragment || l->end < l->l4_at + (size_t)place + 2)
        return;
    struct str bytes = str_of(frame, len);
    struct ip src = {0}, dst = {0};
    if (l->version == 4) {
        wire_take_ip4(bytes, l->ip_at + 12, &src);
        wire_take_ip4(bytes, l->ip_at + 16, &dst);
    } else {
        wire_take_ip6(bytes, l->ip_at + 8, &src);
        wire_take_ip6(bytes, l->ip_at + 24, &dst);
    }
    struct str l4 = str_cut(bytes, l->l4_at, l->end);
    if (l->ip_proto == IP_PROTO_UDP && wire_u16(l4, 4) >= 8)
        l4 = str_cut(l4, 0, wire_u16(l4, 4));
    wire_put_u16(frame + l->l4_at + place, 0);
    uint64_t sum =
        l->ip_proto == IP_PROTO_ICMP4 ? 0 : checksum_pseudo(&src, &dst, l->ip_proto, l4.len);
    uint16_t checksum = checksum_finish(checksum_add(sum, l4));
    if (l->ip_proto == IP_PROTO_UDP && checksum == 0)
        checksum = 0xffff; /* RFC 768: 0 would say that there is none */
    wire_put_u16(frame + l->l4_at + place, checksum);
}

void packet_fix_checksums(uint8_t *frame, size_t len)
{
    struct located l;
    if (!packet_locate(str_of(frame, len), PACKET_LINK_ETHERNET, &l))
        return;
    if (l.version == 4) {
        wire_put_u16(frame + l.ip_at + 10, 0);
        wire_put_u16(frame + l.ip_at + 10,
                     checksum_finish(checksum_add(0, str_of(frame + l.ip_at, l.l4_at - l.ip_at))));
    }
    l4_fix(frame, len, &l);
}
