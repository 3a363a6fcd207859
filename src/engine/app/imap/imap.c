#include "engine/app/imap/imap.h"

#include "engine/app/imap/message.h"

#define PORT_IMAP 143
#define GREETING_MAX 512

static const struct app_event_desc events[IMAP_EVENTS] = {
    [IMAP_TOO_MANY_TRANSACTIONS] = {"too_many_transactions"},
};

/* RFC 3501 section 7.1: "* OK ...". Elsewhere than on its port the line must say what it is. */
static enum app_probe probe(struct str bytes, enum dir dir, uint16_t server_port)
{
    struct str good = STR_LIT("* OK ");
    if (dir == DIR_TOSERVER) /* a tag may be any word: the server says it */
        return server_port == PORT_IMAP && bytes.len < GREETING_MAX ? APP_PROBE_MORE : APP_PROBE_NO;
    if (bytes.len < good.len)
        return str_starts(good, bytes) ? APP_PROBE_MORE : APP_PROBE_NO;
    if (!str_starts(bytes, good))
        return APP_PROBE_NO;
    if (server_port == PORT_IMAP)
        return APP_PROBE_YES;
    struct str line = str_cut(bytes, 0, GREETING_MAX);
    ptrdiff_t feed = str_find_byte(line, 0, '\n');
    if (str_find_nocase(feed < 0 ? line : str_cut(line, 0, (size_t)feed), 0, STR_LIT("IMAP")) >= 0)
        return APP_PROBE_YES;
    return feed < 0 && bytes.len < GREETING_MAX ? APP_PROBE_MORE : APP_PROBE_NO;
}

/* A line; FULL: it begins a transaction that there is no room for, and is left there. */
static enum parse take_line(struct app_flow *af, enum dir dir, struct str *rest)
{
    struct imap_state *st = af->state;
    struct imap_side *side = &st->sides[dir], before = *side;
    struct str was = *rest;
    struct imap_line line;
    bool begins = dir == DIR_TOSERVER && !side->is_long && !side->is_continued;
    if (!imap_line_next(side, rest, &line))
        return PARSE_MORE;
    bool carries = imap_begins_mail(side, dir, &line);
    if ((begins || carries) && !app_tx_room(af)) {
        *side = before;
        *rest = was;
        app_event(af, NULL, IMAP_TOO_MANY_TRANSACTIONS);
        return PARSE_FULL;
    }
    if (dir == DIR_TOSERVER)
        imap_client_line(af, &line);
    else
        imap_server_line(af, &line);
    return PARSE_OK;
}

static struct app_result data(struct app_flow *af, enum dir dir, const struct app_chunk *chunk)
{
    struct imap_state *st = af->state;
    struct imap_side *side = &st->sides[dir];
    struct str rest = chunk->bytes;
    enum parse result = PARSE_OK;
    if (chunk->gap && !st->is_lost && !imap_literal_gap(af, dir, chunk->gap))
        imap_lose(af);
    while (rest.len && result == PARSE_OK && !st->is_lost) {
        if (side->literal_left)
            imap_literal_take(af, dir, &rest);
        else
            result = take_line(af, dir, &rest);
    }
    if (chunk->end)
        imap_mail_end(af, dir, true);
    if (st->is_lost && af->change_to == APP_UNKNOWN)
        rest = STR_EMPTY;
    if (result != PARSE_FULL)
        result = rest.len ? PARSE_MORE : PARSE_OK;
    return (struct app_result){result, (uint32_t)(chunk->bytes.len - rest.len)};
}

static void tx_free(struct app_flow *af, struct tx *tx)
{
    mail_fini(af, &imap_tx_of(tx)->carried);
    texts_fini(&imap_tx_of(tx)->texts, af->mem);
}

static const struct field_desc fields[] = {
    MAIL_FIELDS(APP_IMAP, DIR_BIT(DIR_TOSERVER) | DIR_BIT(DIR_TOCLIENT), IMAP_CONTENT),
};

const struct app_parser imap_parser = {
    .proto = APP_IMAP,
    .tcp = true,
    .probe = probe,
    .state_bytes = sizeof(struct imap_state),
    .data = data,
    .tx_free = tx_free,
    .tx_bytes = sizeof(struct imap_tx),
    .tx_inspected = mail_inspected,
    .fields = {fields, MAIL_FIELD_ROWS},
    .events = events,
    .event_count = IMAP_EVENTS,
    .log = imap_log,
    .log_beside = mail_log,
};
