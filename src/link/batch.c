#include "base/hash.h"
#include "base/reader.h"
#include "link/link.h"

#include <stdlib.h>
#include <zstd.h>

#define PACK_LEVEL 3

struct link_codec {
    ZSTD_CCtx *pack;
    ZSTD_DCtx *unpack;
    struct buf inflated; /* what the last unpack gave */
};

struct link_codec *link_codec_new(void)
{
    struct link_codec *c = calloc(1, sizeof(*c));
    if (!c)
        return NULL;
    buf_init(&c->inflated, LINK_INFLATED_BYTES_MAX);
    c->pack = ZSTD_createCCtx();
    c->unpack = ZSTD_createDCtx();
    if (c->pack && c->unpack)
        return c;
    link_codec_free(c);
    return NULL;
}

void link_codec_free(struct link_codec *c)
{
    if (!c)
        return;
    ZSTD_freeCCtx(c->pack);
    ZSTD_freeDCtx(c->unpack);
    buf_fini(&c->inflated);
    free(c);
}

void link_event_write(struct buf *out, const struct link_event *event)
{
    buf_printf(out, "%lld %lld ", (long long)event->wall_us, (long long)event->mono_us);
    buf_add(out, event->json);
    buf_add_byte(out, '\n');
}

enum link_result link_event_next(struct str *rest, struct link_event *event)
{
    if (rest->len == 0)
        return LINK_MORE;
    ptrdiff_t end = str_find_byte(*rest, 0, '\n');
    if (end < 0)
        return LINK_BAD;
    struct str line = str_cut(*rest, 0, (size_t)end);
    *rest = str_from(*rest, (size_t)end + 1);
    struct str wall = str_split(&line, ' ');
    struct str mono = str_split(&line, ' ');
    if (!str_to_i64(wall, &event->wall_us) || !str_to_i64(mono, &event->mono_us))
        return LINK_BAD;
    event->json = line;
    return line.len > 0 && line.len <= LINK_LINE_BYTES_MAX ? LINK_OK : LINK_BAD;
}

enum link_allow link_batch_check(const struct link_batch *b, struct link_offence *offence)
{
    struct str rest = b->lines;
    for (uint32_t i = 0; i < b->count; i++) {
        struct link_event event;
        offence->path[0] = '\0';
        offence->line = i;
        offence->why = LINK_NOT_JSON;
        if (link_event_next(&rest, &event) == LINK_OK)
            offence->why = link_allow_check(event.json, offence->path);
        if (offence->why != LINK_ALLOWED)
            return offence->why;
    }
    return LINK_ALLOWED;
}

enum link_pack link_batch_pack(struct link_codec *c, const struct link_batch *b, struct buf *out,
                               struct link_offence *offence)
{
    if (b->lines.len > LINK_INFLATED_BYTES_MAX || b->count > LINK_BATCH_COUNT_MAX)
        return LINK_PACK_TOO_LARGE;
    if (link_batch_check(b, offence) != LINK_ALLOWED)
        return LINK_PACK_FORBIDDEN;
    size_t bound = ZSTD_compressBound(b->lines.len);
    if (!buf_reserve(out, bound + LINK_FRAME_HEAD_BYTES + 64))
        return LINK_PACK_FAILED;
    size_t begin = link_frame_begin(out, LINK_BATCH);
    buf_add_u64(out, b->epoch);
    buf_add_u64(out, b->first_seq);
    buf_add_u32(out, b->count);
    buf_add_u32(out, (uint32_t)b->lines.len);
    buf_add_u32(out, hash_crc32c(0, b->lines));
    size_t packed =
        ZSTD_compressCCtx(c->pack, out->p + out->len, bound, b->lines.p, b->lines.len, PACK_LEVEL);
    if (ZSTD_isError(packed) || packed > LINK_BATCH_BYTES_MAX) {
        out->len = begin;
        return ZSTD_isError(packed) ? LINK_PACK_FAILED : LINK_PACK_TOO_LARGE;
    }
    out->len += packed;
    link_frame_end(out, begin);
    return LINK_PACK_OK;
}

/* The size that the box names is judged before anything is unpacked, and is all the room that unpacking gets: what
 * would become more fails. Exactly one zstd frame, so nothing hides behind it. */
static bool inflate(struct link_codec *c, struct str packed, size_t bytes)
{
    if (packed.len > LINK_BATCH_BYTES_MAX || bytes == 0 || bytes > LINK_INFLATED_BYTES_MAX)
        return false;
    if (ZSTD_getFrameContentSize(packed.p, packed.len) != bytes)
        return false;
    size_t frame_bytes = ZSTD_findFrameCompressedSize(packed.p, packed.len);
    if (ZSTD_isError(frame_bytes) || frame_bytes != packed.len)
        return false;
    buf_reset(&c->inflated);
    if (!buf_reserve(&c->inflated, bytes))
        return false;
    size_t made = ZSTD_decompressDCtx(c->unpack, c->inflated.p, bytes, packed.p, packed.len);
    if (ZSTD_isError(made) || made != bytes)
        return false;
    c->inflated.len = bytes;
    return true;
}

/* Lines and count agree, every line is one. */
static bool is_countable(const struct link_batch *b)
{
    struct str rest = b->lines;
    struct link_event event;
    uint32_t count = 0;
    enum link_result result;
    while ((result = link_event_next(&rest, &event)) == LINK_OK)
        count++;
    return result == LINK_MORE && count == b->count;
}

enum link_result link_batch_unpack(struct link_codec *c, struct str body, struct link_batch *b)
{
    struct reader r = reader_of(body);
    b->epoch = reader_u64(&r);
    b->first_seq = reader_u64(&r);
    b->count = reader_u32(&r);
    uint32_t bytes = reader_u32(&r);
    uint32_t crc = reader_u32(&r);
    struct str packed = reader_rest(&r);
    /* The center keeps sequences as signed 64-bit numbers. */
    if (r.bad || b->count == 0 || b->count > LINK_BATCH_COUNT_MAX || b->first_seq == 0 ||
        b->first_seq > INT64_MAX - LINK_BATCH_COUNT_MAX)
        return LINK_BAD;
    if (!inflate(c, packed, bytes))
        return LINK_BAD;
    b->lines = buf_str(&c->inflated);
    if (hash_crc32c(0, b->lines) != crc || !is_countable(b))
        return LINK_BAD;
    return LINK_OK;
}
