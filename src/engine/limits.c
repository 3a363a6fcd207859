/* limits: what a stranger can fill, and the setting that bounds it. Each in its row with the least that still works and the most
 * that makes sense; a setting beyond is moved to the bound. */
#include "engine/conversation.h"

#include <stdio.h>

#define MIB (UINT64_C(1) << 20)

static uint64_t bounded(const struct conf *conf, const char *path, uint64_t otherwise,
                        uint64_t least, uint64_t most)
{
    uint64_t value = conf_bytes(conf, path, otherwise);
    return value < least ? least : value > most ? most : value;
}

/* Flows, by the memory they may take in the table. */
static void read_flows(struct flow_conf *flow, const struct conf *conf)
{
    static const char *const classes[] = {"tcp", "udp", "icmp", "default"};
    static const char *const states[] = {"new", "established", "closed", "bypassed"};
    const uint64_t each = sizeof(struct conversation);
    flow->max = (uint32_t)(bounded(conf, "flow.memcap", flow->max * each, MIB, 4096 * MIB) / each);
    for (size_t class = 0; class < ARRAY_COUNT(classes); class ++)
        for (size_t state = 0; state < ARRAY_COUNT(states); state++) {
            char path[64];
            uint32_t *seconds = &flow->timeout_s[class][state];
            snprintf(path, sizeof path, "flow-timeouts.%s.%s", classes[class], states[state]);
            *seconds = (uint32_t)bounded(conf, path, *seconds, 0, 7 * 86400);
        }
}

static void read_fragments(struct packet_conf *packet, const struct conf *conf)
{
    packet->fragments_max =
        (uint32_t)bounded(conf, "defrag.max-frags", packet->fragments_max, 16, 65536);
    packet->fragment_bytes_max =
        (uint32_t)bounded(conf, "defrag.memcap", packet->fragment_bytes_max, MIB, 1024 * MIB);
    packet->fragment_timeout_ms =
        (uint32_t)bounded(conf, "defrag.timeout", packet->fragment_timeout_ms / 1000, 1, 3600) *
        1000;
}

void limits_read(struct engine_conf *e, const struct conf *conf)
{
    read_flows(&e->flow, conf);
    read_fragments(&e->packet, conf);
    e->memory_bytes =
        bounded(conf, "stream.reassembly.memcap", e->memory_bytes, 16 * MIB, 65536 * MIB);
    e->flow_memory_bytes = (uint32_t)bounded(conf, "otasuke.limits.flow-memory",
                                             e->flow_memory_bytes, MIB / 4, 1024 * MIB);
    e->app.tx_max = (uint32_t)bounded(conf, "otasuke.limits.transactions", e->app.tx_max,
                                      2 * APP_GIVE_UP, 4096);
}
