/* `tag`: after a rule has held, further packets of its session, or of one of its hosts, are told as records of their own
 * (EVE's "packet"), so many packets, seconds or bytes. Hosts are remembered in a small table of the worker: what another
 * worker sees of them is not told. */
#include "engine/conversation.h"

/* Packets are counted from the one that made the rule hold. */
#define PACKETS_USUAL 256 /* where the rule says no number */

static struct tag tag_of(const struct rule *rule, int64_t now_us)
{
    struct tag tag = {UINT32_MAX, UINT64_MAX, INT64_MAX};
    uint32_t number = rule->tag.number;
    switch (rule->tag.unit) {
    case RULE_TAG_SECONDS: tag.until_us = now_us + (int64_t)number * 1000000; break;
    case RULE_TAG_BYTES: tag.bytes = number; break;
    case RULE_TAG_PACKETS: tag.packets = (number ? number : PACKETS_USUAL) - 1; break;
    }
    return tag;
}

static void host_add(struct engine *e, const struct ip *ip, const struct tag *tag)
{
    struct tagged_host *place = NULL;
    if (!ip->version)
        return;
    for (uint32_t i = 0; i < e->tagged_count; i++)
        if (ip_eq(&e->tagged[i].ip, ip))
            place = &e->tagged[i];
    if (!place) {
        place = &e->tagged[e->tagged_next];
        e->tagged_next = (e->tagged_next + 1) % TAGGED_HOSTS_MAX;
        if (e->tagged_count < TAGGED_HOSTS_MAX)
            e->tagged_count++;
    }
    *place = (struct tagged_host){*ip, *tag};
}

void tag_begin(struct engine *e, struct passage *way, const struct packet *p,
               const struct verdict *verdict)
{
    for (uint32_t i = 0; i < verdict->alert_count; i++) {
        const struct rule *rule = verdict->alerts[i]->rule;
        struct tag tag = tag_of(rule, e->now_us);
        struct aftermath *after = NULL;
        switch (rule->tag.of) {
        case RULE_TAG_NONE: break;
        case RULE_TAG_SESSION:
            after = way->c ? conversation_after(way->c) : NULL;
            if (after)
                after->tag = tag;
            break;
        case RULE_TAG_SRC_HOST: host_add(e, &p->src, &tag); break;
        case RULE_TAG_DST_HOST: host_add(e, &p->dst, &tag); break;
        }
    }
}

/* One packet less. False: it is over. */
static bool tag_take(struct tag *tag, const struct packet *p, int64_t now_us)
{
    if (!tag->packets)
        return false;
    if (now_us > tag->until_us || !tag->bytes) {
        tag->packets = 0;
        return false;
    }
    if (tag->packets != UINT32_MAX)
        tag->packets--;
    if (tag->bytes != UINT64_MAX)
        tag->bytes -= p->frame->bytes.len < tag->bytes ? p->frame->bytes.len : tag->bytes;
    return true;
}

void tag_follow(struct engine *e, struct passage *way)
{
    const struct packet *p = way->packet;
    struct tag *own = way->c && way->c->after ? &way->c->after->tag : NULL;
    if (!p->frame || (!e->tagged_count && !own))
        return;
    bool told = own && tag_take(own, p, e->now_us);
    for (uint32_t i = 0; i < e->tagged_count; i++) {
        struct tagged_host *host = &e->tagged[i];
        if (ip_eq(&host->ip, &p->src) || ip_eq(&host->ip, &p->dst))
            told |= tag_take(&host->tag, p, e->now_us);
    }
    if (told)
        report_tagged(e, way->c, p, way->dir);
}
