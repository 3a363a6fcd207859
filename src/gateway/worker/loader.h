/* loader: the thread of the engine process that never sees traffic: it maps new rules and makes machine code of their
 * expressions while the worker inspects with the old ones, and gives back what is no longer used.
 *
 * Way in:    loader_ask() with the memfd of an image, loader_release() with one that nobody looks at any more.
 * Way out:   loader_take(), asked between batches: the image, or why there is none.
 * Rights:    those of the worker, and executable pages, which the worker must not make.
 * Threads:   one beside the worker; they speak by two pipes and share nothing that changes.
 */
#ifndef GATEWAY_WORKER_LOADER_H
#define GATEWAY_WORKER_LOADER_H

#include "gateway/compile/compile.h"
#include "gateway/control/control.h"

#include <pthread.h>

struct loader {
    const struct compile_ground *ground;
    pthread_t thread;
    int jobs[2], done[2]; /* pipes */
    bool runs;
};

struct loader_answer {
    struct match_image *image; /* NULL: problem says why */
    struct control_rules rules;
    char problem[CONTROL_TEXT_BYTES];
};

/* Before the process gives its rights up: the thread keeps the one to executable pages. */
NODISCARD int loader_start(struct loader *l, const struct compile_ground *ground, struct err *err);
void loader_stop(struct loader *l);
/* Takes fd over. rules->place is free. False: it cannot be asked (the pipe is full or broken). */
bool loader_ask(struct loader *l, const struct control_rules *rules, int fd);
void loader_release(struct loader *l, struct match_image *image, uint32_t place);
/* True: *answer is filled; false: nothing is ready. Never waits. */
bool loader_take(struct loader *l, struct loader_answer *answer);

#endif
