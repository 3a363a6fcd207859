#include "engine/app/nfs/nfs.h"
#include "engine/app/talk/talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* rows: P1 */

/* Heads of 40 bytes (a call) and 24 (a reply) behind the record's mark, whose last byte is `len`. */
#define NO_CREDS "\0\0\0\0\0\0\0\0" /* and as long: no verifier */
#define HEAD(xid, program, version, procedure) \
    "\0\0\0" xid "\0\0\0\0\0\0\0\2" program "\0\0\0" version "\0\0\0" procedure NO_CREDS NO_CREDS
#define NFS "\0\1\x86\xa3"
#define CALL(len, xid, version, procedure) "\x80\0\0" len HEAD(xid, NFS, version, procedure)
#define CALL3(len, xid, procedure) CALL(len, xid, "\3", procedure)
#define ANSWER(xid) "\0\0\0" xid "\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define REPLY(len, xid) "\x80\0\0" len ANSWER(xid)
#define OK "\0\0\0\0"
#define NONE "\0\0\0\0"
#define TRUE "\0\0\0\1"
#define ROOT "\0\0\0\4root" /* a handle */
#define FILE "\0\0\0\4file"
#define AT(offset) "\0\0\0\0\0\0\0" offset
#define COUNT "\0\0\0\4"

#define LOOKUP CALL3("\x38", "\1", "\3") ROOT "\0\0\0\4menu"
#define FOUND REPLY("\x2c", "\1") OK FILE NONE NONE
#define READ(xid, offset) CALL3("\x3c", xid, "\6") FILE AT(offset) COUNT
#define DATA(xid, end, text) REPLY("\x30", xid) OK NONE COUNT end COUNT text
#define WRITE(xid, offset, stable, text)     \
    CALL3("\x48", xid, "\7") FILE AT(offset) \
    COUNT stable COUNT text
#define UNSTABLE "\0\0\0\0"
#define LASTING "\0\0\0\2"
#define WRITTEN(xid) REPLY("\x2c", xid) OK NONE NONE COUNT LASTING
#define COMMIT(xid) CALL3("\x3c", xid, "\x15") FILE AT("\0") NONE
#define FILE_JSON "\"hhash\":\"8c9f3610\""
#define ROOT_JSON "\"hhash\":\"16f4f95b\""
#define LOG3(procedure, name, more) \
    "{\"version\":3,\"procedure\":\"" procedure "\",\"filename\":\"" name "\"," more
#define PLAIN(id, status) \
    "\"id\":" id ",\"file_tx\":false,\"type\":\"response\",\"status\":\"" status "\""
#define FILE_TX(id) "\"id\":" id ",\"file_tx\":true,\"type\":\"response\",\"status\":\"OK\","

/* Version 4: a compound without a tag. */
#define COMPOUND(len, xid, count) CALL(len, xid, "\4", "\1") NONE NONE "\0\0\0" count
#define RESULTS(len, xid, count) REPLY(len, xid) OK NONE "\0\0\0" count
#define OP(number) "\0\0\0" number
#define DONE(number) OP(number) OK
#define PUTFH OP("\x16")
#define STATE_ID "0123456789abcdef"

static const struct talk_row rows[] = {
    {"a name is looked up",
     {TS(LOOKUP), TC(FOUND)},
     {"0 log " LOG3("LOOKUP", "menu", FILE_JSON ",") PLAIN("1", "OK") "}", "0 ts nfs_procedure=3",
      "0 ts nfs.version=3", "0 done ts tc"}},
    {"and not found",
     {TS(LOOKUP), TC(REPLY("\x20", "\1") "\0\0\0\2" NONE)},
     {"0 log " LOG3("LOOKUP", "menu", "") PLAIN("1", "ERR_NOENT") "}", "0 done ts tc"}},
    {"a file is read in two pieces, the second is answered first",
     {TS(LOOKUP), TC(FOUND), TS(READ("\2", "\0") READ("\3", "\4")), TC(DATA("\3", TRUE, "tofu")),
      TC(DATA("\2", NONE, "miso"))},
     {"1 file tc menu 8 closed", "1 ts nfs_procedure=6", "1 done ts tc"}},
    {"reads before we came",
     {TS(READ("\2", "\x20")), TC(DATA("\2", TRUE, "miso"))},
     {"0 file tc  36 truncated", "0 done ts tc"}},
    {"a file is written in disorder and made lasting",
     {TS(WRITE("\1", "\4", UNSTABLE, "tofu") WRITE("\2", "\0", UNSTABLE, "miso")),
      TC(WRITTEN("\1") WRITTEN("\2")), TS(COMMIT("\3")), TC(REPLY("\x20", "\3") OK NONE)},
     {"0 file ts  8 closed", "0 ts nfs_procedure=7", "0 ts nfs_procedure=21",
      "0 log " LOG3("WRITE", "", FILE_JSON ",")
          FILE_TX("1") "\"write\":{\"first\":true,\"last\":true,\"last_xid\":3,\"chunks\":2}}",
      "0 done ts tc"}},
    {"a lasting write is a file of its own",
     {TS(WRITE("\1", "\0", LASTING, "miso")), TC(WRITTEN("\1")),
      TS(WRITE("\2", "\0", LASTING, "tofu")), TC(WRITTEN("\2"))},
     {"0 file ts  4 closed", "1 file ts  4 closed", "1 done ts tc",
      "0 log " LOG3("WRITE", "", FILE_JSON ",")
          FILE_TX("1") "\"write\":{\"first\":true,\"last\":true,\"last_xid\":1,\"chunks\":0}}"}},
    {"a record in fragments, and replies to what nobody asked",
     {TS("\0\0\0\x28" HEAD("\1", NFS, "\3", "\3") "\x80\0\0\x10" ROOT "\0\0\0\4menu"),
      TC(REPLY("\x20", "\5") OK NONE FOUND)},
     {"0 log " LOG3("LOOKUP", "menu", FILE_JSON ",") PLAIN("1", "OK") "}", "0 done ts tc"}},
    {"a folder's names, with handles",
     {TS(CALL3("\x40", "\1", "\x11") ROOT AT("\0") AT("\0")),
      TC(REPLY("\x5c", "\1") OK NONE AT("\0") TRUE AT("\7") "\0\0\0\4menu" AT("\1")
             NONE TRUE FILE NONE TRUE "\0\0\0\0"),
      TS(CALL3("\x34", "\2", "\4") FILE TRUE), TC(REPLY("\x24", "\2") OK NONE TRUE)},
     {"0 log " LOG3("READDIRPLUS", "", ROOT_JSON ",") PLAIN("1", "OK") "}",
      "1 log " LOG3("ACCESS", "menu", FILE_JSON ",") PLAIN("2", "OK") "}", "1 done ts tc"}},
    {"a new name",
     {TS(CALL3("\x48", "\1", "\x0e") ROOT "\0\0\0\4menu" ROOT "\0\0\0\3old\0"),
      TC(REPLY("\x20", "\1") "\0\0\0\x0d" NONE)},
     {"0 log " LOG3("RENAME", "menu", ROOT_JSON ",")
          PLAIN("1", "ERR_ACCES") ",\"rename\":{\"from\":\"menu\",\"to\":\"old\"}}"}},
    {"what is made has a name; what is asked of others only counts",
     {TS("\x80\0\0\x28" HEAD("\1", "\0\1\x87\x83", "\3", "\1")), TC(REPLY("\x1c", "\1") OK),
      TS(CALL3("\x3c", "\2", "\x08") ROOT "\0\0\0\4menu" NONE),
      TC(REPLY("\x28", "\2") OK TRUE FILE), TS(CALL3("\x30", "\3", "\1") FILE)},
     {"1 log " LOG3("CREATE", "menu", ROOT_JSON ",") PLAIN("2", "OK") "}", "1 done ts tc",
      "2 log " LOG3("GETATTR", "menu", FILE_JSON ",") PLAIN("3", "OK") "}",
      "!0 ts nfs_procedure=1"}},
    {"damaged",
     {TS(CALL3("\x30", "\1", "\3") "\0\0\1\0root"), TC(REPLY("\x1c", "\1") OK)},
     {"0 event malformed_data", "0 done ts tc"}},
    {"behind a hole",
     {TS(LOOKUP), GAP(DIR_TOSERVER, 100), TS("xx" CALL3("\x34", "\2", "\4") FILE TRUE),
      GAP(DIR_TOCLIENT, 20), TC("menu" REPLY("\x24", "\2") OK NONE TRUE)},
     {"1 log " LOG3("ACCESS", "", FILE_JSON ",") PLAIN("2", "OK") "}", "1 done ts tc"}},
    {"version 2: what is read is a file",
     {TS(CALL("\x54", "\1", "\2", "\6") "0123456789abcdef0123456789abcdef" NONE COUNT NONE),
      TC(REPLY("\x68", "\1") OK "\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1"
                                "\0\0\0\4"
                                "\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0"
                                "\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1" COUNT "miso"),
      TS(CALL("\x28", "\2", "\2", "\x0b")), TC(REPLY("\x1c", "\2") "\0\0\0\x0d")},
     {"0 file tc  4 closed", "0 done ts tc",
      "1 log {\"version\":2,\"procedure\":\"RENAME\",\"filename\":\"\"," PLAIN(
          "2", "ERR_ACCES") ",\"rename\":{\"from\":\"\",\"to\":\"\"}}"}},
    {"version 4: names of handles, a read, a write, what is made and removed",
     {TS(COMPOUND("\x50", "\1", "\3") PUTFH ROOT OP("\x0f") "\0\0\0\4menu" OP("\x0a")),
      TC(RESULTS("\x44", "\1", "\3") DONE("\x16") DONE("\x0f") DONE("\x0a") FILE),
      TS(COMPOUND("\x60", "\2", "\2") PUTFH FILE OP("\x19") STATE_ID AT("\0") COUNT),
      TC(RESULTS("\x40", "\2", "\2") DONE("\x16") DONE("\x19") TRUE COUNT "miso"),
      TS(COMPOUND("\x68", "\3", "\2") PUTFH FILE OP("\x26") STATE_ID AT("\0") LASTING COUNT
         "tofu" COMPOUND("\x4c", "\4", "\2") PUTFH ROOT OP("\x1c") "\0\0\0\3old\0"),
      TC(RESULTS("\x44", "\3", "\2") DONE("\x16") DONE("\x26") COUNT LASTING AT("\0")),
      TC(REPLY("\x34", "\4") "\0\0\0\x0d" NONE "\0\0\0\2" DONE("\x16") OP("\x1c") "\0\0\0\x0d")},
     {"0 file tc menu 4 closed", "0 ts nfs_procedure=25", "0 done ts tc", "1 file ts menu 4 closed",
      "1 done ts tc",
      "2 log {\"version\":4,\"procedure\":\"REMOVE\",\"filename\":\"old\"," PLAIN("3",
                                                                                  "ERR_ACCES") "}",
      "2 done ts tc"}},
};

#define UDP_CALL HEAD("\1", NFS, "\3", "\3") ROOT "\0\0\0\4menu"
#define UDP_FOUND ANSWER("\1") OK FILE NONE NONE

static const struct talk_row udp_rows[] = {
    {"a name is looked up, and asked for once more",
     {TS(UDP_CALL), TS(UDP_CALL), TC(UDP_FOUND), TC(UDP_FOUND)},
     {"0 log " LOG3("LOOKUP", "menu", FILE_JSON ",") PLAIN("1", "OK") "}", "0 done ts tc",
      "!1 done ts tc"}},
    {"a call that is refused",
     {TS(UDP_CALL), TC("\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\5")},
     {"0 log " LOG3("LOOKUP", "menu", "") PLAIN("1", "OK") "}", "0 done ts tc"}},
    {"a call without an end", {TS("\0\0\0\1\0\0\0\0\0\0\0\2" NFS)}, {"flow event malformed_data"}},
};

static const struct talk_probe probes[] = {
    {"a call on any port", TS(LOOKUP), 4000, APP_PROBE_YES},
    {"the beginning of one", TS("\x80\0\0\x38\0\0\0\1\0"), 2049, APP_PROBE_MORE},
    {"another program", TS("\x80\0\0\x28" HEAD("\1", "\0\1\x86\xa5", "\3", "\3")), 2049,
     APP_PROBE_NO},
    {"another version", TS(CALL("\x28", "\1", "\5", "\0")), 2049, APP_PROBE_NO},
    {"a reply on the own port", TC(FOUND), 2049, APP_PROBE_YES},
    {"a reply elsewhere", TC(FOUND), 4000, APP_PROBE_NO},
    {"a call by the server", TC(LOOKUP), 2049, APP_PROBE_NO},
    {"text", TS("GET / HTTP/1.1\r\n"), 2049, APP_PROBE_NO},
};
static const struct talk_probe udp_probes[] = {
    {"a call", TS(UDP_CALL), 2049, APP_PROBE_YES},
    {"a call that is too short", TS("\0\0\0\1\0\0\0\0\0\0\0\2" NFS), 2049, APP_PROBE_NO},
    {"a reply", TC(UDP_FOUND), 2049, APP_PROBE_YES},
};

static const struct talk tcp = {.parser = &nfs_parser, .server_port = 2049};
static const struct talk udp = {
    .parser = &nfs_udp_parser, .fields_of = &nfs_parser, .server_port = 2049, .udp = true};
static const struct talk_suite suites[] = {
    {&tcp, TALK_ROWS(rows), TALK_PROBES(probes)},
    {&udp, TALK_ROWS(udp_rows), TALK_PROBES(udp_probes)},
};

int main(void)
{
    return talk_run(suites, ARRAY_COUNT(suites), NULL, 0);
}
