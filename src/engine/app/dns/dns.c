#include "engine/app/dns/dns.h"

#include "engine/app/dns/message.h"

#define PORT_DNS 53
#define PORT_MDNS 5353
#define PORT_NETBIOS 137 /* RFC 1002: nearly the same messages, with names of their own kind */
#define TYPE_NETBIOS 0x20
#define OPCODE_MAX 6 /* 0 query, 1 inverse, 2 status, 4 notify, 5 update, 6 stateful (RFC 8490) */
#define Z_FLAG 0x0040

static const struct app_event_desc events[DNS_EVENTS] = {
    [DNS_EVENT_MALFORMED_DATA] = {"malformed_data"},
    [DNS_EVENT_NOT_REQUEST] = {"not_request"},
    [DNS_EVENT_NOT_RESPONSE] = {"not_response"},
    [DNS_EVENT_Z_FLAG_SET] = {"z_flag_set"},
    [DNS_EVENT_INVALID_OPCODE] = {"invalid_opcode"},
    [DNS_EVENT_NAME_TOO_LONG] = {"name_too_long"},
    [DNS_EVENT_INFINITE_LOOP] = {"infinite_loop"},
    [DNS_EVENT_TOO_MANY_QUESTIONS] = {"too_many_questions"},
    [DNS_EVENT_TOO_MANY_ANSWERS] = {"too_many_answers"},
    [DNS_EVENT_TOO_MANY_AUTHORITIES] = {"too_many_authorities"},
    [DNS_EVENT_TOO_MANY_ADDITIONALS] = {"too_many_additionals"},
};

/* ---- probe ---- */

#define QUESTION_BYTES_MIN 5 /* RFC 1035 section 4.1.2: the root's name, type, class */
#define RECORD_BYTES_MIN 11  /* section 4.1.3 */
#define NAME_BYTES_MAX 255   /* section 3.1 */

static bool counts_fit(const struct dns_head *head, size_t message_len)
{
    size_t least = DNS_HEADER_BYTES + head->counts[DNS_QUESTIONS] * (size_t)QUESTION_BYTES_MIN +
                   ((size_t)head->counts[DNS_ANSWERS] + head->counts[DNS_AUTHORITIES] +
                    head->counts[DNS_ADDITIONALS]) *
                       RECORD_BYTES_MIN;
    return head->counts[DNS_QUESTIONS] >= 1 && least <= message_len;
}

/* RFC 1035 section 3.2.4, RFC 2136 sections 2.4 and 2.5 */
static bool is_class(uint16_t class)
{
    return class == 1 || class == 3 || class == 4 || class == 254 || class == 255;
}

/* The bytes end inside the first question's name. A name that is whole so far and longer than any may be is DNS of
 * somebody who means harm; it must not wait for ever for its end. */
static enum app_probe probe_part(struct reader name)
{
    size_t begin = name.at;
    while (reader_left(&name)) {
        uint8_t size = reader_u8(&name);
        if (size & 0xc0)
            return (size & 0xc0) == 0xc0 && !reader_left(&name) ? APP_PROBE_MORE : APP_PROBE_NO;
        if (!size || reader_left(&name) < size)
            break;
        reader_skip(&name, size);
    }
    return name.at - begin > NAME_BYTES_MAX ? APP_PROBE_YES : APP_PROBE_MORE;
}

static enum app_probe probe_question(struct str bytes, bool complete)
{
    struct reader r = reader_of(bytes);
    struct dns_record question;
    reader_skip(&r, DNS_HEADER_BYTES);
    struct reader name = r;
    if (dns_read_record(&r, DNS_QUESTIONS, &question))
        return question.type && question.type != TYPE_NETBIOS && is_class(question.class)
                   ? APP_PROBE_YES
                   : APP_PROBE_NO;
    return complete ? APP_PROBE_NO : probe_part(name);
}

/* `bytes`: as many of a message's message_len as are there. */
static enum app_probe probe_message(struct str bytes, size_t message_len, uint16_t server_port)
{
    struct reader r = reader_of(bytes);
    struct dns_head head;
    bool complete = bytes.len == message_len;
    if (!dns_read_head(&r, &head))
        return complete ? APP_PROBE_NO : APP_PROBE_MORE;
    if (server_port == PORT_DNS)
        return head.counts[DNS_QUESTIONS] || head.counts[DNS_ANSWERS] ? APP_PROBE_YES
                                                                      : APP_PROBE_NO;
    if (dns_opcode(&head) > OPCODE_MAX || (head.flags & Z_FLAG) || !counts_fit(&head, message_len))
        return APP_PROBE_NO;
    return probe_question(bytes, complete);
}

/* RFC 1035 section 4.2.2: over TCP two bytes of length stand before each message. */
static enum app_probe probe_tcp(struct str bytes, uint16_t server_port)
{
    struct reader r = reader_of(bytes);
    uint16_t len = reader_u16(&r);
    if (r.bad)
        return APP_PROBE_MORE;
    if (len < DNS_HEADER_BYTES)
        return APP_PROBE_NO;
    return probe_message(str_cut(reader_rest(&r), 0, len), len, server_port);
}

/* The answer to a question that was not seen: who sends it is the server. To port 53 it is an odd request. */
static bool is_turned(struct str message, enum dir dir, uint16_t server_port)
{
    struct reader r = reader_of(message);
    struct dns_head head;
    return dir == DIR_TOSERVER && server_port != PORT_DNS && dns_read_head(&r, &head) &&
           dns_is_response(&head);
}

static enum app_probe probe_udp_bytes(struct str bytes, enum dir dir, uint16_t server_port)
{
    if (server_port == PORT_MDNS || server_port == PORT_NETBIOS ||
        is_turned(bytes, dir, server_port))
        return APP_PROBE_NO;
    return probe_message(bytes, bytes.len, server_port);
}

static enum app_probe probe_tcp_bytes(struct str bytes, enum dir dir, uint16_t server_port)
{
    if (is_turned(str_from(bytes, 2), dir, server_port))
        return APP_PROBE_NO;
    return probe_tcp(bytes, server_port);
}

/* ---- messages ---- */

static void take_message(struct app_flow *af, enum dir dir, struct str message)
{
    struct reader r = reader_of(message);
    struct dns_head head;
    if (!dns_read_head(&r, &head)) {
        app_event(af, NULL, DNS_EVENT_MALFORMED_DATA);
        return;
    }
    if (dns_is_response(&head) != (dir == DIR_TOCLIENT))
        app_event(af, NULL, dir == DIR_TOSERVER ? DNS_EVENT_NOT_REQUEST : DNS_EVENT_NOT_RESPONSE);
    struct dns_tx *tx = (struct dns_tx *)app_tx_new(af, (uint8_t)DIR_BIT(dir));
    if (!tx)
        return;
    uint32_t wrong = dns_message_init(&tx->message, af->mem, &head, message);
    for (uint32_t event = 0; event < DNS_EVENTS; event++)
        if (wrong >> event & 1)
            app_event(af, &tx->tx, event);
    if (head.flags & Z_FLAG)
        app_event(af, &tx->tx, DNS_EVENT_Z_FLAG_SET);
    if (dns_opcode(&head) > OPCODE_MAX)
        app_event(af, &tx->tx, DNS_EVENT_INVALID_OPCODE);
    app_progress(&tx->tx, DIR_TOSERVER, TX_COMPLETE);
    app_progress(&tx->tx, DIR_TOCLIENT, TX_COMPLETE);
}

enum frame { FRAME_PDU };
#define LENGTH_BYTES 2u /* in front of a message over TCP */

static const struct app_frame_desc frames[] = {[FRAME_PDU] = {"pdu"}};

static struct app_result data_udp(struct app_flow *af, enum dir dir, const struct app_chunk *chunk)
{
    app_frame(af, NULL, FRAME_PDU, chunk->bytes, chunk->bytes.len);
    take_message(af, dir, chunk->bytes);
    return (struct app_result){PARSE_OK, (uint32_t)chunk->bytes.len};
}

static struct app_result data_tcp(struct app_flow *af, enum dir dir, const struct app_chunk *chunk)
{
    struct reader r = reader_of(chunk->bytes);
    uint32_t consumed = 0;
    /* Behind a hole nothing tells where a message begins. */
    if (chunk->gap)
        return (struct app_result){PARSE_BAD, 0};
    while (reader_left(&r) >= 2) {
        uint16_t len = reader_u16(&r);
        struct str message = reader_str(&r, len);
        if (r.bad)
            break;
        if (!app_tx_room(af))
            return (struct app_result){PARSE_FULL, consumed};
        app_frame(af, NULL, FRAME_PDU, str_from(chunk->bytes, consumed),
                  LENGTH_BYTES + message.len);
        take_message(af, dir, message);
        consumed = (uint32_t)r.at;
    }
    return (struct app_result){consumed == chunk->bytes.len ? PARSE_OK : PARSE_MORE, consumed};
}

static void tx_free(struct app_flow *af, struct tx *tx)
{
    dns_message_fini(&((struct dns_tx *)tx)->message, af->mem);
}

static enum dir log_dir(const struct tx *tx)
{
    return tx->dirs & DIR_BIT(DIR_TOCLIENT) ? DIR_TOCLIENT : DIR_TOSERVER;
}

/* Two rows, because over TCP a message begins with its length: the probe must know. Fields and events are told once. */
const struct app_parser dns_parser = {
    .proto = APP_DNS,
    .udp = true,
    .probe = probe_udp_bytes,
    .data = data_udp,
    .tx_free = tx_free,
    .tx_bytes = sizeof(struct dns_tx),
    .fields = {dns_fields, DNS_FIELDS},
    .events = events,
    .event_count = DNS_EVENTS,
    .frames = frames,
    .frame_count = ARRAY_COUNT(frames),
    .events_small = true,
    .log_conf = dns_log_conf,
    .log_wants = dns_log_wants,
    .log = dns_log,
    .log_dir = log_dir,
};

const struct app_parser dns_tcp_parser = {
    .proto = APP_DNS,
    .tcp = true,
    .probe = probe_tcp_bytes,
    .data = data_tcp,
    .tx_free = tx_free,
    .tx_bytes = sizeof(struct dns_tx),
    .events = events,
    .event_count = DNS_EVENTS,
    .frames = frames,
    .frame_count = ARRAY_COUNT(frames),
    .events_small = true,
    .log_conf = dns_log_conf,
    .log_wants = dns_log_wants,
    .log = dns_log,
    .log_dir = log_dir,
};
