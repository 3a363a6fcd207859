/* dataset and datarep: sets of values that are kept beside the rules. */
#include "engine/rule/keyword.h"

#include "base/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Suricata's datasets.limits.single-hashsize: a rule that asks for more is refused there. Our tables grow by themselves. */
#define HASHSIZE_MAX 65536

static const struct {
    const char *name;
    enum rule_dataset_type type;
} types[] = {
    {"string", RULE_DATASET_STRING}, {"md5", RULE_DATASET_MD5}, {"sha256", RULE_DATASET_SHA256},
    {"ipv4", RULE_DATASET_IPV4},     {"ip", RULE_DATASET_IP},   {"ipv6", RULE_DATASET_IP},
};

struct options {
    struct rule_dataset_decl decl;
    bool has_type, has_save, has_state, subdomain;
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

/* A list that rules only look into stands beside the rule file, or anywhere. As with Suricata, a rule without its list is refused. */
static int read_load(struct build *b, struct str name, struct options *o)
{
    bool absolute = name.len && name.p[0] == '/';
    if (!name.len)
        return build_refuse(b, "a file name is missing");
    const char *path = arena_printf(b->arena, "%s%.*s", absolute ? "" : b->loader->folder,
                                    (int)name.len, (const char *)name.p);
    if (!path)
        return build_no_memory(b);
    if (*b->loader->folder && faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) < 0)
        return build_refuse(b, "%.200s: %s", path, strerror(errno));
    o->decl.load = path;
    return 0;
}

static bool leaves_folder(struct str name)
{
    while (name.p) {
        struct str part = str_split(&name, '/');
        if (str_eq(part, STR_LIT("..")))
            return true;
    }
    return false;
}

/* A rule may come from a stranger: what it makes us write stays in the one folder, unless the settings say otherwise. */
static int read_save(struct build *b, struct str name, const char **out)
{
    const struct dataset_settings *s = &b->loader->dataset_settings;
    bool absolute = name.len && name.p[0] == '/';
    if (!name.len)
        return build_refuse(b, "a file name is missing");
    if (!s->allow_write)
        return build_refuse(b, "datasets.rules.allow-write does not let rules write");
    if (memchr(name.p, 0, name.len))
        return build_refuse(b, "a file name without NUL is expected");
    if ((absolute || leaves_folder(name)) && !s->allow_absolute)
        return build_refuse(b,
                            "the file would lie outside of %s "
                            "(datasets.rules.allow-absolute-filenames)",
                            s->folder);
    *out = arena_printf(b->arena, "%s%.*s", absolute ? "" : s->folder, (int)name.len,
                        (const char *)name.p);
    return *out ? 0 : build_no_memory(b);
}

static int read_saved(struct build *b, struct str name, struct options *o)
{
    o->has_save = true;
    return read_save(b, name, &o->decl.save);
}

static int read_state(struct build *b, struct str name, struct options *o)
{
    o->has_state = true;
    return read_save(b, name, &o->decl.save);
}

static int read_hashsize(struct build *b, struct str value)
{
    uint64_t size, max = b->loader->dataset_settings.hashsize_max;
    if (value_u64(b, value, UINT64_MAX, &size) < 0)
        return -1;
    if (size > max)
        return build_refuse(b, "hashsize is larger than datasets.limits.single-hashsize (%llu)",
                            (unsigned long long)max);
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
        return read_load(b, value, o);
    if (str_eq(word, STR_LIT("save")))
        return read_saved(b, value, o);
    if (str_eq(word, STR_LIT("state")))
        return read_state(b, value, o);
    if (str_eq(word, STR_LIT("memcap")))
        return value_u64(b, value, UINT64_MAX, &o->decl.memcap);
    if (str_eq(word, STR_LIT("hashsize")))
        return read_hashsize(b, value);
    int json = read_json_option(b, word, value, o);
    if (json <= 0)
        return json;
    return build_refuse(b, "the option \"%.*s\" is not supported",
                        (int)(word.len < 40 ? word.len : 40), word.p ? (const char *)word.p : "");
}

/* Two rules that write one set to two files, or read it from two, are one mistake, not two wishes. */
static int same_file(struct build *b, const char **old, const char *new)
{
    if (*old && new &&strcmp(*old, new) != 0)
        return build_refuse(b, "the set stands elsewhere with the file %.200s", *old);
    *old = *old ? *old : new;
    return 0;
}

static int agree(struct build *b, struct rule_dataset_decl *old, const struct options *o)
{
    if ((o->has_type && old->type != o->decl.type) || old->is_reputation != o->decl.is_reputation)
        return build_refuse(b, "the set stands elsewhere with another type");
    if (same_file(b, &old->load, o->decl.load) < 0 || same_file(b, &old->save, o->decl.save) < 0)
        return -1;
    old->memcap = o->decl.memcap ? o->decl.memcap : old->memcap;
    return 0;
}

static int declare_new(struct rule_loader *l, int id, const struct rule_dataset_decl *from)
{
    struct rule_dataset_decl *decl = vec_push(&l->datasets);
    if (!decl)
        return -1;
    *decl = *from;
    decl->name = *(const char **)vec_at(&l->dataset_names.names, (size_t)id);
    decl->memcap = from->memcap ? from->memcap : l->dataset_settings.memcap;
    return id;
}

/* The set of that name: its first rule declares it, others must agree in type. */
static int declare(struct build *b, struct str name, const struct options *o)
{
    struct rule_loader *l = b->loader;
    if (!name.len)
        return build_refuse(b, "the set has no name");
    void *known = map_get(&l->dataset_names.by_name, name);
    if (!known && !o->has_type)
        return build_refuse(b, "the set has no type: neither this rule, nor one before, nor the "
                               "settings say it");
    int id = loader_number(l, &l->dataset_names, name);
    if (id < 0)
        return build_no_memory(b);
    if ((size_t)id < l->datasets.count)
        return agree(b, vec_at(&l->datasets, (size_t)id), o) < 0 ? -1 : id;
    struct rule_dataset_decl decl = o->decl;
    decl.rule = b->rule;
    id = declare_new(l, id, &decl);
    return id < 0 ? build_no_memory(b) : id;
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
    if (o->has_state && (o->decl.load || o->has_save))
        return build_refuse(b, "state does not go with load or save");
    if (o->has_state)
        o->decl.load = o->decl.save;
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

/* ---- what the settings say ---- */

/* A path of the settings is trusted: relative ones lie in the data folder. */
static const char *settings_path(struct rule_loader *l, const struct conf_node *set,
                                 const char *name)
{
    const struct conf_node *node = conf_child(set, name);
    if (!node || !node->value || !*node->value)
        return NULL;
    return arena_printf(l->arena, "%s%s", node->value[0] == '/' ? "" : l->dataset_settings.folder,
                        node->value);
}

static bool settings_type(const struct conf_node *set, enum rule_dataset_type *out)
{
    const struct conf_node *node = conf_child(set, "type");
    for (size_t i = 0; node && node->value && i < ARRAY_COUNT(types); i++)
        if (str_eq_nocase(str_c(node->value), str_c(types[i].name))) {
            *out = types[i].type;
            return true;
        }
    return false;
}

/* "ua-seen: {type: string, state: ua-seen.lst}" */
static int settings_set(struct rule_loader *l, const struct conf_node *set)
{
    struct rule_dataset_decl decl = {0};
    if (!set->key || !*set->key || !settings_type(set, &decl.type))
        return 0; /* "defaults" and its like */
    decl.load = settings_path(l, set, "load");
    decl.save = settings_path(l, set, "state");
    if (decl.save)
        decl.load = decl.save;
    else
        decl.save = settings_path(l, set, "save");
    decl.memcap = conf_node_bytes(conf_child(set, "memcap"), 0);
    int id = loader_number(l, &l->dataset_names, str_c(set->key));
    if (id < 0 || (size_t)id < l->datasets.count)
        return id < 0 ? -1 : 0;
    return declare_new(l, id, &decl) < 0 ? -1 : 0;
}

int dataset_config(struct rule_loader *l, const struct conf *conf, struct err *err)
{
    struct dataset_settings *s = &l->dataset_settings;
    s->folder =
        arena_printf(l->arena, "%s/", conf_text(conf, "default-data-dir", RULE_DATA_FOLDER));
    s->allow_write = conf_bool(conf, "datasets.rules.allow-write", true);
    s->allow_absolute = conf_bool(conf, "datasets.rules.allow-absolute-filenames", false);
    s->memcap = conf_bytes(conf, "datasets.defaults.memcap", 0);
    s->hashsize_max = conf_bytes(conf, "datasets.limits.single-hashsize", HASHSIZE_MAX);
    const struct conf_node *sets = conf_find(conf, "datasets");
    int rc = s->folder ? 0 : -1;
    for (const struct conf_node *n = sets ? sets->child : NULL; rc == 0 && n; n = n->next)
        rc = settings_set(l, n);
    return rc < 0 ? err_set(err, "data sets: no memory") : 0;
}

static const struct keyword rows[] = {
    {.name = "dataset", .read = read_dataset, .value = KEYWORD_VALUE},
    {.name = "datarep", .read = read_datarep, .value = KEYWORD_VALUE},
};

const struct keyword_family keywords_dataset = {rows, ARRAY_COUNT(rows)};
