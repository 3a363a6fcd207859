#include "engine/app/smtp/envelope.h"

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

#define ROW(field, at, many, function)                                             \
    {                                                                              \
        .name = (field), .proto = APP_SMTP, .dirs = DIR_BIT(DIR_TOSERVER),         \
        .ready_at = {[DIR_TOSERVER] = (at)}, .multi = (many), .bytes = (function), \
    }

const struct field_desc smtp_fields[SMTP_FIELD_COUNT] = {
    ROW("smtp.helo", SMTP_BEGUN, false, get_helo),
    ROW("smtp.mail_from", SMTP_SENDER, false, get_mail_from),
    ROW("smtp.rcpt_to", SMTP_MAIL, true, get_rcpt_to),
    MAIL_FIELDS(APP_SMTP, DIR_BIT(DIR_TOSERVER), SMTP_CONTENT),
};
