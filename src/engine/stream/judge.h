/* judge: one packet before the connection: what the three files of the state machine share. */
#ifndef ENGINE_STREAM_JUDGE_H
#define ENGINE_STREAM_JUDGE_H

#include "engine/stream/result.h"
#include "engine/stream/seq.h"
#include "engine/stream/tracking.h"

/* So many packets of one side are refused in a row before we doubt ourselves. */
#define REFUSED_MAX 4
/* Largest window of RFC 7323: what may be sent where no window was seen. */
#define WINDOW_MAX (65535u << 14)
#define WINDOW_SCALE_MAX 14
/* In stream_half.window_scale until the other SYN is seen: no scaling offered. */
#define WINDOW_SCALE_NONE 0xff

struct judge {
    struct stream *s;
    const struct stream_conf *conf;
    const struct packet *p;
    struct stream_half *me, *peer; /* the sender's half, the receiver's */
    bool from_client;
    struct stream_result *out;
};

static inline bool judge_has(const struct judge *j, uint8_t flags)
{
    return (j->p->tcp.flags & flags) == flags;
}

/* Sequence number behind the payload. */
static inline uint32_t judge_end(const struct judge *j)
{
    return j->p->tcp.seq + (uint32_t)j->p->payload.len;
}

static inline enum tracking judge_refuse(const struct judge *j, enum stream_event event)
{
    result_event(j->out, event);
    return TRACKING_REFUSED;
}

/* synchronised.c: from ESTABLISHED on, and the checks that the last steps of the handshake share. */
enum tracking judge_synchronised(const struct judge *j);
bool judge_timestamp_stale(const struct judge *j);
bool judge_ack_valid(const struct judge *j);
/* Moves numbers, windows and state as the accepted packet says. */
enum tracking judge_apply(const struct judge *j);

/* handshake.c: before. */
enum tracking judge_first(const struct judge *j);
enum tracking judge_syn_sent(const struct judge *j);
enum tracking judge_syn_received(const struct judge *j);

void judge_state(struct stream *s, enum stream_state state);

#endif
