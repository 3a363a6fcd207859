#include "engine/app/ftp/ftp.h"

#include "engine/app/ftp/message.h"

#define PORT_FTP 21
#define PORT_POP3 110
#define BANNER_MAX 512

static const struct app_event_desc events[FTP_EVENTS] = {
    [FTP_REQUEST_TOO_LONG] = {"request_command_too_long"},
    [FTP_RESPONSE_TOO_LONG] = {"response_command_too_long"},
    [FTP_TOO_MANY_TRANSACTIONS] = {"too_many_transactions"},
};

/* ---- is it FTP? ---- */

/* USER and PASS are POP3's words too, and its server speaks first. */
static enum app_probe probe_client(struct str bytes, uint16_t port)
{
    static const char *const everywhere[] = {"USER ", "PASS ", "PORT ", "EPRT ", "AUTH TLS"};
    bool open = false;
    if (port == PORT_FTP && ftp_command_find(bytes))
        return APP_PROBE_YES;
    for (size_t i = 0; i < ARRAY_COUNT(everywhere) && port != PORT_POP3; i++) {
        struct str word = str_c(everywhere[i]);
        if (str_starts_nocase(bytes, word))
            return APP_PROBE_YES;
        open = open || str_starts_nocase(word, bytes);
    }
    return open || (port == PORT_FTP && bytes.len < 4) ? APP_PROBE_MORE : APP_PROBE_NO;
}

/* "220 ...": mail servers greet so too. Where the greeting does not say what it is, the client's first words do. */
static enum app_probe probe_server(struct str bytes, uint16_t port)
{
    struct str code = STR_LIT("220");
    if (bytes.len < 4)
        return str_starts(code, str_cut(bytes, 0, 3)) ? APP_PROBE_MORE : APP_PROBE_NO;
    if (!str_starts(bytes, code) || (bytes.p[3] != ' ' && bytes.p[3] != '-'))
        return APP_PROBE_NO;
    if (port == PORT_FTP || bytes.p[4 % bytes.len] == '(')
        return APP_PROBE_YES;
    struct str line = str_cut(bytes, 0, BANNER_MAX);
    ptrdiff_t feed = str_find_byte(line, 0, '\n');
    line = feed < 0 ? line : str_cut(line, 0, (size_t)feed);
    return str_find_nocase(line, 0, STR_LIT("FTP")) >= 0 ? APP_PROBE_YES : APP_PROBE_MORE;
}

static enum app_probe probe(struct str bytes, enum dir dir, uint16_t server_port)
{
    if (bytes.len == 0)
        return APP_PROBE_MORE;
    return dir == DIR_TOSERVER ? probe_client(bytes, server_port)
                               : probe_server(bytes, server_port);
}

/* ---- transactions ---- */

struct ftp_tx *ftp_tx_new(struct app_flow *af, uint8_t dirs)
{
    bool many = af->tx_live >= af->conf->ftp_tx_max;
    struct ftp_tx *ftp = (struct ftp_tx *)app_tx_new(af, dirs);
    if (ftp && many)
        app_event(af, &ftp->tx, FTP_TOO_MANY_TRANSACTIONS);
    return ftp;
}

static void tx_free(struct app_flow *af, struct tx *tx)
{
    texts_fini(&ftp_tx_of(tx)->texts, af->mem);
}

/* ---- the client ---- */

static void on_active(struct app_flow *af, struct ftp_tx *ftp, struct str data)
{
    struct ftp_state *st = af->state;
    struct ip ip;
    uint16_t port;
    bool good = ftp->command->action == FTP_PORT ? ftp_read_host_port(data, &ip, &port)
                                                 : ftp_read_extended(data, &ip, &port);
    if (!good)
        return;
    ftp->mode = FTP_ACTIVE;
    ftp->port = st->port = port;
    ftp->bounce = ip.version && af->ties && !ip_eq(&ip, af->ties->client_ip);
}

static void announce(struct app_flow *af, enum ftp_data_command command, struct str name)
{
    struct ftp_state *st = af->state;
    const struct app_ties *ties = af->ties;
    if (!ties)
        return;
    struct expectation e = {
        .owner = ties->flow_id,
        .until_us = af->now_us + EXPECT_WAIT_US,
        .a = *ties->client_ip,
        .b = *ties->server_ip,
        .port = st->port,
        .proto = APP_FTP_DATA,
        .note = {.word = command},
    };
    if (command == FTP_DATA_LIST || command == FTP_DATA_NLST)
        name = STR_EMPTY; /* of a folder: no file */
    name = str_cut(name, 0, EXPECT_NOTE_MAX);
    e.note.len = (uint16_t)name.len;
    if (name.len)
        memcpy(e.note.bytes, name.p, name.len);
    expect_add(ties->expected, &e);
}

static void on_command(struct app_flow *af, struct ftp_tx *ftp, struct str data)
{
    switch (ftp->command->action) {
    case FTP_PORT:
    case FTP_EPRT: on_active(af, ftp, data); return;
    case FTP_DATA: announce(af, ftp->command->data, data); return;
    case FTP_PASV:
    case FTP_EPSV:
    case FTP_AUTH_TLS:
    case FTP_NOTHING: return;
    }
}

static void take_command(struct app_flow *af, const struct line *line)
{
    struct ftp_tx *ftp = ftp_tx_new(af, DIR_BOTH);
    if (!ftp)
        return;
    if (line->cut) {
        ftp->command_cut = true;
        app_event(af, &ftp->tx, FTP_REQUEST_TOO_LONG);
    }
    ftp->command = ftp_command_find(line->text);
    if (ftp->command) {
        size_t at = strlen(ftp->command->name) + 1;
        struct str data = str_from(line->text, at);
        ftp->has_data = line->text.len > at && texts_add(&ftp->texts, af->mem, FTP_TEXT_DATA, data);
        on_command(af, ftp, data);
    }
    app_progress(&ftp->tx, DIR_TOSERVER, FTP_ASKED);
}

/* ---- the server ---- */

/* The transaction that a reply belongs to: the oldest that is not answered, else the last one (further lines of its reply). */
static struct ftp_tx *answered(struct app_flow *af)
{
    for (struct tx *tx = af->first; tx; tx = tx->next)
        if (!ftp_tx_of(tx)->done)
            return ftp_tx_of(tx);
    return af->last ? ftp_tx_of(af->last) : ftp_tx_new(af, DIR_BIT(DIR_TOCLIENT));
}

static void on_passive(struct app_flow *af, struct ftp_tx *ftp, struct str reply)
{
    struct ftp_state *st = af->state;
    struct ip ip;
    uint16_t port;
    bool good = ftp->command->action == FTP_PASV ? ftp_read_host_port(reply, &ip, &port)
                                                 : ftp_read_extended(reply, &ip, &port);
    if (!good)
        return;
    ftp->mode = FTP_PASSIVE;
    ftp->port = st->port = port;
}

static void on_tls(struct app_flow *af)
{
    for (struct tx *tx = af->first; tx; tx = tx->next) {
        app_progress(tx, DIR_TOSERVER, TX_COMPLETE);
        app_progress(tx, DIR_TOCLIENT, TX_COMPLETE);
    }
    af->change_to = APP_TLS;
}

static void on_code(struct app_flow *af, struct ftp_tx *ftp, struct str code, struct str reply)
{
    if (!ftp->command || ftp->done)
        return;
    enum ftp_action action = ftp->command->action;
    if ((action == FTP_PASV && str_eq(code, STR_LIT("227"))) ||
        (action == FTP_EPSV && str_eq(code, STR_LIT("229"))))
        on_passive(af, ftp, reply);
    else if (action == FTP_AUTH_TLS && str_eq(code, STR_LIT("234")))
        on_tls(af);
}

/* "230 Logged in": a code and its words. Lines of a longer reply ("230-", " more") are words alone. */
static struct str split_code(struct str *text)
{
    if (text->len < 4 || text->p[3] != ' ')
        return STR_EMPTY;
    for (size_t i = 0; i < 3; i++)
        if (text->p[i] < '0' || text->p[i] > '9')
            return STR_EMPTY;
    struct str code = str_cut(*text, 0, 3);
    *text = str_from(*text, 4);
    return code;
}

static void take_reply(struct app_flow *af, const struct line *line)
{
    struct ftp_tx *ftp = answered(af);
    if (!ftp)
        return;
    struct str words = line->text, code = split_code(&words);
    if (line->cut) {
        ftp->reply_cut = true;
        app_event(af, &ftp->tx, FTP_RESPONSE_TOO_LONG);
    }
    if (code.len)
        texts_add(&ftp->texts, af->mem, FTP_TEXT_CODE, code);
    texts_add(&ftp->texts, af->mem, FTP_TEXT_REPLY, words);
    ftp->replied = true;
    on_code(af, ftp, code, words);
    if (line->text.len && line->text.p[0] == '1') /* more follows when the transfer is over */
        return;
    ftp->done = true;
    app_progress(&ftp->tx, DIR_TOSERVER, TX_COMPLETE);
    app_progress(&ftp->tx, DIR_TOCLIENT, TX_COMPLETE);
}

static struct app_result data(struct app_flow *af, enum dir dir, const struct app_chunk *chunk)
{
    struct ftp_state *st = af->state;
    struct str rest = chunk->bytes;
    struct line line;
    if (chunk->gap) { /* the lines behind a hole are whole again after the next end of a line */
        st->lines[dir].skipping = true;
        return (struct app_result){PARSE_OK, 0};
    }
    while (af->change_to == APP_UNKNOWN) {
        struct lines before = st->lines[dir];
        struct str here = rest;
        if (!lines_next(&st->lines[dir], &rest, af->conf->ftp_line_max, &line))
            break;
        if (dir == DIR_TOSERVER && !app_tx_room(af)) {
            st->lines[dir] = before;
            return (struct app_result){PARSE_FULL, (uint32_t)(chunk->bytes.len - here.len)};
        }
        if (dir == DIR_TOSERVER)
            take_command(af, &line);
        else
            take_reply(af, &line);
    }
    return (struct app_result){rest.len ? PARSE_MORE : PARSE_OK,
                               (uint32_t)(chunk->bytes.len - rest.len)};
}

const struct app_parser ftp_parser = {
    .proto = APP_FTP,
    .tcp = true,
    .probe = probe,
    .state_bytes = sizeof(struct ftp_state),
    .data = data,
    .tx_free = tx_free,
    .tx_bytes = sizeof(struct ftp_tx),
    .fields = {ftp_fields, FTP_FIELD_COUNT},
    .events = events,
    .event_count = FTP_EVENTS,
    .events_small = true,
    .log = ftp_log,
};
