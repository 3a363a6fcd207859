#include "engine/content/content.h"

/* A body is kept in one block that grows by doubling up to the limit of inspection, so a long download costs at most
 * `limit_bytes` of the flow's budget; what was inspected and lies before the window is moved out when new bytes need room. */

#define BODY_FIRST_BYTES 1024u

/* Bytes before this offset are needed no more. */
static uint64_t keep_from(const struct body *b, const struct body_conf *conf)
{
    if (b->inspected_offset <= conf->window_bytes)
        return 0;
    return b->inspected_offset - conf->window_bytes;
}

static void slide(struct body *b, const struct body_conf *conf)
{
    uint64_t from = keep_from(b, conf);
    if (from <= b->base_offset)
        return;
    uint64_t gone = from - b->base_offset;
    if (gone > b->len)
        gone = b->len;
    memmove(b->bytes, b->bytes + gone, b->len - gone);
    b->len -= (uint32_t)gone;
    b->hole_at -= b->hole_bytes ? (uint32_t)gone : 0;
    b->base_offset += gone;
}

/* Room for `bytes` more; false when the budget has none. */
static bool make_room(struct body *b, const struct body_conf *conf, struct budget *mem,
                      size_t bytes)
{
    if (b->cap - b->len >= bytes)
        return true;
    slide(b, conf);
    if (b->cap - b->len >= bytes)
        return true;
    uint64_t want = b->cap ? (uint64_t)b->cap * 2 : BODY_FIRST_BYTES;
    if (want < (uint64_t)b->len + bytes)
        want = (uint64_t)b->len + bytes;
    if (want > SLAB_BLOCK_MAX)
        want = (uint64_t)b->len + bytes;
    if (want > SLAB_BLOCK_MAX)
        return false;
    uint8_t *moved = budget_resize(mem, b->bytes, b->cap, (size_t)want);
    if (!moved)
        return false;
    b->bytes = moved;
    b->cap = (uint32_t)want;
    return true;
}

void body_add(struct body *b, const struct body_conf *conf, struct budget *mem, struct str bytes)
{
    if (b->ended || bytes.len == 0)
        return;
    uint64_t at = b->total_bytes;
    b->total_bytes += bytes.len;
    if (b->truncated)
        return;
    if (conf->limit_bytes && at + bytes.len > conf->limit_bytes) {
        b->truncated = true;
        bytes = str_cut(bytes, 0, conf->limit_bytes > at ? (size_t)(conf->limit_bytes - at) : 0);
    }
    if (bytes.len == 0)
        return;
    if (!make_room(b, conf, mem, bytes.len)) {
        b->truncated = true;
        return;
    }
    memcpy(b->bytes + b->len, bytes.p, bytes.len);
    b->len += (uint32_t)bytes.len;
}

/* What stands before the hole is done with. */
static void cross_hole(struct body *b)
{
    memmove(b->bytes, b->bytes + b->hole_at, b->len - b->hole_at);
    b->len -= b->hole_at;
    b->base_offset += b->hole_at + b->hole_bytes;
    b->inspected_offset = b->base_offset;
    b->hole_bytes = 0;
}

void body_gap(struct body *b, uint64_t bytes)
{
    if (b->ended || bytes == 0)
        return;
    b->total_bytes += bytes;
    if (b->truncated)
        return;
    if (!b->bytes) {
        b->base_offset = b->inspected_offset = b->total_bytes;
        return;
    }
    if (b->hole_bytes)
        cross_hole(b);
    b->hole_at = b->len;
    b->hole_bytes = bytes;
    if (b->inspected_offset >= b->base_offset + b->len)
        cross_hole(b);
}

void body_end(struct body *b)
{
    b->ended = true;
}

bool body_window(const struct body *b, const struct body_conf *conf, struct field_window *out)
{
    uint32_t len = b->hole_bytes ? b->hole_at : b->len;
    uint64_t kept_end = b->base_offset + len;
    bool whole = !b->hole_bytes && (b->ended || b->truncated);
    if (len == 0 || kept_end <= b->inspected_offset)
        return false;
    if (!whole && !b->hole_bytes && kept_end < conf->min_inspect_bytes)
        return false;
    uint64_t from = keep_from(b, conf);
    if (from < b->base_offset)
        from = b->base_offset;
    size_t skip = (size_t)(from - b->base_offset);
    out->bytes = str_of(b->bytes + skip, len - skip);
    out->offset = from;
    out->end = whole;
    return true;
}

void body_inspected(struct body *b, const struct body_conf *conf)
{
    uint64_t kept_end = b->base_offset + b->len;
    if (b->hole_bytes) {
        cross_hole(b);
        return;
    }
    if (!b->ended && !b->truncated && kept_end < conf->min_inspect_bytes)
        return;
    b->inspected_offset = kept_end;
}

void body_fini(struct body *b, struct budget *mem)
{
    budget_give(mem, b->bytes, b->cap);
    *b = (struct body){0};
}
