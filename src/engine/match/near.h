/* near: contents that can lie in the first bytes of a packet, or of a stream, only; private to match/.
 *
 * Most rules about packets say where their content begins (`depth`, `startswith`) or how small the packet is (`dsize`). To run
 * a large database over each packet for them costs thousands of cycles; here the first bytes of each content wait at
 * the one place (or the few) at which it may stand: some twenty places are asked. What cannot be placed so goes to the database.
 *
 * Life:      collect (near_set_add), build once (near_build), look for ever.
 * Limits:    NEAR_LAST; what a stranger gains by packets full of wanted bytes: one comparison, mostly of eight bytes, for each rule
 *            that waits for them at that place.
 */
#ifndef ENGINE_MATCH_NEAR_H
#define ENGINE_MATCH_NEAR_H

#include "engine/match/literal.h"

#define NEAR_LAST 64 /* nothing that is asked first begins at or behind it */
#define NEAR_REACH \
    (NEAR_LAST + LITERAL_BYTES_MAX) /* whatever is looked for ends before this place */

#define NEAR_RULES_MAX \
    9000 /* their places are counted in sixteen bits; further rules go to the database */

/* Where a content of a rule stands. */
struct near_place {
    const struct match_buffer *buffer;
    const struct rule_content *content;
    struct str bytes;    /* the part that is looked for */
    uint16_t low, high;  /* it begins there at the earliest, at the latest */
    uint16_t packet_max; /* in packets of at most so many bytes; UINT16_MAX: of any */
};

struct near_item {
    struct near_place place;
    uint32_t rule;
};

struct near_set {
    struct vec items; /* struct near_item */
};

/* The best content of the rule's payload for this; false: the rule needs the database. What the database would look for
 * is taken where it has a place; else another that is as long. */
bool near_place_of(const struct match_rule *mr, struct near_place *out);

void near_set_init(struct near_set *s);
void near_set_fini(struct near_set *s);
NODISCARD int near_set_add(struct near_set *s, const struct near_place *place, uint32_t rule);
/* *out NULL: the set is empty. It lies with the image. -1: no memory. */
NODISCARD int near_build(const struct near_set *s, struct arena *a, const struct match_near **out);

/* Calls found for each rule whose content stands in the payload at one of its places, perhaps more than once. */
typedef void (*near_found_fn)(void *owner, uint32_t rule);
void near_look(const struct match_near *n, struct str payload, near_found_fn found, void *owner);
/* The same for bytes of a stream, the first of which is at `place`; how many bytes a packet has is not asked. */
void near_look_at(const struct match_near *n, struct str bytes, size_t place, near_found_fn found,
                  void *owner);

/* For people who ask: does the rule stand here, and how many do? */
bool near_has(const struct match_near *n, uint32_t rule);
uint32_t near_count(const struct match_near *n);

#endif
