/* engine/app/tls: records of a flags byte (1: to the client, 2: a gap), two bytes of length and the bytes. What can be asked
 * afterwards must not depend on how the pieces were cut. */
#include "engine/app/tls/tls.h"

#include "base/hash.h"
#include "base/reader.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct slab slab;
static struct arena scratch;
static struct file_store *files;

struct play {
    struct app_flow af;
    struct buf pending[DIR_COUNT];
    uint32_t sum;
    bool cut;
};

static void add_field(struct play *p, const struct tx *tx, const struct field_desc *row,
                      enum dir dir)
{
    for (uint32_t index = 0; index < 70000; index++) {
        struct str value;
        uint64_t number;
        if (row->kind == FIELD_UINT) {
            if (!row->number(tx, dir, index, &number))
                return;
            value = str_of(&number, sizeof number);
        } else if (!row->bytes(tx, dir, index, &scratch, &value)) {
            return;
        }
        p->sum = hash_crc32c(p->sum, value);
        if (!row->multi || index == 20)
            return;
    }
    abort();
}

/* How many records came at once depends on the cut. */
static uint64_t events_of(const struct tx *tx)
{
    uint64_t events = tx->events;
    for (uint32_t i = 0; i < tls_parser.event_count; i++)
        if (strcmp(tls_parser.events[i].name, "too_many_records_in_packet") == 0)
            events &= ~(UINT64_C(1) << i);
    return events;
}

static void add_tx(struct play *p, const struct tx *tx)
{
    uint64_t events = events_of(tx);
    p->sum = hash_crc32c(p->sum, str_of(&events, sizeof events));
    p->sum = hash_crc32c(p->sum, str_of(tx->progress, sizeof tx->progress));
    for (size_t i = 0; i < tls_parser.fields.count; i++)
        for (int dir = 0; dir < DIR_COUNT; dir++)
            if (tx->progress[dir] >= tls_parser.fields.rows[i].ready_at[dir])
                add_field(p, tx, &tls_parser.fields.rows[i], (enum dir)dir);
    struct buf out;
    struct json j;
    buf_init(&out, 0);
    json_init(&j, &out);
    json_object(&j, NULL);
    tls_parser.log(tx, p->af.conf, &j);
    json_end_object(&j);
    p->sum = hash_crc32c(p->sum, buf_str(&out));
    buf_fini(&out);
}

static void feed(struct play *p, enum dir dir, struct str bytes, uint32_t gap, bool end)
{
    struct buf *pending = &p->pending[dir];
    buf_add(pending, bytes);
    if (gap)
        buf_reset(pending);
    struct app_chunk chunk = {.bytes = gap ? STR_EMPTY : buf_str(pending), .gap = gap, .end = end};
    struct app_result result = app_data(&p->af, dir, &chunk);
    size_t done = result.status == PARSE_BAD ? pending->len : result.consumed;
    if (done > pending->len)
        abort();
    if (done)
        memmove(pending->p, pending->p + done, pending->len - done);
    pending->len -= done;
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
}

static uint32_t play(struct str in, bool cut)
{
    struct budget mem = {&slab, 0, 16 << 20};
    struct app_conf conf;
    app_conf_defaults(&conf);
    conf.ja3 = conf.ja4 = true;
    tls_parser.log_conf(&conf.log, NULL);
    conf.log.tls = UINT32_MAX; /* also what is left out because it is long */
    struct play p = {.cut = cut};
    p.af = (struct app_flow){
        .mem = &mem, .files = files, .conf = &conf, .scratch = &scratch, .server_port = 443};
    tls_parser.probe(in, DIR_TOSERVER, 443);
    tls_parser.probe(in, DIR_TOCLIENT, 8443);
    if (app_open(&p.af, &tls_parser) < 0)
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!files) {
        files = file_store_new(&(struct file_conf){0}, NULL);
        arena_init(&scratch, 0, 0);
        if (!files || slab_init(&slab, 64 << 20) < 0)
            abort();
    }
    struct str in = str_of(data, size);
    if (play(in, false) != play(in, true))
        abort();
    return 0;
}
