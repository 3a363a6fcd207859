/* rows: R-D */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "engine/match/threshold.h"

#define S INT64_C(1000000)
#define BEGIN (1600000000 * S)

/* Hits at these seconds after the start; what is told of each: A all, a the action alone, . nothing. */
static const struct {
    const char *name;
    struct rule_threshold threshold;
    double at[8];
    const char *want;
} rows[] = {
    {"limit: the first two of ten seconds",
     {.kind = RULE_THRESHOLD_LIMIT, .count = 2, .seconds = 10},
     {0, 1, 2, 9.9, 10.1, 10.2, 10.3, 30},
     "AAaaAAaA"},
    {"limit: the period's last instant belongs to it",
     {.kind = RULE_THRESHOLD_LIMIT, .count = 1, .seconds = 1},
     {0, 1, 1.000001, 2, 2.000001, 2.5, 3.1, 3.2},
     "AaAaaAaa"},
    {"threshold: every third of a period",
     {.kind = RULE_THRESHOLD_THRESHOLD, .count = 3, .seconds = 60},
     {0, 1, 2, 3, 4, 5, 6, 70},
     "..A..A.."},
    {"threshold: the period goes on after it told",
     {.kind = RULE_THRESHOLD_THRESHOLD, .count = 2, .seconds = 3},
     {0, 1, 2, 3.5, 3.6, 3.7, 3.8, 3.9},
     ".A..A.A."},
    {"threshold: one is every one",
     {.kind = RULE_THRESHOLD_THRESHOLD, .count = 1, .seconds = 3},
     {0, 1, 2, 3, 4, 5, 6, 7},
     "AAAAAAAA"},
    {"both: the third, then silence that acts",
     {.kind = RULE_THRESHOLD_BOTH, .count = 3, .seconds = 5},
     {0, 1, 2, 3, 4, 5.1, 5.2, 5.3},
     "..Aaa..A"},
    {"backoff: 2, 4, 8",
     {.kind = RULE_THRESHOLD_BACKOFF, .count = 2, .multiplier = 2},
     {0, 1, 2, 3, 4, 5, 6, 7},
     ".AaAaaaA"},
    {"backoff: from the first one",
     {.kind = RULE_THRESHOLD_BACKOFF, .count = 1, .multiplier = 5},
     {0, 1, 2, 3, 4, 5, 6, 7},
     "AaaaAaaa"},
    {"detection_filter: behind the second",
     {.kind = RULE_DETECTION_FILTER, .count = 2, .seconds = 10},
     {0, 1, 2, 3, 10, 10.1, 10.2, 10.3},
     "..AAA..A"},
    {"a clock set back begins anew",
     {.kind = RULE_THRESHOLD_LIMIT, .count = 1, .seconds = 60},
     {100, 101, 5, 6, 7, 8, 9, 66},
     "AaAaaaaA"},
};

static void kinds_tell_what_they_should(void **state)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct host_state of = {0};
        print_message("# %s\n", rows[i].name);
        for (size_t k = 0; k < ARRAY_COUNT(rows[i].at); k++) {
            int64_t now_us = BEGIN + (int64_t)(rows[i].at[k] * (double)S + 0.5);
            static const char signs[] = {
                [TOLD_ALL] = 'A', [TOLD_ACTION] = 'a', [TOLD_NOTHING] = '.'};
            assert_int_equal(signs[threshold_step(&rows[i].threshold, &of, now_us)],
                             rows[i].want[k]);
        }
    }
}

/* x: the new action holds. */
static const struct {
    const char *name;
    uint32_t count, seconds, timeout_s;
    double at[8];
    const char *want;
} rate_rows[] = {
    {"more than two of a minute, for ten seconds",
     2,
     60,
     10,
     {0, 1, 2, 3, 12, 13, 14, 15},
     "..xxx.xx"},
    {"too slow to count", 1, 1, 10, {0, 2, 4, 6, 8, 10, 12, 14}, "........"},
    {"a timeout counts whole seconds", 1, 5, 1, {0.1, 0.9, 1.99, 2, 2.1, 3.9, 4, 4.1}, ".xx.xx.x"},
    {"behind the timeout a new period begins", 1, 5, 0, {0, 1, 1.9, 7, 8, 20, 21, 22}, ".xx...x."},
};

static void rate_filters_come_and_go(void **state)
{
    for (size_t i = 0; i < ARRAY_COUNT(rate_rows); i++) {
        struct rule_threshold t = {.kind = RULE_RATE_FILTER,
                                   .count = rate_rows[i].count,
                                   .seconds = rate_rows[i].seconds,
                                   .timeout_s = rate_rows[i].timeout_s};
        struct host_state of = {0};
        print_message("# %s\n", rate_rows[i].name);
        for (size_t k = 0; k < ARRAY_COUNT(rate_rows[i].at); k++) {
            int64_t now_us = BEGIN + (int64_t)(rate_rows[i].at[k] * (double)S + 0.5);
            assert_int_equal(threshold_rate_step(&t, &of, now_us) ? 'x' : '.',
                             rate_rows[i].want[k]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_tell_what_they_should),
        cmocka_unit_test(rate_filters_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
