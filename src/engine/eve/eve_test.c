#include "engine/eve/eve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct ends {
    const char *client, *server;
    uint8_t l4, ip_proto;
    uint16_t client_port, server_port; /* ICMP: type and code */
};

static struct flow flow_of(const struct ends *ends)
{
    struct flow f = {.l4 = ends->l4,
                     .ip_proto = ends->ip_proto,
                     .client_port = ends->client_port,
                     .server_port = ends->server_port,
                     .has_mac = true,
                     .client_mac = {{2, 0, 0, 0, 0, 1}},
                     .server_mac = {{2, 0, 0, 0, 0, 2}}};
    assert_true(ip_parse(str_c(ends->client), &f.client_ip));
    assert_true(ip_parse(str_c(ends->server), &f.server_ip));
    return f;
}

static const char *record(const struct eve_conf *conf, const struct eve_event *event,
                          struct buf *out)
{
    struct json json;
    buf_reset(out);
    json_init(&json, out);
    json_object(&json, NULL);
    eve_write(conf, event, &json);
    json_end_object(&json);
    return buf_c(out);
}

static void wants_text(const char *text, const char *wanted)
{
    if (!strstr(text, wanted))
        fail_msg("%s is not in %s", wanted, text);
}

/* Both ways of a conversation have one identity. The values are those that other programs show for such packets. */
static void community_ids(void **state)
{
    static const struct {
        struct ends ends;
        const char *want;
    } rows[] = {
        {{"192.168.0.89", "192.168.0.1", PACKET_L4_ICMP4, 1, 8, 0},
         "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="},
        {{"192.168.0.1", "192.168.0.89", PACKET_L4_ICMP4, 1, 0, 0},
         "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="},
        {{"fe80::215:5dff:fea5:c4c5", "fe80::dd05:dae0:74bc:7341", PACKET_L4_ICMP6, 58, 128, 0},
         "1:wfCak5e3QROwnLFPtXNpJx/nZFE="},
        {{"128.232.110.120", "66.35.250.204", PACKET_L4_TCP, 6, 34855, 80},
         "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
        {{"66.35.250.204", "128.232.110.120", PACKET_L4_TCP, 6, 80, 34855},
         "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
    };
    struct buf out;
    struct eve_conf conf;
    buf_init(&out, 0);
    eve_conf_read(&conf, NULL, NULL);
    conf.community_id = true;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct flow flow = flow_of(&rows[i].ends);
        struct eve_event event = {.type = EVE_FLOW, .flow = &flow};
        print_message("# %s\n", rows[i].ends.client);
        wants_text(record(&conf, &event, &out), rows[i].want);
    }
    buf_fini(&out);
}

static void flows_tell_of_machines_and_answers(void **state)
{
    static const struct ends echo = {"192.0.2.1", "192.0.2.2", PACKET_L4_ICMP4, 1, 8, 3};
    struct buf out;
    struct eve_conf conf;
    struct flow flow = flow_of(&echo);
    struct eve_event event = {.type = EVE_FLOW, .flow = &flow};
    buf_init(&out, 0);
    eve_conf_read(&conf, NULL, NULL);
    assert_null(strstr(record(&conf, &event, &out), "ether"));
    assert_null(strstr(buf_c(&out), "response_icmp_type")); /* nobody has answered yet */
    conf.ether = true;
    flow.packets[1] = 1;
    wants_text(record(&conf, &event, &out),
               "\"icmp_type\":8,\"icmp_code\":3,\"response_icmp_type\":0,"
               "\"response_icmp_code\":3");
    wants_text(buf_c(&out), "\"ether\":{\"dest_macs\":[\"02:00:00:00:00:02\"],"
                            "\"src_macs\":[\"02:00:00:00:00:01\"]}");
    buf_fini(&out);
}

/* Segments without a connection: as Suricata shows them. */
static void what_was_no_connection_has_no_flags(void **state)
{
    static const struct ends ends = {"192.0.2.1", "192.0.2.2", PACKET_L4_TCP, 6, 1025, 80};
    struct buf out;
    struct eve_conf conf;
    struct flow flow = flow_of(&ends);
    struct stream stream = {.half[0].tcp_flags = TCP_ACK};
    struct app_flow app = {.proto = APP_FAILED};
    struct eve_event event = {.type = EVE_FLOW, .flow = &flow, .stream = &stream, .app = &app};
    buf_init(&out, 0);
    eve_conf_read(&conf, NULL, NULL);
    wants_text(record(&conf, &event, &out),
               "\"tcp\":{\"tcp_flags\":\"00\",\"tcp_flags_ts\":\"00\",\"tcp_flags_tc\":\"00\"}");
    assert_null(strstr(buf_c(&out), "app_proto"));
    stream.state = STREAM_ESTABLISHED;
    wants_text(record(&conf, &event, &out), "\"tcp_flags_ts\":\"10\"");
    wants_text(buf_c(&out), "\"app_proto\":\"failed\"");
    buf_fini(&out);
}

static void anomalies_show_their_packet(void **state)
{
    static const uint8_t bytes[] = {1, 2, 3};
    struct buf out;
    struct eve_conf conf;
    struct packet_frame frame = {.bytes = str_of(bytes, sizeof(bytes)), .link = 1, .number = 7};
    struct packet packet = {.frame = &frame,
                            .has_mac = true,
                            .ether_type = 0x0800,
                            .src_mac = {{2, 0, 0, 0, 0, 1}},
                            .dst_mac = {{2, 0, 0, 0, 0, 2}}};
    struct eve_event event = {.type = EVE_ANOMALY,
                              .packet = &packet,
                              .anomaly = EVE_ANOMALY_DECODE,
                              .anomaly_event = "ipv4.trunc_pkt"};
    buf_init(&out, 0);
    eve_conf_read(&conf, NULL, NULL);
    assert_false(eve_wants_event(&conf, &event)); /* decoder events only where asked for */
    conf.anomalies |= 1u << EVE_ANOMALY_DECODE;
    conf.pcap_name = "a.pcap";
    conf.ether = true;
    assert_true(eve_wants_event(&conf, &event));
    assert_null(strstr(record(&conf, &event, &out), "packet_info"));
    conf.anomaly_packet = true;
    wants_text(record(&conf, &event, &out), "\"packet\":\"AQID\",\"packet_info\":{\"linktype\":1,"
                                            "\"linktype_name\":\"EN10MB\"}");
    wants_text(buf_c(&out), "\"pcap_cnt\":7,\"pcap_filename\":\"a.pcap\"");
    wants_text(buf_c(&out), "\"ether\":{\"ether_type\":2048,\"src_mac\":\"02:00:00:00:00:01\","
                            "\"dest_mac\":\"02:00:00:00:00:02\"}");
    wants_text(buf_c(&out), "\"event\":\"decoder.ipv4.trunc_pkt\"");
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(community_ids),
        cmocka_unit_test(flows_tell_of_machines_and_answers),
        cmocka_unit_test(what_was_no_connection_has_no_flags),
        cmocka_unit_test(anomalies_show_their_packet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
