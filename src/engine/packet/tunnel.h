/* tunnel: what the kinds of tunnels share. */
#ifndef ENGINE_PACKET_TUNNEL_H
#define ENGINE_PACKET_TUNNEL_H

#include "engine/packet/decode.h"

/* The packet inside p, counted; NULL (and an event) when there are too many. */
struct packet *packet_tunnel_inner(struct decode_run *run, struct packet *p);
/* A frame inside p; vlan: a tag that the tunnel's own header carries, or 0. */
void packet_tunnel_ethernet(struct decode_run *run, struct packet *p, struct str bytes,
                            uint16_t vlan);
/* An IPv4 or IPv6 packet inside p. */
void packet_tunnel_ip(struct decode_run *run, struct packet *p, struct str bytes);
/* Does this UDP port belong to a kind of tunnel that is opened? */
bool packet_tunnel_port(uint16_t port);
/* gre.c */
void packet_gre_decode(struct decode_run *run, struct packet *p, struct str bytes);

#endif
