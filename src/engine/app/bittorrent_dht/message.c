#include "engine/app/bittorrent_dht/message.h"

#include <stddef.h>

/* ---- arguments and results ---- */

/* What a key holds. */
static const struct body_key {
    const char *key;
    size_t offset;
    int64_t max; /* of a number; 0: it is a string */
    bool list;
} arguments[] =
    {
        {"id", offsetof(struct dht_body, id), 0, false},
        {"target", offsetof(struct dht_body, target), 0, false},
        {"info_hash", offsetof(struct dht_body, info_hash), 0, false},
        {"token", offsetof(struct dht_body, token), 0, false},
        {"implied_port", offsetof(struct dht_body, implied_port), UINT8_MAX, false},
        {"port", offsetof(struct dht_body, port), UINT16_MAX, false},
        {NULL, 0, 0, false},
},
  results[] = {
      {"id", offsetof(struct dht_body, id), 0, false},
      {"nodes", offsetof(struct dht_body, nodes), 0, false},
      {"nodes6", offsetof(struct dht_body, nodes6), 0, false},
      {"token", offsetof(struct dht_body, token), 0, false},
      {"values", offsetof(struct dht_body, values), 0, true},
      {NULL, 0, 0, false},
};

/* A list of peers: six or eighteen bytes each. */
static bool read_peers(struct reader *r, struct str *out)
{
    size_t begin = r->at;
    struct bencode_list list;
    struct str peer;
    if (!bencode_open(r, 'l', &list))
        return false;
    for (;;) {
        bencode_item(r, &list);
        if (list.done)
            break;
        if (!bencode_string(r, &peer) ||
            (peer.len != DHT_PEER_BYTES && peer.len != DHT_PEER6_BYTES))
            return false;
    }
    *out = str_of(r->p + begin, r->at - begin);
    return true;
}

static bool read_bounded(struct reader *r, int64_t max, int64_t *out)
{
    return bencode_number(r, out) && *out >= 0 && *out <= max;
}

static bool read_member(struct reader *r, const struct body_key *row, struct dht_body *body)
{
    uint8_t *place = (uint8_t *)body + row->offset;
    if (row->max)
        return read_bounded(r, row->max, (int64_t *)(void *)place);
    struct str *string = (struct str *)(void *)place;
    return row->list ? read_peers(r, string) : bencode_string(r, string);
}

static bool read_body(struct reader *r, const struct body_key *keys, struct dht_body *body)
{
    struct bencode_list list;
    struct str key;
    body->there = true;
    body->implied_port = body->port = DHT_NUMBER_NONE;
    if (!bencode_open(r, 'd', &list))
        return false;
    for (;;) {
        if (!bencode_key(r, &list, &key))
            return false;
        if (list.done)
            return body->id.p != NULL; /* who speaks is told by all */
        const struct body_key *row = keys;
        while (row->key && !str_eq(key, str_c(row->key)))
            row++;
        if (!(row->key ? read_member(r, row, body) : bencode_skip(r)))
            return false;
    }
}

/* "li201e23:A Generic Error Ocurrede": of several numbers or texts the last counts. */
static bool read_error(struct reader *r, struct dht_message *m)
{
    struct bencode_list list;
    int64_t number = DHT_NUMBER_NONE;
    if (!bencode_open(r, 'l', &list))
        return false;
    for (;;) {
        bencode_item(r, &list);
        if (list.done)
            break;
        bool good = bencode_peek(r) == 'i' ? read_bounded(r, UINT16_MAX, &number)
                                           : bencode_string(r, &m->error_text);
        if (!good)
            return false;
    }
    m->has_error = true;
    m->error = (uint16_t)number;
    return number != DHT_NUMBER_NONE && m->error_text.p;
}

/* ---- the message ---- */

static bool read_kind(struct reader *r, struct dht_message *m)
{
    struct str word;
    if (!bencode_string(r, &word))
        return false;
    m->kind = str_eq(word, STR_LIT("q"))   ? DHT_QUERY
              : str_eq(word, STR_LIT("r")) ? DHT_RESPONSE
              : str_eq(word, STR_LIT("e")) ? DHT_ERROR
                                           : DHT_NONE;
    return m->kind != DHT_NONE;
}

static bool read_top(struct reader *r, struct str key, struct dht_message *m)
{
    if (key.len != 1)
        return bencode_skip(r);
    switch (key.p[0]) {
    case 'a': return read_body(r, arguments, &m->arguments);
    case 'r': return read_body(r, results, &m->result);
    case 'e': return read_error(r, m);
    case 'q': return bencode_string(r, &m->query);
    case 't': return bencode_string(r, &m->transaction);
    case 'v': return bencode_string(r, &m->version);
    case 'y': return read_kind(r, m);
    default: return bencode_skip(r);
    }
}

/* Is there what such a message needs? */
static bool is_whole(const struct dht_message *m)
{
    switch (m->kind) {
    case DHT_QUERY: return m->query.p && m->arguments.there;
    case DHT_RESPONSE: return m->result.there;
    case DHT_ERROR: return m->has_error;
    case DHT_NONE: break;
    }
    return false;
}

static bool read_all(struct str bytes, struct dht_message *m)
{
    struct reader r = reader_of(bytes);
    struct bencode_list list;
    struct str key;
    if (!bencode_open(&r, 'd', &list))
        return false;
    for (;;) {
        if (!bencode_key(&r, &list, &key))
            return false;
        if (list.done)
            return is_whole(m);
        if (!read_top(&r, key, m))
            return false;
    }
}

void dht_read(struct str bytes, struct dht_message *m)
{
    *m = (struct dht_message){0};
    if (!read_all(bytes, m))
        *m = (struct dht_message){.malformed = true};
    else
        m->malformed = !m->transaction.p;
}
