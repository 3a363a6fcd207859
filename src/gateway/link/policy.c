#include "gateway/link/client.h"

#include "base/file.h"
#include "base/log.h"
#include "base/reader.h"

#include <stdio.h>

/* On disk: number, signature, text, as they came, so that the copy is checked like the message. */
static void policy_path(const struct client *c, char out[512])
{
    snprintf(out, 512, "%s/policy", c->conf->folder);
}

static void store(const struct client *c, const struct link_policy_message *m)
{
    char path[512];
    struct buf bytes;
    struct err err;
    policy_path(c, path);
    buf_init(&bytes, 0);
    buf_add_u64(&bytes, m->number);
    buf_add(&bytes, str_of(m->signature, LINK_SIGNATURE_BYTES));
    buf_add(&bytes, m->text);
    if (bytes.failed || file_write(path, buf_str(&bytes), 0600, &err) < 0)
        log_error("link", "the policy could not be stored: %s",
                  bytes.failed ? "out of memory" : err.text);
    buf_fini(&bytes);
}

static const char *why_not(struct client *c, const struct link_policy_message *m)
{
    if (!link_policy_verify(c->id.policy_key, m))
        return "its signature is wrong";
    if (!link_policy_read(m->text, &c->scratch) || c->scratch.number != m->number)
        return "its text is damaged";
    if (strcmp(c->scratch.gateway, c->id.gateway) != 0)
        return "it is for another gateway";
    if (m->number < c->policy.number)
        return "its number is lower than the one in force";
    return NULL;
}

static void put_in_force(struct client *c, const struct link_policy_message *m)
{
    c->policy = c->scratch;
    if (!guard_send(c->control_fd, "policy", m->text))
        log_error("link", "policy %llu could not be handed to guard",
                  (unsigned long long)m->number);
}

void policy_load(struct client *c)
{
    char path[512];
    struct buf bytes;
    struct link_policy_message m;
    policy_path(c, path);
    buf_init(&bytes, 0);
    if (file_read(path, LINK_POLICY_BYTES_MAX + 1024, &bytes, NULL) == 0 &&
        link_policy_message_read(buf_str(&bytes), &m)) {
        const char *problem = why_not(c, &m);
        if (problem)
            log_warn("link", "the stored policy is not used: %s", problem);
        else
            put_in_force(c, &m);
    }
    buf_fini(&bytes);
}

void policy_take(struct client *c, const struct link_policy_message *m)
{
    const char *problem = why_not(c, m);
    if (problem) {
        c->counters.policies_refused++;
        log_error("link", "policy %llu is refused: %s", (unsigned long long)m->number, problem);
        return;
    }
    if (m->number > c->policy.number) {
        store(c, m);
        put_in_force(c, m);
    }
    link_policy_have_write(&c->tunnel.out, c->policy.number);
}
