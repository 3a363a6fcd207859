#include "engine/app/http2/http2.h"

#include "base/reader.h"
#include "engine/app/http2/message.h"

static const struct app_event_desc events[HTTP2_EVENT_COUNT] = {
    [HTTP2_INVALID_FRAME_HEADER] = {"invalid_frame_header"},
    [HTTP2_INVALID_CLIENT_MAGIC] = {"invalid_client_magic"},
    [HTTP2_INVALID_FRAME_DATA] = {"invalid_frame_data"},
    [HTTP2_INVALID_HEADER] = {"invalid_header"},
    [HTTP2_INVALID_FRAME_LENGTH] = {"invalid_frame_length"},
    [HTTP2_EXTRA_HEADER_DATA] = {"extra_header_data"},
    [HTTP2_LONG_FRAME_DATA] = {"long_frame_data"},
    [HTTP2_STREAM_ID_REUSE] = {"stream_id_reuse"},
    [HTTP2_INVALID_HTTP1_SETTINGS] = {"invalid_http1_settings"},
    [HTTP2_FAILED_DECOMPRESSION] = {"failed_decompression"},
    [HTTP2_INVALID_RANGE] = {"invalid_range"},
    [HTTP2_HEADER_INTEGER_OVERFLOW] = {"header_integer_overflow"},
    [HTTP2_TOO_MANY_STREAMS] = {"too_many_streams"},
    [HTTP2_AUTHORITY_HOST_MISMATCH] = {"authority_host_mismatch"},
    [HTTP2_USERINFO_IN_URI] = {"userinfo_in_uri"},
    [HTTP2_REASSEMBLY_LIMIT_REACHED] = {"reassembly_limit_reached"},
    [HTTP2_DNS_REQUEST_TOO_LONG] = {"dns_request_too_long"},
    [HTTP2_DNS_RESPONSE_TOO_LONG] = {"dns_response_too_long"},
    [HTTP2_DATA_STREAM_ZERO] = {"data_stream_zero"},
    [HTTP2_TOO_MANY_FRAMES] = {"too_many_frames"},
    [HTTP2_COMPRESSION_BOMB] = {"compression_bomb"},
    [HTTP2_HEADER_TABLE_OVERFLOW] = {"header_table_overflow"},
    [HTTP2_CONTINUATION_WITHOUT_HEADERS] = {"continuation_without_headers"},
    [HTTP2_TOO_LONG_REPEATED_HEADERS] = {"too_long_repeated_headers"},
    [HTTP2_DNS_MALFORMED] = {"dns_malformed"},
};

static const struct app_frame_desc frames[] = {
    [HTTP2_FRAME_HDR] = {"hdr"}, [HTTP2_FRAME_DATA] = {"data"}, [HTTP2_FRAME_PDU] = {"pdu"}};

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define SETTINGS_BYTES_MAX 600u

static enum app_probe probe_client(struct str bytes)
{
    struct str preface = STR_LIT(PREFACE);
    if (bytes.len < preface.len)
        return str_starts(preface, bytes) ? APP_PROBE_MORE : APP_PROBE_NO;
    return str_starts(bytes, preface) ? APP_PROBE_YES : APP_PROBE_NO;
}

/* A server begins with SETTINGS that are no acknowledgement (RFC 9113 section 3.4). */
static enum app_probe probe_server(struct str bytes)
{
    struct reader r = reader_of(bytes);
    uint32_t len = reader_u24(&r);
    uint8_t type = reader_u8(&r), flags = reader_u8(&r);
    uint32_t stream_id = reader_u32(&r);
    if (r.bad) /* so far only the head's first bytes: zeros, a small length */
        return !bytes.len || (bytes.p[0] == 0 && (bytes.len < 4 || bytes.p[3] == HTTP2_SETTINGS))
                   ? APP_PROBE_MORE
                   : APP_PROBE_NO;
    return len % 6 == 0 && len <= SETTINGS_BYTES_MAX && type == HTTP2_SETTINGS && flags == 0 &&
                   stream_id == 0
               ? APP_PROBE_YES
               : APP_PROBE_NO;
}

static enum app_probe probe(struct str bytes, enum dir dir, uint16_t server_port)
{
    return dir == DIR_TOSERVER ? probe_client(bytes) : probe_server(bytes);
}

static void tx_free(struct app_flow *af, struct tx *tx)
{
    struct http2_tx *http = http2_tx_of(tx);
    for (int dir = 0; dir < DIR_COUNT; dir++) {
        http2_head_fini(&http->side[dir].head, af->mem);
        http2_dns_fini(&http->side[dir].dns, af->mem);
        http2_payload_fini(&http->side[dir].payload, af->mem);
    }
    budget_give(af->mem, http->facts, http->fact_cap * sizeof *http->facts);
}

static void tx_inspected(struct app_flow *af, struct tx *tx, enum dir dir)
{
    struct http2_tx *http = http2_tx_of(tx);
    body_inspected(&http->side[dir].payload.body, &http->body_conf[dir]);
}

const struct app_parser http2_parser = {
    .proto = APP_HTTP2,
    .becomes = APP_DOH2,
    .tcp = true,
    .probe = probe,
    .state_bytes = sizeof(struct http2_state),
    .open = http2_open,
    .data = http2_data,
    .close = http2_close,
    .tx_free = tx_free,
    .tx_bytes = sizeof(struct http2_tx),
    .give_up = http2_give_up,
    .tx_inspected = tx_inspected,
    .fields = {http2_fields, HTTP2_FIELD_ROWS},
    .events = events,
    .event_count = HTTP2_EVENT_COUNT,
    .frames = frames,
    .frame_count = ARRAY_COUNT(frames),
    .request_header = http2_request_header,
    .log_wants = http2_log_wants,
    .log = http2_log,
    .log_beside = http2_log_beside,
    .log_type = "http",
    .log_type_of = http2_log_type_of,
};
