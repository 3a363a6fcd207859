#include "base/clock.h"
#include "base/log.h"
#include "center/core/inner.h"

#include <stdlib.h>

#define SILENCE_US (INT64_C(120) * 1000000)
#define INCIDENT_WINDOW_US (INT64_C(24) * 3600 * 1000000)

/* Wrong tries in a window of 10 minutes: per address, in all. */
#define CLAIM_TRIES 10, 100
#define LOGIN_TRIES 30, 3000

static int64_t wall(void *clock)
{
    (void)clock;
    return clock_wall_us();
}

struct core *core_new(struct store *store, const struct core_settings *settings, struct err *err)
{
    struct core *c = calloc(1, sizeof *c);
    if (!c) {
        err_set(err, "no memory for the core");
        return NULL;
    }
    c->words = catalogue_new(err);
    if (!c->words) {
        free(c);
        return NULL;
    }
    c->store = store;
    c->settings = *settings;
    if (!c->settings.now_us)
        c->settings.now_us = wall;
    if (c->settings.silence_us == 0)
        c->settings.silence_us = SILENCE_US;
    if (c->settings.incident_window_us == 0)
        c->settings.incident_window_us = INCIDENT_WINDOW_US;
    limiter_init(&c->claims, CLAIM_TRIES);
    limiter_init(&c->logins, LOGIN_TRIES);
    rests_init(&c->rests);
    pthread_mutex_init(&c->hashing, NULL);
    pthread_mutex_init(&c->ingest.lock, NULL);
    pthread_cond_init(&c->ingest.done, NULL);
    return c;
}

void core_free(struct core *c)
{
    if (!c)
        return;
    pthread_cond_destroy(&c->ingest.done);
    pthread_mutex_destroy(&c->ingest.lock);
    pthread_mutex_destroy(&c->hashing);
    rests_fini(&c->rests);
    limiter_fini(&c->logins);
    limiter_fini(&c->claims);
    catalogue_free(c->words);
    free(c);
}

int64_t core_now(const struct core *c)
{
    return c->settings.now_us(c->settings.clock);
}

int core_listen(struct core *c, change_listener *listener, void *context)
{
    if (c->listener_count == CORE_LISTENERS_MAX)
        return -1;
    c->listeners[c->listener_count].call = listener;
    c->listeners[c->listener_count].context = context;
    c->listener_count++;
    return 0;
}

struct actor core_actor_self(void)
{
    return (struct actor){.name = "mimamori", .role = ROLE_ADMIN, .scope = scope_all_firms()};
}

bool core_ready(struct core *c, struct err *err)
{
    int64_t in_file, in_program;
    if (store_version(c->store, &in_file, &in_program, err) != 0)
        return false;
    if (in_file == in_program)
        return true;
    err_set(err, "the schema is at %lld, not at %lld", (long long)in_file, (long long)in_program);
    return false;
}

enum outcome work_begin(struct work *w, struct core *core, enum unit_kind kind, struct arena *arena)
{
    struct err err;
    *w = (struct work){.core = core, .arena = arena, .now_us = core_now(core)};
    vec_init(&w->changes, sizeof(struct change));
    w->unit = unit_begin(core->store, kind, arena, &err);
    if (w->unit)
        return OUTCOME_OK;
    log_error("core", "store: %s", err.text);
    return OUTCOME_FAILED;
}

enum outcome work_end(struct work *w, enum outcome outcome)
{
    struct err err;
    if (outcome == OUTCOME_OK) {
        if (unit_commit(w->unit, &err) != 0) {
            log_error("core", "store: %s", err.text);
            outcome = OUTCOME_FAILED;
        }
    } else {
        if (unit_failed(w->unit)) {
            log_error("core", "store: %s", unit_error(w->unit));
            outcome = OUTCOME_FAILED;
        }
        unit_end(w->unit);
    }
    for (size_t i = 0; i < w->changes.count && outcome == OUTCOME_OK; i++)
        for (size_t n = 0; n < w->core->listener_count; n++)
            w->core->listeners[n].call(w->core->listeners[n].context, vec_at(&w->changes, i));
    vec_fini(&w->changes);
    w->unit = NULL;
    return outcome;
}

void work_change(struct work *w, enum change_kind kind, struct id id, struct id firm)
{
    for (size_t i = 0; i < w->changes.count; i++) {
        const struct change *c = vec_at(&w->changes, i);
        if (c->kind == kind && id_eq(&c->id, &id))
            return;
    }
    struct change *c = vec_push(&w->changes);
    if (c) /* without memory a page is told late, nothing more */
        *c = (struct change){kind, id, firm};
}

enum outcome outcome_of(int found, struct problem *p)
{
    if (found == 1)
        return OUTCOME_OK;
    if (found == 0)
        return problem_set(p, OUTCOME_NOT_FOUND, NULL,
                           "there is no such thing, or it is not yours");
    return problem_set(p, OUTCOME_FAILED, NULL, "the center cannot do it just now");
}

int work_audit(struct work *w, const struct call *c, const char *action, struct id thing,
               struct id firm)
{
    struct audit_row row = {.actor = c->actor.user,
                            .actor_name = c->actor.name,
                            .action = action,
                            .thing = thing,
                            .firm = firm};
    return store_audit_add(w->unit, &row, w->now_us);
}
