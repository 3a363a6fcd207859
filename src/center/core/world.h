/* world: a small center for tests: a clock of its own, an operator, two firms with a gateway each; the first firm has a
 * Japanese and an English reader. */
#ifndef CENTER_CORE_WORLD_H
#define CENTER_CORE_WORLD_H

#include "center/core/inner.h"

#define NOW INT64_C(1795334400000000) /* 2026-11-22 17:00 in Japan */
#define SECOND INT64_C(1000000)
#define HOUR (3600 * SECOND)

struct world {
    char folder[64], path[96];
    int64_t now_us;
    struct store *store;
    struct core *core;
    struct arena arena;
    struct id firm, other_firm, gateway, other_gateway;
};

struct said {
    const char *message, *verdict, *direction, *mac,
        *more; /* more: further members, with a comma before them */
};

/* A Gh0st RAT beacon that was dropped. */
extern const struct said world_beacon;

int world_set_up(void **state);
int world_tear_down(void **state);
void world_open(struct world *w);
void world_close(struct world *w);
struct call world_self(struct world *w);
struct call world_firm(struct world *w, struct id firm);
void world_enrol(struct world *w, struct id gateway, const char *serial);
const char *world_alert(struct world *w, const struct said *s);
const char *world_isolation(struct world *w, const char *mac, const char *state, const char *by);
struct ingest_result world_ingest(struct world *w, struct id gateway, uint64_t first,
                                  uint32_t count, const char *json);
struct incident_view_list world_incidents(struct world *w, struct call *c);
struct notice_list world_notices(struct world *w);

#endif
