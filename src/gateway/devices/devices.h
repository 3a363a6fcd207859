/* devices: which machine it is. One row per MAC address on the LAN side, learnt from what passes by.
 *
 * Way in:    worker/ hands in each packet that came from the LAN port (devices_see): address, and where it is a DHCP
 *            request, an mDNS or NetBIOS announcement, the names in it.
 * Way out:   the row as it is now (devices_find), copied into every event: identity as of the event's time. Rows that are
 *            new or changed are told once (devices_next_change), at most one change per row and second.
 * Memory:    one table of DEVICES_MAX rows taken at start; when it is full the row unseen for longest goes (an attacker
 *            who invents addresses pushes out his own first: named and user-known rows go last).
 * Threads:   belongs to the engine's thread; the maker list is read-only.
 * Hostile:   DHCP options (RFC 2131, 2132), DNS names (RFC 1035, 6762) and NetBIOS names (RFC 1002) are read through
 *            struct reader; names are cut to DEVICE_NAME_BYTES and kept only when they are printable UTF-8.
 */
#ifndef GATEWAY_DEVICES_DEVICES_H
#define GATEWAY_DEVICES_DEVICES_H

#include "base/attr.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/json.h"
#include "engine/packet/packet.h"

#define DEVICES_MAX 4096
#define DEVICE_IPS_MAX 8
#define DEVICE_NAME_BYTES 64

enum device_name_source {
    DEVICE_NAME_NONE,
    DEVICE_NAME_NETBIOS,
    DEVICE_NAME_MDNS,
    DEVICE_NAME_DHCP
};

struct device {
    struct mac mac;
    bool used, is_random; /* is_random: the locally administered bit: a phone's made-up address */
    bool changed;
    enum device_name_source name_source; /* a better source replaces a weaker one's name */
    char hostname[DEVICE_NAME_BYTES];
    char vendor_class[DEVICE_NAME_BYTES]; /* DHCP option 60 */
    char maker[DEVICE_NAME_BYTES];        /* of the MAC prefix; "" when unknown or is_random */
    struct ip ips[DEVICE_IPS_MAX];        /* latest first */
    uint32_t ip_count;
    int64_t first_us, last_us, told_us;
};

/* Makers by MAC prefix (24, 28, 36 bits), from IEEE's public list as text ("oui.txt", "oui28.csv" ...). */
struct maker_list;
/* Reads the files of Debian's package ieee-data in folder; a missing one is left out. NULL only when memory is out. */
NODISCARD struct maker_list *maker_list_load(const char *folder, struct err *err);
void maker_list_free(struct maker_list *list);
/* "NEC Platforms, Ltd.", or "". */
const char *maker_list_find(const struct maker_list *list, const struct mac *mac);

struct device_table;
NODISCARD struct device_table *device_table_new(const struct maker_list *makers);
void device_table_free(struct device_table *t);
/* A packet that came in at the LAN port. */
void devices_see(struct device_table *t, const struct packet *p);
const struct device *devices_find(const struct device_table *t, const struct mac *mac);
/* The machine that used the address last, when no MAC is at hand (a packet towards the LAN whose MAC is a router's). NULL:
 * unknown. Costs the same however many machines there are. */
const struct device *devices_find_ip(const struct device_table *t, const struct ip *ip);
/* The next row that changed and has not been told for a second; NULL: none. */
const struct device *devices_next_change(struct device_table *t, int64_t now_us);
uint32_t devices_count(const struct device_table *t);
/* Members of an open object: mac, maker, hostname, vendor_class, ips, first_seen, unknown (no name at all), random_mac. */
void device_write(const struct device *d, struct json *out);

#endif
