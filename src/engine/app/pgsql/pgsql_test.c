#include "engine/app/pgsql/pgsql.h"
#include "engine/app/talk/talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* rows: P1 */

#define SSL "\0\0\0\x08\x04\xd2\x16\x2f"
#define GSS "\0\0\0\x08\x04\xd2\x16\x30"
#define CANCEL "\0\0\0\x10\x04\xd2\x16\x2e\0\0\3\x0d\x96\xad\x22\x2c"
#define HELLO "\0\0\0\x20\0\3\0\0user\0ann\0database\0shop\0\0"
#define OK "R\0\0\0\x08\0\0\0\0"
#define READY "Z\0\0\0\5I"
#define CLEARTEXT "R\0\0\0\x08\0\0\0\3"
#define PASSWORD "p\0\0\0\x0bsecret\0"
#define KEY "K\0\0\0\x0c\0\0\3\x0d\x96\xad\x22\x2c"
#define ZONE "S\0\0\0\x16TimeZone\0Asia/Tok\0"
#define LOGIN TS(HELLO), TC(OK READY)
#define QUERY "Q\0\0\0\x0dselect 1\0"
#define COLUMN "T\0\0\0\x1b\0\1ab\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0"
#define ROW "D\0\0\0\x0d\0\1\0\0\0\3pan"
#define NULL_ROW "D\0\0\0\x0a\0\1\xff\xff\xff\xff"
#define SELECTED "C\0\0\0\x0dSELECT 2\0"
#define DONE      \
    "C\0\0\0\x0b" \
    "COPY 2\0"
#define FAULT "E\0\0\0\x17SERROR\0C42P01\0Mno\0\0"
#define HELLO_JSON                                                                        \
    "\"request\":{\"protocol_version\":\"3.0\",\"startup_parameters\":{\"user\":\"ann\"," \
    "\"optional_parameters\":[{\"database\":\"shop\"}]}}"
#define FAULT_JSON "{\"severity_localizable\":\"ERROR\",\"code\":\"42P01\",\"message\":\"no\"}"
#define HUGE_ROW "D\x40\0\0\0\0\2"

static const struct talk_row rows[] = {
    {"a login with a password",
     {TS(SSL), TC("N"), TS(HELLO), TC(CLEARTEXT), TS(PASSWORD), TC(OK ZONE KEY READY)},
     {"0 log {\"tx_id\":1,\"request\":{\"message\":\"SSL Request\"},\"response\":{\"ssl_accepted\":"
      "false}}",
      "1 log {\"tx_id\":2," HELLO_JSON
      ",\"response\":{\"message\":\"authentication_cleartext_password\"}}",
      "2 log {\"tx_id\":3,\"request\":{\"password_redacted\":true},\"response\":{\"message\":"
      "\"authentication_ok\",\"parameter_status\":[{\"time_zone\":\"Asia/"
      "Tok\"}],\"process_id\":781,"
      "\"secret_key\":2527928876}}",
      "2 done ts tc"}},
    {"a query",
     {LOGIN, TS(QUERY), TC(COLUMN ROW NULL_ROW SELECTED READY)},
     {"1 ts pgsql.query=select 1",
      "1 log {\"tx_id\":2,\"request\":{\"simple_query\":\"select 1\"},\"response\":"
      "{\"row_description_malformed\":false,\"field_count\":1,\"data_rows\":2,\"data_size\":3,"
      "\"command_completed\":\"SELECT 2\"}}",
      "1 done ts tc"}},
    {"a query in vain",
     {LOGIN, TS(QUERY), TC(FAULT READY), TS("X\0\0\0\4")},
     {"1 log {\"tx_id\":2,\"request\":{\"simple_query\":\"select 1\"},\"response\":" FAULT_JSON "}",
      "2 log {\"tx_id\":3,\"request\":{\"message\":\"termination_message\"}}", "2 done ts tc"}},
    {"two at once, and prepared statements between them",
     {LOGIN, TS(QUERY "P\0\0\0\x08\0\0\0\0S\0\0\0\4" QUERY),
      TC(SELECTED READY "1\0\0\0\4" DONE READY FAULT READY)},
     {"1 log {\"tx_id\":2,\"request\":{\"simple_query\":\"select 1\"},\"response\":"
      "{\"command_completed\":\"SELECT 2\"}}",
      "2 log {\"tx_id\":3,\"request\":{\"simple_query\":\"select 1\"},\"response\":" FAULT_JSON
      "}"}},
    {"a table is copied in, and out",
     {LOGIN, TS(QUERY), TC("G\0\0\0\x09\0\0\1\0\0"), TS("d\0\0\0\7abcd\0\0\0\6efc\0\0\0\4"),
      TC(DONE READY), TS(QUERY), TC("H\0\0\0\x09\0\0\1\0\0d\0\0\0\6abc\0\0\0\4" DONE READY)},
     {"1 log {\"tx_id\":2,\"request\":{\"simple_query\":\"select 1\"},\"response\":"
      "{\"copy_in_response\":{\"malformed\":false,\"columns\":1}}}",
      "2 log {\"tx_id\":3,\"request\":{\"copy_data_in\":{\"msg_count\":2,\"data_size\":5},"
      "\"message\":\"copy_done\"},\"response\":{\"data_rows\":2,\"data_size\":5,"
      "\"command_completed\":\"COPY 2\"}}",
      "3 log {\"tx_id\":4,\"request\":{\"simple_query\":\"select 1\"},\"response\":"
      "{\"copy_out_response\":{\"malformed\":false,\"columns\":1},\"copy_data_out\":{\"row_count\":"
      "1,"
      "\"data_size\":2},\"message\":\"copy_done\",\"command_completed\":\"COPY 2\"}}"}},
    {"a copy that fails",
     {LOGIN, TS(QUERY), TC("G\0\0\0\7\1\0\0"), TS("f\0\0\0\7no\0"), TC(FAULT READY)},
     {"2 log {\"tx_id\":3,\"request\":{\"copy_data_in\":{\"msg_count\":0,\"data_size\":0},"
      "\"copy_fail\":\"no\"},\"response\":" FAULT_JSON "}"}},
    {"a login by SCRAM",
     {TS(HELLO), TC("R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0"),
      TS("p\0\0\0\x19SCRAM-SHA-256\0\0\0\0\3n,,"), TC("R\0\0\0\x0b\0\0\0\x0br=a"),
      TS("p\0\0\0\7c=b"), TC("R\0\0\0\x0b\0\0\0\x0cv=c" OK READY)},
     {"0 log {\"tx_id\":1," HELLO_JSON ",\"response\":{\"message\":\"authentication_sasl\"}}",
      "1 log {\"tx_id\":2,\"request\":{\"sasl_authentication_mechanism\":\"scram_SHA256\","
      "\"sasl_param\":\"n,,\"},\"response\":{\"message\":\"authentication_sasl_continue\"}}",
      "2 log {\"tx_id\":3,\"request\":{\"sasl_response\":\"c=b\"},\"response\":"
      "{\"authentication_sasl_final\":\"v=c\",\"message\":\"authentication_ok\"}}"}},
    {"TLS", {TS(SSL), TC("S")}, {"0 done ts tc", "change tls"}},
    {"GSSAPI is taken up: nothing more is read",
     {TS(GSS), TC("G"), TS("anything")},
     {"0 log {\"tx_id\":1,\"request\":{\"message\":\"GSSENC "
      "Request\"},\"response\":{\"ssl_accepted\":"
      "true}}",
      "failed ts"}},
    {"a request to stop another",
     {TS(CANCEL)},
     {"0 log {\"tx_id\":1,\"request\":{\"message\":\"cancel_request\",\"process_id\":781,"
      "\"secret_key\":2527928876}}",
      "0 done ts tc"}},
    {"picked up in the middle",
     {TS(QUERY), TC(SELECTED READY)},
     {"0 log {\"tx_id\":1,\"request\":{\"simple_query\":\"select 1\"},\"response\":"
      "{\"command_completed\":\"SELECT 2\"}}"}},
    {"an end that nobody asked for",
     {LOGIN, TC(FAULT)},
     {"1 log {\"tx_id\":2,\"response\":" FAULT_JSON "}", "1 done ts tc"}},
    {"a row that never ends is not waited for",
     {LOGIN, TS(QUERY), TC(HUGE_ROW "abc")},
     {"1 log {\"tx_id\":2,\"request\":{\"simple_query\":\"select "
      "1\"},\"response\":{\"data_rows\":1,"
      "\"data_size\":1073741810}}",
      "!failed tc"}},
    {"a start that is none",
     {TS("\0\0\0\x08\0\xff\0\xff")},
     {"0 event malformed_request", "0 log {\"tx_id\":1}", "failed ts"}},
    {"a message type that there is none of",
     {LOGIN, TS(QUERY), TC("?\0\0\0\4")},
     {"1 event malformed_response", "failed tc"}},
    {"a length below its own",
     {LOGIN, TS("Q\0\0\0\3")},
     {"0 event malformed_request", "failed ts"}},
    {"an authentication that there is none of",
     {TS(HELLO), TC("R\0\0\0\x08\0\0\0\x63")},
     {"0 event malformed_response"}},
    {"columns that are not there",
     {LOGIN, TS(QUERY), TC("T\0\0\0\6\0\5" READY)},
     {"1 log {\"tx_id\":2,\"request\":{\"simple_query\":\"select 1\"},\"response\":"
      "{\"row_description_malformed\":true,\"field_count\":5}}"}},
    {"behind a hole", {LOGIN, GAP(DIR_TOCLIENT, 5), TC(READY)}, {"failed tc"}},
};

static const struct talk pgsql_talk = {.parser = &pgsql_parser, .server_port = 5432};

static const struct talk_probe probes[] = {
    {"SSLRequest", TS(SSL), 80, APP_PROBE_YES},
    {"its beginning", TS("\0\0\0\x08"), 80, APP_PROBE_MORE},
    {"a start", TS(HELLO), 80, APP_PROBE_YES},
    {"half a start, elsewhere", TS("\0\0\0\x20\0\3\0\0user\0"), 80, APP_PROBE_MORE},
    {"half a start", TS("\0\0\0\x20\0\3\0\0user\0"), 5432, APP_PROBE_YES},
    {"a start without its end", TS("\0\0\0\x0a\0\3\0\0us"), 80, APP_PROBE_NO},
    {"too long", TS("\0\0\x40\0\0\3\0\0"), 5432, APP_PROBE_NO},
    {"another code, elsewhere", TS("\0\0\0\x08\0\xff\0\xff"), 80, APP_PROBE_NO},
    {"a query", TS(QUERY), 5432, APP_PROBE_YES},
    {"a query, elsewhere", TS(QUERY), 80, APP_PROBE_NO},
    {"the server", TC(OK), 5432, APP_PROBE_YES},
    {"its first byte", TC("N"), 5432, APP_PROBE_MORE},
    {"HTTP", TS("POST / HTTP/1.1\r\n"), 5432, APP_PROBE_NO},
    {"a Windows share", TS("\0\0\0\x2f\xffSMBr"), 445, APP_PROBE_NO},
    {"nothing", TS(""), 5432, APP_PROBE_MORE},
};

static const struct talk_suite suites[] = {
    {&pgsql_talk, TALK_ROWS(rows), TALK_PROBES(probes)},
};

/* Passwords are told only where the settings say so. */
static void test_passwords(void **state)
{
    const struct talk_piece pieces[] = {TS(HELLO), TC(CLEARTEXT), TS(PASSWORD), TC(OK READY)};
    struct app_conf told;
    struct talk talk = pgsql_talk;
    struct buf seen;
    buf_init(&seen, 0);
    app_conf_defaults(&told);
    told.log.pgsql_passwords = true;
    talk.conf = &told;
    talk_play(&talk, pieces, ARRAY_COUNT(pieces), (struct talk_cut){0}, &seen);
    assert_true(str_find(buf_str(&seen), 0, STR_LIT("{\"password\":\"secret\"}")) >= 0);
    buf_fini(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_passwords)};
    return talk_run(suites, ARRAY_COUNT(suites), tests, ARRAY_COUNT(tests));
}
