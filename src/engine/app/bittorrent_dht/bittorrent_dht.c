#include "engine/app/bittorrent_dht/bittorrent_dht.h"

#include "engine/app/bittorrent_dht/message.h"

static const struct app_event_desc events[DHT_EVENTS] = {
    [DHT_MALFORMED_PACKET] = {"malformed_packet"},
};

static bool begins(struct str bytes, const char *const *with)
{
    while (*with && !str_starts(bytes, str_c(*with)))
        with++;
    return *with != NULL;
}

/* A message, or how one begins: arguments or results, with an identifier of twenty bytes in front. */
static enum app_probe probe(struct str bytes, enum dir dir, uint16_t server_port)
{
    static const char *const usual[] = {"d1:ad2:id20:", "d1:rd2:id20:", NULL};
    struct dht_message m;
    (void)dir, (void)server_port;
    if (begins(bytes, usual))
        return APP_PROBE_YES;
    if (!bytes.len || bytes.p[0] != 'd')
        return APP_PROBE_NO;
    dht_read(bytes, &m);
    return m.malformed ? APP_PROBE_NO : APP_PROBE_YES;
}

/* Keys stand in order: before arguments, errors and results only a few others can. */
static bool is_message(struct str bytes)
{
    static const char *const beginnings[] = {"d1:ad", "d1:rd", "d1:el", "d2:ip", NULL};
    return begins(bytes, beginnings);
}

static struct app_result data(struct app_flow *af, enum dir dir, const struct app_chunk *chunk)
{
    struct app_result all = {PARSE_OK, (uint32_t)chunk->bytes.len};
    struct dht_message m;
    if (!is_message(chunk->bytes))
        return all;
    if (!app_tx_room(af))
        return (struct app_result){PARSE_FULL, 0};
    struct dht_tx *dht = (struct dht_tx *)app_tx_new(af, (uint8_t)DIR_BIT(dir));
    if (!dht)
        return all;
    dht->bytes = budget_alloc(af->mem, chunk->bytes.len);
    if (dht->bytes) {
        memcpy(dht->bytes, chunk->bytes.p, chunk->bytes.len);
        dht->len = (uint32_t)chunk->bytes.len;
    }
    dht_read(chunk->bytes, &m);
    if (m.malformed)
        app_event(af, &dht->tx, DHT_MALFORMED_PACKET);
    app_progress(&dht->tx, DIR_TOSERVER, TX_COMPLETE);
    app_progress(&dht->tx, DIR_TOCLIENT, TX_COMPLETE);
    return all;
}

static void tx_free(struct app_flow *af, struct tx *tx)
{
    struct dht_tx *dht = (struct dht_tx *)tx;
    if (dht->bytes)
        budget_give(af->mem, dht->bytes, dht->len);
}

static enum dir log_dir(const struct tx *tx)
{
    return tx->dirs & DIR_BIT(DIR_TOCLIENT) ? DIR_TOCLIENT : DIR_TOSERVER;
}

const struct app_parser bittorrent_dht_parser = {
    .proto = APP_BITTORRENT_DHT,
    .udp = true,
    .probe = probe,
    .data = data,
    .tx_free = tx_free,
    .tx_bytes = sizeof(struct dht_tx),
    .events = events,
    .event_count = DHT_EVENTS,
    .events_small = true,
    .log = dht_log,
    .log_dir = log_dir,
    .log_type = "bittorrent_dht",
};
