/* key: what makes two packets the same conversation, in one fixed order of the two ends. */
#ifndef ENGINE_FLOW_KEY_H
#define ENGINE_FLOW_KEY_H

#include "engine/flow/flow.h"

/* The ends as the packet has them: [0] its source. ICMP: both ports are the same mark of the exchange (see key.c). */
struct flow_key {
    const struct packet *p;
    uint16_t src_mark, dst_mark;
    uint32_t hash;
};

/* False: p belongs to no flow. */
bool flow_key_of(const struct packet *p, const uint64_t secret[2], struct flow_key *key);
/* True when the flow is that conversation. *to_client: the packet's direction in it. */
bool flow_key_eq(const struct flow_key *key, const struct flow *flow, bool *to_client);

#endif
