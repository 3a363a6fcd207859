#include "engine/app/http1/http1.h"

#include "engine/app/http1/message.h"

static const struct app_event_desc events[HTTP1_EVENT_COUNT] = {
    [HTTP1_UNKNOWN_ERROR] = {"unknown_error"},
    [HTTP1_GZIP_DECOMPRESSION_FAILED] = {"gzip_decompression_failed"},
    [HTTP1_REQUEST_FIELD_MISSING_COLON] = {"request_field_missing_colon"},
    [HTTP1_RESPONSE_FIELD_MISSING_COLON] = {"response_field_missing_colon"},
    [HTTP1_INVALID_REQUEST_CHUNK_LEN] = {"invalid_request_chunk_len"},
    [HTTP1_INVALID_RESPONSE_CHUNK_LEN] = {"invalid_response_chunk_len"},
    [HTTP1_INVALID_TRANSFER_ENCODING_REQUEST] = {"invalid_transfer_encoding_value_in_request"},
    [HTTP1_INVALID_TRANSFER_ENCODING_RESPONSE] = {"invalid_transfer_encoding_value_in_response"},
    [HTTP1_INVALID_CONTENT_LENGTH_REQUEST] = {"invalid_content_length_field_in_request"},
    [HTTP1_INVALID_CONTENT_LENGTH_RESPONSE] = {"invalid_content_length_field_in_response"},
    [HTTP1_DUPLICATE_CONTENT_LENGTH_REQUEST] = {"duplicate_content_length_field_in_request"},
    [HTTP1_DUPLICATE_CONTENT_LENGTH_RESPONSE] = {"duplicate_content_length_field_in_response"},
    [HTTP1_100_CONTINUE_ALREADY_SEEN] = {"100_continue_already_seen"},
    [HTTP1_UNABLE_TO_MATCH_RESPONSE] = {"unable_to_match_response_to_request"},
    [HTTP1_INVALID_SERVER_PORT] = {"invalid_server_port_in_request"},
    [HTTP1_INVALID_AUTHORITY_PORT] = {"invalid_authority_port"},
    [HTTP1_REQUEST_HEADER_INVALID] = {"request_header_invalid"},
    [HTTP1_RESPONSE_HEADER_INVALID] = {"response_header_invalid"},
    [HTTP1_MISSING_HOST] = {"missing_host_header"},
    [HTTP1_HOST_AMBIGUOUS] = {"host_header_ambiguous"},
    [HTTP1_INVALID_REQUEST_FOLDING] = {"invalid_request_field_folding"},
    [HTTP1_INVALID_RESPONSE_FOLDING] = {"invalid_response_field_folding"},
    [HTTP1_REQUEST_FIELD_TOO_LONG] = {"request_field_too_long"},
    [HTTP1_RESPONSE_FIELD_TOO_LONG] = {"response_field_too_long"},
    [HTTP1_FILE_NAME_TOO_LONG] = {"file_name_too_long"},
    [HTTP1_REQUEST_LINE_INVALID] = {"request_line_invalid"},
    [HTTP1_REQUEST_BODY_UNEXPECTED] = {"request_body_unexpected"},
    [HTTP1_PORT_MISMATCH] = {"request_server_port_tcp_port_mismatch"},
    [HTTP1_URI_HOST_INVALID] = {"request_uri_host_invalid"},
    [HTTP1_HEADER_HOST_INVALID] = {"request_header_host_invalid"},
    [HTTP1_AUTH_UNRECOGNIZED] = {"request_auth_unrecognized"},
    [HTTP1_REQUEST_HEADER_REPETITION] = {"request_header_repetition"},
    [HTTP1_RESPONSE_HEADER_REPETITION] = {"response_header_repetition"},
    [HTTP1_DOUBLE_ENCODED_URI] = {"double_encoded_uri"},
    [HTTP1_URI_DELIM] = {"uri_delim_non_compliant"},
    [HTTP1_METHOD_DELIM] = {"method_delim_non_compliant"},
    [HTTP1_REQUEST_LINE_LEADING_WHITESPACE] = {"request_line_leading_whitespace"},
    [HTTP1_TOO_MANY_ENCODING_LAYERS] = {"too_many_encoding_layers"},
    [HTTP1_ABNORMAL_CE_HEADER] = {"abnormal_ce_header"},
    [HTTP1_RESPONSE_BYTERANGES] = {"response_multipart_byteranges"},
    [HTTP1_RESPONSE_ABNORMAL_TRANSFER_ENCODING] = {"response_abnormal_transfer_encoding"},
    [HTTP1_RESPONSE_CHUNKED_OLD_PROTO] = {"response_chunked_old_proto"},
    [HTTP1_RESPONSE_INVALID_PROTOCOL] = {"response_line_invalid_protocol"},
    [HTTP1_RESPONSE_INVALID_STATUS] = {"response_line_invalid_response_status"},
    [HTTP1_REQUEST_LINE_INCOMPLETE] = {"request_line_incomplete"},
    [HTTP1_COMPRESSION_BOMB] = {"compression_bomb"},
    [HTTP1_RANGE_INVALID] = {"range_invalid"},
    [HTTP1_MULTIPART_GENERIC_ERROR] = {"multipart_generic_error"},
    [HTTP1_MULTIPART_NO_FILEDATA] = {"multipart_no_filedata"},
    [HTTP1_MULTIPART_INVALID_HEADER] = {"multipart_invalid_header"},
    [HTTP1_REQUEST_CHUNK_EXTENSION] = {"request_chunk_extension"},
    [HTTP1_REQUEST_LINE_MISSING_PROTOCOL] = {"request_line_missing_protocol"},
    [HTTP1_UNKNOWN_METHOD] = {"request_line_unknown_method"},
    [HTTP1_UNKNOWN_METHOD_NO_PROTOCOL] = {"request_line_unknown_method_no_protocol"},
    [HTTP1_UNKNOWN_METHOD_INVALID_PROTOCOL] = {"request_line_unknown_method_invalid_protocol"},
    [HTTP1_PROTOCOL_EXTRA_DATA] = {"protocol_contains_extra_data"},
    [HTTP1_REQUEST_TOO_MANY_HEADERS] = {"request_too_many_headers"},
    [HTTP1_RESPONSE_TOO_MANY_HEADERS] = {"response_too_many_headers"},
    [HTTP1_TOO_MANY_TRANSACTIONS] = {"too_many_transactions"},
    /* names that Suricata 8 knows and never raises */
    [HTTP1_NEVER] = {"too_many_warnings failed_protocol_change response_invalid_protocol "
                     "response_invalid_status "
                     "compression_bomb_limit_reached"},
    [HTTP1_LZMA_MEMLIMIT] = {"lzma_memlimit_reached"},
    [HTTP1_INVALID_GAP] = {"invalid_gap"},
};

_Static_assert(HTTP1_EVENT_COUNT <= 64, "events of a transaction are the bits of one word");
_Static_assert(HTTP1_UNKNOWN_METHOD <= APP_FLOW_EVENTS,
               "a flow's events leave room for those of detection");

/* ---- is it HTTP? ---- */

static const char *const methods[] = {
    "GET",          "POST",        "HEAD",        "PUT",        "OPTIONS",
    "DELETE",       "CONNECT",     "TRACE",       "PATCH",      "PROPFIND",
    "LOCK",         "MOVE",        "PROPPATCH",   "MKCOL",      "COPY",
    "UNLOCK",       "REPORT",      "SEARCH",      "CHECKOUT",   "MERGE",
    "NOTIFY",       "SUBSCRIBE",   "UNSUBSCRIBE", "M-SEARCH",   "RPC_IN_DATA",
    "RPC_OUT_DATA", "BITS_POST",   "CCM_POST",    "LABEL",      "BASELINE-CONTROL",
    "MKACTIVITY",   "MKWORKSPACE", "UPDATE",      "UNCHECKOUT", "VERSION-CONTROL",
    "SOURCE",       "INVALID",
};

#define PROBE_LINE_BYTES 256 /* a line that begins like a request and goes on longer is none */

static bool is_http_port(uint16_t port)
{
    return port == 80 || port == 8080 || port == 8000 || port == 8888 || port == 3128 || port == 81;
}

static struct str skip_blank(struct str s)
{
    while (s.len && (s.p[0] == '\r' || s.p[0] == '\n' || s.p[0] == ' ' || s.p[0] == '\t'))
        s = str_from(s, 1);
    return s;
}

/* Other protocols begin their requests with the same words. */
static bool is_other_protocol(struct str line)
{
    return str_find(line, 0, STR_LIT(" SIP/2.0")) >= 0 ||
           str_find(line, 0, STR_LIT(" RTSP/1.0")) >= 0 ||
           str_find(line, 0, STR_LIT(" sip:")) >= 0 || str_find(line, 0, STR_LIT(" rtsp:")) >= 0;
}

/* A word of letters, a blank, a URI and "HTTP/" on one line; `whole`: no more of it will come. */
static enum app_probe probe_request_line(struct str line, bool whole)
{
    size_t word = 0;
    while (word < line.len && !http1_is_blank(line.p[word]))
        word++;
    if (!http1_is_token(str_cut(line, 0, word)))
        return APP_PROBE_NO;
    if (word < line.len && str_find_nocase(line, word, STR_LIT(" HTTP/")) >= 0)
        return APP_PROBE_YES;
    return whole || line.len >= PROBE_LINE_BYTES ? APP_PROBE_NO : APP_PROBE_MORE;
}

static enum app_probe probe_request(struct str bytes, uint16_t server_port)
{
    bytes = skip_blank(bytes);
    if (bytes.len == 0)
        return APP_PROBE_MORE;
    ptrdiff_t feed = str_find_byte(bytes, 0, '\n');
    struct str line = str_cut(bytes, 0, feed < 0 ? bytes.len : (size_t)feed);
    bool strict = !is_http_port(server_port), open = false;
    for (size_t i = 0; i < ARRAY_COUNT(methods); i++) {
        struct str method = str_c(methods[i]);
        if (bytes.len <= method.len)
            open = open || str_starts_nocase(method, bytes);
        else if ((strict ? str_starts(bytes, method) : str_starts_nocase(bytes, method)) &&
                 http1_is_blank(bytes.p[method.len]))
            return is_other_protocol(line) ? APP_PROBE_NO : APP_PROBE_YES;
    }
    if (open)
        return APP_PROBE_MORE;
    return probe_request_line(line, feed >= 0);
}

static enum app_probe probe_response(struct str bytes)
{
    struct str mark = STR_LIT("HTTP/");
    bytes = skip_blank(bytes);
    if (bytes.len <= mark.len)
        return str_starts_nocase(mark, bytes) ? APP_PROBE_MORE : APP_PROBE_NO;
    return str_starts_nocase(bytes, mark) && bytes.p[mark.len] >= '0' && bytes.p[mark.len] <= '9'
               ? APP_PROBE_YES
               : APP_PROBE_NO;
}

static enum app_probe probe(struct str bytes, enum dir dir, uint16_t server_port)
{
    /* HTTP/2's preface is a request line of HTTP/2.0 on purpose (RFC 9113 section 3.4) */
    if (str_starts(bytes, STR_LIT("PRI * HTTP/2")))
        return APP_PROBE_NO;
    return dir == DIR_TOSERVER ? probe_request(bytes, server_port) : probe_response(bytes);
}

/* ---- life ---- */

static void tx_free(struct app_flow *af, struct tx *tx)
{
    struct http1_state *state = af->state;
    struct http1_tx *http = http1_tx_of(tx);
    for (int dir = 0; dir < DIR_COUNT; dir++) {
        if (state && state->dir[dir].tx == http)
            state->dir[dir].tx = NULL;
        http1_head_fini(&http->side[dir].head, af->mem);
        http1_payload_fini(&http->side[dir].payload, af->mem);
    }
}

static void tx_inspected(struct app_flow *af, struct tx *tx, enum dir dir)
{
    struct http1_tx *http = http1_tx_of(tx);
    struct http1_payload *p = &http->side[dir].payload;
    body_inspected(&p->body, &http->body_conf[dir]);
    if (p->multipart)
        http1_multipart_inspected(p->multipart, &http->body_conf[dir]);
}

static void closed(struct app_flow *af)
{
    struct http1_state *state = af->state;
    http1_hole_forget(af, &state->dir[DIR_TOSERVER]);
    http1_hole_forget(af, &state->dir[DIR_TOCLIENT]);
    http1_orphans_fini(af);
}

static const struct app_state_desc states[] = {
    {"request_line", DIR_TOSERVER, HTTP1_START},  {"request_headers", DIR_TOSERVER, HTTP1_HEADERS},
    {"request_body", DIR_TOSERVER, HTTP1_BODY},   {"request_trailer", DIR_TOSERVER, HTTP1_TRAILER},
    {"response_line", DIR_TOCLIENT, HTTP1_START}, {"response_headers", DIR_TOCLIENT, HTTP1_HEADERS},
    {"response_body", DIR_TOCLIENT, HTTP1_BODY},  {"response_trailer", DIR_TOCLIENT, HTTP1_TRAILER},
};

static const struct app_frame_desc frames[] = {
    [HTTP1_FRAME_REQUEST] = {"request"},
    [HTTP1_FRAME_RESPONSE] = {"response"},
};

const struct app_parser http1_parser = {
    .proto = APP_HTTP1,
    .tcp = true,
    .probe = probe,
    .state_bytes = sizeof(struct http1_state),
    .data = http1_data,
    .close = closed,
    .tx_free = tx_free,
    .tx_bytes = sizeof(struct http1_tx),
    .give_up = http1_give_up,
    .tx_inspected = tx_inspected,
    .fields = {http1_fields, HTTP1_FIELD_COUNT},
    .events = events,
    .event_count = HTTP1_EVENT_COUNT,
    .states = states,
    .state_count = ARRAY_COUNT(states),
    .frames = frames,
    .frame_count = ARRAY_COUNT(frames),
    .request_header = http1_request_header,
    .log_tx_id = true,
    .log_conf = http1_log_conf,
    .log = http1_log,
    .log_type = "http",
};
