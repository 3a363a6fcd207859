/* The center's side of enrolment (link/enrol.c says why it is sound). */
#include "center/uplink/conn.h"

#include "base/digest.h"
#include "base/hash.h"
#include "base/log.h"

#include <openssl/crypto.h>

static void on_start(const struct service *s, struct job *job)
{
    struct peer *peer = &job->conn->peer;
    struct link_enrol_start m;
    uint8_t proof[LINK_PROOF_BYTES];
    if (peer->started || !link_enrol_start_read(buf_str(&job->body), &m)) {
        session_refuse(job, LINK_REFUSE_MESSAGE);
        return;
    }
    peer->started = true;
    memcpy(peer->claim_id, m.claim_id, LINK_CLAIM_ID_BYTES);
    memcpy(peer->csr, m.csr.p, m.csr.len);
    peer->csr_bytes = m.csr.len;
    enum outcome outcome =
        core_claim_check(s->core, peer->claim_id, str_c(peer->address), &peer->claim);
    if (outcome != OUTCOME_OK) {
        log_info("uplink", "%s: enrolment with a wrong claim code", peer->address);
        session_refuse(job, outcome == OUTCOME_FAILED ? LINK_REFUSE_CENTER : LINK_REFUSE_CODE);
        return;
    }
    struct link_transcript *t = &peer->transcript;
    memcpy(t->box_nonce, m.box_nonce, LINK_NONCE_BYTES);
    hash_random(t->center_nonce, LINK_NONCE_BYTES);
    digest_of(DIGEST_SHA256, m.csr, t->csr_sha256);
    memcpy(t->center_spki_sha256, peer->spki_sha256, sizeof(t->center_spki_sha256));
    link_proof_make(peer->claim.key, LINK_FROM_CENTER, t, proof);
    link_enrol_proof_write(&job->reply, &(struct link_enrol_proof){t->center_nonce, proof});
}

static void grant(const struct service *s, struct job *job, const struct ca_issued *issued)
{
    struct peer *peer = &job->conn->peer;
    struct certificate certificate = {issued->serial, issued->not_after_us};
    struct claim used;
    enum outcome outcome =
        core_claim_consume(s->core, peer->claim_id, str_c(peer->address), &certificate, &used);
    if (outcome != OUTCOME_OK) {
        session_refuse(job, outcome == OUTCOME_FAILED ? LINK_REFUSE_CENTER : LINK_REFUSE_CODE);
        return;
    }
    link_enrol_grant_write(&job->reply, &(struct link_enrol_grant){str_c(peer->claim.gateway.text),
                                                                   buf_str(&issued->der),
                                                                   buf_str(&s->ca->certificate_der),
                                                                   s->ca->policy_public});
    log_info("uplink", "%s: gateway %s is enrolled", peer->address, peer->claim.gateway.text);
    job->end = true;
}

static void on_confirm(const struct service *s, struct job *job)
{
    struct peer *peer = &job->conn->peer;
    const uint8_t *proof;
    struct ca_issued issued;
    if (!peer->started || !link_enrol_confirm_read(buf_str(&job->body), &proof)) {
        session_refuse(job, LINK_REFUSE_MESSAGE);
        return;
    }
    if (!link_proof_check(peer->claim.key, LINK_FROM_BOX, &peer->transcript, proof)) {
        log_warn("uplink", "%s: enrolment without the claim code", peer->address);
        session_refuse(job, LINK_REFUSE_CODE);
        return;
    }
    buf_init(&issued.der, LINK_CERTIFICATE_BYTES_MAX);
    if (ca_issue(s->ca, str_of(peer->csr, peer->csr_bytes), peer->claim.gateway.text,
                 s->certificate_s, &issued) < 0)
        session_refuse(job, LINK_REFUSE_MESSAGE);
    else
        grant(s, job, &issued);
    buf_fini(&issued.der);
    OPENSSL_cleanse(peer->claim.key, sizeof(peer->claim.key));
}

void enrol_answer(const struct service *s, struct job *job)
{
    if (job->kind == LINK_ENROL_START)
        on_start(s, job);
    else if (job->kind == LINK_ENROL_CONFIRM)
        on_confirm(s, job);
    else if (job->kind != LINK_KINDS)
        session_refuse(job, LINK_REFUSE_MESSAGE);
}
