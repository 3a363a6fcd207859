#include "engine/format/ntlm/ntlm.h"

#include "base/text.h"

#define NEGOTIATE_UNICODE 0x00000001u
#define NEGOTIATE_VERSION 0x02000000u

/* Length, room, offset from the message's beginning: MS-NLMP section 2.2.1.3 */
static struct str field(struct reader *r, struct str message, bool *damaged)
{
    uint16_t len = reader_u16_le(r);
    reader_skip(r, 2);
    uint32_t offset = reader_u32_le(r);
    if (len && (offset > message.len || message.len - offset < len)) {
        *damaged = true;
        return STR_EMPTY;
    }
    return len ? str_cut(message, offset, (size_t)offset + len) : STR_EMPTY;
}

bool ntlm_find(struct str bytes, struct ntlm *out)
{
    static const char mark[] = "NTLMSSP";
    ptrdiff_t at = str_find(bytes, 0, str_of(mark, sizeof mark));
    if (at < 0)
        return false;
    struct str message = str_from(bytes, (size_t)at);
    struct reader r = reader_of(message);
    reader_skip(&r, sizeof mark);
    *out = (struct ntlm){.type = reader_u32_le(&r)};
    bool *damaged = &out->damaged;
    if (r.bad)
        return false;
    if (out->type == NTLM_CHALLENGE) { /* the target's name, flags, eight bytes to answer */
        (void)field(&r, message, damaged);
        reader_skip(&r, 12);
        *damaged |= r.bad;
    }
    if (out->type != NTLM_AUTHENTICATE)
        return true;
    (void)field(&r, message, damaged); /* LM and NT responses */
    (void)field(&r, message, damaged);
    out->domain = field(&r, message, damaged);
    out->user = field(&r, message, damaged);
    out->host = field(&r, message, damaged);
    (void)field(&r, message, damaged); /* session key */
    uint32_t flags = reader_u32_le(&r);
    out->wide = flags & NEGOTIATE_UNICODE;
    if (flags & NEGOTIATE_VERSION) {
        out->major = reader_u8(&r);
        out->minor = reader_u8(&r);
        out->build = reader_u16_le(&r);
        reader_skip(&r, 3);
        out->revision = reader_u8(&r);
        out->has_version = !r.bad;
    }
    *damaged |= r.bad;
    return true;
}

void ntlm_text(struct str text, bool wide, struct buf *out)
{
    struct reader r = reader_of(text);
    while (reader_left(&r) >= (wide ? 2u : 1u) && out->cap - out->len >= 4) {
        uint32_t c = wide ? reader_u16_le(&r) : reader_u8(&r);
        if (c == 0)
            break;
        if (!wide) {
            buf_add_byte(out, (uint8_t)c);
            continue;
        }
        if (c >= 0xd800 && c < 0xdc00 && reader_left(&r) >= 2) {
            uint32_t low = reader_u16_le(&r);
            c = low >= 0xdc00 && low < 0xe000 ? 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00)
                                              : '?';
        } else if (c >= 0xd800 && c < 0xe000) {
            c = '?';
        }
        text_add_utf8(out, c);
    }
}
