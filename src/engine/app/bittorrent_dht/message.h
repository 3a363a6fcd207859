/* message: of the table (BEP 5, "KRPC"), and how to read it. What it says is borrowed from the datagram. */
#ifndef ENGINE_APP_BITTORRENT_DHT_MESSAGE_H
#define ENGINE_APP_BITTORRENT_DHT_MESSAGE_H

#include "engine/app/app.h"
#include "engine/app/bittorrent_dht/bencode.h"

#define DHT_NODE_BYTES 26  /* identifier, IPv4 address, port */
#define DHT_NODE6_BYTES 38 /* the same with IPv6, BEP 32 */
#define DHT_PEER_BYTES 6
#define DHT_PEER6_BYTES 18
#define DHT_NUMBER_NONE (-1)
#define DHT_LOGGED_MAX \
    1024 /* nodes or peers that a record shows; a usual message has at most 16 or 50 */

enum dht_event { DHT_MALFORMED_PACKET, DHT_EVENTS };

enum dht_kind { DHT_NONE, DHT_QUERY, DHT_RESPONSE, DHT_ERROR };

/* Arguments of a query, or what a response returns; a string that is not there has p NULL. */
struct dht_body {
    bool there;
    struct str id, target, info_hash, token;
    int64_t implied_port, port; /* or DHT_NUMBER_NONE */
    struct str nodes, nodes6;   /* of DHT_NODE_BYTES, DHT_NODE6_BYTES each */
    struct str values;          /* the list, whole: of strings of a peer each */
};

struct dht_message {
    bool malformed; /* nothing of it is told, but for one that has only no transaction */
    enum dht_kind kind;
    struct str transaction, version; /* version: p NULL: none */
    struct str query;                /* "ping" */
    struct dht_body arguments, result;
    bool has_error;
    uint16_t error;
    struct str error_text;
};

/* A message as it came. */
struct dht_tx {
    struct tx tx;   /* first */
    uint8_t *bytes; /* NULL: no memory */
    uint32_t len;
};

void dht_read(struct str bytes, struct dht_message *m);
void dht_log(const struct tx *tx, const struct app_conf *conf, struct json *out);

#endif
