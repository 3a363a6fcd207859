/* EVE's "pop3" object as Suricata 8 writes it. */
#include "engine/app/pop3/message.h"

static void write_list(const struct texts *t, enum pop3_text kind, const char *key,
                       struct json *out)
{
    json_array(out, key);
    for (uint32_t i = 0; i < t->count; i++)
        if (t->items[i].kind == kind)
            json_bytes(out, NULL, texts_at(t, i));
    json_end_array(out);
}

static void write_text(const struct texts *t, enum pop3_text kind, const char *key,
                       struct json *out)
{
    struct str text = STR_EMPTY;
    (void)texts_get(t, kind, 0, &text);
    json_bytes(out, key, text);
}

void pop3_log(const struct tx *tx, const struct app_conf *conf, struct json *out)
{
    const struct pop3_tx *pop3 = pop3_tx_const(tx);
    (void)conf;
    if (pop3->has_request) {
        json_object(out, "request");
        write_text(&pop3->texts, POP3_COMMAND, "command", out);
        write_list(&pop3->texts, POP3_ARGUMENT, "args", out);
        json_end_object(out);
    }
    if (!pop3->has_response)
        return;
    json_object(out, "response");
    json_bool(out, "success", pop3->success);
    json_text(out, "status", pop3->success ? "OK" : "ERR");
    write_text(&pop3->texts, POP3_HEADER, "header", out);
    write_list(&pop3->texts, POP3_DATA, "data", out);
    json_end_object(out);
}
