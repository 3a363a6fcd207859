#include "engine/app/rfb/rfb.h"
#include "engine/app/talk/talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* rows: P1 */

#define VERSION(minor) "RFB 003." minor "\n"
#define CHALLENGE "0123456789abcdef"
#define RESPONSE "ABCDEFGHIJKLMNOP"
#define OK "\0\0\0\0"
#define SCREEN(name_len) "\5\0\3\x20\x20\x18\0\1\0\xff\0\xff\0\xff\x10\x08\0\0\0\0\0\0\0" name_len
#define SCREEN_LOG                                                               \
    "\"framebuffer\":{\"width\":1280,\"height\":800,\"name\":\"desk\","          \
    "\"pixel_format\":{\"bits_per_pixel\":32,\"depth\":24,\"big_endian\":false," \
    "\"true_color\":true,\"red_max\":255,\"green_max\":255,\"blue_max\":255,"    \
    "\"red_shift\":16,\"green_shift\":8,\"blue_shift\":0}}"
#define VERSIONS_LOG(server, client)                                            \
    "0 log {\"server_protocol_version\":{\"major\":\"003\",\"minor\":\"" server \
    "\"},\"client_protocol_version\":{\"major\":\"003\",\"minor\":\"" client "\"},"

static const struct talk_row rows[] = {
    {"3.8 with a password",
     {TC(VERSION("008")), TS(VERSION("008")), TC("\2\1\2"), TS("\2"), TC(CHALLENGE), TS(RESPONSE),
      TC(OK), TS("\1")},
     {"0 ts rfb.sectype=2", "0 tc rfb.secresult=0", "!0 done ts tc"}},
    {"frames: each message",
     {TC(VERSION("008")), TS(VERSION("008")), TC("\2\1\2"), TS("\2"), TC(CHALLENGE)},
     {"frame tc pdu 0+12 RFB 003.008\\n", "frame ts pdu 0+12 RFB 003.008\\n",
      "frame tc pdu 12+3 \\x02\\x01\\x02", "frame ts pdu 12+1 \\x02",
      "frame tc pdu 15+16 0123456789abcdef"}},
    {"3.8 without one",
     {TC(VERSION("008")), TS(VERSION("008")), TC("\1\1"), TS("\1"), TC(OK), TS("\0"),
      TC(SCREEN("\4") "desk"), TS("\0\0\0\0")},
     {"0 ts rfb.sectype=1", "0 tc rfb.secresult=0", "0 tc rfb.name=desk", "0 done ts tc",
      VERSIONS_LOG("008", "008") "\"authentication\":{\"security_type\":1,"
                                 "\"security_result\":\"OK\"},\"screen_shared\":false," SCREEN_LOG
                                 "}"}},
    {"3.7 has no result without a password",
     {TC(VERSION("007")), TS(VERSION("007")), TC("\1\1"), TS("\1\1"), TC(SCREEN("\4") "desk")},
     {"0 tc rfb.name=desk", "!0 tc rfb.secresult=0",
      VERSIONS_LOG("007", "007") "\"authentication\":{\"security_type\":1},"
                                 "\"screen_shared\":true," SCREEN_LOG "}"}},
    {"the server decides in 3.3, and refuses",
     {TC(VERSION("008")), TS(VERSION("003")), TC("\0\0\0\2" CHALLENGE), TS(RESPONSE),
      TC("\0\0\0\1")},
     {"0 tc rfb.secresult=1", "0 done ts tc",
      VERSIONS_LOG("008", "003") "\"authentication\":{\"security_type\":2,\"vnc\":{\"challenge\":"
                                 "\"30313233343536373839616263646566\",\"response\":"
                                 "\"4142434445464748494a4b4c4d4e4f50\"},"
                                 "\"security_result\":\"FAIL\"}}"}},
    {"no security, with the reason",
     {TC(VERSION("008")), TS(VERSION("008")), TC("\0\0\0\0\4busy")},
     {VERSIONS_LOG("008", "008") "\"authentication\":{},"
                                 "\"server_security_failure_reason\":\"busy\"}",
      "!0 ts rfb.sectype=0"}},
    {"too many tries, with the reason",
     {TC(VERSION("008")), TS(VERSION("008")), TC("\1\2"), TS("\2"), TC(CHALLENGE), TS(RESPONSE),
      TC("\0\0\0\2\0\0\0\4wait")},
     {"0 tc rfb.secresult=2", "0 done ts tc", "!0 event unknown_security_result"}},
    {"a result that is none",
     {TC(VERSION("008")), TS(VERSION("008")), TC("\1\1"), TS("\1"), TC("\0\0\0\7")},
     {"0 tc rfb.secresult=3", "0 event unknown_security_result",
      VERSIONS_LOG("008", "008") "\"authentication\":{\"security_type\":1,"
                                 "\"security_result\":\"UNKNOWN (7)\"}}"}},
    {"another security type",
     {TC(VERSION("889")), TS(VERSION("889")), TC("\1\x1e"), TS("\x1e"), TC("xxxx"), TS("xx")},
     {"0 ts rfb.sectype=30", "0 event unimplemented_security_type", "0 done ts tc", "!failed tc"}},
    {"a damaged version",
     {TC(VERSION("008")), TS("RFB 003.0x8\n"), TC("\1\1")},
     {"0 event malformed_message", "0 done ts tc", "!failed ts"}},
    {"out of turn",
     {TC(VERSION("008")), TC("\1\1"), TS(VERSION("008"))},
     {"0 event confused_state", "0 done ts tc"}},
    {"a hole", {TC(VERSION("008")), GAP(DIR_TOSERVER, 12), TC("\1\1")}, {"0 done ts tc"}},
};

static const struct talk_probe probes[] = {
    {"server", TC(VERSION("008")), 5900, APP_PROBE_YES},
    {"client, any port", TS(VERSION("889")), 80, APP_PROBE_YES},
    {"a beginning", TC("RFB 00"), 4000, APP_PROBE_MORE},
    {"letters", TC("RFB 00x.008\n"), 5900, APP_PROBE_NO},
    {"another end", TC("RFB 003.008\r"), 5900, APP_PROBE_NO},
    {"text", TS("GET / HTTP/1.1\r\n"), 5900, APP_PROBE_NO},
    {"nothing", TC(""), 5900, APP_PROBE_MORE},
};

static const struct talk rfb_talk = {.parser = &rfb_parser, .server_port = 5900};

static const struct talk_suite suites[] = {
    {&rfb_talk, TALK_ROWS(rows), TALK_PROBES(probes)},
};

/* Of a name that is longer than what is kept the beginning is told. */
static void test_long_name(void **state)
{
    static uint8_t screen[24 + 4096] = SCREEN("\0");
    struct talk_piece pieces[] = {TC(VERSION("007")), TS(VERSION("007")), TC("\1\1"), TS("\1\1"),
                                  TC("")};
    struct buf seen;
    buf_init(&seen, 0);
    screen[22] = 0x20; /* 8192 bytes */
    memset(screen + 24, 'x', sizeof screen - 24);
    pieces[4].bytes = str_of(screen, sizeof screen);
    talk_play(&rfb_talk, pieces, ARRAY_COUNT(pieces), (struct talk_cut){0}, &seen);
    assert_true(talk_has(&seen, "0 event too_long_string"));
    assert_true(talk_has(&seen, "0 done ts tc"));
    buf_fini(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_long_name)};
    return talk_run(suites, ARRAY_COUNT(suites), tests, ARRAY_COUNT(tests));
}
