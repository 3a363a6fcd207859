#include "engine/app/smtp/mail.h"

static bool get(const struct tx *tx, uint32_t kind, uint32_t index, struct str *out)
{
    return texts_get(&smtp_tx_const(tx)->texts, kind, index, out);
}

#define TEXT_GETTER(function, kind)                                                          \
    static bool function(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a, \
                         struct str *out)                                                    \
    {                                                                                        \
        (void)dir;                                                                           \
        (void)a;                                                                             \
        return get(tx, (kind), index, out);                                                  \
    }

TEXT_GETTER(get_helo, TEXT_HELO)
TEXT_GETTER(get_mail_from, TEXT_MAIL_FROM)
TEXT_GETTER(get_rcpt_to, TEXT_RCPT_TO)
TEXT_GETTER(get_url, TEXT_URL)
TEXT_GETTER(get_from, TEXT_HEADERS + HEADER_FROM)
TEXT_GETTER(get_to, TEXT_HEADERS + HEADER_TO)
TEXT_GETTER(get_cc, TEXT_HEADERS + HEADER_CC)
TEXT_GETTER(get_subject, TEXT_HEADERS + HEADER_SUBJECT)
TEXT_GETTER(get_date, TEXT_HEADERS + HEADER_DATE)
TEXT_GETTER(get_message_id, TEXT_HEADERS + HEADER_MESSAGE_ID)
TEXT_GETTER(get_x_mailer, TEXT_HEADERS + HEADER_X_MAILER)
TEXT_GETTER(get_received, TEXT_HEADERS + HEADER_RECEIVED)

/* Of the attachments, those that have something to show. */
static bool get_file_data(const struct tx *tx, enum dir dir, uint32_t index,
                          struct field_window *out)
{
    const struct smtp_tx *smtp = smtp_tx_const(tx);
    if (dir != DIR_TOSERVER)
        return false;
    for (const struct smtp_part *part = smtp->parts; part; part = part->next)
        if (body_window(&part->body, &smtp->body_conf, out) && index-- == 0)
            return true;
    return false;
}

#define ROW(field, at, many, function)                                             \
    {                                                                              \
        .name = (field), .proto = APP_SMTP, .dirs = DIR_BIT(DIR_TOSERVER),         \
        .ready_at = {[DIR_TOSERVER] = (at)}, .multi = (many), .bytes = (function), \
    }

const struct field_desc smtp_fields[SMTP_FIELD_COUNT] = {
    ROW("smtp.helo", SMTP_BEGUN, false, get_helo),
    ROW("smtp.mail_from", SMTP_SENDER, false, get_mail_from),
    ROW("smtp.rcpt_to", SMTP_MAIL, true, get_rcpt_to),
    ROW("email.from", SMTP_CONTENT, false, get_from),
    ROW("email.to", SMTP_CONTENT, false, get_to),
    ROW("email.cc", SMTP_CONTENT, false, get_cc),
    ROW("email.subject", SMTP_CONTENT, false, get_subject),
    ROW("email.date", SMTP_CONTENT, false, get_date),
    ROW("email.message_id", SMTP_CONTENT, false, get_message_id),
    ROW("email.x_mailer", SMTP_CONTENT, false, get_x_mailer),
    ROW("email.received", SMTP_CONTENT, true, get_received),
    ROW("email.url", TX_COMPLETE, true, get_url),
    FILE_FIELDS(APP_SMTP, DIR_BIT(DIR_TOSERVER), SMTP_CONTENT),
    {.name = "file.data",
     .proto = APP_SMTP,
     .dirs = DIR_BIT(DIR_TOSERVER),
     .ready_at = {[DIR_TOSERVER] = SMTP_CONTENT},
     .kind = FIELD_WINDOW,
     .multi = true,
     .window = get_file_data},
};
