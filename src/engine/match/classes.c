/* Header classes: rules whose headers ask for the same ends, protocol and state of the flow. A rule set of tens of thousands
 * has some hundreds of them, so a look asks each class once, and a literal that names two hundred rules for ports that the
 * packet does not have costs two hundred loads. */
#include "engine/match/image.h"

#include <string.h>

/* All that header_misfit looks at. Sets are shared by rules that name the same, so their addresses tell them apart. */
struct class_key {
    const struct rule_addresses *src, *dst;
    const struct rule_ports *src_ports, *dst_ports;
    uint64_t app_mask;
    struct rule_flow flow;
    uint8_t l4, dirs, ip_versions;
    bool bidirectional, without_version;
};

static void key_of(const struct match_rule *mr, struct class_key *key)
{
    const struct rule *r = mr->rule;
    memset(key, 0, sizeof *key); /* compared as bytes, with what lies between its members */
    key->src = r->src;
    key->dst = r->dst;
    key->src_ports = r->src_ports;
    key->dst_ports = r->dst_ports;
    key->app_mask = r->app_mask;
    key->flow = r->flow;
    key->l4 = r->l4;
    key->dirs = r->dirs;
    key->ip_versions = r->ip_versions;
    key->bidirectional = r->bidirectional;
    key->without_version = r->packet_header_only || mr->by_event;
}

static int class_of(struct match_image *image, struct map *known, const struct match_rule *mr)
{
    struct class_key key;
    key_of(mr, &key);
    uint32_t *class = map_get(known, str_of(&key, sizeof key));
    if (!class) {
        struct str kept = arena_copy(&image->arena, str_of(&key, sizeof key));
        class = arena_alloc(&image->arena, sizeof *class);
        if (!kept.p || !class || map_put(known, kept, class) < 0)
            return -1;
        *class = image->class_count++;
    }
    image->class_of[mr->rule->index] = *class;
    return 0;
}

int match_classes_build(struct match_image *image)
{
    struct map known;
    map_init(&known, 0);
    image->class_of = arena_alloc(&image->arena, (image->count + 1) * sizeof *image->class_of);
    int rc = image->class_of ? 0 : -1;
    for (uint32_t i = 0; rc == 0 && i < image->count; i++)
        rc = class_of(image, &known, &image->rules[i]);
    map_fini(&known);
    return rc;
}
