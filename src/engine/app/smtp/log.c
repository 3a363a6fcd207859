#include "engine/app/smtp/mail.h"

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

/* The last one first, as readers of Suricata's log know it. */
static void log_urls(const struct smtp_tx *tx, struct json *out)
{
    if (!tx->url_count)
        return;
    json_array(out, "url");
    for (uint32_t i = tx->texts.count; i-- > 0;)
        if (tx->texts.items[i].kind == TEXT_URL)
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

/* The next address of a list; commas inside quotes belong to a name. */
static struct str next_address(struct str *rest)
{
    bool quoted = false;
    size_t end = 0;
    for (; end < rest->len && (quoted || rest->p[end] != ','); end++)
        if (rest->p[end] == '"')
            quoted = !quoted;
    struct str address = str_trim(str_cut(*rest, 0, end));
    *rest = str_from(*rest, end + 1);
    return address;
}

static void log_addresses(const struct smtp_tx *tx, enum smtp_header header, struct json *out)
{
    struct str rest;
    if (!texts_get(&tx->texts, TEXT_HEADERS + header, 0, &rest) || str_trim(rest).len == 0)
        return;
    json_array(out, smtp_headers[header].key);
    while (rest.len) {
        struct str address = next_address(&rest);
        if (address.len)
            json_bytes(out, NULL, address);
    }
    json_end_array(out);
}

static bool truth(const struct conf_node *node)
{
    return node && node->value &&
           (strcmp(node->value, "yes") == 0 || strcmp(node->value, "true") == 0);
}

/* Is this field asked for ("extended", or its name in "custom")? */
static bool is_wanted(const struct conf_node *smtp, enum smtp_header header)
{
    if (truth(conf_child(smtp, "extended")))
        return true;
    const struct conf_node *custom = conf_child(smtp, "custom");
    for (const struct conf_node *node = custom ? custom->child : NULL; node; node = node->next)
        if (node->value && str_eq_nocase(str_c(node->value), str_c(smtp_headers[header].name)))
            return true;
    return false;
}

void smtp_log_conf(struct app_log *log, const struct conf_node *settings)
{
    log->smtp = settings;
}

static void log_more(const struct smtp_tx *tx, const struct app_conf *conf, struct json *out)
{
    const struct conf_node *smtp = conf->log.smtp;
    if (!smtp)
        return;
    for (enum smtp_header h = HEADER_SUBJECT; h < HEADER_COUNT; h++) {
        if (!is_wanted(smtp, h))
            continue;
        if (smtp_headers[h].multi)
            log_list(tx, TEXT_HEADERS + h, smtp_headers[h].key, out);
        else
            log_text(tx, TEXT_HEADERS + h, smtp_headers[h].key, out);
    }
}

void smtp_log_email(const struct tx *tx, const struct app_conf *conf, struct json *out)
{
    const struct smtp_tx *smtp = smtp_tx_const(tx);
    if (!smtp->has_mail)
        return;
    json_object(out, "email");
    log_text(smtp, TEXT_HEADERS + HEADER_FROM, "from", out);
    log_addresses(smtp, HEADER_TO, out);
    log_addresses(smtp, HEADER_CC, out);
    const char *unfinished = smtp->headers_done ? "BODY_STARTED" : "HEADER_STARTED";
    json_text(out, "status", smtp->mail_done ? "PARSE_DONE" : unfinished);
    log_list(smtp, TEXT_ATTACHMENT, "attachment", out);
    log_urls(smtp, out);
    log_more(smtp, conf, out);
    json_end_object(out);
}
