/* Which level: by kind, by the way the threat moves, and by whether any of it got through. The first row that fits. */
#include "center/core/inner.h"

enum passed { ANY_WAY, STOPPED, PASSED };

static const struct row {
    enum kind kind;
    enum direction direction; /* DIRECTION_UNKNOWN: any */
    enum passed passed;
    enum level level;
    const char *reason;
} rows[] = {
    {KIND_C2, DIRECTION_UNKNOWN, ANY_WAY, LEVEL_RED, "reason.infected"},
    {KIND_VIRUS, DIRECTION_INSIDE_OUT, ANY_WAY, LEVEL_RED, "reason.infected"},
    {KIND_VIRUS, DIRECTION_UNKNOWN, PASSED, LEVEL_RED, "reason.passed"},
    {KIND_VIRUS, DIRECTION_UNKNOWN, STOPPED, LEVEL_YELLOW, "reason.blocked"},
    {KIND_EXPLOIT, DIRECTION_INSIDE_OUT, ANY_WAY, LEVEL_RED, "reason.infected"},
    {KIND_EXPLOIT, DIRECTION_UNKNOWN, PASSED, LEVEL_YELLOW, "reason.reached"},
    {KIND_EXPLOIT, DIRECTION_UNKNOWN, STOPPED, LEVEL_BLUE, "reason.blocked"},
    {KIND_SCAN, DIRECTION_INSIDE_OUT, ANY_WAY, LEVEL_YELLOW, "reason.infected"},
    {KIND_SCAN, DIRECTION_UNKNOWN, ANY_WAY, LEVEL_BLUE, "reason.daily"},
    {KIND_PHISHING, DIRECTION_UNKNOWN, PASSED, LEVEL_YELLOW, "reason.passed"},
    {KIND_PHISHING, DIRECTION_UNKNOWN, STOPPED, LEVEL_YELLOW, "reason.blocked"},
    {KIND_BAD_SITE, DIRECTION_UNKNOWN, PASSED, LEVEL_YELLOW, "reason.passed"},
    {KIND_BAD_SITE, DIRECTION_UNKNOWN, STOPPED, LEVEL_YELLOW, "reason.blocked"},
    {KIND_CREDENTIAL, DIRECTION_INSIDE_OUT, ANY_WAY, LEVEL_RED, "reason.infected"},
    {KIND_CREDENTIAL, DIRECTION_UNKNOWN, PASSED, LEVEL_YELLOW, "reason.reached"},
    {KIND_CREDENTIAL, DIRECTION_UNKNOWN, STOPPED, LEVEL_BLUE, "reason.blocked"},
    {KIND_COINMINER, DIRECTION_UNKNOWN, PASSED, LEVEL_RED, "reason.infected"},
    {KIND_COINMINER, DIRECTION_UNKNOWN, STOPPED, LEVEL_YELLOW, "reason.infected"},
    {KIND_LATERAL, DIRECTION_UNKNOWN, ANY_WAY, LEVEL_RED, "reason.infected"},
    {KIND_POLICY, DIRECTION_UNKNOWN, ANY_WAY, LEVEL_BLUE, "reason.record_only"},
    {KIND_APP, DIRECTION_UNKNOWN, ANY_WAY, LEVEL_BLUE, "reason.record_only"},
    {KIND_DOS, DIRECTION_INSIDE_OUT, ANY_WAY, LEVEL_RED, "reason.infected"},
    {KIND_DOS, DIRECTION_UNKNOWN, ANY_WAY, LEVEL_YELLOW, "reason.reached"},
    {KIND_WEAK_POINT, DIRECTION_UNKNOWN, ANY_WAY, LEVEL_BLUE, "reason.weak"},
    {KIND_GATEWAY_SILENT, DIRECTION_UNKNOWN, ANY_WAY, LEVEL_YELLOW, "reason.protection_down"},
    {KIND_FAIL_OPEN, DIRECTION_UNKNOWN, ANY_WAY, LEVEL_YELLOW, "reason.protection_down"},
    {KIND_DEVICE_ISOLATED, DIRECTION_UNKNOWN, ANY_WAY, LEVEL_RED, "reason.isolated"},
    {KIND_OTHER, DIRECTION_UNKNOWN, ANY_WAY, LEVEL_BLUE, "reason.record_only"},
};

static bool fits(const struct row *r, enum kind kind, enum direction direction, bool passed)
{
    return r->kind == kind && (r->direction == DIRECTION_UNKNOWN || r->direction == direction) &&
           (r->passed == ANY_WAY || (r->passed == PASSED) == passed);
}

struct judgement judge(enum kind kind, enum direction direction, bool passed, const struct alert *a)
{
    struct judgement j = {LEVEL_BLUE, "reason.record_only"};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        if (fits(&rows[i], kind, direction, passed)) {
            j = (struct judgement){rows[i].level, rows[i].reason};
            break;
        }
    }
    if (a && a->informational && j.level > LEVEL_BLUE)
        return (struct judgement){LEVEL_BLUE, "reason.low_severity"};
    if (a && a->doubtful && j.level == LEVEL_RED)
        return (struct judgement){LEVEL_YELLOW, "reason.low_confidence"};
    /* A passed attack of the lowest severities on a machine is a try that did not fit it. */
    if (a && kind == KIND_EXPLOIT && direction != DIRECTION_INSIDE_OUT && a->severity >= 3 &&
        j.level > LEVEL_BLUE)
        return (struct judgement){LEVEL_BLUE, "reason.low_severity"};
    return j;
}
