#include "engine/app/talk/talk.h"
#include "engine/app/tftp/tftp.h"

static const struct talk_row rows[] = {
    {"a file is read",
     {TS("\0\1rfc1350.txt\0OCTET\0"), TC("\0\5\0\1no\0")},
     {"0 log {\"packet\":\"read\",\"file\":\"rfc1350.txt\",\"mode\":\"octet\"}", "0 done ts tc"}},
    {"a file is written, with options",
     {TS("\0\2a\0netascii\0blksize\0001024\0"), TS("\0\1b\0mail\0")},
     {"0 log {\"packet\":\"write\",\"file\":\"a\",\"mode\":\"netascii\"}",
      "1 log {\"packet\":\"read\",\"file\":\"b\",\"mode\":\"mail\"}"}},
    {"no name",
     {TS("\0\1\0octet\0")},
     {"0 log {\"packet\":\"read\",\"file\":\"\",\"mode\":\"octet\"}"}},
    {"an unknown mode, a mode without end, data",
     {TS("\0\1a\0odd\0"), TS("\0\1a\0octet"), TS("\0\3\0\1abc"), TS("\0\1z\0octet\0")},
     {"0 log {\"packet\":\"read\",\"file\":\"z\",\"mode\":\"octet\"}"}},
};

static const struct talk tftp_talk = {.parser = &tftp_parser, .server_port = 69, .udp = true};

static const struct talk_probe probes[] = {
    {"own port", TS("\0\3\0\1abc"), 69, APP_PROBE_YES},
    {"own port, no opcode of it", TS("\0\7\0\1abc"), 69, APP_PROBE_NO},
    {"another port", TS("\0\1a\0octet\0"), 4000, APP_PROBE_YES},
    {"another port, data", TS("\0\3\0\1abc"), 4000, APP_PROBE_NO},
    {"another port, no name", TS("\0\1\0octet\0"), 4000, APP_PROBE_NO},
    {"too short", TS("\0"), 69, APP_PROBE_NO},
};

static const struct talk_suite suites[] = {
    {&tftp_talk, TALK_ROWS(rows), TALK_PROBES(probes)},
};

int main(void)
{
    return talk_run(suites, ARRAY_COUNT(suites), NULL, 0);
}
