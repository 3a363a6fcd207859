/* Google's QUIC before it was the IETF's: the client's hello is a message of tags and values, "CHLO", in the clear. */
#include "engine/app/quic/packet.h"

#define TAG_BYTES 4
#define FRAME_STREAM 0x80
#define FRAME_PADDING 0x00
#define STREAM_HAS_LENGTH 0x20
#define CYU_FIRST 0x51303433u /* Q043 */
#define CYU_LAST 0x51303436u  /* Q046 */

/* The next tag and its value. `values` begins where all values begin, `from` is where the value before ended. */
static bool next_tag(struct reader *tags, struct str values, uint32_t *from, struct str *tag,
                     struct str *value)
{
    *tag = reader_str(tags, TAG_BYTES);
    uint32_t end = reader_u32_le(tags);
    if (tags->bad || end < *from || end > values.len)
        return false;
    *value = str_cut(values, *from, end);
    *from = end;
    return true;
}

/* Name, count of tags, two bytes of nothing; then tags, then values. */
static bool open_message(struct str message, struct reader *tags, struct str *values)
{
    struct reader r = reader_of(message);
    struct str name = reader_str(&r, TAG_BYTES);
    uint16_t count = reader_u16_le(&r);
    reader_skip(&r, 2);
    if (r.bad || !str_eq(name, STR_LIT("CHLO")) || !count || count > QUIC_TAGS_MAX)
        return false;
    *tags = reader_sub(&r, (size_t)count * 2 * TAG_BYTES);
    *values = reader_rest(&r);
    return !r.bad;
}

bool quic_google_cut(struct str bytes, struct str *message)
{
    struct reader tags;
    struct str values, tag, value;
    uint32_t end = 0;
    if (!open_message(bytes, &tags, &values))
        return false;
    while (reader_left(&tags))
        if (!next_tag(&tags, values, &end, &tag, &value))
            return false;
    *message = str_cut(bytes, 0, bytes.len - values.len + end);
    return true;
}

/* A stream frame: 1 F D OOO SS, then the stream's number, the offset and the length, in so many bytes. */
bool quic_google_find(struct str frames, struct str *message)
{
    struct reader r = reader_of(frames);
    uint8_t type = reader_u8(&r);
    while (!r.bad && type == FRAME_PADDING && reader_left(&r))
        type = reader_u8(&r);
    if (!(type & FRAME_STREAM))
        return false;
    uint8_t offset = type >> 2 & 7;
    reader_skip(&r, (size_t)(type & 3) + 1);
    reader_skip(&r, offset ? (size_t)offset + 1 : 0);
    struct str body = type & STREAM_HAS_LENGTH ? reader_str(&r, reader_u16(&r)) : reader_rest(&r);
    return !r.bad && quic_google_cut(body, message);
}

bool quic_google_value(struct str message, const char want[4], struct str *out)
{
    struct reader tags;
    struct str values, tag;
    uint32_t from = 0;
    if (!open_message(message, &tags, &values))
        return false;
    while (reader_left(&tags) && next_tag(&tags, values, &from, &tag, out))
        if (str_eq(tag, str_of(want, TAG_BYTES)))
            return out->len > 0;
    return false;
}

bool quic_google_cyu(const struct quic_tx *quic, struct buf *out)
{
    struct reader tags;
    struct str values, tag, value;
    uint32_t from = 0;
    if (quic->version < CYU_FIRST || quic->version > CYU_LAST ||
        !open_message(quic->google, &tags, &values))
        return false;
    buf_add_decimal(out, 43 + quic->version - CYU_FIRST);
    for (char between = ','; reader_left(&tags) && next_tag(&tags, values, &from, &tag, &value);
         between = '-') {
        buf_add_byte(out, (uint8_t)between);
        for (size_t i = 0; i < tag.len && tag.p[i]; i++)
            buf_add_byte(out, tag.p[i]);
    }
    return !out->failed;
}
