/* made_kinds: one good frame of each kind that is decoded, for tests that want them all. */
#ifndef ENGINE_PACKET_MADE_KINDS_H
#define ENGINE_PACKET_MADE_KINDS_H

#include "engine/packet/made_frame.h"

struct made_kind {
    const char *name;
    uint32_t link;
    void (*make)(struct made_frame *m);
    enum packet_l4 l4;     /* of the last packet that comes out */
    uint32_t packet_count; /* that come out */
    uint8_t vlan_count;
    uint16_t ether_type; /* of the first packet */
};

extern const struct made_kind made_kinds[];
extern const size_t made_kind_count;

extern const struct made_ends made_ends4, made_ends6;

#endif
