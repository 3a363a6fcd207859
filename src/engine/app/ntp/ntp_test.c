#include "engine/app/ntp/ntp.h"
#include "engine/app/talk/talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define TIMES "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xe5\1\2\3\4\5\6\7"
#define ASK "\x23\0\6\xfa\0\0\0\0\0\0\0\0\0\0\0\0" TIMES
#define ANSWER "\x1c\2\6\xfa\0\0\0\1\0\0\0\1LOCL" TIMES

static const struct talk_row rows[] = {
    {"what time is it",
     {TS(ASK), TC(ANSWER)},
     {"0 ts ntp.version=4", "0 ts ntp.mode=3", "0 ts ntp.stratum=0",
      "0 ts ntp.reference_id=\\x00\\x00\\x00\\x00", "0 done ts tc",
      "0 log {\"version\":4,\"mode\":3,\"stratum\":0,\"reference_id\":\"00:00:00:00\"}",
      "1 log {\"version\":3,\"mode\":4,\"stratum\":2,\"reference_id\":\"4c:4f:43:4c\"}",
      "1 tc ntp.reference_id=LOCL"}},
    {"with a code behind it", {TS(ASK "\0\0\0\1")}, {"0 ts ntp.mode=3"}},
    {"damaged behind a good one",
     {TS(ASK), TS("\x23\0\6\xfa"), TS(ASK "z"), TC(ANSWER)},
     {"flow event malformed_data", "1 tc ntp.mode=4"}},
};

static const struct talk ntp_talk = {.parser = &ntp_parser, .server_port = 123, .udp = true};

static void test_rows(void **state)
{
    assert_int_equal(talk_check_rows(&ntp_talk, rows, ARRAY_COUNT(rows)), 0);
}

static void test_ended_at_each_byte(void **state)
{
    assert_int_equal(talk_check_cuts(&ntp_talk, rows, ARRAY_COUNT(rows)), 0);
}

static void test_little_memory(void **state)
{
    talk_check_memory(&ntp_talk, rows, ARRAY_COUNT(rows));
}

static void test_probe(void **state)
{
    static const struct {
        const char *name;
        struct str input;
        uint16_t port;
        enum app_probe want;
    } probes[] = {
        {"own port", STR_LIT(ASK), 123, APP_PROBE_YES},
        {"another port", STR_LIT(ANSWER), 4000, APP_PROBE_YES},
        {"another port, a mode that is rare", STR_LIT("\x21\0\6\xfa\0\0\0\0\0\0\0\0\0\0\0\0" TIMES),
         4000, APP_PROBE_NO},
        {"version 2", STR_LIT("\x13\0\6\xfa\0\0\0\0\0\0\0\0\0\0\0\0" TIMES), 123, APP_PROBE_NO},
        {"too short", STR_LIT("\x23\0\6\xfa"), 123, APP_PROBE_NO},
    };
    for (size_t i = 0; i < ARRAY_COUNT(probes); i++)
        if (ntp_parser.probe(probes[i].input, DIR_TOSERVER, probes[i].port) != probes[i].want)
            fail_msg("%s", probes[i].name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_ended_at_each_byte),
        cmocka_unit_test(test_little_memory),
        cmocka_unit_test(test_probe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
