/* compile: one rule -> match_rule: steps with their flags, slots, looks; private to match/. */
#ifndef ENGINE_MATCH_COMPILE_H
#define ENGINE_MATCH_COMPILE_H

#include "engine/match/image.h"

struct compile {
    struct match_image *image;
    struct vec slots; /* struct match_slot */
};

NODISCARD int compile_rule(struct compile *c, const struct rule *rule, struct match_rule *out);
/* The content that the prefilter looks for: buffer index in the rule, or -1. Only buffers for which `fits` is true.
 * An explicit fast_pattern goes first, then the longest. */
int compile_choose(const struct match_rule *mr, bool (*fits)(const struct match_buffer *, void *),
                   void *arg);
/* How large the payload of a packet on which the rule holds may be, at least and at most (dsize). */
void compile_packet_bytes(const struct rule *rule, uint16_t *min, uint16_t *max);
bool compile_transforms_equal(const struct rule_buffer *a, const struct rule_buffer *b);
/* True when the item starts from where the one before it ended. */
bool compile_item_relative(const struct rule_item *item);

#endif
