#include "engine/app/smb/smb.h"
#include "engine/app/talk/talk.h"

#define Z4 "\0\0\0\0"
#define Z8 Z4 Z4
#define Z16 Z8 Z8
/* SMB2: command, flags, number of the message, tree; 64 bytes */
#define HEAD2(command, flags, number, tree)                                                       \
    "\xfeSMB\x40\0\0\0" Z4 command "\0\1\0" flags "\0\0\0" Z4 number "\0\0\0" Z4 Z4 tree "\0\0\0" \
    "\7\0\0\0" Z4 Z16
#define FRAME(len) "\0\0\0" len
#define ID "ABCDEFGHIJKLMNOP"
/* 64 + 8 + 8 = 80 */
#define TREE_ASKED                \
    FRAME("\x50")                 \
    HEAD2("\3", "\0", "\1", "\0") \
    "\x09\0\0\0\x48\0\x08\0"      \
    "\\\0\\\0s\0t\0"
#define TREE_ANSWERED FRAME("\x50") HEAD2("\3", "\1", "\1", "\5") "\x10\0\1\0" Z4 Z8
/* 64 + 48 + 5 = 117 */
#define WRITE(number, text) \
    FRAME("\x75") HEAD2("\x09", "\0", number, "\5") "\x31\0\x70\0\5\0\0\0" Z8 ID Z16 text
/* 64 + 24 = 88 */
#define CLOSE FRAME("\x58") HEAD2("\6", "\0", "\4", "\5") "\x18\0\0\0" Z4 ID
#define READ FRAME("\x70") HEAD2("\x08", "\0", "\3", "\5") "\x31\0\0\0\4\0\0\0" Z8 ID Z16
/* 64 + 16 + 4 = 84 */
#define READ_ANSWERED FRAME("\x54") HEAD2("\x08", "\1", "\3", "\5") "\x11\0\x50\0\4\0\0\0" Z8 "wxyz"

static const struct talk_row rows[] = {
    {"a share",
     {TS(TREE_ASKED), TC(TREE_ANSWERED)},
     {"0 ts smb.version=2", "0 ts smb.share=\\x5c\\x5cst", "0 done ts tc",
      "0 log {\"id\":1,\"dialect\":\"unknown\",\"command\":\"SMB2_COMMAND_TREE_CONNECT\","
      "\"status\":\"STATUS_SUCCESS\",\"status_code\":\"0x0\",\"session_id\":7,\"tree_id\":5,"
      "\"share\":\"\\\\\\\\st\",\"share_type\":\"FILE\"}"}},
    {"a file is written",
     {TS(TREE_ASKED), TC(TREE_ANSWERED), TS(WRITE("\2", "hello") CLOSE)},
     {"1 ts file.data=hello", "1 ts file.size=5", "1 done ts tc"}},
    {"a file is read",
     {TS(READ), TC(READ_ANSWERED), TS(CLOSE)},
     {"0 tc file.data=wxyz", "0 tc file.size=4", "0 done ts tc"}},
    {"a hole, and the next message behind it",
     {GAP(DIR_TOSERVER, 10), TS("zzzz"), TS("z" TREE_ASKED), TC(TREE_ANSWERED)},
     {"0 ts smb.share=\\x5c\\x5cst", "0 done ts tc"}},
    {"something else",
     {TS(TREE_ASKED "GET / HTTP/1.1\r\n")},
     {"0 event malformed_data", "failed ts"}},
};

static const struct talk talk = {.parser = &smb_parser, .server_port = 445};

static const struct talk_probe probes[] = {
    {"version 2", TS(TREE_ASKED), 445, APP_PROBE_YES},
    {"its answer elsewhere", TC(TREE_ANSWERED), 4000, APP_PROBE_YES},
    {"version 1", TS(FRAME("\x20") "\xffSMB"), 445, APP_PROBE_YES},
    {"version 3, encrypted", TS(FRAME("\x40") "\xfdSMB"), 445, APP_PROBE_YES},
    {"a length alone", TS(FRAME("\x20")), 445, APP_PROBE_MORE},
    {"no mark", TS(FRAME("\x20") "\xfeSMC"), 445, APP_PROBE_NO},
    {"a NetBIOS session", TS("\x81\0\0\x44"), 139, APP_PROBE_YES},
    {"one elsewhere", TS("\x81\0\0\x44"), 445, APP_PROBE_NO},
    {"one with names too long", TS("\x81\0\x10\0"), 139, APP_PROBE_NO},
    {"text", TS("GET / HTTP/1.1\r\n"), 445, APP_PROBE_NO},
    {"nothing", TS(""), 445, APP_PROBE_MORE},
};

static const struct talk_suite suites[] = {
    {&talk, TALK_ROWS(rows), TALK_PROBES(probes)},
};

int main(void)
{
    return talk_run(suites, ARRAY_COUNT(suites), NULL, 0);
}
