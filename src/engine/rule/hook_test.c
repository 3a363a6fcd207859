/* Rules over both sides of a transaction, rules at a state of it, scopes of actions. */
#include "engine/rule/rows_double.h"

static void hook_rows(void **state)
{
    static const struct row rows[] = {
        {"alert http1:request_line any any -> any any (http.uri; content:\"a\"; sid:1;)", ""},
        {"alert http1:request_started any any -> any any (sid:1;)", ""},
        {"alert http1:request_middle any any -> any any (sid:1;)", "state \"request_middle\""},
        {"alert http:request_line any any -> any any (sid:1;)", "state \"request_line\""},
        {"alert http1:request_line any any -> any any (http.stat_code; content:\"2\"; sid:1;)",
         "other direction"},
        {"alert tcp:flow_start any any -> any any (sid:1;)", ""},
        {"alert ip:all any any -> any any (sid:1;)", ""},
        {"alert tcp:sideways any any -> any any (sid:1;)", "hook \"sideways\""},
        {"alert http1 any any -> any any (app-layer-state:<request_line; sid:1;)", ""},
        {"alert http1 any any -> any any (app-layer-state:response_line; sid:1;)", ""},
        {"alert http1 any any -> any any (app-layer-state:>nowhere; sid:1;)", "state \"nowhere\""},
        {"alert http1:request_line any any -> any any (app-layer-state:response_line; sid:1;)",
         "other direction"},
        {TCP("app-layer-state:request_line;"), "needs a protocol"},
        {"alert http any any => any any (http.uri; content:\"a\"; http.stat_code; content:\"2\"; "
         "sid:1;)",
         ""},
        {"alert http any any => any any (http.uri; content:\"a\"; sid:1;)", "fields of both sides"},
        {"alert http any any => any any (http.uri; content:\"a\"; http.header; content:\"b\"; "
         "sid:1;)",
         "say http.header:to_server"},
        {"alert http any any => any any (http.header:to_server; content:\"a\"; "
         "http.header:to_client; content:\"b\"; sid:1;)",
         ""},
        {"alert http any any => any any (content:\"a\"; http.uri; content:\"a\"; sid:1;)",
         "fields of transactions only"},
        {"alert http any any => any any (flow:to_server; http.uri; content:\"a\"; sid:1;)",
         "flow cannot name one"},
        {"alert tcp any any => any any (content:\"a\"; sid:1;)", "needs a protocol with"},
        {HTTP("http.header:to_client; content:\"a\";"), ""},
        {HTTP("http.header:sideways; content:\"a\";"), "to_server or to_client"},
        {HTTP("http.header:to_client; content:\"a\"; http.uri; content:\"b\";"), "other direction"},
        {HTTP("http.header:to_client; content:\"a\"; http.cookie:to_server; content:\"b\";"),
         "needs =>"},
        {"drop:flow http any any -> any any (http.uri; content:\"a\"; sid:1;)", ""},
        {"pass:packet http any any -> any any (http.uri; content:\"a\"; sid:1;)", ""},
        {"drop:tunnel http any any -> any any (http.uri; content:\"a\"; sid:1;)", "scope of an"},
        {"alert:flow http any any -> any any (http.uri; content:\"a\"; sid:1;)", "has no scope"},
        {"accept:hook http1:request_line any any -> any any (sid:1;)", "firewall rules"},
    };
    TRY(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hook_rows),
    };
    return cmocka_run_group_tests_name("rule/hook", tests, setup, teardown);
}
