/* literal: one Vectorscan database over the chosen contents of many rules; private to match/.
 *
 * Life:      collect (literal_set_add), build once (literal_set_build), scan for ever.
 */
#ifndef ENGINE_MATCH_LITERAL_H
#define ENGINE_MATCH_LITERAL_H

#include "engine/match/image.h"

#define LITERAL_BYTES_MAX 64 /* a longer one is cut: its beginning is as good a filter */
/* A single byte is found everywhere: it costs the scan of every packet more than it spares its rule. */
#define LITERAL_BYTES_MIN 2

struct literal {
    struct str bytes;
    bool nocase;
    uint32_t rule;
};

struct literal_set {
    struct vec items; /* struct literal */
};

/* The part of a content that a database looks for: chopped as the rule says, without leading zeros (Vectorscan's literal
 * compiler refuses a first byte 0x00; what is behind them is as good a filter). Empty when too little is left. */
struct str literal_part(const struct rule_content *c);
void literal_set_init(struct literal_set *s);
void literal_set_fini(struct literal_set *s);
/* The content must have a literal_part. The bytes must live as long as the image. */
NODISCARD int literal_set_add(struct literal_set *s, const struct rule_content *content,
                              uint32_t rule);
/* NULL with no error text when the set is empty. All of the scan lies with the image. */
NODISCARD int literal_set_build(struct literal_set *s, struct match_image *image,
                                struct match_scan **out, struct err *err);

#endif
