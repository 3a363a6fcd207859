#include "engine/app/mdns/mdns.h"

#include "engine/app/mdns/message.h"

#define PORT_MDNS 5353
#define PORT_LLMNR 5355
#define OPCODE_MAX 6
#define Z_FLAG 0x0040
#define LLMNR_RESERVED 0x00f0 /* RFC 4795 section 2.1.1: zero */
#define LENGTH_BYTES 2u       /* in front of a message over TCP, RFC 4795 section 2.5 */

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

enum frame { FRAME_PDU };
static const struct app_frame_desc frames[] = {[FRAME_PDU] = {"pdu"}};

/* ---- is it theirs? Both live on their port alone ---- */

static bool has_records(const struct dns_head *head)
{
    for (enum dns_section s = 0; s < DNS_SECTIONS; s++)
        if (head->counts[s])
            return true;
    return false;
}

static enum app_probe probe_mdns(struct str bytes, enum dir dir, uint16_t server_port)
{
    struct reader r = reader_of(bytes);
    struct dns_head head;
    (void)dir;
    if (server_port != PORT_MDNS || !dns_read_head(&r, &head))
        return APP_PROBE_NO;
    return has_records(&head) ? APP_PROBE_YES : APP_PROBE_NO;
}

/* RFC 4795 section 2.1.1: a question at least, and nothing in the reserved bits. */
static bool is_llmnr(const struct dns_head *head)
{
    return head->counts[DNS_QUESTIONS] && !(head->flags & LLMNR_RESERVED);
}

static enum app_probe probe_llmnr(struct str bytes, enum dir dir, uint16_t server_port)
{
    struct reader r = reader_of(bytes);
    struct dns_head head;
    (void)dir;
    if (server_port != PORT_LLMNR || !dns_read_head(&r, &head))
        return APP_PROBE_NO;
    return is_llmnr(&head) ? APP_PROBE_YES : APP_PROBE_NO;
}

static enum app_probe probe_llmnr_tcp(struct str bytes, enum dir dir, uint16_t server_port)
{
    struct reader r = reader_of(bytes);
    struct dns_head head;
    (void)dir;
    if (server_port != PORT_LLMNR)
        return APP_PROBE_NO;
    uint16_t len = reader_u16(&r);
    if (r.bad)
        return APP_PROBE_MORE;
    if (len < DNS_HEADER_BYTES)
        return APP_PROBE_NO;
    if (!dns_read_head(&r, &head))
        return APP_PROBE_MORE;
    return is_llmnr(&head) ? APP_PROBE_YES : APP_PROBE_NO;
}

/* ---- messages ---- */

static void take_message(struct app_flow *af, enum dir dir, struct str bytes)
{
    struct reader r = reader_of(bytes);
    struct dns_head head;
    if (!dns_read_head(&r, &head)) {
        app_event(af, NULL, DNS_EVENT_MALFORMED_DATA);
        return;
    }
    struct mdns_tx *tx = (struct mdns_tx *)app_tx_new(af, (uint8_t)DIR_BIT(dir));
    if (!tx)
        return;
    uint32_t wrong = dns_message_init(&tx->message, af->mem, &head, bytes);
    for (uint32_t event = 0; event < DNS_EVENTS; event++)
        if (wrong >> event & 1)
            app_event(af, &tx->tx, event);
    if (head.flags & Z_FLAG)
        app_event(af, &tx->tx, DNS_EVENT_Z_FLAG_SET);
    /* RFC 4795 section 2.1.1 knows the opcode 0 alone */
    if (dns_opcode(&head) > (af->proto == APP_LLMNR ? 0 : OPCODE_MAX))
        app_event(af, &tx->tx, DNS_EVENT_INVALID_OPCODE);
    app_progress(&tx->tx, DIR_TOSERVER, TX_COMPLETE);
    app_progress(&tx->tx, DIR_TOCLIENT, TX_COMPLETE);
}

static struct app_result data_udp(struct app_flow *af, enum dir dir, const struct app_chunk *chunk)
{
    if (!app_tx_room(af))
        return (struct app_result){PARSE_FULL, 0};
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
    while (reader_left(&r) >= LENGTH_BYTES) {
        struct str message = reader_str(&r, reader_u16(&r));
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
    dns_message_fini(&((struct mdns_tx *)tx)->message, af->mem);
}

static enum dir log_dir(const struct tx *tx)
{
    return tx->dirs & DIR_BIT(DIR_TOCLIENT) ? DIR_TOCLIENT : DIR_TOSERVER;
}

const struct app_parser mdns_parser = {
    .proto = APP_MDNS,
    .udp = true,
    .probe = probe_mdns,
    .data = data_udp,
    .tx_free = tx_free,
    .tx_bytes = sizeof(struct mdns_tx),
    .fields = {mdns_fields, MDNS_FIELDS},
    .events = events,
    .event_count = DNS_EVENTS,
    .frames = frames,
    .frame_count = ARRAY_COUNT(frames),
    .events_small = true,
    .log = mdns_log,
    .log_dir = log_dir,
};

/* Two rows, because over TCP a message begins with its length. Fields are told once. */
const struct app_parser llmnr_parser = {
    .proto = APP_LLMNR,
    .udp = true,
    .probe = probe_llmnr,
    .answers_from = PORT_LLMNR,
    .data = data_udp,
    .tx_free = tx_free,
    .tx_bytes = sizeof(struct mdns_tx),
    .fields = {llmnr_fields, MDNS_FIELDS},
    .events = events,
    .event_count = DNS_EVENTS,
    .frames = frames,
    .frame_count = ARRAY_COUNT(frames),
    .events_small = true,
    .log = mdns_log,
    .log_dir = log_dir,
};

const struct app_parser llmnr_tcp_parser = {
    .proto = APP_LLMNR,
    .tcp = true,
    .probe = probe_llmnr_tcp,
    .data = data_tcp,
    .tx_free = tx_free,
    .tx_bytes = sizeof(struct mdns_tx),
    .events = events,
    .event_count = DNS_EVENTS,
    .frames = frames,
    .frame_count = ARRAY_COUNT(frames),
    .events_small = true,
    .log = mdns_log,
    .log_dir = log_dir,
};
