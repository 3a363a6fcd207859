#include "engine/app/ike/ike.h"

#include "engine/app/ike/message.h"

#define PORT_IKE 500

static const struct app_event_desc events[IKE_EVENTS] = {
    [IKE_MALFORMED_DATA] = {"malformed_data"},
    [IKE_WEAK_ENC] = {"weak_crypto_enc"},
    [IKE_WEAK_PRF] = {"weak_crypto_prf"},
    [IKE_WEAK_DH] = {"weak_crypto_dh"},
    [IKE_WEAK_AUTH] = {"weak_crypto_auth"},
    [IKE_NO_DH] = {"weak_crypto_no_dh"},
    [IKE_NO_AUTH] = {"weak_crypto_no_auth"},
    [IKE_INVALID_PROPOSAL] = {"invalid_proposal"},
    [IKE_UNKNOWN_PROPOSAL] = {"unknown_proposal"},
    [IKE_MULTIPLE_SERVER_PROPOSAL] = {"multiple_server_proposal"},
};

static bool is_message(struct str bytes, struct ike_head *head)
{
    struct reader r = reader_of(bytes);
    return ike_read_head(&r, head) && (head->major == 1 || head->major == 2) &&
           head->len == bytes.len;
}

static enum app_probe probe(struct str bytes, enum dir dir, uint16_t server_port)
{
    struct ike_head head;
    (void)dir;
    return server_port == PORT_IKE && is_message(bytes, &head) ? APP_PROBE_YES : APP_PROBE_NO;
}

static struct app_result data(struct app_flow *af, enum dir dir, const struct app_chunk *chunk)
{
    struct app_result all = {PARSE_OK, (uint32_t)chunk->bytes.len};
    struct ike_head head;
    if (!is_message(chunk->bytes, &head)) {
        app_event(af, NULL, IKE_MALFORMED_DATA);
        return all;
    }
    if (!app_tx_room(af))
        return (struct app_result){PARSE_FULL, 0};
    struct ike_tx *tx = (struct ike_tx *)app_tx_new(af, (uint8_t)DIR_BIT(dir));
    if (!tx)
        return all;
    tx->head = head;
    tx->block = budget_alloc(af->mem, head.len);
    if (tx->block) {
        memcpy(tx->block, chunk->bytes.p, head.len);
        tx->block_len = head.len;
        if (head.major == 1)
            ike_read_1(af, tx, dir);
        else
            ike_read_2(af, tx, dir);
    }
    app_progress(&tx->tx, DIR_TOSERVER, TX_COMPLETE);
    app_progress(&tx->tx, DIR_TOCLIENT, TX_COMPLETE);
    return all;
}

/* Until something is chosen nothing protects. */
static void open_state(struct app_flow *af)
{
    struct ike_state *st = af->state;
    st->algorithms[IKE2_ENC] = 11;
}

static void close_state(struct app_flow *af)
{
    struct ike_state *st = af->state;
    for (enum dir d = 0; d < DIR_COUNT; d++) {
        budget_give(af->mem, st->key[d], st->key_len[d]);
        budget_give(af->mem, st->nonce[d], st->nonce_len[d]);
    }
}

static void tx_free(struct app_flow *af, struct tx *tx)
{
    const struct ike_tx *ike = ike_tx_of(tx);
    budget_give(af->mem, ike->block, ike->block_len);
}

static enum dir log_dir(const struct tx *tx)
{
    return tx->dirs & DIR_BIT(DIR_TOCLIENT) ? DIR_TOCLIENT : DIR_TOSERVER;
}

const struct app_parser ike_parser = {
    .proto = APP_IKE,
    .udp = true,
    .probe = probe,
    .state_bytes = sizeof(struct ike_state),
    .open = open_state,
    .data = data,
    .close = close_state,
    .tx_free = tx_free,
    .tx_bytes = sizeof(struct ike_tx),
    .fields = {ike_fields, IKE_FIELDS},
    .events = events,
    .event_count = IKE_EVENTS,
    .events_small = true,
    .log = ike_log,
    .log_dir = log_dir,
};
