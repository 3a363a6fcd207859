/* conf: settings as a tree of text, read from YAML (libyaml), with single values set from the command line.
 *
 * A path names a value: "stream.midstream", "outputs.1.eve-log.types.0". A sequence item that is a mapping with one key
 * is also found by that key ("outputs.eve-log.enabled"), as Suricata's users write it. Values are text; conf_bool and the
 * others read them with a default. yes/true/on/1 and no/false/off/0 are truth values. `include` is followed (depth 4); a file
 * that is not there is passed over and named by conf_missing, for its settings have defaults.
 * Limits: 4 MiB of text, 100,000 nodes, depth 32.
 */
#ifndef BASE_CONF_H
#define BASE_CONF_H

#include "base/err.h"
#include "base/str.h"

struct conf;

struct conf_node {
    const char *key;   /* in a mapping; NULL in a sequence */
    const char *value; /* scalar text, or NULL */
    struct conf_node *child;
    struct conf_node *next;
};

NODISCARD struct conf *conf_new(void);
void conf_free(struct conf *c);
/* Adds a file's values; later ones replace earlier ones of the same path. */
NODISCARD int conf_load(struct conf *c, const char *path, struct err *err);
NODISCARD int conf_parse(struct conf *c, struct str yaml, const char *name, struct err *err);
/* Path of the i-th file that was to be included and is not there; NULL: no more of them. A person should hear of them. */
const char *conf_missing(const struct conf *c, size_t i);
/* "a.b.c=value" as `--set` gives it. */
NODISCARD int conf_set(struct conf *c, const char *assignment, struct err *err);
/* NULL when absent (c NULL: everything is). Valid until conf_free. */
const struct conf_node *conf_find(const struct conf *c, const char *path);
const struct conf_node *conf_child(const struct conf_node *node, const char *path);
const char *conf_text(const struct conf *c, const char *path, const char *otherwise);
/* Of a node found already; NULL or something else than a truth value: otherwise. */
bool conf_node_bool(const struct conf_node *node, bool otherwise);
uint64_t conf_node_bytes(const struct conf_node *node, uint64_t otherwise);
bool conf_bool(const struct conf *c, const char *path, bool otherwise);
int64_t conf_int(const struct conf *c, const char *path, int64_t otherwise);
/* "64mb", "1 GiB", "512". */
uint64_t conf_bytes(const struct conf *c, const char *path, uint64_t otherwise);

#endif
