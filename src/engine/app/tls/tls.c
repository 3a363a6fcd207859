/* Records, and what a handshake's messages change. The states of a direction:
 *
 *   clear      records are read; handshake messages are joined over them
 *   encrypted  after ChangeCipherSpec (TLS 1.2) or the first application data (TLS 1.3): only headers are walked over
 *   blind      where a record begins is lost, or nothing is left to learn: bytes pass unseen
 *
 * A record's bytes are not waited for: what a record cannot use is skipped as it comes, and a handshake record is read as
 * soon as it is whole (at most 18 KiB are given again). */
#include "engine/app/tls/tls.h"

#include "engine/app/tls/certificate.h"

#define RECORD_HEADER 5
#define SSLV2_HEADER 2
#define RECORD_MAX (16384 + 2048) /* RFC 5246 section 6.2.3 */
#define RECORDS_MAX 255 /* in the clear and in one piece of the stream: nobody needs so many */
#define MESSAGE_HEADER 4
#define HEARTBEAT_HEADER 3
#define HEARTBEAT_PADDING 16 /* RFC 6520 section 4: at least */
#define PORT_HTTPS 443

enum frame {
    TLS_FRAME_PDU,
    TLS_FRAME_HDR,
    TLS_FRAME_DATA,
    TLS_FRAME_ALERT,
    TLS_FRAME_HEARTBEAT,
    TLS_FRAME_SSL2_HDR,
    TLS_FRAME_SSL2_PDU
};

enum record_type {
    RECORD_CHANGE_CIPHER = 20,
    RECORD_ALERT = 21,
    RECORD_HANDSHAKE = 22,
    RECORD_DATA = 23,
    RECORD_HEARTBEAT = 24,
};

enum message_type {
    MESSAGE_CLIENT_HELLO = 1,
    MESSAGE_SERVER_HELLO = 2,
    MESSAGE_CERTIFICATE = 11,
    MESSAGE_CERTIFICATE_REQUEST = 13,
    MESSAGE_SERVER_HELLO_DONE = 14,
    MESSAGE_SERVER_KEY = 12,
    MESSAGE_CLIENT_KEY = 16,
};

struct half {
    bool started, encrypted, blind;
    uint32_t skip;          /* of the record in hand */
    uint16_t heartbeat_len; /* of the last request's record */
    uint8_t head[MESSAGE_HEADER];
    uint8_t head_len;
    uint8_t *join; /* body of a message that spans records */
    uint32_t join_len, join_cap;
};

struct tls_state {
    struct half half[DIR_COUNT];
    struct tls_tx *tx; /* NULL: not made yet, or over */
    bool made;
    bool retry; /* the server asked for another ClientHello */
    bool talks; /* data was sent, behind a record of each side */
};

/* What a piece of the stream is read with. */
struct way {
    struct app_flow *af;
    struct tls_state *state;
    struct half *half;
    enum dir dir;
};

static const struct app_event_desc events[TLS_EVENTS] = {
    [TLS_EVENT_INVALID_SSLV2_HEADER] = {"invalid_sslv2_header"},
    [TLS_EVENT_INVALID_TLS_HEADER] = {"invalid_tls_header"},
    [TLS_EVENT_INVALID_RECORD_VERSION] = {"invalid_record_version"},
    [TLS_EVENT_INVALID_RECORD_TYPE] = {"invalid_record_type"},
    [TLS_EVENT_INVALID_RECORD_LENGTH] = {"invalid_record_length"},
    [TLS_EVENT_INVALID_HANDSHAKE_MESSAGE] = {"invalid_handshake_message"},
    [TLS_EVENT_INVALID_CERTIFICATE] = {"invalid_certificate"},
    [TLS_EVENT_CERTIFICATE_INVALID_LENGTH] = {"certificate_invalid_length"},
    [TLS_EVENT_CERTIFICATE_INVALID_VERSION] = {"certificate_invalid_version"},
    [TLS_EVENT_CERTIFICATE_INVALID_SERIAL] = {"certificate_invalid_serial"},
    [TLS_EVENT_CERTIFICATE_INVALID_ALGORITHM] = {"certificate_invalid_algorithmidentifier"},
    [TLS_EVENT_CERTIFICATE_INVALID_NAME] = {"certificate_invalid_x509name"},
    [TLS_EVENT_CERTIFICATE_INVALID_DATE] = {"certificate_invalid_date"},
    [TLS_EVENT_CERTIFICATE_INVALID_EXTENSIONS] = {"certificate_invalid_extensions"},
    [TLS_EVENT_CERTIFICATE_INVALID_DER] = {"certificate_invalid_der"},
    [TLS_EVENT_CERTIFICATE_INVALID_SUBJECT] = {"certificate_invalid_subject"},
    [TLS_EVENT_CERTIFICATE_INVALID_ISSUER] = {"certificate_invalid_issuer"},
    [TLS_EVENT_CERTIFICATE_INVALID_VALIDITY] = {"certificate_invalid_validity"},
    [TLS_EVENT_ERROR_MESSAGE_ENCOUNTERED] = {"error_message_encountered"},
    [TLS_EVENT_INVALID_ALERT_MESSAGE] = {"invalid_alert_message"},
    [TLS_EVENT_INVALID_HEARTBEAT_MESSAGE] = {"invalid_heartbeat_message"},
    [TLS_EVENT_OVERFLOW_HEARTBEAT_MESSAGE] = {"overflow_heartbeat_message"},
    [TLS_EVENT_DATALEAK_HEARTBEAT_MISMATCH] = {"dataleak_heartbeat_mismatch"},
    [TLS_EVENT_HANDSHAKE_INVALID_LENGTH] = {"handshake_invalid_length"},
    [TLS_EVENT_MULTIPLE_SNI_EXTENSIONS] = {"multiple_sni_extensions"},
    [TLS_EVENT_INVALID_SNI_TYPE] = {"invalid_sni_type"},
    [TLS_EVENT_INVALID_SNI_LENGTH] = {"invalid_sni_length"},
    [TLS_EVENT_TOO_MANY_RECORDS_IN_PACKET] = {"too_many_records_in_packet"},
    [TLS_EVENT_INVALID_SSL_RECORD] = {"invalid_ssl_record"},
    [TLS_EVENT_HEARTBEAT_MESSAGE] = {"heartbeat_message"},
    [TLS_EVENT_TOO_MANY_SUBJECT_ALTERNATIVE_NAMES] = {"too_many_subject_alternative_names"},
    [TLS_EVENT_INVALID_CLIENT_HELLO] = {"invalid_client_hello"},
    [TLS_EVENT_INVALID_SERVER_HELLO] = {"invalid_server_hello"},
};

static void event(const struct way *w, enum tls_event number)
{
    app_event(w->af, w->state->tx ? &w->state->tx->tx : NULL, number);
}

/* ---- probe ---- */

/* RFC 5246 appendix E.2: two bytes of length with the highest bit set, then the type and the version. */
static enum app_probe probe_sslv2(struct str bytes)
{
    struct reader r = reader_of(bytes);
    uint16_t len = reader_u16(&r) & 0x7fff;
    uint8_t type = reader_u8(&r);
    uint16_t version = reader_u16(&r);
    uint16_t ciphers = reader_u16(&r), session = reader_u16(&r), challenge = reader_u16(&r);
    if (bytes.len >= 3 && type != MESSAGE_CLIENT_HELLO)
        return APP_PROBE_NO;
    if (bytes.len >= 5 && version != SSL_2 && (version < SSL_3 || version > TLS_1_3))
        return APP_PROBE_NO;
    if (r.bad)
        return APP_PROBE_MORE;
    bool fits = ciphers % 3 == 0 && ciphers && 9 + ciphers + session + challenge == len;
    return fits ? APP_PROBE_YES : APP_PROBE_NO;
}

static enum app_probe probe(struct str bytes, enum dir dir, uint16_t server_port)
{
    struct reader r = reader_of(bytes);
    uint8_t type = reader_u8(&r);
    uint8_t major = reader_u8(&r), minor = reader_u8(&r);
    uint16_t len = reader_u16(&r);
    uint8_t message = reader_u8(&r);
    bool client = dir == DIR_TOSERVER;
    if (!bytes.len)
        return APP_PROBE_MORE;
    if (client && type & 0x80)
        return probe_sslv2(bytes);
    if (type != RECORD_HANDSHAKE && (client || (type != RECORD_ALERT && type != RECORD_DATA)))
        return APP_PROBE_NO;
    if ((bytes.len >= 2 && major != 3) || (bytes.len >= 3 && minor > 4))
        return APP_PROBE_NO;
    if (bytes.len < RECORD_HEADER)
        return APP_PROBE_MORE;
    if (len == 0 || len > RECORD_MAX)
        return APP_PROBE_NO;
    if (!client || server_port == PORT_HTTPS)
        return APP_PROBE_YES;
    if (r.bad)
        return APP_PROBE_MORE;
    return message == MESSAGE_CLIENT_HELLO ? APP_PROBE_YES : APP_PROBE_NO;
}

/* ---- the transaction's life ---- */

static bool begin(const struct way *w)
{
    if (w->state->made)
        return true;
    w->state->tx = (struct tls_tx *)app_tx_new(w->af, DIR_BOTH);
    if (!w->state->tx)
        return false;
    w->state->made = true;
    w->state->tx->from_proto = w->af->proto_before;
    return true;
}

static bool in_tls_1_3(const struct tls_tx *tx)
{
    uint16_t version = tx->version[DIR_TOCLIENT];
    return version == TLS_1_3 || version >> 8 == 0x7f || version >> 8 == 0xfb;
}

/* No certificate, yet the server encrypts: it goes on with a session that it knows by its id (RFC 5246 7.3) or by the client's
 * ticket (RFC 5077). */
static void note_resumption(struct tls_tx *tx)
{
    struct hello client, server;
    struct str ticket = STR_EMPTY;
    if (tx->chain[DIR_TOCLIENT].p || !tx->hello[DIR_TOCLIENT].p || in_tls_1_3(tx))
        return;
    hello_read(tls_message_str(&tx->hello[DIR_TOSERVER]), DIR_TOSERVER, &client);
    hello_read(tls_message_str(&tx->hello[DIR_TOCLIENT]), DIR_TOCLIENT, &server);
    bool same = server.session_id.len && str_eq(client.session_id, server.session_id);
    bool by_ticket =
        hello_find_extension(&client, TLS_EXT_SESSION_TICKET, &ticket) && ticket.len > 0;
    tx->resumed = same || by_ticket;
}

static void encrypt(const struct way *w)
{
    struct tls_tx *tx = w->state->tx;
    w->half->encrypted = true;
    if (!tx || tx->encrypted[w->dir])
        return;
    tx->encrypted[w->dir] = true;
    if (tx->encrypted[dir_other(w->dir)] && tx->at == TLS_AT_CLIENT_KEY)
        tx->at = 0;
    if (w->dir == DIR_TOCLIENT)
        note_resumption(tx);
    app_progress(&tx->tx, w->dir, TX_COMPLETE);
}

static void end_direction(const struct way *w)
{
    w->half->blind = true;
    if (w->state->tx)
        app_progress(&w->state->tx->tx, w->dir, TX_COMPLETE);
}

/* ---- messages ---- */

/* Without room the connection goes on, and what the message says is not known. */
static void keep(const struct way *w, struct tls_message *m, struct str body)
{
    m->p = budget_alloc(w->af->mem, body.len ? body.len : 1);
    if (!m->p)
        return;
    if (body.len)
        memcpy(m->p, body.p, body.len);
    m->len = (uint32_t)body.len;
}

static void check_server_name(const struct way *w, const struct hello *hello)
{
    struct reader r = reader_of(hello->extensions);
    struct str name;
    uint16_t type;
    int count = 0;
    for (int i = 0; i < HELLO_EXTENSIONS_MAX && hello_next_extension(&r, &type, &name); i++)
        count += type == TLS_EXT_SERVER_NAME;
    if (count > 1)
        event(w, TLS_EVENT_MULTIPLE_SNI_EXTENSIONS);
    switch (hello_server_name(hello, &name)) {
    case HELLO_SNI_BAD_TYPE: event(w, TLS_EVENT_INVALID_SNI_TYPE); break;
    case HELLO_SNI_BAD_LENGTH: event(w, TLS_EVENT_INVALID_SNI_LENGTH); break;
    case HELLO_SNI_NONE:
    case HELLO_SNI_OK: break;
    }
}

static void take_hello(const struct way *w, struct str body)
{
    struct hello hello;
    struct tls_tx *tx = w->state->tx;
    bool client = w->dir == DIR_TOSERVER;
    if (!hello_read(body, w->dir, &hello)) {
        event(w, TLS_EVENT_INVALID_HANDSHAKE_MESSAGE);
        event(w, client ? TLS_EVENT_INVALID_CLIENT_HELLO : TLS_EVENT_INVALID_SERVER_HELLO);
    }
    if (!client)
        w->state->retry = hello_is_retry(&hello);
    if (!tx || tx->hello[w->dir].p) /* the first one is what the fingerprints are known by */
        return;
    keep(w, &tx->hello[w->dir], body);
    tx->version[w->dir] = hello_version(&hello, w->dir);
    if (client)
        check_server_name(w, &hello);
    app_progress(&tx->tx, w->dir, TLS_HELLO_DONE);
}

static void check_certificate(const struct way *w, struct str der)
{
    static const uint8_t event_of[] = {
        [TLS_CERTIFICATE_CUT] = TLS_EVENT_CERTIFICATE_INVALID_LENGTH,
        [TLS_CERTIFICATE_OTHER] = TLS_EVENT_CERTIFICATE_INVALID_DER,
        [TLS_CERTIFICATE_DER] = TLS_EVENT_INVALID_CERTIFICATE,
        [TLS_CERTIFICATE_VERSION] = TLS_EVENT_CERTIFICATE_INVALID_VERSION,
        [TLS_CERTIFICATE_SERIAL] = TLS_EVENT_CERTIFICATE_INVALID_SERIAL,
        [TLS_CERTIFICATE_ALGORITHM] = TLS_EVENT_CERTIFICATE_INVALID_ALGORITHM,
        [TLS_CERTIFICATE_ISSUER] = TLS_EVENT_CERTIFICATE_INVALID_ISSUER,
        [TLS_CERTIFICATE_VALIDITY] = TLS_EVENT_CERTIFICATE_INVALID_VALIDITY,
        [TLS_CERTIFICATE_SUBJECT] = TLS_EVENT_CERTIFICATE_INVALID_SUBJECT,
        [TLS_CERTIFICATE_EXTENSIONS] = TLS_EVENT_CERTIFICATE_INVALID_EXTENSIONS,
    };
    struct tls_certificate c;
    struct str name;
    char time[TLS_TIME_BYTES + 1];
    enum tls_certificate_part bad = tls_certificate_read(der, &c);
    if (bad != TLS_CERTIFICATE_OK) {
        event(w, event_of[bad]);
        return;
    }
    if (!tls_time_text(&c, 0, time) || !tls_time_text(&c, 1, time))
        event(w, TLS_EVENT_CERTIFICATE_INVALID_DATE);
    struct reader names = tls_alternative_names(&c);
    uint32_t count = 0;
    while (count <= TLS_NAMES_MAX && tls_next_alternative_name(&names, &name))
        count++;
    if (count > TLS_NAMES_MAX)
        event(w, TLS_EVENT_TOO_MANY_SUBJECT_ALTERNATIVE_NAMES);
}

static void take_certificates(const struct way *w, struct str body)
{
    struct tls_tx *tx = w->state->tx;
    struct reader r = reader_of(body);
    struct str der;
    if (!tx || tx->chain[w->dir].p)
        return;
    if (reader_u24(&r) != reader_left(&r) || r.bad) {
        event(w, TLS_EVENT_CERTIFICATE_INVALID_LENGTH);
        event(w, TLS_EVENT_INVALID_HANDSHAKE_MESSAGE);
    }
    if (tls_chain_certificate(body, 0, &der)) {
        keep(w, &tx->chain[w->dir], body);
        check_certificate(w, der);
    } else if (reader_left(&r)) {
        event(w, TLS_EVENT_CERTIFICATE_INVALID_LENGTH);
        event(w, TLS_EVENT_INVALID_HANDSHAKE_MESSAGE);
    }
    app_progress(&tx->tx, w->dir, TLS_CERTIFICATE_DONE);
}

/* RFC 8446 appendix B.3 and the older ones it names. */
static bool is_known_message(uint8_t type)
{
    static const uint8_t known[] = {0,  1,  2,  3,  4,  5,  6,  8,  11, 12, 13,
                                    14, 15, 16, 20, 21, 22, 23, 24, 25, 67, 254};
    return memchr(known, type, sizeof(known)) != NULL;
}

static void note_end_of_flight(struct tls_tx *tx, uint8_t type)
{
    tx->certificate_asked |= type == MESSAGE_CERTIFICATE_REQUEST;
    tx->server_done |= type == MESSAGE_SERVER_HELLO_DONE;
    tx->tx.updated[DIR_TOCLIENT] = true;
    if (type != MESSAGE_CLIENT_HELLO && type != MESSAGE_SERVER_HELLO &&
        type != MESSAGE_CLIENT_KEY && type != MESSAGE_SERVER_KEY)
        app_progress(&tx->tx, DIR_TOCLIENT, TLS_FLIGHT_DONE);
}

static void note_state(struct tls_tx *tx, bool client, uint8_t type)
{
    if (type == (client ? MESSAGE_CLIENT_HELLO : MESSAGE_SERVER_HELLO))
        tx->at = client ? TLS_AT_CLIENT_HELLO : TLS_AT_SERVER_HELLO;
    else if (type == (client ? MESSAGE_CLIENT_KEY : MESSAGE_SERVER_KEY))
        tx->at = client ? TLS_AT_CLIENT_KEY : TLS_AT_SERVER_KEY;
}

static void take_message(const struct way *w, uint8_t type, struct str body)
{
    bool client = w->dir == DIR_TOSERVER;
    if (w->state->tx)
        note_state(w->state->tx, client, type);
    if (!client && w->state->tx)
        note_end_of_flight(w->state->tx, type);
    if (!is_known_message(type))
        event(w, TLS_EVENT_INVALID_HANDSHAKE_MESSAGE);
    else if (type == MESSAGE_CERTIFICATE)
        take_certificates(w, body);
    else if (type == (client ? MESSAGE_CLIENT_HELLO : MESSAGE_SERVER_HELLO))
        take_hello(w, body);
    else if (type == MESSAGE_CLIENT_HELLO || type == MESSAGE_SERVER_HELLO)
        event(w, TLS_EVENT_INVALID_HANDSHAKE_MESSAGE);
}

/* ---- messages that span records ---- */

static uint32_t message_len(const uint8_t *head)
{
    return (uint32_t)head[1] << 16 | (uint32_t)head[2] << 8 | head[3];
}

static void join_drop(struct app_flow *af, struct half *half)
{
    budget_give(af->mem, half->join, half->join_cap);
    half->join = NULL;
    half->join_len = half->join_cap = half->head_len = 0;
}

/* Memory follows the bytes that came, not the length that is claimed. */
static bool join_room(const struct way *w, uint32_t need, uint32_t whole)
{
    struct half *half = w->half;
    uint32_t cap = half->join_cap ? half->join_cap : 1024;
    while (cap < need)
        cap *= 2;
    if (cap > whole)
        cap = whole;
    if (cap <= half->join_cap)
        return true;
    void *grown = budget_resize(w->af->mem, half->join, half->join_len, cap);
    if (!grown)
        return false;
    half->join = grown;
    half->join_cap = cap;
    return true;
}

/* Adds of `r` what the message in hand lacks, and hands it on when it is whole. */
static bool join_add(const struct way *w, struct reader *r)
{
    struct half *half = w->half;
    uint32_t whole = message_len(half->head);
    size_t lacks = whole - half->join_len;
    struct str part = reader_str(r, lacks < reader_left(r) ? lacks : reader_left(r));
    if (whole > TLS_MESSAGE_MAX) {
        event(w, is_known_message(half->head[0]) ? TLS_EVENT_HANDSHAKE_INVALID_LENGTH
                                                 : TLS_EVENT_INVALID_HANDSHAKE_MESSAGE);
        return false;
    }
    if (part.len && !join_room(w, half->join_len + (uint32_t)part.len, whole))
        return false;
    if (part.len)
        memcpy(half->join + half->join_len, part.p, part.len);
    half->join_len += (uint32_t)part.len;
    if (half->join_len == whole) {
        take_message(w, half->head[0], str_of(half->join, whole));
        join_drop(w->af, half);
    }
    return true;
}

/* A handshake record's content: messages, the first and the last perhaps in part. */
static bool take_fragment(const struct way *w, struct str fragment)
{
    struct half *half = w->half;
    struct reader r = reader_of(fragment);
    while (reader_left(&r)) {
        if (half->head_len == MESSAGE_HEADER) {
            if (!join_add(w, &r))
                return false;
            continue;
        }
        const uint8_t *head = r.p + r.at;
        if (!half->head_len && reader_left(&r) >= MESSAGE_HEADER &&
            reader_left(&r) - MESSAGE_HEADER >= message_len(head)) {
            reader_skip(&r, MESSAGE_HEADER);
            take_message(w, head[0], reader_str(&r, message_len(head)));
            continue;
        }
        half->head[half->head_len++] = reader_u8(&r);
        if (half->head_len == MESSAGE_HEADER && !join_add(w, &r))
            return false;
    }
    return true;
}

/* ---- records ---- */

static void take_alert(const struct way *w, struct str content)
{
    /* RFC 5246 section 7.2: level 1 or 2, and a description */
    if (content.len != 2 || content.p[0] < 1 || content.p[0] > 2)
        event(w, TLS_EVENT_INVALID_ALERT_MESSAGE);
}

/* CVE-2014-0160: a request claims more payload than it has, or the response is longer than the request. */
static void take_heartbeat(const struct way *w, uint16_t len, struct str content)
{
    struct half *other = &w->state->half[dir_other(w->dir)];
    if (other->heartbeat_len && len > other->heartbeat_len)
        event(w, TLS_EVENT_DATALEAK_HEARTBEAT_MISMATCH);
    if (other->heartbeat_len) {
        other->heartbeat_len = 0;
        return;
    }
    w->half->heartbeat_len = len;
    if (w->half->encrypted)
        return;
    struct reader r = reader_of(content);
    uint8_t type = reader_u8(&r);
    uint32_t payload = reader_u16(&r);
    event(w, TLS_EVENT_HEARTBEAT_MESSAGE);
    if (type != 1 && type != 2)
        event(w, TLS_EVENT_INVALID_HEARTBEAT_MESSAGE);
    else if (payload + HEARTBEAT_HEADER + HEARTBEAT_PADDING > len)
        event(w, TLS_EVENT_OVERFLOW_HEARTBEAT_MESSAGE);
}

/* How many bytes of a record's content are wanted at once; the rest is skipped. */
static uint32_t wanted_bytes(const struct half *half, uint8_t type, uint16_t len)
{
    if (half->encrypted)
        return 0;
    if (type == RECORD_HANDSHAKE || (type == RECORD_ALERT && len <= 2))
        return len;
    if (type == RECORD_HEARTBEAT)
        return len < HEARTBEAT_HEADER ? len : HEARTBEAT_HEADER;
    return 0;
}

static bool take_record(const struct way *w, uint8_t type, uint16_t len, struct str content)
{
    struct half *half = w->half;
    switch (type) {
    case RECORD_HANDSHAKE: return half->encrypted || take_fragment(w, content);
    case RECORD_ALERT:
        if (!half->encrypted)
            take_alert(w, content);
        return true;
    case RECORD_HEARTBEAT: take_heartbeat(w, len, content); return true;
    case RECORD_CHANGE_CIPHER:
        /* RFC 8446 appendix D.4: between two hellos it means nothing */
        if (!w->state->retry)
            encrypt(w);
        return true;
    case RECORD_DATA:
        w->state->talks |= w->state->half[dir_other(w->dir)].started;
        encrypt(w);
        return true;
    default: encrypt(w); return true;
    }
}

static bool header_is_bad(const struct way *w, uint8_t type, uint16_t version, uint16_t len)
{
    if (type < RECORD_CHANGE_CIPHER || type > RECORD_HEARTBEAT)
        event(w, TLS_EVENT_INVALID_RECORD_TYPE);
    else if (version >> 8 != 3)
        event(w, TLS_EVENT_INVALID_RECORD_VERSION);
    else if (len > RECORD_MAX)
        event(w, TLS_EVENT_INVALID_RECORD_LENGTH);
    else
        return false;
    return true;
}

/* `record` begins with the record's header. */
static void tell_frames(const struct way *w, uint8_t type, struct str record, uint16_t len)
{
    const struct tx *tx = w->state->tx ? &w->state->tx->tx : NULL;
    struct str content = str_from(record, RECORD_HEADER);
    app_frame(w->af, tx, TLS_FRAME_PDU, record, RECORD_HEADER + (uint64_t)len);
    app_frame(w->af, tx, TLS_FRAME_HDR, record, RECORD_HEADER);
    app_frame(w->af, tx, TLS_FRAME_DATA, content, len);
    if (type == RECORD_ALERT)
        app_frame(w->af, tx, TLS_FRAME_ALERT, content, len);
    if (type == RECORD_HEARTBEAT)
        app_frame(w->af, tx, TLS_FRAME_HEARTBEAT, content, len);
}

/* One record. MORE: it is not whole as far as it is wanted; nothing is taken then. */
static enum parse read_record(const struct way *w, struct reader *r)
{
    struct reader look = *r;
    uint8_t type = reader_u8(&look);
    uint16_t version = reader_u16(&look), len = reader_u16(&look);
    if (look.bad)
        return PARSE_MORE;
    if (header_is_bad(w, type, version, len))
        return PARSE_BAD;
    struct str content = reader_str(&look, wanted_bytes(w->half, type, len));
    if (look.bad)
        return PARSE_MORE;
    struct str record = str_from(str_of(r->p, r->len), r->at);
    *r = look;
    w->half->started = true;
    w->half->skip = len - (uint32_t)content.len;
    tell_frames(w, type, record, len);
    if (w->state->tx && !w->state->tx->record_version[w->dir])
        w->state->tx->record_version[w->dir] = version;
    return take_record(w, type, len, content) ? PARSE_OK : PARSE_BAD;
}

/* ---- SSL 2.0 ---- */

/* A client's hello may be that of SSL 2.0 and ask for TLS; what follows it are TLS records, unless both speak 2.0. */
static enum parse read_sslv2(const struct way *w, struct reader *r)
{
    struct reader look = *r;
    bool client = w->dir == DIR_TOSERVER;
    uint32_t len = reader_u16(&look) & 0x7fff;
    uint8_t type = reader_u8(&look);
    if (!client)
        reader_skip(&look, 2); /* session id hit, certificate type */
    uint16_t version = reader_u16(&look);
    uint32_t rest = client ? reader_u16(&look) : 0;
    rest += client ? reader_u16(&look) : 0;
    rest += client ? reader_u16(&look) : 0;
    if (look.bad)
        return PARSE_MORE;
    size_t head = look.at - r->at - 2;
    if (type != (client ? 1 : 4) || len < head || (client && head + rest != len)) {
        event(w, TLS_EVENT_INVALID_SSLV2_HEADER);
        return PARSE_BAD;
    }
    struct str record = str_from(str_of(r->p, r->len), r->at);
    *r = look;
    w->half->started = true;
    w->half->skip = len - (uint32_t)head;
    app_frame(w->af, NULL, TLS_FRAME_SSL2_HDR, record, SSLV2_HEADER);
    app_frame(w->af, NULL, TLS_FRAME_SSL2_PDU, record, SSLV2_HEADER + (uint64_t)len);
    if (w->state->tx) {
        w->state->tx->version[w->dir] = version;
        app_progress(&w->state->tx->tx, w->dir, TLS_HELLO_DONE);
    }
    if (version == SSL_2)
        end_direction(w);
    return PARSE_OK;
}

/* ---- the stream ---- */

static struct app_result over_gap(const struct way *w, uint32_t gap)
{
    struct half *half = w->half;
    if (half->blind)
        return (struct app_result){PARSE_OK, 0};
    if (gap <= half->skip) {
        half->skip -= gap;
        return (struct app_result){PARSE_OK, 0};
    }
    if (!half->encrypted)
        return (struct app_result){PARSE_BAD, 0};
    half->blind = true;
    return (struct app_result){PARSE_OK, 0};
}

static enum parse read_records(const struct way *w, struct reader *r)
{
    struct half *half = w->half;
    uint32_t records = 0;
    while (reader_left(r)) {
        size_t passing = half->blind || half->skip > reader_left(r) ? reader_left(r) : half->skip;
        reader_skip(r, passing);
        half->skip -= half->blind ? 0 : (uint32_t)passing;
        if (!reader_left(r))
            break;
        if (!half->encrypted && ++records > RECORDS_MAX)
            event(w, TLS_EVENT_TOO_MANY_RECORDS_IN_PACKET);
        bool old = !half->started && r->p[r->at] & 0x80;
        enum parse result = old ? read_sslv2(w, r) : read_record(w, r);
        if (result != PARSE_OK)
            return result;
    }
    return PARSE_OK;
}

static struct app_result data(struct app_flow *af, enum dir dir, const struct app_chunk *chunk)
{
    struct tls_state *state = af->state;
    const struct way w = {af, state, &state->half[dir], dir};
    if (!begin(&w))
        return (struct app_result){PARSE_BAD, 0};
    if (chunk->gap)
        return over_gap(&w, chunk->gap);
    struct reader r = reader_of(chunk->bytes);
    enum parse result = read_records(&w, &r);
    if (result == PARSE_BAD || chunk->end) {
        join_drop(af, w.half);
        end_direction(&w);
    }
    return (struct app_result){result, (uint32_t)r.at};
}

bool tls_is_encrypted(const struct app_flow *af)
{
    if (af->parser != &tls_parser)
        return false;
    const struct tls_state *state = af->state;
    return state->talks;
}

static void close_state(struct app_flow *af)
{
    struct tls_state *state = af->state;
    for (int dir = 0; dir < DIR_COUNT; dir++)
        join_drop(af, &state->half[dir]);
}

static void tx_free(struct app_flow *af, struct tx *tx)
{
    struct tls_tx *tls = (struct tls_tx *)tx;
    for (int dir = 0; dir < DIR_COUNT; dir++) {
        if (tls->hello[dir].p)
            budget_give(af->mem, tls->hello[dir].p, tls->hello[dir].len ? tls->hello[dir].len : 1);
        if (tls->chain[dir].p)
            budget_give(af->mem, tls->chain[dir].p, tls->chain[dir].len ? tls->chain[dir].len : 1);
    }
    ((struct tls_state *)af->state)->tx = NULL;
}

/* All that is in the clear has been said: the server's flight, and the client's certificate where it was asked for one. */
static bool log_ready(const struct tx *tx)
{
    const struct tls_tx *tls = tls_tx_of(tx);
    if (tls->encrypted[DIR_TOSERVER] && tls->encrypted[DIR_TOCLIENT])
        return true;
    bool client_said = !tls->certificate_asked || tls->chain[DIR_TOSERVER].p;
    return tls->server_done && client_said && tx->progress[DIR_TOSERVER] >= TLS_HELLO_DONE;
}

static const struct app_state_desc states[] = {
    {"client_in_progress", DIR_TOSERVER, TLS_BEGUN},
    {"client_hello_done", DIR_TOSERVER, TLS_HELLO_DONE},
    {"client_cert_done", DIR_TOSERVER, TLS_CERTIFICATE_DONE},
    {"client_handshake_done", DIR_TOSERVER, TX_COMPLETE},
    {"client_finished", DIR_TOSERVER, TX_COMPLETE},
    {"server_in_progress", DIR_TOCLIENT, TLS_BEGUN},
    {"server_hello", DIR_TOCLIENT, TLS_HELLO_DONE},
    {"server_cert_done", DIR_TOCLIENT, TLS_CERTIFICATE_DONE},
    {"server_hello_done", DIR_TOCLIENT, TLS_FLIGHT_DONE},
    {"server_handshake_done", DIR_TOCLIENT, TX_COMPLETE},
    {"server_finished", DIR_TOCLIENT, TX_COMPLETE},
};

static const struct app_frame_desc frames[] = {
    [TLS_FRAME_PDU] = {"pdu"},
    [TLS_FRAME_HDR] = {"hdr"},
    [TLS_FRAME_DATA] = {"data"},
    [TLS_FRAME_ALERT] = {"alert"},
    [TLS_FRAME_HEARTBEAT] = {"heartbeat"},
    [TLS_FRAME_SSL2_HDR] = {"ssl2.hdr"},
    [TLS_FRAME_SSL2_PDU] = {"ssl2.pdu"},
};

const struct app_parser tls_parser = {
    .proto = APP_TLS,
    .tcp = true,
    .client_first = true,
    .probe = probe,
    .state_bytes = sizeof(struct tls_state),
    .data = data,
    .close = close_state,
    .is_encrypted = tls_is_encrypted,
    .tx_free = tx_free,
    .tx_bytes = sizeof(struct tls_tx),
    .fields = {tls_fields, TLS_FIELDS},
    .events = events,
    .event_count = TLS_EVENTS,
    .states = states,
    .state_count = ARRAY_COUNT(states),
    .frames = frames,
    .frame_count = ARRAY_COUNT(frames),
    .log_conf = tls_log_conf,
    .log_wants = tls_log_wants,
    .log = tls_log,
    .log_ready = log_ready,
};
