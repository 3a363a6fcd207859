#include "engine/stream/scenario_test.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define OPEN "c> S 100 | syn_sent", "s> SA 300 a101 | syn_recv", "c> A 101 a301 | established"

static void urgent_inline(struct stream_conf *conf)
{
    conf->urgent = STREAM_URGENT_INLINE;
}

static void urgent_gap(struct stream_conf *conf)
{
    conf->urgent = STREAM_URGENT_GAP;
}

static void urgent_drop(struct stream_conf *conf)
{
    conf->urgent = STREAM_URGENT_DROP;
}

static void as_solaris(struct stream_conf *conf)
{
    static struct packet_targets targets;
    targets.count = 0;
    assert_true(packet_target_add(&targets, "bsd", STR_LIT("0.0.0.0/0")));
    assert_true(packet_target_add(&targets, "Solaris", STR_LIT("::/0")));
    assert_false(packet_target_add(&targets, "amiga", STR_LIT("::/0")));
    assert_false(packet_target_add(&targets, "linux", STR_LIT("here")));
    assert_int_equal(packet_target(&targets, &(struct ip){.version = 6}), TARGET_SOLARIS);
    assert_int_equal(packet_target(&targets, &(struct ip){.version = 4}), TARGET_BSD);
    targets.rows[0].net.first.version = 0; /* as the scenario's packets have it */
    targets.rows[0].os = TARGET_SOLARIS;
    conf->targets = &targets;
}

static const struct scenario acknowledged[] = {
    {"an urgent byte is no part of the stream, also when it is sent again",
     NULL,
     {OPEN, "c> UA 101 a301 u3 'abXc' | established", "c> A 105 a301 'd' | established",
      "c> A 101 a301 'abXc' | established retransmission", "s> A 301 a106 | established c'abcd'",
      "c> UA 106 a301 u1 'Y' | established", "c> FA 107 a301 'e' | close_wait",
      "s> A 301 a109 | close_wait c'e' c."}},
    {"an urgent byte in the stream",
     urgent_inline,
     {OPEN, "c> UA 101 a301 u2 'abc' | established", "s> A 301 a104 | established c'abc'"}},
    {"an urgent byte is missing",
     urgent_gap,
     {OPEN, "c> UA 101 a301 u2 'abc' | established",
      "s> A 301 a104 | established ev:reassembly_seq_gap c'a' c+1 c'c'"}},
    {"a packet with an urgent byte is not taken",
     urgent_drop,
     {OPEN, "c> UA 101 a301 u2 'abc' | established ignored", "c> A 101 a301 'abc' | established",
      "s> A 301 a104 | established c'abc'"}},
    {"what begins together and is longer counts for the receiver's system",
     as_solaris,
     {OPEN, "c> A 103 a301 'xx' | established",
      "c> A 103 a301 'yyy' | established ev:reassembly_overlap_different_data",
      "c> A 101 a301 'ab' | established", "s> A 301 a106 | established c'abyyy'"}},
    {"in order: ready when acknowledged",
     NULL,
     {OPEN, "c> PA 101 a301 'GET' | established", "s> A 301 a104 | established c'GET'",
      "s> PA 301 a104 '200' | established", "s> PA 304 a104 'OK' | established",
      "c> A 104 a304 | established s'200'", "c> A 104 a306 | established s'OK'"}},
    {"part of a segment is acknowledged",
     NULL,
     {OPEN, "c> PA 101 a301 'abcdef' | established", "s> A 301 a103 | established c'ab'",
      "s> A 301 a107 | established c'cdef'"}},
    {"data on the last step of the handshake",
     NULL,
     {"c> S 100 | syn_sent", "s> SA 300 a101 | syn_recv", "c> PA 101 a301 'GET' | established",
      "s> A 301 a104 | established c'GET'"}},
    {"a copy of a connection that is over is no new one; another number is",
     NULL,
     {OPEN, "c> RA 101 a301 | closed closed c. s.", "c> S 100 | closed ev:shutdown_syn_resend",
      "c> S 101 | closed ignored reuse"}},
    {"the very SYN that was refused may begin again",
     NULL,
     {"c> S 100 | syn_sent", "s> RA 0 a101 | closed closed c. s.",
      "c> S 100 | closed ignored reuse"}},
    {"a connection whose other end was not seen is begun anew, by another number",
     NULL,
     {OPEN, "c> FA 101 a301 | close_wait c.", "c> S 100 | close_wait ev:shutdown_syn_resend",
      "c> S 9000 | close_wait ignored reuse"}},
    {"out of order",
     NULL,
     {OPEN, "c> A 104 a301 'def' | established", "c> A 101 a301 'abc' | established",
      "s> A 301 a107 | established c'abcdef'"}},
    {"a hole that was acknowledged is a gap",
     NULL,
     {OPEN, "c> A 101 a301 'abc' | established", "c> A 107 a301 'ghi' | established",
      "s> A 301 a110 | established ev:reassembly_seq_gap c'abc' c+3 c'ghi'",
      "c> A 104 a301 'def' | established retransmission ev:est_pkt_before_last_ack "
      "ev:pkt_spurious_retransmission"}},
    {"what an alert shows has its holes named",
     NULL,
     {OPEN, "show c |", "c> A 105 a301 'GOOD' | established", "show c |",
      "s> A 301 a109 | established ev:reassembly_seq_gap c+4 c'GOOD'",
      "show c | [4 bytes missing]GOOD", "c> A 109 a301 'DATA' | established",
      "s> A 301 a113 | established c'DATA'", "show c | [4 bytes missing]GOODDATA",
      "c> A 115 a301 'X' | established",
      "s> A 301 a116 | established ev:reassembly_seq_gap c+2 c'X'",
      "show c | [4 bytes missing]GOODDATA[2 bytes missing]X", "s> A 301 a120 | established",
      "show c | [4 bytes missing]GOODDATA[2 bytes missing]X", "show s |"}},
    {"an RST that is signed, of one who never signed, ends nothing",
     NULL,
     {OPEN, "c> RA 101 a301 m | established refused ev:suspected_rst_inject",
      "c> A 101 a301 'GET' | established", "s> A 301 a104 | established c'GET'",
      "s> RA 301 a104 | closed closed c. s."}},
    {"an RST that is signed, of one who signs",
     NULL,
     {"c> S 100 m | syn_sent", "s> SA 300 a101 m | syn_recv", "c> A 101 a301 m | established",
      "c> RA 101 a301 m | closed closed c. s."}},
    {"client and server change places",
     NULL,
     {OPEN, "s> A 301 a101 '200' | established", "turn | established",
      "s> A 101 a304 'GET' | established c'200'", "show c | 200",
      "c> A 304 a104 'OK' | established s'GET'"}},
    {"acknowledged and never seen",
     NULL,
     {OPEN, "s> A 301 a105 | established", "c> A 105 a301 'on' | established",
      "s> A 301 a107 | established ev:reassembly_seq_gap c+4 c'on'"}},
    {"acknowledged before it is seen",
     NULL,
     {OPEN, "s> A 301 a104 | established",
      "c> A 101 a301 'GET' | established ev:est_pkt_before_last_ack ev:pkt_spurious_retransmission",
      "s> A 301 a104 '200' | established c'GET'", "c> A 104 a304 | established s'200'"}},
    {"acknowledged and never seen, at the end",
     NULL,
     {OPEN, "s> A 301 a105 | established", "c> FA 105 a301 | close_wait",
      "s> A 301 a106 | close_wait ev:reassembly_seq_gap c+4 c."}},
    {"FIN both ways, the client's first",
     NULL,
     {OPEN, "c> A 101 a301 'bye' | established", "c> FA 104 a301 | close_wait",
      "s> A 301 a105 | close_wait c'bye' c.", "s> FA 301 a105 | last_ack s.",
      "c> A 105 a302 | closed closed"}},
    {"FIN both ways, the server's first",
     NULL,
     {OPEN, "s> FA 301 a101 'x' | fin_wait1", "c> A 101 a303 | fin_wait2 s'x' s.",
      "c> FA 101 a303 | time_wait c.", "s> A 303 a102 | closed closed"}},
    {"the last data is sent again before and behind the FIN",
     NULL,
     {OPEN, "s> A 301 a101 'x' | established", "s> A 301 a101 'x' | established retransmission",
      "s> FA 302 a101 | fin_wait1",
      "s> A 301 a101 'x' | fin_wait1 retransmission ev:pkt_retransmission"}},
    {"FIN at the same time",
     NULL,
     {OPEN, "s> FA 301 a101 | fin_wait1 s.", "c> FA 101 a301 | closing c.",
      "c> A 102 a302 | time_wait", "s> A 302 a102 | closed closed"}},
    {"FIN ahead of a hole waits for it",
     NULL,
     {OPEN, "c> FA 104 a301 | close_wait", "c> A 101 a301 'abc' | close_wait",
      "s> A 301 a105 | close_wait c'abc' c."}},
    {"RST makes what is in order ready, and is the end",
     NULL,
     {OPEN, "s> A 301 a101 'Please ' | established", "s> A 308 a101 'Let ' | established",
      "c> RA 101 a308 'no' | closed closed c. s'Please Let ' s."}},
    {"RST with a hole: the flow's end passes over it",
     NULL,
     {OPEN, "s> A 301 a101 'Please ' | established", "s> A 312 a101 'Me ' | established",
      "c> RA 101 a308 | closed closed c. s'Please ' s.", "finish | closed s+4 s'Me ' s."}},
    {"the end of the flow gives what was never acknowledged",
     NULL,
     {OPEN, "c> A 101 a301 'abc' | established", "finish | established c'abc' c. s."}},
};

static const struct scenario inline_mode[] = {
    {"on the addresses of a connection that is over, the same number too is a new one",
     NULL,
     {OPEN, "s> FA 301 a101 | fin_wait1 s.", "c> FA 101 a302 | time_wait c.",
      "c> S 100 | time_wait ev:shutdown_syn_resend", "s> A 302 a102 | closed closed",
      "c> S 100 | closed ignored reuse"}},
    {"a connection that is half over is not begun anew",
     NULL,
     {OPEN, "c> FA 101 a301 | close_wait c.",
      "c> S 9000 | close_wait refused ev:shutdown_syn_resend"}},
    {"an urgent byte is no part of the stream",
     NULL,
     {OPEN, "c> UA 101 a301 u2 'aXb' | established c'ab'", "c> A 104 a301 'c' | established c'c'"}},
    {"a packet with an urgent byte must not go on",
     urgent_drop,
     {OPEN, "c> UA 101 a301 u2 'abc' | established ignored drop"}},
    {"in order: ready at once",
     NULL,
     {OPEN, "c> PA 101 a301 'GET' | established c'GET'", "s> A 301 a104 '200' | established s'200'",
      "c> A 104 a304 | established"}},
    {"a hole waits to be filled",
     NULL,
     {OPEN, "c> A 104 a301 'def' | established", "c> A 110 a301 'j' | established",
      "c> A 101 a301 'abc' | established c'abcdef'", "c> A 107 a301 'ghi' | established c'ghij'"}},
    {"a hole that was acknowledged is a gap",
     NULL,
     {OPEN, "c> A 104 a301 'def' | established",
      "s> A 301 a107 | established ev:reassembly_seq_gap c+3 c'def'"}},
    {"a retransmission that says otherwise must not go on",
     NULL,
     {OPEN, "c> A 101 a301 'abc' | established c'abc'",
      "c> A 101 a301 'abc' | established retransmission",
      "c> A 101 a301 'aXc' | established drop retransmission "
      "ev:reassembly_overlap_different_data",
      "c> A 103 a301 'cd' | established c'd'",
      "c> A 103 a301 'XYZ' | established drop ev:reassembly_overlap_different_data"}},
    {"ahead of a hole the first bytes win too",
     NULL,
     {OPEN, "c> A 104 a301 'def' | established",
      "c> A 101 a301 'abcX' | established drop ev:reassembly_overlap_different_data",
      "c> A 101 a301 'abc' | established c'abcdef'"}},
    {"RST",
     NULL,
     {OPEN, "c> A 101 a301 'abc' | established c'abc'", "s> RA 301 a104 | closed closed c. s.",
      "c> A 104 a301 'def' | closed refused drop"}},
    {"an RST that is signed, of one who never signed, does not go on",
     NULL,
     {OPEN, "c> RA 101 a301 m | established refused drop ev:suspected_rst_inject",
      "c> A 101 a301 'GET' | established c'GET'"}},
    {"outside the window",
     NULL,
     {OPEN, "c> A 1500 a301 'x' | established refused drop ev:est_packet_out_of_window",
      "c> A 101 a5000 'x' | established refused drop ev:pkt_invalid_ack ev:est_invalid_ack",
      "c> A 101 a301 'x' | established c'x'"}},
};

static void test_acknowledged(void **state)
{
    for (uint32_t i = 0; i < ARRAY_COUNT(acknowledged); i++)
        scenario_play(&acknowledged[i], STREAM_ACKNOWLEDGED);
}

static void test_inline(void **state)
{
    for (uint32_t i = 0; i < ARRAY_COUNT(inline_mode); i++)
        scenario_play(&inline_mode[i], STREAM_INLINE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_acknowledged),
        cmocka_unit_test(test_inline),
    };

    return cmocka_run_group_tests_name("engine/stream", tests, NULL, NULL);
}
