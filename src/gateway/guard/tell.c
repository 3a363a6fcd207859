#include "gateway/guard/watch.h"

#include "base/clock.h"
#include "base/json.h"

#define EVENT_BYTES 2048
#define START_GRACE_US (30 * CLOCK_SECOND_US)

static void begin_event(struct json *json, struct buf *b, const char *type)
{
    char time[CLOCK_TEXT_BYTES];
    size_t len = clock_format_eve(clock_wall_us(), time);
    json_init(json, b);
    json_object(json, NULL);
    json_bytes(json, "timestamp", str_of(time, len));
    json_text(json, "event_type", type);
    json_object(json, "otasuke");
}

static void end_event(struct watch *w, struct json *json, struct buf *b)
{
    json_end_object(json);
    json_end_object(json);
    if (w->options.no_link || b->failed)
        return;
    if (!link_event_send(w->event_fds[0], buf_str(b)))
        w->own_events_lost++;
}

void tell_isolation(struct watch *w, const struct isolation *item, bool isolated,
                    enum control_origin by)
{
    uint8_t memory[EVENT_BYTES];
    struct buf b = buf_fixed(memory, sizeof(memory));
    struct json json;
    char mac[MAC_TEXT_BYTES];
    mac_format(&item->mac, mac);
    begin_event(&json, &b, "otasuke_isolation");
    json_object(&json, "isolation");
    json_text(&json, "state", isolated ? "applied" : "lifted");
    json_text(&json, "mac", mac);
    json_bytes(&json, "reason", str_c(item->reason));
    json_text(&json, "by", control_origin_name(by));
    if (item->sid)
        json_uint(&json, "sid", item->sid);
    json_int(&json, "since_us", item->since_us);
    if (item->until_us)
        json_int(&json, "until_us", item->until_us);
    json_end_object(&json);
    end_event(w, &json, &b);
}

void tell_fail_open(struct watch *w, bool begins, const char *why)
{
    uint8_t memory[EVENT_BYTES];
    struct buf b = buf_fixed(memory, sizeof(memory));
    struct json json;
    begin_event(&json, &b, "otasuke_fail_open");
    json_text(&json, "verdict", begins ? "begins" : "ends");
    json_text(&json, "reason", why);
    end_event(w, &json, &b);
}

static void add_counter(struct link_health *health, const char *name, uint64_t value)
{
    struct link_counter *c = &health->counters[health->counter_count++];
    memcpy(c->name, name, strnlen(name, sizeof(c->name) - 1));
    c->value = value;
}

/* A box that is just starting passes frames while it compiles its rules: that is told only when it takes too long. */
static bool is_fail_open(const struct watch *w)
{
    if (!w->fail_open_since_us)
        return false;
    return w->inspected_once || clock_wall_us() - w->fail_open_since_us > START_GRACE_US;
}

void tell_health(struct watch *w)
{
    struct link_health health = {.capture = "afpacket", .fail_open = is_fail_open(w)};
    const struct control_counts *c = &w->counts;
    if (w->children[CHILD_LINK].fd < 0)
        return;
    add_counter(&health, "frames", c->frames);
    add_counter(&health, "bytes", c->bytes);
    add_counter(&health, "dropped", c->dropped);
    add_counter(&health, "alerts", c->alerts);
    add_counter(&health, "kernel_drops", c->kernel_drops);
    add_counter(&health, "send_errors", c->send_errors);
    add_counter(&health, "events_lost", c->events_lost + w->own_events_lost);
    add_counter(&health, "isolated", w->isolations.count);
    add_counter(&health, "rules_loaded", w->rules.now.rules.loaded);
    add_counter(&health, "rules_skipped", w->rules.now.rules.skipped);
    add_counter(&health, "rules_failures", w->rules.failures);
    add_counter(&health, "engine_starts", w->children[CHILD_ENGINE].starts);
    /* Not delivered: the next one in some seconds says the same. */
    (void)!link_health_send(w->children[CHILD_LINK].fd, &health);
}
