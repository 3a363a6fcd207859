#include "engine/app/smtp/envelope.h"

static void tell_defects(struct app_flow *af, struct smtp_tx *tx, uint32_t defects)
{
    static const struct {
        uint32_t defect;
        enum smtp_event event;
    } rows[] = {
        {MIME_BAD_BASE64, SMTP_MIME_INVALID_BASE64},
        {MIME_BAD_QUOTED, SMTP_MIME_INVALID_QP},
        {MIME_LONG_LINE, SMTP_MIME_LONG_LINE},
        {MIME_LONG_HEADER_NAME, SMTP_MIME_LONG_HEADER_NAME},
        {MIME_LONG_HEADER_VALUE, SMTP_MIME_LONG_HEADER_VALUE},
        {MIME_TOO_DEEP, SMTP_MIME_PARSE_FAILED},
        {MIME_LONG_BOUNDARY, SMTP_MIME_LONG_BOUNDARY},
        {MIME_LONG_ENCODED_LINE, SMTP_MIME_LONG_ENC_LINE},
        {MIME_LONG_FILENAME, SMTP_MIME_LONG_FILENAME},
        {MIME_NO_MEMORY, SMTP_MIME_PARSE_FAILED},
        {MIME_MALFORMED, SMTP_MIME_MALFORMED},
    };
    for (size_t i = 0; defects && i < ARRAY_COUNT(rows); i++)
        if (defects & rows[i].defect)
            smtp_tell(af, tx, rows[i].event);
}

void smtp_mail_begin(struct app_flow *af, struct smtp_tx *tx)
{
    mail_begin(af, &tx->carried, DIR_TOSERVER, SMTP_CONTENT);
}

void smtp_mail_add(struct app_flow *af, struct smtp_tx *tx, struct str bytes)
{
    if (tx)
        tell_defects(af, tx, mail_add(&tx->carried, bytes));
}

void smtp_mail_end(struct app_flow *af, struct smtp_tx *tx, bool cut)
{
    if (tx)
        tell_defects(af, tx, mail_end(&tx->carried, cut));
}

void smtp_tx_fini(struct app_flow *af, struct tx *tx)
{
    struct smtp_tx *smtp = smtp_tx_of(tx);
    struct smtp_state *st = af->state;
    if (st && st->tx == smtp)
        st->tx = NULL;
    mail_fini(af, &smtp->carried);
    texts_fini(&smtp->texts, af->mem);
}
