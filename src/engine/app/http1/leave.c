#include "engine/app/http1/message.h"

static void leave_pair(struct buf *b, struct str name, struct str value)
{
    if (name.len > UINT16_MAX || value.len > UINT16_MAX)
        return;
    buf_add_u16(b, (uint16_t)name.len);
    buf_add_u16(b, (uint16_t)value.len);
    buf_add(b, name);
    buf_add(b, value);
}

void http1_leave(struct app_flow *af, const struct http1_tx *tx)
{
    const struct http1_head *h = &tx->side[DIR_TOSERVER].head;
    size_t room = 2 * (size_t)h->len + 64 + (size_t)h->header_count * 8;
    void *memory = arena_alloc(af->scratch, room);
    struct str host;
    if (!memory || !h->line.len)
        return;
    struct buf b = buf_fixed(memory, room);
    leave_pair(&b, STR_LIT(":method"), http1_text(h, h->part[PART_METHOD]));
    leave_pair(&b, STR_LIT(":path"), http1_text(h, h->part[PART_URI]));
    if (http1_known_value(h, KNOWN_HOST, af->scratch, &host))
        leave_pair(&b, STR_LIT(":authority"), host);
    for (uint32_t i = 0; i < h->header_count; i++)
        if (h->headers[i].known != KNOWN_HOST && !h->headers[i].is_repeat)
            leave_pair(&b, http1_text(h, h->headers[i].name),
                       http1_header_value(h, &h->headers[i], af->scratch));
    if (!b.failed)
        app_leave(af, buf_str(&b));
}
