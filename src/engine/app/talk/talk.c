#include "engine/app/talk/talk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY_BYTES (4u << 20)
#define SLAB_BYTES (64u << 20)
#define VALUES_MAX 70000 /* more than any parser keeps */

struct player {
    const struct talk *talk;
    struct app_flow af;
    struct buf pending[DIR_COUNT];
    uint64_t offset[DIR_COUNT]; /* of pending in the stream */
    struct buf *seen;
};

static void require(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "talk: %s\n", what);
    abort();
}

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

/* One value of a field as "value" or, of a window that slides, "[offset]value". False: there is none. */
static bool add_one(struct player *p, const struct tx *tx, const struct field_desc *row, int dir,
                    uint32_t index)
{
    struct str value = STR_EMPTY;
    struct field_window window = {0};
    uint64_t number = 0;
    bool there = false;
    switch (row->kind) {
    case FIELD_UINT: there = row->number(tx, (enum dir)dir, index, &number); break;
    case FIELD_WINDOW: there = row->window(tx, (enum dir)dir, index, &window); break;
    case FIELD_BYTES: there = row->bytes(tx, (enum dir)dir, index, p->af.scratch, &value); break;
    }
    if (!there)
        return false;
    buf_printf(p->seen, "%llu %s %s=", (unsigned long long)tx->id, dir_name(dir), row->name);
    if (row->kind == FIELD_UINT && number == FIELD_NUMBER_NONE)
        buf_printf(p->seen, "none");
    else if (row->kind == FIELD_UINT)
        buf_printf(p->seen, "%llu", (unsigned long long)number);
    if (row->kind == FIELD_WINDOW && p->talk->inspect)
        buf_printf(p->seen, "[%llu%s]", (unsigned long long)window.offset,
                   window.end ? " end" : "");
    add_value(p->seen, row->kind == FIELD_WINDOW ? window.bytes : value);
    buf_add_byte(p->seen, '\n');
    return true;
}

static void add_field(struct player *p, const struct tx *tx, const struct field_desc *row, int dir)
{
    uint32_t max = p->talk->values_max ? p->talk->values_max : VALUES_MAX;
    if (!row->multi)
        max = 1;
    uint32_t index = 0;
    while (index < max && add_one(p, tx, row, dir, index))
        index++;
    require(index < VALUES_MAX, "values without end");
}

static void add_fields(struct player *p, const struct tx *tx, bool windows)
{
    const struct talk *talk = p->talk;
    const struct field_list *fields = &(talk->fields_of ? talk->fields_of : talk->parser)->fields;
    for (size_t i = 0; i < fields->count; i++) {
        const struct field_desc *row = &fields->rows[i];
        if (row->proto != tx->proto)
            continue;
        for (int dir = 0; dir < DIR_COUNT; dir++)
            if ((row->kind == FIELD_WINDOW) == windows && (row->dirs & DIR_BIT(dir)) &&
                tx->progress[dir] >= row->ready_at[dir])
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
    const struct app_parser *parser = p->talk->parser;
    for (uint32_t i = 0; i < parser->event_count; i++) {
        const char *name = parser->events[i].name;
        bool left_out = p->talk->cut_event && name && strcmp(name, p->talk->cut_event) == 0;
        if ((events >> i & 1) && !left_out)
            buf_printf(p->seen, "%s %s\n", prefix, name);
    }
}

static void add_log(struct player *p, const struct tx *tx)
{
    const struct app_parser *parser = p->talk->parser;
    struct json j;
    if (!parser->log)
        return;
    buf_printf(p->seen, "%llu log ", (unsigned long long)tx->id);
    json_init(&j, p->seen);
    json_object(&j, NULL);
    parser->log(tx, p->af.conf, &j);
    json_end_object(&j);
    buf_add_byte(p->seen, '\n');
    if (!parser->log_beside)
        return;
    buf_printf(p->seen, "%llu beside ", (unsigned long long)tx->id);
    json_init(&j, p->seen);
    json_object(&j, NULL);
    parser->log_beside(tx, p->af.conf, &j);
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

static void forget(struct tx *tx, struct budget *mem)
{
}

/* Those that are whole, or all; they are gone then. */
static void add_frames(struct player *p, enum dir dir, bool all)
{
    const struct app_parser *parser = p->talk->parser;
    for (struct app_frame *f = app_frame_first(&p->af, dir); f;
         f = (struct app_frame *)f->tx.next) {
        if (!all && f->tx.progress[dir] < TX_COMPLETE)
            continue;
        f->tx.updated[dir] = false;
        require(f->kind < parser->frame_count, "a frame without a name");
        buf_printf(p->seen, "frame %s %s %llu+", dir_name(dir), parser->frames[f->kind].name,
                   (unsigned long long)f->offset);
        if (f->len == APP_FRAME_OPEN)
            buf_add_c(p->seen, "open");
        else
            buf_printf(p->seen, "%llu", (unsigned long long)f->len);
        buf_printf(p->seen, "%s ", f->missed ? " missed" : "");
        add_value(p->seen, str_of(f->bytes, f->kept));
        buf_add_byte(p->seen, '\n');
    }
    app_frames_free(&p->af, dir, all, forget);
}

static void look(struct player *p)
{
    const struct app_parser *parser = p->talk->parser;
    for (struct tx *tx = p->af.first; tx; tx = tx->next) {
        if (p->talk->inspect)
            add_fields(p, tx, true);
        for (int dir = 0; dir < DIR_COUNT && parser->tx_inspected; dir++)
            parser->tx_inspected(&p->af, tx, (enum dir)dir);
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
    add_frames(p, DIR_TOSERVER, false);
    add_frames(p, DIR_TOCLIENT, false);
    if (!app_tx_room(&p->af))
        app_give_up(&p->af, APP_GIVE_UP);
    free_finished(p);
    return app_give_room(&p->af);
}

/* Memory of just the bytes' size, gone afterwards: a sanitizer sees a parser that reads behind them, or keeps them. */
static struct app_result give(struct player *p, enum dir dir, struct app_chunk *chunk,
                              struct str bytes)
{
    uint8_t *copy = bytes.len ? malloc(bytes.len) : NULL;
    require(copy || !bytes.len, "no memory");
    if (copy)
        memcpy(copy, bytes.p, bytes.len);
    chunk->bytes = str_of(copy, bytes.len);
    struct app_result result = app_data(&p->af, dir, chunk);
    free(copy);
    return result;
}

static void feed(struct player *p, enum dir dir, struct str bytes, uint32_t gap, bool end)
{
    struct buf *pending = &p->pending[dir];
    struct app_result result;
    if (gap && pending->len && !p->talk->udp) {
        struct app_chunk last = {.offset = p->offset[dir], .hole = true};
        give(p, dir, &last, buf_str(pending));
    }
    if (gap || p->talk->udp) {
        p->offset[dir] += p->talk->udp ? 0 : pending->len;
        buf_reset(pending);
    }
    buf_add(pending, bytes);
    do {
        struct app_chunk chunk = {.offset = p->offset[dir], .gap = gap, .end = end};
        result = give(p, dir, &chunk, gap ? STR_EMPTY : buf_str(pending));
        size_t done = result.status == PARSE_BAD ? pending->len : result.consumed;
        require(done <= pending->len, "more consumed than given");
        if (done)
            memmove(pending->p, pending->p + done, pending->len - done);
        pending->len -= done;
        p->offset[dir] += p->talk->udp ? 0 : done + gap;
    } while (result.status == PARSE_FULL && make_room(p));
}

static void play_pieces(struct player *p, const struct talk_piece *pieces, size_t count,
                        struct talk_cut cut)
{
    for (size_t i = 0; i < count; i++) {
        const struct talk_piece *piece = &pieces[i];
        size_t at = cut.halves ? piece->bytes.len / 2 : cut.piece == i ? cut.at : 0;
        if (at && !p->talk->udp)
            feed(p, piece->dir, str_cut(piece->bytes, 0, at), 0, false);
        else
            at = 0;
        feed(p, piece->dir, str_from(piece->bytes, at), piece->gap, false);
        if (piece->look || p->talk->inspect)
            look(p);
    }
    for (int dir = 0; dir < DIR_COUNT && !p->talk->udp; dir++)
        feed(p, (enum dir)dir, STR_EMPTY, 0, true);
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

/* Made once: a fuzz target plays thousands of times a second. */
static struct slab *shared_slab(void)
{
    static struct slab slab;
    if (!slab.region)
        require(slab_init(&slab, SLAB_BYTES) == 0, "no memory");
    return &slab;
}

static struct file_store *shared_files(void)
{
    static struct file_store *files;
    const struct file_conf conf = {.want_md5 = true, .digests_max = 4};
    if (!files)
        files = file_store_new(&conf, NULL);
    require(files != NULL, "no memory");
    return files;
}

void talk_play(const struct talk *talk, const struct talk_piece *pieces, size_t count,
               struct talk_cut cut, struct buf *seen)
{
    struct budget mem = {shared_slab(), 0,
                         talk->memory_limit_bytes ? talk->memory_limit_bytes : MEMORY_BYTES};
    struct field_mask demand;
    uint32_t frames[APP_PROTO_COUNT];
    struct app_conf conf;
    struct arena scratch;
    memset(frames, 0xff, sizeof frames);
    frames[talk->parser->proto] = ~(1u << APP_FRAME_STREAM);
    memset(&demand, 0xff, sizeof demand); /* rules want everything */
    app_conf_defaults(&conf);
    if (talk->parser->log_conf)
        talk->parser->log_conf(&conf.log, NULL);
    arena_init(&scratch, 0, 0);
    struct player p = {.talk = talk, .seen = seen};
    p.af = (struct app_flow){.mem = &mem,
                             .files = shared_files(),
                             .conf = talk->conf ? talk->conf : &conf,
                             .demand = &demand,
                             .scratch = &scratch,
                             .frames_wanted = frames,
                             .client_port = 40000,
                             .server_port = talk->server_port,
                             .is_udp = talk->udp};
    if (app_open(&p.af, talk->parser) == 0) {
        play_pieces(&p, pieces, count, cut);
        for (struct tx *tx = p.af.first; tx; tx = tx->next)
            add_tx(&p, tx);
        add_flow(&p);
        add_frames(&p, DIR_TOSERVER, true);
        add_frames(&p, DIR_TOCLIENT, true);
        p.af.change_to = APP_UNKNOWN; /* nobody follows */
        app_close(&p.af);
    }
    require(mem.used_bytes == 0, "memory is not given back");
    for (int dir = 0; dir < DIR_COUNT; dir++)
        buf_fini(&p.pending[dir]);
    arena_fini(&scratch);
}

bool talk_has(const struct buf *seen, const char *line)
{
    struct str want = str_c(line);
    for (struct str rest = buf_str(seen); rest.len;)
        if (str_eq(str_split(&rest, '\n'), want))
            return true;
    return false;
}
