/* result: one packet's standing while it is being worked out. */
#ifndef ENGINE_STREAM_RESULT_H
#define ENGINE_STREAM_RESULT_H

#include "engine/stream/stream.h"

/* Once per packet; more than STREAM_EVENTS_MAX are not kept. */
static inline void result_event(struct stream_result *out, enum stream_event event)
{
    for (uint32_t i = 0; i < out->event_count; i++) {
        if (out->events[i] == event)
            return;
    }
    if (out->event_count < STREAM_EVENTS_MAX)
        out->events[out->event_count++] = (uint8_t)event;
}

#endif
