/* tell: a trail as a report; private to explain/. */
#ifndef GATEWAY_EXPLAIN_TELL_H
#define GATEWAY_EXPLAIN_TELL_H

#include "gateway/explain/play.h"
#include "gateway/explain/trail.h"

void tell_trail(const struct trail *t, const struct play *p, struct buf *out);

#endif
