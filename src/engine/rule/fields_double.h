/* fields_double: rows like those that the parsers of HTTP, DNS, TLS, SMTP and files publish, for this room's own tests and
 * measurements: names, kinds and directions only. They are never asked for a value here. */
#ifndef ENGINE_RULE_FIELDS_DOUBLE_H
#define ENGINE_RULE_FIELDS_DOUBLE_H

#include "engine/rule/rule.h"

#define TS DIR_BIT(DIR_TOSERVER)
#define TC DIR_BIT(DIR_TOCLIENT)
#define BYTES(name, proto, dirs)               \
    {                                          \
        name, proto, dirs, .kind = FIELD_BYTES \
    }
#define MULTI(name, proto, dirs)                              \
    {                                                         \
        name, proto, dirs, .kind = FIELD_BYTES, .multi = true \
    }
#define WINDOW(name, proto, dirs)               \
    {                                           \
        name, proto, dirs, .kind = FIELD_WINDOW \
    }
#define WORDS(name, proto, dirs, names)                       \
    {                                                         \
        name, proto, dirs, .kind = FIELD_UINT, .words = names \
    }
#define NUMBERS(name, proto, dirs, names)                                    \
    {                                                                        \
        name, proto, dirs, .kind = FIELD_UINT, .words = names, .multi = true \
    }
#define NUMBER(name, proto, dirs)             \
    {                                         \
        name, proto, dirs, .kind = FIELD_UINT \
    }

static const struct number_word double_ciphers[] = {{"aes", 18}, {"rc4", 23}, {NULL, 0}};

static const struct number_word double_operations[] = {{"bind_response", 1}, {NULL, 0}};

static const struct number_word double_bits[] = {
    {"need_time", 0x1000}, {"restart", 0x8000}, {NULL, 0}};

static const struct field_desc double_rows[] = {
    BYTES("http.uri", APP_HTTP1, TS),
    BYTES("http.uri.raw", APP_HTTP1, TS),
    BYTES("http.method", APP_HTTP1, TS),
    BYTES("http.protocol", APP_HTTP1, TS | TC),
    BYTES("http.request_line", APP_HTTP1, TS),
    BYTES("http.response_line", APP_HTTP1, TC),
    BYTES("http.header", APP_HTTP1, TS | TC),
    BYTES("http.header.raw", APP_HTTP1, TS | TC),
    BYTES("http.header_names", APP_HTTP1, TS | TC),
    MULTI("http.request_header", APP_HTTP1, TS),
    MULTI("http.response_header", APP_HTTP1, TC),
    BYTES("http.cookie", APP_HTTP1, TS | TC),
    BYTES("http.user_agent", APP_HTTP1, TS),
    BYTES("http.host", APP_HTTP1, TS),
    BYTES("http.host.raw", APP_HTTP1, TS),
    BYTES("http.accept", APP_HTTP1, TS),
    BYTES("http.accept_lang", APP_HTTP1, TS),
    BYTES("http.accept_enc", APP_HTTP1, TS),
    BYTES("http.referer", APP_HTTP1, TS),
    BYTES("http.connection", APP_HTTP1, TS | TC),
    BYTES("http.content_type", APP_HTTP1, TS | TC),
    BYTES("http.content_len", APP_HTTP1, TS | TC),
    BYTES("http.start", APP_HTTP1, TS | TC),
    BYTES("http.location", APP_HTTP1, TC),
    BYTES("http.server", APP_HTTP1, TC),
    BYTES("http.stat_code", APP_HTTP1, TC),
    BYTES("http.stat_msg", APP_HTTP1, TC),
    WINDOW("http.request_body", APP_HTTP1, TS),
    WINDOW("http.response_body", APP_HTTP1, TC),
    WINDOW("file.data", APP_HTTP1, TS | TC),
    WINDOW("file.data", APP_SMTP, TS),
    MULTI("file.name", APP_HTTP1, TS | TC),
    MULTI("file.name", APP_SMTP, TS),
    MULTI("file.md5", APP_HTTP1, TS | TC),
    MULTI("dns.query", APP_DNS, TS),
    MULTI("dns.queries.rrname", APP_DNS, TS | TC),
    MULTI("dns.answers.rrname", APP_DNS, TS | TC),
    NUMBER("dns.opcode", APP_DNS, TS | TC),
    NUMBER("dns.rcode", APP_DNS, TS | TC),
    NUMBER("dns.rrtype", APP_DNS, TS | TC),
    BYTES("tls.sni", APP_TLS, TS),
    MULTI("tls.alpn", APP_TLS, TS | TC),
    BYTES("tls.cert_subject", APP_TLS, TC),
    BYTES("tls.cert_issuer", APP_TLS, TC),
    BYTES("tls.cert_serial", APP_TLS, TC),
    BYTES("tls.cert_fingerprint", APP_TLS, TC),
    MULTI("tls.certs", APP_TLS, TC),
    NUMBER("tls.version", APP_TLS, TS | TC),
    NUMBER("tls.state", APP_TLS, TS | TC),
    NUMBER("tls.cert_notbefore", APP_TLS, TS | TC),
    NUMBER("tls.cert_notafter", APP_TLS, TS | TC),
    BYTES("ja3.hash", APP_TLS, TS),
    BYTES("ja3.string", APP_TLS, TS),
    BYTES("ja3s.hash", APP_TLS, TC),
    BYTES("ja3s.string", APP_TLS, TC),
    BYTES("ja4.hash", APP_TLS, TS),
    BYTES("smtp.helo", APP_SMTP, TS),
    BYTES("smtp.mail_from", APP_SMTP, TS),
    MULTI("smtp.rcpt_to", APP_SMTP, TS),
    WORDS("krb5.ticket_encryption", APP_KRB5, TS | TC, double_ciphers),
    NUMBERS("ldap.responses.operation", APP_LDAP, TC, double_operations),
    WORDS("dnp3.ind", APP_DNP3, TC, double_bits),
    NUMBERS("dnp3.obj", APP_DNP3, TS | TC, NULL),
    NUMBERS("enip.cip_service", APP_ENIP, TS | TC, NULL),
    NUMBER("modbus.unit", APP_MODBUS, TS),
    NUMBER("modbus.function", APP_MODBUS, TS),
    NUMBER("modbus.subfunction", APP_MODBUS, TS),
    NUMBER("modbus.category", APP_MODBUS, TS),
    NUMBER("modbus.access", APP_MODBUS, TS),
    NUMBER("modbus.read.first", APP_MODBUS, TS),
    NUMBER("modbus.read.last", APP_MODBUS, TS),
    NUMBER("modbus.write.first", APP_MODBUS, TS),
    NUMBER("modbus.write.last", APP_MODBUS, TS),
    NUMBERS("modbus.registers", APP_MODBUS, TS, NULL),
    NUMBERS("modbus.coils", APP_MODBUS, TS, NULL),
    WINDOW("frame", APP_FRAME, DIR_BOTH),
    NUMBER("frame.kind", APP_FRAME, DIR_BOTH),
};

#undef TS
#undef TC
#undef BYTES
#undef MULTI
#undef WINDOW
#undef NUMBER
#undef NUMBERS
#undef WORDS

static int double_event(struct str name)
{
    return str_eq(name, STR_LIT("known_event")) ? 1 : -1;
}

static int double_app_event(struct str name, uint64_t *app_mask)
{
    if (!str_eq(name, STR_LIT("http.known_event")))
        return -1;
    *app_mask = app_proto_mask(STR_LIT("http1"));
    return 7;
}

static int double_app_state(uint64_t protos, struct str name, enum dir *dir)
{
    *dir = str_starts(name, STR_LIT("response")) ? DIR_TOCLIENT : DIR_TOSERVER;
    if (str_eq(name, STR_LIT("request_started")) || str_eq(name, STR_LIT("response_started")))
        return 0;
    bool line = str_eq(name, STR_LIT("request_line")) || str_eq(name, STR_LIT("response_line"));
    return line && protos == app_proto_mask(STR_LIT("http1")) ? 1 : -1;
}

static int double_app_frame(uint64_t protos, struct str name)
{
    uint64_t http = app_proto_mask(STR_LIT("http1"));
    bool known = str_eq(name, STR_LIT("http1.request")) ||
                 (str_eq(name, STR_LIT("request")) && protos & http);
    return known ? 7 : -1;
}

static const struct field_list double_list = {double_rows,
                                              sizeof double_rows / sizeof double_rows[0]};

#endif
