/* Rules over both sides of a transaction, rules at a state of it, scopes of actions. */
#include "engine/rule/rows_double.h"

#include "base/conf.h"
#include "base/file.h"

#include <stdlib.h>
#include <unistd.h>

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

static void other_rows(void **state)
{
    static const struct row rows[] = {
        {TCP("content:\"a\"; bypass;"), ""},
        {TCP("bypass:yes;"), "takes no value"},
        {TCP("l3_proto:ipv6;"), ""},
        {TCP("l3_proto:ipx;"), "ipv4 or ipv6"},
        {"alert ip4 any any -> any any (l3_proto:ip6; sid:1;)", "other IP version"},
        {TCP("nfq_set_mark:0x1/0xff;"), ""},
        {TCP("nfq_set_mark:1;"), "mark/mask"},
        {"config http any any -> any any (http.uri; content:\"a\"; config:logging disable, type "
         "tx, "
         "scope tx; sid:1;)",
         ""},
        {HTTP("config:logging disable;"), "is expected"},
        {HTTP("config:logging disable, type flow, scope flow;"), "single transactions"},
        {TCP("content:\"abc\"; replace:\"xyz\";"), "not rewritten"},
        {TCP("content:\"abc\"; replace:\"xy\";"), "as long as"},
        {TCP("replace:\"xy\";"), "must follow"},
        {TCP("flowvar:user,\"root\";"), ""},
        {TCP("flowvar:user;"), "empty"},
        {TCP("flowvar:,\"root\";"), "name of a variable"},
        {TCP("tcp.session:setup,closing;"), ""},
        {TCP("tcp.session:!setup;"), "is expected"},
        {TCP("tcp.session:;"), "value is missing"},
        {TCP("tcp.session:over;"), "is expected"},
        {"alert sctp any any -> any any (sid:1;)", ""},
        {"alert sctp any 7 -> any any (sid:1;)", ""},
        {TCP("vlan.id:200,all;"), ""},
        {TCP("vlan.id:200,-1;"), ""},
        {TCP("vlan.id:200,-4;"), "outside"},
        {TCP("vlan.id:200,nb>1;"), "not a number"},
        {TCP("app-layer-protocol:tls,direction;"), ""},
        {TCP("lua:script.lua;"), "not run"},
        {TCP("lua:;"), "value is missing"},
        {TCP("frame:http1.request; content:\"a\";"), ""},
        {HTTP("frame:request; content:\"a\";"), ""},
        {HTTP("frame:pdu; content:\"a\";"), "no parser has a frame"},
        {TCP("frame:a b;"), "name of a frame"},
        {TCP("geoip:src,RU;"), "geoip-database"},
        {TCP("geoip:src,RU,!US;"), "stands before the first"},
        {TCP("geoip:src,!RU,!US,,;"), "two letters"},
        {TCP("geoip:src;"), "country is missing"},
        {TCP("geoip:src,Russia;"), "two letters"},
        {TCP("iprep:any,CnC,>,30;"), "that category"},
        {TCP("iprep:all,CnC,>,30;"), "the side is"},
        {TCP("iprep:any;"), "is expected"},
        {TCP("pktvar:,b;"), "name of a variable"},
        {TCP("flow.elephant:toserver; flow.elephant:toclient;"), ""},
        {TCP("flow.elephant:both;"), ""},
        {TCP("flow.elephant:Either;"), ""},
        {TCP("flow.elephant:big;"), "is expected"},
        {TCP("flow.elephant:;"), "value is missing"},
        {TCP("nfs_procedure:6;"), "no parser for nfs"},
        {TCP("nfs_procedure;"), "value is missing"},
        {TCP("pgsql.query; content:\"2\";"), "no parser for pgsql"},
        {TCP("pgsql.query:2;"), "takes no value"},
        {TCP("nonsense:2;"), "keyword nonsense is not supported"},
    };
    TRY(rows);
}

static void modbus_rows(void **state)
{
#define MODBUS(what) "alert modbus any any -> any any (modbus:" what "; sid:1;)"
    static const struct row rows[] = {
        {MODBUS("function !assigned"), ""},
        {MODBUS("unit 9<>11, function 8, subfunction 4"), ""},
        {MODBUS(" access write coils,address 7, value 1"), ""},
        {MODBUS("access write holding, address 7, value <9"), ""},
        {MODBUS("access read"), ""},
        {MODBUS("access write input"), "only read"},
        {MODBUS("access coils"), "read or write"},
        {MODBUS("access write coils, address 7, value 2"), "0 or 1"},
        {MODBUS("access write holding, address >7, value 2"), "the one address"},
        {MODBUS("access read holding, address 7, value 2"), "needs access write"},
        {MODBUS("address 7"), "needs access"},
        {MODBUS("subfunction 7"), "needs the number"},
        {MODBUS("function 256"), "too large"},
        {MODBUS("unit !7"), "is expected"},
        {MODBUS("unit <0"), "below 0"},
        {MODBUS("coils"), "is expected"},
    };
    TRY(rows);
}

static void tls_rows(void **state)
{
#define TLS(options) "alert tls any any -> any any (" options " sid:1;)"
    static const struct row rows[] = {
        {TLS("ssl_state:client_hello|server_hello;"), ""},
        {TLS("ssl_state:!server_keyx;"), ""},
        {TLS("ssl_state:middle;"), "are known"},
        {TLS("tls_cert_notbefore:<2016-01-01;"), ""},
        {TLS("tls_cert_notafter:2010<>2012-02-03T04:05;"), ""},
        {TLS("tls_cert_notafter:>2016-13-01;"), "a time like"},
        {TLS("tls_cert_notafter:2012<>2010;"), "ends before it begins"},
        {TLS("tls_cert_expired;"), ""},
        {TLS("tls_cert_valid;"), ""},
        {TLS("tls_cert_valid:yes;"), "takes no value"},
        {HTTP("tls_cert_valid;"), "does not go with"},
        {TCP("rpc:100000,2,*;"), ""},
        {TCP("rpc:100000;"), ""},
        {TCP("rpc:*;"), "not a number"},
        {TCP("rpc:1,2,3,4;"), "is expected"},
        {TCP("content:\"a\"; asn1:oversize_length 500, relative_offset 2;"), ""},
        {TCP("asn1:bitstring_overflow, double_overflow, absolute_offset 0;"), ""},
        {TCP("asn1:absolute_offset 0;"), "what to look for"},
        {TCP("asn1:bitstring_overflow, relative_offset 0, absolute_offset 0;"), "two places"},
        {TCP("asn1:sideways;"), "is not known"},
        {HTTP("http.uri; content:\"a\"; xbits:set,x,track tx;"), ""},
        {HTTP("http.uri; content:\"a\"; xbits:set,x,track tcp;"), "or tx is expected"},
    };
    TRY(rows);
}

static void dataset_rows(void **state)
{
    static const struct row rows[] = {
        {HTTP("http.host; dataset:isset,a,type string,load a.json,format json,value_key h.n,"
              "array_key x.y,context_key why,remove_key;"),
         ""},
        {HTTP("http.host; dataset:isset,a,type string,load a.json,format jsonline,value_key h,"
              "enrichment_key why;"),
         ""},
        {HTTP("ip.src; dataset:isset,a,type ip,load a.lst;"), ""},
        {HTTP("http.host; dotprefix; dataset:isset,a,type string,match subdomain,load a.lst;"), ""},
        {HTTP("http.host; dataset:isset,a,type md5,match subdomain,load a.lst;"), "type string"},
        {HTTP("http.host; dataset:isset,a,type string,match half,load a.lst;"),
         "exact or subdomain"},
        {HTTP("http.host; dataset:isset,a,type string,load a.json,format xml,value_key h;"),
         "csv, json or ndjson"},
        {HTTP("http.host; dataset:isset,a,type string,load a.json,format json;"), "value_key"},
        {HTTP("http.host; dataset:set,a,type string,load a.json,format json,value_key h;"),
         "only be asked"},
        {HTTP("http.host; dataset:isset,a,type string,load a.lst,value_key h;"),
         "go with the formats"},
        {HTTP("http.host; dataset:isset,a,type string,load a.json,format json,value_key;"),
         "key is missing"},
        {HTTP("http.host; dataset:isset,a,type string,remove_key now;"), "takes no value"},
        {HTTP("http.host; dataset:set,a,type string,state a.lst;"), ""},
        {HTTP("http.host; dataset:set,a,type ipv6,save below/a.lst,memcap 10mb,hashsize 1024;"),
         ""},
        {HTTP("http.host; datarep:a,>,2,type string,state a.rep;"), ""},
        {HTTP("http.host; dataset:set,a,type string,load a.lst,save b.lst;"), ""},
        {HTTP("http.host; dataset:set,a,type string,load a.lst,state b.lst;"), "state does not go"},
        {HTTP("http.host; dataset:set,a,type string,state a.lst,save b.lst;"), "state does not go"},
        {HTTP("http.host; dataset:set,a,type string,state /etc/passwd;"), "would lie outside"},
        {HTTP("http.host; dataset:set,a,type string,save ../a.lst;"), "would lie outside"},
        {HTTP("http.host; dataset:set,a,type string,save b/../../a.lst;"), "would lie outside"},
        {HTTP("http.host; dataset:set,a,type string,save ..a/..b;"), ""},
        {HTTP("http.host; dataset:set,a,type string,save;"), "file name is missing"},
        {HTTP("http.host; dataset:set,a,type string,hashsize 65537;"), "single-hashsize"},
        {HTTP("http.host; dataset:set,a,type string,memcap lots;"), "is not a number"},
        {HTTP("http.host; dataset:set,a,type string,save a; dataset:isset,a,type string,save b;"),
         "with the file"},
        {HTTP("http.host; dataset:isset,a;"), "has no type"},
        {HTTP("http.host; dataset:set,a,type string; dataset:isset,a;"), ""},
    };
    TRY(rows);
}

/* What the settings let rules do, and the sets that they declare. */
static void dataset_settings_rows(void **state)
{
    static const struct {
        const char *yaml, *rule, *want; /* want: of the reason; "": loaded */
        const char *save;               /* of the first set; NULL: none */
    } rows[] = {
        {"datasets: {rules: {allow-write: false}}",
         HTTP("http.host; dataset:set,a,type string,state a.lst;"), "allow-write", NULL},
        {"datasets: {rules: {allow-write: false}}",
         HTTP("http.host; dataset:set,a,type string,load a.lst;"), "", NULL},
        {"datasets: {rules: {allow-absolute-filenames: true}}",
         HTTP("http.host; dataset:set,a,type string,state /x/a.lst;"), "", "/x/a.lst"},
        {"datasets: {rules: {allow-absolute-filenames: yes}}\ndefault-data-dir: /d",
         HTTP("http.host; dataset:set,a,type string,state ../a.lst;"), "", "/d/../a.lst"},
        {"default-data-dir: /d", HTTP("http.host; dataset:set,a,type string,state a.lst;"), "",
         "/d/a.lst"},
        {"", HTTP("http.host; dataset:set,a,type string,state a.lst;"), "",
         "/var/lib/suricata/data/a.lst"},
        {"datasets: {limits: {single-hashsize: 99}}",
         HTTP("http.host; dataset:set,a,type string,hashsize 100;"), "single-hashsize (99)", NULL},
        {"default-data-dir: /d\ndatasets: {defaults: {memcap: 1mb}, a: {type: string, state: s}}",
         HTTP("http.host; dataset:set,a;"), "", "/d/s"},
        {"datasets: {a: {type: md5, save: /s}}", HTTP("http.host; dataset:set,a,type string;"),
         "another type", "/s"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct err err = {""};
        struct conf *conf = conf_new();
        assert_int_equal(conf_parse(conf, str_c(rows[i].yaml), "settings", &err), 0);
        struct rule_loader *l = rule_loader_new(&names, conf, &err);
        assert_non_null(l);
        assert_int_equal(rule_load_text(l, str_c(rows[i].rule), "test.rules", &err), 0);
        struct rule_set *set = rule_loader_take(l);
        rule_loader_free(l);
        conf_free(conf);
        const char *reason = set->refused_count ? set->refused[0].reason : "";
        const char *save = set->dataset_count ? set->datasets[0].save : NULL;
        bool right = *rows[i].want ? strstr(reason, rows[i].want) != NULL : !*reason;
        if (!right || strcmp(save ? save : "", rows[i].save ? rows[i].save : "") != 0)
            fail_msg("row %zu: \"%s\", %s", i, reason, save ? save : "-");
        rule_set_free(set);
    }
}

/* A rule's list is beside the file of the rules, or the rule is refused. */
static void lists_of_files(void **state)
{
    char folder[] = "/tmp/otasuke-lists-XXXXXX", path[100];
    struct err err;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/some.rules", folder);
    static const char text[] =
        "alert http any any -> any any (http.host; dataset:isset,a,type string,load "
        "some.rules; sid:1;)\n"
        "alert http any any -> any any (http.host; dataset:isset,b,type string,load "
        "none.lst; sid:2;)\n";
    assert_int_equal(file_write(path, STR_LIT(text), 0600, &err), 0);
    struct rule_loader *l = rule_loader_new(&names, NULL, &err);
    assert_int_equal(rule_load_file(l, path, &err), 0);
    struct rule_set *set = rule_loader_take(l);
    rule_loader_free(l);
    assert_int_equal(set->count, 1);
    assert_int_equal(set->refused_count, 1);
    assert_non_null(strstr(set->refused[0].reason, "none.lst: No such file"));
    rule_set_free(set);
    unlink(path);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hook_rows),      cmocka_unit_test(other_rows),
        cmocka_unit_test(dataset_rows),   cmocka_unit_test(dataset_settings_rows),
        cmocka_unit_test(lists_of_files), cmocka_unit_test(modbus_rows),
        cmocka_unit_test(tls_rows),
    };
    return cmocka_run_group_tests_name("rule/hook", tests, setup, teardown);
}
