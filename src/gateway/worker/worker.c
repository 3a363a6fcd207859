#include "gateway/worker/worker.h"

#include "gateway/worker/crewman.h"

#include "gateway/rights/rights.h"

#include "base/clock.h"
#include "base/log.h"

#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define LINE_BYTES_MAX (64 * 1024)
#define REPLY_BYTES 2048
#define STATS_EVERY_S 60
#define STATS_EVERY_MAX_S 86400
#define LOSS_EVERY_US INT64_C(60000000)
#define LAST_LINES_MS \
    2000 /* a disk that takes longer loses them: the network waits for the next engine */
#define ROUNDS_MAX 16 /* batches per port before the clock is looked at again */

static int attach_ports(struct crewman *c, struct err *err)
{
    c->ports[SIDE_LAN] = io_attach(c->conf->lan_fd, err);
    c->ports[SIDE_WAN] = c->ports[SIDE_LAN] ? io_attach(c->conf->wan_fd, err) : NULL;
    return c->ports[SIDE_WAN] ? 0 : -1;
}

/* Suricata's own default of 8 s would fill a small disk; a suricata.yaml that names it gets it. */
static void read_stats(struct crewman *c)
{
    const struct conf *yaml = c->conf->yaml;
    int64_t every_s = yaml ? conf_int(yaml, "stats.interval", STATS_EVERY_S) : STATS_EVERY_S;
    bool wanted =
        c->eve.stats && c->conf->eve_fd >= 0 && (!yaml || conf_bool(yaml, "stats.enabled", true));
    c->begun_us = c->stats_us = clock_mono_us();
    if (every_s < 1 || every_s > STATS_EVERY_MAX_S)
        every_s = STATS_EVERY_S;
    c->stats_every_us = wanted ? every_s * 1000000 : 0;
}

static int prepare(struct crewman *c, struct err *err)
{
    buf_init(&c->line, LINE_BYTES_MAX);
    buf_init(&c->reply, REPLY_BYTES);
    if (!buf_reserve(&c->line, LINE_BYTES_MAX) || !buf_reserve(&c->reply, REPLY_BYTES))
        return err_set(err, "out of memory for events");
    if (attach_ports(c, err) < 0)
        return -1;
    if (c->conf->maker_folder && !(c->makers = maker_list_load(c->conf->maker_folder, err)))
        return -1;
    if (rights_drop(RIGHTS_ENGINE, c->conf->user, err) < 0 || change_begin(c, err) < 0)
        return -1;
    if (!(c->devices = device_table_new(c->makers)))
        return err_set(err, "out of memory for the device table");
    struct eve_conf logs[ENGINE_EVE_MAX];
    if (!engine_eve_read(logs, c->conf->yaml) && !engine_eve_read(logs, NULL))
        return err_set(err, "no event log"); /* cannot be: without settings there is one */
    c->eve = logs[0];
    read_stats(c);
    engine_conf_read(&c->engine_conf, c->conf->yaml, true);
    if (c->conf->memory_bytes)
        c->engine_conf.memory_bytes = c->conf->memory_bytes;
    c->eve.app_conf = &c->engine_conf.app;
    c->log_file = (struct evelog_file){.lock = PTHREAD_MUTEX_INITIALIZER, .fd = c->conf->eve_fd};
    evelog_init(&c->log, &c->log_file, &c->eve);
    c->log.add = tell_add;
    c->log.add_owner = c;
    struct engine_sink sink = {c, tell_wants, tell_event, NULL};
    c->engine = engine_new(&c->engine_conf, c->image, c->hosts, &sink, err);
    return c->engine ? 0 : -1;
}

/* One batch of a port: judged, sent, given back. Returns how many frames there were. */
static uint32_t serve_port(struct crewman *c, enum side side)
{
    struct io_frame frame;
    uint32_t count = 0;
    c->from = side;
    while (count < IO_BATCH && io_take(c->ports[side], &frame)) {
        act_on_frame(c, &frame);
        count++;
    }
    io_send(c->ports[SIDE_LAN]);
    io_send(c->ports[SIDE_WAN]);
    io_give_back(c->ports[side]);
    return count;
}

static void beat(struct crewman *c)
{
    struct control_message message = {.kind = CONTROL_BEAT};
    struct io_counts lan, wan;
    const struct engine_counts *counts = engine_counts(c->engine);
    io_read_counts(c->ports[SIDE_LAN], &lan);
    io_read_counts(c->ports[SIDE_WAN], &wan);
    message.counts = (struct control_counts){
        .frames = counts->frames,
        .bytes = counts->bytes,
        .dropped = c->dropped + c->isolated_frames,
        .alerts = counts->alerts,
        .kernel_drops = lan.kernel_drops + wan.kernel_drops,
        .send_errors = lan.send_errors + wan.send_errors,
        .events_lost = c->link_lost + c->log_file.lost,
    };
    /* A full queue means that guard is busy, not gone: the next beat comes in WORKER_BEAT_MS. */
    (void)!control_send(c->conf->control_fd, &message);
}

/* The file was moved away (logrotate): what is buffered belongs to it, what follows to the new one. */
static void log_anew(struct crewman *c, int fd)
{
    evelog_flush(&c->log);
    if (fd >= 0 && c->log.writer)
        evelog_writer_use(c->log.writer, fd);
    else if (fd >= 0)
        close(fd);
}

static void tell_stats(struct crewman *c, int64_t now_us, int64_t wall_us)
{
    struct io_counts lan, wan;
    if (!c->stats_every_us || now_us - c->stats_us < c->stats_every_us)
        return;
    c->stats_us = now_us;
    io_read_counts(c->ports[SIDE_LAN], &lan);
    io_read_counts(c->ports[SIDE_WAN], &wan);
    struct evelog_capture capture = {.kernel_packets = lan.received + wan.received,
                                     .kernel_drops = lan.kernel_drops + wan.kernel_drops,
                                     .errors = lan.send_errors + wan.send_errors};
    struct evelog_moment moment = {
        .time_us = wall_us, .uptime_s = (double)(now_us - c->begun_us) / 1e6, .capture = &capture};
    evelog_stats(&c->log, &c->engine, 1, &moment);
}

/* The disk does not keep up: said once a minute, with the count; `omamori status` shows it too. */
static void warn_of_loss(struct crewman *c, int64_t now_us)
{
    uint64_t lost = c->log_file.lost;
    if (lost == c->log_lost_told || now_us - c->log_warned_us < LOSS_EVERY_US)
        return;
    log_warn("engine", "event log: %llu events lost: the disk does not take them",
             (unsigned long long)(lost - c->log_lost_told));
    c->log_lost_told = lost;
    c->log_warned_us = now_us;
}

static void obey(struct crewman *c)
{
    struct control_message message;
    int got, passed;
    while ((got = control_receive_fd(c->conf->control_fd, &message, &passed)) > 0) {
        if (message.kind == CONTROL_ISOLATION)
            isolated_set(&c->isolated, &message.mac, message.isolated);
        else if (message.kind == CONTROL_READY)
            c->lease_us = message.until_us;
        else if (message.kind == CONTROL_RULES)
            change_order(c, &message.rules, passed), passed = -1;
        else if (message.kind == CONTROL_EVENT_LOG)
            log_anew(c, passed), passed = -1;
        else if (message.kind == CONTROL_STOP)
            c->stop = true;
        if (passed >= 0)
            close(passed);
    }
    if (got < 0)
        c->stop = true;
}

static void keep_time(struct crewman *c)
{
    int64_t now = clock_mono_us();
    if (now - c->last_beat_us < WORKER_BEAT_MS * 1000)
        return;
    c->last_beat_us = now;
    int64_t wall = clock_wall_us();
    engine_tick(c->engine, wall);
    tell_devices(c, wall);
    tell_stats(c, now, wall);
    evelog_flush(&c->log);
    warn_of_loss(c, now);
    beat(c);
    obey(c);
    change_step(c);
}

/* Frames that arrived before guard held the bridge back were forwarded by it: they are not ours. */
static void drain(struct io_port *port)
{
    struct io_frame frame;
    uint32_t seen = 0;
    while (seen < IO_RING_FRAMES && io_take(port, &frame)) {
        if (++seen % IO_BATCH == 0)
            io_give_back(port);
    }
    io_give_back(port);
}

static bool has_lease(const struct crewman *c)
{
    return clock_mono_us() < c->lease_us;
}

/* Says that it is ready to inspect, and waits for guard to hold the bridge back. An order that has waited here for too long
 * is none: the bridge may be forwarding again. */
static void await_go(struct crewman *c)
{
    struct control_message message = {.kind = CONTROL_READY};
    struct pollfd fd = {.fd = c->conf->control_fd, .events = POLLIN};
    c->stop = control_send(c->conf->control_fd, &message) < 0;
    while (!has_lease(c) && !c->stop) {
        poll(&fd, 1, -1);
        obey(c);
    }
    drain(c->ports[SIDE_LAN]);
    drain(c->ports[SIDE_WAN]);
}

/* This process was not run for a while, or guard was not: the bridge forwards, and what waits in the rings has passed. */
static void keep_lease(struct crewman *c)
{
    if (has_lease(c))
        return;
    obey(c); /* a renewal may be waiting */
    if (!has_lease(c) && !c->stop)
        await_go(c);
}

/* A port that is down makes poll return at once, and would keep the processor busy with nothing. */
static void wait_for_frames(struct crewman *c, struct pollfd *fds, nfds_t count)
{
    if (poll(fds, count, WORKER_BEAT_MS / 2) <= 0)
        return;
    for (enum side side = 0; side < SIDES; side++) {
        if (!(fds[side].revents & (POLLERR | POLLHUP | POLLNVAL)))
            continue;
        io_take_error(c->ports[side]);
        usleep(WORKER_BEAT_MS * 1000 / 4);
    }
}

static void loop(struct crewman *c)
{
    struct pollfd fds[] = {
        {.fd = io_fd(c->ports[SIDE_LAN]), .events = POLLIN},
        {.fd = io_fd(c->ports[SIDE_WAN]), .events = POLLIN},
        {.fd = c->conf->control_fd, .events = POLLIN},
    };
    while (!c->stop) {
        uint32_t rounds = 0, served;
        keep_lease(c);
        do
            served = serve_port(c, SIDE_LAN) + serve_port(c, SIDE_WAN);
        while (served && ++rounds < ROUNDS_MAX);
        keep_time(c);
        if (!served)
            wait_for_frames(c, fds, ARRAY_COUNT(fds));
        if (fds[2].revents)
            obey(c);
    }
}

static void clean_up(struct crewman *c)
{
    engine_free(c->engine);
    if (c->log.file)
        evelog_fini(&c->log);
    evelog_writer_free(c->log.writer, LAST_LINES_MS);
    device_table_free(c->devices);
    maker_list_free(c->makers);
    change_end(c);
    io_close(c->ports[SIDE_LAN]);
    io_close(c->ports[SIDE_WAN]);
    buf_fini(&c->line);
    buf_fini(&c->reply);
}

static int fence_writer(void)
{
    struct err err;
    return rights_fence(RIGHTS_ENGINE, &err);
}

/* The event log is written by a thread of its own: no frame waits for a disk. */
static int start_writer(struct crewman *c, struct err *err)
{
    if (c->conf->eve_fd < 0)
        return 0;
    c->log.writer = evelog_writer_new(&c->log_file, EVELOG_ROOM_BYTES, fence_writer, err);
    return c->log.writer ? 0 : -1;
}

int worker_run(const struct worker_conf *conf)
{
    struct crewman c = {.conf = conf};
    struct err err;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    tzset();
    /* one heap for all threads: for more the library counts processors and opens files of /proc, which the fence forbids */
    mallopt(M_ARENA_MAX, 1);
    int status = 0;
    if (prepare(&c, &err) < 0 || loader_start(&c.loader, conf->ground, &err) < 0 ||
        start_writer(&c, &err) < 0 || rights_fence(RIGHTS_ENGINE, &err) < 0) {
        log_error("engine", "%s", err.text);
        status = 78;
    } else {
        await_go(&c);
        loop(&c);
        sets_hand_over(&c);
    }
    clean_up(&c);
    return status;
}
