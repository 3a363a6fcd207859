#include "engine/app/smtp/envelope.h"

static void log_list(const struct smtp_tx *tx, uint32_t kind, const char *key, struct json *out)
{
    struct str text;
    if (!texts_get(&tx->texts, kind, 0, &text))
        return;
    json_array(out, key);
    for (uint32_t i = 0; i < tx->texts.count; i++)
        if (tx->texts.items[i].kind == kind)
            json_bytes(out, NULL, texts_at(&tx->texts, i));
    json_end_array(out);
}

static void log_text(const struct smtp_tx *tx, uint32_t kind, const char *key, struct json *out)
{
    struct str text;
    if (texts_get(&tx->texts, kind, 0, &text))
        json_bytes(out, key, text);
}

void smtp_log(const struct tx *tx, const struct app_conf *conf, struct json *out)
{
    const struct smtp_tx *smtp = smtp_tx_const(tx);
    (void)conf;
    log_text(smtp, TEXT_HELO, "helo", out);
    log_text(smtp, TEXT_MAIL_FROM, "mail_from", out);
    log_list(smtp, TEXT_RCPT_TO, "rcpt_to", out);
}

void smtp_log_conf(struct app_log *log, const struct conf_node *settings)
{
    log->smtp = settings;
}
