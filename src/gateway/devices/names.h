/* names: what a machine calls itself, read out of its own announcements. Pure readers of hostile bytes. */
#ifndef GATEWAY_DEVICES_NAMES_H
#define GATEWAY_DEVICES_NAMES_H

#include "gateway/devices/devices.h"

struct names {
    char hostname[DEVICE_NAME_BYTES]; /* "" : none */
    char vendor_class[DEVICE_NAME_BYTES];
    struct mac
        mac; /* DHCP: of the client (chaddr), which a relay may have passed on; all zero: the sender's */
};

/* A DHCP message of a client (RFC 2131): host name (option 12, or the first label of option 81, RFC 4702), option 60. */
bool names_of_dhcp(struct str payload, struct names *out);
/* A multicast DNS response (RFC 6762): the owner of an A or AAAA record that ends in ".local". */
bool names_of_mdns(struct str payload, struct names *out);
/* A NetBIOS name registration or refresh (RFC 1002 4.2.2) of a workstation name (suffix 0x00) that is no group. */
bool names_of_netbios(struct str payload, struct names *out);

#endif
