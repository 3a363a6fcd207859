#include "engine/app/http1/conversation.h"

#include "engine/app/http1/http1.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define MEMORY_BYTES (4u << 20)

struct player {
    struct app_flow af;
    struct buf pending[DIR_COUNT];
    struct buf *seen;
    bool inspect;
};

static const char *dir_name(int dir)
{
    return dir == DIR_TOSERVER ? "ts" : "tc";
}

/* Line ends would part a line of what was seen. */
static void add_value(struct buf *out, struct str value)
{
    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = value.p[i];
        if (c >= ' ' && c < 0x7f && c != '\\')
            buf_add_byte(out, c);
        else if (c == '\n')
            buf_add_c(out, "\\n");
        else if (c == '\r')
            buf_add_c(out, "\\r");
        else
            buf_printf(out, "\\x%02x", c);
    }
}

static void add_field(struct player *p, const struct tx *tx, const struct field_desc *row, int dir)
{
    for (uint32_t index = 0; index < 2000; index++) {
        struct str value;
        struct field_window window;
        if (row->kind == FIELD_WINDOW
                ? !row->window(tx, (enum dir)dir, index, &window)
                : !row->bytes(tx, (enum dir)dir, index, p->af.scratch, &value))
            return;
        buf_printf(p->seen, "%llu %s %s=", (unsigned long long)tx->id, dir_name(dir), row->name);
        if (row->kind == FIELD_WINDOW) {
            value = window.bytes;
            if (p->inspect)
                buf_printf(p->seen, "[%llu%s]", (unsigned long long)window.offset,
                           window.end ? " end" : "");
        }
        add_value(p->seen, value);
        buf_add_byte(p->seen, '\n');
        if (!row->multi)
            return;
    }
}

static void add_fields(struct player *p, const struct tx *tx, bool windows)
{
    for (size_t i = 0; i < http1_parser.fields.count; i++) {
        const struct field_desc *row = &http1_parser.fields.rows[i];
        for (int dir = 0; dir < DIR_COUNT; dir++)
            if (row->kind != FIELD_UINT && (row->kind == FIELD_WINDOW) == windows &&
                (row->dirs & DIR_BIT(dir)) && tx->progress[dir] >= row->ready_at[dir])
                add_field(p, tx, row, dir);
    }
}

static void add_files(struct player *p, const struct tx *tx)
{
    static const char *const states[] = {"open", "closed", "truncated", "error"};
    for (const struct file *f = tx->files; f; f = f->next) {
        buf_printf(p->seen, "%llu file %s ", (unsigned long long)tx->id, dir_name(f->dir));
        add_value(p->seen, f->name);
        buf_printf(p->seen, " %llu %s\n", (unsigned long long)f->size_bytes, states[f->state]);
    }
}

static void add_events(struct player *p, uint64_t events, const char *prefix)
{
    for (uint32_t i = 0; i < http1_parser.event_count; i++)
        if (events >> i & 1)
            buf_printf(p->seen, "%s %s\n", prefix, http1_parser.events[i].name);
}

static void add_log(struct player *p, const struct tx *tx)
{
    struct json j;
    buf_printf(p->seen, "%llu log ", (unsigned long long)tx->id);
    json_init(&j, p->seen);
    json_object(&j, NULL);
    http1_parser.log(tx, p->af.conf, &j);
    json_end_object(&j);
    buf_add_byte(p->seen, '\n');
}

static void add_tx(struct player *p, const struct tx *tx)
{
    char prefix[32];
    add_fields(p, tx, false);
    add_fields(p, tx, true);
    snprintf(prefix, sizeof prefix, "%llu event", (unsigned long long)tx->id);
    add_events(p, tx->events, prefix);
    add_files(p, tx);
    add_log(p, tx);
    buf_printf(p->seen, "%llu done", (unsigned long long)tx->id);
    for (int dir = 0; dir < DIR_COUNT; dir++)
        if (tx->progress[dir] == TX_COMPLETE)
            buf_printf(p->seen, " %s", dir_name(dir));
    buf_add_byte(p->seen, '\n');
}

static void look(struct player *p)
{
    for (struct tx *tx = p->af.first; tx && p->inspect; tx = tx->next) {
        add_fields(p, tx, true);
        for (int dir = 0; dir < DIR_COUNT; dir++)
            http1_parser.tx_inspected(&p->af, tx, (enum dir)dir);
    }
}

static void free_finished(struct player *p)
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
static bool make_room(struct player *p)
{
    free_finished(p);
    if (!app_tx_room(&p->af))
        app_give_up(&p->af, APP_GIVE_UP);
    free_finished(p);
    return app_give_room(&p->af);
}

static void feed(struct player *p, enum dir dir, struct str bytes, uint32_t gap, bool end)
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
        if (done)
            memmove(pending->p, pending->p + done, pending->len - done);
        pending->len -= done;
    } while (result.status == PARSE_FULL && make_room(p));
    look(p);
}

static void play_pieces(struct player *p, const struct play *play)
{
    for (size_t i = 0; i < play->count; i++) {
        const struct piece *piece = &play->pieces[i];
        size_t cut = play->cut_piece == i ? play->cut_at : 0;
        if (cut)
            feed(p, piece->dir, str_cut(piece->bytes, 0, cut), 0, false);
        feed(p, piece->dir, str_from(piece->bytes, cut), piece->gap, false);
    }
    feed(p, DIR_TOSERVER, STR_EMPTY, 0, true);
    feed(p, DIR_TOCLIENT, STR_EMPTY, 0, true);
}

static void add_flow(struct player *p)
{
    for (int dir = 0; dir < DIR_COUNT; dir++)
        if (p->af.failed[dir])
            buf_printf(p->seen, "failed %s\n", dir_name(dir));
    if (p->af.change_to)
        buf_printf(p->seen, "change %s\n", app_proto_name(p->af.change_to));
    add_events(p, p->af.flow_events, "flow event");
}

void conversation_play(const struct play *play, struct buf *seen)
{
    static struct slab slab;
    struct budget mem = {&slab, 0,
                         play->memory_limit_bytes ? play->memory_limit_bytes : MEMORY_BYTES};
    const struct file_conf files = {.want_md5 = true, .digests_max = 4};
    const struct field_mask demand = {{0}};
    struct app_conf conf;
    struct arena scratch;
    app_conf_defaults(&conf);
    if (!slab.region)
        assert_int_equal(slab_init(&slab, 64 << 20), 0);
    arena_init(&scratch, 0, 0);
    struct player p = {.seen = seen, .inspect = play->inspect};
    p.af = (struct app_flow){.mem = &mem,
                             .files = file_store_new(&files, NULL),
                             .conf = play->conf ? play->conf : &conf,
                             .demand = &demand,
                             .scratch = &scratch,
                             .client_port = 40000,
                             .server_port = 80};
    if (app_open(&p.af, &http1_parser) == 0) {
        play_pieces(&p, play);
        for (struct tx *tx = p.af.first; tx; tx = tx->next)
            add_tx(&p, tx);
        add_flow(&p);
        app_close(&p.af);
    }
    assert_int_equal(mem.used_bytes, 0);
    for (int dir = 0; dir < DIR_COUNT; dir++)
        buf_fini(&p.pending[dir]);
    file_store_free(p.af.files);
    arena_fini(&scratch);
}

bool conversation_has(const struct buf *seen, const char *line)
{
    struct str want = str_c(line);
    for (struct str rest = buf_str(seen); rest.len;)
        if (str_eq(str_split(&rest, '\n'), want))
            return true;
    return false;
}
