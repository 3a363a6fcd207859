/* link: the contract between a gateway and its center: what is said, how it is written, and what may never be said.
 *
 * One TLS 1.3 connection, opened by the gateway, carries frames: type (1 byte), three zero bytes, body length (4 bytes,
 * network order), body. Each kind has its own limits (frame.c), so a length is judged before a byte of the body is kept.
 *
 *   enrolment (ALPN LINK_ALPN_ENROL, the box has no certificate yet; see enrol.c for why both sides can trust it)
 *     box    ENROL_START    claim id, box nonce, CSR            center ENROL_PROOF  center nonce, center's proof
 *     box    ENROL_CONFIRM  box's proof                         center ENROL_GRANT  gateway id, certificates, policy key
 *   everything else (ALPN LINK_ALPN, both certificates required and checked on every frame)
 *     box    HELLO                                              center WELCOME
 *     box    BATCH (one is on its way at a time)                center ACK (those events are durable at the center)
 *     box    HEARTBEAT every LINK_HEARTBEAT_S                   center PULSE
 *     center POLICY (numbered, signed)                          box    POLICY_HAVE
 *     box    RENEW (a new CSR at 2/3 of the certificate's life) center CERTIFICATE
 *     center REFUSE (a reason; the connection ends)
 *
 * Events are JSON lines as EVE writes them. An event's identity is (gateway, epoch, sequence). A box keeps one queue
 * (lane) for each importance, every lane with an epoch of its own, so sequences inside an epoch have holes only where
 * the box had to give events up: the center counts exactly what is missing. Epochs are random and new whenever the spool
 * is opened: an exchanged, reinstalled or rolled-back box never uses an identity again.
 *
 * Errors:  what the peer sends is answered by results (enum link_result), never by `struct err`.
 * Memory:  readers borrow from the bytes they are given; writers append to the caller's buf.
 * Threads: no globals; a struct link_codec belongs to one thread.
 */
#ifndef LINK_LINK_H
#define LINK_LINK_H

#include "base/buf.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/str.h"

struct x509_st; /* OpenSSL's X509 */

#define LINK_VERSION 1
#define LINK_ALPN "otasuke-link/1"
#define LINK_ALPN_ENROL "otasuke-enrol/1"
/* The name in the center's certificate. All centers have it: a gateway trusts one CA alone, that of its own center. */
#define LINK_CENTER_NAME "center.otasuke.internal"

#define LINK_HEARTBEAT_S 30
#define LINK_SILENCE_S 120 /* the center's alarm */

#define LINK_LINE_BYTES_MAX (64u << 10) /* one event */
#define LINK_BATCH_BYTES_MAX (1u << 20) /* compressed */
#define LINK_INFLATED_BYTES_MAX \
    (16u << 20) /* what a batch may become: a bomb is refused before it is unpacked */
#define LINK_BATCH_COUNT_MAX 20000u /* what the center takes into one commit */
#define LINK_JSON_DEPTH_MAX 16
#define LINK_CSR_BYTES_MAX 4096u /* an EC P-256 request has about 250 */
#define LINK_CERTIFICATE_BYTES_MAX 4096u
#define LINK_POLICY_BYTES_MAX (128u << 10) /* fits one datagram inside the box too */
#define LINK_HEALTH_BYTES_MAX (16u << 10)
#define LINK_TEXT_BYTES_MAX 256u
#define LINK_GATEWAY_ID_BYTES 64 /* with the NUL */

/* ---- frames (frame.c) ---- */

enum link_kind {
    LINK_ENROL_START = 1,
    LINK_ENROL_PROOF,
    LINK_ENROL_CONFIRM,
    LINK_ENROL_GRANT,
    LINK_HELLO,
    LINK_WELCOME,
    LINK_BATCH,
    LINK_ACK,
    LINK_HEARTBEAT,
    LINK_PULSE,
    LINK_POLICY,
    LINK_POLICY_HAVE,
    LINK_RENEW,
    LINK_CERTIFICATE,
    LINK_REFUSE,
    LINK_KINDS
};

enum link_side { LINK_FROM_BOX, LINK_FROM_CENTER };

enum link_result { LINK_OK, LINK_MORE, LINK_BAD };

#define LINK_FRAME_HEAD_BYTES 8u
#define LINK_FRAME_BYTES_MAX (LINK_FRAME_HEAD_BYTES + 64u + LINK_BATCH_BYTES_MAX)

struct link_frame {
    enum link_kind kind;
    struct str body; /* borrowed */
};

/* Reads the first frame of `bytes`, sent by `from`. LINK_OK: *used bytes are its; LINK_MORE: *used says how many bytes
 * must be there before it is worth asking again; LINK_BAD: no frame of that side, or longer than its kind may be. */
NODISCARD enum link_result link_frame_read(struct str bytes, enum link_side from,
                                           struct link_frame *frame, size_t *used);
/* Appends head and body. The body fits its kind (asserted: our own). */
void link_frame_write(struct buf *out, enum link_kind kind, struct str body);
/* Appends a head whose length link_frame_end fills in; returns what _end wants. */
size_t link_frame_begin(struct buf *out, enum link_kind kind);
void link_frame_end(struct buf *out, size_t begin);
/* "BATCH". */
const char *link_kind_name(enum link_kind kind);

/* ---- messages (message.c): each writer appends one whole frame, each reader takes a frame's body ---- */

struct link_hello {
    uint32_t version;
    uint64_t policy_number; /* newest policy the box holds */
    int64_t wall_us;
    int64_t mono_us;
    struct str software; /* "0.1.0" */
};

struct link_welcome {
    uint32_t version;
    int64_t wall_us;
    struct str gateway; /* id, as the certificate says */
};

struct link_ack {
    uint64_t epoch;
    uint64_t seq; /* this and all before it are durable */
};

struct link_heartbeat {
    int64_t wall_us;
    int64_t mono_us;
    struct str
        health; /* one JSON line, event_type "otasuke_health", through the allow-list like every event */
};

struct link_pulse {
    int64_t box_wall_us; /* as the heartbeat said */
    int64_t box_mono_us;
    int64_t center_wall_us; /* at receipt */
};

struct link_policy_message {
    uint64_t number;
    const uint8_t *signature; /* LINK_SIGNATURE_BYTES */
    struct str text;
};

enum link_refusal {
    LINK_REFUSE_VERSION = 1, /* no version in common */
    LINK_REFUSE_MESSAGE,     /* not understood, or not now */
    LINK_REFUSE_CODE, /* no such claim code: wrong, used, expired or tried too often (not told which) */
    LINK_REFUSE_BUSY,    /* too much at once; come back later */
    LINK_REFUSE_REVOKED, /* the certificate is not valid any more */
    LINK_REFUSE_FIELD,   /* a batch holds a field that may not travel */
    LINK_REFUSE_CENTER   /* the center cannot write just now; come back later */
};

struct link_refuse {
    enum link_refusal reason;
    struct str text;
};

void link_hello_write(struct buf *out, const struct link_hello *m);
NODISCARD bool link_hello_read(struct str body, struct link_hello *m);
void link_welcome_write(struct buf *out, const struct link_welcome *m);
NODISCARD bool link_welcome_read(struct str body, struct link_welcome *m);
void link_ack_write(struct buf *out, const struct link_ack *m);
NODISCARD bool link_ack_read(struct str body, struct link_ack *m);
void link_heartbeat_write(struct buf *out, const struct link_heartbeat *m);
NODISCARD bool link_heartbeat_read(struct str body, struct link_heartbeat *m);
void link_pulse_write(struct buf *out, const struct link_pulse *m);
NODISCARD bool link_pulse_read(struct str body, struct link_pulse *m);
void link_policy_message_write(struct buf *out, const struct link_policy_message *m);
NODISCARD bool link_policy_message_read(struct str body, struct link_policy_message *m);
void link_policy_have_write(struct buf *out, uint64_t number);
NODISCARD bool link_policy_have_read(struct str body, uint64_t *number);
void link_refuse_write(struct buf *out, enum link_refusal reason, const char *text);
NODISCARD bool link_refuse_read(struct str body, struct link_refuse *m);
/* Words for a person: "the claim code is wrong, used or expired". */
const char *link_refusal_text(enum link_refusal reason);

/* ---- what may travel (allow.c): the one field allow-list ---- */

enum link_allow {
    LINK_ALLOWED,
    LINK_NOT_JSON, /* not one well-formed JSON object, too deep, too long */
    LINK_NOT_EVENT, /* event_type is missing or one that stays at the gateway (http, dns, flow ...) */
    LINK_FORBIDDEN /* a field that is not on the list, of another type, or too long (check only) */
};

#define LINK_PATH_BYTES_MAX 160

/* Which queue of the box an event waits in: what comes first here is sent first and given up last. */
enum link_importance {
    LINK_IMPORTANCE_ALERT,  /* alerts, isolations, what the spool itself has to report */
    LINK_IMPORTANCE_NOTICE, /* drops, anomalies, files, fail-open */
    LINK_IMPORTANCE_DEVICE, /* what is known of the devices */
    LINK_IMPORTANCE_COUNT,  /* hourly counts, health */
    LINK_IMPORTANCES
};

struct link_filtered {
    uint64_t removed; /* fields taken out */
    enum link_importance importance;
};

/* Appends to `out` the event with everything that is not on the list taken out, and texts cut to their limit. On another
 * result than LINK_ALLOWED nothing is appended and *filtered says nothing. */
NODISCARD enum link_allow link_allow_filter(struct str line, struct buf *out,
                                            struct link_filtered *filtered);
/* Strict: the first thing that may not travel makes LINK_FORBIDDEN, and `path` names it ("http.http_response_body"). */
NODISCARD enum link_allow link_allow_check(struct str line, char path[LINK_PATH_BYTES_MAX]);

/* ---- batches (batch.c) ---- */

/* One event of a batch. The box's two clocks at the moment it was taken over stand before it in its line, because boxes
 * boot without a clock: "<wall_us> <mono_us> {json}\n". */
struct link_event {
    int64_t wall_us;
    int64_t mono_us;
    struct str json;
};

struct link_batch {
    uint64_t epoch;
    uint64_t first_seq; /* > 0, of the first line; the others follow one by one */
    uint32_t count;
    struct str lines; /* `count` lines as link_event_write writes them */
};

struct link_offence {
    uint32_t line; /* index of the first line that may not travel */
    enum link_allow why;
    char path[LINK_PATH_BYTES_MAX];
};

enum link_pack { LINK_PACK_OK, LINK_PACK_FORBIDDEN, LINK_PACK_TOO_LARGE, LINK_PACK_FAILED };

struct link_codec; /* the compressor's memory */

NODISCARD struct link_codec *link_codec_new(void);
void link_codec_free(struct link_codec *c);
/* Checks every line against the allow-list, compresses and appends one BATCH frame. FORBIDDEN: nothing is appended and
 * *offence says where. TOO_LARGE: more than a frame takes; come with fewer lines (a single line always fits). */
NODISCARD enum link_pack link_batch_pack(struct link_codec *c, const struct link_batch *b,
                                         struct buf *out, struct link_offence *offence);
/* The body of a BATCH frame. LINK_OK: b->lines is valid until the next call with `c`, its checksum, count and line
 * lengths are right; the allow-list is not yet asked (link_batch_check). */
NODISCARD enum link_result link_batch_unpack(struct link_codec *c, struct str body,
                                             struct link_batch *b);
/* LINK_ALLOWED when every line may travel. */
NODISCARD enum link_allow link_batch_check(const struct link_batch *b,
                                           struct link_offence *offence);
/* Appends one line. */
void link_event_write(struct buf *out, const struct link_event *event);
/* Cuts the next event from *rest (begin with b->lines). LINK_MORE: there is none left; LINK_BAD: not such a line. */
NODISCARD enum link_result link_event_next(struct str *rest, struct link_event *event);

/* ---- enrolment (enrol.c) ---- */

#define LINK_CODE_CHARS 12
#define LINK_CODE_BYTES (LINK_CODE_CHARS + 1)       /* with NUL */
#define LINK_CODE_SHOWN_BYTES (LINK_CODE_CHARS + 3) /* "ACDE-FGHJ-KMNP" with NUL */
#define LINK_CLAIM_ID_BYTES 16
#define LINK_KEY_BYTES 32
#define LINK_NONCE_BYTES 32
#define LINK_PROOF_BYTES 32

/* What the center keeps of a claim code: an id to find it by and the key that both sides derive (scrypt, 32 MiB, about
 * 0.1 s). The code itself is shown once and kept nowhere. */
struct link_claim {
    uint8_t id[LINK_CLAIM_ID_BYTES];
    uint8_t key[LINK_KEY_BYTES];
};

/* A new random code, in capitals without dashes, from letters and digits that cannot be taken for each other. */
void link_code_new(char code[LINK_CODE_BYTES]);
/* "ACDE-FGHJ-KMNP". */
void link_code_show(const char code[LINK_CODE_BYTES], char shown[LINK_CODE_SHOWN_BYTES]);
/* As a person types it: dashes, spaces and small letters are allowed. False: not a code. */
NODISCARD bool link_code_read(struct str typed, char code[LINK_CODE_BYTES]);
/* 0, or -1 when memory is out. */
NODISCARD int link_claim_of_code(const char code[LINK_CODE_BYTES], struct link_claim *out);

struct link_enrol_start {
    const uint8_t *claim_id;  /* LINK_CLAIM_ID_BYTES */
    const uint8_t *box_nonce; /* LINK_NONCE_BYTES */
    struct str csr;           /* DER */
    struct str software;
};

struct link_enrol_proof {
    const uint8_t *center_nonce;
    const uint8_t *proof; /* LINK_PROOF_BYTES */
};

struct link_enrol_grant {
    struct str gateway;        /* id */
    struct str certificate;    /* DER */
    struct str ca;             /* DER */
    const uint8_t *policy_key; /* LINK_KEY_BYTES, Ed25519 public */
};

/* What both proofs are made over: whoever sits in between shows the box another TLS key than the center's own. */
struct link_transcript {
    uint8_t box_nonce[LINK_NONCE_BYTES];
    uint8_t center_nonce[LINK_NONCE_BYTES];
    uint8_t csr_sha256[32];
    uint8_t center_spki_sha256[32]; /* of the certificate in this very TLS connection */
};

void link_enrol_start_write(struct buf *out, const struct link_enrol_start *m);
NODISCARD bool link_enrol_start_read(struct str body, struct link_enrol_start *m);
void link_enrol_proof_write(struct buf *out, const struct link_enrol_proof *m);
NODISCARD bool link_enrol_proof_read(struct str body, struct link_enrol_proof *m);
void link_enrol_confirm_write(struct buf *out, const uint8_t proof[LINK_PROOF_BYTES]);
NODISCARD bool link_enrol_confirm_read(struct str body, const uint8_t **proof);
void link_enrol_grant_write(struct buf *out, const struct link_enrol_grant *m);
NODISCARD bool link_enrol_grant_read(struct str body, struct link_enrol_grant *m);
/* HMAC-SHA-256 with the claim's key. */
void link_proof_make(const uint8_t key[LINK_KEY_BYTES], enum link_side side,
                     const struct link_transcript *t, uint8_t proof[LINK_PROOF_BYTES]);
/* In constant time. */
NODISCARD bool link_proof_check(const uint8_t key[LINK_KEY_BYTES], enum link_side side,
                                const struct link_transcript *t,
                                const uint8_t proof[LINK_PROOF_BYTES]);
/* SHA-256 of the certificate's SubjectPublicKeyInfo. False: memory. */
NODISCARD bool link_spki_sha256(const struct x509_st *certificate, uint8_t out[32]);

/* ---- policy (policy.c) ---- */

#define LINK_SIGNATURE_BYTES 64
#define LINK_ISOLATED_MAX 256 /* devices cut off at one gateway */
#define LINK_RELEASED_MAX 256
#define LINK_REASON_BYTES 256

struct link_isolation {
    struct mac mac;
    int64_t since_us;   /* the center's wall clock */
    int64_t expires_us; /* 0: until a person undoes it */
    char reason[LINK_REASON_BYTES];
};

struct link_release {
    struct mac mac;
    int64_t at_us;
};

/* What the center wants of one gateway: the whole of it every time, so that a lost message loses nothing.
 * {"number":7,"gateway":"01K...","isolated":[{"mac":"02:..","reason":"..","since_us":1,"expires_us":2}],
 *  "released":[{"mac":"02:..","at_us":3}]} */
struct link_policy {
    uint64_t number; /* grows with every change */
    char gateway[LINK_GATEWAY_ID_BYTES];
    size_t isolated_count;
    struct link_isolation isolated[LINK_ISOLATED_MAX]; /* cut off by order of the center */
    size_t released_count;
    struct link_release
        released[LINK_RELEASED_MAX]; /* lift any isolation of this MAC made before at_us */
};

/* Appends the JSON text. Unknown members are left alone by the reader: a later center may say more. */
void link_policy_write(struct buf *out, const struct link_policy *p);
/* False: not a policy (or more isolated devices than LINK_ISOLATED_MAX). */
NODISCARD bool link_policy_read(struct str text, struct link_policy *p);
/* Ed25519 over the number and the text. Raw keys. 0 or -1. */
NODISCARD int link_policy_key_new(uint8_t secret[LINK_KEY_BYTES],
                                  uint8_t public_key[LINK_KEY_BYTES]);
NODISCARD int link_policy_public(const uint8_t secret[LINK_KEY_BYTES],
                                 uint8_t public_key[LINK_KEY_BYTES]);
NODISCARD int link_policy_sign(const uint8_t secret[LINK_KEY_BYTES], uint64_t number,
                               struct str text, uint8_t signature[LINK_SIGNATURE_BYTES]);
NODISCARD bool link_policy_verify(const uint8_t public_key[LINK_KEY_BYTES],
                                  const struct link_policy_message *m);

#endif
