#include "gateway/worker/crewman.h"

#include "base/clock.h"
#include "engine/file/file.h"

#include <errno.h>
#include <sys/socket.h>

/* Classes of rules that speak of a machine inside that is infected already: whatever packet they matched, the threat goes
 * from the inside out. */
static const char *const infected_classes[] = {
    "command-and-control",
    "domain-c2",
    "coin-mining",
    "trojan-activity",
};

/* A file on its way in is not yet an infection: there the way of its bytes counts. */
static bool speaks_of_file(const struct eve_event *event)
{
    for (const struct file *f = event->tx ? event->tx->files : NULL; f; f = f->next)
        if (f->dir == event->dir)
            return true;
    return false;
}

static bool speaks_of_infected(const struct eve_event *event)
{
    if (!event->hit || speaks_of_file(event))
        return false;
    for (size_t i = 0; i < ARRAY_COUNT(infected_classes); i++)
        if (strcmp(event->hit->rule->class_name, infected_classes[i]) == 0)
            return true;
    return false;
}

/* The way the matching bytes move: the packet's for what was found in it, the record's for a transaction. */
static bool moves_outwards(const struct crewman *c, const struct eve_event *event)
{
    if (event->packet && event->packet->frame)
        return !event->packet->frame->from_wan;
    if (!event->flow)
        return c->from == SIDE_LAN;
    bool by_lan = event->flow->opened_by == FLOW_OPENED_BY_LAN;
    return (event->dir == DIR_TOSERVER) == by_lan;
}

/* The machine on the LAN side of what the event tells of. */
static const struct device *device_of(const struct crewman *c, const struct eve_event *event)
{
    const struct packet *p = event->packet;
    bool out = moves_outwards(c, event);
    if (p && p->has_mac) {
        const struct device *d = devices_find(c->devices, out ? &p->src_mac : &p->dst_mac);
        if (d)
            return d;
    }
    if (p)
        return devices_find_ip(c->devices, out ? &p->src : &p->dst);
    if (!event->flow)
        return NULL;
    bool by_lan = event->flow->opened_by == FLOW_OPENED_BY_LAN;
    return devices_find_ip(c->devices, by_lan ? &event->flow->client_ip : &event->flow->server_ip);
}

void tell_add(void *owner, const struct eve_event *event, struct json *out)
{
    const struct crewman *c = owner;
    static const char *const opened[] = {"unknown", "lan", "wan"};
    static const char *const verdicts[] = {"allowed", "dropped", "rejected"};
    json_object(out, "otasuke");
    const struct device *d = device_of(c, event);
    if (d) {
        json_object(out, "device");
        device_write(d, out);
        json_end_object(out);
    }
    if (event->flow)
        json_text(out, "opened_by", opened[event->flow->opened_by]);
    bool infected = speaks_of_infected(event);
    json_text(out, "threat_direction",
              infected || moves_outwards(c, event) ? "inside_out" : "outside_in");
    if (event->verdict) {
        const struct verdict *v = event->verdict;
        bool blocked = v->enforced && v->action != VERDICT_ACCEPT;
        json_bool(out, "blocked", blocked);
        json_text(out, "verdict", verdicts[blocked ? v->action : VERDICT_ACCEPT]);
    }
    json_end_object(out);
}

/* What the center gets: alerts, one for each attempt. Everything else stays in the firm. */
static bool goes_to_center(const struct eve_event *event)
{
    return event->type == EVE_ALERT && !event->repeated;
}

static void send_to_link(struct crewman *c)
{
    struct str line = buf_str(&c->line);
    if (c->line.failed) {
        c->link_lost++;
        return;
    }
    ssize_t n;
    do
        n = send(c->conf->link_fd, line.p, line.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    c->link_lost += n < 0;
}

bool tell_wants(void *owner, enum eve_type type, enum app_proto proto)
{
    struct crewman *c = owner;
    return type == EVE_ALERT || (c->conf->eve_fd >= 0 && eve_wants(&c->eve, type, proto));
}

void tell_event(void *owner, const struct eve_event *event)
{
    struct crewman *c = owner;
    if (c->conf->eve_fd >= 0)
        evelog_event(&c->log, event);
    if (c->conf->link_fd < 0 || !goes_to_center(event))
        return;
    struct json json;
    buf_reset(&c->line);
    json_init(&json, &c->line);
    json_object(&json, NULL);
    eve_write(&c->eve, event, &json);
    tell_add(c, event, &json);
    json_end_object(&json);
    send_to_link(c);
}

static void write_device_event(struct crewman *c, const struct device *d, int64_t now_us)
{
    char time[CLOCK_TEXT_BYTES];
    struct json json;
    size_t len = clock_format_eve(now_us, time);
    buf_reset(&c->line);
    json_init(&json, &c->line);
    json_object(&json, NULL);
    json_bytes(&json, "timestamp", str_of(time, len));
    json_text(&json, "event_type", "otasuke_device");
    json_object(&json, "otasuke");
    json_object(&json, "device");
    device_write(d, &json);
    json_end_object(&json);
    json_end_object(&json);
    json_end_object(&json);
}

void tell_devices(struct crewman *c, int64_t now_us)
{
    const struct device *d;
    while ((d = devices_next_change(c->devices, now_us))) {
        if (c->conf->link_fd < 0)
            continue;
        write_device_event(c, d, now_us);
        send_to_link(c);
    }
}
