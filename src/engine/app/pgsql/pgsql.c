#include "engine/app/pgsql/pgsql.h"

#include "engine/app/pgsql/message.h"

#include <string.h>

#define PORT_PGSQL 5432
#define HEAD_BYTES 5       /* type and length */
#define START_HEAD_BYTES 8 /* length and code */
#define PROBE_LENGTH_MAX (1u << 20)

/* Codes that stand where a version would. */
#define CODE_CANCEL 80877102u
#define CODE_SSL 80877103u
#define CODE_GSS 80877104u

/* Queries and Syncs are counted as the client sends them, ReadyForQuery as the server does: an answer belongs to the exchange of
 * the cycle that is being answered. The login is cycle 0. */
struct pgsql_state {
    uint64_t asked, answering; /* cycles */
    uint32_t auth;             /* enum pgsql_auth that the server asked for last */
    bool hello;                /* a StartupMessage was seen */
    bool typed;                /* the client's messages have types by now */
    bool damaged;              /* and nothing more is read in either direction */
    struct pgsql_tx *waiting;  /* SSLRequest or GSSENCRequest: one byte answers it */
    uint32_t skip[DIR_COUNT];  /* bytes of a message that are not looked at */
};

static const struct app_event_desc events[PGSQL_EVENTS] = {
    [PGSQL_MALFORMED_REQUEST] = {"malformed_request"},
    [PGSQL_MALFORMED_RESPONSE] = {"malformed_response"},
    [PGSQL_TOO_MANY_TRANSACTIONS] = {"too_many_transactions"},
};

/* ---- is it PostgreSQL? ---- */

static bool is_of_client(uint8_t type)
{
    return type && strchr("QPBEDCSHFXpdcf", type);
}

static bool is_of_server(uint8_t type)
{
    return type && strchr("RKSvNEZCDTGHWdcAIVnst123", type);
}

static bool is_version(uint32_t code)
{
    return code >> 16 == 3;
}

static bool is_start(uint32_t code)
{
    return is_version(code) || code == CODE_CANCEL || code == CODE_SSL || code == CODE_GSS;
}

static enum app_probe probe_start(struct str bytes, bool own)
{
    struct reader r = reader_of(bytes);
    uint32_t length = reader_u32(&r), code = reader_u32(&r);
    if (r.bad)
        return bytes.p[0] == 0 && (bytes.len < 2 || bytes.p[1] == 0) ? APP_PROBE_MORE
                                                                     : APP_PROBE_NO;
    if (length < START_HEAD_BYTES || length > PGSQL_START_MAX)
        return APP_PROBE_NO;
    if (is_version(code) && !own) { /* names and values, each ended by a zero byte, and one more */
        if (bytes.len < length)
            return APP_PROBE_MORE;
        return length > START_HEAD_BYTES && bytes.p[length - 1] == 0 && bytes.p[length - 2] == 0
                   ? APP_PROBE_YES
                   : APP_PROBE_NO;
    }
    if (is_start(code))
        return APP_PROBE_YES;
    return own && length == bytes.len ? APP_PROBE_YES : APP_PROBE_NO;
}

/* Messages with a type are believed on the own port alone. */
static enum app_probe probe(struct str bytes, enum dir dir, uint16_t server_port)
{
    struct reader r = reader_of(bytes);
    struct pgsql_head head;
    bool own = server_port == PORT_PGSQL;
    if (!bytes.len)
        return APP_PROBE_MORE;
    if (dir == DIR_TOSERVER && bytes.p[0] == 0)
        return probe_start(bytes, own);
    if (!own || !(dir == DIR_TOSERVER ? is_of_client(bytes.p[0]) : is_of_server(bytes.p[0])))
        return APP_PROBE_NO;
    if (!pgsql_read_head(&r, &head))
        return r.bad ? APP_PROBE_MORE : APP_PROBE_NO;
    return head.body_bytes <= PROBE_LENGTH_MAX ? APP_PROBE_YES : APP_PROBE_NO;
}

/* ---- exchanges ---- */

static void complete(struct pgsql_tx *pgsql)
{
    app_progress(&pgsql->tx, DIR_TOSERVER, TX_COMPLETE);
    app_progress(&pgsql->tx, DIR_TOCLIENT, TX_COMPLETE);
}

static void keep_request(struct app_flow *af, struct pgsql_tx *pgsql, struct str body)
{
    if (!body.len || pgsql->request)
        return;
    pgsql->request = budget_alloc(af->mem, body.len);
    if (!pgsql->request)
        return;
    memcpy(pgsql->request, body.p, body.len);
    pgsql->request_len = (uint32_t)body.len;
}

static struct pgsql_tx *ask(struct app_flow *af, enum pgsql_kind kind, struct str body)
{
    struct pgsql_state *state = af->state;
    struct pgsql_tx *pgsql = (struct pgsql_tx *)app_tx_new(af, DIR_BOTH);
    if (!pgsql)
        return NULL;
    pgsql->kind = kind;
    pgsql->cycle = state->asked;
    keep_request(af, pgsql, body);
    app_progress(&pgsql->tx, DIR_TOSERVER, TX_COMPLETE);
    app_progress(&pgsql->tx, DIR_TOCLIENT, 1);
    return pgsql;
}

static bool is_open(const struct tx *tx)
{
    return tx->progress[DIR_TOCLIENT] != TX_COMPLETE;
}

/* The oldest exchange of the cycle that is being answered. */
static struct pgsql_tx *find_open(const struct app_flow *af)
{
    const struct pgsql_state *state = af->state;
    for (struct tx *tx = af->first; tx; tx = tx->next)
        if (is_open(tx) && pgsql_tx_of(tx)->cycle <= state->answering)
            return (struct pgsql_tx *)tx;
    return NULL;
}

static struct pgsql_tx *find_copy(const struct app_flow *af)
{
    for (struct tx *tx = af->first; tx; tx = tx->next)
        if (is_open(tx) && pgsql_tx_of(tx)->kind == PGSQL_COPY_IN &&
            tx->progress[DIR_TOSERVER] != TX_COMPLETE)
            return (struct pgsql_tx *)tx;
    return NULL;
}

static enum parse give_up(struct app_flow *af, struct tx *tx, enum pgsql_event event)
{
    struct pgsql_state *state = af->state;
    state->damaged = true;
    app_event(af, tx, event);
    return PARSE_BAD;
}

/* What asks for nothing tells of it. */
static enum parse no_request(struct app_flow *af)
{
    struct pgsql_tx *pgsql = ask(af, PGSQL_NOTHING, STR_EMPTY);
    enum parse status = give_up(af, pgsql ? &pgsql->tx : NULL, PGSQL_MALFORMED_REQUEST);
    if (pgsql)
        complete(pgsql);
    return status;
}

/* ---- the client ---- */

static enum parse start_message(struct app_flow *af, struct reader *r)
{
    struct pgsql_state *state = af->state;
    struct reader peek = *r;
    uint32_t length = reader_u32(&peek), code = reader_u32(&peek);
    if (peek.bad)
        return PARSE_MORE;
    if (!app_tx_room(af))
        return PARSE_FULL;
    if (length < START_HEAD_BYTES || length > PGSQL_START_MAX || !is_start(code))
        return no_request(af);
    if (reader_left(r) < length)
        return PARSE_MORE;
    struct str body = str_from(reader_str(r, length), 4);
    struct pgsql_tx *pgsql = ask(af,
                                 code == CODE_SSL      ? PGSQL_SSL_REQUEST
                                 : code == CODE_GSS    ? PGSQL_GSS_REQUEST
                                 : code == CODE_CANCEL ? PGSQL_CANCEL
                                                       : PGSQL_START,
                                 body);
    if (code == CODE_SSL || code == CODE_GSS)
        state->waiting = pgsql;
    if (code == CODE_CANCEL && pgsql)
        complete(pgsql);
    state->hello = state->typed = state->typed || is_version(code);
    return PARSE_OK;
}

/* PasswordMessage, SASLInitialResponse and SASLResponse share a type. */
static enum pgsql_kind password_kind(const struct pgsql_state *state)
{
    return state->auth == PGSQL_AUTH_SASL            ? PGSQL_SASL_FIRST
           : state->auth == PGSQL_AUTH_SASL_CONTINUE ? PGSQL_SASL_NEXT
                                                     : PGSQL_PASSWORD;
}

static void next_cycle(struct pgsql_state *state)
{
    state->asked++;
    if (!state->hello && state->answering == 0)
        state->answering = 1; /* picked up in the middle */
}

static void copy_in(struct app_flow *af, uint8_t type, uint32_t bytes, struct str body)
{
    struct pgsql_tx *pgsql = find_copy(af);
    if (!pgsql) {
        pgsql = (struct pgsql_tx *)app_tx_new(af, DIR_BOTH);
        if (!pgsql)
            return;
        pgsql->kind = PGSQL_COPY_IN;
        pgsql->cycle = ((struct pgsql_state *)af->state)->asked;
        app_progress(&pgsql->tx, DIR_TOSERVER, 1);
        app_progress(&pgsql->tx, DIR_TOCLIENT, 1);
    }
    if (type == 'd') {
        pgsql->copied_in++;
        pgsql->copied_in_bytes += bytes;
        return;
    }
    pgsql->copy_done = type == 'c';
    pgsql->copy_failed = type == 'f';
    keep_request(af, pgsql, body);
    app_progress(&pgsql->tx, DIR_TOSERVER, TX_COMPLETE);
}

static void take_request(struct app_flow *af, const struct pgsql_head *head, struct str body)
{
    struct pgsql_state *state = af->state;
    struct pgsql_tx *pgsql;
    switch (head->type) {
    case 'Q':
        next_cycle(state);
        (void)ask(af, PGSQL_QUERY, body);
        break;
    case 'p': (void)ask(af, password_kind(state), body); break;
    case 'd':
    case 'c':
    case 'f': copy_in(af, head->type, head->body_bytes, body); break;
    case 'X':
        pgsql = ask(af, PGSQL_TERMINATE, STR_EMPTY);
        if (pgsql)
            complete(pgsql);
        break;
    case 'S':
    case 'F': next_cycle(state); break;
    default: break;
    }
}

/* How much of a message has to be there before it is taken: rows and copied data are not waited for. */
static uint32_t wanted_bytes(enum dir dir, const struct pgsql_head *head)
{
    const char *whole = dir == DIR_TOSERVER ? "Qpf" : "RSKTEGHCZ";
    uint32_t most = strchr(whole, head->type) ? PGSQL_MESSAGE_MAX : head->type == 'D' ? 2 : 0;
    return head->body_bytes < most ? head->body_bytes : most;
}

/* ---- the server ---- */

static void keep_answer(struct app_flow *af, struct pgsql_tx *pgsql, struct str whole)
{
    uint32_t need = pgsql->answers_len + (uint32_t)whole.len;
    if (need > PGSQL_KEPT_MAX ||
        !budget_grow(af->mem, &pgsql->answers, &pgsql->answers_cap, need, 1))
        return;
    memcpy(pgsql->answers + pgsql->answers_len, whole.p, whole.len);
    pgsql->answers_len = need;
}

static void take_auth(struct app_flow *af, struct pgsql_tx *pgsql, struct str body)
{
    struct pgsql_state *state = af->state;
    struct reader r = reader_of(body);
    state->auth = reader_u32(&r);
    switch (r.bad ? UINT32_MAX : state->auth) {
    case PGSQL_AUTH_OK:
    case PGSQL_AUTH_SASL_FINAL: break;
    case PGSQL_AUTH_CLEARTEXT:
    case PGSQL_AUTH_MD5:
    case PGSQL_AUTH_SASL:
    case PGSQL_AUTH_SASL_CONTINUE: complete(pgsql); break;
    default: app_event(af, &pgsql->tx, PGSQL_MALFORMED_RESPONSE); break;
    }
}

static void end_cycle(struct app_flow *af)
{
    struct pgsql_state *state = af->state;
    for (struct tx *tx = af->first; tx; tx = tx->next)
        if (is_open(tx) && pgsql_tx_of(tx)->cycle <= state->answering)
            complete((struct pgsql_tx *)tx);
    if (state->answering <= state->asked)
        state->answering++;
}

static void count_row(struct pgsql_tx *pgsql, const struct pgsql_head *head, struct str body)
{
    struct reader r = reader_of(body);
    uint32_t besides = 2 + 4u * reader_u16(&r);
    pgsql->rows++;
    pgsql->row_bytes += head->body_bytes > besides ? head->body_bytes - besides : 0;
}

static void take_answer(struct app_flow *af, const struct pgsql_head *head, struct str whole)
{
    const struct pgsql_state *state = af->state;
    struct pgsql_tx *pgsql = find_open(af);
    struct str body = str_from(whole, HEAD_BYTES);
    if (!pgsql && head->type == 'E' && state->asked < state->answering)
        pgsql = (struct pgsql_tx *)app_tx_new(af, (uint8_t)DIR_BIT(DIR_TOCLIENT));
    if (!pgsql) {
        if (head->type == 'Z')
            end_cycle(af);
        return;
    }
    pgsql->tx.updated[DIR_TOCLIENT] = true;
    if (whole.len == HEAD_BYTES + head->body_bytes && strchr("RSKTEGHCc", head->type))
        keep_answer(af, pgsql, whole);
    switch (head->type) {
    case 'R': take_auth(af, pgsql, body); break;
    case 'T': pgsql->rows = pgsql->row_bytes = 0; break;
    case 'D': count_row(pgsql, head, body); break;
    case 'd':
        pgsql->copied_out++;
        pgsql->copied_out_bytes += head->body_bytes;
        break;
    case 'G': complete(pgsql); break;
    case 'E':
        /* in a cycle ReadyForQuery follows; a login that failed is over, and so is what came unasked */
        if (state->answering == 0 || pgsql->kind == PGSQL_NOTHING)
            complete(pgsql);
        break;
    case 'Z': end_cycle(af); break;
    default: break;
    }
}

/* True: the byte was the answer to SSLRequest or GSSENCRequest. An old server that knows neither sends an ErrorResponse. */
static bool take_byte(struct app_flow *af, struct reader *r)
{
    struct pgsql_state *state = af->state;
    struct pgsql_tx *pgsql = state->waiting;
    uint8_t byte = r->p[r->at];
    bool ssl = pgsql->kind == PGSQL_SSL_REQUEST;
    state->waiting = NULL;
    if (byte != 'N' && byte != (ssl ? 'S' : 'G'))
        return false;
    reader_skip(r, 1);
    pgsql->answered = true;
    pgsql->accepted = byte != 'N';
    complete(pgsql);
    if (byte == 'S')
        af->change_to = APP_TLS;
    if (byte == 'G')
        state->damaged = true; /* sealed from here on */
    return true;
}

/* ---- the stream ---- */

static enum parse typed_message(struct app_flow *af, enum dir dir, struct reader *r)
{
    struct pgsql_state *state = af->state;
    struct reader peek = *r;
    struct pgsql_head head;
    size_t begin = r->at;
    enum pgsql_event event =
        dir == DIR_TOSERVER ? PGSQL_MALFORMED_REQUEST : PGSQL_MALFORMED_RESPONSE;
    uint8_t type = peek.p[peek.at];
    if (!(dir == DIR_TOSERVER ? is_of_client(type) : is_of_server(type)))
        return give_up(af, af->last, event);
    if (!pgsql_read_head(&peek, &head))
        return peek.bad ? PARSE_MORE : give_up(af, af->last, event);
    uint32_t wanted = wanted_bytes(dir, &head);
    struct str body = reader_str(&peek, wanted);
    if (peek.bad)
        return PARSE_MORE;
    if (!app_tx_room(af))
        return PARSE_FULL;
    if (dir == DIR_TOSERVER)
        take_request(af, &head, body);
    else
        take_answer(af, &head, str_cut(str_of(r->p, r->len), begin, peek.at));
    size_t left = reader_left(&peek), more = head.body_bytes - wanted;
    state->skip[dir] = more > left ? (uint32_t)(more - left) : 0;
    reader_skip(&peek, more > left ? left : more);
    *r = peek;
    return PARSE_OK;
}

static enum parse next_message(struct app_flow *af, enum dir dir, struct reader *r)
{
    struct pgsql_state *state = af->state;
    if (dir == DIR_TOCLIENT && state->waiting && take_byte(af, r))
        return PARSE_OK;
    if (dir == DIR_TOSERVER && !state->typed) {
        if (r->p[r->at] == 0)
            return start_message(af, r);
        state->typed = true;
    }
    return typed_message(af, dir, r);
}

static struct app_result data(struct app_flow *af, enum dir dir, const struct app_chunk *chunk)
{
    struct pgsql_state *state = af->state;
    struct reader r = reader_of(chunk->bytes);
    enum parse status = PARSE_OK;
    /* Behind a hole nothing tells where a message begins. */
    if (chunk->gap || state->damaged)
        return (struct app_result){PARSE_BAD, 0};
    size_t skipped = state->skip[dir] < reader_left(&r) ? state->skip[dir] : reader_left(&r);
    reader_skip(&r, skipped);
    state->skip[dir] -= (uint32_t)skipped;
    uint32_t consumed = (uint32_t)r.at;
    while (status == PARSE_OK && reader_left(&r) && af->change_to == APP_UNKNOWN &&
           !state->damaged) {
        status = next_message(af, dir, &r);
        if (status == PARSE_OK)
            consumed = (uint32_t)r.at;
    }
    return (struct app_result){status, consumed};
}

/* The request that waits longest for a server which never answers. */
static bool give_up_oldest(struct app_flow *af)
{
    struct pgsql_state *state = af->state;
    for (struct tx *tx = af->first; tx; tx = tx->next) {
        if (!is_open(tx))
            continue;
        if ((struct pgsql_tx *)tx == state->waiting)
            state->waiting = NULL;
        app_event(af, tx, PGSQL_TOO_MANY_TRANSACTIONS);
        complete((struct pgsql_tx *)tx);
        return true;
    }
    return false;
}

static void tx_free(struct app_flow *af, struct tx *tx)
{
    struct pgsql_tx *pgsql = (struct pgsql_tx *)tx;
    struct pgsql_state *state = af->state;
    if (state && state->waiting == pgsql)
        state->waiting = NULL;
    budget_give(af->mem, pgsql->request, pgsql->request_len);
    budget_give(af->mem, pgsql->answers, pgsql->answers_cap);
}

const struct app_parser pgsql_parser = {
    .proto = APP_PGSQL,
    .tcp = true,
    .probe = probe,
    .state_bytes = sizeof(struct pgsql_state),
    .data = data,
    .tx_free = tx_free,
    .tx_bytes = sizeof(struct pgsql_tx),
    .give_up = give_up_oldest,
    .fields = {pgsql_fields, PGSQL_FIELDS},
    .events = events,
    .event_count = PGSQL_EVENTS,
    .events_small = true,
    .log_conf = pgsql_log_conf,
    .log = pgsql_log,
};
