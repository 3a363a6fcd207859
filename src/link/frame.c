#include "link/link.h"

#include "base/reader.h"

#include <assert.h>

struct kind_row {
    const char *name;
    enum link_side from;
    uint32_t min_bytes;
    uint32_t max_bytes;
};

/* A stranger's length is compared with this table before memory is spent on it. */
static const struct kind_row kinds[LINK_KINDS] = {
    [LINK_ENROL_START] = {"ENROL_START", LINK_FROM_BOX, 52, 512 + LINK_CSR_BYTES_MAX},
    [LINK_ENROL_PROOF] = {"ENROL_PROOF", LINK_FROM_CENTER, 64, 64},
    [LINK_ENROL_CONFIRM] = {"ENROL_CONFIRM", LINK_FROM_BOX, 32, 32},
    [LINK_ENROL_GRANT] = {"ENROL_GRANT", LINK_FROM_CENTER, 38,
                          512 + 2 * LINK_CERTIFICATE_BYTES_MAX},
    [LINK_HELLO] = {"HELLO", LINK_FROM_BOX, 30, 30 + LINK_TEXT_BYTES_MAX},
    [LINK_WELCOME] = {"WELCOME", LINK_FROM_CENTER, 14, 14 + LINK_TEXT_BYTES_MAX},
    [LINK_BATCH] = {"BATCH", LINK_FROM_BOX, 29, 64 + LINK_BATCH_BYTES_MAX},
    [LINK_ACK] = {"ACK", LINK_FROM_CENTER, 16, 16},
    [LINK_HEARTBEAT] = {"HEARTBEAT", LINK_FROM_BOX, 16, 16 + LINK_HEALTH_BYTES_MAX},
    [LINK_PULSE] = {"PULSE", LINK_FROM_CENTER, 24, 24},
    [LINK_POLICY] = {"POLICY", LINK_FROM_CENTER, 72, 72 + LINK_POLICY_BYTES_MAX},
    [LINK_POLICY_HAVE] = {"POLICY_HAVE", LINK_FROM_BOX, 8, 8},
    [LINK_RENEW] = {"RENEW", LINK_FROM_BOX, 1, LINK_CSR_BYTES_MAX},
    [LINK_CERTIFICATE] = {"CERTIFICATE", LINK_FROM_CENTER, 1, LINK_CERTIFICATE_BYTES_MAX},
    [LINK_REFUSE] = {"REFUSE", LINK_FROM_CENTER, 4, 4 + LINK_TEXT_BYTES_MAX},
};

static const struct kind_row *find_kind(uint32_t kind)
{
    return kind < LINK_KINDS && kinds[kind].name ? &kinds[kind] : NULL;
}

const char *link_kind_name(enum link_kind kind)
{
    const struct kind_row *row = find_kind(kind);
    return row ? row->name : "?";
}

enum link_result link_frame_read(struct str bytes, enum link_side from, struct link_frame *frame,
                                 size_t *used)
{
    *used = LINK_FRAME_HEAD_BYTES;
    if (bytes.len < LINK_FRAME_HEAD_BYTES)
        return LINK_MORE;
    struct reader r = reader_of(bytes);
    uint32_t kind = reader_u8(&r);
    uint32_t zero = reader_u24(&r);
    uint32_t body_bytes = reader_u32(&r);
    const struct kind_row *row = find_kind(kind);
    if (!row || row->from != from || zero != 0)
        return LINK_BAD;
    if (body_bytes < row->min_bytes || body_bytes > row->max_bytes)
        return LINK_BAD;
    *used = LINK_FRAME_HEAD_BYTES + body_bytes;
    if (bytes.len < *used)
        return LINK_MORE;
    frame->kind = (enum link_kind)kind;
    frame->body = reader_str(&r, body_bytes);
    return LINK_OK;
}

size_t link_frame_begin(struct buf *out, enum link_kind kind)
{
    size_t begin = out->len;
    buf_add_u32(out, (uint32_t)kind << 24);
    buf_add_u32(out, 0);
    return begin;
}

void link_frame_end(struct buf *out, size_t begin)
{
    if (out->failed)
        return;
    size_t body_bytes = out->len - begin - LINK_FRAME_HEAD_BYTES;
    const struct kind_row *row = find_kind(out->p[begin]);
    assert(row && body_bytes >= row->min_bytes && body_bytes <= row->max_bytes);
    for (int i = 0; i < 4; i++)
        out->p[begin + 4 + i] = (uint8_t)(body_bytes >> (24 - 8 * i));
}

void link_frame_write(struct buf *out, enum link_kind kind, struct str body)
{
    size_t begin = link_frame_begin(out, kind);
    buf_add(out, body);
    link_frame_end(out, begin);
}
