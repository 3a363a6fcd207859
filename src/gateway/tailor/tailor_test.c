#include "gateway/tailor/tailor.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define BODY                                                                              \
    " tcp any any -> any any (msg:\"ET MALWARE Beacon \\; one\"; content:\"x\"; "         \
    "classtype:trojan-activity; "                                                         \
    "sid:2019401; rev:3; metadata:signature_severity Major, confidence High, deployment " \
    "Perimeter;)"

struct row {
    const char *name;
    const char *lines[TAILOR_KINDS]; /* of each kind */
    const char *rule;                /* NULL: "alert" BODY */
    const char *want;                /* "": switched off */
};

/* What comes of one rule in the file /etc/rules/emerging-malware.rules. A '#' before it: it is commented out. */
static void play(struct tailor *t, const char *rule, struct buf *out)
{
    struct tailor_rule r = {.file = "/etc/rules/emerging-malware.rules", .enabled = *rule != '#'};
    r.text = str_c(r.enabled ? rule : rule + 1);
    assert_true(tailor_apply(t, &r));
    if (r.enabled)
        buf_add(out, r.text);
}

static struct tailor *tailor_of(const char *const lines[TAILOR_KINDS])
{
    static const char *const names[TAILOR_KINDS] = {"disable.conf", "enable.conf", "modify.conf",
                                                    "drop.conf",    "policy",      "protected"};
    struct tailor *t = tailor_new();
    struct err err;
    assert_non_null(t);
    for (int kind = 0; kind < TAILOR_KINDS; kind++)
        if (lines[kind])
            assert_int_equal(
                tailor_read(t, (enum tailor_kind)kind, str_c(lines[kind]), names[kind], &err), 0);
    return t;
}

static void check(const struct row *row)
{
    struct tailor *t = tailor_of(row->lines);
    struct buf got;
    buf_init(&got, 0);
    play(t, row->rule ? row->rule : "alert" BODY, &got);
    if (strcmp(buf_c(&got), row->want) != 0)
        fail_msg("%s: got %s", row->name, buf_c(&got));
    buf_fini(&got);
    tailor_free(t);
}

#define DISABLE(text)           \
    {                           \
        [TAILOR_DISABLE] = text \
    }
#define ENABLE(text)           \
    {                          \
        [TAILOR_ENABLE] = text \
    }
#define MODIFY(text)           \
    {                          \
        [TAILOR_MODIFY] = text \
    }
#define DROP(text)           \
    {                        \
        [TAILOR_DROP] = text \
    }
#define POLICY(text)           \
    {                          \
        [TAILOR_POLICY] = text \
    }
#define PROTECTED(by, text)                                                              \
    {                                                                                    \
        [TAILOR_DROP] = by, [TAILOR_POLICY] = "confidence High", [TAILOR_PROTECT] = text \
    }

static void test_matchers(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"nothing", {0}, NULL, "alert" BODY},
        {"sid", DISABLE("2019401"), NULL, ""},
        {"gid and sid", DISABLE("1:2019401"), NULL, ""},
        {"another gid", DISABLE("3:2019401"), NULL, "alert" BODY},
        {"list", DISABLE("1, 1:2,2019401"), NULL, ""},
        {"another sid", DISABLE("2019402"), NULL, "alert" BODY},
        {"commented out", DISABLE("# 2019401"), NULL, "alert" BODY},
        {"with a comment", DISABLE("2019401 # noisy"), NULL, ""},
        {"expression, letters' case does not count", DISABLE("re:et malware.*BEACON"), NULL, ""},
        {"expression with a comma", DISABLE("re:s{1,2}id:2019401"), NULL, ""},
        {"expression that is none", DISABLE("re:(2019401"), NULL, "alert" BODY},
        {"group", DISABLE("group:emerging-malware"), NULL, ""},
        {"group with its ending", DISABLE("group:emerging-malware.rules"), NULL, ""},
        {"group, pattern", DISABLE("group:emerging-*"), NULL, ""},
        {"another group", DISABLE("group:emerging-info"), NULL, "alert" BODY},
        {"file", DISABLE("filename:*/rules/*malware.rules"), NULL, ""},
        {"metadata", DISABLE("metadata: signature_severity Major"), NULL, ""},
        {"metadata, letters' case", DISABLE("metadata:DEPLOYMENT perimeter"), NULL, ""},
        {"metadata, another value", DISABLE("metadata: deployment Internal"), NULL, "alert" BODY},
        {"metadata without a value", DISABLE("metadata: deployment"), NULL, "alert" BODY},
        {"class", DISABLE("classtype:trojan-activity"), NULL, ""},
        {"category", DISABLE("category:malware"), NULL, ""},
        {"all", DISABLE("*"), NULL, ""},
        {"no matcher", DISABLE("some words"), NULL, "alert" BODY},
        {"bad lines beside good ones", DISABLE("some words\n\n2019401\r\n"), NULL, ""},
        {"switched on", ENABLE("2019401"), "#alert" BODY, "alert" BODY},
        {"not switched on", ENABLE("2019402"), "#alert" BODY, ""},
        {"off and on", {[TAILOR_DISABLE] = "*", [TAILOR_ENABLE] = "2019401"}, NULL, "alert" BODY},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        check(&rows[i]);
}

static void test_modify(void **state)
{
    (void)state;
    static const char rule[] =
        "alert tcp any any -> any any (msg:\"seconds 1\"; sid:7; seconds 60, seconds 2;)";
    static const struct row rows[] = {
        {"every place", MODIFY("7 \"seconds \\d+\" \"seconds 3600\""), rule,
         "alert tcp any any -> any any (msg:\"seconds 3600\"; sid:7; seconds 3600, seconds 3600;)"},
        {"brackets", MODIFY("re:sid:7 \"^(alert)(.*)$\" \"drop\\\\2\""), rule,
         "drop tcp any any -> any any (msg:\"seconds 1\"; sid:7; seconds 60, seconds 2;)"},
        {"one backslash", MODIFY("7 \"(any) (->)\" \"\\2 \\1\""), rule,
         "alert tcp any -> any any any (msg:\"seconds 1\"; sid:7; seconds 60, seconds 2;)"},
        {"oinkmaster", MODIFY("modifysid * \"^alert(.*)any any \\(\" | \"pass${1}any 80 (\""), rule,
         "pass tcp any any -> any 80 (msg:\"seconds 1\"; sid:7; seconds 60, seconds 2;)"},
        {"a variable is no bracket", MODIFY("7 \"-> any\" \"-> $HOME_NET\""), rule,
         "alert tcp any any -> $HOME_NET any (msg:\"seconds 1\"; sid:7; seconds 60, seconds 2;)"},
        {"letters' case counts", MODIFY("7 \"SECONDS\" \"x\""), rule, rule},
        {"quotes", MODIFY("7 \"msg:\\\"seconds 1\\\"\" \"msg:\\\"a\\\"\""), rule,
         "alert tcp any any -> any any (msg:\"a\"; sid:7; seconds 60, seconds 2;)"},
        {"metadata", MODIFY("metadata-add re:\"seconds 1\" \"place\" \"entrance hall\""), rule,
         "alert tcp any any -> any any (msg:\"seconds 1\"; sid:7; seconds 60, seconds 2; "
         "metadata:place entrance hall;)"},
        {"one after the other",
         MODIFY("7 \"seconds 60\" \"minutes 1\"\n7 \"minutes 1\" \"hours 0\""), rule,
         "alert tcp any any -> any any (msg:\"seconds 1\"; sid:7; hours 0, seconds 2;)"},
        {"an expression that finds nothing everywhere", MODIFY("7 \"z*$\" \"!\""),
         "alert a (sid:7;)", "alert a (sid:7;)!"},
        {"another rule", MODIFY("8 \"alert\" \"drop\""), rule, rule},
        {"too few words", MODIFY("7 \"alert\""), rule, rule},
        {"an open quote", MODIFY("7 \"alert\" \"drop"), rule, rule},
        {"a bad expression", MODIFY("7 \"(alert\" \"drop\""), rule, rule},
        {"an expression that runs wild", MODIFY("7 \"(.+)+[\\x01\\x02]\" \"\""), rule, rule},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        check(&rows[i]);
}

static void test_drop(void **state)
{
    (void)state;
    static const char silent[] =
        "alert tcp any any -> any any (flowbits:set,a; flowbits:noalert; sid:1;)";
    static const char only[] =
        "alert tcp any any -> any any (sid:1; metadata:confidence High, deployment alert_only;)";
    static const char passes[] = "pass tcp any any -> any any (sid:1; metadata:confidence High;)";
    static const struct row rows[] = {
        {"drop.conf", DROP("2019401"), NULL, "drop" BODY},
        {"drop.conf by class", DROP("re:classtype:trojan-activity"), NULL, "drop" BODY},
        {"another one", DROP("2019402"), NULL, "alert" BODY},
        {"pass stays pass", DROP("1"), passes, passes},
        {"without an alert", DROP("1"), silent, silent},
        {"alert_only", DROP("1"), only, only},
        {"what is off stays off", DROP("2019401"), "#alert" BODY, ""},
        {"switched on and dropped",
         {[TAILOR_ENABLE] = "2019401", [TAILOR_DROP] = "2019401"},
         "#alert" BODY,
         "drop" BODY},
        {"policy", POLICY("signature_severity Major, confidence High"), NULL, "drop" BODY},
        {"policy, one of several values", POLICY("signature_severity Critical|Major"), NULL,
         "drop" BODY},
        {"policy, letters' case", POLICY("CONFIDENCE high"), NULL, "drop" BODY},
        {"policy, one condition fails", POLICY("signature_severity Major, confidence Low"), NULL,
         "alert" BODY},
        {"policy, the second line", POLICY("confidence Low\ndeployment Perimeter"), NULL,
         "drop" BODY},
        {"policy that is none", POLICY("confidence"), NULL, "alert" BODY},
        {"policy, a bad condition spoils its line", POLICY("confidence High, deployment"), NULL,
         "alert" BODY},
        {"policy and alert_only", POLICY("confidence High"), only, only},
        {"policy and pass", POLICY("confidence High"), passes, passes},
        {"policy and what is off", POLICY("confidence High"), "#alert" BODY, ""},
        {"protected by sid", PROTECTED(NULL, "2019401"), NULL, "alert" BODY},
        {"protected by category", PROTECTED(NULL, "category:MALWARE"), NULL, "alert" BODY},
        {"protected by class", PROTECTED(NULL, "category:trojan-activity"), NULL, "alert" BODY},
        {"protected by group", PROTECTED(NULL, "group:emerging-malware"), NULL, "alert" BODY},
        {"protected from drop.conf", PROTECTED("2019401", "1:2019401"), NULL, "alert" BODY},
        {"another one is protected", PROTECTED(NULL, "2019402"), NULL, "drop" BODY},
        {"a rule that says drop itself", PROTECTED(NULL, "2019401"), "drop" BODY, "drop" BODY},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        check(&rows[i]);
}

static void keep(void *owner, bool is_problem, const char *text)
{
    buf_printf(owner, "%s%s\n", is_problem ? "! " : "", text);
}

static void test_report(void **state)
{
    (void)state;
    static const char *const lines[TAILOR_KINDS] = {
        [TAILOR_DISABLE] = "1\n2\n99\nwhat is this",
        [TAILOR_MODIFY] = "3 \"(.+)+[\\x01\\x02]\" \"\"",
        [TAILOR_DROP] = "re:.\n",
        [TAILOR_POLICY] = "confidence High",
        [TAILOR_PROTECT] = "4\n98",
    };
    static const char *const rules[] = {
        "alert tcp any any -> any any (sid:1;)",
        "#alert tcp any any -> any any (sid:2;)",
        "alert tcp any any -> any any (sid:3; metadata:confidence High;)",
        "alert tcp any any -> any any (sid:4;)",
        "alert tcp any any -> any any (sid:5; noalert;)",
        ("alert tcp any any -> any any (sid:6; metadata:deployment Internal, deployment "
         "alert_only;)"),
    };
    struct tailor *t = tailor_of(lines);
    struct buf got;
    buf_init(&got, 0);
    for (size_t i = 0; i < ARRAY_COUNT(rules); i++)
        play(t, rules[i], &got);
    buf_reset(&got);
    tailor_report(t, false, keep, &got);
    assert_string_equal(buf_c(&got),
                        "rules as this place wants them: 1 switched off, 0 switched on, 0 changed; "
                        "from alert to drop 1 by "
                        "drop.conf, 0 by the policy; not made drop: 1 by never-drop, 1 marked "
                        "alert_only, 1 without an alert\n"
                        "disable.conf:1: 1: fits 1 rules, 1 switched off\n"
                        "disable.conf:2: 2: fits 1 rules, 0 switched off\n"
                        "! disable.conf:3: 99: no rule fits\n"
                        "! disable.conf:4: what is this: not understood: neither a number of a "
                        "rule nor re:, group:, "
                        "filename:, metadata:, classtype:, category:\n"
                        "! modify.conf:1: 3 \"(.+)+[\\x01\\x02]\" \"\": fits 1 rules, 0 changed; "
                        "at 1 the expression took too long\n"
                        "drop.conf:1: re:.: fits 6 rules, 1 from alert to drop\n"
                        "policy:1: confidence High: fits 1 rules, 0 from alert to drop\n"
                        "protected:1: 4: fits 1 rules, 1 kept from becoming drop\n"
                        "! protected:2: 98: no rule fits\n");
    buf_fini(&got);
    tailor_free(t);
}

static void test_policy_of_settings(void **state)
{
    (void)state;
    static const char yaml[] = "otasuke:\n"
                               "  rules:\n"
                               "    drop:\n"
                               "      - signature_severity Critical, confidence High\n"
                               "      - signature_severity Major, deployment Perimeter\n"
                               "    never-drop:\n"
                               "      - 7\n"
                               "      - category:INFO\n";
    static const struct {
        const char *rule, *want;
    } rows[] = {
        {"alert" BODY, "drop" BODY},
        {"alert ip any any -> any any (sid:7; metadata:signature_severity Critical, confidence "
         "High;)",
         "alert ip any any -> any any (sid:7; metadata:signature_severity Critical, confidence "
         "High;)"},
        {"alert ip any any -> any any (sid:8; metadata:signature_severity Critical, confidence "
         "Low;)",
         "alert ip any any -> any any (sid:8; metadata:signature_severity Critical, confidence "
         "Low;)"},
    };
    struct conf *conf = conf_new();
    struct tailor *t = tailor_new();
    struct err err;
    assert_int_equal(conf_parse(conf, str_c(yaml), "test.yaml", &err), 0);
    assert_int_equal(tailor_read_policy(t, conf, &err), 0);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct buf got;
        buf_init(&got, 0);
        play(t, rows[i].rule, &got);
        assert_string_equal(buf_c(&got), rows[i].want);
        buf_fini(&got);
    }
    tailor_free(t);
    conf_free(conf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matchers),
        cmocka_unit_test(test_modify),
        cmocka_unit_test(test_drop),
        cmocka_unit_test(test_report),
        cmocka_unit_test(test_policy_of_settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
