/* watch: what a person at a terminal sees of a long run, and the wish to end it. */
#ifndef GATEWAY_REPLAY_WATCH_H
#define GATEWAY_REPLAY_WATCH_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct watch {
    int signal_fd;
    int signal; /* SIGINT or SIGTERM came; 0: none yet */
    bool shows; /* progress: a person is there */
    bool shown;
    int64_t start_us, next_us;
    uint64_t calls;
};

/* From here on SIGINT and SIGTERM wait until they are asked for: call before threads are started. */
NODISCARD int watch_open(struct watch *w, bool quiet, struct err *err);
/* Once per frame: so many packets and bytes were handed on, so much (0 to 1) of the file. False: end now. */
bool watch_step(struct watch *w, uint64_t packets, uint64_t bytes, double part);
/* Takes the progress line away. */
void watch_clear(struct watch *w);
void watch_close(struct watch *w);

#endif
