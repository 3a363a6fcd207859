#include "gateway/link/client.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/log.h"

#include <errno.h>
#include <sys/socket.h>

#define INTAKE_BURST 512 /* then the center gets its turn */

static const char *const lane_names[LINK_IMPORTANCES] = {"alert", "notice", "device", "count"};

/* Takes out what may not travel and stores the rest. */
static void store_event(struct client *c, struct str line, uint64_t tag)
{
    struct link_filtered filtered;
    struct buf kept;
    buf_init(&kept, 2 * INTAKE_BYTES_MAX);
    c->counters.events_in++;
    if (link_allow_filter(line, &kept, &filtered) == LINK_ALLOWED) {
        struct segment_record record = {{clock_wall_us(), clock_mono_us(), buf_str(&kept)}, tag};
        c->counters.fields_removed += filtered.removed;
        (void)spool_append(c->spool, filtered.importance, &record); /* a loss is counted there */
    } else {
        c->counters.events_refused++;
    }
    buf_fini(&kept);
}

/* Looks, stores, and only then takes the datagram away: a process killed in between finds it again and knows it by its
 * tag. */
static void take_datagram(struct client *c, size_t bytes)
{
    static const uint64_t secret[2] = {0, 0};
    struct str line = str_trim(str_of(c->datagram, bytes));
    uint64_t tag = hash_sip(secret, str_of(c->datagram, bytes));
    bool stored_before = c->first_datagram && spool_was_last(c->spool, tag);
    c->first_datagram = false;
    if (!stored_before)
        store_event(c, line, tag);
    (void)!recv(c->event_fd, NULL, 0, MSG_DONTWAIT);
}

bool intake_read(struct client *c)
{
    bool open = true;
    for (int i = 0; i < INTAKE_BURST; i++) {
        ssize_t n =
            recv(c->event_fd, c->datagram, INTAKE_BYTES_MAX, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            break;
        if (n == 0) {
            open = false;
            break;
        }
        if ((size_t)n > INTAKE_BYTES_MAX) {
            c->counters.events_refused++;
            (void)!recv(c->event_fd, NULL, 0, MSG_DONTWAIT);
            continue;
        }
        take_datagram(c, (size_t)n);
    }
    if (spool_sync(c->spool) < 0)
        log_error("link", "the spool cannot be written to disk: %s", strerror(errno));
    return open;
}

void intake_report_dropped(struct client *c)
{
    for (size_t i = 0; i < LINK_IMPORTANCES; i++) {
        uint64_t count = spool_take_dropped(c->spool, (enum link_importance)i);
        char when[CLOCK_TEXT_BYTES];
        struct buf line;
        struct json j;
        if (count == 0)
            continue;
        log_warn("link", "the spool is full: %llu events of importance \"%s\" were given up",
                 (unsigned long long)count, lane_names[i]);
        clock_format_eve(clock_wall_us(), when);
        buf_init(&line, 1024);
        json_init(&j, &line);
        json_object(&j, NULL);
        json_text(&j, "timestamp", when);
        json_text(&j, "event_type", "otasuke_spool");
        json_object(&j, "otasuke");
        json_object(&j, "spool");
        json_text(&j, "lane", lane_names[i]);
        json_uint(&j, "dropped", count);
        json_end_object(&j);
        json_end_object(&j);
        json_end_object(&j);
        store_event(c, buf_str(&line), 0);
        buf_fini(&line);
    }
    (void)spool_sync(c->spool);
}
