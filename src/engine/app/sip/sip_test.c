#include "engine/app/sip/sip.h"
#include "engine/app/talk/talk.h"

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

static const struct talk udp_talk = {.parser = &sip_parser, .server_port = 5060, .udp = true};
static const struct talk tcp_talk = {
    .parser = &sip_tcp_parser, .fields_of = &sip_parser, .server_port = 5060};

static const struct talk_probe probes[] = {
    {"INVITE", TS(INVITE), 5060, APP_PROBE_YES},
    {"an answer", TS(OK), 5060, APP_PROBE_YES},
    {"three letters", TS("INV"), 5060, APP_PROBE_MORE},
    {"a method", TS("OPTIONS sip:x"), 5060, APP_PROBE_MORE},
    {"another protocol's beginning", TS("OPTIONS / HT"), 5060, APP_PROBE_NO},
    {"HTTP", TS("OPTIONS * HTTP/1.1\r\n"), 5060, APP_PROBE_NO},
    {"the beginning of an answer", TS("SIP/2"), 5060, APP_PROBE_MORE},
    {"another method", TS("GET / HTTP/1.1\r\n"), 5060, APP_PROBE_NO},
};

static const struct talk_suite suites[] = {
    {&udp_talk, TALK_ROWS(udp_rows), TALK_PROBES(probes)},
    {&tcp_talk, TALK_ROWS(tcp_rows), TALK_PROBES(probes)},
};

int main(void)
{
    return talk_run(suites, ARRAY_COUNT(suites), NULL, 0);
}
