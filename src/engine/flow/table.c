/* The table of flows.
 *
 * One block of address space: the hash buckets, then the objects; pages come as they are touched. Every flow is in one
 * chain of the hash and on one idle list. There is a list for each pair of protocol class and state, so all flows of a
 * list have the same timeout and the one that waits longest is always its oldest: ending flows costs nothing but the
 * flows that end.
 *
 * What an attacker gains by filling it: when no object is free, a flow is ended by force, in this order: closed, then
 * new (one side spoke), then bypassed, then established; among flows of the same state, the one that waits longest. A
 * flood of one-packet flows therefore ends its own and other people's unanswered ones, never a conversation in which
 * both sides speak. To push those out he must keep as many conversations of his own alive, with answers. The hash is
 * keyed, so he cannot choose flows that fall into one chain.
 */
#include "engine/flow/flow.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/hash.h"
#include "engine/flow/key.h"

#define CLASSES 4
#define STATES 4
#define LISTS (CLASSES * STATES)
/* EVE's flow_id is read by programs that keep numbers as doubles. */
#define ID_MASK ((UINT64_C(1) << 53) - 1)

/* A busy flow moves to the end of its list this often at most: moving touches its two neighbours, which are seldom in the
 * cache. "The one that waits longest" is exact to this step. */
#define LIST_STEP_US 250000
/* Further behind the latest packet than disorder explains. */
#define BEHIND_US INT64_C(30000000)

enum flow_class { CLASS_TCP, CLASS_UDP, CLASS_ICMP, CLASS_OTHER };

struct idle_list {
    struct flow *oldest, *newest;
};

struct flow_table {
    struct flow_conf conf;
    flow_end_fn on_end;
    void *owner;
    uint8_t *region;
    size_t region_bytes;
    struct flow **buckets;
    uint32_t bucket_mask;
    uint8_t *objects;
    size_t object_bytes;    /* rounded up to 64: an object does not share cache lines */
    uint32_t cut;           /* objects beyond were never used */
    struct flow *free_list; /* by hash_next */
    struct idle_list lists[LISTS];
    struct flow_counts counts;
    uint64_t id_at;
    int64_t latest_us; /* of all packets */
    bool behind;       /* the last packet was far behind it */
    bool set_back;     /* and so was the one before: no single wrong stamp */
};

void flow_conf_defaults(struct flow_conf *conf)
{
    /* Seconds, as Suricata's defaults: new, established, closed, bypassed. */
    *conf = (struct flow_conf){
        .max = 131072,
        .object_bytes = sizeof(struct flow),
        .timeout_s =
            {
                [CLASS_TCP] = {60, 600, 60, 100},
                [CLASS_UDP] = {30, 300, 0, 100},
                [CLASS_ICMP] = {30, 300, 0, 100},
                [CLASS_OTHER] = {30, 300, 0, 100},
            },
    };
    hash_random(conf->secret, sizeof conf->secret);
}

static size_t round_up(size_t v, size_t to)
{
    return (v + to - 1) / to * to;
}

struct flow_table *flow_table_new(const struct flow_conf *conf, flow_end_fn on_end, void *owner)
{
    assert(conf->max > 0 && conf->object_bytes >= sizeof(struct flow));
    struct flow_table *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->conf = *conf;
    t->on_end = on_end;
    t->owner = owner;
    t->object_bytes = round_up(conf->object_bytes, 64);
    uint32_t buckets = 64;
    while (buckets < conf->max && buckets < 1u << 30)
        buckets *= 2;
    t->bucket_mask = buckets - 1;
    size_t bucket_bytes = round_up(buckets * sizeof *t->buckets, 4096);
    t->region_bytes = bucket_bytes + conf->max * t->object_bytes;
    void *region = mmap(NULL, t->region_bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (region == MAP_FAILED) {
        free(t);
        return NULL;
    }
    t->region = region;
    t->buckets = region;
    t->objects = t->region + bucket_bytes;
    return t;
}

/* --- idle lists --- */

static enum flow_class class_of(const struct flow *flow)
{
    static const uint8_t classes[] = {
        [PACKET_L4_NONE] = CLASS_OTHER, [PACKET_L4_TCP] = CLASS_TCP,
        [PACKET_L4_UDP] = CLASS_UDP,    [PACKET_L4_ICMP4] = CLASS_ICMP,
        [PACKET_L4_ICMP6] = CLASS_ICMP, [PACKET_L4_OTHER] = CLASS_OTHER,
    };
    return classes[flow->l4];
}

static void list_add(struct flow_table *t, struct flow *flow)
{
    flow->listed_us = flow->last_us;
    flow->list = (uint8_t)(class_of(flow) * STATES + flow->state);
    struct idle_list *list = &t->lists[flow->list];
    flow->newer = NULL;
    flow->older = list->newest;
    *(list->newest ? &list->newest->newer : &list->oldest) = flow;
    list->newest = flow;
}

static void list_remove(struct flow_table *t, struct flow *flow)
{
    struct idle_list *list = &t->lists[flow->list];
    *(flow->older ? &flow->older->newer : &list->oldest) = flow->newer;
    *(flow->newer ? &flow->newer->older : &list->newest) = flow->older;
}

static void touch(struct flow_table *t, struct flow *flow, int64_t now_us)
{
    if (now_us > flow->last_us)
        flow->last_us = now_us; /* packets of a capture may be a little out of order */
    if (!flow->newer || flow->last_us - flow->listed_us < LIST_STEP_US)
        return;
    list_remove(t, flow);
    list_add(t, flow);
}

static int64_t timeout_us(const struct flow_table *t, uint32_t list)
{
    return t->conf.timeout_s[list / STATES][list % STATES] * INT64_C(1000000);
}

/* Was the clock set back, or does an older capture follow? One packet with a wrong time in a capture says nothing. */
static void watch_clock(struct flow_table *t, int64_t now_us)
{
    bool behind = now_us < t->latest_us - BEHIND_US;
    t->set_back = behind && t->behind;
    t->behind = behind;
    if (now_us > t->latest_us)
        t->latest_us = now_us;
}

/* After the clock was set back a flow whose last packet lies that far in the future is over too. */
static bool is_over(const struct flow_table *t, const struct flow *flow, int64_t now_us)
{
    int64_t idle_us = now_us - flow->last_us, limit_us = timeout_us(t, flow->list);
    return idle_us >= limit_us || (t->set_back && idle_us < -limit_us);
}

/* --- life of a flow --- */

void flow_close(struct flow_table *t, struct flow *flow, enum flow_end why)
{
    t->on_end(t->owner, flow, why);
    struct flow **link = &t->buckets[flow->hash & t->bucket_mask];
    while (*link != flow)
        link = &(*link)->hash_next;
    *link = flow->hash_next;
    list_remove(t, flow);
    flow->id = 0; /* free: see flow_next */
    flow->hash_next = t->free_list;
    t->free_list = flow;
    t->counts.active--;
    t->counts.timed_out += why == FLOW_END_TIMEOUT;
    t->counts.forced_out += why == FLOW_END_FORCED;
}

static struct flow *eviction_choose(struct flow_table *t)
{
    static const uint8_t order[STATES] = {FLOW_CLOSED, FLOW_NEW, FLOW_BYPASSED, FLOW_ESTABLISHED};
    for (uint32_t i = 0; i < STATES; i++) {
        struct flow *chosen = NULL;
        for (uint32_t kind = 0; kind < CLASSES; kind++) {
            struct flow *oldest = t->lists[kind * STATES + order[i]].oldest;
            if (oldest && (!chosen || oldest->last_us < chosen->last_us))
                chosen = oldest;
        }
        if (chosen)
            return chosen;
    }
    return NULL;
}

static struct flow *object_take(struct flow_table *t)
{
    if (!t->free_list && t->cut < t->conf.max)
        return (struct flow *)(void *)(t->objects + t->object_bytes * t->cut++);
    if (!t->free_list) {
        struct flow *chosen = eviction_choose(t);
        if (!chosen)
            return NULL;
        flow_close(t, chosen, FLOW_END_FORCED);
    }
    struct flow *flow = t->free_list;
    t->free_list = flow->hash_next;
    return flow;
}

static uint64_t id_next(struct flow_table *t)
{
    uint64_t at = ++t->id_at;
    uint64_t id = hash_sip(t->conf.secret, str_of(&at, sizeof at)) & ID_MASK;
    return id ? id : 1;
}

static void count_new(struct flow_counts *counts, const struct packet *p)
{
    counts->total++;
    counts->active++;
    switch (p->l4) {
    case PACKET_L4_TCP: counts->tcp++; break;
    case PACKET_L4_UDP: counts->udp++; break;
    case PACKET_L4_ICMP4: counts->icmpv4++; break;
    case PACKET_L4_ICMP6: counts->icmpv6++; break;
    case PACKET_L4_NONE:
    case PACKET_L4_OTHER: counts->other++; break;
    }
}

static enum flow_opened_by opened_by(const struct packet_frame *frame)
{
    if (!frame->side_known)
        return FLOW_OPENED_BY_UNKNOWN;
    return frame->from_wan ? FLOW_OPENED_BY_WAN : FLOW_OPENED_BY_LAN;
}

static void ports_set(struct flow *flow, const struct packet *p)
{
    bool icmp = p->l4 == PACKET_L4_ICMP4 || p->l4 == PACKET_L4_ICMP6;
    flow->client_port = icmp ? p->icmp_type : p->spi ? (uint16_t)(p->spi >> 16) : p->src_port;
    flow->server_port = icmp ? p->icmp_code : p->spi ? (uint16_t)p->spi : p->dst_port;
}

static struct flow *flow_begin(struct flow_table *t, const struct flow_key *key)
{
    const struct packet *p = key->p;
    struct flow *flow = object_take(t);
    if (!flow) {
        t->counts.refused++;
        return NULL;
    }
    memset(flow, 0, t->conf.object_bytes);
    flow->id = id_next(t);
    flow->hash = key->hash;
    flow->client_ip = p->src;
    flow->server_ip = p->dst;
    ports_set(flow, p);
    flow->l4 = (uint8_t)p->l4;
    flow->ip_proto = p->ip_proto;
    flow->vlan_count = p->vlan_count;
    memcpy(flow->vlan, p->vlan, sizeof flow->vlan);
    flow->state = FLOW_NEW;
    flow->opened_by = (uint8_t)opened_by(p->frame);
    flow->first_us = flow->last_us = p->frame->time_us;
    flow->client_mac = p->src_mac;
    flow->server_mac = p->dst_mac;
    flow->has_mac = p->has_mac;
    struct flow **bucket = &t->buckets[key->hash & t->bucket_mask];
    flow->hash_next = *bucket;
    *bucket = flow;
    list_add(t, flow);
    count_new(&t->counts, p);
    return flow;
}

/* --- doing --- */

static struct flow *chain_find(const struct flow_table *t, const struct flow_key *key,
                               bool *to_client)
{
    struct flow *flow = t->buckets[key->hash & t->bucket_mask];
    while (flow && !flow_key_eq(key, flow, to_client))
        flow = flow->hash_next;
    return flow;
}

static uint32_t packet_bytes(const struct packet *p)
{
    return p->outer ? p->ip_total : (uint32_t)p->frame->bytes.len;
}

static bool opens_anew(const struct flow_table *t, const struct flow *flow, const struct packet *p,
                       bool to_client)
{
    if (p->l4 != PACKET_L4_TCP || (p->tcp.flags & (TCP_SYN | TCP_ACK)) != TCP_SYN)
        return false;
    if (!t->conf.opens_anew)
        return flow->state == FLOW_CLOSED;
    return t->conf.opens_anew(flow, t->conf.opens_anew_arg, p, to_client);
}

/* The flow of the packet if it still lives; one that is over ends here, so results do not hang on how often
 * flow_expire is called. */
static struct flow *living_find(struct flow_table *t, const struct flow_key *key, bool *to_client)
{
    struct flow *flow = chain_find(t, key, to_client);
    if (!flow)
        return NULL;
    if (is_over(t, flow, key->p->frame->time_us))
        flow_close(t, flow, FLOW_END_TIMEOUT);
    else if (opens_anew(t, flow, key->p, *to_client))
        flow_close(t, flow, FLOW_END_REUSED);
    else
        return flow;
    return NULL;
}

static void note_ttl(struct flow *flow, uint8_t ttl, bool to_client)
{
    if (!flow->packets[to_client] || ttl < flow->ttl_min[to_client])
        flow->ttl_min[to_client] = ttl;
    if (ttl > flow->ttl_max[to_client])
        flow->ttl_max[to_client] = ttl;
}

static struct flow *chain_find_living(const struct flow_table *t, const struct packet *p,
                                      bool *to_client)
{
    struct flow_key key;
    if (!flow_key_of(p, t->conf.secret, &key))
        return NULL;
    struct flow *flow = chain_find(t, &key, to_client);
    return flow && !is_over(t, flow, p->frame->time_us) ? flow : NULL;
}

/* The flow that an ICMP error is about. */
static struct flow *quoted_find(const struct flow_table *t, const struct packet *p, bool *to_client)
{
    struct packet quoted;
    bool back = false;
    struct flow *flow = packet_quoted(p, &quoted) ? chain_find_living(t, &quoted, &back) : NULL;
    *to_client = flow && !back;
    return flow;
}

static void count_packet(struct flow_table *t, struct flow *flow, const struct packet *p,
                         bool to_client)
{
    touch(t, flow, p->frame->time_us);
    note_ttl(flow, p->ttl, to_client);
    flow->packets[to_client]++;
    flow->bytes[to_client] += packet_bytes(p);
}

struct flow *flow_lookup(struct flow_table *t, const struct packet *p, bool *to_client,
                         bool *is_new)
{
    struct flow_key key;
    *to_client = *is_new = false;
    if (!flow_key_of(p, t->conf.secret, &key))
        return NULL;
    watch_clock(t, p->frame->time_us);
    struct flow *flow = packet_is_error(p) ? quoted_find(t, p, to_client) : NULL;
    if (flow)
        count_packet(t, flow, p, *to_client);
    if (flow || (packet_is_error(p) && p->l4 == PACKET_L4_ICMP4))
        return flow;
    flow = living_find(t, &key, to_client);
    if (!flow) {
        *to_client = false;
        *is_new = true;
        flow = flow_begin(t, &key);
        if (!flow)
            return NULL;
    }
    count_packet(t, flow, p, *to_client);
    /* TCP's state is its stream's to say. Elsewhere an answer is all that there is to establish. */
    if (flow->state == FLOW_NEW && *to_client && p->l4 != PACKET_L4_TCP)
        flow_set_state(t, flow, FLOW_ESTABLISHED);
    return flow;
}

struct flow *flow_find(struct flow_table *t, const struct packet *p, bool *to_client)
{
    *to_client = false;
    struct flow *flow = packet_is_error(p) ? quoted_find(t, p, to_client) : NULL;
    if (flow || (packet_is_error(p) && p->l4 == PACKET_L4_ICMP4))
        return flow;
    return chain_find_living(t, p, to_client);
}

void flow_set_state(struct flow_table *t, struct flow *flow, enum flow_state state)
{
    if (flow->state == state)
        return;
    list_remove(t, flow);
    flow->state = (uint8_t)state;
    list_add(t, flow);
}

void flow_swap(struct flow_table *t, struct flow *flow)
{
    (void)t; /* the hash is the same for both directions */
    struct ip ip = flow->client_ip;
    flow->client_ip = flow->server_ip;
    flow->server_ip = ip;
    struct mac mac = flow->client_mac;
    flow->client_mac = flow->server_mac;
    flow->server_mac = mac;
    if (flow->l4 != PACKET_L4_ICMP4 && flow->l4 != PACKET_L4_ICMP6) {
        uint16_t port = flow->client_port;
        flow->client_port = flow->server_port;
        flow->server_port = port;
    }
    uint8_t least = flow->ttl_min[0], most = flow->ttl_max[0];
    flow->ttl_min[0] = flow->ttl_min[1];
    flow->ttl_max[0] = flow->ttl_max[1];
    flow->ttl_min[1] = least;
    flow->ttl_max[1] = most;
    uint64_t packets = flow->packets[0], bytes = flow->bytes[0];
    flow->packets[0] = flow->packets[1];
    flow->bytes[0] = flow->bytes[1];
    flow->packets[1] = packets;
    flow->bytes[1] = bytes;
    if (flow->opened_by == FLOW_OPENED_BY_LAN)
        flow->opened_by = FLOW_OPENED_BY_WAN;
    else if (flow->opened_by == FLOW_OPENED_BY_WAN)
        flow->opened_by = FLOW_OPENED_BY_LAN;
    flow->swapped = !flow->swapped;
}

uint32_t flow_expire(struct flow_table *t, int64_t now_us, uint32_t max)
{
    uint32_t ended = 0;
    for (uint32_t list = 0; list < LISTS; list++) {
        while (ended < max && t->lists[list].oldest && is_over(t, t->lists[list].oldest, now_us)) {
            flow_close(t, t->lists[list].oldest, FLOW_END_TIMEOUT);
            ended++;
        }
    }
    return ended;
}

struct flow *flow_next(struct flow_table *t, uint32_t *at)
{
    while (*at < t->cut) {
        struct flow *flow = (struct flow *)(void *)(t->objects + t->object_bytes * (*at)++);
        if (flow->id)
            return flow;
    }
    return NULL;
}

void flow_table_free(struct flow_table *t)
{
    if (!t)
        return;
    uint32_t at = 0;
    for (struct flow *flow = flow_next(t, &at); flow; flow = flow_next(t, &at))
        flow_close(t, flow, FLOW_END_SHUTDOWN);
    munmap(t->region, t->region_bytes);
    free(t);
}

const struct flow_counts *flow_table_counts(const struct flow_table *t)
{
    return &t->counts;
}
