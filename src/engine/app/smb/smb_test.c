#include "engine/app/smb/smb.h"
#include "engine/app/talk/talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

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

static void test_rows(void **state)
{
    assert_int_equal(talk_check_rows(&talk, rows, ARRAY_COUNT(rows)), 0);
}

static void test_cut_at_each_byte(void **state)
{
    assert_int_equal(talk_check_cuts(&talk, rows, ARRAY_COUNT(rows)), 0);
}

static void test_little_memory(void **state)
{
    talk_check_memory(&talk, rows, ARRAY_COUNT(rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_cut_at_each_byte),
        cmocka_unit_test(test_little_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
