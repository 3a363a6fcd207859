#include "engine/app/dhcp/dhcp.h"
#include "engine/app/talk/talk.h"

#define Z16 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define Z64 Z16 Z16 Z16 Z16
/* up to the cookie: op, hardware, ids, four addresses, MAC, names of server and file */
#define HEAD(op, yours)                                                                    \
    op "\1\6\0\x12\x34\x56\x78\0\0\0\0\0\0\0\0" yours "\xc0\0\2\1\0\0\0\0\2\0\x5e\0\x53\1" \
       "\0\0\0\0\0\0\0\0\0\0" Z64 Z64 Z64 "\x63\x82\x53\x63"
#define NONE "\0\0\0\0"
#define LOG_HEAD(type, yours)                                                             \
    "0 log {\"type\":\"" type "\",\"id\":305419896,\"client_mac\":\"02:00:5e:00:53:01\"," \
    "\"assigned_ip\":\"" yours "\",\"client_ip\":\"0.0.0.0\""

static const struct talk_row rows[] = {
    {"a machine asks",
     {TS(HEAD("\1", NONE) "\x35\1\1\x3d\7\1\2\0\x5e\0\x53\1\x32\4\xc0\0\2\x63\x0c\2pc\x3c\4MSFT"
                          "\x37\5\1\3\6\x0f\xfc\xff")},
     {LOG_HEAD("request", "0.0.0.0") ",\"dhcp_type\":\"discover\",\"client_id\":"
                                     "\"02:00:5e:00:53:01\",\"requested_ip\":\"192.0.2.99\","
                                     "\"hostname\":\"pc\",\"vendor_class_identifier\":\"MSFT\","
                                     "\"params\":[\"subnet_mask\",\"router\",\"dns_server\","
                                     "\"domain\"]}",
      "0 done ts tc", "!0 event truncated_options"}},
    {"the server answers",
     {TS(HEAD("\1", NONE) "\x35\1\3\xff"),
      TC(HEAD("\2", "\xc0\0\2\x63") "\x35\1\5\x33\4\0\0\x0e\x10\x3a\4\0\0\7\x08\x3b\4\0\0\x0c\x4e"
                                    "\1\4\xff\xff\xff\0\3\4\xc0\0\2\1\6\x08\xc0\0\2\1\xc0\0\2\2"
                                    "\xff\0\0")},
     {"1 tc dhcp.leasetime=3600", "1 tc dhcp.renewal_time=1800", "1 tc dhcp.rebinding_time=3150",
      "1 log {\"type\":\"reply\",\"id\":305419896,\"client_mac\":\"02:00:5e:00:53:01\","
      "\"assigned_ip\":\"192.0.2.99\",\"client_ip\":\"0.0.0.0\",\"relay_ip\":\"0.0.0.0\","
      "\"next_server_ip\":\"192.0.2.1\",\"dhcp_type\":\"ack\",\"lease_time\":3600,"
      "\"renewal_time\":1800,\"rebinding_time\":3150,\"subnet_mask\":\"255.255.255.0\","
      "\"routers\":[\"192.0.2.1\"],\"dns_servers\":[\"192.0.2.1\",\"192.0.2.2\"]}"}},
    {"an option that comes twice",
     {TS(HEAD("\1", NONE) "\x0c\1a\x35\1\x09\x0c\1b\xff")},
     {LOG_HEAD("request", "0.0.0.0") ",\"dhcp_type\":\"unknown\",\"hostname\":\"b\"}"}},
    {"options without their end",
     {TS(HEAD("\1", NONE) "\x35\1\1\x0c\x05pc")},
     {"0 event truncated_options", LOG_HEAD("request", "0.0.0.0") ",\"dhcp_type\":\"discover\"}"}},
    {"options of a wrong length",
     {TS(HEAD("\1", NONE) "\x33\2\0\1\x3d\0\1\2\xff\xff\xff")},
     {"0 event malformed_options", "!0 event truncated_options", "!0 ts dhcp.leasetime=1",
      LOG_HEAD("request", "0.0.0.0") ",\"subnet_mask\":\"\"}"}},
    {"an operation that nobody knows",
     {TS(HEAD("\7", NONE) "\xff")},
     {LOG_HEAD("<unknown>", "0.0.0.0") "}"}},
    {"too short", {TS("\1\1\6\0")}, {"failed ts"}},
};

static const struct talk dhcp_talk = {.parser = &dhcp_parser, .server_port = 67, .udp = true};

static const struct talk_probe probes[] = {
    {"own port", TS(HEAD("\1", NONE)), 67, APP_PROBE_YES},
    {"any port", TS(HEAD("\2", NONE)), 4000, APP_PROBE_YES},
    {"any port, odd operation", TS(HEAD("\3", NONE)), 4000, APP_PROBE_NO},
    {"too short", TS("\1\1\6\0"), 67, APP_PROBE_NO},
    {"no cookie", TS(Z64 Z64 Z64 Z64), 4000, APP_PROBE_NO},
};

static const struct talk_suite suites[] = {
    {&dhcp_talk, TALK_ROWS(rows), TALK_PROBES(probes)},
};

int main(void)
{
    return talk_run(suites, ARRAY_COUNT(suites), NULL, 0);
}
