/* Words about files on the way: their name, size and digests. */
#include "base/file.h"
#include "base/text.h"
#include "engine/rule/keyword.h"

#include <stdlib.h>

#define LIST_BYTES_MAX (64u << 20)

/* filename:"secret": anywhere in the name, in any case */
static int read_filename(struct build *b, const struct keyword *k, struct str value)
{
    bool negated;
    uint32_t id = build_field(b, STR_LIT("file.name"));
    if (id == FIELD_NONE || value_unquote(b, &value, &negated) < 0)
        return -1;
    uint8_t *lower = arena_alloc(b->arena, value.len + 1);
    if (!lower)
        return build_no_memory(b);
    if (!value.len)
        return build_refuse(b, "a name is missing");
    for (size_t i = 0; i < value.len; i++)
        lower[i] = byte_lower(value.p[i]);
    struct rule_buffer *into = build_buffer(b, id);
    struct rule_item *item = into ? build_item_in(b, into, RULE_CONTENT) : NULL;
    const struct rule_value none = {.variable = -1};
    if (item)
        item->content = (struct rule_content){.bytes = str_of(lower, value.len),
                                              .nocase = true,
                                              .negated = negated,
                                              .depth = none,
                                              .offset = none,
                                              .distance = none,
                                              .within = none};
    return item ? 0 : -1;
}

static int read_fileext(struct build *b, const struct keyword *k, struct str value)
{
    bool negated;
    if (value_unquote(b, &value, &negated) < 0)
        return -1;
    if (!value.len)
        return build_refuse(b, "an extension is missing");
    struct rule_check *check = build_check(b, RULE_CHECK_FILEEXT);
    uint8_t *lower = arena_alloc(b->arena, value.len);
    if (!check || !lower)
        return build_no_memory(b);
    for (size_t i = 0; i < value.len; i++)
        lower[i] = byte_lower(value.p[i]);
    check->text = str_of(lower, value.len);
    check->negated = negated;
    return 0;
}

/* "filestore", "filestore:both,flow": holds where there is a file */
static int read_filestore(struct build *b, const struct keyword *k, struct str value)
{
    static const struct {
        const char *name;
        uint8_t dirs;
    } sides[] = {{"request", DIR_BIT(DIR_TOSERVER)},
                 {"to_server", DIR_BIT(DIR_TOSERVER)},
                 {"response", DIR_BIT(DIR_TOCLIENT)},
                 {"to_client", DIR_BIT(DIR_TOCLIENT)},
                 {"both", DIR_BOTH},
                 {"", 0}};
    static const struct {
        const char *name;
        enum rule_store store;
    } scopes[] = {{"file", RULE_STORE_FILE},
                  {"tx", RULE_STORE_TX},
                  {"flow", RULE_STORE_FLOW},
                  {"ssn", RULE_STORE_FLOW},
                  {"", RULE_STORE_FILE}};
    struct str scope = value;
    struct str side = str_trim(str_split(&scope, ','));
    struct rule *r = b->rule;
    size_t i = 0, j = 0;
    if (r->store)
        return build_refuse(b, "filestore stands twice");
    while (i < ARRAY_COUNT(sides) && !str_eq(side, str_c(sides[i].name)))
        i++;
    while (j < ARRAY_COUNT(scopes) && !str_eq(str_trim(scope), str_c(scopes[j].name)))
        j++;
    if (i == ARRAY_COUNT(sides) || j == ARRAY_COUNT(scopes))
        return build_refuse(b, "\"filestore:request|response|both,file|tx|flow\" is expected");
    r->store = scopes[j].store;
    r->store_dirs = sides[i].dirs;
    return build_check(b, RULE_CHECK_FILE) ? 0 : -1;
}

/* Types are told by our own few words, not by those of libmagic: such a rule would never hold. */
static int read_magic(struct build *b, const struct keyword *k, struct str value)
{
    bool negated;
    if (k->value == KEYWORD_VALUE && value_unquote(b, &value, &negated) < 0)
        return -1;
    return build_refuse(b, "files are not described in the words of libmagic here");
}

static int read_filesize(struct build *b, const struct keyword *k, struct str value)
{
    struct rule_check *check = build_check(b, RULE_CHECK_FILESIZE);
    return check ? number_read(b, value, UINT64_MAX, NULL, &check->number) : -1;
}

static int hash_compare(const void *a, const void *b)
{
    return memcmp(a, b, 32);
}

/* Digests, one to a line at its beginning; other lines are comments. */
static int parse_list(struct build *b, struct str text, uint8_t bytes, struct vec *out)
{
    while (text.p) {
        struct str line = str_cut(str_trim(str_split(&text, '\n')), 0, (size_t)bytes * 2);
        if (line.len != (size_t)bytes * 2 || text_hex_digit(line.p[0]) < 0)
            continue;
        uint8_t *hash = vec_push(out);
        if (!hash)
            return build_no_memory(b);
        for (uint8_t i = 0; i < bytes; i++) {
            int high = text_hex_digit(line.p[2 * i]), low = text_hex_digit(line.p[2 * i + 1]);
            if (high < 0 || low < 0)
                return build_refuse(b, "a line of the list is not a digest");
            hash[i] = (uint8_t)(high << 4 | low);
        }
    }
    return 0;
}

static int take_list(struct build *b, struct vec *hashes, struct rule_check *check)
{
    if (hashes->count == 0)
        return build_refuse(b, "the list holds no digest");
    qsort(hashes->items, hashes->count, 32, hash_compare);
    struct str copy = arena_copy(b->arena, str_of(hashes->items, hashes->count * 32));
    if (!copy.p)
        return build_no_memory(b);
    const void *first = copy.p;
    check->hashes = first;
    check->hash_count = (uint32_t)hashes->count;
    return 0;
}

/* filemd5:[!]list: a file beside the rules */
static int read_filehash(struct build *b, const struct keyword *k, struct str value)
{
    struct rule_check *check = build_check(b, RULE_CHECK_FILEHASH);
    if (!check || value_unquote(b, &value, &check->negated) < 0)
        return -1;
    bool absolute = value.len && value.p[0] == '/';
    char *path = arena_printf(b->arena, "%s%.*s", absolute ? "" : b->loader->folder, (int)value.len,
                              value.p ? (const char *)value.p : "");
    if (!path)
        return build_no_memory(b);
    check->hash_bytes = (uint8_t)k->kind;
    struct buf text;
    struct vec hashes;
    struct err err;
    buf_init(&text, 0);
    vec_init(&hashes, 32);
    int result = file_read(path, LIST_BYTES_MAX, &text, &err);
    if (result < 0)
        build_refuse(b, "%s", err.text);
    if (result == 0)
        result = parse_list(b, buf_str(&text), check->hash_bytes, &hashes);
    if (result == 0)
        result = take_list(b, &hashes, check);
    vec_fini(&hashes);
    buf_fini(&text);
    return result;
}

static const struct keyword rows[] = {
    {.name = "filename", .read = read_filename, .value = KEYWORD_VALUE},
    {.name = "fileext", .read = read_fileext, .value = KEYWORD_VALUE},
    {.name = "filestore", .read = read_filestore, .value = KEYWORD_MAY},
    {.name = "filemagic", .read = read_magic, .value = KEYWORD_VALUE},
    {.name = "file.magic", .read = read_magic},
    {.name = "filesize", .read = read_filesize, .value = KEYWORD_VALUE},
    {.name = "filemd5", .read = read_filehash, .value = KEYWORD_VALUE, .kind = 16},
    {.name = "filesha1", .read = read_filehash, .value = KEYWORD_VALUE, .kind = 20},
    {.name = "filesha256", .read = read_filehash, .value = KEYWORD_VALUE, .kind = 32},
};

const struct keyword_family keywords_file = {rows, ARRAY_COUNT(rows)};
