#include "engine/app/smtp/smtp.h"

#include "engine/app/smtp/envelope.h"

static const struct app_event_desc events[SMTP_EVENTS] = {
    [SMTP_INVALID_REPLY] = {"invalid_reply"},
    [SMTP_UNABLE_TO_MATCH_REPLY] = {"unable_to_match_reply_with_request"},
    [SMTP_MAX_COMMAND_LINE] = {"max_command_line_len_exceeded"},
    [SMTP_MAX_REPLY_LINE] = {"max_reply_line_len_exceeded"},
    [SMTP_INVALID_PIPELINED_SEQUENCE] = {"invalid_pipelined_sequence"},
    [SMTP_BDAT_CHUNK_LEN_EXCEEDED] = {"bdat_chunk_len_exceeded"},
    [SMTP_INVALID_BDAT] = {"invalid_bdat"},
    [SMTP_NO_SERVER_WELCOME] = {"no_server_welcome_message"},
    [SMTP_TLS_REJECTED] = {"tls_rejected"},
    [SMTP_DATA_COMMAND_REJECTED] = {"data_command_rejected"},
    [SMTP_FAILED_PROTOCOL_CHANGE] = {"failed_protocol_change"},
    [SMTP_MIME_PARSE_FAILED] = {"mime_parse_failed"},
    [SMTP_MIME_MALFORMED] = {"mime_malformed_msg"},
    [SMTP_MIME_INVALID_BASE64] = {"mime_invalid_base64"},
    [SMTP_MIME_INVALID_QP] = {"mime_invalid_qp"},
    [SMTP_MIME_LONG_LINE] = {"mime_long_line"},
    [SMTP_MIME_LONG_ENC_LINE] = {"mime_long_enc_line"},
    [SMTP_MIME_LONG_HEADER_NAME] = {"mime_long_header_name"},
    [SMTP_MIME_LONG_HEADER_VALUE] = {"mime_long_header_value"},
    [SMTP_MIME_LONG_BOUNDARY] = {"mime_long_boundary"},
    [SMTP_MIME_LONG_FILENAME] = {"mime_long_filename"},
    [SMTP_DUPLICATE_FIELDS] = {"duplicate_fields"},
    [SMTP_UNPARSABLE_CONTENT] = {"unparsable_content"},
    [SMTP_TRUNCATED_LINE] = {"truncated_line"},
};

/* ---- is it SMTP? ---- */

static bool is_smtp_port(uint16_t port)
{
    return port == 25 || port == 587 || port == 465 || port == 2525;
}

/* The line of s, or as much as there is of it. */
static struct str first_line(struct str s, bool *whole)
{
    ptrdiff_t feed = str_find_byte(s, 0, '\n');
    *whole = feed >= 0;
    return str_cut(s, 0, feed < 0 ? s.len : (size_t)feed);
}

static bool ends_word(uint8_t c)
{
    return c == ' ' || c == '\r' || c == '\n' || c == '\t' || c == ':';
}

/* HELO and EHLO are SMTP's alone; the others FTP and POP3 know too. */
static enum app_probe probe_client(struct str bytes, uint16_t port)
{
    static const struct {
        const char *word;
        bool own_port; /* enough only there */
    } rows[] = {{"HELO", false},     {"EHLO", false}, {"RSET", true},
                {"MAIL FROM", true}, {"NOOP", true},  {"QUIT", true},
                {"STARTTLS", true},  {"AUTH", true},  {"RCPT TO", true}};
    bool open = false;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct str word = str_c(rows[i].word);
        if (rows[i].own_port && !is_smtp_port(port))
            continue;
        if (bytes.len <= word.len)
            open = open || str_starts_nocase(word, bytes);
        else if (str_starts_nocase(bytes, word) && ends_word(bytes.p[word.len]))
            return APP_PROBE_YES;
    }
    return open ? APP_PROBE_MORE : APP_PROBE_NO;
}

/* "220 name ESMTP ...". FTP greets with the same number, so elsewhere than on its own port the word must be there. */
static enum app_probe probe_server(struct str bytes, uint16_t port)
{
    bool whole, own_port = is_smtp_port(port);
    struct str line = first_line(bytes, &whole), code = STR_LIT("220");
    if (bytes.len < 4)
        return str_starts(code, str_cut(bytes, 0, 3)) || own_port ? APP_PROBE_MORE : APP_PROBE_NO;
    bool separated = bytes.p[3] == '-' || ends_word(bytes.p[3]);
    if (own_port && separated && bytes.p[0] >= '2' && bytes.p[0] <= '5') {
        uint64_t number;
        if (str_to_u64(str_cut(bytes, 0, 3), &number) && smtp_code_known((uint16_t)number))
            return APP_PROBE_YES;
    }
    if (!str_starts(bytes, code) || !separated)
        return APP_PROBE_NO;
    if (str_find_nocase(line, 0, STR_LIT("SMTP")) >= 0)
        return APP_PROBE_YES;
    return whole || line.len > 512 ? APP_PROBE_NO : APP_PROBE_MORE;
}

static enum app_probe probe(struct str bytes, enum dir dir, uint16_t server_port)
{
    if (bytes.len == 0)
        return APP_PROBE_MORE;
    return dir == DIR_TOSERVER ? probe_client(bytes, server_port)
                               : probe_server(bytes, server_port);
}

static struct app_result data(struct app_flow *af, enum dir dir, const struct app_chunk *chunk)
{
    return dir == DIR_TOSERVER ? smtp_client(af, chunk) : smtp_server(af, chunk);
}

/* ---- the row ---- */

static const struct app_state_desc states[] = {
    {"request_data", DIR_TOSERVER, SMTP_MAIL},
    {"response_data", DIR_TOCLIENT, TX_COMPLETE},
};

static const struct app_frame_desc frames[] = {
    [SMTP_FRAME_COMMAND_LINE] = {"command_line"},
    [SMTP_FRAME_DATA] = {"data"},
    [SMTP_FRAME_RESPONSE_LINE] = {"response_line"},
};

const struct app_parser smtp_parser = {
    .proto = APP_SMTP,
    .tcp = true,
    .probe = probe,
    .state_bytes = sizeof(struct smtp_state),
    .data = data,
    .tx_free = smtp_tx_fini,
    .tx_bytes = sizeof(struct smtp_tx),
    .tx_inspected = mail_inspected,
    .fields = {smtp_fields, SMTP_FIELD_COUNT},
    .events = events,
    .event_count = SMTP_EVENTS,
    .states = states,
    .state_count = ARRAY_COUNT(states),
    .frames = frames,
    .frame_count = ARRAY_COUNT(frames),
    .log_tx_id = true,
    .log_conf = smtp_log_conf,
    .log = smtp_log,
    .log_beside = mail_log,
};
