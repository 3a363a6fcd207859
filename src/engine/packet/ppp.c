#include "engine/packet/decode.h"
#include "engine/packet/wire.h"

/* https://www.iana.org/assignments/ppp-numbers */
enum ppp_proto {
    PPP_IP4 = 0x0021,
    PPP_VJ_COMPRESSED = 0x002d,
    PPP_VJ_UNCOMPRESSED = 0x002f,
    PPP_IP6 = 0x0057
};

#define PPPOE_HEADER_BYTES 6

/* Numbers that carry no packet of a user: network layers other than IP, their control protocols, LCP, PAP, CHAP ... */
static bool ppp_is_known(uint16_t proto)
{
    return (proto >= 0x0021 && proto <= 0x005d) || (proto >= 0x8021 && proto <= 0x805d) ||
           (proto >= 0xc021 && proto <= 0xc26f) || proto == 0x00fd || proto == 0x80fd;
}

static void ppp_payload(struct decode_run *run, struct packet *p, uint16_t proto, struct str bytes)
{
    p->payload = bytes;
    if (proto == PPP_IP4 && bytes.len < 20)
        packet_event_add(run, p, PACKET_EVENT_PPP_IP4_PKT_TOO_SMALL);
    else if (proto == PPP_IP4)
        packet_ip4_decode(run, p, bytes);
    else if (proto == PPP_IP6 && bytes.len < 40)
        packet_event_add(run, p, PACKET_EVENT_PPP_IP6_PKT_TOO_SMALL);
    else if (proto == PPP_IP6)
        packet_ip6_decode(run, p, bytes);
    else if (proto == PPP_VJ_UNCOMPRESSED && bytes.len < 20)
        packet_event_add(run, p, PACKET_EVENT_PPP_VJU_PKT_TOO_SMALL);
    else if (!ppp_is_known(proto))
        packet_event_add(run, p, PACKET_EVENT_PPP_WRONG_TYPE);
    else if (proto <= 0x005d || proto == 0x00fd)
        packet_event_add(run, p, PACKET_EVENT_PPP_UNSUP_PROTO);
}

/* RFC 1661: two bytes of protocol, or one when it is odd (compressed, section 6.5). */
void packet_ppp_decode(struct decode_run *run, struct packet *p, struct str bytes)
{
    run->decoder->counts.ppp++;
    if (wire_u16(bytes, 0) == 0xff03)
        bytes = str_from(bytes, 2);
    if (bytes.len < 1 || (bytes.len < 2 && !(wire_u8(bytes, 0) & 1))) {
        packet_event_add(run, p, PACKET_EVENT_PPP_PKT_TOO_SMALL);
        return;
    }
    if (wire_u8(bytes, 0) & 1)
        ppp_payload(run, p, wire_u8(bytes, 0), str_from(bytes, 1));
    else
        ppp_payload(run, p, wire_u16(bytes, 0), str_from(bytes, 2));
}

/* RFC 2516: version and type 1, code, session, length. Bytes after that length are padding. */
void packet_pppoe_session(struct decode_run *run, struct packet *p, struct str bytes)
{
    run->decoder->counts.pppoe++;
    if (bytes.len < PPPOE_HEADER_BYTES + 2) {
        packet_event_add(run, p, PACKET_EVENT_PPPOE_PKT_TOO_SMALL);
        return;
    }
    size_t len = wire_u16(bytes, 4);
    struct str rest = str_from(bytes, PPPOE_HEADER_BYTES);
    if (wire_u8(bytes, 0) != 0x11 || wire_u8(bytes, 1) != 0)
        packet_event_add(run, p, PACKET_EVENT_PPPOE_WRONG_CODE);
    else if (len > rest.len)
        packet_event_add(run, p, PACKET_EVENT_PPPOE_PKT_TOO_SMALL);
    else
        packet_ppp_decode(run, p, str_cut(rest, 0, len));
}

/* Tags are type, length, value; 0x0000 ends the list (RFC 2516 section 4 and appendix A). */
static bool discovery_tags_good(struct str tags)
{
    while (tags.len > 0) {
        if (tags.len < 4)
            return false;
        uint16_t type = wire_u16(tags, 0);
        size_t len = wire_u16(tags, 2);
        if (type == 0)
            return true;
        if (len > tags.len - 4)
            return false;
        tags = str_from(tags, 4 + len);
    }
    return true;
}

void packet_pppoe_discovery(struct decode_run *run, struct packet *p, struct str bytes)
{
    run->decoder->counts.pppoe++;
    if (bytes.len < PPPOE_HEADER_BYTES) {
        packet_event_add(run, p, PACKET_EVENT_PPPOE_PKT_TOO_SMALL);
        return;
    }
    uint8_t code = wire_u8(bytes, 1);
    bool known = code == 0x09 || code == 0x07 || code == 0x19 || code == 0x65 || code == 0xa7;
    size_t len = wire_u16(bytes, 4);
    struct str rest = str_from(bytes, PPPOE_HEADER_BYTES);
    p->payload = str_cut(rest, 0, len);
    if (!known)
        packet_event_add(run, p, PACKET_EVENT_PPPOE_WRONG_CODE);
    else if (len > rest.len)
        packet_event_add(run, p, PACKET_EVENT_PPPOE_PKT_TOO_SMALL);
    else if (!discovery_tags_good(p->payload))
        packet_event_add(run, p, PACKET_EVENT_PPPOE_MALFORMED_TAGS);
}
