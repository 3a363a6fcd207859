#include "gateway/worker/crewman.h"

#include "base/log.h"

#include <unistd.h>

#define HOSTS_MAX 65536

int change_begin(struct crewman *c, struct err *err)
{
    const struct worker_conf *conf = c->conf;
    c->rules = conf->rules;
    c->image = compile_attach(conf->ground, c->rules.place, conf->rules_fd, err);
    close(conf->rules_fd);
    if (!c->image)
        return -1;
    c->hosts = match_hosts_new(HOSTS_MAX);
    return c->hosts ? 0 : err_set(err, "out of memory for the host table");
}

static void refuse(struct crewman *c, const struct control_rules *rules, const char *why)
{
    struct control_message message = {.kind = CONTROL_REFUSED, .rules = *rules};
    control_set_text(&message, why);
    log_error("engine", "new rules are not used: %s", why);
    if (control_send(c->conf->control_fd, &message) < 0)
        c->stop = true; /* guard would wait for ever */
}

void change_order(struct crewman *c, const struct control_rules *rules, int fd)
{
    /* Guard's own mistake would be fatal: the place of the rules in force is never written to. */
    if (fd >= 0 && rules->place < COMPILE_PLACES && rules->place != c->rules.place) {
        if (!loader_ask(&c->loader, rules, fd))
            refuse(c, rules, "the loader does not take them");
        return;
    }
    if (fd >= 0)
        close(fd);
    refuse(c, rules, "their place is taken");
}

static void go_over(struct crewman *c, const struct loader_answer *answer)
{
    struct control_message message = {.kind = CONTROL_RULES, .rules = answer->rules};
    if (engine_swap_image(c->engine, answer->image) < 0) {
        loader_release(&c->loader, answer->image, answer->rules.place);
        refuse(c, &answer->rules, "out of memory");
        return;
    }
    loader_release(&c->loader, c->image, c->rules.place);
    c->image = answer->image;
    c->rules = answer->rules;
    if (control_send(c->conf->control_fd, &message) < 0)
        c->stop = true;
}

void change_step(struct crewman *c)
{
    struct loader_answer answer;
    if (!loader_take(&c->loader, &answer))
        return;
    if (answer.image)
        go_over(c, &answer);
    else
        refuse(c, &answer.rules, answer.problem);
}

void change_end(struct crewman *c)
{
    loader_stop(&c->loader);
    match_hosts_free(c->hosts);
    if (c->image)
        compile_detach(c->conf->ground, c->rules.place, c->image);
}
