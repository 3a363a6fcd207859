#include "gateway/link/tunnel.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

#define READ_BYTES (16u << 10)
#define OUT_BYTES_MAX (8u << 20)

void tunnel_init(struct tunnel *t)
{
    memset(t, 0, sizeof(*t));
    t->fd = -1;
    buf_init(&t->in, LINK_FRAME_BYTES_MAX + READ_BYTES);
    buf_init(&t->out, OUT_BYTES_MAX);
}

void tunnel_close(struct tunnel *t, const char *why)
{
    if (t->state == TUNNEL_CLOSED)
        return;
    snprintf(t->why, sizeof(t->why), "%s", why);
    SSL_free(t->ssl);
    t->ssl = NULL;
    if (t->fd >= 0)
        close(t->fd);
    t->fd = -1;
    t->state = TUNNEL_CLOSED;
    buf_reset(&t->in);
    buf_reset(&t->out);
    t->in_at = 0;
    t->out_at = 0;
    t->ended = false;
    ERR_clear_error();
}

void tunnel_fini(struct tunnel *t)
{
    tunnel_close(t, "");
    buf_fini(&t->in);
    buf_fini(&t->out);
}

int tunnel_open(struct tunnel *t, SSL_CTX *context, const struct sockaddr *address,
                socklen_t address_bytes)
{
    int on = 1;
    t->fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    t->ssl = SSL_new(context);
    t->state = TUNNEL_CONNECTING;
    if (t->fd < 0 || !t->ssl || SSL_set_fd(t->ssl, t->fd) != 1) {
        tunnel_close(t, "no memory or descriptor for a connection");
        return -1;
    }
    (void)setsockopt(t->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    SSL_set_connect_state(t->ssl);
    if (connect(t->fd, address, address_bytes) < 0 && errno != EINPROGRESS) {
        tunnel_close(t, strerror(errno));
        return -1;
    }
    return 0;
}

/* What went wrong in words that help: the certificate's problem first. */
static void close_broken(struct tunnel *t)
{
    char why[200];
    long verify = SSL_get_verify_result(t->ssl);
    unsigned long code = ERR_peek_last_error();
    if (verify != X509_V_OK)
        snprintf(why, sizeof(why), "the center's certificate: %s",
                 X509_verify_cert_error_string(verify));
    else if (code != 0)
        snprintf(why, sizeof(why), "TLS: %s",
                 ERR_reason_error_string(code) ? ERR_reason_error_string(code) : "?");
    else
        snprintf(why, sizeof(why), "the center closed the connection");
    tunnel_close(t, why);
}

/* True: done or to be continued later. */
static bool judge(struct tunnel *t, int result)
{
    int reason = SSL_get_error(t->ssl, result);
    if (reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE)
        return true;
    close_broken(t);
    return false;
}

static bool finish_connect(struct tunnel *t)
{
    int problem = 0;
    socklen_t len = sizeof(problem);
    struct sockaddr_storage peer;
    socklen_t peer_len = sizeof(peer);
    (void)getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &problem, &len);
    if (problem != 0) {
        tunnel_close(t, strerror(problem));
        return false;
    }
    if (getpeername(t->fd, (struct sockaddr *)&peer, &peer_len) == 0)
        t->state = TUNNEL_HANDSHAKE;
    return true;
}

static bool finish_handshake(struct tunnel *t)
{
    const unsigned char *protocol;
    unsigned protocol_bytes;
    ERR_clear_error();
    int result = SSL_do_handshake(t->ssl);
    if (result != 1)
        return judge(t, result);
    SSL_get0_alpn_selected(t->ssl, &protocol, &protocol_bytes);
    if (protocol_bytes == 0) {
        tunnel_close(t, "the other end is no center");
        return false;
    }
    t->state = TUNNEL_OPEN;
    return true;
}

static bool send_waiting(struct tunnel *t)
{
    while (t->out_at < t->out.len) {
        size_t sent;
        ERR_clear_error();
        int result = SSL_write_ex(t->ssl, t->out.p + t->out_at, t->out.len - t->out_at, &sent);
        if (result != 1)
            return judge(t, result);
        t->out_at += sent;
    }
    buf_reset(&t->out);
    t->out_at = 0;
    return true;
}

static bool receive(struct tunnel *t)
{
    if (t->in_at > 0) { /* what was read goes, the rest of a frame moves to the front */
        memmove(t->in.p, t->in.p + t->in_at, t->in.len - t->in_at);
        t->in.len -= t->in_at;
        t->in_at = 0;
    }
    while (t->in.len < LINK_FRAME_BYTES_MAX) {
        size_t got;
        if (!buf_reserve(&t->in, READ_BYTES)) {
            tunnel_close(t, "out of memory");
            return false;
        }
        ERR_clear_error();
        int result = SSL_read_ex(t->ssl, t->in.p + t->in.len, READ_BYTES, &got);
        if (result != 1 && t->in.len > 0 && SSL_get_error(t->ssl, result) != SSL_ERROR_WANT_READ) {
            t->ended = true; /* a refusal may be among what came: first that is read */
            return true;
        }
        if (result != 1)
            return judge(t, result);
        t->in.len += got;
    }
    return true;
}

bool tunnel_step(struct tunnel *t)
{
    if (t->state == TUNNEL_CONNECTING && !finish_connect(t))
        return false;
    if (t->state == TUNNEL_HANDSHAKE && !finish_handshake(t))
        return false;
    if (t->state != TUNNEL_OPEN)
        return t->state != TUNNEL_CLOSED;
    if (t->out.failed) {
        tunnel_close(t, "out of memory");
        return false;
    }
    if (t->ended)
        return true;
    /* Reading first: a center that refuses says why before it closes, and sending would only find it closed. */
    return receive(t) && (t->ended || send_waiting(t));
}

uint32_t tunnel_events(const struct tunnel *t)
{
    if (t->state == TUNNEL_CONNECTING)
        return EPOLLOUT;
    bool wants_write =
        t->state == TUNNEL_HANDSHAKE ? SSL_want_write(t->ssl) : tunnel_waiting(t) > 0;
    return EPOLLIN | (wants_write ? (uint32_t)EPOLLOUT : 0);
}

enum link_result tunnel_frame(struct tunnel *t, struct link_frame *frame)
{
    size_t used;
    if (t->state != TUNNEL_OPEN)
        return LINK_MORE;
    struct str bytes = str_from(buf_str(&t->in), t->in_at);
    enum link_result result = link_frame_read(bytes, LINK_FROM_CENTER, frame, &used);
    if (result == LINK_OK)
        t->in_at += used;
    if (result == LINK_BAD)
        tunnel_close(t, "the center sent what is no message");
    if (result == LINK_MORE && t->ended)
        close_broken(t);
    return result;
}

size_t tunnel_waiting(const struct tunnel *t)
{
    return t->out.len - t->out_at;
}
