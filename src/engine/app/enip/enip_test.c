#include "engine/app/enip/enip.h"
#include "engine/app/enip/made_messages.h"
#include "engine/app/talk/talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define OK "\",\"status\":\"success\""
#define SEGMENT(type, value) "{\"segment_type\":\"" type "\",\"value\":" #value "}"
#define RR "\"command\":\"send_r_r_data" OK
#define UNIT "\"command\":\"send_unit_data" OK

static const struct talk_row rows[] = {
    {"who is there",
     {TS(MADE_LIST_IDENTITY), TC(MADE_IDENTITY)},
     {"0 log {\"request\":{\"command\":\"list_identity" OK "},\"response\":{\"command\":"
      "\"list_identity" OK ",\"identity\":{\"protocol_version\":1,\"revision\":\"4.3\","
      "\"vendor_id\":\"Rockwell Automation/Allen-Bradley\",\"device_type\":"
      "\"Communications Adapter\",\"product_code\":58,\"status\":48,\"serial\":5,"
      "\"product_name\":\"1756\",\"state\":3}}}",
      "0 ts enip.command=99", "0 tc enip.command=99", "0 tc enip.vendor_id=1",
      "0 tc enip.device_type=12", "0 tc enip.product_code=58", "0 tc enip.revision=1027",
      "0 tc enip.identity_status=48", "0 tc enip.serial=5", "0 tc enip.state=3",
      "0 tc enip.product_name=1756", "0 tc enip.protocol_version=1", "0 done ts tc"}},
    {"services",
     {TS(MADE_LIST_SERVICES), TC(MADE_SERVICES)},
     {"0 tc enip.capabilities=288", "0 tc enip.service_name=Comm\\x00",
      "0 log {\"request\":{\"command\":\"list_services" OK "},\"response\":{\"command\":"
      "\"list_services" OK ",\"list_services\":{\"protocol_version\":1,\"capabilities\":288,"
      "\"service_name\":\"Comm\\u0000\"}}}"}},
    {"a session",
     {TS(MADE_REGISTER), TC(MADE_REGISTERED), TS(MADE_UNREGISTER)},
     {"0 log {\"request\":{\"command\":\"register_session" OK ",\"register_session\":"
      "{\"protocol_version\":1,\"options\":0}},\"response\":{\"command\":\"register_session" OK
      ",\"register_session\":{\"protocol_version\":1,\"options\":0}}}",
      "0 ts enip.protocol_version=1", "1 ts enip.command=102", "1 done ts tc"}},
    {"a service",
     {TS(MADE_GET), TC(MADE_GOT)},
     {"0 log {\"request\":{" RR
      ",\"cip\":{\"service\":\"Get Attributes Single\",\"path\":[" SEGMENT("class", 1) "," SEGMENT(
          "instance",
          768) "," SEGMENT("attribute",
                           7) "],\"class_name\":\"Identity\"}},\"response\":{" RR
                              ",\"cip\":{\"service\":"
                              "\"Get Attributes Single\",\"status\":\"Connection "
                              "Failure\",\"status_extended\":\"0402\","
                              "\"status_extended_meaning\":\"Unconnected request timed out\"}}}",
      "0 ts enip.cip_class=1", "0 ts enip.cip_instance=768", "0 ts enip.cip_attribute=7",
      "0 ts enip.cip_service=30064771342", "0 tc enip.cip_service=18446744073709551374",
      "0 tc enip.cip_status=1", "0 tc enip.cip_extendedstatus=516", "0 done ts tc"}},
    {"a bundle",
     {TS(MADE_BUNDLE), TC(MADE_BUNDLED)},
     {"0 ts enip.cip_class=2", "0 ts enip.cip_class=1", "0 ts enip.cip_attribute=1",
      "0 tc enip.cip_status=30", "0 tc enip.cip_status=0", "0 tc enip.cip_status=5",
      "0 tc enip.cip_extendedstatus=153",
      "0 log {\"request\":{" UNIT
      ",\"cip\":{\"service\":\"Multiple Service Packet\",\"path\":[" SEGMENT(
          "class",
          2) "," SEGMENT("instance",
                         1) "],\"class_name\":\"Message Router\",\"multiple\":[{\"service\":\"Get "
                            "Attributes "
                            "All\","
                            "\"path\":[" SEGMENT("class", 1) "," SEGMENT(
                                "instance",
                                1) "],\"class_name\":\"Identity\"},{\"service\":\"Get Attributes "
                                   "Single\",\"path\":[" SEGMENT("class", 2) "," SEGMENT(
                                       "instance", 1) "," SEGMENT("attribute", 1) "],\"class_"
                                                                                  "name\":"
                                                                                  "\"Message "
                                                                                  "Router\"}]}},"
                                                                                  "\"response\":"
                                                                                  "{" UNIT
                                                                                  ",\"cip\":{"
                                                                                  "\"service\":"
                                                                                  "\"Multiple "
                                                                                  "Service "
                                                                                  "Packet\","
                                                                                  "\"status\":"
                                                                                  "\"Embedded "
                                                                                  "Service "
                                                                                  "Error\","
                                                                                  "\"multiple\":["
                                                                                  "{\"service\":"
                                                                                  "\"Get "
                                                                                  "Attributes "
                                                                                  "All\","
                                                                                  "\"status\":"
                                                                                  "\"Success\"},{"
                                                                                  "\"service\":"
                                                                                  "\"Get "
                                                                                  "Attributes "
                                                                                  "Single\","
                                                                                  "\"status\":"
                                                                                  "\"Path "
                                                                                  "Destination "
                                                                                  "Unknown\","
                                                                                  "\"status_"
                                                                                  "extended\":"
                                                                                  "\"9900\"}]}}"
                                                                                  "}"}},
    {"a list of attributes",
     {TS(MADE_LISTED)},
     {"0 ts enip.cip_attribute=1", "0 ts enip.cip_attribute=7", "!0 event invalid_pdu"}},
    {"a path of names and keys", {TS(MADE_TAG)}, {"0 ts enip.cip_class=1", "!0 event invalid_pdu"}},
    {"two at once",
     {TS(MADE_LIST_IDENTITY MADE_LIST_SERVICES), TC(MADE_IDENTITY MADE_SERVICES)},
     {"0 tc enip.command=99", "1 tc enip.command=4", "1 done ts tc"}},
    {"one was passed over",
     {TS(MADE_LIST_IDENTITY), TS(MADE_LIST_SERVICES), TC(MADE_SERVICES), TC(MADE_IDENTITY)},
     {"0 done ts tc", "!0 tc enip.command=99", "1 tc enip.command=4", "2 tc enip.command=99"}},
    {"another service",
     {TS(MADE_GET), TC(MADE_OTHER)},
     {"!0 tc enip.cip_status=0", "1 tc enip.cip_status=0"}},
    {"refused",
     {TS(MADE_GET), TC(MADE_ERROR)},
     {"0 tc enip.status=1", "0 event invalid_pdu", "0 done ts tc"}},
    {"cut off",
     {TS(MADE_CUT_PATH), TS(MADE_CUT_BUNDLE), TS(MADE_BAD_ITEM), TC(MADE_SHORT_IDENTITY)},
     {"0 event invalid_pdu", "0 log {\"request\":{" RR "}}", "1 event invalid_pdu",
      "1 ts enip.cip_class=2", "2 event invalid_pdu", "3 event invalid_pdu"}},
    {"options and an unknown command",
     {TS(MADE_OPTIONS), TS(MADE_UNKNOWN)},
     {"0 log {\"request\":{\"command\":\"list_identity" OK ",\"options\":1}}",
      "1 log {\"request\":{\"command\":\"unknown-119" OK "}}"}},
    {"a hole",
     {TS(MADE_LIST_IDENTITY), GAP(DIR_TOSERVER, 3), TS(MADE_LIST_IDENTITY)},
     {"0 ts enip.command=99", "!1 ts enip.command=99", "failed ts"}},
};

static const struct talk_row udp_rows[] = {
    {"who is there",
     {TS(MADE_LIST_IDENTITY), TC(MADE_IDENTITY)},
     {"0 tc enip.product_name=1756", "0 done ts tc"}},
    {"more behind it",
     {TS(MADE_LIST_IDENTITY MADE_LIST_SERVICES)},
     {"0 ts enip.command=99", "!1 ts enip.command=4"}},
    {"cut off",
     {TS("\x63\0\2\0"), TS(MADE_LONG_HEAD), TS(MADE_LIST_IDENTITY)},
     {"0 ts enip.command=99"}},
};

static const struct talk enip_talk = {.parser = &enip_parser, .server_port = 44818};
static const struct talk udp_talk = {
    .parser = &enip_udp_parser, .fields_of = &enip_parser, .server_port = 44818, .udp = true};

/* Of the longest message the beginning is kept, and the next one is found. */
static void test_long_message(void **state)
{
    struct buf seen, stream;
    struct app_conf conf;
    struct talk talk = enip_talk;
    buf_init(&seen, 0);
    buf_init(&stream, 0);
    app_conf_defaults(&conf);
    talk.conf = &conf;
    buf_add(&stream, STR_LIT(MADE_LONG_HEAD));
    for (int i = 0; i < 65000; i++)
        buf_add_byte(&stream, 0);
    buf_add(&stream, STR_LIT(MADE_LIST_SERVICES));
    const struct talk_piece piece = {.dir = DIR_TOSERVER, .bytes = buf_str(&stream)};
    talk_play(&talk, &piece, 1, (struct talk_cut){0}, &seen);
    assert_true(talk_has(&seen, "0 ts enip.command=111"));
    assert_true(talk_has(&seen, "1 ts enip.command=4"));
    buf_fini(&seen);
    buf_fini(&stream);
}

static const struct talk_probe probes[] = {
    {"a question", TS(MADE_LIST_IDENTITY), 44818, APP_PROBE_YES},
    {"its beginning", TS("\x63\0"), 44818, APP_PROBE_MORE},
    {"refused", TC(MADE_ERROR), 44818, APP_PROBE_YES},
    {"an unknown command", TS(MADE_UNKNOWN), 44818, APP_PROBE_NO},
    {"elsewhere", TS(MADE_LIST_IDENTITY), 80, APP_PROBE_YES},
    {"a session elsewhere", TS(MADE_REGISTER), 80, APP_PROBE_YES},
    {"an answer elsewhere", TC(MADE_IDENTITY), 80, APP_PROBE_YES},
    {"a service elsewhere", TS(MADE_GET), 80, APP_PROBE_YES},
    {"a question with data", TS(MADE_IDENTITY), 80, APP_PROBE_NO},
    {"options elsewhere", TS(MADE_OPTIONS), 80, APP_PROBE_NO},
    {"zeros elsewhere", TS("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), 80, APP_PROBE_NO},
    {"text", TS("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 44818, APP_PROBE_NO},
    {"nothing", TS(""), 44818, APP_PROBE_MORE},
};

static const struct talk_probe udp_probes[] = {
    {"a question", TS(MADE_LIST_IDENTITY), 44818, APP_PROBE_YES},
    {"zeros elsewhere", TS("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), 53, APP_PROBE_NO},
};

static const struct talk_suite suites[] = {
    {&enip_talk, TALK_ROWS(rows), TALK_PROBES(probes)},
    {&udp_talk, TALK_ROWS(udp_rows), TALK_PROBES(udp_probes)},
};

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_long_message),
    };
    return talk_run(suites, ARRAY_COUNT(suites), tests, ARRAY_COUNT(tests));
}
