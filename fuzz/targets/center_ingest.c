/* Events of a gateway through the whole core: device, incident, its story in both languages, the notice. Each line is an event;
 * a first line that begins with 'h' is a heartbeat. Whatever it is: stored or refused, never half, and acknowledged. */
#include "center/core/core.h"
#include "center/store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LINES_MAX 32
#define START_US INT64_C(1795334400000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct core *core;
static struct id gateway;
static char folder[64];
static int64_t now_us = START_US;

static int64_t clock_of(void *clock)
{
    (void)clock;
    return now_us;
}

static void clean_up(void)
{
    char command[100];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    if (system(command) != 0)
        fprintf(stderr, "%s stays\n", folder);
}

static void must(bool good)
{
    if (!good)
        abort();
}

static void set_up(void)
{
    struct arena a;
    struct err err;
    struct firm firm;
    struct gateway g;
    char path[80];
    struct core_settings settings = {.now_us = clock_of, .contact_phone = "06"};
    struct new_user admin = {
        .login = "a", .name = "a", .role = ROLE_ADMIN, .password = "long enough password"};
    struct new_firm wish = {.name = "f", .site = "s"};
    struct contact contact = {.name = "x", .mail = "x@example.jp"};
    snprintf(folder, sizeof folder, "%s/center_ingest.XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    must(mkdtemp(folder) != NULL);
    atexit(clean_up);
    snprintf(path, sizeof path, "%s/db", folder);
    struct store *store = store_open(path, &err);
    must(store && store_migrate(store, START_US, &err) == 0);
    core = core_new(store, &settings, &err);
    must(core != NULL);
    arena_init(&a, 0, 0);
    struct call c = {.core = core, .arena = &a, .actor = core_actor_self()};
    must(core_set_up(&c, "o", &admin) == OUTCOME_OK &&
         core_firm_add(&c, &wish, &firm) == OUTCOME_OK);
    must(core_contact_add(&c, firm.id, &contact, &firm) == OUTCOME_OK);
    must(core_gateway_add(&c, firm.sites[0].id, "g", &g) == OUTCOME_OK);
    gateway = g.id;
    arena_fini(&a);
}

/* Reads back what was made of it. */
static void look(void)
{
    struct arena a;
    struct incident_filter f = {.page = {.limit = 3}};
    struct incident_view_list list;
    struct notice_list due;
    arena_init(&a, 0, 0);
    struct call c = {.core = core, .arena = &a, .actor = core_actor_self()};
    must(core_incident_list(&c, &f, &list) == OUTCOME_OK);
    for (size_t i = 0; i < list.count; i++) {
        struct event_filter e = {.incident = list.items[i].incident.id, .limit = 3};
        struct event_list events;
        must(core_incident_events(&c, &e, &events) == OUTCOME_OK);
    }
    must(core_outbox_due(core, &a, 3, &due) == OUTCOME_OK);
    arena_fini(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint64_t rounds;
    struct ingest_event events[LINES_MAX];
    struct ingest_result result;
    char epoch[24];
    struct str rest = str_of(data, size);
    if (!core)
        set_up();
    now_us += INT64_C(7200000000); /* a storm of notices is over by then */
    snprintf(epoch, sizeof epoch, "e%llu", (unsigned long long)rounds++);
    if (rest.len > 0 && rest.p[0] == 'h') {
        struct str line = str_split(&rest, '\n');
        (void)core_heartbeat(core, gateway, str_from(line, 1), NULL);
    }
    struct ingest_batch batch = {gateway, str_c(epoch), events, 0};
    while (rest.len > 0 && batch.count < LINES_MAX) {
        struct str line = str_split(&rest, '\n');
        events[batch.count] = (struct ingest_event){batch.count + 1, now_us, 1, line};
        batch.count++;
    }
    must(core_ingest(core, &batch, &result, NULL) == OUTCOME_OK);
    must(result.durable_seq == batch.count && result.stored + result.refused == batch.count);
    look();
    return 0;
}
