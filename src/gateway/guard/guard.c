#include "gateway/guard/guard.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "gateway/guard/watch.h"
#include "gateway/local/local.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define EXIT_USAGE 64
#define EXIT_CONFIG 78
#define TICK_MS 50
#define BEAT_LATE_MS 2000   /* an engine that is silent for so long hangs */
#define START_LATE_MS 60000 /* making machine code of the largest rule sets takes a second */
#define HEALTH_MS 5000
#define EVENT_QUEUE_BYTES (4 << 20)

static int make_signal_fd(struct err *err)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return fd < 0 ? err_errno(err, "signalfd") : fd;
}

static int make_timer_fd(struct err *err)
{
    struct itimerspec every = {{0, TICK_MS * 1000000L}, {0, TICK_MS * 1000000L}};
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (fd < 0 || timerfd_settime(fd, 0, &every, NULL) < 0)
        return err_errno(err, "timerfd");
    return fd;
}

/* Both ends stay open here: what waits in the queue survives a restart of link or engine. */
static int make_event_queue(struct watch *w, struct err *err)
{
    int bytes = EVENT_QUEUE_BYTES;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, w->event_fds) < 0)
        return err_errno(err, "the event queue");
    (void)!setsockopt(w->event_fds[0], SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes));
    return 0;
}

/* A disk that fails or is full costs what would have been written, not the network. */
static void open_eve(struct watch *w)
{
    char path[600];
    if (w->options.no_eve)
        return;
    snprintf(path, sizeof(path), "%s/eve.json", w->options.state_folder);
    w->eve_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (w->eve_fd < 0)
        log_error("guard", "%s: %s: no events are written there", path, strerror(errno));
}

/* logrotate has moved the file away. */
static void open_eve_anew(struct watch *w)
{
    struct control_message m = {.kind = CONTROL_EVENT_LOG};
    struct child *engine = &w->children[CHILD_ENGINE];
    int old = w->eve_fd;
    open_eve(w);
    if (w->eve_fd < 0) { /* told already; the old file still takes what comes */
        w->eve_fd = old;
        return;
    }
    if (old >= 0)
        close(old);
    if (!w->options.no_eve && engine->fd >= 0 && control_send_fd(engine->fd, &m, w->eve_fd) < 0)
        children_kill_engine(w, "it does not take orders");
}

static void restore_isolations(struct watch *w)
{
    struct err err;
    uint32_t damaged;
    snprintf(w->isolation_path, sizeof(w->isolation_path), "%s/isolated", w->options.state_folder);
    if (file_make_folder(w->options.state_folder, 0750, &err) < 0)
        log_error("guard", "%s: nothing survives a restart", err.text);
    if (isolation_load(&w->isolations, w->isolation_path, &damaged, &err) < 0)
        log_error("guard", "%s: who was cut off before is not known", err.text);
    else if (damaged)
        log_warn("guard", "%s: %u damaged lines left out", w->isolation_path, damaged);
}

/* Who was cut off before stays so: it stands in the table from its first moment on. */
static int hold_from_the_start(struct watch *w, struct err *err)
{
    const struct run_options *o = &w->options;
    struct hold_cut *cuts = calloc(ISOLATIONS_MAX, sizeof(*cuts));
    if (!cuts)
        return err_set(err, "out of memory");
    struct hold_plan plan = {.bridge = o->bridge,
                             .lan = o->lan,
                             .wan = o->wan,
                             .fail_closed = o->fail_closed,
                             .cuts = cuts,
                             .cut_count = w->isolations.count};
    for (uint32_t i = 0; i < w->isolations.count; i++)
        cuts[i] =
            (struct hold_cut){w->isolations.items[i].mac,
                              isolation_seconds_left(&w->isolations.items[i], clock_wall_us())};
    int rc = hold_open(&w->hold, &plan, err);
    free(cuts);
    return rc;
}

static int know_users(struct watch *w, struct err *err)
{
    const char *name = conf_text(w->options.conf, "otasuke.user", NULL);
    for (enum rights_process p = 0; p < RIGHTS_PROCESSES; p++)
        if (rights_user(name, p, &w->users[p], err) < 0)
            return -1;
    return 0;
}

/* The bridge first: whatever fails after it, frames pass. */
static int prepare(struct watch *w, struct err *err)
{
    children_init(w);
    w->hold.fd = w->eve_fd = w->listen_fd = w->sets_fd = -1;
    if (geteuid() != 0)
        return err_set(err, "root is needed to open network ports");
    if (know_users(w, err) < 0 || rules_open(w, err) < 0)
        return -1;
    restore_isolations(w);
    if (hold_from_the_start(w, err) < 0)
        return -1;
    w->fail_open_since_us = clock_wall_us(); /* until the engine says it is ready */
    w->last_tick_us = clock_mono_us();
    open_eve(w);
    if (make_event_queue(w, err) < 0)
        return -1;
    w->listen_fd = local_listen(w->options.socket, err);
    w->signal_fd = w->listen_fd < 0 ? -1 : make_signal_fd(err);
    w->timer_fd = w->signal_fd < 0 ? -1 : make_timer_fd(err);
    return w->timer_fd < 0 ? -1 : 0;
}

static void watch_engine(struct watch *w, int64_t now)
{
    struct child *engine = &w->children[CHILD_ENGINE];
    struct err err;
    if (!engine->pid)
        return;
    if (!engine->ready) {
        if (now - engine->started_us > START_LATE_MS * 1000)
            children_kill_engine(w, "it does not become ready");
        return;
    }
    int64_t silent_us = now - w->last_beat_us;
    if (silent_us > BEAT_LATE_MS * 1000) {
        children_kill_engine(w, "it hangs");
        return;
    }
    /* Not renewed while it is late: the bridge forwards before two seconds of silence are over. */
    if (silent_us > (HOLD_MS - HOLD_RENEW_MS) * 1000 ||
        now - w->last_renew_us < HOLD_RENEW_MS * 1000)
        return;
    if (orders_renew(w, &err) < 0)
        log_error("guard", "holding the bridge back: %s", err.text);
}

static void tick(struct watch *w)
{
    uint64_t times;
    (void)!read(w->timer_fd, &times, sizeof(times));
    int64_t now = clock_mono_us();
    /* Guard itself, or the whole machine, was asleep: the engine's silence says nothing. */
    if (now - w->last_tick_us > BEAT_LATE_MS * 1000 / 2)
        w->last_beat_us = now;
    w->last_tick_us = now;
    rules_step(w, now);
    children_start_due(w, now);
    watch_engine(w, now);
    orders_expire(w);
    if (now - w->last_health_us > HEALTH_MS * 1000) {
        w->last_health_us = now;
        tell_health(w);
        notify(w->fail_open_since_us ? "WATCHDOG=1\nSTATUS=inspection does not work"
                                     : "WATCHDOG=1\nSTATUS=inspecting");
    }
}

static void take_signals(struct watch *w)
{
    struct signalfd_siginfo info;
    while (read(w->signal_fd, &info, sizeof(info)) == sizeof(info)) {
        if (info.ssi_signo == SIGCHLD)
            children_reap(w);
        else if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
            w->stopping = true;
        else if (info.ssi_signo == SIGUSR2)
            rules_want(w);
        else if (info.ssi_signo == SIGHUP)
            open_eve_anew(w);
    }
}

static void loop(struct watch *w)
{
    while (!w->stopping) {
        struct pollfd fds[2 + CHILDREN] = {
            {.fd = w->signal_fd, .events = POLLIN},
            {.fd = w->timer_fd, .events = POLLIN},
        };
        for (size_t i = 0; i < CHILDREN; i++)
            fds[2 + i] = (struct pollfd){.fd = w->children[i].fd, .events = POLLIN};
        if (poll(fds, ARRAY_COUNT(fds), -1) < 0)
            continue;
        if (fds[0].revents)
            take_signals(w);
        /* Before the clock is asked: a sign of life that waits here is one. */
        for (enum child_kind kind = 0; kind < CHILDREN; kind++)
            if (fds[2 + kind].revents)
                orders_take(w, kind);
        if (fds[1].revents)
            tick(w);
    }
}

static int run(struct watch *w)
{
    struct err err;
    if (prepare(w, &err) < 0) {
        log_error("guard", "%s", err.text);
        return EXIT_CONFIG;
    }
    log_info("guard",
             "bridge %s between %s (LAN) and %s (WAN); frames pass while the engine starts",
             w->options.bridge, w->options.lan, w->options.wan);
    notify("READY=1"); /* the bridge is there: whatever waits for the network may go on */
    loop(w);
    notify("STOPPING=1");
    log_info("guard", "stopping; the bridge stays and frames pass without inspection");
    children_stop(w);
    if (hold_let_go(&w->hold, &err) < 0)
        log_error("guard", "%s", err.text);
    sets_write(w);
    if (w->options.remove)
        hold_remove(&w->hold);
    hold_close(&w->hold);
    unlink(w->options.socket);
    return 0;
}

int guard_command(int argc, char **argv)
{
    struct err err;
    struct watch *w = calloc(1, sizeof(*w));
    int status = 0;
    if (!w)
        return EXIT_CONFIG;
    if (run_options_read(&w->options, argc, argv, &err) < 0) {
        fprintf(stderr, "omamori run: %s\n", err.text);
        status = EXIT_USAGE;
    } else if (w->options.help) {
        fputs(run_help, stdout);
    } else {
        status = run(w);
    }
    conf_free(w->options.conf);
    free(w);
    return status;
}
