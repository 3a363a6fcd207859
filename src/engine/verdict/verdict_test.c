#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "engine/verdict/verdict.h"

static const struct rule_ports any_ports = {.any = true};
static struct rule_pair isolate_pair = {"otasuke_isolate", "lan_device"};
static const struct verdict_conf inline_conf = {.enforced = true,
                                                .alerts_max = VERDICT_ALERTS_USUAL};
static const struct verdict_conf detect_conf = {.enforced = false,
                                                .alerts_max = VERDICT_ALERTS_USUAL};

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
    {"pass after drop", {RULE_DROP, RULE_PASS, RULE_ALERT}, 3, true, VERDICT_DROP, 1, false},
};

static void judges_in_order(void **state)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct rule rules[4];
        struct match_hits hits = {.count = rows[i].count};
        for (uint32_t k = 0; k < rows[i].count; k++) {
            rules[k] = rule_of(rows[i].actions[k]);
            hits.items[k] = (struct match_hit){.rule = &rules[k],
                                               .action = rows[i].actions[k],
                                               .untold = rows[i].actions[k] == RULE_PASS};
        }
        struct verdict v;
        verdict_judge(&hits, rows[i].enforced ? &inline_conf : &detect_conf, &v);
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
    verdict_judge(&hits, &inline_conf, &v);
    assert_false(v.flow_wide);
    hits.items[0].whole_flow = true;
    verdict_judge(&hits, &inline_conf, &v);
    assert_true(v.flow_wide);
}

static void silent_hits_neither_tell_nor_act(void **state)
{
    struct rule rule = rule_of(RULE_DROP);
    struct match_hits hits = {.count = 1,
                              .items = {{.rule = &rule, .action = RULE_DROP, .silent = true}}};
    struct verdict v;
    verdict_judge(&hits, &inline_conf, &v);
    assert_int_equal(v.action, VERDICT_ACCEPT);
    assert_int_equal(v.alert_count, 0);
}

static void isolation_is_asked_by_metadata(void **state)
{
    struct rule rule = rule_of(RULE_DROP);
    struct match_hits hits = {.count = 1, .items = {{.rule = &rule, .action = RULE_DROP}}};
    struct verdict v;
    verdict_judge(&hits, &inline_conf, &v);
    assert_false(v.isolate);
    rule.metadata = &isolate_pair;
    rule.metadata_count = 1;
    verdict_judge(&hits, &inline_conf, &v);
    assert_true(v.isolate);
}

/* Suppressed, or past its limit: the drop is done in silence, a pass passes. */
static void untold_hits_act(void **state)
{
    struct rule drop = rule_of(RULE_DROP), pass = rule_of(RULE_PASS);
    struct match_hits hits = {.count = 1,
                              .items = {{.rule = &drop, .action = RULE_DROP, .untold = true}}};
    struct verdict v;
    verdict_judge(&hits, &inline_conf, &v);
    assert_int_equal(v.action, VERDICT_DROP);
    assert_int_equal(v.reason, VERDICT_RULES);
    assert_int_equal(v.alert_count, 0);
    hits.items[0] = (struct match_hit){.rule = &pass, .action = RULE_PASS, .untold = true};
    verdict_judge(&hits, &inline_conf, &v);
    assert_true(v.passed);
}

/* `pass ... (alert; ...)` */
static void a_pass_may_tell(void **state)
{
    struct rule pass = rule_of(RULE_PASS), other = rule_of(RULE_ALERT);
    struct match_hits hits = {
        .count = 2,
        .items = {{.rule = &pass, .action = RULE_PASS}, {.rule = &other, .action = RULE_ALERT}}};
    struct verdict v;
    verdict_judge(&hits, &inline_conf, &v);
    assert_int_equal(v.alert_count, 1);
    assert_ptr_equal(v.alerts[0]->rule, &pass);
    assert_string_equal(verdict_action_name(&v), "pass");
}

static const struct verdict_conf three_conf = {.enforced = true, .alerts_max = 3};

static struct match_hits many_hits(const struct rule *rule, uint32_t count)
{
    struct match_hits hits = {.count = count};
    for (uint32_t i = 0; i < count; i++)
        hits.items[i] = (struct match_hit){.rule = rule, .action = rule->action};
    return hits;
}

static void too_many_alerts_are_counted(void **state)
{
    struct rule rule = rule_of(RULE_ALERT);
    struct match_hits hits = many_hits(&rule, VERDICT_ALERTS_USUAL + 3);
    struct verdict v;
    verdict_judge(&hits, &inline_conf, &v);
    assert_int_equal(v.alert_count, VERDICT_ALERTS_USUAL);
    assert_int_equal(v.alerts_lost, 3);
    verdict_judge(&hits, &three_conf, &v);
    assert_int_equal(v.alert_count, 3);
    assert_string_equal(verdict_action_name(&v), "alert");
}

/* Who lets alerts go before drops (action-order) is told the first ones; the drop is done. */
static void the_first_in_order_are_told(void **state)
{
    struct rule noise = rule_of(RULE_ALERT), drop = rule_of(RULE_DROP);
    struct match_hits hits = many_hits(&noise, 5);
    hits.items[4] = (struct match_hit){.rule = &drop, .action = RULE_DROP};
    struct verdict v;
    verdict_judge(&hits, &three_conf, &v);
    assert_int_equal(v.action, VERDICT_DROP);
    assert_int_equal(v.alert_count, 3);
    assert_ptr_equal(v.alerts[2]->rule, &noise);
    assert_ptr_equal(v.rule, &drop);
    assert_string_equal(verdict_action_name(&v), "drop");
}

/* A rate_filter's drop stands among the alerts: noise does not hide it. */
static void what_a_rate_filter_stops_is_told(void **state)
{
    struct rule noise = rule_of(RULE_ALERT), stop = rule_of(RULE_ALERT);
    struct match_hits hits = many_hits(&noise, 5);
    hits.items[4] = (struct match_hit){.rule = &stop, .action = RULE_DROP};
    struct verdict v;
    verdict_judge(&hits, &three_conf, &v);
    assert_int_equal(v.action, VERDICT_DROP);
    assert_int_equal(v.reason, VERDICT_RATE_FILTER);
    assert_int_equal(v.alert_count, 3);
    assert_int_equal(v.alerts_lost, 2);
    assert_ptr_equal(v.alerts[2]->rule, &stop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_in_order),
        cmocka_unit_test(transaction_rules_act_on_the_flow),
        cmocka_unit_test(silent_hits_neither_tell_nor_act),
        cmocka_unit_test(isolation_is_asked_by_metadata),
        cmocka_unit_test(too_many_alerts_are_counted),
        cmocka_unit_test(the_first_in_order_are_told),
        cmocka_unit_test(what_a_rate_filter_stops_is_told),
        cmocka_unit_test(untold_hits_act),
        cmocka_unit_test(a_pass_may_tell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
