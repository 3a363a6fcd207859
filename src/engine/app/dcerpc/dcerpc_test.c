#include "engine/app/dcerpc/dcerpc.h"
#include "engine/app/dcerpc/made_units.h"
#include "engine/app/talk/talk.h"

#define LOG_BIND                                                                                  \
    "0 log {\"request\":\"BIND\",\"interfaces\":[{\"uuid\":\"367aab7b-9844-35f1-ad32-"            \
    "98f038001003\",\"version\":\"2.0\",\"ack_result\":0},{\"uuid\":\"01010101-0202-0303-0404-"   \
    "040404040404\",\"version\":\"2.0\",\"ack_result\":2}],\"response\":\"BINDACK\",\"call_id\":" \
    "1,\"rpc_version\":\"5.0\"}"
#define LOG_CALL                                                                                 \
    "1 log {\"request\":\"REQUEST\",\"req\":{\"opnum\":15,\"frag_cnt\":1,\"stub_data_size\":4}," \
    "\"interfaces\":[{\"uuid\":\"367aab7b-9844-35f1-ad32-98f038001003\",\"version\":\"2.0\","    \
    "\"ack_result\":0}],\"response\":\"RESPONSE\",\"res\":{\"frag_cnt\":1,\"stub_data_size\":"   \
    "12},\"call_id\":2,\"rpc_version\":\"5.0\"}"

#define REQUEST_SEEN \
    "\\x05\\x00\\x00\\x03\\x10\\x00\\x00\\x00\\x1c\\x00\\x00\\x00\\x02\\x00\\x00\\x00"
#define FRAME_ORPHANED(kind) \
    "frame ts " kind         \
    " 0+16 \\x05\\x00\\x13\\x03\\x10\\x00\\x00\\x00\\x10\\x00\\x00\\x00\\x01\\x00\\x00\\x00"

static const struct talk_row rows[] = {
    {"a bind and a call",
     {TS(BIND("\1")), TC(BIND_ACK("\1")), TS(REQUEST("\2", "\3", "\0", "\x0f", "abcd")),
      TC(RESPONSE("\2", "\3", "wxyz"))},
     {LOG_BIND, "!0 ts dcerpc.opnum=0", "1 ts dcerpc.opnum=15", "1 tc dcerpc.opnum=15",
      "1 ts dcerpc.stub_data=abcd", LOG_CALL, "1 done ts tc"}},
    {"two fragments of a call",
     {TS(REQUEST("\2", "\1", "\0", "\x0f", "abcd")), TS(REQUEST("\2", "\2", "\0", "\x0f", "efgh"))},
     {"0 ts dcerpc.stub_data=abcdefgh", "0 done ts"}},
    {"two calls in one segment, answered in the other order",
     {TS(REQUEST("\2", "\3", "\0", "\1", "abcd") REQUEST("\3", "\3", "\0", "\2", "efgh")),
      TC(RESPONSE("\3", "\3", "wxyz")), TC(RESPONSE("\2", "\3", "stuv"))},
     {"0 ts dcerpc.stub_data=abcd", "1 ts dcerpc.stub_data=efgh", "0 done ts tc", "1 done ts tc"}},
    {"an answer that nothing came before",
     {TC(RESPONSE("\2", "\3", "wxyz"))},
     {"0 log {\"request\":\"REQUEST_LOST\",\"response\":\"RESPONSE\",\"res\":{\"frag_cnt\":1,"
      "\"stub_data_size\":12},\"call_id\":2,\"rpc_version\":\"5.0\"}"}},
    {"something else in the middle",
     {TS(REQUEST("\2", "\3", "\0", "\1", "abcd") "GET / HTTP/1.0\r\n")},
     {"0 ts dcerpc.opnum=1", "failed ts"}},
    {"a hole, and the next head behind it",
     {TS(REQUEST("\2", "\3", "\0", "\1", "abcd")), GAP(DIR_TOSERVER, 10),
      TS("zzzz" REQUEST("\3", "\3", "\0", "\7", "efgh"))},
     {"1 ts dcerpc.opnum=7", "!failed ts"}},
    {"frames: each unit, its head and what follows it",
     {TS(HEAD("\x13", "\3", "\x10", "\1") REQUEST("\2", "\3", "\0", "\1", "abcd")),
      TC(RESPONSE("\2", "\3", "wxyz"))},
     {FRAME_ORPHANED("pdu"), FRAME_ORPHANED("hdr"),
      "frame ts pdu 16+28 " REQUEST_SEEN "\\x04\\x00\\x00\\x00\\x00\\x00\\x01\\x00abcd",
      "frame ts hdr 16+16 " REQUEST_SEEN,
      "frame ts data 32+12 \\x04\\x00\\x00\\x00\\x00\\x00\\x01\\x00abcd",
      "frame tc data 16+12 \\x04\\x00\\x00\\x00\\x00\\x00\\x00\\x00wxyz", "!frame ts data 16+0 ",
      "!failed ts"}},
    {"contexts that are not all there",
     {TS(HEAD("\x0b", "\3", "\x20", "\1") "\0\0\0\0\0\0\0\0\xff\0\0\0zzzz")},
     {"0 done ts"}},
};

#define UDP_HEAD(type, opnum, len)                                                           \
    "\4" type "\x08\0\x10\0\0\0" UUID_ONE UUID_TWO UUID_ONE "\0\0\0\0\1\0\0\0\7\0\0\0" opnum \
    "\0\0\0\0\0" len "\0\0\0\0\0"

static const struct talk_row udp_rows[] = {
    {"a call",
     {TS(UDP_HEAD("\0", "\x0f", "\4") "abcd"), TC(UDP_HEAD("\2", "\x0f", "\4") "wxyz")},
     {"0 ts dcerpc.opnum=15", "0 ts dcerpc.stub_data=abcd", "0 tc dcerpc.stub_data=wxyz",
      "0 log {\"request\":\"REQUEST\",\"req\":{\"opnum\":15,\"frag_cnt\":1,\"stub_data_size\":4},"
      "\"response\":\"RESPONSE\",\"res\":{\"frag_cnt\":1,\"stub_data_size\":4},\"activityuuid\":"
      "\"367aab7b-9844-35f1-ad32-98f038001003\",\"seqnum\":7,\"rpc_version\":\"4.0\"}",
      "0 done ts tc"}},
};

static const struct talk tcp = {.parser = &dcerpc_parser, .server_port = 135};
static const struct talk udp = {
    .parser = &dcerpc_udp_parser, .fields_of = &dcerpc_parser, .server_port = 135, .udp = true};

static const struct talk_probe probes[] = {
    {"a bind", TS(BIND("\1")), 4000, APP_PROBE_YES},
    {"its beginning", TS("\5\0\x0b"), 4000, APP_PROBE_MORE},
    {"SOCKS", TS("\5\2\0\1"), 4000, APP_PROBE_NO},
    {"an unknown type", TS("\5\0\x30\3\x10\0\0\0\x20\0"), 4000, APP_PROBE_NO},
    {"a length below that of a head", TS("\5\0\0\3\x10\0\0\0\4\0\0\0"), 4000, APP_PROBE_NO},
};

static const struct talk_probe udp_probes[] = {
    {"a call", TS(UDP_HEAD("\0", "\x0f", "\4") "abcd"), 4000, APP_PROBE_YES},
    {"an unknown type", TS(UDP_HEAD("\x30", "\x0f", "\4") "abcd"), 4000, APP_PROBE_NO},
    {"a part of a head", TS("\4\0\x08\0\x10\0\0\0"), 135, APP_PROBE_NO},
    {"version 5", TS(BIND("\1")), 135, APP_PROBE_NO},
};

static const struct talk_suite suites[] = {
    {&tcp, TALK_ROWS(rows), TALK_PROBES(probes)},
    {&udp, TALK_ROWS(udp_rows), TALK_PROBES(udp_probes)},
};

int main(void)
{
    return talk_run(suites, ARRAY_COUNT(suites), NULL, 0);
}
