/* EVE's "imap" object. Suricata 8 has none: it is written only where the event log names "imap". */
#include "engine/app/imap/message.h"

static void write_text(const struct texts *t, enum imap_text kind, const char *key,
                       struct json *out)
{
    struct str text;
    if (texts_get(t, kind, 0, &text))
        json_bytes(out, key, text);
}

void imap_log(const struct tx *tx, const struct app_conf *conf, struct json *out)
{
    const struct imap_tx *imap = imap_tx_const(tx);
    (void)conf;
    write_text(&imap->texts, IMAP_TAG, "tag", out);
    write_text(&imap->texts, IMAP_COMMAND, "command", out);
    write_text(&imap->texts, IMAP_STATUS, "status", out);
    if (!imap->is_mail)
        return;
    write_text(&imap->texts, IMAP_ITEM, "item", out);
    json_uint(out, "size", imap->mail_bytes);
    json_bool(out, "partial", imap->is_partial);
}
