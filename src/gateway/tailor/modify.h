/* modify: changes to the text of a rule; private to tailor/. */
#ifndef GATEWAY_TAILOR_MODIFY_H
#define GATEWAY_TAILOR_MODIFY_H

#include "base/buf.h"
#include "gateway/tailor/matcher.h"

/* Words of a line of modify.conf: what stands in " " is one (\" and \\ in it are " and \), and so is what stands without space.
 * Their bytes are written to `words`. The count, at most `max`; -1: a quote is not closed, or there are more. */
int modify_split(struct str line, struct buf *bytes, struct str *words, int max);

/* Every place that the expression (pcre2_code) finds becomes `to`, in which \1, $1 and ${1} are what the brackets have found.
 * How many places; -1: the expression gave up, or no memory. `text` must not lie in `out`. */
int modify_replace(void *code, struct str to, struct str text, const struct scratch *scratch,
                   struct buf *out);

/* Puts "key value" at the end of the rule's metadata, which is made when there is none. False: the text is no rule. */
bool modify_add_metadata(struct str key, struct str value, struct str text, struct buf *out);

#endif
