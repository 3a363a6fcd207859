#include "engine/app/imap/message.h"

/* Letters alone. */
static bool is_word(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.p[i] | ' ';
        if (c < 'a' || c > 'z')
            return false;
    }
    return s.len;
}

/* "tag command ..." (RFC 9051 section 2.2.1). A line of one word is DONE of IDLE, or an answer to a challenge. Of the arguments nothing
 * is kept: there are passwords among them. */
static void take_command(struct app_flow *af, struct str line)
{
    struct imap_state *st = af->state;
    struct str rest = line, tag = str_split(&rest, ' '), command = str_split(&rest, ' ');
    st->has_command = false;
    st->sides[DIR_TOSERVER].holds_mails = str_eq_nocase(command, STR_LIT("APPEND"));
    if (tag.len == 0 || tag.len > IMAP_TAG_MAX || !is_word(command))
        return;
    struct imap_tx *imap = imap_tx_of(app_tx_new(af, DIR_BOTH));
    if (!imap)
        return;
    struct str of_uids = str_eq_nocase(command, STR_LIT("UID")) ? str_split(&rest, ' ') : STR_EMPTY;
    if (is_word(of_uids)) /* "UID FETCH" */
        command = str_cut(line, tag.len + 1, tag.len + 1 + command.len + 1 + of_uids.len);
    texts_add(&imap->texts, af->mem, IMAP_TAG, tag);
    texts_add(&imap->texts, af->mem, IMAP_COMMAND, command);
    imap->asks_tls = str_eq_nocase(command, STR_LIT("STARTTLS"));
    imap->asks_deflate = str_eq_nocase(command, STR_LIT("COMPRESS"));
    st->has_command = true;
    st->command_id = imap->carried.tx.id;
}

static void end_command(struct app_flow *af)
{
    struct imap_state *st = af->state;
    struct imap_tx *imap = st->has_command ? imap_tx_find(af, st->command_id) : NULL;
    st->has_command = false;
    if (imap)
        app_progress(&imap->carried.tx, DIR_TOSERVER, TX_COMPLETE);
}

void imap_client_line(struct app_flow *af, const struct imap_line *line)
{
    struct imap_state *st = af->state;
    struct imap_side *side = &st->sides[DIR_TOSERVER];
    struct imap_literal literal;
    if (line->begins && !side->is_continued)
        take_command(af, line->head);
    if (!line->ends)
        return;
    side->is_continued = imap_literal_read(line->tail, &literal);
    if (!side->is_continued) {
        end_command(af);
        return;
    }
    side->literal_left = literal.len;
    side->is_waiting = literal.waits;
    /* an empty one cancels (RFC 3502) */
    if (side->holds_mails && literal.len)
        imap_mail_begin(af, DIR_TOSERVER, &literal, (struct imap_item){true, false},
                        STR_LIT("APPEND"));
}
