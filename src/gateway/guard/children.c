#include "gateway/guard/watch.h"

#include "base/clock.h"
#include "base/log.h"
#include "gateway/io/io.h"
#include "gateway/local/local.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAUSE_FIRST_MS 100
#define PAUSE_MAX_MS 10000
#define STOP_WAIT_MS 3000

static const char *const child_names[CHILDREN] = {"compile", "engine", "link", "local"};
static const char *const process_names[CHILDREN] = {"omamori-compile", "omamori-engine",
                                                    "omamori-link", "omamori-local"};

void children_init(struct watch *w)
{
    for (size_t i = 0; i < CHILDREN; i++)
        w->children[i] = (struct child){.fd = -1};
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* In the child: nothing of guard's own but what is handed on. */
static void leave_guard(struct watch *w, enum child_kind kind)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGINT, SIG_IGN); /* ^C reaches guard, which stops its children in order */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NAME, process_names[kind]);
    for (size_t i = 0; i < CHILDREN; i++)
        close_fd(&w->children[i].fd);
    close_fd(&w->signal_fd);
    close_fd(&w->timer_fd);
    close_fd(&w->hold.fd);
    if (kind != CHILD_LOCAL)
        close_fd(&w->listen_fd);
    if (kind != CHILD_ENGINE) {
        close_fd(&w->eve_fd);
        close_fd(&w->rules.now.fd);
        close_fd(&w->event_fds[0]);
        close_fd(&w->sets_fd);
    }
    if (kind != CHILD_LINK)
        close_fd(&w->event_fds[1]);
    if (kind != CHILD_COMPILE) {
        close_fd(&w->rules.next.fd);
        close_fd(&w->rules.cache_fd);
    }
    close_fd(&w->rules.before.fd);
}

static int run_engine(struct watch *w, int control_fd, int lan_fd, int wan_fd)
{
    const struct run_options *o = &w->options;
    struct worker_conf conf = {
        .yaml = o->conf,
        .maker_folder = o->maker_folder,
        .ground = &w->rules.ground,
        .user = &w->users[RIGHTS_ENGINE],
        .rules_fd = w->rules.now.fd,
        .rules = w->rules.now.rules,
        .lan_fd = lan_fd,
        .wan_fd = wan_fd,
        .eve_fd = w->eve_fd,
        .link_fd = o->no_link ? -1 : w->event_fds[0],
        .control_fd = control_fd,
        .sets_fd = w->sets_fd,
    };
    return worker_run(&conf);
}

/* Its folder, and the one for traces, are its user's; the folders above need not be open to it: it works inside. */
static int enter_link_folder(struct watch *w, const char *trace_folder, int *trace_fd,
                             struct err *err)
{
    char folder[600];
    const struct rights_user *user = &w->users[RIGHTS_LINK];
    snprintf(folder, sizeof(folder), "%s/link", w->options.state_folder);
    int fd = rights_hand_folder(folder, user, err);
    if (fd < 0)
        return -1;
    *trace_fd = trace_folder ? rights_hand_folder(trace_folder, user, err) : 0;
    int rc = *trace_fd < 0 ? -1 : fchdir(fd) < 0 ? err_errno(err, "%s", folder) : 0;
    close(fd);
    return rc;
}

static int run_link(struct watch *w, int control_fd)
{
    struct err err;
    const char *trace_folder = conf_text(w->options.conf, "otasuke.link.trace_folder", NULL);
    int trace_fd;
    if (enter_link_folder(w, trace_folder, &trace_fd, &err) < 0 ||
        rights_drop(RIGHTS_LINK, &w->users[RIGHTS_LINK], &err) < 0) {
        log_error("link", "%s", err.text);
        return 1;
    }
    struct link_conf conf = {
        .folder = ".",
        .software = OTASUKE_VERSION,
        .center = conf_text(w->options.conf, "otasuke.center", NULL),
        .spool_bytes = conf_bytes(w->options.conf, "otasuke.link.spool", 0),
        .trace_folder = trace_folder,
        .trace_fd = trace_fd,
    };
    if (link_run(&conf, w->event_fds[1], control_fd, &err) == 0)
        return 0;
    log_error("link", "%s", err.text);
    return 1;
}

static int run_local(struct watch *w, int control_fd)
{
    struct err err;
    if (rights_drop(RIGHTS_LOCAL, &w->users[RIGHTS_LOCAL], &err) < 0 ||
        rights_fence(RIGHTS_LOCAL, &err) < 0) {
        log_error("local", "%s", err.text);
        return 1;
    }
    return local_run(w->listen_fd, control_fd);
}

static int run_child(struct watch *w, enum child_kind kind, int control_fd, const int ports[2])
{
    switch (kind) {
    case CHILD_COMPILE: return rules_compile(w, control_fd);
    case CHILD_ENGINE: return run_engine(w, control_fd, ports[0], ports[1]);
    case CHILD_LINK: return run_link(w, control_fd);
    case CHILD_LOCAL: return run_local(w, control_fd);
    case CHILDREN: break;
    }
    return 1;
}

static int open_ports(const struct watch *w, int ports[2], struct err *err)
{
    ports[0] = io_open(w->options.lan, err);
    ports[1] = ports[0] < 0 ? -1 : io_open(w->options.wan, err);
    if (ports[1] >= 0)
        return 0;
    close_fd(&ports[0]);
    return -1;
}

static int start(struct watch *w, enum child_kind kind, struct err *err)
{
    struct child *c = &w->children[kind];
    int pair[2], ports[2] = {-1, -1};
    if (control_pair(pair, err) < 0)
        return -1;
    if ((kind == CHILD_COMPILE && rules_compile_begins(w, err) < 0) ||
        (kind == CHILD_ENGINE && open_ports(w, ports, err) < 0)) {
        close(pair[0]), close(pair[1]);
        return -1;
    }
    if (kind == CHILD_ENGINE)
        sets_begin(w);
    c->pid = fork();
    if (c->pid == 0) {
        close(pair[0]);
        leave_guard(w, kind);
        _exit(run_child(w, kind, pair[1], ports));
    }
    close(pair[1]);
    close_fd(&ports[0]);
    close_fd(&ports[1]);
    c->fd = pair[0];
    c->ready = false;
    c->starts++;
    c->started_us = clock_mono_us();
    if (c->pid > 0)
        return 0;
    c->pid = 0;
    close_fd(&c->fd);
    return err_errno(err, "starting %s", child_names[kind]);
}

static void pause_before_next(struct child *c)
{
    int64_t pause_ms = PAUSE_FIRST_MS;
    for (uint32_t i = 0; i < c->failures && pause_ms < PAUSE_MAX_MS; i++)
        pause_ms *= 2;
    c->failures++;
    c->not_before_us = clock_mono_us() + (pause_ms < PAUSE_MAX_MS ? pause_ms : PAUSE_MAX_MS) * 1000;
}

static bool is_wanted(const struct watch *w, enum child_kind kind)
{
    switch (kind) {
    case CHILD_COMPILE: return rules_compile_is_due(w);
    case CHILD_ENGINE: return rules_are_there(w);
    case CHILD_LINK: return !w->options.no_link;
    case CHILD_LOCAL: return true;
    case CHILDREN: break;
    }
    return false;
}

void children_start_due(struct watch *w, int64_t now_us)
{
    for (enum child_kind kind = 0; kind < CHILDREN; kind++) {
        struct child *c = &w->children[kind];
        struct err err;
        if (c->pid || w->stopping || now_us < c->not_before_us || !is_wanted(w, kind))
            continue;
        if (start(w, kind, &err) < 0) {
            log_error("guard", "%s", err.text);
            pause_before_next(c);
        }
    }
}

static void engine_is_gone(struct watch *w, const char *why)
{
    struct err err;
    if (hold_let_go(&w->hold, &err) < 0)
        log_error("guard", "letting the bridge forward: %s (it does by itself within %d ms)",
                  err.text, HOLD_MS);
    if (w->stopping || w->fail_open_since_us)
        return;
    w->fail_open_since_us = clock_wall_us();
    w->inspected_once = true; /* whatever it was before: from now on it is a failure, not a start */
    log_error("guard", "the engine is gone (%s): frames pass WITHOUT inspection%s", why,
              w->hold.fail_closed ? ": no, fail-closed: nothing passes" : "");
    tell_fail_open(w, true, why);
}

static void describe_end(int status, char *text, size_t cap)
{
    if (WIFSIGNALED(status))
        snprintf(text, cap, "signal %d", WTERMSIG(status));
    else
        snprintf(text, cap, "exit status %d", WEXITSTATUS(status));
}

/* It comes and goes; without rules of any kind it is tried again and again. */
static void compile_is_gone(struct watch *w, bool well, const char *why)
{
    struct child *c = &w->children[CHILD_COMPILE];
    rules_compile_ended(w, well, why);
    if (well)
        c->failures = 0;
    else if (!rules_are_there(w))
        pause_before_next(c);
}

static void child_ended(struct watch *w, enum child_kind kind, int status)
{
    struct child *c = &w->children[kind];
    char why[64];
    describe_end(status, why, sizeof(why));
    orders_take(w, kind); /* what it said last */
    c->pid = 0;
    close_fd(&c->fd);
    if (kind == CHILD_ENGINE)
        engine_is_gone(w, why);
    if (w->stopping)
        return;
    if (kind == CHILD_COMPILE) {
        compile_is_gone(w, status == 0, why);
        return;
    }
    if (kind == CHILD_ENGINE)
        rules_engine_ended(w, why, WIFSIGNALED(status));
    if (kind == CHILD_LINK)
        w->link_connected = false;
    log_error("guard", "%s ended (%s); it is started again", child_names[kind], why);
    pause_before_next(c);
}

void children_reap(struct watch *w)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (enum child_kind kind = 0; kind < CHILDREN; kind++)
            if (w->children[kind].pid == pid)
                child_ended(w, kind, status);
}

void children_kill_engine(struct watch *w, const char *why)
{
    if (!w->children[CHILD_ENGINE].pid)
        return;
    log_error("guard", "the engine is stopped: %s", why);
    kill(w->children[CHILD_ENGINE].pid, SIGKILL);
}

void children_hung_up(struct watch *w, enum child_kind kind)
{
    struct child *c = &w->children[kind];
    close_fd(&c->fd);
    if (c->pid)
        kill(c->pid, SIGKILL); /* one that ends by itself keeps its own exit status */
}

static bool any_left(const struct watch *w)
{
    for (size_t i = 0; i < CHILDREN; i++)
        if (w->children[i].pid)
            return true;
    return false;
}

void children_stop(struct watch *w)
{
    struct control_message stop = {.kind = CONTROL_STOP};
    w->stopping = true;
    for (enum child_kind kind = 0; kind < CHILDREN; kind++) {
        struct child *c = &w->children[kind];
        if (kind == CHILD_ENGINE && c->fd >= 0 && control_send(c->fd, &stop) == 0)
            continue;
        if (c->pid)
            kill(c->pid, SIGTERM);
    }
    int64_t until = clock_mono_us() + STOP_WAIT_MS * 1000;
    while (any_left(w) && clock_mono_us() < until) {
        children_reap(w);
        usleep(5000);
    }
    for (size_t i = 0; i < CHILDREN; i++)
        if (w->children[i].pid)
            kill(w->children[i].pid, SIGKILL);
}
