#include "engine/app/imap/message.h"

struct imap_tx *imap_tx_find(const struct app_flow *af, uint64_t id)
{
    struct tx *tx = af->first;
    while (tx && tx->id != id)
        tx = tx->next;
    return tx ? imap_tx_of(tx) : NULL;
}

/* A piece out of a mail's middle is told, and not read: nothing says what it is a piece of. */
void imap_mail_begin(struct app_flow *af, enum dir dir, const struct imap_literal *literal,
                     struct imap_item item, struct str name)
{
    struct imap_state *st = af->state;
    struct imap_tx *imap = imap_tx_of(app_tx_new(af, DIR_BIT(dir)));
    if (!imap)
        return;
    imap->is_mail = true;
    imap->is_partial = item.is_part;
    imap->mail_bytes = literal->len;
    texts_add(&imap->texts, af->mem, IMAP_ITEM, name);
    st->sides[dir].in_mail = true;
    st->sides[dir].mail_id = imap->carried.tx.id;
    if (item.is_mail)
        mail_begin(af, &imap->carried, dir, IMAP_CONTENT);
}

void imap_mail_end(struct app_flow *af, enum dir dir, bool cut)
{
    struct imap_state *st = af->state;
    struct imap_side *side = &st->sides[dir];
    struct imap_tx *imap = side->in_mail ? imap_tx_find(af, side->mail_id) : NULL;
    side->in_mail = false;
    if (!imap)
        return;
    (void)mail_end(&imap->carried, cut || imap->is_partial);
    app_progress(&imap->carried.tx, dir, TX_COMPLETE);
}

void imap_literal_take(struct app_flow *af, enum dir dir, struct str *rest)
{
    struct imap_state *st = af->state;
    struct imap_side *side = &st->sides[dir];
    struct str part =
        str_cut(*rest, 0, side->literal_left < rest->len ? (size_t)side->literal_left : rest->len);
    struct imap_tx *imap = side->in_mail ? imap_tx_find(af, side->mail_id) : NULL;
    if (imap)
        (void)mail_add(&imap->carried, part);
    side->is_waiting = false;
    side->literal_left -= part.len;
    *rest = str_from(*rest, part.len);
    if (side->literal_left == 0)
        imap_mail_end(af, dir, false);
}

bool imap_literal_gap(struct app_flow *af, enum dir dir, uint32_t bytes)
{
    struct imap_state *st = af->state;
    struct imap_side *side = &st->sides[dir];
    if (bytes > side->literal_left)
        return false;
    struct imap_tx *imap = side->in_mail ? imap_tx_find(af, side->mail_id) : NULL;
    if (imap)
        mail_gap(&imap->carried, bytes);
    side->is_waiting = false;
    side->literal_left -= bytes;
    if (side->literal_left == 0)
        imap_mail_end(af, dir, false);
    return true;
}
