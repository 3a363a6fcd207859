#include "gateway/guard/isolation.h"

#include "base/clock.h"
#include "base/file.h"

#include <unistd.h>

#define FILE_BYTES_MAX (1u << 20)

struct isolation *isolation_find(struct isolations *list, const struct mac *mac)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (memcmp(list->items[i].mac.bytes, mac->bytes, sizeof(mac->bytes)) == 0)
            return &list->items[i];
    return NULL;
}

uint64_t isolation_seconds_left(const struct isolation *item, int64_t now_us)
{
    int64_t left_us = item->until_us - now_us;
    if (!item->until_us)
        return 0;
    return left_us < CLOCK_SECOND_US ? 1 : (uint64_t)left_us / CLOCK_SECOND_US;
}

static void clean_reason(char reason[CONTROL_TEXT_BYTES])
{
    for (size_t i = 0; i < CONTROL_TEXT_BYTES && reason[i]; i++)
        if ((uint8_t)reason[i] < ' ' || reason[i] == 0x7f)
            reason[i] = ' ';
    reason[CONTROL_TEXT_BYTES - 1] = '\0';
}

bool isolation_put(struct isolations *list, const struct isolation *item)
{
    if (!mac_is_machine(&item->mac))
        return false;
    struct isolation *old = isolation_find(list, &item->mac);
    if (old && item->origin == CONTROL_BY_RULE)
        return false;
    if (!old && list->count == ISOLATIONS_MAX)
        return false;
    bool same = old && old->origin == item->origin && old->until_us == item->until_us;
    if (!old)
        old = &list->items[list->count++];
    *old = *item;
    clean_reason(old->reason);
    return !same;
}

bool isolation_remove(struct isolations *list, const struct mac *mac)
{
    struct isolation *item = isolation_find(list, mac);
    if (!item)
        return false;
    *item = list->items[--list->count];
    return true;
}

struct isolation *isolation_expired(struct isolations *list, int64_t now_us)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (list->items[i].until_us && list->items[i].until_us <= now_us)
            return &list->items[i];
    return NULL;
}

/* "02:00:5e:00:53:01 rule 9000001 1700000000000000 0 reason in words" */
int isolation_save(const struct isolations *list, const char *path, struct err *err)
{
    struct buf b;
    buf_init(&b, FILE_BYTES_MAX);
    for (uint32_t i = 0; i < list->count; i++) {
        const struct isolation *item = &list->items[i];
        char mac[MAC_TEXT_BYTES];
        mac_format(&item->mac, mac);
        buf_printf(&b, "%s %s %u %lld %lld %s\n", mac, control_origin_name(item->origin), item->sid,
                   (long long)item->since_us, (long long)item->until_us, item->reason);
    }
    int rc =
        b.failed ? err_set(err, "%s: too long", path) : file_write(path, buf_str(&b), 0600, err);
    buf_fini(&b);
    return rc;
}

static bool read_origin(struct str word, enum control_origin *origin)
{
    for (enum control_origin o = 0; o < CONTROL_ORIGINS; o++) {
        if (!str_eq(word, str_c(control_origin_name(o))))
            continue;
        *origin = o;
        return true;
    }
    return false;
}

static bool read_line(struct str line, struct isolation *item)
{
    uint64_t sid;
    *item = (struct isolation){0};
    if (!mac_parse(str_split(&line, ' '), &item->mac) ||
        !read_origin(str_split(&line, ' '), &item->origin) ||
        !str_to_u64(str_split(&line, ' '), &sid) || sid > UINT32_MAX ||
        !str_to_i64(str_split(&line, ' '), &item->since_us) ||
        !str_to_i64(str_split(&line, ' '), &item->until_us))
        return false;
    item->sid = (uint32_t)sid;
    line = str_cut(line, 0, sizeof(item->reason) - 1);
    if (line.len)
        memcpy(item->reason, line.p, line.len);
    return true;
}

uint32_t isolation_read(struct isolations *list, struct str text)
{
    uint32_t damaged = 0;
    *list = (struct isolations){0};
    while (text.len) {
        struct isolation item;
        struct str line = str_split(&text, '\n');
        bool good = read_line(line, &item) && mac_is_machine(&item.mac);
        if (good)
            isolation_put(list, &item);
        damaged += !good && line.len;
    }
    return damaged;
}

int isolation_load(struct isolations *list, const char *path, uint32_t *damaged, struct err *err)
{
    struct buf b;
    *list = (struct isolations){0};
    *damaged = 0;
    if (access(path, F_OK) != 0)
        return 0;
    buf_init(&b, FILE_BYTES_MAX);
    int rc = file_read(path, FILE_BYTES_MAX, &b, err);
    if (rc == 0)
        *damaged = isolation_read(list, buf_str(&b));
    buf_fini(&b);
    return rc;
}
