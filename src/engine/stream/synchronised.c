#include "engine/stream/judge.h"

/* What a packet is blamed for, by state. */
struct blame {
    uint8_t invalid_ack;
    uint8_t out_of_window;
    uint8_t fin_out_of_window;
    uint8_t before_last_ack;
};

#define BLAME(ack, window, fin, before)                                                      \
    {                                                                                        \
        STREAM_EVENT_##ack, STREAM_EVENT_##window, STREAM_EVENT_##fin, STREAM_EVENT_##before \
    }

static const struct blame blames[] = {
    [STREAM_SYN_RECEIVED] = BLAME(3WHS_RIGHT_SEQ_WRONG_ACK_EVASION, EST_PACKET_OUT_OF_WINDOW,
                                  FIN_OUT_OF_WINDOW, EST_PKT_BEFORE_LAST_ACK),
    [STREAM_ESTABLISHED] = BLAME(EST_INVALID_ACK, EST_PACKET_OUT_OF_WINDOW, FIN_OUT_OF_WINDOW,
                                 EST_PKT_BEFORE_LAST_ACK),
    [STREAM_FIN_WAIT1] =
        BLAME(FIN1_INVALID_ACK, FIN1_ACK_WRONG_SEQ, FIN1_FIN_WRONG_SEQ, EST_PKT_BEFORE_LAST_ACK),
    [STREAM_FIN_WAIT2] =
        BLAME(FIN2_INVALID_ACK, FIN2_ACK_WRONG_SEQ, FIN2_FIN_WRONG_SEQ, EST_PKT_BEFORE_LAST_ACK),
    [STREAM_CLOSING] = BLAME(CLOSING_INVALID_ACK, CLOSING_ACK_WRONG_SEQ, FIN_OUT_OF_WINDOW,
                             EST_PKT_BEFORE_LAST_ACK),
    [STREAM_CLOSE_WAIT] = BLAME(CLOSEWAIT_INVALID_ACK, CLOSEWAIT_ACK_OUT_OF_WINDOW,
                                CLOSEWAIT_FIN_OUT_OF_WINDOW, CLOSEWAIT_PKT_BEFORE_LAST_ACK),
    [STREAM_LAST_ACK] = BLAME(LASTACK_INVALID_ACK, LASTACK_ACK_WRONG_SEQ, FIN_OUT_OF_WINDOW,
                              EST_PKT_BEFORE_LAST_ACK),
    [STREAM_TIME_WAIT] = BLAME(TIMEWAIT_INVALID_ACK, TIMEWAIT_ACK_WRONG_SEQ, FIN_OUT_OF_WINDOW,
                               EST_PKT_BEFORE_LAST_ACK),
    [STREAM_CLOSED] =
        BLAME(PKT_INVALID_ACK, TIMEWAIT_ACK_WRONG_SEQ, FIN_OUT_OF_WINDOW, EST_PKT_BEFORE_LAST_ACK),
};

/* RFC 9293 figure 5 seen from outside, as the server lives it: [client's FIN][server's FIN] none, sent, acknowledged. */
static const uint8_t closing_states[3][3] = {
    {STREAM_ESTABLISHED, STREAM_FIN_WAIT1, STREAM_FIN_WAIT2},
    {STREAM_CLOSE_WAIT, STREAM_CLOSING, STREAM_TIME_WAIT},
    {STREAM_CLOSE_WAIT, STREAM_LAST_ACK, STREAM_CLOSED},
};

static uint32_t fin_place(const struct stream_half *h)
{
    return h->seen_fin ? (h->fin_acked ? 2 : 1) : 0;
}

/* RFC 7323 section 5.3, R1: older than what the receiver holds as TS.Recent. */
bool judge_timestamp_stale(const struct judge *j)
{
    return j->me->timestamps && j->p->tcp.has_timestamps &&
           seq_before(j->p->tcp.ts_value, j->me->ts_last);
}

/* RFC 5961 section 5.2: not older than the largest window behind, not ahead of what was sent. Bytes that were sent but not
 * seen by us may be acknowledged as far as the window reached. */
bool judge_ack_valid(const struct judge *j)
{
    const struct stream_half *peer = j->peer;
    uint32_t ack = j->p->tcp.ack;
    uint32_t behind = peer->window > 65535 ? peer->window : 65535;

    if (j->s->async || !peer->begun)
        return true;
    if (seq_after(ack, seq_later(peer->next_seq, peer->limit_seq)))
        return false;
    return !seq_before(ack, peer->acked_seq - behind);
}

static bool in_window(const struct judge *j)
{
    const struct stream_half *me = j->me;
    uint32_t seq = j->p->tcp.seq;

    if (j->s->async)
        return true;
    /* RFC 9293 section 3.10.7.4 lets a segment in that begins in the window, and receivers take all of it; at the edge itself
     * stands the probe of a closed window */
    if (seq_after(seq, me->limit_seq))
        return false;
    return !seq_before(seq, me->acked_seq - WINDOW_MAX);
}

static bool behind_fin(const struct judge *j)
{
    const struct stream_half *me = j->me;

    if (!me->seen_fin)
        return false;
    if (judge_has(j, TCP_FIN) && judge_end(j) != me->fin_seq)
        return true;
    return j->p->payload.len > 0 && seq_after(judge_end(j), me->fin_seq);
}

static bool is_keep_alive(const struct judge *j)
{
    return j->p->payload.len <= 1 && j->p->tcp.seq == j->me->next_seq - 1 &&
           !judge_has(j, TCP_FIN) && !seq_after(judge_end(j), j->me->acked_seq);
}

static void take_timestamp(const struct judge *j)
{
    struct stream_half *me = j->me;

    /* section 4.3: only from segments that begin no later than what was acknowledged, else a segment ahead of a hole could
     * make the receiver's own look stale to us */
    if (me->timestamps && j->p->tcp.has_timestamps && !seq_after(j->p->tcp.seq, me->acked_seq) &&
        seq_after(j->p->tcp.ts_value, me->ts_last))
        me->ts_last = j->p->tcp.ts_value;
}

static void take_ack(const struct judge *j)
{
    struct stream_half *peer = j->peer;
    uint32_t window = (uint32_t)j->p->tcp.window << j->me->window_scale;
    uint32_t ack = j->p->tcp.ack;

    if (!peer->begun)
        return;
    if (ack == peer->acked_seq && j->p->payload.len == 0 && window < peer->window &&
        seq_before(ack + window, peer->next_seq) && window != 0)
        result_event(j->out, STREAM_EVENT_PKT_BAD_WINDOW_UPDATE);
    peer->window = window;
    peer->acked_seq = seq_later(peer->acked_seq, ack);
    peer->next_seq = seq_later(peer->next_seq, ack);
    peer->limit_seq = seq_later(peer->limit_seq, ack + window);
    if (peer->seen_fin && seq_after(ack, peer->fin_seq))
        peer->fin_acked = true;
}

enum tracking judge_apply(const struct judge *j)
{
    struct stream *s = j->s;
    struct stream_half *me = j->me;
    bool keep_alive = is_keep_alive(j);

    if (j->p->payload.len > 0 && !keep_alive && !seq_after(judge_end(j), me->acked_seq))
        result_event(j->out, blames[s->state].before_last_ack);
    take_timestamp(j);
    take_ack(j);
    me->next_seq = seq_later(me->next_seq, judge_end(j));
    me->limit_seq = seq_later(me->limit_seq, judge_end(j));
    if (judge_has(j, TCP_FIN)) {
        me->seen_fin = true;
        me->fin_seq = judge_end(j);
        me->next_seq = seq_later(me->next_seq, me->fin_seq + 1);
    }
    if ((s->half[0].seen_fin || s->half[1].seen_fin) && s->established)
        judge_state(s, closing_states[fin_place(&s->half[0])][fin_place(&s->half[1])]);
    return keep_alive ? TRACKING_HEADER : TRACKING_ACCEPTED;
}

static enum tracking second_synack(const struct judge *j)
{
    if (j->from_client)
        return judge_refuse(j, STREAM_EVENT_EST_SYNACK_TOSERVER);
    if (j->p->tcp.ack != j->peer->isn + 1)
        return judge_refuse(j, STREAM_EVENT_EST_SYNACK_RESEND_WITH_DIFFERENT_ACK);
    if (j->p->tcp.seq != j->me->isn)
        return judge_refuse(j, STREAM_EVENT_EST_SYNACK_RESEND_WITH_DIFF_SEQ);
    result_event(j->out, STREAM_EVENT_EST_SYNACK_RESEND);
    return TRACKING_HEADER;
}

bool stream_opens_anew(const struct stream *s, const struct stream_conf *conf,
                       const struct packet *p, bool from_client)
{
    const struct stream_half *sender = &s->half[from_client ? 0 : 1];
    bool same = sender->seen_syn && p->tcp.seq == sender->isn;
    bool was_refused = s->state == STREAM_CLOSED && !s->established;

    if (conf->mode == STREAM_INLINE)
        return s->state == STREAM_CLOSED || (s->state >= STREAM_LAST_ACK && !same);
    /* some clients repeat the very SYN that was reset */
    return s->state > STREAM_ESTABLISHED && (!same || was_refused);
}

static enum tracking second_syn(const struct judge *j)
{
    bool same = j->me->seen_syn && j->p->tcp.seq == j->me->isn;

    if (stream_opens_anew(j->s, j->conf, j->p, j->from_client)) {
        j->out->reuse = true;
        return TRACKING_IGNORED;
    }
    if (j->s->state > STREAM_ESTABLISHED)
        result_event(j->out, STREAM_EVENT_SHUTDOWN_SYN_RESEND);
    else if (!j->from_client)
        result_event(j->out, STREAM_EVENT_EST_SYN_TOCLIENT);
    else
        result_event(j->out,
                     same ? STREAM_EVENT_EST_SYN_RESEND : STREAM_EVENT_EST_SYN_RESEND_DIFF_SEQ);
    return same ? TRACKING_HEADER : TRACKING_REFUSED;
}

/* Signed, on a connection that did not begin so: systems that know such signatures throw it away (RFC 2385 section 2.0, RFC 5925
 * section 7.3), others believe it. An RST like that would leave us blind while its receiver goes on. */
static bool is_foreign_signature(const struct judge *j)
{
    return j->p->tcp.is_signed && j->me->seen_syn && !j->me->signs;
}

/* An RST ends the connection only where the receiver must believe it: RFC 5961 section 3.2 wants exactly the next number;
 * which that is we know up to what is in flight. A passive sensor that may have missed packets goes as far as the window. */
static enum tracking reset(const struct judge *j)
{
    struct stream_half *me = j->me;
    uint32_t seq = j->p->tcp.seq;
    uint32_t upto = me->next_seq;

    if (j->conf->mode != STREAM_INLINE || j->s->midstream)
        upto = seq_later(upto, me->limit_seq);
    if (judge_has(j, TCP_ACK) && !judge_ack_valid(j))
        return judge_refuse(j, STREAM_EVENT_RST_INVALID_ACK);
    if (is_foreign_signature(j))
        return judge_refuse(j, STREAM_EVENT_SUSPECTED_RST_INJECT);
    if (!j->s->async && (seq_before(seq, me->acked_seq) || seq_after(seq, upto)))
        return judge_refuse(j, blames[j->s->state].out_of_window);
    if (judge_has(j, TCP_ACK))
        take_ack(j);
    j->s->reset_seen = true;
    j->s->reset_by_server = !j->from_client;
    judge_state(j->s, STREAM_CLOSED);
    return TRACKING_HEADER;
}

/* After an RST nothing follows. Were it let through, an RST that only we believe would open a way past us. */
static enum tracking after_reset(const struct judge *j)
{
    if (judge_has(j, TCP_RST))
        return TRACKING_HEADER;
    if (j->from_client != j->s->reset_by_server)
        result_event(j->out, STREAM_EVENT_SUSPECTED_RST_INJECT);
    return TRACKING_REFUSED;
}

static enum tracking out_of_window(const struct judge *j)
{
    const struct blame *b = &blames[j->s->state];

    return judge_refuse(j, judge_has(j, TCP_FIN) ? b->fin_out_of_window : b->out_of_window);
}

enum tracking judge_synchronised(const struct judge *j)
{
    bool doubt = j->me->refused_count >= REFUSED_MAX - 1;

    if (judge_has(j, TCP_SYN | TCP_ACK))
        return second_synack(j);
    if (judge_has(j, TCP_SYN))
        return second_syn(j);
    if (j->s->reset_seen)
        return after_reset(j);
    if (judge_has(j, TCP_RST))
        return reset(j);
    if (!judge_has(j, TCP_ACK))
        return TRACKING_REFUSED;
    if (j->s->async && j->peer->tcp_flags != 0)
        j->s->async = false;
    if (judge_timestamp_stale(j))
        return judge_refuse(j, STREAM_EVENT_PKT_INVALID_TIMESTAMP);
    if (!judge_ack_valid(j) && !doubt) {
        result_event(j->out, STREAM_EVENT_PKT_INVALID_ACK);
        return judge_refuse(j, blames[j->s->state].invalid_ack);
    }
    /* In doubt, what is ahead of the window is taken as what is ahead of a hole: if the receiver acknowledges it, we had
     * missed something; if not, nothing of it counts. */
    if (behind_fin(j) || (!in_window(j) && !doubt))
        return out_of_window(j);
    return judge_apply(j);
}
