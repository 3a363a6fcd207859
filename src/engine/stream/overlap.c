#include "engine/stream/overlap.h"

enum place { PLACE_BEFORE, PLACE_SAME, PLACE_AFTER };

/* Bit (begin * 3 + end): where the later segment begins and ends, seen from the held one. */
#define PLACES(begin, end) (1u << ((begin)*3 + (end)))
#define BEGINS(begin) \
    (PLACES(begin, PLACE_BEFORE) | PLACES(begin, PLACE_SAME) | PLACES(begin, PLACE_AFTER))

/* In which of the nine places the later segment wins. */
static const uint16_t takes_new[] = {
    /* what begins earlier wins */
    [STREAM_OVERLAP_BSD] = BEGINS(PLACE_BEFORE),
    /* ... and what begins at the same place but reaches further */
    [STREAM_OVERLAP_LINUX] = BEGINS(PLACE_BEFORE) | PLACES(PLACE_SAME, PLACE_AFTER),
    /* what begins earlier and reaches at least as far */
    [STREAM_OVERLAP_WINDOWS] = PLACES(PLACE_BEFORE, PLACE_SAME) | PLACES(PLACE_BEFORE, PLACE_AFTER),
    [STREAM_OVERLAP_FIRST] = 0,
    [STREAM_OVERLAP_LAST] = BEGINS(PLACE_BEFORE) | BEGINS(PLACE_SAME) | BEGINS(PLACE_AFTER),
};

static enum place place_of(uint64_t later, uint64_t held)
{
    if (later < held)
        return PLACE_BEFORE;
    return later == held ? PLACE_SAME : PLACE_AFTER;
}

bool overlap_takes_new(enum stream_overlap policy, struct overlap_span held,
                       struct overlap_span later)
{
    uint32_t begin = place_of(later.from, held.from);
    uint32_t end = place_of(later.end, held.end);

    return (takes_new[policy] & PLACES(begin, end)) != 0;
}
