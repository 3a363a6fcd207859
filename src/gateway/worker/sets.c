#include "gateway/worker/crewman.h"

#include "base/log.h"

#include <errno.h>
#include <unistd.h>

struct handing {
    const struct crewman *c;
    uint32_t index;
};

static int write_all(int fd, const void *from, size_t bytes)
{
    struct str rest = str_of(from, bytes);
    while (rest.len) {
        ssize_t n = write(fd, rest.p, rest.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -1;
        rest = str_from(rest, (size_t)n);
    }
    return 0;
}

static int hand_over(void *owner, const struct rule_dataset_decl *set, struct str text,
                     const char *problem)
{
    struct handing *h = owner;
    struct worker_saved head = {
        .rules = h->c->rules.number, .bytes = text.len, .index = h->index++};
    if (!problem && write_all(h->c->conf->sets_fd, &head, sizeof(head)) == 0 &&
        write_all(h->c->conf->sets_fd, text.p, text.len) == 0)
        return 0;
    log_error("engine", "set %s is not kept: %s", set->name, problem ? problem : "no memory");
    return -1;
}

void sets_hand_over(struct crewman *c)
{
    struct handing h = {.c = c};
    if (c->conf->sets_fd >= 0)
        (void)match_datasets_save(c->image, c->hosts, hand_over, &h);
}
