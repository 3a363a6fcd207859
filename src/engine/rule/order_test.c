/* The order in which rules are evaluated. */
#include "engine/rule/rows_double.h"

static void rules_are_ordered(void **state)
{
    struct rule_set *s =
        load("alert tcp any any -> any any (priority:2; sid:1;)\n"
             "alert tcp any any -> any any (priority:1; sid:2;)\n"
             "alert tcp any any -> any any (flowbits:isset,z; priority:1; sid:3;)\n"
             "alert tcp any any -> any any (flowbits:isset,y; flowbits:set,z; priority:1; sid:4;)\n"
             "alert tcp any any -> any any (flowbits:isset,x; flowbits:set,y; priority:3; sid:5;)\n"
             "alert tcp any any -> any any (flowbits:set,x; priority:9; sid:6;)\n"
             "reject tcp any any -> any any (sid:7;)\n"
             "drop tcp any any -> any any (sid:8;)\n"
             "pass tcp any any -> any any (sid:9;)\n"
             "alert tcp any any -> any any (priority:1; sid:10;)\n"
             "alert tcp any any -> any any (flowbits:isset,q; flowbits:set,q; sid:11;)\n");
    static const uint32_t want[] = {9, 8, 7, 6, 5, 4, 11, 3, 2, 10, 1};
    assert_int_equal(s->count, ARRAY_COUNT(want));
    uint32_t at[12] = {0};
    for (uint32_t i = 0; i < s->count; i++) {
        assert_int_equal(s->rules[i]->index, i);
        at[s->rules[i]->sid] = i;
    }
    assert_true(at[9] < at[8] && at[8] < at[7] && at[7] < at[6]);
    assert_true(at[6] < at[5] && at[5] < at[4] && at[4] < at[3]);
    assert_true(at[11] < at[3] && at[3] < at[2] && at[2] < at[10] && at[10] < at[1]);
    rule_set_free(s);
}

/* Who changes hostbits comes first, then who asks for xbits; the others keep their places. */
static void bits_of_hosts_are_ordered(void **state)
{
    struct rule_set *s =
        load("alert tcp any any -> any any (xbits:set,x,track ip_src; sid:1;)\n"
             "alert tcp any any -> any any (hostbits:isset,h; sid:2;)\n"
             "alert tcp any any -> any any (sid:3;)\n"
             "alert tcp any any -> any any (xbits:isset,x,track ip_src; sid:4;)\n"
             "alert tcp any any -> any any (xbits:isnotset,x,track ip_pair; xbits:set,y,track "
             "ip_pair; sid:5;)\n"
             "alert tcp any any -> any any (hostbits:set,h; sid:6;)\n"
             "alert tcp any any -> any any (hostbits:isset,h; hostbits:unset,i; sid:7;)\n");
    static const uint32_t want[] = {6, 7, 4, 5, 1, 2, 3};
    assert_int_equal(s->count, ARRAY_COUNT(want));
    for (uint32_t i = 0; i < s->count; i++)
        assert_int_equal(s->rules[i]->sid, want[i]);
    rule_set_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_are_ordered),
        cmocka_unit_test(bits_of_hosts_are_ordered),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
