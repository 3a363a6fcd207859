#include "engine/app/talk/talk.h"
#include "engine/app/telnet/telnet.h"

/* rows: P1 */

static const struct talk_row rows[] = {
    {"a login",
     {TC("\xff\xfd\x18\xff\xfd\x20"), TS("\xff\xfb\x18"), TC("\r\nlogin: "), TS("root\r\n")},
     {"frame tc ctl 0+3 \\xff\\xfd\\x18", "frame tc pdu 3+3 \\xff\\xfd ",
      "frame ts ctl 0+3 \\xff\\xfb\\x18", "frame tc data 6+2 \\r\\n", "frame tc data 8+7 login: ",
      "frame ts data 3+6 root\\r\\n", "frame ts pdu 3+6 root\\r\\n", "!failed ts"}},
    {"a subnegotiation with an escaped byte",
     {TS("\xff\xfa\x18\1\xff\xff\xff\xf0l")},
     {"frame ts ctl 0+8 \\xff\\xfa\\x18\\x01\\xff\\xff\\xff\\xf0", "frame ts data 8+1 l"}},
    {"a command within a line, and an escaped byte",
     {TS("ab\xff\xf1"
         "cd\xff\xff"
         "e\n")},
     {"frame ts data 0+2 ab", "frame ts ctl 2+2 \\xff\\xf1", "frame ts data 4+6 cd\\xff\\xffe\\n"}},
    {"a hole",
     {TS("ab"), GAP(DIR_TOSERVER, 3), TS("cd\n")},
     {"frame ts data 5+3 cd\\n", "!failed ts"}},
};

static const struct talk_probe probes[] = {
    {"a command", TC("\xff\xfd\x18"), 23, APP_PROBE_YES},
    {"half a command", TC("\xff"), 23, APP_PROBE_MORE},
    {"text", TC("login: "), 23, APP_PROBE_YES},
    {"no command", TC("\xff\x01"), 23, APP_PROBE_NO},
    {"no text", TC("\x16\x03\x01"), 23, APP_PROBE_NO},
    {"elsewhere, two negotiations", TC("\xff\xfd\x18\xff\xfd\x20"), 2323, APP_PROBE_YES},
    {"elsewhere, one", TC("\xff\xfd\x18"), 2323, APP_PROBE_MORE},
    {"elsewhere, a JPEG", TC("\xff\xd8\xff\xe0\0\x10"), 2323, APP_PROBE_NO},
    {"elsewhere, text", TC("login: "), 2323, APP_PROBE_NO},
    {"nothing", TC(""), 23, APP_PROBE_MORE},
};

static const struct talk telnet_talk = {.parser = &telnet_parser, .server_port = 23};
static const struct talk_suite suites[] = {
    {&telnet_talk, TALK_ROWS(rows), TALK_PROBES(probes)},
};

int main(void)
{
    return talk_run(suites, ARRAY_COUNT(suites), NULL, 0);
}
