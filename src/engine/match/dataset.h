/* dataset: values loaded from a file when the image is built; private to match/. What rules add or take away while running
 * lies in match_hosts, keyed by the set's name, and outlives the image. */
#ifndef ENGINE_MATCH_DATASET_H
#define ENGINE_MATCH_DATASET_H

#include "base/attr.h"
#include "base/str.h"
#include "engine/rule/rule.h"

#include <stdbool.h>
#include <stdint.h>

struct match_dataset;

/* Lives as long as `memory`. *unread: the file is not there or not readable; the set is empty then. NULL: no memory. */
NODISCARD struct match_dataset *dataset_new(const struct rule_dataset_decl *decl,
                                            struct arena *memory, bool *unread);
const struct rule_dataset_decl *dataset_decl(const struct match_dataset *d);
/* The value of a buffer as the set keeps it: an IPv4 address within IPv6 as IPv4; empty when it is none of the set's type. */
struct str dataset_value(const struct match_dataset *d, struct str raw);
/* `value` as dataset_value gives it: text for strings, raw digests, raw addresses. */
struct dataset_found {
    uint32_t reputation;
    struct str context; /* the JSON object of the value; empty: none */
};
bool dataset_has(const struct match_dataset *d, struct str value, struct dataset_found *found);

#endif
