#include "engine/app/smtp/envelope.h"

/* RFC 5321 section 4.2.3, RFC 4954 section 6 (AUTH), RFC 3207 section 4, RFC 7504, RFC 1846, RFC 2645 (ATRN). */
bool smtp_code_known(uint16_t code)
{
    static const uint16_t codes[] = {
        211, 214, 220, 221, 235, 250, 251, 252, 253, 334, 354, 421, 422, 431, 432,
        435, 441, 442, 446, 447, 449, 450, 451, 452, 453, 454, 455, 458, 459, 471,
        500, 501, 502, 503, 504, 510, 511, 512, 513, 515, 521, 522, 523, 525, 530,
        534, 535, 538, 541, 543, 550, 551, 552, 553, 554, 555, 556, 557,
    };
    for (size_t i = 0; i < ARRAY_COUNT(codes); i++)
        if (codes[i] == code)
            return true;
    return false;
}

static struct smtp_tx *find_tx(struct app_flow *af, const struct smtp_pending *p)
{
    for (struct tx *tx = af->first; p->has_tx && tx; tx = tx->next)
        if (tx->id == p->tx_id)
            return smtp_tx_of(tx);
    return NULL;
}

/* The transaction that an event of a reply belongs to. */
static struct smtp_tx *answered_tx(struct app_flow *af)
{
    struct smtp_state *st = af->state;
    if (st->pending_count)
        return find_tx(af, &st->pending[st->pending_at]);
    return st->tx;
}

static void on_data_reply(struct app_flow *af, struct smtp_tx *tx, uint16_t code)
{
    struct smtp_state *st = af->state;
    st->data_unanswered = false;
    if (code < 400)
        return;
    smtp_tell(af, tx, SMTP_DATA_COMMAND_REJECTED);
    if (st->mode != MODE_DATA || !tx || st->tx != tx)
        return;
    /* what follows is commands again */
    st->mode = MODE_COMMANDS;
    smtp_mail_end(af, tx, false);
}

static void on_starttls_reply(struct app_flow *af, struct smtp_tx *tx, uint16_t code)
{
    struct smtp_state *st = af->state;
    if (code != 220) {
        smtp_tell(af, tx, SMTP_TLS_REJECTED);
        return;
    }
    for (struct tx *t = af->first; t; t = t->next) {
        app_progress(t, DIR_TOSERVER, TX_COMPLETE);
        app_progress(t, DIR_TOCLIENT, TX_COMPLETE);
    }
    st->tx = NULL;
    st->pending_count = 0;
    af->change_to = APP_TLS;
}

static void take_reply(struct app_flow *af, uint16_t code)
{
    struct smtp_state *st = af->state;
    if (!st->welcomed) {
        st->welcomed = true;
        if (code == 220 || st->pending_count == 0)
            return;
    }
    if (st->pending_count == 0) {
        /* RFC 5321 section 4.2.1 note: a server that closes says so at any time */
        if (code != 421)
            smtp_tell(af, st->tx, SMTP_UNABLE_TO_MATCH_REPLY);
        return;
    }
    struct smtp_pending p = st->pending[st->pending_at];
    st->pending_at = (st->pending_at + 1) % SMTP_PENDING_MAX;
    st->pending_count--;
    st->replied = true;
    struct smtp_tx *tx = find_tx(af, &p);
    if (p.command == COMMAND_DATA)
        on_data_reply(af, tx, code);
    else if (p.command == COMMAND_STARTTLS)
        on_starttls_reply(af, tx, code);
    if (!p.ends_tx || !tx)
        return;
    if (p.command == COMMAND_HELO) {
        st->reset_unanswered = false;
        if (code != 250)
            return;
        smtp_tx_end(st, tx);
    }
    app_progress(&tx->carried.tx, DIR_TOCLIENT, TX_COMPLETE);
}

static uint16_t read_code(struct str line)
{
    uint64_t code;
    if (line.len < 3 || !str_to_u64(str_cut(line, 0, 3), &code))
        return 0;
    return (uint16_t)code;
}

/* One line: three digits, then "-" when more lines follow (RFC 5321 section 4.2.1). */
static enum parse take_line(struct app_flow *af, struct str line)
{
    struct smtp_state *st = af->state;
    uint16_t code = read_code(line);
    if (!st->welcomed && !st->had_tx)
        st->reply_code = 0;
    if (!smtp_code_known(code)) {
        smtp_tell(af, answered_tx(af), SMTP_INVALID_REPLY);
        return PARSE_BAD;
    }
    if (!st->welcomed && code != 220)
        smtp_tell(af, answered_tx(af), SMTP_NO_SERVER_WELCOME);
    if (line.len > 3 && line.p[3] == '-')
        return PARSE_OK;
    take_reply(af, code);
    return PARSE_OK;
}

/* A line; *done 0: it has no end yet. */
static enum parse reply_bytes(struct app_flow *af, struct str s, size_t *done)
{
    struct smtp_state *st = af->state;
    ptrdiff_t feed = str_find_byte(s, 0, '\n');
    size_t len = feed < 0 ? s.len : (size_t)feed + 1;
    *done = len;
    if (st->skip_line[DIR_TOCLIENT]) {
        st->skip_line[DIR_TOCLIENT] = feed < 0;
        return PARSE_OK;
    }
    if (len > SMTP_LINE_MAX) {
        smtp_tell(af, answered_tx(af), SMTP_MAX_REPLY_LINE);
        st->skip_line[DIR_TOCLIENT] = true;
        *done = SMTP_LINE_MAX;
        return take_line(af, str_cut(s, 0, SMTP_LINE_MAX));
    }
    if (feed < 0) {
        *done = 0;
        return PARSE_OK;
    }
    return take_line(af, str_cut(s, 0, len));
}

struct app_result smtp_server(struct app_flow *af, const struct app_chunk *chunk)
{
    const struct smtp_state *st = af->state;
    struct str rest = chunk->bytes;
    if (chunk->gap)
        return (struct app_result){PARSE_BAD, 0};
    while (rest.len && af->change_to == APP_UNKNOWN) {
        size_t done;
        bool in_line = st->skip_line[DIR_TOCLIENT];
        const struct smtp_tx *tx = answered_tx(af);
        enum parse result = reply_bytes(af, rest, &done);
        if (done && !in_line)
            app_frame(af, tx ? &tx->carried.tx : NULL, SMTP_FRAME_RESPONSE_LINE, rest, done);
        if (result == PARSE_BAD)
            return (struct app_result){PARSE_BAD, (uint32_t)(chunk->bytes.len - rest.len)};
        if (done == 0)
            break;
        rest = str_from(rest, done);
    }
    return (struct app_result){rest.len ? PARSE_MORE : PARSE_OK,
                               (uint32_t)(chunk->bytes.len - rest.len)};
}
