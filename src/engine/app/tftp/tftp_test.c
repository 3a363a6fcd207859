#include "engine/app/talk/talk.h"
#include "engine/app/tftp/tftp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct talk_row rows[] = {
    {"a file is read",
     {TS("\0\1rfc1350.txt\0OCTET\0"), TC("\0\5\0\1no\0")},
     {"0 log {\"packet\":\"read\",\"file\":\"rfc1350.txt\",\"mode\":\"octet\"}", "0 done ts tc"}},
    {"a file is written, with options",
     {TS("\0\2a\0netascii\0blksize\0001024\0"), TS("\0\1b\0mail\0")},
     {"0 log {\"packet\":\"write\",\"file\":\"a\",\"mode\":\"netascii\"}",
      "1 log {\"packet\":\"read\",\"file\":\"b\",\"mode\":\"mail\"}"}},
    {"no name",
     {TS("\0\1\0octet\0")},
     {"0 log {\"packet\":\"read\",\"file\":\"\",\"mode\":\"octet\"}"}},
    {"an unknown mode, a mode without end, data",
     {TS("\0\1a\0odd\0"), TS("\0\1a\0octet"), TS("\0\3\0\1abc"), TS("\0\1z\0octet\0")},
     {"0 log {\"packet\":\"read\",\"file\":\"z\",\"mode\":\"octet\"}"}},
};

static const struct talk tftp_talk = {.parser = &tftp_parser, .server_port = 69, .udp = true};

static void test_rows(void **state)
{
    assert_int_equal(talk_check_rows(&tftp_talk, rows, ARRAY_COUNT(rows)), 0);
}

static void test_ended_at_each_byte(void **state)
{
    assert_int_equal(talk_check_cuts(&tftp_talk, rows, ARRAY_COUNT(rows)), 0);
}

static void test_little_memory(void **state)
{
    talk_check_memory(&tftp_talk, rows, ARRAY_COUNT(rows));
}

static void test_probe(void **state)
{
    static const struct {
        const char *name;
        struct str input;
        uint16_t port;
        enum app_probe want;
    } probes[] = {
        {"own port", STR_LIT("\0\3\0\1abc"), 69, APP_PROBE_YES},
        {"own port, no opcode of it", STR_LIT("\0\7\0\1abc"), 69, APP_PROBE_NO},
        {"another port", STR_LIT("\0\1a\0octet\0"), 4000, APP_PROBE_YES},
        {"another port, data", STR_LIT("\0\3\0\1abc"), 4000, APP_PROBE_NO},
        {"another port, no name", STR_LIT("\0\1\0octet\0"), 4000, APP_PROBE_NO},
        {"too short", STR_LIT("\0"), 69, APP_PROBE_NO},
    };
    for (size_t i = 0; i < ARRAY_COUNT(probes); i++)
        if (tftp_parser.probe(probes[i].input, DIR_TOSERVER, probes[i].port) != probes[i].want)
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
