/* overlap: whose bytes count where two segments say something about the same place.
 *
 * End systems differ, and an attacker who knows the victim's way shows a sensor with another way other bytes. The rules
 * are those of target-based reassembly (Novak and Sturges, "Target-Based TCP Stream Reassembly", 2007).
 */
#ifndef ENGINE_STREAM_OVERLAP_H
#define ENGINE_STREAM_OVERLAP_H

#include "engine/stream/stream.h"

struct overlap_span {
    uint64_t from, end;
};

/* True when the later segment's bytes replace those of the one that is held already. */
bool overlap_takes_new(enum stream_overlap policy, struct overlap_span held,
                       struct overlap_span later);

/* As that system does it. */
enum stream_overlap overlap_of_target(enum target_os os);

#endif
