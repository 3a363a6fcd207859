#include "engine/app/mdns/mdns.h"
#include "engine/app/talk/talk.h"

#define HEAD(flags, q, a, n, x) "\0\0" flags "\0" q "\0" a "\0" n "\0" x
#define PC "\2pc\5local\0"
#define A(name) name "\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"
#define ASK HEAD("\0\0", "\1", "\1", "\1", "\1") PC "\0\xff\0\1" A(PC) A("\xc0\x0c") A("\xc0\x0c")
#define TOLD                                                                                   \
    HEAD("\x84\0", "\0", "\3", "\1", "\1")                                                     \
    PC "\0\x10\x80\1\0\0\0\x3c\0\6\1a\3b=c" A("\xc0\x0c") "\xc0\x0c\0\x2f\0\1\0\0\0\1\0\1z" A( \
        "\2ns\0") "\0\0\x29\5\xa0\0\0\0\0\0\0"

static const struct talk_row mdns_rows[] = {
    {"a question with what is known",
     {TS(ASK)},
     {"0 ts mdns.queries.rrname=pc.local", "0 ts mdns.answers.rrname=pc.local",
      "!0 ts mdns.authorities.rrname=pc.local", "!0 ts mdns.additionals.rrname=pc.local",
      "!0 ts mdns.response.rrname=pc.local", "0 done ts tc",
      "0 log {\"type\":\"request\",\"id\":0,\"opcode\":0,\"rcode\":0,\"queries\":[{\"rrname\":"
      "\"pc.local\",\"rrtype\":\"any\"}],\"answers\":[{\"rrname\":\"pc.local\",\"a\":"
      "\"192.0.2.1\"}],\"authorities\":[{\"rrname\":\"pc.local\",\"a\":\"192.0.2.1\"}],"
      "\"additionals\":[{\"rrname\":\"pc.local\",\"a\":\"192.0.2.1\"}]}"}},
    {"told without being asked",
     {TS(TOLD)},
     {"0 ts mdns.answers.rrname=pc.local", "0 ts mdns.authorities.rrname=ns",
      "0 ts mdns.response.rrname=ns", "!0 event malformed_data",
      "0 log {\"type\":\"response\",\"id\":0,\"flags\":[\"aa\"],\"opcode\":0,\"rcode\":0,"
      "\"answers\":[{\"rrname\":\"pc.local\",\"txt\":[\"a\",\"b=c\"]},{\"rrname\":\"pc.local\","
      "\"a\":\"192.0.2.1\"},{\"rrname\":\"pc.local\",\"nsec\":\"z\"}],\"authorities\":"
      "[{\"rrname\":\"ns\",\"a\":\"192.0.2.1\"}]}"}},
    {"odd flags",
     {TS(HEAD("\x70\x40", "\1", "\0", "\0", "\0") PC "\0\1\0\1")},
     {"0 event z_flag_set", "0 event invalid_opcode"}},
    {"damaged",
     {TS("\0\0\0"), TS(HEAD("\0\0", "\2", "\0", "\0", "\0") PC "\0\1\0\1\x41")},
     {"flow event malformed_data", "0 event malformed_data", "0 ts mdns.queries.rrname=pc.local"}},
};

static const struct talk mdns_talk = {.parser = &mdns_parser, .server_port = 5353, .udp = true};

static const struct talk_probe mdns_probes[] = {
    {"own port", TS(ASK), 5353, APP_PROBE_YES},
    {"another port", TS(ASK), 5354, APP_PROBE_NO},
    {"nothing in it", TS(HEAD("\0\0", "\0", "\0", "\0", "\0")), 5353, APP_PROBE_NO},
    {"too short", TS("\0\0\0"), 5353, APP_PROBE_NO},
};

#define NAME "\6fileer\0"
#define WHERE HEAD("\0\0", "\1", "\0", "\0", "\0") NAME "\0\1\0\1"
#define HERE HEAD("\x80\0", "\1", "\1", "\0", "\0") NAME "\0\1\0\1" A("\xc0\x0c")

static const struct talk_row llmnr_rows[] = {
    {"a mistyped name and who says it is his",
     {TS(WHERE), TC(HERE)},
     {"0 ts llmnr.queries.rrname=fileer", "1 tc llmnr.answers.rrname=fileer",
      "1 tc llmnr.response.rrname=fileer", "!1 tc llmnr.queries.rrname=fileer",
      "1 log {\"type\":\"response\",\"id\":0,\"opcode\":0,\"rcode\":0,\"queries\":[{\"rrname\":"
      "\"fileer\",\"rrtype\":\"a\"}],\"answers\":[{\"rrname\":\"fileer\",\"a\":\"192.0.2.1\"}]}"}},
    {"an opcode it does not know",
     {TS(HEAD("\x10\0", "\1", "\0", "\0", "\0") NAME "\0\1\0\1")},
     {"0 event invalid_opcode"}},
};

static const struct talk llmnr_talk = {.parser = &llmnr_parser, .server_port = 5355, .udp = true};

static const struct talk_probe llmnr_probes[] = {
    {"own port", TS(WHERE), 5355, APP_PROBE_YES},
    {"answer", TC(HERE), 5355, APP_PROBE_YES},
    {"another port", TS(WHERE), 5353, APP_PROBE_NO},
    {"DNS there", TS(HEAD("\x81\x80", "\1", "\0", "\0", "\0") NAME "\0\1\0\1"), 5355, APP_PROBE_NO},
    {"without a question", TS(HEAD("\x80\0", "\0", "\1", "\0", "\0") A(NAME)), 5355, APP_PROBE_NO},
};

#define LONG_WHERE "\0\x18" WHERE
#define LONG_HERE "\0\x28" HERE

static const struct talk_row tcp_rows[] = {
    {"two messages and their answer",
     {TS(LONG_WHERE LONG_WHERE), TC(LONG_HERE)},
     {"0 ts llmnr.queries.rrname=fileer", "1 ts llmnr.queries.rrname=fileer",
      "2 tc llmnr.answers.rrname=fileer"}},
    {"shorter than a head", {TS("\0\1z")}, {"flow event malformed_data"}},
};

static const struct talk tcp_talk = {
    .parser = &llmnr_tcp_parser, .fields_of = &llmnr_parser, .server_port = 5355};

static const struct talk_probe tcp_probes[] = {
    {"own port", TS(LONG_WHERE), 5355, APP_PROBE_YES},
    {"another port", TS(LONG_WHERE), 5354, APP_PROBE_NO},
    {"its beginning", TS("\0\x19\0"), 5355, APP_PROBE_MORE},
    {"too short a length", TS("\0\1zzzzz"), 5355, APP_PROBE_NO},
};

static const struct talk_suite suites[] = {
    {&mdns_talk, TALK_ROWS(mdns_rows), TALK_PROBES(mdns_probes)},
    {&llmnr_talk, TALK_ROWS(llmnr_rows), TALK_PROBES(llmnr_probes)},
    {&tcp_talk, TALK_ROWS(tcp_rows), TALK_PROBES(tcp_probes)},
};

int main(void)
{
    return talk_run(suites, ARRAY_COUNT(suites), NULL, 0);
}
