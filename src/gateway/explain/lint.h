/* lint: what an author of rules wants to hear of rules that are loaded all the same; private to explain/. */
#ifndef GATEWAY_EXPLAIN_LINT_H
#define GATEWAY_EXPLAIN_LINT_H

#include "base/vec.h"
#include "gateway/explain/options.h"

enum lint_level {
    LINT_DEAD,   /* the rule can never hold */
    LINT_COST,   /* it costs more than others */
    LINT_ADVICE, /* it holds on more, or says less, than its author may have meant */
};

struct lint_kind {
    const char *name; /* "bit-never-set" */
    enum lint_level level;
    const char *meaning;
};
extern const struct lint_kind lint_kinds[];
extern const size_t lint_kind_count;

struct lint_finding {
    const struct rule *rule;
    uint32_t kind; /* index in lint_kinds */
    char detail[160];
};

/* Findings in the order of files and lines within each kind. -1: no memory. */
NODISCARD int lint_rules(const struct explain_rules *r, struct vec *findings);

#endif
