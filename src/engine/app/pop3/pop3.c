#include "engine/app/pop3/pop3.h"

#include "engine/app/pop3/message.h"

#define PORT_POP3 110
#define GREETING_MAX 512
#define WORD_MAX 16 /* of a command */

enum pop3_event { POP3_TOO_MANY_TRANSACTIONS, POP3_EVENTS };

static const struct app_event_desc events[POP3_EVENTS] = {
    [POP3_TOO_MANY_TRANSACTIONS] = {"too_many_transactions"},
};

static const struct {
    const char *word;
    enum pop3_shape shape;
} commands[] = {
    {"USER", POP3_SINGLE},   {"PASS", POP3_SINGLE},   {"APOP", POP3_SINGLE}, {"STAT", POP3_SINGLE},
    {"LIST", POP3_LIST_ALL}, {"UIDL", POP3_LIST_ALL}, {"RETR", POP3_MAIL},   {"TOP", POP3_TOP},
    {"DELE", POP3_SINGLE},   {"NOOP", POP3_SINGLE},   {"RSET", POP3_SINGLE}, {"QUIT", POP3_SINGLE},
    {"CAPA", POP3_LISTING},  {"AUTH", POP3_LIST_ALL}, {"STLS", POP3_TLS},    {"UTF8", POP3_SINGLE},
    {"LANG", POP3_LIST_ALL},
};

/* ---- is it POP3? FTP, SMTP and Redis know some of its words too ---- */

static bool ends_word(struct str bytes, size_t at)
{
    uint8_t c = at < bytes.len ? bytes.p[at] : 0;
    return c == ' ' || c == '\r' || c == '\n';
}

static enum app_probe probe_client(struct str bytes, uint16_t port)
{
    bool open = false;
    for (size_t i = 0; port == PORT_POP3 && i < ARRAY_COUNT(commands); i++) {
        struct str word = str_c(commands[i].word);
        if (bytes.len <= word.len)
            open = open || str_starts_nocase(word, bytes);
        else if (str_starts_nocase(bytes, word) && ends_word(bytes, word.len))
            return APP_PROBE_YES;
    }
    return open ? APP_PROBE_MORE : APP_PROBE_NO;
}

/* Elsewhere than on its port the greeting must say what it is. */
static enum app_probe probe_server(struct str bytes, uint16_t port)
{
    struct str good = STR_LIT("+OK"), bad = STR_LIT("-ERR");
    if (port == PORT_POP3 && bytes.len > bad.len && str_starts(bytes, bad))
        return ends_word(bytes, bad.len) ? APP_PROBE_YES : APP_PROBE_NO;
    if (bytes.len <= good.len || (port == PORT_POP3 && bytes.len <= bad.len))
        return str_starts(good, str_cut(bytes, 0, good.len)) ||
                       (port == PORT_POP3 && str_starts(bad, bytes)) ||
                       (bytes.len > good.len && str_starts(bytes, good))
                   ? APP_PROBE_MORE
                   : APP_PROBE_NO;
    if (!str_starts(bytes, good) || !ends_word(bytes, good.len))
        return APP_PROBE_NO;
    if (port == PORT_POP3)
        return APP_PROBE_YES;
    struct str line = str_cut(bytes, 0, GREETING_MAX);
    ptrdiff_t feed = str_find_byte(line, 0, '\n');
    if (str_find_nocase(feed < 0 ? line : str_cut(line, 0, (size_t)feed), 0, STR_LIT("POP")) >= 0)
        return APP_PROBE_YES;
    return feed < 0 && bytes.len < GREETING_MAX ? APP_PROBE_MORE : APP_PROBE_NO;
}

static enum app_probe probe(struct str bytes, enum dir dir, uint16_t server_port)
{
    if (bytes.len == 0)
        return APP_PROBE_MORE;
    return dir == DIR_TOSERVER ? probe_client(bytes, server_port)
                               : probe_server(bytes, server_port);
}

/* ---- the client ---- */

static void take_words(struct app_flow *af, struct pop3_tx *pop3, struct str line)
{
    char word[WORD_MAX];
    struct str rest = str_trim(line);
    struct str first = str_cut(str_split(&rest, ' '), 0, WORD_MAX);
    for (size_t i = 0; i < first.len; i++)
        word[i] = (char)(first.p[i] >= 'a' && first.p[i] <= 'z' ? first.p[i] - 32 : first.p[i]);
    struct str name = str_of(word, first.len);
    texts_add(&pop3->texts, af->mem, POP3_COMMAND, name);
    bool argued = str_trim(rest).len;
    while (rest.len) {
        struct str argument = str_split(&rest, ' ');
        if (argument.len && !texts_add(&pop3->texts, af->mem, POP3_ARGUMENT, argument))
            break;
    }
    for (size_t i = 0; i < ARRAY_COUNT(commands); i++)
        if (str_eq(name, str_c(commands[i].word)))
            pop3->shape = commands[i].shape;
    if (pop3->shape == POP3_LIST_ALL)
        pop3->shape = argued ? POP3_SINGLE : POP3_LISTING;
}

static void take_command(struct app_flow *af, struct str line)
{
    struct pop3_state *st = af->state;
    struct pop3_tx *pop3 = pop3_tx_of(app_tx_new(af, DIR_BOTH));
    bool sasl = st->sasl;
    st->sasl = false;
    if (!pop3)
        return;
    pop3->has_request = true;
    if (sasl) /* what proves who somebody is is not told */
        texts_add(&pop3->texts, af->mem, POP3_COMMAND, STR_LIT("<SASL DATA>"));
    else
        take_words(af, pop3, line);
    app_progress(&pop3->carried.tx, DIR_TOSERVER, TX_COMPLETE);
}

/* ---- the server ---- */

static struct pop3_tx *unanswered(const struct app_flow *af)
{
    struct tx *tx = af->first;
    while (tx && tx->progress[DIR_TOCLIENT] == TX_COMPLETE)
        tx = tx->next;
    return tx ? pop3_tx_of(tx) : NULL;
}

static void to_tls(struct app_flow *af)
{
    for (struct tx *tx = af->first; tx; tx = tx->next) {
        app_progress(tx, DIR_TOSERVER, TX_COMPLETE);
        app_progress(tx, DIR_TOCLIENT, TX_COMPLETE);
    }
    af->change_to = APP_TLS;
}

static bool carries_mail(const struct pop3_tx *pop3)
{
    return pop3->shape == POP3_MAIL || pop3->shape == POP3_TOP;
}

/* Whose the server's next lines or bytes are; NULL: it was given up. */
static struct pop3_tx *in_work(const struct app_flow *af)
{
    const struct pop3_state *st = af->state;
    struct tx *tx = af->first;
    while (tx && tx->id != st->data_id)
        tx = tx->next;
    return tx ? pop3_tx_of(tx) : NULL;
}

/* "+OK header", "-ERR header", "+ challenge" (RFC 5034) */
static void take_status(struct app_flow *af, struct str line)
{
    struct pop3_state *st = af->state;
    struct pop3_tx *pop3 = unanswered(af);
    if (!pop3) { /* the greeting, or what nobody asked for */
        pop3 = pop3_tx_of(app_tx_new(af, DIR_BOTH));
        if (!pop3)
            return;
        app_progress(&pop3->carried.tx, DIR_TOSERVER, TX_COMPLETE);
    }
    struct str header = line, status = str_split(&header, ' ');
    bool challenge = str_eq(status, STR_LIT("+"));
    pop3->has_response = true;
    pop3->success = challenge || str_eq_nocase(status, STR_LIT("+OK"));
    texts_add(&pop3->texts, af->mem, POP3_HEADER, challenge ? STR_EMPTY : str_trim(header));
    st->sasl = challenge;
    st->data_id = pop3->carried.tx.id;
    if (pop3->success && pop3->shape == POP3_TLS) {
        to_tls(af);
    } else if (pop3->success && !challenge && pop3->shape == POP3_LISTING) {
        st->in_listing = true;
    } else if (pop3->success && !challenge && carries_mail(pop3)) {
        st->in_mail = true;
        st->dot = MAIL_LINE_START;
        mail_begin(af, &pop3->carried, DIR_TOCLIENT, POP3_CONTENT);
    } else {
        app_progress(&pop3->carried.tx, DIR_TOCLIENT, TX_COMPLETE);
    }
}

/* RFC 1939 section 3: a dot alone ends, one more in front of a line is taken away. */
static void take_listing(struct app_flow *af, struct str line)
{
    struct pop3_state *st = af->state;
    struct pop3_tx *pop3 = in_work(af);
    if (str_eq(line, STR_LIT("."))) {
        st->in_listing = false;
        if (pop3)
            app_progress(&pop3->carried.tx, DIR_TOCLIENT, TX_COMPLETE);
        return;
    }
    if (!pop3)
        return;
    if (line.len && line.p[0] == '.')
        line = str_from(line, 1);
    texts_add(&pop3->texts, af->mem, POP3_DATA, line);
}

/* What TOP fetches has no end of its own: a file that is open then is cut. */
static void end_mail(struct app_flow *af, bool cut)
{
    struct pop3_state *st = af->state;
    struct pop3_tx *pop3 = in_work(af);
    st->in_mail = false;
    if (!pop3)
        return;
    (void)mail_end(&pop3->carried, cut || pop3->shape == POP3_TOP);
    app_progress(&pop3->carried.tx, DIR_TOCLIENT, TX_COMPLETE);
}

static void take_mail(struct app_flow *af, struct str *rest)
{
    struct pop3_state *st = af->state;
    struct pop3_tx *pop3 = in_work(af);
    while (rest->len && st->in_mail) {
        struct mail_step step = mail_dots_next(&st->dot, *rest);
        if (pop3 && step.bytes.len)
            (void)mail_add(&pop3->carried, step.bytes);
        *rest = str_from(*rest, step.done);
        if (step.ended)
            end_mail(af, false);
    }
}

/* ---- both ---- */

/* Does the next line begin a transaction? */
static bool begins(const struct app_flow *af, enum dir dir)
{
    const struct pop3_state *st = af->state;
    return dir == DIR_TOSERVER || (!st->in_listing && !st->in_mail && !unanswered(af));
}

/* A hole inside of a mail or a listing is walked over; elsewhere nothing tells what belongs together. */
static struct app_result take_gap(struct app_flow *af, enum dir dir, uint32_t gap)
{
    struct pop3_state *st = af->state;
    if (dir == DIR_TOCLIENT && st->in_mail) {
        struct pop3_tx *pop3 = in_work(af);
        if (pop3)
            mail_gap(&pop3->carried, gap);
        st->dot = MAIL_IN_LINE;
        return (struct app_result){PARSE_OK, 0};
    }
    if (dir == DIR_TOSERVER || !st->in_listing)
        return (struct app_result){PARSE_BAD, 0};
    st->lines[dir].skipping = true;
    return (struct app_result){PARSE_OK, 0};
}

static struct app_result data(struct app_flow *af, enum dir dir, const struct app_chunk *chunk)
{
    struct pop3_state *st = af->state;
    struct str rest = chunk->bytes;
    struct line line;
    if (chunk->gap)
        return take_gap(af, dir, chunk->gap);
    while (rest.len && af->change_to == APP_UNKNOWN) {
        if (dir == DIR_TOCLIENT && st->in_mail) {
            take_mail(af, &rest);
            continue;
        }
        if (begins(af, dir) && !st->lines[dir].skipping && !app_tx_room(af)) {
            app_event(af, NULL, POP3_TOO_MANY_TRANSACTIONS);
            return (struct app_result){PARSE_FULL, (uint32_t)(chunk->bytes.len - rest.len)};
        }
        if (!lines_next(&st->lines[dir], &rest, POP3_LINE_MAX, &line))
            break;
        if (dir == DIR_TOSERVER)
            take_command(af, line.text);
        else if (st->in_listing)
            take_listing(af, line.text);
        else
            take_status(af, line.text);
    }
    if (chunk->end && dir == DIR_TOCLIENT && st->in_mail)
        end_mail(af, true);
    return (struct app_result){rest.len ? PARSE_MORE : PARSE_OK,
                               (uint32_t)(chunk->bytes.len - rest.len)};
}

static void tx_free(struct app_flow *af, struct tx *tx)
{
    mail_fini(af, &pop3_tx_of(tx)->carried);
    texts_fini(&pop3_tx_of(tx)->texts, af->mem);
}

static const struct field_desc fields[POP3_FIELD_COUNT] = {
    MAIL_FIELDS(APP_POP3, DIR_BIT(DIR_TOCLIENT), POP3_CONTENT),
};

const struct app_parser pop3_parser = {
    .proto = APP_POP3,
    .tcp = true,
    .probe = probe,
    .state_bytes = sizeof(struct pop3_state),
    .data = data,
    .tx_free = tx_free,
    .tx_bytes = sizeof(struct pop3_tx),
    .tx_inspected = mail_inspected,
    .fields = {fields, POP3_FIELD_COUNT},
    .events = events,
    .event_count = POP3_EVENTS,
    .log = pop3_log,
    .log_beside = mail_log,
};
