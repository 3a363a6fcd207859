/* event: what can be wrong with a packet, in Suricata's words. Part of the door packet.h. */
#ifndef ENGINE_PACKET_EVENT_H
#define ENGINE_PACKET_EVENT_H

/* Row numbers of packet_event_name(): "ipv4.trunc_pkt" and so on. */
enum packet_event {
    PACKET_EVENT_NONE,
    PACKET_EVENT_IPV4_PKT_TOO_SMALL,
    PACKET_EVENT_COUNT
};

#endif
