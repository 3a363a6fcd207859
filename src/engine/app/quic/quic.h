/* quic: the handshake of QUIC (RFC 9000, RFC 9001; version 2 is RFC 9369; drafts 23 to 34) and the hello of Google's older QUIC
 * (Q039, Q043 to Q046, Q050).
 *
 * Way in:    engine.c hands over each datagram. Initial packets are sealed with keys that everybody can derive from the client's
 *            first connection id: they are opened, and what their CRYPTO frames carry is put together, in whatever order it comes.
 * Way out:   a transaction for each packet with a long header, until that side's hello is whole; fields quic.*, ja3.*, ja3s.*,
 *            ja4.hash. What follows is opaque.
 * Memory:    the two hellos in work, QUIC_HELLO_MAX bytes each, from the flow's budget. Contexts of the ciphers are made at the
 *            engine's start (quic_hold) and borrowed for a packet: nothing is allocated for one.
 * Limits:    QUIC_PACKETS_MAX of a datagram, QUIC_FRAMES_MAX of a packet, QUIC_PIECES_MAX pieces of a hello.
 * Hostile:   a packet that does not open with the keys in hand is tried with those that its own connection id gives: whoever sends
 *            a packet of another connection first hides nothing.
 */
#ifndef ENGINE_APP_QUIC_QUIC_H
#define ENGINE_APP_QUIC_QUIC_H

#include "engine/app/app.h"

/* Makes the contexts of the ciphers, once for all threads. A worker behind its fence could not: OpenSSL reads files when it begins. */
void quic_hold(void);

extern const struct app_parser quic_parser;

#endif
