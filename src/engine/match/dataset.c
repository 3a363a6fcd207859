/* File format (Suricata user guide, "Datasets"): a value per line, strings in base64, digests in hex, addresses as text;
 * reputation sets have ",number" behind it. A damaged line is left out. */
#include "engine/match/dataset.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/ip.h"
#include "base/map.h"
#include "base/text.h"
#include "engine/match/hosts.h"
#include "engine/match/image.h"
#include "engine/match/jsontext.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DATASET_FILE_MAX (512u << 20)
#define VALUE_MAX 65536

struct match_dataset {
    const struct rule_dataset_decl *decl;
    struct arena *memory;
    bool unread;       /* there is a file, and it could not be read */
    struct map values; /* value -> reputation + 1; in JSON: -> struct str of its object */
};

/* IPv4 as the four bytes, IPv6 as sixteen; IPv4 inside IPv6 (::ffff:0:0/96) is IPv4. */
static struct str plain_address(struct str raw)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (raw.len == 16 && memcmp(raw.p, mapped, sizeof mapped) == 0)
        return str_from(raw, 12);
    return raw;
}

static bool read_value(enum rule_dataset_type type, struct str text, struct buf *out)
{
    struct ip ip;
    switch (type) {
    case RULE_DATASET_STRING: return text_unbase64(out, text);
    case RULE_DATASET_MD5: return text_unhex(out, text) && out->len == 16;
    case RULE_DATASET_SHA256: return text_unhex(out, text) && out->len == 32;
    case RULE_DATASET_IPV4:
    case RULE_DATASET_IP:
        if (!ip_parse(text, &ip))
            return false;
        buf_add(out, plain_address(str_of(ip.bytes, ip.version == 4 ? 4 : 16)));
        return true;
    }
    return false;
}

static int add_line(struct match_dataset *d, struct str line, struct buf *scratch)
{
    struct str rest = str_trim(line);
    struct str value = str_trim(str_split(&rest, ','));
    uint64_t reputation = 0;
    if (value.len == 0 || value.p[0] == '#')
        return 0;
    if (d->decl->is_reputation &&
        (!str_to_u64(str_trim(rest), &reputation) || reputation > UINT16_MAX))
        return 0;
    buf_reset(scratch);
    if (!read_value(d->decl->type, value, scratch) || scratch->failed || scratch->len == 0)
        return 0;
    struct str kept = arena_copy(d->memory, buf_str(scratch));
    /* the reputation is the value itself: no memory for each */
    void *as_pointer = (void *)(uintptr_t)(reputation + 1); /* NOLINT(performance-no-int-to-ptr) */
    return kept.p ? map_put(&d->values, kept, as_pointer) : -1;
}

/* ---- JSON ---- */

/* Strings stand as they are, not in base64. */
static bool read_json_value(enum rule_dataset_type type, struct str text, struct buf *out)
{
    if (type != RULE_DATASET_STRING)
        return read_value(type, text, out);
    buf_add(out, text);
    return true;
}

/* As it is told: on one line, without the value if the rule wants that. Empty when it is too long. */
static struct str make_context(struct match_dataset *d, struct str object, struct buf *scratch)
{
    buf_reset(scratch);
    jsontext_compact(object, scratch);
    struct str line = arena_copy(d->memory, buf_str(scratch));
    if (scratch->failed || !line.p || !d->decl->remove_key)
        return scratch->failed || !line.p ? STR_EMPTY : line;
    buf_reset(scratch);
    bool removed = jsontext_without(line, str_c(d->decl->value_key), scratch) && !scratch->failed;
    struct str rest = removed ? arena_copy(d->memory, buf_str(scratch)) : line;
    return rest.p ? rest : STR_EMPTY;
}

static int keep_object(struct match_dataset *d, struct str object, struct str value,
                       struct buf *scratch)
{
    struct str kept = arena_copy(d->memory, value);
    struct str *context = arena_zalloc(d->memory, sizeof *context);
    if (!kept.p || !context)
        return -1;
    if (d->decl->context_key)
        *context = make_context(d, object, scratch);
    return map_put(&d->values, kept, context);
}

/* An object of which the value is not there, or is no string, is left out. */
static int add_object(struct match_dataset *d, struct str object, struct buf *text, struct buf *raw)
{
    struct str value;
    buf_reset(text);
    buf_reset(raw);
    if (!jsontext_find(object, str_c(d->decl->value_key), &value) ||
        !jsontext_string(value, text) || text->failed ||
        !read_json_value(d->decl->type, buf_str(text), raw) || raw->failed || raw->len == 0)
        return 0;
    return keep_object(d, object, buf_str(raw), text);
}

static int load_json(struct match_dataset *d, struct str text)
{
    struct buf scratch, raw;
    struct str value, rest = text;
    int rc = 0;
    buf_init(&scratch, VALUE_MAX);
    buf_init(&raw, VALUE_MAX);
    bool lines = d->decl->format == RULE_DATASET_NDJSON;
    if (!lines && !jsontext_find(text, str_c(d->decl->array_key ? d->decl->array_key : ""), &rest))
        rest = STR_EMPTY;
    while (rc == 0 && (lines ? jsontext_value(&rest, &value) : jsontext_next(&rest, &value)))
        rc = add_object(d, value, &scratch, &raw);
    buf_fini(&scratch);
    buf_fini(&raw);
    return rc;
}

static size_t lines_of(struct str text)
{
    size_t lines = 1;
    for (size_t i = 0; i < text.len; i++)
        lines += text.p[i] == '\n';
    return lines;
}

static int load(struct match_dataset *d, struct str text)
{
    struct buf scratch;
    buf_init(&scratch, VALUE_MAX);
    int rc = 0;
    while (rc == 0 && text.len) {
        struct str line = str_split(&text, '\n');
        if (line.len < VALUE_MAX)
            rc = add_line(d, line, &scratch);
    }
    buf_fini(&scratch);
    return rc;
}

struct match_dataset *dataset_new(const struct rule_dataset_decl *decl, struct arena *memory,
                                  bool *unread)
{
    *unread = false;
    struct match_dataset *d = arena_zalloc(memory, sizeof *d);
    if (!d)
        return NULL;
    d->decl = decl;
    d->memory = memory;
    if (!decl->load || !*decl->load)
        return map_init_in(&d->values, memory, 0) < 0 ? NULL : d;
    struct buf text;
    buf_init(&text, DATASET_FILE_MAX);
    /* with the rights that opening has: the process that reads rules has more than its user */
    bool is_missing = faccessat(AT_FDCWD, decl->load, F_OK, AT_EACCESS) < 0 && errno == ENOENT;
    *unread = is_missing || file_read(decl->load, DATASET_FILE_MAX, &text, NULL) < 0;
    d->unread = *unread && !is_missing;
    if (*unread)
        buf_reset(&text);
    if (is_missing && decl->save)
        *unread = false; /* its first run */
    int rc = map_init_in(&d->values, memory, lines_of(buf_str(&text)));
    if (rc == 0)
        rc = decl->format == RULE_DATASET_CSV ? load(d, buf_str(&text))
                                              : load_json(d, buf_str(&text));
    buf_fini(&text);
    return rc == 0 ? d : NULL;
}

const struct rule_dataset_decl *dataset_decl(const struct match_dataset *d)
{
    return d->decl;
}

struct str dataset_value(const struct match_dataset *d, struct str raw)
{
    switch (d->decl->type) {
    case RULE_DATASET_STRING: return raw;
    case RULE_DATASET_MD5: return raw.len == 16 ? raw : STR_EMPTY;
    case RULE_DATASET_SHA256: return raw.len == 32 ? raw : STR_EMPTY;
    case RULE_DATASET_IPV4: raw = plain_address(raw); return raw.len == 4 ? raw : STR_EMPTY;
    case RULE_DATASET_IP:
        raw = plain_address(raw);
        return raw.len == 4 || raw.len == 16 ? raw : STR_EMPTY;
    }
    return STR_EMPTY;
}

bool dataset_has(const struct match_dataset *d, struct str value, struct dataset_found *out)
{
    const void *found = map_get(&d->values, value);
    if (found && d->decl->format != RULE_DATASET_CSV)
        out->context = *(const struct str *)found;
    else
        out->reputation = found ? (uint32_t)((uintptr_t)found - 1) : 0;
    return found != NULL;
}

/* ---- back into a file ---- */

static void add_address(struct buf *out, struct str raw)
{
    if (raw.len == 4) {
        buf_printf(out, "%u.%u.%u.%u", raw.p[0], raw.p[1], raw.p[2], raw.p[3]);
        return;
    }
    for (size_t i = 0; i + 1 < raw.len; i += 2)
        buf_printf(out, "%s%02x%02x", i ? ":" : "", raw.p[i], raw.p[i + 1]);
}

static void add_value(const struct match_dataset *d, struct str value, struct buf *out)
{
    switch (d->decl->type) {
    case RULE_DATASET_STRING: text_add_base64(out, value); break;
    case RULE_DATASET_MD5:
    case RULE_DATASET_SHA256: text_add_hex(out, value); break;
    case RULE_DATASET_IPV4:
    case RULE_DATASET_IP: add_address(out, value); break;
    }
}

static int by_value(const void *a, const void *b)
{
    const struct map_slot *const *x = a, *const *y = b;
    return str_cmp((*x)->key, (*y)->key);
}

/* What the file had, in an order that does not change from run to run, but what rules took away. */
static int write_loaded(const struct match_dataset *d, struct match_hosts *hosts, struct buf *out)
{
    const struct map_slot **slots = calloc(d->values.count + 1, sizeof(*slots));
    if (!slots)
        return -1;
    size_t at = 0, count = 0;
    const struct map_slot *slot;
    while ((slot = map_next(&d->values, &at)))
        slots[count++] = slot;
    qsort(slots, count, sizeof(*slots), by_value);
    for (size_t i = 0; i < count; i++) {
        if (hosts_dataset_peek(hosts, d->decl->name, slots[i]->key) == 0)
            continue;
        add_value(d, slots[i]->key, out);
        if (d->decl->is_reputation)
            buf_printf(out, ",%u", (unsigned)((uintptr_t)slots[i]->value - 1));
        buf_add_byte(out, '\n');
    }
    free(slots);
    return 0;
}

struct writing {
    const struct match_dataset *d;
    struct buf *out;
};

static int write_learned(void *owner, struct str value)
{
    const struct writing *w = owner;
    if (map_get(&w->d->values, value))
        return 0; /* stands there already */
    add_value(w->d, value, w->out);
    buf_add_byte(w->out, '\n');
    return 0;
}

static int save(const struct match_dataset *d, struct match_hosts *hosts, match_save_fn fn,
                void *owner)
{
    struct buf text;
    buf_init(&text, DATASET_FILE_MAX);
    struct writing w = {d, &text};
    int rc = d->unread ? 0 : write_loaded(d, hosts, &text);
    if (rc == 0)
        rc = hosts_dataset_walk(hosts, d->decl->name, write_learned, &w);
    const char *problem = d->unread               ? "what it held before could not be read"
                          : rc < 0 || text.failed ? "it is longer than 512 MiB, or no memory"
                                                  : NULL;
    rc = fn(owner, d->decl, buf_str(&text), problem);
    buf_fini(&text);
    return rc;
}

uint32_t match_datasets_save(const struct match_image *image, struct match_hosts *hosts,
                             match_save_fn fn, void *owner)
{
    uint32_t failed = 0;
    for (uint32_t i = 0; i < image->set->dataset_count; i++)
        if (image->datasets[i]->decl->save)
            failed += save(image->datasets[i], hosts, fn, owner) < 0;
    return failed;
}
