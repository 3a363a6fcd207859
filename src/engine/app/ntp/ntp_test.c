#include "engine/app/ntp/ntp.h"
#include "engine/app/talk/talk.h"

#define TIMES "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xe5\1\2\3\4\5\6\7"
#define ASK "\x23\0\6\xfa\0\0\0\0\0\0\0\0\0\0\0\0" TIMES
#define ANSWER "\x1c\2\6\xfa\0\0\0\1\0\0\0\1LOCL" TIMES

static const struct talk_row rows[] = {
    {"what time is it",
     {TS(ASK), TC(ANSWER)},
     {"0 ts ntp.version=4", "0 ts ntp.mode=3", "0 ts ntp.stratum=0",
      "0 ts ntp.reference_id=\\x00\\x00\\x00\\x00", "0 done ts tc",
      "0 log {\"version\":4,\"mode\":3,\"stratum\":0,\"reference_id\":\"00:00:00:00\"}",
      "1 log {\"version\":3,\"mode\":4,\"stratum\":2,\"reference_id\":\"4c:4f:43:4c\"}",
      "1 tc ntp.reference_id=LOCL"}},
    {"with a code behind it", {TS(ASK "\0\0\0\1")}, {"0 ts ntp.mode=3"}},
    {"damaged behind a good one",
     {TS(ASK), TS("\x23\0\6\xfa"), TS(ASK "z"), TC(ANSWER)},
     {"flow event malformed_data", "1 tc ntp.mode=4"}},
};

static const struct talk ntp_talk = {.parser = &ntp_parser, .server_port = 123, .udp = true};

static const struct talk_probe probes[] = {
    {"own port", TS(ASK), 123, APP_PROBE_YES},
    {"another port", TS(ANSWER), 4000, APP_PROBE_YES},
    {"another port, a mode that is rare", TS("\x21\0\6\xfa\0\0\0\0\0\0\0\0\0\0\0\0" TIMES), 4000,
     APP_PROBE_NO},
    {"version 2", TS("\x13\0\6\xfa\0\0\0\0\0\0\0\0\0\0\0\0" TIMES), 123, APP_PROBE_NO},
    {"too short", TS("\x23\0\6\xfa"), 123, APP_PROBE_NO},
};

static const struct talk_suite suites[] = {
    {&ntp_talk, TALK_ROWS(rows), TALK_PROBES(probes)},
};

int main(void)
{
    return talk_run(suites, ARRAY_COUNT(suites), NULL, 0);
}
