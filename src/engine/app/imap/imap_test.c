#include "engine/app/imap/imap.h"
#include "engine/app/talk/talk.h"

#define FILE_HEAD "Subject: x\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\n" /* 63 */

#define BYTES_512 X64 X64 X64 X64 X64 X64 X64 X64
#define X64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define BYTES_8192                                                                            \
    BYTES_512 BYTES_512 BYTES_512 BYTES_512 BYTES_512 BYTES_512 BYTES_512 BYTES_512 BYTES_512 \
        BYTES_512 BYTES_512 BYTES_512 BYTES_512 BYTES_512 BYTES_512 BYTES_512

static const struct talk_row rows[] = {
    {"commands and their answers",
     {TC("* OK IMAP4 ready\r\n"), TS("a1 LOGIN me secret\r\na2 uid search all\r\n"),
      TC("* SEARCH 1 2\r\na2 OK done\r\na1 NO wrong\r\n"), TS("a3 NOOP\r\n")},
     {"0 log {\"tag\":\"a1\",\"command\":\"LOGIN\",\"status\":\"NO\"}",
      "1 log {\"tag\":\"a2\",\"command\":\"uid search\",\"status\":\"OK\"}", "0 done ts tc",
      "1 done ts tc", "2 log {\"tag\":\"a3\",\"command\":\"NOOP\"}", "2 done ts"}},
    {"an answer to a challenge is no command",
     {TS("a1 AUTHENTICATE PLAIN\r\n"), TC("+ \r\n"), TS("c2VjcmV0\r\n"), TC("a1 OK in\r\n")},
     {"0 log {\"tag\":\"a1\",\"command\":\"AUTHENTICATE\",\"status\":\"OK\"}", "0 done ts tc",
      "!1 done ts"}},
    {"a name and a password as literals",
     {TS("a1 LOGIN {2}\r\n"), TC("+ go\r\n"), TS("me {8+}\r\nx NOOP\r\n\r\na2 NOOP\r\n"),
      TC("a1 OK in\r\n")},
     {"0 done ts tc", "1 log {\"tag\":\"a2\",\"command\":\"NOOP\"}", "1 done ts"}},
    {"a mail is fetched",
     {TS("a1 FETCH 1 BODY[]\r\n"),
      TC("* 1 FETCH (FLAGS (\\Seen) BODY[] {68}\r\n" FILE_HEAD "hello UID 7)\r\na1 OK\r\n")},
     {"0 done ts tc", "1 tc email.subject=x", "1 tc file.name=a.txt", "1 tc file.data=hello",
      "1 file tc a.txt 5 closed", "1 log {\"item\":\"BODY[]\",\"size\":68,\"partial\":false}",
      "1 done tc"}},
    {"two mails, of one the head",
     {TC("* 1 FETCH (RFC822 ~{14}\r\nSubject: a\r\n\r\n)\r\n* 2 FETCH (BODY[HEADER] {14}\r\n"
         "Subject: b\r\n\r\n BODY[TEXT] {3}\r\nabc)\r\n")},
     {"0 tc email.subject=a", "1 tc email.subject=b",
      "0 log {\"item\":\"RFC822\",\"size\":14,\"partial\":false}",
      "1 log {\"item\":\"BODY[HEADER]\",\"size\":14,\"partial\":true}", "0 done tc", "1 done tc",
      "!2 done tc"}},
    {"a mail in pieces",
     {TC("* 1 FETCH (BODY[]<0> {65}\r\n" FILE_HEAD "he)\r\n"),
      TC("* 1 FETCH (BODY[]<65> {3}\r\nllo)\r\n")},
     {"0 file tc a.txt 2 truncated", "0 log {\"item\":\"BODY[]<0>\",\"size\":65,\"partial\":true}",
      "1 log {\"item\":\"BODY[]<65>\",\"size\":3,\"partial\":true}", "1 done tc"}},
    {"mails are put in",
     {TS("a1 APPEND box (\\Seen) {68+}\r\n" FILE_HEAD "hello {14+}\r\nSubject: b\r\n\r\n\r\n"),
      TC("a1 OK\r\n")},
     {"0 done ts tc", "1 ts email.subject=x", "1 file ts a.txt 5 closed", "2 ts email.subject=b",
      "1 done ts", "2 done ts"}},
    {"a mail that the server does not want",
     {TS("a1 APPEND box {69}\r\n"), TC("a1 NO full\r\n"), TS("a2 NOOP\r\n"), TC("a2 OK\r\n")},
     {"0 done ts tc", "2 log {\"tag\":\"a2\",\"command\":\"NOOP\",\"status\":\"OK\"}",
      "1 done ts"}},
    {"a mail behind a line without an end",
     {TC("* 1 FETCH (ENVELOPE (" BYTES_8192 ") BODY[] {14}\r\nSubject: a\r\n\r\n)\r\n")},
     {"0 tc email.subject=a", "0 done tc"}},
    {"no answer, though the tag is right",
     {TS("a1 NOOP\r\n"), TC("a1 PERHAPS\r\n")},
     {"0 log {\"tag\":\"a1\",\"command\":\"NOOP\"}", "0 done ts"}},
    {"braces in a text for people",
     {TC("* OK hello {5}\r\n* 1 FETCH (RFC822 {14}\r\nSubject: a\r\n\r\n)\r\n")},
     {"0 tc email.subject=a"}},
    {"a hole in a mail",
     {TC("* 1 FETCH (BODY[] {72}\r\n" FILE_HEAD "ab"), GAP(DIR_TOCLIENT, 5), TC("cd)\r\n"),
      TS("a1 NOOP\r\n"), TC("a1 OK\r\n")},
     {"0 done tc", "!0 file tc a.txt 4 closed", "1 done ts tc"}},
    {"a hole elsewhere: nothing more is read, and it stays imap",
     {TC("* OK IMAP4 ready\r\n"), TS("a1 NOOP\r\n"), GAP(DIR_TOCLIENT, 3), TC("x"),
      TS("a2 NOOP\r\n")},
     {"!failed tc", "!failed ts", "0 done ts tc", "!1 done ts"}},
    {"TLS from here on",
     {TS("a1 STARTTLS\r\n"), TC("a1 OK go\r\n")},
     {"change tls", "0 done ts tc"}},
    {"no TLS", {TS("a1 STARTTLS\r\n"), TC("a1 NO\r\n")}, {"!change tls", "0 done ts tc"}},
    {"compressed from here on",
     {TS("a1 COMPRESS DEFLATE\r\n"), TC("a1 OK\r\n"), TS("a2 NOOP\r\n")},
     {"0 done ts tc", "!1 done ts"}},
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
