/* phrase: a rule's text cut into its header and its options, also of a rule that could not be loaded; private to explain/. */
#ifndef GATEWAY_EXPLAIN_PHRASE_H
#define GATEWAY_EXPLAIN_PHRASE_H

#include "base/buf.h"
#include "base/str.h"

struct phrase {
    struct str header; /* up to the bracket, trimmed */
    struct str rest;   /* options that were not read yet */
};
struct phrase_option {
    struct str name, value; /* trimmed; value.p NULL: none */
};

struct phrase phrase_of(struct str text);
bool phrase_next(struct phrase *p, struct phrase_option *option);
/* The word of the header at that place: 0 action, 1 protocol ... */
struct str phrase_word(struct str header, unsigned index);
/* What the rule asks, without what only names it (msg, sid, rev, metadata, reference ...): equal for rules that hold on the same
 * traffic by the same words. */
void phrase_conditions(struct str text, struct buf *out);

#endif
