#include "engine/app/imap/imap.h"
#include "engine/app/talk/talk.h"

static const struct talk_row rows[] = {
    {"it is let through",
     {TC("* OK IMAP4 ready\r\n"), TS("a1 STARTTLS\r\n"), GAP(DIR_TOCLIENT, 3), TC("x")},
     {"!failed tc", "!change tls", "!0 done ts tc"}},
};

static const struct talk imap_talk = {.parser = &imap_parser, .server_port = 143};

static const struct talk_probe probes[] = {
    {"greeting", TC("* OK ready\r\n"), 143, APP_PROBE_YES},
    {"its beginning", TC("* O"), 1143, APP_PROBE_MORE},
    {"elsewhere, and says so", TC("* OK [CAPABILITY IMAP4rev1] hi\r\n"), 1143, APP_PROBE_YES},
    {"elsewhere, and does not", TC("* OK hi\r\n"), 1143, APP_PROBE_NO},
    {"no greeting", TC("+OK hi\r\n"), 143, APP_PROBE_NO},
    {"a client", TS("a1 CAPABILITY\r\n"), 143, APP_PROBE_MORE},
    {"a client elsewhere", TS("a1 CAPABILITY\r\n"), 1143, APP_PROBE_NO},
};

static const struct talk_suite suites[] = {
    {&imap_talk, TALK_ROWS(rows), TALK_PROBES(probes)},
};

int main(void)
{
    return talk_run(suites, ARRAY_COUNT(suites), NULL, 0);
}
