/* event: what can be wrong with a TCP connection, in Suricata's words. Part of the door stream.h. */
#ifndef ENGINE_STREAM_EVENT_H
#define ENGINE_STREAM_EVENT_H

/* Row numbers of stream_event_name(): "3whs_synack_with_wrong_ack" and so on. */
enum stream_event {
    STREAM_EVENT_NONE,
    STREAM_EVENT_3WHS_ACK_IN_WRONG_DIR,
    STREAM_EVENT_COUNT
};

#endif
