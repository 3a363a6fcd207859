/* rows: P1 P2 */
/* What cannot be inspected as it should be passes, unless the settings say otherwise; then it does what they say. */
#include "played.h"

#include "base/attr.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static enum verdict_policy policy_in_hand;
static enum verdict_exception kind_in_hand;

static void set_policy(struct engine_conf *conf)
{
    conf->verdict.policy[kind_in_hand] = (uint8_t)policy_in_hand;
}

/* A record that is none ends the parser of TLS; a rule would hold in the next segment. */
static const struct {
    enum verdict_policy policy;
    enum verdict_action at_error, after;
    uint32_t alerts;
} rows[] = {
    {POLICY_IGNORE, VERDICT_ACCEPT, VERDICT_ACCEPT, 1},
    {POLICY_DROP_FLOW, VERDICT_DROP, VERDICT_DROP, 0},
    {POLICY_DROP_PACKET, VERDICT_DROP, VERDICT_ACCEPT, 1},
    {POLICY_REJECT, VERDICT_REJECT, VERDICT_DROP, 0},
    {POLICY_BYPASS, VERDICT_ACCEPT, VERDICT_ACCEPT, 0},
    {POLICY_PASS_FLOW, VERDICT_ACCEPT, VERDICT_ACCEPT, 0},
    {POLICY_PASS_PACKET, VERDICT_ACCEPT, VERDICT_ACCEPT, 1},
};

static void a_parser_that_gives_up(void **state)
{
    static const uint8_t begin[] = {0x16, 3, 1, 0, 0x40, 1, 0, 0, 0x3c};
    static uint8_t junk[80];
    memset(junk, 0x99, sizeof(junk));
    kind_in_hand = EXCEPTION_APP_ERROR;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        static struct played p;
        struct played_talk t;
        policy_in_hand = rows[i].policy;
        print_message("# %s\n", verdict_policy_name(rows[i].policy));
        played_init(&p, "alert tcp any any -> any any (content:\"after\"; sid:1;)\n", true,
                    set_policy);
        played_open(&t, &p, 40000, 443);
        played_send(&t, DIR_TOSERVER, str_of(begin, sizeof(begin)));
        assert_int_equal(p.answer.action, VERDICT_ACCEPT);
        played_send(&t, DIR_TOSERVER, str_of(junk, sizeof(junk)));
        assert_int_equal(p.answer.action, rows[i].at_error);
        played_send(&t, DIR_TOSERVER, STR_LIT("after"));
        assert_int_equal(p.answer.action, rows[i].after);
        /* shown with the handshake that was in hand, while that is there */
        assert_int_equal(played_count(&p, "alert 1 allowed") +
                             played_count(&p, "alert 1 allowed tx 0"),
                         rows[i].alerts);
        assert_int_equal(engine_counts(p.engine)->exceptions[EXCEPTION_APP_ERROR], 1);
        played_fini(&p);
    }
}

static void what_the_settings_say(void **state)
{
    static const struct {
        const char *yaml;
        bool enforced;
        enum verdict_policy midstream, error;
    } texts[] = {
        {"a: b\n", true, POLICY_IGNORE, POLICY_IGNORE},
        {"exception-policy: auto\n", true, POLICY_DROP_FLOW, POLICY_DROP_FLOW},
        {"exception-policy: auto\n", false, POLICY_IGNORE, POLICY_IGNORE},
        {"exception-policy: auto\nstream: {midstream: yes}\n", true, POLICY_IGNORE,
         POLICY_DROP_FLOW},
        {"exception-policy: pass-packet\n", true, POLICY_IGNORE, POLICY_PASS_PACKET},
        {"exception-policy: reject\napp-layer: {error-policy: ignore}\n", true, POLICY_REJECT,
         POLICY_IGNORE},
        {"stream: {midstream-policy: bypass}\n", false, POLICY_BYPASS, POLICY_IGNORE},
        {"exception-policy: whatever\n", true, POLICY_IGNORE, POLICY_IGNORE},
    };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct err err;
        struct engine_conf e;
        struct conf *c = conf_new();
        assert_int_equal(conf_parse(c, str_c(texts[i].yaml), "t", &err), 0);
        engine_conf_read(&e, c, texts[i].enforced);
        print_message("# row %zu\n", i);
        assert_int_equal(e.verdict.policy[EXCEPTION_MIDSTREAM], texts[i].midstream);
        assert_int_equal(e.verdict.policy[EXCEPTION_APP_ERROR], texts[i].error);
        conf_free(c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_parser_that_gives_up),
        cmocka_unit_test(what_the_settings_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
