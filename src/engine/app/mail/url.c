#include "engine/app/mail/work.h"

/* A URL is a word that holds a scheme; words end at blanks, quotes and brackets (what RFC 3986 section 2 leaves out, and what
 * HTML and plain text put around one). It is kept without its scheme, as Suricata logs it. */

static bool ends_word(uint8_t c)
{
    switch (c) {
    case '"':
    case '\'':
    case '<':
    case '>':
    case '(':
    case ')':
    case '[':
    case ']':
    case '{':
    case '}':
    case '|':
    case '^':
    case '`':
    case '\\': return true;
    default: return c <= ' ' || c == 0x7f;
    }
}

static const char *const schemes[] = {"http://", "https://", "ftp://", "mailto:"};

uint8_t mail_url_schemes(const struct app_conf *conf)
{
    const struct conf_node *list =
        conf->yaml ? conf_find(conf->yaml, "app-layer.protocols.smtp.mime.extract-urls-schemes")
                   : NULL;
    uint8_t bits = list ? 0 : 1;
    for (const struct conf_node *node = list ? list->child : NULL; node; node = node->next)
        for (size_t i = 0; node->value && i < ARRAY_COUNT(schemes); i++) {
            struct str scheme = str_c(schemes[i]);
            struct str word = str_split(&scheme, ':');
            if (str_eq_nocase(str_c(node->value), word))
                bits |= (uint8_t)(1u << i);
        }
    return bits;
}

static struct str behind_scheme(struct str word, uint8_t wanted)
{
    for (size_t i = 0; i < ARRAY_COUNT(schemes); i++) {
        struct str scheme = str_c(schemes[i]);
        ptrdiff_t at = wanted >> i & 1 ? str_find_nocase(word, 0, scheme) : -1;
        if (at >= 0)
            return str_from(word, (size_t)at + scheme.len);
    }
    return STR_EMPTY;
}

static bool is_known(const struct texts *t, struct str url)
{
    for (uint32_t i = 0; i < t->count; i++)
        if (t->items[i].kind == MAIL_TEXT_URL && str_eq(texts_at(t, i), url))
            return true;
    return false;
}

void mail_url_end(struct mail_work *work)
{
    struct mail *mail = &work->tx->mail;
    struct str word = str_of(work->url.text, work->url.len);
    work->url.len = 0;
    if (word.len < 8 || mail->url_count >= MAIL_URLS_MAX)
        return;
    struct str url = behind_scheme(word, work->url_schemes);
    if (url.len == 0 || ++mail->urls_seen > MAIL_URLS_SEEN_MAX || is_known(&mail->texts, url))
        return;
    mail->url_count++;
    texts_add(&mail->texts, work->af->mem, MAIL_TEXT_URL, url);
}

void mail_url_add(struct mail_work *work, struct str bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        if (ends_word(bytes.p[i]))
            mail_url_end(work);
        else if (work->url.len < MAIL_URL_MAX)
            work->url.text[work->url.len++] = bytes.p[i];
    }
}
