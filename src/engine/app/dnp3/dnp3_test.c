#include "engine/app/dnp3/dnp3.h"
#include "engine/app/dnp3/made_frames.h"
#include "engine/app/talk/talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define LINK(up)                                                                                 \
    "\"control\":{\"dir\":" up ",\"pri\":true,\"fcb\":false,\"fcv\":false,\"function_code\":4}," \
    "\"src\":1,\"dst\":10,"
#define APP(bits, number)                                               \
    "\"application\":{\"control\":{" bits ",\"sequence\":" #number "}," \
    "\"function_code\":"
#define ALONE "\"fir\":true,\"fin\":true,\"con\":false,\"uns\":false"
#define REQUEST(number) "log {\"type\":\"request\"," LINK("true") APP(ALONE, number)
#define HEAD(object, qualifier, prefix, range)                                    \
    "{\"group\":" object ",\"qualifier\":" #qualifier ",\"prefix_code\":" #prefix \
    ",\"range_code\":" #range ",\"start\":"
#define NONE "0,\"stop\":0,\"count\":0}"
#define FLAGS(first)                                                           \
    "\"online\":" #first ",\"restart\":0,\"comm_lost\":0,\"remote_forced\":0," \
    "\"local_forced\":0,"
#define ANALOG "\"over_range\":0,\"reference_err\":0,"

static const struct talk_row rows[] = {
    {"a request and its response",
     {TS(MADE_READ), TC(MADE_RESPONSE)},
     {"0 " REQUEST(0) "1,\"objects\":[" HEAD("60,\"variation\":2", 6, 0, 6) NONE
      "," HEAD("60,\"variation\":3", 6, 0, 6) NONE "],\"complete\":true}}",
      "0 ts dnp3.func=1", "0 ts dnp3.obj=15362", "0 ts dnp3.obj=15363",
      "0 ts dnp3.data=\\xc0\\x01<\\x02\\x06<\\x03\\x06", "!0 tc dnp3.func=1", "1 tc dnp3.func=129",
      "1 tc dnp3.ind=36866", "1 tc dnp3.obj=7681", "1 tc dnp3.obj=257", "0 done ts tc",
      "1 done ts tc"}},
    {"points and indications",
     {TC(MADE_RESPONSE)},
     {"0 log {\"type\":\"response\"," LINK("false") APP(ALONE, 0) "129,\"objects\":[" HEAD(
         "30,\"variation\":1", 1, 0, 1) "0,\"stop\":1,\"count\":2,\"points\":["
                                        "{\"prefix\":0,\"index\":0," FLAGS(1) ANALOG
      "\"reserved0\":0,\"value\":18446744073709551615},{\"prefix\":0,\"index\":1," FLAGS(1) ANALOG
      "\"reserved0\":1,\"value\":10}]}," HEAD(
          "1,\"variation\":1", 0, 0,
          0) "0,\"stop\":10,\"count\":11,\"points\":[{\"prefix\":0,\"index\":0,\"state\":1},"
             "{\"prefix\":0,\"index\":1,\"state\":1},{\"prefix\":0,\"index\":2,\"state\":1},"
             "{\"prefix\":0,\"index\":3,\"state\":1},{\"prefix\":0,\"index\":4,\"state\":1},"
             "{\"prefix\":0,\"index\":5,\"state\":1},{\"prefix\":0,\"index\":6,\"state\":1},"
             "{\"prefix\":0,\"index\":7,\"state\":1},{\"prefix\":0,\"index\":8,\"state\":1},"
             "{\"prefix\":0,\"index\":9,\"state\":0},{\"prefix\":0,\"index\":10,\"state\":1}]}],"
             "\"complete\":true},\"iin\":{\"indicators\":[\"device_restart\",\"need_time\","
             "\"object_unknown\"]}}"}},
    {"unasked, and confirmed",
     {TC(MADE_UNSOLICITED), TS(MADE_CONFIRM), TS(MADE_RESTART)},
     {"0 log {\"type\":\"unsolicited_response\"," LINK("false")
          APP("\"fir\":true,\"fin\":true,\"con\":true,\"uns\":true", 0) "130,\"complete\":true},"
                                                                        "\"iin\":{}}",
      "1 " REQUEST(3) "13,\"complete\":true}}"}},
    {"a text of a length told before",
     {TS(MADE_FILE)},
     {"0 " REQUEST(0) "25,\"objects\":[" HEAD(
         "70,\"variation\":3", 91, 5,
         11) "0,\"stop\":0,\"count\":1,\"points\":[{\"prefix\":34,\"index\":0,\"size\":34,"
             "\"filename_offset\":26,\"filename_size\":8,\"created\":1,\"permissions\":7,"
             "\"authentication_key\":1,\"file_size\":2,\"operational_mode\":3,"
             "\"maximum_block_size\":4,\"request_id\":5,\"filename\":\"conf.txt\"}]}],"
             "\"complete\":true}}"}},
    {"blobs",
     {TS(MADE_KEYS)},
     {"0 " REQUEST(0) "2,\"objects\":[" HEAD(
         "120,\"variation\":5", 91, 5,
         11) "0,\"stop\":0,\"count\":1,\"points\":[{\"prefix\":17,\"index\":0,\"size\":17,\"ksq\":"
             "1,"
             "\"user_number\":2,\"key_wrap_alg\":3,\"key_status\":4,\"mal\":5,"
             "\"challenge_data_len\":3,\"data->challenge_data\":\"qrvM\","
             "\"data->mac_value\":\"ZGRk\"}]}],\"complete\":true}}"}},
    {"reals",
     {TS(MADE_REALS)},
     {"0 " REQUEST(0) "2,\"objects\":[" HEAD(
         "30,\"variation\":5", 7, 0,
         7) "0,\"stop\":0,\"count\":2,\"points\":[{\"prefix\":0,\"index\":0," FLAGS(0) ANALOG
      "\"reserved0\":0,\"value\":1.5},{\"prefix\":0,\"index\":1," FLAGS(1) ANALOG
      "\"reserved0\":0,\"value\":null}]}],\"complete\":true}}"}},
    {"in two frames",
     {TS(MADE_FIRST), TS(MADE_SECOND)},
     {"0 ts dnp3.obj=20481", "0 ts dnp3.data=\\xc5\\x02P\\x01\\x00\\x07\\x07\\x00",
      "0 done ts tc"}},
    {"not the next frame",
     {TS(MADE_FIRST), TS(MADE_WRONG_SECOND), TS(MADE_SECOND)},
     {"0 ts dnp3.data=\\xc5\\x02P\\x01\\x00\\x07\\x07\\x00"}},
    {"the other way between",
     {TS(MADE_FIRST), TC(MADE_UNSOLICITED), TS(MADE_SECOND)},
     {"0 ts dnp3.obj=20481", "1 tc dnp3.func=130"}},
    {"begun anew",
     {TS(MADE_FIRST), TS(MADE_RESTART), TS(MADE_SECOND)},
     {"0 log {}", "1 ts dnp3.func=13", "!2 done ts tc"}},
    {"a head in two frames",
     {TS(MADE_SHORT_FIRST), TS(MADE_REST)},
     {"0 event len_too_small", "0 ts dnp3.func=2", "0 ts dnp3.obj=20481"}},
    {"without data", {TS(MADE_LINK_STATUS), TS(MADE_RESTART)}, {"0 ts dnp3.func=13"}},
    {"too short",
     {TS(MADE_LENGTH_4), TS(MADE_RESTART), TS(MADE_NO_DATA), TS(MADE_HALF_HEAD), TC(MADE_RESTART)},
     {"0 event len_too_small", "1 ts dnp3.func=13", "2 event len_too_small",
      "3 event len_too_small", "4 event len_too_small", "4 log {}"}},
    {"wrong checksums",
     {TS(MADE_READ), TS(MADE_BAD_HEAD), TS(MADE_BAD_DATA), TS(MADE_RESTART)},
     {"1 event bad_link_crc", "1 log {}", "2 event bad_transport_crc", "3 ts dnp3.func=13"}},
    {"hidden behind a damaged head",
     {TS(MADE_READ), TS(MADE_JAMMED)},
     {"1 event bad_link_crc", "2 ts dnp3.func=13"}},
    {"text between frames",
     {TS(MADE_READ), TS("hello\x05"), TS(MADE_RESTART)},
     {"1 event malformed", "2 ts dnp3.func=13"}},
    {"a hole",
     {TS(MADE_READ), TS(MADE_FIRST), GAP(DIR_TOSERVER, 5), TS("\x07\x00" MADE_RESTART),
      TS(MADE_SECOND)},
     {"0 ts dnp3.func=1", "1 log {}", "2 ts dnp3.func=13", "!2 event malformed"}},
    {"objects that nobody knows",
     {TS(MADE_UNKNOWN), TS(MADE_CUT_OFF), TS(MADE_SHORT_SIZE), TS(MADE_STRANGE)},
     {"0 event unknown_object", "0 ts dnp3.obj=258", "0 ts dnp3.obj=28163",
      "1 event unknown_object", "2 event unknown_object", "!3 event unknown_object",
      "3 ts dnp3.obj=258"}},
    {"backwards",
     {TS(MADE_BACKWARDS)},
     {"0 event too_many_points",
      "0 " REQUEST(0) "2,\"objects\":[" HEAD(
          "80,\"variation\":1", 0, 0,
          0) "7,\"stop\":4,\"count\":4294967294}],\"complete\":false}}"}},
};

static const struct talk dnp3_talk = {.parser = &dnp3_parser, .server_port = 20000};

/* The sum by its definition, bit by bit. */
static uint16_t checksum(const uint8_t *bytes, size_t len)
{
    unsigned crc = 0;
    for (size_t i = 0; i < len; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xa6bc : crc >> 1;
    }
    return (uint16_t)~crc;
}

static void add_summed(struct buf *out, const uint8_t *bytes, size_t len)
{
    uint16_t crc = checksum(bytes, len);
    buf_add(out, str_of(bytes, len));
    buf_add_byte(out, (uint8_t)crc);
    buf_add_byte(out, (uint8_t)(crc >> 8));
}

/* As long as one can be. */
static void add_frame(struct buf *out, uint8_t transport)
{
    const uint8_t head[8] = {0x05, 0x64, 255, 0xc4, 10, 0, 1, 0};
    uint8_t user[250] = {transport};
    add_summed(out, head, sizeof head);
    for (size_t at = 0; at < sizeof user; at += 16)
        add_summed(out, user + at, sizeof user - at < 16 ? sizeof user - at : 16);
}

static void play(const struct app_conf *conf, struct str stream, struct buf *seen)
{
    struct talk talk = dnp3_talk;
    const struct talk_piece piece = {.dir = DIR_TOSERVER, .bytes = stream};
    talk.conf = conf;
    buf_reset(seen);
    talk_play(&talk, &piece, 1, (struct talk_cut){0}, seen);
}

static void test_limits(void **state)
{
    struct buf seen, stream;
    struct app_conf conf;
    buf_init(&seen, 0);
    buf_init(&stream, 0);
    app_conf_defaults(&conf);
    conf.dnp3_objects_max = 1;
    play(&conf, STR_LIT(MADE_READ), &seen);
    assert_true(talk_has(&seen, "0 event too_many_objects"));
    conf.dnp3_objects_max = 2;
    conf.dnp3_points_max = 1;
    play(&conf, STR_LIT(MADE_READ), &seen);
    assert_false(talk_has(&seen, "0 event too_many_objects"));
    play(&conf, STR_LIT(MADE_REALS), &seen);
    assert_true(talk_has(&seen, "0 event too_many_points"));
    for (int i = 0; i < 34; i++)
        buf_add(&stream, STR_LIT(MADE_RESTART));
    play(&conf, buf_str(&stream), &seen);
    assert_true(talk_has(&seen, "32 event flooded"));
    assert_false(talk_has(&seen, "33 event flooded"));
    assert_true(talk_has(&seen, "33 ts dnp3.func=13"));
    buf_fini(&seen);
    buf_fini(&stream);
}

/* Frames of 249 bytes without end: the fragment ends before the limit is passed. */
static void test_too_long(void **state)
{
    static const char *const want = "0 event too_long_reassembly";
    struct buf seen, stream;
    struct app_conf conf;
    buf_init(&seen, 0);
    buf_init(&stream, 0);
    app_conf_defaults(&conf);
    for (unsigned i = 0; i < 70; i++) {
        add_frame(&stream, (uint8_t)((i == 0 ? 0x40 : 0) | (i & 0x3f)));
        play(&conf, buf_str(&stream), &seen);
        assert_int_equal(talk_has(&seen, want), (i + 1) * 249 > 16384);
    }
    buf_fini(&seen);
    buf_fini(&stream);
}

static const struct talk_probe probes[] = {
    {"a frame", TS(MADE_READ), 20000, APP_PROBE_YES},
    {"its beginning", TS("\x05"), 20000, APP_PROBE_MORE},
    {"a damaged head", TS(MADE_BAD_HEAD), 20000, APP_PROBE_YES},
    {"elsewhere", TS(MADE_READ), 80, APP_PROBE_YES},
    {"elsewhere, without data", TS(MADE_LINK_STATUS), 80, APP_PROBE_YES},
    {"elsewhere, its beginning", TS("\x05\x64\x0e"), 80, APP_PROBE_MORE},
    {"a damaged head elsewhere", TS(MADE_BAD_HEAD), 80, APP_PROBE_NO},
    {"too short elsewhere", TS(MADE_LENGTH_4), 80, APP_PROBE_NO},
    {"text", TS("GET / HTTP/1.1"), 20000, APP_PROBE_NO},
    {"nothing", TS(""), 20000, APP_PROBE_MORE},
};

static const struct talk_suite suites[] = {
    {&dnp3_talk, TALK_ROWS(rows), TALK_PROBES(probes)},
};

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_too_long),
    };
    return talk_run(suites, ARRAY_COUNT(suites), tests, ARRAY_COUNT(tests));
}
