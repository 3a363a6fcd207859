/* EVE's "quic". */
#include "base/text.h"
#include "engine/app/quic/packet.h"

#define NAMES_MAX 512 /* of one extension: a record is no place for more */

/* As Suricata calls them; of others only the number is told. */
static const struct {
    uint16_t type;
    const char *name;
} names[] = {
    {0, "server_name"},
    {1, "max_fragment_length"},
    {5, "status_request"},
    {10, "supported_groups"},
    {11, "ec_point_formats"},
    {13, "signature_algorithms"},
    {15, "heartbeat"},
    {16, "alpn"},
    {18, "signed_certificate_timestamp"},
    {21, "padding"},
    {22, "encrypt_then_mac"},
    {23, "extended_master_secret"},
    {27, "compress_certificate"},
    {28, "record_size_limit"},
    {34, "delegated_credentials"},
    {35, "session_ticket"},
    {41, "pre_shared_key"},
    {42, "early_data"},
    {43, "supported_versions"},
    {44, "cookie"},
    {45, "psk_key_exchange_modes"},
    {51, "key_share"},
    {57, "quic_transport_parameters"},
    {13172, "next_protocol_negotiation"},
    {65281, "renegotiation_info"},
};

static void log_version(const struct quic_tx *quic, struct json *out)
{
    char text[12];
    struct buf b = buf_fixed(text, sizeof text);
    switch (quic->version) {
    case QUIC_V2: buf_add_c(&b, "v2"); break;
    case 0x51303339:
    case 0x51303433:
    case 0x51303434:
    case 0x51303435:
    case 0x51303436: buf_add_u32(&b, quic->version); break; /* "Q046" */
    default: buf_printf(&b, "%x", quic->version); break;
    }
    json_bytes(out, "version", buf_str(&b));
}

static void log_hash(struct str text, struct json *out)
{
    char hex[HELLO_JA3_HASH_BYTES + 1];
    hello_ja3_hash(text, hex);
    json_text(out, "hash", hex);
    json_bytes(out, "string", text);
}

static void log_google(const struct quic_tx *quic, struct json *out)
{
    uint8_t memory[QUIC_CYU_MAX];
    struct buf text = buf_fixed(memory, sizeof memory);
    struct str value;
    if (quic_google_value(quic->google, "UAID", &value))
        json_bytes(out, "ua", value);
    if (!quic_google_cyu(quic, &text))
        return;
    json_array(out, "cyu");
    json_object(out, NULL);
    log_hash(buf_str(&text), out);
    json_end_object(out);
    json_end_array(out);
}

static void log_fingerprints(const struct quic_tx *quic, const struct hello *hello,
                             const struct app_conf *conf, struct json *out)
{
    uint8_t memory[HELLO_JA3_MAX];
    char ja4[HELLO_JA4_BYTES + 1];
    bool client = quic->sender == DIR_TOSERVER;
    struct buf text = buf_fixed(memory, sizeof memory);
    if (hello_ja3(hello, quic->sender, HELLO_OVER_QUIC, &text)) {
        json_object(out, client ? "ja3" : "ja3s");
        log_hash(buf_str(&text), out);
        json_end_object(out);
    }
    if (client && conf->ja4 && hello_ja4(hello, HELLO_OVER_QUIC, ja4))
        json_text(out, "ja4", ja4);
}

static void log_alpns(const struct hello *hello, struct json *out)
{
    struct str name;
    json_array(out, "values");
    for (uint32_t i = 0; i < NAMES_MAX && hello_alpn(hello, i, &name); i++)
        json_bytes(out, NULL, name);
    json_end_array(out);
}

static void log_versions(struct str body, enum dir sender, struct json *out)
{
    struct reader r = reader_of(body);
    if (sender == DIR_TOSERVER)
        r = reader_sub(&r, reader_u8(&r));
    json_array(out, "values");
    for (uint32_t i = 0; i < NAMES_MAX && reader_left(&r) >= 2; i++) {
        uint16_t version = reader_u16(&r);
        char text[32];
        struct buf b = buf_fixed(text, sizeof text);
        if (version == TLS_1_3)
            buf_add_c(&b, "Tls13");
        else if (version == TLS_1_2)
            buf_add_c(&b, "Tls12");
        else
            buf_printf(&b, "TlsVersion(%u / 0x%x)", version, version);
        json_bytes(out, NULL, buf_str(&b));
    }
    json_end_array(out);
}

static void log_algorithms(const struct hello *hello, struct json *out)
{
    struct reader r = reader_of(hello_extension_list(hello, TLS_EXT_SIGNATURE_ALGORITHMS, 2));
    json_array(out, "values");
    for (uint32_t i = 0; i < NAMES_MAX && reader_left(&r) >= 2; i++) {
        char text[8];
        struct buf b = buf_fixed(text, sizeof text);
        buf_add_decimal(&b, reader_u16(&r));
        json_bytes(out, NULL, buf_str(&b));
    }
    json_end_array(out);
}

static void log_values(const struct quic_tx *quic, const struct hello *hello, uint16_t type,
                       struct str body, struct json *out)
{
    struct str name;
    if (type == TLS_EXT_SERVER_NAME && quic_server_name(quic, &name)) {
        json_array(out, "values");
        json_bytes(out, NULL, name);
        json_end_array(out);
    } else if (type == TLS_EXT_ALPN) {
        log_alpns(hello, out);
    } else if (type == TLS_EXT_SIGNATURE_ALGORITHMS) {
        log_algorithms(hello, out);
    } else if (type == TLS_EXT_SUPPORTED_VERSIONS) {
        log_versions(body, quic->sender, out);
    }
}

static void log_extensions(const struct quic_tx *quic, const struct hello *hello, struct json *out)
{
    struct reader r = reader_of(hello->extensions);
    struct str body;
    uint16_t type;
    if (!hello->extensions.len)
        return;
    json_array(out, "extensions");
    for (int i = 0; i < HELLO_EXTENSIONS_MAX && hello_next_extension(&r, &type, &body); i++) {
        json_object(out, NULL);
        for (size_t k = 0; k < ARRAY_COUNT(names); k++)
            if (names[k].type == type)
                json_text(out, "name", names[k].name);
        json_uint(out, "type", hello_is_grease(type) ? HELLO_GREASE_TYPE : type);
        log_values(quic, hello, type, body, out);
        json_end_object(out);
    }
    json_end_array(out);
}

void quic_log(const struct tx *tx, const struct app_conf *conf, struct json *out)
{
    const struct quic_tx *quic = quic_tx_of(tx);
    struct hello hello;
    struct str name;
    log_version(quic, out);
    if (quic_server_name(quic, &name))
        json_bytes(out, "sni", name);
    if (quic->google.p)
        log_google(quic, out);
    if (!quic->hello.p || !hello_read(quic->hello, quic->sender, &hello))
        return;
    log_fingerprints(quic, &hello, conf, out);
    log_extensions(quic, &hello, out);
}
