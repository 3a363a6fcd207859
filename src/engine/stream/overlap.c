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
    /* what reaches at least as far and does not begin later, or reaches further */
    [STREAM_OVERLAP_SOLARIS] = PLACES(PLACE_BEFORE, PLACE_SAME) |
                               PLACES(PLACE_BEFORE, PLACE_AFTER) | PLACES(PLACE_SAME, PLACE_SAME) |
                               PLACES(PLACE_SAME, PLACE_AFTER) | PLACES(PLACE_AFTER, PLACE_AFTER),
    /* what begins earlier, or at the same place and reaches at least as far */
    [STREAM_OVERLAP_OLD_LINUX] =
        BEGINS(PLACE_BEFORE) | PLACES(PLACE_SAME, PLACE_SAME) | PLACES(PLACE_SAME, PLACE_AFTER),
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

enum stream_overlap overlap_of_target(enum target_os os)
{
    static const enum stream_overlap ways[TARGETS] = {
        [TARGET_OLD_LINUX] = STREAM_OVERLAP_OLD_LINUX, [TARGET_LINUX] = STREAM_OVERLAP_LINUX,
        [TARGET_OLD_SOLARIS] = STREAM_OVERLAP_SOLARIS, [TARGET_SOLARIS] = STREAM_OVERLAP_SOLARIS,
        [TARGET_HPUX11] = STREAM_OVERLAP_SOLARIS,      [TARGET_VISTA] = STREAM_OVERLAP_FIRST,
    };
    return ways[os]; /* the others: BSD */
}
