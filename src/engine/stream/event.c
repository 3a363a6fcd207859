#include "engine/stream/event.h"
#include "engine/stream/stream.h"

static const char *const names[STREAM_EVENT_COUNT] = {
    [STREAM_EVENT_NONE] = "none",
    [STREAM_EVENT_3WHS_ACK_IN_WRONG_DIR] = "3whs_ack_in_wrong_dir",
    [STREAM_EVENT_3WHS_ASYNC_WRONG_SEQ] = "3whs_async_wrong_seq",
    [STREAM_EVENT_3WHS_RIGHT_SEQ_WRONG_ACK_EVASION] = "3whs_right_seq_wrong_ack_evasion",
    [STREAM_EVENT_3WHS_SYNACK_IN_WRONG_DIRECTION] = "3whs_synack_in_wrong_direction",
    [STREAM_EVENT_3WHS_SYNACK_RESEND_WITH_DIFFERENT_ACK] = "3whs_synack_resend_with_different_ack",
    [STREAM_EVENT_3WHS_SYNACK_RESEND_WITH_DIFF_SEQ] = "3whs_synack_resend_with_diff_seq",
    [STREAM_EVENT_3WHS_SYNACK_TOSERVER_ON_SYN_RECV] = "3whs_synack_toserver_on_syn_recv",
    [STREAM_EVENT_3WHS_SYNACK_WITH_WRONG_ACK] = "3whs_synack_with_wrong_ack",
    [STREAM_EVENT_3WHS_SYNACK_FLOOD] = "3whs_synack_flood",
    [STREAM_EVENT_3WHS_SYN_RESEND_DIFF_SEQ_ON_SYN_RECV] = "3whs_syn_resend_diff_seq_on_syn_recv",
    [STREAM_EVENT_3WHS_SYN_TOCLIENT_ON_SYN_RECV] = "3whs_syn_toclient_on_syn_recv",
    [STREAM_EVENT_3WHS_SYN_FLOOD] = "3whs_syn_flood",
    [STREAM_EVENT_3WHS_WRONG_SEQ_WRONG_ACK] = "3whs_wrong_seq_wrong_ack",
    [STREAM_EVENT_3WHS_ACK_DATA_INJECT] = "3whs_ack_data_inject",
    [STREAM_EVENT_3WHS_SYNACK_TFO_DATA_IGNORED] = "3whs_synack_tfo_data_ignored",
    [STREAM_EVENT_4WHS_SYNACK_WITH_WRONG_ACK] = "4whs_synack_with_wrong_ack",
    [STREAM_EVENT_4WHS_SYNACK_WITH_WRONG_SYN] = "4whs_synack_with_wrong_syn",
    [STREAM_EVENT_4WHS_WRONG_SEQ] = "4whs_wrong_seq",
    [STREAM_EVENT_4WHS_INVALID_ACK] = "4whs_invalid_ack",
    [STREAM_EVENT_CLOSEWAIT_ACK_OUT_OF_WINDOW] = "closewait_ack_out_of_window",
    [STREAM_EVENT_CLOSEWAIT_FIN_OUT_OF_WINDOW] = "closewait_fin_out_of_window",
    [STREAM_EVENT_CLOSEWAIT_PKT_BEFORE_LAST_ACK] = "closewait_pkt_before_last_ack",
    [STREAM_EVENT_CLOSEWAIT_INVALID_ACK] = "closewait_invalid_ack",
    [STREAM_EVENT_CLOSING_ACK_WRONG_SEQ] = "closing_ack_wrong_seq",
    [STREAM_EVENT_CLOSING_INVALID_ACK] = "closing_invalid_ack",
    [STREAM_EVENT_EST_PACKET_OUT_OF_WINDOW] = "est_packet_out_of_window",
    [STREAM_EVENT_EST_PKT_BEFORE_LAST_ACK] = "est_pkt_before_last_ack",
    [STREAM_EVENT_EST_SYNACK_RESEND] = "est_synack_resend",
    [STREAM_EVENT_EST_SYNACK_RESEND_WITH_DIFFERENT_ACK] = "est_synack_resend_with_different_ack",
    [STREAM_EVENT_EST_SYNACK_RESEND_WITH_DIFF_SEQ] = "est_synack_resend_with_diff_seq",
    [STREAM_EVENT_EST_SYNACK_TOSERVER] = "est_synack_toserver",
    [STREAM_EVENT_EST_SYN_RESEND] = "est_syn_resend",
    [STREAM_EVENT_EST_SYN_RESEND_DIFF_SEQ] = "est_syn_resend_diff_seq",
    [STREAM_EVENT_EST_SYN_TOCLIENT] = "est_syn_toclient",
    [STREAM_EVENT_EST_INVALID_ACK] = "est_invalid_ack",
    [STREAM_EVENT_EST_ACK_ZWP_DATA] = "est_ack_zwp_data",
    [STREAM_EVENT_FIN_INVALID_ACK] = "fin_invalid_ack",
    [STREAM_EVENT_FIN_BUT_NO_SESSION] = "fin_but_no_session",
    [STREAM_EVENT_FIN_OUT_OF_WINDOW] = "fin_out_of_window",
    [STREAM_EVENT_FIN_SYN] = "fin_syn",
    [STREAM_EVENT_FIN1_ACK_WRONG_SEQ] = "fin1_ack_wrong_seq",
    [STREAM_EVENT_FIN1_FIN_WRONG_SEQ] = "fin1_fin_wrong_seq",
    [STREAM_EVENT_FIN1_INVALID_ACK] = "fin1_invalid_ack",
    [STREAM_EVENT_FIN2_ACK_WRONG_SEQ] = "fin2_ack_wrong_seq",
    [STREAM_EVENT_FIN2_FIN_WRONG_SEQ] = "fin2_fin_wrong_seq",
    [STREAM_EVENT_FIN2_INVALID_ACK] = "fin2_invalid_ack",
    [STREAM_EVENT_LASTACK_ACK_WRONG_SEQ] = "lastack_ack_wrong_seq",
    [STREAM_EVENT_LASTACK_INVALID_ACK] = "lastack_invalid_ack",
    [STREAM_EVENT_RST_BUT_NO_SESSION] = "rst_but_no_session",
    [STREAM_EVENT_RST_INVALID_ACK] = "rst_invalid_ack",
    [STREAM_EVENT_TIMEWAIT_ACK_WRONG_SEQ] = "timewait_ack_wrong_seq",
    [STREAM_EVENT_TIMEWAIT_INVALID_ACK] = "timewait_invalid_ack",
    [STREAM_EVENT_SHUTDOWN_SYN_RESEND] = "shutdown_syn_resend",
    [STREAM_EVENT_PKT_INVALID_TIMESTAMP] = "pkt_invalid_timestamp",
    [STREAM_EVENT_PKT_INVALID_ACK] = "pkt_invalid_ack",
    [STREAM_EVENT_PKT_BROKEN_ACK] = "pkt_broken_ack",
    [STREAM_EVENT_PKT_RETRANSMISSION] = "pkt_retransmission",
    [STREAM_EVENT_PKT_SPURIOUS_RETRANSMISSION] = "pkt_spurious_retransmission",
    [STREAM_EVENT_PKT_BAD_WINDOW_UPDATE] = "pkt_bad_window_update",
    [STREAM_EVENT_SUSPECTED_RST_INJECT] = "suspected_rst_inject",
    [STREAM_EVENT_WRONG_THREAD] = "wrong_thread",
    [STREAM_EVENT_REASSEMBLY_SEGMENT_BEFORE_BASE_SEQ] = "reassembly_segment_before_base_seq",
    [STREAM_EVENT_REASSEMBLY_NO_SEGMENT] = "reassembly_no_segment",
    [STREAM_EVENT_REASSEMBLY_SEQ_GAP] = "reassembly_seq_gap",
    [STREAM_EVENT_REASSEMBLY_OVERLAP_DIFFERENT_DATA] = "reassembly_overlap_different_data",
    [STREAM_EVENT_REASSEMBLY_DEPTH_REACHED] = "reassembly_depth_reached",
    [STREAM_EVENT_REASSEMBLY_INSERT_MEMCAP] = "reassembly_insert_memcap",
    [STREAM_EVENT_REASSEMBLY_INSERT_LIMIT] = "reassembly_insert_limit",
    [STREAM_EVENT_REASSEMBLY_INSERT_INVALID] = "reassembly_insert_invalid",
    [STREAM_EVENT_REASSEMBLY_URGENT_OOB_LIMIT_REACHED] = "reassembly_urgent_oob_limit_reached",
};

static const char *const states[] = {
    [STREAM_NONE] = "none",
    [STREAM_SYN_SENT] = "syn_sent",
    [STREAM_SYN_RECEIVED] = "syn_recv",
    [STREAM_ESTABLISHED] = "established",
    [STREAM_FIN_WAIT1] = "fin_wait1",
    [STREAM_FIN_WAIT2] = "fin_wait2",
    [STREAM_CLOSING] = "closing",
    [STREAM_CLOSE_WAIT] = "close_wait",
    [STREAM_LAST_ACK] = "last_ack",
    [STREAM_TIME_WAIT] = "time_wait",
    [STREAM_CLOSED] = "closed",
};

const char *stream_event_name(enum stream_event event)
{
    return event < STREAM_EVENT_COUNT ? names[event] : "unknown";
}

enum stream_event stream_event_find(struct str name)
{
    for (uint32_t i = 1; i < STREAM_EVENT_COUNT; i++) {
        if (str_eq_nocase(name, str_c(names[i])))
            return (enum stream_event)i;
    }
    return STREAM_EVENT_NONE;
}

const char *stream_state_name(enum stream_state state)
{
    return (uint32_t)state < ARRAY_COUNT(states) ? states[state] : "unknown";
}
