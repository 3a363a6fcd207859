/* The box's side of enrolment (link/enrol.c says why it is sound): one connection, step by step, with a deadline. */
#include "gateway/link/identity.h"
#include "gateway/link/resolve.h"
#include "gateway/link/tunnel.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/hash.h"

#include <openssl/crypto.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>

#define ENROL_US (60 * CLOCK_SECOND_US)

struct enrolment {
    const struct link_conf *conf;
    struct link_claim claim;
    struct link_transcript transcript;
    struct identity id;
    struct buf csr;
    struct tunnel tunnel;
    int64_t deadline_us;
};

static int wait_ready(struct enrolment *e, struct err *err)
{
    int64_t left_us = e->deadline_us - clock_mono_us();
    uint32_t want = tunnel_events(&e->tunnel);
    struct pollfd p = {.fd = e->tunnel.fd};
    p.events = (short)(((want & EPOLLIN) ? POLLIN : 0) | ((want & EPOLLOUT) ? POLLOUT : 0));
    if (left_us <= 0)
        return err_set(err, "the center at %s did not answer in time", e->id.center);
    (void)poll(&p, 1, (int)(left_us / 1000) + 1);
    return 0;
}

static int closed(const struct enrolment *e, struct err *err)
{
    return err_set(err, "no connection to the center at %s: %s", e->id.center, e->tunnel.why);
}

static int connect_to(struct enrolment *e, SSL_CTX *context, struct err *err)
{
    struct resolved found;
    resolve_now(e->id.center, &found);
    if (found.count == 0)
        return err_set(err, "cannot find the center: %s", found.why);
    for (int i = 0; i < found.count; i++) {
        if (tunnel_open(&e->tunnel, context, (const struct sockaddr *)&found.addresses[i],
                        found.address_bytes[i]) < 0)
            continue;
        while (tunnel_step(&e->tunnel)) {
            if (e->tunnel.state == TUNNEL_OPEN)
                return 0;
            if (wait_ready(e, err) < 0)
                return -1;
        }
    }
    return closed(e, err);
}

/* Sends what waits and waits for a frame of that kind. */
static int exchange(struct enrolment *e, enum link_kind want, struct link_frame *frame,
                    struct err *err)
{
    for (;;) {
        if (!tunnel_step(&e->tunnel))
            return closed(e, err);
        enum link_result result = tunnel_frame(&e->tunnel, frame);
        if (result == LINK_OK)
            break;
        if (result == LINK_BAD || e->tunnel.state == TUNNEL_CLOSED)
            return closed(e, err);
        if (wait_ready(e, err) < 0)
            return -1;
    }
    struct link_refuse refuse;
    if (frame->kind == LINK_REFUSE && link_refuse_read(frame->body, &refuse))
        return err_set(err, "the center refused: %s", link_refusal_text(refuse.reason));
    if (frame->kind != want)
        return err_set(err, "the center answered with %s", link_kind_name(frame->kind));
    return 0;
}

static int see_center_key(struct enrolment *e, struct err *err)
{
    X509 *certificate = SSL_get0_peer_certificate(e->tunnel.ssl);
    if (!certificate || !link_spki_sha256(certificate, e->transcript.center_spki_sha256))
        return err_set(err, "the center showed no certificate");
    return 0;
}

/* The center proves first. A wrong proof means: this is not our center, or it has another code. Nothing of ours has been
 * shown by then but the claim's id. */
static int prove(struct enrolment *e, struct err *err)
{
    struct link_frame frame;
    struct link_enrol_proof proof;
    uint8_t mine[LINK_PROOF_BYTES];
    link_enrol_start_write(&e->tunnel.out,
                           &(struct link_enrol_start){e->claim.id, e->transcript.box_nonce,
                                                      buf_str(&e->csr), str_c(e->conf->software)});
    if (exchange(e, LINK_ENROL_PROOF, &frame, err) < 0)
        return -1;
    if (!link_enrol_proof_read(frame.body, &proof))
        return err_set(err, "the center's answer is damaged");
    memcpy(e->transcript.center_nonce, proof.center_nonce, LINK_NONCE_BYTES);
    if (!link_proof_check(e->claim.key, LINK_FROM_CENTER, &e->transcript, proof.proof))
        return err_set(err,
                       "%s does not know the claim code: this is not your center, or somebody "
                       "listens in between; "
                       "nothing was sent to it",
                       e->id.center);
    link_proof_make(e->claim.key, LINK_FROM_BOX, &e->transcript, mine);
    link_enrol_confirm_write(&e->tunnel.out, mine);
    return 0;
}

static int take_grant(struct enrolment *e, struct err *err)
{
    struct link_frame frame;
    struct link_enrol_grant grant;
    if (exchange(e, LINK_ENROL_GRANT, &frame, err) < 0)
        return -1;
    if (!link_enrol_grant_read(frame.body, &grant))
        return err_set(err, "the center's answer is damaged");
    const unsigned char *p = grant.ca.p;
    e->id.ca = d2i_X509(NULL, &p, (long)grant.ca.len);
    if (!e->id.ca || p != grant.ca.p + grant.ca.len)
        return err_set(err, "the center's answer is damaged");
    memcpy(e->id.policy_key, grant.policy_key, LINK_KEY_BYTES);
    memcpy(e->id.gateway, grant.gateway.p, grant.gateway.len);
    e->id.gateway[grant.gateway.len] = '\0';
    for (size_t i = 0; i < grant.gateway.len; i++) {
        if (grant.gateway.p[i] <= ' ' || grant.gateway.p[i] > '~')
            return err_set(err, "the center's answer is damaged");
    }
    return identity_take_certificate(&e->id, e->id.key, grant.certificate, err);
}

static int prepare(struct enrolment *e, const char *typed, struct err *err)
{
    char code[LINK_CODE_BYTES];
    if (!link_code_read(str_c(typed), code))
        return err_set(err, "\"%.40s\" is not a claim code (12 letters and digits)", typed);
    if (!e->conf->center || !resolve_is_address(e->conf->center) ||
        strlen(e->conf->center) >= sizeof(e->id.center))
        return err_set(err, "the center's address must be HOST:PORT");
    snprintf(e->id.center, sizeof(e->id.center), "%s", e->conf->center);
    e->id.key = identity_new_key();
    if (link_claim_of_code(code, &e->claim) < 0 || !e->id.key || !identity_csr(e->id.key, &e->csr))
        return err_set(err, "link: cannot make a key");
    hash_random(e->transcript.box_nonce, LINK_NONCE_BYTES);
    digest_of(DIGEST_SHA256, buf_str(&e->csr), e->transcript.csr_sha256);
    return 0;
}

int link_enrol(const struct link_conf *conf, const char *code, struct err *err)
{
    struct enrolment e = {.conf = conf, .deadline_us = clock_mono_us() + ENROL_US};
    SSL_CTX *context = identity_enrol_context(err);
    int result = -1;
    if (!context)
        return -1;
    signal(SIGPIPE, SIG_IGN);
    buf_init(&e.csr, LINK_CSR_BYTES_MAX);
    tunnel_init(&e.tunnel);
    if (prepare(&e, code, err) == 0 && connect_to(&e, context, err) == 0 &&
        see_center_key(&e, err) == 0 && prove(&e, err) == 0 && take_grant(&e, err) == 0)
        result = identity_store(&e.id, conf->folder, err);
    tunnel_fini(&e.tunnel);
    identity_fini(&e.id);
    buf_fini(&e.csr);
    OPENSSL_cleanse(&e.claim, sizeof(e.claim));
    SSL_CTX_free(context);
    return result;
}

bool link_is_enrolled(const struct link_conf *conf, char gateway[LINK_GATEWAY_ID_BYTES])
{
    struct identity id;
    if (identity_load(&id, conf->folder, NULL) != 0)
        return false;
    memcpy(gateway, id.gateway, LINK_GATEWAY_ID_BYTES);
    identity_fini(&id);
    return true;
}
