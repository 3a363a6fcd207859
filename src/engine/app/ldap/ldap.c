#include "engine/app/ldap/ldap.h"

#include "engine/app/ldap/message.h"

#define PORT_LDAP 389
#define PORT_GLOBAL_CATALOG 3268
#define PROBE_MAX 4096 /* elsewhere: the first message is whole by then, or it is not LDAP */
#define STARTTLS "1.3.6.1.4.1.1466.20037"

struct ldap_state {
    bool damaged;             /* and nothing more is read in either direction */
    bool tls_asked;           /* StartTLS, section 4.14 */
    uint32_t tls_id;          /* of that request */
    uint32_t skip[DIR_COUNT]; /* bytes of a message that is too long */
};

static const struct app_event_desc events[LDAP_EVENTS] = {
    [LDAP_TOO_MANY_TRANSACTIONS] = {"too_many_transactions"},
    [LDAP_INVALID_DATA] = {"invalid_data"},
    [LDAP_REQUEST_NOT_FOUND] = {"request_not_found"},
    [LDAP_INCOMPLETE_DATA] = {"incomplete_data"},
};

static bool is_request(enum ldap_op op)
{
    static const uint32_t requests = 1u << LDAP_BIND_REQUEST | 1u << LDAP_UNBIND_REQUEST |
                                     1u << LDAP_SEARCH_REQUEST | 1u << LDAP_MODIFY_REQUEST |
                                     1u << LDAP_ADD_REQUEST | 1u << LDAP_DEL_REQUEST |
                                     1u << LDAP_MOD_DN_REQUEST | 1u << LDAP_COMPARE_REQUEST |
                                     1u << LDAP_ABANDON_REQUEST | 1u << LDAP_EXTENDED_REQUEST;
    return requests >> op & 1;
}

/* ---- is it LDAP? ---- */

/* On its ports the head is enough where more is not there; elsewhere the first message is whole, and sent by the right side. */
static enum app_probe probe(struct str bytes, enum dir dir, uint16_t server_port)
{
    struct ldap_parts parts;
    struct ldap_head head;
    size_t len;
    bool own = server_port == PORT_LDAP || server_port == PORT_GLOBAL_CATALOG;
    enum app_probe now = ldap_read_head(bytes, &head);
    if (now != APP_PROBE_YES)
        return now;
    if (!own && is_request(head.op) != (dir == DIR_TOSERVER))
        return APP_PROBE_NO;
    enum ber_whole whole = ber_whole(bytes, &len);
    if (whole == BER_WHOLE_BAD || (!own && len > PROBE_MAX))
        return APP_PROBE_NO;
    if (whole == BER_WHOLE_NO)
        return own ? APP_PROBE_YES : APP_PROBE_MORE;
    bool good = ldap_read(str_cut(bytes, 0, len), &parts) && ldap_is_good(&parts);
    return good ? APP_PROBE_YES : APP_PROBE_NO;
}

/* A datagram is whole. */
static enum app_probe probe_udp(struct str bytes, enum dir dir, uint16_t server_port)
{
    size_t len;
    if (ber_whole(bytes, &len) != BER_WHOLE_YES)
        return APP_PROBE_NO;
    return probe(bytes, dir, server_port);
}

/* ---- exchanges ---- */

static void complete(struct ldap_tx *ldap)
{
    app_progress(&ldap->tx, DIR_TOSERVER, TX_COMPLETE);
    app_progress(&ldap->tx, DIR_TOCLIENT, TX_COMPLETE);
}

/* The copy of a message; its bytes are NULL where it is not whole or there is no memory. */
static struct ldap_message keep(struct app_flow *af, enum ldap_op op, struct str whole)
{
    struct ldap_message m = {.op = op};
    m.bytes = whole.len ? budget_alloc(af->mem, whole.len) : NULL;
    if (m.bytes) {
        memcpy(m.bytes, whole.p, whole.len);
        m.len = (uint32_t)whole.len;
    }
    return m;
}

static bool room_for_response(struct app_flow *af, struct ldap_tx *ldap)
{
    if (ldap->count < ldap->room)
        return true;
    uint32_t room = ldap->room ? 2 * ldap->room : 2;
    if (room > LDAP_RESPONSES_MAX)
        return false;
    struct ldap_message *grown =
        budget_resize(af->mem, ldap->responses, ldap->room * sizeof *grown, room * sizeof *grown);
    if (!grown)
        return false;
    ldap->responses = grown;
    ldap->room = room;
    return true;
}

static void add_response(struct app_flow *af, struct ldap_tx *ldap, enum ldap_op op,
                         struct str whole)
{
    ldap->all++;
    ldap->tx.updated[DIR_TOCLIENT] = true;
    if (!room_for_response(af, ldap))
        return;
    if (whole.len > LDAP_KEPT_MAX - ldap->kept_bytes)
        whole = STR_EMPTY;
    struct ldap_message *m = &ldap->responses[ldap->count++];
    *m = keep(af, op, whole);
    ldap->kept_bytes += m->len;
}

/* The oldest request of that number that waits. */
static struct ldap_tx *find_open(const struct app_flow *af, uint32_t id)
{
    for (struct tx *tx = af->first; tx; tx = tx->next) {
        struct ldap_tx *ldap = (struct ldap_tx *)tx;
        if (ldap->has_request && ldap->id == id && tx->progress[DIR_TOCLIENT] != TX_COMPLETE)
            return ldap;
    }
    return NULL;
}

static struct tx *take_request(struct app_flow *af, const struct ldap_parts *parts,
                               struct str whole)
{
    struct ldap_state *state = af->state;
    struct ldap_tx *ldap = (struct ldap_tx *)app_tx_new(af, DIR_BOTH);
    if (!ldap)
        return NULL;
    ldap->id = parts->head.id;
    ldap->has_request = true;
    ldap->request = keep(af, parts->head.op, whole);
    app_progress(&ldap->tx, DIR_TOSERVER, TX_COMPLETE);
    app_progress(&ldap->tx, DIR_TOCLIENT, 1);
    if (parts->head.op == LDAP_UNBIND_REQUEST || parts->head.op == LDAP_ABANDON_REQUEST)
        complete(ldap);
    if (parts->head.op == LDAP_EXTENDED_REQUEST && str_eq(parts->name, STR_LIT(STARTTLS))) {
        state->tls_asked = true;
        state->tls_id = parts->head.id;
    }
    return &ldap->tx;
}

/* Entries, references and what lies between come before the last response. */
static bool is_last(enum ldap_op op)
{
    return op != LDAP_SEARCH_RESULT_ENTRY && op != LDAP_SEARCH_RESULT_REFERENCE &&
           op != LDAP_INTERMEDIATE_RESPONSE;
}

static struct tx *take_response(struct app_flow *af, const struct ldap_parts *parts,
                                struct str whole)
{
    struct ldap_state *state = af->state;
    struct ldap_tx *ldap = find_open(af, parts->head.id);
    bool expected = ldap;
    if (!ldap) {
        ldap = (struct ldap_tx *)app_tx_new(af, (uint8_t)DIR_BIT(DIR_TOCLIENT));
        if (!ldap)
            return NULL;
        ldap->id = parts->head.id;
    }
    add_response(af, ldap, parts->head.op, whole);
    app_progress(&ldap->tx, DIR_TOCLIENT, 1);
    /* section 4.4: a notification has the number 0 */
    bool unsolicited = parts->head.id == 0 && parts->head.op == LDAP_EXTENDED_RESPONSE;
    if (!expected && !unsolicited)
        app_event(af, &ldap->tx, LDAP_REQUEST_NOT_FOUND);
    if (!expected || is_last(parts->head.op))
        complete(ldap);
    if (parts->head.op == LDAP_EXTENDED_RESPONSE && state->tls_asked &&
        state->tls_id == parts->head.id) {
        state->tls_asked = false;
        if (parts->has_result && parts->code == 0)
            af->change_to = APP_TLS;
    }
    return &ldap->tx;
}

static void tell_damage(struct app_flow *af, enum ldap_event event)
{
    app_event(af, af->last, event);
}

enum frame { FRAME_PDU, FRAMES };
static const struct app_frame_desc frames[FRAMES] = {[FRAME_PDU] = {"pdu"}};

static const struct tx *take(struct app_flow *af, enum dir dir, const struct ldap_parts *parts,
                             struct str whole)
{
    return dir == DIR_TOSERVER ? take_request(af, parts, whole) : take_response(af, parts, whole);
}

/* ---- the stream ---- */

static enum parse give_up(struct app_flow *af)
{
    struct ldap_state *state = af->state;
    state->damaged = true;
    tell_damage(af, LDAP_INVALID_DATA);
    return PARSE_BAD;
}

/* One that is too long to wait for: of it the operation is known. */
static enum parse long_message(struct app_flow *af, enum dir dir, struct reader *r, size_t len)
{
    struct ldap_state *state = af->state;
    struct ldap_parts parts = {.version = 0};
    struct str head = str_from(str_of(r->p, r->len), r->at);
    enum app_probe now = ldap_read_head(head, &parts.head);
    if (now == APP_PROBE_NO || len > UINT32_MAX)
        return give_up(af);
    if (now == APP_PROBE_MORE)
        return head.len < LDAP_HEAD_MAX ? PARSE_MORE : give_up(af);
    if (!app_tx_room(af))
        return PARSE_FULL;
    app_frame(af, take(af, dir, &parts, STR_EMPTY), FRAME_PDU, head, len);
    uint32_t here = head.len < len ? (uint32_t)head.len : (uint32_t)len;
    state->skip[dir] = (uint32_t)len - here;
    reader_skip(r, here);
    return PARSE_OK;
}

static enum parse next_message(struct app_flow *af, enum dir dir, struct reader *r)
{
    struct ldap_parts parts;
    size_t len;
    struct str rest = str_from(str_of(r->p, r->len), r->at);
    enum ber_whole whole = ber_whole(rest, &len);
    if (whole == BER_WHOLE_BAD || rest.p[0] != BER_SEQUENCE)
        return give_up(af);
    if (len > LDAP_MESSAGE_MAX)
        return long_message(af, dir, r, len);
    if (whole == BER_WHOLE_NO)
        return PARSE_MORE;
    if (!ldap_read(str_cut(rest, 0, len), &parts) || !ldap_is_good(&parts))
        return give_up(af);
    if (!app_tx_room(af))
        return PARSE_FULL;
    app_frame(af, take(af, dir, &parts, reader_str(r, len)), FRAME_PDU, rest, len);
    return PARSE_OK;
}

static struct app_result data(struct app_flow *af, enum dir dir, const struct app_chunk *chunk)
{
    struct ldap_state *state = af->state;
    struct reader r = reader_of(chunk->bytes);
    enum parse status = PARSE_OK;
    /* Behind a hole nothing tells where a message begins. */
    if (chunk->gap || state->damaged)
        return (struct app_result){PARSE_BAD, 0};
    size_t skipped = state->skip[dir] < reader_left(&r) ? state->skip[dir] : reader_left(&r);
    reader_skip(&r, skipped);
    state->skip[dir] -= (uint32_t)skipped;
    uint32_t consumed = (uint32_t)r.at;
    while (status == PARSE_OK && reader_left(&r) && af->change_to == APP_UNKNOWN) {
        status = next_message(af, dir, &r);
        if (status == PARSE_OK)
            consumed = (uint32_t)r.at;
    }
    return (struct app_result){status, consumed};
}

/* ---- datagrams ---- */

static enum parse next_of_datagram(struct app_flow *af, enum dir dir, struct reader *r)
{
    struct ldap_parts parts;
    size_t len;
    struct str rest = str_from(str_of(r->p, r->len), r->at);
    enum ber_whole whole = ber_whole(rest, &len);
    if (whole != BER_WHOLE_YES || !ldap_read(str_cut(rest, 0, len), &parts) ||
        !ldap_is_good(&parts)) {
        tell_damage(af, whole == BER_WHOLE_NO ? LDAP_INCOMPLETE_DATA : LDAP_INVALID_DATA);
        return PARSE_BAD;
    }
    if (!app_tx_room(af))
        return PARSE_FULL;
    app_frame(af, take(af, dir, &parts, reader_str(r, len)), FRAME_PDU, rest, len);
    return PARSE_OK;
}

static struct app_result data_udp(struct app_flow *af, enum dir dir, const struct app_chunk *chunk)
{
    struct reader r = reader_of(chunk->bytes);
    enum parse status = PARSE_OK;
    size_t consumed = 0;
    while (status == PARSE_OK && reader_left(&r)) {
        status = next_of_datagram(af, dir, &r);
        if (status == PARSE_OK)
            consumed = r.at;
    }
    if (status == PARSE_FULL)
        return (struct app_result){PARSE_FULL, (uint32_t)consumed};
    return (struct app_result){PARSE_OK, (uint32_t)chunk->bytes.len};
}

/* The request that waits longest for a server which never answers. */
static bool give_up_oldest(struct app_flow *af)
{
    for (struct tx *tx = af->first; tx; tx = tx->next) {
        if (tx->progress[DIR_TOCLIENT] == TX_COMPLETE)
            continue;
        app_event(af, tx, LDAP_TOO_MANY_TRANSACTIONS);
        complete((struct ldap_tx *)tx);
        return true;
    }
    return false;
}

static void forget(struct app_flow *af, struct ldap_message *m)
{
    budget_give(af->mem, m->bytes, m->len);
}

static void tx_free(struct app_flow *af, struct tx *tx)
{
    struct ldap_tx *ldap = (struct ldap_tx *)tx;
    forget(af, &ldap->request);
    for (uint32_t i = 0; i < ldap->count; i++)
        forget(af, &ldap->responses[i]);
    budget_give(af->mem, ldap->responses, ldap->room * sizeof *ldap->responses);
}

/* Two rows, because a datagram is whole: the probe must know. Fields are told once. */
#define PARSER                                                                           \
    .proto = APP_LDAP, .state_bytes = sizeof(struct ldap_state), .tx_free = tx_free,     \
    .tx_bytes = sizeof(struct ldap_tx), .give_up = give_up_oldest, .events = events,     \
    .event_count = LDAP_EVENTS, .events_small = true, .log = ldap_log, .frames = frames, \
    .frame_count = FRAMES

const struct app_parser ldap_parser = {PARSER, .tcp = true, .probe = probe, .data = data,
                                       .fields = {ldap_fields, LDAP_FIELDS}};

const struct app_parser ldap_udp_parser = {PARSER, .udp = true, .probe = probe_udp,
                                           .data = data_udp};
