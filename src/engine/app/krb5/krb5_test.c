#include "engine/app/krb5/krb5.h"
#include "engine/app/krb5/made_messages.h"
#include "engine/app/talk/talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define ASKED                                                                          \
    "0 log {\"msg_type\":\"KRB_AS_REQ\",\"cname\":\"me/x\",\"realm\":\"R\",\"sname\":" \
    "\"krbtgt/R\",\"encryption\":\"<none>\",\"weak_encryption\":false}"

static const struct talk_row udp_rows[] = {
    {"a login",
     {TS(AS_REQ), TC(AS_REP)},
     {"0 ts krb5_msg_type=10", ASKED, "!0 ts krb5.cname=me", "1 tc krb5_msg_type=11",
      "1 tc krb5.cname=me", "1 tc krb5.sname=svc", "1 tc krb5.sname=h",
      "1 tc krb5.ticket_encryption=18", "1 event weak_encryption",
      "1 log {\"msg_type\":\"KRB_AS_REP\",\"cname\":\"me\",\"realm\":\"R\",\"sname\":\"svc/h\","
      "\"encryption\":\"rc4-hmac\",\"weak_encryption\":true,\"ticket_encryption\":"
      "\"aes256-cts-hmac-sha1-96\",\"ticket_weak_encryption\":false}",
      "1 done ts tc"}},
    {"a weak ticket",
     {TC(TGS_REP)},
     {"0 tc krb5.ticket_encryption=23", "!0 event weak_encryption",
      "0 log {\"msg_type\":\"KRB_TGS_REP\",\"cname\":\"me\",\"realm\":\"R\",\"sname\":\"svc/h\","
      "\"encryption\":\"aes256-cts-hmac-sha1-96\",\"weak_encryption\":false,"
      "\"ticket_encryption\":\"rc4-hmac\",\"ticket_weak_encryption\":true}"}},
    {"a request without a client that fails",
     {TS(TGS_REQ), TC(KRB_ERROR_NAMED)},
     {"0 log {\"msg_type\":\"KRB_TGS_REQ\",\"cname\":\"<empty>\",\"realm\":\"R\",\"sname\":"
      "\"krbtgt/R\",\"encryption\":\"<none>\",\"weak_encryption\":false}",
      "1 tc krb5_err_code=7", "1 tc krb5.cname=me",
      "1 log {\"msg_type\":\"KRB_ERROR\",\"failed_request\":\"KRB_TGS_REQ\",\"error_code\":"
      "\"KDC_ERR_S_PRINCIPAL_UNKNOWN\",\"cname\":\"me\",\"realm\":\"CR\",\"sname\":\"svc\","
      "\"encryption\":\"<none>\",\"weak_encryption\":false}"}},
    {"an error that nothing came before",
     {TC(KRB_ERROR)},
     {"0 log {\"msg_type\":\"KRB_ERROR\",\"failed_request\":\"UNKNOWN\",\"error_code\":"
      "\"KDC_ERR_PREAUTH_REQUIRED\",\"cname\":\"<empty>\",\"realm\":\"<empty>\",\"sname\":\"svc\","
      "\"encryption\":\"<none>\",\"weak_encryption\":false}"}},
    {"other messages are none of ours", {TS(AP_REQ)}, {"!0 ts krb5_msg_type=14"}},
};

static const struct talk_row tcp_rows[] = {
    {"two requests in one segment",
     {TS(AS_REQ_LEN AS_REQ TGS_REQ_LEN TGS_REQ), TC(KRB_ERROR_LEN KRB_ERROR AS_REP_LEN AS_REP)},
     {ASKED, "1 ts krb5_msg_type=12", "2 tc krb5_err_code=25", "3 tc krb5_msg_type=11"}},
    {"something damaged between them",
     {TS(AS_REQ_LEN AS_REQ "\0\0\0\4zzzz" TGS_REQ_LEN TGS_REQ)},
     {"0 ts krb5_msg_type=10", "1 ts krb5_msg_type=12"}},
    {"a hole", {TS(AS_REQ_LEN), GAP(DIR_TOSERVER, 10)}, {"failed ts"}},
};

static const struct talk udp_talk = {.parser = &krb5_parser, .server_port = 88, .udp = true};

static const struct talk tcp_talk = {
    .parser = &krb5_tcp_parser, .fields_of = &krb5_parser, .server_port = 88};

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

/* A record that is too long is walked over, however it is cut. */
static void test_long_record(void **state)
{
    static uint8_t bytes[70000];
    struct buf seen;
    const struct talk_piece pieces[] = {{.dir = DIR_TOSERVER, .bytes = {bytes, 40000}},
                                        {.dir = DIR_TOSERVER, .bytes = {bytes + 40000, 30000}},
                                        TS(AS_REQ_LEN AS_REQ)};
    bytes[1] = 1;
    bytes[2] = 0x11;
    bytes[3] = 0x6c; /* 69996 */
    buf_init(&seen, 0);
    talk_play(&tcp_talk, pieces, ARRAY_COUNT(pieces), (struct talk_cut){0}, &seen);
    assert_true(talk_has(&seen, "0 ts krb5_msg_type=10"));
    buf_fini(&seen);
}

static void test_probe(void **state)
{
    static const struct {
        const char *name;
        const struct app_parser *parser;
        struct str input;
        enum app_probe want;
    } probes[] = {
        {"UDP", &krb5_parser, STR_LIT(AS_REQ), APP_PROBE_YES},
        {"UDP, an answer", &krb5_parser, STR_LIT(AS_REP), APP_PROBE_YES},
        {"UDP, too short", &krb5_parser, STR_LIT("\x6a\x30"), APP_PROBE_NO},
        {"UDP, another application", &krb5_parser, STR_LIT("\x60\x30\x30\x20"), APP_PROBE_NO},
        {"TCP", &krb5_tcp_parser, STR_LIT(AS_REQ_LEN AS_REQ), APP_PROBE_YES},
        {"TCP, a beginning", &krb5_tcp_parser, STR_LIT(AS_REQ_LEN "\x6a"), APP_PROBE_MORE},
        {"TCP, another length", &krb5_tcp_parser, STR_LIT(KRB_ERROR_NAMED_LEN AS_REQ),
         APP_PROBE_NO},
        {"TCP, text", &krb5_tcp_parser, STR_LIT("GET /"), APP_PROBE_NO},
        {"TCP, version 4", &krb5_tcp_parser, STR_LIT("\0\0\0\x0a\x6a\x08\x30\6\xa1\3\2\1\4"),
         APP_PROBE_NO},
    };
    for (size_t i = 0; i < ARRAY_COUNT(probes); i++)
        if (probes[i].parser->probe(probes[i].input, DIR_TOSERVER, 88) != probes[i].want)
            fail_msg("%s", probes[i].name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),          cmocka_unit_test(test_cut_at_each_byte),
        cmocka_unit_test(test_little_memory), cmocka_unit_test(test_long_record),
        cmocka_unit_test(test_probe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
