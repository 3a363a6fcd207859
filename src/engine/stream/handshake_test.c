#include "engine/stream/scenario_test.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define OPEN "c> S 100 | syn_sent", "s> SA 300 a101 | syn_recv", "c> A 101 a301 | established"

static void midstream(struct stream_conf *conf)
{
    conf->midstream = true;
}

static void one_sided(struct stream_conf *conf)
{
    conf->midstream = true;
    conf->async_one_side = true;
}

static void small(struct stream_conf *conf)
{
    conf->segments_max = 2;
    conf->depth_bytes = 20;
}

static const struct scenario opening[] = {
    {"no session: ignored",
     NULL,
     {"c> A 100 a300 'x' | none ignored", "c> FA 100 a300 | none ignored ev:fin_but_no_session",
      "c> R 100 | none ignored ev:rst_but_no_session", "s> SA 300 a101 | none ignored",
      "c> SF 100 | none ignored ev:fin_syn"}},
    {"SYN and SYN/ACK again",
     NULL,
     {"c> S 100 | syn_sent", "c> S 100 | syn_sent", "s> SA 300 a101 | syn_recv",
      "c> S 100 | syn_recv", "s> SA 300 a101 | syn_recv", "c> A 101 a301 | established",
      "s> SA 300 a101 | established ev:est_synack_resend",
      "c> S 100 | established ev:est_syn_resend"}},
    {"a SYN with another number replaces the first; the server may answer either",
     NULL,
     {"c> S 100 | syn_sent", "c> S 500 | syn_sent", "s> SA 300 a101 | syn_recv",
      "c> PA 101 a301 'x' | established c'x'"}},
    {"too many different SYNs",
     NULL,
     {"c> S 100 | syn_sent", "c> S 1100 | syn_sent", "c> S 2100 | syn_sent", "c> S 3100 | syn_sent",
      "c> S 4100 | syn_sent", "c> S 5100 | syn_sent",
      "c> S 6100 | syn_sent refused ev:3whs_syn_flood", "s> SA 300 a5101 | syn_recv"}},
    {"two different SYN/ACKs: the client says which",
     NULL,
     {"c> S 100 | syn_sent", "s> SA 300 a101 | syn_recv",
      "s> SA 7000 a101 | syn_recv ev:3whs_synack_resend_with_diff_seq",
      "c> A 101 a7001 | established", "s> A 7001 a101 'x' | established s'x'"}},
    {"wrong SYN/ACKs",
     NULL,
     {"c> S 100 | syn_sent", "s> SA 300 a150 | syn_sent refused ev:3whs_synack_with_wrong_ack",
      "c> SA 300 a101 | syn_sent refused ev:3whs_synack_in_wrong_direction",
      "s> SA 300 a101 | syn_recv",
      "s> SA 300 a105 | syn_recv refused drop ev:3whs_synack_resend_with_different_ack",
      "c> SA 100 a301 | syn_recv refused drop ev:3whs_synack_toserver_on_syn_recv",
      "c> S 900 | syn_recv refused ev:3whs_syn_resend_diff_seq_on_syn_recv",
      "s> S 900 | syn_recv refused ev:3whs_syn_toclient_on_syn_recv"}},
    {"wrong last steps",
     NULL,
     {"c> S 100 | syn_sent", "s> SA 300 a101 | syn_recv",
      "c> A 101 a9000 'evil' | syn_recv refused drop ev:3whs_right_seq_wrong_ack_evasion",
      "c> A 90000 a301 'evil' | syn_recv refused drop ev:3whs_wrong_seq_wrong_ack",
      "s> A 301 a101 'evil' | syn_recv refused drop ev:3whs_ack_data_inject",
      "s> A 301 a101 | syn_recv refused ev:3whs_ack_in_wrong_dir",
      "c> A 101 a301 'good' | established c'good'"}},
    {"timestamps of the answer must fit; 0 is what some systems echo",
     NULL,
     {"c> S 100 t1000/0 | syn_sent",
      "s> RA 0 a101 t100/100 | syn_sent refused ev:pkt_invalid_timestamp", "c> R 101 | syn_sent",
      "s> SA 300 a101 t5/0 | syn_recv", "c> A 101 a301 t1001/5 | established",
      "c> A 101 a301 t900/5 'old' | established refused drop ev:pkt_invalid_timestamp",
      "c> A 101 a301 t1001/5 'new' | established c'new'"}},
    {"a timestamp where none was offered is made up",
     NULL,
     {"c> S 100 | syn_sent", "s> RA 0 a101 t100/100 | syn_sent refused ev:pkt_invalid_timestamp",
      "s> SA 300 a101 | syn_recv"}},
    {"refused: nobody listens, and the same SYN again",
     NULL,
     {"c> S 100 | syn_sent", "s> RA 0 a101 | closed closed c. s.",
      "c> S 100 | closed ignored reuse"}},
    {"an RST to somebody else",
     NULL,
     {"c> S 100 | syn_sent", "s> RA 0 a77 | syn_sent refused ev:rst_invalid_ack",
      "s> R 0 | syn_sent refused ev:rst_invalid_ack", "s> SA 300 a101 | syn_recv"}},
    {"both open at once",
     NULL,
     {"c> S 100 | syn_sent", "s> S 300 | syn_recv",
      "s> SA 300 a5 | syn_recv refused drop ev:4whs_synack_with_wrong_ack",
      "s> SA 5 a101 | syn_recv refused drop ev:4whs_synack_with_wrong_syn",
      "s> SA 300 a101 | syn_recv", "c> SA 100 a301 | established",
      "c> A 101 a301 'x' | established c'x'"}},
    {"data on the SYN, taken",
     NULL,
     {"c> S 100 o 'early' | syn_sent c'early'", "s> SA 300 a106 | syn_recv",
      "s> A 301 a106 'answer' | syn_recv s'answer'", "c> A 106 a307 | established"}},
    {"data on the SYN, left: said again",
     NULL,
     {"c> S 100 o 'early' | syn_sent c'early'",
      "s> SA 300 a101 | syn_recv ev:3whs_synack_tfo_data_ignored",
      "c> A 101 a301 'early' | established retransmission",
      "c> A 101 a301 'other' | established drop retransmission "
      "ev:reassembly_overlap_different_data"}},
    {"a new connection on the same addresses",
     NULL,
     {OPEN, "c> S 9000 | established refused ev:est_syn_resend_diff_seq",
      "s> S 9000 | established refused ev:est_syn_toclient",
      "c> SA 100 a301 | established refused drop ev:est_synack_toserver",
      "s> FA 301 a101 | fin_wait1 s.", "c> FA 101 a302 | time_wait c.",
      "c> S 9000 | time_wait ignored reuse"}},
};

static const struct scenario taken_up[] = {
    {"midstream: data first",
     midstream,
     {"c> PA 5000 a7000 'mid' | established c'mid'", "s> A 7000 a5003 'dle' | established s'dle'",
      "c> A 4999 a7003 | established", "c> RA 5003 a7003 | closed closed c. s."}},
    {"midstream: a SYN/ACK from the supposed client turns the flow round",
     midstream,
     {"c> SA 300 a101 | none ignored swap", "s> SA 300 a101 s7 | syn_recv",
      "c> A 101 a301 | established", "c> A 101 a301 'x' | established c'x'"}},
    {"one side only, with its SYN",
     one_sided,
     {"c> S 100 | syn_sent", "c> A 109 a301 'x' | syn_sent refused ev:3whs_async_wrong_seq",
      "c> A 101 a301 'only' | established c'only'", "c> A 105 a400 ' me' | established c' me'"}},
    {"one side only, midstream, until the other is seen",
     one_sided,
     {"s> A 100 a900 'from ' | established s'from '",
      "s> A 105 a900 'the server' | established s'the server'",
      "c> A 900 a115 'hi' | established c'hi'"}},
};

static const struct scenario going_on[] = {
    {"keep-alive with a garbage byte is no data",
     NULL,
     {OPEN, "c> A 101 a301 'abc' | established c'abc'", "s> A 301 a104 | established",
      "c> A 103 a301 'X' | established", "c> A 104 a301 'def' | established c'def'"}},
    {"probe of a closed window",
     NULL,
     {OPEN, "s> A 301 a101 w0 | established", "c> A 101 a301 'x' | established c'x'",
      "c> A 1500 a301 'far' | established refused drop ev:est_packet_out_of_window"}},
    {"refused in a row: we may have missed something, the receiver decides",
     NULL,
     {OPEN, "c> A 5000 a301 'far' | established refused drop ev:est_packet_out_of_window",
      "c> A 5000 a301 'far' | established refused drop ev:est_packet_out_of_window",
      "c> A 5000 a301 'far' | established refused drop ev:est_packet_out_of_window",
      "c> A 5000 a301 'far' | established", "c> A 101 a301 'near' | established c'near'",
      "s> A 301 a5003 | established ev:reassembly_seq_gap c+4895 c'far'"}},
    {"an RST that the receiver does not believe",
     NULL,
     {OPEN, "c> A 101 a301 'abc' | established c'abc'", "s> A 301 a104 | established",
      "c> R 102 | established refused drop ev:est_packet_out_of_window",
      "c> R 900 | established refused drop ev:est_packet_out_of_window",
      "c> RA 104 a99999 | established refused drop ev:rst_invalid_ack",
      "c> A 104 a301 'def' | established c'def'", "c> R 107 | closed closed c. s.",
      "c> A 107 a301 'ghi' | closed refused drop ev:suspected_rst_inject"}},
    {"nothing follows a FIN",
     NULL,
     {OPEN, "c> FA 101 a301 'bye' | close_wait c'bye' c.",
      "c> A 104 a301 'more' | close_wait refused drop ev:closewait_ack_out_of_window",
      "c> FA 102 a301 | close_wait refused drop ev:closewait_fin_out_of_window",
      "c> FA 104 a301 | close_wait",
      "s> A 301 a999999 | close_wait refused ev:pkt_invalid_ack ev:closewait_invalid_ack"}},
    {"no ACK flag, no data",
     NULL,
     {OPEN, "c> P 101 'x' | established refused drop",
      "c> P 101 a5 'x' | established refused drop ev:pkt_broken_ack"}},
    {"limits: what is ahead and does not fit is refused; depth ends assembly",
     small,
     {OPEN, "c> A 105 a301 'b' | established", "c> A 107 a301 'd' | established",
      "c> A 109 a301 'f' | established drop ev:reassembly_insert_limit",
      "c> A 101 a301 'aaaa' | established c'aaaab'", "c> A 106 a301 'c' | established c'cd'",
      "c> A 108 a301 '0123456789abcdefgh' | established ev:reassembly_depth_reached "
      "c'0123456789abc' c.",
      "c> A 126 a301 'x' | established ignored"}},
};

static void test_opening(void **state)
{
    for (uint32_t i = 0; i < ARRAY_COUNT(opening); i++)
        scenario_play(&opening[i], STREAM_INLINE);
}

static void test_taken_up(void **state)
{
    for (uint32_t i = 0; i < ARRAY_COUNT(taken_up); i++)
        scenario_play(&taken_up[i], STREAM_INLINE);
}

static void test_going_on(void **state)
{
    for (uint32_t i = 0; i < ARRAY_COUNT(going_on); i++)
        scenario_play(&going_on[i], STREAM_INLINE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opening),
        cmocka_unit_test(test_taken_up),
        cmocka_unit_test(test_going_on),
    };

    return cmocka_run_group_tests_name("engine/stream/handshake", tests, NULL, NULL);
}
