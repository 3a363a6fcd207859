/* scenario_test: connections as text, one packet a line, for the tests of this room.
 *
 *   c> PA 101 a301 w500 'GET /'   |  established c'GET /'
 *
 * Left: who sends (c client, s server), flags (F S R P A U), sequence number; then in any order a<ack>, w<window> (default
 * 1000), u<urgent pointer>, s<window scale>, t<timestamp>/<echo>, o (fast open), m (signed), 'payload'. Right: what stream says of it: the state, then
 * whatever applies: refused, ignored, drop, swap, reuse, retransmission, closed, ev:<event>; then what became ready:
 * c'bytes' s'bytes' c+<gap> c. (end). The line "finish" ends the flow,
 * "turn" makes client and server change places, "show c" gives what an alert shows of the client's bytes.
 */
#ifndef ENGINE_STREAM_SCENARIO_TEST_H
#define ENGINE_STREAM_SCENARIO_TEST_H

#include "engine/stream/stream.h"

struct scenario {
    const char *name;
    void (*configure)(struct stream_conf *conf); /* NULL: defaults */
    const char *lines[48];
};

/* Fails the running test where the right sides differ. */
void scenario_play(const struct scenario *sc, enum stream_mode mode);

#endif
