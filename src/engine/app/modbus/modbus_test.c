/* rows: P1 */
#include "engine/app/modbus/message.h"
#include "engine/app/modbus/modbus.h"
#include "engine/app/talk/talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Heads: transaction, protocol 0, length, unit 10. */
#define RD_COILS "\0\1\0\0\0\6\12\1\0\4\0\11"
#define RD_COILS_OK "\0\1\0\0\0\5\12\1\2\xff\1"
#define RD_HOLD "\0\2\0\0\0\6\12\3\0\4\0\2"
#define RD_HOLD_OK "\0\2\0\0\0\7\12\3\4\0\11\0\30"
#define SIDE(n, unit) \
    "\"transaction_id\":" #n ",\"protocol_id\":0,\"unit_id\":" #unit ",\"function_raw\":"
#define READ_COILS \
    "\"access_type\":\"READ | COILS\",\"category\":\"PUBLIC_ASSIGNED\",\"error_flags\":"
#define PLAIN "\"access_type\":\"NONE\",\"category\":\"PUBLIC_ASSIGNED\",\"error_flags\":\"NONE\","

static const struct talk_row rows[] = {
    {"coils are read",
     {TS(RD_COILS), TC(RD_COILS_OK)},
     {"0 ts modbus.unit=10", "0 ts modbus.function=1", "0 ts modbus.category=1",
      "0 ts modbus.access=9", "0 ts modbus.read.first=5", "0 ts modbus.read.last=13",
      "!0 ts modbus.write.first=5", "0 done ts tc", "!0 event value_mismatch",
      "0 log {\"id\":1,\"request\":{" SIDE(
          1, 10) "1,\"function_code\":\"RdCoils\"," READ_COILS
                 "\"NONE\",\"read\":{\"address\":4,\"quantity\":9}},\"response\":{" SIDE(
                     1, 10) "1,\"function_code\":\"RdCoils\"," READ_COILS
                            "\"NONE\",\"read\":{\"data\":\"\\\\xff\\u0001\"}}}"}},
    {"in another order",
     {TS(RD_COILS RD_HOLD), TC(RD_HOLD_OK RD_COILS_OK)},
     {"0 done ts tc", "1 done ts tc", "!2 event unsolicited_response", "!1 event value_mismatch",
      "1 ts modbus.access=33"}},
    {"the same number twice",
     {TS(RD_COILS RD_COILS), TC(RD_COILS_OK), TC(RD_COILS_OK), TC(RD_COILS_OK)},
     {"1 done ts tc", "2 event unsolicited_response", "!1 event unsolicited_response"}},
    {"nobody asked",
     {TC(RD_COILS_OK), TS(RD_COILS), TC("\0\1\0\0\0\5\13\1\2\xff\1")},
     {"0 event unsolicited_response", "!1 done tc", "2 event unsolicited_response"}},
    {"another function answers",
     {TS(RD_COILS), TC("\0\1\0\0\0\5\12\2\2\xff\1"), TC("\0\1\0\0\0\3\12\x82\2")},
     {"1 event unsolicited_response", "2 event unsolicited_response"}},
    {"too few coils",
     {TS(RD_COILS), TC("\0\1\0\0\0\4\12\1\1\xff")},
     {"0 event value_mismatch", "!0 event invalid_value",
      "0 log {\"id\":1,\"request\":{" SIDE(
          1, 10) "1,\"function_code\":\"RdCoils\"," READ_COILS
                 "\"NONE\",\"read\":{\"address\":4,\"quantity\":9}},\"response\":{" SIDE(
                     1, 10) "1,\"function_code\":\"RdCoils\"," READ_COILS
                            "\"DATA_VALUE\",\"read\":{\"data\":\"\\\\xff\"}}}"}},
    {"a wrong count of bytes",
     {TS(RD_HOLD), TC("\0\2\0\0\0\7\12\3\2\0\11\0\30")},
     {"0 event value_mismatch"}},
    {"too many at once",
     {TS("\0\1\0\0\0\6\12\1\0\0\7\xd1"), TS("\0\2\0\0\0\6\12\3\0\0\0\x7e"),
      TS("\0\3\0\0\0\6\12\4\0\0\0\0"), TS("\0\4\0\0\0\6\12\2\0\0\7\xd0")},
     {"0 event invalid_value", "1 event invalid_value", "2 event invalid_value",
      "!3 event invalid_value", "3 ts modbus.access=5", "2 ts modbus.access=17"}},
    {"one coil",
     {TS("\0\1\0\0\0\6\1\5\0\1\xff\0"), TC("\0\1\0\0\0\6\1\5\0\1\xff\0"),
      TS("\0\2\0\0\0\6\1\5\0\1\0\1"), TS("\0\3\0\0\0\6\1\5\0\1\0\0"),
      TC("\0\3\0\0\0\6\1\5\0\2\0\0")},
     {"0 ts modbus.coils=262148", "!0 event value_mismatch", "0 ts modbus.write.last=2",
      "1 event invalid_value", "2 ts modbus.coils=262144", "2 event value_mismatch"}},
    {"coils over a border of sixteen",
     {TS("\0\1\0\0\0\10\1\17\0\15\0\5\1\x15"), TC("\0\1\0\0\0\6\1\17\0\15\0\5")},
     {"0 ts modbus.coils=3221241856", "0 ts modbus.coils=4295426053", "0 ts modbus.write.first=14",
      "0 ts modbus.write.last=18", "!0 event value_mismatch"}},
    {"one register",
     {TS("\0\1\0\0\0\6\1\6\0\4\0\xc8"), TC("\0\1\0\0\0\6\1\6\0\4\0\xc9")},
     {"0 ts modbus.registers=327880", "0 event value_mismatch", "0 ts modbus.access=98"}},
    {"registers",
     {TS("\0\1\0\0\0\13\1\20\0\4\0\2\4\0\12\1\2"), TC("\0\1\0\0\0\6\1\20\0\4\0\2"),
      TS("\0\2\0\0\0\12\1\20\0\4\0\2\3\0\12\1"), TS("\0\3\0\0\0\12\1\20\0\4\0\2\4\0\12\1")},
     {"0 ts modbus.registers=327690", "0 ts modbus.registers=393474", "!0 event value_mismatch",
      "1 event invalid_value", "2 event invalid_length",
      "2 log {\"id\":3,\"request\":{" SIDE(
          3,
          1) "16,\"function_code\":\"WrMultRegs\",\"access_type\":\"WRITE | HOLDING | MULTIPLE | "
             "WRITE_MULTIPLE\",\"category\":\"PUBLIC_ASSIGNED\",\"error_flags\":\"DATA_LENGTH\","
             "\"write\":"
             "{\"address\":4,\"quantity\":2,\"data\":\"\\u0000\\n\\u0001\"}}}"}},
    {"a mask",
     {TS("\0\1\0\0\0\10\1\26\0\4\0\xf2\0\45"), TC("\0\1\0\0\0\10\1\26\0\4\0\xf2\0\46")},
     {"0 event value_mismatch", "!0 ts modbus.registers=327922", "0 ts modbus.write.first=5",
      "0 log {\"id\":1,\"request\":{" SIDE(
          1, 1) "22,\"function_code\":\"MaskWrReg\",\"access_type\":\"WRITE | "
                "HOLDING\",\"category\":\"PUBLIC_"
                "ASSIGNED\",\"error_flags\":\"NONE\",\"write\":{\"address\":4,\"and_mask\":242,"
                "\"or_mask\":37}},"
                "\"response\":{" SIDE(1, 1) "22,\"function_code\":\"MaskWrReg\",\"access_type\":"
                                            "\"WRITE | HOLDING\",\"category\":\"PUBLIC_"
                                            "ASSIGNED\",\"error_flags\":\"DATA_VALUE\",\"write\":{"
                                            "\"address\":4,\"and_mask\":242,\"or_mask\":"
                                            "38}}}"}},
    {"read and written",
     {TS("\0\1\0\0\0\17\1\27\0\3\0\1\0\16\0\2\4\0\1\0\2"), TC("\0\1\0\0\0\5\1\27\2\0\xfe")},
     {"0 ts modbus.read.first=4", "0 ts modbus.write.last=16", "0 ts modbus.registers=1048578",
      "!0 event value_mismatch", "0 ts modbus.access=163"}},
    {"a diagnostic",
     {TS("\0\1\0\0\0\6\1\10\0\4\0\0"), TC("\0\1\0\0\0\3\1\x88\13"),
      TS("\0\2\0\0\0\6\1\10\0\12\0\1"), TC("\0\2\0\0\0\6\1\10\0\13\0\1"),
      TS("\0\3\0\0\0\6\1\10\0\x99\0\0")},
     {"0 ts modbus.subfunction=4",
      "0 log {\"id\":1,\"request\":{" SIDE(
          1, 1) "8,\"function_code\":\"Diagnostic\"," PLAIN
                "\"diagnostic\":{\"raw\":4,\"code\":\"ForceListenOnlyMode\",\"data\":"
                "\"\\u0000\\u0000\"}},"
                "\"response\":{" SIDE(
                    1, 1) "136,\"function_code\":\"Diagnostic\",\"access_type\":\"NONE\","
                          "\"category\":\"NONE\",\"error_flags\":\"NONE\",\"exception\":{\"raw\":"
                          "11,\"code\":"
                          "\"GatewayTargetFailToResp\"}}}",
      "1 event invalid_value", "2 event unsolicited_response", "3 ts modbus.category=8"}},
    {"who are you",
     {TS("\0\1\0\0\0\5\1\53\16\1\0"), TC("\0\1\0\0\0\5\1\53\16\1\1"), TS("\0\2\0\0\0\2\1\53")},
     {"0 ts modbus.subfunction=14", "!0 event value_mismatch", "1 event invalid_length",
      "1 ts modbus.category=0",
      "0 log {\"id\":1,\"request\":{" SIDE(
          1, 1) "43,\"function_code\":\"MEI\"," PLAIN
                "\"mei\":{\"raw\":14,\"code\":\"RdDevId\",\"data\":\"\\u0001\\u0000\"}},"
                "\"response\":{" SIDE(
                    1,
                    1) "43,\"function_code\":\"MEI\"," PLAIN
                       "\"mei\":{\"raw\":14,\"code\":\"RdDevId\",\"data\":\"\\u0001\\u0001\"}}}"}},
    {"other functions",
     {TS("\0\1\0\0\0\4\1\7\0\0"), TS("\0\2\0\0\0\2\1\24"), TS("\0\3\0\0\0\3\1\30\0"),
      TS("\0\4\0\0\0\3\1\101\0"), TS("\0\5\0\0\0\2\1\x5a"), TS("\0\6\0\0\0\2\1\x28"),
      TS("\0\7\0\0\0\2\1\0"), TS("\0\10\0\0\0\3\1\x83\1")},
     {"0 event invalid_length", "1 event invalid_length", "2 event invalid_length",
      "3 ts modbus.category=4", "4 ts modbus.category=8", "5 ts modbus.category=2",
      "6 ts modbus.category=0", "6 event invalid_function_code", "7 event invalid_function_code",
      "7 ts modbus.function=3"}},
    {"exceptions",
     {TS(RD_HOLD), TC("\0\2\0\0\0\3\12\x83\14"), TS(RD_HOLD), TC("\0\2\0\0\0\4\12\x83\1\0"),
      TS(RD_HOLD), TC("\0\2\0\0\0\2\12\x83")},
     {"0 event invalid_exception_code", "1 event value_mismatch", "2 event value_mismatch"}},
    {"another protocol",
     {TS(RD_COILS), TS("\0\2\0\5\0\6\12\3\0\4\0\2")},
     {"!0 event invalid_protocol_id", "1 event invalid_protocol_id", "1 ts modbus.function=3"}},
    {"impossible lengths",
     {TS(RD_COILS), TS("\0\7\0\0\0\1\12" RD_HOLD "\0\7\0\0\2\0\12" RD_HOLD),
      TS("GET / HTTP/1.0\r\n\r\n" RD_HOLD), TC("\0\7\0\0\0\0\12" RD_COILS_OK)},
     {"1 event invalid_length", "1 done ts tc", "2 ts modbus.function=3", "3 event invalid_length",
      "4 ts modbus.function=3", "5 event invalid_length", "5 event invalid_protocol_id",
      "6 ts modbus.function=3", "7 event invalid_length", "0 done ts tc",
      "1 log {\"id\":2,\"request\":{" SIDE(7, 10) "0,\"function_code\":\"Unknown\",\"access_type\":"
                                                  "\"NONE\",\"category\":\"NONE\",\"error_flags\":"
                                                  "\"DATA_LENGTH\"}}"}},
    {"a hole",
     {TS(RD_COILS), GAP(DIR_TOSERVER, 5), TS("\3\0\4\0\2" RD_HOLD)},
     {"1 ts modbus.function=3", "!1 event invalid_length"}},
};

static const struct talk_probe probes[] = {
    {"own port", TS(RD_COILS), 502, APP_PROBE_YES},
    {"its beginning", TS("\0\1\0"), 502, APP_PROBE_MORE},
    {"nothing", TS(""), 502, APP_PROBE_MORE},
    {"with a fault", TS("\0\1\0\0\0\6\12\1\0\4\0\0"), 502, APP_PROBE_YES},
    {"an answer", TC(RD_COILS_OK), 502, APP_PROBE_YES},
    {"another protocol", TS("\0\1\0\5\0\6\12\1\0\4\0\1"), 502, APP_PROBE_NO},
    {"too long", TS("\0\1\0\0\0\xff\12\1\0\4\0\1"), 502, APP_PROBE_NO},
    {"too short", TS("\0\1\0\0\0\1\12\1"), 502, APP_PROBE_NO},
    {"an unknown function", TS("\0\1\0\0\0\2\12\x41"), 502, APP_PROBE_NO},
    {"text", TS("GET / HTTP/1.1\r\n"), 502, APP_PROBE_NO},
    {"elsewhere", TS(RD_COILS), 1502, APP_PROBE_YES},
    {"an answer elsewhere", TC(RD_COILS_OK), 1502, APP_PROBE_YES},
    {"a beginning elsewhere", TS("\0\1\0\0\0\6\12\1\0"), 1502, APP_PROBE_MORE},
    {"a fault elsewhere", TS("\0\1\0\0\0\6\12\1\0\4\0\0"), 1502, APP_PROBE_NO},
};

static const struct talk modbus_talk = {.parser = &modbus_parser, .server_port = 502};

/* The request behind the last one that may wait is told, once. */
static void test_flood(void **state)
{
    struct buf seen;
    struct app_conf conf;
    struct talk talk = modbus_talk;
    (void)state;
    buf_init(&seen, 0);
    app_conf_defaults(&conf);
    conf.modbus_flood = 2;
    talk.conf = &conf;
    const struct talk_piece pieces[] = {TS(RD_COILS RD_COILS), TC(RD_COILS_OK), TS(RD_COILS),
                                        TS(RD_HOLD), TS(RD_HOLD)};
    talk_play(&talk, pieces, ARRAY_COUNT(pieces), (struct talk_cut){0}, &seen);
    assert_false(talk_has(&seen, "2 event flooded"));
    assert_true(talk_has(&seen, "3 event flooded"));
    assert_false(talk_has(&seen, "4 event flooded"));
    buf_fini(&seen);
}

static const struct talk_suite suites[] = {
    {&modbus_talk, TALK_ROWS(rows), TALK_PROBES(probes)},
};

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flood),
    };
    return talk_run(suites, ARRAY_COUNT(suites), tests, ARRAY_COUNT(tests));
}
