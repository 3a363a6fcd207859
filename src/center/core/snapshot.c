/* The device as it was at the event: kept with the incident, because addresses and names change hands. */
#include "base/json.h"
#include "center/core/inner.h"

#include <stdlib.h>

#define SNAPSHOT_BYTES_MAX 16384

static void text_or_nothing(struct json *j, const char *name, const char *text)
{
    if (text)
        json_bytes(j, name, str_c(text));
}

const char *device_snapshot(const struct device *d, struct arena *a)
{
    struct buf b;
    struct json j;
    buf_init(&b, SNAPSHOT_BYTES_MAX);
    json_init(&j, &b);
    json_object(&j, NULL);
    json_text(&j, "mac", d->mac);
    text_or_nothing(&j, "maker", d->maker);
    text_or_nothing(&j, "hostname", d->hostname);
    text_or_nothing(&j, "vendor_class", d->vendor_class);
    json_raw(&j, "ips", str_c(d->ips ? d->ips : "[]"));
    json_int(&j, "last_seen_us", d->last_seen_us);
    json_end_object(&j);
    const char *copy = b.failed ? NULL : (const char *)arena_copy(a, buf_str(&b)).p;
    buf_fini(&b);
    return copy;
}

void device_from_snapshot(struct device *d, const char *snapshot, struct arena *a)
{
    struct tree *t = tree_parse(str_c(snapshot), NULL);
    if (!t)
        return;
    const char *maker = tree_text(t, "maker"), *hostname = tree_text(t, "hostname");
    d->maker = maker ? (const char *)arena_copy(a, str_c(maker)).p : NULL;
    d->hostname = hostname ? (const char *)arena_copy(a, str_c(hostname)).p : NULL;
    char *ips = tree_write(tree_get(t, "ips"));
    if (ips)
        d->ips = (const char *)arena_copy(a, str_c(ips)).p;
    free(ips);
    d->last_seen_us = tree_int(t, "last_seen_us", d->last_seen_us);
    tree_free(t);
}
