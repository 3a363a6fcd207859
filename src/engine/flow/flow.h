/* flow: remembers the two-way conversation that a packet belongs to.
 *
 * Way in:    engine.c asks flow_lookup() once for each decoded packet.
 * Way out:   the flow and the packet's direction in it, valid until the worker's next flow_expire().
 * Memory:    all flows from one block taken at start; each is object_bytes large: `struct flow` first, then whatever
 *            engine.c keeps with it. When the table is full, the idle flow that waited longest goes (counted).
 * Threads:   a table belongs to one worker; no lock inside.
 * Limits:    flow_conf.max flows; timeouts by protocol and state. An attacker who fills the table with one-packet flows
 *            loses them first: established ones go last (see table.c).
 */
#ifndef ENGINE_FLOW_FLOW_H
#define ENGINE_FLOW_FLOW_H

#include "base/attr.h"
#include "base/ip.h"
#include "engine/packet/packet.h"

/* Who opened the flow, by the port the first packet came in at; not the same as the direction of a threat. */
enum flow_opened_by { FLOW_OPENED_BY_UNKNOWN, FLOW_OPENED_BY_LAN, FLOW_OPENED_BY_WAN };

enum flow_state { FLOW_NEW, FLOW_ESTABLISHED, FLOW_CLOSED, FLOW_BYPASSED };

enum flow_end { FLOW_END_TIMEOUT, FLOW_END_FORCED, FLOW_END_SHUTDOWN, FLOW_END_REUSED };

/* In the order in which a lookup touches it: the first 64 bytes find it, the next ones count a packet. */
struct flow {
    struct flow *hash_next;
    uint32_t hash;
    uint16_t client_port,
        server_port;                /* ICMP: type and code of the first packet; ESP: see flow_spi */
    struct ip client_ip, server_ip; /* the client sent the first packet (see flow_swap) */
    uint8_t l4;                     /* enum packet_l4 */
    uint8_t ip_proto;
    uint8_t vlan_count;
    uint8_t state; /* enum flow_state */
    uint16_t vlan[PACKET_VLAN_MAX];
    uint8_t opened_by; /* enum flow_opened_by */
    uint8_t list;      /* which idle list it is on */
    int64_t first_us, last_us;
    uint64_t packets[2], bytes[2];  /* by direction: [0] to the server */
    int64_t listed_us;              /* when it was last put at the end of its idle list */
    uint8_t ttl_min[2], ttl_max[2]; /* by direction; 0, 0: no packet yet */
    bool has_mac;
    bool alerted;
    bool dropped;                      /* a verdict ended it: later packets are dropped */
    bool passed;                       /* a pass rule ended inspection */
    bool swapped;                      /* client and server were exchanged after the first packet */
    struct mac client_mac, server_mac; /* of the first packet, when has_mac */
    uint64_t id;                /* unlikely to repeat; EVE's flow_id (positive, below 2^53) */
    uint64_t parent_id;         /* of the flow around a tunnel, or 0 */
    struct flow *older, *newer; /* idle list of its state */
};

/* Of ESP: the security association, which stands in place of ports; else 0. */
static inline uint32_t flow_spi(const struct flow *flow)
{
    return flow->ip_proto == 50 ? (uint32_t)flow->client_port << 16 | flow->server_port : 0;
}

struct packet;

/* Does this SYN, on the flow's addresses, begin a connection of its own? Then the flow ends before the packet is counted. */
typedef bool (*flow_anew_fn)(const struct flow *flow, void *arg, const struct packet *p,
                             bool to_client);

struct flow_conf {
    uint32_t max;             /* flows in the table */
    uint32_t object_bytes;    /* size of each, struct flow included */
    uint32_t timeout_s[4][4]; /* [tcp, udp, icmp, other][enum flow_state] */
    uint64_t secret[2];       /* key of the hash */
    flow_anew_fn
        opens_anew; /* asked of each SYN without ACK; NULL: on closed flows every one does */
    void *opens_anew_arg;
};

void flow_conf_defaults(struct flow_conf *conf);

struct flow_counts {
    uint64_t total, active, tcp, udp, icmpv4, icmpv6, other, timed_out, forced_out, refused;
};

struct flow_table;

/* What the owner does when a flow ends: last look, log, give back what hangs on it. Called exactly once for each flow. */
typedef void (*flow_end_fn)(void *owner, struct flow *flow, enum flow_end why);

NODISCARD struct flow_table *flow_table_new(const struct flow_conf *conf, flow_end_fn on_end,
                                            void *owner);
/* Ends all flows with FLOW_END_SHUTDOWN. */
void flow_table_free(struct flow_table *t);
/* The flow of p, made when it is new (*is_new; everything behind struct flow is zero then). *to_client is true when p goes
 * from server to client. Counts the packet and touches the flow's time. NULL: p belongs to no flow (not IP, a fragment,
 * the outside of a GRE tunnel, or no room at all). A TCP SYN that opens a connection anew (flow_conf.opens_anew) ends the old
 * flow (FLOW_END_REUSED) and begins a new one; a flow that is over by p's time ends too, and the table may end another by force to make room: a
 * pointer from an earlier call is good only while on_end was not called for it. An ICMP error belongs to the living flow of
 * the packet that it quotes, goes the other way and establishes nothing (p->l4 is not flow->l4 then); where there is no such
 * flow, one of IPv4 belongs to none, and one of IPv6 is looked up as its own (type, code) conversation, both as with Suricata.
 * Flows other than TCP become FLOW_ESTABLISHED here, by the first packet of the other side. */
struct flow *flow_lookup(struct flow_table *t, const struct packet *p, bool *to_client,
                         bool *is_new);
/* The flow that p would belong to, or NULL; changes nothing. */
struct flow *flow_find(struct flow_table *t, const struct packet *p, bool *to_client);
/* State decides the timeout and the idle list. */
void flow_set_state(struct flow_table *t, struct flow *flow, enum flow_state state);
/* Exchanges client and server (the first packet seen was the server's: a SYN/ACK, a DNS answer). */
void flow_swap(struct flow_table *t, struct flow *flow);
/* Ends flows that are over by now, at most `max` of them; returns how many. Call between batches. */
uint32_t flow_expire(struct flow_table *t, int64_t now_us, uint32_t max);
/* Ends one flow now. */
void flow_close(struct flow_table *t, struct flow *flow, enum flow_end why);
/* Walks over all flows; NULL at the end. Start with *at = 0. */
struct flow *flow_next(struct flow_table *t, uint32_t *at);
/* The ICMP type that answers this one, or asks for it; the same type when there is none. l4: enum packet_l4. */
uint8_t flow_icmp_counterpart(uint8_t l4, uint8_t type);
const struct flow_counts *flow_table_counts(const struct flow_table *t);

#endif
