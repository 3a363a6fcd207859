#include "engine/app/mqtt/mqtt.h"
#include "engine/app/talk/talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define HEAD(qos) "{\"qos\":" #qos ",\"retain\":false,\"dup\":false"
#define CONNECT "\x10\x1a\0\4MQTT\4\xc2\0\x3c\0\2P1\0\4user\0\4pass"
#define CONNACK "\x20\2\0\0"
#define OPEN TS(CONNECT), TC(CONNACK)
#define CONNECT_JSON                                                                              \
    "\"connect\":" HEAD(                                                                          \
        0) ",\"protocol_string\":\"MQTT\",\"protocol_version\":4,"                                \
           "\"client_id\":\"P1\",\"flags\":{\"username\":true,\"password\":true,\"will_retain\":" \
           "false,\"will\":false,\"clean_session\":true},\"username\":\"user\",\"password\":"     \
           "\"pass\"}"
#define CONNACK_JSON(code) \
    "\"connack\":" HEAD(0) ",\"session_present\":false,\"return_code\":" #code "}"

/* Version 5: receive_maximum 20 and a user property; a will with a delay. */
#define CONNECT_5                                                                          \
    "\x10\x27\0\4MQTT\5\x06\0\x3c\x0c\x21\0\x14\x26\0\2ab\0\2cd\0\0\5\x18\0\0\0\x1e\0\2wt" \
    "\0\2wm"

static const struct talk_row rows[] = {
    {"a login",
     {OPEN},
     {"0 log {" CONNECT_JSON "," CONNACK_JSON(0) "}", "0 ts mqtt.connect.clientid=P1",
      "0 ts mqtt.connect.username=user", "0 ts mqtt.connect.password=pass",
      "0 ts mqtt.connect.protocol_string=MQTT", "0 ts mqtt.connect.flags=194",
      "0 ts mqtt.protocol_version=4", "0 ts mqtt.type=1", "0 ts mqtt.type=2",
      "0 ts mqtt.reason_code=0", "0 ts mqtt.connack.session_present=0", "0 done ts tc"}},
    {"version 5, with a will",
     {TS(CONNECT_5), TC("\x20\x06\1\x86\3\x22\0\x0a")},
     {"0 log {\"connect\":" HEAD(
          0) ",\"protocol_string\":\"MQTT\",\"protocol_version\":5,\"client_id\":\"\","
             "\"flags\":{\"username\":false,\"password\":false,\"will_retain\":false,\"will\":"
             "true,\"clean_session\":true},\"will\":{\"topic\":\"wt\",\"message\":\"wm\","
             "\"properties\":{\"will_delay_interval\":30}},\"properties\":{\"receive_maximum\":20,"
             "\"user_properties\":[{\"key\":\"ab\",\"value\":\"cd\"}]}},\"connack\":" HEAD(
                 0) ",\"session_present\":true,\"return_code\":134,\"properties\":"
                    "{\"topic_alias_maximum\":10}}}",
      "0 ts mqtt.connect.willtopic=wt", "0 ts mqtt.connect.willmessage=wm",
      "0 ts mqtt.reason_code=134", "0 ts mqtt.connack.session_present=1"}},
    {"once at most",
     {OPEN, TS("\x31\6\0\1thi!")},
     {"1 ts mqtt.publish.topic=t", "1 ts mqtt.publish.message=hi!", "1 ts mqtt.flags=1",
      "1 log {\"publish\":{\"qos\":0,\"retain\":true,\"dup\":false,\"topic\":\"t\",\"message\":"
      "\"hi!\"}}",
      "1 done ts tc"}},
    {"exactly once",
     {OPEN, TS("\x34\6\0\1t\0\7x"), TC("\x50\2\0\7"), TS("\x62\2\0\7"), TC("\x70\2\0\7")},
     {"1 log {\"publish\":" HEAD(2) ",\"topic\":\"t\",\"message_id\":7,\"message\":\"x\"},"
                                    "\"pubrec\":" HEAD(0) ",\"message_id\":7},\"pubrel\":" HEAD(
                                        1) ",\"message_id\":7},"
                                           "\"pubcomp\":" HEAD(0) ",\"message_id\":7}}",
      "1 ts mqtt.qos=2", "1 ts mqtt.type=7", "1 done ts tc"}},
    {"subscribe and leave",
     {OPEN, TS("\x82\x0a\0\1\0\1a\1\0\1b\0"), TC("\x90\4\0\1\1\x80"), TS("\xa2\5\0\2\0\1a"),
      TC("\xb0\2\0\2"), TS("\xe0\0")},
     {"1 log {\"subscribe\":" HEAD(1) ",\"message_id\":1,\"topics\":[{\"topic\":\"a\",\"qos\":1},"
                                      "{\"topic\":\"b\",\"qos\":0}]},\"suback\":" HEAD(
                                          0) ",\"message_id\":1,\"qos_granted\":"
                                             "[1,128]}}",
      "1 ts mqtt.subscribe.topic=a", "1 ts mqtt.subscribe.topic=b", "1 ts mqtt.reason_code=128",
      "2 log {\"unsubscribe\":" HEAD(1) ",\"message_id\":2,\"topics\":[\"a\"]},\"unsuback\":" HEAD(
          0) ",\"message_id\":2}}",
      "2 ts mqtt.unsubscribe.topic=a", "3 log {\"disconnect\":" HEAD(0) "}}"}},
    {"out of nowhere",
     {TS("\x30\4\0\1tx"), TC("\x20\2\0\0"), TC("\x40\2\0\1"), TC("\x90\3\0\1\0"), TC("\xb0\2\0\1")},
     {"0 event unintroduced_message", "1 event missing_connect", "2 event missing_publish",
      "3 event missing_subscribe", "4 event missing_unsubscribe"}},
    {"twice connected", {OPEN, TS(CONNECT)}, {"1 event double_connect"}},
    {"a type that is none", {OPEN, TS("\0\0")}, {"1 event unassigned_msg_type", "1 log {}"}},
    {"quality 3", {OPEN, TS("\x36\6\0\1t\0\7x")}, {"1 event invalid_qos_level"}},
    {"a topic longer than its message",
     {OPEN, TS("\x30\4\0\5tx"), TC("\xd0\0")},
     {"1 event malformed_traffic", "1 log {}", "failed ts", "failed tc"}},
    {"a length without end",
     {OPEN, TS("\x30\xff\xff\xff\xff\x01")},
     {"1 event malformed_traffic", "failed ts"}},
    {"too long to be kept",
     {OPEN,
      TS("\x30\x80\x80\x04"
         "abcdefgh"),
      GAP(DIR_TOCLIENT, 1)},
     {"1 log {\"publish\":" HEAD(0) ",\"skipped_length\":65540,\"truncated\":true}}",
      "1 done ts tc", "failed tc"}},
};

static const struct talk mqtt_talk = {.parser = &mqtt_parser, .server_port = 1883};

static void test_limits(void **state)
{
    struct buf seen;
    const struct talk_piece pieces[] = {OPEN, TS("\x30\x0a\0\1t1234567"), TS("\x30\5\0\1tok")};
    struct app_conf less;
    struct talk talk = mqtt_talk;
    buf_init(&seen, 0);
    app_conf_defaults(&less);
    mqtt_parser.log_conf(&less.log, NULL);
    less.mqtt_message_max = 8;
    less.log.mqtt_no_passwords = true;
    talk.conf = &less;
    talk_play(&talk, pieces, ARRAY_COUNT(pieces), (struct talk_cut){0}, &seen);
    assert_true(talk_has(&seen,
                         "2 log {\"publish\":" HEAD(0) ",\"skipped_length\":12,\"truncated\":"
                                                       "true}}"));
    assert_true(talk_has(&seen, "3 ts mqtt.publish.message=ok"));
    buf_reset(&seen);
    less.mqtt_message_max = 100;
    less.log.mqtt_text_max = 3;
    talk_play(&talk, pieces, ARRAY_COUNT(pieces), (struct talk_cut){0}, &seen);
    assert_true(talk_has(&seen,
                         "1 log {\"publish\":" HEAD(0) ",\"topic\":\"t\",\"message\":"
                                                       "\"123[truncated 4 additional bytes]\"}}"));
    assert_int_equal(str_find(buf_str(&seen), 0, STR_LIT("\"password\":\"")), -1);
    buf_fini(&seen);
}

static const struct talk_probe probes[] = {
    {"CONNECT", TS(CONNECT), 80, APP_PROBE_YES},
    {"its beginning", TS("\x10\x1a\0\4MQ"), 80, APP_PROBE_MORE},
    {"of 3.1", TS("\x10\x1a\0\6MQIsdp"), 80, APP_PROBE_YES},
    {"CONNACK", TS(CONNACK), 80, APP_PROBE_YES},
    {"CONNACK of 5", TS("\x20\x06\1\x86\3\x22\0\x0a"), 80, APP_PROBE_YES},
    {"CONNACK that does not fit", TS("\x20\x07\1\x86\3\x22\0\x0a"), 80, APP_PROBE_NO},
    {"PUBLISH elsewhere", TS("\x30\4\0\1tx"), 80, APP_PROBE_NO},
    {"PUBLISH", TS("\x30\4\0\1tx"), 1883, APP_PROBE_YES},
    {"text", TS("GET / HTTP/1.1\r\n"), 80, APP_PROBE_NO},
    {"nothing", TS(""), 80, APP_PROBE_MORE},
};

static const struct talk_suite suites[] = {
    {&mqtt_talk, TALK_ROWS(rows), TALK_PROBES(probes)},
};

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),
    };
    return talk_run(suites, ARRAY_COUNT(suites), tests, ARRAY_COUNT(tests));
}
