/* tailor: the rules as this place wants them, before they are read.
 *
 * Way in:    suricata-update's enable.conf, disable.conf, drop.conf and modify.conf, and the policy of the settings
 *            (otasuke.rules.drop, otasuke.rules.never-drop), as text; then every rule's text, also of those that are commented out.
 * Way out:   whether the rule is used, and its text; at the end what each line did, in words.
 * Order:     disable, enable, modify, drop, policy. Dropping is a decision of the place: no rule set comes with it. What
 *            never-drop names, what says noalert, and what its author has marked "deployment alert_only" stays an alert.
 * Memory:    the tailor's own; a changed text is valid until the next rule.
 * Threads:   one.
 * Limits:    TAILOR_LINES_MAX lines. An expression that needs too many steps does not fit; that is counted and told.
 */
#ifndef GATEWAY_TAILOR_TAILOR_H
#define GATEWAY_TAILOR_TAILOR_H

#include "base/conf.h"
#include "base/err.h"
#include "base/str.h"

#define TAILOR_LINES_MAX 200000u

enum tailor_kind {
    TAILOR_DISABLE,
    TAILOR_ENABLE,
    TAILOR_MODIFY,
    TAILOR_DROP,
    TAILOR_POLICY,  /* otasuke.rules.drop: conditions on metadata, all of which must hold */
    TAILOR_PROTECT, /* otasuke.rules.never-drop */
    TAILOR_KINDS
};

struct tailor;

/* A rule as it stands in a file. */
struct tailor_rule {
    const char *file;
    struct str text; /* without the '#' of one that is commented out */
    bool enabled;
};

/* NULL when memory is out. */
NODISCARD struct tailor *tailor_new(void);
void tailor_free(struct tailor *t);
/* Adds the lines of a file. One that cannot be understood is remembered for the report, and does nothing. -1: no memory. */
NODISCARD int tailor_read(struct tailor *t, enum tailor_kind kind, struct str text,
                          const char *name, struct err *err);
/* Adds the policy of the settings; conf may be NULL. */
NODISCARD int tailor_read_policy(struct tailor *t, const struct conf *conf, struct err *err);
/* Is there any line at all? */
bool tailor_has_lines(const struct tailor *t);
/* Changes the rule. False: no memory for its new text; it is as it was. */
bool tailor_apply(struct tailor *t, struct tailor_rule *rule);

/* What a line or all of them did; is_problem: somebody should look at it. */
typedef void (*tailor_say_fn)(void *owner, bool is_problem, const char *text);
/* A sum, then each line: of more than TAILOR_TOLD_MAX of a kind only those that did nothing, unless `all`. */
#define TAILOR_TOLD_MAX 100
void tailor_report(const struct tailor *t, bool all, tailor_say_fn say, void *owner);

#endif
