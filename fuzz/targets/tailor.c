/* enable.conf, disable.conf, modify.conf, drop.conf, the policy, what is protected, and rules, with NUL bytes between them: whatever
 * stands there, each rule is asked in bounded time, a text stays one of the rule's own kind, and the report can be written. */
#include "gateway/tailor/tailor.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TEXT_BYTES_MAX 8192
#define RULES_MAX 64

static void count(void *owner, bool is_problem, const char *text)
{
    size_t *bytes = owner;
    *bytes += strlen(text) + is_problem;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err;
    struct tailor *t = tailor_new();
    if (!t)
        abort();
    struct str rest = str_of(data, size > TEXT_BYTES_MAX ? TEXT_BYTES_MAX : size);
    for (int kind = 0; kind < TAILOR_KINDS; kind++)
        if (tailor_read(t, (enum tailor_kind)kind, str_split(&rest, 0), "fuzz.conf", &err) < 0)
            abort();
    for (int i = 0; i < RULES_MAX && rest.p; i++) {
        struct tailor_rule rule = {"fuzz.rules", str_trim(str_split(&rest, '\n')), i % 4 != 0};
        bool was_alert = str_starts(rule.text, STR_LIT("alert "));
        struct str before = rule.text;
        if (!tailor_apply(t, &rule))
            abort();
        if (rule.text.p == before.p && rule.text.len == before.len)
            continue; /* as it was: and so is what it does */
        if (!was_alert && !tailor_has_lines(t))
            abort();
    }
    size_t bytes = 0;
    tailor_report(t, true, count, &bytes);
    if (tailor_has_lines(t) != (bytes > 0))
        abort();
    tailor_free(t);
    return 0;
}
