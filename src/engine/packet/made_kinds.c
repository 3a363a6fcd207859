#include "engine/packet/made_kinds.h"

const struct made_ends made_ends4 = {"192.0.2.1", "198.51.100.2", 40000, 80};
const struct made_ends made_ends6 = {"2001:db8::1", "2001:db8::2", 40000, 80};

#define FRONT(m, ...) \
    made_front(m, str_of((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})))

static void tcp(struct made_frame *m, const struct made_ends *ends)
{
    static const uint8_t options[] = {2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0,
                                      0, 7, 0, 0,    0, 9, 1, 3,  3, 7};
    struct packet_tcp header = {
        .seq = 0xfffffff0, .ack = 17, .flags = TCP_SYN | TCP_ACK, .window = 512, .urgent = 3};
    made_begin(m, STR_LIT("hello"));
    made_tcp(m, ends, &header, str_of(options, sizeof options));
}

static void tcp4(struct made_frame *m)
{
    tcp(m, &made_ends4);
    made_ip(m, &made_ends4, 6, STR_EMPTY);
}

static void udp4(struct made_frame *m)
{
    made_begin(m, STR_LIT("hello"));
    made_udp(m, &made_ends4);
    made_ip(m, &made_ends4, 17, STR_EMPTY);
}

static void udp6(struct made_frame *m)
{
    made_begin(m, STR_LIT("hello"));
    made_udp(m, &made_ends6);
    made_ip(m, &made_ends6, 17, STR_EMPTY);
}

static void ether_tcp4(struct made_frame *m)
{
    tcp4(m);
    made_ether(m, 0x0800);
}

static void ether_tcp6(struct made_frame *m)
{
    tcp(m, &made_ends6);
    made_ip(m, &made_ends6, 6, STR_EMPTY);
    made_ether(m, 0x86dd);
}

static void ether_udp4(struct made_frame *m)
{
    udp4(m);
    made_ether(m, 0x0800);
}

static void ether_udp6(struct made_frame *m)
{
    udp6(m);
    made_ether(m, 0x86dd);
}

static void ether_ping4(struct made_frame *m)
{
    made_begin(m, STR_LIT("ping"));
    made_icmp(m, &made_ends4, 8, 0, 0x00070009);
    made_ip(m, &made_ends4, 1, STR_EMPTY);
    made_ether(m, 0x0800);
}

static void ether_ping6(struct made_frame *m)
{
    made_begin(m, STR_LIT("ping"));
    made_icmp(m, &made_ends6, 128, 0, 0x00070009);
    made_ip(m, &made_ends6, 58, STR_EMPTY);
    made_ether(m, 0x86dd);
}

static void ether_unreachable4(struct made_frame *m)
{
    udp4(m);
    made_icmp(m, &made_ends4, 3, 3, 0);
    made_ip(m, &made_ends4, 1, STR_EMPTY);
    made_ether(m, 0x0800);
}

static void ether_sctp(struct made_frame *m)
{
    made_begin(m, STR_LIT("0123456789abcdef"));
    made_ip(m, &made_ends4, 132, STR_EMPTY);
    made_ether(m, 0x0800);
}

static void ether_options(struct made_frame *m)
{
    made_begin(m, STR_LIT("hello"));
    made_udp(m, &made_ends4);
    made_ip(m, &made_ends4, 17, str_of((const uint8_t[]){148, 4, 0, 0, 1, 1, 1, 0}, 8));
    made_ether(m, 0x0800);
}

static void vlan_udp4(struct made_frame *m)
{
    udp4(m);
    made_vlan(m, 0x0800, 0xe064);
    made_ether(m, 0x8100);
}

static void qinq_udp6(struct made_frame *m)
{
    udp6(m);
    made_vlan(m, 0x86dd, 3);
    made_vlan(m, 0x8100, 2);
    made_vlan(m, 0x8100, 1);
    made_ether(m, 0x88a8);
}

static void backbone_udp4(struct made_frame *m)
{
    ether_udp4(m);
    FRONT(m, 0, 0, 0, 7);
    made_ether(m, 0x88e7);
}

static void arp(struct made_frame *m)
{
    static const uint8_t request[28] = {0,   1, 8, 0, 6, 4, 0, 1, 2, 0, 0,   0, 0, 0x0a,
                                        192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 192, 0, 2, 2};
    made_begin(m, str_of(request, sizeof request));
    made_ether(m, 0x0806);
}

static void llc(struct made_frame *m)
{
    made_begin(m, str_of((const uint8_t[]){0x42, 0x42, 3, 0, 0, 0}, 6));
    made_ether(m, 6);
}

static void pppoe_udp4(struct made_frame *m)
{
    udp4(m);
    FRONT(m, 0x00, 0x21);
    FRONT(m, 0x11, 0, 0, 9, 0, (uint8_t)made_str(m).len);
    made_ether(m, 0x8864);
}

static void pppoe_discovery(struct made_frame *m)
{
    made_begin(m, str_of((const uint8_t[]){0x11, 9, 0, 0, 0, 8, 1, 1, 0, 0, 1, 3, 0, 0}, 14));
    made_ether(m, 0x8863);
}

static void mpls_tcp4(struct made_frame *m)
{
    tcp4(m);
    FRONT(m, 0x00, 0x01, 0x01, 0x40);
    FRONT(m, 0x00, 0x02, 0x00, 0x40);
    made_ether(m, 0x8847);
}

static void pseudowire_udp4(struct made_frame *m)
{
    ether_udp4(m);
    FRONT(m, 0, 0, 0, 0);
    FRONT(m, 0x00, 0x01, 0x01, 0x40);
    made_ether(m, 0x8847);
}

static void null_udp4(struct made_frame *m)
{
    udp4(m);
    FRONT(m, 2, 0, 0, 0);
}

static void loop_udp6(struct made_frame *m)
{
    udp6(m);
    FRONT(m, 0, 0, 0, 24);
}

static void ppp_tcp4(struct made_frame *m)
{
    tcp4(m);
    FRONT(m, 0xff, 0x03, 0x00, 0x21);
}

static void ppp_short_udp6(struct made_frame *m)
{
    udp6(m);
    FRONT(m, 0x57);
}

static void sll_tcp4(struct made_frame *m)
{
    tcp4(m);
    FRONT(m, 0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0);
}

static void sll2_udp6(struct made_frame *m)
{
    udp6(m);
    FRONT(m, 0x86, 0xdd, 0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0);
}

static void chdlc_tcp4(struct made_frame *m)
{
    tcp4(m);
    FRONT(m, 0x0f, 0, 8, 0);
}

static void extensions_udp6(struct made_frame *m)
{
    made_begin(m, STR_LIT("hello"));
    made_udp(m, &made_ends6);
    FRONT(m, 17, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12); /* AH */
    FRONT(m, 51, 0, 0, 0, 0, 0, 0, 5); /* atomic fragment */
    FRONT(m, 44, 0, 4, 1, 3, 0, 0, 0); /* destination options */
    FRONT(m, 60, 2, 4, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
          16);                         /* routing */
    FRONT(m, 43, 0, 5, 2, 0, 0, 0, 0); /* hop by hop */
    made_ip(m, &made_ends6, 0, STR_EMPTY);
    made_ether(m, 0x86dd);
}

static void esp6(struct made_frame *m)
{
    made_begin(m, STR_LIT("0123456789abcdef"));
    made_ip(m, &made_ends6, 50, STR_EMPTY);
    made_ether(m, 0x86dd);
}

static void no_next6(struct made_frame *m)
{
    made_begin(m, STR_EMPTY);
    made_ip(m, &made_ends6, 59, STR_EMPTY);
    made_ether(m, 0x86dd);
}

static void ip6_in_4(struct made_frame *m)
{
    udp6(m);
    made_ip(m, &made_ends4, 41, STR_EMPTY);
    made_ether(m, 0x0800);
}

static void ip4_in_6(struct made_frame *m)
{
    tcp4(m);
    made_ip(m, &made_ends6, 4, STR_EMPTY);
    made_ether(m, 0x86dd);
}

static void vntag_udp4(struct made_frame *m)
{
    udp4(m);
    FRONT(m, 0, 1, 0, 2, 8, 0);
    made_ether(m, 0x8926);
}

static void nsh_tcp4(struct made_frame *m)
{
    tcp4(m);
    FRONT(m, 0, 2, 2, 1, 0, 0, 1, 255);
    made_ether(m, 0x894f);
}

static void gre_tcp4(struct made_frame *m)
{
    tcp4(m);
    FRONT(m, 0xb0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 9); /* checksum, key, sequence */
    made_ip(m, &made_ends4, 47, STR_EMPTY);
    made_ether(m, 0x0800);
}

static void gre_routed_ether6(struct made_frame *m)
{
    ether_udp6(m);
    FRONT(m, 0x40, 0, 0x65, 0x58, 0, 0, 0, 0, 8, 0, 0, 4, 1, 2, 3, 4, 0, 0, 0, 0);
    made_ip(m, &made_ends6, 47, STR_EMPTY);
    made_ether(m, 0x86dd);
}

static void pptp_udp4(struct made_frame *m)
{
    udp4(m);
    FRONT(m, 0xff, 3, 0, 0x21);
    FRONT(m, 0x30, 0x81, 0x88, 0x0b, 0, (uint8_t)made_str(m).len, 0, 1, 0, 0, 0, 5, 0, 0, 0, 6);
    made_ip(m, &made_ends4, 47, STR_EMPTY);
    made_ether(m, 0x0800);
}

static void erspan_udp4(struct made_frame *m)
{
    ether_udp4(m);
    FRONT(m, 0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 0x65, 0, 1, 0, 0, 0, 0);
    made_ip(m, &made_ends4, 47, STR_EMPTY);
    made_ether(m, 0x0800);
}

static void over_udp(struct made_frame *m, uint16_t port)
{
    const struct made_ends ends = {"192.0.2.1", "198.51.100.2", 40000, port};
    made_udp(m, &ends);
    made_ip(m, &ends, 17, STR_EMPTY);
    made_ether(m, 0x0800);
}

static void vxlan_tcp4(struct made_frame *m)
{
    ether_tcp4(m);
    FRONT(m, 8, 0, 0, 0, 0, 0, 7, 0);
    over_udp(m, 4789);
}

static void vxlan_policy_tcp4(struct made_frame *m)
{
    ether_tcp4(m);
    FRONT(m, 0x8c, 0x40, 0, 3, 0, 0, 7, 0);
    over_udp(m, 4789);
}

static void geneve_udp6(struct made_frame *m)
{
    ether_udp6(m);
    FRONT(m, 1, 0, 0x65, 0x58, 0, 0, 7, 0, 1, 2, 3, 0);
    over_udp(m, 6081);
}

static void teredo_udp6(struct made_frame *m)
{
    udp6(m);
    FRONT(m, 0, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0x12, 0x34, 1, 2, 3, 4);
    over_udp(m, 3544);
}

static void no_vxlan(struct made_frame *m)
{
    made_begin(m, STR_LIT("hello"));
    over_udp(m, 4789);
}

const struct made_kind made_kinds[] = {
    {"ether_tcp4", PACKET_LINK_ETHERNET, ether_tcp4, PACKET_L4_TCP, 1, 0, 0x0800},
    {"ether_tcp6", PACKET_LINK_ETHERNET, ether_tcp6, PACKET_L4_TCP, 1, 0, 0x86dd},
    {"ether_udp4", PACKET_LINK_ETHERNET, ether_udp4, PACKET_L4_UDP, 1, 0, 0x0800},
    {"ether_udp6", PACKET_LINK_ETHERNET, ether_udp6, PACKET_L4_UDP, 1, 0, 0x86dd},
    {"ether_ping4", PACKET_LINK_ETHERNET, ether_ping4, PACKET_L4_ICMP4, 1, 0, 0x0800},
    {"ether_ping6", PACKET_LINK_ETHERNET, ether_ping6, PACKET_L4_ICMP6, 1, 0, 0x86dd},
    {"ether_unreachable4", PACKET_LINK_ETHERNET, ether_unreachable4, PACKET_L4_ICMP4, 1, 0, 0x0800},
    {"ether_sctp", PACKET_LINK_ETHERNET, ether_sctp, PACKET_L4_OTHER, 1, 0, 0x0800},
    {"ether_options", PACKET_LINK_ETHERNET, ether_options, PACKET_L4_UDP, 1, 0, 0x0800},
    {"vlan_udp4", PACKET_LINK_ETHERNET, vlan_udp4, PACKET_L4_UDP, 1, 1, 0x0800},
    {"qinq_udp6", PACKET_LINK_ETHERNET, qinq_udp6, PACKET_L4_UDP, 1, 3, 0x86dd},
    {"backbone_udp4", PACKET_LINK_ETHERNET, backbone_udp4, PACKET_L4_UDP, 1, 0, 0x0800},
    {"arp", PACKET_LINK_ETHERNET, arp, PACKET_L4_NONE, 1, 0, 0x0806},
    {"llc", PACKET_LINK_ETHERNET, llc, PACKET_L4_NONE, 1, 0, 0},
    {"pppoe_udp4", PACKET_LINK_ETHERNET, pppoe_udp4, PACKET_L4_UDP, 1, 0, 0x8864},
    {"pppoe_discovery", PACKET_LINK_ETHERNET, pppoe_discovery, PACKET_L4_NONE, 1, 0, 0x8863},
    {"mpls_tcp4", PACKET_LINK_ETHERNET, mpls_tcp4, PACKET_L4_TCP, 1, 0, 0x8847},
    {"pseudowire_udp4", PACKET_LINK_ETHERNET, pseudowire_udp4, PACKET_L4_UDP, 1, 0, 0x0800},
    {"null_udp4", PACKET_LINK_NULL, null_udp4, PACKET_L4_UDP, 1, 0, 0},
    {"loop_udp6", PACKET_LINK_LOOP, loop_udp6, PACKET_L4_UDP, 1, 0, 0},
    {"ppp_tcp4", PACKET_LINK_PPP, ppp_tcp4, PACKET_L4_TCP, 1, 0, 0},
    {"ppp_short_udp6", PACKET_LINK_PPP_HDLC, ppp_short_udp6, PACKET_L4_UDP, 1, 0, 0},
    {"sll_tcp4", PACKET_LINK_LINUX_SLL, sll_tcp4, PACKET_L4_TCP, 1, 0, 0x0800},
    {"sll2_udp6", PACKET_LINK_LINUX_SLL2, sll2_udp6, PACKET_L4_UDP, 1, 0, 0x86dd},
    {"chdlc_tcp4", PACKET_LINK_CHDLC, chdlc_tcp4, PACKET_L4_TCP, 1, 0, 0x0800},
    {"raw_tcp4", PACKET_LINK_RAW, tcp4, PACKET_L4_TCP, 1, 0, 0},
    {"raw_udp6", PACKET_LINK_IPV6, udp6, PACKET_L4_UDP, 1, 0, 0},
    {"extensions_udp6", PACKET_LINK_ETHERNET, extensions_udp6, PACKET_L4_UDP, 1, 0, 0x86dd},
    {"esp6", PACKET_LINK_ETHERNET, esp6, PACKET_L4_OTHER, 1, 0, 0x86dd},
    {"no_next6", PACKET_LINK_ETHERNET, no_next6, PACKET_L4_NONE, 1, 0, 0x86dd},
    {"ip6_in_4", PACKET_LINK_ETHERNET, ip6_in_4, PACKET_L4_UDP, 2, 0, 0x0800},
    {"vntag_udp4", PACKET_LINK_ETHERNET, vntag_udp4, PACKET_L4_UDP, 1, 0, 0x0800},
    {"nsh_tcp4", PACKET_LINK_ETHERNET, nsh_tcp4, PACKET_L4_TCP, 1, 0, 0x894f},
    {"gre_tcp4", PACKET_LINK_ETHERNET, gre_tcp4, PACKET_L4_TCP, 2, 0, 0x0800},
    {"gre_routed_ether6", PACKET_LINK_ETHERNET, gre_routed_ether6, PACKET_L4_UDP, 2, 0, 0x86dd},
    {"pptp_udp4", PACKET_LINK_ETHERNET, pptp_udp4, PACKET_L4_UDP, 2, 0, 0x0800},
    {"erspan_udp4", PACKET_LINK_ETHERNET, erspan_udp4, PACKET_L4_UDP, 2, 0, 0x0800},
    {"vxlan_tcp4", PACKET_LINK_ETHERNET, vxlan_tcp4, PACKET_L4_TCP, 2, 0, 0x0800},
    {"vxlan_policy_tcp4", PACKET_LINK_ETHERNET, vxlan_policy_tcp4, PACKET_L4_TCP, 2, 0, 0x0800},
    {"geneve_udp6", PACKET_LINK_ETHERNET, geneve_udp6, PACKET_L4_UDP, 2, 0, 0x0800},
    {"teredo_udp6", PACKET_LINK_ETHERNET, teredo_udp6, PACKET_L4_UDP, 2, 0, 0x0800},
    {"no_vxlan", PACKET_LINK_ETHERNET, no_vxlan, PACKET_L4_UDP, 1, 0, 0x0800},
    {"ip4_in_6", PACKET_LINK_ETHERNET, ip4_in_6, PACKET_L4_TCP, 2, 0, 0x86dd},
};

const size_t made_kind_count = sizeof made_kinds / sizeof made_kinds[0];
