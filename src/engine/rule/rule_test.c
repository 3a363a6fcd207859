/* Rows {rule, the reason why it is refused or "" when it is used}, and the facts that chosen rules must give. */
#include "engine/rule/rows_double.h"

#include <time.h>

static void header_rows(void **state)
{
    static const struct row rows[] = {
        {"alert tcp any any -> any any (sid:1;)", ""},
        {"rejectboth ip 10.0.0.1 any <> [10.0.0.2,!10.0.0.3] 80:90 (sid:1;)", ""},
        {"drop http $HOME_NET any -> $EXTERNAL_NET $HTTP_PORTS (sid:1;)", ""},
        {"pass tcp [10.0.0.0/8, 192.0.2.1-192.0.2.9] [1:80,![2,4]] -> ![10.0.0.0/8,2001:db8::/32] "
         "!80 (sid:1;)",
         ""},
        {"alert tcp 10.0.0.0/255.255.0.0 any -> any 1024: ( sid:1; )", ""},

        {"shout tcp any any -> any any (sid:1;)", "not an action"},
        {"alert tpc any any -> any any (sid:1;)", "the protocol \"tpc\" is not supported"},
        {"alert tcp any any <- any any (sid:1;)", "direction"},
        {"alert tcp 10.0.0.300 any -> any any (sid:1;)", "not an address"},
        {"alert tcp $NOBODY any -> any any (sid:1;)", "$NOBODY is not set"},
        {"alert tcp any $NOTHING -> any any (sid:1;)", "$NOTHING is not set"},
        {"alert tcp !any any -> any any (sid:1;)", "exclude every address"},
        {"alert tcp any !any -> any any (sid:1;)", "exclude every port"},
        {"alert tcp any 70000 -> any any (sid:1;)", "not a port"},
        {"alert tcp any 90:80 -> any any (sid:1;)", "not a port"},
        {"alert tcp any any -> any (sid:1;)", "empty"},
        {"alert tcp any any -> any any", "( )"},
        {"alert tcp any any -> any any (msg:\"x\")", "; is missing"},
        {"alert tcp any any -> any any (msg:\"x\";)", "sid is missing"},
        {"alert tcp any any -> any any (nonsense; sid:1;)", "keyword nonsense is not supported"},
    };
    TRY(rows);
}

static void content_rows(void **state)
{
    static const struct row rows[] = {
        {TCP("content:\"abc\"; nocase; depth:3; offset:4;"), ""},
        {TCP("content:!\"a|3B 3b|\\;\\\"\\:\\\\\"; content:\"x\"; distance:-4; within:9;"), ""},
        {TCP("content:\"\";"), "empty"},
        {TCP("content:\"||\";"), "empty"},
        {TCP("content:\"a|4|\";"), "half a hex byte"},
        {TCP("content:\"a|4g|\";"), "foreign character"},
        {TCP("content:\"a|41\";"), "| is missing"},
        {TCP("content:\"a\\n\";"), "\\ may only stand"},
        {TCP("content:abc;"), "quotation"},
        {TCP("content:\"abc;"), "quotation"},
        {TCP("nocase;"), "must follow a content"},
        {TCP("content:\"a\"; nocase; nocase;"), "twice"},
        {TCP("content:\"abc\"; depth:2;"), "smaller than the content"},
        {TCP("content:\"abc\"; depth:5; within:9;"), "mixed"},
        {TCP("content:\"abc\"; startswith; depth:9;"), "startswith"},
        {TCP("content:\"abc\"; offset:size;"), "not filled before"},
        {TCP("content:\"abc\"; fast_pattern; content:\"d\"; fast_pattern;"), "twice"},
        {TCP("content:\"abc\"; fast_pattern:1,2;"), ""},
        {TCP("content:\"abc\"; fast_pattern:2,2;"), "outside"},
        {TCP("content:\"abc\"; offset:1; fast_pattern:only;"), "cannot be mixed"},
        {TCP("content:!\"abc\"; offset:1; fast_pattern;"), "negated"},
        {TCP("content:\"abc\"; isdataat:!10,relative;"), ""},
        {TCP("isdataat:ten;"), "not filled"},
        {TCP("bsize:10;"), "sticky buffer"},
        {HTTP("http.uri; content:\"/a\"; endswith; bsize:>2;"), ""},
        {HTTP("http.uri; content:\"/abc\"; bsize:3;"), "longer than bsize"},
        {HTTP("http.uri; http.host; content:\"a\";"), "nothing to look for"},
        {HTTP("http.uri;"), "nothing to look for"},
        {HTTP("http.referer; absent;"), ""},
        {HTTP("http.referer; absent:or_else; content:!\"abc\";"), ""},
        {HTTP("http.referer; content:\"a\"; absent;"), "must follow the name"},
        {HTTP("urilen:3<>5;"), ""},
        {HTTP("urilen:>5,raw;"), ""},
        {HTTP("urilen:5,cooked;"), "norm and raw"},
        {HTTP("http.uri; content:\"a\"; http.stat_code; content:\"200\";"), "other direction"},
        {HTTP("flow:to_client; http.uri; content:\"a\";"), "other direction"},
        {HTTP("tls.sni; content:\"a\";"), "does not go with the protocol"},
        {TCP("http.uri; content:\"a\"; tls.sni; content:\"a\";"), "does not go with the protocol"},
    };
    TRY(rows);
}

static void pcre_rows(void **state)
{
    static const struct row rows[] = {
        {TCP("pcre:\"/a.b/smixAEGBOR\";"), ""},
        {TCP("pcre:!\"/a\\/b[\\/\\\"\\;]/i\";"), ""},
        {TCP("pcre:\"/(a)(b)/, flow:one, pkt:two/x\";"), ""},
        {TCP("pcre:\"/(?P<flow_user>[a-z]+)/\";"), ""},
        {HTTP("pcre:\"/a/U\";"), ""},
        {HTTP("http.uri; pcre:\"/a/U\";"), ""},
        {HTTP("http.host; pcre:\"/a/U\";"), "another buffer"},
        {HTTP("file_data; content:\"a\"; pcre:\"/b/QR\";"), ""},
        {HTTP("pcre:\"/a/UH\";"), "two buffers"},
        {TCP("pcre:\"/a/k\";"), "flag k is not known"},
        {TCP("pcre:\"a\";"), "is expected"},
        {TCP("pcre:\"/a(/\";"), "offset"},
        {TCP("pcre:\"/a\";"), "cannot be read"},
        {TCP("pcre:\"/(*UTF)a/\";"), "offset"},
        {TCP("pcre:\"/a/, flow:one\";"), "more captures than brackets"},
        {TCP("pcre:\"/(a)(b)/, flow:one, two\";"), "begins with"},
    };
    TRY(rows);
}

static void byte_rows(void **state)
{
    static const struct row rows[] = {
        {TCP("byte_test:4,>,36,0,relative,little;"), ""},
        {TCP("byte_test:2,!&,0x80,0,bitmask 0xf0;"), ""},
        {TCP("byte_test:0,<,100,0,string,dec;"), ""},
        {TCP("byte_test:4,!,7,0;"), ""},
        {TCP("byte_test:9,>,36,0;"), "at most 8 bytes"},
        {TCP("byte_test:0,>,36,0;"), "no byte"},
        {TCP("byte_test:4,~,36,0;"), "operator"},
        {TCP("byte_test:4,>,36;"), "is expected"},
        {TCP("byte_test:4,>,36,0,dec;"), "go with string"},
        {TCP("byte_test:4,>,size,0;"), "not filled before"},
        {TCP("byte_test:4,>,5,0,sideways;"), "\"sideways\" is not known"},
        {TCP("byte_jump:4,-10,relative,little,align,multiplier 2,from_beginning,post_offset -4;"),
         ""},
        {TCP("byte_jump:0,0,from_end,post_offset -8;"), ""},
        {TCP("byte_jump:4,0,from_end,from_beginning;"), "exclude"},
        {TCP("byte_jump:4;"), "is expected"},
        {TCP("byte_jump:4,0,multiplier 0;"), "multiplier is 0"},
        {TCP("byte_extract:2,0,size,relative,multiplier 2,align 4; content:\"a\"; within:size; "
             "isdataat:size,relative;"),
         ""},
        {TCP("byte_extract:2,0,9size;"), "not a usable name"},
        {TCP("byte_extract:2,0,size,align 3;"), "align is 2 or 4"},
        {TCP("byte_extract:2,0,a; byte_math:bytes a, offset 1, oper <<, rvalue a, result b, "
             "relative, endian little; "
             "byte_test:1,=,b,0;"),
         ""},
        {TCP("byte_math:bytes 4, offset 0, oper /, rvalue 0, result x;"), "division by 0"},
        {TCP("byte_math:bytes 4, offset 0, oper %, rvalue 2, result x;"), "oper is one of"},
        {TCP("byte_math:bytes 4, offset 0, oper +, rvalue 2;"), "result is missing"},
        {TCP("base64_decode:bytes 300, offset 2, relative; base64_data; content:\"a\";"), ""},
        {TCP("base64_decode; base64_data; content:\"a\";"), ""},
        {TCP("base64_decode:lines 3;"), "only bytes, offset"},
        {TCP("base64_data; content:\"a\";"), "base64_decode is missing"},
    };
    TRY(rows);
}

static void packet_rows(void **state)
{
    static const struct row rows[] = {
        {TCP("dsize:>10; ttl:<5; tos:!8; id:7; window:55808; seq:0; ack:0; tcp.mss:10-20;"), ""},
        {TCP("dsize:8<>20; flags:S,12; fragbits:!MD; fragoffset:>0; ipopts:lsrr; sameip;"), ""},
        {TCP("flags:+SA; flags:SA*; flags:!F; flags:0;"), ""},
        {"alert icmp any any -> any any (itype:7<>20; icode:>0; icmp_id:0; icmp_seq:9; sid:1;)",
         ""},
        {"alert ip any any -> any any (ip_proto:!PIM; ipv4-csum:invalid; sid:1;)", ""},
        {TCP("stream_size:server,<,1111; stream_size:either,>=,4;"), ""},
        {TCP("flow.age:>20; flow.pkts:toclient,3; flow.bytes_toserver:<2kb; vlan.id:200,1; "
             "vlan.layers:!1;"),
         ""},
        {TCP("tcp.hdr; content:\"|02 04|\"; offset:20; byte_test:2,<,536,0,big,relative;"), ""},
        {"alert pkthdr any any -> any any (decode-event:known_event; sid:1;)", ""},
        {"alert tcp any any -> any any (stream-event:known_event; sid:1;)", ""},
        {"alert pkthdr any any -> any any (content:\"a\"; sid:1;)", "no payload"},
        {"alert pkthdr any any -> any any (decode-event:strange; sid:1;)",
         "event strange is not supported"},
        {TCP("dsize:70000;"), "too large"},
        {TCP("dsize:many;"), "not a number"},
        {TCP("dsize;"), "value is missing"},
        {TCP("ttl:5-6;"), "nothing lies between"},
        {TCP("flags:SX;"), "flag X is not known"},
        {TCP("flags:S,Q;"), "ignored is not known"},
        {TCP("fragbits:S;"), "flag S is not known"},
        {TCP("ipopts:sideways;"), "not known"},
        {TCP("sameip:1;"), "takes no value"},
        {TCP("ipv4-csum:maybe;"), "valid or invalid"},
        {TCP("stream_size:middle,<,5;"), "side \"middle\""},
        {TCP("stream_size:server,<;"), "is expected"},
        {TCP("flow.pkts:3;"), "side \"3\""},
        {TCP("geoip:src,RU;"), "no table of addresses and countries"},
        {HTTP("dsize:5; http.uri; content:\"a\";"), "both for a packet"},
    };
    TRY(rows);
}

static void flow_rows(void **state)
{
    static const struct row rows[] = {
        {TCP("flow:established; flow:to_server;"), ""},
        {TCP("flow:to_client; flow:to_server;"), "exclude each other"},
        {TCP("flow:established,to_server,only_stream;"), ""},
        {TCP("flow: from_server , not_established;"), ""},
        {TCP("flow:to_server,to_client;"), "exclude each other"},
        {TCP("flow:to_server,from_client;"), "twice"},
        {TCP("flow:established,stateless;"), "exclude each other"},
        {TCP("flow:sideways;"), "not a word of flow"},
        {TCP("flowbits:set,a; flowbits:isset,b|c; flowbits:isnotset,d; flowbits:toggle,e; "
             "flowbits:noalert;"),
         ""},
        {TCP("flowbits:set,a|b;"), "only isset"},
        {TCP("flowbits:isset;"), "name is missing"},
        {TCP("flowbits:wonder,a;"), "not set, unset"},
        {TCP("flowbits:isset,a b;"), "space"},
        {TCP("flowint:x,+,1; flowint:x,>,5; flowint:x,==,y; flowint:y,notset;"), ""},
        {TCP("flowint:x,%,1;"), "operator"},
        {TCP("flowint:x,+;"), "number is missing"},
        {TCP("flowint:x,isset,1;"), "no number"},
        {TCP("xbits:set,a,track ip_pair,expire 15; xbits:isset,a,track ip_src;"), ""},
        {TCP("xbits:set,a;"), "track ip_src"},
        {TCP("hostbits:set,a,dst,60; hostbits:isset,a;"), ""},
        {TCP("hostbits:set,a,left;"), "src, dst or both"},
    };
    TRY(rows);
}

static void field_rows(void **state)
{
    static const struct row rows[] = {
        {HTTP("content:\"a\"; http_uri; content:\"b\"; distance:0; http_uri;"), ""},
        {HTTP("uricontent:\"a\"; nocase;"), ""},
        {HTTP("http_request_line; content:\"GET\"; http_response_line; content:\"x\";"),
         "other direction"},
        {HTTP("file_data; content:\"x\"; pkt_data; content:\"y\";"), ""},
        {HTTP("http_uri;"), "must follow a content"},
        {HTTP("http.host; content:\"a\"; http_uri;"), "cannot follow a sticky buffer"},
        {"alert dns any any -> any any (dns_query; content:\"a\"; dns.opcode:!0; "
         "dns.rcode:nxdomain; dns.rrtype:AAAA; sid:1;)",
         ""},
        {"alert dns any any -> any any (dns.rrtype:count; sid:1;)", "not a number"},
        {"alert tls any any -> any any (tls.version:1.2; tls.subject:\"CN=a\"; tls_cert_issuer; "
         "content:\"b\"; sid:1;)",
         ""},
        {"alert tls any any -> any any (ja3_hash; content:\"e7d705a3286e19ea42f587b344ee6865\"; "
         "sid:1;)",
         ""},
        {"alert tls any any -> any any (ssl_version:tls1.0,tls1.1; sid:1;)", ""},
        {"alert tls any any -> any any (ssl_version:!tls1.3,!tls1.2; sid:1;)", ""},
        {"alert tls any any -> any any (ssl_version:tls1.3,!tls1.2; sid:1;)", "as a whole"},
        {"alert tls any any -> any any (ssl_version:tls1.3,tls9; sid:1;)", "not a number"},
        {"alert tls any any -> any any (tls.version:9.9; sid:1;)", "not a number"},
        {"alert tls any any -> any any (tls.sni; bsize:5; dotprefix; content:\".a\"; sid:1;)", ""},
        {"alert tls any any -> any any (dns.query; content:\"a\"; sid:1;)", "does not go with"},
        {HTTP("http.uri:\"a\";"), "takes no value"},
        {"alert krb5 any any -> any any (krb5.ticket_encryption:weak; sid:1;)", ""},
        {"alert krb5 any any -> any any (krb5.ticket_encryption:RC4, -133 17; sid:1;)", ""},
        {"alert krb5 any any -> any any (krb5.ticket_encryption:weakish; sid:1;)", "not a number"},
        {"alert krb5 any any -> any any (krb5.ticket_encryption:, ; sid:1;)", "is missing"},
        {"alert ldap any any -> any any (ldap.responses.operation:bind_response,all; sid:1;)", ""},
        {"alert ldap any any -> any any (ldap.responses.operation:>3 , any; sid:1;)", ""},
        {"alert ldap any any -> any any (ldap.responses.operation:!1,-1; sid:1;)", ""},
        {"alert ldap any any -> any any (ldap.responses.operation:1,some; sid:1;)", "not a number"},
        {"alert ldap any any -> any any (ldap.responses.operation:1,9999999999; sid:1;)",
         "is outside"},
        {"alert enip any any -> any any (cip_service:14; sid:1;)", ""},
        {"alert enip any any -> any any (cip_service:14, 1, 7; sid:1;)", ""},
        {"alert enip any any -> any any (cip_service:14,1,7,2; sid:1;)",
         "a class and an attribute"},
        {"alert enip any any -> any any (cip_service:128; sid:1;)", "too large"},
        {"alert dnp3 any any -> any any (dnp3_ind:need_time, restart; sid:1;)", ""},
        {"alert dnp3 any any -> any any (dnp3.ind:0x8000,need_time; sid:1;)", ""},
        {"alert dnp3 any any -> any any (dnp3_ind:>4; sid:1;)", "names of bits"},
        {"alert dnp3 any any -> any any (dnp3_ind:lost; sid:1;)", "not a number"},
        {"alert dnp3 any any -> any any (dnp3_obj:60,2; sid:1;)", ""},
        {"alert dnp3 any any -> any any (dnp3_obj:60; sid:1;)", "a group and a variation"},
        {"alert dnp3 any any -> any any (dnp3_obj:256,2; sid:1;)", "too large"},
        {"alert ldap any any -> any any (ldap.responses.operation:,all; sid:1;)", "not a number"},
        {HTTP("filename:\"a\"; fileext:!\"PDF\"; filesize:>1mb;"), ""},
        {HTTP("filemd5:no_such_list;"), "no_such_list"},
        {HTTP("filemagic:\"PDF\";"), "words of libmagic"},
        {HTTP("filemagic:\"PDF;"), "quotation"},
        {HTTP("filestore; filestore:both,flow;"), "twice"},
        {HTTP("filestore:response,tx;"), ""},
        {HTTP("filestore:sideways;"), "is expected"},
        {"alert dns any any -> any any (filestore; sid:1;)", "does not go with"},
        {HTTP("app-layer-event:http.known_event;"), ""},
        {"alert tls any any -> any any (app-layer-event:http.known_event; sid:1;)",
         "does not go with"},
        {HTTP("app-layer-event:http.unknown_event;"), "event http.unknown_event"},
        {TCP("app-layer-protocol:!tls,final; app-layer-protocol:failed;"), ""},
        {TCP("app-layer-protocol:nonsense;"), "protocol \"nonsense\""},
        {TCP("app-layer-protocol:tls,sideways;"), "mode"},
        {TCP("requires:version >= 7.0.3 | >= 8, feature ja4, keyword dns.query;"), ""},
        {TCP("requires:version >= 8.0.5;"), ""},
        {TCP("requires:version < 8.0.8;"), "it requires version < 8.0.8"},
        {TCP("requires:version >= 8.0.9;"), "it requires version >= 8.0.9"},
        {TCP("requires:version >= 9;"), "it requires version >= 9"},
        {TCP("requires:keyword foo.bar;"), "it requires keyword foo.bar"},
    };
    TRY(rows);
}

static void transform_rows(void **state)
{
    static const struct row rows[] = {
        {HTTP("http.uri; to_lowercase; url_decode; strip_whitespace; content:\"a\";"), ""},
        {HTTP("http.uri; xor:\"0d0ac8ff\"; content:\"a\";"), ""},
        {HTTP("http.uri; xor:\"0d0\"; content:\"a\";"), "hexadecimal"},
        {HTTP("http.uri; pcrexform:\"[a-z]+ (.*)\"; content:\"a\";"), ""},
        {HTTP("http.uri; pcrexform:\"[a-z]+\"; content:\"a\";"), "one capture"},
        {HTTP("http.uri; pcrexform:\"(\"; content:\"a\";"), "cannot be compiled"},
        {HTTP("http.uri; from_base64: bytes 6, offset 6, mode rfc2045; content:\"a\";"), ""},
        {HTTP("http.uri; from_base64: mode rot13; content:\"a\";"), "mode is"},
        {HTTP("http.uri; gunzip:max-size 8192; content:\"a\";"), ""},
        {HTTP("http.uri; gunzip:max-size 9gb; content:\"a\";"), "too large"},
        {HTTP("http.uri; content:\"a\"; to_md5; content:\"b\";"), ""},
        {HTTP("to_md5; content:\"b\";"), "must follow a sticky buffer"},
        {HTTP("http.uri; tld; tld; tld; tld; tld; tld; tld; tld; tld; content:\"b\";"),
         "more than 8"},
        {HTTP("file.data; entropy:bytes 100, value >= 7.5;"), ""},
        {HTTP("file.data; entropy:4.5-5.5;"), ""},
        {HTTP("file.data; entropy:value 9;"), "0.0 to 8.0"},
        {HTTP("http.uri; dataset:isset,seen,type string,load seen.lst;"), ""},
        {HTTP("http.uri; dataset:set,seen,type colour;"), "type is"},
        {HTTP("http.uri; dataset:look,seen;"), "is expected"},
        {HTTP("dataset:isset,seen,type string;"), "sticky buffer"},
        {HTTP("http.uri; datarep:rep,>,200,load a.rep,type string;"), ""},
        {HTTP("http.uri; datarep:rep,~,200;"), "operator"},
        {HTTP("http.uri; dataset:isset,a,type string; http.host; dataset:isset,a,type md5;"),
         "another type"},
    };
    TRY(rows);
}

static void threshold_rows(void **state)
{
    static const struct row rows[] = {
        {TCP("threshold:type limit, track by_src, count 1, seconds 60;"), ""},
        {TCP("threshold: type both,track by_rule,seconds 600,count 10;"), ""},
        {TCP("threshold:type backoff, track by_flow, count 1, multiplier 10;"), ""},
        {TCP("detection_filter:track by_dst, count 4, seconds 20;"), ""},
        {TCP("threshold:type limit, track by_src, count 1;"), "is missing"},
        {TCP("threshold:type often, track by_src, count 1, seconds 60;"), "type is"},
        {TCP("threshold:type limit, track by_moon, count 1, seconds 60;"), "track is"},
        {TCP("threshold:type limit, track by_src, count 0, seconds 60;"), "count is 0"},
        {TCP("threshold:type limit, track by_src, count 1, count 1, seconds 60;"), "twice"},
        {TCP("threshold:type limit, track by_src, count 1, seconds 60; detection_filter:track "
             "by_src,count 1,seconds 1;"),
         "once"},
        {TCP("tag:session,5,packets; target:dest_ip; priority:1; metadata:a b, c d; "
             "reference:cve,2014-0160;"),
         ""},
        {TCP("tag:host,300,seconds,dst;"), ""},
        {TCP("tag:moon;"), "session or host"},
        {TCP("tag:host,3,moons;"), "unit is"},
        {TCP("target:moon;"), "src_ip or dest_ip"},
        {TCP("priority:0;"), "1 to 255"},
        {TCP("reference:cve;"), "is expected"},
        {TCP("msg:\"a\"; msg:\"b\";"), "twice"},
        {TCP("rev:2; rev:3;"), "twice"},
    };
    TRY(rows);
}

/* ---- facts ---- */

static const struct rule *rule_of(const struct rule_set *s, uint32_t sid)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (s->rules[i]->sid == sid)
            return s->rules[i];
    fail_msg("rule %u is not there", sid);
    return NULL;
}

static void contents_are_read_to_the_byte(void **state)
{
    struct rule_set *s =
        load("alert tcp any any -> any any (content:\"Ab|3B 0a0D|\\\"|7c|\"; nocase; offset:3; "
             "depth:20; "
             "content:!\"x\"; distance:-2; within:5; sid:7; rev:3; msg:\"a\\;b\\\"\";)");
    const struct rule *r = rule_of(s, 7);
    const struct rule_item *i = r->buffers->items;
    assert_int_equal(r->buffers->buffer, RULE_BUFFER_PAYLOAD);
    assert_true(str_eq(i->content.bytes, str_of("ab;\n\r\"|", 7)));
    assert_true(i->content.nocase && i->content.has_offset && i->content.has_depth &&
                !i->content.relative);
    assert_int_equal(i->content.offset.number, 3);
    assert_int_equal(i->content.offset.variable, -1);
    assert_int_equal(i->content.depth.number, 20);
    assert_ptr_equal(r->buffers->fast, i);
    i = i->next;
    assert_true(i->content.negated && i->content.relative);
    assert_int_equal(i->content.distance.number, -2);
    assert_int_equal(i->content.within.number, 5);
    assert_string_equal(r->message, "a;b\"");
    assert_int_equal(r->rev, 3);
    assert_true(r->anchored);
    assert_int_equal(r->payload, RULE_PAYLOAD_BOTH);
    assert_int_equal(r->dirs, DIR_BOTH);
    rule_set_free(s);
}

static void a_buffer_is_gone_on_with_and_a_multi_buffer_begins_anew(void **state)
{
    struct rule_set *s =
        load("alert http any any -> any any (http.uri; content:\"a\"; http.host; "
             "content:\"longest\"; http.uri; content:\"b\"; "
             "distance:0; sid:1;)\n"
             "alert dns any any -> any any (dns.query; content:\"a\"; dns.query; content:\"b\"; "
             "sid:2;)\n"
             "alert http any any -> any any (content:\"a\"; http_uri; content:\"b\"; "
             "content:\"c\"; http_uri; pcre:\"/d/RU\"; sid:3;)\n"
             "alert dns any any -> any any (dns.query; dotprefix; content:\".a\"; sid:4;)");
    const struct rule *r = rule_of(s, 1);
    assert_int_equal(r->buffers->buffer, field_find(&fields, STR_LIT("http.uri")));
    assert_non_null(r->buffers->items->next);
    assert_null(r->buffers->next->next);
    assert_null(r->buffers->fast);
    assert_ptr_equal(r->buffers->next->fast, r->buffers->next->items);
    assert_true(r->is_stateful_tx);
    assert_int_equal(r->dirs, DIR_BIT(DIR_TOSERVER));
    r = rule_of(s, 2);
    assert_non_null(r->buffers->next);
    assert_null(r->buffers->items->next);
    r = rule_of(s, 3);
    assert_int_equal(r->buffers->next->buffer, RULE_BUFFER_PAYLOAD);
    assert_int_equal(r->buffers->items->next->next->kind, RULE_PCRE);
    assert_true(r->buffers->items->next->next->pcre.relative);
    assert_null(r->buffers->next->next);
    r = rule_of(s, 4);
    assert_int_equal(r->buffers->transform_count, 1);
    assert_int_equal(r->buffers->transforms[0].kind, RULE_DOTPREFIX);
    rule_set_free(s);
}

static void numbers_follow_the_grammar(void **state)
{
    static const struct {
        const char *text;
        struct rule_number want;
    } rows[] = {
        {"19", {RULE_EQ, 19, 0}},
        {"=0x13", {RULE_EQ, 19, 0}},
        {"!0x14", {RULE_NE, 20, 0}},
        {"!=20", {RULE_NE, 20, 0}},
        {">21", {RULE_GT, 21, 0}},
        {">=21", {RULE_GE, 21, 0}},
        {"< 22", {RULE_LT, 22, 0}},
        {"<=22", {RULE_LE, 22, 0}},
        {"19-22", {RULE_IN, 20, 21}},
        {"19<>22", {RULE_IN, 20, 21}},
        {"!19-22", {RULE_NOT_IN, 20, 21}},
        {"&0xc0=0x80", {RULE_MASK_SET, 0xc0, 0x80}},
        {"&0xc0!=0", {RULE_MASK_NOT_SET, 0xc0, 0}},
        {"2kb", {RULE_EQ, 2048, 0}},
        {">1 MiB", {RULE_GT, 1048576, 0}},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char text[200];
        snprintf(text, sizeof text, "alert http any any -> any any (filesize:%s; sid:1;)",
                 rows[i].text);
        struct rule_set *s = load(text);
        const struct rule_number *n = &rule_of(s, 1)->checks->number;
        if (n->compare != rows[i].want.compare || n->a != rows[i].want.a || n->b != rows[i].want.b)
            fail_msg("%s: %d %llu %llu", rows[i].text, n->compare, (unsigned long long)n->a,
                     (unsigned long long)n->b);
        rule_set_free(s);
    }
    static const struct row bad[] = {
        {HTTP("filesize:19-20;"), "nothing lies"},
        {HTTP("filesize:20-19;"), "nothing lies"},
        {HTTP("filesize:&0xc0=2;"), "bits"},
        {HTTP("filesize:&5;"), "compared"},
        {HTTP("filesize:>5-9;"), "range"},
        {HTTP("filesize:0x;"), "not a number"},
        {HTTP("filesize:99999999999999999999;"), "not a number"},
        {HTTP("filesize:17179869184gb;"), "not a number"},
    };
    TRY(bad);
}

static const char *addresses_text(const struct rule_addresses *a, char *out, size_t size)
{
    size_t len = 0;
    out[0] = 0;
    for (uint32_t i = 0; i < a->count; i++) {
        char first[IP_TEXT_BYTES], last[IP_TEXT_BYTES];
        ip_format(&a->ranges[i].first, first);
        ip_format(&a->ranges[i].last, last);
        len += (size_t)snprintf(out + len, size - len, "%s%s-%s", i ? " " : "", first, last);
    }
    return out;
}

static void addresses_are_sets(void **state)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"10.0.0.5", "10.0.0.5-10.0.0.5"},
        {"10.0.0.0/30", "10.0.0.0-10.0.0.3"},
        {"10.0.0.0/255.255.255.252", "10.0.0.0-10.0.0.3"},
        {"[10.0.0.0/30,!10.0.0.2]", "10.0.0.0-10.0.0.1 10.0.0.3-10.0.0.3"},
        {"[10.0.0.0/31,10.0.0.2/31]", "10.0.0.0-10.0.0.3"},
        {"!10.0.0.0/8", "0.0.0.0-9.255.255.255 11.0.0.0-255.255.255.255 "
                        "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
        {"![128.0.0.0/1,!255.255.255.255]",
         "0.0.0.0-127.255.255.255 255.255.255.255-255.255.255.255 "
         "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
        {"[10.0.0.1-10.0.0.9,![10.0.0.2,10.0.0.3]]", "10.0.0.1-10.0.0.1 10.0.0.4-10.0.0.9"},
        {"[$EXTERNAL_NET,!0.0.0.0/0,!8000::/1,!4000::/2,!::/3]",
         "2000::-3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
        {"[::/0,!::1]", "::-:: ::2-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char text[300], got[600];
        snprintf(text, sizeof text, "alert tcp %s any -> any any (sid:1;)", rows[i].text);
        struct rule_set *s = load(text);
        assert_string_equal(addresses_text(rule_of(s, 1)->src, got, sizeof got), rows[i].want);
        rule_set_free(s);
    }
}

/* Random lists of networks against a naive look-up of single addresses. */
static void address_lists_agree_with_a_naive_model(void **state)
{
    unsigned seed = (unsigned)time(NULL);
    for (int round = 0; round < 200; round++) {
        char list[600] = "[", text[700];
        bool plain[64] = {false}, negated[64] = {false}, any_plain = false;
        for (int k = 0; k < 6; k++) {
            unsigned bits = 26 + (unsigned)rand_r(&seed) % 7, first = (unsigned)rand_r(&seed) % 64;
            bool no = k && rand_r(&seed) % 3 == 0;
            unsigned size = 1u << (32 - bits), start = first / size * size;
            for (unsigned a = start; a < start + size; a++)
                *(no ? &negated[a] : &plain[a]) = true;
            any_plain |= !no;
            snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s10.0.0.%u/%u",
                     k ? "," : "", no ? "!" : "", start, bits);
        }
        snprintf(text, sizeof text, "alert tcp %s] any -> any any (sid:1;)", list);
        struct rule_set *s = load(text);
        uint32_t expected = 0;
        for (unsigned a = 0; a < 64; a++)
            expected += plain[a] && !negated[a];
        assert_true(any_plain);
        if ((s->count == 0) != (expected == 0))
            fail_msg("%s (seed %u)", list, seed);
        for (unsigned a = 0; s->count && a < 64; a++) {
            struct ip ip = {4, {10, 0, 0, (uint8_t)a}};
            const struct rule_addresses *set = s->rules[0]->src;
            bool found = false;
            for (uint32_t i = 0; i < set->count; i++)
                found |= ip_cmp(&set->ranges[i].first, &ip) <= 0 &&
                         ip_cmp(&ip, &set->ranges[i].last) <= 0;
            if (found != (plain[a] && !negated[a]))
                fail_msg("%s: 10.0.0.%u (seed %u)", list, a, seed);
        }
        rule_set_free(s);
    }
}

static void ports_are_sets_and_equal_sets_are_one(void **state)
{
    struct rule_set *s =
        load("alert tcp any [1:80,![2,4]] -> any !80 (sid:1;)\n"
             "alert tcp any [1,3,5:80] -> any [0:79,81:] (sid:2;)\n"
             "alert tcp [10.0.0.0/9,10.128.0.0/9] $HTTP_PORTS -> 10.0.0.0/8 80 (sid:3;)");
    const struct rule *one = rule_of(s, 1), *two = rule_of(s, 2), *three = rule_of(s, 3);
    assert_int_equal(one->src_ports->count, 3);
    assert_int_equal(one->src_ports->ranges[2].first, 5);
    assert_int_equal(one->src_ports->ranges[2].last, 80);
    assert_ptr_equal(one->src_ports, two->src_ports);
    assert_ptr_equal(one->dst_ports, two->dst_ports);
    assert_ptr_equal(three->src, three->dst);
    assert_ptr_equal(three->src_ports, three->dst_ports);
    assert_true(one->src->any && !three->src->any && !one->dst_ports->any);
    assert_int_equal(s->address_set_count, 2);
    rule_set_free(s);
}

static void variables_come_from_conf(void **state)
{
    struct err err;
    struct conf *conf = conf_new();
    assert_int_equal(
        conf_parse(
            conf,
            STR_LIT(
                "vars:\n  address-groups:\n    HOME_NET: \"[10.1.0.0/16]\"\n    MINE: $HOME_NET\n"
                "    LOOP: $LOOP\n    PAIR: [10.9.0.1, 10.9.0.2]\n  port-groups:\n    ODD: "
                "\"[1,3]\"\n    ROUND: \"$ROUND\"\n"
                "action-order:\n - alert\n - drop\n"),
            "conf", &err),
        0);
    struct rule_set *s = load_with(conf, "drop tcp $MINE $ODD -> $EXTERNAL_NET any (sid:1;)\n"
                                         "alert tcp any any -> any any (sid:2;)\n"
                                         "pass tcp any any -> any any (sid:3;)\n"
                                         "alert tcp $LOOP any -> any any (sid:4;)\n"
                                         "alert tcp any $ROUND -> any any (sid:5;)\n"
                                         "alert tcp $PAIR any -> any any (sid:6;)\n");
    char text[100];
    assert_string_equal(addresses_text(rule_of(s, 1)->src, text, sizeof text),
                        "10.1.0.0-10.1.255.255");
    assert_string_equal(addresses_text(rule_of(s, 6)->src, text, sizeof text), "10.9.0.1-10.9.0.2");
    assert_int_equal(rule_of(s, 1)->src_ports->count, 2);
    assert_int_equal(s->rules[0]->sid, 2);
    assert_int_equal(s->rules[2]->sid, 1);
    assert_int_equal(s->rules[3]->sid, 3);
    assert_int_equal(s->refused_count, 2);
    assert_non_null(strstr(s->refused[0].reason, "contains itself"));
    assert_non_null(strstr(s->refused[1].reason, "contains itself"));
    rule_set_free(s);
    conf_free(conf);
}

static void lines_are_joined_counted_and_doubled_sids_resolved(void **state)
{
    struct rule_set *s = load(
        "# a comment\r\n"
        "#alert tcp any any -> any any (msg:\"off\"; sid:5;)\r\n"
        "alert tcp any any -> any any \\\r\n  (msg:\"two \\\n lines\"; \\\n sid:1; rev:2;)\r\n\r\n"
        "alert tcp any any -> any any (msg:\"newer\"; sid:1; rev:3;)\n"
        "alert tcp any any -> any any (msg:\"older\"; sid:1; rev:1;)\n"
        "alert tcp any any -> any any (msg:\"other generator\"; sid:1; gid:2;)\n"
        "garbage sid:77; here\n"
        "alert tcp any any -> any any (sid:9;) \\");
    assert_int_equal(s->count, 3);
    assert_int_equal(s->counts.duplicates, 2);
    assert_int_equal(s->counts.disabled_lines, 1);
    assert_int_equal(s->counts.refused, 1);
    assert_int_equal(s->counts.active, 3);
    assert_int_equal(s->refused[0].sid, 77);
    assert_int_equal(s->refused[0].line, 11);
    assert_string_equal(s->refused[0].file, "test.rules");
    assert_string_equal(rule_of(s, 1)->message, "newer");
    assert_int_equal(rule_of(s, 1)->line, 8);
    rule_set_free(s);
}

static void words_about_a_rule_are_kept(void **state)
{
    struct rule_set *s =
        load("alert tcp any any -> any any (msg:\"m\"; classtype:trojan-activity; "
             "reference:url,example.com/a; "
             "reference:CVE,2014-0160; metadata:created_at 2020_01_01, tag A b; target:src_ip; "
             "tag:session,5,packets; sid:1;)\n"
             "alert tcp any any -> any any (priority:4; classtype:trojan-activity; sid:2;)\n"
             "alert tcp any any -> any any (classtype:our-own; sid:3;)\n");
    const struct rule *r = rule_of(s, 1);
    assert_string_equal(r->class_name, "trojan-activity");
    assert_string_equal(r->class_text, "A Network Trojan was detected");
    assert_int_equal(r->priority, 1);
    assert_string_equal(r->references[0].value, "https://example.com/a");
    assert_non_null(strstr(r->references[1].value, "2014-0160"));
    assert_int_equal(r->metadata_count, 2);
    assert_string_equal(r->metadata[1].key, "tag");
    assert_string_equal(r->metadata[1].value, "A b");
    assert_int_equal(r->target, RULE_TARGET_SRC);
    assert_int_equal(r->tag.number, 5);
    assert_int_equal(rule_of(s, 2)->priority, 4);
    assert_string_equal(rule_of(s, 3)->class_name, "our-own");
    assert_int_equal(rule_of(s, 3)->priority, 3);
    rule_set_free(s);
}

static void thresholds_are_laid_on(void **state)
{
    struct err err;
    struct rule_loader *l = rule_loader_new(&names, NULL, &err);
    assert_int_equal(rule_load_text(l,
                                    STR_LIT("alert tcp any any -> any any (sid:1;)\nalert tcp any "
                                            "any -> any any (threshold:type limit,"
                                            "track by_src,count 1,seconds 9; sid:2;)\nalert tcp "
                                            "any any -> any any (gid:3; sid:3;)"),
                                    "r", &err),
                     0);
    assert_int_equal(
        rule_load_thresholds(
            l,
            STR_LIT(
                "# comment\n"
                "event_filter gen_id 1, sig_id 0, type limit, track by_src, count 5, seconds 60\n"
                "suppress gen_id 1, sig_id 2, track by_either, ip [10.0.0.0/8,192.0.2.1]\n"
                "suppress gen_id 3, \\\n sig_id 3\n"
                "rate_filter gen_id 1, sig_id 1, track by_dst, count 9, seconds 2, new_action "
                "drop, timeout 30\n"
                "suppress gen_id 1, sig_id 99\n"
                "rate_filter gen_id 1, sig_id 1, track by_dst\n"
                "wonder gen_id 1, sig_id 1\n"
                "suppress gen_id 0, sig_id 1\n"),
            "threshold.config", &err),
        0);
    struct rule_set *s = rule_loader_take(l);
    rule_loader_free(l);
    const struct rule_threshold *t = rule_of(s, 1)->thresholds;
    assert_int_equal(t->kind, RULE_THRESHOLD_LIMIT); /* so the rate_filter has nothing to say */
    assert_int_equal(t->count, 5);
    assert_null(t->next);
    t = rule_of(s, 2)->thresholds;
    assert_int_equal(t->kind, RULE_SUPPRESS);
    assert_int_equal(t->track, RULE_TRACK_EITHER);
    assert_int_equal(t->addresses->count, 2);
    assert_int_equal(t->next->count, 1);
    assert_null(t->next->next);
    t = rule_of(s, 3)->thresholds;
    assert_int_equal(t->kind, RULE_SUPPRESS);
    assert_null(t->addresses);
    assert_int_equal(s->refused_count, 4);
    assert_int_equal(s->counts.refused, 0);
    rule_set_free(s);
}

static const struct {
    const char *name, *options, *lines;
    enum rule_threshold_kind want[3]; /* in the order they are asked */
    uint32_t count;                   /* of the last one */
} laid_rows[] = {
    {"its own",
     "threshold:type limit,track by_src,count 7,seconds 9;",
     "",
     {RULE_THRESHOLD_LIMIT},
     7},
    {"named by a line",
     "threshold:type limit,track by_src,count 7,seconds 9;",
     "threshold gen_id 1, sig_id 1, type both, track by_dst, count 3, seconds 8\n",
     {RULE_THRESHOLD_BOTH},
     3},
    {"a line for all goes behind its own",
     "detection_filter:track by_src,count 7,seconds 9;",
     "threshold gen_id 1, sig_id 0, type both, track by_dst, count 3, seconds 8\n",
     {RULE_DETECTION_FILTER},
     7},
    {"the last of two lines",
     "",
     "threshold gen_id 1, sig_id 0, type both, track by_dst, count 3, seconds 8\n"
     "threshold gen_id 1, sig_id 1, type limit, track by_dst, count 4, seconds 8\n",
     {RULE_THRESHOLD_LIMIT},
     4},
    {"the first of two rate filters, behind a suppression",
     "",
     "rate_filter gen_id 1, sig_id 1, track by_src, count 5, seconds 2, new_action drop, timeout "
     "3\n"
     "rate_filter gen_id 1, sig_id 1, track by_src, count 6, seconds 2, new_action pass, timeout "
     "3\n"
     "suppress gen_id 1, sig_id 1, track by_src, ip 192.0.2.1\n",
     {RULE_SUPPRESS, RULE_RATE_FILTER},
     5},
    {"a threshold goes before a rate filter",
     "",
     "rate_filter gen_id 1, sig_id 0, track by_src, count 5, seconds 2, new_action drop, timeout "
     "3\n"
     "event_filter gen_id 0, sig_id 0, type limit, track by_src, count 6, seconds 2\n",
     {RULE_THRESHOLD_LIMIT},
     6},
};

static void one_threshold_counts(void **state)
{
    for (size_t i = 0; i < ARRAY_COUNT(laid_rows); i++) {
        struct err err;
        char text[256];
        struct rule_loader *l = rule_loader_new(&names, NULL, &err);
        snprintf(text, sizeof(text), "alert tcp any any -> any any (%s sid:1;)",
                 laid_rows[i].options);
        print_message("# %s\n", laid_rows[i].name);
        assert_int_equal(rule_load_text(l, str_c(text), "r", &err), 0);
        assert_int_equal(rule_load_thresholds(l, str_c(laid_rows[i].lines), "t", &err), 0);
        struct rule_set *s = rule_loader_take(l);
        rule_loader_free(l);
        const struct rule_threshold *t = rule_of(s, 1)->thresholds;
        for (size_t k = 0; laid_rows[i].want[k]; k++, t = t->next) {
            assert_non_null(t);
            assert_int_equal(t->kind, laid_rows[i].want[k]);
            if (!laid_rows[i].want[k + 1])
                assert_int_equal(t->count, laid_rows[i].count);
        }
        assert_null(t);
        rule_set_free(s);
    }
}

static void classes_and_references_are_read(void **state)
{
    struct err err;
    struct rule_loader *l = rule_loader_new(&names, NULL, &err);
    assert_int_equal(
        rule_load_classifications(l,
                                  STR_LIT("config classification: our-own,Our own "
                                          "words,2\nnonsense\nconfig classification: half\n"),
                                  &err),
        0);
    assert_int_equal(
        rule_load_references(l, STR_LIT("config reference: ours https://example.com/?\n"), &err),
        0);
    assert_int_equal(
        rule_load_text(
            l,
            STR_LIT("alert tcp any any -> any any (classtype:our-own; reference:ours,7; sid:1;)"),
            "r", &err),
        0);
    struct rule_set *s = rule_loader_take(l);
    rule_loader_free(l);
    assert_string_equal(rule_of(s, 1)->class_text, "Our own words");
    assert_int_equal(rule_of(s, 1)->priority, 2);
    assert_string_equal(rule_of(s, 1)->references[0].value, "https://example.com/?7");
    rule_set_free(s);
}

/* No rule, however cut, does anything but become a rule or a refusal. */
static void every_prefix_is_survived(void **state)
{
    static const char text[] = "alert http [$HOME_NET,!10.0.0.1] [80,81:90] -> $EXTERNAL_NET any "
                               "(msg:\"a\\;b\"; flow:to_server; http.uri; content:\"/x|41|\"; "
                               "nocase; byte_test:1,>,2,0,relative; pcre:\"/(a)b/i, flow:x\"; "
                               "flowbits:isset,a|b; xbits:set,c,track ip_src,expire 5; "
                               "threshold:type limit,track by_src,count 1,seconds 5; metadata:a b; "
                               "dataset:isset,d,type string; reference:url,a.b; sid:1; rev:1;)";
    struct err err;
    for (size_t len = 0; len < sizeof text; len++) {
        char *copy = malloc(len + 1);
        memcpy(copy, text, len);
        struct rule_loader *l = rule_loader_new(&names, NULL, &err);
        assert_int_equal(rule_load_text(l, str_of(copy, len), "r", &err), 0);
        struct rule_set *s = rule_loader_take(l);
        assert_non_null(s);
        assert_int_equal(s->count, len == sizeof text - 1);
        rule_loader_free(l);
        rule_set_free(s);
        free(copy);
    }
}

/* The arena is told to refuse after its n-th byte: rules are lost, nothing else. */
static void memory_may_end_anywhere(void **state)
{
    static const char text[] = "alert http any any -> $HOME_NET 80 (msg:\"m\"; http.uri; to_md5; "
                               "content:\"a\"; byte_extract:1,0,v; "
                               "isdataat:v; reference:url,a; metadata:a b; classtype:new; "
                               "flowbits:set,x; fileext:\"a\"; sid:1;)\n";
    struct err err;
    uint32_t failed = 0, loaded = 0;
    for (size_t bytes = 0; bytes < 6000; bytes += 16) {
        struct rule_loader *l = rule_loader_new(&names, NULL, &err);
        assert_non_null(l);
        rule_loader_limit(l, bytes);
        int result = rule_load_text(l, str_c(text), "r", &err);
        struct rule_set *s = result == 0 ? rule_loader_take(l) : NULL;
        failed += !s || s->count == 0;
        loaded += s && s->count == 1;
        rule_loader_free(l);
        rule_set_free(s);
    }
    assert_true(failed > 10 && loaded > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_rows),
        cmocka_unit_test(content_rows),
        cmocka_unit_test(pcre_rows),
        cmocka_unit_test(byte_rows),
        cmocka_unit_test(packet_rows),
        cmocka_unit_test(flow_rows),
        cmocka_unit_test(field_rows),
        cmocka_unit_test(transform_rows),
        cmocka_unit_test(threshold_rows),
        cmocka_unit_test(contents_are_read_to_the_byte),
        cmocka_unit_test(a_buffer_is_gone_on_with_and_a_multi_buffer_begins_anew),
        cmocka_unit_test(numbers_follow_the_grammar),
        cmocka_unit_test(addresses_are_sets),
        cmocka_unit_test(address_lists_agree_with_a_naive_model),
        cmocka_unit_test(ports_are_sets_and_equal_sets_are_one),
        cmocka_unit_test(variables_come_from_conf),
        cmocka_unit_test(lines_are_joined_counted_and_doubled_sids_resolved),
        cmocka_unit_test(words_about_a_rule_are_kept),
        cmocka_unit_test(thresholds_are_laid_on),
        cmocka_unit_test(one_threshold_counts),
        cmocka_unit_test(classes_and_references_are_read),
        cmocka_unit_test(every_prefix_is_survived),
        cmocka_unit_test(memory_may_end_anywhere),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
