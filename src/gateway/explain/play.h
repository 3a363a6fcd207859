/* play: a capture through one engine, with somebody who listens; private to explain/. */
#ifndef GATEWAY_EXPLAIN_PLAY_H
#define GATEWAY_EXPLAIN_PLAY_H

#include "gateway/explain/options.h"

struct play {
    struct engine_trace trace;
    /* each frame as it was judged; NULL: not wanted */
    void (*frame)(void *owner, const struct engine_answer *answer);
    uint64_t packets, bytes;
    int64_t mono_us; /* the engine's time, of this machine's clock */
    bool times_packets;
    uint64_t slowest_ns,
        slowest_packet; /* with times_packets: CPU time of the frame that took most, and its number */
    bool damaged;
};

/* 0, or the exit status, said in err. */
NODISCARD int play_capture(struct play *p, const struct explain_rules *r,
                           const struct explain_options *o, struct err *err);

#endif
