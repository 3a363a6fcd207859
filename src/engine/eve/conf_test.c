#include "engine/eve/eve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#define LOG "outputs:\n  - eve-log:\n"

static struct conf *conf_of(const char *yaml)
{
    struct conf *c = conf_new();
    struct err err;
    assert_int_equal(conf_parse(c, str_c(yaml), "test", &err), 0);
    return c;
}

static void logs_are_found(void **state)
{
    static const struct {
        const char *yaml;
        uint32_t want;
        bool want_any;
    } rows[] = {
        {"stream: {inline: no}\n", 0, false},
        {"outputs:\n  - fast: {enabled: yes}\n", 0, false},
        {LOG "      enabled: no\n", 0, true},
        {LOG "      filename: a.json\n", 1, true},
        {LOG "      enabled: yes\n  - eve-log:\n      enabled: no\n  - eve-log:\n      filename: "
             "b.json\n",
         2, true},
        {LOG "      a: 1\n  - eve-log: {a: 1}\n  - eve-log: {a: 1}\n  - eve-log: {a: 1}\n", 3,
         true},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const struct conf_node *found[3];
        bool any;
        struct conf *c = conf_of(rows[i].yaml);
        print_message("# row %zu\n", i);
        assert_int_equal(eve_conf_find(c, found, ARRAY_COUNT(found), &any), rows[i].want);
        assert_int_equal(any, rows[i].want_any);
        conf_free(c);
    }
}

/* Which records an event log's `types` ask for. */
static void types_choose(void **state)
{
    enum { A = 1 << EVE_ALERT, D = 1 << EVE_DROP, F = 1 << EVE_FLOW, P = 1 << EVE_APP };
    static const struct {
        const char *types;
        uint32_t want;
        uint64_t protos;
        bool stats, payload, in_alert_flow, rule_metadata, all_drops;
    } rows[] = {
        {"[alert]", A, 0, false, false, true, true, false},
        {"[alert: ]", A, 0, false, false, true, true, false},
        {"[alert: {payload: yes, metadata: no}]", A, 0, false, true, false, false, false},
        {"[alert: {enabled: no}, flow]", F, 0, false, false, true, true, false},
        {"[alert: {metadata: {flow: no, rule: {metadata: yes}}}]", A, 0, false, false, false, true,
         false},
        {"[drop: {flows: all}]", D, 0, false, false, true, true, true},
        {"[dns, tls: {extended: yes}, whatever]", P, 1 << APP_DNS | 1 << APP_TLS, false, false,
         true, true, false},
        {"[dns: ]", P, 1 << APP_DNS, false, false, true, true, false},
        {"[stats: {totals: yes}]", 0, 0, true, false, true, true, false},
        {"[]", 0, 0, false, false, true, true, false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char yaml[256];
        const struct conf_node *found[1];
        struct eve_conf eve;
        snprintf(yaml, sizeof(yaml), LOG "      types: %s\n", rows[i].types);
        print_message("# %s\n", rows[i].types);
        struct conf *c = conf_of(yaml);
        assert_int_equal(eve_conf_find(c, found, 1, NULL), 1);
        eve_conf_read(&eve, c, found[0]);
        assert_int_equal(eve.types, rows[i].want);
        assert_int_equal(eve.protos, rows[i].protos);
        assert_int_equal(eve.stats, rows[i].stats);
        assert_int_equal(eve.payload, rows[i].payload);
        assert_int_equal(eve.flow_in_alert, rows[i].in_alert_flow);
        assert_int_equal(eve.rule_metadata, rows[i].rule_metadata);
        assert_int_equal(eve.drop_all, rows[i].all_drops);
        conf_free(c);
    }
}

static void a_log_says_where_and_how(void **state)
{
    const struct conf_node *found[1];
    struct eve_conf eve;
    struct conf *c = conf_of("sensor-name: box\n" LOG
                             "      filename: x.json\n      append: no\n      filetype: syslog\n"
                             "      pcap-file: yes\n      metadata: no\n      community-id: true\n"
                             "      community-id-seed: 7\n      ethernet: yes\n");
    assert_int_equal(eve_conf_find(c, found, 1, NULL), 1);
    eve_conf_read(&eve, c, found[0]);
    assert_string_equal(eve.filename, "x.json");
    assert_string_equal(eve.filetype, "syslog");
    assert_string_equal(eve.sensor, "box");
    assert_false(eve.append);
    assert_true(eve.wants_pcap_name && eve.community_id && eve.ether);
    assert_false(eve.metadata);
    assert_int_equal(eve.community_seed, 7);
    assert_true(eve.stats); /* without `types` everything is wanted */
    conf_free(c);
    eve_conf_read(&eve, NULL, NULL);
    assert_string_equal(eve.filename, "eve.json");
    assert_true(eve.append && eve.metadata && eve.stats);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logs_are_found),
        cmocka_unit_test(types_choose),
        cmocka_unit_test(a_log_says_where_and_how),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
