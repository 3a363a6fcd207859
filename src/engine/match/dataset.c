/* File format (Suricata user guide, "Datasets"): a value per line, strings in base64, digests in hex, addresses as text;
 * reputation sets have ",number" behind it. A damaged line is left out. */
#include "engine/match/dataset.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/ip.h"
#include "base/map.h"
#include "base/text.h"
#include "engine/match/jsontext.h"

#include <string.h>

#define DATASET_FILE_MAX (512u << 20)
#define VALUE_MAX 65536

struct match_dataset {
    const struct rule_dataset_decl *decl;
    struct arena *memory;
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
    *unread = file_read(decl->load, DATASET_FILE_MAX, &text, NULL) < 0;
    if (*unread)
        buf_reset(&text);
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

bool dataset_has(const struct match_dataset *d, struct str value, struct dataset_found *out)
{
    if (d->decl->type == RULE_DATASET_IP || d->decl->type == RULE_DATASET_IPV4)
        value = plain_address(value);
    const void *found = map_get(&d->values, value);
    if (found && d->decl->format != RULE_DATASET_CSV)
        out->context = *(const struct str *)found;
    else
        out->reputation = found ? (uint32_t)((uintptr_t)found - 1) : 0;
    return found != NULL;
}
