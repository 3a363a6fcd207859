/* tunnel: one TLS connection to the center that never blocks: frames in, frames out.
 *
 * Life:    tunnel_open (address known), tunnel_step whenever the descriptor is ready, frames by tunnel_frame, bytes to send
 *          appended to tunnel->out; tunnel_close.
 * Memory:  in and out are bounded by the largest frame; the caller does not append while much waits in out.
 */
#ifndef GATEWAY_LINK_TUNNEL_H
#define GATEWAY_LINK_TUNNEL_H

#include "link/link.h"

#include <openssl/ssl.h>
#include <sys/socket.h>

enum tunnel_state { TUNNEL_CLOSED, TUNNEL_CONNECTING, TUNNEL_HANDSHAKE, TUNNEL_OPEN };

struct tunnel {
    enum tunnel_state state;
    int fd;
    SSL *ssl;
    struct buf in;
    size_t in_at; /* read frames before it */
    struct buf out;
    size_t out_at; /* sent before it */
    bool ended;    /* the other end is gone; frames that came before are still to be read */
    char why[200]; /* why it closed, for a person */
};

void tunnel_init(struct tunnel *t);
void tunnel_fini(struct tunnel *t);
/* Begins to connect. protocol: the ALPN name the center must choose. 0 or -1 (t->why). */
NODISCARD int tunnel_open(struct tunnel *t, SSL_CTX *context, const struct sockaddr *address,
                          socklen_t address_bytes);
/* Goes on as far as it can without waiting. False: closed now (t->why). */
bool tunnel_step(struct tunnel *t);
/* EPOLLIN/EPOLLOUT to wait for. */
uint32_t tunnel_events(const struct tunnel *t);
/* The next frame that has come in whole; its body is valid until the next tunnel_step. LINK_BAD closes the tunnel. */
NODISCARD enum link_result tunnel_frame(struct tunnel *t, struct link_frame *frame);
/* Bytes not sent yet. */
size_t tunnel_waiting(const struct tunnel *t);
void tunnel_close(struct tunnel *t, const char *why);

#endif
