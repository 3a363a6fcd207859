#include "center/uplink/conn.h"

#include "base/clock.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define READ_BYTES (16u << 10)
#define SEND_S 60 /* without any progress */

/* ---- the listener's rules ---- */

/* Without a certificate only the enrolment protocol is spoken, and only if the box asked for it by name. The choice falls
 * before the certificate request is written. */
/* foreign signature */
static int select_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_bytes,
                           const unsigned char *in, unsigned in_bytes, void *argument)
{
    static const struct str link = {(const uint8_t *)LINK_ALPN, sizeof(LINK_ALPN) - 1};
    static const struct str enrol = {(const uint8_t *)LINK_ALPN_ENROL, sizeof(LINK_ALPN_ENROL) - 1};
    const unsigned char *found = NULL;
    unsigned char found_bytes = 0;
    (void)argument;
    for (unsigned at = 0; at < in_bytes && at + 1 + in[at] <= in_bytes; at += 1u + in[at]) {
        struct str name = str_of(in + at + 1, in[at]);
        if (str_eq(name, link) || (!found && str_eq(name, enrol))) {
            found = name.p;
            found_bytes = (unsigned char)name.len;
        }
    }
    if (!found)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    if (str_eq(str_of(found, found_bytes), enrol))
        SSL_set_verify(ssl, SSL_VERIFY_NONE, NULL);
    *out = found;
    *out_bytes = found_bytes;
    return SSL_TLSEXT_ERR_OK;
}

SSL_CTX *conn_context(const struct ca *ca, const char *folder, struct err *err)
{
    SSL_CTX *c = SSL_CTX_new(TLS_server_method());
    if (!c || X509_STORE_add_cert(SSL_CTX_get_cert_store(c), ca->certificate) != 1 ||
        SSL_CTX_add_client_CA(c, ca->certificate) != 1) {
        SSL_CTX_free(c);
        err_set(err, "uplink: cannot set up TLS");
        return NULL;
    }
    SSL_CTX_set_min_proto_version(c, TLS1_3_VERSION);
    SSL_CTX_set_verify(c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_verify_depth(c, 1);
    /* No resumption: every connection shows and proves its certificate anew. */
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(c, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    (void)SSL_CTX_set_num_tickets(c, 0);
    SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_alpn_select_cb(c, select_protocol, NULL);
    if (ca_serve(ca, folder, c, err) == 0)
        return c;
    SSL_CTX_free(c);
    return NULL;
}

/* ---- one connection ---- */

void conn_free(struct conn *c, size_t *input_bytes)
{
    *input_bytes -= c->in_counted;
    if (c->state == CONN_ENDING)
        (void)SSL_shutdown(c->ssl);
    SSL_free(c->ssl);
    if (c->fd >= 0)
        close(c->fd);
    buf_fini(&c->in);
    buf_fini(&c->out);
    OPENSSL_cleanse(&c->peer, sizeof(c->peer));
    free(c);
    ERR_clear_error();
}

static enum conn_io judge(struct conn *c, int result)
{
    int reason = SSL_get_error(c->ssl, result);
    return reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE ? CONN_GO_ON : CONN_GONE;
}

static int64_t time_us(const ASN1_TIME *t)
{
    struct tm tm;
    return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) * CLOCK_SECOND_US : 0;
}

/* What TLS has proved is written down once. */
static bool meet(struct conn *c)
{
    const unsigned char *protocol;
    unsigned bytes;
    struct peer *s = &c->peer;
    SSL_get0_alpn_selected(c->ssl, &protocol, &bytes);
    if (!link_spki_sha256(SSL_get_certificate(c->ssl), s->spki_sha256))
        return false;
    if (str_eq(str_of(protocol, bytes), str_c(LINK_ALPN_ENROL))) {
        s->kind = PEER_ENROL;
        return true;
    }
    X509 *certificate = SSL_get0_peer_certificate(c->ssl);
    if (!str_eq(str_of(protocol, bytes), str_c(LINK_ALPN)) || !certificate ||
        SSL_get_verify_result(c->ssl) != X509_V_OK || !ca_serial(certificate, s->serial))
        return false;
    s->kind = PEER_GATEWAY;
    s->certificate_begin_us = time_us(X509_get0_notBefore(certificate));
    s->certificate_end_us = time_us(X509_get0_notAfter(certificate));
    return true;
}

static enum conn_io accept_tls(struct conn *c)
{
    ERR_clear_error();
    int result = SSL_accept(c->ssl);
    if (result != 1)
        return judge(c, result);
    if (!meet(c))
        return CONN_GONE;
    c->state = CONN_OPEN;
    return CONN_GO_ON;
}

static enum conn_io send_waiting(struct conn *c, int64_t now_us)
{
    while (c->out_at < c->out.len) {
        size_t sent;
        ERR_clear_error();
        int result = SSL_write_ex(c->ssl, c->out.p + c->out_at, c->out.len - c->out_at, &sent);
        if (result != 1)
            return judge(c, result);
        c->out_at += sent;
        c->sent_us = now_us;
    }
    buf_fini(&c->out); /* idle connections keep no memory */
    buf_init(&c->out, LINK_FRAME_BYTES_MAX);
    c->out_at = 0;
    return c->state == CONN_ENDING ? CONN_GONE : CONN_GO_ON;
}

/* No more than the frame that is coming in: its own head said how long it is, and its kind how long it may be. */
static size_t wanted_bytes(const struct conn *c)
{
    struct link_frame frame;
    size_t used;
    if (link_frame_read(buf_str(&c->in), LINK_FROM_BOX, &frame, &used) != LINK_MORE)
        return 0;
    return used - c->in.len;
}

static enum conn_io receive(struct conn *c, int64_t now_us, size_t *input_bytes)
{
    size_t wanted;
    while ((wanted = wanted_bytes(c)) > 0) {
        size_t got;
        size_t room = wanted < READ_BYTES ? wanted : READ_BYTES;
        if (*input_bytes + room > UPLINK_INPUT_BYTES_MAX || !buf_reserve(&c->in, room))
            return CONN_GONE;
        ERR_clear_error();
        int result = SSL_read_ex(c->ssl, c->in.p + c->in.len, room, &got);
        if (result != 1)
            return judge(c, result);
        if (c->in.len == 0)
            c->frame_us = now_us;
        c->in.len += got;
        c->in_counted += got;
        *input_bytes += got;
    }
    return CONN_GO_ON;
}

enum conn_io conn_step(struct conn *c, int64_t now_us, size_t *input_bytes)
{
    if (c->state == CONN_HANDSHAKE && accept_tls(c) == CONN_GONE)
        return CONN_GONE;
    if (c->state == CONN_HANDSHAKE)
        return CONN_GO_ON;
    if (c->out.failed || send_waiting(c, now_us) == CONN_GONE)
        return CONN_GONE;
    if (c->state != CONN_OPEN || c->busy || c->out.len > 0)
        return CONN_GO_ON; /* one message at a time: what follows waits in the kernel, then at the sender */
    return receive(c, now_us, input_bytes);
}

enum link_result conn_frame(const struct conn *c, struct link_frame *frame, size_t *used)
{
    return link_frame_read(buf_str(&c->in), LINK_FROM_BOX, frame, used);
}

void conn_drop_frame(struct conn *c, size_t used, size_t *input_bytes)
{
    (void)used; /* never more than one frame is read */
    *input_bytes -= c->in_counted;
    c->in_counted = 0;
    c->frame_us = 0;
    buf_fini(&c->in);
    buf_init(&c->in, LINK_FRAME_BYTES_MAX + READ_BYTES);
}

uint32_t conn_events(const struct conn *c)
{
    if (c->state == CONN_HANDSHAKE)
        return EPOLLIN | (SSL_want_write(c->ssl) ? (uint32_t)EPOLLOUT : 0);
    if (c->out.len > 0)
        return EPOLLOUT;
    return c->busy ? 0 : EPOLLIN;
}

bool conn_is_late(const struct conn *c, int64_t now_us)
{
    const int64_t second = CLOCK_SECOND_US;
    if (c->out.len > 0)
        return now_us - c->sent_us > SEND_S * second;
    if (c->busy)
        return false;
    if (c->state == CONN_HANDSHAKE || c->heard_us == 0)
        return now_us - c->begin_us > UPLINK_HANDSHAKE_S * second;
    if (c->peer.kind == PEER_ENROL)
        return now_us - c->begin_us > UPLINK_ENROL_S * second;
    if (c->frame_us != 0)
        return now_us - c->frame_us > UPLINK_FRAME_S * second;
    return now_us - c->heard_us > UPLINK_IDLE_S * second;
}
