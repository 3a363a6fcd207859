/* app_talk: plays what a fuzzer made up to one parser of engine/app, as engine.c would, and asks everything that can be asked.
 *
 * The input: records of a flags byte (1: to the client, 2: a gap, 4: match/ looks afterwards), two bytes of length and the
 * bytes. What can be asked afterwards must not depend on how the pieces were cut: each input is played whole and with every
 * record in two halves. */
#ifndef FUZZ_APP_TALK_H
#define FUZZ_APP_TALK_H

#include "engine/app/app.h"

struct app_talk_kind {
    const struct app_parser *parser;
    uint16_t server_port;
    uint16_t other_port;   /* asked of the probe towards the client */
    uint32_t values_asked; /* of a field of many values; 0: all */
    const char *cut_event; /* an event that depends on how the pieces were cut; NULL: none */
    void (*settings)(struct app_conf *conf); /* beside the defaults; NULL: none */
};

/* Aborts when something does not hold. */
void app_talk(const struct app_talk_kind *kind, const uint8_t *data, size_t size);

#endif
