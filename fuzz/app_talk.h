/* app_talk: what a fuzzer made up, played to one parser of engine/app.
 *
 * The input: records of a flags byte (1: to the client, 2: a gap, 4: match/ looks afterwards), two bytes of length and the
 * bytes. What can be asked afterwards must not depend on how the pieces were cut: each input of a stream is played whole and
 * with every record in two halves. */
#ifndef FUZZ_APP_TALK_H
#define FUZZ_APP_TALK_H

#include "engine/app/talk/talk.h"

struct app_talk_kind {
    struct talk talk;                        /* conf: from `settings` */
    uint16_t other_port;                     /* asked of the probe towards the client */
    void (*settings)(struct app_conf *conf); /* beside the defaults; NULL: none */
};

/* Aborts when something does not hold. */
void app_talk(const struct app_talk_kind *kind, const uint8_t *data, size_t size);

#endif
