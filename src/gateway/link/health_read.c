/* Reading what guard and link say to each other (jansson; our JSON writer has names in common with it, so it is not used
 * here). The sender is our own program: strict, but not hostile. */
#include "gateway/link/client.h"

#include <jansson.h>
#include <stdio.h>

static bool is_plain_name(const char *name)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return len > 0 && len < LINK_COUNTER_NAME_BYTES && name[len] == '\0';
}

static void read_counters(json_t *counters, struct link_health *out)
{
    for (void *at = json_object_iter(counters); at && out->counter_count < LINK_COUNTERS_MAX;
         at = json_object_iter_next(counters, at)) {
        const json_t *value = json_object_iter_value(at);
        struct link_counter *counter = &out->counters[out->counter_count];
        if (!json_is_integer(value) || json_integer_value(value) < 0)
            continue;
        const char *name = json_object_iter_key(at);
        if (!is_plain_name(name))
            continue;
        snprintf(counter->name, sizeof(counter->name), "%s", name);
        counter->value = (uint64_t)json_integer_value(value);
        out->counter_count++;
    }
}

bool health_read(struct str json, struct link_health *out)
{
    json_t *root = json_loadb((const char *)json.p, json.len, 0, NULL);
    if (!json_is_object(root)) {
        json_decref(root);
        return false;
    }
    memset(out, 0, sizeof(*out));
    const char *capture = json_string_value(json_object_get(root, "capture"));
    snprintf(out->capture, sizeof(out->capture), "%s", capture ? capture : "");
    out->fail_open = json_is_true(json_object_get(root, "fail_open"));
    read_counters(json_object_get(root, "counters"), out);
    json_decref(root);
    return true;
}
