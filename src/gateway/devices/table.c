/* Who is forgotten when the table is full: the row unseen for longest among those without a name; named ones only when
 * there are no others. Whoever floods the LAN with invented addresses therefore pushes out his own inventions. */
#include "gateway/devices/devices.h"

#include "base/clock.h"
#include "base/hash.h"
#include "gateway/devices/address.h"
#include "gateway/devices/names.h"

#include <stdlib.h>

#define SLOTS (2 * DEVICES_MAX) /* power of two: half empty, so a search ends soon */
#define TELL_EVERY_US CLOCK_SECOND_US
#define PORT_DHCP_SERVER 67
#define PORT_MDNS 5353
#define PORT_NETBIOS 137
#define ETHER_TYPE_ARP 0x0806

/* Two rings by whether there is a name, so that forgetting costs the same however many rows there are: whoever invents an
 * address for each frame must not make each frame dear. */
enum { UNNAMED = DEVICES_MAX, NAMED, LISTS = 2 };

struct device_table {
    const struct maker_list *makers;
    uint64_t secret[2];
    uint32_t count;
    uint32_t change_at;    /* where devices_next_change goes on */
    uint32_t changes;      /* rows that are marked */
    uint32_t slots[SLOTS]; /* row + 1, or 0 */
    struct device rows[DEVICES_MAX];
    struct address_index *by_ip;
    uint8_t place[DEVICES_MAX]
                 [DEVICE_IPS_MAX]; /* of ips[k] in by_ip: row * DEVICE_IPS_MAX + place */
    /* rings of rows, the one unseen for longest first; the last two are their heads */
    struct seen {
        uint32_t before, after;
    } seen[DEVICES_MAX + LISTS];
};

struct device_table *device_table_new(const struct maker_list *makers)
{
    struct device_table *t = calloc(1, sizeof(*t));
    if (!t)
        return NULL;
    t->by_ip = address_index_new(DEVICES_MAX * DEVICE_IPS_MAX);
    if (!t->by_ip) {
        free(t);
        return NULL;
    }
    t->makers = makers;
    hash_random(t->secret, sizeof(t->secret));
    for (uint32_t i = 0; i < DEVICES_MAX + LISTS; i++)
        t->seen[i] = (struct seen){i, i};
    return t;
}

void device_table_free(struct device_table *t)
{
    if (t)
        address_index_free(t->by_ip);
    free(t);
}

static uint32_t home_slot(const struct device_table *t, const struct mac *mac)
{
    return (uint32_t)hash_sip(t->secret, str_of(mac->bytes, sizeof(mac->bytes))) % SLOTS;
}

/* The slot of mac, or the empty one where it would go. */
static uint32_t find_slot(const struct device_table *t, const struct mac *mac)
{
    uint32_t at = home_slot(t, mac);
    while (t->slots[at] &&
           memcmp(t->rows[t->slots[at] - 1].mac.bytes, mac->bytes, sizeof(mac->bytes)) != 0)
        at = (at + 1) % SLOTS;
    return at;
}

const struct device *devices_find(const struct device_table *t, const struct mac *mac)
{
    uint32_t row = t->slots[find_slot(t, mac)];
    return row ? &t->rows[row - 1] : NULL;
}

const struct device *devices_find_ip(const struct device_table *t, const struct ip *ip)
{
    uint32_t place = address_latest(t->by_ip, ip);
    return place == ADDRESS_NONE ? NULL : &t->rows[place / DEVICE_IPS_MAX];
}

uint32_t devices_count(const struct device_table *t)
{
    return t->count;
}

/* Takes an entry out; those behind it that belong further up move up, so that no search ends too early. */
static void remove_slot(struct device_table *t, uint32_t hole)
{
    uint32_t at = hole;
    for (;;) {
        at = (at + 1) % SLOTS;
        if (!t->slots[at])
            break;
        uint32_t home = home_slot(t, &t->rows[t->slots[at] - 1].mac);
        bool stays = hole <= at ? (hole < home && home <= at) : (hole < home || home <= at);
        if (stays)
            continue;
        t->slots[hole] = t->slots[at];
        hole = at;
    }
    t->slots[hole] = 0;
}

static void ring_leave(struct device_table *t, uint32_t row)
{
    struct seen *s = &t->seen[row];
    t->seen[s->before].after = s->after;
    t->seen[s->after].before = s->before;
    *s = (struct seen){row, row};
}

static void seen_now(struct device_table *t, const struct device *d)
{
    uint32_t row = (uint32_t)(d - t->rows), head = d->hostname[0] ? NAMED : UNNAMED;
    ring_leave(t, row);
    t->seen[row] = (struct seen){t->seen[head].before, head};
    t->seen[t->seen[head].before].after = row;
    t->seen[head].before = row;
}

static uint32_t forget_one(struct device_table *t)
{
    uint32_t first = t->seen[UNNAMED].after;
    uint32_t victim = first != UNNAMED ? first : t->seen[NAMED].after;
    ring_leave(t, victim);
    t->changes -= t->rows[victim].changed;
    remove_slot(t, find_slot(t, &t->rows[victim].mac));
    for (uint32_t place = 0; place < DEVICE_IPS_MAX; place++)
        address_end(t->by_ip, victim * DEVICE_IPS_MAX + place);
    return victim;
}

static void mark(struct device_table *t, struct device *d)
{
    t->changes += !d->changed;
    d->changed = true;
}

static struct device *get(struct device_table *t, const struct mac *mac, int64_t now_us)
{
    uint32_t slot = find_slot(t, mac);
    if (t->slots[slot])
        return &t->rows[t->slots[slot] - 1];
    uint32_t row = t->count < DEVICES_MAX ? t->count++ : forget_one(t);
    t->slots[find_slot(t, mac)] = row + 1;
    struct device *d = &t->rows[row];
    *d = (struct device){.mac = *mac, .used = true, .first_us = now_us, .last_us = now_us};
    d->is_random = mac->bytes[0] & 0x02;
    if (!d->is_random) {
        const char *maker = maker_list_find(t->makers, mac);
        memcpy(d->maker, maker, strnlen(maker, DEVICE_NAME_BYTES - 1));
    }
    mark(t, d);
    return d;
}

/* An address that says nothing of the machine: none, everybody, a group, or this host itself. */
static bool is_own_address(const struct ip *ip)
{
    static const uint8_t zero[16];
    if (ip->version == 4)
        return ip->bytes[0] != 0 && ip->bytes[0] < 224 && ip->bytes[0] != 127;
    return ip->version == 6 && ip->bytes[0] != 0xff && memcmp(ip->bytes, zero, 15) != 0;
}

/* The address of ips[k], which is the machine's latest now, goes to the front. */
static void bring_to_front(struct device_table *t, struct device *d, uint32_t k)
{
    uint8_t *places = t->place[d - t->rows];
    struct ip ip = d->ips[k];
    uint8_t place = places[k];
    memmove(&d->ips[1], &d->ips[0], k * sizeof(d->ips[0]));
    memmove(&places[1], &places[0], k);
    d->ips[0] = ip;
    places[0] = place;
}

static void add_ip(struct device_table *t, struct device *d, const struct ip *ip)
{
    uint32_t row = (uint32_t)(d - t->rows), k = 0;
    uint8_t *places = t->place[row];
    if (!is_own_address(ip))
        return;
    while (k < d->ip_count && !ip_eq(&d->ips[k], ip))
        k++;
    if (k < d->ip_count) {
        address_again(t->by_ip, row * DEVICE_IPS_MAX + places[k]);
    } else {
        if (d->ip_count < DEVICE_IPS_MAX) {
            places[d->ip_count] = (uint8_t)d->ip_count;
            d->ip_count++;
        }
        k = d->ip_count - 1;
        d->ips[k] = *ip;
        address_end(t->by_ip, row * DEVICE_IPS_MAX + places[k]);
        address_begin(t->by_ip, row * DEVICE_IPS_MAX + places[k], ip);
        mark(t, d);
    }
    if (k)
        bring_to_front(t, d, k);
}

static void add_names(struct device_table *t, struct device *d, const struct names *names,
                      enum device_name_source source)
{
    if (names->hostname[0] && source >= d->name_source &&
        strcmp(names->hostname, d->hostname) != 0) {
        memcpy(d->hostname, names->hostname, sizeof(d->hostname));
        d->name_source = source;
        mark(t, d);
    }
    if (names->vendor_class[0] && strcmp(names->vendor_class, d->vendor_class) != 0) {
        memcpy(d->vendor_class, names->vendor_class, sizeof(d->vendor_class));
        mark(t, d);
    }
}

/* ARP (RFC 826): the sender's own pair of addresses. */
static void see_arp(struct device_table *t, struct device *d, const struct packet *p)
{
    if (p->ether_type != ETHER_TYPE_ARP || p->payload.len < 28)
        return;
    struct ip ip = {.version = 4};
    memcpy(ip.bytes, p->payload.p + 14, 4);
    if (memcmp(p->payload.p + 8, d->mac.bytes, sizeof(d->mac.bytes)) == 0)
        add_ip(t, d, &ip);
}

static void see_announcement(struct device_table *t, struct device *d, const struct packet *p)
{
    static const struct {
        uint16_t port;
        bool (*read)(struct str payload, struct names *out);
        enum device_name_source source;
    } rows[] = {
        {PORT_DHCP_SERVER, names_of_dhcp, DEVICE_NAME_DHCP},
        {PORT_MDNS, names_of_mdns, DEVICE_NAME_MDNS},
        {PORT_NETBIOS, names_of_netbios, DEVICE_NAME_NETBIOS},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct names names;
        if (p->dst_port == rows[i].port && rows[i].read(p->payload, &names))
            add_names(t, d, &names, rows[i].source);
    }
}

void devices_see(struct device_table *t, const struct packet *p)
{
    /* A group address as the sender is no machine. */
    if (!p->has_mac || p->src_mac.bytes[0] & 0x01)
        return;
    int64_t now = p->frame ? p->frame->time_us : 0;
    struct device *d = get(t, &p->src_mac, now);
    d->last_us = now;
    if (p->src.version)
        add_ip(t, d, &p->src);
    else
        see_arp(t, d, p);
    if (p->l4 == PACKET_L4_UDP && !p->is_fragment)
        see_announcement(t, d, p);
    seen_now(t, d);
}

const struct device *devices_next_change(struct device_table *t, int64_t now_us)
{
    for (uint32_t seen = 0; t->changes && seen < t->count; seen++) {
        t->change_at = (t->change_at + 1) % t->count;
        struct device *d = &t->rows[t->change_at];
        if (!d->changed || (d->told_us && now_us - d->told_us < TELL_EVERY_US))
            continue;
        d->changed = false;
        d->told_us = now_us;
        t->changes--;
        return d;
    }
    return NULL;
}

void device_write(const struct device *d, struct json *out)
{
    char text[IP_TEXT_BYTES];
    mac_format(&d->mac, text);
    json_text(out, "mac", text);
    if (d->maker[0])
        json_text(out, "maker", d->maker);
    if (d->hostname[0])
        json_text(out, "hostname", d->hostname);
    if (d->vendor_class[0])
        json_text(out, "vendor_class", d->vendor_class);
    json_array(out, "ips");
    for (uint32_t i = 0; i < d->ip_count; i++) {
        size_t len = ip_format(&d->ips[i], text);
        json_bytes(out, NULL, str_of(text, len));
    }
    json_end_array(out);
    char time[CLOCK_TEXT_BYTES];
    size_t len = clock_format_utc(d->first_us, time);
    json_bytes(out, "first_seen", str_of(time, len));
    json_bool(out, "unknown", !d->hostname[0]);
    json_bool(out, "random_mac", d->is_random);
}
