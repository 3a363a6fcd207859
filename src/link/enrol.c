/* Enrolment: how a box without a certificate and a center that it has never met come to trust each other.
 *
 * Both know the claim code: the center made it, a person typed it into the box. From it both derive, by scrypt, a claim
 * id (to find the claim by) and a key. Inside a TLS 1.3 connection whose server certificate the box cannot judge yet:
 *
 *   box -> center   id, box nonce, CSR
 *   center -> box   center nonce, HMAC(key, "center" | transcript)
 *   box -> center   HMAC(key, "box" | transcript)
 *   center -> box   certificate, CA, policy key
 *
 * The transcript holds both nonces, the CSR's hash and the hash of the server's public key as each side sees it. TLS
 * proves that the other end of this very connection owns that key. So:
 *  - a man in the middle has another TLS key: the center's proof, carried over, does not fit what the box sees, and the
 *    box stops before it has proved anything; he cannot make a proof himself without the code;
 *  - a box with a wrong code sends an id that no claim has: refused; the id tells nothing about the code but by 2^55
 *    guesses at 0.1 s and 32 MiB each, within the minute that an enrolment may take;
 *  - a CSR swapped on the way changes the transcript: both proofs fail.
 * The center proves itself first and only to who knows an id, so nobody can collect proofs to work on at home.
 * scrypt's salt is a constant: the code is random, used once and short-lived, so there is nothing to share tables for.
 */
#include "base/digest.h"
#include "base/hash.h"
#include "base/reader.h"
#include "link/link.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/x509.h>

/* Without 0 O, 1 I L, 2 (Z), 5 S, 8 B, U V: what is read from a label or told by telephone is not mistaken. */
static const char alphabet[] = "34679ACDEFGHJKMNPQRTWXYZ";

#define ALPHABET_COUNT (sizeof(alphabet) - 1)
#define SCRYPT_N (1u << 15)
#define SCRYPT_R 8
#define SCRYPT_P 1
#define SCRYPT_MEMORY_BYTES (64u << 20)

void link_code_new(char code[LINK_CODE_BYTES])
{
    /* A byte at or above the largest multiple of the alphabet's size is thrown away: every code is equally likely. */
    const unsigned fair_end = 256 - 256 % ALPHABET_COUNT;
    size_t made = 0;
    while (made < LINK_CODE_CHARS) {
        uint8_t byte;
        hash_random(&byte, 1);
        if (byte < fair_end)
            code[made++] = alphabet[byte % ALPHABET_COUNT];
    }
    code[made] = '\0';
}

void link_code_show(const char code[LINK_CODE_BYTES], char shown[LINK_CODE_SHOWN_BYTES])
{
    size_t at = 0;
    for (size_t i = 0; i < LINK_CODE_CHARS; i++) {
        if (i > 0 && i % 4 == 0)
            shown[at++] = '-';
        shown[at++] = code[i];
    }
    shown[at] = '\0';
}

bool link_code_read(struct str typed, char code[LINK_CODE_BYTES])
{
    size_t made = 0;
    for (size_t i = 0; i < typed.len; i++) {
        uint8_t c = typed.p[i];
        if (c == '-' || c == ' ' || c == '\n' || c == '\r' || c == '\t')
            continue;
        if (c >= 'a' && c <= 'z')
            c = (uint8_t)(c - 32);
        if (c == 0 || !memchr(alphabet, c, ALPHABET_COUNT) || made == LINK_CODE_CHARS)
            return false;
        code[made++] = (char)c;
    }
    code[made] = '\0';
    return made == LINK_CODE_CHARS;
}

int link_claim_of_code(const char code[LINK_CODE_BYTES], struct link_claim *out)
{
    static const unsigned char salt[] = "otasuke enrolment 1";
    uint8_t derived[LINK_CLAIM_ID_BYTES + LINK_KEY_BYTES];
    if (EVP_PBE_scrypt(code, LINK_CODE_CHARS, salt, sizeof(salt) - 1, SCRYPT_N, SCRYPT_R, SCRYPT_P,
                       SCRYPT_MEMORY_BYTES, derived, sizeof(derived)) != 1)
        return -1;
    memcpy(out->id, derived, LINK_CLAIM_ID_BYTES);
    memcpy(out->key, derived + LINK_CLAIM_ID_BYTES, LINK_KEY_BYTES);
    OPENSSL_cleanse(derived, sizeof(derived));
    return 0;
}

void link_enrol_start_write(struct buf *out, const struct link_enrol_start *m)
{
    size_t begin = link_frame_begin(out, LINK_ENROL_START);
    struct str software = str_cut(m->software, 0, LINK_TEXT_BYTES_MAX);
    buf_add(out, str_of(m->claim_id, LINK_CLAIM_ID_BYTES));
    buf_add(out, str_of(m->box_nonce, LINK_NONCE_BYTES));
    buf_add_u16(out, (uint16_t)software.len);
    buf_add(out, software);
    buf_add_u16(out, (uint16_t)m->csr.len);
    buf_add(out, m->csr);
    link_frame_end(out, begin);
}

bool link_enrol_start_read(struct str body, struct link_enrol_start *m)
{
    struct reader r = reader_of(body);
    m->claim_id = reader_str(&r, LINK_CLAIM_ID_BYTES).p;
    m->box_nonce = reader_str(&r, LINK_NONCE_BYTES).p;
    m->software = reader_str(&r, reader_u16(&r));
    m->csr = reader_str(&r, reader_u16(&r));
    return !r.bad && m->software.len <= LINK_TEXT_BYTES_MAX && m->csr.len > 0 &&
           m->csr.len <= LINK_CSR_BYTES_MAX;
}

void link_enrol_proof_write(struct buf *out, const struct link_enrol_proof *m)
{
    size_t begin = link_frame_begin(out, LINK_ENROL_PROOF);
    buf_add(out, str_of(m->center_nonce, LINK_NONCE_BYTES));
    buf_add(out, str_of(m->proof, LINK_PROOF_BYTES));
    link_frame_end(out, begin);
}

bool link_enrol_proof_read(struct str body, struct link_enrol_proof *m)
{
    struct reader r = reader_of(body);
    m->center_nonce = reader_str(&r, LINK_NONCE_BYTES).p;
    m->proof = reader_str(&r, LINK_PROOF_BYTES).p;
    return !r.bad;
}

void link_enrol_confirm_write(struct buf *out, const uint8_t proof[LINK_PROOF_BYTES])
{
    link_frame_write(out, LINK_ENROL_CONFIRM, str_of(proof, LINK_PROOF_BYTES));
}

bool link_enrol_confirm_read(struct str body, const uint8_t **proof)
{
    *proof = body.p;
    return body.len == LINK_PROOF_BYTES;
}

void link_enrol_grant_write(struct buf *out, const struct link_enrol_grant *m)
{
    size_t begin = link_frame_begin(out, LINK_ENROL_GRANT);
    buf_add(out, str_of(m->policy_key, LINK_KEY_BYTES));
    buf_add_u16(out, (uint16_t)m->gateway.len);
    buf_add(out, m->gateway);
    buf_add_u16(out, (uint16_t)m->certificate.len);
    buf_add(out, m->certificate);
    buf_add_u16(out, (uint16_t)m->ca.len);
    buf_add(out, m->ca);
    link_frame_end(out, begin);
}

bool link_enrol_grant_read(struct str body, struct link_enrol_grant *m)
{
    struct reader r = reader_of(body);
    m->policy_key = reader_str(&r, LINK_KEY_BYTES).p;
    m->gateway = reader_str(&r, reader_u16(&r));
    m->certificate = reader_str(&r, reader_u16(&r));
    m->ca = reader_str(&r, reader_u16(&r));
    return !r.bad && m->gateway.len > 0 && m->gateway.len < LINK_GATEWAY_ID_BYTES &&
           m->certificate.len > 0 && m->ca.len > 0;
}

void link_proof_make(const uint8_t key[LINK_KEY_BYTES], enum link_side side,
                     const struct link_transcript *t, uint8_t proof[LINK_PROOF_BYTES])
{
    uint8_t memory[256];
    struct buf text = buf_fixed(memory, sizeof(memory));
    unsigned len = LINK_PROOF_BYTES;
    buf_add_c(&text, side == LINK_FROM_BOX ? "otasuke enrol 1 box   " : "otasuke enrol 1 center");
    buf_add(&text, str_of(t->box_nonce, sizeof(t->box_nonce)));
    buf_add(&text, str_of(t->center_nonce, sizeof(t->center_nonce)));
    buf_add(&text, str_of(t->csr_sha256, sizeof(t->csr_sha256)));
    buf_add(&text, str_of(t->center_spki_sha256, sizeof(t->center_spki_sha256)));
    HMAC(EVP_sha256(), key, LINK_KEY_BYTES, text.p, text.len, proof, &len);
}

bool link_proof_check(const uint8_t key[LINK_KEY_BYTES], enum link_side side,
                      const struct link_transcript *t, const uint8_t proof[LINK_PROOF_BYTES])
{
    uint8_t right[LINK_PROOF_BYTES];
    link_proof_make(key, side, t, right);
    return CRYPTO_memcmp(right, proof, LINK_PROOF_BYTES) == 0;
}

bool link_spki_sha256(const struct x509_st *certificate, uint8_t out[32])
{
    unsigned char *der = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    if (len <= 0)
        return false;
    digest_of(DIGEST_SHA256, str_of(der, (size_t)len), out);
    OPENSSL_free(der);
    return true;
}
