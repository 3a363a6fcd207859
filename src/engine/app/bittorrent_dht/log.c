/* EVE's "bittorrent_dht". Members, their order and their types are those of Suricata 8. */
#include "base/ip.h"
#include "base/text.h"
#include "engine/app/bittorrent_dht/message.h"

#define HEX_BYTES_MAX \
    512u /* ids have 20 bytes, tokens and transactions a few: who sends more sees the beginning */

/* As hex digits; not at all where there is none. */
static void log_hex(const char *key, struct str value, struct json *out)
{
    uint8_t digits[2 * HEX_BYTES_MAX];
    struct buf hex = buf_fixed(digits, sizeof digits);
    if (!value.p)
        return;
    text_add_hex(&hex, str_cut(value, 0, HEX_BYTES_MAX));
    json_bytes(out, key, hex.len ? buf_str(&hex) : STR_LIT(""));
}

static void log_number(const char *key, int64_t value, struct json *out)
{
    if (value != DHT_NUMBER_NONE)
        json_int(out, key, value);
}

/* An address and a port, which end the bytes. */
static void log_place(struct reader *r, struct json *out)
{
    struct ip ip = {.version = reader_left(r) == DHT_PEER_BYTES ? 4 : 6};
    char text[IP_TEXT_BYTES];
    size_t len = ip.version == 4 ? 4 : 16;
    struct str address = reader_str(r, len);
    memcpy(ip.bytes, address.p, address.len);
    ip_format_full(&ip, text);
    json_text(out, "ip", text);
    json_uint(out, "port", reader_u16(r));
}

/* What is left behind the last whole one is not told. */
static void log_nodes(const char *key, struct str nodes, size_t each, struct json *out)
{
    if (nodes.len < each)
        return;
    json_array(out, key);
    size_t shown = nodes.len / each < DHT_LOGGED_MAX ? nodes.len / each : DHT_LOGGED_MAX;
    for (size_t i = 0, at = 0; i < shown; i++, at += each) {
        struct reader r = reader_of(str_cut(nodes, at, at + each));
        json_object(out, NULL);
        log_hex("id", reader_str(&r, 20), out);
        log_place(&r, out);
        json_end_object(out);
    }
    json_end_array(out);
}

static void log_peers(struct str values, struct json *out)
{
    struct reader r = reader_of(values);
    struct bencode_list list;
    struct str peer;
    uint32_t shown = 0;
    if (!values.p || !bencode_open(&r, 'l', &list))
        return;
    for (bencode_item(&r, &list); !list.done && shown < DHT_LOGGED_MAX && bencode_string(&r, &peer);
         bencode_item(&r, &list)) {
        struct reader place = reader_of(peer);
        if (!shown++)
            json_array(out, "values");
        json_object(out, NULL);
        log_place(&place, out);
        json_end_object(out);
    }
    if (shown)
        json_end_array(out);
}

static void log_query(const struct dht_message *m, struct json *out)
{
    const struct dht_body *a = &m->arguments;
    json_bytes(out, "request_type", m->query);
    json_object(out, "request");
    log_hex("id", a->id, out);
    log_hex("target", a->target, out);
    log_hex("info_hash", a->info_hash, out);
    log_hex("token", a->token, out);
    log_number("implied_port", a->implied_port, out);
    log_number("port", a->port, out);
    json_end_object(out);
}

static void log_response(const struct dht_body *result, struct json *out)
{
    json_object(out, "response");
    log_hex("id", result->id, out);
    log_nodes("nodes", result->nodes, DHT_NODE_BYTES, out);
    log_nodes("nodes6", result->nodes6, DHT_NODE6_BYTES, out);
    log_peers(result->values, out);
    log_hex("token", result->token, out);
    json_end_object(out);
}

void dht_log(const struct tx *tx, const struct app_conf *conf, struct json *out)
{
    const struct dht_tx *dht = (const struct dht_tx *)tx;
    struct dht_message m;
    (void)conf;
    dht_read(str_of(dht->bytes, dht->bytes ? dht->len : 0), &m);
    log_hex("transaction_id", m.transaction.p ? m.transaction : STR_LIT(""), out);
    log_hex("client_version", m.version, out);
    switch (m.kind) {
    case DHT_QUERY: log_query(&m, out); break;
    case DHT_RESPONSE: log_response(&m.result, out); break;
    case DHT_ERROR:
        json_object(out, "error");
        json_uint(out, "num", m.error);
        json_bytes(out, "msg", m.error_text);
        json_end_object(out);
        break;
    case DHT_NONE: break;
    }
}
