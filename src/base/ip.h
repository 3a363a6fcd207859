/* ip: addresses of both families in one type, and networks of them. */
#ifndef BASE_IP_H
#define BASE_IP_H

#include "base/str.h"

struct ip {
    uint8_t version;   /* 4, 6, or 0: none */
    uint8_t bytes[16]; /* network order; IPv4 in the first four, the rest zero */
};

struct ip_net {
    struct ip first; /* host bits zero */
    uint8_t bits;
};

#define IP_TEXT_BYTES 46
#define MAC_TEXT_BYTES 18

struct mac {
    uint8_t bytes[6];
};

bool ip_eq(const struct ip *a, const struct ip *b);
/* <0, 0, >0; IPv4 before IPv6. */
int ip_cmp(const struct ip *a, const struct ip *b);
bool ip_parse(struct str s, struct ip *out);
/* "192.0.2.0/24", or a single address. */
bool ip_net_parse(struct str s, struct ip_net *out);
bool ip_net_has(const struct ip_net *net, const struct ip *ip);
/* RFC 5952 form. Returns the length; out has IP_TEXT_BYTES. */
size_t ip_format(const struct ip *ip, char *out);
/* All eight groups of four digits, as Suricata writes IPv6 addresses. */
size_t ip_format_full(const struct ip *ip, char *out);
/* "02:00:5e:10:00:01" or with '-'. */
bool mac_parse(struct str s, struct mac *out);
void mac_format(const struct mac *mac, char *out);
/* One machine's address: not a group (broadcast, multicast), not all zero. */
bool mac_is_machine(const struct mac *mac);

#endif
