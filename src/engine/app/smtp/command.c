#include "engine/app/smtp/envelope.h"

/* ---- transactions ---- */

void smtp_tell(struct app_flow *af, struct smtp_tx *tx, enum smtp_event event)
{
    if (tx)
        app_event(af, &tx->carried.tx, event);
}

void smtp_tx_end(struct smtp_state *st, struct smtp_tx *tx)
{
    app_progress(&tx->carried.tx, DIR_TOSERVER, TX_COMPLETE);
    if (st->tx == tx)
        st->tx = NULL;
}

/* Who never answers (or is not seen answering) must not make mails pile up. */
static void give_up_oldest(struct app_flow *af)
{
    struct tx *oldest = af->first;
    if (af->tx_live >= SMTP_UNANSWERED_MAX && oldest->progress[DIR_TOSERVER] == TX_COMPLETE)
        app_progress(oldest, DIR_TOCLIENT, TX_COMPLETE);
}

/* The transaction in work, or a new one; NULL when memory is out. */
static struct smtp_tx *current_tx(struct app_flow *af, struct smtp_state *st)
{
    if (st->tx)
        return st->tx;
    give_up_oldest(af);
    st->had_tx = true;
    st->tx = smtp_tx_of(app_tx_new(af, DIR_BOTH));
    if (!st->tx)
        return NULL;
    app_progress(&st->tx->carried.tx, DIR_TOSERVER, SMTP_BEGUN);
    if (st->has_helo)
        texts_add(&st->tx->texts, af->mem, TEXT_HELO, str_of(st->helo, st->helo_len));
    return st->tx;
}

static bool has_text(const struct smtp_tx *tx, uint32_t kind)
{
    struct str have;
    return tx && texts_get(&tx->texts, kind, 0, &have);
}

static void wait_for_reply(struct app_flow *af, struct smtp_tx *tx, enum smtp_command command,
                           bool ends_tx)
{
    struct smtp_state *st = af->state;
    if (st->pending_count == SMTP_PENDING_MAX) {
        /* nobody answers: the oldest is forgotten */
        st->pending_at = (st->pending_at + 1) % SMTP_PENDING_MAX;
        st->pending_count--;
    }
    uint32_t at = (st->pending_at + st->pending_count++) % SMTP_PENDING_MAX;
    st->pending[at] = (struct smtp_pending){
        .command = command, .has_tx = tx, .ends_tx = ends_tx, .tx_id = tx ? tx->carried.tx.id : 0};
}

/* ---- commands ---- */

static void on_helo(struct app_flow *af, struct str arguments)
{
    struct smtp_state *st = af->state;
    struct smtp_tx *tx = st->tx || !st->had_tx ? current_tx(af, st) : NULL;
    if (has_text(tx, TEXT_HELO))
        smtp_tell(af, tx, SMTP_DUPLICATE_FIELDS);
    else if (tx)
        texts_add(&tx->texts, af->mem, TEXT_HELO, arguments);
    if (!st->has_helo) {
        struct str cut = str_cut(arguments, 0, SMTP_HELO_MAX);
        if (cut.len)
            memcpy(st->helo, cut.p, cut.len);
        st->helo_len = (uint16_t)cut.len;
        st->has_helo = true;
    }
    /* RFC 5321 section 4.1.4: it resets like RSET, if the server takes it */
    bool resets = has_text(tx, TEXT_MAIL_FROM);
    st->reset_unanswered = st->reset_unanswered || resets;
    wait_for_reply(af, tx, COMMAND_HELO, resets);
}

/* "FROM:<path> SIZE=1" : the path. */
static struct str path_of(struct str arguments)
{
    ptrdiff_t colon = str_find_byte(arguments, 0, ':');
    struct str path = str_trim(str_from(arguments, colon < 0 ? 0 : (size_t)colon + 1));
    return str_split(&path, ' ');
}

static void on_mail(struct app_flow *af, struct str arguments)
{
    struct smtp_state *st = af->state;
    if (st->reset_unanswered && has_text(st->tx, TEXT_MAIL_FROM)) {
        /* sent behind a HELO without waiting: the client takes the reset for granted */
        smtp_tx_end(st, st->tx);
        st->reset_unanswered = false;
    }
    struct smtp_tx *tx = current_tx(af, st);
    if (has_text(tx, TEXT_MAIL_FROM))
        smtp_tell(af, tx, SMTP_DUPLICATE_FIELDS);
    else if (tx)
        texts_add(&tx->texts, af->mem, TEXT_MAIL_FROM, path_of(arguments));
    if (tx)
        app_progress(&tx->carried.tx, DIR_TOSERVER, SMTP_SENDER);
    wait_for_reply(af, tx, COMMAND_MAIL, false);
}

static void on_rcpt(struct app_flow *af, struct str arguments)
{
    struct smtp_tx *tx = current_tx(af, af->state);
    if (tx) {
        texts_add(&tx->texts, af->mem, TEXT_RCPT_TO, path_of(arguments));
        app_progress(&tx->carried.tx, DIR_TOSERVER, SMTP_SENDER);
    }
    wait_for_reply(af, tx, COMMAND_RCPT, false);
}

static void begin_content(struct app_flow *af, struct smtp_tx *tx)
{
    if (!tx)
        return;
    app_progress(&tx->carried.tx, DIR_TOSERVER, SMTP_MAIL);
    if (!tx->carried.mail.work && !tx->carried.mail.ended)
        smtp_mail_begin(af, tx);
}

static void on_data(struct app_flow *af, struct str arguments)
{
    struct smtp_state *st = af->state;
    struct smtp_tx *tx = current_tx(af, st);
    (void)arguments;
    begin_content(af, tx);
    st->mode = MODE_DATA;
    st->dot = MAIL_LINE_START;
    st->data_unanswered = true;
    wait_for_reply(af, tx, COMMAND_DATA, false);
}

static void end_of_mail(struct app_flow *af)
{
    struct smtp_state *st = af->state;
    struct smtp_tx *tx = st->tx;
    st->mode = MODE_COMMANDS;
    if (tx) {
        smtp_mail_end(af, tx, false);
        smtp_tx_end(st, tx);
    }
    wait_for_reply(af, tx, COMMAND_END_OF_MAIL, true);
}

/* RFC 3030 section 2: BDAT size [LAST]. */
static void on_chunk(struct app_flow *af, struct str arguments)
{
    struct smtp_state *st = af->state;
    struct smtp_tx *tx = current_tx(af, st);
    struct str rest = arguments;
    struct str size = str_split(&rest, ' ');
    if (!str_to_u64(size, &st->chunk_left)) {
        st->chunk_left = 0;
        smtp_tell(af, tx, SMTP_INVALID_BDAT);
        wait_for_reply(af, tx, COMMAND_OTHER, false);
        return;
    }
    begin_content(af, tx);
    st->chunk_last = str_eq_nocase(str_trim(rest), STR_LIT("LAST"));
    st->mode = MODE_CHUNK;
    if (!st->chunk_last)
        wait_for_reply(af, tx, COMMAND_BDAT, false);
    else if (st->chunk_left == 0)
        end_of_mail(af);
    if (st->chunk_left == 0)
        st->mode = MODE_COMMANDS;
}

static void on_reset(struct app_flow *af, struct str arguments)
{
    struct smtp_state *st = af->state;
    struct smtp_tx *tx = st->tx;
    bool ends = has_text(tx, TEXT_MAIL_FROM) || has_text(tx, TEXT_RCPT_TO) ||
                (tx && tx->carried.mail.begun);
    (void)arguments;
    if (!tx && !st->had_tx)
        tx = current_tx(af, st);
    if (ends) {
        smtp_mail_end(af, tx, true);
        smtp_tx_end(st, tx);
    }
    wait_for_reply(af, tx, COMMAND_RSET, ends);
}

static void on_quit(struct app_flow *af, struct str arguments)
{
    struct smtp_state *st = af->state;
    struct smtp_tx *tx = st->tx;
    (void)arguments;
    if (!tx && !st->had_tx)
        tx = current_tx(af, st);
    if (tx) {
        smtp_mail_end(af, tx, true);
        smtp_tx_end(st, tx);
    }
    wait_for_reply(af, tx, COMMAND_QUIT, true);
}

static void on_starttls(struct app_flow *af, struct str arguments)
{
    struct smtp_state *st = af->state;
    struct smtp_tx *tx = st->tx || !st->had_tx ? current_tx(af, st) : NULL;
    (void)arguments;
    wait_for_reply(af, tx, COMMAND_STARTTLS, false);
}

static void on_other(struct app_flow *af, struct str arguments)
{
    struct smtp_state *st = af->state;
    struct smtp_tx *tx = st->tx || !st->had_tx ? current_tx(af, st) : NULL;
    (void)arguments;
    wait_for_reply(af, tx, COMMAND_OTHER, false);
}

static const struct {
    const char *name;
    void (*take)(struct app_flow *af, struct str arguments);
} commands[] = {
    {"HELO", on_helo}, {"EHLO", on_helo},         {"LHLO", on_helo},  {"MAIL", on_mail},
    {"RCPT", on_rcpt}, {"DATA", on_data},         {"BDAT", on_chunk}, {"RSET", on_reset},
    {"QUIT", on_quit}, {"STARTTLS", on_starttls},
};

static void take_command(struct app_flow *af, struct str line)
{
    struct str arguments = str_trim(line);
    struct str word = str_split(&arguments, ' ');
    arguments = str_trim(arguments);
    for (size_t i = 0; i < ARRAY_COUNT(commands); i++)
        if (str_eq_nocase(word, str_c(commands[i].name))) {
            commands[i].take(af, arguments);
            return;
        }
    on_other(af, arguments);
}

/* ---- bytes ---- */

/* A command line; 0: it has no end yet. */
static size_t command_bytes(struct app_flow *af, struct str s)
{
    struct smtp_state *st = af->state;
    ptrdiff_t feed = str_find_byte(s, 0, '\n');
    size_t len = feed < 0 ? s.len : (size_t)feed + 1;
    if (st->skip_line[DIR_TOSERVER]) {
        st->skip_line[DIR_TOSERVER] = feed < 0;
        return len;
    }
    if (len > SMTP_LINE_MAX) {
        take_command(af, str_cut(s, 0, SMTP_LINE_MAX));
        smtp_tell(af, st->tx, SMTP_MAX_COMMAND_LINE);
        /* what is left of the line is no mail yet, whatever the command was */
        st->skip_line[DIR_TOSERVER] = true;
        return SMTP_LINE_MAX;
    }
    if (feed < 0)
        return 0;
    take_command(af, str_cut(s, 0, len));
    return len;
}

static size_t chunk_bytes(struct app_flow *af, struct str s)
{
    struct smtp_state *st = af->state;
    struct str part = str_cut(s, 0, st->chunk_left < s.len ? (size_t)st->chunk_left : s.len);
    if (st->tx)
        smtp_mail_add(af, st->tx, part);
    st->chunk_left -= part.len;
    if (st->chunk_left)
        return part.len;
    st->mode = MODE_COMMANDS;
    if (st->chunk_last)
        end_of_mail(af);
    return part.len;
}

/* One step in DATA; returns the bytes dealt with. */
static size_t data_bytes(struct app_flow *af, struct str s)
{
    struct smtp_state *st = af->state;
    struct mail_step step;
    do {
        step = mail_dots_next(&st->dot, s);
        if (step.bytes.len)
            smtp_mail_add(af, st->tx, step.bytes);
    } while (step.done == 0);
    if (step.ended)
        end_of_mail(af);
    return step.done;
}

static size_t next_bytes(struct app_flow *af, struct str s)
{
    struct smtp_state *st = af->state;
    if (st->mode == MODE_COMMANDS || st->skip_line[DIR_TOSERVER])
        return command_bytes(af, s);
    if (st->mode == MODE_CHUNK)
        return chunk_bytes(af, s);
    if (st->data_unanswered && st->replied)
        smtp_tell(af, st->tx, SMTP_INVALID_PIPELINED_SEQUENCE);
    st->data_unanswered = false;
    return data_bytes(af, s);
}

/* The same, with the frames that the bytes are. */
static size_t framed_bytes(struct app_flow *af, struct str s)
{
    struct smtp_state *st = af->state;
    bool in_line = st->skip_line[DIR_TOSERVER];
    bool in_mail = st->mode != MODE_COMMANDS && !in_line;
    if (in_mail && !st->data_framed)
        app_frame(af, st->tx ? &st->tx->carried.tx : NULL, SMTP_FRAME_DATA, s, APP_FRAME_OPEN);
    st->data_framed = in_mail;
    size_t done = next_bytes(af, s);
    if (in_mail && st->mode == MODE_COMMANDS) {
        app_frame_end(af, SMTP_FRAME_DATA, str_from(s, done));
        st->data_framed = false;
    } else if (!in_mail && !in_line && done) {
        app_frame(af, st->tx ? &st->tx->carried.tx : NULL, SMTP_FRAME_COMMAND_LINE, s, done);
    }
    return done;
}

/* Bytes are missing. In commands nothing tells where one begins again; in a mail the holes are marked. */
static struct app_result client_gap(struct app_flow *af, uint32_t gap)
{
    struct smtp_state *st = af->state;
    if (st->mode == MODE_COMMANDS || (st->mode == MODE_CHUNK && gap > st->chunk_left))
        return (struct app_result){PARSE_BAD, 0};
    if (st->tx)
        mail_gap(&st->tx->carried, gap);
    st->dot = MAIL_IN_LINE;
    if (st->mode == MODE_CHUNK) {
        st->chunk_left -= gap;
        if (st->chunk_left == 0)
            chunk_bytes(af, STR_EMPTY);
    }
    return (struct app_result){PARSE_OK, 0};
}

/* May the next command begin a transaction? */
static bool begins_anew(const struct smtp_state *st)
{
    return st->mode == MODE_COMMANDS && !st->tx && !st->skip_line[DIR_TOSERVER];
}

struct app_result smtp_client(struct app_flow *af, const struct app_chunk *chunk)
{
    struct smtp_state *st = af->state;
    if (chunk->gap)
        return client_gap(af, chunk->gap);
    struct str rest = chunk->bytes;
    while (rest.len) {
        if (begins_anew(st) && !app_tx_room(af))
            return (struct app_result){PARSE_FULL, (uint32_t)(chunk->bytes.len - rest.len)};
        size_t done = framed_bytes(af, rest);
        if (done == 0)
            break;
        rest = str_from(rest, done);
    }
    if (chunk->end && st->tx)
        smtp_mail_end(af, st->tx, true);
    return (struct app_result){rest.len ? PARSE_MORE : PARSE_OK,
                               (uint32_t)(chunk->bytes.len - rest.len)};
}
