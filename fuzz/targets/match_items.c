/* Any bytes against a fixed set of rules with every kind of item: as a datagram, as a stream cut in two, as a field and as a
 * growing body. The first byte chooses where things are cut. */
#include "engine/match/double.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char rules[] =
    "alert udp any any -> any any (content:\"ab\"; content:\"cd\"; distance:-3; within:9; "
    "content:!\"x\"; within:4; sid:1;)\n"
    "alert udp any any -> any any (content:\"L\"; byte_extract:1,0,n,relative; content:\"a\"; "
    "offset:n; isdataat:2,relative; sid:2;)\n"
    "alert udp any any -> any any (byte_jump:2,0,relative,little,multiplier 3,align,post_offset "
    "-2; content:\"a\"; within:3; sid:3;)\n"
    "alert udp any any -> any any (byte_test:4,>,1000,-2,relative,string,dec; sid:4;)\n"
    "alert udp any any -> any any (byte_test:8,!&,7,1,bitmask 0xff00; byte_jump:1,0,from_end; "
    "content:\"z\"; distance:-1; sid:5;)\n"
    "alert udp any any -> any any (byte_math:bytes 2,offset 1,oper *,rvalue 3,result m; "
    "content:\"q\"; depth:m; sid:6;)\n"
    "alert udp any any -> any any (pcre:\"/(a+)+b/\"; content:\"c\"; distance:0; "
    "pcre:\"/^d.*?e/R\"; sid:7;)\n"
    "alert udp any any -> any any (content:\"=\"; base64_decode:bytes 40,offset 1,relative; "
    "base64_data; content:\"a\"; pcre:\"/[b-y]/\"; sid:8;)\n"
    "alert udp any any -> any any (content:\"a\"; content:\"a\"; within:90; content:\"a\"; "
    "within:90; content:\"b\"; within:1; sid:9;)\n"
    "alert tcp any any -> any any (content:\"first\"; content:\"second\"; distance:0; sid:20;)\n"
    "alert tcp any any -> any any (pcre:\"/f.r(?=st)/\"; content:\"|00 01|\"; offset:4; depth:60; "
    "sid:21;)\n"
    "alert http any any -> any any (http.uri; url_decode; to_lowercase; strip_whitespace; "
    "content:\"ab\"; sid:40;)\n"
    "alert http any any -> any any (http.uri; from_base64; content:\"a\"; endswith; sid:41;)\n"
    "alert http any any -> any any (http.uri; gunzip; content:\"a\"; sid:42;)\n"
    "alert http any any -> any any (http.uri; domain; content:\".\"; bsize:<9; http.uri; tld; "
    "bsize:2<>5; sid:43;)\n"
    "alert http any any -> any any (http.uri; xor:\"0102\"; pcrexform:\"(.*)x\"; "
    "compress_whitespace; to_md5; content:\"|00|\"; sid:44;)\n"
    "alert http any any -> any any (http.header; header_lowercase; strip_pseudo_headers; "
    "content:\"host\"; sid:45;)\n"
    "alert http any any -> any any (http.request_body; content:\"MZ\"; content:!\"PE\"; "
    "distance:2; file.data; content:\"x\"; nocase; endswith; sid:46;)\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct stage *s;
    if (!s)
        s = stage_new(rules);
    if (size < 1)
        return 0;
    struct str all = str_of(data + 1, size - 1);
    size_t cut = all.len * data[0] / 256;
    stage_header(s, PACKET_L4_UDP, DIR_TOSERVER);
    s->view.stream_accepted = false;
    stage_packet(s, all);
    stage_header(s, PACKET_L4_TCP, DIR_TOSERVER);
    s->view.stream_accepted = true;
    stage_stream(s, str_cut(all, 0, cut), 0, (uint32_t)cut);
    stage_stream(s, all, 0, (uint32_t)(all.len - cut));
    struct double_tx tx = {.uri = all, .header = all, .method = str_cut(all, 0, cut)};
    tx.tx.proto = APP_HTTP1;
    tx.tx.dirs = DIR_BOTH;
    tx.has_body[0] = true;
    tx.body[0] = (struct field_window){str_cut(all, 0, cut), 0, false};
    stage_tx(s, &tx, DIR_TOSERVER, DOUBLE_HEADERS);
    tx.body[0] = (struct field_window){str_from(all, cut / 2), cut / 2, true};
    stage_tx(s, &tx, DIR_TOSERVER, TX_COMPLETE);
    match_tx_fini(&tx.tx, &s->mem);
    match_flow_fini(&s->state, &s->mem);
    if (s->mem.used_bytes)
        abort(); /* something was not given back */
    return 0;
}
