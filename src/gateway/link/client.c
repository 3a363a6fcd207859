#include "gateway/link/client.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "gateway/rights/rights.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define BACKOFF_FIRST_US (1 * CLOCK_SECOND_US)
#define BACKOFF_MAX_US (60 * CLOCK_SECOND_US)
#define CONNECT_US (20 * CLOCK_SECOND_US) /* until the handshake is through */
#define STATUS_US (5 * CLOCK_SECOND_US)
#define IDENTITY_US \
    (2 * CLOCK_SECOND_US) /* how often an unenrolled box looks whether it is enrolled now */
#define WAIT_MAX_US (1 * CLOCK_SECOND_US)

enum slot { SLOT_SIGNAL, SLOT_CONTROL, SLOT_EVENT, SLOT_RESOLVE, SLOT_TUNNEL, SLOTS };

/* ---- connecting ---- */

/* Half of the wait is random: a thousand boxes do not come back in the same second after the center was away. */
static void wait_longer(struct client *c)
{
    uint32_t random;
    hash_random(&random, sizeof(random));
    c->backoff_us = c->backoff_us == 0 ? BACKOFF_FIRST_US : c->backoff_us * 2;
    if (c->backoff_us > BACKOFF_MAX_US)
        c->backoff_us = BACKOFF_MAX_US;
    c->next_try_us = clock_mono_us() + c->backoff_us / 2 + random % (c->backoff_us / 2);
}

static void connection_lost(struct client *c)
{
    bool was_welcome = c->is_welcome;
    session_end(c);
    wait_longer(c);
    if (was_welcome || strcmp(c->problem, c->tunnel.why) != 0)
        log_warn("link", "no connection to the center: %s", c->tunnel.why);
}

/* Another process may have enrolled the box, or enrolled it anew, meanwhile. */
static bool have_identity(struct client *c)
{
    struct err err;
    struct identity id;
    int result = identity_load(&id, c->conf->folder, &err);
    if (result != 0) {
        snprintf(c->problem, sizeof(c->problem), "%.200s",
                 result < 0 ? err.text : "not enrolled yet");
        return c->is_enrolled;
    }
    SSL_CTX *context = identity_context(&id, &err);
    if (!context) {
        identity_fini(&id);
        return c->is_enrolled;
    }
    int given_up = spool_belong_to(c->spool, id.gateway);
    if (given_up < 0) {
        snprintf(c->problem, sizeof(c->problem), "it cannot be told whose the waiting events are");
        SSL_CTX_free(context);
        identity_fini(&id);
        return false;
    }
    bool other = c->is_enrolled && strcmp(id.gateway, c->id.gateway) != 0;
    if (c->is_enrolled)
        identity_fini(&c->id);
    SSL_CTX_free(c->context);
    c->id = id;
    c->context = context;
    if (given_up)
        log_warn("link",
                 "this box is another gateway now: what was kept for the one before is given up");
    if (!c->is_enrolled || other) {
        c->is_enrolled = true;
        c->policy.number = 0;
        policy_load(c);
    }
    return true;
}

static void start_connection(struct client *c)
{
    const char *center;
    if (!have_identity(c)) {
        c->next_try_us = clock_mono_us() + IDENTITY_US;
        return;
    }
    center = c->conf->center ? c->conf->center : c->id.center;
    c->resolve_fd = resolve_start(center);
    if (c->resolve_fd < 0)
        wait_longer(c);
}

static void try_next_address(struct client *c)
{
    while (c->next_address < c->addresses.count) {
        int i = c->next_address++;
        c->heard_us = clock_mono_us();
        if (tunnel_open(&c->tunnel, c->context, (const struct sockaddr *)&c->addresses.addresses[i],
                        c->addresses.address_bytes[i]) == 0)
            return;
    }
    connection_lost(c);
}

static void take_addresses(struct client *c)
{
    resolve_take(c->resolve_fd, &c->addresses);
    c->resolve_fd = -1;
    c->next_address = 0;
    if (c->addresses.count == 0)
        snprintf(c->tunnel.why, sizeof(c->tunnel.why), "%s", c->addresses.why);
    try_next_address(c);
}

static void drive_tunnel(struct client *c)
{
    enum tunnel_state before = c->tunnel.state;
    (void)tunnel_step(&c->tunnel);
    if (before != TUNNEL_OPEN && c->tunnel.state == TUNNEL_OPEN)
        session_begin(c);
    if (c->tunnel.state == TUNNEL_OPEN)
        session_step(c);
    if (c->tunnel.state == TUNNEL_OPEN && tunnel_waiting(&c->tunnel) > 0)
        (void)tunnel_step(&c->tunnel); /* what was just written goes at once */
    if (c->tunnel.state == TUNNEL_CLOSED && before != TUNNEL_CLOSED) {
        if (before == TUNNEL_OPEN)
            connection_lost(c);
        else
            try_next_address(c);
    }
}

static void watch_connect_time(struct client *c, int64_t now_us)
{
    bool opening = c->tunnel.state == TUNNEL_CONNECTING || c->tunnel.state == TUNNEL_HANDSHAKE;
    if (!opening || now_us - c->heard_us < CONNECT_US)
        return;
    tunnel_close(&c->tunnel, "the center does not answer");
    try_next_address(c);
}

/* ---- the loop ---- */

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int wait_ms(const struct client *c, int64_t now_us)
{
    int64_t until_us = earlier(now_us + WAIT_MAX_US, c->next_status_us);
    if (c->tunnel.state == TUNNEL_OPEN)
        until_us = earlier(until_us, session_next_us(c));
    if (c->tunnel.state == TUNNEL_CLOSED && c->resolve_fd < 0)
        until_us = earlier(until_us, c->next_try_us);
    return until_us <= now_us ? 0 : (int)((until_us - now_us) / 1000) + 1;
}

static void timers(struct client *c)
{
    int64_t now_us = clock_mono_us();
    watch_connect_time(c, now_us);
    if (c->tunnel.state == TUNNEL_CLOSED && c->resolve_fd < 0 && now_us >= c->next_try_us)
        start_connection(c);
    if (now_us >= c->next_status_us) {
        c->next_status_us = now_us + STATUS_US;
        intake_report_dropped(c);
        status_send(c);
    }
}

/* False: time to stop. */
static bool turn(struct client *c, int signal_fd, bool *event_open)
{
    struct pollfd p[SLOTS] = {
        [SLOT_SIGNAL] = {.fd = signal_fd, .events = POLLIN},
        [SLOT_CONTROL] = {.fd = c->control_fd, .events = POLLIN},
        [SLOT_EVENT] = {.fd = *event_open ? c->event_fd : -1, .events = POLLIN},
        [SLOT_RESOLVE] = {.fd = c->resolve_fd, .events = POLLIN},
        [SLOT_TUNNEL] = {.fd = c->tunnel.fd},
    };
    uint32_t want = tunnel_events(&c->tunnel);
    p[SLOT_TUNNEL].events =
        (short)(((want & EPOLLIN) ? POLLIN : 0) | ((want & EPOLLOUT) ? POLLOUT : 0));
    if (poll(p, SLOTS, wait_ms(c, clock_mono_us())) < 0 && errno != EINTR)
        return false;
    if (p[SLOT_SIGNAL].revents)
        return false;
    if (p[SLOT_EVENT].revents)
        *event_open = intake_read(c);
    if (p[SLOT_CONTROL].revents && !control_read(c))
        return false;
    if (p[SLOT_RESOLVE].revents)
        take_addresses(c);
    if (c->tunnel.state != TUNNEL_CLOSED)
        drive_tunnel(c);
    timers(c);
    return true;
}

static int open_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void set_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags >= 0)
        (void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

static int start(struct client *c, struct err *err)
{
    char folder[512];
    snprintf(folder, sizeof(folder), "%s/spool", c->conf->folder);
    c->codec = link_codec_new();
    c->datagram = malloc(INTAKE_BYTES_MAX);
    if (!c->codec || !c->datagram)
        return err_set(err, "link: out of memory");
    c->spool = spool_open(
        folder, c->conf->spool_bytes ? c->conf->spool_bytes : LINK_SPOOL_BYTES_DEFAULT, err);
    if (!c->spool)
        return -1;
    if (trace_open(c, err) < 0)
        return -1;
    set_nonblocking(c->event_fd);
    set_nonblocking(c->control_fd);
    return rights_fence(RIGHTS_LINK, err);
}

static void stop(struct client *c)
{
    if (c->tunnel.state == TUNNEL_OPEN)
        (void)SSL_shutdown(c->tunnel.ssl);
    tunnel_fini(&c->tunnel);
    if (c->resolve_fd >= 0)
        close(c->resolve_fd); /* the thread's write fails, and it ends */
    if (c->trace_fd >= 0)
        close(c->trace_fd);
    spool_close(c->spool);
    link_codec_free(c->codec);
    buf_fini(&c->lines);
    SSL_CTX_free(c->context);
    EVP_PKEY_free(c->next_key);
    if (c->is_enrolled)
        identity_fini(&c->id);
    free(c->datagram);
}

int link_run(const struct link_conf *conf, int event_fd, int control_fd, struct err *err)
{
    struct client *c = calloc(1, sizeof(*c));
    bool event_open = true;
    int result = -1;
    int signal_fd = open_signals();
    if (!c || signal_fd < 0) {
        free(c);
        return err_set(err, "link: out of memory or descriptors");
    }
    *c = (struct client){.conf = conf,
                         .event_fd = event_fd,
                         .control_fd = control_fd,
                         .first_datagram = true,
                         .resolve_fd = -1,
                         .trace_fd = -1};
    tunnel_init(&c->tunnel);
    buf_init(&c->lines, LINK_INFLATED_BYTES_MAX);
    if (start(c, err) == 0) {
        while (turn(c, signal_fd, &event_open))
            ;
        result = 0;
    }
    stop(c);
    close(signal_fd);
    free(c);
    return result;
}
