/* What a gateway with a certificate may say, and the answers. Runs in a worker. */
#include "center/uplink/conn.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>

void session_refuse(struct job *job, enum link_refusal reason)
{
    buf_reset(&job->reply);
    link_refuse_write(&job->reply, reason, link_refusal_text(reason));
    job->end = true;
}

static void send_policy(const struct service *s, struct job *job)
{
    struct peer *peer = &job->conn->peer;
    struct buf text;
    int64_t number = (int64_t)peer->known_policy;
    uint8_t signature[LINK_SIGNATURE_BYTES];
    buf_init(&text, LINK_POLICY_BYTES_MAX);
    enum outcome outcome =
        core_policy_for(s->core, peer->gateway, (int64_t)peer->known_policy, &text, &number);
    if (outcome != OUTCOME_OK || text.failed) {
        log_error("uplink", "gateway %s: its policy cannot be made", peer->gateway.text);
    } else if (text.len > 0) {
        struct link_policy_message m = {(uint64_t)number, signature, buf_str(&text)};
        if (link_policy_sign(s->ca->policy_secret, m.number, m.text, signature) == 0) {
            link_policy_message_write(&job->reply, &m);
            peer->known_policy = m.number;
        }
    }
    buf_fini(&text);
}

static void on_hello(const struct service *s, struct link_codec *codec, struct job *job)
{
    struct peer *peer = &job->conn->peer;
    struct link_hello m;
    (void)codec;
    if (peer->said_hello || !link_hello_read(buf_str(&job->body), &m) ||
        m.policy_number > INT64_MAX) {
        session_refuse(job, LINK_REFUSE_MESSAGE);
        return;
    }
    if (m.version != LINK_VERSION) {
        session_refuse(job, LINK_REFUSE_VERSION);
        return;
    }
    peer->said_hello = true;
    peer->known_policy = m.policy_number;
    struct link_welcome welcome = {LINK_VERSION, clock_wall_us(), str_c(peer->gateway.text)};
    link_welcome_write(&job->reply, &welcome);
    send_policy(s, job);
}

static struct ingest_event *list_events(const struct link_batch *b)
{
    struct ingest_event *events = calloc(b->count, sizeof(*events));
    struct str rest = b->lines;
    struct link_event event;
    for (uint32_t i = 0; events && i < b->count && link_event_next(&rest, &event) == LINK_OK; i++)
        events[i] =
            (struct ingest_event){b->first_seq + i, event.wall_us, event.mono_us, event.json};
    return events;
}

static enum outcome ingest(const struct service *s, struct peer *peer, const struct link_batch *b,
                           struct ingest_result *result)
{
    char epoch[17];
    struct problem problem = {0};
    struct ingest_event *events = list_events(b);
    if (!events)
        return OUTCOME_FAILED;
    snprintf(epoch, sizeof(epoch), "%016llx", (unsigned long long)b->epoch);
    struct ingest_batch batch = {peer->gateway, str_c(epoch), events, b->count};
    enum outcome outcome = core_ingest(s->core, &batch, result, &problem);
    if (outcome != OUTCOME_OK)
        log_error("uplink", "gateway %s: events were not taken: %s", peer->gateway.text,
                  problem.text);
    free(events);
    return outcome;
}

/* The box checks the same list before it compresses: whoever gets here with another field is broken or not our box. */
static void on_batch(const struct service *s, struct link_codec *codec, struct job *job)
{
    struct peer *peer = &job->conn->peer;
    struct link_batch b;
    struct link_offence offence;
    struct ingest_result result;
    if (link_batch_unpack(codec, buf_str(&job->body), &b) != LINK_OK) {
        session_refuse(job, LINK_REFUSE_MESSAGE);
        return;
    }
    if (link_batch_check(&b, &offence) != LINK_ALLOWED) {
        log_error("uplink", "gateway %s: refused a batch with a field that may not travel (%s)",
                  peer->gateway.text, offence.path);
        session_refuse(job, LINK_REFUSE_FIELD);
        return;
    }
    enum outcome outcome = ingest(s, peer, &b, &result);
    if (outcome == OUTCOME_OK)
        link_ack_write(&job->reply, &(struct link_ack){b.epoch, result.durable_seq});
    else
        session_refuse(job, outcome == OUTCOME_FAILED ? LINK_REFUSE_CENTER : LINK_REFUSE_MESSAGE);
}

static void on_heartbeat(const struct service *s, struct link_codec *codec, struct job *job)
{
    struct peer *peer = &job->conn->peer;
    struct link_heartbeat m;
    struct problem problem = {0};
    char path[LINK_PATH_BYTES_MAX];
    int64_t received_us = clock_wall_us();
    (void)codec;
    if (!link_heartbeat_read(buf_str(&job->body), &m)) {
        session_refuse(job, LINK_REFUSE_MESSAGE);
        return;
    }
    if (link_allow_check(m.health, path) != LINK_ALLOWED) {
        session_refuse(job, LINK_REFUSE_FIELD);
        return;
    }
    if (core_heartbeat(s->core, peer->gateway, m.health, &problem) != OUTCOME_OK)
        log_error("uplink", "gateway %s: its heartbeat was not taken: %s", peer->gateway.text,
                  problem.text);
    link_pulse_write(&job->reply, &(struct link_pulse){m.wall_us, m.mono_us, received_us});
    send_policy(s, job);
}

static void on_policy_have(const struct service *s, struct link_codec *codec, struct job *job)
{
    uint64_t number;
    (void)s;
    (void)codec;
    if (!link_policy_have_read(buf_str(&job->body), &number) || number > INT64_MAX)
        session_refuse(job, LINK_REFUSE_MESSAGE);
    else
        job->conn->peer.known_policy = number;
}

/* Once in a connection and not before half of the life is over: a box in the wrong hands does not collect certificates. */
static bool may_renew(const struct peer *peer, int64_t now_us)
{
    int64_t half_us = (peer->certificate_end_us - peer->certificate_begin_us) / 2;
    return !peer->renewed && now_us > peer->certificate_begin_us + half_us;
}

static void on_renew(const struct service *s, struct link_codec *codec, struct job *job)
{
    struct peer *peer = &job->conn->peer;
    struct ca_issued issued;
    (void)codec;
    if (!may_renew(peer, core_now(s->core))) {
        log_warn("uplink", "gateway %s: asks too early for another certificate",
                 peer->gateway.text);
        return;
    }
    buf_init(&issued.der, LINK_CERTIFICATE_BYTES_MAX);
    if (ca_issue(s->ca, buf_str(&job->body), peer->gateway.text, s->certificate_s, &issued) < 0) {
        session_refuse(job, LINK_REFUSE_MESSAGE);
    } else {
        struct certificate certificate = {issued.serial, issued.not_after_us};
        if (core_certificate_add(s->core, peer->gateway, &certificate) == OUTCOME_OK) {
            link_frame_write(&job->reply, LINK_CERTIFICATE, buf_str(&issued.der));
            peer->renewed = true;
        } else {
            session_refuse(job, LINK_REFUSE_CENTER);
        }
    }
    buf_fini(&issued.der);
}

static void (*const handlers[LINK_KINDS])(const struct service *, struct link_codec *,
                                          struct job *) = {
    [LINK_HELLO] = on_hello,         [LINK_BATCH] = on_batch,
    [LINK_HEARTBEAT] = on_heartbeat, [LINK_POLICY_HAVE] = on_policy_have,
    [LINK_RENEW] = on_renew,
};

static bool is_valid(const struct service *s, struct peer *peer)
{
    struct claim owner;
    if (core_gateway_by_serial(s->core, str_c(peer->serial), &owner) != SERIAL_VALID)
        return false;
    peer->gateway = owner.gateway;
    return true;
}

void session_answer(const struct service *s, struct link_codec *codec, struct job *job)
{
    struct peer *peer = &job->conn->peer;
    if (peer->kind == PEER_ENROL) {
        enrol_answer(s, job);
        return;
    }
    if (!is_valid(s, peer)) {
        log_warn("uplink", "%s: certificate %s is not valid any more", peer->address, peer->serial);
        session_refuse(job, LINK_REFUSE_REVOKED);
    } else if (job->kind == LINK_KINDS) {
        if (peer->said_hello)
            send_policy(s, job);
    } else if (!handlers[job->kind] || peer->said_hello == (job->kind == LINK_HELLO)) {
        session_refuse(job, LINK_REFUSE_MESSAGE);
    } else {
        handlers[job->kind](s, codec, job);
    }
}
