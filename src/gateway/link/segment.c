#include "gateway/link/segment.h"

#include "base/hash.h"

#define CLOCKS_AND_TAG_BYTES 24u

static const char magic[8] = "OTSEG1\0";

void segment_write_head(struct buf *out, const struct segment_head *head)
{
    size_t begin = out->len;
    buf_add(out, str_of(magic, sizeof(magic)));
    buf_add_u32(out, (uint32_t)head->lane);
    buf_add_u32(out, 0);
    buf_add_u64(out, head->epoch);
    buf_add_u64(out, head->first_seq);
    if (!out->failed)
        buf_add_u32(out, hash_crc32c(0, str_from(buf_str(out), begin)));
}

bool segment_read_head(struct reader *r, struct segment_head *head)
{
    struct str bytes = reader_str(r, SEGMENT_HEAD_BYTES);
    struct reader in = reader_of(bytes);
    bool known = str_eq(reader_str(&in, sizeof(magic)), str_of(magic, sizeof(magic)));
    uint32_t lane = reader_u32(&in);
    uint32_t zero = reader_u32(&in);
    head->epoch = reader_u64(&in);
    head->first_seq = reader_u64(&in);
    uint32_t crc = reader_u32(&in);
    head->lane = lane < LINK_IMPORTANCES ? (enum link_importance)lane : LINK_IMPORTANCE_COUNT;
    return !in.bad && known && zero == 0 && lane < LINK_IMPORTANCES && head->first_seq > 0 &&
           crc == hash_crc32c(0, str_cut(bytes, 0, SEGMENT_HEAD_BYTES - 4));
}

static uint32_t record_crc(uint32_t body_bytes, struct str body)
{
    uint8_t length[4] = {(uint8_t)(body_bytes >> 24), (uint8_t)(body_bytes >> 16),
                         (uint8_t)(body_bytes >> 8), (uint8_t)body_bytes};
    return hash_crc32c(hash_crc32c(0, str_of(length, sizeof(length))), body);
}

void segment_write_record(struct buf *out, const struct segment_record *record)
{
    uint32_t body_bytes = (uint32_t)(CLOCKS_AND_TAG_BYTES + record->event.json.len);
    buf_add_u32(out, body_bytes);
    size_t crc_at = out->len;
    buf_add_u32(out, 0);
    buf_add_u64(out, (uint64_t)record->event.wall_us);
    buf_add_u64(out, (uint64_t)record->event.mono_us);
    buf_add_u64(out, record->tag);
    buf_add(out, record->event.json);
    if (out->failed)
        return;
    uint32_t crc = record_crc(body_bytes, str_from(buf_str(out), crc_at + 4));
    for (int i = 0; i < 4; i++)
        out->p[crc_at + i] = (uint8_t)(crc >> (24 - 8 * i));
}

bool segment_read_record(struct reader *r, struct segment_record *record)
{
    struct reader in = *r;
    uint32_t body_bytes = reader_u32(&in);
    uint32_t crc = reader_u32(&in);
    if (in.bad || body_bytes <= CLOCKS_AND_TAG_BYTES ||
        body_bytes > CLOCKS_AND_TAG_BYTES + LINK_LINE_BYTES_MAX)
        return false;
    struct str body = reader_str(&in, body_bytes);
    if (in.bad || crc != record_crc(body_bytes, body))
        return false;
    *r = in;
    in = reader_of(body);
    record->event.wall_us = (int64_t)reader_u64(&in);
    record->event.mono_us = (int64_t)reader_u64(&in);
    record->tag = reader_u64(&in);
    record->event.json = reader_rest(&in);
    return true;
}
