#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "engine/verdict/verdict.h"

static const struct rule_ports any_ports = {.any = true};
static struct rule_pair isolate_pair = {"otasuke_isolate", "lan_device"};
static struct tx some_tx;

static struct rule rule_of(enum rule_action action)
{
    return (struct rule){
        .action = action, .src_ports = &any_ports, .dst_ports = &any_ports, .needs_packet = true};
}

static const struct {
    const char *name;
    enum rule_action actions[4];
    uint32_t count;
    bool enforced;
    enum verdict_action want;
    uint32_t alerts;
    bool passed;
} rows[] = {
    {"nothing", {RULE_ALERT}, 0, true, VERDICT_ACCEPT, 0, false},
    {"alert only", {RULE_ALERT}, 1, true, VERDICT_ACCEPT, 1, false},
    {"drop", {RULE_DROP, RULE_ALERT}, 2, true, VERDICT_DROP, 2, false},
    {"drop told, not done", {RULE_DROP}, 1, false, VERDICT_DROP, 1, false},
    {"reject outweighs drop", {RULE_DROP, RULE_REJECT}, 2, true, VERDICT_REJECT, 2, false},
    {"pass first", {RULE_PASS, RULE_DROP, RULE_ALERT}, 3, true, VERDICT_ACCEPT, 0, true},
    {"pass after drop", {RULE_DROP, RULE_PASS, RULE_ALERT}, 3, true, VERDICT_DROP, 1, true},
};

static void judges_in_order(void **state)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct rule rules[4];
        struct match_hits hits = {.count = rows[i].count};
        for (uint32_t k = 0; k < rows[i].count; k++) {
            rules[k] = rule_of(rows[i].actions[k]);
            hits.items[k] = (struct match_hit){.rule = &rules[k], .action = rows[i].actions[k]};
        }
        struct verdict v;
        verdict_judge(&hits, rows[i].enforced, &v);
        print_message("# %s\n", rows[i].name);
        assert_int_equal(v.action, rows[i].want);
        assert_int_equal(v.alert_count, rows[i].alerts);
        assert_int_equal(v.passed, rows[i].passed);
        for (uint32_t k = 0; k < v.alert_count; k++)
            assert_int_equal(verdict_hit_blocked(&v, v.alerts[k]),
                             rows[i].enforced && v.alerts[k]->action != RULE_ALERT);
    }
}

static void transaction_rules_act_on_the_flow(void **state)
{
    struct rule rule = rule_of(RULE_DROP);
    struct match_hits hits = {.count = 1, .items = {{.rule = &rule, .action = RULE_DROP}}};
    struct verdict v;
    verdict_judge(&hits, true, &v);
    assert_false(v.flow_wide);
    hits.items[0].tx = &some_tx;
    verdict_judge(&hits, true, &v);
    assert_true(v.flow_wide);
}

static void silent_hits_neither_tell_nor_act(void **state)
{
    struct rule rule = rule_of(RULE_DROP);
    struct match_hits hits = {.count = 1,
                              .items = {{.rule = &rule, .action = RULE_DROP, .silent = true}}};
    struct verdict v;
    verdict_judge(&hits, true, &v);
    assert_int_equal(v.action, VERDICT_ACCEPT);
    assert_int_equal(v.alert_count, 0);
}

static void isolation_is_asked_by_metadata(void **state)
{
    struct rule rule = rule_of(RULE_DROP);
    struct match_hits hits = {.count = 1, .items = {{.rule = &rule, .action = RULE_DROP}}};
    struct verdict v;
    verdict_judge(&hits, true, &v);
    assert_false(v.isolate);
    rule.metadata = &isolate_pair;
    rule.metadata_count = 1;
    verdict_judge(&hits, true, &v);
    assert_true(v.isolate);
}

static void too_many_alerts_are_counted(void **state)
{
    struct rule rule = rule_of(RULE_ALERT);
    struct match_hits hits = {.count = VERDICT_ALERTS_MAX + 3};
    for (uint32_t i = 0; i < hits.count; i++)
        hits.items[i] = (struct match_hit){.rule = &rule, .action = RULE_ALERT};
    struct verdict v;
    verdict_judge(&hits, true, &v);
    assert_int_equal(v.alert_count, VERDICT_ALERTS_MAX);
    assert_int_equal(v.alerts_lost, 3);
}

/* Noise does not hide what was stopped. */
static void what_stops_is_told_among_many(void **state)
{
    struct rule noise = rule_of(RULE_ALERT), stop = rule_of(RULE_DROP);
    struct match_hits hits = {.count = VERDICT_ALERTS_MAX + 3};
    for (uint32_t i = 0; i < hits.count; i++)
        hits.items[i] = (struct match_hit){.rule = &noise, .action = RULE_ALERT};
    hits.items[hits.count - 1] = (struct match_hit){.rule = &stop, .action = RULE_DROP};
    struct verdict v;
    verdict_judge(&hits, true, &v);
    assert_int_equal(v.action, VERDICT_DROP);
    assert_int_equal(v.alert_count, VERDICT_ALERTS_MAX);
    assert_int_equal(v.alerts_lost, 3);
    assert_ptr_equal(v.alerts[v.alert_count - 1]->rule, &stop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_in_order),
        cmocka_unit_test(transaction_rules_act_on_the_flow),
        cmocka_unit_test(silent_hits_neither_tell_nor_act),
        cmocka_unit_test(isolation_is_asked_by_metadata),
        cmocka_unit_test(too_many_alerts_are_counted),
        cmocka_unit_test(what_stops_is_told_among_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
