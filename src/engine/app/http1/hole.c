#include "engine/app/http1/message.h"

/* A hole in a head. What stood before it is kept, and what follows is read as if it came right behind, as Suricata does: the
 * rest of the head still says who speaks to whom, and where the next message begins. A line is kept at most. */

bool http1_hole_keep(struct app_flow *af, struct http1_dir *d, struct str bytes)
{
    if (!bytes.len || bytes.len > HTTP1_LINE_MAX)
        return bytes.len == 0;
    uint8_t *kept = budget_alloc(af->mem, bytes.len);
    if (!kept)
        return false;
    memcpy(kept, bytes.p, bytes.len);
    http1_hole_forget(af, d);
    d->kept = kept;
    d->kept_len = (uint32_t)bytes.len;
    return true;
}

void http1_hole_forget(struct app_flow *af, struct http1_dir *d)
{
    budget_give(af->mem, d->kept, d->kept_len);
    d->kept = NULL;
    d->kept_len = 0;
}

bool http1_hole_join(struct app_flow *af, const struct http1_dir *d, const struct app_chunk *chunk,
                     struct app_chunk *whole)
{
    /* put together once, when there is a line to read: whoever sends single bytes makes no work by it */
    bool worth = chunk->end || chunk->hole || chunk->bytes.len + d->kept_len >= HTTP1_LINE_MAX ||
                 str_find_byte(chunk->bytes, 0, '\n') >= 0;
    size_t len = d->kept_len + chunk->bytes.len;
    uint8_t *room = worth ? arena_alloc(af->scratch, len) : NULL;
    if (!room)
        return false;
    memcpy(room, d->kept, d->kept_len);
    if (chunk->bytes.len)
        memcpy(room + d->kept_len, chunk->bytes.p, chunk->bytes.len);
    *whole = *chunk;
    whole->bytes = str_of(room, len);
    whole->offset -= d->kept_len;
    return true;
}

uint32_t http1_hole_consumed(struct app_flow *af, struct http1_dir *d, uint32_t consumed)
{
    if (consumed >= d->kept_len) {
        consumed -= d->kept_len;
        http1_hole_forget(af, d);
        return consumed;
    }
    struct str left = str_from(str_of(d->kept, d->kept_len), consumed);
    if (consumed && !http1_hole_keep(af, d, left))
        http1_hole_forget(af, d);
    return 0;
}
