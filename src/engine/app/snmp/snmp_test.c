#include "engine/app/snmp/snmp.h"
#include "engine/app/talk/talk.h"

#define VARS "\x30\x0e\x30\x0c\6\x08\x2b\6\1\2\1\1\1\0\5\0"
#define NUMBERS(error) "\2\1\5\2\1" error "\2\1\0"
#define PDU(type, error) type "\x19" NUMBERS(error) VARS
#define GET "\x30\x26\2\1\0\4\6public" PDU("\xa0", "\0")
#define ANSWER "\x30\x26\2\1\1\4\6public" PDU("\xa2", "\3")
#define TRAP \
    "\x30\x34\2\1\0\4\6public\xa4\x27\6\6\x2b\6\1\4\1\1\x40\4\1\2\3\4\2\1\3\2\1\0\x43\1\5" VARS
#define SECRET(model)                                                                    \
    "\x30\x33\2\1\3\x30\x0d\2\1\1\2\2\5\xdc\4\1\4\2\1" model "\4\x16\x30\x14\4\1e\2\1\1" \
    "\2\1\2\4\5admin\4\0\4\0\4\7private"
#define OID "\"vars\":[\"1.3.6.1.2.1.1.1.0\"]"

static const struct talk_row rows[] = {
    {"a question and an error",
     {TS(GET), TC(ANSWER)},
     {"0 ts snmp.version=1", "0 ts snmp.community=public", "0 ts snmp.pdu_type=0",
      "0 log {\"version\":1,\"pdu_type\":\"get_request\"," OID ",\"community\":\"public\"}",
      "0 done ts tc", "1 event version_mismatch", "1 tc snmp.pdu_type=2",
      "1 log {\"version\":1,\"pdu_type\":\"response\",\"error\":\"BadValue\"," OID
      ",\"community\":\"public\"}"}},
    {"a trap",
     {TS(TRAP)},
     {"0 ts snmp.trap_type=3",
      "0 log {\"version\":1,\"pdu_type\":\"trap_v1\",\"trap_type\":\"linkUp\",\"trap_oid\":"
      "\"1.3.6.1.4.1.1\",\"trap_address\":\"1.2.3.4\"," OID ",\"community\":\"public\"}"}},
    {"version 3, encrypted",
     {TS(SECRET("\3"))},
     {"0 ts snmp.version=3", "0 ts snmp.usm=admin", "!0 ts snmp.pdu_type=0",
      "0 log {\"version\":3,\"pdu_type\":\"encrypted\",\"usm\":\"admin\"}"}},
    {"another security model",
     {TS(SECRET("\1"))},
     {"0 event unknown_security_model", "!0 ts snmp.usm=admin"}},
    {"damaged behind a good one", {TS(GET), TC("\x30\3\2\1\0")}, {"flow event malformed_data"}},
};

static const struct talk snmp_talk = {.parser = &snmp_parser, .server_port = 161, .udp = true};

static const struct talk_probe probes[] = {
    {"own port", TS(GET), 161, APP_PROBE_YES},
    {"another port", TS(TRAP), 4000, APP_PROBE_YES},
    {"version 2 of old", TS("\x30\x26\2\1\2\4\6public" PDU("\xa0", "\0")), 161, APP_PROBE_NO},
    {"too short", TS("\x30\x26\2\1"), 161, APP_PROBE_NO},
};

static const struct talk_suite suites[] = {
    {&snmp_talk, TALK_ROWS(rows), TALK_PROBES(probes)},
};

int main(void)
{
    return talk_run(suites, ARRAY_COUNT(suites), NULL, 0);
}
