#include "engine/app/krb5/message.h"

#define NAME_TEXT_MAX 4096 /* a name that is longer is cut */

static void log_name(struct json *out, const char *key, bool there, struct str name)
{
    char text[NAME_TEXT_MAX];
    struct buf b = buf_fixed(text, sizeof text);
    struct str part;
    for (uint32_t i = 0; there && krb5_part(name, i, &part); i++) {
        if (i)
            buf_add_byte(&b, '/');
        buf_add(&b, str_cut(part, 0, b.cap - b.len));
    }
    json_bytes(out, key, there ? buf_str(&b) : STR_LIT("<empty>"));
}

void krb5_log(const struct tx *tx, const struct app_conf *conf, struct json *out)
{
    const struct krb5_tx *krb5 = krb5_tx_of(tx);
    const struct krb5_facts *f = &krb5->facts;
    char number[32];
    (void)conf;
    json_text(out, "msg_type", krb5_type_name(f->type));
    if (f->type == KRB5_ERROR) {
        json_text(out, "failed_request", krb5_type_name(krb5->failed_type));
        json_text(out, "error_code", krb5_error_name(f->error, number));
    }
    log_name(out, "cname", f->has_client, f->client);
    json_bytes(out, "realm", f->has_realm ? f->realm : STR_LIT("<empty>"));
    log_name(out, "sname", f->has_server, f->server);
    json_text(out, "encryption",
              f->has_encryption ? krb5_encryption_name(f->encryption, number) : "<none>");
    json_bool(out, "weak_encryption", f->has_encryption && krb5_is_weak(f->encryption));
    if (!f->has_ticket)
        return;
    json_text(out, "ticket_encryption", krb5_encryption_name(f->ticket_encryption, number));
    json_bool(out, "ticket_weak_encryption", krb5_is_weak(f->ticket_encryption));
}
