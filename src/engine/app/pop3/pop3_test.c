#include "engine/app/pop3/pop3.h"
#include "engine/app/talk/talk.h"

static const struct talk_row rows[] = {
    {"a greeting, a name, a list",
     {TC("+OK ready\r\n"), TS("user me now\r\n"), TC("+OK\r\n"), TS("LIST\r\n"),
      TC("+OK 2 mails\r\n1 120\r\n..2\r\n.\r\n"), TS("QUIT\r\n")},
     {"0 log {\"response\":{\"success\":true,\"status\":\"OK\",\"header\":\"ready\",\"data\":[]}}",
      "1 log "
      "{\"request\":{\"command\":\"USER\",\"args\":[\"me\",\"now\"]},\"response\":{\"success\":"
      "true,\"status\":\"OK\",\"header\":\"\",\"data\":[]}}",
      "2 log {\"request\":{\"command\":\"LIST\",\"args\":[]},\"response\":{\"success\":true,"
      "\"status\":\"OK\",\"header\":\"2 mails\",\"data\":[\"1 120\",\".2\"]}}",
      "3 log {\"request\":{\"command\":\"QUIT\",\"args\":[]}}", "2 done ts tc", "3 done ts"}},
    {"of one mail, refused",
     {TS("LIST 7\r\nUIDL 1\r\n"), TC("-ERR none\r\n+OK 1 abc\r\n")},
     {"0 log {\"request\":{\"command\":\"LIST\",\"args\":[\"7\"]},\"response\":{\"success\":false,"
      "\"status\":\"ERR\",\"header\":\"none\",\"data\":[]}}",
      "1 done ts tc"}},
    {"a mail passes",
     {TS("RETR 1\r\nSTAT\r\n"), TC("+OK\r\nSubject: x\r\n\r\n+OK not this\r\n.\r\n+OK 1 9\r\n")},
     {"0 log {\"request\":{\"command\":\"RETR\",\"args\":[\"1\"]},\"response\":{\"success\":true,"
      "\"status\":\"OK\",\"header\":\"\",\"data\":[]}}",
      "1 log {\"request\":{\"command\":\"STAT\",\"args\":[]},\"response\":{\"success\":true,"
      "\"status\":\"OK\",\"header\":\"1 9\",\"data\":[]}}"}},
    {"a mail with a file, its dots taken away",
     {TS("RETR 1\r\n"),
      TC("+OK\r\nFrom: a@b.example\r\nSubject: x\r\nContent-Disposition: "
         "attachment; filename=a.txt\r\n\r\n..one\r\n.\rtwo\r\n.\r\n"),
      TS("QUIT\r\n"), TC("+OK\r\n")},
     {"0 tc email.from=a@b.example", "0 tc email.subject=x", "0 tc file.name=a.txt",
      "0 tc file.data=.one\\r\\n\\rtwo", "0 file tc a.txt 10 closed", "0 done ts tc",
      "1 done ts tc"}},
    {"of a mail the beginning",
     {TS("TOP 1 1\r\n"), TC("+OK\r\nTo: c@d.example\r\nContent-Disposition: attachment; "
                            "filename=b\r\n\r\nabc\r\n.\r\n")},
     {"0 tc email.to=c@d.example", "0 file tc b 3 truncated", "0 done ts tc"}},
    {"no such mail", {TS("RETR 9\r\nNOOP\r\n"), TC("-ERR\r\n+OK\r\n")}, {"1 done ts tc"}},
    {"a hole in a file",
     {TS("RETR 1\r\n"), TC("+OK\r\nContent-Disposition: attachment; filename=c\r\n\r\nab"),
      GAP(DIR_TOCLIENT, 9), TC("cd\r\n.\r\n")},
     {"0 done ts tc", "!0 file tc c 4 closed"}},
    {"a hole in a mail",
     {TS("RETR 1\r\n"), TC("+OK\r\nab"), GAP(DIR_TOCLIENT, 9), TC("cd\r\n.\r\n")},
     {"0 done ts tc", "!failed tc"}},
    {"a hole in a command", {TS("STAT\r\n"), GAP(DIR_TOSERVER, 9)}, {"failed ts"}},
    {"an answer to a challenge is not told",
     {TS("AUTH XOAUTH2\r\n"), TC("+ \r\n"), TS("c2VjcmV0\r\n"), TC("+OK Welcome.\r\n")},
     {"0 log {\"request\":{\"command\":\"AUTH\",\"args\":[\"XOAUTH2\"]},\"response\":{\"success\":"
      "true,\"status\":\"OK\",\"header\":\"\",\"data\":[]}}",
      "1 log {\"request\":{\"command\":\"<SASL DATA>\",\"args\":[]},\"response\":{\"success\":true,"
      "\"status\":\"OK\",\"header\":\"Welcome.\",\"data\":[]}}"}},
    {"TLS from here on", {TS("STLS\r\n"), TC("+OK begin\r\n")}, {"change tls", "0 done ts tc"}},
    {"no TLS", {TS("STLS\r\n"), TC("-ERR no\r\n")}, {"!change tls", "0 done ts tc"}},
};

static const struct talk pop3_talk = {.parser = &pop3_parser, .server_port = 110};

static const struct talk_probe probes[] = {
    {"greeting", TC("+OK x\r\n"), 110, APP_PROBE_YES},
    {"refusal", TC("-ERR busy\r\n"), 110, APP_PROBE_YES},
    {"its beginning", TC("+"), 110, APP_PROBE_MORE},
    {"elsewhere, and says so", TC("+OK Dovecot POP3 ready\r\n"), 2110, APP_PROBE_YES},
    {"Redis", TC("+OK\r\n"), 6379, APP_PROBE_NO},
    {"a command", TS("CAPA\r\n"), 110, APP_PROBE_YES},
    {"its beginning", TS("CA"), 110, APP_PROBE_MORE},
    {"a command elsewhere", TS("CAPA\r\n"), 111, APP_PROBE_NO},
    {"no command", TS("GET / HTTP/1.1\r\n"), 110, APP_PROBE_NO},
};

static const struct talk_suite suites[] = {
    {&pop3_talk, TALK_ROWS(rows), TALK_PROBES(probes)},
};

int main(void)
{
    return talk_run(suites, ARRAY_COUNT(suites), NULL, 0);
}
