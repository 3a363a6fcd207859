#include "center/uplink/uplink.h"

#include "base/clock.h"
#include "base/log.h"
#include "center/uplink/workers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define TICK_MS 1000
#define ACCEPT_BURST 64
#define CHANGES_MAX 256 /* gateways with a new policy, waiting for the loop; more: all are asked */
#define SERVE_AGAIN_US (3600 * CLOCK_SECOND_US)

/* Gateways that core told of, from any thread, for the loop. */
struct changes {
    pthread_mutex_t lock;
    struct id gateways[CHANGES_MAX];
    size_t count;
    bool all;
};

struct uplink {
    struct ca ca;
    struct service service;
    char *folder;
    SSL_CTX *context;
    int listen_fd;
    int epoll_fd;
    int wake_fd;
    unsigned port;
    struct workers *workers;
    struct changes changes;
    pthread_t thread;
    bool has_thread;
    _Atomic bool stopping;
    struct conn *first;
    size_t count;
    size_t stranger_count;
    size_t input_bytes;
    int64_t next_tick_us;
    int64_t next_serve_us;
};

/* ---- changes told by core ---- */

static void on_change(void *context, const struct change *change)
{
    struct uplink *u = context;
    const uint64_t one = 1;
    if (change->kind != CHANGE_POLICY)
        return;
    pthread_mutex_lock(&u->changes.lock);
    if (u->changes.count < CHANGES_MAX)
        u->changes.gateways[u->changes.count++] = change->id;
    else
        u->changes.all = true;
    pthread_mutex_unlock(&u->changes.lock);
    (void)!write(u->wake_fd, &one, sizeof(one));
}

static void mark_changed(struct uplink *u)
{
    struct changes *changes = &u->changes;
    pthread_mutex_lock(&changes->lock);
    for (struct conn *c = u->first; c && (changes->all || changes->count > 0); c = c->next) {
        bool hit = changes->all;
        /* A connection that a worker has just now is asked too: its peer is not looked at here. */
        for (size_t i = 0; i < changes->count && !hit; i++)
            hit = c->busy || id_eq(&c->peer.gateway, &changes->gateways[i]);
        c->policy_due |= hit && c->state == CONN_OPEN;
    }
    changes->count = 0;
    changes->all = false;
    pthread_mutex_unlock(&changes->lock);
}

/* ---- connections ---- */

static void arm(struct uplink *u, struct conn *c)
{
    uint32_t events = conn_events(c);
    struct epoll_event e = {.events = events, .data.ptr = c};
    if (events == c->armed)
        return;
    c->armed = events;
    (void)epoll_ctl(u->epoll_fd, EPOLL_CTL_MOD, c->fd, &e);
}

static void count_stranger(struct uplink *u, struct conn *c, bool is_stranger)
{
    if (c->is_stranger == is_stranger)
        return;
    c->is_stranger = is_stranger;
    u->stranger_count += is_stranger ? 1 : (size_t)-1;
}

/* The socket goes at once; what a worker still has goes when it comes back. */
static void hang_up(struct uplink *u, struct conn *c)
{
    if (c->fd >= 0) {
        (void)epoll_ctl(u->epoll_fd, EPOLL_CTL_DEL, c->fd, NULL);
        if (c->busy)
            (void)shutdown(c->fd, SHUT_RDWR);
    }
    c->state = c->state == CONN_ENDING ? CONN_ENDING : CONN_CLOSED;
    if (c->busy) {
        c->state = CONN_CLOSED;
        return;
    }
    count_stranger(u, c, false);
    if (c->before)
        c->before->next = c->next;
    else
        u->first = c->next;
    if (c->next)
        c->next->before = c->before;
    u->count--;
    conn_free(c, &u->input_bytes);
}

static size_t strangers_of(const struct uplink *u, const char *address)
{
    size_t count = 0;
    for (const struct conn *c = u->first; c; c = c->next)
        count += c->is_stranger && strcmp(c->peer.address, address) == 0;
    return count;
}

static void address_text(const struct sockaddr_storage *peer, char out[IP_TEXT_BYTES])
{
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)peer;
    const struct sockaddr_in *four = (const struct sockaddr_in *)peer;
    out[0] = '\0';
    if (peer->ss_family == AF_INET)
        inet_ntop(AF_INET, &four->sin_addr, out, IP_TEXT_BYTES);
    else if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
        inet_ntop(AF_INET, six->sin6_addr.s6_addr + 12, out, IP_TEXT_BYTES);
    else
        inet_ntop(AF_INET6, &six->sin6_addr, out, IP_TEXT_BYTES);
}

static bool may_enter(const struct uplink *u, const char *address)
{
    return u->count < UPLINK_CONNECTIONS_MAX &&
           strangers_of(u, address) < UPLINK_STRANGERS_PER_ADDRESS;
}

/* Too many strangers: the one who has been here longest goes, not the one who comes. Who holds places from many addresses
 * without ever saying anything would keep every box out otherwise; a true handshake is over long before its turn. */
static void make_room(struct uplink *u)
{
    while (u->stranger_count > UPLINK_STRANGERS_MAX) {
        struct conn *oldest = NULL;
        for (struct conn *c = u->first; c; c = c->next)
            if (c->is_stranger && !c->busy && (!oldest || c->begin_us <= oldest->begin_us))
                oldest = c;
        if (!oldest)
            return;
        hang_up(u, oldest);
    }
}

static void welcome(struct uplink *u, int fd, const char *address)
{
    int on = 1;
    struct conn *c = calloc(1, sizeof(*c));
    if (!c || !(c->ssl = SSL_new(u->context)) || SSL_set_fd(c->ssl, fd) != 1) {
        if (c)
            SSL_free(c->ssl);
        free(c);
        close(fd);
        return;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    SSL_set_accept_state(c->ssl);
    c->fd = fd;
    c->begin_us = clock_mono_us();
    c->armed = EPOLLIN;
    buf_init(&c->in, LINK_FRAME_BYTES_MAX);
    buf_init(&c->out, LINK_FRAME_BYTES_MAX);
    memcpy(c->peer.address, address, IP_TEXT_BYTES);
    c->next = u->first;
    if (c->next)
        c->next->before = c;
    u->first = c;
    u->count++;
    count_stranger(u, c, true);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(u->epoll_fd, EPOLL_CTL_ADD, fd, &e) < 0)
        hang_up(u, c);
}

static void accept_some(struct uplink *u)
{
    for (int i = 0; i < ACCEPT_BURST; i++) {
        struct sockaddr_storage peer;
        socklen_t len = sizeof(peer);
        char address[IP_TEXT_BYTES];
        int fd =
            accept4(u->listen_fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            return;
        address_text(&peer, address);
        if (may_enter(u, address))
            welcome(u, fd, address);
        else
            close(fd);
    }
}

/* ---- messages ---- */

static bool give(struct uplink *u, struct conn *c, enum link_kind kind, struct str body)
{
    struct job *job = job_new(c, kind, body);
    if (!job)
        return false;
    c->busy = true;
    workers_give(u->workers, job);
    return true;
}

/* Hands the next thing to do of an idle connection to a worker. False: hang up. */
static bool next_message(struct uplink *u, struct conn *c)
{
    struct link_frame frame;
    size_t used;
    if (c->state != CONN_OPEN || c->busy || c->out.len > 0)
        return true;
    enum link_result result = conn_frame(c, &frame, &used);
    if (result == LINK_BAD)
        return false;
    if (result == LINK_OK) {
        bool given = give(u, c, frame.kind, frame.body);
        conn_drop_frame(c, used, &u->input_bytes);
        c->heard_us = clock_mono_us();
        return given;
    }
    if (!c->policy_due)
        return true;
    c->policy_due = false;
    return give(u, c, LINK_KINDS, STR_EMPTY);
}

static void drive(struct uplink *u, struct conn *c)
{
    int64_t now_us = clock_mono_us();
    if (conn_step(c, now_us, &u->input_bytes) == CONN_GONE || !next_message(u, c)) {
        hang_up(u, c);
        return;
    }
    arm(u, c);
}

static void take_answers(struct uplink *u)
{
    struct job *job;
    while ((job = workers_take(u->workers))) {
        struct conn *c = job->conn;
        c->busy = false;
        if (c->state == CONN_CLOSED || job->reply.failed) {
            hang_up(u, c);
        } else {
            if (!id_is_none(&c->peer.gateway))
                count_stranger(u, c, false);
            buf_add(&c->out, buf_str(&job->reply));
            c->sent_us = clock_mono_us();
            if (job->end)
                c->state = CONN_ENDING;
            drive(u, c);
        }
        job_free(job);
    }
}

static void drive_changed(struct uplink *u)
{
    mark_changed(u);
    for (struct conn *c = u->first; c;) {
        struct conn *next = c->next;
        if (c->policy_due)
            drive(u, c);
        c = next;
    }
}

static void tick(struct uplink *u, int64_t now_us)
{
    struct err err;
    for (struct conn *c = u->first; c;) {
        struct conn *next = c->next;
        if (c->state != CONN_CLOSED && conn_is_late(c, now_us))
            hang_up(u, c);
        c = next;
    }
    if (now_us < u->next_serve_us)
        return;
    u->next_serve_us = now_us + SERVE_AGAIN_US;
    if (ca_serve(&u->ca, u->folder, u->context, &err) < 0)
        log_error("uplink", "%s", err.text);
}

static void *run(void *argument)
{
    struct uplink *u = argument;
    struct epoll_event events[64];
    while (!u->stopping) {
        int n = epoll_wait(u->epoll_fd, events, ARRAY_COUNT(events), TICK_MS);
        bool woken = false;
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr == &u->listen_fd)
                accept_some(u);
            else if (events[i].data.ptr == &u->wake_fd)
                woken = true;
            else
                drive(u, events[i].data.ptr);
        }
        /* After the sockets: a connection may only go when no event of this round names it any more. */
        if (woken) {
            uint64_t count;
            (void)!read(u->wake_fd, &count, sizeof(count));
            take_answers(u);
            drive_changed(u);
        }
        make_room(u);
        int64_t now_us = clock_mono_us();
        if (now_us >= u->next_tick_us) {
            u->next_tick_us = now_us + TICK_MS * 1000;
            tick(u, now_us);
        }
    }
    return NULL;
}

/* ---- start and stop ---- */

static bool split_address(const char *text, char host[128], char port[8])
{
    const char *colon = strrchr(text, ':');
    size_t len = colon ? (size_t)(colon - text) : 0;
    if (!colon || len >= 128 || strlen(colon + 1) >= 8)
        return false;
    if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
    }
    memcpy(host, text, len);
    host[len] = '\0';
    memcpy(port, colon + 1, strlen(colon + 1) + 1);
    return true;
}

static int open_listener(struct uplink *u, const char *listen_text, struct err *err)
{
    char host[128];
    char port[8];
    int on = 1;
    struct addrinfo *found = NULL;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV};
    struct sockaddr_storage own;
    socklen_t own_bytes = sizeof(own);
    if (!split_address(listen_text, host, port) ||
        getaddrinfo(host[0] ? host : NULL, port, &hints, &found) != 0)
        return err_set(err, "uplink: \"%s\" is not ADDRESS:PORT", listen_text);
    u->listen_fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (u->listen_fd >= 0)
        (void)setsockopt(u->listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    bool good = u->listen_fd >= 0 && bind(u->listen_fd, found->ai_addr, found->ai_addrlen) == 0 &&
                listen(u->listen_fd, 512) == 0 &&
                getsockname(u->listen_fd, (struct sockaddr *)&own, &own_bytes) == 0;
    freeaddrinfo(found);
    if (!good)
        return err_errno(err, "uplink: cannot listen on %s", listen_text);
    u->port = ntohs(own.ss_family == AF_INET ? ((struct sockaddr_in *)&own)->sin_port
                                             : ((struct sockaddr_in6 *)&own)->sin6_port);
    return 0;
}

static int open_loop(struct uplink *u, struct err *err)
{
    struct epoll_event listening = {.events = EPOLLIN, .data.ptr = &u->listen_fd};
    struct epoll_event waking = {.events = EPOLLIN, .data.ptr = &u->wake_fd};
    u->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    u->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (u->epoll_fd < 0 || u->wake_fd < 0 ||
        epoll_ctl(u->epoll_fd, EPOLL_CTL_ADD, u->listen_fd, &listening) < 0 ||
        epoll_ctl(u->epoll_fd, EPOLL_CTL_ADD, u->wake_fd, &waking) < 0)
        return err_errno(err, "uplink: cannot make the loop");
    return 0;
}

static int start(struct uplink *u, const struct uplink_conf *conf, struct core *core,
                 struct err *err)
{
    u->folder = str_dup(str_c(conf->folder));
    if (!u->folder)
        return err_set(err, "uplink: out of memory");
    if (ca_open(&u->ca, conf->folder, err) < 0)
        return -1;
    u->service = (struct service){core, &u->ca,
                                  conf->certificate_s ? conf->certificate_s : UPLINK_CERTIFICATE_S};
    u->context = conn_context(&u->ca, conf->folder, err);
    if (!u->context || open_listener(u, conf->listen, err) < 0 || open_loop(u, err) < 0)
        return -1;
    u->next_serve_us = clock_mono_us() + SERVE_AGAIN_US;
    u->workers = workers_start(&u->service, u->wake_fd, err);
    if (!u->workers)
        return -1;
    if (core_listen(core, on_change, u) < 0)
        return err_set(err, "uplink: too many listen to core");
    if (pthread_create(&u->thread, NULL, run, u) != 0)
        return err_set(err, "uplink: cannot start a thread");
    u->has_thread = true;
    return 0;
}

struct uplink *uplink_start(const struct uplink_conf *conf, struct core *core, struct err *err)
{
    struct uplink *u = calloc(1, sizeof(*u));
    if (!u) {
        err_set(err, "uplink: out of memory");
        return NULL;
    }
    u->listen_fd = -1;
    u->epoll_fd = -1;
    u->wake_fd = -1;
    pthread_mutex_init(&u->changes.lock, NULL);
    signal(SIGPIPE, SIG_IGN);
    if (start(u, conf, core, err) == 0) {
        log_info("uplink", "gateways are heard on %s (port %u)", conf->listen, u->port);
        return u;
    }
    uplink_free(u);
    return NULL;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void uplink_stop(struct uplink *u)
{
    const uint64_t one = 1;
    if (!u || u->stopping)
        return;
    u->stopping = true;
    if (u->has_thread) {
        (void)!write(u->wake_fd, &one, sizeof(one));
        pthread_join(u->thread, NULL);
    }
    workers_stop(u->workers);
    while (u->first) {
        u->first->busy = false;
        hang_up(u, u->first);
    }
    close_fd(&u->listen_fd);
    close_fd(&u->epoll_fd);
}

/* wake_fd stays until here: on_change writes to it. */
void uplink_free(struct uplink *u)
{
    if (!u)
        return;
    uplink_stop(u);
    close_fd(&u->wake_fd);
    SSL_CTX_free(u->context);
    ca_close(&u->ca);
    pthread_mutex_destroy(&u->changes.lock);
    free(u->folder);
    free(u);
}

unsigned uplink_port(const struct uplink *u)
{
    return u->port;
}
