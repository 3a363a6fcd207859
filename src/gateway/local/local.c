#include "gateway/local/local.h"

#include "base/buf.h"
#include "base/clock.h"
#include "gateway/control/control.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int local_listen(const char *path, struct err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path))
        return err_set(err, "%s: too long for a socket's name", path);
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_errno(err, "%s", path);
    unlink(path);
    mode_t old = umask(0117);
    int rc = bind(fd, (struct sockaddr *)&address, sizeof(address));
    umask(old);
    if (rc < 0 || listen(fd, 8) < 0) {
        close(fd);
        return err_errno(err, "%s: listening", path);
    }
    return fd;
}

/* ---- the process ---- */

struct visit {
    int client, control;
};

static void say(const struct visit *v, struct buf *text)
{
    struct str s = buf_str(text);
    (void)!send(v->client, s.p, s.len, MSG_NOSIGNAL);
    buf_reset(text);
}

static void say_word(const struct visit *v, const char *word)
{
    (void)!send(v->client, word, strlen(word), MSG_NOSIGNAL);
}

static bool wait_for(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, LOCAL_WAIT_MS) == 1;
}

static bool next_answer(const struct visit *v, struct control_message *m)
{
    return wait_for(v->control) && control_receive(v->control, m) > 0;
}

static void add_time(struct buf *b, int64_t wall_us)
{
    char text[CLOCK_TEXT_BYTES];
    buf_add(b, str_of(text, clock_format_utc(wall_us, text)));
}

static void add_rules(struct buf *b, const struct control_message *m)
{
    const struct control_rules *r = &m->rules;
    buf_add_c(b, "rules        ");
    if (r->number) {
        buf_printf(b, "%u loaded, %u not usable, in force since ", r->loaded, r->skipped);
        add_time(b, r->since_us);
        buf_printf(b, "\nrule files   %s\n", m->text);
    } else {
        buf_add_c(b, "none yet\n");
    }
    buf_printf(b, "new rules    %s, %llu times since the start, %llu times failed\n",
               r->reading  ? "being read"
               : r->failed ? "THE LAST ATTEMPT FAILED (omamori reload tells why)"
                           : "none waiting",
               (unsigned long long)r->reloads, (unsigned long long)r->failures);
}

static void show_status(const struct visit *v, struct buf *b)
{
    struct control_message m;
    if (!next_answer(v, &m) || m.kind != CONTROL_STATUS) {
        say_word(v, "error: guard gives no answer\n");
        return;
    }
    const struct control_counts *c = &m.counts;
    buf_printf(b, "inspection   %s",
               m.fail_open ? "NOT WORKING: frames pass without inspection since " : "working\n");
    if (m.fail_open) {
        add_time(b, m.since_us);
        buf_add_byte(b, '\n');
    }
    buf_printf(b, "center       %s\n", m.link_connected ? "connected" : "not connected");
    buf_printf(b, "frames       %llu (%llu bytes)\n", (unsigned long long)c->frames,
               (unsigned long long)c->bytes);
    buf_printf(b, "alerts       %llu\n", (unsigned long long)c->alerts);
    buf_printf(b, "stopped      %llu frames\n", (unsigned long long)c->dropped);
    buf_printf(b, "overload     %llu frames lost in the ring, %llu not sent\n",
               (unsigned long long)c->kernel_drops, (unsigned long long)c->send_errors);
    buf_printf(b, "events lost  %llu\n", (unsigned long long)c->events_lost);
    buf_printf(b, "engine       started %llu times\n", (unsigned long long)m.engine_starts);
    add_rules(b, &m);
    buf_add_c(b, "ok\n");
    say(v, b);
}

/* First a word for `omamori reload`, which waits for it to change; then what people read. */
static void show_rules(const struct visit *v, struct buf *b)
{
    struct control_message m;
    if (!next_answer(v, &m) || m.kind != CONTROL_RULES) {
        say_word(v, "error: guard gives no answer\n");
        return;
    }
    if (m.rules.failed && (!m.rules.reading || !m.rules.number)) {
        buf_printf(b, "error: not used: %s%s\n", m.text,
                   m.rules.number ? "; the rules before stay in force" : "");
        say(v, b);
        return;
    }
    buf_add_c(b, m.rules.reading ? "reading\n" : "rest\n");
    add_rules(b, &m);
    buf_add_c(b, "ok\n");
    say(v, b);
}

static void show_isolated(const struct visit *v, struct buf *b)
{
    struct control_message m;
    while (next_answer(v, &m) && m.kind == CONTROL_ISOLATION) {
        char mac[MAC_TEXT_BYTES];
        mac_format(&m.mac, mac);
        buf_printf(b, "%s  by %-7s  since ", mac, control_origin_name(m.origin));
        add_time(b, m.since_us);
        buf_add_c(b, m.until_us ? "  until " : "  until released");
        if (m.until_us)
            add_time(b, m.until_us);
        buf_printf(b, "  %s\n", m.text);
        say(v, b);
    }
    say_word(v, "ok\n");
}

static void show_done(const struct visit *v, const char *refused)
{
    struct control_message m;
    if (!next_answer(v, &m))
        say_word(v, "error: guard gives no answer\n");
    else
        say_word(v, m.kind == CONTROL_DONE ? "ok\n" : refused);
}

/* "isolate MAC SECONDS reason", "release MAC", "status", "isolated", "reload", "rules" */
static bool read_command(struct str line, struct control_message *m)
{
    struct str word = str_split(&line, ' ');
    uint64_t seconds = 0;
    *m = (struct control_message){.origin = CONTROL_BY_COMMAND};
    if (str_eq(word, STR_LIT("status"))) {
        m->kind = CONTROL_ASK_STATUS;
        return true;
    }
    if (str_eq(word, STR_LIT("isolated"))) {
        m->kind = CONTROL_ASK_ISOLATIONS;
        return true;
    }
    if (str_eq(word, STR_LIT("reload"))) {
        m->kind = CONTROL_WANT_RELOAD;
        return true;
    }
    if (str_eq(word, STR_LIT("rules"))) {
        m->kind = CONTROL_ASK_RULES;
        return true;
    }
    if (!mac_parse(str_split(&line, ' '), &m->mac))
        return false;
    if (str_eq(word, STR_LIT("release"))) {
        m->kind = CONTROL_WANT_RELEASE;
        return true;
    }
    if (!str_eq(word, STR_LIT("isolate")) || !str_to_u64(str_split(&line, ' '), &seconds) ||
        seconds > 366 * 86400)
        return false;
    m->kind = CONTROL_WANT_ISOLATION;
    m->until_us = seconds ? clock_wall_us() + (int64_t)seconds * CLOCK_SECOND_US : 0;
    line = str_cut(line, 0, CONTROL_TEXT_BYTES - 1);
    if (line.len)
        memcpy(m->text, line.p, line.len);
    return true;
}

static void serve(const struct visit *v)
{
    char line[LOCAL_LINE_BYTES];
    struct control_message m;
    uint8_t memory[2048];
    struct buf b = buf_fixed(memory, sizeof(memory));
    ssize_t n = wait_for(v->client) ? recv(v->client, line, sizeof(line), 0) : 0;
    if (n <= 0)
        return;
    struct str text = str_trim(str_of(line, (size_t)n));
    if (!read_command(text, &m)) {
        say_word(v, "error: not understood\n");
        return;
    }
    while (control_receive(v->control, &(struct control_message){0}) > 0)
        ; /* answers that came too late for an earlier visitor */
    if (control_send(v->control, &m) < 0)
        say_word(v, "error: guard gives no answer\n");
    else if (m.kind == CONTROL_ASK_STATUS)
        show_status(v, &b);
    else if (m.kind == CONTROL_ASK_ISOLATIONS)
        show_isolated(v, &b);
    else if (m.kind == CONTROL_ASK_RULES)
        show_rules(v, &b);
    else if (m.kind == CONTROL_WANT_RELOAD)
        show_done(v, "error: refused\n");
    else if (m.kind == CONTROL_WANT_RELEASE)
        show_done(v, "error: that machine is not cut off\n");
    else
        show_done(v, "error: not the address of one machine, or too many are cut off\n");
}

int local_run(int listen_fd, int control_fd)
{
    for (;;) {
        struct pollfd fds[] = {{.fd = listen_fd, .events = POLLIN},
                               {.fd = control_fd, .events = POLLIN}};
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            return 1;
        if (fds[1].revents & POLLHUP)
            return 0;
        if (fds[1].revents & POLLIN)
            while (control_receive(control_fd, &(struct control_message){0}) > 0)
                ;
        if (!(fds[0].revents & POLLIN))
            continue;
        struct visit v = {accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC), control_fd};
        if (v.client < 0)
            continue;
        serve(&v);
        close(v.client);
    }
}
