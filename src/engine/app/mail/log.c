#include "engine/app/mail/work.h"

static void log_list(const struct mail *mail, uint32_t kind, const char *key, struct json *out)
{
    struct str text;
    if (!texts_get(&mail->texts, kind, 0, &text))
        return;
    json_array(out, key);
    for (uint32_t i = 0; i < mail->texts.count; i++)
        if (mail->texts.items[i].kind == kind)
            json_bytes(out, NULL, texts_at(&mail->texts, i));
    json_end_array(out);
}

/* The last one first, as readers of Suricata's log know it. */
static void log_urls(const struct mail *mail, struct json *out)
{
    if (!mail->url_count)
        return;
    json_array(out, "url");
    for (uint32_t i = mail->texts.count; i-- > 0;)
        if (mail->texts.items[i].kind == MAIL_TEXT_URL)
            json_bytes(out, NULL, texts_at(&mail->texts, i));
    json_end_array(out);
}

static void log_text(const struct mail *mail, uint32_t kind, const char *key, struct json *out)
{
    struct str text;
    if (texts_get(&mail->texts, kind, 0, &text))
        json_bytes(out, key, text);
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

static void log_addresses(const struct mail *mail, enum mail_header header, struct json *out)
{
    struct str rest;
    if (!texts_get(&mail->texts, MAIL_TEXT_HEADERS + header, 0, &rest) || str_trim(rest).len == 0)
        return;
    json_array(out, mail_headers[header].key);
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
static bool is_wanted(const struct conf_node *settings, enum mail_header header)
{
    if (truth(conf_child(settings, "extended")))
        return true;
    const struct conf_node *custom = conf_child(settings, "custom");
    for (const struct conf_node *node = custom ? custom->child : NULL; node; node = node->next)
        if (node->value && str_eq_nocase(str_c(node->value), str_c(mail_headers[header].name)))
            return true;
    return false;
}

static void log_more(const struct mail *mail, const struct app_conf *conf, struct json *out)
{
    const struct conf_node *settings = conf->log.smtp;
    if (!settings)
        return;
    for (enum mail_header h = HEADER_SUBJECT; h < HEADER_COUNT; h++) {
        if (!is_wanted(settings, h))
            continue;
        if (mail_headers[h].multi)
            log_list(mail, MAIL_TEXT_HEADERS + h, mail_headers[h].key, out);
        else
            log_text(mail, MAIL_TEXT_HEADERS + h, mail_headers[h].key, out);
    }
}

void mail_log(const struct tx *tx, const struct app_conf *conf, struct json *out)
{
    const struct mail *mail = &((const struct mail_tx *)tx)->mail;
    if (!mail->begun)
        return;
    json_object(out, "email");
    log_text(mail, MAIL_TEXT_HEADERS + HEADER_FROM, "from", out);
    log_addresses(mail, HEADER_TO, out);
    log_addresses(mail, HEADER_CC, out);
    const char *unfinished = mail->headers_done ? "BODY_STARTED" : "HEADER_STARTED";
    json_text(out, "status", mail->ended ? "PARSE_DONE" : unfinished);
    log_list(mail, MAIL_TEXT_ATTACHMENT, "attachment", out);
    log_urls(mail, out);
    log_more(mail, conf, out);
    json_end_object(out);
}
