#include "engine/app/sip/sip.h"
#include "engine/app/talk/talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define INVITE                                                                             \
    "INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP x\r\nv: SIP/2.0/UDP y\r\nf: <sip:c@d>\r\n" \
    "To : <sip:a@b>\r\nUser-Agent: u\r\nContent-Type: application/sdp\r\nl: 5\r\n\r\n"
#define OK "SIP/2.0 200 All well\r\nFrom: <sip:c@d>\r\nContent-Length: 0\r\n\r\n"

static const struct talk_row udp_rows[] = {
    {"a call is answered",
     {TS(INVITE "v=0\r\n"), TC(OK)},
     {"0 ts sip.method=INVITE", "0 ts sip.uri=sip:a@b", "0 ts sip.protocol=SIP/2.0",
      "0 ts sip.request_line=INVITE sip:a@b SIP/2.0", "0 ts sip.via=SIP/2.0/UDP x",
      "0 ts sip.via=SIP/2.0/UDP y", "0 ts sip.from=<sip:c@d>", "0 ts sip.to=<sip:a@b>",
      "0 ts sip.user_agent=u", "0 ts sip.content_type=application/sdp", "0 ts sip.content_length=5",
      "0 log {\"method\":\"INVITE\",\"uri\":\"sip:a@b\",\"version\":\"SIP/2.0\",\"request_line\":"
      "\"INVITE sip:a@b SIP/2.0\"}",
      "1 tc sip.stat_code=200", "1 tc sip.stat_msg=All well",
      "1 tc sip.response_line=SIP/2.0 200 All well",
      "1 log {\"version\":\"SIP/2.0\",\"code\":\"200\",\"reason\":\"All well\",\"response_line\":"
      "\"SIP/2.0 200 All well\"}"}},
    {"not SIP", {TS("hello\r\n\r\n")}, {"flow event invalid_data", "!0 done ts tc"}},
    {"no end of the head",
     {TS("BYE sip:a SIP/2.0\r\nTo: x")},
     {"flow event incomplete_data", "0 ts sip.to=x"}},
    {"nothing", {TS("\r\n\r\n")}, {"!flow event invalid_data"}},
};

static const struct talk_row tcp_rows[] = {
    {"two messages, one with a body",
     {TS(INVITE "v=0\r\n\r\nBYE sip:a SIP/2.0\r\n\r\n"), TC(OK OK)},
     {"0 ts sip.method=INVITE", "1 ts sip.method=BYE", "2 tc sip.stat_code=200",
      "3 tc sip.stat_code=200", "!flow event invalid_data",
      "frame ts request.line 0+24 INVITE sip:a@b SIP/2.0\\r\\n",
      "frame ts request.body 146+5 v=0\\r\\n", "frame ts pdu 153+21 BYE sip:a SIP/2.0\\r\\n\\r\\n",
      "frame tc response.headers 82+36 From: <sip:c@d>\\r\\nContent-Length: 0\\r\\n",
      "!frame ts request.headers 172+2 \\r\\n"}},
    {"a hole in a body",
     {TS(INVITE "v"), GAP(DIR_TOSERVER, 4), TS("BYE sip:a SIP/2.0\r\n\r\n")},
     {"1 ts sip.method=BYE"}},
    {"a hole elsewhere", {TS(INVITE), GAP(DIR_TOSERVER, 6)}, {"failed ts"}},
};

static const struct talk udp_talk = {
    .parser = &sip_parser, .server_port = 5060, .udp = true, .frames = true};
static const struct talk tcp_talk = {
    .parser = &sip_tcp_parser, .fields_of = &sip_parser, .server_port = 5060, .frames = true};

static void test_rows(void **state)
{
    assert_int_equal(talk_check_rows(&udp_talk, udp_rows, ARRAY_COUNT(udp_rows)), 0);
    assert_int_equal(talk_check_rows(&tcp_talk, tcp_rows, ARRAY_COUNT(tcp_rows)), 0);
}

static void test_cut_at_each_byte(void **state)
{
    assert_int_equal(talk_check_cuts(&udp_talk, udp_rows, ARRAY_COUNT(udp_rows)), 0);
    assert_int_equal(talk_check_cuts(&tcp_talk, tcp_rows, ARRAY_COUNT(tcp_rows)), 0);
}

static void test_little_memory(void **state)
{
    talk_check_memory(&udp_talk, udp_rows, ARRAY_COUNT(udp_rows));
    talk_check_memory(&tcp_talk, tcp_rows, ARRAY_COUNT(tcp_rows));
}

static void test_probe(void **state)
{
    static const struct {
        struct str input;
        enum app_probe want;
    } probes[] = {
        {STR_LIT(INVITE), APP_PROBE_YES},        {STR_LIT(OK), APP_PROBE_YES},
        {STR_LIT("INV"), APP_PROBE_MORE},        {STR_LIT("OPTIONS sip:x"), APP_PROBE_MORE},
        {STR_LIT("OPTIONS / HT"), APP_PROBE_NO}, {STR_LIT("OPTIONS * HTTP/1.1\r\n"), APP_PROBE_NO},
        {STR_LIT("SIP/2"), APP_PROBE_MORE},      {STR_LIT("GET / HTTP/1.1\r\n"), APP_PROBE_NO},
    };
    for (size_t i = 0; i < ARRAY_COUNT(probes); i++)
        if (sip_parser.probe(probes[i].input, DIR_TOSERVER, 5060) != probes[i].want)
            fail_msg("%.*s", (int)probes[i].input.len, (const char *)probes[i].input.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_cut_at_each_byte),
        cmocka_unit_test(test_little_memory),
        cmocka_unit_test(test_probe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
