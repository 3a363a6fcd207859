#include "engine/packet/packet.h"

#include "engine/packet/decode.h"

/* `invalid`: a packet with it counts as an invalid one. */
struct event_row {
    const char *name;
    bool invalid;
};

static const struct event_row event_rows[PACKET_EVENT_COUNT] = {
    [PACKET_EVENT_NONE] = {"none", false},
    [PACKET_EVENT_ETHERNET_PKT_TOO_SMALL] = {"ethernet.pkt_too_small", true},
    [PACKET_EVENT_ETHERNET_UNKNOWN_ETHERTYPE] = {"ethernet.unknown_ethertype", false},
    [PACKET_EVENT_VLAN_HEADER_TOO_SMALL] = {"vlan.header_too_small", true},
    [PACKET_EVENT_VLAN_UNKNOWN_TYPE] = {"vlan.unknown_type", false},
    [PACKET_EVENT_VLAN_TOO_MANY_LAYERS] = {"vlan.too_many_layers", true},
    [PACKET_EVENT_IEEE8021AH_HEADER_TOO_SMALL] = {"ieee8021ah.header_too_small", true},
    [PACKET_EVENT_VNTAG_HEADER_TOO_SMALL] = {"vntag.header_too_small", true},
    [PACKET_EVENT_VNTAG_UNKNOWN_TYPE] = {"vntag.unknown_type", false},
    [PACKET_EVENT_DCE_PKT_TOO_SMALL] = {"dce.pkt_too_small", true},
    [PACKET_EVENT_SLL_PKT_TOO_SMALL] = {"sll.pkt_too_small", true},
    [PACKET_EVENT_SLL2_PKT_TOO_SMALL] = {"sll2.pkt_too_small", true},
    [PACKET_EVENT_LTNULL_PKT_TOO_SMALL] = {"ltnull.pkt_too_small", true},
    [PACKET_EVENT_LTNULL_UNSUPPORTED_TYPE] = {"ltnull.unsupported_type", false},
    [PACKET_EVENT_CHDLC_PKT_TOO_SMALL] = {"chdlc.pkt_too_small", true},
    [PACKET_EVENT_IPRAW_INVALID_IP_VERSION] = {"ipraw.invalid_ip_version", true},
    [PACKET_EVENT_PPP_PKT_TOO_SMALL] = {"ppp.pkt_too_small", true},
    [PACKET_EVENT_PPP_VJU_PKT_TOO_SMALL] = {"ppp.vju_pkt_too_small", true},
    [PACKET_EVENT_PPP_IP4_PKT_TOO_SMALL] = {"ppp.ip4_pkt_too_small", true},
    [PACKET_EVENT_PPP_IP6_PKT_TOO_SMALL] = {"ppp.ip6_pkt_too_small", true},
    [PACKET_EVENT_PPP_WRONG_TYPE] = {"ppp.wrong_type", true},
    [PACKET_EVENT_PPP_UNSUP_PROTO] = {"ppp.unsup_proto", true},
    [PACKET_EVENT_PPPOE_PKT_TOO_SMALL] = {"pppoe.pkt_too_small", true},
    [PACKET_EVENT_PPPOE_WRONG_CODE] = {"pppoe.wrong_code", true},
    [PACKET_EVENT_PPPOE_MALFORMED_TAGS] = {"pppoe.malformed_tags", false},
    [PACKET_EVENT_MPLS_HEADER_TOO_SMALL] = {"mpls.header_too_small", true},
    [PACKET_EVENT_MPLS_PKT_TOO_SMALL] = {"mpls.pkt_too_small", true},
    [PACKET_EVENT_MPLS_BAD_LABEL_ROUTER_ALERT] = {"mpls.bad_label_router_alert", true},
    [PACKET_EVENT_MPLS_BAD_LABEL_IMPLICIT_NULL] = {"mpls.bad_label_implicit_null", true},
    [PACKET_EVENT_MPLS_BAD_LABEL_RESERVED] = {"mpls.bad_label_reserved", true},
    [PACKET_EVENT_MPLS_UNKNOWN_PAYLOAD_TYPE] = {"mpls.unknown_payload_type", false},
    [PACKET_EVENT_ARP_PKT_TOO_SMALL] = {"arp.pkt_too_small", true},
    [PACKET_EVENT_ARP_UNSUPPORTED_HARDWARE] = {"arp.unsupported_hardware", false},
    [PACKET_EVENT_ARP_UNSUPPORTED_PROTOCOL] = {"arp.unsupported_protocol", false},
    [PACKET_EVENT_ARP_UNSUPPORTED_PKT] = {"arp.unsupported_pkt", false},
    [PACKET_EVENT_ARP_INVALID_HARDWARE_SIZE] = {"arp.invalid_hardware_size", true},
    [PACKET_EVENT_ARP_INVALID_PROTOCOL_SIZE] = {"arp.invalid_protocol_size", true},
    [PACKET_EVENT_ARP_UNSUPPORTED_OPCODE] = {"arp.unsupported_opcode", false},
    [PACKET_EVENT_TOO_MANY_LAYERS] = {"too_many_layers", true},
    [PACKET_EVENT_IPV4_PKT_TOO_SMALL] = {"ipv4.pkt_too_small", true},
    [PACKET_EVENT_IPV4_HLEN_TOO_SMALL] = {"ipv4.hlen_too_small", true},
    [PACKET_EVENT_IPV4_IPLEN_SMALLER_THAN_HLEN] = {"ipv4.iplen_smaller_than_hlen", true},
    [PACKET_EVENT_IPV4_TRUNC_PKT] = {"ipv4.trunc_pkt", true},
    [PACKET_EVENT_IPV4_WRONG_IP_VERSION] = {"ipv4.wrong_ip_version", true},
    [PACKET_EVENT_IPV4_OPT_INVALID] = {"ipv4.opt_invalid", true},
    [PACKET_EVENT_IPV4_OPT_INVALID_LEN] = {"ipv4.opt_invalid_len", true},
    [PACKET_EVENT_IPV4_OPT_MALFORMED] = {"ipv4.opt_malformed", true},
    [PACKET_EVENT_IPV4_OPT_PAD_REQUIRED] = {"ipv4.opt_pad_required", false},
    [PACKET_EVENT_IPV4_OPT_EOL_REQUIRED] = {"ipv4.opt_eol_required", false},
    [PACKET_EVENT_IPV4_OPT_DUPLICATE] = {"ipv4.opt_duplicate", false},
    [PACKET_EVENT_IPV4_OPT_UNKNOWN] = {"ipv4.opt_unknown", false},
    [PACKET_EVENT_IPV4_ICMPV6] = {"ipv4.icmpv6", false},
    [PACKET_EVENT_IPV4_UNKNOWN_PROTOCOL] = {"ipv4.unknown_protocol", false},
    [PACKET_EVENT_IPV4_FRAG_PKT_TOO_LARGE] = {"ipv4.frag_pkt_too_large", false},
    [PACKET_EVENT_IPV4_FRAG_OVERLAP] = {"ipv4.frag_overlap", false},
    [PACKET_EVENT_IPV4_FRAG_IGNORED] = {"ipv4.frag_ignored", false},
    [PACKET_EVENT_IPV6_PKT_TOO_SMALL] = {"ipv6.pkt_too_small", true},
    [PACKET_EVENT_IPV6_TRUNC_PKT] = {"ipv6.trunc_pkt", true},
    [PACKET_EVENT_IPV6_WRONG_IP_VERSION] = {"ipv6.wrong_ip_version", true},
    [PACKET_EVENT_IPV6_TRUNC_EXTHDR] = {"ipv6.trunc_exthdr", true},
    [PACKET_EVENT_IPV6_UNKNOWN_NEXT_HEADER] = {"ipv6.unknown_next_header", false},
    [PACKET_EVENT_IPV6_DATA_AFTER_NONE_HEADER] = {"ipv6.data_after_none_header", false},
    [PACKET_EVENT_IPV6_ICMPV4] = {"ipv6.icmpv4", false},
    [PACKET_EVENT_IPV6_EXTHDR_DUPL_FH] = {"ipv6.exthdr_dupl_fh", false},
    [PACKET_EVENT_IPV6_EXTHDR_USELESS_FH] = {"ipv6.exthdr_useless_fh", false},
    [PACKET_EVENT_IPV6_EXTHDR_DUPL_RH] = {"ipv6.exthdr_dupl_rh", false},
    [PACKET_EVENT_IPV6_EXTHDR_DUPL_HH] = {"ipv6.exthdr_dupl_hh", false},
    [PACKET_EVENT_IPV6_EXTHDR_DUPL_DH] = {"ipv6.exthdr_dupl_dh", false},
    [PACKET_EVENT_IPV6_EXTHDR_DUPL_AH] = {"ipv6.exthdr_dupl_ah", false},
    [PACKET_EVENT_IPV6_EXTHDR_DUPL_EH] = {"ipv6.exthdr_dupl_eh", false},
    [PACKET_EVENT_IPV6_EXTHDR_INVALID_OPTLEN] = {"ipv6.exthdr_invalid_optlen", true},
    [PACKET_EVENT_IPV6_EXTHDR_AH_RES_NOT_NULL] = {"ipv6.exthdr_ah_res_not_null", false},
    [PACKET_EVENT_IPV6_HOPOPTS_UNKNOWN_OPT] = {"ipv6.hopopts_unknown_opt", false},
    [PACKET_EVENT_IPV6_HOPOPTS_ONLY_PADDING] = {"ipv6.hopopts_only_padding", false},
    [PACKET_EVENT_IPV6_DSTOPTS_UNKNOWN_OPT] = {"ipv6.dstopts_unknown_opt", false},
    [PACKET_EVENT_IPV6_DSTOPTS_ONLY_PADDING] = {"ipv6.dstopts_only_padding", false},
    [PACKET_EVENT_IPV6_RH_TYPE_0] = {"ipv6.rh_type_0", false},
    [PACKET_EVENT_IPV6_ZERO_LEN_PADN] = {"ipv6.zero_len_padn", false},
    [PACKET_EVENT_IPV6_FH_NON_ZERO_RESERVED_FIELD] = {"ipv6.fh_non_zero_reserved_field", false},
    [PACKET_EVENT_IPV6_FRAG_PKT_TOO_LARGE] = {"ipv6.frag_pkt_too_large", false},
    [PACKET_EVENT_IPV6_FRAG_OVERLAP] = {"ipv6.frag_overlap", false},
    [PACKET_EVENT_IPV6_FRAG_INVALID_LENGTH] = {"ipv6.frag_invalid_length", true},
    [PACKET_EVENT_IPV6_FRAG_IGNORED] = {"ipv6.frag_ignored", false},
    [PACKET_EVENT_IPV6_IPV4_IN_IPV6_TOO_SMALL] = {"ipv6.ipv4_in_ipv6_too_small", true},
    [PACKET_EVENT_IPV6_IPV4_IN_IPV6_WRONG_VERSION] = {"ipv6.ipv4_in_ipv6_wrong_version", true},
    [PACKET_EVENT_IPV6_IPV6_IN_IPV6_TOO_SMALL] = {"ipv6.ipv6_in_ipv6_too_small", true},
    [PACKET_EVENT_IPV6_IPV6_IN_IPV6_WRONG_VERSION] = {"ipv6.ipv6_in_ipv6_wrong_version", true},
    [PACKET_EVENT_ICMPV4_PKT_TOO_SMALL] = {"icmpv4.pkt_too_small", true},
    [PACKET_EVENT_ICMPV4_UNKNOWN_TYPE] = {"icmpv4.unknown_type", false},
    [PACKET_EVENT_ICMPV4_UNKNOWN_CODE] = {"icmpv4.unknown_code", false},
    [PACKET_EVENT_ICMPV4_IPV4_TRUNC_PKT] = {"icmpv4.ipv4_trunc_pkt", false},
    [PACKET_EVENT_ICMPV4_IPV4_UNKNOWN_VER] = {"icmpv4.ipv4_unknown_ver", false},
    [PACKET_EVENT_ICMPV6_PKT_TOO_SMALL] = {"icmpv6.pkt_too_small", true},
    [PACKET_EVENT_ICMPV6_UNKNOWN_TYPE] = {"icmpv6.unknown_type", false},
    [PACKET_EVENT_ICMPV6_UNKNOWN_CODE] = {"icmpv6.unknown_code", false},
    [PACKET_EVENT_ICMPV6_IPV6_TRUNC_PKT] = {"icmpv6.ipv6_trunc_pkt", false},
    [PACKET_EVENT_ICMPV6_IPV6_UNKNOWN_VERSION] = {"icmpv6.ipv6_unknown_version", false},
    [PACKET_EVENT_ICMPV6_MLD_MESSAGE_WITH_INVALID_HL] = {"icmpv6.mld_message_with_invalid_hl",
                                                         false},
    [PACKET_EVENT_ICMPV6_UNASSIGNED_TYPE] = {"icmpv6.unassigned_type", false},
    [PACKET_EVENT_ICMPV6_EXPERIMENTATION_TYPE] = {"icmpv6.experimentation_type", false},
    [PACKET_EVENT_TCP_PKT_TOO_SMALL] = {"tcp.pkt_too_small", true},
    [PACKET_EVENT_TCP_HLEN_TOO_SMALL] = {"tcp.hlen_too_small", true},
    [PACKET_EVENT_TCP_INVALID_OPTLEN] = {"tcp.invalid_optlen", true},
    [PACKET_EVENT_TCP_OPT_INVALID_LEN] = {"tcp.opt_invalid_len", false},
    [PACKET_EVENT_TCP_OPT_DUPLICATE] = {"tcp.opt_duplicate", false},
    [PACKET_EVENT_TCP_OPT_WSCALE_OVER_MAX] = {"tcp.opt_wscale_over_max", false},
    [PACKET_EVENT_UDP_PKT_TOO_SMALL] = {"udp.pkt_too_small", true},
    [PACKET_EVENT_UDP_HLEN_TOO_SMALL] = {"udp.hlen_too_small", true},
    [PACKET_EVENT_UDP_LEN_INVALID] = {"udp.len_invalid", true},
    [PACKET_EVENT_SCTP_PKT_TOO_SMALL] = {"sctp.pkt_too_small", true},
    [PACKET_EVENT_ESP_PKT_TOO_SMALL] = {"esp.pkt_too_small", true},
    [PACKET_EVENT_GRE_PKT_TOO_SMALL] = {"gre.pkt_too_small", true},
    [PACKET_EVENT_GRE_WRONG_VERSION] = {"gre.wrong_version", true},
    [PACKET_EVENT_GRE_VERSION0_RECUR] = {"gre.version0_recur", true},
    [PACKET_EVENT_GRE_VERSION0_FLAGS] = {"gre.version0_flags", true},
    [PACKET_EVENT_GRE_VERSION0_HDR_TOO_BIG] = {"gre.version0_hdr_too_big", true},
    [PACKET_EVENT_GRE_VERSION0_MALFORMED_SRE_HDR] = {"gre.version0_malformed_sre_hdr", true},
    [PACKET_EVENT_GRE_VERSION1_CHKSUM] = {"gre.version1_chksum", true},
    [PACKET_EVENT_GRE_VERSION1_ROUTE] = {"gre.version1_route", true},
    [PACKET_EVENT_GRE_VERSION1_SSR] = {"gre.version1_ssr", true},
    [PACKET_EVENT_GRE_VERSION1_RECUR] = {"gre.version1_recur", true},
    [PACKET_EVENT_GRE_VERSION1_FLAGS] = {"gre.version1_flags", true},
    [PACKET_EVENT_GRE_VERSION1_NO_KEY] = {"gre.version1_no_key", true},
    [PACKET_EVENT_GRE_VERSION1_WRONG_PROTOCOL] = {"gre.version1_wrong_protocol", true},
    [PACKET_EVENT_GRE_VERSION1_MALFORMED_SRE_HDR] = {"gre.version1_malformed_sre_hdr", true},
    [PACKET_EVENT_GRE_VERSION1_HDR_TOO_BIG] = {"gre.version1_hdr_too_big", true},
    [PACKET_EVENT_ERSPAN_HEADER_TOO_SMALL] = {"erspan.header_too_small", true},
    [PACKET_EVENT_ERSPAN_UNSUPPORTED_VERSION] = {"erspan.unsupported_version", true},
    [PACKET_EVENT_ERSPAN_TOO_MANY_VLAN_LAYERS] = {"erspan.too_many_vlan_layers", true},
    [PACKET_EVENT_NSH_HEADER_TOO_SMALL] = {"nsh.header_too_small", true},
    [PACKET_EVENT_NSH_UNSUPPORTED_VERSION] = {"nsh.unsupported_version", true},
    [PACKET_EVENT_NSH_BAD_HEADER_LENGTH] = {"nsh.bad_header_length", true},
    [PACKET_EVENT_NSH_RESERVED_TYPE] = {"nsh.reserved_type", false},
    [PACKET_EVENT_NSH_UNSUPPORTED_TYPE] = {"nsh.unsupported_type", false},
    [PACKET_EVENT_NSH_UNKNOWN_PAYLOAD] = {"nsh.unknown_payload", false},
    [PACKET_EVENT_VXLAN_UNKNOWN_PAYLOAD_TYPE] = {"vxlan.unknown_payload_type", false},
    [PACKET_EVENT_GENEVE_UNKNOWN_PAYLOAD_TYPE] = {"geneve.unknown_payload_type", false},
};

_Static_assert(PACKET_EVENT_COUNT <= 256, "struct packet keeps an event in one byte");

const char *packet_event_name(enum packet_event event)
{
    if ((unsigned)event >= PACKET_EVENT_COUNT)
        return event_rows[PACKET_EVENT_NONE].name;
    return event_rows[event].name;
}

enum packet_event packet_event_find(struct str name)
{
    for (unsigned i = PACKET_EVENT_NONE + 1; i < PACKET_EVENT_COUNT; i++)
        if (str_eq_nocase(name, str_c(event_rows[i].name)))
            return (enum packet_event)i;
    return PACKET_EVENT_NONE;
}

bool packet_event_is_invalid(enum packet_event event)
{
    return event_rows[event].invalid;
}
