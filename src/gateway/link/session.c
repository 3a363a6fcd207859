/* What is said over an open tunnel. Steps: HELLO -> WELCOME, then batches one by one, heartbeats, policies, renewal. */
#include "gateway/link/client.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>

#define SILENT_US \
    (90 * CLOCK_SECOND_US) /* three heartbeats without an answer: the connection is dead */

static void lose(struct client *c, const char *why)
{
    tunnel_close(&c->tunnel, why);
}

/* ---- from the center ---- */

static void on_welcome(struct client *c, struct str body)
{
    struct link_welcome m;
    if (!link_welcome_read(body, &m) || m.version != LINK_VERSION) {
        lose(c, "the center speaks another version of the link");
        return;
    }
    if (!str_eq(m.gateway, str_c(c->id.gateway))) {
        lose(c, "the center knows this box by another name");
        return;
    }
    c->is_welcome = true;
    c->connected_wall_us = clock_wall_us();
    c->backoff_us = 0;
    c->counters.connects++;
    log_info("link", "connected to the center at %s", c->id.center);
    status_send(c);
}

static void on_ack(struct client *c, struct str body)
{
    struct link_ack m;
    if (!link_ack_read(body, &m) || !c->flight.is_out || m.epoch != c->flight.epoch) {
        lose(c, "the center acknowledged what was not sent");
        return;
    }
    spool_ack(c->spool, m.epoch, m.seq);
    if (m.seq < c->flight.last_seq) {
        lose(c, "the center took a part of a batch only");
        return;
    }
    c->counters.events_acked += c->flight.count;
    c->flight.is_out = false;
}

/* Offset by the middle of the round trip, as NTP's first approximation does; the monotonic clock tells its length. */
static void on_pulse(struct client *c, struct str body)
{
    struct link_pulse m;
    int64_t now_us = clock_mono_us();
    if (!link_pulse_read(body, &m) || m.box_mono_us < 0 || m.box_mono_us > now_us) {
        lose(c, "the center's pulse is damaged");
        return;
    }
    int64_t half_us = (now_us - m.box_mono_us) / 2;
    if (__builtin_sub_overflow(m.center_wall_us, m.box_wall_us, &c->offset_us) ||
        __builtin_sub_overflow(c->offset_us, half_us, &c->offset_us)) {
        lose(c, "the center's pulse is damaged");
        return;
    }
    c->knows_offset = true;
}

static void on_policy(struct client *c, struct str body)
{
    struct link_policy_message m;
    if (link_policy_message_read(body, &m))
        policy_take(c, &m);
    else
        lose(c, "the center's policy is damaged");
}

static void on_certificate(struct client *c, struct str body)
{
    struct err err;
    if (!c->next_key) {
        lose(c, "the center sent a certificate that nobody asked for");
        return;
    }
    int result = identity_take_certificate(&c->id, c->next_key, body, &err);
    EVP_PKEY_free(c->next_key);
    c->next_key = NULL;
    if (result < 0 || identity_store(&c->id, c->conf->folder, &err) < 0) {
        log_error("link", "the new certificate is not used: %s", err.text);
        return;
    }
    SSL_CTX *fresh = identity_context(&c->id, &err);
    if (fresh) {
        SSL_CTX_free(c->context);
        c->context = fresh;
    }
    log_info("link", "the gateway's certificate was renewed");
}

static void on_refuse(struct client *c, struct str body)
{
    struct link_refuse m;
    if (!link_refuse_read(body, &m)) {
        lose(c, "the center's refusal is damaged");
        return;
    }
    log_error("link", "the center refused: %s", link_refusal_text(m.reason));
    lose(c, link_refusal_text(m.reason));
}

static void (*const handlers[LINK_KINDS])(struct client *, struct str) = {
    [LINK_WELCOME] = on_welcome,
    [LINK_ACK] = on_ack,
    [LINK_PULSE] = on_pulse,
    [LINK_POLICY] = on_policy,
    [LINK_CERTIFICATE] = on_certificate,
    [LINK_REFUSE] = on_refuse,
};

static void read_frames(struct client *c)
{
    struct link_frame frame;
    while (tunnel_frame(&c->tunnel, &frame) == LINK_OK) {
        bool early = !c->is_welcome && frame.kind != LINK_WELCOME && frame.kind != LINK_REFUSE;
        bool again = c->is_welcome && frame.kind == LINK_WELCOME;
        c->heard_us = clock_mono_us();
        if (early || again || !handlers[frame.kind]) {
            lose(c, "the center sent a message out of turn");
            return;
        }
        handlers[frame.kind](c, frame.body);
    }
}

/* ---- to the center ---- */

static void send_heartbeat(struct client *c, int64_t now_us)
{
    struct link_heartbeat m = {.wall_us = clock_wall_us(), .mono_us = now_us};
    char path[LINK_PATH_BYTES_MAX];
    struct buf health;
    buf_init(&health, LINK_HEALTH_BYTES_MAX);
    link_health_write(c, m.wall_us, &health);
    m.health = buf_str(&health);
    c->next_heartbeat_us = now_us + LINK_HEARTBEAT_S * CLOCK_SECOND_US;
    if (!health.failed && link_allow_check(m.health, path) == LINK_ALLOWED) {
        trace_write(c, "heartbeat", m.health);
        link_heartbeat_write(&c->tunnel.out, &m);
    } else {
        log_error("link", "the heartbeat holds a field that may not leave (%s): not sent", path);
        c->counters.batches_forbidden++;
    }
    buf_fini(&health);
}

static void send_renewal(struct client *c)
{
    struct buf csr;
    int64_t now_us = clock_wall_us();
    if (c->next_key || now_us < identity_renew_us(&c->id))
        return;
    buf_init(&csr, LINK_CSR_BYTES_MAX);
    c->next_key = identity_new_key();
    if (c->next_key && identity_csr(c->next_key, &csr)) {
        log_info("link", "asking for the next certificate");
        link_frame_write(&c->tunnel.out, LINK_RENEW, buf_str(&csr));
    }
    buf_fini(&csr);
}

/* The check before compression said no: the batch stays here. What stands before the offending event goes alone; the
 * event itself is given up, loudly. */
static bool step_round_offence(struct client *c, struct link_batch *b,
                               const struct link_offence *offence)
{
    c->counters.batches_forbidden++;
    log_error("link",
              "STOPPED a batch: event %llu holds what may not leave this box (%s). The event is "
              "given up.",
              (unsigned long long)(b->first_seq + offence->line),
              offence->path[0] ? offence->path : "no event");
    if (offence->line > 0)
        return spool_next_events(c->spool, offence->line, b, &c->lines);
    spool_ack(c->spool, b->epoch, b->first_seq);
    return spool_next_batch(c->spool, b, &c->lines);
}

static void send_batch(struct client *c)
{
    struct link_batch b;
    struct link_offence offence;
    bool more = spool_next_batch(c->spool, &b, &c->lines);
    while (more) {
        enum link_pack result = link_batch_pack(c->codec, &b, &c->tunnel.out, &offence);
        if (result == LINK_PACK_OK)
            break;
        if (result == LINK_PACK_FAILED || (result == LINK_PACK_TOO_LARGE && b.count == 1)) {
            lose(c, "out of memory");
            return;
        }
        if (result == LINK_PACK_TOO_LARGE)
            more = spool_next_events(c->spool, b.count / 2, &b, &c->lines);
        else
            more = step_round_offence(c, &b, &offence);
    }
    if (!more)
        return;
    trace_write(c, "batch", b.lines);
    c->counters.batches_sent++;
    c->flight = (struct flight){true, b.epoch, b.first_seq + b.count - 1, b.count};
}

void session_begin(struct client *c)
{
    struct link_hello hello = {LINK_VERSION, c->policy.number, clock_wall_us(), clock_mono_us(),
                               str_c(c->conf->software)};
    c->heard_us = clock_mono_us();
    c->next_heartbeat_us = 0;
    link_hello_write(&c->tunnel.out, &hello);
}

void session_step(struct client *c)
{
    int64_t now_us = clock_mono_us();
    read_frames(c);
    if (c->tunnel.state != TUNNEL_OPEN)
        return;
    if (now_us - c->heard_us > SILENT_US) {
        lose(c, "the center has not answered for a while");
        return;
    }
    if (!c->is_welcome)
        return;
    if (now_us >= c->next_heartbeat_us) {
        send_heartbeat(c, now_us);
        send_renewal(c);
    }
    if (!c->flight.is_out && !c->tunnel.ended)
        send_batch(c);
}

void session_end(struct client *c)
{
    c->is_welcome = false;
    c->flight.is_out = false;
    EVP_PKEY_free(c->next_key);
    c->next_key = NULL;
    snprintf(c->problem, sizeof(c->problem), "%s", c->tunnel.why);
    status_send(c);
}

int64_t session_next_us(const struct client *c)
{
    int64_t silent_us = c->heard_us + SILENT_US;
    return c->is_welcome && c->next_heartbeat_us < silent_us ? c->next_heartbeat_us : silent_us;
}
