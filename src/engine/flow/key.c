#include "engine/flow/key.h"

#include "base/hash.h"

/* A question and its answer have different ICMP types but are one conversation: the question's type stands for both. */
static uint8_t icmp_question(const struct packet *p)
{
    static const uint8_t answers4[][2] = {{0, 8}, {9, 10}, {14, 13}, {16, 15}, {18, 17}};
    static const uint8_t answers6[][2] = {{129, 128}, {131, 130}, {134, 133}, {136, 135},
                                          {140, 139}, {142, 141}, {145, 144}, {147, 146},
                                          {149, 148}, {161, 160}};
    const uint8_t(*rows)[2] = p->l4 == PACKET_L4_ICMP4 ? answers4 : answers6;
    size_t count = p->l4 == PACKET_L4_ICMP4 ? ARRAY_COUNT(answers4) : ARRAY_COUNT(answers6);
    for (size_t i = 0; i < count; i++)
        if (rows[i][0] == p->icmp_type)
            return rows[i][1];
    return p->icmp_type;
}

static uint8_t icmp_question_of_flow(const struct flow *flow)
{
    struct packet first = {.l4 = flow->l4, .icmp_type = (uint8_t)flow->client_port};
    return icmp_question(&first);
}

struct hashed {
    uint8_t bytes[16 + 16 + 2 + 2 + 2 + 2 * PACKET_VLAN_MAX];
    size_t len;
};

static void hashed_add(struct hashed *h, const void *p, size_t len)
{
    memcpy(h->bytes + h->len, p, len);
    h->len += len;
}

/* The lower end first, so both directions give the same bytes. */
static uint32_t hash_of(const struct flow_key *key, const uint64_t secret[2])
{
    const struct packet *p = key->p;
    size_t bytes = p->src.version == 4 ? 4 : 16;
    int order = memcmp(p->src.bytes, p->dst.bytes, bytes);
    bool turned = order > 0 || (order == 0 && key->src_mark > key->dst_mark);
    struct hashed h;
    h.len = 0;
    hashed_add(&h, turned ? p->dst.bytes : p->src.bytes, bytes);
    hashed_add(&h, turned ? p->src.bytes : p->dst.bytes, bytes);
    hashed_add(&h, turned ? &key->dst_mark : &key->src_mark, 2);
    hashed_add(&h, turned ? &key->src_mark : &key->dst_mark, 2);
    hashed_add(&h, &p->ip_proto, 1);
    hashed_add(&h, p->vlan, sizeof p->vlan[0] * p->vlan_count);
    return (uint32_t)hash_sip(secret, str_of(h.bytes, h.len));
}

bool flow_key_of(const struct packet *p, const uint64_t secret[2], struct flow_key *key)
{
    if (p->src.version == 0 || p->is_fragment || p->l4 == PACKET_L4_NONE)
        return false;
    key->p = p;
    key->src_mark = p->src_port;
    key->dst_mark = p->dst_port;
    if (p->l4 == PACKET_L4_ICMP4 || p->l4 == PACKET_L4_ICMP6)
        key->src_mark = key->dst_mark = (uint16_t)(icmp_question(p) << 8 | p->icmp_code);
    key->hash = hash_of(key, secret);
    return true;
}

static bool vlan_eq(const struct packet *p, const struct flow *flow)
{
    return p->vlan_count == flow->vlan_count &&
           memcmp(p->vlan, flow->vlan, sizeof p->vlan[0] * p->vlan_count) == 0;
}

/* An exchange of ICMP has no ports. Between two addresses the direction is theirs; to oneself it is the type's. */
static bool icmp_eq(const struct flow_key *key, const struct flow *flow, bool *to_client)
{
    const struct packet *p = key->p;
    uint16_t mark = (uint16_t)(icmp_question_of_flow(flow) << 8 | (flow->server_port & 0xff));
    if (key->src_mark != mark)
        return false;
    if (ip_eq(&p->src, &flow->client_ip) && ip_eq(&p->dst, &flow->server_ip)) {
        *to_client = ip_eq(&p->src, &p->dst) && p->icmp_type != flow->client_port;
        return true;
    }
    *to_client = true;
    return ip_eq(&p->src, &flow->server_ip) && ip_eq(&p->dst, &flow->client_ip);
}

bool flow_key_eq(const struct flow_key *key, const struct flow *flow, bool *to_client)
{
    const struct packet *p = key->p;
    if (flow->hash != key->hash || flow->ip_proto != p->ip_proto || flow->l4 != p->l4 ||
        !vlan_eq(p, flow))
        return false;
    if (flow->l4 == PACKET_L4_ICMP4 || flow->l4 == PACKET_L4_ICMP6)
        return icmp_eq(key, flow, to_client);
    if (flow->client_port == p->src_port && flow->server_port == p->dst_port &&
        ip_eq(&flow->client_ip, &p->src) && ip_eq(&flow->server_ip, &p->dst)) {
        *to_client = false;
        return true;
    }
    *to_client = true;
    return flow->client_port == p->dst_port && flow->server_port == p->src_port &&
           ip_eq(&flow->client_ip, &p->dst) && ip_eq(&flow->server_ip, &p->src);
}
