#include "engine/flow/key.h"

#include "base/hash.h"

struct icmp_pair {
    uint8_t answer, question;
};

static const struct icmp_pair pairs4[] = {{0, 8}, {9, 10}, {14, 13}, {16, 15}, {18, 17}};
static const struct icmp_pair pairs6[] = {{129, 128}, {131, 130}, {134, 133}, {136, 135},
                                          {140, 139}, {142, 141}, {145, 144}, {147, 146},
                                          {149, 148}, {161, 160}};

static const struct icmp_pair *find_pair(uint8_t l4, uint8_t type)
{
    const struct icmp_pair *rows = l4 == PACKET_L4_ICMP4 ? pairs4 : pairs6;
    size_t count = l4 == PACKET_L4_ICMP4 ? ARRAY_COUNT(pairs4) : ARRAY_COUNT(pairs6);
    for (size_t i = 0; i < count; i++)
        if (rows[i].answer == type || rows[i].question == type)
            return &rows[i];
    return NULL;
}

/* A question and its answer have different ICMP types but are one conversation: the question's type stands for both. */
static uint8_t icmp_question(const struct packet *p)
{
    const struct icmp_pair *pair = find_pair((uint8_t)p->l4, p->icmp_type);
    return pair ? pair->question : p->icmp_type;
}

uint8_t flow_icmp_counterpart(uint8_t l4, uint8_t type)
{
    const struct icmp_pair *pair = find_pair(l4, type);
    if (!pair)
        return type;
    return pair->answer == type ? pair->question : pair->answer;
}

static uint8_t icmp_question_of_flow(const struct flow *flow)
{
    struct packet first = {.l4 = flow->l4, .icmp_type = (uint8_t)flow->client_port};
    return icmp_question(&first);
}

static uint64_t word_of(const uint8_t *p, size_t len)
{
    uint64_t word = 0;
    memcpy(&word, p, len);
    return word;
}

/* Both ends in whole words, the lower one first, so that both directions give the same. Returns how many words. */
static size_t ends_put(const struct flow_key *key, uint64_t words[4], bool *turned)
{
    const uint8_t *src = key->p->src.bytes, *dst = key->p->dst.bytes;
    if (key->p->src.version == 4) {
        uint64_t s = word_of(src, 4), d = word_of(dst, 4);
        *turned = s > d || (s == d && key->src_mark > key->dst_mark);
        words[0] = *turned ? d << 32 | s : s << 32 | d;
        return 1;
    }
    uint64_t s[2] = {word_of(src, 8), word_of(src + 8, 8)},
             d[2] = {word_of(dst, 8), word_of(dst + 8, 8)};
    bool same = s[0] == d[0] && s[1] == d[1];
    *turned = same ? key->src_mark > key->dst_mark : s[1] > d[1] || (s[1] == d[1] && s[0] > d[0]);
    memcpy(words, *turned ? d : s, sizeof s);
    memcpy(words + 2, *turned ? s : d, sizeof s);
    return 4;
}

static uint32_t hash_of(const struct flow_key *key, const uint64_t secret[2])
{
    const struct packet *p = key->p;
    uint64_t words[7];
    bool turned;
    size_t count = ends_put(key, words, &turned);
    uint64_t low = turned ? key->dst_mark : key->src_mark,
             high = turned ? key->src_mark : key->dst_mark;
    words[count++] = low | high << 16 | (uint64_t)p->ip_proto << 32 | (uint64_t)p->vlan[0] << 40 |
                     (uint64_t)p->vlan[1] << 52; /* a tag has 12 bits */
    if (p->vlan_count > 2)
        words[count++] = p->vlan[2];
    if (p->spi)
        words[count++] = p->spi;
    return (uint32_t)hash_sip(secret, str_of(words, count * sizeof words[0]));
}

/* The outside of GRE: what is inside are the conversations. Two ends of IP in IP are a conversation as Suricata has it. */
static bool is_mere_tunnel(const struct packet *p)
{
    return p->l4 == PACKET_L4_OTHER && p->ip_proto == 47;
}

bool flow_key_of(const struct packet *p, const uint64_t secret[2], struct flow_key *key)
{
    if (p->src.version == 0 || p->is_fragment || p->l4 == PACKET_L4_NONE || is_mere_tunnel(p))
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

/* A security association goes one way: the other direction is a conversation of its own, even by the same number. */
static bool esp_eq(const struct flow_key *key, const struct flow *flow, bool *to_client)
{
    const struct packet *p = key->p;
    *to_client = false;
    return flow_spi(flow) == p->spi && ip_eq(&flow->client_ip, &p->src) &&
           ip_eq(&flow->server_ip, &p->dst);
}

bool flow_key_eq(const struct flow_key *key, const struct flow *flow, bool *to_client)
{
    const struct packet *p = key->p;
    if (flow->hash != key->hash || flow->ip_proto != p->ip_proto || flow->l4 != p->l4 ||
        !vlan_eq(p, flow))
        return false;
    if (flow->l4 == PACKET_L4_ICMP4 || flow->l4 == PACKET_L4_ICMP6)
        return icmp_eq(key, flow, to_client);
    if (p->spi)
        return esp_eq(key, flow, to_client);
    if (flow->client_port == p->src_port && flow->server_port == p->dst_port &&
        ip_eq(&flow->client_ip, &p->src) && ip_eq(&flow->server_ip, &p->dst)) {
        *to_client = false;
        return true;
    }
    *to_client = true;
    return flow->client_port == p->dst_port && flow->server_port == p->src_port &&
           ip_eq(&flow->client_ip, &p->dst) && ip_eq(&flow->server_ip, &p->src);
}
