/* Frames that somebody wants, and their bytes.
 *
 * A frame's bytes are copied as they pass through app_data: the parser consumes them at its own pace, and rules look at the
 * packet's end. Only wanted kinds come here, so flows without such rules hold none. A frame lives until rules have seen it whole;
 * of one that is longer than APP_FRAME_BYTES_MAX the older half goes when the newer one needs its place, so that no length
 * lets bytes pass unseen, and none makes us hold more. */
#include "engine/app/app.h"

#include <assert.h>

#define FIRST_BYTES 256

static bool is_whole(const struct app_frame *f)
{
    return f->len != APP_FRAME_OPEN && f->seen >= f->len;
}

static void update(struct app_frame *f)
{
    app_progress(&f->tx, f->dir, is_whole(f) ? TX_COMPLETE : 1);
}

/* Where in the stream the bytes lie; what is empty stands at the end of the chunk. */
static uint64_t place(const struct app_chunk *chunk, struct str bytes)
{
    assert(chunk);
    if (!bytes.len)
        return chunk->offset + chunk->gap + chunk->bytes.len;
    size_t at = (size_t)(bytes.p - chunk->bytes.p);
    assert(at < chunk->bytes.len);
    return chunk->offset + at;
}

/* Made with the first frame: most flows have none. */
static struct app_frames *frames_of(struct app_flow *af)
{
    if (!af->frames)
        af->frames = budget_zalloc(af->mem, sizeof *af->frames);
    return af->frames;
}

void app_frame_tell(struct app_flow *af, const struct tx *tx, uint8_t kind, struct str from,
                    uint64_t len)
{
    enum dir dir = (enum dir)af->chunk_dir;
    assert(kind <= APP_FRAME_STREAM);
    struct app_frames *all = frames_of(af);
    if (!all || all->live[dir] >= APP_FRAMES_MAX)
        return;
    struct app_frame *f = budget_zalloc(af->mem, sizeof *f);
    if (!f)
        return;
    f->tx.id = all->count++;
    uint64_t stream = af->is_udp ? 0 : 1; /* the frame "stream" is the first one */
    f->number = kind == APP_FRAME_STREAM ? 1 : ++all->numbers[dir] + stream;
    f->tx.proto = APP_FRAME;
    f->tx.first_us = af->now_us;
    f->tx.dirs = DIR_BIT(dir);
    f->proto = af->parser->proto;
    f->dir = dir;
    f->kind = kind;
    f->has_tx = tx != NULL;
    f->tx_id = tx ? tx->id : 0;
    f->offset = place(af->chunk, from);
    f->len = len;
    if (all->last[dir])
        all->last[dir]->tx.next = &f->tx;
    else
        all->first[dir] = f;
    all->last[dir] = f;
    all->live[dir]++;
}

void app_frame_stream(struct app_flow *af)
{
    uint8_t bit = DIR_BIT(af->chunk_dir);
    bool empty = !af->chunk->bytes.len && !af->chunk->offset && !af->chunk->gap;
    if (af->is_udp || empty || !app_frame_wanted(af, APP_FRAME_STREAM))
        return;
    struct app_frames *all = frames_of(af);
    if (!all || (all->stream_told & bit))
        return;
    all->stream_told |= bit;
    app_frame_tell(af, NULL, APP_FRAME_STREAM, af->chunk->bytes, APP_FRAME_OPEN);
}

/* It is known now that these bytes were already the next one's: the parser had left them to be given again. */
static void cut_back(struct app_frame *f)
{
    if (f->kept_from + f->kept > f->len)
        f->kept = f->len > f->kept_from ? (uint32_t)(f->len - f->kept_from) : 0;
    if (f->seen > f->len)
        f->seen = f->len;
}

void app_frame_end(struct app_flow *af, uint8_t kind, struct str behind)
{
    if (!app_frame_wanted(af, kind))
        return;
    uint64_t end = place(af->chunk, behind);
    for (struct app_frame *f = app_frame_first(af, (enum dir)af->chunk_dir); f;
         f = (struct app_frame *)f->tx.next)
        if (f->kind == kind && f->len == APP_FRAME_OPEN && f->offset <= end) {
            f->len = end - f->offset;
            cut_back(f);
            update(f);
        }
}

/* Room for `more` bytes behind what is kept; what was there longest goes when there is too much. */
static bool make_room(struct app_flow *af, struct app_frame *f, uint32_t more)
{
    if (f->kept + more > APP_FRAME_BYTES_MAX) {
        uint32_t go = f->kept < APP_FRAME_BYTES_MAX / 2 ? f->kept : APP_FRAME_BYTES_MAX / 2;
        memmove(f->bytes, f->bytes + go, f->kept - go);
        f->kept -= go;
        f->kept_from += go;
    }
    uint32_t need = f->kept + more, before = f->cap;
    uint32_t share = af->mem->limit_bytes / APP_FRAMES_SHARE;
    if (need > before && (uint64_t)af->frames->bytes - before + need > share)
        return false;
    bool grown =
        budget_grow(af->mem, &f->bytes, &f->cap, need < FIRST_BYTES ? FIRST_BYTES : need, 1);
    af->frames->bytes += f->cap - before;
    return grown;
}

static void add(struct app_flow *af, struct app_frame *f, struct str bytes)
{
    if (bytes.len > APP_FRAME_BYTES_MAX / 2)
        bytes = str_from(bytes, bytes.len - APP_FRAME_BYTES_MAX / 2);
    if (!bytes.len)
        return;
    if (!make_room(af, f, (uint32_t)bytes.len)) {
        f->missed = true;
        return;
    }
    if (f->kept_from + f->kept + bytes.len != f->seen) { /* something was left out before */
        f->kept = 0;
        f->kept_from = f->seen - bytes.len;
    }
    memcpy(f->bytes + f->kept, bytes.p, bytes.len);
    f->kept += (uint32_t)bytes.len;
}

void app_frames_fill(struct app_flow *af, enum dir dir, const struct app_chunk *chunk)
{
    uint64_t bytes = chunk->gap ? chunk->gap : chunk->bytes.len, end = chunk->offset + bytes;
    for (struct app_frame *f = app_frame_first(af, dir); f; f = (struct app_frame *)f->tx.next) {
        uint64_t at = f->offset + f->seen;
        if (is_whole(f) || at < chunk->offset)
            continue;
        uint64_t stop =
            f->len == APP_FRAME_OPEN || f->len > end - f->offset ? end : f->offset + f->len;
        if (stop > at) {
            f->seen += stop - at;
            f->missed |= chunk->gap != 0;
            if (!chunk->gap)
                add(af, f,
                    str_cut(chunk->bytes, (size_t)(at - chunk->offset),
                            (size_t)(stop - chunk->offset)));
        }
        if ((chunk->end || af->is_udp) && f->len != f->seen) {
            f->missed |= f->len != APP_FRAME_OPEN;
            f->len = f->seen;
        }
        update(f);
    }
}

bool app_frame_is_through(const struct app_frame *f)
{
    return is_whole(f) && !f->tx.updated[f->dir];
}

void app_frames_free(struct app_flow *af, enum dir dir, bool all,
                     void (*forget)(struct tx *tx, struct budget *mem))
{
    struct app_frame *f = app_frame_first(af, dir), *next, *last = NULL;
    if (!f)
        return;
    for (; f; f = next) {
        next = (struct app_frame *)f->tx.next;
        if (!all && !app_frame_is_through(f)) {
            last = f;
            continue;
        }
        if (last)
            last->tx.next = f->tx.next;
        else
            af->frames->first[dir] = next;
        forget(&f->tx, af->mem);
        af->frames->bytes -= f->cap;
        budget_give(af->mem, f->bytes, f->cap);
        budget_give(af->mem, f, sizeof *f);
        af->frames->live[dir]--;
    }
    af->frames->last[dir] = last;
}

/* ---- what rules ask for ---- */

static bool get_bytes(const struct tx *tx, enum dir dir, uint32_t index, struct field_window *out)
{
    const struct app_frame *f = (const struct app_frame *)tx;
    if (!f->seen && !is_whole(f))
        return false;
    *out = (struct field_window){str_of(f->bytes, f->kept), f->kept_from, is_whole(f)};
    return true;
}

static bool get_kind(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    const struct app_frame *f = (const struct app_frame *)tx;
    *out = app_frame_number(f->proto, f->kind);
    return true;
}

static const struct field_desc rows[] = {
    {.name = "frame",
     .proto = APP_FRAME,
     .dirs = DIR_BOTH,
     .kind = FIELD_WINDOW,
     .window = get_bytes},
    {.name = "frame.kind",
     .proto = APP_FRAME,
     .dirs = DIR_BOTH,
     .kind = FIELD_UINT,
     .number = get_kind},
};

const struct field_list app_frame_fields = {rows, ARRAY_COUNT(rows)};
