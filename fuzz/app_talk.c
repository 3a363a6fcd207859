#include "app_talk.h"

#include "base/hash.h"
#include "base/reader.h"

#include <stdlib.h>
#include <string.h>

#define VALUES_MAX 70000 /* more than any parser keeps */

static struct slab slab;
static struct arena scratch;
static struct file_store *files;

struct play {
    const struct app_talk_kind *kind;
    struct app_flow af;
    struct buf pending[DIR_COUNT];
    uint32_t sum;
    bool cut;
};

static void add_field(struct play *p, const struct tx *tx, const struct field_desc *row, int dir)
{
    for (uint32_t index = 0; index < VALUES_MAX; index++) {
        struct str value;
        struct field_window window;
        uint64_t number;
        if (row->kind == FIELD_UINT) {
            if (!row->number(tx, (enum dir)dir, index, &number))
                return;
            value = str_of(&number, sizeof number);
        } else if (row->kind == FIELD_WINDOW) {
            if (!row->window(tx, (enum dir)dir, index, &window))
                return;
            value = window.bytes;
        } else if (!row->bytes(tx, (enum dir)dir, index, &scratch, &value)) {
            return;
        }
        p->sum = hash_crc32c(p->sum, value);
        if (!row->multi || index + 1 == p->kind->values_asked)
            return;
    }
    abort();
}

static uint64_t events_of(const struct app_talk_kind *kind, const struct tx *tx)
{
    uint64_t events = tx->events;
    for (uint32_t i = 0; kind->cut_event && i < kind->parser->event_count; i++)
        if (strcmp(kind->parser->events[i].name, kind->cut_event) == 0)
            events &= ~(UINT64_C(1) << i);
    return events;
}

static void add_tx(struct play *p, const struct tx *tx)
{
    const struct app_parser *parser = p->kind->parser;
    uint64_t events = events_of(p->kind, tx);
    p->sum = hash_crc32c(p->sum, str_of(&events, sizeof events));
    p->sum = hash_crc32c(p->sum, str_of(tx->progress, sizeof tx->progress));
    for (size_t i = 0; i < parser->fields.count; i++)
        for (int dir = 0; dir < DIR_COUNT; dir++)
            if (tx->progress[dir] >= parser->fields.rows[i].ready_at[dir])
                add_field(p, tx, &parser->fields.rows[i], dir);
    for (const struct file *f = tx->files; f; f = f->next) {
        p->sum = hash_crc32c(p->sum, f->name);
        p->sum = hash_crc32c(p->sum, str_of(&f->size_bytes, sizeof f->size_bytes));
        p->sum = hash_crc32c(p->sum, str_of(&f->state, sizeof f->state));
    }
    struct buf out;
    struct json j;
    buf_init(&out, 0);
    json_init(&j, &out);
    json_object(&j, NULL);
    parser->log(tx, p->af.conf, &j);
    if (parser->log_beside)
        parser->log_beside(tx, p->af.conf, &j);
    json_end_object(&j);
    p->sum = hash_crc32c(p->sum, buf_str(&out));
    buf_fini(&out);
}

static void free_finished(struct play *p)
{
    for (struct tx *tx = p->af.first, *next; tx; tx = next) {
        next = tx->next;
        if (tx->progress[DIR_TOSERVER] < TX_COMPLETE || tx->progress[DIR_TOCLIENT] < TX_COMPLETE)
            continue;
        add_tx(p, tx);
        app_tx_free(&p->af, tx);
    }
}

/* As engine.c does it. */
static bool make_room(struct play *p)
{
    free_finished(p);
    if (!app_tx_room(&p->af))
        app_give_up(&p->af, APP_GIVE_UP);
    free_finished(p);
    return app_give_room(&p->af);
}

static void feed(struct play *p, enum dir dir, struct str bytes, uint32_t gap, bool end)
{
    struct buf *pending = &p->pending[dir];
    struct app_result result;
    buf_add(pending, bytes);
    if (gap)
        buf_reset(pending);
    do {
        struct app_chunk chunk = {
            .bytes = gap ? STR_EMPTY : buf_str(pending), .gap = gap, .end = end};
        result = app_data(&p->af, dir, &chunk);
        size_t done = result.status == PARSE_BAD ? pending->len : result.consumed;
        if (done > pending->len)
            abort();
        if (done)
            memmove(pending->p, pending->p + done, pending->len - done);
        pending->len -= done;
    } while (result.status == PARSE_FULL && make_room(p));
}

static void look(struct play *p)
{
    for (struct tx *tx = p->af.first; tx; tx = tx->next)
        for (int dir = 0; dir < DIR_COUNT; dir++)
            p->kind->parser->tx_inspected(&p->af, tx, (enum dir)dir);
}

static void feed_record(struct play *p, uint8_t flags, struct str bytes)
{
    enum dir dir = flags & 1 ? DIR_TOCLIENT : DIR_TOSERVER;
    size_t half = p->cut ? bytes.len / 2 : 0;
    if (flags & 2) {
        feed(p, dir, STR_EMPTY, (uint32_t)bytes.len + 1, false);
        return;
    }
    if (half)
        feed(p, dir, str_cut(bytes, 0, half), 0, false);
    feed(p, dir, str_from(bytes, half), 0, false);
    if (flags & 4 && p->kind->parser->tx_inspected)
        look(p);
}

static uint32_t play(const struct app_talk_kind *kind, struct str in, bool cut)
{
    struct budget mem = {&slab, 0, 16 << 20};
    struct app_conf conf;
    struct field_mask demand;
    memset(&demand, 0xff, sizeof demand); /* rules want everything */
    app_conf_defaults(&conf);
    conf.inline_mode = true;
    if (kind->settings)
        kind->settings(&conf);
    struct play p = {.kind = kind, .cut = cut};
    p.af = (struct app_flow){.mem = &mem,
                             .files = files,
                             .conf = &conf,
                             .demand = &demand,
                             .scratch = &scratch,
                             .server_port = kind->server_port};
    if (app_open(&p.af, kind->parser) < 0)
        abort();
    struct reader r = reader_of(in);
    while (reader_left(&r) >= 3) {
        uint8_t flags = reader_u8(&r);
        size_t len = reader_u16(&r);
        feed_record(&p, flags, reader_str(&r, len < reader_left(&r) ? len : reader_left(&r)));
    }
    feed(&p, DIR_TOSERVER, STR_EMPTY, 0, true);
    feed(&p, DIR_TOCLIENT, STR_EMPTY, 0, true);
    for (struct tx *tx = p.af.first; tx; tx = tx->next)
        add_tx(&p, tx);
    app_close(&p.af);
    if (mem.used_bytes)
        abort();
    for (int dir = 0; dir < DIR_COUNT; dir++)
        buf_fini(&p.pending[dir]);
    arena_reset(&scratch);
    return p.sum;
}

void app_talk(const struct app_talk_kind *kind, const uint8_t *data, size_t size)
{
    const struct file_conf conf = {.want_md5 = true, .digests_max = 4};
    if (!files) {
        files = file_store_new(&conf, NULL);
        arena_init(&scratch, 0, 0);
        if (!files || slab_init(&slab, 256 << 20) < 0)
            abort();
    }
    struct str in = str_of(data, size);
    if (kind->parser->probe) {
        (void)kind->parser->probe(in, DIR_TOSERVER, kind->server_port);
        (void)kind->parser->probe(in, DIR_TOCLIENT, kind->other_port);
    }
    if (play(kind, in, false) != play(kind, in, true))
        abort();
}
