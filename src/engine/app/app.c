#include "engine/app/app.h"

#include <assert.h>

/* Bytes of a direction after which a protocol that is still not known is not ours. */
#define DETECT_BYTES_MAX 2048

void app_conf_defaults(struct app_conf *conf)
{
    *conf = (struct app_conf){
        .request_body_limit = 100 * 1024,
        .response_body_limit = 100 * 1024,
        .body_min_inspect = 32 * 1024,
        .body_window = 4 * 1024,
        .response_min_inspect = 40 * 1024,
        .response_window = 16 * 1024,
        .decompressed_max = 16u << 20,
        .mqtt_message_max = 1u << 20,
        .dnp3_tx_max = 32,
        .dnp3_points_max = 16384,
        .dnp3_objects_max = 2048,
        .modbus_flood = 500,
        .tx_max = APP_TX_MAX_USUAL,
        .ftp_line_max = 4096,
        .ftp_tx_max = 1024,
        .smb_read_max = 16u << 20,
        .smb_write_max = 16u << 20,
        .smb_read_queue_bytes = 64u << 20,
        .smb_write_queue_bytes = 64u << 20,
        .smb_read_queue_count = 64,
        .smb_write_queue_count = 64,
    };
}

/* Half of the flow's memory is for transactions that are done but not yet freed: the rest is for the one in work. */
bool app_tx_room(const struct app_flow *af)
{
    const struct app_frames *frames = af->frames;
    if (frames && (frames->live[0] >= APP_FRAMES_MAX / 2 || frames->live[1] >= APP_FRAMES_MAX / 2 ||
                   frames->bytes >= af->mem->limit_bytes / APP_FRAMES_SHARE / 2))
        return af->room_given;
    if (af->tx_live == 0)
        return true;
    return af->tx_live < af->conf->tx_max &&
           (af->room_given || af->mem->used_bytes <= af->mem->limit_bytes / 2);
}

bool app_give_room(struct app_flow *af)
{
    af->room_given = true;
    return app_tx_room(af);
}

struct tx *app_tx_new(struct app_flow *af, uint8_t dirs)
{
    af->room_given = false;
    if (af->tx_live >= af->conf->tx_max)
        return NULL;
    struct tx *tx = budget_zalloc(af->mem, af->parser->tx_bytes);
    if (!tx)
        return NULL;
    tx->id = af->tx_count++;
    tx->files_wanted = af->files_wanted;
    tx->first_us = af->now_us;
    tx->proto = af->parser->proto;
    tx->dirs = dirs;
    tx->updated[DIR_TOSERVER] = tx->updated[DIR_TOCLIENT] = true;
    if (af->last)
        af->last->next = tx;
    else
        af->first = tx;
    af->last = tx;
    af->tx_live++;
    return tx;
}

void app_event(struct app_flow *af, struct tx *tx, uint32_t event)
{
    assert(event < 64);
    uint64_t bit = UINT64_C(1) << event;
    if (!tx) {
        af->flow_events |= bit;
        af->flow_events_new |= bit & ~af->flow_events_reported;
        return;
    }
    if (tx->events & bit)
        return;
    tx->events |= bit;
    tx->events_new |= bit;
    tx->updated[DIR_TOSERVER] = tx->updated[DIR_TOCLIENT] = true;
}

void app_progress(struct tx *tx, enum dir dir, uint8_t progress)
{
    if (progress > tx->progress[dir])
        tx->progress[dir] = progress;
    tx->updated[dir] = true;
}

void app_tx_become(struct tx *tx, enum app_proto proto)
{
    if (tx->proto == proto)
        return;
    tx->proto = proto;
    tx->updated[DIR_TOSERVER] = tx->updated[DIR_TOCLIENT] = true;
}

void app_flow_become(struct app_flow *af, enum app_proto proto)
{
    if (af->proto == proto)
        return;
    for (int dir = 0; dir < DIR_COUNT; dir++)
        if (af->proto_of[dir] == af->proto)
            af->proto_of[dir] = proto;
    af->proto_before = af->proto;
    af->proto = proto;
}

// clang-format off
static const char *const detect_events[] = {
    [APP_DETECT_MISMATCH - APP_DETECT_MISMATCH] = "applayer_mismatch_protocol_both_directions",
    [APP_DETECT_WRONG_FIRST - APP_DETECT_MISMATCH] = "applayer_wrong_direction_first_data",
    [APP_DETECT_ONE_SIDE - APP_DETECT_MISMATCH] = "applayer_detect_protocol_only_one_direction",
    [APP_DETECT_SKIPPED - APP_DETECT_MISMATCH] = "applayer_proto_detection_skipped",
    [APP_DETECT_UNEXPECTED - APP_DETECT_MISMATCH] = "applayer_unexpected_protocol",
    [APP_DETECT_NO_TLS - APP_DETECT_MISMATCH] = "applayer_no_tls_after_starttls",
};
// clang-format on

const char *app_detect_event_name(enum app_detect_event event)
{
    assert(event >= APP_DETECT_MISMATCH && event < APP_DETECT_EVENT_END);
    return detect_events[event - APP_DETECT_MISMATCH];
}

int app_detect_event_find(struct str name)
{
    for (size_t i = 0; i < ARRAY_COUNT(detect_events); i++)
        if (str_eq_nocase(name, str_c(detect_events[i])))
            return APP_DETECT_MISMATCH + (int)i;
    return -1;
}

static void drop_legacy(struct app_flow *af)
{
    if (af->legacy)
        budget_give(af->mem, af->legacy, sizeof *af->legacy + af->legacy->len);
    af->legacy = NULL;
}

void app_leave(struct app_flow *af, struct str pairs)
{
    drop_legacy(af);
    af->legacy = budget_alloc(af->mem, sizeof *af->legacy + pairs.len);
    if (!af->legacy)
        return;
    af->legacy->len = (uint32_t)pairs.len;
    if (pairs.len)
        memcpy(af->legacy->bytes, pairs.p, pairs.len);
}

static uint16_t service_port(const struct app_parser *parser, const struct app_flow *af)
{
    bool answers = parser->answers_from && parser->answers_from == af->client_port;
    return af->is_udp && answers ? af->client_port : af->server_port;
}

enum app_probe app_detect(const struct app_parser_list *parsers, const struct app_flow *af,
                          struct str bytes, enum dir dir, const struct app_parser **found)
{
    bool undecided = false;
    for (size_t i = 0; i < parsers->count; i++) {
        const struct app_parser *parser = parsers->rows[i];
        if (!parser->probe || (af->is_udp ? !parser->udp : !parser->tcp) ||
            (af->conf->off[af->is_udp] >> parser->proto & 1))
            continue;
        switch (parser->probe(bytes, dir, service_port(parser, af))) {
        case APP_PROBE_YES: *found = parser; return APP_PROBE_YES;
        case APP_PROBE_MORE: undecided = true; break;
        case APP_PROBE_NO: break;
        }
    }
    *found = NULL;
    return undecided && !af->is_udp && bytes.len < DETECT_BYTES_MAX ? APP_PROBE_MORE : APP_PROBE_NO;
}

int app_open(struct app_flow *af, const struct app_parser *parser)
{
    void *state = NULL;
    if (parser->state_bytes) {
        state = budget_zalloc(af->mem, parser->state_bytes);
        if (!state)
            return -1;
    }
    af->parser = parser;
    af->state = state;
    af->proto = parser->proto;
    if (parser->open)
        parser->open(af);
    drop_legacy(af);
    return 0;
}

struct app_result app_data(struct app_flow *af, enum dir dir, const struct app_chunk *chunk)
{
    if (!af->parser || af->failed[dir])
        return (struct app_result){PARSE_BAD, (uint32_t)chunk->bytes.len};
    af->chunk = chunk;
    af->chunk_dir = (uint8_t)dir;
    if (af->frames_wanted)
        app_frame_stream(af);
    if (af->conf->detection_only >> af->proto & 1)
        return (struct app_result){PARSE_OK, (uint32_t)chunk->bytes.len};
    struct app_result result = af->parser->data(af, dir, chunk);
    af->chunk = NULL;
    if (af->frames)
        app_frames_fill(af, dir, chunk);
    if (result.consumed > chunk->bytes.len)
        result.consumed = (uint32_t)chunk->bytes.len;
    if (result.status != PARSE_BAD && result.status != PARSE_FULL &&
        chunk->bytes.len - result.consumed > APP_PENDING_MAX)
        result.status = PARSE_BAD;
    if (result.status == PARSE_BAD)
        af->failed[dir] = true;
    return result;
}

static bool give_up_oldest(struct app_flow *af)
{
    struct tx *tx = af->first;
    while (tx && tx->progress[DIR_TOSERVER] == TX_COMPLETE &&
           tx->progress[DIR_TOCLIENT] == TX_COMPLETE)
        tx = tx->next;
    if (!tx)
        return false;
    app_progress(tx, DIR_TOSERVER, TX_COMPLETE);
    app_progress(tx, DIR_TOCLIENT, TX_COMPLETE);
    return true;
}

uint32_t app_give_up(struct app_flow *af, uint32_t count)
{
    bool (*give_up)(struct app_flow *) = af->parser->give_up ? af->parser->give_up : give_up_oldest;
    uint32_t done = 0;
    while (done < count && give_up(af))
        done++;
    return done;
}

static void unlink_tx(struct app_flow *af, struct tx *tx)
{
    struct tx **at = &af->first, *before = NULL;
    while (*at != tx) {
        before = *at;
        at = &(*at)->next;
    }
    *at = tx->next;
    if (af->last == tx)
        af->last = before;
    af->tx_live--;
}

void app_tx_free(struct app_flow *af, struct tx *tx)
{
    unlink_tx(af, tx);
    file_free_all(af->files, af->mem, tx);
    if (af->parser->tx_free)
        af->parser->tx_free(af, tx);
    budget_give(af->mem, tx, af->parser->tx_bytes);
}

void app_close(struct app_flow *af)
{
    if (af->change_to == APP_UNKNOWN)
        drop_legacy(af);
    if (!af->parser)
        return;
    while (af->first)
        app_tx_free(af, af->first);
    if (af->parser->close)
        af->parser->close(af);
    if (af->state)
        budget_give(af->mem, af->state, af->parser->state_bytes);
    assert(!app_frame_first(af, DIR_TOSERVER) && !app_frame_first(af, DIR_TOCLIENT));
    budget_give(af->mem, af->frames, sizeof *af->frames);
    af->frames = NULL;
    af->state = NULL;
    af->parser = NULL;
}
