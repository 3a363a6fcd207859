#include "engine/stream/tracking.h"

#include "engine/stream/judge.h"

typedef enum tracking (*judge_fn)(const struct judge *j);

static const judge_fn by_state[] = {
    [STREAM_NONE] = judge_first,
    [STREAM_SYN_SENT] = judge_syn_sent,
    [STREAM_SYN_RECEIVED] = judge_syn_received,
    [STREAM_ESTABLISHED] = judge_synchronised,
    [STREAM_FIN_WAIT1] = judge_synchronised,
    [STREAM_FIN_WAIT2] = judge_synchronised,
    [STREAM_CLOSING] = judge_synchronised,
    [STREAM_CLOSE_WAIT] = judge_synchronised,
    [STREAM_LAST_ACK] = judge_synchronised,
    [STREAM_TIME_WAIT] = judge_synchronised,
    [STREAM_CLOSED] = judge_synchronised,
};

void judge_state(struct stream *s, enum stream_state state)
{
    s->state = (uint8_t)state;
    if (state > s->state_max)
        s->state_max = (uint8_t)state;
    if (state == STREAM_ESTABLISHED)
        s->established = true;
}

/* A refused packet goes no further inline, if both sides are known well enough to say so. What carries neither data nor a
 * change of state may pass: a bare ACK, and the SYN that asks an end whether it still lives (RFC 5961 section 4). */
static bool must_stop(const struct judge *j)
{
    if (j->conf->mode != STREAM_INLINE || j->s->async || !j->me->begun || !j->peer->begun)
        return false;
    if (j->peer->tcp_flags == 0)
        return false;
    return j->p->payload.len > 0 || (j->p->tcp.flags & (TCP_FIN | TCP_RST)) != 0 ||
           judge_has(j, TCP_SYN | TCP_ACK);
}

enum tracking tracking_judge(struct stream *s, const struct stream_conf *conf,
                             const struct packet *p, bool from_client, struct stream_result *out)
{
    const struct judge j = {
        s, conf, p, &s->half[from_client ? 0 : 1], &s->half[from_client ? 1 : 0], from_client, out,
    };
    enum tracking standing;

    if (p->tcp.ack != 0 && !judge_has(&j, TCP_ACK))
        result_event(out, STREAM_EVENT_PKT_BROKEN_ACK);
    standing = by_state[s->state](&j);
    if (out->swap || out->reuse)
        return TRACKING_IGNORED;
    j.me->tcp_flags |= p->tcp.flags;
    if (standing == TRACKING_REFUSED) {
        if (j.me->refused_count < UINT8_MAX)
            j.me->refused_count++;
        out->drop = must_stop(&j);
    } else if (standing != TRACKING_IGNORED) {
        j.me->refused_count = 0;
    }
    return standing;
}
