/* Two halves: reading YAML events into a tree (with all limits), and asking the tree. Everything lives in one arena. */
#include "base/conf.h"

#include "base/arena.h"
#include "base/file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <yaml.h>

#define TEXT_BYTES_MAX (4u << 20)
#define NODES_MAX 100000u
#define DEPTH_MAX 32
#define INCLUDE_DEPTH_MAX 4

struct conf {
    struct arena memory;
    struct conf_node root;
    size_t nodes;
    struct conf_node missing; /* its children's values: files that were to be included */
};

/* One file being read. */
struct load {
    struct conf *conf;
    yaml_parser_t yaml;
    const char *name;
    int include_depth;
    struct err *err;
};

struct conf *conf_new(void)
{
    struct conf *c = calloc(1, sizeof *c);
    if (c)
        arena_init(&c->memory, 0, 0);
    return c;
}

void conf_free(struct conf *c)
{
    if (!c)
        return;
    arena_fini(&c->memory);
    free(c);
}

static struct conf_node *node_new(struct conf *c, struct str key)
{
    if (c->nodes >= NODES_MAX)
        return NULL;
    struct conf_node *node = arena_zalloc(&c->memory, sizeof *node);
    if (!node)
        return NULL;
    if (key.p) {
        node->key = (const char *)arena_copy(&c->memory, key).p;
        if (!node->key)
            return NULL;
    }
    c->nodes++;
    return node;
}

static void node_append(struct conf_node *parent, struct conf_node *node)
{
    struct conf_node **end = &parent->child;
    while (*end)
        end = &(*end)->next;
    *end = node;
}

static struct conf_node *member(const struct conf_node *node, struct str key)
{
    for (struct conf_node *child = node->child; child; child = child->next)
        if (child->key && str_eq(str_c(child->key), key))
            return child;
    return NULL;
}

static int load_bad(struct load *load, const yaml_event_t *event, const char *why)
{
    return err_set(load->err, "%s:%zu: %s", load->name, event->start_mark.line + 1, why);
}

static int next_event(struct load *load, yaml_event_t *event)
{
    if (yaml_parser_parse(&load->yaml, event))
        return 0;
    return err_set(load->err, "%s:%zu: %s", load->name, load->yaml.problem_mark.line + 1,
                   load->yaml.problem ? load->yaml.problem : "cannot be read");
}

static struct str scalar_of(const yaml_event_t *event)
{
    return str_of(event->data.scalar.value, event->data.scalar.length);
}

static int read_value(struct load *load, struct conf_node *into, int depth);
static int read_file(struct load *parent, struct conf_node *into, const char *name);

static int read_scalar(struct load *load, struct conf_node *into, const yaml_event_t *event)
{
    struct str text = scalar_of(event);
    if (text.len && memchr(text.p, 0, text.len))
        return load_bad(load, event, "a value contains a NUL byte");
    into->child = NULL;
    into->value = (const char *)arena_copy(&load->conf->memory, text).p;
    return into->value ? 0 : err_set(load->err, "%s: no memory", load->name);
}

/* The value of "include": one name or a sequence of names; what they hold comes into `into`. */
static int read_include(struct load *load, struct conf_node *into)
{
    struct conf_node names = {0};
    if (read_value(load, &names, DEPTH_MAX - 2) < 0)
        return -1;
    if (names.value)
        return read_file(load, into, names.value);
    for (const struct conf_node *name = names.child; name; name = name->next) {
        if (!name->value)
            return err_set(load->err, "%s: include: a file name is expected", load->name);
        if (read_file(load, into, name->value) < 0)
            return -1;
    }
    return 0;
}

/* One "key: value" of a mapping whose key event has been read. A key that is there already is merged into, so that a later
 * file changes single values of an earlier one. */
static int read_member(struct load *load, struct conf_node *into, const yaml_event_t *key_event,
                       int depth)
{
    if (key_event->type != YAML_SCALAR_EVENT)
        return load_bad(load, key_event, "a key must be plain text");
    struct str key = scalar_of(key_event);
    if (str_eq(key, STR_LIT("include")))
        return read_include(load, into);
    struct conf_node *node = member(into, key);
    if (!node) {
        node = node_new(load->conf, key);
        if (!node)
            return load_bad(load, key_event, "too many values");
        node_append(into, node);
    }
    return read_value(load, node, depth + 1);
}

static int read_mapping(struct load *load, struct conf_node *into, int depth)
{
    into->value = NULL;
    if (into->child && !into->child->key)
        into->child = NULL; /* was a sequence */
    for (;;) {
        yaml_event_t event;
        if (next_event(load, &event) < 0)
            return -1;
        bool end = event.type == YAML_MAPPING_END_EVENT;
        int result = end ? 0 : read_member(load, into, &event, depth);
        yaml_event_delete(&event);
        if (end || result < 0)
            return result;
    }
}

static int read_event(struct load *load, struct conf_node *into, const yaml_event_t *event,
                      int depth);

/* A sequence takes the place of what was there. */
static int read_sequence(struct load *load, struct conf_node *into, int depth)
{
    into->value = NULL;
    into->child = NULL;
    struct conf_node **end = &into->child;
    for (;;) {
        yaml_event_t event;
        if (next_event(load, &event) < 0)
            return -1;
        if (event.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&event);
            return 0;
        }
        struct conf_node *item = node_new(load->conf, STR_EMPTY);
        int result = item ? read_event(load, item, &event, depth + 1)
                          : load_bad(load, &event, "too many values");
        yaml_event_delete(&event);
        if (result < 0)
            return result;
        *end = item;
        end = &item->next;
    }
}

static int read_event(struct load *load, struct conf_node *into, const yaml_event_t *event,
                      int depth)
{
    if (depth > DEPTH_MAX)
        return load_bad(load, event, "nested too deeply");
    if (event->type == YAML_SCALAR_EVENT)
        return read_scalar(load, into, event);
    if (event->type == YAML_MAPPING_START_EVENT)
        return read_mapping(load, into, depth);
    if (event->type == YAML_SEQUENCE_START_EVENT)
        return read_sequence(load, into, depth);
    return load_bad(load, event, "aliases (*name) are not supported");
}

static int read_value(struct load *load, struct conf_node *into, int depth)
{
    yaml_event_t event;
    if (next_event(load, &event) < 0)
        return -1;
    int result = read_event(load, into, &event, depth);
    yaml_event_delete(&event);
    return result;
}

/* Skips to the first document's value. An empty file has none. */
static int read_document(struct load *load, struct conf_node *into)
{
    for (;;) {
        yaml_event_t event;
        if (next_event(load, &event) < 0)
            return -1;
        bool end = event.type == YAML_STREAM_END_EVENT || event.type == YAML_DOCUMENT_END_EVENT;
        bool skip =
            event.type == YAML_STREAM_START_EVENT || event.type == YAML_DOCUMENT_START_EVENT;
        bool empty = event.type == YAML_SCALAR_EVENT && event.data.scalar.length == 0;
        int result = 0;
        if (!end && !skip && !empty)
            result = event.type == YAML_MAPPING_START_EVENT
                         ? read_mapping(load, into, 1)
                         : load_bad(load, &event, "settings must be \"name: value\" lines");
        yaml_event_delete(&event);
        if (!skip || result < 0)
            return result;
    }
}

static int parse_into(struct load *load, struct conf_node *into, struct str yaml)
{
    if (yaml.len > TEXT_BYTES_MAX)
        return err_set(load->err, "%s: larger than %u bytes", load->name, TEXT_BYTES_MAX);
    if (!yaml_parser_initialize(&load->yaml))
        return err_set(load->err, "%s: no memory", load->name);
    yaml_parser_set_input_string(&load->yaml, yaml.p ? yaml.p : (const uint8_t *)"", yaml.len);
    int result = read_document(load, into);
    yaml_parser_delete(&load->yaml);
    return result;
}

static int load_file(struct conf *c, struct conf_node *into, const char *path, int include_depth,
                     struct err *err)
{
    struct buf text;
    buf_init(&text, 0);
    struct load load = {.conf = c, .name = path, .include_depth = include_depth, .err = err};
    int result = file_read(path, TEXT_BYTES_MAX, &text, err);
    if (result == 0)
        result = parse_into(&load, into, buf_str(&text));
    buf_fini(&text);
    return result;
}

static int note_missing(struct load *load, const char *path)
{
    struct conf_node *node = node_new(load->conf, STR_EMPTY);
    if (!node)
        return err_set(load->err, "%s: too many values", load->name);
    node->value = (const char *)arena_copy(&load->conf->memory, str_c(path)).p;
    if (!node->value)
        return err_set(load->err, "%s: no memory", load->name);
    node_append(&load->conf->missing, node);
    return 0;
}

/* A name without '/' in front is looked for beside the file that includes it. */
static int read_file(struct load *parent, struct conf_node *into, const char *name)
{
    if (parent->include_depth >= INCLUDE_DEPTH_MAX)
        return err_set(parent->err, "%s: include of %s: nested too deeply", parent->name, name);
    char path[PATH_MAX];
    const char *slash = strrchr(parent->name, '/');
    int folder_len = name[0] == '/' || !slash ? 0 : (int)(slash - parent->name) + 1;
    int len = snprintf(path, sizeof path, "%.*s%s", folder_len, parent->name, name);
    if (len < 0 || (size_t)len >= sizeof path)
        return err_set(parent->err, "%s: include: the path is too long", parent->name);
    if (access(path, F_OK) < 0 && errno == ENOENT)
        return note_missing(parent, path);
    if (load_file(parent->conf, into, path, parent->include_depth + 1, parent->err) < 0)
        return err_prefix(parent->err, "%s: include", parent->name);
    return 0;
}

const char *conf_missing(const struct conf *c, size_t i)
{
    const struct conf_node *node = c->missing.child;
    while (node && i--)
        node = node->next;
    return node ? node->value : NULL;
}

int conf_load(struct conf *c, const char *path, struct err *err)
{
    return load_file(c, &c->root, path, 0, err);
}

int conf_parse(struct conf *c, struct str yaml, const char *name, struct err *err)
{
    struct load load = {.conf = c, .name = name, .err = err};
    return parse_into(&load, &c->root, yaml);
}

static struct conf_node *item_at(const struct conf_node *node, uint64_t index)
{
    struct conf_node *item = node->child;
    for (; item && index; index--)
        item = item->next;
    return item;
}

/* The child that one part of a path names. */
static struct conf_node *step(const struct conf_node *node, struct str part)
{
    if (!node->child)
        return NULL;
    if (node->child->key)
        return member(node, part);
    uint64_t index;
    if (str_to_u64(part, &index))
        return item_at(node, index);
    for (const struct conf_node *item = node->child; item; item = item->next)
        if (item->child && !item->child->next && item->child->key &&
            str_eq(str_c(item->child->key), part))
            return item->child;
    return NULL;
}

const struct conf_node *conf_child(const struct conf_node *node, const char *path)
{
    struct str rest = str_c(path);
    while (node && rest.p)
        node = step(node, str_split(&rest, '.'));
    return node;
}

const struct conf_node *conf_find(const struct conf *c, const char *path)
{
    return c ? conf_child(&c->root, path) : NULL;
}

int conf_set(struct conf *c, const char *assignment, struct err *err)
{
    const char *equals = strchr(assignment, '=');
    if (!equals || equals == assignment)
        return err_set(err, "\"%s\": name=value is expected", assignment);
    struct str path = str_trim(str_of(assignment, (size_t)(equals - assignment)));
    struct str value = arena_copy(&c->memory, str_trim(str_c(equals + 1)));
    struct conf_node *node = &c->root;
    for (int depth = 0; path.p; depth++) {
        struct str part = str_split(&path, '.');
        if (part.len == 0 || depth > DEPTH_MAX)
            return err_set(err, "\"%s\": not a usable name", assignment);
        struct conf_node *next = step(node, part);
        if (!next) {
            next = node_new(c, part);
            if (!next)
                return err_set(err, "\"%s\": too many values", assignment);
            node->value = NULL;
            node_append(node, next);
        }
        node = next;
    }
    node->child = NULL;
    node->value = (const char *)value.p;
    return value.p ? 0 : err_set(err, "\"%s\": no memory", assignment);
}

const char *conf_text(const struct conf *c, const char *path, const char *otherwise)
{
    const struct conf_node *node = conf_find(c, path);
    return node && node->value ? node->value : otherwise;
}

bool conf_node_bool(const struct conf_node *node, bool otherwise)
{
    static const char *const yes[] = {"yes", "true", "on", "1"};
    static const char *const no[] = {"no", "false", "off", "0"};
    if (!node || !node->value)
        return otherwise;
    struct str text = str_c(node->value);
    for (size_t i = 0; i < ARRAY_COUNT(yes); i++) {
        if (str_eq_nocase(text, str_c(yes[i])))
            return true;
        if (str_eq_nocase(text, str_c(no[i])))
            return false;
    }
    return otherwise;
}

bool conf_bool(const struct conf *c, const char *path, bool otherwise)
{
    return conf_node_bool(conf_find(c, path), otherwise);
}

int64_t conf_int(const struct conf *c, const char *path, int64_t otherwise)
{
    int64_t v;
    return str_to_i64(str_trim(str_c(conf_text(c, path, NULL))), &v) ? v : otherwise;
}

/* Powers of 1024, as the users of such settings mean them. False on a foreign unit. */
static bool unit_shift(struct str unit, unsigned *shift)
{
    static const struct {
        const char *name;
        unsigned shift;
    } units[] = {{"", 0},    {"b", 0},    {"k", 10}, {"kb", 10}, {"kib", 10}, {"m", 20},
                 {"mb", 20}, {"mib", 20}, {"g", 30}, {"gb", 30}, {"gib", 30}};
    for (size_t i = 0; i < ARRAY_COUNT(units); i++)
        if (str_eq_nocase(unit, str_c(units[i].name))) {
            *shift = units[i].shift;
            return true;
        }
    return false;
}

uint64_t conf_bytes(const struct conf *c, const char *path, uint64_t otherwise)
{
    return conf_node_bytes(c ? conf_find(c, path) : NULL, otherwise);
}

uint64_t conf_node_bytes(const struct conf_node *node, uint64_t otherwise)
{
    struct str text = str_trim(str_c(node ? node->value : NULL));
    size_t digits = 0;
    while (digits < text.len && text.p[digits] >= '0' && text.p[digits] <= '9')
        digits++;
    uint64_t v;
    unsigned shift;
    if (!str_to_u64(str_cut(text, 0, digits), &v) ||
        !unit_shift(str_trim(str_from(text, digits)), &shift))
        return otherwise;
    return v > UINT64_MAX >> shift ? otherwise : v << shift;
}
