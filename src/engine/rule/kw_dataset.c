/* dataset and datarep: sets of values that are kept beside the rules. */
#include "engine/rule/keyword.h"

static const struct {
    const char *name;
    enum rule_dataset_type type;
} types[] = {
    {"string", RULE_DATASET_STRING}, {"md5", RULE_DATASET_MD5}, {"sha256", RULE_DATASET_SHA256},
    {"ipv4", RULE_DATASET_IPV4},     {"ip", RULE_DATASET_IP},   {"ipv6", RULE_DATASET_IP},
};

struct options {
    struct rule_dataset_decl decl;
    bool has_type, subdomain;
};

static int read_type(struct build *b, struct str word, struct options *o)
{
    for (size_t i = 0; i < ARRAY_COUNT(types); i++)
        if (str_eq_nocase(word, str_c(types[i].name))) {
            o->decl.type = types[i].type;
            o->has_type = true;
            return 0;
        }
    return build_refuse(b, "the type is string, md5, sha256, ipv4 or ip");
}

static int read_path(struct build *b, struct str name, const char **out)
{
    bool absolute = name.len && name.p[0] == '/';
    if (!name.len)
        return build_refuse(b, "a file name is missing");
    *out = arena_printf(b->arena, "%s%.*s", absolute ? "" : b->loader->folder, (int)name.len,
                        (const char *)name.p);
    return *out ? 0 : build_no_memory(b);
}

static int read_size(struct build *b, struct str value, uint32_t *out)
{
    uint64_t number;
    if (value_u64(b, value, UINT32_MAX, &number) < 0)
        return -1;
    *out = (uint32_t)number;
    return 0;
}

static int read_format(struct build *b, struct str word, struct options *o)
{
    static const struct {
        const char *name;
        enum rule_dataset_format format;
    } formats[] = {{"csv", RULE_DATASET_CSV},
                   {"json", RULE_DATASET_JSON},
                   {"ndjson", RULE_DATASET_NDJSON},
                   {"jsonline", RULE_DATASET_NDJSON}};
    for (size_t i = 0; i < ARRAY_COUNT(formats); i++)
        if (str_eq_nocase(word, str_c(formats[i].name))) {
            o->decl.format = formats[i].format;
            return 0;
        }
    return build_refuse(b, "the format is csv, json or ndjson");
}

static int read_key(struct build *b, struct str name, const char **out)
{
    if (!name.len)
        return build_refuse(b, "a key is missing");
    *out = loader_intern(b->loader, name);
    return *out ? 0 : build_no_memory(b);
}

static int read_match(struct build *b, struct str word, struct options *o)
{
    o->subdomain = str_eq_nocase(word, STR_LIT("subdomain"));
    return o->subdomain || str_eq_nocase(word, STR_LIT("exact"))
               ? 0
               : build_refuse(b, "match is exact or subdomain");
}

/* What is said of JSON; 1: another word. */
static int read_json_option(struct build *b, struct str word, struct str value, struct options *o)
{
    if (str_eq(word, STR_LIT("format")))
        return read_format(b, value, o);
    if (str_eq(word, STR_LIT("value_key")))
        return read_key(b, value, &o->decl.value_key);
    if (str_eq(word, STR_LIT("array_key")))
        return read_key(b, value, &o->decl.array_key);
    if (str_eq(word, STR_LIT("context_key")) || str_eq(word, STR_LIT("enrichment_key")))
        return read_key(b, value, &o->decl.context_key);
    if (str_eq(word, STR_LIT("match")))
        return read_match(b, value, o);
    if (!str_eq(word, STR_LIT("remove_key")))
        return 1;
    o->decl.remove_key = true;
    return value.len ? build_refuse(b, "remove_key takes no value") : 0;
}

static int read_option(struct build *b, struct str piece, struct options *o)
{
    struct str value = piece;
    struct str word = value_word(&value);
    if (str_eq(word, STR_LIT("type")))
        return read_type(b, value, o);
    if (str_eq(word, STR_LIT("load")))
        return read_path(b, value, &o->decl.load);
    if (str_eq(word, STR_LIT("save")))
        return read_path(b, value, &o->decl.save);
    if (str_eq(word, STR_LIT("state")))
        return read_path(b, value, &o->decl.load) < 0 ? -1 : read_path(b, value, &o->decl.save);
    if (str_eq(word, STR_LIT("memcap")))
        return read_size(b, value, &o->decl.memcap);
    if (str_eq(word, STR_LIT("hashsize")))
        return read_size(b, value, &o->decl.hashsize);
    int json = read_json_option(b, word, value, o);
    if (json <= 0)
        return json;
    return build_refuse(b, "the option \"%.*s\" is not supported",
                        (int)(word.len < 40 ? word.len : 40), word.p ? (const char *)word.p : "");
}

/* The set of that name: its first rule declares it, others must agree in type. */
static int declare(struct build *b, struct str name, const struct options *o)
{
    struct rule_loader *l = b->loader;
    int id = name.len ? loader_number(l, &l->dataset_names, name) : -1;
    if (id < 0)
        return build_refuse(b, "the set has no name");
    if ((size_t)id == l->datasets.count) {
        struct rule_dataset_decl *decl = vec_push(&l->datasets);
        if (!decl)
            return build_no_memory(b);
        *decl = o->decl;
        decl->name = *(const char **)vec_at(&l->dataset_names.names, (size_t)id);
        return id;
    }
    struct rule_dataset_decl *old = vec_at(&l->datasets, (size_t)id);
    if ((o->has_type && old->type != o->decl.type) || old->is_reputation != o->decl.is_reputation)
        return build_refuse(b, "the set stands elsewhere with another type");
    old->load = old->load ? old->load : o->decl.load;
    old->save = old->save ? old->save : o->decl.save;
    return id;
}

static int add(struct build *b, const struct rule_dataset *dataset)
{
    if (!b->sticky_chosen)
        return build_refuse(b, "it must follow a sticky buffer");
    struct rule_item *item = build_item(b, RULE_DATASET);
    if (item)
        item->dataset = *dataset;
    return item ? 0 : -1;
}

static int read_rest(struct build *b, struct str rest, struct str name, struct options *o)
{
    struct str piece;
    while (value_next(&rest, ',', &piece))
        if (read_option(b, piece, o) < 0)
            return -1;
    bool json = o->decl.format != RULE_DATASET_CSV;
    if (json && (!o->decl.value_key || !o->decl.load || o->decl.save))
        return build_refuse(b, "a set in JSON needs load and value_key and cannot be saved");
    if (!json &&
        (o->decl.value_key || o->decl.array_key || o->decl.context_key || o->decl.remove_key))
        return build_refuse(b, "keys go with the formats json and ndjson");
    return declare(b, name, o);
}

/* "isset,name,type string,load names.lst" */
static int read_dataset(struct build *b, const struct keyword *k, struct str value)
{
    static const char *const operations[] = {[RULE_DATASET_ISSET] = "isset",
                                             [RULE_DATASET_ISNOTSET] = "isnotset",
                                             [RULE_DATASET_SET] = "set",
                                             [RULE_DATASET_UNSET] = "unset"};
    struct rule_dataset dataset = {0};
    struct options o = {0};
    struct str rest = value;
    struct str word = str_trim(str_split(&rest, ','));
    struct str name = str_trim(str_split(&rest, ','));
    size_t i = 0;
    while (i < ARRAY_COUNT(operations) && !str_eq_nocase(word, str_c(operations[i])))
        i++;
    if (i == ARRAY_COUNT(operations))
        return build_refuse(b, "set, unset, isset or isnotset is expected");
    int id = read_rest(b, rest, name, &o);
    if (id < 0)
        return -1;
    dataset.op = (enum rule_dataset_op)i;
    dataset.set_id = (uint32_t)id;
    dataset.subdomain = o.subdomain;
    b->rule->tells_context |= o.decl.context_key != NULL;
    if (o.subdomain && o.decl.type != RULE_DATASET_STRING)
        return build_refuse(b, "match subdomain goes with the type string");
    if (o.decl.format != RULE_DATASET_CSV && dataset.op > RULE_DATASET_ISNOTSET)
        return build_refuse(b, "a set in JSON can only be asked");
    return add(b, &dataset);
}

/* "name, >, 200, load names.rep, type string" */
static int read_datarep(struct build *b, const struct keyword *k, struct str value)
{
    struct rule_dataset dataset = {.op = RULE_DATASET_REPUTATION};
    struct options o = {.decl.is_reputation = true};
    struct str rest = value;
    struct str name = str_trim(str_split(&rest, ','));
    struct str sign = str_trim(str_split(&rest, ','));
    uint64_t number;
    bool above = str_eq(sign, STR_LIT(">"));
    bool below = str_eq(sign, STR_LIT("<"));
    if (!above && !below && !str_eq(sign, STR_LIT("==")) && !str_eq(sign, STR_LIT("=")))
        return build_refuse(b, "the operator is <, > or ==");
    if (value_u64(b, str_split(&rest, ','), UINT16_MAX, &number) < 0)
        return -1;
    int id = read_rest(b, rest, name, &o);
    if (id < 0)
        return -1;
    dataset.set_id = (uint32_t)id;
    dataset.reputation = (struct rule_number){.compare = above   ? RULE_GT
                                                         : below ? RULE_LT
                                                                 : RULE_EQ,
                                              .a = number};
    return add(b, &dataset);
}

static const struct keyword rows[] = {
    {.name = "dataset", .read = read_dataset, .value = KEYWORD_VALUE},
    {.name = "datarep", .read = read_datarep, .value = KEYWORD_VALUE},
};

const struct keyword_family keywords_dataset = {rows, ARRAY_COUNT(rows)};
