/* tree: JSON from outside, read into a tree of values.
 *
 * Way in:    the text of one object or array, from a browser or a gateway; length and depth are the caller's limits.
 * Way out:   values found by path ("otasuke.device.mac"); what is not there or of another type reads as absent.
 * Strict:    duplicate names, NUL in texts, bytes that are not UTF-8, anything after the end: no tree.
 * Memory:    the tree is its own; texts are borrowed from it until tree_free.
 * Why a room: jansson's names and base/json.h's are the same in part; only tree.c knows jansson.
 */
#ifndef CENTER_TREE_H
#define CENTER_TREE_H

#include "base/attr.h"
#include "base/str.h"

struct tree;

#define TREE_DEPTH_MAX 16

enum tree_type {
    TREE_ABSENT,
    TREE_OBJECT,
    TREE_ARRAY,
    TREE_TEXT,
    TREE_NUMBER, /* a whole number */
    TREE_BOOL,
    TREE_OTHER /* null, or a number with a fraction */
};

enum tree_fault { TREE_FINE, TREE_BROKEN, TREE_TOO_DEEP };

/* NULL when it is not JSON, deeper than TREE_DEPTH_MAX, or memory is out; *fault (may be NULL) says which. */
NODISCARD struct tree *tree_parse(struct str text, enum tree_fault *fault);
void tree_free(struct tree *root);

/* The value at a path of names joined by dots; path NULL: itself. NULL when absent; NULL may be asked further. */
const struct tree *tree_get(const struct tree *t, const char *path);
enum tree_type tree_type(const struct tree *t, const char *path);
/* NULL unless it is text. */
const char *tree_text(const struct tree *t, const char *path);
int64_t tree_int(const struct tree *t, const char *path, int64_t otherwise);
bool tree_bool(const struct tree *t, const char *path, bool otherwise);
/* Elements of an array, or 0. */
size_t tree_count(const struct tree *t, const char *path);
const struct tree *tree_at(const struct tree *array, size_t i);
/* Walks the members of an object: *at starts NULL; false at the end. */
bool tree_next(const struct tree *object, void **at, const char **name, const struct tree **value);
/* The value as JSON text in one line, by malloc; NULL when memory is out. */
char *tree_write(const struct tree *t);

#endif
