#include "engine/packet/made_frame.h"

#include <assert.h>

static void put_u16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static void put_u32(uint8_t *p, uint32_t v)
{
    put_u16(p, v >> 16);
    put_u16(p + 2, v);
}

uint16_t made_checksum(const uint8_t *p, size_t len, uint32_t sum)
{
    for (size_t i = 0; i < len; i++) {
        sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
        if (sum > 0xffff)
            sum = (sum & 0xffff) + 1;
    }
    return (uint16_t)~sum;
}

static struct ip address(const char *text)
{
    struct ip ip;
    bool good = ip_parse(str_c(text), &ip);
    assert(good);
    return ip;
}

static uint32_t pseudo_sum(const struct made_ends *ends, uint8_t ip_proto, size_t len)
{
    uint8_t bytes[40] = {0};
    struct ip src = address(ends->src), dst = address(ends->dst);
    memcpy(bytes, src.bytes, 16);
    memcpy(bytes + 16, dst.bytes, 16);
    put_u32(bytes + 32, (uint32_t)len);
    bytes[39] = ip_proto;
    return (uint16_t)~made_checksum(bytes, sizeof bytes, 0);
}

void made_begin(struct made_frame *m, struct str payload)
{
    assert(payload.len <= sizeof m->memory - MADE_ROOM);
    m->at = MADE_ROOM;
    m->end = MADE_ROOM + payload.len;
    if (payload.len)
        memcpy(m->memory + m->at, payload.p, payload.len);
}

void made_front(struct made_frame *m, struct str bytes)
{
    assert(bytes.len <= m->at);
    m->at -= bytes.len;
    if (bytes.len)
        memcpy(m->memory + m->at, bytes.p, bytes.len);
}

uint8_t *made_byte(struct made_frame *m, size_t at)
{
    assert(m->at + at < m->end);
    return m->memory + m->at + at;
}

struct str made_str(const struct made_frame *m)
{
    return str_of(m->memory + m->at, m->end - m->at);
}

void made_tcp(struct made_frame *m, const struct made_ends *ends, const struct packet_tcp *tcp,
              struct str options)
{
    uint8_t header[20] = {0};
    assert(options.len % 4 == 0 && options.len <= 40);
    put_u16(header, ends->src_port);
    put_u16(header + 2, ends->dst_port);
    put_u32(header + 4, tcp->seq);
    put_u32(header + 8, tcp->ack);
    header[12] = (uint8_t)((5 + options.len / 4) << 4);
    header[13] = tcp->flags;
    put_u16(header + 14, tcp->window);
    put_u16(header + 18, tcp->urgent);
    made_front(m, options);
    made_front(m, str_of(header, sizeof header));
    size_t len = m->end - m->at;
    put_u16(made_byte(m, 16), made_checksum(m->memory + m->at, len, pseudo_sum(ends, 6, len)));
}

void made_udp(struct made_frame *m, const struct made_ends *ends)
{
    uint8_t header[8] = {0};
    size_t len = m->end - m->at + sizeof header;
    put_u16(header, ends->src_port);
    put_u16(header + 2, ends->dst_port);
    put_u16(header + 4, (uint32_t)len);
    made_front(m, str_of(header, sizeof header));
    put_u16(made_byte(m, 6), made_checksum(m->memory + m->at, len, pseudo_sum(ends, 17, len)));
}

void made_icmp(struct made_frame *m, const struct made_ends *ends, uint8_t type, uint8_t code,
               uint32_t rest)
{
    uint8_t header[8] = {type, code};
    bool ip4 = address(ends->src).version == 4;
    put_u32(header + 4, rest);
    made_front(m, str_of(header, sizeof header));
    size_t len = m->end - m->at;
    put_u16(made_byte(m, 2),
            made_checksum(m->memory + m->at, len, ip4 ? 0 : pseudo_sum(ends, 58, len)));
}

static void made_ip4(struct made_frame *m, const struct made_ends *ends, uint8_t ip_proto,
                     struct str options)
{
    uint8_t header[20] = {0};
    size_t header_len = sizeof header + options.len;
    struct ip src = address(ends->src), dst = address(ends->dst);
    assert(options.len % 4 == 0 && options.len <= 40);
    header[0] = (uint8_t)(0x40 | header_len / 4);
    put_u16(header + 2, (uint32_t)(header_len + m->end - m->at));
    put_u16(header + 4, 0x1234);
    header[8] = 64;
    header[9] = ip_proto;
    memcpy(header + 12, src.bytes, 4);
    memcpy(header + 16, dst.bytes, 4);
    made_front(m, options);
    made_front(m, str_of(header, sizeof header));
    put_u16(made_byte(m, 10), made_checksum(m->memory + m->at, header_len, 0));
}

void made_ip(struct made_frame *m, const struct made_ends *ends, uint8_t ip_proto,
             struct str options)
{
    uint8_t header[40] = {0x60};
    struct ip src = address(ends->src), dst = address(ends->dst);
    if (src.version == 4) {
        made_ip4(m, ends, ip_proto, options);
        return;
    }
    put_u16(header + 4, (uint32_t)(m->end - m->at));
    header[6] = ip_proto;
    header[7] = 64;
    memcpy(header + 8, src.bytes, 16);
    memcpy(header + 24, dst.bytes, 16);
    made_front(m, str_of(header, sizeof header));
}

void made_ether(struct made_frame *m, uint16_t ether_type)
{
    static const uint8_t addresses[12] = {0x02, 0, 0, 0, 0, 0x0b, 0x02, 0, 0, 0, 0, 0x0a};
    uint8_t type[2];
    put_u16(type, ether_type);
    made_front(m, str_of(type, sizeof type));
    made_front(m, str_of(addresses, sizeof addresses));
}

void made_vlan(struct made_frame *m, uint16_t inner_type, uint16_t id)
{
    uint8_t tag[4];
    put_u16(tag, id);
    put_u16(tag + 2, inner_type);
    made_front(m, str_of(tag, sizeof tag));
}
