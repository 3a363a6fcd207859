/* Lists of reputations become sets of addresses: what a rule asks is held against a naive model of the lists. */
#include "base/buf.h"
#include "engine/rule/fields_double.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct field_table fields;
static const struct rule_names names = {&fields,      double_app_event, double_event,
                                        double_event, double_app_state, double_app_frame,
                                        NULL};

static int setup(void **state)
{
    struct err err;
    return field_table_init(&fields, &double_list, 1, &err);
}

static int teardown(void **state)
{
    field_table_fini(&fields);
    return 0;
}

static const char categories[] = "1,Bad,bad hosts\n2,Good,\nnonsense\n99,Far,beyond\n";
static const char list[] = "# a comment\n"
                           "192.0.2.1,1,50\n"
                           "192.0.2.0/24,1,10\n"
                           "192.0.2.128/25,1,20\n"
                           "0.0.0.0/0,2,5\n"
                           "255.255.255.255,1,3\n"
                           "2001:db8::/32,1,7\n"
                           "bogus,1,1\n192.0.2.9,1,300\n192.0.2.9,77,1\n192.0.2.9\n,,\n";

static const struct rule_check *only_check(const struct rule_set *set)
{
    assert_int_equal(set->count, 1);
    assert_non_null(set->rules[0]->checks);
    return set->rules[0]->checks;
}

static bool has(const struct rule_addresses *set, const char *address)
{
    struct ip ip;
    assert_true(ip_parse(str_c(address), &ip));
    for (uint32_t i = 0; i < set->count; i++)
        if (ip_cmp(&set->ranges[i].first, &ip) <= 0 && ip_cmp(&ip, &set->ranges[i].last) <= 0)
            return true;
    return false;
}

static struct rule_set *load(const char *condition, const char *lines)
{
    struct err err;
    char rule[200];
    struct rule_loader *l = rule_loader_new(&names, NULL, &err);
    assert_non_null(l);
    assert_int_equal(rule_load_reputation_categories(l, str_c(categories), &err), 0);
    assert_int_equal(rule_load_reputations(l, str_c(lines), &err), 0);
    snprintf(rule, sizeof rule, "alert ip any any -> any any (iprep:%s; sid:1;)\n", condition);
    assert_int_equal(rule_load_text(l, str_c(rule), "t", &err), 0);
    struct rule_set *set = rule_loader_take(l);
    rule_loader_free(l);
    assert_non_null(set);
    return set;
}

static void conditions_become_sets(void **state)
{
    static const struct {
        const char *condition, *in, *out;
        bool negated;
    } rows[] = {
        {"src,Bad,>,30", "192.0.2.1", "192.0.2.2", false},
        {"src,Bad,=,10", "192.0.2.2", "192.0.2.1", false},
        {"src,Bad,=,10", "192.0.2.127", "192.0.2.128", false},
        {"dst,Bad,=,20", "192.0.2.255", "192.0.3.0", false},
        {"any,Bad,<=,3", "255.255.255.255", "255.255.255.254", false},
        {"any,Bad,isset", "2001:db8::1", "2001:db9::1", false},
        {"any,Bad,isset", "192.0.2.1", "198.51.100.1", false},
        /* by itself in the list: its nets do not count */
        {"src,Good,=,0", "192.0.2.1", "192.0.2.2", false},
        {"src,Good,=,5", "192.0.2.2", "192.0.2.1", false},
        {"src,Good,isnotset", "192.0.2.2", "192.0.2.1", true},
        {"both,Good,isnotset", "192.0.2.1", "2001:db8::1", true},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct rule_set *set = load(rows[i].condition, list);
        const struct rule_check *check = only_check(set);
        print_message("# %s\n", rows[i].condition);
        assert_int_equal(check->kind, RULE_CHECK_ADDRESS);
        assert_int_equal(check->negated, rows[i].negated);
        assert_true(has(check->addresses, rows[i].in));
        assert_false(has(check->addresses, rows[i].out));
        rule_set_free(set);
    }
}

static void what_is_refused(void **state)
{
    static const char *const rows[] = {"src,Far,>,1",     "src,Bad,>,128", "src,Bad,>,",
                                       "src,Bad,~,1",     "src,Bad",       "left,Bad,>,1",
                                       "src,Nobody,isset"};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct rule_set *set = load(rows[i], list);
        print_message("# %s\n", rows[i]);
        assert_int_equal(set->count, 0);
        rule_set_free(set);
    }
    struct rule_set *set = load("src,Bad,isset", "");
    assert_int_equal(only_check(set)->addresses->count, 0);
    rule_set_free(set);
}

/* Random nets in each other, all in 10.0.0.0/24: the set says of each address what walking through the lines says. */
static void as_a_naive_model(void **state)
{
    uint32_t seed = 20261123;
    for (int turn = 0; turn < 60; turn++) {
        char text[2000];
        struct buf b = buf_fixed((uint8_t *)text, sizeof text - 1);
        struct {
            uint32_t first, bits, score;
        } lines[12];
        for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
            seed = seed * 1664525 + 1013904223;
            lines[i].bits = 24 + (seed >> 8) % 9;
            lines[i].first = ((seed >> 16) & 0xff) & (0xff << (32 - lines[i].bits));
            lines[i].score = (uint32_t)i;
            buf_printf(&b, "10.0.0.%u/%u,1,%u\n", lines[i].first, lines[i].bits, lines[i].score);
        }
        text[b.len] = '\0';
        struct rule_set *set = load("src,Bad,>,5", text);
        const struct rule_check *check = only_check(set);
        for (uint32_t a = 0; a < 256; a++) {
            char address[20];
            int best = -1;
            for (size_t i = 0; i < ARRAY_COUNT(lines); i++)
                if ((a & (0xffu << (32 - lines[i].bits)) & 0xff) == lines[i].first &&
                    (best < 0 || lines[i].bits >= lines[best].bits))
                    best = (int)i;
            snprintf(address, sizeof address, "10.0.0.%u", a);
            if (has(check->addresses, address) != (best >= 0 && lines[best].score > 5))
                fail_msg("turn %d, %s", turn, address);
        }
        rule_set_free(set);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conditions_become_sets),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(as_a_naive_model),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
