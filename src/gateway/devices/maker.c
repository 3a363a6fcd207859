#include "gateway/devices/devices.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/text.h"
#include "base/vec.h"

#include <stdio.h>
#include <stdlib.h>

#define LIST_BYTES_MAX (32u << 20)

/* Longer prefixes are more exact and are asked first. */
static const uint8_t prefix_bits[] = {36, 28, 24};

struct maker {
    uint64_t prefix; /* in the upper bits of 48 */
    uint8_t bits;
    const char *name;
};

struct maker_list {
    struct arena arena;
    struct vec makers; /* struct maker, sorted by bits, then prefix */
};

/* One field of a CSV line (RFC 4180), without its quotes; a doubled quote stays doubled: names have none. */
static struct str csv_field(struct str *rest)
{
    bool quoted = rest->len && rest->p[0] == '"';
    size_t at = quoted;
    while (at < rest->len && rest->p[at] != (quoted ? '"' : ',') && (quoted || rest->p[at] != '\n'))
        at++;
    struct str field = str_cut(*rest, quoted, at);
    at += quoted && at < rest->len;
    bool more = at < rest->len && rest->p[at] == ',';
    *rest = str_from(*rest, at + more);
    return field;
}

/* The rest of the line is the maker's postal address, which may hold line breaks inside quotes. */
static void csv_skip_line(struct str *rest)
{
    bool quoted = false;
    size_t at = 0;
    while (at < rest->len && (quoted || rest->p[at] != '\n')) {
        quoted ^= rest->p[at] == '"';
        at++;
    }
    *rest = str_from(*rest, at + 1);
}

static int add_maker(struct maker_list *list, struct str hex, struct str name)
{
    uint64_t prefix = 0;
    name = str_trim(name);
    if (hex.len < 6 || hex.len > 9 || !name.len)
        return 0;
    for (size_t i = 0; i < hex.len; i++) {
        int digit = text_hex_digit(hex.p[i]);
        if (digit < 0)
            return 0;
        prefix = prefix << 4 | (uint64_t)digit;
    }
    uint8_t bits = (uint8_t)(hex.len * 4);
    struct str copy = arena_copy(&list->arena, str_cut(name, 0, DEVICE_NAME_BYTES - 1));
    struct maker *maker = copy.p ? vec_push(&list->makers) : NULL;
    if (!maker)
        return -1;
    *maker = (struct maker){prefix << (48 - bits), bits, (const char *)copy.p};
    return 0;
}

static int read_list(struct maker_list *list, struct str csv)
{
    while (csv.len) {
        csv_field(&csv);
        struct str hex = csv_field(&csv), name = csv_field(&csv);
        csv_skip_line(&csv);
        if (add_maker(list, hex, name) < 0)
            return -1;
    }
    return 0;
}

static int compare(const void *a, const void *b)
{
    const struct maker *x = a, *y = b;
    if (x->bits != y->bits)
        return x->bits < y->bits ? -1 : 1;
    return x->prefix < y->prefix ? -1 : x->prefix > y->prefix;
}

struct maker_list *maker_list_load(const char *folder, struct err *err)
{
    static const char *const names[] = {"oui.csv", "mam.csv", "oui36.csv", "iab.csv"};
    struct maker_list *list = calloc(1, sizeof(*list));
    int rc = list ? 0 : -1;
    if (list) {
        arena_init(&list->arena, 0, LIST_BYTES_MAX);
        vec_init(&list->makers, sizeof(struct maker));
    }
    for (size_t i = 0; i < ARRAY_COUNT(names) && rc == 0; i++) {
        char path[4096];
        struct buf csv;
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        buf_init(&csv, LIST_BYTES_MAX);
        if (file_read(path, LIST_BYTES_MAX, &csv, NULL) == 0)
            rc = read_list(list, buf_str(&csv));
        buf_fini(&csv);
    }
    if (rc < 0) {
        maker_list_free(list);
        err_set(err, "out of memory for the list of makers");
        return NULL;
    }
    if (list->makers.count)
        qsort(list->makers.items, list->makers.count, sizeof(struct maker), compare);
    return list;
}

void maker_list_free(struct maker_list *list)
{
    if (!list)
        return;
    vec_fini(&list->makers);
    arena_fini(&list->arena);
    free(list);
}

const char *maker_list_find(const struct maker_list *list, const struct mac *mac)
{
    uint64_t address = 0;
    for (size_t i = 0; i < sizeof(mac->bytes); i++)
        address = address << 8 | mac->bytes[i];
    for (size_t i = 0; list && list->makers.count && i < ARRAY_COUNT(prefix_bits); i++) {
        uint8_t bits = prefix_bits[i];
        struct maker key = {address >> (48 - bits) << (48 - bits), bits, NULL};
        const struct maker *found =
            bsearch(&key, list->makers.items, list->makers.count, sizeof(struct maker), compare);
        if (found)
            return found->name;
    }
    return "";
}
