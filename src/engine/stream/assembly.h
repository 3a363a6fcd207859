/* assembly: takes the bytes of judged packets in, and says which are in order.
 *
 * Way in:    stream.c, after tracking has accepted a packet: its payload (assembly_take), then what its acknowledgement
 *            made ready in the other direction (assembly_acked).
 * Way out:   stream_half.ready_end, the list of held ranges, stream.borrowed; gaps are what is missing before ready_end.
 */
#ifndef ENGINE_STREAM_ASSEMBLY_H
#define ENGINE_STREAM_ASSEMBLY_H

#include "engine/stream/stream.h"

struct assembly {
    struct stream *s;
    const struct stream_conf *conf;
    struct budget *mem;
    struct stream_result *out;
};

/* `bytes` were sent in direction `side`, the first with number `seq`. */
void assembly_take(const struct assembly *a, uint32_t side, uint32_t seq, struct str bytes);
/* The other side acknowledged more of what `side` sent. */
void assembly_acked(const struct assembly *a, uint32_t side);
/* FIN or RST: what is in order is ready now, acknowledged or not. */
void assembly_release(struct stream_half *h);
/* The flow ends: everything held is ready, with gaps between. */
void assembly_finish(struct stream_half *h);
/* Nothing follows ready_end. */
bool assembly_over(const struct stream *s, const struct stream_half *h);
/* Keeps what somebody still wants of the packet in hand; gives up what nobody wants any more. */
void assembly_keep(struct stream *s, struct budget *mem);

#endif
