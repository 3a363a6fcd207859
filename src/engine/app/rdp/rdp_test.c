#include "engine/app/rdp/rdp.h"
#include "engine/app/talk/talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* rows: P1 */

#define REQUEST "\3\0\0+&\xe0\0\0\0\0\0Cookie: mstshash=alice\x0d\x0a\1\0\x08\0\3\0\0\0"
#define BARE_REQUEST "\3\0\0\x0b\6\xe0\0\0\0\0\0"
#define CONFIRM(protocol) "\3\0\0\x13\x0e\xd0\0\0\0\0\0\2\x1f\x08\0" protocol "\0\0\0"
#define FAILURE "\3\0\0\x13\x0e\xd0\0\0\0\0\0\3\0\x08\0\5\0\0\0"
#define CONNECTED                                                                           \
    "\3\0\0001\2\xf0\x80\x7f"                                                               \
    "f\x82\0%\x0a\1\0\2\1\0000\x1a\2\1\x22\2\1\3\2\1\0\2\1\1\2\1\0\2\1\1\2\3\0\xff\xf8\2\1" \
    "\2\4\1x"

#define Z8 "\0\0\0\0\0\0\0\0"
#define Z32 Z8 Z8 Z8 Z8
#define DOMAIN "0\x1a\2\1\x22\2\1\2\2\1\0\2\1\1\2\1\0\2\1\1\2\3\0\xff\xff\2\1\2"
/* MCS connect initial, GCC create request, and the client's blocks. */
#define CONNECT(blocks)                                 \
    "\3\0\1w\2\xf0\x80\x7f"                             \
    "e\x82\1k\4\1\1\4\1\1\1\1\xff" DOMAIN DOMAIN DOMAIN \
    "\4\x82\1\x0a\0\5\0\x14|\0\1\x81\1\0\x08\0\x10\0\1\xc0\0Duca\x80\xf3" blocks
#define CORE                                                                                  \
    "\1\xc0\xd3\0\4\0\x08\0\0\4\0\3\1\xca\3\xaa\x09\4\0\0(\x0a\0\0P\0C\0" Z8 Z8 Z8 "\0\0\0\0" \
    "\4\0\0\0\0\0\0\0\x0c\0\0\0" Z32 Z32 "\1\xca\1\0\0\0\0\0\x18\0\7\0\1\0" Z32 Z32 "\6\3"
#define CHANNELS "\xc0 \0\2\0\0\0rdpdr\0\0\0\0\0\0\0cliprdr\0\0\0\0\0"
#define DAMAGED_CHANNELS "\xc0 \0\3\0\0\0rdpdr\0\0\0\0\0\0\0cliprdr\0\0\0\0\0"

#define CLIENT_HELLO "\x16\3\1\0\4\1\0\0\0"
#define SERVER_HELLO "\x16\3\3\0\6\2\0\0\2\3\3"
#define CERTIFICATE                              \
    "\x16\3\3\0\x26\x0b\0\0\x22\0\0\x1f\0\0\x1c" \
    "0\x1a"                                      \
    "0\x18\xa0\3\2\1\2\2\3\5\xab\xcd"            \
    "0\0000\0000\0000\0000\0\2\2\0\0"

static const struct talk_row rows[] = {
    {"a client tells of itself",
     {TS(REQUEST), TC(CONFIRM("\0")), TS(CONNECT(CORE CHANNELS)), TC(CONNECTED)},
     {"0 log {\"tx_id\":1,\"event_type\":\"initial_request\",\"cookie\":\"alice\"}",
      "1 log {\"tx_id\":2,\"event_type\":\"initial_response\",\"server_supports\":"
      "[\"extended_client_data\",\"dynvc_gfx\",\"restricted_admin\",\"redirected_authentication\"]"
      ",\"protocol\":\"rdp\"}",
      "2 log {\"tx_id\":3,\"event_type\":\"connect_request\",\"client\":{\"version\":\"v5\","
      "\"desktop_width\":1024,\"desktop_height\":768,\"color_depth\":24,\"keyboard_layout\":"
      "\"en-US\",\"build\":\"Windows XP\",\"client_name\":\"PC\",\"keyboard_type\":\"enhanced\","
      "\"function_keys\":12,\"product_id\":1,\"capabilities\":[\"support_errinfo_pdf\"],"
      "\"connection_hint\":\"lan\"},\"channels\":[\"rdpdr\",\"cliprdr\"]}",
      "3 log {\"tx_id\":4,\"event_type\":\"connect_response\"}", "3 done ts tc"}},
    {"refused",
     {TS(REQUEST), TC(FAILURE), TS(BARE_REQUEST)},
     {"1 log {\"tx_id\":2,\"event_type\":\"initial_response\",\"error_code\":5,\"reason\":"
      "\"hybrid required by server\"}",
      "2 log {\"tx_id\":3,\"event_type\":\"initial_request\"}"}},
    {"TLS",
     {TS(REQUEST), TC(CONFIRM("\1")), TS(CLIENT_HELLO), TC(SERVER_HELLO CERTIFICATE),
      TS("\x17\3\3\0\1x"), TC("\x17\3\3\0\1x")},
     {"2 log {\"tx_id\":3,\"event_type\":\"tls_handshake\",\"x509_serials\":[\"5abcd\"]}",
      "!failed tc", "!failed ts"}},
    {"TLS 1.3 hides the certificate",
     {TS(BARE_REQUEST), TC(CONFIRM("\1")), TS(CLIENT_HELLO),
      TC(SERVER_HELLO "\x14\3\3\0\1\1\x17\3\3\0\4" CERTIFICATE)},
     {"!2 done ts tc", "!failed tc"}},
    {"a message that lies across records",
     {TS(BARE_REQUEST), TC(CONFIRM("\1")), TS(CLIENT_HELLO),
      TC("\x16\3\3\0\3\x0b\0\0"
         "\x16\3\3\0\x0a\7\0\0\4\0\0\1x\0\0")},
     {"2 log {\"tx_id\":3,\"event_type\":\"tls_handshake\",\"x509_serials\":[]}"}},
    {"more channels than there are",
     {TS(REQUEST), TS(CONNECT(CORE DAMAGED_CHANNELS)), TC(CONNECTED)},
     {"1 log {\"tx_id\":2,\"event_type\":\"connect_response\"}", "!failed ts"}},
    {"a cookie without an end",
     {TS("\3\0\0 \x1b\xe0\0\0\0\0\0Cookie: mstshash=al!?")},
     {"0 log {\"tx_id\":1,\"event_type\":\"initial_request\"}"}},
    {"an empty cookie",
     {TS("\3\0\0\x1e\x19\xe0\0\0\0\0\0Cookie: mstshash=\x0d\x0a")},
     {"0 log {\"tx_id\":1,\"event_type\":\"initial_request\",\"cookie\":\"\"}"}},
    {"what is no TPKT passes",
     {TS(REQUEST), TS("GET / HTTP/1.0\r\n"), TS(REQUEST), TC(CONFIRM("\0"))},
     {"!1 done ts tc", "!failed ts", "!failed tc"}},
    {"a length that is none", {TS(REQUEST), TS("\3\0\0\1xxxx")}, {"!failed ts", "!1 done ts tc"}},
    {"a hole", {TS(REQUEST), GAP(DIR_TOCLIENT, 19), TS(BARE_REQUEST)}, {"!1 done ts tc"}},
};

static const struct talk_probe probes[] = {
    {"request", TS(REQUEST), 3389, APP_PROBE_YES},
    {"bare", TS(BARE_REQUEST), 3389, APP_PROBE_YES},
    {"confirmation", TC(CONFIRM("\1")), 3389, APP_PROBE_YES},
    {"elsewhere, with a cookie", TS(REQUEST), 4000, APP_PROBE_YES},
    {"elsewhere, bare", TS(BARE_REQUEST), 102, APP_PROBE_NO},
    {"elsewhere, parameters of others", TS("\3\0\0\x12\x0d\xe0\0\0\0\0\0\xc0\1\x0a\xc1\2\1\0"), 102,
     APP_PROBE_NO},
    {"a beginning", TS("\3\0\0+"), 3389, APP_PROBE_MORE},
    {"another version", TS("\2\0\0+&\xe0"), 3389, APP_PROBE_NO},
    {"another message", TS("\3\0\0\x07\2\xf0\x80"), 3389, APP_PROBE_NO},
    {"text", TS("GET / HTTP/1.1\r\n"), 3389, APP_PROBE_NO},
    {"nothing", TS(""), 3389, APP_PROBE_MORE},
};

static const struct talk rdp_talk = {.parser = &rdp_parser, .server_port = 3389};

static const struct talk_suite suites[] = {
    {&rdp_talk, TALK_ROWS(rows), TALK_PROBES(probes)},
};

int main(void)
{
    return talk_run(suites, ARRAY_COUNT(suites), NULL, 0);
}
