#include "center/tree/tree.h"

#include <jansson.h>
#include <stdlib.h>

/* Deepest nesting of brackets outside of texts. Asked before jansson recurses. */
static size_t depth_of(struct str text)
{
    size_t depth = 0, deepest = 0;
    bool inside = false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.p[i];
        if (inside) {
            if (c == '\\')
                i++;
            else if (c == '"')
                inside = false;
        } else if (c == '"') {
            inside = true;
        } else if (c == '{' || c == '[') {
            if (++depth > deepest)
                deepest = depth;
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return deepest;
}

struct tree *tree_parse(struct str text, enum tree_fault *fault)
{
    enum tree_fault none;
    json_error_t error;
    if (!fault)
        fault = &none;
    *fault = TREE_TOO_DEEP;
    if (depth_of(text) > TREE_DEPTH_MAX)
        return NULL;
    *fault = TREE_BROKEN;
    json_t *root = json_loadb((const char *)text.p, text.len, JSON_REJECT_DUPLICATES, &error);
    if (root)
        *fault = TREE_FINE;
    return (struct tree *)root;
}

void tree_free(struct tree *root)
{
    json_decref((json_t *)root);
}

static const json_t *value_of(const struct tree *t)
{
    return (const json_t *)t;
}

const struct tree *tree_get(const struct tree *t, const char *path)
{
    const json_t *at = value_of(t);
    struct str rest = str_c(path);
    char name[64];
    while (at && rest.len > 0) {
        struct str part = str_split(&rest, '.');
        if (part.len >= sizeof name)
            return NULL;
        memcpy(name, part.p, part.len);
        name[part.len] = 0;
        at = json_object_get(at, name);
    }
    return (const struct tree *)at;
}

enum tree_type tree_type(const struct tree *t, const char *path)
{
    const json_t *at = value_of(tree_get(t, path));
    if (!at)
        return TREE_ABSENT;
    switch (json_typeof(at)) {
    case JSON_OBJECT: return TREE_OBJECT;
    case JSON_ARRAY: return TREE_ARRAY;
    case JSON_STRING: return TREE_TEXT;
    case JSON_INTEGER: return TREE_NUMBER;
    case JSON_TRUE:
    case JSON_FALSE: return TREE_BOOL;
    case JSON_REAL:
    case JSON_NULL: break;
    }
    return TREE_OTHER;
}

const char *tree_text(const struct tree *t, const char *path)
{
    return json_string_value(value_of(tree_get(t, path)));
}

int64_t tree_int(const struct tree *t, const char *path, int64_t otherwise)
{
    const json_t *at = value_of(tree_get(t, path));
    return json_is_integer(at) ? json_integer_value(at) : otherwise;
}

bool tree_bool(const struct tree *t, const char *path, bool otherwise)
{
    const json_t *at = value_of(tree_get(t, path));
    return json_is_boolean(at) ? json_is_true(at) : otherwise;
}

size_t tree_count(const struct tree *t, const char *path)
{
    return json_array_size(value_of(tree_get(t, path)));
}

const struct tree *tree_at(const struct tree *array, size_t i)
{
    return (const struct tree *)json_array_get(value_of(array), i);
}

bool tree_next(const struct tree *object, void **at, const char **name, const struct tree **value)
{
    union { /* jansson wants a writable pointer for its walk and writes nothing */
        const struct tree *given;
        json_t *wanted;
    } o = {object};
    *at = *at ? json_object_iter_next(o.wanted, *at) : json_object_iter(o.wanted);
    if (!*at)
        return false;
    *name = json_object_iter_key(*at);
    *value = (const struct tree *)json_object_iter_value(*at);
    return true;
}

char *tree_write(const struct tree *t)
{
    return json_dumps(value_of(t), JSON_COMPACT | JSON_ENCODE_ANY);
}
