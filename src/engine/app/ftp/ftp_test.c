#include "engine/app/ftp/ftp.h"
#include "engine/app/talk/talk.h"

#define A1000 A100 A100 A100 A100 A100 A100 A100 A100 A100 A100
#define A100 A10 A10 A10 A10 A10 A10 A10 A10 A10 A10
#define A10 "aaaaaaaaaa"

static const struct talk_row rows[] = {
    {"a greeting and a login",
     {TC("220 (x 1.0)\r\n"), TS("USER anonymous\r\n"), TC("331 Password?\r\n")},
     {"!0 tc ftp.completion_code=220", "!0 tc ftp.reply=(x 1.0)",
      "0 log {\"completion_code\":[\"220\"],\"reply\":[\"(x 1.0)\"],\"reply_received\":\"yes\","
      "\"reply_truncated\":false}",
      "1 ts ftp.command=USER", "1 ts ftp.command_data=anonymous", "1 tc ftp.reply_received=1",
      "1 log {\"command\":\"USER\",\"command_data\":\"anonymous\",\"command_truncated\":false,"
      "\"completion_code\":[\"331\"],\"reply\":[\"Password?\"],\"reply_received\":\"yes\","
      "\"reply_truncated\":false}"}},
    {"a transfer has a preliminary reply",
     {TS("retr a.txt\r\n"), TC("150 Opening\r\n"), TC("226 Done\r\n"), TS("QUIT\r\n")},
     {"0 ts ftp.command=RETR", "0 tc ftp.reply=Opening", "0 tc ftp.reply=Done", "0 done ts tc",
      "1 ts ftp.command=QUIT", "!1 ts ftp.command_data="}},
    {"several at once",
     {TS("PWD\r\nTYPE I\r\nNOOP\n"), TC("257 /\r\n200 I\r\n200 ok\r\n")},
     {"0 tc ftp.reply=/", "1 ts ftp.command_data=I", "1 tc ftp.reply=I", "2 tc ftp.reply=ok"}},
    {"lines of one reply",
     {TS("HELP\r\n"), TC("211-Features:\r\n MDTM\r\n211 End\r\n")},
     {"0 ts ftp.command=HELP", "0 tc ftp.reply=211-Features:", "0 tc ftp.reply= MDTM",
      "0 tc ftp.completion_code=211", "0 tc ftp.reply=End"}},
    {"the reply to a command that nobody knows",
     {TS("CLNT x\r\n"), TC("500 what\r\n")},
     {"!0 ts ftp.command=CLNT", "!0 tc ftp.reply=what", "!0 tc ftp.reply_received=1",
      "0 done ts tc"}},
    {"active",
     {TS("PORT 192,0,2,1,234,10\r\n"), TC("200 ok\r\n"), TS("EPRT |2|2001:db8::1|5282|\r\n"),
      TC("200 ok\r\n")},
     {"0 ts ftp.mode=1", "0 ts ftp.dynamic_port=59914", "0 ts ftp.bounce=0",
      "1 ts ftp.dynamic_port=5282"}},
    {"passive",
     {TS("PASV\r\n"), TC("227 Entering Passive Mode (192,0,2,1,1,2).\r\n"), TS("EPSV\r\n"),
      TC("229 Extended (|||58612|)\r\n")},
     {"0 ts ftp.mode=2", "0 tc ftp.dynamic_port=258",
      "1 log {\"command\":\"EPSV\",\"completion_code\":[\"229\"],\"reply\":[\"Extended "
      "(|||58612|)\"],\"dynamic_port\":58612,\"mode\":\"passive\",\"reply_received\":\"yes\","
      "\"reply_truncated\":false}"}},
    {"ports that are none",
     {TS("PORT 1,2,3,4,256,1\r\nPORT 1,2,3\r\nEPRT |1|x|1|\r\nEPRT |||0|\r\nEPRT |||65536|\r\n"
         "EPRT\r\n")},
     {"!0 ts ftp.mode=1", "!0 ts ftp.dynamic_port=1", "0 ts ftp.command_data=1,2,3,4,256,1",
      "4 ts ftp.command_data=|||65536|", "5 ts ftp.command=EPRT"}},
    {"a line without end",
     {TS("RETR " A1000 A1000 A1000 A1000 A1000 "b\r\nPWD\r\n"),
      TC("550 " A1000 A1000 A1000 A1000 A1000 "\r\n257 /\r\n")},
     {"0 event request_command_too_long", "0 event response_command_too_long",
      "1 ts ftp.command=PWD", "1 tc ftp.reply=/", "!1 event request_command_too_long"}},
    {"the client asks for TLS",
     {TS("AUTH TLS\r\n"), TC("234 Go\r\n")},
     {"0 ts ftp.command=AUTH TLS", "0 done ts tc", "change tls"}},
    {"and is refused",
     {TS("AUTH TLS\r\n"), TC("500 No\r\n")},
     {"!change tls", "0 tc ftp.reply=No"}},
    {"nothing is answered", {TS("PWD\r\n")}, {"0 ts ftp.command=PWD", "0 done"}},
    {"a hole", {TS("RETR a"), GAP(DIR_TOSERVER, 10), TS("b\r\nPWD\r\n")}, {"0 ts ftp.command=PWD"}},
};

static const struct talk ftp_talk = {.parser = &ftp_parser, .server_port = 21};

static const struct talk_row data_rows[] = {
    {"a file to the client",
     {TC("hello "), TC("world")},
     {"0 tc file.data=hello world", "0 file tc  11 closed", "0 log {\"command\":\"\"}"}},
    {"a hole", {TS("hello "), GAP(DIR_TOSERVER, 3), TS("world")}, {"0 file ts  14 truncated"}},
    {"the wrong way too", {TS("hello"), TC("x")}, {"0 file ts  5 closed"}},
};

static const struct talk data_talk = {.parser = &ftp_data_parser, .server_port = 20};

static const struct talk_probe probes[] = {
    {"USER elsewhere", TS("USER me\r\n"), 2121, APP_PROBE_YES},
    {"USER of POP3", TS("USER me\r\n"), 110, APP_PROBE_NO},
    {"its beginning", TS("US"), 2121, APP_PROBE_MORE},
    {"QUIT", TS("QUIT\r\n"), 21, APP_PROBE_YES},
    {"QUIT elsewhere", TS("QUIT\r\n"), 2121, APP_PROBE_NO},
    {"a greeting that says FTP", TC("220 My FTP server\r\n"), 2121, APP_PROBE_YES},
    {"a greeting", TC("220 x\r\n"), 21, APP_PROBE_YES},
    {"one that does not say, elsewhere", TC("220 x\r\n"), 2121, APP_PROBE_MORE},
    {"its beginning", TC("22"), 2121, APP_PROBE_MORE},
    {"no greeting", TC("220x"), 21, APP_PROBE_NO},
    {"HTTP", TS("GET / HTTP/1.1\r\n"), 21, APP_PROBE_NO},
};

static const struct talk_probe data_probes[] = {
    {"anything", TC("hello"), 20, APP_PROBE_NO},
};

static const struct talk_suite suites[] = {
    {&ftp_talk, TALK_ROWS(rows), TALK_PROBES(probes)},
    {&data_talk, TALK_ROWS(data_rows), TALK_PROBES(data_probes)},
};

int main(void)
{
    return talk_run(suites, ARRAY_COUNT(suites), NULL, 0);
}
