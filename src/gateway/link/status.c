#include "gateway/link/client.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static void add_counter(struct json *j, const char *name, uint64_t value)
{
    json_uint(j, name, value <= INT64_MAX ? value : INT64_MAX);
}

static uint64_t all_waiting(const struct spool_state *s)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < LINK_IMPORTANCES; i++)
        sum += s->lanes[i].waiting;
    return sum;
}

static uint64_t all_dropped(const struct spool_state *s)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < LINK_IMPORTANCES; i++)
        sum += s->lanes[i].dropped;
    return sum;
}

static void add_own_counters(const struct client *c, struct json *j)
{
    struct spool_state s;
    spool_state(c->spool, &s);
    add_counter(j, "link_events_in", c->counters.events_in);
    add_counter(j, "link_events_refused", c->counters.events_refused);
    add_counter(j, "link_fields_removed", c->counters.fields_removed);
    add_counter(j, "link_batches_forbidden", c->counters.batches_forbidden);
    add_counter(j, "link_connects", c->counters.connects);
    add_counter(j, "spool_bytes", s.bytes);
    add_counter(j, "spool_waiting", all_waiting(&s));
    add_counter(j, "spool_dropped", all_dropped(&s));
    add_counter(j, "spool_dropped_alerts", s.lanes[LINK_IMPORTANCE_ALERT].dropped);
    add_counter(j, "spool_damaged", s.damaged_segments);
    add_counter(j, "spool_write_errors", s.write_errors);
}

/* {"center":"h:443","gateway":"01K..","enrolled":true,"connected":true,"since_us":1,"offset_us":0,"policy":3,
 *  "certificate_not_after_us":1,"problem":"..","counters":{..}} */
void link_status_write(const struct client *c, struct buf *out)
{
    struct json j;
    json_init(&j, out);
    json_object(&j, NULL);
    json_bool(&j, "enrolled", c->is_enrolled);
    if (c->is_enrolled) {
        json_text(&j, "center", c->conf->center ? c->conf->center : c->id.center);
        json_text(&j, "gateway", c->id.gateway);
        json_int(&j, "certificate_not_after_us", identity_not_after_us(&c->id));
    }
    json_bool(&j, "connected", c->is_welcome);
    json_int(&j, "since_us", c->is_welcome ? c->connected_wall_us : 0);
    if (c->knows_offset)
        json_int(&j, "offset_us", c->offset_us);
    json_uint(&j, "policy", c->policy.number);
    json_bytes(&j, "problem", str_c(c->is_welcome ? "" : c->problem));
    json_object(&j, "counters");
    add_own_counters(c, &j);
    add_counter(&j, "link_batches_sent", c->counters.batches_sent);
    add_counter(&j, "link_events_acked", c->counters.events_acked);
    add_counter(&j, "link_policies_refused", c->counters.policies_refused);
    json_end_object(&j);
    json_end_object(&j);
}

void link_health_write(const struct client *c, int64_t wall_us, struct buf *out)
{
    struct json j;
    json_init(&j, out);
    json_object(&j, NULL);
    json_text(&j, "event_type", "otasuke_health");
    json_text(&j, "version", c->conf->software);
    json_uint(&j, "policy", c->policy.number);
    json_int(&j, "wall_us", wall_us);
    if (c->has_health) {
        if (c->health.capture[0])
            json_bytes(&j, "capture", str_c(c->health.capture));
        json_bool(&j, "fail_open", c->health.fail_open);
    }
    json_object(&j, "counters");
    for (size_t i = 0; c->has_health && i < c->health.counter_count; i++)
        add_counter(&j, c->health.counters[i].name, c->health.counters[i].value);
    add_own_counters(c, &j);
    json_end_object(&j);
    json_end_object(&j);
}

bool guard_send(int control_fd, const char *word, struct str json)
{
    struct buf message;
    buf_init(&message, 0);
    buf_add_c(&message, word);
    buf_add_byte(&message, ' ');
    buf_add(&message, json);
    ssize_t sent =
        message.failed ? -1 : send(control_fd, message.p, message.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    buf_fini(&message);
    return sent > 0;
}

void status_send(struct client *c)
{
    struct buf text;
    buf_init(&text, 0);
    link_status_write(c, &text);
    (void)guard_send(c->control_fd, "status", buf_str(&text)); /* the next one comes soon */
    buf_fini(&text);
}

bool control_read(struct client *c)
{
    char memory[32u << 10];
    for (int i = 0; i < 16; i++) {
        ssize_t n = recv(c->control_fd, memory, sizeof(memory), MSG_DONTWAIT);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        if (n == 0)
            return false;
        struct str json = str_of(memory, (size_t)n);
        struct str word = str_split(&json, ' ');
        struct link_health health;
        if (str_eq(word, STR_LIT("health")) && health_read(json, &health)) {
            c->health = health;
            c->has_health = true;
        }
    }
    return true;
}

int trace_open(struct client *c, struct err *err)
{
    const char *folder = c->conf->trace_folder;
    if (!folder)
        return 0;
    log_warn("link", "link.trace_folder is set: all that leaves is also written to %s", folder);
    c->trace_fd = c->conf->trace_fd;
    if (c->trace_fd > 0)
        return 0;
    if (file_make_folder(folder, 0700, err) < 0)
        return -1;
    c->trace_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return c->trace_fd < 0 ? err_errno(err, "%s", folder) : 0;
}

static bool write_trace(const struct client *c, const char *name, struct str text)
{
    int fd = openat(c->trace_fd, "new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    ssize_t n = write(fd, text.p, text.len);
    close(fd);
    return n == (ssize_t)text.len && renameat(c->trace_fd, "new", c->trace_fd, name) == 0;
}

void trace_write(struct client *c, const char *what, struct str text)
{
    char name[100];
    if (c->trace_fd < 0)
        return;
    snprintf(name, sizeof(name), "%.40s-%d-%06llu.jsonl", what, (int)getpid(),
             (unsigned long long)c->trace_number++);
    if (!write_trace(c, name, text))
        log_warn("link", "trace: %s: %s", name, strerror(errno));
}
