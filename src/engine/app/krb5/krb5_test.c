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

static const struct talk_probe udp_probes[] = {
    {"a request", TS(AS_REQ), 88, APP_PROBE_YES},
    {"an answer", TS(AS_REP), 88, APP_PROBE_YES},
    {"too short", TS("\x6a\x30"), 88, APP_PROBE_NO},
    {"another application", TS("\x60\x30\x30\x20"), 88, APP_PROBE_NO},
};

static const struct talk_probe tcp_probes[] = {
    {"a request", TS(AS_REQ_LEN AS_REQ), 88, APP_PROBE_YES},
    {"a beginning", TS(AS_REQ_LEN "\x6a"), 88, APP_PROBE_MORE},
    {"another length", TS(KRB_ERROR_NAMED_LEN AS_REQ), 88, APP_PROBE_NO},
    {"text", TS("GET /"), 88, APP_PROBE_NO},
    {"version 4", TS("\0\0\0\x0a\x6a\x08\x30\6\xa1\3\2\1\4"), 88, APP_PROBE_NO},
};

static const struct talk_suite suites[] = {
    {&udp_talk, TALK_ROWS(udp_rows), TALK_PROBES(udp_probes)},
    {&tcp_talk, TALK_ROWS(tcp_rows), TALK_PROBES(tcp_probes)},
};

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_long_record),
    };
    return talk_run(suites, ARRAY_COUNT(suites), tests, ARRAY_COUNT(tests));
}
