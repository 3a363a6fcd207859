#include "engine/app/smb/smb.h"
#include "engine/app/talk/talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define Z2 "\0\0"
#define Z4 Z2 Z2
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
#define WRITE_AT(number, offset, text) \
    FRAME("\x75")                      \
    HEAD2("\x09", "\0", number, "\5") "\x31\0\x70\0\5\0\0\0" offset "\0\0\0\0\0\0\0" ID Z16 text
/* 64 + 24 = 88 */
#define CLOSE FRAME("\x58") HEAD2("\6", "\0", "\4", "\5") "\x18\0\0\0" Z4 ID
#define READ FRAME("\x70") HEAD2("\x08", "\0", "\3", "\5") "\x31\0\0\0\4\0\0\0" Z8 ID Z16
#define READ_AT(number, offset, len) \
    FRAME("\x70")                    \
    HEAD2("\x08", "\0", number, "\5") "\x31\0\0\0" len offset "\0\0\0\0\0\0\0" ID Z16
#define FOUR "\4\0\0\0"
#define READ_ANSWER(number, text) \
    FRAME("\x54") HEAD2("\x08", "\1", number, "\5") "\x11\0\x50\0\4\0\0\0" Z8 text
/* 64 + 36 + 2 = 102; 64 + 64 = 128 */
#define NEGOTIATE FRAME("\x66") HEAD2("\0", "\0", "\0", "\0") "\x24\0\1\0\0\0\0\0" Z4 ID Z8 "\2\2"
#define NEGOTIATED(read, write) \
    FRAME("\x80")               \
    HEAD2("\0", "\1", "\0", "\0") "\x41\0\0\0\2\2\0\0" ID Z4 Z4 read write Z8 Z8 Z4 Z4
#define MIB_32 "\0\0\0\2"
/* 64 + 24 + len, 64 + 8 + len */
#define LOGON(frame, len, blob) \
    FRAME(frame) HEAD2("\1", "\0", "\1", "\0") "\x19\0" Z8 Z2 "\x58\0" len "\0" Z8 blob
#define LOGON_ANSWERED(frame, len, blob) \
    FRAME(frame) HEAD2("\1", "\1", "\1", "\0") "\x09\0\0\0\x48\0" len "\0" blob
#define NTLM(type) "NTLMSSP\0" type "\0\0\0"

/* SMB1: command, status, flags, tree; 32 bytes */
#define HEAD1(command, status, flags, tree) \
    "\xffSMB" command status flags "\0\0" Z4 Z8 tree "\0\7\0\1\0\2\0"
/* a logon of 12 words, and a tree behind it at 63; answers of 4 and 3 words, the second at 47 */
#define LOGON_WORDS(next) "\x0c" next "\0\x10\2\0\1\0" Z4 "\0\0" Z8
#define LOGON_TREE                \
    FRAME("\x57")                 \
    HEAD1("\x73", Z4, "\0", "\0") \
    LOGON_WORDS("\x75\0\x3f\0")   \
    "\4\0a\0b\0"                  \
    "\4\xff\0\0\0"                \
    "\0\0\1\0\x0d\0\0"            \
    "\\\\s\\t\0?????\0"
#define LOGON_TREE_ANSWERED            \
    FRAME("\x3b")                      \
    HEAD1("\x73", Z4, "\x80", "\5")    \
    "\4\x75\0\x2f\0\0\0\0\0\4\0o\0l\0" \
    "\3\xff\0\0\0\0\0\3\0"             \
    "A:\0"
#define LOGON_REFUSED FRAME("\x23") HEAD1("\x73", "\2\0\x5b\0", "\x80", "\0") "\0\0\0"
#define LOGON_ALONE(next) FRAME("\x3f") HEAD1("\x73", Z4, "\0", "\0") LOGON_WORDS(next) "\4\0a\0b\0"
#define WRITE_ANSWERED(number) FRAME("\x50") HEAD2("\x09", "\1", number, "\5") "\x11\0\0\0" Z4 Z8
/* 64 + 32 + 1 = 97 */
#define SET_INFO(level) \
    FRAME("\x61")       \
    HEAD2("\x11", "\0", "\1", "\5") "\x21\0\1" level "\1\0\0\0\x60\0\0\0" Z4 ID "\1"
/* a unit of RPC, 16 bytes in front of what it carries; 64 + 48 + unit, 64 + 56 + unit, 64 + 48 + unit */
#define UNIT(type, len, call) "\5\0" type "\3\x10\0\0\0" len "\0\0\0" call "\0\0\0"
#define WRITE_UNIT(frame, number, len, unit) \
    FRAME(frame)                             \
    HEAD2("\x09", "\0", number, "\5")        \
    "\x31\0\x70\0" len "\0\0\0" Z8 ID Z16 unit
#define ASK_UNIT(frame, number, len, unit) \
    FRAME(frame)                           \
    HEAD2("\x0b", "\0", number, "\5")      \
    "\x39\0\0\0\x17\xc0\x11\0" ID "\x78\0\0\0" len "\0\0\0" Z16 Z8 unit
#define ANSWER_UNIT(frame, number, len, unit) \
    FRAME(frame)                              \
    HEAD2("\x0b", "\1", number, "\5")         \
    "\x31\0\0\0\x17\xc0\x11\0" ID Z8 "\x70\0\0\0" len "\0\0\0" Z8 unit
#define PIPE_ANSWERED FRAME("\x50") HEAD2("\3", "\1", "\1", "\5") "\x10\0\2\0" Z4 Z8
/* 64 + 56 + 4 = 124; an error: 64 + 9 = 73 */
#define CREATE    \
    FRAME("\x7c") \
    HEAD2("\5", "\0", "\2", "\5") "\x39\0\0\0" Z16 Z16 "\1\0\0\0" Z4 "\x78\0\4\0" Z8 "a\0b\0"
#define REFUSED(command, number, status)                                                    \
    FRAME("\x49")                                                                           \
    "\xfeSMB\x40\0\0\0" status command "\0\1\0\1\0\0\0" Z4 number "\0\0\0" Z4 Z4 "\5\0\0\0" \
    "\7\0\0\0" Z4 Z16 "\x09\0" Z4 Z2 "\0"
/* 64 + 16 + 4 = 84 */
#define READ_ANSWERED FRAME("\x54") HEAD2("\x08", "\1", "\3", "\5") "\x11\0\x50\0\4\0\0\0" Z8 "wxyz"

/* SMB1 without words; TRANS2: 32 + 31 + 2 = 65 in front of parameters and data */
#define PLAIN(command, flags) FRAME("\x23") HEAD1(command, Z4, flags, "\5") "\0\0\0"
#define TRANS2(frame, params, data, sub, bytes) \
    FRAME(frame)                                \
    HEAD1("\x32", Z4, "\0", "\5")               \
    "\x0f" params data Z8 Z4 Z2 params "\x41\0" data "\x4b\0\1\0" sub "\0" bytes
#define DELETE_PATH "\xf5\3" Z4 "a.b\0"
#define DELETE_IN_PARTS           \
    FRAME("\x4b")                 \
    HEAD1("\x32", Z4, "\0", "\5") \
    "\x0f\x0a\0\1\0" Z8 Z4 Z2 "\x0a\0\x41\0\0\0\0\0\1\0\6\0\x0a\0" DELETE_PATH
/* 32 + 19 + 2 = 53 */
#define DELETE_FURTHER(number)                                                     \
    FRAME("\x36")                                                                  \
    "\xffSMB\x33" Z4 "\0\0\0" Z4 Z8 "\5\0\7\0\1\0" number "\0\x09\x0a\0\1\0" Z4 Z2 \
    "\1\0\x35\0\0\0\0\0\1\0\1"
#define RENAME_PATH "\xf2\3" Z4 "a.b\0"
/* 32 + 31 + 2 + 6 = 71; 32 + 31 + 2 = 65 */
#define OPEN1     \
    FRAME("\x47") \
    HEAD1("\x2d", Z4, "\0", "\5") "\x0f\xff\0\0\0" Z8 Z8 Z8 Z2 "\6\0\\o.ex\0"
#define OPENED1 FRAME("\x41") HEAD1("\x2d", Z4, "\x80", "\5") "\x0f\xff\0\0\0\7\0" Z8 Z8 Z8 "\0\0"
/* 32 + 25 + 2 + 2 = 61 */
#define WRITE1                    \
    FRAME("\x3d")                 \
    HEAD1("\x2f", Z4, "\0", "\5") \
    "\x0c\xff\0\0\0\7\0" Z8 "\0\0" Z4 "\2\0\x3b\0\2\0hi"
/* NT_TRANS: 32 + 39 + 2 = 73 in front of 53 + 5 bytes of parameters; what follows, and answers: 32 + 37 + 2 = 71 */
#define NT_CREATE(frame, function, have, bytes) \
    FRAME(frame)                                \
    HEAD1("\xa0", Z4, "\0", "\5")               \
    "\x13\0\0\0\x3a\0\0\0" Z4 Z8 have "\0\0\0\x49\0\0\0" Z8 "\0" function "\0" have "\0" bytes
#define NT_CREATE_BEGINS Z16 Z16 Z8 Z4 "\5\0\0\0"
#define NT_CREATE_ENDS Z4 "\0\\o.ex"
#define NT_CREATE_FURTHER(at)     \
    FRAME("\x51")                 \
    HEAD1("\xa1", Z4, "\0", "\5") \
    "\x12\0\0\0\x3a\0\0\0" Z4 "\x0a\0\0\0\x47\0\0\0" at "\0\0\0" Z8 Z4 "\0\x0a\0" NT_CREATE_ENDS
#define NT_CREATED                  \
    FRAME("\x4b")                   \
    HEAD1("\xa0", Z4, "\x80", "\5") \
    "\x12\0\0\0\4\0\0\0" Z4 "\4\0\0\0\x47\0\0\0" Z8 Z8 "\0\4\0\0\0\7\0"

static const struct talk_row rows[] = {
    {"SMB1: a path is deleted",
     {TS(TRANS2("\x4c", "\x0a\0", "\1\0", "\6", "\x0b\0" DELETE_PATH "\1"))},
     {"0 log "
      "{\"id\":1,\"dialect\":\"unknown\",\"command\":\"SMB1_COMMAND_TRANS2\",\"session_id\":1,"
      "\"tree_id\":5,\"filename\":\"a.b\",\"access\":\"delete on close\","
      "\"subcmd\":\"SET_PATH_INFO\",\"level_of_interest\":\"Set Disposition Information\","
      "\"fuid\":\"\"}"}},
    {"SMB1: a path is renamed",
     {TS(TRANS2("\x5a", "\x0a\0", "\x0f\0", "\6",
                "\x19\0" RENAME_PATH "\1" Z4 Z2 "\0\3\0\0\0c.d"))},
     {"0 log "
      "{\"id\":1,\"dialect\":\"unknown\",\"command\":\"SMB1_COMMAND_TRANS2\",\"session_id\":1,"
      "\"tree_id\":5,\"rename\":{\"from\":\"a.b\",\"to\":\"c.d\"},\"fuid\":\"\"}"}},
    {"SMB1: what is asked of a path is no record",
     {TS(TRANS2("\x4c", "\x0a\0", "\1\0", "\5", "\x0b\0" DELETE_PATH "\1"))},
     {"!0 ts smb.version=1"}},
    {"SMB1: a deletion in two messages",
     {TS(DELETE_IN_PARTS), TS(DELETE_FURTHER("\2"))},
     {"0 done ts tc",
      "1 log "
      "{\"id\":2,\"dialect\":\"unknown\",\"command\":\"SMB1_COMMAND_TRANS2\",\"session_id\":1,"
      "\"tree_id\":5,\"filename\":\"a.b\",\"access\":\"delete on close\","
      "\"subcmd\":\"SET_PATH_INFO\",\"level_of_interest\":\"Set Disposition Information\","
      "\"fuid\":\"\"}"}},
    {"SMB1: a further part of something else",
     {TS(DELETE_IN_PARTS), TS(DELETE_FURTHER("\3"))},
     {"0 done ts tc", "!1 ts smb.version=1"}},
    {"SMB1: a file that was opened the old way",
     {TS(OPEN1), TC(OPENED1), TS(WRITE1)},
     {"0 done ts tc", "1 file ts \\x5co.ex 2 open"}},
    {"SMB1: a file that an NT transaction made",
     {TS(NT_CREATE("\x83", "\1", "\x3a", NT_CREATE_BEGINS NT_CREATE_ENDS)), TC(NT_CREATED),
      TS(WRITE1)},
     {"0 log {\"id\":1,\"dialect\":\"unknown\",\"command\":\"SMB1_COMMAND_NT_TRANS\",\"status\":"
      "\"STATUS_SUCCESS\",\"status_code\":\"0x0\",\"session_id\":1,\"tree_id\":5}",
      "0 done ts tc", "1 file ts \\x5co.ex 2 open"}},
    {"SMB1: one that it made in two messages",
     {TS(NT_CREATE("\x79", "\1", "\x30", NT_CREATE_BEGINS)), TS(NT_CREATE_FURTHER("\x30")),
      TC(NT_CREATED), TS(WRITE1)},
     {"0 done ts tc", "1 done ts tc", "2 file ts \\x5co.ex 2 open"}},
    {"SMB1: its second part lies beyond the end",
     {TS(NT_CREATE("\x79", "\1", "\x30", NT_CREATE_BEGINS)), TS(NT_CREATE_FURTHER("\x31")),
      TC(NT_CREATED), TS(WRITE1)},
     {"2 file ts <unknown> 2 open"}},
    {"SMB1: another NT transaction opens nothing",
     {TS(NT_CREATE("\x83", "\4", "\x3a", NT_CREATE_BEGINS NT_CREATE_ENDS)), TC(NT_CREATED),
      TS(WRITE1)},
     {"0 done ts tc", "1 file ts <unknown> 2 open"}},
    {"SMB1: two requests of one number",
     {TS(PLAIN("\x70", "\0") PLAIN("\x71", "\0")), TC(PLAIN("\x70", "\x80") PLAIN("\x71", "\x80"))},
     {"1 log {\"id\":2,\"dialect\":\"unknown\",\"command\":\"SMB1_COMMAND_TREE_DISCONNECT\","
      "\"status\":\"STATUS_SUCCESS\",\"status_code\":\"0x0\",\"session_id\":1,\"tree_id\":5}"}},
    {"a share",
     {TS(TREE_ASKED), TC(TREE_ANSWERED)},
     {"0 ts smb.version=2", "0 ts smb.share=\\x5c\\x5cst", "0 done ts tc",
      "0 log {\"id\":1,\"dialect\":\"unknown\",\"command\":\"SMB2_COMMAND_TREE_CONNECT\","
      "\"status\":\"STATUS_SUCCESS\",\"status_code\":\"0x0\",\"session_id\":7,\"tree_id\":5,"
      "\"share\":\"\\\\\\\\st\",\"share_type\":\"FILE\"}"}},
    {"what ends a logon in a pipe has no answer: the one of its number is the next call's",
     {TS(TREE_ASKED), TC(PIPE_ANSWERED),
      TS(WRITE_UNIT("\x84", "\2", "\x14", UNIT("\x10", "\x14", "\2") Z4)), TC(WRITE_ANSWERED("\2")),
      TS(ASK_UNIT("\x94", "\3", "\x1c",
                  UNIT("\0", "\x1c", "\2") Z4 "\0\0\7\0"
                                              "rice")),
      TC(ANSWER_UNIT("\x8c", "\3", "\x1c", UNIT("\2", "\x1c", "\2") Z8 "tofu"))},
     {"1 done ts tc", "2 done ts tc", "2 tc dcerpc.stub_data=tofu", "!1 tc dcerpc.stub_data=tofu",
      "1 log {\"id\":2,\"dialect\":\"unknown\",\"command\":\"SMB2_COMMAND_WRITE\","
      "\"status\":\"STATUS_SUCCESS\",\"status_code\":\"0x0\",\"session_id\":7,\"tree_id\":5,"
      "\"dcerpc\":{\"request\":\"AUTH3\",\"response\":\"UNREPLIED\",\"call_id\":2}}"}},
    {"a pipe is read: the first answer names no tree, and the next ones go on where it ended",
     {TS(TREE_ASKED), TC(PIPE_ANSWERED), TS(WRITE("\2", "hello") READ_AT("\3", "\0", FOUR)),
      TC(FRAME("\x54") HEAD2("\x08", "\1", "\3", "\0") "\x11\0\x50\0\4\0\0\0" Z8 "miso"),
      TS(READ_AT("\4", "\0", FOUR)), TC(READ_ANSWER("\4", "tofu")), TS(READ_AT("\5", "\0", FOUR)),
      TC(READ_ANSWER("\5", "rice"))},
     {"1 file tc <unknown> 12 open"}},
    {"a pipe that is answered as one is no file",
     {TS(TREE_ASKED), TC(PIPE_ANSWERED), TS(WRITE("\2", "hello") READ_AT("\3", "\0", FOUR)),
      TC(READ_ANSWER("\3", "miso"))},
     {"!1 file tc"}},
    {"what is refused has no number, and no kind",
     {TS(TREE_ASKED), TC(REFUSED("\3", "\1", "\xcc\0\0\xc0")), TS(CREATE),
      TC(REFUSED("\5", "\2", "\x22\0\0\xc0"))},
     {"0 log {\"id\":1,\"dialect\":\"unknown\",\"command\":\"SMB2_COMMAND_TREE_CONNECT\","
      "\"status\":\"STATUS_BAD_NETWORK_NAME\",\"status_code\":\"0xc00000cc\",\"session_id\":7,"
      "\"tree_id\":0,\"share\":\"\\\\\\\\st\",\"share_type\":\"UNKNOWN\"}",
      "1 log {\"id\":2,\"dialect\":\"unknown\",\"command\":\"SMB2_COMMAND_CREATE\","
      "\"status\":\"STATUS_ACCESS_DENIED\",\"status_code\":\"0xc0000022\",\"session_id\":7,"
      "\"tree_id\":5,\"filename\":\"ab\",\"disposition\":\"FILE_OPEN\",\"access\":\"normal\","
      "\"created\":0,\"accessed\":0,\"modified\":0,\"changed\":0,\"size\":0,\"fuid\":\"\"}"}},
    {"a file is written",
     {TS(TREE_ASKED), TC(TREE_ANSWERED), TS(WRITE("\2", "hello") CLOSE)},
     {"1 ts file.data=hello", "1 ts file.size=5", "1 done ts tc"}},
    {"a file is read",
     {TS(READ), TC(READ_ANSWERED), TS(CLOSE)},
     {"0 tc file.data=wxyz", "0 tc file.size=4", "0 done ts tc"}},
    {"a hole, and the next message behind it",
     {GAP(DIR_TOSERVER, 10), TS("zzzz"), TS("z" TREE_ASKED), TC(TREE_ANSWERED)},
     {"0 ts smb.share=\\x5c\\x5cst", "0 done ts tc"}},
    {"SMB1: a tree chained behind a logon",
     {TS(LOGON_TREE), TC(LOGON_TREE_ANSWERED)},
     {"0 log {\"id\":1,\"dialect\":\"unknown\",\"command\":\"SMB1_COMMAND_SESSION_SETUP_ANDX\","
      "\"status\":\"STATUS_SUCCESS\",\"status_code\":\"0x0\",\"session_id\":1,\"tree_id\":0,"
      "\"request\":{\"native_os\":\"a\",\"native_lm\":\"b\"},\"response\":{\"native_os\":\"o\","
      "\"native_lm\":\"l\"}}",
      "1 ts smb.share=\\x5cs\\x5ct",
      "1 log {\"id\":2,\"dialect\":\"unknown\",\"command\":\"SMB1_COMMAND_TREE_CONNECT_ANDX\","
      "\"status\":\"STATUS_SUCCESS\",\"status_code\":\"0x0\",\"session_id\":1,\"tree_id\":5,"
      "\"share\":\"\\\\s\\\\t\",\"service\":{\"request\":\"?????\",\"response\":\"A:\"}}",
      "0 done ts tc", "1 done ts tc", "!0 event malformed_data"}},
    {"SMB1: a chain that ends where it fails",
     {TS(LOGON_TREE), TC(LOGON_REFUSED)},
     {"0 log {\"id\":1,\"dialect\":\"unknown\",\"command\":\"SMB1_COMMAND_SESSION_SETUP_ANDX\","
      "\"status\":\"SRV_BADUID\",\"status_code\":\"0x005b\",\"session_id\":1,\"tree_id\":0,"
      "\"request\":{\"native_os\":\"a\",\"native_lm\":\"b\"}}",
      "0 done ts tc", "1 done ts tc", "!1 event malformed_data"}},
    {"SMB1: a chain that leads back",
     {TS(LOGON_ALONE("\x73\0\x20\0"))},
     {"0 done ts", "!1 done ts", "!0 event malformed_data"}},
    {"SMB1: a chain that leads out of the message",
     {TS(LOGON_ALONE("\x75\0\x40\0"))},
     {"0 event malformed_data"}},
    {"pieces written out of order",
     {TS(WRITE_AT("\1", "\0", "hello") WRITE_AT("\2", "\x0a", "three")),
      TS(WRITE_AT("\3", "\5", " two ") CLOSE)},
     {"0 ts file.data=hello two three", "0 file ts  15 closed", "!0 event file_overlap"}},
    {"a write's answer is the file's",
     {TS(WRITE("\2", "hello")), TC(WRITE_ANSWERED("\2")), TS(CLOSE)},
     {"0 done ts tc",
      "0 log {\"id\":1,\"dialect\":\"unknown\",\"command\":\"SMB2_COMMAND_WRITE\",\"status\":"
      "\"STATUS_SUCCESS\",\"status_code\":\"0x0\",\"session_id\":7,\"tree_id\":5,\"filename\":\"\","
      "\"share\":\"\",\"fuid\":\"44434241-4645-4847-4a49-4c4b504f4e4d\"}"}},
    {"what is set: a time, then that the file shall go",
     {TS(SET_INFO("\4")), TS(SET_INFO("\x0d"))},
     {"0 log {\"id\":1,\"dialect\":\"unknown\",\"command\":\"SMB2_COMMAND_SET_INFO\","
      "\"session_id\":7,\"tree_id\":5,\"access\":\"delete on close\",\"fuid\":"
      "\"44434241-4645-4847-4a49-4c4b504f4e4d\"}",
      "!1 done ts"}},
    {"a hole that nobody fills",
     {TS(WRITE_AT("\1", "\0", "hello") WRITE_AT("\2", "\x0a", "three") CLOSE)},
     {"0 file ts  15 truncated"}},
    {"written over what was there",
     {TS(WRITE_AT("\1", "\0", "hello") WRITE_AT("\2", "\3", "XXabc") CLOSE)},
     {"0 ts file.data=helloabc", "0 file ts  8 closed", "0 event file_overlap"}},
    {"answers in another order than asked",
     {TS(READ_AT("\1", "\0", FOUR) READ_AT("\2", "\4", FOUR) READ_AT("\3", "\x08", FOUR)),
      TC(READ_ANSWER("\3", "+two") READ_ANSWER("\1", "zero")), TC(READ_ANSWER("\2", "+one")),
      TS(CLOSE)},
     {"0 tc file.data=zero+one+two", "0 file tc <unknown> 12 closed"}},
    {"a read in the middle waits for nobody",
     {TS(READ_AT("\1", "\0", FOUR)), TC(READ_ANSWER("\1", "zero")), TS(READ_AT("\2", "\x08", FOUR)),
      TC(READ_ANSWER("\2", "+two"))},
     {"0 tc file.size_so_far=12", "0 file tc <unknown> 12 open"}},
    {"the wrong way",
     {TS(TREE_ANSWERED), TC(TREE_ASKED)},
     {"flow event response_to_server", "flow event request_to_client", "!0 done ts"}},
    {"a body that is too short",
     {TS(FRAME("\x42") HEAD2("\3", "\0", "\1", "\0") "\x09\0")},
     {"0 event malformed_data"}},
    {"negotiated twice, and large",
     {TS(NEGOTIATE), TC(NEGOTIATED(MIB_32, MIB_32)), TS(NEGOTIATE)},
     {"0 event negotiate_max_read_size_too_large", "0 event negotiate_max_write_size_too_large",
      "!0 event duplicate_negotiate", "1 event duplicate_negotiate"}},
    {"more than was agreed on",
     {TS(NEGOTIATE), TC(NEGOTIATED("\2\0\0\0", "\2\0\0\0")), TS(READ_AT("\1", "\0", FOUR)),
      TC(READ_ANSWER("\1", "zero")), TS(WRITE("\2", "hello"))},
     {"0 event read_request_too_large", "0 event read_response_too_large",
      "1 event write_request_too_large", "!0 event negotiate_max_read_size_too_large"}},
    {"more than is allowed",
     {TS(READ_AT("\1", "\0", "\1\0\0\1"))},
     {"flow event read_request_too_large"}},
    {"logons that are damaged",
     {TS(LOGON("\x64", "\x0c", NTLM("\3"))), TC(LOGON_ANSWERED("\x54", "\x0c", NTLM("\2")))},
     {"0 event malformed_ntlmssp_request", "0 event malformed_ntlmssp_response",
      "!0 event unusual_ntlmssp_order"}},
    {"logons the other way round",
     {TS(LOGON("\x64", "\x0c", NTLM("\2"))), TC(LOGON_ANSWERED("\x54", "\x0c", NTLM("\1")))},
     {"0 event unusual_ntlmssp_order"}},
    {"something else",
     {TS(TREE_ASKED "GET / HTTP/1.1\r\n")},
     {"0 event malformed_data", "failed ts"}},
};

static const struct talk talk = {.parser = &smb_parser, .server_port = 445};

/* Limits that are passed are told, and what waited is handed on with its holes. */
static void test_limits(void **state)
{
    static const struct talk_piece pieces[] = {TS(WRITE_AT("\1", "\0", "hello") WRITE_AT(
        "\2", "\x0a", "three") WRITE_AT("\3", "\x14", "five+"))};
    static const struct talk_piece trees[] = {TS(TREE_ASKED TREE_ASKED TREE_ASKED TREE_ASKED)};
    static const struct {
        uint32_t bytes, count;
        const char *want;
    } rows_of[] = {
        {100, 1, "0 event write_queue_cnt_exceeded"},
        {9, 64, "0 event write_queue_size_exceeded"},
        {100, 64, "0 ts file.size_so_far=5"},
    };
    struct app_conf conf;
    struct talk limited = {.parser = &smb_parser, .server_port = 445, .conf = &conf};
    struct buf seen;
    buf_init(&seen, 0);
    for (size_t i = 0; i < ARRAY_COUNT(rows_of); i++) {
        app_conf_defaults(&conf);
        conf.smb_write_queue_bytes = rows_of[i].bytes;
        conf.smb_write_queue_count = rows_of[i].count;
        buf_reset(&seen);
        talk_play(&limited, pieces, 1, (struct talk_cut){0}, &seen);
        assert_true(talk_has(&seen, rows_of[i].want));
    }
    app_conf_defaults(&conf);
    conf.tx_max = 2;
    buf_reset(&seen);
    talk_play(&limited, trees, 1, (struct talk_cut){0}, &seen);
    assert_true(talk_has(&seen, "0 event too_many_transactions"));
    assert_true(talk_has(&seen, "3 done"));
    buf_fini(&seen);
}

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
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_limits)};
    return talk_run(suites, ARRAY_COUNT(suites), tests, ARRAY_COUNT(tests));
}
