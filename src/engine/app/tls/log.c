/* EVE's "tls" object, as Suricata 8 writes it: four members, with `extended` nearly all, or those that `custom` names. */
#include "engine/app/tls/tls.h"

#include "base/text.h"
#include "engine/app/tls/certificate.h"

#define BIT(member) (UINT32_C(1) << (member))
/* All but what is long. */
#define EXTENDED                                                                                   \
    (BIT(TLS_LOG_MEMBERS) - 1 - BIT(TLS_LOG_CERTIFICATE) - BIT(TLS_LOG_CHAIN) -                    \
     BIT(TLS_LOG_CLIENT_CERTIFICATE) - BIT(TLS_LOG_CLIENT_CHAIN) - BIT(TLS_LOG_CLIENT_HANDSHAKE) - \
     BIT(TLS_LOG_SERVER_HANDSHAKE))

#define BASIC                                                                   \
    (BIT(TLS_LOG_SUBJECT) | BIT(TLS_LOG_ISSUER) | BIT(TLS_LOG_SUBJECTALTNAME) | \
     BIT(TLS_LOG_SESSION_RESUMED))

static const char *const member_names[TLS_LOG_MEMBERS] = {
    [TLS_LOG_SUBJECT] = "subject",
    [TLS_LOG_ISSUER] = "issuer",
    [TLS_LOG_SESSION_RESUMED] = "session_resumed",
    [TLS_LOG_SERIAL] = "serial",
    [TLS_LOG_FINGERPRINT] = "fingerprint",
    [TLS_LOG_SNI] = "sni",
    [TLS_LOG_VERSION] = "version",
    [TLS_LOG_NOT_BEFORE] = "not_before",
    [TLS_LOG_NOT_AFTER] = "not_after",
    [TLS_LOG_CERTIFICATE] = "certificate",
    [TLS_LOG_CHAIN] = "chain",
    [TLS_LOG_JA3] = "ja3",
    [TLS_LOG_JA3S] = "ja3s",
    [TLS_LOG_JA4] = "ja4",
    [TLS_LOG_SUBJECTALTNAME] = "subjectaltname",
    [TLS_LOG_CLIENT] = "client",
    [TLS_LOG_CLIENT_CERTIFICATE] = "client_certificate",
    [TLS_LOG_CLIENT_CHAIN] = "client_chain",
    [TLS_LOG_CLIENT_ALPNS] = "client_alpns",
    [TLS_LOG_SERVER_ALPNS] = "server_alpns",
    [TLS_LOG_CLIENT_HANDSHAKE] = "client_handshake",
    [TLS_LOG_SERVER_HANDSHAKE] = "server_handshake",
};

/* ---- what is wanted ---- */

void tls_log_conf(struct app_log *log, const struct conf_node *settings)
{
    const struct conf_node *custom = conf_child(settings, "custom");
    const struct conf_node *resumption = conf_child(settings, "session-resumption");
    bool extended = !settings || conf_node_bool(conf_child(settings, "extended"), false);
    log->tls = extended ? EXTENDED : BASIC;
    if (custom)
        log->tls = 0;
    for (const struct conf_node *item = custom ? custom->child : NULL; item; item = item->next)
        for (int i = 0; i < TLS_LOG_MEMBERS; i++)
            if (item->value && strcmp(item->value, member_names[i]) == 0)
                log->tls |= BIT(i);
    if (!conf_node_bool(resumption, true))
        log->tls &= ~BIT(TLS_LOG_SESSION_RESUMED);
}

bool tls_log_wants(const struct tx *tx, const struct app_log *log)
{
    return !tls_tx_of(tx)->resumed || (log->tls & BIT(TLS_LOG_SESSION_RESUMED));
}

static bool tls_logs(const struct app_conf *conf, enum tls_log_member member)
{
    return (conf->log.in_alert ? EXTENDED : conf->log.tls) & BIT(member);
}

/* ---- certificates ---- */

/* What is written of one side. */
struct side {
    const struct app_conf *conf;
    struct str chain, der; /* der: the first of the chain */
    struct tls_certificate certificate;
    bool named; /* there is one */
};

static struct side side_of(const struct tls_tx *tls, enum dir dir, const struct app_conf *conf)
{
    struct side s = {.conf = conf, .chain = tls_message_str(&tls->chain[dir])};
    s.named = tls_chain_certificate(s.chain, 0, &s.der);
    if (s.named)
        tls_certificate_read(s.der, &s.certificate);
    return s;
}

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

static void log_serial(const struct tls_certificate *c, struct json *out)
{
    uint8_t memory[3 * 256];
    struct buf text = buf_fixed(memory, sizeof(memory));
    tls_serial_text(str_cut(c->serial, 0, 255), &text);
    if (text.len)
        json_bytes(out, "serial", buf_str(&text));
}

static void log_fingerprint(struct str der, struct json *out)
{
    uint8_t memory[64];
    struct buf text = buf_fixed(memory, sizeof(memory));
    tls_fingerprint_text(der, &text);
    json_bytes(out, "fingerprint", buf_str(&text));
}

static void log_time(const struct side *s, int which, const char *key, struct json *out)
{
    char text[TLS_TIME_BYTES + 1];
    if (tls_time_text(&s->certificate, which, text))
        json_text(out, key, text);
}

static void log_chain(const struct side *s, struct json *out)
{
    struct str der;
    json_array(out, "chain");
    for (uint32_t i = 0; tls_chain_certificate(s->chain, i, &der); i++)
        json_base64(out, NULL, der);
    json_end_array(out);
}

static void log_server_names(const struct side *s, struct json *out)
{
    if (s->named && tls_logs(s->conf, TLS_LOG_SUBJECT))
        log_name(s->certificate.subject, "subject", out);
    if (s->named && tls_logs(s->conf, TLS_LOG_ISSUER))
        log_name(s->certificate.issuer, "issuerdn", out);
    if (s->named && tls_logs(s->conf, TLS_LOG_SUBJECTALTNAME))
        log_alternative_names(&s->certificate, out);
}

static void log_server_numbers(const struct side *s, struct json *out)
{
    if (s->named && tls_logs(s->conf, TLS_LOG_SERIAL))
        log_serial(&s->certificate, out);
    if (s->named && tls_logs(s->conf, TLS_LOG_FINGERPRINT))
        log_fingerprint(s->der, out);
}

static void log_server_rest(const struct side *s, struct json *out)
{
    if (!s->named)
        return;
    if (tls_logs(s->conf, TLS_LOG_NOT_BEFORE))
        log_time(s, 0, "notbefore", out);
    if (tls_logs(s->conf, TLS_LOG_NOT_AFTER))
        log_time(s, 1, "notafter", out);
    if (tls_logs(s->conf, TLS_LOG_CERTIFICATE))
        json_base64(out, "certificate", s->der);
    if (tls_logs(s->conf, TLS_LOG_CHAIN))
        log_chain(s, out);
}

/* Of a client that had to show who it is. */
static void log_client(const struct side *s, struct json *out)
{
    if (!s->named || !tls_logs(s->conf, TLS_LOG_CLIENT))
        return;
    json_object(out, "client");
    log_name(s->certificate.subject, "subject", out);
    log_name(s->certificate.issuer, "issuerdn", out);
    log_fingerprint(s->der, out);
    log_serial(&s->certificate, out);
    log_time(s, 0, "notbefore", out);
    log_time(s, 1, "notafter", out);
    if (tls_logs(s->conf, TLS_LOG_CLIENT_CERTIFICATE))
        json_base64(out, "certificate", s->der);
    if (tls_logs(s->conf, TLS_LOG_CLIENT_CHAIN))
        log_chain(s, out);
    json_end_object(out);
}

/* ---- hellos ---- */

static void log_ja3(const struct hello *hello, enum dir dir, struct json *out)
{
    uint8_t memory[HELLO_JA3_MAX];
    char hash[33];
    struct buf text = buf_fixed(memory, sizeof(memory));
    if (!hello->version || !hello_ja3(hello, dir, HELLO_OVER_TCP, &text))
        return;
    hello_ja3_hash(buf_str(&text), hash);
    json_object(out, dir == DIR_TOSERVER ? "ja3" : "ja3s");
    json_text(out, "hash", hash);
    json_bytes(out, "string", buf_str(&text));
    json_end_object(out);
}

static void log_fingerprints(const struct app_conf *conf, const struct hello hello[DIR_COUNT],
                             struct json *out)
{
    char ja4[HELLO_JA4_BYTES + 1];
    if (conf->ja3 && tls_logs(conf, TLS_LOG_JA3))
        log_ja3(&hello[DIR_TOSERVER], DIR_TOSERVER, out);
    if (conf->ja3 && tls_logs(conf, TLS_LOG_JA3S))
        log_ja3(&hello[DIR_TOCLIENT], DIR_TOCLIENT, out);
    if (conf->ja4 && tls_logs(conf, TLS_LOG_JA4) && hello[DIR_TOSERVER].version &&
        hello_ja4(&hello[DIR_TOSERVER], HELLO_OVER_TCP, ja4))
        json_text(out, "ja4", ja4);
}

static void log_alpns(const struct hello *hello, const char *key, struct json *out)
{
    struct str name;
    if (!hello_alpn(hello, 0, &name))
        return;
    json_array(out, key);
    for (uint32_t i = 0; i < TLS_NAMES_MAX && hello_alpn(hello, i, &name); i++)
        json_bytes(out, NULL, name);
    json_end_array(out);
}

static void log_numbers(struct str pairs, const char *key, struct json *out)
{
    struct reader r = reader_of(pairs);
    json_array(out, key);
    for (int i = 0; i < TLS_NAMES_MAX && reader_left(&r) >= 2; i++) {
        uint16_t value = reader_u16(&r);
        if (!hello_is_grease(value))
            json_uint(out, NULL, value);
    }
    json_end_array(out);
}

static void log_extensions(const struct hello *hello, struct json *out)
{
    struct reader r = reader_of(hello->extensions);
    struct str body;
    uint16_t type;
    json_array(out, "exts");
    for (int i = 0; i < HELLO_EXTENSIONS_MAX && hello_next_extension(&r, &type, &body); i++)
        if (!hello_is_grease(type))
            json_uint(out, NULL, type);
    json_end_array(out);
}

static void log_handshake(const struct hello *hello, uint16_t version, enum dir dir,
                          struct json *out)
{
    char number[24];
    if (!hello->version)
        return;
    json_object(out, dir == DIR_TOSERVER ? "client_handshake" : "server_handshake");
    json_text(out, "version", hello_version_name(version, number));
    if (dir == DIR_TOSERVER) {
        log_numbers(hello->ciphers, "ciphers", out);
    } else {
        struct reader r = reader_of(hello->ciphers);
        json_uint(out, "cipher", reader_u16(&r));
    }
    log_extensions(hello, out);
    if (dir == DIR_TOSERVER)
        log_numbers(hello_extension_list(hello, TLS_EXT_SIGNATURE_ALGORITHMS, 2), "sig_algs", out);
    json_end_object(out);
}

/* The version that was chosen; before the server has said it, the one that was asked for. */
static uint16_t version_of(const struct tls_tx *tls)
{
    const uint16_t known[] = {tls->version[DIR_TOCLIENT], tls->record_version[DIR_TOCLIENT],
                              tls->version[DIR_TOSERVER]};
    for (size_t i = 0; i < ARRAY_COUNT(known); i++)
        if (known[i])
            return known[i];
    return 0;
}

static void log_hellos(const struct tls_tx *tls, const struct app_conf *conf,
                       const struct hello hello[DIR_COUNT], struct json *out)
{
    log_fingerprints(conf, hello, out);
    if (tls_logs(conf, TLS_LOG_CLIENT_ALPNS))
        log_alpns(&hello[DIR_TOSERVER], "client_alpns", out);
    if (tls_logs(conf, TLS_LOG_SERVER_ALPNS))
        log_alpns(&hello[DIR_TOCLIENT], "server_alpns", out);
    if (tls_logs(conf, TLS_LOG_CLIENT_HANDSHAKE))
        log_handshake(&hello[DIR_TOSERVER], tls->version[DIR_TOSERVER], DIR_TOSERVER, out);
    if (tls_logs(conf, TLS_LOG_SERVER_HANDSHAKE))
        log_handshake(&hello[DIR_TOCLIENT], tls->version[DIR_TOCLIENT], DIR_TOCLIENT, out);
}

void tls_log(const struct tx *tx, const struct app_conf *conf, struct json *out)
{
    const struct tls_tx *tls = tls_tx_of(tx);
    const struct side server = side_of(tls, DIR_TOCLIENT, conf);
    const struct side client = side_of(tls, DIR_TOSERVER, conf);
    struct hello hello[DIR_COUNT];
    struct str name;
    char number[24];
    for (int dir = 0; dir < DIR_COUNT; dir++)
        hello_read(tls_message_str(&tls->hello[dir]), (enum dir)dir, &hello[dir]);
    log_server_names(&server, out);
    if (tls->resumed && tls_logs(conf, TLS_LOG_SESSION_RESUMED))
        json_bool(out, "session_resumed", true);
    log_server_numbers(&server, out);
    if (tls_logs(conf, TLS_LOG_SNI) &&
        hello_server_name(&hello[DIR_TOSERVER], &name) == HELLO_SNI_OK)
        json_bytes(out, "sni", name);
    if (tls_logs(conf, TLS_LOG_VERSION))
        json_text(out, "version", hello_version_name(version_of(tls), number));
    log_server_rest(&server, out);
    log_hellos(tls, conf, hello, out);
    log_client(&client, out);
    if (tls->from_proto != APP_UNKNOWN)
        json_text(out, "from_proto", app_proto_name(tls->from_proto));
}
