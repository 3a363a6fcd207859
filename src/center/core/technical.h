/* technical: what the IT firm wants to know of an incident: addresses of the last event, the rules that spoke, the last
 * flows. Kept with the incident as JSON of bounded size. */
#ifndef CENTER_CORE_TECHNICAL_H
#define CENTER_CORE_TECHNICAL_H

#include "center/core/inner.h"

#define TECHNICAL_RULES_MAX 20
#define TECHNICAL_FLOWS_MAX 20

struct technical_rule {
    int64_t gid, sid, rev, severity, count;
    const char *message, *category;
};

struct technical {
    const char *src_ip, *dest_ip, *proto, *app_proto, *host;
    int64_t src_port, dest_port; /* -1: none */
    struct technical_rule rules[TECHNICAL_RULES_MAX];
    size_t rule_count;
    const char *flows[TECHNICAL_FLOWS_MAX]; /* oldest first */
    size_t flow_count;
};

/* Texts live in the arena. What is not there or broken reads as empty. */
void technical_read(const char *json, struct arena *a, struct technical *out);
void technical_add(struct technical *t, const struct alert *alert, struct arena *a);
/* JSON in the arena; "{}" when memory is out. */
const char *technical_write(const struct technical *t, struct arena *a);

#endif
