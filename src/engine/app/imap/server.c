#include "engine/app/imap/message.h"

/* ---- tagged: the command is through ---- */

void imap_lose(struct app_flow *af)
{
    struct imap_state *st = af->state;
    imap_mail_end(af, DIR_TOSERVER, true);
    imap_mail_end(af, DIR_TOCLIENT, true);
    for (struct tx *tx = af->first; tx; tx = tx->next) {
        app_progress(tx, DIR_TOSERVER, TX_COMPLETE);
        app_progress(tx, DIR_TOCLIENT, TX_COMPLETE);
    }
    st->is_lost = true;
}

/* RFC 9051 section 7.1: only these have a tag. Other lines do not cost a look at all commands. */
static bool is_answer(struct str word)
{
    return str_eq_nocase(word, STR_LIT("OK")) || str_eq_nocase(word, STR_LIT("NO")) ||
           str_eq_nocase(word, STR_LIT("BAD"));
}

static struct imap_tx *find_tag(const struct app_flow *af, struct str tag)
{
    for (struct tx *tx = af->first; tx; tx = tx->next) {
        struct imap_tx *imap = imap_tx_of(tx);
        struct str have;
        if (!imap->is_mail && tx->progress[DIR_TOCLIENT] != TX_COMPLETE &&
            texts_get(&imap->texts, IMAP_TAG, 0, &have) && str_eq(have, tag))
            return imap;
    }
    return NULL;
}

/* The server did not want the literal that the client asked leave for: what follows is a command. */
static void refuse_literal(struct app_flow *af, const struct imap_tx *imap)
{
    struct imap_state *st = af->state;
    struct imap_side *client = &st->sides[DIR_TOSERVER];
    if (!client->is_waiting || !st->has_command || st->command_id != imap->carried.tx.id)
        return;
    imap_mail_end(af, DIR_TOSERVER, true);
    client->literal_left = 0;
    client->is_waiting = client->is_continued = st->has_command = false;
}

static void take_tagged(struct app_flow *af, struct str tag, struct str rest)
{
    struct str status = str_split(&rest, ' ');
    struct imap_tx *imap = is_answer(status) ? find_tag(af, tag) : NULL;
    if (!imap)
        return;
    texts_add(&imap->texts, af->mem, IMAP_STATUS, status);
    refuse_literal(af, imap);
    app_progress(&imap->carried.tx, DIR_TOSERVER, TX_COMPLETE);
    app_progress(&imap->carried.tx, DIR_TOCLIENT, TX_COMPLETE);
    if (imap->asks_tls && str_eq_nocase(status, STR_LIT("OK"))) {
        imap_lose(af);
        af->change_to = APP_TLS;
    }
    if (imap->asks_deflate && str_eq_nocase(status, STR_LIT("OK"))) /* RFC 4978 */
        imap_lose(af);
}

/* ---- untagged ---- */

/* A status has text for people behind it, in which braces mean nothing. */
static bool is_status(struct str word)
{
    static const char *const words[] = {"OK", "NO", "BAD", "BYE", "PREAUTH"};
    for (size_t i = 0; i < ARRAY_COUNT(words); i++)
        if (str_eq_nocase(word, str_c(words[i])))
            return true;
    return false;
}

/* "* 12 FETCH (UID 7 BODY[] {342}" */
static void take_untagged(struct imap_side *side, struct str rest)
{
    uint64_t number;
    struct str word = str_split(&rest, ' ');
    side->may_hold = !is_status(word);
    side->holds_mails =
        str_to_u64(word, &number) && str_eq_nocase(str_split(&rest, ' '), STR_LIT("FETCH"));
}

/* The last word of a line: RFC 9051 allows a blank only inside of a list of headers, which is no mail. */
static struct str last_word(struct str s)
{
    size_t from = s.len;
    while (from && s.p[from - 1] != ' ' && s.p[from - 1] != '(')
        from--;
    return str_from(s, from);
}

static bool reads_mail(struct str tail, struct imap_literal *literal, struct imap_item *item)
{
    if (!imap_literal_read(tail, literal))
        return false;
    *item = imap_item_read(last_word(literal->before));
    return item->is_mail || item->is_part;
}

bool imap_begins_mail(const struct imap_side *side, enum dir dir, const struct imap_line *line)
{
    struct imap_literal literal;
    struct imap_item item;
    if (!line->ends)
        return false;
    if (dir == DIR_TOCLIENT)
        return reads_mail(line->tail, &literal, &item);
    return side->holds_mails && imap_literal_read(line->tail, &literal);
}

void imap_server_line(struct app_flow *af, const struct imap_line *line)
{
    struct imap_state *st = af->state;
    struct imap_side *side = &st->sides[DIR_TOCLIENT];
    struct imap_literal literal;
    struct imap_item item;
    if (line->begins && !side->is_continued) {
        struct str rest = line->head, first = str_split(&rest, ' ');
        side->may_hold = side->holds_mails = false;
        if (str_eq(first, STR_LIT("*")))
            take_untagged(side, rest);
        else if (!str_eq(first, STR_LIT("+")))
            take_tagged(af, first, rest);
    }
    if (!line->ends)
        return;
    bool is_mail = reads_mail(line->tail, &literal, &item);
    side->is_continued = side->may_hold && imap_literal_read(line->tail, &literal);
    if (!side->is_continued)
        return;
    side->literal_left = literal.len;
    if (side->holds_mails && is_mail && literal.len)
        imap_mail_begin(af, DIR_TOCLIENT, &literal, item, last_word(literal.before));
}
