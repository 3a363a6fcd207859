#include "engine/app/mail/work.h"

static const struct mail *mail_of(const struct tx *tx)
{
    return &((const struct mail_tx *)tx)->mail;
}

#define TEXT_GETTER(name, kind)                                                               \
    MAIL_GETTER(name)                                                                         \
    {                                                                                         \
        (void)a;                                                                              \
        return dir == mail_of(tx)->dir && texts_get(&mail_of(tx)->texts, (kind), index, out); \
    }

TEXT_GETTER(from, MAIL_TEXT_HEADERS + HEADER_FROM)
TEXT_GETTER(to, MAIL_TEXT_HEADERS + HEADER_TO)
TEXT_GETTER(cc, MAIL_TEXT_HEADERS + HEADER_CC)
TEXT_GETTER(subject, MAIL_TEXT_HEADERS + HEADER_SUBJECT)
TEXT_GETTER(date, MAIL_TEXT_HEADERS + HEADER_DATE)
TEXT_GETTER(message_id, MAIL_TEXT_HEADERS + HEADER_MESSAGE_ID)
TEXT_GETTER(x_mailer, MAIL_TEXT_HEADERS + HEADER_X_MAILER)
TEXT_GETTER(received, MAIL_TEXT_HEADERS + HEADER_RECEIVED)
TEXT_GETTER(url, MAIL_TEXT_URL)

/* Of the attachments, those that have something to show. */
bool mail_field_data(const struct tx *tx, enum dir dir, uint32_t index, struct field_window *out)
{
    const struct mail *mail = mail_of(tx);
    if (dir != mail->dir)
        return false;
    for (const struct mail_part *part = mail->parts; part; part = part->next)
        if (body_window(&part->body, &mail->body_conf, out) && index-- == 0)
            return true;
    return false;
}
