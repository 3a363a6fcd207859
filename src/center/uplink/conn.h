/* conn: one gateway's connection: its socket and TLS (the loop's part) and its peer (the worker's part while a message is
 * being answered). Private to uplink. */
#ifndef CENTER_UPLINK_CONN_H
#define CENTER_UPLINK_CONN_H

#include "center/uplink/ca.h"
#include "center/uplink/uplink.h"

#include <openssl/ssl.h>

enum conn_state {
    CONN_HANDSHAKE,
    CONN_OPEN,
    CONN_ENDING, /* sends what waits, then closes */
    CONN_CLOSED  /* to be freed when no worker has it */
};

enum peer_kind { PEER_GATEWAY, PEER_ENROL };

/* What is known of the other end. Only touched by the loop while not `busy`, only by the worker while it is. */
struct peer {
    enum peer_kind kind;
    char address[IP_TEXT_BYTES];
    char serial[CA_SERIAL_BYTES]; /* gateway: of the certificate in this connection */
    int64_t certificate_begin_us;
    int64_t certificate_end_us;
    uint8_t spki_sha256[32]; /* of our certificate in this connection */
    struct id gateway;       /* after the first message */
    bool said_hello;
    bool renewed;
    uint64_t known_policy; /* enrolment: 0 */
    /* enrolment */
    bool started;
    uint8_t claim_id[LINK_CLAIM_ID_BYTES];
    struct claim claim;
    struct link_transcript transcript;
    uint8_t csr[LINK_CSR_BYTES_MAX];
    size_t csr_bytes;
};

struct conn {
    struct conn *next;
    struct conn *before;
    enum conn_state state;
    int fd;
    SSL *ssl;
    uint32_t armed; /* epoll events that are set */
    bool is_stranger;
    bool busy;       /* a worker has it */
    bool policy_due; /* core told of a change */
    struct buf in;
    size_t in_counted; /* of the shared budget */
    struct buf out;
    size_t out_at;
    int64_t begin_us; /* monotonic: connected */
    int64_t heard_us; /* last whole frame */
    int64_t frame_us; /* when the frame that is coming in began; 0: none */
    int64_t sent_us;  /* last progress in sending */
    struct peer peer;
};

/* One message for a worker. kind LINK_KINDS: no message, look at policy and revocation. */
struct job {
    struct job *next;
    struct conn *conn;
    enum link_kind kind;
    struct buf body;
    struct buf reply;
    bool end; /* close after the reply */
};

/* What workers need; set at the start, then constant. */
struct service {
    struct core *core;
    const struct ca *ca;
    int64_t certificate_s;
};

/* session.c: answers one message. */
void session_answer(const struct service *s, struct link_codec *codec, struct job *job);
/* enrol.c */
void enrol_answer(const struct service *s, struct job *job);
void session_refuse(struct job *job, enum link_refusal reason);

/* conn.c: the loop's part. */
enum conn_io { CONN_GO_ON, CONN_GONE };
/* Accepts TLS and reads and writes as far as it goes without waiting. */
enum conn_io conn_step(struct conn *c, int64_t now_us, size_t *input_bytes);
/* A whole frame at the front of `in`, or LINK_MORE, or LINK_BAD. */
enum link_result conn_frame(const struct conn *c, struct link_frame *frame, size_t *used);
void conn_drop_frame(struct conn *c, size_t used, size_t *input_bytes);
/* epoll events to wait for. */
uint32_t conn_events(const struct conn *c);
/* Has it taken too long with what it is doing? */
bool conn_is_late(const struct conn *c, int64_t now_us);
/* ALPN and client certificate rules of the listener. */
SSL_CTX *conn_context(const struct ca *ca, const char *folder, struct err *err);
void conn_free(struct conn *c, size_t *input_bytes);

#endif
