/* EVE's "tls" object, as Suricata 8 writes it with `extended`. */
#include "engine/app/tls/certificate.h"

static void log_name(struct str name, const char *key, struct json *out)
{
    uint8_t memory[TLS_NAME_TEXT_MAX];
    struct buf text = buf_fixed(memory, sizeof(memory));
    tls_name_text(name, &text);
    if (text.len)
        json_bytes(out, key, buf_str(&text));
}

static void log_alternative_names(const struct tls_certificate *c, struct json *out)
{
    struct reader names = tls_alternative_names(c);
    struct str name;
    if (!tls_next_alternative_name(&names, &name))
        return;
    json_array(out, "subjectaltname");
    uint32_t count = 0;
    do
        json_bytes(out, NULL, name);
    while (++count < TLS_NAMES_MAX && tls_next_alternative_name(&names, &name));
    json_end_array(out);
}

static void log_names(const struct tls_certificate *c, struct json *out)
{
    log_name(c->subject, "subject", out);
    log_name(c->issuer, "issuerdn", out);
    log_alternative_names(c, out);
}

static void log_numbers(const struct tls_certificate *c, struct str der, struct json *out)
{
    uint8_t memory[3 * 256];
    struct buf text = buf_fixed(memory, sizeof(memory));
    tls_serial_text(str_cut(c->serial, 0, 255), &text);
    if (text.len)
        json_bytes(out, "serial", buf_str(&text));
    buf_reset(&text);
    tls_fingerprint_text(der, &text);
    json_bytes(out, "fingerprint", buf_str(&text));
}

static void log_times(const struct tls_certificate *c, struct json *out)
{
    char text[TLS_TIME_BYTES + 1];
    if (tls_time_text(c, 0, text))
        json_text(out, "notbefore", text);
    if (tls_time_text(c, 1, text))
        json_text(out, "notafter", text);
}

static void log_ja3(const struct tls_hello *hello, enum dir dir, struct json *out)
{
    uint8_t memory[TLS_JA3_MAX];
    char hash[33];
    struct buf text = buf_fixed(memory, sizeof(memory));
    if (!tls_ja3(hello, dir, &text))
        return;
    tls_ja3_hash(buf_str(&text), hash);
    json_object(out, dir == DIR_TOSERVER ? "ja3" : "ja3s");
    json_text(out, "hash", hash);
    json_bytes(out, "string", buf_str(&text));
    json_end_object(out);
}

static void log_alpns(const struct tls_hello *hello, const char *key, struct json *out)
{
    struct str name;
    if (!tls_alpn(hello, 0, &name))
        return;
    json_array(out, key);
    for (uint32_t i = 0; i < TLS_NAMES_MAX && tls_alpn(hello, i, &name); i++)
        json_bytes(out, NULL, name);
    json_end_array(out);
}

void tls_log(const struct tx *tx, const struct app_conf *conf, struct json *out)
{
    const struct tls_tx *tls = tls_tx_of(tx);
    struct tls_hello client = {.version = 0}, server = {.version = 0};
    struct tls_certificate c;
    struct str der, name;
    char number[24], ja4[TLS_JA4_BYTES + 1];
    bool named = tls_chain_certificate(tls_message_str(&tls->chain[DIR_TOCLIENT]), 0, &der);
    if (tls->hello[DIR_TOSERVER].p)
        tls_read_hello(tls_message_str(&tls->hello[DIR_TOSERVER]), DIR_TOSERVER, &client);
    if (tls->hello[DIR_TOCLIENT].p)
        tls_read_hello(tls_message_str(&tls->hello[DIR_TOCLIENT]), DIR_TOCLIENT, &server);
    if (named) {
        tls_certificate_read(der, &c);
        log_names(&c, out);
    }
    if (tls->resumed)
        json_bool(out, "session_resumed", true);
    if (named)
        log_numbers(&c, der, out);
    if (tls_server_name(&client, &name) == TLS_SNI_OK)
        json_bytes(out, "sni", name);
    uint16_t version =
        tls->version[DIR_TOCLIENT] ? tls->version[DIR_TOCLIENT] : tls->record_version[DIR_TOCLIENT];
    json_text(out, "version", tls_version_name(version, number));
    if (named)
        log_times(&c, out);
    if (conf->ja3 && client.version)
        log_ja3(&client, DIR_TOSERVER, out);
    if (conf->ja3 && server.version)
        log_ja3(&server, DIR_TOCLIENT, out);
    if (conf->ja4 && client.version && tls_ja4(&client, ja4))
        json_text(out, "ja4", ja4);
    log_alpns(&client, "client_alpns", out);
    log_alpns(&server, "server_alpns", out);
    if (tls->from_proto != APP_UNKNOWN)
        json_text(out, "from_proto", app_proto_name(tls->from_proto));
}
