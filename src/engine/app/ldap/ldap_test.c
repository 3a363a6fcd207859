#include "engine/app/ldap/ldap.h"
#include "engine/app/talk/talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* rows: P1 */

#define BIND "0\x16\2\1\1`\x11\2\1\3\4\4cn=a\x80\6secret"
#define BOUND "0\x0c\2\1\1a\7\x0a\1\0\4\0\4\0"
#define REFUSED "0\x12\2\1\1a\x0d\x0a\0011\4\4dc=m\4\2no"
#define SASL "0\x18\2\1\1`\x13\2\1\3\4\0\xa3\x0c\4\6GSSAPI\4\2\1\xff"
#define CHALLENGE "0\x10\2\1\1a\x0b\x0a\1\x0e\4\0\4\0\x87\2\xaa\xbb"
#define SEARCH \
    "01\2\1\2c,\4\4dc=x\x0a\1\2\x0a\1\0\2\1\5\2\1\6\1\1\0\x87\x0bobjectClass0\x08\4\2cn\4\2sn"
#define ENTRY                       \
    "0\x1b\2\1\2d\x16\4\4dc=x0\x0e" \
    "0\x0c\4\2cn1\6\4\1a\4\1b"
#define REFERENCE "0\x0f\2\1\2s\x0a\4\x08ldap://b"
#define DONE "0\x11\2\1\2e\x0c\x0a\1\4\4\0\4\5limit"
#define MODIFY                                                                     \
    "0U\2\1\3f(\4\4cn=a0 0\x12\x0a\1\0000\x0d\4\4mail1\5\4\3a@b0\x0a\x0a\1\0030\5" \
    "\4\1x1\0\xa0&0$\4\x16"                                                        \
    "1.2.840.113556.1.4.319\1\1\xff\4\0070\5\2\1\5\4\0"
#define MODIFIED "0\x0c\2\1\3g\7\x0a\0012\4\0\4\0"
#define ADD                   \
    "0+\2\1\4h&\4\4cn=a0\x1e" \
    "0\x1c\4\x0bobjectClass1\x0d\4\3top\4\6person"
#define ADDED "0\x0d\2\1\4i\x08\x0a\2\0\xc8\4\0\4\0"
#define DELETE "0\x09\2\1\5J\4cn=a"
#define DELETED "0\x0c\2\1\5k\7\x0a\1\0\4\0\4\0"
#define MOVE "0\x1a\2\1\6l\x15\4\4cn=a\4\4cn=b\1\1\xff\x80\4dc=b"
#define MOVED "0\x0c\2\1\6m\7\x0a\1\0\4\0\4\0"
#define COMPARE "0\x14\2\1\7n\x0f\4\4cn=a0\7\4\2sn\4\1v"
#define COMPARED "0\x0c\2\1\7o\7\x0a\1\6\4\0\4\0"
#define ABANDON "0\6\2\1\x08P\1\2"
#define UNBIND    \
    "0\5\2\1\x09" \
    "B\0"
#define STARTTLS                 \
    "0\x1d\2\1\x0aw\x18\x80\x16" \
    "1.3.6.1.4.1.1466.20037"
#define TLS_GRANTED "0\x0c\2\1\x0ax\7\x0a\1\0\4\0\4\0"
#define TLS_REFUSED "0\x0c\2\1\x0ax\7\x0a\1\2\4\0\4\0"
#define EXTENDED "0\x0d\2\1\x0bw\x08\x80\0031.2\x81\1v"
#define BETWEEN "0\x0d\2\1\x0by\x08\x80\0031.3\x81\1w"
#define EXTENDED_DONE "0\x14\2\1\x0bx\x0f\x0a\1\0\4\0\4\0\x8a\0031.4\x8b\1x"
#define NOTICE                               \
    "0$\2\1\0x\x1f\x0a\0014\4\0\4\0\x8a\x16" \
    "1.3.6.1.4.1.1466.20036"
#define NO_SUCH_OPERATION "0\x08\2\1\x09q\3\4\1x"
/* An entry of 70,046 bytes. */
#define HUGE_HEAD "0\x83\1\x11\x92\2\1\2d\x83\1\x11\x8a\4\1d0\x83\1\x11\x82"

#define RESULT(code) "{\"result_code\":\"" code "\",\"matched_dn\":\"\",\"message\":\"\"}"
#define SEARCH_JSON                                                                      \
    "\"request\":{\"message_id\":2,\"operation\":\"search_request\",\"search_request\":" \
    "{\"base_object\":\"dc=x\",\"scope\":2,\"deref_alias\":0,\"size_limit\":5,"          \
    "\"time_limit\":6,\"types_only\":false,\"filter\":{\"type\":\"present\",\"value\":"  \
    "\"objectClass\"},\"attributes\":[\"cn\",\"sn\"]}}"
#define SEARCH_ANSWER_JSON                                                                     \
    "\"responses\":[{\"operation\":\"search_result_entry\",\"search_result_entry\":"           \
    "{\"base_object\":\"dc=x\",\"attributes\":[{\"type\":\"cn\",\"values\":[\"a\",\"b\"]}]}}," \
    "{\"operation\":\"search_result_reference\"},{\"operation\":\"search_result_done\","       \
    "\"search_result_done\":{\"result_code\":\"size_limit_exceeded\",\"matched_dn\":\"\","     \
    "\"message\":\"limit\"}}]"

static const struct talk_row rows[] = {
    {"frames: each message",
     {TS(COMPARE ABANDON), TC(COMPARED)},
     {"frame ts pdu 0+22 0\\x14\\x02\\x01\\x07n\\x0f\\x04\\x04cn=a0\\x07\\x04\\x02sn\\x04\\x01v",
      "frame ts pdu 22+8 0\\x06\\x02\\x01\\x08P\\x01\\x02",
      "frame tc pdu 0+14 0\\x0c\\x02\\x01\\x07o\\x07\\n\\x01\\x06\\x04\\x00\\x04\\x00"}},
    {"a login refused",
     {TS(BIND), TC(REFUSED)},
     {"0 ts ldap.request.operation=0", "0 ts ldap.request.dn=cn=a",
      "0 tc ldap.responses.operation=1", "0 tc ldap.responses.count=1",
      "0 tc ldap.responses.result_code=49", "0 tc ldap.responses.dn=dc=m",
      "0 tc ldap.responses.message=no", "0 done ts tc",
      "0 log {\"request\":{\"message_id\":1,\"operation\":\"bind_request\",\"bind_request\":"
      "{\"version\":3,\"name\":\"cn=a\"}},\"responses\":[{\"operation\":\"bind_response\","
      "\"bind_response\":{\"result_code\":\"invalid_credentials\",\"matched_dn\":\"dc=m\","
      "\"message\":\"no\"}}]}"}},
    {"SASL",
     {TS(SASL), TC(CHALLENGE)},
     {"0 log {\"request\":{\"message_id\":1,\"operation\":\"bind_request\",\"bind_request\":"
      "{\"version\":3,\"name\":\"\",\"sasl\":{\"mechanism\":\"GSSAPI\",\"credentials\":"
      "\"01ff\"}}},\"responses\":[{\"operation\":\"bind_response\",\"bind_response\":"
      "{\"result_code\":\"sasl_bind_in_progress\",\"matched_dn\":\"\",\"message\":\"\","
      "\"server_sasl_creds\":\"aabb\"}}]}"}},
    {"a search",
     {TS(SEARCH), TC(ENTRY REFERENCE), TC(DONE)},
     {"0 log {" SEARCH_JSON "," SEARCH_ANSWER_JSON "}", "0 ts ldap.request.attribute_type=cn",
      "0 ts ldap.request.attribute_type=sn", "0 tc ldap.responses.attribute_type=cn",
      "0 tc ldap.responses.dn=dc=x", "0 tc ldap.responses.dn=", "0 tc ldap.responses.message=",
      "0 tc ldap.responses.message=limit", "0 tc ldap.responses.count=3",
      "0 tc ldap.responses.result_code=none", "0 tc ldap.responses.result_code=4", "0 done ts tc",
      "!1 done ts tc"}},
    {"answers out of order",
     {TS(BIND SEARCH), TC(DONE BOUND)},
     {"0 tc ldap.responses.operation=1", "1 tc ldap.responses.operation=5", "0 done ts tc",
      "1 done ts tc"}},
    {"the same number twice",
     {TS(BIND BIND), TC(BOUND REFUSED)},
     {"0 tc ldap.responses.result_code=0", "1 tc ldap.responses.result_code=49"}},
    {"a change with a control",
     {TS(MODIFY), TC(MODIFIED)},
     {"0 ts ldap.request.attribute_type=mail", "0 ts ldap.request.attribute_type=x",
      "0 log {\"request\":{\"message_id\":3,\"operation\":\"modify_request\",\"modify_request\":"
      "{\"object\":\"cn=a\",\"changes\":[{\"operation\":\"add\",\"modification\":"
      "{\"attribute_type\":\"mail\",\"attribute_values\":[\"a@b\"]}},{\"operation\":\"3\","
      "\"modification\":{\"attribute_type\":\"x\"}}]},\"controls\":[{\"control_type\":"
      "\"1.2.840.113556.1.4.319\",\"criticality\":true,\"control_value\":\"30050201050400\"}]},"
      "\"responses\":[{\"operation\":\"modify_response\",\"modify_response\":" RESULT(
          "insufficient_access_rights") "}]}"}},
    {"add, with a code of no name",
     {TS(ADD), TC(ADDED)},
     {"0 ts ldap.request.attribute_type=objectClass",
      "0 log {\"request\":{\"message_id\":4,\"operation\":\"add_request\",\"add_request\":"
      "{\"entry\":\"cn=a\",\"attributes\":[{\"name\":\"objectClass\",\"values\":[\"top\","
      "\"person\"]}]}},\"responses\":[{\"operation\":\"add_response\",\"add_response\":" RESULT(
          "unknown-200") "}]}"}},
    {"delete",
     {TS(DELETE), TC(DELETED)},
     {"0 ts ldap.request.dn=cn=a",
      "0 log {\"request\":{\"message_id\":5,\"operation\":\"del_request\",\"del_request\":"
      "{\"dn\":\"cn=a\"}},\"responses\":[{\"operation\":\"del_response\",\"del_response\":" RESULT(
          "success") "}]}"}},
    {"move",
     {TS(MOVE), TC(MOVED)},
     {"0 log {\"request\":{\"message_id\":6,\"operation\":\"mod_dn_request\",\"mod_dn_request\":"
      "{\"entry\":\"cn=a\",\"new_rdn\":\"cn=b\",\"delete_old_rdn\":true,\"new_superior\":"
      "\"dc=b\"}},\"responses\":[{\"operation\":\"mod_dn_response\",\"mod_dn_response\":" RESULT(
          "success") "}]}"}},
    {"compare",
     {TS(COMPARE), TC(COMPARED)},
     {"0 ts ldap.request.attribute_type=sn",
      "0 log {\"request\":{\"message_id\":7,\"operation\":\"compare_request\","
      "\"compare_request\":{\"entry\":\"cn=a\",\"attribute_value_assertion\":{\"description\":"
      "\"sn\",\"value\":\"v\"}}},\"responses\":[{\"operation\":\"compare_response\","
      "\"compare_response\":" RESULT("compare_true") "}]}"}},
    {"abandon and leave",
     {TS(ABANDON UNBIND)},
     {"0 log {\"request\":{\"message_id\":8,\"operation\":\"abandon_request\"}}",
      "1 log {\"request\":{\"message_id\":9,\"operation\":\"unbind_request\"}}", "0 done ts tc",
      "1 done ts tc"}},
    {"extended, with a response between",
     {TS(EXTENDED), TC(BETWEEN), TC(EXTENDED_DONE)},
     {"0 log {\"request\":{\"message_id\":11,\"operation\":\"extended_request\","
      "\"extended_request\":{\"name\":\"1.2\",\"value\":\"v\"}},\"responses\":[{\"operation\":"
      "\"intermediate_response\",\"intermediate_response\":{\"name\":\"1.3\",\"value\":\"w\"}},"
      "{\"operation\":\"extended_response\",\"extended_response\":{\"result_code\":\"success\","
      "\"matched_dn\":\"\",\"message\":\"\",\"name\":\"1.4\",\"value\":\"x\"}}]}"}},
    {"StartTLS", {TS(STARTTLS), TC(TLS_GRANTED)}, {"change tls", "0 done ts tc"}},
    {"StartTLS refused",
     {TS(STARTTLS), TC(TLS_REFUSED), TS(UNBIND)},
     {"!change tls", "1 ts ldap.request.operation=2"}},
    {"granted, but not what was asked for",
     {TS(STARTTLS EXTENDED), TC(EXTENDED_DONE)},
     {"!change tls", "1 done ts tc", "!0 done ts tc"}},
    {"nobody asked",
     {TS(BIND), TC(DONE)},
     {"1 event request_not_found", "!0 event request_not_found", "1 done ts tc",
      "1 log {\"responses\":[{\"operation\":\"search_result_done\",\"message_id\":2,"
      "\"search_result_done\":{\"result_code\":\"size_limit_exceeded\",\"matched_dn\":\"\","
      "\"message\":\"limit\"}}]}"}},
    {"a notice", {TC(NOTICE)}, {"!0 event request_not_found", "0 tc ldap.responses.operation=24"}},
    {"no such operation",
     {TS(BIND), TS(NO_SUCH_OPERATION UNBIND), TC(BOUND)},
     {"0 event invalid_data", "failed ts", "failed tc", "!1 ts ldap.request.operation=2"}},
    {"sealed", {TS("\0\0\0\x10sealed sealed ")}, {"flow event invalid_data", "failed ts"}},
    {"an attribute that passes its list",
     {TS("0\x14\2\1\4h\x0f\4\4cn=a0\7"
         "0\x7f\4\1x1\2\4")},
     {"flow event invalid_data", "failed ts"}},
    {"too long to be kept",
     {TS(SEARCH), TC(HUGE_HEAD "0\x83\1\x11}\4\1p1\x83\1\x11uAAAA"), TS(UNBIND)},
     {"0 tc ldap.responses.operation=4", "0 tc ldap.responses.count=1",
      "0 log {" SEARCH_JSON ",\"responses\":[{\"operation\":\"search_result_entry\"}]}",
      "1 done ts tc"}},
    {"a hole", {TS(BIND), GAP(DIR_TOCLIENT, 9)}, {"failed tc", "0 ts ldap.request.operation=0"}},
};

static const struct talk_row datagrams[] = {
    {"a search",
     {TS(SEARCH), TC(ENTRY REFERENCE DONE)},
     {"0 log {" SEARCH_JSON "," SEARCH_ANSWER_JSON "}"}},
    {"what is no message does not end it",
     {TS(SEARCH), TC(ENTRY "0\0"), TC(DONE)},
     {"0 event invalid_data", "0 tc ldap.responses.count=2"}},
    {"cut off", {TS(SEARCH), TC("0\x11\2\1\2e\x0c")}, {"0 event incomplete_data"}},
};

static const struct talk_probe probes[] = {
    {"bind", TS(BIND), 389, APP_PROBE_YES},
    {"to the global catalog", TS(BIND), 3268, APP_PROBE_YES},
    {"a long message's beginning", TC(HUGE_HEAD), 389, APP_PROBE_YES},
    {"elsewhere", TS(BIND), 10389, APP_PROBE_YES},
    {"elsewhere, a beginning", TS("0\x16\2\1\1`\x11\2"), 10389, APP_PROBE_MORE},
    {"elsewhere, the wrong side", TS(BOUND), 10389, APP_PROBE_NO},
    {"elsewhere, the server", TC(BOUND), 10389, APP_PROBE_YES},
    {"elsewhere, too long", TC(HUGE_HEAD), 10389, APP_PROBE_NO},
    {"no such operation", TS(NO_SUCH_OPERATION), 389, APP_PROBE_NO},
    {"SNMP", TS("0\x26\2\1\1\4\6public\xa1\x19\2\4"), 389, APP_PROBE_NO},
    {"text", TS("GET / HTTP/1.1\r\n"), 389, APP_PROBE_NO},
    {"a number of six bytes", TS("0\x0a\2\6\0\0\0\0\0\1B\0"), 389, APP_PROBE_NO},
    {"nothing", TS(""), 389, APP_PROBE_MORE},
};

static const struct talk_probe udp_probes[] = {
    {"search", TS(SEARCH), 389, APP_PROBE_YES},
    {"not whole", TS("01\2\1\2c,\4\4dc=x"), 389, APP_PROBE_NO},
    {"nothing", TS(""), 389, APP_PROBE_NO},
};

static const struct talk tcp_talk = {.parser = &ldap_parser, .server_port = 389, .inspect = true};
static const struct talk udp_talk = {
    .parser = &ldap_udp_parser, .fields_of = &ldap_parser, .server_port = 389, .udp = true};

static const struct talk_suite suites[] = {
    {&tcp_talk, TALK_ROWS(rows), TALK_PROBES(probes)},
    {&udp_talk, TALK_ROWS(datagrams), TALK_PROBES(udp_probes)},
};

/* Values are asked for one after the other, and again from the first. */
static void test_many(void **state)
{
    enum { ENTRIES = 3000 };
    static uint8_t answers[ENTRIES * (sizeof(ENTRY) - 1)];
    struct talk_piece pieces[] = {TS(SEARCH), TC("")};
    struct buf seen;
    struct talk talk = tcp_talk;
    buf_init(&seen, 0);
    for (size_t i = 0; i < ENTRIES; i++)
        memcpy(answers + i * (sizeof(ENTRY) - 1), ENTRY, sizeof(ENTRY) - 1);
    pieces[1].bytes = str_of(answers, sizeof answers);
    talk.inspect = false;
    talk_play(&talk, pieces, ARRAY_COUNT(pieces), (struct talk_cut){0}, &seen);
    assert_true(talk_has(&seen, "0 tc ldap.responses.count=3000"));
    size_t values = 0;
    struct str rest = buf_str(&seen), line;
    while (rest.p && rest.len) {
        line = str_split(&rest, '\n');
        values += str_eq(line, STR_LIT("0 tc ldap.responses.attribute_type=cn"));
    }
    assert_int_equal(values, 1024);
    buf_fini(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many),
    };
    return talk_run(suites, ARRAY_COUNT(suites), tests, ARRAY_COUNT(tests));
}
