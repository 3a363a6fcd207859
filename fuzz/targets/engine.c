/* The whole engine with a set of rules, as a passive sensor and inline, with much memory and with little: a capture file, or a
 * talk of two hosts whose bytes are put into good frames (so that a changed byte reaches the parsers and not only a wrong
 * checksum).
 *
 * Byte 0: 1 inline; 2 midstream; 4 little memory; 8 one side only; 16 the rest is a capture file (pcap, pcapng).
 * A talk:  byte 1 chooses the server's port; then records: what (1), length (2), the bytes.
 *          what: 1 to the client; 2 the segment is lost; 4 the halves come in the wrong order; 8 time passes;
 *                16 it is sent twice, the second time with other bytes; 32 by UDP; 64 the sender closes.
 *
 * What must hold: a sensor lets everything pass; every event is one well-formed line; what the rules say is carried out only
 * inline; and at the end nothing of the flows is held.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/reader.h"
#include "engine/conversation.h"
#include "engine/packet/made_frame.h"
#include "gateway/pcap/pcap.h"
#include "link/link.h"

#define FRAMES_MAX 2000
#define TALK_BYTES_MAX 16000 /* in one record: a few segments */
#define LINE_BYTES_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TCP "tcp any any -> any any "
#define HTTP "http any any -> any any "
/* Each way of looking once or more; a rule that is refused fails the start. */
static const char rules[] =
    "alert " TCP "(msg:\"a\"; content:\"GET\"; depth:3; sid:1;)\n"
    "drop " TCP
    "(msg:\"b\"; content:\"evil\"; nocase; distance:0; content:\"one\"; within:20; sid:2;)\n"
    "reject " TCP "(msg:\"c\"; pcre:\"/a.{2,8}(b|c)+d/Ri\"; content:\"x\"; sid:3;)\n"
    "alert " TCP "(msg:\"d\"; byte_test:2,>,100,0,relative; content:\"|00 01|\"; sid:4;)\n"
    "alert " TCP
    "(msg:\"e\"; content:\"len\"; byte_jump:1,0,relative; isdataat:2,relative; sid:5;)\n"
    "alert " TCP
    "(msg:\"f\"; content:\"ex\"; byte_extract:1,0,n,relative; content:\"y\"; within:n; sid:6;)\n"
    "alert " TCP
    "(msg:\"g\"; flow:established,to_server; flowbits:set,seen; content:\"USER\"; sid:7;)\n"
    "alert " TCP "(msg:\"h\"; flow:to_client; flowbits:isset,seen; dsize:>10; sid:8;)\n"
    "alert " TCP "(msg:\"i\"; flow:established; stream_size:server,>,50; sid:9;)\n"
    "alert " TCP
    "(msg:\"j\"; flags:S; threshold:type both,track by_src,count 2,seconds 60; sid:10;)\n"
    "pass " TCP "(msg:\"k\"; content:\"let me pass\"; sid:11;)\n"
    "alert tcp any any -> any any (msg:\"l\"; stream-event:pkt_invalid_ack; sid:12;)\n"
    "alert " HTTP "(msg:\"m\"; http.uri; content:\"/adm\"; fast_pattern; pcre:\"/in$/\"; sid:20;)\n"
    "drop " HTTP
    "(msg:\"n\"; http.method; content:\"POST\"; http.request_body; content:\"pass\"; sid:21;)\n"
    "alert " HTTP "(msg:\"o\"; http.header; content:\"X-\"; http.user_agent; bsize:>2; sid:22;)\n"
    "rejectboth " HTTP "(msg:\"p\"; flow:to_client; file.data; content:\"MZ\"; depth:2; sid:23;)\n"
    "alert " HTTP
    "(msg:\"q\"; http.stat_code; content:\"200\"; http.cookie; content:\"a\"; sid:24;)\n"
    "alert " HTTP "(msg:\"r\"; http.host; dotprefix; content:\".example.jp\"; endswith; sid:25;)\n"
    "alert " HTTP "(msg:\"s\"; http.uri.raw; to_lowercase; content:\"%2e\"; sid:26;)\n"
    "alert " HTTP "(msg:\"t\"; http.request_body; from_base64; content:\"a\"; sid:27;)\n"
    "alert " HTTP "(msg:\"u\"; urilen:>20; http.protocol; content:\"1.0\"; sid:28;)\n"
    "alert dns any any -> any any (msg:\"v\"; dns.query; content:\"bad\"; nocase; endswith; "
    "sid:30;)\n"
    "drop dns any any -> any any (msg:\"w\"; dns.query; to_sha256; content:\"|00|\"; sid:31;)\n"
    "alert tls any any -> any any (msg:\"x\"; tls.sni; content:\"evil\"; sid:40;)\n"
    "alert tls any any -> any any (msg:\"y\"; tls.cert_subject; content:\"CN\"; ja3.hash; "
    "content:\"a\"; sid:41;)\n"
    "drop smtp any any -> any any (msg:\"z\"; smtp.mail_from; content:\"@\"; file.data; "
    "content:\"virus\"; sid:50;)\n"
    "alert smtp any any -> any any (msg:\"A\"; smtp.helo; pcre:\"/^[a-z]+$/\"; sid:51;)\n"
    "alert udp any any -> any any (msg:\"B\"; content:\"ping\"; xbits:set,p,track ip_src; "
    "sid:60;)\n"
    "alert udp any any -> any any (msg:\"C\"; xbits:isset,p,track ip_src; content:\"pong\"; "
    "sid:61;)\n"
    "alert icmp any any -> any any (msg:\"D\"; itype:8; sid:62;)\n"
    "alert ip any any -> any any (msg:\"E\"; ttl:<5; sid:63;)\n"
    "alert http any any -> any any (msg:\"F\"; "
    "app-layer-event:http.missing_host_header; sid:64;)\n";

/* Every kind of check, transformation and memory once, without much sense. {head, options} */
static const char *const kinds[][2] = {
    {"http", "http.uri; url_decode; content:\"a b\""},
    {"http", "http.uri; compress_whitespace; strip_whitespace; content:\"ab\""},
    {"http", "http.header; strip_pseudo_headers; header_lowercase; content:\"host\""},
    {"http", "http.uri; to_md5; content:\"|00|\""},
    {"http", "http.uri; to_sha1; content:\"|01|\""},
    {"http", "http.host; domain; content:\"example\""},
    {"http", "http.host; tld; content:\"jp\""},
    {"http", "http.request_body; xor:\"0d0ac8ff\"; content:\"evil\""},
    {"http", "http.uri; pcrexform:\"a=([^&]+)\"; content:\"one\""},
    {"http", "http.uri; to_uppercase; content:\"ADM\"; startswith"},
    {"http", "http.uri; dataset:set,uris,type string,memcap 1mb,hashsize 64"},
    {"http", "http.host; dataset:isset,hosts,type string"},
    {"http", "http.user_agent; dataset:isnotset,agents,type sha256"},
    {"http", "http.request_body; content:\"user=\"; byte_test:2,>,10,0,relative,string,dec"},
    {"http",
     "http.request_body; base64_decode:bytes 20,offset 0,relative; base64_data; content:\"a\""},
    {"http", "http.uri; content:\"x=\"; pcre:\"/^(\\d+)/R\"; flowint:hits,+,1"},
    {"http", "http.uri; content:\"/a\"; flowint:hits,>,2"},
    {"http", "filesize:>3; filename:\"a\""},
    {"http", "fileext:\"exe\""},
    {"http", "file.name; content:\"doc\""},
    {"http",
     "http.request_line; content:\"HTTP\"; http.header_names; content:\"|0d 0a|Host|0d 0a|\""},
    {"http", "http.start; content:\"GET\"; http.content_type; content:\"text\"; http.content_len; "
             "content:\"1\""},
    {"http",
     "http.stat_msg; content:\"OK\"; http.server; content:\"a\"; http.location; content:\"/\""},
    {"http", "http.response_body; content:\"<script\"; nocase; content:!\"nonce\"; within:50"},
    {"tcp", "content:\"a\"; offset:2; depth:9; content:\"b\"; distance:-3; within:10; "
            "isdataat:!5,relative"},
    {"tcp", "content:\"n\"; byte_math:bytes 1,offset 0,oper +,rvalue 3,result m,relative; "
            "byte_test:1,<,m,1,relative"},
    {"tcp", "byte_jump:2,0,little,multiplier 2,align,post_offset -1; content:\"c\"; within:4"},
    {"tcp", "byte_test:4,&,0xff,0,string,hex; content:\"0x\""},
    {"tcp", "byte_test:4,!=,7,0,dce"},
    {"tcp", "ack:0; seq:0; window:100"},
    {"tcp", "flags:PA; dsize:5<>50; tcp.mss:>500"},
    {"tcp", "flow:established,only_stream; content:\"stream only\""},
    {"tcp", "flow:established,no_stream; content:\"packet only\""},
    {"tcp", "detection_filter:track by_dst,count 2,seconds 30; content:\"again\""},
    {"tcp", "threshold:type limit,track by_rule,count 1,seconds 60; content:\"once\""},
    {"tcp", "threshold:type threshold,track by_both,count 3,seconds 60; content:\"e\""},
    {"tcp", "hostbits:set,bad,src,60; content:\"mark\""},
    {"tcp", "hostbits:isset,bad,src; content:\"marked\""},
    {"tcp", "xbits:toggle,t,track ip_pair,expire 10; content:\"toggle\""},
    {"tcp", "flowbits:toggle,fb; content:\"fb\""},
    {"tcp", "flowbits:isnotset,fb|seen; content:\"nofb\"; flow.age:>1"},
    {"tcp", "flow.pkts:toserver,>3; flow.bytes:toclient,>100"},
    {"tcp", "stream_size:both,<,1000; entropy:value > 3"},
    {"tcp", "pcre:\"/(?P<name>[a-z]+)=(\\d+), flow:name, pkt:number/\""},
    {"tcp", "tag:session,5,packets; content:\"tag\""},
    {"ip", "ipopts:rr"},
    {"ip", "ip_proto:47"},
    {"ip", "fragbits:M; fragoffset:>0; id:5"},
    {"ip", "sameip"},
    {"ip", "tos:8; ipv4.hdr; content:\"|45|\"; depth:1"},
    {"ip", "decode-event:ipv4.trunc_pkt"},
    {"ip", "l3_proto:ipv6; ipv6.hdr; content:\"|60|\"; depth:1"},
    {"udp", "udp.hdr; content:\"|00 35|\"; ttl:64"},
    {"icmp", "icode:0; icmp_id:0; icmp_seq:0"},
    {"icmp", "icmpv6.mtu:>1000"},
    {"tcp", "tcp.hdr; content:\"|50|\"; offset:12; depth:1"},
    {"dns", "dns.opcode:0; dns.rrtype:1; dns.query; content:\".jp\""},
    {"dns", "dns.answer.name; content:\"bad\""},
    {"dns", "dns.rcode:3"},
    {"tls", "tls.version:1.2; tls.cert_issuer; content:\"CN\""},
    {"tls", "ssl_state:client_hello; ja4.hash; content:\"t1\""},
    {"tls", "tls.cert_serial; content:\"0\"; tls.cert_fingerprint; content:\"a\""},
    {"tls", "tls.random; content:\"|00|\"; tls.certs; content:\"|30|\""},
    {"smtp", "smtp.rcpt_to; content:\"@\"; email.subject; content:\"x\""},
    {"smtp", "email.from; content:\"a\"; email.url; content:\"http\""},
    {"smtp", "file.data; content:\"MZ\""},
    {"tcp", "app-layer-protocol:!http; content:\"SSH-\""},
};

static const uint16_t ports[] = {80,  25,  53, 443,  587,  8080, 21, 110,
                                 143, 445, 22, 3389, 5060, 1883, 67, 69};

static struct match_image *image;
static struct eve_conf eve;
static struct engine *engine;
static struct buf line;
static int64_t now_us;
static uint64_t frame_number;
static bool enforced;

static void must(bool good)
{
    if (!good)
        abort();
}

static void start(void)
{
    struct err err;
    struct engine_vocabulary *words = engine_vocabulary_new(&err);
    must(words != NULL);
    struct rule_loader *loader = rule_loader_new(engine_vocabulary_names(words), NULL, &err);
    must(loader && rule_load_text(loader, str_c(rules), "fuzz.rules", &err) == 0);
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        char text[400];
        snprintf(text, sizeof text, "alert %s any any -> any any (msg:\"%zu\"; %s; sid:%zu;)",
                 kinds[i][0], i, kinds[i][1], 1000 + i);
        must(rule_load_text(loader, str_c(text), "kinds.rules", &err) == 0);
    }
    struct rule_set *set = rule_loader_take(loader);
    rule_loader_free(loader);
    must(set != NULL);
    for (uint32_t i = 0; i < set->refused_count; i++)
        fprintf(stderr, "sid %u: %s\n", set->refused[i].sid, set->refused[i].reason);
    must(set->refused_count == 0);
    image = match_image_new(set, engine_vocabulary_fields(words), &err);
    must(image != NULL);
    struct eve_conf logs[ENGINE_EVE_MAX];
    must(engine_eve_read(logs, NULL) == 1);
    eve = logs[0];
    eve.payload = eve.payload_printable = eve.packet = eve.rule_text = eve.ether = true;
    eve.community_id = eve.md5 = eve.sha256 = eve.drop_all = true;
    buf_init(&line, LINE_BYTES_MAX);
}

static bool on_wants(void *owner, enum eve_type type, enum app_proto proto)
{
    (void)owner;
    (void)type;
    (void)proto;
    return true;
}

static void on_event(void *owner, const struct eve_event *event)
{
    struct json j;
    struct buf kept;
    struct link_filtered filtered;
    (void)owner;
    buf_reset(&line);
    json_init(&j, &line);
    json_object(&j, NULL);
    eve_write(&eve, event, &j);
    json_end_object(&j);
    if (line.failed || line.len > LINK_LINE_BYTES_MAX)
        return; /* counted as lost where it is written */
    buf_init(&kept, 2 * LINE_BYTES_MAX);
    must(link_allow_filter(buf_str(&line), &kept, &filtered) != LINK_NOT_JSON);
    buf_fini(&kept);
}

static void feed(struct str bytes, uint32_t link)
{
    struct packet_frame frame = {
        .bytes = bytes, .time_us = now_us, .number = ++frame_number, .link = link};
    struct engine_answer answer;
    uint8_t *copy = malloc(bytes.len + !bytes.len); /* ends where the frame ends */
    must(copy != NULL);
    if (bytes.len)
        memcpy(copy, bytes.p, bytes.len);
    frame.bytes = str_of(copy, bytes.len);
    frame.checksum_known_good = true;
    engine_frame(engine, &frame, &answer);
    must(enforced || answer.action == VERDICT_ACCEPT);
    must(answer.action != VERDICT_REJECT || answer.rule);
    must(answer.packet != NULL);
    if (frame_number % 64 == 0)
        engine_tick(engine, now_us);
    free(copy);
}

/* ---- a capture file ---- */

static void play_capture(struct str bytes)
{
    struct pcap_file file;
    struct pcap_frame frame;
    if (pcap_open_bytes(&file, bytes, NULL) < 0)
        return;
    for (int i = 0; i < FRAMES_MAX && pcap_next(&file, &frame); i++) {
        now_us = frame.time_us;
        feed(frame.bytes, frame.link);
    }
}

/* ---- a talk ---- */

struct talk {
    uint16_t port;
    uint32_t next[2]; /* of the client, of the server */
    bool open;
};

static void send_packet(const struct talk *t, int from, uint8_t flags, uint32_t seq,
                        struct str bytes)
{
    static struct made_frame m;
    static const char *const hosts[2] = {"192.168.10.20", "198.51.100.7"};
    struct made_ends ends = {hosts[from], hosts[!from], from ? t->port : 50000,
                             from ? 50000 : t->port};
    struct packet_tcp tcp = {
        .seq = seq, .ack = flags == TCP_SYN ? 0 : t->next[!from], .window = 65535, .flags = flags};
    made_begin(&m, bytes);
    made_tcp(&m, &ends, &tcp, STR_EMPTY);
    made_ip(&m, &ends, 6, STR_EMPTY);
    made_ether(&m, 0x0800);
    feed(made_str(&m), PACKET_LINK_ETHERNET);
}

static void send_datagram(const struct talk *t, int from, struct str bytes)
{
    static struct made_frame m;
    static const char *const hosts[2] = {"2001:db8::20", "2001:db8:1::7"};
    struct made_ends ends = {hosts[from], hosts[!from], from ? t->port : 50000,
                             from ? 50000 : t->port};
    made_begin(&m, bytes);
    made_udp(&m, &ends);
    made_ip(&m, &ends, 17, STR_EMPTY);
    made_ether(&m, 0x86dd);
    feed(made_str(&m), PACKET_LINK_ETHERNET);
}

static void shake_hands(struct talk *t)
{
    send_packet(t, 0, TCP_SYN, t->next[0]++, STR_EMPTY);
    send_packet(t, 1, TCP_SYN | TCP_ACK, t->next[1]++, STR_EMPTY);
    send_packet(t, 0, TCP_ACK, t->next[0], STR_EMPTY);
    t->open = true;
}

static void send_bytes(struct talk *t, int from, uint8_t what, struct str bytes)
{
    uint32_t seq = t->next[from];
    uint32_t half = (uint32_t)bytes.len / 2;
    t->next[from] += (uint32_t)bytes.len;
    if (what & 2)
        return;
    if (what & 4)
        send_packet(t, from, TCP_ACK, seq + half, str_from(bytes, half));
    send_packet(t, from, TCP_ACK | TCP_PSH, seq, what & 4 ? str_cut(bytes, 0, half) : bytes);
    if (what & 16)
        send_packet(t, from, TCP_ACK, seq + half / 2, str_cut(bytes, 0, half));
    send_packet(t, !from, TCP_ACK, t->next[!from], STR_EMPTY);
}

static void play_talk(struct str in)
{
    struct reader r = reader_of(in);
    struct talk t = {.port = ports[reader_u8(&r) % ARRAY_COUNT(ports)],
                     .next = {1000, UINT32_MAX - 500}};
    for (int i = 0; i < FRAMES_MAX && reader_left(&r) >= 3; i++) {
        uint8_t what = reader_u8(&r);
        size_t len = reader_u16(&r) % TALK_BYTES_MAX;
        struct str bytes = reader_str(&r, len < reader_left(&r) ? len : reader_left(&r));
        int from = what & 1;
        now_us += what & 8 ? INT64_C(31000000) : 2000;
        if (what & 32) {
            send_datagram(&t, from, str_cut(bytes, 0, 1400));
            continue;
        }
        if (!t.open)
            shake_hands(&t);
        for (; bytes.len; bytes = str_from(bytes, 1400))
            send_bytes(&t, from, what, str_cut(bytes, 0, 1400));
        if (what & 64)
            send_packet(&t, from, TCP_FIN | TCP_ACK, t.next[from]++, STR_EMPTY);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err;
    struct engine_conf conf;
    struct engine_sink sink = {NULL, on_wants, on_event, NULL};
    if (!image)
        start();
    if (size < 2)
        return 0;
    enforced = data[0] & 1;
    engine_conf_read(&conf, NULL, enforced);
    memset(conf.flow.secret, 1, sizeof(conf.flow.secret));
    conf.flow.max = 64;
    conf.memory_bytes = data[0] & 4 ? 1u << 20 : 16u << 20;
    conf.flow_memory_bytes = data[0] & 4 ? 40000 : 4u << 20;
    conf.stream.midstream = data[0] & 2;
    conf.stream.async_one_side = data[0] & 8;
    conf.app.ja3 = conf.app.ja4 = true;
    eve.app_conf = &conf.app;
    struct match_hosts *hosts = match_hosts_new(64);
    engine = engine_new(&conf, image, hosts, &sink, &err);
    must(hosts && engine);
    now_us = INT64_C(1795334400000000);
    frame_number = 0;
    struct str in = str_of(data + 1, size - 1);
    if (data[0] & 16)
        play_capture(in);
    else
        play_talk(in);
    engine_flush(engine);
    must(engine->slab.used_bytes == 0);
    buf_reset(&line);
    struct json j;
    json_init(&j, &line);
    json_object(&j, NULL);
    engine_stats_write(&engine, 1, &j);
    json_end_object(&j);
    must(!line.failed);
    engine_free(engine);
    match_hosts_free(hosts);
    return 0;
}
