/* EVE's "ike" object as Suricata 8 writes it. The names of payloads of version 1 stand in the order in which they come; with
 * Suricata they have none. */
#include "engine/app/ike/message.h"

#include "base/text.h"

#include <stdio.h>

#define HEX_BYTES_MAX 2048

static void write_hex(const char *key, struct str bytes, struct json *out)
{
    char hex[2 * HEX_BYTES_MAX + 1];
    text_hex(hex, str_cut(bytes, 0, HEX_BYTES_MAX));
    json_text(out, key, hex);
}

/* "IkeTransformEncType(10 / 0xa)" where there is no name */
static void write_name(const char *key, const char *name, const char *what, unsigned number,
                       struct json *out)
{
    char text[48];
    snprintf(text, sizeof text, "%s(%u / 0x%x)", what, number, number);
    json_text(out, key, name ? name : text);
}

/* ---- version 1 ---- */

static void write_attribute(const struct ike_attribute *a, struct json *out)
{
    char raw[32];
    const char *name = ike1_attribute_name(a->type), *value = ike1_value_name(a->type, a->value);
    name = name ? name : "unknown";
    snprintf(raw, sizeof raw, "%s_raw", name);
    json_text(out, name, value ? value : "Unknown");
    json_uint(out, raw, a->value);
}

static void write_proposals(const struct ike_tx *tx, const char *key, struct json *out)
{
    json_array(out, key);
    for (uint32_t t = 0, i = 0; t < tx->transform_count; t++) {
        json_object(out, NULL);
        for (; i < tx->attribute_count && tx->attributes[i].transform == t; i++)
            write_attribute(&tx->attributes[i], out);
        json_end_object(out);
    }
    json_end_array(out);
}

static void write_side(const struct ike_tx *tx, enum dir dir, struct json *out)
{
    struct str key = tx->keys[dir].key, nonce = tx->keys[dir].nonce;
    json_object(out, dir == DIR_TOSERVER ? "client" : "server");
    if (key.len) {
        write_hex("key_exchange_payload", key, out);
        json_uint(out, "key_exchange_payload_length", key.len);
    }
    if (nonce.len) {
        write_hex("nonce_payload", nonce, out);
        json_uint(out, "nonce_payload_length", nonce.len);
    }
    if (dir == DIR_TOSERVER && tx->tx.dirs == DIR_BIT(DIR_TOSERVER) && tx->transform_count)
        write_proposals(tx, "proposals", out);
    json_end_object(out);
}

static void write_version_1(const struct ike_tx *tx, struct json *out)
{
    bool encrypted = tx->head.flags & IKE1_ENCRYPTED;
    json_array(out, "payload");
    for (uint32_t i = 0; i < tx->payload_count; i++)
        if (ike1_payload_name(tx->payloads[i]))
            json_text(out, NULL, ike1_payload_name(tx->payloads[i]));
    json_end_array(out);
    json_object(out, "ikev1");
    if (tx->has_doi)
        json_uint(out, "doi", tx->doi);
    json_bool(out, "encrypted_payloads", encrypted);
    if (!encrypted) {
        write_side(tx, DIR_TOSERVER, out);
        write_side(tx, DIR_TOCLIENT, out);
    }
    if (tx->vendor_count) {
        json_array(out, "vendor_ids");
        for (uint32_t i = 0; i < tx->vendor_count; i++)
            write_hex(NULL, tx->vendors[i], out);
        json_end_array(out);
    }
    json_end_object(out);
}

/* ---- version 2 ---- */

static void write_version_2(const struct ike_tx *tx, struct json *out)
{
    json_array(out, "payload");
    for (uint32_t i = 0; i < tx->payload_count; i++)
        write_name(NULL, ike2_payload_name(tx->payloads[i]), "IkePayloadType", tx->payloads[i],
                   out);
    json_end_array(out);
    json_object(out, "ikev2");
    json_uint(out, "errors", tx->errors);
    if (tx->notify_count) {
        json_array(out, "notify");
        for (uint32_t i = 0; i < tx->notify_count; i++)
            write_name(NULL, ike2_notify_name(tx->notify[i]), "NotifyType", tx->notify[i], out);
        json_end_array(out);
    }
    json_end_object(out);
}

static void write_algorithms(const struct ike_tx *tx, struct json *out)
{
    static const struct {
        enum ike2_type type;
        const char *key, *what;
    } rows[] = {{IKE2_ENC, "alg_enc", "IkeTransformEncType"},
                {IKE2_AUTH, "alg_auth", "IkeTransformAuthType"},
                {IKE2_PRF, "alg_prf", "IkeTransformPRFType"},
                {IKE2_DH, "alg_dh", "IkeTransformDHType"},
                {IKE2_ESN, "alg_esn", "IkeTransformESNType"}};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        uint16_t number = tx->algorithms[rows[i].type];
        write_name(rows[i].key, ike2_transform_name(rows[i].type, number), rows[i].what, number,
                   out);
    }
}

void ike_log(const struct tx *base, const struct app_conf *conf, struct json *out)
{
    const struct ike_tx *tx = ike_tx_of(base);
    const struct ike_head *head = &tx->head;
    (void)conf;
    json_uint(out, "version_major", head->major);
    json_uint(out, "version_minor", head->minor);
    write_hex("init_spi", str_of(head->init_spi, IKE_SPI_BYTES), out);
    write_hex("resp_spi", str_of(head->resp_spi, IKE_SPI_BYTES), out);
    json_uint(out, "message_id", head->message_id);
    json_uint(out, "exchange_type", head->exchange);
    if (head->major == 2) {
        json_text(out, "role", head->flags & IKE2_INITIATOR ? "initiator" : "responder");
        if (base->dirs == DIR_BIT(DIR_TOCLIENT))
            write_algorithms(tx, out);
        write_version_2(tx, out);
        return;
    }
    for (uint32_t i = 0; i < tx->chosen.count; i++)
        write_attribute(&tx->chosen.list[i], out);
    if (base->dirs == DIR_BIT(DIR_TOCLIENT) && tx->transform_count > 1)
        write_proposals(tx, "server_proposals", out);
    write_version_1(tx, out);
}
