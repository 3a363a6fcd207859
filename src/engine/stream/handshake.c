#include "engine/stream/judge.h"

/* So many different SYNs of one side in one handshake; honest ones send two. */
#define DIFFERENT_SYNS_MAX 5

static void begin(struct stream_half *h, uint32_t isn)
{
    h->begun = true;
    h->isn = isn;
    h->next_seq = isn + 1;
    h->acked_seq = isn + 1;
    h->limit_seq = isn + 1;
    h->regions_max = 1;
}

static uint8_t scale_offered(const struct packet_tcp *tcp)
{
    if (!tcp->has_window_scale)
        return WINDOW_SCALE_NONE;
    return tcp->window_scale > WINDOW_SCALE_MAX ? WINDOW_SCALE_MAX : tcp->window_scale;
}

static void take_syn(const struct judge *j)
{
    begin(j->me, j->p->tcp.seq);
    j->me->seen_syn = true;
    j->me->signs = j->p->tcp.is_signed;
    j->me->window_scale = scale_offered(&j->p->tcp);
    j->me->timestamps = j->p->tcp.has_timestamps;
    j->me->ts_last = j->p->tcp.ts_value;
    j->peer->window = j->p->tcp.window; /* never scaled in a SYN */
}

/* Both SYNs are known: options hold only if both sides offered them (RFC 7323 sections 2.2, 3.2). */
static void agree(struct stream *s)
{
    struct stream_half *c = &s->half[0], *v = &s->half[1];

    if (c->window_scale == WINDOW_SCALE_NONE || v->window_scale == WINDOW_SCALE_NONE)
        c->window_scale = v->window_scale = 0;
    if (!c->timestamps || !v->timestamps)
        c->timestamps = v->timestamps = false;
    c->limit_seq = seq_later(c->limit_seq, c->isn + 1 + c->window);
    v->limit_seq = seq_later(v->limit_seq, v->isn + 1 + v->window);
}

static enum tracking first_syn(const struct judge *j)
{
    take_syn(j);
    j->s->syn_ts = j->p->tcp.ts_value;
    judge_state(j->s, STREAM_SYN_SENT);
    /* data on the SYN (RFC 7413, but also without that option), which the server may take or leave */
    j->s->syn_data = j->p->payload.len > 0;
    j->me->next_seq = judge_end(j) + 1;
    return TRACKING_ACCEPTED;
}

/* The client's SYN was missed; the SYN/ACK tells what it must have said. */
static enum tracking first_synack(const struct judge *j)
{
    j->out->midstream = true;
    if (!j->conf->midstream)
        return TRACKING_IGNORED;
    if (j->from_client) {
        j->out->swap = true;
        return TRACKING_IGNORED;
    }
    take_syn(j);
    begin(j->peer, j->p->tcp.ack - 1);
    j->peer->window_scale = j->p->tcp.has_window_scale ? WINDOW_SCALE_MAX : WINDOW_SCALE_NONE;
    j->peer->timestamps = j->p->tcp.has_timestamps;
    j->peer->ts_last = j->p->tcp.ts_echo;
    agree(j->s);
    j->me->limit_seq = j->me->isn + 1 + WINDOW_MAX;
    j->s->midstream = true;
    judge_state(j->s, STREAM_SYN_RECEIVED);
    return TRACKING_HEADER;
}

static enum tracking pick_up(const struct judge *j)
{
    j->out->midstream = true;
    if (!j->conf->midstream)
        return TRACKING_IGNORED;
    begin(j->me, j->p->tcp.seq - 1);
    begin(j->peer, j->p->tcp.ack - 1);
    j->me->window_scale = j->peer->window_scale = WINDOW_SCALE_MAX;
    j->me->limit_seq += WINDOW_MAX;
    j->peer->limit_seq += WINDOW_MAX;
    j->s->midstream = true;
    j->s->async = j->conf->async_one_side;
    judge_state(j->s, STREAM_ESTABLISHED);
    return judge_apply(j);
}

enum tracking judge_first(const struct judge *j)
{
    j->out->midstream = judge_has(j, TCP_RST) || judge_has(j, TCP_FIN); /* of one not seen */
    if (judge_has(j, TCP_RST)) {
        result_event(j->out, STREAM_EVENT_RST_BUT_NO_SESSION);
        return TRACKING_IGNORED;
    }
    if (judge_has(j, TCP_FIN)) {
        result_event(j->out, judge_has(j, TCP_SYN) ? STREAM_EVENT_FIN_SYN
                                                   : STREAM_EVENT_FIN_BUT_NO_SESSION);
        return TRACKING_IGNORED;
    }
    if (judge_has(j, TCP_SYN | TCP_ACK))
        return first_synack(j);
    if (judge_has(j, TCP_SYN))
        return first_syn(j);
    return judge_has(j, TCP_ACK) ? pick_up(j) : TRACKING_IGNORED;
}

/* Remembers what the sender's present SYN said, before another takes its place. False when there were too many. */
static bool set_aside(const struct judge *j)
{
    const struct stream_half *me = j->me;
    struct stream_syn *other = &j->s->other[j->from_client ? 0 : 1];

    if (other->count >= DIFFERENT_SYNS_MAX)
        return false;
    *other = (struct stream_syn){
        .isn = me->isn,
        .ts = j->from_client ? j->s->syn_ts : me->ts_last,
        .window = (uint16_t)j->peer->window,
        .window_scale = me->window_scale,
        .timestamps = me->timestamps,
        .count = (uint8_t)(other->count + 1),
    };
    return true;
}

/* The SYN set aside is the one that counts: it changes places with the present one. */
static void bring_back(struct stream *s, uint32_t side)
{
    struct stream_syn *other = &s->other[side];
    struct stream_half *h = &s->half[side];

    begin(h, other->isn);
    h->window_scale = other->window_scale;
    h->timestamps = other->timestamps;
    h->ts_last = other->ts;
    s->half[!side].window = other->window;
    if (side == 0)
        s->syn_ts = other->ts;
    s->other[side].count = 0;
}

static bool answers_other(const struct judge *j, uint32_t side)
{
    return j->s->other[side].count > 0 && j->p->tcp.ack == j->s->other[side].isn + 1;
}

/* A client that got no answer repeats its SYN, with a new timestamp; or gives up and tries another number. */
static enum tracking syn_again(const struct judge *j)
{
    if (!j->from_client) {
        /* RFC 9293 section 3.5, figure 7: both sides open at once */
        take_syn(j);
        agree(j->s);
        j->s->simultaneous = true;
        judge_state(j->s, STREAM_SYN_RECEIVED);
        return TRACKING_HEADER;
    }
    if (j->p->tcp.seq == j->me->isn) {
        j->me->ts_last = j->p->tcp.ts_value;
        return TRACKING_HEADER;
    }
    if (j->s->syn_data)
        return TRACKING_REFUSED; /* bytes were taken by the old number */
    if (!set_aside(j))
        return judge_refuse(j, STREAM_EVENT_3WHS_SYN_FLOOD);
    return first_syn(j);
}

/* An answer to the SYN echoes one of the timestamps that it was sent with; some systems echo 0. Where there was nothing to
 * echo, only a SYN/ACK may still offer the option (it is then ignored): on an RST or FIN it is made up to be refused by the
 * client and believed by us. */
static bool echo_fits(const struct judge *j)
{
    const struct stream_half *client = &j->s->half[0];
    uint32_t echo = j->p->tcp.ts_echo;

    if (j->from_client || !j->p->tcp.has_timestamps)
        return true;
    if (!client->timestamps)
        return judge_has(j, TCP_SYN);
    if (echo == 0)
        return true;
    return !seq_before(echo, j->s->syn_ts) && !seq_after(echo, client->ts_last);
}

static enum tracking synack(const struct judge *j)
{
    struct stream_half *client = j->peer;
    uint32_t ack = j->p->tcp.ack;

    if (j->from_client)
        return judge_refuse(j, STREAM_EVENT_3WHS_SYNACK_IN_WRONG_DIRECTION);
    if (!j->s->syn_data && answers_other(j, 0))
        bring_back(j->s, 0);
    if (seq_before(ack, client->isn + 1) || seq_after(ack, client->next_seq))
        return judge_refuse(j, STREAM_EVENT_3WHS_SYNACK_WITH_WRONG_ACK);
    take_syn(j);
    agree(j->s);
    j->me->next_seq = judge_end(j) + 1;
    client->acked_seq = ack;
    if (j->s->syn_data && ack == client->isn + 1) {
        result_event(j->out, STREAM_EVENT_3WHS_SYNACK_TFO_DATA_IGNORED);
        j->s->syn_data = false;
        client->next_seq = ack;
    }
    judge_state(j->s, STREAM_SYN_RECEIVED);
    return TRACKING_ACCEPTED;
}

/* Only the client is seen: its packets after the SYN must go on where the SYN ended. */
static enum tracking one_sided(const struct judge *j)
{
    if (!j->from_client) {
        result_event(j->out, STREAM_EVENT_3WHS_ACK_IN_WRONG_DIR);
        return TRACKING_IGNORED;
    }
    if (!j->conf->async_one_side)
        return TRACKING_IGNORED;
    if (j->p->tcp.seq != j->me->next_seq)
        return judge_refuse(j, STREAM_EVENT_3WHS_ASYNC_WRONG_SEQ);
    if (j->me->window_scale == WINDOW_SCALE_NONE)
        j->me->window_scale = 0;
    begin(j->peer, j->p->tcp.ack - 1);
    j->peer->limit_seq += WINDOW_MAX;
    j->peer->window_scale = WINDOW_SCALE_MAX;
    j->me->timestamps = false;
    j->s->async = true;
    judge_state(j->s, STREAM_ESTABLISHED);
    return judge_apply(j);
}

/* RFC 9293 section 3.10.7.3: before the handshake is done an RST counts if it acknowledges the SYN, or stands exactly where
 * its sender is. A client that has sent nothing but its SYN does not end its try by an RST: it answers with one whatever
 * foreign packet reached it, and goes on waiting. */
static enum tracking reset_early(const struct judge *j)
{
    const struct stream_half *client = &j->s->half[0];
    uint32_t ack = j->p->tcp.ack;
    bool answers = !j->from_client && judge_has(j, TCP_ACK) && seq_after(ack, client->isn) &&
                   !seq_after(ack, client->next_seq);
    bool in_place = j->me->begun && !seq_before(j->p->tcp.seq, j->me->acked_seq) &&
                    !seq_after(j->p->tcp.seq, j->me->next_seq);

    if (j->from_client && j->s->state == STREAM_SYN_SENT)
        return TRACKING_HEADER;
    if (!answers && !in_place)
        return judge_refuse(j, STREAM_EVENT_RST_INVALID_ACK);
    j->s->reset_seen = true;
    j->s->reset_by_server = !j->from_client;
    judge_state(j->s, STREAM_CLOSED);
    return TRACKING_HEADER;
}

enum tracking judge_syn_sent(const struct judge *j)
{
    if (!echo_fits(j) && !answers_other(j, 0))
        return judge_refuse(j, STREAM_EVENT_PKT_INVALID_TIMESTAMP);
    if (judge_has(j, TCP_RST))
        return reset_early(j);
    if (judge_has(j, TCP_SYN | TCP_FIN))
        return judge_refuse(j, STREAM_EVENT_FIN_SYN);
    if (judge_has(j, TCP_SYN | TCP_ACK))
        return synack(j);
    if (judge_has(j, TCP_SYN))
        return syn_again(j);
    return judge_has(j, TCP_ACK) ? one_sided(j) : TRACKING_IGNORED;
}

/* The server (or another one behind the same address) answered twice. Which answer counts is the client's to say. */
static enum tracking other_synack(const struct judge *j)
{
    struct stream_syn *other = &j->s->other[1];

    result_event(j->out, STREAM_EVENT_3WHS_SYNACK_RESEND_WITH_DIFF_SEQ);
    if (other->count > 0 && other->isn == j->p->tcp.seq)
        return TRACKING_HEADER;
    if (other->count >= DIFFERENT_SYNS_MAX || j->me->ready_end > 0 || j->me->held.first)
        return judge_refuse(j, STREAM_EVENT_3WHS_SYNACK_FLOOD);
    *other = (struct stream_syn){
        .isn = j->p->tcp.seq,
        .ts = j->p->tcp.ts_value,
        .window = j->p->tcp.window,
        .window_scale = scale_offered(&j->p->tcp),
        .timestamps = j->p->tcp.has_timestamps,
        .count = (uint8_t)(other->count + 1),
    };
    return TRACKING_HEADER;
}

static enum tracking synack_again(const struct judge *j)
{
    if (j->s->simultaneous) {
        if (j->p->tcp.seq != j->me->isn)
            return judge_refuse(j, STREAM_EVENT_4WHS_SYNACK_WITH_WRONG_SYN);
        if (j->p->tcp.ack != j->peer->isn + 1)
            return judge_refuse(j, STREAM_EVENT_4WHS_SYNACK_WITH_WRONG_ACK);
        if (j->peer->tcp_flags & TCP_ACK)
            judge_state(j->s, STREAM_ESTABLISHED);
        return TRACKING_HEADER;
    }
    if (j->from_client)
        return judge_refuse(j, STREAM_EVENT_3WHS_SYNACK_TOSERVER_ON_SYN_RECV);
    if (j->p->tcp.ack != j->peer->acked_seq)
        return judge_refuse(j, STREAM_EVENT_3WHS_SYNACK_RESEND_WITH_DIFFERENT_ACK);
    if (j->p->tcp.seq == j->me->isn)
        return TRACKING_HEADER;
    return other_synack(j);
}

static enum tracking syn_late(const struct judge *j)
{
    if (j->p->tcp.seq == j->me->isn)
        return TRACKING_HEADER;
    return judge_refuse(j, j->from_client ? STREAM_EVENT_3WHS_SYN_RESEND_DIFF_SEQ_ON_SYN_RECV
                                          : STREAM_EVENT_3WHS_SYN_TOCLIENT_ON_SYN_RECV);
}

/* The client answers the other SYN/ACK. */
static void choose_other(const struct judge *j)
{
    bring_back(j->s, 1);
    agree(j->s);
}

/* The client's acknowledgement of the SYN/ACK, perhaps with data, perhaps after packets that were lost. */
static enum tracking last_step(const struct judge *j)
{
    bool right_seq =
        !seq_before(j->p->tcp.seq, j->me->isn + 1) && !seq_after(j->p->tcp.seq, j->me->limit_seq);
    bool right_ack;

    if (right_seq && j->from_client && answers_other(j, 1))
        choose_other(j);
    right_ack = seq_after(j->p->tcp.ack, j->peer->isn) && judge_ack_valid(j);
    if (judge_timestamp_stale(j))
        return judge_refuse(j, STREAM_EVENT_PKT_INVALID_TIMESTAMP);
    if (!right_ack && j->s->simultaneous)
        return judge_refuse(j, STREAM_EVENT_4WHS_INVALID_ACK);
    if (!right_seq && j->s->simultaneous)
        return judge_refuse(j, STREAM_EVENT_4WHS_WRONG_SEQ);
    if (!right_seq)
        return judge_refuse(j, STREAM_EVENT_3WHS_WRONG_SEQ_WRONG_ACK);
    if (!right_ack)
        return judge_refuse(j, STREAM_EVENT_3WHS_RIGHT_SEQ_WRONG_ACK_EVASION);
    judge_state(j->s, STREAM_ESTABLISHED);
    return judge_apply(j);
}

/* The server speaks before the client's acknowledgement was seen. It may after fast open; otherwise somebody else speaks in
 * its name, or we missed the acknowledgement. */
static enum tracking server_early(const struct judge *j)
{
    bool missed =
        seq_after(j->p->tcp.ack, j->peer->next_seq) || j->me->refused_count >= REFUSED_MAX - 1;

    if (!j->s->syn_data && !missed)
        return judge_refuse(j, j->p->payload.len > 0 ? STREAM_EVENT_3WHS_ACK_DATA_INJECT
                                                     : STREAM_EVENT_3WHS_ACK_IN_WRONG_DIR);
    if (judge_timestamp_stale(j))
        return judge_refuse(j, STREAM_EVENT_PKT_INVALID_TIMESTAMP);
    if (!judge_ack_valid(j))
        return judge_refuse(j, STREAM_EVENT_PKT_INVALID_ACK);
    if (missed)
        judge_state(j->s, STREAM_ESTABLISHED);
    return judge_apply(j);
}

enum tracking judge_syn_received(const struct judge *j)
{
    if (judge_has(j, TCP_RST))
        return reset_early(j);
    if (judge_has(j, TCP_SYN | TCP_FIN))
        return judge_refuse(j, STREAM_EVENT_FIN_SYN);
    if (judge_has(j, TCP_SYN | TCP_ACK))
        return synack_again(j);
    if (judge_has(j, TCP_SYN))
        return syn_late(j);
    if (!judge_has(j, TCP_ACK))
        return TRACKING_REFUSED;
    if (j->from_client || j->s->simultaneous)
        return last_step(j);
    return server_early(j);
}
